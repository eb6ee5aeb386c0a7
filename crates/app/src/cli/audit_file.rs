//! Checks an exported audit log without store, settings or network.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;
use tessera_access::{
    AuditRecord, AuditVerification, AuditVerifier, Checkpoint, CheckpointKey, read_checkpoints,
};

use crate::checkpoints::read_lines;
use crate::compose::explain;

/// What was found, and what it rests on.
pub(super) struct Checked {
    pub(super) found: AuditVerification,
    pub(super) trust: Option<&'static str>,
}

/// Reads a file line by line. The checkpoint at its end counts only if one of the keys signed it;
/// without keys it is taken at its word, which the answer says.
pub(super) fn verify(path: &Path, checkpoints: Option<&Path>, keys: &[String]) -> Result<Checked> {
    let keys: Vec<CheckpointKey> =
        keys.iter().map(|key| CheckpointKey::parse(key).map_err(explain)).collect::<Result<_>>()?;
    let own = last_checkpoint(path)?;
    let mut refused = 0;
    let mut marks = Vec::new();
    let mut trust = None;
    // Where the export says that it ends: checkpoints beyond speak of records written later.
    let mut end = u64::MAX;
    match own {
        Some(own) if keys.is_empty() => {
            trust = Some("the checkpoint in the file was not checked: give --public-key");
            marks.push(own.head);
        }
        Some(own) if own.is_signed_by(&keys) => {
            end = own.head.seq;
            marks.push(own.head);
        }
        Some(_) => refused += 1,
        None => trust = Some("the file has no checkpoint: a cut end cannot be found"),
    }
    if let Some(file) = checkpoints {
        let lines = read_lines(file).with_context(|| format!("reading {}", file.display()))?;
        let (good, bad) = read_checkpoints(&lines, &keys);
        refused += bad;
        marks.extend(good.into_iter().map(|mark| mark.head).filter(|head| head.seq <= end));
    }
    let mut verifier = AuditVerifier::new(marks);
    for line in lines(path)? {
        let line = line?;
        if is_checkpoint(&line) {
            continue;
        }
        match AuditRecord::parse_line(&line) {
            Ok(record) => verifier.push(&record),
            Err(_) => verifier.push_unreadable(),
        }
    }
    Ok(Checked { found: verifier.finish(None, refused), trust })
}

fn lines(path: &Path) -> Result<impl Iterator<Item = Result<String>>> {
    let what = format!("reading {}", path.display());
    let file = File::open(path).with_context(|| what.clone())?;
    let lines = BufReader::new(file).lines();
    Ok(lines.map(move |line| line.with_context(|| what.clone())))
}

fn is_checkpoint(line: &str) -> bool {
    line.starts_with("{\"checkpoint\":") && line.len() < 1000
}

/// The last checkpoint in an export, wherever it stands.
fn last_checkpoint(path: &Path) -> Result<Option<Checkpoint>> {
    let mut found = None;
    for line in lines(path)? {
        let line = line?;
        if is_checkpoint(&line) {
            let value: Value = serde_json::from_str(&line).context("reading a checkpoint")?;
            found = Some(Checkpoint::from_json(&value["checkpoint"]).map_err(explain)?);
        }
    }
    Ok(found)
}
