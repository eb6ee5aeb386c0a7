//! Query Results over real result files: what every connector promises.

#![expect(clippy::disallowed_methods, reason = "tests may look at the real time")]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use async_trait::async_trait;
use futures::StreamExt as _;
use tessera_bi::SCHEMA_UNSUPPORTED;
use tessera_bi::ports::{BatchSink, CancelSignal, Connector, ResultFiles, ResultTable};
use tessera_kernel::ids::Uid;
use tessera_kernel::{COLUMN_KIND, Code, Result};
use tessera_lake::{Lake, ResultEngine, ResultJoins};
use tessera_sqltext::{Bind, Bound};
use tokio::sync::Notify;

/// Longest value that is made, in bytes.
const VALUE: usize = 16 << 20;

struct World {
    _folder: tempfile::TempDir,
    joins: Arc<dyn Connector>,
}

fn field(name: &str, physical: DataType, kind: &str) -> Field {
    let metadata = HashMap::from([(COLUMN_KIND.to_owned(), kind.to_owned())]);
    Field::new(name, physical, true).with_metadata(metadata)
}

/// A table with every kind of column, and one with many rows.
async fn world(memory_bytes: usize) -> World {
    let folder = tempfile::tempdir().expect("a folder");
    let lake = Lake::local(folder.path().to_owned()).expect("opens");
    let moment = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let schema = Arc::new(Schema::new(vec![
        field("Id", DataType::Int64, "integer"),
        field("Unit Price", DataType::Utf8, "decimal"),
        field("paid", DataType::Boolean, "boolean"),
        field("day", DataType::Date32, "date"),
        field("at", moment, "timestamptz"),
        field("note", DataType::Utf8, "text"),
        field("note", DataType::Utf8, "json"),
    ]));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![Some(1), Some(2), None])),
        Arc::new(StringArray::from(vec![Some("10.50"), None, Some("-1")])),
        Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])),
        Arc::new(Date32Array::from(vec![Some(18_262), None, Some(18_293)])),
        Arc::new(
            TimestampMicrosecondArray::from(vec![Some(1_577_934_245_678_000), None, Some(0)])
                .with_timezone("UTC"),
        ),
        Arc::new(StringArray::from(vec![Some("it's"), None, Some("漢")])),
        Arc::new(StringArray::from(vec![Some("{}"), None, Some("[1]")])),
    ];
    let small = write(&lake, &schema, vec![columns]).await;
    let schema = Arc::new(Schema::new(vec![
        field("n", DataType::Int64, "integer"),
        field("text", DataType::Utf8, "text"),
    ]));
    let many = (0..100_i64).map(|part| {
        let numbers: Vec<i64> = (part * 1000..(part + 1) * 1000).collect();
        let texts = numbers.iter().map(|number| Some(format!("text {number}")));
        let texts: StringArray = texts.collect();
        vec![Arc::new(Int64Array::from(numbers)) as ArrayRef, Arc::new(texts) as ArrayRef]
    });
    let large = write(&lake, &schema, many.collect()).await;
    let table = |name: &str, file| ResultTable { name: name.to_owned(), file };
    let joins = ResultJoins::new(ResultEngine::new(lake, memory_bytes, VALUE))
        .over(vec![table("query_1", small), table("cached_query_2", large)])
        .expect("it joins");
    World { _folder: folder, joins }
}

async fn write(lake: &Lake, schema: &SchemaRef, batches: Vec<Vec<ArrayRef>>) -> Uid {
    let uid = Uid::now_v7();
    let mut writer = lake.create(uid).await.expect("created");
    writer.begin(Arc::clone(schema)).await.expect("begun");
    for columns in batches {
        let batch = RecordBatch::try_new(Arc::clone(schema), columns).expect("fits");
        writer.batch(batch).await.expect("written");
    }
    writer.finish().await.expect("finished");
    uid
}

#[derive(Default)]
struct Kept {
    schema: Option<SchemaRef>,
    batches: Vec<RecordBatch>,
    /// After how many batches no more are taken.
    most: Option<usize>,
}

#[async_trait]
impl BatchSink for Kept {
    async fn begin(&mut self, schema: SchemaRef) -> Result<()> {
        self.schema = Some(schema);
        Ok(())
    }

    async fn batch(&mut self, batch: RecordBatch) -> Result<()> {
        if self.most.is_some_and(|most| self.batches.len() >= most) {
            return Err(tessera_kernel::Fault::new(Code::TooLarge, "enough"));
        }
        self.batches.push(batch);
        Ok(())
    }
}

