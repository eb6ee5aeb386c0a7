//! What only DuckDB has: its types, its doors to other files, and its lock, in its real library.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use adbc_core::options::{AdbcVersion, OptionDatabase, OptionValue};
use adbc_core::{Connection as _, Database as _, Driver as _, Statement as _};
use adbc_driver_manager::{ManagedConnection, ManagedDriver};
use serde_json::json;
use tessera_bi::ports::{CancelSignal, Connectors as _};
use tessera_connectors::{AllConnectors, ConnectorSettings};
use tessera_kernel::Code;
use tokio::sync::Notify;

use crate::engines::{Engine, Sink, Stop, duckdb};

/// Where `dev/setup` puts the library.
fn library() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder above");
    let library = target.join("duckdb/node_modules/@duckdb/node-bindings-linux-x64/libduckdb.so");
    assert!(library.exists(), "{} is not there (run dev/setup)", library.display());
    library
}

/// Settings with the library, and limits that suit a test.
pub fn settings() -> ConnectorSettings {
    ConnectorSettings {
        batch_rows: 100,
        duckdb_library: Some(library()),
        duckdb_memory_bytes_max: 256 << 20,
        duckdb_threads: 2,
        ..ConnectorSettings::default()
    }
}

fn writer(path: &Path) -> ManagedConnection {
    let entry: &[u8] = b"duckdb_adbc_init";
    let mut driver =
        ManagedDriver::load_dynamic_from_filename(library(), Some(entry), AdbcVersion::V110)
            .expect("loads");
    let path = path.to_str().expect("a text").to_owned();
    let options = [(OptionDatabase::Other("path".to_owned()), OptionValue::String(path))];
    let database = driver.new_database_with_opts(options).expect("opens");
    database.new_connection().expect("connects")
}

fn write(connection: &mut ManagedConnection, text: &str) {
    let mut statement = connection.new_statement().expect("a statement");
    statement.set_sql_query(text).expect("is taken");
    statement.execute_update().unwrap_or_else(|error| panic!("{text}: {error}"));
}

/// Makes a file.
pub fn make(path: &Path, setup: &str) {
    let mut connection = writer(path);
    for text in setup.split(';').filter(|text| !text.trim().is_empty()) {
        write(&mut connection, text);
    }
}

/// Every file of a folder, with what is in it.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).expect("is read");
    let paths = entries.map(|entry| entry.expect("is read").path());
    let mut files: Vec<_> =
        paths.map(|path| (path.clone(), std::fs::read(&path).unwrap_or_default())).collect();
    files.sort();
    files
}

