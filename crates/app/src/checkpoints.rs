//! The file of signed checkpoints of the audit log: one JSON document in each line, only appended.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use tessera_access::ports::CheckpointFile;
use tessera_kernel::{Code, Fault, Result};

/// The file, which need not be there yet.
pub(crate) struct Checkpoints {
    path: PathBuf,
}

impl Checkpoints {
    /// A file with this name.
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    async fn in_background<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let path = self.path.clone();
        let done = tokio::task::spawn_blocking(move || {
            work(&path).map_err(|error| {
                let detail = format!("{} (audit.checkpoint_file) cannot be used", path.display());
                Fault::new(Code::Unavailable, detail).with_source(error)
            })
        });
        done.await.map_err(|error| Fault::internal("a file operation did not finish", error))?
    }
}

#[async_trait]
impl CheckpointFile for Checkpoints {
    async fn append(&self, line: &str) -> Result<()> {
        let line = line.to_owned();
        self.in_background(move |path| append(path, &line)).await
    }

    async fn lines(&self) -> Result<Vec<String>> {
        self.in_background(read_lines).await
    }
}

fn append(path: &Path, line: &str) -> std::io::Result<()> {
    let mut file =
        OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(path)?;
    let mut text = String::with_capacity(line.len() + 2);
    if is_cut(&mut file)? {
        // A crash left half a line; what comes now must not become a part of it.
        text.push('\n');
    }
    text.push_str(line);
    text.push('\n');
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Whether the last line has no end.
fn is_cut(file: &mut File) -> std::io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// All lines; none if there is no file.
pub(crate) fn read_lines(path: &Path) -> std::io::Result<Vec<String>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn lines_are_appended_and_half_a_line_stays_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("checkpoints.jsonl");
        let file = Checkpoints::new(path.clone());
        assert!(file.lines().await.expect("read").is_empty());
        file.append("one").await.expect("written");
        std::fs::write(&path, "one\nhal").expect("written");
        file.append("two").await.expect("written");
        assert_eq!(file.lines().await.expect("read"), ["one", "hal", "two"]);
    }

    #[tokio::test]
    async fn only_its_owner_reads_a_new_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("checkpoints.jsonl");
        Checkpoints::new(path.clone()).append("one").await.expect("written");
        let mode = std::fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let fault = Checkpoints::new(path.join("x")).append("one").await.expect_err("no folder");
        assert!(fault.detail().contains("audit.checkpoint_file"), "{fault}");
    }
}
