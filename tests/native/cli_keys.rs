//! The lives of keys on the command line, beside a server that runs.
#![expect(clippy::disallowed_methods, reason = "it waits for a server that runs")]

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tessera_testkit::client::Client;
use tessera_testkit::server::{Options, Server, binary};

struct World {
    server: Server,
    admin: Client,
}

impl World {
    fn open() -> Self {
        let (server, admin) = Server::set_up(Options::default()).expect("starts");
        Self { server, admin }
    }

    fn run(&self, arguments: &[&str]) -> (bool, String) {
        run(self.server.data(), arguments)
    }

    #[track_caller]
    fn good(&self, arguments: &[&str]) -> String {
        let (success, text) = self.run(arguments);
        assert!(success, "{arguments:?}: {text}");
        text.trim().to_owned()
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let text = self.good(&[arguments, &["--json"]].concat());
        serde_json::from_str(&text).expect("JSON")
    }

    /// What a key is answered once the server has noticed what the command did.
    #[track_caller]
    fn becomes(&self, key: &str, expected: u16) {
        let client = self.server.anonymous().with_key(key);
        let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
        loop {
            let status = client.get("/v1/session").expect("answers").status;
            if status == expected {
                return;
            }
            assert!(std::time::Instant::now() < end, "still {status}, not {expected}");
            std::thread::yield_now();
        }
    }
}

fn run(data: &Path, arguments: &[&str]) -> (bool, String) {
    let out = Command::new(binary().expect("built"))
        .args(arguments)
        .arg("--data")
        .arg(data)
        .current_dir(data)
        .output()
        .expect("runs");
    let text =
        format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    (out.status.success(), text)
}

const ADA: &str = "admin@example.com";

#[test]
fn a_key_lives_its_life_on_the_command_line() {
    let world = World::open();
    let made = world.json(&["keys", "create", ADA, "--name", "job", "--grant", "session.read"]);
    let (id, text) = (made["id"].to_string(), made["key"].as_str().expect("a text"));
    world.becomes(text, 200);
    let shown = world.json(&["keys", "show", &id]);
    assert_eq!(shown["terms"]["grants"][0]["action"], "session.read");
    assert!(!shown.to_string().contains(text));
    world.good(&["keys", "disable", &id]);
    world.becomes(text, 401);
    world.good(&["keys", "enable", &id]);
    world.becomes(text, 200);
    let next = world.good(&["keys", "rotate", &id, "--overlap", "1h"]);
    world.becomes(&next, 200);
    let grace = world.json(&["keys", "list", ADA, "--state", "grace"]);
    assert_eq!(grace[0]["id"], made["id"]);
    world.good(&["keys", "revoke", &id]);
    world.becomes(text, 401);
    world.good(&["keys", "restore", &id]);
    world.becomes(text, 200);
    let (success, text) = world.run(&["keys", "bulk-revoke", "--dry-run"]);
    assert!(!success && text.contains("say which keys"), "{text}");
    let found = world.json(&["keys", "bulk-revoke", "--owner", ADA]);
    assert_eq!(found.as_array().map(Vec::len), Some(2));
    world.becomes(&next, 401);
}

#[test]
fn keys_as_code_are_made_from_digests_and_made_once() {
    let world = World::open();
    let made = world.json(&["keys", "digest", "--kind", "usr"]);
    let text = made["key"].as_str().expect("a text");
    let file = world.server.data().join("keys.toml");
    let write = |more: &str| {
        let [id, digest] = ["id", "digest"].map(|name| made[name].as_str().expect("a text"));
        let declared = format!(
            "[[key]]\nname = \"night\"\nowner = \"{ADA}\"\nkind = \"usr\"\nid = \"{id}\"\n\
             digest = \"{digest}\"\npepper = 1\n{more}"
        );
        assert!(!declared.contains(text), "no file holds the text of a key");
        std::fs::write(&file, declared).expect("written");
    };
    let narrow = "terms.grants = [{ action = \"session.read\" }]\n";
    write(narrow);
    let path = file.display().to_string();
    let plan = |flags: &[&str]| {
        let plan = world.json(&[&["keys", "apply", &path], flags].concat());
        plan[0]["plan"].as_str().expect("a word").to_owned()
    };
    assert_eq!(plan(&["--dry-run"]), "create");
    world.becomes(text, 401);
    assert_eq!(plan(&[]), "create");
    world.becomes(text, 200);
    assert_eq!(plan(&[]), "keep", "twice is once");
    write("");
    let (success, told) = world.run(&["keys", "apply", &path]);
    assert!(!success && told.contains("--allow-widening"), "{told}");
    assert_eq!(plan(&["--allow-widening"]), "change");
    write("revoked = true\n");
    assert_eq!(plan(&[]), "change");
    world.becomes(text, 401);
}

#[test]
fn keys_of_another_server_are_taken_over_as_digests() {
    let world = World::open();
    let file = world.server.data().join("keys.csv");
    let key = "k".repeat(40);
    std::fs::write(&file, format!("# owner,key\n{ADA},{key}\n")).expect("written");
    let path = file.display().to_string();
    let import = |flags: &[&str]| {
        world.json(&[&["keys", "import", "--redash-plaintext", &path], flags].concat())[0]["done"]
            .clone()
    };
    assert_eq!(import(&["--dry-run"]), "would be imported");
    assert_eq!(import(&[]), "imported");
    assert_eq!(import(&[]), "there already");
    world.becomes(&key, 200);
    let stored = std::fs::read(world.server.data().join("tessera.sqlite")).expect("there");
    let wal = std::fs::read(world.server.data().join("tessera.sqlite-wal")).unwrap_or_default();
    let inside = |bytes: &[u8]| bytes.windows(40).any(|part| part == key.as_bytes());
    assert!(!inside(&stored) && !inside(&wal));
}

#[test]
fn peppers_are_exchanged_while_the_server_runs() {
    let world = World::open();
    let made = world.admin.post("/v1/keys", &json!({ "name": "k" })).expect("answers");
    let text = made.ok().expect("good")["secret"].as_str().expect("a text").to_owned();
    world.good(&["keys", "rotate-pepper", "--delay-seconds", "0"]);
    let pid = world.server.pid().to_string();
    assert!(Command::new("kill").args(["-HUP", &pid]).status().expect("runs").success());
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !world.server.log().contains("the peppers were exchanged") {
        assert!(std::time::Instant::now() < end, "{}", world.server.log());
        std::thread::yield_now();
    }
    world.becomes(&text, 200);
    let fresh = world.good(&["keys", "create", ADA, "--name", "fresh"]);
    world.becomes(&fresh, 200);
    let (success, told) = world.run(&["keys", "remove-pepper", "1"]);
    assert!(!success && told.contains("still need pepper 1"), "{told}");
    // What was used is stored anew when the server ends, and what can be shown when it begins.
    let server = world.server.stop_and_restart().expect("restarts");
    let world = World { server, admin: world.admin };
    let counts = world.json(&["keys", "pepper-status"]);
    assert!(counts.to_string().contains("\"current\":true"), "{counts}");
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !world.run(&["keys", "remove-pepper", "1"]).0 {
        assert!(std::time::Instant::now() < end, "{}", world.good(&["keys", "pepper-status"]));
    }
    for key in [text.as_str(), &fresh, world.admin.key()] {
        world.becomes(key, 200);
    }
}