#[tokio::test]
async fn nothing_can_be_written_and_no_other_file_read() {
    let engine = duckdb(
        "create table t (a integer); insert into t values (1);
         create view passwords as select * from read_csv('/etc/passwd')",
    );
    let folder = engine._folder.path();
    make(&folder.join("other.duckdb"), "create table s (a integer)");
    let before = files(folder);
    let at = |name: &str| folder.join(name).display().to_string();
    let (own, other, new) = (at("test.duckdb"), at("other.duckdb"), at("new"));
    let attacks = [
        "select * from read_csv('/etc/passwd')".to_owned(),
        "select * from '/etc/passwd'".to_owned(),
        "from read_text('/etc/passwd')".to_owned(),
        "from read_blob('/etc/passwd')".to_owned(),
        "from read_json('/etc/passwd')".to_owned(),
        "from read_parquet('/etc/passwd')".to_owned(),
        "from parquet_metadata('/etc/passwd')".to_owned(),
        "from sniff_csv('/etc/passwd')".to_owned(),
        "from read_duckdb('/etc/passwd')".to_owned(),
        "from read_csv('http://127.0.0.1:1/x')".to_owned(),
        "from glob('/etc/*')".to_owned(),
        "from passwords".to_owned(),
        "select getenv('HOME')".to_owned(),
        format!("select size from read_blob('{own}')"),
        format!("select size from read_blob('{own}.wal')"),
        format!("from '{other}'"),
        format!("copy t to '{new}'; select 1"),
        format!("copy t to '{own}' (use_tmp_file false); select 1"),
        format!("copy t to '{own}.wal'; select 1"),
        format!("/* select */ copy t to '{own}.wal'"),
        format!("explain analyze copy t to '{own}.wal'"),
        "copy t from '/etc/passwd'; select 1".to_owned(),
        "copy (select 1) to '/dev/stdout'".to_owned(),
        format!("attach '{other}' as o; select * from o.s"),
        format!("attach '{own}' as o (read_write); select 1"),
        "attach ':memory:' as m; select 1".to_owned(),
        "install httpfs; select 1".to_owned(),
        "load httpfs; select 1".to_owned(),
        "load '/tmp/x.so'; select 1".to_owned(),
        "update extensions; select 1".to_owned(),
        format!("export database '{new}'; select 1"),
        format!("import database '{new}'; select 1"),
        "set enable_external_access = true; select 1".to_owned(),
        "set disabled_filesystems = ''; select 1".to_owned(),
        "set lock_configuration = false; select 1".to_owned(),
        "set memory_limit = '1TB'; select 1".to_owned(),
        "set global threads = 99; select 1".to_owned(),
        "set temp_directory = '/tmp'; select 1".to_owned(),
        "reset memory_limit; select 1".to_owned(),
        "pragma memory_limit = '1TB'; select 1".to_owned(),
        "pragma enable_profiling; select 1".to_owned(),
        "pragma import_database('/tmp'); select 1".to_owned(),
        "call enable_logging(); select 1".to_owned(),
        "select * from enable_logging(storage = 'stdout')".to_owned(),
        "from enable_profiling()".to_owned(),
        "from \"checkpoint\"()".to_owned(),
        "from query('from enable_logging()')".to_owned(),
        "from arrow_scan(1, 1, 1)".to_owned(),
        "checkpoint; select 1".to_owned(),
        "prepare p as copy t to 'x'; execute p".to_owned(),
        "create secret s (type s3); select 1".to_owned(),
        "create persistent secret s (type s3); select 1".to_owned(),
        "insert into t values (2); select 1".to_owned(),
        "delete from t; select 1".to_owned(),
        "with x as (select 5) insert into t from x".to_owned(),
        "create table u (a integer); select 1".to_owned(),
        "create or replace view t as select 5; select 1".to_owned(),
        "drop table t; select 1".to_owned(),
        "alter table t add column b integer; select 1".to_owned(),
    ];
    for text in &attacks {
        let fault = engine.run(text).await.err().unwrap_or_else(|| panic!("{text} was run"));
        assert_eq!(fault.code(), Code::SourceFailed, "{text}: {fault}");
    }
    assert_eq!(engine.run("select a from t").await.expect("runs").first(), [json!(1)]);
    assert_eq!(files(folder), before, "a file was made or changed");
    engine.run("pragma table_info('t')").await.expect("telling pragmas are open");
    engine.run("describe t").await.expect("tells");
}

#[tokio::test]
async fn what_a_run_makes_is_its_own() {
    let engine = duckdb("create table t (a integer); insert into t values (1), (2)");
    let text = "create temp table x as select a * 10 as a from t; insert into x values (7);
                set variable most = 15; select a from x where a < getvariable('most') order by a";
    assert_eq!(engine.run(text).await.expect("runs").first(), [json!(7), json!(10)]);
    assert!(engine.run("select * from x").await.is_err(), "a temporary table of another run");
    let memory =
        Engine { options: json!({ "dbpath": ":memory:" }), ..duckdb("create table t (a integer)") };
    let text = "create table x (a integer); insert into x values (5); select a from x";
    assert_eq!(memory.run(text).await.expect("runs").first(), [json!(5)]);
    assert!(memory.run("select a from x").await.is_err(), "a table of another run");
    assert!(memory.run("from read_csv('/etc/passwd')").await.is_err());
    let fault = memory.run("create table x (a integer)").await.err().expect("has no rows");
    assert_eq!(fault.detail(), "Query completed but it returned no data.");
}

#[tokio::test]
async fn rows_come_while_the_question_runs_and_stop_with_it() {
    let engine = duckdb("create table t (a integer)");
    let definitions = json!([{ "name": "n", "type": "number" }]);
    for (text, given) in [
        ("select i from range(1000000000000) r(i)", json!({})),
        ("select i + {{ n }} from range(1000000000000) r(i)", json!({ "n": 1 })),
    ] {
        let bound = engine.bind(text, &definitions, &given).expect("binds");
        let (stop, first) = (Arc::new(Stop::default()), Arc::new(Notify::new()));
        let mut sink = Sink::default();
        sink.first = Some(Arc::clone(&first));
        let connector = engine.connector();
        let signal: Arc<dyn CancelSignal> = Arc::<Stop>::clone(&stop);
        let running = connector.run(&bound, 600, signal, &mut sink);
        let stopping = async {
            first.notified().await;
            stop.stop();
        };
        let both = async { tokio::join!(running, stopping).0 };
        let ended = tokio::time::timeout(Duration::from_secs(20), both).await.expect("ends");
        assert_eq!(ended.expect_err("cancelled").code(), Code::Cancelled);
    }
    assert_eq!(engine.run("select 1").await.expect("runs").first(), [json!(1)]);
}

