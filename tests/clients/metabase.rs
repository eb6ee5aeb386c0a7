//! Clients of the Metabase API: what its documentation shows, and the published command line client.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, Shop, options};
use tessera_testkit::server::binary;

const GROUPS: &str = r#"["Administrators","All Users"]"#;

/// A shop with a key of its administrators.
fn shop_with_key(engine: tessera_e2e::Engine) -> (Shop, String) {
    let shop = Shop::open(options(engine).expect("an engine")).expect("opens");
    let groups = shop.admin.get("/api/permissions/group").expect("answers").ok().expect("good");
    let admins = groups[0]["id"].clone();
    let body = json!({ "name": "client", "group_id": admins });
    let made = shop.admin.post("/api/api-key", &body).expect("answers").ok().expect("made");
    let key = made["unmasked_key"].as_str().expect("a key").to_owned();
    (shop, key)
}

/// What a program prints; its errors are in the message if it fails.
fn output(command: &mut Command) -> String {
    let out = command.output().expect("runs");
    let errors = String::from_utf8_lossy(&out.stderr);
    let text = String::from_utf8_lossy(&out.stdout).trim().to_owned();
    assert!(out.status.success(), "{text}\n{errors}");
    text
}

#[test]
fn the_documented_curl_request_lists_the_groups() {
    for engine in ENGINES {
        let (shop, key) = shop_with_key(engine);
        let url = format!("{}/api/permissions/group", shop.server.url());
        let text = output(
            Command::new("curl")
                .args(["-s", "-H"])
                .arg(format!("x-api-key: {key}"))
                .args(["-X", "GET", &url]),
        );
        let groups: Value = serde_json::from_str(&text).expect("JSON");
        let names: Vec<&Value> =
            groups.as_array().expect("a list").iter().map(|group| &group["name"]).collect();
        assert_eq!(json!(names).to_string(), GROUPS);
    }
}

#[test]
fn the_documented_fetch_request_lists_the_groups() {
    for engine in ENGINES {
        let (shop, key) = shop_with_key(engine);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/drive_metabase_fetch.js");
        let mut node = Command::new("node");
        let text = output(node.args([script, shop.server.url()]).env("METABASE_API_KEY", &key));
        assert_eq!(text, GROUPS);
    }
}

/// The command line client that `dev/setup` installed, beside what cargo builds.
fn command_line() -> PathBuf {
    let binary = binary().expect("built");
    let client = binary
        .ancestors()
        .map(|folder| folder.join("clients-node/node_modules/.bin/mb"))
        .find(|client| client.exists());
    client.expect("the clients are not installed; run dev/setup")
}

#[test]
fn the_published_command_line_client_signs_in() {
    for engine in ENGINES {
        let (shop, key) = shop_with_key(engine);
        let home = tempfile::tempdir().expect("a folder");
        let run = |args: &[&str]| {
            let mut client = Command::new(command_line());
            // No key ring and no settings of whoever runs this.
            client.env_clear().env("HOME", home.path()).env("XDG_CONFIG_HOME", home.path());
            client.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("CI", "1");
            client.args(args);
            client
        };
        let url = shop.server.url();
        let text = output(&mut run(&["auth", "login", "--url", url, "--api-key", &key, "--json"]));
        assert!(text.contains("client") && text.contains("v0.58.0"), "{text}");
        let status = output(&mut run(&["auth", "status", "--json"]));
        assert!(status.contains(url) && !status.contains(&key), "{status}");
        let bad = format!("mb_{}=", "A".repeat(43));
        let refused = run(&["auth", "login", "--url", url, "--api-key", &bad, "--json"]);
        let refused = { refused }.output().expect("runs");
        assert!(!refused.status.success(), "a bad key is refused");
    }
}