impl Kept {
    fn rows(&self) -> Vec<String> {
        let shown = |batch: &RecordBatch, row| {
            let cells = batch.columns().iter().map(|column| {
                arrow_cast::display::array_value_to_string(column, row).expect("shown")
            });
            cells.collect::<Vec<_>>().join("|")
        };
        let each = |batch: &RecordBatch| {
            (0..batch.num_rows()).map(|row| shown(batch, row)).collect::<Vec<_>>()
        };
        self.batches.iter().flat_map(each).collect()
    }

    fn kinds(&self) -> Vec<(String, String)> {
        let fields = self.schema.as_ref().expect("begun").fields();
        let pair = |field: &Arc<Field>| {
            (field.name().clone(), field.metadata().get(COLUMN_KIND).cloned().unwrap_or_default())
        };
        fields.iter().map(pair).collect()
    }
}

#[derive(Default)]
struct Stop(Notify);

#[async_trait]
impl CancelSignal for Stop {
    async fn cancelled(&self) {
        self.0.notified().await;
    }

    fn is_cancelled(&self) -> bool {
        false
    }
}

impl World {
    async fn ask(&self, sql: &str, binds: Vec<Bind>) -> Result<Kept> {
        let bound = Bound { sql: sql.to_owned(), binds, display: String::new() };
        let mut kept = Kept::default();
        self.joins.run(&bound, 60, Arc::new(Stop::default()), &mut kept).await?;
        Ok(kept)
    }

    async fn rows(&self, sql: &str) -> Vec<String> {
        let kept = self.ask(sql, Vec::new()).await;
        kept.unwrap_or_else(|fault| panic!("{sql}: {fault}")).rows()
    }

    async fn refusal(&self, sql: &str) -> tessera_kernel::Fault {
        self.ask(sql, Vec::new()).await.err().unwrap_or_else(|| panic!("{sql} is refused"))
    }
}

const MEMORY: usize = 256 << 20;

#[tokio::test]
async fn columns_keep_what_they_mean_under_clean_names() {
    let world = world(MEMORY).await;
    let kept = world.ask("select * from query_1 order by id", Vec::new()).await.expect("runs");
    let kinds = [
        ("Id", "integer"),
        ("Unit_Price", "float"),
        ("paid", "integer"),
        ("day", "date"),
        ("at", "timestamptz"),
        ("note", "text"),
        ("note1", "json"),
    ];
    assert_eq!(kept.kinds(), kinds.map(|(name, kind)| (name.to_owned(), kind.to_owned())));
    assert_eq!(
        kept.rows(),
        [
            "1|10.5|1|2020-01-01|2020-01-02T03:04:05.678Z|it's|{}",
            "2||0||||",
            "|-1.0||2020-02-01|1970-01-01T00:00:00Z|漢|[1]",
        ]
    );
    let kept = world.ask("select id, note from query_1 where id > 9", Vec::new()).await;
    assert_eq!(kept.expect("runs").kinds().len(), 2, "the columns of an empty result");
}

#[tokio::test]
async fn values_are_bound_in_every_position() {
    let world = world(MEMORY).await;
    let text = |text: &str| Bind::Text(text.to_owned());
    for (sql, binds, expected) in [
        ("select id from query_1 where note = ?1", vec![text("it's")], vec!["1"]),
        ("select id from query_1 where note = ?1", vec![text("' or 1=1 --")], vec![]),
        (
            "select ?1 || note as x from query_1 where id = ?2",
            vec![text("a'"), Bind::Integer(1)],
            vec!["a'it's"],
        ),
        (
            "select n from cached_query_2 where n in (?1, ?2) order by n desc",
            vec![Bind::Integer(7), Bind::Integer(9)],
            vec!["9", "7"],
        ),
        (
            "select n from cached_query_2 order by n limit ?1 offset ?2",
            vec![Bind::Integer(1), Bind::Integer(5)],
            vec!["5"],
        ),
        (
            "select count(*) from query_1 where day >= ?1",
            vec![Bind::Date("2020-01-15".parse().expect("a day"))],
            vec!["1"],
        ),
        (
            "select count(*) from query_1 where unit_price > ?1",
            vec![Bind::Decimal("-1.5".to_owned())],
            vec!["2"],
        ),
        (
            "select id from query_1 where id = 9; select id from query_1 where id = ?1;",
            vec![Bind::Integer(2)],
            vec!["2"],
        ),
        ("select iif(?1 = 'x', ?2, 0) as v", vec![text("x"), Bind::Integer(3)], vec!["3"]),
    ] {
        let kept = world.ask(sql, binds).await.unwrap_or_else(|fault| panic!("{sql}: {fault}"));
        assert_eq!(kept.rows(), expected, "{sql}");
    }
    let fault = world.ask("select ?2", vec![Bind::Integer(1)]).await.err().expect("no value");
    assert!(fault.detail().contains("?2"), "{fault}");
}