#[tokio::test]
async fn a_run_that_nobody_waits_for_gives_its_file_back() {
    let engine = duckdb("create table t (a integer)");
    let path = engine._folder.path().join("test.duckdb");
    let endless = "select count(*) from range(1000000000000) a where hash(range) = 1";
    let bound = engine.bind(endless, &json!([]), &json!({})).expect("binds");
    let connector = engine.connector();
    let mut sink = Sink::default();
    let running = connector.run(&bound, 600, Arc::new(Stop::default()), &mut sink);
    assert!(tokio::time::timeout(Duration::from_millis(300), running).await.is_err());
    // Another process can write the file only once it is closed here.
    let end = std::time::Instant::now() + Duration::from_secs(20);
    let other = loop {
        match Other::open(&path) {
            Some(other) => break other,
            None => assert!(std::time::Instant::now() < end, "the run goes on"),
        }
    };
    drop(other);
}

#[tokio::test]
async fn a_failure_in_the_middle_is_told_in_its_own_words() {
    let engine = duckdb("create table t (a integer)");
    let text = "select case when i = 100000 then error('odd row') else i::varchar end
                from range(200000) t(i)";
    let fault = engine.run(text).await.err().expect("fails");
    assert_eq!(fault.detail(), "Invalid Input Error: odd row");
    let sorted = "select count(*) from (from range(50000000) t(i) order by hash(i))";
    let fault = engine.run(sorted).await.err().expect("has no room");
    assert!(fault.detail().starts_with("Out of Memory Error"), "{fault}");
    assert_eq!(engine.run("select 1").await.expect("runs").first(), [json!(1)]);
}

/// Another process that has a file open for writing.
struct Other(Child);

impl Other {
    /// `None` if the file is locked.
    fn open(path: &Path) -> Option<Self> {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "duckdb::holds_a_file_for_another_test", "--ignored", "--nocapture"])
            .env("TESSERA_TEST_DUCKDB", path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        let out = child.stdout.take().expect("is piped");
        let opened = BufReader::new(out)
            .lines()
            .map_while(Result::ok)
            .any(|line| line.trim_end().ends_with("is open"));
        if opened {
            return Some(Self(child));
        }
        child.wait().expect("ended");
        None
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        self.0.wait().expect("ended");
    }
}

#[test]
#[ignore = "is the other process of other tests"]
fn holds_a_file_for_another_test() {
    let path = std::env::var_os("TESSERA_TEST_DUCKDB").expect("a path");
    let connection = writer(Path::new(&path));
    std::io::stdout().write_all(b"it is open\n").expect("is told");
    // Until the test that wants it is done.
    let _line = std::io::stdin().read_line(&mut String::new());
    drop(connection);
}

#[tokio::test]
async fn a_file_that_another_program_writes_is_told_so() {
    let engine = duckdb("create table t (a integer); insert into t values (1)");
    assert_eq!(engine.run("select a from t").await.expect("runs").first(), [json!(1)]);
    let other = Other::open(&engine._folder.path().join("test.duckdb"));
    let other = other.expect("nothing is kept open between runs");
    let fault = engine.run("select a from t").await.err().expect("is locked");
    assert_eq!(fault.code(), Code::SourceFailed);
    assert!(fault.detail().contains("another program has this DuckDB file open"), "{fault}");
    drop(other);
    assert_eq!(engine.run("select a from t").await.expect("runs").first(), [json!(1)]);
}

#[tokio::test]
async fn runs_of_the_same_file_share_it() {
    let engine = duckdb("create table t as select range as a from range(1000)");
    let text = "select count(*) from t x, t y where hash(x.a, y.a) % 2 < 5";
    let runs = (0..8).map(|_| engine.run(text));
    for rows in futures::future::join_all(runs).await {
        assert_eq!(rows.expect("runs").first(), [json!(1_000_000)]);
    }
}

