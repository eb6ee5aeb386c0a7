//! Remembers answers until a table that they were read from is written to, so that what is asked
//! again and again does not go to a reader each time.
//!
//! An answer counts only if none of its tables was written to since it was asked for, by this
//! process; what another one writes is seen after [`AGE_MAX`] at the latest.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;

use super::tables::Tables;
use super::{Call, Row, Value};

/// How long an answer may be remembered.
const AGE_MAX: Duration = Duration::from_secs(1);

/// How much is remembered, in bytes.
const BYTES_MAX: u64 = 8 << 20;

type Answers = Vec<Vec<Row>>;

/// Statements and their values, which are numbers or nothing.
type Key = Vec<(usize, Vec<Option<i64>>)>;

/// An answer, and how many writes to its tables there had been before it was asked for.
#[derive(Clone)]
struct Kept(u64, Arc<Answers>);

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
            .weigher(|_: &Key, kept: &Kept| {
                let bytes: usize = kept.1.iter().flatten().map(Row::bytes).sum();
                u32::try_from(bytes + 256).unwrap_or(u32::MAX)
            })
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

    /// The answer to these calls, if it still counts.
    pub(super) fn get(&self, calls: &[Call]) -> Option<Answers> {
        let Kept(writes, answers) = self.kept.get(&key(calls)?)?;
        (writes == self.writes(calls)).then(|| Answers::clone(&answers))
    }

    /// Keeps an answer that was asked for after so many writes.
    pub(super) fn keep(&self, calls: &[Call], writes: u64, answers: &Answers) {
        if let Some(key) = key(calls) {
            self.kept.insert(key, Kept(writes, Arc::new(answers.clone())));
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

    fn answer() -> Answers {
        vec![vec![Row::new(vec![Value::Int(7)])]]
    }

    fn write(recent: &Arc<Recent>, call: &Call) {
        Touched::nothing_yet(recent).note(call);
    }

    #[test]
    fn an_answer_counts_until_its_tables_are_written_to() {
        let recent = Arc::new(Recent::new());
        let calls = || [call!("facts_source", 1_i64)];
        assert!(recent.get(&calls()).is_none());
        recent.keep(&calls(), recent.writes(&calls()), &answer());
        assert_eq!(recent.get(&calls()).map(|rows| rows[0].len()), Some(1));
        assert!(recent.get(&[call!("facts_source", 2_i64)]).is_none(), "another value");
        write(&recent, &call!("job_reap_queued"));
        assert!(recent.get(&calls()).is_some(), "another table was written to");
        write(&recent, &call!("source_update"));
        assert!(recent.get(&calls()).is_none(), "its table was written to");
    }

    #[test]
    fn what_goes_with_a_deleted_record_is_forgotten_too() {
        let recent = Arc::new(Recent::new());
        let calls = [call!("group_source_list", 1_i64)];
        recent.keep(&calls, recent.writes(&calls), &answer());
        write(&recent, &call!("source_delete", 1_i64));
        assert!(recent.get(&calls).is_none());
    }

    #[test]
    fn an_answer_from_before_a_write_is_never_kept() {
        let recent = Arc::new(Recent::new());
        let calls = [call!("facts_source", 1_i64)];
        let writes = recent.writes(&calls);
        // The write comes while the answer is on its way.
        write(&recent, &call!("source_update"));
        recent.keep(&calls, writes, &answer());
        assert!(recent.get(&calls).is_none());
    }
}
