//! Records of requests through real Parquet files.

#![expect(clippy::disallowed_methods, reason = "tests may begin tasks and look at the real time")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use async_trait::async_trait;
use chrono::TimeDelta;
use tessera_access::ports::UsageLog;
use tessera_access::{Entry, Period, Served, UsageEvent, Viewer};
use tessera_bi::ports::{BatchSink, CancelSignal, Connector};
use tessera_kernel::ids::{KeyId, QueryId, SourceId, UserId};
use tessera_kernel::{Code, Result, Timestamp};
use tessera_lake::{UsageFileSettings, UsageFiles, usage_source_type};
use tessera_sqltext::{Bind, Bound};

fn at(seconds: i64) -> Timestamp {
    "2026-11-20T10:00:00Z".parse::<Timestamp>().expect("a time") + TimeDelta::seconds(seconds)
}

fn everything() -> Period {
    Period { from: at(-100_000), to: at(10_000_000) }
}

fn event(key: i64, owner: i64, seconds: i64, refused: Option<&'static str>) -> UsageEvent {
    let entry = Entry {
        key: Some(KeyId(key)),
        owner: Some(UserId(owner)),
        creator: Some(UserId(9)),
        actor: Some(format!("user:{owner}")),
        action: Some("queries.run"),
        object: "query:42".to_owned(),
        query: Some(QueryId(42)),
        source: Some(SourceId(1)),
        refused,
        rows: 10,
        transport: Some("header"),
        format: Some("csv"),
        ..Entry::default()
    };
    let served = Served {
        at: at(seconds),
        request_id: format!("request{seconds}"),
        method: "GET".into(),
        route: "/v1/queries/{id}".to_owned(),
        status: if refused.is_some() { 403 } else { 200 },
        bytes: 100,
        duration_ms: 2.5,
        address: Some("192.0.2.7".to_owned()),
        client: Some("curl/8.5".to_owned()),
    };
    UsageEvent::of(entry, served)
}

fn open(folder: &Path) -> UsageFiles {
    UsageFiles::local(folder, UsageFileSettings::default()).expect("opens")
}

fn bound(sql: &str, binds: Vec<Bind>) -> Bound {
    Bound { sql: sql.to_owned(), binds, display: String::new() }
}

struct Never;

#[async_trait]
impl CancelSignal for Never {
    async fn cancelled(&self) {
        std::future::pending().await
    }

    fn is_cancelled(&self) -> bool {
        false
    }
}

#[derive(Default)]
struct Kept(Vec<RecordBatch>);

#[async_trait]
impl BatchSink for Kept {
    async fn begin(&mut self, _schema: SchemaRef) -> Result<()> {
        self.0.clear();
        Ok(())
    }

    async fn batch(&mut self, batch: RecordBatch) -> Result<()> {
        self.0.push(batch);
        Ok(())
    }
}

/// The rows of an answer as texts, cells apart by bars.
async fn ask(files: &UsageFiles, viewer: Viewer, statement: Bound) -> Result<Vec<String>> {
    let seen = files.seen_by(viewer).expect("it has a row policy");
    let mut sink = Kept::default();
    seen.run(&statement, 60, Arc::new(Never), &mut sink).await?;
    let mut rows = Vec::new();
    for batch in &sink.0 {
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter().map(|column| {
                arrow_cast::display::array_value_to_string(column, row).expect("shown")
            });
            rows.push(cells.collect::<Vec<_>>().join("|"));
        }
    }
    Ok(rows)
}

async fn sql(files: &UsageFiles, viewer: Viewer, text: &str) -> Result<Vec<String>> {
    ask(files, viewer, bound(text, Vec::new())).await
}

fn parquet(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(parquet(&path));
        } else if path.extension().is_some_and(|ending| ending == "parquet") {
            found.push(path);
        }
    }
    found
}

