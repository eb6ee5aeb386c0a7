//! Upkeep: sums up days that are over, joins small files, and removes what is too old, too much, or
//! was joined into another file a while ago.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arrow_array::RecordBatch;
use arrow_cast::cast;
use chrono::{NaiveDate, TimeDelta};
use futures::TryStreamExt as _;
use tessera_access::Viewer;
use tessera_kernel::{Result, Timestamp};

use super::files::{self, Day, PARTIAL, Segment};
use super::write::{self, Partial, kept};
use super::{UsageFiles, columns, failed, tables};
use crate::blocking;

/// A day is over for good so long after midnight, in seconds: what began before was written.
const CLOSED_AFTER_SECONDS: i64 = 600;

/// How long a file stays that was joined into another one, and half a file nobody finished. Longer
/// than any question takes.
const REPLACED_KEPT: Duration = Duration::from_secs(3600);

/// So many neighbours are joined at once on a day that is not over.
const JOIN_FROM: usize = 32;

/// Sizes below which neighbours are joined, in bytes: small ones often, larger ones seldom.
const LEVELS: [u64; 2] = [1 << 20, 16 << 20];

/// Largest file on a day that is over, in bytes.
const JOINED_BYTES_MAX: u64 = 128 << 20;

/// All upkeep of the files that this process may change.
pub(super) async fn run(usage: &UsageFiles, writer: u32, now: Timestamp) -> Result<()> {
    let root = usage.inner.root.clone();
    let settings = usage.inner.settings.clone();
    let closed_before = (now - TimeDelta::seconds(CLOSED_AFTER_SECONDS)).date_naive();
    let events = root.join(files::EVENTS);
    let days = blocking(move || files::days(&events)).await?;
    for day in days.iter().filter(|day| day.day < closed_before) {
        sum_up(usage, writer, day, &root).await?;
    }
    blocking(move || {
        for day in &days {
            join_day(day, writer, day.day < closed_before)?;
            sweep(day, writer, SystemTime::from(now))?;
        }
        let first_event = now.date_naive() - TimeDelta::days(i64::from(settings.events_days));
        let first_hour = now.date_naive() - TimeDelta::days(i64::from(settings.hours_days));
        drop_before(&root.join(files::EVENTS), first_event)?;
        drop_before(&root.join(files::HOURS), first_hour)?;
        for day in files::days(&root.join(files::HOURS))? {
            sweep(&day, writer, SystemTime::from(now))?;
        }
        drop_beyond(&root.join(files::EVENTS), settings.storage_bytes_max)
    })
    .await
}

/// Sums up a day that is over, unless all its records are in the sums already.
async fn sum_up(usage: &UsageFiles, writer: u32, day: &Day, root: &Path) -> Result<()> {
    let own: Vec<&Segment> = day.segments.iter().filter(|s| s.writer == writer).collect();
    let Some(to) = own.iter().map(|segment| segment.to).max() else { return Ok(()) };
    let hours = root.join(files::HOURS).join(day.day.to_string());
    let name = files::name(writer, 0, to);
    if hours.join(&name).exists() {
        return Ok(());
    }
    let paths: Vec<_> = own.iter().map(|segment| segment.path.clone()).collect();
    let found = files::Found { events: Vec::new(), hours: Vec::new(), unsummed: paths };
    let files = usage.clone();
    let summed = usage.engine()?.begin(|stop| async move {
        let tables = tables::open(files.engine()?, &found, Viewer::Everything, &stop).await?;
        let rows = tables.stream("SELECT * FROM key_hours ORDER BY hour, key_id", Vec::new());
        rows.await?.try_collect::<Vec<_>>().await
    });
    let batches = summed?.done().await?;
    blocking(move || {
        let mut file = Partial::create(&hours, &name, &columns::HOURS, kept())?;
        for batch in &batches {
            file.write(&as_hours(batch)?)?;
        }
        file.finish()
    })
    .await
}

/// A batch with exactly the columns of the table.
fn as_hours(batch: &RecordBatch) -> Result<RecordBatch> {
    let columns = batch.columns().iter().zip(columns::HOURS.fields());
    let columns: std::result::Result<Vec<_>, _> =
        columns.map(|(column, field)| cast(column, field.data_type())).collect();
    columns
        .and_then(|columns| RecordBatch::try_new(Arc::clone(&columns::HOURS), columns))
        .map_err(|error| failed("sum up a day", error))
}

