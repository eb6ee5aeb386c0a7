//! Uploaded files through real Parquet files and the SQL engine.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_schema::SchemaRef;
use async_trait::async_trait;
use tessera_bi::NewFile;
use tessera_bi::ports::{BatchSink, CancelSignal, Connector};
use tessera_kernel::ids::Uid;
use tessera_kernel::{COLUMN_KIND, Code, Fault, Result};
use tessera_lake::{UploadSettings, Uploads, files_source_type};
use tessera_sqltext::{Bind, Bound};

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
struct Sink {
    schema: Option<SchemaRef>,
    batches: Vec<RecordBatch>,
}

#[async_trait]
impl BatchSink for Sink {
    async fn begin(&mut self, schema: SchemaRef) -> Result<()> {
        self.schema = Some(schema);
        Ok(())
    }

    async fn batch(&mut self, batch: RecordBatch) -> Result<()> {
        self.batches.push(batch);
        Ok(())
    }
}

impl Sink {
    fn numbers(&self) -> Vec<i64> {
        let columns = self.batches.iter().map(|batch| batch.column(0).as_primitive::<Int64Type>());
        columns.flat_map(|column| column.values().to_vec()).collect()
    }

    fn kinds(&self) -> Vec<String> {
        let fields = self.schema.as_ref().expect("begun").fields();
        fields.iter().map(|field| field.metadata()[COLUMN_KIND].clone()).collect()
    }
}

async fn ask(connector: &dyn Connector, sql: &str, binds: Vec<Bind>) -> Result<Sink> {
    let bound = Bound { sql: sql.to_owned(), binds, display: String::new() };
    let mut sink = Sink::default();
    connector.run(&bound, 60, Arc::new(Never), &mut sink).await?;
    Ok(sink)
}

fn file(table: &str, file_name: &str, bytes: impl Into<Vec<u8>>) -> NewFile {
    NewFile {
        uid: Uid::from_u128(7),
        file_name: file_name.to_owned(),
        table: table.to_owned(),
        sheet: None,
        bytes: bytes.into().into(),
        at: "2026-01-02T03:04:05Z".parse().expect("a time"),
    }
}

const ORDERS: &str = "id,customer,total,paid\n1,ann,1.5,true\n2,bob,2.5,false\n3,ann,,true\n";

#[tokio::test]
async fn every_kind_of_file_becomes_a_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let uploads = Uploads::local(folder.path(), UploadSettings::default());
    assert!(!folder.path().join("files").exists(), "nothing is made before the first upload");
    let source = uploads.source(Uid::from_u128(1));
    let files = source.files().expect("it is made of files");
    assert!(files.list().await.expect("lists").is_empty());
    assert_eq!(files_source_type().name, "files");

    let orders = files.add(file("orders", "Orders.CSV", ORDERS)).await.expect("is read");
    assert_eq!((orders.rows, orders.file_name.as_str()), (3, "Orders.CSV"));
    files.add(file("tabs", "t.tsv", "a\tb\n1\t2\n")).await.expect("is read");
    let json = r#"[{"id": 1, "tags": ["x"], "who": {"name": "ü"}}, {"id": 2}]"#;
    files.add(file("docs", "d.json", json)).await.expect("is read");
    files.add(file("lines", "l.ndjson", "{\"id\": 7}\n\n{\"id\": 8}\n")).await.expect("is read");
    let path = std::fs::read_dir(folder.path().join("files").join(Uid::from_u128(1).to_string()))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.ends_with("orders.parquet"))
        .expect("a table");
    let bytes = std::fs::read(path).expect("is read");
    files.add(file("copy", "orders.parquet", bytes)).await.expect("is read");

    let listed: Vec<String> =
        files.list().await.expect("lists").into_iter().map(|file| file.table).collect();
    assert_eq!(listed, ["copy", "docs", "lines", "orders", "tabs"]);
    let tables = source.tables().await.expect("lists");
    let columns: Vec<String> =
        tables[3].columns.iter().map(|column| format!("{} {}", column.name, column.kind)).collect();
    assert_eq!(columns, ["id bigint", "customer text", "total double precision", "paid boolean"]);

    let sql = "select id, customer, total, paid from orders where customer = $1 order by id";
    let found = ask(&source, sql, vec![Bind::Text("ann".to_owned())]).await.expect("runs");
    assert_eq!(found.numbers(), [1, 3]);
    assert_eq!(found.kinds(), ["integer", "text", "float", "boolean"]);
    let sql = "select count(*), avg(o.total) from orders o join copy c on c.id = o.id \
               where c.id < $1";
    let found = ask(&source, sql, vec![Bind::Integer(3)]).await.expect("runs");
    assert_eq!(
        (found.numbers(), found.kinds()),
        (vec![2], vec!["integer".to_owned(), "float".to_owned()])
    );
    let found =
        ask(&source, "select id, tags, \"who.name\" from docs order by 1", Vec::new()).await;
    assert_eq!(found.expect("runs").kinds(), ["integer", "json", "text"]);
}

