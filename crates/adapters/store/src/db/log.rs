//! The write-ahead log of a SQLite file, made durable from outside of the writer's thread.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tessera_kernel::{Fault, Result};
use tokio::sync::Mutex;

/// The log beside the file. It stays the same one for as long as a connection is open; what left it
/// for the file itself was made durable before.
#[derive(Debug)]
pub(super) struct WriteAheadLog {
    file: Arc<File>,
    asked: AtomicU64,
    /// Up to which request all is on disk.
    done: Mutex<u64>,
}

impl WriteAheadLog {
    /// The log of a file that is open.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut name = path.as_os_str().to_owned();
        name.push("-wal");
        let file = File::open(&name)
            .map_err(|error| Fault::internal("the log of the metadata cannot be opened", error))?;
        Ok(Self { file: Arc::new(file), asked: AtomicU64::new(0), done: Mutex::new(0) })
    }

    /// Returns once all that was in the log at the time of the call is on disk. Callers that come
    /// while the disk is at work share the next turn.
    pub(super) async fn sync(&self) -> Result<()> {
        let mine = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut done = self.done.lock().await;
        if *done >= mine {
            return Ok(());
        }
        let covered = self.asked.load(Ordering::SeqCst);
        let file = Arc::clone(&self.file);
        tokio::task::spawn_blocking(move || file.sync_data())
            .await
            .map_err(|error| Fault::internal("waiting for the disk stopped", error))?
            .map_err(|error| Fault::internal("the metadata cannot be made durable", error))?;
        *done = covered;
        Ok(())
    }
}
