//! Remembers answers until a table that they were read from is written to, so that what is asked
//! again and again does not go to a reader each time.
//!
//! An answer counts only if none of its tables was written to since it was asked for, by this
//! process; what another one writes is seen after [`AGE_MAX`] at the latest.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;

use super::tables::Tables;
use super::{Call, Value};

/// How long an answer may be remembered.
const AGE_MAX: Duration = Duration::from_secs(1);

/// How much is remembered, in bytes of the rows it was made of.
const BYTES_MAX: u64 = 8 << 20;

/// Statements and their values, which are numbers or nothing.
type Key = Vec<(usize, Vec<Option<i64>>)>;

/// What was made of an answer.
#[derive(Clone)]
struct Kept {
    /// How many writes to its tables there had been before it was asked for.
    writes: u64,
    /// Of the rows.
    bytes: usize,
    made: Arc<dyn Any + Send + Sync>,
}

/// What was read lately.
pub(super) struct Recent {
    /// How often each table was written to.
    writes: [AtomicU64; Tables::MOST],
    kept: Cache<Key, Kept>,
}

impl Recent {
    pub(super) fn new() -> Self {
        let kept = Cache::builder()
            .max_capacity(BYTES_MAX)
            .weigher(|_: &Key, kept: &Kept| u32::try_from(kept.bytes + 256).unwrap_or(u32::MAX))
            .time_to_live(AGE_MAX)
            .build();
        Self { writes: std::array::from_fn(|_| AtomicU64::new(0)), kept }
    }

    /// These tables were written to: nothing that was read from them before counts any more.
    fn forget(&self, tables: Tables) {
        for table in tables.each() {
            self.writes[table].fetch_add(1, Ordering::SeqCst);
        }
    }

    /// How many writes there were to what these calls read; to be taken before reading.
    pub(super) fn writes(&self, calls: &[Call]) -> u64 {
        let tables = calls.iter().fold(Tables::NONE, |all, call| all | call.reads());
        tables.each().map(|table| self.writes[table].load(Ordering::SeqCst)).sum()
    }

    /// What was made of the answer to these calls, if it still counts.
    pub(super) fn get<T: Clone + 'static>(&self, calls: &[Call]) -> Option<T> {
        let kept = self.kept.get(&key(calls)?)?;
        let made = || kept.made.downcast_ref::<T>().cloned();
        (kept.writes == self.writes(calls)).then(made)?
    }

    /// Keeps what was made of an answer that was asked for after so many writes, and has so many
    /// bytes.
    pub(super) fn keep<T>(&self, calls: &[Call], writes: u64, bytes: usize, made: &T)
    where
        T: Clone + Send + Sync + 'static,
    {
        if let Some(key) = key(calls) {
            self.kept.insert(key, Kept { writes, bytes, made: Arc::new(made.clone()) });
        }
    }
}

/// What one transaction writes to. When it is over, however it ended, and before anybody is told,
/// this is dropped: then nothing that was read from these tables before counts any more.
pub(crate) struct Touched {
    recent: Arc<Recent>,
    tables: AtomicU64,
}

impl Touched {
    pub(super) fn nothing_yet(recent: &Arc<Recent>) -> Self {
        Self { recent: Arc::clone(recent), tables: AtomicU64::new(0) }
    }

    /// Notes what a statement may write to.
    pub(super) fn note(&self, call: &Call) {
        self.tables.fetch_or(call.writes().0, Ordering::SeqCst);
    }
}

impl Drop for Touched {
    fn drop(&mut self) {
        self.recent.forget(Tables(*self.tables.get_mut()));
    }
}

impl std::fmt::Debug for Recent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recent(…)")
    }
}

/// `None` for calls with texts among their values: they are not asked again and again.
fn key(calls: &[Call]) -> Option<Key> {
    calls
        .iter()
        .map(|call| {
            let values = call.params.iter().map(|value| match value {
                Value::Null => Some(None),
                Value::Int(number) => Some(Some(*number)),
                Value::Real(_) | Value::Text(_) | Value::Blob(_) => None,
            });
            Some((call.identity()?, values.collect::<Option<_>>()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::call;

    fn keep(recent: &Recent, calls: &[Call]) {
        recent.keep(calls, recent.writes(calls), 8, &7_i64);
    }

    fn get(recent: &Recent, calls: &[Call]) -> Option<i64> {
        recent.get(calls)
    }

    fn write(recent: &Arc<Recent>, call: &Call) {
        Touched::nothing_yet(recent).note(call);
    }

    #[test]
    fn an_answer_counts_until_its_tables_are_written_to() {
        let recent = Arc::new(Recent::new());
        let calls = || [call!("facts_source", 1_i64)];
        assert!(get(&recent, &calls()).is_none());
        keep(&recent, &calls());
        assert_eq!(get(&recent, &calls()), Some(7));
        assert!(get(&recent, &[call!("facts_source", 2_i64)]).is_none(), "another value");
        write(&recent, &call!("job_reap_queued"));
        assert!(get(&recent, &calls()).is_some(), "another table was written to");
        write(&recent, &call!("source_update"));
        assert!(get(&recent, &calls()).is_none(), "its table was written to");
    }

    #[test]
    fn what_goes_with_a_deleted_record_is_forgotten_too() {
        let recent = Arc::new(Recent::new());
        let calls = [call!("group_source_list", 1_i64)];
        keep(&recent, &calls);
        write(&recent, &call!("source_delete", 1_i64));
        assert!(get(&recent, &calls).is_none());
    }

    #[test]
    fn an_answer_from_before_a_write_is_never_kept() {
        let recent = Arc::new(Recent::new());
        let calls = [call!("facts_source", 1_i64)];
        let writes = recent.writes(&calls);
        // The write comes while the answer is on its way.
        write(&recent, &call!("source_update"));
        recent.keep(&calls, writes, 8, &7_i64);
        assert!(get(&recent, &calls).is_none());
    }
}