#[tokio::test]
async fn what_a_dead_process_left_half_written_goes_and_other_halves_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let uploads = Uploads::local(folder.path(), UploadSettings::default());
    let source = uploads.source(Uid::from_u128(1));
    let files = source.files().expect("it is made of files");
    files.add(file("orders", "orders.csv", ORDERS)).await.expect("is read");
    let tables = folder.path().join("files").join(Uid::from_u128(1).to_string());
    let half = |name: &str, at: &str| {
        let file = std::fs::File::create(tables.join(name)).expect("made");
        let at: tessera_kernel::Timestamp = at.parse().expect("a time");
        file.set_modified(at.into()).expect("dated");
    };
    half("old.partial", "2026-01-01T03:00:00Z");
    half("new.partial", "2026-01-02T03:00:00Z");
    files.add(file("orders", "orders.csv", ORDERS)).await.expect("is read");
    assert!(!tables.join("old.partial").exists());
    assert!(tables.join("new.partial").exists());
    assert_eq!(files.list().await.expect("lists").len(), 1);
}

#[tokio::test]
async fn a_workbook_of_the_old_kind_becomes_a_table() {
    const BOOK: &[u8] = include_bytes!("../../../core/formats/tests/guarantees/books/kinds.xls");
    let folder = tempfile::tempdir().expect("a folder");
    let source = Uploads::local(folder.path(), UploadSettings::default()).source(Uid::from_u128(1));
    let files = source.files().expect("files");
    let added = files.add(file("old", "Old.XLS", BOOK)).await.expect("is read");
    assert_eq!(added.rows, 5);
    let sql = "select id, \"when\", note from old where price > 0 and open order by 1";
    let found = ask(&source, sql, Vec::new()).await.expect("runs");
    assert_eq!(
        (found.numbers(), found.kinds().join(" ").as_str()),
        (vec![1], "integer timestamp text")
    );
    let fault = files.add(file("old", "t.xls", &BOOK[..700])).await.expect_err("is cut off");
    assert_eq!(fault.code(), Code::Invalid);
}

#[tokio::test]
async fn files_are_replaced_removed_and_kept_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let uploads = Uploads::local(folder.path(), UploadSettings::default());
    let (one, two) = (uploads.source(Uid::from_u128(1)), uploads.source(Uid::from_u128(2)));
    let files = one.files().expect("files");
    files.add(file("t", "t.csv", "n\n1\n")).await.expect("is read");
    files.add(file("t", "t.csv", "n\n2\n3\n")).await.expect("is read");
    let found = ask(&one, "select n from t order by n", Vec::new()).await.expect("runs");
    assert_eq!(found.numbers(), [2, 3]);
    assert!(ask(&two, "select n from t", Vec::new()).await.is_err(), "of another data source");
    // A file that cannot be read leaves what was there.
    for (name, bytes) in [
        ("t.csv", &b"n\n1,2,3\n"[..]),
        ("t.csv", b"\xff\xfe\xff"),
        ("t.csv", b""),
        ("t.json", b"{"),
        ("t.parquet", b"PAR1"),
        ("t.xlsx", b"PK"),
        ("t.xls", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"),
        ("t.exe", b"MZ"),
        ("t.json", b"[]"),
    ] {
        let fault = files.add(file("t", name, bytes)).await.expect_err(name);
        assert_eq!(fault.code(), Code::Invalid, "{name}: {fault}");
    }
    let found = ask(&one, "select n from t order by n", Vec::new()).await.expect("runs");
    assert_eq!(found.numbers(), [2, 3]);
    assert!(files.remove("t").await.expect("removes"));
    assert!(!files.remove("t").await.expect("removes"));
    assert!(ask(&one, "select n from t", Vec::new()).await.is_err());
    files.remove_all().await.expect("removes");
    files.remove_all().await.expect("does nothing");
}

