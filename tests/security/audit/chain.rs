//! The audit log: what was done is in it, and whatever is done to it shows.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tessera_access::{AuditRecord, ChainHead};
use tessera_e2e::callers::World;
use tessera_e2e::{ENGINES, Engine, options};
use tessera_testkit::client::Client;
use tessera_testkit::postgres::Postgres;
use tessera_testkit::server::{Options, PASSWORD, Server, binary};

/// A server that is stopped, and what is left of it.
struct Remains {
    _server: Server,
    _folder: tempfile::TempDir,
    data: PathBuf,
    url: Option<String>,
}

impl Remains {
    /// Runs a server that has something to write down, and ends it.
    fn of(engine: Engine) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let options = Options { data: Some(data.clone()), ..options(engine).expect("an engine") };
        let url = options.database_url.clone();
        let (mut server, admin) = Server::set_up(options).expect("starts");
        for number in 0..4 {
            let body = json!({ "name": format!("group {number}") });
            admin.post("/v1/groups", &body).expect("answers").ok().expect("made");
        }
        server.terminate().expect("ends");
        Self { _server: server, _folder: folder, data, url }
    }

    /// Changes the database behind the server's back.
    fn sql(&self, text: &str) {
        match &self.url {
            None => {
                let file = rusqlite::Connection::open(self.data.join("tessera.sqlite"));
                file.expect("opens").execute_batch(text).expect("runs");
            }
            Some(url) => {
                let database = url.rsplit('/').next().expect("a name");
                Postgres::shared().sql(database, text).expect("runs");
            }
        }
    }

    fn tessera(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(binary().expect("built"));
        command.args(arguments).arg("--data").arg(&self.data).current_dir(&self.data);
        if let Some(url) = &self.url {
            command.args(["--database-url", url]);
        }
        let out = command.output().expect("runs");
        let (text, error) =
            (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        (out.status.success(), format!("{text}{error}"))
    }

    /// What the verifier says: nothing, or what and where.
    fn verdict(&self) -> Option<String> {
        let (good, text) = self.tessera(&["audit", "verify"]);
        let found = text.lines().find_map(|line| line.strip_prefix("error: ")).map(str::to_owned);
        assert_eq!(good, found.is_none(), "{text}");
        found
    }
}

fn record(number: u32, kind: &str) -> Option<String> {
    Some(format!("record {number} of the audit log was {kind}"))
}

/// A database without what refuses changes, as somebody with all rights can make it.
fn disarm(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => {
            "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; \
             DROP TRIGGER audit_head_forward;"
        }
        Engine::Postgres => {
            "DROP TRIGGER audit_no_change ON audit; DROP TRIGGER audit_head_forward ON audit_head;"
        }
    }
}

fn tampering_is_named(engine: Engine) {
    let remains = Remains::of(engine);
    assert_eq!(remains.verdict(), None);
    remains.sql(disarm(engine));
    remains.sql("CREATE TABLE kept AS SELECT * FROM audit; CREATE TABLE kept_head AS SELECT * FROM audit_head");
    let forged = "INSERT INTO audit SELECT 4, at, 'user:9', action, object, detail, address, \
                  prev_hash, hash FROM audit WHERE seq = 3";
    let shift = "UPDATE audit SET seq = -seq - 1 WHERE seq >= 4; \
                 UPDATE audit SET seq = -seq WHERE seq < 0;";
    let cases = [
        ("UPDATE audit SET actor = 'user:9' WHERE seq = 3".to_owned(), record(3, "changed")),
        ("UPDATE audit SET detail = '{}' WHERE seq = 5".to_owned(), record(5, "changed")),
        ("UPDATE audit SET at = at + 1 WHERE seq = 1".to_owned(), record(1, "changed")),
        ("UPDATE audit SET hash = prev_hash WHERE seq = 6".to_owned(), record(6, "changed")),
        ("DELETE FROM audit WHERE seq = 4".to_owned(), record(4, "deleted")),
        ("DELETE FROM audit WHERE seq = 1".to_owned(), record(1, "deleted")),
        ("DELETE FROM audit WHERE seq > 5".to_owned(), record(6, "deleted")),
        ("DELETE FROM audit".to_owned(), record(1, "deleted")),
        (
            "UPDATE audit SET seq = -2 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 5; \
             UPDATE audit SET seq = 5 WHERE seq = -2"
                .to_owned(),
            record(2, "changed"),
        ),
        (format!("{shift} {forged}"), record(4, "changed")),
        // The head goes along: only the signed checkpoint of the end still knows.
        (
            "DELETE FROM audit WHERE seq > 5; UPDATE audit_head SET seq = 5, \
             hash = (SELECT hash FROM audit WHERE seq = 5)"
                .to_owned(),
            record(6, "deleted"),
        ),
    ];
    for (text, expected) in cases {
        remains.sql(&text);
        assert_eq!(remains.verdict(), expected, "{engine:?}: {text}");
        remains.sql(
            "DELETE FROM audit; INSERT INTO audit SELECT * FROM kept; \
             UPDATE audit_head SET \
             seq = (SELECT seq FROM kept_head), hash = (SELECT hash FROM kept_head)",
        );
        assert_eq!(remains.verdict(), None);
    }
    let beyond = "INSERT INTO audit SELECT seq + 1, at, actor, action, object, detail, address, \
                  hash, hash FROM audit WHERE seq = (SELECT seq FROM audit_head)";
    remains.sql(beyond);
    let said = remains.verdict().expect("found");
    let (_, report) = remains.tessera(&["audit", "verify", "--json"]);
    assert!(said.contains("was changed") || said.contains("was inserted"), "{said} {report}");
}

