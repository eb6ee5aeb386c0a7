//! Columnar files: the rows of results, as compressed Arrow, and records of requests, as Parquet.
//!
//! Knows where files are and how they are written; what they mean is told by `bi`. A file is written
//! under another name and renamed when its last byte is written; its result is known to nobody
//! before it is durable. Entry point: [`Lake`]. Tested by round trips through real files in `tests/`.

mod engine;
mod joins;
mod pour;
mod read;
mod uploads;
mod usage;
mod write;

pub use joins::{ResultEngine, ResultJoins, results_source_type};
pub use uploads::{FILES_SOURCE, UploadSettings, Uploads, files_source_type};
pub use usage::{USAGE_SOURCE, UsageFileSettings, UsageFiles, usage_source_type};

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use arrow_schema::SchemaRef;
use async_trait::async_trait;
use tessera_bi::ports::{BatchStream, ResultFiles, ResultWriter};
use tessera_kernel::ids::Uid;
use tessera_kernel::{Code, Fault, Result, Timestamp};

/// The folder of results inside the data folder.
const RESULTS_FOLDER: &str = "results";
/// The ending of a whole file.
const WHOLE: &str = "arrow";
/// The ending of a file that is being written.
const PARTIAL: &str = "partial";

/// Files in a local folder.
#[derive(Debug, Clone)]
pub struct Lake {
    results: PathBuf,
}

impl Lake {
    /// Files inside a data folder. What an earlier process left half written is removed by
    /// [`sweep_unfinished`](Self::sweep_unfinished), which listing old files does too.
    ///
    /// # Errors
    /// If the folder cannot be made or read.
    pub fn local(data: PathBuf) -> Result<Self> {
        let results = data.join(RESULTS_FOLDER);
        std::fs::create_dir_all(&results).map_err(|error| failed("make the folder", error))?;
        Ok(Self { results })
    }

    /// Removes files that were never finished and have not been touched for `age`: a process that
    /// is writing one touches it all the time.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub async fn sweep_unfinished(&self, now: Timestamp, age: Duration) -> Result<usize> {
        let folder = self.results.clone();
        blocking(move || {
            let before = SystemTime::from(now) - age;
            let mut removed = 0;
            for (path, modified) in entries(&folder, PARTIAL)? {
                if modified < before {
                    remove(&path)?;
                    removed += 1;
                }
            }
            Ok(removed)
        })
        .await
    }

    fn whole(&self, uid: Uid) -> PathBuf {
        self.results.join(format!("{uid}.{WHOLE}"))
    }
}

#[async_trait]
impl ResultFiles for Lake {
    async fn create(&self, uid: Uid) -> Result<Box<dyn ResultWriter>> {
        let partial = self.results.join(format!("{uid}.{PARTIAL}"));
        Ok(Box::new(write::Writer::new(partial, self.whole(uid))))
    }

    async fn open(&self, uid: Uid) -> Result<(SchemaRef, BatchStream)> {
        read::open(self.whole(uid)).await
    }

    async fn delete(&self, uid: Uid) -> Result<()> {
        let path = self.whole(uid);
        blocking(move || remove(&path)).await
    }

    async fn list_before(&self, before: Timestamp, limit: usize) -> Result<Vec<Uid>> {
        let day = Duration::from_secs(24 * 3600);
        self.sweep_unfinished(before, day).await?;
        let folder = self.results.clone();
        blocking(move || {
            let before = SystemTime::from(before);
            let old = entries(&folder, WHOLE)?.into_iter().filter(|(_, at)| *at < before);
            let mut uids: Vec<Uid> =
                old.filter_map(|(path, _)| path.file_stem()?.to_str()?.parse().ok()).collect();
            uids.sort_unstable();
            // Where the list begins changes with the time, so that every file gets its turn, however
            // many there are.
            let begin = turn(before, uids.len().saturating_sub(limit) + 1);
            uids.drain(..begin);
            uids.truncate(limit);
            Ok(uids)
        })
        .await
    }
}

/// The files with an ending, and when they were last written.
fn entries(folder: &std::path::Path, ending: &str) -> Result<Vec<(PathBuf, SystemTime)>> {
    let mut found = Vec::new();
    let list = std::fs::read_dir(folder).map_err(|error| failed("list the files", error))?;
    for entry in list {
        let entry = entry.map_err(|error| failed("list the files", error))?;
        let path = entry.path();
        if path.extension().and_then(|known| known.to_str()) != Some(ending) {
            continue;
        }
        match entry.metadata().and_then(|metadata| metadata.modified()) {
            Ok(modified) => found.push((path, modified)),
            // Somebody else removed it meanwhile.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed("look at a file", error)),
        }
    }
    Ok(found)
}

/// A number below `count` that is another one at another time.
fn turn(at: SystemTime, count: usize) -> usize {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    at.hash(&mut hasher);
    let count = u64::try_from(count).unwrap_or(u64::MAX).max(1);
    usize::try_from(hasher.finish() % count).unwrap_or(0)
}

fn remove(path: &std::path::Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(failed("remove a file", error))
        }
        _ => Ok(()),
    }
}

/// Runs file work off the event loop.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Fault::internal("file work stopped", error))?
}

fn failed(what: &str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Fault {
    Fault::new(Code::Internal, format!("cannot {what} of results")).with_source(error)
}