#[tokio::test]
async fn a_key_is_told_its_hours_refusals_and_uses() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = open(folder.path());
    assert!(files.hours(KeyId(1), everything()).await.expect("empty").is_empty());
    let events = [
        event(1, 7, 0, None),
        event(1, 7, 10, Some("object_denied")),
        event(1, 7, 4000, None),
        event(2, 8, 20, None),
        event(1, 7, 100_000, None),
    ];
    files.append(Vec::from(events).into()).await.expect("written");
    let hours = files.hours(KeyId(1), everything()).await.expect("read");
    let counts: Vec<_> = hours.iter().map(|h| (h.hour, h.requests, h.refused, h.rows)).collect();
    assert_eq!(counts, [(at(0), 2, 1, 20), (at(3600), 1, 0, 10), (at(97_200), 1, 0, 10)]);
    assert!(
        (hours[0].duration_ms - 5.0).abs() < 1e-9 && (hours[0].duration_ms_max - 2.5).abs() < 1e-9
    );
    let first_day = Period { from: at(0), to: at(5000) };
    assert_eq!(files.hours(KeyId(1), first_day).await.expect("read").len(), 2);

    let refusals = files.refusals(KeyId(1), everything(), 10).await.expect("read");
    assert_eq!(refusals.len(), 1);
    assert_eq!((refusals[0].at, refusals[0].reason.as_str()), (at(10), "object_denied"));
    assert_eq!((refusals[0].status, refusals[0].client.as_deref()), (403, Some("curl/8.5")));

    let observed = files.observed(KeyId(1), everything()).await.expect("read");
    assert_eq!((observed.requests, observed.refused), (4, 1));
    assert_eq!((observed.first, observed.last), (Some(at(0)), Some(at(100_000))));
    assert_eq!(observed.uses.len(), 1);
    assert_eq!((observed.uses[0].query, observed.uses[0].requests), (Some(QueryId(42)), 3));
    assert_eq!(
        (observed.addresses, observed.formats),
        (vec!["192.0.2.7".into()], vec!["csv".into()])
    );
}

#[tokio::test]
async fn everybody_sees_rows_of_their_own_keys_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = open(folder.path());
    files.append(vec![event(1, 7, 0, None), event(2, 8, 1, None)].into()).await.expect("written");
    for table in ["key_events", "key_hours"] {
        let text = format!("select key_id from {table} order by 1");
        assert_eq!(sql(&files, Viewer::User(UserId(7)), &text).await.expect("asked"), ["1"]);
        assert_eq!(sql(&files, Viewer::User(UserId(8)), &text).await.expect("asked"), ["2"]);
        let made = sql(&files, Viewer::User(UserId(9)), &text).await.expect("asked");
        assert_eq!(made, ["1", "2"], "who made them sees them as well");
        let none = sql(&files, Viewer::User(UserId(6)), &text).await.expect("asked");
        assert!(none.is_empty(), "{none:?}");
        assert_eq!(sql(&files, Viewer::Everything, &text).await.expect("asked"), ["1", "2"]);
    }
    for around in [
        "select key_id from key_events where owner_id = 8 or true",
        "select a.key_id from key_events a right join key_events b on true",
        "with key_events as (select * from key_events) select key_id from key_events",
        "select key_id from (select * from key_events union all select * from key_events)",
        "select (select max(key_id) from key_events)",
    ] {
        let rows = sql(&files, Viewer::User(UserId(7)), around).await.expect(around);
        assert!(rows.iter().all(|row| row == "1"), "{around}: {rows:?}");
    }
    let mut sink = Kept::default();
    let all = bound("select * from key_events", Vec::new());
    let fault = files.run(&all, 60, Arc::new(Never), &mut sink).await.expect_err("no viewer");
    assert_eq!(fault.code(), Code::Internal);
    assert!(usage_source_type().row_policy);
}

