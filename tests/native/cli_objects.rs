//! The command line: groups, users, queries, status, and a new sealing secret.

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::tessera as run;

#[track_caller]
fn json_of(data: &Path, arguments: &[&str]) -> Value {
    let (code, text) = run(data, &[arguments, &["--json"]].concat(), "");
    assert_eq!(code, Some(0), "{arguments:?}: {text}");
    serde_json::from_str(&text).expect(&text)
}

#[test]
fn people_and_objects_are_managed_at_the_machine() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let root = ["users", "create_root", "ada@example.com", "--name", "Ada"];
    let (code, text) = run(data, &root, "correct horse battery\n");
    assert_eq!(code, Some(0), "{text}");
    let link = json_of(data, &["users", "invite", "bob@example.com", "--name", "Bob"]);
    assert!(link["link"].as_str().is_some_and(|link| link.contains("/invite/")), "{link}");
    let bob = json_of(data, &["users", "grant_admin", "bob@example.com"]);
    assert_eq!(bob[0]["groups"].as_array().map(Vec::len), Some(2), "{bob}");
    let group = json_of(data, &["groups", "create", "Readers", "-p", "view_query"]);
    assert_eq!(group[0]["permissions"], json!(["view_query"]));
    let id = group[0]["id"].to_string();
    let changed = json_of(data, &["groups", "change_permissions", &id, "-p", "list_dashboards"]);
    assert_eq!(changed[0]["permissions"], json!(["list_dashboards"]));
    let (code, text) = run(data, &["groups", "change-permissions", &id, "-p", "fly"], "");
    assert!(code == Some(1) && text.contains("there is no \"fly\""), "{text}");
    let (code, text) = run(data, &["groups", "change-permissions", "1", "-p", "view_query"], "");
    assert!(code == Some(1) && text.contains("administrators keep"), "{text}");
    json_of(data, &["groups", "add-member", &id, "bob@example.com"]);
    json_of(data, &["groups", "remove-member", &id, "bob@example.com"]);
    json_of(data, &["users", "delete", "bob@example.com"]);
    let status = json_of(data, &["status"]);
    assert_eq!((&status["users"], &status["store"]), (&json!(1), &json!("SQLite")), "{status}");
    assert_eq!(json_of(data, &["org", "list"])[0]["users"], 1);
    assert_eq!(json_of(data, &["queries", "list"]), json!([]));
    assert_eq!(run(data, &["queries", "archive", "7"], "").0, Some(1));
    assert_eq!(run(data, &["queries", "archive"], "").0, Some(2), "wrong usage");
    assert_eq!(run(data, &["queries", "restore", "7", "1"], "").0, Some(1), "there is none");
}

#[test]
fn the_sealing_secret_is_changed_and_a_wrong_one_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let root = ["users", "create-root", "ada@example.com", "--name", "Ada"];
    assert_eq!(run(data, &root, "correct horse battery\n").0, Some(0));
    let options = ["-o", "dbname=x", "-o", "password=hunter2", "-o", "host=127.0.0.1"];
    let source = [&["sources", "create", "W", "--type", "pg"][..], &options].concat();
    json_of(data, &source);
    let file = data.join("secrets.toml");
    let before = std::fs::read_to_string(&file).expect("read");
    let done = json_of(data, &["database", "reencrypt"]);
    assert_eq!(done[0]["sealed"], done[0]["resealed"], "{done}");
    assert_eq!(done[0]["secret_version"], 2);
    let after = std::fs::read_to_string(&file).expect("read");
    assert_ne!(before, after);
    let edited = json_of(data, &["sources", "edit", "1", "--name", "V", "-o", "port=5433"]);
    assert_eq!(edited[0]["name"], "V", "its secrets still open");
    // With the secrets of before nothing can be opened, and nothing is changed.
    std::fs::write(&file, &before).expect("written");
    let (code, text) = run(data, &["database", "reencrypt"], "");
    assert!(code == Some(1) && text.contains("not the secrets of this store"), "{text}");
    assert_eq!(std::fs::read_to_string(&file).expect("read"), before);
    std::fs::write(&file, &after).expect("written");
    assert_eq!(json_of(data, &["database", "reencrypt", "--dry-run"])[0]["secrets"], 1);
}

#[test]
fn settings_are_shown_without_secrets_and_those_of_the_organisation_are_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let version = json_of(data, &["version"])["version"].clone();
    assert_eq!(run(data, &["version"], "").1.trim(), version.as_str().expect("a version"));
    let made = json_of(data, &["database", "create_tables"]);
    assert!(made[0]["schema_version"].as_i64().is_some_and(|version| version > 0), "{made}");
    let settings = json_of(data, &["check_settings"]);
    assert_eq!(settings["server.listen"], "127.0.0.1:5000");
    assert!(settings.as_object().is_some_and(|all| all.len() > 100));
    // The folder for everything is the only one that the test changes.
    let changed = json_of(data, &["settings", "--changed"]);
    let names: Vec<&String> = changed.as_object().into_iter().flatten().map(|one| one.0).collect();
    assert_eq!(names, ["data"]);
    let root = ["users", "create_root", "ada@example.com", "--name", "Ada"];
    assert_eq!(run(data, &root, "correct horse battery\n").0, Some(0));
    assert_eq!(json_of(data, &["org", "settings"])["date_format"], "DD/MM/YY");
    let set = ["org", "set", "date_format=YYYY-MM-DD", "disable_public_urls=true"];
    let settings = json_of(data, &set);
    assert_eq!(settings["date_format"], "YYYY-MM-DD");
    assert_eq!(json_of(data, &["org", "settings"])["disable_public_urls"], true);
    let settings = json_of(data, &["org", "set", "date_format=null"]);
    assert_eq!(settings["date_format"], "DD/MM/YY");
    let (code, text) = run(data, &["org", "set", "bogus=1"], "");
    assert!(code == Some(1) && text.contains("bogus"), "{text}");
    assert_eq!(run(data, &["org", "set", "bogus"], "").0, Some(1));
}

#[test]
fn an_option_of_digits_is_a_text_where_the_type_wants_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let root = ["users", "create-root", "ada@example.com", "--name", "Ada"];
    assert_eq!(run(data, &root, "correct horse battery\n").0, Some(0));
    let options = ["-o", "dbname=2026", "-o", "port=5432", "-o", "password=12345"];
    let new = [&["ds", "new", "W", "--type", "pg"][..], &options].concat();
    let made = json_of(data, &new);
    assert_eq!(made[0]["type"], "pg");
    let id = made[0]["id"].to_string();
    let edited = ["ds", "edit", &id, "-o", "password=67890", "-o", "dbname=2027"];
    assert_eq!(json_of(data, &edited)[0]["name"], "W");
    assert!(json_of(data, &["ds", "list_types"]).as_array().is_some_and(|all| all.len() > 10));
}
