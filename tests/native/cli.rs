//! The command line.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tessera_testkit::server::binary;

/// Runs a command on a data folder; returns its exit code, and what it printed.
pub(crate) fn tessera(data: &Path, arguments: &[&str], input: &str) -> (Option<i32>, String) {
    let mut child = Command::new(binary().expect("built"))
        .args(arguments)
        .arg("--data")
        .arg(data)
        .current_dir(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("written");
    let out = child.wait_with_output().expect("ends");
    let text =
        format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    (out.status.code(), text)
}

#[track_caller]
pub(crate) fn good(data: &Path, arguments: &[&str], input: &str) -> String {
    let (code, text) = tessera(data, arguments, input);
    assert_eq!(code, Some(0), "{arguments:?}: {text}");
    text
}

#[test]
fn a_server_can_be_set_up_and_asked_without_a_browser() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let create =
        ["users", "create", "ada@example.com", "--name", "Ada", "--admin", "--password-stdin"];
    let (code, text) = tessera(data, &create, "short\n");
    assert!(code != Some(0) && text.contains("at least 10 characters"), "{text}");
    good(data, &create, "correct horse battery\n");
    let users: Value =
        serde_json::from_str(&good(data, &["users", "list", "--json"], "")).expect("JSON");
    assert_eq!(users[0]["email"], "ada@example.com");
    let key =
        good(data, &["keys", "create", "ada@example.com", "--name", "test", "--days", "1"], "");
    assert!(key.trim().starts_with("tsr_usr_"), "{key}");
    let keys = good(data, &["keys", "list", "ada@example.com"], "");
    assert!(!keys.contains(key.trim()), "a key is shown once");
    let files = tempfile::tempdir().expect("a folder");
    let file = files.path().join("x.sqlite");
    rusqlite::Connection::open(&file)
        .expect("opens")
        .execute_batch("create table t (a); insert into t values (1), (2);")
        .expect("made");
    let option = format!("dbpath={}", file.display());
    good(data, &["sources", "create", "Lite", "--type", "sqlite", "-o", &option], "");
    assert_eq!(good(data, &["sources", "test", "1"], "").trim(), "ok");
    let out = data.join("out.json");
    let run = [
        "query",
        "run",
        "--source",
        "1",
        "--sql",
        "select sum(a) as s from t where a > {{ n }}",
        "-p",
        "n=1",
        "--format",
        "json",
        "--output",
        out.to_str().expect("utf8"),
    ];
    good(data, &run, "");
    let rows: Value = serde_json::from_slice(&std::fs::read(&out).expect("written")).expect("JSON");
    assert!(rows.to_string().contains(r#""s":2"#), "{rows}");
    let doctor = good(data, &["doctor", "--json"], "");
    let findings: Value = serde_json::from_str(&doctor).expect("JSON");
    assert!(
        findings.as_array().is_some_and(|list| list.iter().all(|one| one["state"] == json!("ok"))),
        "{doctor}"
    );
    let (code, text) = tessera(data, &["sources", "test", "99"], "");
    assert!(code != Some(0) && text.contains("there is no such data source"), "{text}");
}
