//! Which files there are. A file's name tells who wrote it and which of that writer's numbers are in
//! it: `0-000000000007-000000000038.parquet`. One whose numbers are all in another file of the same
//! folder was joined into that one and counts no more. So a join is done once the joined file has
//! its name, whatever happens to the process.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::NaiveDate;
use tessera_access::Period;
use tessera_kernel::Result;

use super::failed;

/// The folder of records.
pub(super) const EVENTS: &str = "events";
/// The folder of sums per hour.
pub(super) const HOURS: &str = "hours";
/// The ending of a whole file.
const WHOLE: &str = "parquet";
/// The ending of a file that is being written.
pub(super) const PARTIAL: &str = "partial";

/// A whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) writer: u32,
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) bytes: u64,
    pub(super) modified: SystemTime,
    pub(super) path: PathBuf,
}

impl Segment {
    fn contains(&self, other: &Self) -> bool {
        self.writer == other.writer
            && self.from <= other.from
            && other.to <= self.to
            && (self.from, self.to) != (other.from, other.to)
    }
}

/// A day's files.
#[derive(Debug, Clone)]
pub(super) struct Day {
    pub(super) day: NaiveDate,
    pub(super) folder: PathBuf,
    /// Those that count, by writer and number.
    pub(super) segments: Vec<Segment>,
    /// Those that were joined into another one, with the time at which that was written.
    pub(super) replaced: Vec<(Segment, SystemTime)>,
}

/// All files that a question is about.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// All records.
    pub(super) events: Vec<PathBuf>,
    /// Sums.
    pub(super) hours: Vec<PathBuf>,
    /// Records that are in no sum yet.
    pub(super) unsummed: Vec<PathBuf>,
}

impl Found {
    /// Looks for files, of a period or all.
    pub(super) fn look(root: &Path, period: Option<Period>) -> Result<Self> {
        let within = |day: &Day| {
            period.is_none_or(|period| {
                period.from.date_naive() <= day.day && day.day <= period.to.date_naive()
            })
        };
        let mut found = Self::default();
        let mut summed: Vec<(NaiveDate, Segment)> = Vec::new();
        // Sums first: what is summed in between counts once.
        for day in days(&root.join(HOURS))?.into_iter().filter(within) {
            summed.extend(day.segments.into_iter().map(|segment| (day.day, segment)));
        }
        for day in days(&root.join(EVENTS))?.into_iter().filter(within) {
            for segment in day.segments {
                let done = summed.iter().any(|(of, sum)| {
                    *of == day.day && sum.writer == segment.writer && segment.to <= sum.to
                });
                if !done {
                    found.unsummed.push(segment.path.clone());
                }
                found.events.push(segment.path);
            }
        }
        found.hours = summed.into_iter().map(|(_, segment)| segment.path).collect();
        Ok(found)
    }
}

/// The name of a file.
pub(super) fn name(writer: u32, from: u64, to: u64) -> String {
    format!("{writer}-{from:012}-{to:012}.{WHOLE}")
}

fn read_name(path: &Path) -> Option<(u32, u64, u64)> {
    if path.extension()?.to_str()? != WHOLE {
        return None;
    }
    let mut parts = path.file_stem()?.to_str()?.split('-');
    let parsed =
        (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().is_none().then_some(parsed)
}

/// The days in a folder, oldest first.
pub(super) fn days(folder: &Path) -> Result<Vec<Day>> {
    let mut days = Vec::new();
    let entries = std::fs::read_dir(folder).map_err(|error| failed("list the days", error))?;
    for entry in entries {
        let entry = entry.map_err(|error| failed("list the days", error))?;
        let name = entry.file_name();
        let Some(day) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        days.push(read_day(day, entry.path())?);
    }
    days.sort_unstable_by_key(|day| day.day);
    Ok(days)
}

fn read_day(day: NaiveDate, folder: PathBuf) -> Result<Day> {
    let mut all = Vec::new();
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => Some(entries),
        // Its time was over in between.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed("list the files", error)),
    };
    for entry in entries.into_iter().flatten() {
        let entry = entry.map_err(|error| failed("list the files", error))?;
        let path = entry.path();
        let Some((writer, from, to)) = read_name(&path) else { continue };
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed("look at a file", error)),
        };
        let modified = metadata.modified().map_err(|error| failed("look at a file", error))?;
        all.push(Segment { writer, from, to, bytes: metadata.len(), modified, path });
    }
    let (segments, replaced) = sort_out(all);
    Ok(Day { day, folder, segments, replaced })
}

/// Tells those that count from those that were joined into others. In one pass: in order of writer
/// and first number, with the longest first, a file is either inside the last one that counts or
/// counts itself.
fn sort_out(mut all: Vec<Segment>) -> (Vec<Segment>, Vec<(Segment, SystemTime)>) {
    all.sort_unstable_by_key(|segment| (segment.writer, segment.from, u64::MAX - segment.to));
    let mut segments: Vec<Segment> = Vec::new();
    let mut replaced = Vec::new();
    for segment in all {
        match segments.last() {
            Some(last) if last.contains(&segment) => replaced.push((segment, last.modified)),
            _ => segments.push(segment),
        }
    }
    (segments, replaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(writer: u32, from: u64, to: u64) -> Segment {
        Segment {
            writer,
            from,
            to,
            bytes: 1,
            modified: SystemTime::UNIX_EPOCH,
            path: PathBuf::from(name(writer, from, to)),
        }
    }

    #[test]
    fn a_file_that_was_joined_into_another_counts_no_more() {
        let all = [(0, 1, 1), (0, 2, 2), (0, 1, 2), (0, 3, 3), (1, 1, 1), (0, 1, 3), (0, 4, 4)];
        let all = all.map(|(writer, from, to)| segment(writer, from, to)).to_vec();
        let (kept, replaced) = sort_out(all);
        let kept: Vec<_> = kept.iter().map(|s| (s.writer, s.from, s.to)).collect();
        assert_eq!(kept, [(0, 1, 3), (0, 4, 4), (1, 1, 1)]);
        assert_eq!(replaced.len(), 4);
    }

    #[test]
    fn names_are_read_back() {
        let path = PathBuf::from(name(3, 7, 38));
        assert_eq!(path.to_str(), Some("3-000000000007-000000000038.parquet"));
        assert_eq!(read_name(&path), Some((3, 7, 38)));
        for other in ["3-7.parquet", "3-7-8-9.parquet", "3-7-8.partial", "x.parquet", "lock"] {
            assert_eq!(read_name(Path::new(other)), None, "{other}");
        }
    }
}
