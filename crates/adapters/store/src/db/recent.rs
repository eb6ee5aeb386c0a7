//! Remembers answers until the next write, so that what is asked again and again does not go to a
//! reader each time.
//!
//! An answer counts only if nothing was written since it was asked for, by this process; what another
//! one writes is seen after [`AGE_MAX`] at the latest.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;

use super::{Call, Row, Value};

/// How long an answer may be remembered.
const AGE_MAX: Duration = Duration::from_secs(1);

/// How much is remembered, in bytes.
const BYTES_MAX: u64 = 8 << 20;

type Answers = Vec<Vec<Row>>;

/// Statements and their values, which are numbers or nothing.
type Key = Vec<(usize, Vec<Option<i64>>)>;

/// An answer, and how many writes there had been before it was asked for.
#[derive(Clone)]
struct Kept(u64, Arc<Answers>);

/// What was read lately.
pub(super) struct Recent {
    writes: AtomicU64,
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
        Self { writes: AtomicU64::new(0), kept }
    }

    /// Something was written: nothing that was read before counts any more.
    pub(super) fn forget(&self) {
        self.writes.fetch_add(1, Ordering::SeqCst);
    }

    /// How many writes there were; to be taken before reading.
    pub(super) fn writes(&self) -> u64 {
        self.writes.load(Ordering::SeqCst)
    }

    /// The answer to these calls, if it still counts.
    pub(super) fn get(&self, calls: &[Call]) -> Option<Answers> {
        let Kept(writes, answers) = self.kept.get(&key(calls)?)?;
        (writes == self.writes()).then(|| Answers::clone(&answers))
    }

    /// Keeps an answer that was asked for after so many writes.
    pub(super) fn keep(&self, calls: &[Call], writes: u64, answers: &Answers) {
        if let Some(key) = key(calls) {
            self.kept.insert(key, Kept(writes, Arc::new(answers.clone())));
        }
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

    #[test]
    fn an_answer_counts_until_the_next_write() {
        let recent = Recent::new();
        let calls = || [call!("query_get", 1_i64)];
        let answer = vec![vec![Row::new(vec![Value::Int(7)])]];
        assert!(recent.get(&calls()).is_none());
        recent.keep(&calls(), recent.writes(), &answer);
        assert_eq!(recent.get(&calls()).map(|rows| rows[0].len()), Some(1));
        assert!(recent.get(&[call!("query_get", 2_i64)]).is_none(), "another value");
        recent.forget();
        assert!(recent.get(&calls()).is_none(), "something was written");
    }

    #[test]
    fn an_answer_from_before_a_write_is_never_kept() {
        let recent = Recent::new();
        let calls = [call!("query_get", 1_i64)];
        let writes = recent.writes();
        // The write comes while the answer is on its way.
        recent.forget();
        recent.keep(&calls, writes, &vec![vec![Row::new(vec![Value::Int(7)])]]);
        assert!(recent.get(&calls).is_none());
    }
}