fn join_day(day: &Day, writer: u32, closed: bool) -> Result<()> {
    let own: Vec<Segment> = day.segments.iter().filter(|s| s.writer == writer).cloned().collect();
    for range in joins(&own, closed) {
        if let Some(segments) = own.get(range) {
            write::join(&day.folder, segments)?;
        }
    }
    Ok(())
}

/// Which neighbours to join.
fn joins(segments: &[Segment], closed: bool) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    if closed {
        let (mut begin, mut bytes) = (0, 0);
        for (at, segment) in segments.iter().enumerate() {
            if bytes + segment.bytes > JOINED_BYTES_MAX {
                found.push(begin..at);
                (begin, bytes) = (at, 0);
            }
            bytes += segment.bytes;
        }
        found.push(begin..segments.len());
        found.retain(|range| range.len() > 1);
        return found;
    }
    for level in LEVELS {
        let mut begin = 0;
        for at in 0..=segments.len() {
            let small = segments.get(at).is_some_and(|segment| segment.bytes < level);
            if small {
                continue;
            }
            let taken = found.iter().any(|other| other.start < at && begin < other.end);
            if at - begin >= JOIN_FROM && !taken {
                found.push(begin..at);
            }
            begin = at + 1;
        }
    }
    found
}

/// Removes what was joined into another file a while ago, and halves that nobody finishes.
fn sweep(day: &Day, writer: u32, now: SystemTime) -> Result<()> {
    let old = |at: SystemTime| now.duration_since(at).is_ok_and(|age| age > REPLACED_KEPT);
    for (segment, since) in &day.replaced {
        if segment.writer == writer && old(*since) {
            crate::remove(&segment.path)?;
        }
    }
    for (path, modified) in crate::entries(&day.folder, PARTIAL)? {
        if old(modified) {
            crate::remove(&path)?;
        }
    }
    Ok(())
}

/// Removes the days before one.
fn drop_before(folder: &Path, first: NaiveDate) -> Result<()> {
    for day in files::days(folder)?.into_iter().filter(|day| day.day < first) {
        std::fs::remove_dir_all(&day.folder).map_err(|error| failed("remove a day", error))?;
    }
    Ok(())
}

/// Removes the oldest files until the rest is small enough.
fn drop_beyond(folder: &Path, bytes_max: u64) -> Result<()> {
    let days = files::days(folder)?;
    let mut bytes: u64 = days.iter().flat_map(|day| &day.segments).map(|s| s.bytes).sum();
    for segment in days.iter().flat_map(|day| &day.segments) {
        if bytes <= bytes_max {
            return Ok(());
        }
        crate::remove(&segment.path)?;
        bytes -= segment.bytes;
        tracing::warn!(
            bytes = segment.bytes,
            "the oldest records of requests were removed (usage.storage_bytes_max)"
        );
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "a list of one range is what is meant")]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn segments(bytes: &[u64]) -> Vec<Segment> {
        let segment = |(at, bytes): (usize, &u64)| Segment {
            writer: 0,
            from: at as u64,
            to: at as u64,
            bytes: *bytes,
            modified: SystemTime::UNIX_EPOCH,
            path: PathBuf::new(),
        };
        bytes.iter().enumerate().map(segment).collect()
    }

    #[test]
    fn many_small_neighbours_are_joined() {
        let mut sizes = vec![20 << 20, 20 << 20];
        sizes.extend([1000; 40]);
        assert_eq!(joins(&segments(&sizes), false), [2..42]);
        sizes.truncate(20);
        assert!(joins(&segments(&sizes), false).is_empty());
        assert_eq!(joins(&segments(&sizes), true), [0..20], "all of a day that is over");
    }

    #[test]
    fn larger_neighbours_are_joined_less_often_and_never_without_end() {
        let sizes = [2 << 20; 32];
        assert_eq!(joins(&segments(&sizes), false), [0..32]);
        assert!(joins(&segments(&[20 << 20; 100]), false).is_empty());
        let closed = joins(&segments(&[60 << 20; 5]), true);
        assert_eq!(closed, [0..2, 2..4], "two fit into one file");
        assert!(joins(&segments(&[200 << 20, 200 << 20]), true).is_empty());
    }
}
