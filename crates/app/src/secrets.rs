//! The server's own secrets: the pepper of digests, the key that seals, and the key that signs
//! checkpoints of the audit log.
//!
//! They are in `secrets.toml` in the data folder, readable by the owner only, made at the first
//! start. Whoever loses the file loses all keys and the passwords of data sources; whoever copies it
//! together with the metadata can read both. So it belongs into a backup of its own.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use tessera_kernel::{Random, Timestamp};

const FILE_NAME: &str = "secrets.toml";

/// What is in the file: every version that was ever used, the last one in force.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretsFile {
    pepper: Vec<Version>,
    seal: Vec<Version>,
    /// Not in files of before the audit log was signed; then it is added.
    #[serde(default)]
    audit: Vec<Version>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Version {
    version: u8,
    key: String,
    /// From when new digests are made with it, in seconds since 1970: later than now, so that every
    /// process has read the file by then. It checks at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    in_force_at: Option<i64>,
}

/// The secrets in use.
pub(crate) struct Secrets {
    pub(crate) peppers: Vec<(i64, [u8; 32])>,
    pub(crate) seals: Vec<(u8, [u8; 32])>,
    pub(crate) audit: Vec<[u8; 32]>,
}

/// Reads the secrets, or makes them. Peppers that are not in force yet come first.
pub(crate) fn load_or_create(data: &Path, random: &dyn Random, now: Timestamp) -> Result<Secrets> {
    let path = data.join(FILE_NAME);
    if !path.try_exists()? {
        create(&path, random)?;
    }
    let mut file = read(&path)?;
    if file.audit.is_empty() {
        file.audit = vec![Version { version: 1, key: fresh(random), in_force_at: None }];
        write(&path, &file)?;
    }
    let waits = |version: &Version| version.in_force_at.is_some_and(|from| now.timestamp() < from);
    file.pepper.sort_by_key(|version| (!waits(version), version.version));
    ensure!(file.pepper.last().is_some_and(|last| !waits(last)), "no pepper is in force yet");
    let keys = |versions: &[Version], name: &str| -> Result<Vec<(u8, [u8; 32])>> {
        versions.iter().map(|version| Ok((version.version, key(&version.key, name)?))).collect()
    };
    Ok(Secrets {
        peppers: keys(&file.pepper, "pepper")?
            .into_iter()
            .map(|(version, key)| (i64::from(version), key))
            .collect(),
        seals: keys(&file.seal, "seal")?,
        audit: keys(&file.audit, "audit")?.into_iter().map(|(_, key)| key).collect(),
    })
}

/// Adds a pepper that is in force from a moment on; gives its version.
pub(crate) fn add_pepper(data: &Path, random: &dyn Random, in_force: Timestamp) -> Result<u8> {
    let path = data.join(FILE_NAME);
    let mut file = read(&path)?;
    let newest = file.pepper.iter().map(|version| version.version).max().unwrap_or(0);
    let version = newest.checked_add(1).context("there is no further version of a pepper")?;
    file.pepper.push(Version {
        version,
        key: fresh(random),
        in_force_at: Some(in_force.timestamp()),
    });
    write(&path, &file)?;
    Ok(version)
}

/// Removes a pepper, but for the newest one.
pub(crate) fn remove_pepper(data: &Path, version: u8) -> Result<()> {
    let path = data.join(FILE_NAME);
    let mut file = read(&path)?;
    let newest = file.pepper.iter().map(|known| known.version).max();
    ensure!(newest != Some(version), "version {version} is the newest pepper; add another first");
    let before = file.pepper.len();
    file.pepper.retain(|known| known.version != version);
    ensure!(file.pepper.len() < before, "there is no pepper of version {version}");
    write(&path, &file)
}

/// Adds a secret to seal with; it is in force at once. Gives its version.
pub(crate) fn add_seal(data: &Path, random: &dyn Random) -> Result<u8> {
    let path = data.join(FILE_NAME);
    let mut file = read(&path)?;
    let newest = file.seal.iter().map(|version| version.version).max().unwrap_or(0);
    let version = newest.checked_add(1).context("there is no further version of a seal")?;
    file.seal.push(Version { version, key: fresh(random), in_force_at: None });
    write(&path, &file)?;
    Ok(version)
}

/// Removes all secrets to seal with but this one, which must be there.
pub(crate) fn remove_earlier_seals(data: &Path, version: u8) -> Result<()> {
    let path = data.join(FILE_NAME);
    let mut file = read(&path)?;
    file.seal.retain(|known| known.version == version);
    ensure!(!file.seal.is_empty(), "there is no seal of version {version}");
    write(&path, &file)
}

fn read(path: &Path) -> Result<SecretsFile> {
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    ensure!(
        mode & 0o077 == 0,
        "{} can be read by others (mode {mode:o}); run: chmod 600 {}",
        path.display(),
        path.display()
    );
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let file: SecretsFile =
        toml::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
    ensure!(!file.pepper.is_empty(), "{} has no pepper", path.display());
    ensure!(!file.seal.is_empty(), "{} has no seal", path.display());
    Ok(file)
}