#[tokio::test]
async fn only_what_was_given_is_there_and_only_to_read() {
    let world = world(MEMORY).await;
    for sql in [
        "select * from query_3",
        "select * from information_schema.tables",
        "insert into query_1 select * from query_1",
        "create table x as select 1",
        "drop table query_1",
        "copy query_1 to '/tmp/x.csv'",
        "set x = 1",
        "select 1; drop table query_1",
    ] {
        assert_eq!(world.refusal(sql).await.code(), Code::SourceFailed, "{sql}");
    }
    assert!(world.refusal("select nope from query_1").await.detail().contains("nope"));
    assert_eq!(world.refusal("").await.code(), Code::SourceFailed);
    let deep = format!("select {}1{}", "(".repeat(3000), ")".repeat(3000));
    assert_eq!(world.refusal(&deep).await.code(), Code::SourceFailed);
    assert_eq!(world.rows("select count(*) from query_1").await, ["3"]);
    let fault = world.joins.tables().await.expect_err("none to list");
    assert_eq!(fault.detail(), SCHEMA_UNSUPPORTED);
    world.joins.test().await.expect("nothing to connect to");
}

#[tokio::test]
async fn a_run_ends_when_it_is_cancelled_takes_too_long_or_gives_too_much() {
    let world = world(MEMORY).await;
    // Ten thousand million pairs; two tables only, as what is joined of them is not kept.
    let endless = "select count(*) from cached_query_2 a, cached_query_2 b \
                   where sin(a.n) * cos(b.n) + sin(b.n) = 3";
    let bound =
        |sql: &str| Bound { sql: sql.to_owned(), binds: Vec::new(), display: String::new() };
    let (stop, mut kept) = (Arc::new(Stop::default()), Kept::default());
    let signal: Arc<dyn CancelSignal> = Arc::<Stop>::clone(&stop);
    stop.0.notify_one();
    let begun = Instant::now();
    let ended = world.joins.run(&bound(endless), 60, signal, &mut kept).await;
    assert_eq!(ended.expect_err("cancelled").code(), Code::Cancelled);
    let never = || Arc::new(Stop::default());
    let ended = world.joins.run(&bound(endless), 1, never(), &mut kept).await;
    assert_eq!(ended.expect_err("too long").code(), Code::TimedOut);
    assert!(begun.elapsed() < Duration::from_secs(20));
    let mut kept = Kept { most: Some(2), ..Kept::default() };
    let ended =
        world.joins.run(&bound("select * from cached_query_2"), 60, never(), &mut kept).await;
    assert_eq!(ended.expect_err("too much").code(), Code::TooLarge);
}

#[tokio::test]
async fn threads_are_free_again_when_a_question_without_end_is_given_up() {
    let never = "sin(a.n) * cos(b.n) + sin(b.n) = 3";
    let questions = [
        format!("select count(*) from cached_query_2 a, cached_query_2 b where {never}"),
        "select count(*) from cached_query_2 a, cached_query_2 b".to_owned(),
        format!("select count(*) from cached_query_2 a left join cached_query_2 b on {never}"),
        format!(
            "select count(*) from cached_query_2 a join cached_query_2 b \
             on length(a.text) = length(b.text) where {never}"
        ),
        "select count(*) from cached_query_2 where length(text) in \
         (select length(text) from cached_query_2)"
            .to_owned(),
        format!(
            "select count(*) from cached_query_2 a \
             where not exists (select 1 from cached_query_2 b where {never})"
        ),
        "with recursive t as (select 1 as x union all select x + 1 from t) select count(*) from t"
            .to_owned(),
        "select count(*) from generate_series(1, 1000000000000)".to_owned(),
    ];
    let asked = questions.iter().map(|question| async move {
        let world = world(MEMORY).await;
        let run = async |sql: &str, seconds| {
            let bound = Bound { sql: sql.to_owned(), binds: Vec::new(), display: String::new() };
            let mut kept = Kept::default();
            let never = Arc::new(Stop::default());
            world.joins.run(&bound, seconds, never, &mut kept).await.map(|()| kept.rows())
        };
        // One for each thread of the engine.
        let (one, other) = tokio::join!(run(question, 1), run(question, 1));
        for ended in [one, other] {
            let fault = ended.err().unwrap_or_else(|| panic!("no end: {question}"));
            assert_eq!(fault.code(), Code::TimedOut, "{question}: {fault}");
        }
        let rows = run("select count(*) from query_1", 20).await;
        assert_eq!(rows.unwrap_or_else(|fault| panic!("{question}: {fault}")), ["3"]);
    });
    // A few at a time, so that each has begun when its time is over.
    futures::stream::iter(asked).buffer_unordered(3).collect::<Vec<()>>().await;
}

