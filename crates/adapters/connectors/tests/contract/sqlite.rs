//! What only SQLite has: columns without types, and doors to other files.

use serde_json::json;
use tessera_bi::ports::Connectors;
use tessera_connectors::{AllConnectors, ConnectorSettings};
use tessera_kernel::Code;

use crate::engines::sqlite;

#[tokio::test]
async fn a_value_that_does_not_fit_its_column_starts_it_anew() {
    let engine = sqlite("create table t (a integer)");
    let text = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 500)
                select case when i = 400 then 'odd' else i end as v, i from n";
    let rows = engine.run(text).await.expect("runs");
    assert_eq!(rows.0.begun, 2, "begun, and begun anew");
    assert_eq!([rows.kind(0), rows.kind(1)], ["json", "integer"]);
    let cells = rows.first();
    assert_eq!(cells.len(), 500);
    assert_eq!([&cells[0], &cells[399]], [&json!(1), &json!("odd")]);
}

#[tokio::test]
async fn declared_types_count_where_there_are_no_values() {
    let engine = sqlite(
        "create table t (a integer, b boolean, c decimal(10, 2), d blob, e);
         insert into t values (null, null, null, null, null), (1, 1, 2, x'00ff', 'x');",
    );
    let rows = engine.run("select * from t").await.expect("runs");
    let kinds: Vec<&str> = (0..5).map(|column| rows.kind(column)).collect();
    assert_eq!(kinds, ["integer", "boolean", "float", "bytes", "text"]);
    let nothing = engine.run("select * from t where a > 5").await.expect("runs");
    assert_eq!(nothing.kind(1), "boolean");
}

#[tokio::test]
async fn nothing_can_be_written_and_no_other_file_read() {
    let engine = sqlite("create table t (a integer); insert into t values (1);");
    let other = engine._folder.path().join("other.sqlite");
    rusqlite::Connection::open(&other)
        .expect("opens")
        .execute_batch("create table s (a)")
        .expect("made");
    let attach = format!("attach '{}' as o; select * from o.s", other.display());
    let into = format!("vacuum into '{}'; select 1", engine._folder.path().join("new").display());
    for text in [
        attach.as_str(),
        into.as_str(),
        "insert into t values (2); select 1",
        "delete from t returning a",
        "create table u (a); select 1",
        "create temp table u (a); select 1",
        "drop table t; select 1",
        "pragma writable_schema = on; select 1",
        "pragma query_only = off; select 1",
        "pragma journal_mode = delete",
        "select load_extension('/tmp/x.so')",
        "select writefile('/tmp/x', 'x')",
        "select readfile('/etc/passwd')",
        "select * from fsdir('/etc')",
    ] {
        let fault = engine.run(text).await.err().unwrap_or_else(|| panic!("{text} was run"));
        assert_eq!(fault.code(), Code::SourceFailed, "{text}: {fault}");
    }
    assert_eq!(engine.run("select a from t").await.expect("runs").first(), [json!(1)]);
    assert!(!engine._folder.path().join("new").exists());
    engine.run("select * from pragma_table_info('t')").await.expect("telling pragmas are open");
}

#[test]
fn files_in_closed_folders_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (open, closed) = (folder.path().join("open"), folder.path().join("closed"));
    for folder in [&open, &closed] {
        std::fs::create_dir(folder).expect("made");
        rusqlite::Connection::open(folder.join("x.sqlite"))
            .expect("opens")
            .execute_batch("create table t (a)")
            .expect("made");
    }
    std::os::unix::fs::symlink(closed.join("x.sqlite"), open.join("link.sqlite")).expect("linked");
    let connectors = AllConnectors::new(ConnectorSettings {
        sqlite_denied_folders: vec![folder.path().to_owned()],
        sqlite_allowed_folders: vec![open.clone()],
        ..Default::default()
    });
    let check = |path: std::path::PathBuf| connectors.check("sqlite", &json!({ "dbpath": path }));
    assert!(check(open.join("x.sqlite")).is_ok());
    for path in [
        closed.join("x.sqlite"),
        open.join("../closed/x.sqlite"),
        open.join("link.sqlite"),
        open.clone(),
    ] {
        let fault = check(path.clone()).expect_err("closed");
        assert_eq!(fault.field(), Some("options.dbpath"), "{}", path.display());
    }
}

#[tokio::test]
async fn full_text_tables_can_be_searched() {
    let engine = sqlite(
        "create virtual table f using fts5(body); insert into f values ('red apple'), ('pear');",
    );
    let rows = engine.run("select body from f where f match 'apple'").await.expect("runs");
    assert_eq!(rows.first(), [json!("red apple")]);
}

#[tokio::test]
async fn a_huge_value_is_refused() {
    let engine = sqlite("create table t (a integer)");
    let fault = engine.run("select length(zeroblob(900000000) || 'x')").await.err().expect("fails");
    assert_eq!(fault.code(), Code::SourceFailed);
    assert!(fault.detail().contains("too big"), "{fault}");
    let fault = engine.run(" ; -- nothing").await.err().expect("fails");
    assert_eq!(fault.detail(), "Query completed but it returned no data.");
}

#[tokio::test]
async fn a_column_tells_how_it_was_declared_or_stored() {
    let engine = sqlite("create table t (a varchar(9)); insert into t values ('x')");
    let rows = engine.run("select a, 1.5 as b, 'x' as c from t").await.expect("runs");
    let types: Vec<&str> = (0..3)
        .map(|column| {
            rows.schema().field(column).metadata()[tessera_kernel::COLUMN_SOURCE_TYPE].as_str()
        })
        .collect();
    assert_eq!(types, ["sqlite:varchar(9)", "sqlite:REAL", "sqlite:TEXT"]);
}