#[tokio::test]
async fn nothing_but_questions_is_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = open(folder.path());
    files.append(vec![event(1, 7, 0, None)].into()).await.expect("written");
    let file = parquet(folder.path()).remove(0).display().to_string();
    for refused in [
        "create table x as select 1".to_owned(),
        "create view x as select * from key_events".to_owned(),
        format!("create external table x stored as parquet location '{file}'"),
        "insert into key_events select * from key_events".to_owned(),
        "delete from key_events".to_owned(),
        "update key_events set owner_id = 7".to_owned(),
        "drop table key_events".to_owned(),
        format!("copy key_events to '{}/x.csv'", folder.path().display()),
        "set datafusion.execution.batch_size = 1".to_owned(),
        "show all".to_owned(),
        "explain select * from key_events".to_owned(),
        "prepare p as select 1".to_owned(),
        "describe key_events".to_owned(),
        format!("select * from '{file}'"),
        format!("select * from \"{file}\""),
        format!("select * from read_parquet('{file}')"),
        "select * from read_csv('/etc/passwd')".to_owned(),
        "select * from information_schema.tables".to_owned(),
        "select * from hours".to_owned(),
        "select * from unsummed".to_owned(),
        "select 1; drop table key_events".to_owned(),
        "select * from key_events where key_id = $3".to_owned(),
        String::new(),
    ] {
        let fault = sql(&files, Viewer::User(UserId(7)), &refused).await.expect_err(&refused);
        assert_eq!(fault.code(), Code::SourceFailed, "{refused}: {fault}");
        assert!(!fault.detail().contains("parquet-"), "{fault}");
    }
    assert!(!folder.path().join("x.csv").exists());
    let rows = sql(&files, Viewer::Everything, "select 1; select count(*) from key_events").await;
    assert_eq!(rows.expect("the last one counts"), ["1"]);
}

#[tokio::test]
async fn values_are_bound_and_never_read_as_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = open(folder.path());
    files
        .append(vec![event(1, 7, 0, None), event(2, 8, 7200, None)].into())
        .await
        .expect("written");
    let text = "x' or '1'='1";
    let all = Viewer::Everything;
    let echo = bound("select $1 as echo", vec![Bind::Text(text.to_owned())]);
    assert_eq!(ask(&files, all, echo).await.expect("asked"), [text]);
    let none =
        bound("select key_id from key_events where actor = $1", vec![Bind::Text(text.into())]);
    assert!(ask(&files, all, none).await.expect("asked").is_empty());
    let typed = "select key_id from key_events where key_id > $1 and at < $2 and duration_ms < $3 \
                 and at >= $4 order by 1 limit $5";
    let binds = vec![
        Bind::Integer(-5),
        Bind::Datetime("2026-11-20T11:00:00".parse().expect("a time")),
        Bind::Decimal("2.75".to_owned()),
        Bind::Date("2026-11-20".parse().expect("a day")),
        Bind::Integer(10),
    ];
    assert_eq!(ask(&files, all, bound(typed, binds)).await.expect("asked"), ["1"]);
    let untyped = bound(
        "select key_id from key_events where at >= $1",
        vec![Bind::Untyped("2026-11-20 11:00:00".to_owned())],
    );
    assert_eq!(ask(&files, all, untyped).await.expect("asked"), ["2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deeply_nested_text_does_not_end_the_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = open(folder.path());
    let ask = async |text: String| {
        let files = files.clone();
        // On a thread with a stack of the usual size.
        tokio::spawn(async move { sql(&files, Viewer::Everything, &text).await })
            .await
            .expect("the process lives")
    };
    let sum = format!("select 1{} as sum", "+1".repeat(1900));
    assert_eq!(ask(sum).await.expect("asked"), ["1901"]);
    let logic =
        format!("select count(*) from key_events where true{}", " or key_id = 1".repeat(900));
    assert!(ask(logic).await.is_ok());
    for (open, close, times) in
        [("(", ")", 1900), ("not ", "", 3000), ("abs(", ")", 1000), ("- ", "", 3900)]
    {
        let text = format!("select {}1{}", open.repeat(times), close.repeat(times));
        // Whether it is refused is the engine's business.
        let _answer = ask(text).await;
    }
    for (begin, open, middle, close, times) in [
        ("select * from ", "(select * from ", "key_events", ")", 40),
        ("select key_id", "::bigint", " from key_events", "", 1300),
        ("select 1", " union all select 1", "", "", 900),
        ("select count(*) from key_events", " join key_hours using (key_id)", "", "", 100),
    ] {
        let text = format!("{begin}{}{middle}{}", open.repeat(times), close.repeat(times));
        let _answer = ask(text).await;
    }
    let long = format!("select 1{}", "+1".repeat(200_000));
    assert_eq!(ask(long).await.expect_err("too long").code(), Code::SourceFailed);
}

#[tokio::test]
async fn small_files_are_joined_and_nothing_is_lost_or_counted_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = open(folder.path());
    for seconds in 0..40 {
        files.append(vec![event(1, 7, seconds, None)].into()).await.expect("written");
    }
    let count = async |files: &UsageFiles| {
        let hours = files.hours(KeyId(1), everything()).await.expect("read");
        let rows = sql(files, Viewer::Everything, "select count(*) from key_events").await;
        (hours.iter().map(|hour| hour.requests).sum::<u64>(), rows.expect("asked"))
    };
    assert_eq!(parquet(folder.path()).len(), 40);
    files.upkeep(at(60)).await.expect("tidied");
    // What was joined stays for questions that began before, and counts once.
    assert_eq!(parquet(folder.path()).len(), 41);
    assert_eq!(count(&files).await, (40, vec!["40".to_owned()]));
    files.append(vec![event(1, 7, 70, None)].into()).await.expect("written");
    drop(files);

    // A process that ended in between changes nothing.
    let files = open(folder.path());
    files.append(vec![event(1, 7, 80, None)].into()).await.expect("written");
    assert_eq!(count(&files).await, (42, vec!["42".to_owned()]));

    // The day is over: it is summed up, joined into one file, and later swept.
    files.upkeep(at(86_400 * 2)).await.expect("tidied");
    assert_eq!(count(&files).await, (42, vec!["42".to_owned()]));
    let later = chrono::Utc::now() + TimeDelta::hours(2);
    files.upkeep(later.max(at(86_400 * 2))).await.expect("tidied");
    let left = parquet(&folder.path().join("usage/events"));
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(parquet(&folder.path().join("usage/hours")).len(), 1);
    assert_eq!(count(&files).await, (42, vec!["42".to_owned()]));

    // A record that comes late is summed up as well.
    files.append(vec![event(1, 7, 90, None)].into()).await.expect("written");
    assert_eq!(count(&files).await, (43, vec!["43".to_owned()]));
    files.upkeep(later).await.expect("tidied");
    assert_eq!(count(&files).await, (43, vec!["43".to_owned()]));
}