#[tokio::test]
async fn a_short_text_makes_no_giants() {
    let world = world(MEMORY).await;
    assert_eq!(world.rows("select repeat('ab', 2) || lpad('7', 3, '0')").await, ["abab007"]);
    let bars = "select rpad(repeat('*', n), 3, '.') from cached_query_2 where n < 3 order by n";
    assert_eq!(world.rows(bars).await, ["...", "*..", "**."]);
    assert_eq!(world.rows("select repeat(note, id) from query_1 where id = 2").await, [""]);
    let plain = "select note || '-' || id, 'a' || null, replace('abab', 'b', 'cd'), \
                 regexp_replace('abab', 'b', '[\\0]', 'g'), concat('a', null, 1), \
                 concat_ws(', ', 'a', 'b') from query_1 where id = 1";
    assert_eq!(world.rows(plain).await, ["it's-1||acdacd|a[b]a[b]|a1|a, b"]);
    for sql in [
        "select n + n as n from (select n + n as n from (select 1 as n))",
        "select n + n as n from (select n + n as n from (select n from cached_query_2 where n = 1))",
        "select t.n * 2 as n from (select n + n as n from (select 1 as n)) as t",
    ] {
        assert_eq!(world.rows(sql).await, ["4"], "the same name again is another value: {sql}");
    }
    let grouped = "select note || '!' as shown, count(*) from query_1 where note is not null \
                   group by note || '!' order by note || '!'";
    assert_eq!(world.rows(grouped).await, ["it's!|1", "漢!|1"]);
    for sql in [
        "select repeat('x', 2000000000)",
        "select lpad('x', 2000000000)",
        "select max(length(rpad(text, 1000000))) from cached_query_2",
        "select max(length(repeat(text, n * 1000))) from cached_query_2",
        "select repeat(arrow_cast('x', 'LargeUtf8'), 100000000000)",
        "select group_concat(text) over (order by n) from cached_query_2",
        "select 1 where exists (select array_agg(n) over () from cached_query_2)",
        // A value that grows with every step.
        "select replace(repeat('x', 1000000), 'x', repeat('y', 1000000))",
        "select max(length(replace(text || repeat('x', 9000), 'x', repeat('y', 9000)))) \
         from cached_query_2",
        "select regexp_replace(repeat('x', 1000000), 'x', repeat('y', 1000000), 'g')",
        "select regexp_replace(repeat('x', 1000000), '(x+)', repeat('\\1', 100))",
        "select concat(t, t) from (select repeat('x', 16000000) as t)",
        "select concat_ws(repeat('-', 9000000), '1', '2', '3')",
        "select overlay(t placing t from 1) || t from (select repeat('x', 16000000) as t)",
        "select string_agg(text, repeat(',', 50)) from cached_query_2",
        "select group_concat(text, repeat(',', 5000)) from cached_query_2",
        "select length(group_concat(repeat(text, 40))) from cached_query_2",
        "select count(x) from (select array_agg(repeat(text, 40)) as x from cached_query_2)",
    ] {
        assert_eq!(world.refusal(sql).await.code(), Code::SourceFailed, "{sql}");
    }
    assert_eq!(world.rows("select length(group_concat(id)) from query_1").await, ["3"]);
    // Twice as long with every step, of one row and of many.
    for start in ["select 'x' as t", "select text as t from cached_query_2"] {
        let mut sql = start.to_owned();
        for _ in 0..40 {
            sql = format!("select t || t as t from ({sql})");
        }
        let fault = world.refusal(&format!("select max(length(t)) from ({sql})")).await;
        assert_eq!(fault.code(), Code::SourceFailed, "{fault}");
    }
    let fault = world.refusal("select repeat('x', 16777217)").await;
    assert!(fault.detail().contains("results.query_value_bytes_max"), "{fault}");
    // Many functions beside each other are one step.
    let many: Vec<String> =
        (0..40).map(|n| format!("max(length(rpad(text, {n} + 3000)))")).collect();
    let fault = world.refusal(&format!("select {} from cached_query_2", many.join(", "))).await;
    assert!(fault.detail().contains("of some thousand rows"), "{fault}");
}

#[tokio::test]
async fn a_question_gets_no_more_memory_than_it_may() {
    let world = world(1 << 20).await;
    let fault = world
        .refusal("select text, count(*) as n from cached_query_2 group by text order by n, text")
        .await;
    assert_eq!(fault.code(), Code::TooLarge);
    assert!(fault.detail().contains("results.query_memory_bytes"), "{fault}");
    assert_eq!(world.rows("select count(*) from cached_query_2").await, ["100000"]);
}