#[tokio::test]
async fn texts_only_read_their_own_tables() {
    let folder = tempfile::tempdir().expect("a folder");
    let uploads = Uploads::local(folder.path(), UploadSettings::default());
    let source = uploads.source(Uid::from_u128(1));
    source.files().expect("files").add(file("t", "t.csv", "n\n1\n")).await.expect("is read");
    for sql in [
        "insert into t values (2)",
        "drop table t",
        "create external table x stored as csv location '/etc/passwd'",
        "copy t to '/tmp/x.csv'",
        "select * from '/etc/passwd'",
        "select * from information_schema.tables",
        "set datafusion.execution.batch_size = 1",
        "select $1 from t",
    ] {
        let fault: Fault = ask(&source, sql, Vec::new()).await.err().expect(sql);
        assert_eq!(fault.code(), Code::SourceFailed, "{sql}: {fault}");
    }
}

#[tokio::test]
async fn room_and_memory_and_time_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = UploadSettings {
        storage_bytes_max: 100,
        query_memory_bytes: 1 << 20,
        ..UploadSettings::default()
    };
    let uploads = Uploads::local(folder.path(), settings);
    let source = uploads.source(Uid::from_u128(1));
    let files = source.files().expect("files");
    let fault = files.add(file("t", "t.csv", ORDERS)).await.expect_err("no room");
    assert_eq!(fault.code(), Code::TooLarge, "{fault}");
    let none = folder.path().join("files").join(Uid::from_u128(1).to_string());
    assert_eq!(std::fs::read_dir(none).expect("a folder").count(), 0, "nothing is left behind");

    let settings = UploadSettings { query_memory_bytes: 1 << 20, ..UploadSettings::default() };
    let uploads = Uploads::local(folder.path(), settings);
    let source = uploads.source(Uid::from_u128(1));
    let numbers: String = (0..50_000).map(|n| format!("{n},text {n}\n")).collect();
    let text = format!("n,s\n{numbers}");
    source.files().expect("files").add(file("t", "t.csv", text)).await.expect("is read");
    let fault =
        ask(&source, "select s, count(*) from t group by s order by 2, 1", Vec::new()).await;
    let fault = fault.err().expect("too much memory");
    assert_eq!(fault.code(), Code::TooLarge, "{fault}");
    assert!(fault.detail().contains("files.query_memory_bytes"), "{fault}");
    let endless = "select count(*) from t a cross join t b where a.n + b.n = -1";
    let bound = Bound { sql: endless.to_owned(), binds: Vec::new(), display: String::new() };
    let uploads = Uploads::local(folder.path(), UploadSettings::default());
    let source = uploads.source(Uid::from_u128(1));
    let mut sink = Sink::default();
    let ended = source.run(&bound, 1, Arc::new(Never), &mut sink).await;
    assert_eq!(ended.expect_err("too long").code(), Code::TimedOut);
}

#[tokio::test]
async fn what_functions_make_of_a_batch_of_a_file_is_gone_with_the_batch() {
    let folder = tempfile::tempdir().expect("a folder");
    let uploads = Uploads::local(folder.path(), UploadSettings::default());
    let source = uploads.source(Uid::from_u128(1));
    let numbers: String = (0..200_000).map(|n| format!("{n},text {n}\n")).collect();
    let text = format!("n,s\n{numbers}");
    source.files().expect("files").add(file("t", "t.csv", text)).await.expect("is read");
    // Four hundred million bytes in all, of which no step keeps any.
    let sql = "select count(*) from t where replace(s || repeat('x', 1000), 'x', 'y') = 'none'";
    assert_eq!(ask(&source, sql, Vec::new()).await.expect("runs").numbers(), [0]);
    let sql = "select max(length(s || repeat('x', 1000)))::bigint from t";
    assert_eq!(ask(&source, sql, Vec::new()).await.expect("runs").numbers(), [1011]);
    // Beside each other they are kept together.
    let many: Vec<String> = (0..40).map(|n| format!("max(length(rpad(s, {n} + 1000)))")).collect();
    let fault = ask(&source, &format!("select {} from t", many.join(", ")), Vec::new()).await;
    let fault = fault.err().expect("too much");
    assert!(fault.detail().contains("of some thousand rows"), "{fault}");
}
