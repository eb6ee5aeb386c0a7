//! The remark in front of a text that tells those who look after a database who runs it.

use super::{Job, QueryRun};

/// One comment and a blank: who asked, with which key, for which query, and the job. Its members
/// are those that tools which read the logs of databases know.
///
/// It only helps to find things again: a database must not decide anything by it.
#[must_use]
pub fn remark(job: &Job, run: &QueryRun) -> String {
    let key = run.asked_with.map(|key| format!("Key ID: {key}, ")).unwrap_or_default();
    let query = job.query.map_or_else(|| "adhoc".to_owned(), |query| query.to_string());
    let (queue, scheduled) = match run.scheduled {
        true => ("scheduled_queries", "True"),
        false => ("queries", "False"),
    };
    let (who, uid, hash) = (harmless(&run.asked_by), job.uid, harmless(&run.query_hash));
    format!(
        "/* Username: {who}, {key}query_id: {query}, Queue: {queue}, Job ID: {uid}, \
         Query Hash: {hash}, Scheduled: {scheduled} */ "
    )
}

/// A text that can neither end a comment, nor begin one in it, nor be taken for a placeholder.
fn harmless(text: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, '@' | '.' | '-' | '_' | '+' | ':');
    text.chars().filter(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::JobKind;

    fn job(asked_by: &str) -> (Job, QueryRun) {
        let run: QueryRun = serde_json::from_value(serde_json::json!({
            "text": "select 1", "definitions": [], "values": {}, "cache_key": "00",
            "template_digest": "00", "display_text": "select 1", "query_hash": "abc",
            "time_limit_seconds": 1, "rows_max": 1, "bytes_max": 1, "asked_by": asked_by,
        }))
        .unwrap();
        let job = Job {
            uid: tessera_kernel::ids::Uid::nil(),
            kind: JobKind::Query,
            state: crate::JobState::Running,
            source: tessera_kernel::ids::SourceId(1),
            query: None,
            run: None,
            created_at: tessera_kernel::Timestamp::UNIX_EPOCH,
            started_at: None,
            finished_at: None,
            attempts: 1,
            error: None,
            result: None,
            output: None,
        };
        (job, run)
    }

    #[test]
    fn who_asked_and_what_for_is_in_the_remark() {
        let (mut job, mut run) = job("ada+1@example.com");
        assert_eq!(
            remark(&job, &run),
            "/* Username: ada+1@example.com, query_id: adhoc, Queue: queries, Job ID: \
             00000000-0000-0000-0000-000000000000, Query Hash: abc, Scheduled: False */ "
        );
        job.query = Some(tessera_kernel::ids::QueryId(7));
        run.asked_with = Some(tessera_kernel::ids::KeyId(3));
        run.scheduled = true;
        assert_eq!(
            remark(&job, &run),
            "/* Username: ada+1@example.com, Key ID: 3, query_id: 7, Queue: scheduled_queries, \
             Job ID: 00000000-0000-0000-0000-000000000000, Query Hash: abc, Scheduled: True */ "
        );
    }

    #[test]
    fn a_name_cannot_leave_the_remark() {
        for name in ["*/ drop table t; /*", "* /*/", "a\n--\u{0}", "{p1:String} ? $1 :x @P1 !"] {
            let (job, run) = job(name);
            let remark = remark(&job, &run);
            assert_eq!(remark.matches("*/").count(), 1, "{remark}");
            assert_eq!(remark.matches("/*").count(), 1, "{remark}");
            assert!(!remark.contains(['\n', '\0', '{', '?', '$', '!']), "{remark}");
        }
    }
}