#[test]
fn whatever_is_done_to_the_log_in_a_file_is_named() {
    tampering_is_named(Engine::Sqlite);
}

#[test]
fn whatever_is_done_to_the_log_on_a_server_is_named() {
    tampering_is_named(Engine::Postgres);
}

#[test]
fn a_forged_checkpoint_is_refused() {
    let remains = Remains::of(Engine::Sqlite);
    let path = remains.data.join("audit-checkpoints.jsonl");
    let text = std::fs::read_to_string(&path).expect("there is a checkpoint");
    let mut line: Value = serde_json::from_str(text.lines().last().expect("a line")).expect("JSON");
    line["seq"] = json!(1);
    std::fs::write(&path, format!("{text}{line}\n")).expect("written");
    let said = remains.verdict().expect("found");
    assert!(said.contains("1 checkpoints were not signed"), "{said}");
}

#[test]
fn an_exported_file_is_checked_without_the_server_and_without_our_program() {
    let remains = Remains::of(Engine::Sqlite);
    let file = remains.data.join("audit.ndjson");
    let path = file.to_str().expect("utf8");
    let (good, text) = remains.tessera(&["audit", "export", "--output", path]);
    assert!(good, "{text}");
    let (_, key) = remains.tessera(&["audit", "key"]);
    let marks = remains.data.join("audit-checkpoints.jsonl");
    let verify = |path: &Path| {
        let nowhere = tempfile::tempdir().expect("a folder");
        let out = Command::new(binary().expect("built"))
            .args(["audit", "verify", "--public-key", key.trim(), "--file"])
            .arg(path)
            .arg("--checkpoints")
            .arg(&marks)
            .current_dir(nowhere.path())
            .output()
            .expect("runs");
        let made = std::fs::read_dir(nowhere.path()).expect("a folder").count();
        assert_eq!(made, 0, "nothing is written where nothing is asked for");
        (out.status.success(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    assert_eq!(verify(&file), (true, String::new()));
    let text = std::fs::read_to_string(&file).expect("written");
    let lines: Vec<&str> = text.lines().collect();
    let changed = remains.data.join("changed.ndjson");
    let check = |lines: Vec<String>, expected: &str| {
        std::fs::write(&changed, lines.join("\n") + "\n").expect("written");
        let (good, error) = verify(&changed);
        assert!(!good && error.contains(expected), "{expected}: {error}");
    };
    let own = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let mut flipped = own(&lines);
    flipped[2] = flipped[2].replace("\"actor\":\"", "\"actor\":\"x");
    check(flipped, "record 3 of the audit log was changed");
    let mut swapped = own(&lines);
    swapped.swap(1, 3);
    check(swapped, "record 2 of the audit log was reordered");
    check(own(&lines[..4]), "record 5 of the audit log was deleted");
    // Written anew from the third record on, with good hashes.
    let mut head = ChainHead::EMPTY;
    let mut anew: Vec<String> = Vec::new();
    for line in &lines[..lines.len() - 1] {
        let mut record = AuditRecord::parse_line(line).expect("a record");
        if record.seq == 3 {
            record.actor = "user:9".to_owned();
        }
        let record = record.linked(&head);
        head = record.head();
        anew.push(record.line());
    }
    check(anew, "was rewritten from a record between 1 and");

    let docs = include_str!("../../../docs/audit.md");
    let (_, script) = docs.split_once("```python\n").expect("a script");
    let (script, _) = script.split_once("```").expect("its end");
    let python = |path: &Path| {
        let out = Command::new("python3").args(["-c", script]).arg(path).output().expect("python3");
        (out.status.success(), String::from_utf8_lossy(&out.stdout).into_owned())
    };
    let (good, said) = python(&file);
    assert!(good && said.starts_with(&format!("{} records", lines.len() - 1)), "{said}");
    let mut cut = own(&lines);
    cut.remove(3);
    std::fs::write(&changed, cut.join("\n")).expect("written");
    assert!(!python(&changed).0, "the script of the documentation finds it as well");
}

/// Records of the log that fit, newest first.
fn log(admin: &Client, filter: &str) -> Vec<Value> {
    // What waits is written first.
    let found = admin.post("/v1/audit/verifications", &json!({})).expect("answers");
    assert_eq!(found.ok().expect("good")["is_good"], true, "{}", found.text());
    let path = format!("/v1/audit?limit=250{filter}");
    let page = admin.get(&path).expect("answers").ok().expect("good");
    page["data"].as_array().cloned().expect("a list")
}

#[test]
fn sign_ins_changes_refusals_and_downloads_are_in_the_log() {
    let world = World::open().expect("opens");
    let (admin, server) = (&world.shop.admin, &world.shop.server);
    let sign_in = |password: &str| {
        let body = json!({ "email": "admin@example.com", "password": password });
        server.anonymous().post("/v1/session", &body).expect("answers").status
    };
    assert_eq!((sign_in("wrong password"), sign_in(PASSWORD)), (401, 201));
    let refused = log(admin, "&action=session.sign_in_refused");
    assert_eq!(refused[0]["detail"]["email"], "admin@example.com");
    assert_eq!(refused[0]["address"], "127.0.0.1");
    let text = serde_json::to_string(&log(admin, "")).expect("JSON");
    assert!(!text.contains("wrong password") && !text.contains(PASSWORD), "no secret is in it");
    assert_eq!(log(admin, "&action=session.sign_in")[0]["actor"], "user:1");

    let group = json!({ "name": "Sales" });
    let made = admin.post("/v1/groups", &group).expect("answers").ok().expect("made");
    let path = format!("/v1/groups/{}", made["id"]);
    let change = json!({ "name": "Buyers" });
    admin.request("PATCH", &path, Some(&change)).expect("answers").ok().expect("good");
    let found = log(admin, &format!("&object=group:{}", made["id"]));
    let wanted = json!({ "name": { "before": "Sales", "after": "Buyers" } });
    assert_eq!(found[0]["detail"]["changes"], wanted, "{found:?}");

    let source = json!({ "name": "Hidden", "options": {
        "host": "127.0.0.2", "port": 1, "dbname": "x", "user": "u", "password": "marker-secret",
    }});
    let path = format!("/v1/sources/{}", world.shop.postgres);
    admin.request("PATCH", &path, Some(&source)).expect("answers").ok().expect("good");
    let found = log(admin, &format!("&object=source:{}", world.shop.postgres));
    let changes = &found[0]["detail"]["changes"];
    assert_eq!(changes["options.password"], "changed", "{changes}");
    assert_eq!(changes["options.host"]["after"], "127.0.0.2", "{changes}");

    let other = world.caller("other user");
    assert_eq!(other.post("/v1/groups", &group).expect("answers").status, 403);
    assert_eq!(other.get("/v1/audit").expect("answers").status, 403);
    for action in ["groups.administer", "audit.read"] {
        let found = log(admin, &format!("&action={action}"));
        assert_eq!(found[0]["detail"]["refused"], "scope_missing", "{found:?}");
    }

    let id = &world.query["id"];
    for path in [format!("/v1/queries/{id}/result.csv"), format!("/api/queries/{id}/results.xlsx")]
    {
        assert_eq!(admin.get(&path).expect("answers").status, 200, "{path}");
    }
    let key = world.caller("query's key");
    assert_eq!(key.get(&format!("/api/queries/{id}/results.csv")).expect("answers").status, 200);
    let found = log(admin, "&action=results.export");
    let told: Vec<_> = found
        .iter()
        .map(|one| (one["detail"]["format"].clone(), one["detail"]["rows"].clone()))
        .collect();
    let rows = json!(4);
    for (format, actor) in [("csv", "user:1"), ("xlsx", "user:1"), ("csv", "key:")] {
        let there = found.iter().any(|one| {
            one["detail"]["format"] == format
                && one["detail"]["rows"] == rows
                && one["actor"].as_str().is_some_and(|text| text.starts_with(actor))
        });
        assert!(there, "{format} {actor}: {told:?} {found:?}");
    }
}

#[test]
fn the_log_is_read_page_by_page_while_it_grows() {
    let world = World::open().expect("opens");
    let admin = &world.shop.admin;
    let total = log(admin, "").len();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/audit?limit=7{cursor}");
        let page = admin.get(&path).expect("answers").ok().expect("good");
        let numbers = page["data"].as_array().expect("a list").iter();
        seen.extend(numbers.filter_map(|record| record["seq"].as_u64()));
        // A record more does not shift the pages that are still to come.
        admin.post("/v1/keys", &json!({ "name": "more" })).expect("answers").ok().expect("made");
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, (1..=total as u64).rev().collect::<Vec<_>>());
    let answer = admin.get("/v1/audit/export").expect("answers");
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let text = answer.text();
    let lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let (end, records) = lines.split_last().expect("lines");
    assert_eq!(end["checkpoint"]["seq"], records.len());
    assert_eq!(records.last().expect("one")["action"], "audit.export");
    assert_eq!(admin.get("/v1/audit?from=yesterday").expect("answers").status, 422);
}

/// Makes groups until the server is gone; counts those it was told of.
fn make_groups(client: &Client, round: usize, told: &AtomicUsize) {
    for number in 0.. {
        let body = json!({ "name": format!("round {round} number {number}") });
        if !client.post("/v1/groups", &body).is_ok_and(|answer| answer.status == 201) {
            return;
        }
        told.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_crash_leaves_no_effect_that_is_not_in_the_log() {
    for engine in ENGINES {
        let (mut server, admin) =
            Server::set_up(options(engine).expect("an engine")).expect("starts");
        let key = admin.key().to_owned();
        let told = AtomicUsize::new(0);
        for round in 0..6 {
            let client = server.anonymous().with_key(&key);
            let enough = told.load(Ordering::Relaxed) + 1 + round * 2;
            std::thread::scope(|scope| {
                let working = scope.spawn(|| make_groups(&client, round, &told));
                while told.load(Ordering::Relaxed) < enough && !working.is_finished() {
                    std::thread::yield_now();
                }
                server.kill().expect("killed");
            });
            server = server.kill_and_restart().expect("starts again");
        }
        let client = server.anonymous().with_key(&key);
        let mut logged = std::collections::HashSet::new();
        let export = client.get("/v1/audit/export?action=groups.administer").expect("answers");
        for line in export.text().lines() {
            let record: Value = serde_json::from_str(line).expect("JSON");
            if let Some(name) = record["detail"]["changes"]["name"]["after"].as_str() {
                logged.insert(name.to_owned());
            }
        }
        let groups = client.get("/api/groups").expect("answers").ok().expect("good");
        let groups = groups.as_array().expect("a list");
        let made: Vec<&str> = groups
            .iter()
            .filter_map(|group| group["name"].as_str())
            .filter(|name| name.starts_with("round"))
            .collect();
        let told = told.into_inner();
        assert!(told > 0 && made.len() >= told, "{engine:?}: {told} of {}", made.len());
        for name in made {
            assert!(logged.contains(name), "{engine:?}: {name} was made and not written down");
        }
        let found = client.post("/v1/audit/verifications", &json!({})).expect("answers");
        assert_eq!(found.ok().expect("good")["is_good"], true, "{}", found.text());
    }
}
