//! Published clients, unchanged, against the real binary. `dev/setup` installs them.

mod metabase;

use std::path::PathBuf;
use std::process::Command;

use tessera_e2e::{Engine, Shop, options};
use tessera_testkit::server::binary;

/// The Python of the environment that `dev/setup` made, beside what cargo builds.
fn python() -> PathBuf {
    let binary = binary().expect("built");
    let python = binary
        .ancestors()
        .map(|folder| folder.join("clients/bin/python"))
        .find(|python| python.exists());
    python.expect("the clients are not installed; run dev/setup")
}

fn redash_toolbelt(engine: Engine, kind: &str) {
    let shop = Shop::open(options(engine).expect("an engine")).expect("opens");
    let me = shop.admin.get("/api/users/1").expect("answers").ok().expect("good");
    let source = if kind == "pg" { shop.postgres } else { shop.sqlite };
    let folder = tempfile::tempdir().expect("a folder");
    let out = Command::new(python())
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/clients/drive_redash_toolbelt.py"))
        .args([shop.server.url(), me["api_key"].as_str().expect("a key"), &source.to_string()])
        .arg(folder.path())
        .output()
        .expect("runs");
    let text =
        format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success() && text.contains("ok"), "{engine:?} {kind}: {text}");
}

#[test]
fn redash_toolbelt_works_on_postgresql() {
    redash_toolbelt(Engine::Sqlite, "pg");
}

#[test]
fn redash_toolbelt_works_on_sqlite() {
    redash_toolbelt(Engine::Postgres, "sqlite");
}