#[tokio::test]
async fn members_of_structs_are_listed() {
    let engine = duckdb(
        "create table t (a integer, s struct(b integer, c struct(d varchar)));
         create schema other; create view other.v as select 1 as x",
    );
    let tables = engine.connector().tables().await.expect("lists");
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["test.main.t", "test.other.v"]);
    let columns: Vec<&str> = tables[0].columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(columns, ["a", "s", "s.b", "s.c", "s.c.d"]);
}

#[tokio::test]
async fn only_extensions_that_the_operator_lists_are_loaded() {
    let allowed = ConnectorSettings {
        duckdb_extensions: vec!["json".to_owned(), "nowhere".to_owned()],
        ..settings()
    };
    let with = |extensions: &str| Engine {
        connectors: AllConnectors::new(allowed.clone()),
        options: json!({ "dbpath": ":memory:", "extensions": extensions }),
        ..duckdb("create table t (a integer)")
    };
    let rows = with("json").run("select json_valid('{}')").await.expect("runs");
    assert_eq!(rows.first(), [json!(true)]);
    let fault = with("json, nowhere").run("select 1").await.err().expect("is not there");
    assert!(fault.detail().contains("nowhere"), "{fault}");
    let options = json!({ "dbpath": ":memory:", "extensions": "httpfs" });
    let fault = AllConnectors::new(allowed).check("duckdb", &options).expect_err("not listed");
    assert_eq!(fault.field(), Some("options.extensions"));
    assert!(fault.detail().contains("sources.duckdb_extensions"), "{fault}");
}

#[tokio::test]
async fn without_the_library_there_is_no_such_type() {
    let offers = |connectors: &AllConnectors| {
        connectors.types().iter().any(|offered| offered.name == "duckdb")
    };
    let without = AllConnectors::new(ConnectorSettings::default());
    assert!(!offers(&without));
    assert!(offers(&AllConnectors::new(settings())));
    let options = json!({ "dbpath": ":memory:" });
    let fault = without.check("duckdb", &options).expect_err("no library");
    assert_eq!(fault.code(), Code::Unsupported);
    assert!(fault.detail().contains("sources.duckdb_library"), "{fault}");
    let wrong = ConnectorSettings { duckdb_library: Some("/nowhere.so".into()), ..settings() };
    let wrong = Engine {
        connectors: AllConnectors::new(wrong),
        options,
        ..duckdb("create table t (a integer)")
    };
    let fault = wrong.run("select 1").await.err().expect("no library");
    assert!(fault.detail().contains("/nowhere.so"), "{fault}");
}

#[tokio::test]
async fn files_in_closed_folders_and_other_files_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (open, closed) = (folder.path().join("open"), folder.path().join("closed"));
    for folder in [&open, &closed] {
        std::fs::create_dir(folder).expect("made");
        make(&folder.join("x.duckdb"), "create table t (a integer)");
    }
    std::os::unix::fs::symlink(closed.join("x.duckdb"), open.join("link")).expect("linked");
    let settings = ConnectorSettings {
        sqlite_denied_folders: vec![folder.path().to_owned()],
        sqlite_allowed_folders: vec![open.clone()],
        ..settings()
    };
    let connectors = AllConnectors::new(settings.clone());
    let check = |path: PathBuf| connectors.check("duckdb", &json!({ "dbpath": path }));
    assert!(check(open.join("x.duckdb")).is_ok());
    for path in [closed.join("x.duckdb"), open.join("../closed/x.duckdb"), open.join("link")] {
        let fault = check(path.clone()).expect_err("closed");
        assert_eq!(fault.field(), Some("options.dbpath"), "{}", path.display());
    }
    let at = |path: &str| Engine {
        connectors: AllConnectors::new(settings.clone()),
        options: json!({ "dbpath": path }),
        ..duckdb("create table t (a integer)")
    };
    rusqlite::Connection::open(open.join("x.sqlite"))
        .expect("opens")
        .execute_batch("create table t (a)")
        .expect("made");
    for odd in ["md:x", "s3://x/y", "sqlite:/x", "/nowhere.duckdb"] {
        let fault = at(odd).run("select 1").await.err().unwrap_or_else(|| panic!("{odd} is open"));
        assert_eq!(fault.detail(), "unable to open database file", "{odd}");
    }
    let sqlite = open.join("x.sqlite");
    assert!(at(sqlite.to_str().expect("a text")).run("select 1").await.is_err());
    assert!(!Path::new("/nowhere.duckdb").exists(), "a file was made");
}