#[tokio::test]
async fn old_records_go_and_their_sums_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = UsageFileSettings { events_days: 10, ..UsageFileSettings::default() };
    let files = UsageFiles::local(folder.path(), settings).expect("opens");
    files.append(vec![event(1, 7, 0, None)].into()).await.expect("written");
    files.upkeep(at(86_400 * 5)).await.expect("tidied");
    assert_eq!(parquet(&folder.path().join("usage/events")).len(), 1);
    files.upkeep(at(86_400 * 11)).await.expect("tidied");
    assert!(parquet(&folder.path().join("usage/events")).is_empty());
    assert_eq!(files.hours(KeyId(1), everything()).await.expect("read").len(), 1);
    files.upkeep(at(86_400 * 800)).await.expect("tidied");
    assert!(files.hours(KeyId(1), everything()).await.expect("read").is_empty());
}

#[tokio::test]
async fn two_processes_write_beside_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, other) = (open(folder.path()), open(folder.path()));
    for seconds in 0..3 {
        one.append(vec![event(1, 7, seconds, None)].into()).await.expect("written");
        other.append(vec![event(1, 7, seconds, None)].into()).await.expect("written");
    }
    one.upkeep(at(86_400 * 2)).await.expect("tidied");
    other.upkeep(at(86_400 * 2)).await.expect("tidied");
    for files in [&one, &other] {
        let hours = files.hours(KeyId(1), everything()).await.expect("read");
        assert_eq!(hours.iter().map(|hour| hour.requests).collect::<Vec<_>>(), [6]);
    }
}

#[tokio::test]
async fn too_many_bytes_drop_the_oldest_records() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = UsageFileSettings { storage_bytes_max: 1, ..UsageFileSettings::default() };
    let files = UsageFiles::local(folder.path(), settings).expect("opens");
    files.append(vec![event(1, 7, 0, None)].into()).await.expect("written");
    files.upkeep(at(86_400 * 2)).await.expect("tidied");
    assert!(parquet(&folder.path().join("usage/events")).is_empty());
    assert_eq!(files.hours(KeyId(1), everything()).await.expect("read").len(), 1);
}