fn fresh(random: &dyn Random) -> String {
    let mut key = [0; 32];
    random.fill(&mut key);
    hex::encode(key)
}

fn create(path: &Path, random: &dyn Random) -> Result<()> {
    let first = || vec![Version { version: 1, key: fresh(random), in_force_at: None }];
    write(path, &SecretsFile { pepper: first(), seal: first(), audit: first() })
}

fn write(path: &Path, file: &SecretsFile) -> Result<()> {
    let text = format!(
        "# Made by the server at its first start. Keep it apart from copies of the metadata.\n{}",
        toml::to_string(file)?
    );
    // Written in full under another name first: half a file would lock everybody out.
    let partial = path.with_extension("partial");
    let mut out = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)
        .with_context(|| format!("writing {}", partial.display()))?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    fs::rename(&partial, path)?;
    Ok(())
}

/// 32 bytes in hexadecimal that somebody can have drawn by chance.
fn key(text: &str, name: &str) -> Result<[u8; 32]> {
    let mut key = [0; 32];
    hex::decode_to_slice(text.trim(), &mut key)
        .with_context(|| format!("the {name} must be 64 hexadecimal digits"))?;
    let mut distinct = key;
    distinct.sort_unstable();
    let distinct = distinct.windows(2).filter(|pair| pair[0] != pair[1]).count() + 1;
    ensure!(
        distinct > 8,
        "the {name} is too simple to be a secret; draw it with: openssl rand -hex 32"
    );
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tessera_kernel::{Clock, SystemClock, SystemRandom};

    #[test]
    fn secrets_are_made_once_and_are_for_the_owner_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = load_or_create(folder.path(), &SystemRandom, SystemClock.now()).expect("made");
        let again = load_or_create(folder.path(), &SystemRandom, SystemClock.now()).expect("read");
        assert_eq!(first.peppers, again.peppers);
        assert_eq!(first.seals, again.seals);
        assert_eq!(first.audit, again.audit);
        let path = folder.path().join(FILE_NAME);
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("changed");
        assert!(load_or_create(folder.path(), &SystemRandom, SystemClock.now()).is_err());
    }

    #[test]
    fn a_new_pepper_checks_at_once_and_is_used_once_everybody_has_read_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let now = SystemClock.now();
        let versions = |at: Timestamp| -> Vec<i64> {
            let secrets = load_or_create(folder.path(), &SystemRandom, at).expect("read");
            secrets.peppers.into_iter().map(|(version, _)| version).collect()
        };
        assert_eq!(versions(now), [1]);
        let later = now + chrono::TimeDelta::seconds(60);
        assert_eq!(add_pepper(folder.path(), &SystemRandom, later).expect("added"), 2);
        assert_eq!(versions(now), [2, 1], "the last one makes digests");
        assert_eq!(versions(later), [1, 2]);
        assert!(remove_pepper(folder.path(), 2).is_err(), "it is the newest");
        remove_pepper(folder.path(), 1).expect("removed");
        assert_eq!(versions(later), [2]);
        assert!(load_or_create(folder.path(), &SystemRandom, now).is_err(), "none in force");
    }

    #[test]
    fn a_file_of_before_gets_a_key_for_the_audit_log_and_keeps_the_rest() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = load_or_create(folder.path(), &SystemRandom, SystemClock.now()).expect("made");
        let path = folder.path().join(FILE_NAME);
        let text = fs::read_to_string(&path).expect("read");
        let (before, _) = text.split_once("[[audit]]").expect("it is there");
        fs::write(&path, before).expect("written");
        let again = load_or_create(folder.path(), &SystemRandom, SystemClock.now()).expect("read");
        assert_eq!((&first.peppers, &first.seals), (&again.peppers, &again.seals));
        assert_ne!(first.audit, again.audit);
        let third = load_or_create(folder.path(), &SystemRandom, SystemClock.now()).expect("read");
        assert_eq!(third.audit, again.audit);
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_new_seal_is_in_force_at_once_and_earlier_ones_can_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let now = SystemClock.now();
        let seals = || load_or_create(folder.path(), &SystemRandom, now).expect("read").seals;
        let first = seals();
        assert_eq!(add_seal(folder.path(), &SystemRandom).expect("added"), 2);
        let both = seals();
        assert_eq!((both.len(), both[0], both[1].0), (2, first[0], 2), "the last one seals");
        assert!(remove_earlier_seals(folder.path(), 3).is_err(), "it is not there");
        remove_earlier_seals(folder.path(), 2).expect("removed");
        assert_eq!(seals(), both[1..]);
    }

    #[test]
    fn a_short_or_simple_secret_is_refused() {
        assert!(key("abcd", "pepper").is_err());
        assert!(key(&"00".repeat(32), "pepper").is_err());
        assert!(key(&"0123456789abcdef".repeat(4), "pepper").is_err());
        assert!(key(&hex::encode(std::array::from_fn::<u8, 32, _>(|i| i as u8)), "pepper").is_ok());
    }
}
