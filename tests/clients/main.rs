//! Published clients, unchanged, against the real binary. `dev/setup` installs them.

mod metabase;

use std::path::PathBuf;
use std::process::Command;

use tessera_e2e::{Engine, Shop, options};
use tessera_testkit::server::{Server, binary};

/// The Python of the environment that `dev/setup` made, beside what cargo builds.
fn python() -> PathBuf {
    let binary = binary().expect("built");
    let python = binary
        .ancestors()
        .map(|folder| folder.join("clients/bin/python"))
        .find(|python| python.exists());
    python.expect("the clients are not installed; run dev/setup")
}

fn key_of_the_admin(shop: &Shop) -> String {
    let me = shop.admin.get("/api/users/1").expect("answers").ok().expect("good");
    me["api_key"].as_str().expect("a key").to_owned()
}

fn drive(script: &str, arguments: &[&str]) {
    let out = Command::new(python())
        .arg(format!("{}/clients/{script}", env!("CARGO_MANIFEST_DIR")))
        .args(arguments)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("runs");
    let text =
        format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success() && text.contains("ok"), "{arguments:?}: {text}");
}

fn redash_toolbelt(engine: Engine, kind: &str) {
    let shop = Shop::open(options(engine).expect("an engine")).expect("opens");
    let source = if kind == "pg" { shop.postgres } else { shop.sqlite }.to_string();
    let (url, key) = (shop.server.url(), key_of_the_admin(&shop));
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().to_str().expect("a path");
    drive("drive_redash_toolbelt.py", &[url, &key, &source, place]);
}

#[test]
fn redash_toolbelt_works_on_postgresql() {
    redash_toolbelt(Engine::Sqlite, "pg");
}

#[test]
fn redash_toolbelt_works_on_sqlite() {
    redash_toolbelt(Engine::Postgres, "sqlite");
}

#[test]
fn redash_migrate_moves_everything_to_another_server() {
    let origin = Shop::open(options(Engine::Sqlite).expect("an engine")).expect("opens");
    let (target, admin) =
        Server::set_up(options(Engine::Postgres).expect("an engine")).expect("starts");
    let me = admin.get("/api/users/1").expect("answers").ok().expect("good");
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = [
        origin.server.url(),
        &key_of_the_admin(&origin),
        target.url(),
        me["api_key"].as_str().expect("a key"),
        folder.path().to_str().expect("a path"),
        &origin.sqlite.to_string(),
    ];
    drive("drive_redash_migrate.py", &arguments);
}
