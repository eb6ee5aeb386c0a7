//! Who may depend on whom. A new edge between crates needs a line here and in ARCHITECTURE.md.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// What each of our crates may see of our crates.
const ALLOWED: [(&str, &[&str]); 20] = [
    ("kernel", &[]),
    ("access", &["kernel"]),
    ("sqltext", &["kernel"]),
    ("formats", &["kernel"]),
    ("bi", &["kernel", "access", "sqltext", "formats"]),
    ("store", &["kernel", "access", "bi", "sqltext"]),
    ("lake", &["kernel", "access", "bi", "sqltext", "formats"]),
    ("connectors", &["kernel", "bi", "sqltext", "formats"]),
    ("identity", &["kernel", "access"]),
    ("channels", &["kernel", "access", "bi"]),
    ("httpkit", &["kernel", "access", "formats"]),
    ("api", &["kernel", "access", "bi", "sqltext", "formats", "httpkit"]),
    ("redash", &["kernel", "access", "bi", "sqltext", "formats", "httpkit"]),
    ("metabase", &["kernel", "access", "bi", "httpkit"]),
    ("web", &["kernel", "access", "bi", "sqltext", "formats", "httpkit"]),
    ("runtime", &["kernel", "access", "bi", "sqltext"]),
    (
        "app",
        &[
            "kernel",
            "access",
            "sqltext",
            "formats",
            "bi",
            "store",
            "lake",
            "connectors",
            "identity",
            "channels",
            "httpkit",
            "api",
            "redash",
            "metabase",
            "web",
            "runtime",
        ],
    ),
    ("testkit", &[]),
    ("e2e", &["testkit", "kernel", "access", "api", "redash", "metabase", "web", "app"]),
    ("bench", &["kernel", "access", "store", "testkit"]),
];

/// What the core must not see.
const FORBIDDEN_IN_CORE: [&str; 12] = [
    "axum",
    "hyper",
    "http",
    "tower",
    "tower-http",
    "reqwest",
    "ureq",
    "sqlx",
    "rusqlite",
    "tokio-postgres",
    "object_store",
    "figment",
];

const CORE: [&str; 5] = ["kernel", "access", "sqltext", "formats", "bi"];

/// Our packages and what they need, tests aside.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata runs");
    let metadata: Value = serde_json::from_slice(&out.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let needs = package["dependencies"].as_array().expect("dependencies");
            let names = needs
                .iter()
                .filter(|need| need["kind"].is_null())
                .filter_map(|need| need["name"].as_str().map(str::to_owned))
                .collect();
            (package["name"].as_str().expect("a name").to_owned(), names)
        })
        .collect()
}

#[test]
fn crates_see_only_what_the_rings_allow() {
    let dependencies = dependencies();
    assert_eq!(dependencies.len(), ALLOWED.len(), "a crate is missing in the table");
    for (name, allowed) in ALLOWED {
        let needs = &dependencies[&format!("tessera-{name}")];
        for need in needs.iter().filter_map(|need| need.strip_prefix("tessera-")) {
            assert!(allowed.contains(&need), "{name} must not see {need}");
        }
    }
}

#[test]
fn the_core_knows_no_http_and_no_database() {
    let dependencies = dependencies();
    for name in CORE {
        for need in &dependencies[&format!("tessera-{name}")] {
            assert!(!FORBIDDEN_IN_CORE.contains(&need.as_str()), "{name} must not see {need}");
        }
    }
}
