//! `tessera import redash`: from one server into another, over the Redash dialect.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tessera_e2e::{Engine, Shop, options};
use tessera_testkit::server::{Options, Server, binary};

fn tessera(data: &Path, arguments: &[&str]) -> Value {
    let out = Command::new(binary().expect("built"))
        .args(arguments)
        .args(["--json", "--data"])
        .arg(data)
        .current_dir(data)
        .output()
        .expect("runs");
    let error = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{arguments:?}: {error}");
    serde_json::from_slice(&out.stdout).expect("JSON")
}

/// What clients see of an object and must not change.
fn seen(object: &Value, members: &[&str]) -> Value {
    let members = members.iter().map(|name| ((*name).to_owned(), object[*name].clone()));
    Value::Object(members.collect())
}

const QUERY: [&str; 12] = [
    "id",
    "name",
    "description",
    "query",
    "options",
    "schedule",
    "tags",
    "is_draft",
    "is_archived",
    "data_source_id",
    "api_key",
    "created_at",
];
const DASHBOARD: [&str; 8] =
    ["id", "slug", "name", "tags", "is_draft", "layout", "dashboard_filters_enabled", "options"];

#[test]
fn a_team_moves_with_its_numbers_and_keys() {
    let shop = Shop::open(options(Engine::Sqlite).expect("an engine")).expect("opens");
    let admin = &shop.admin;
    let post =
        |path: &str, body: Value| admin.post(path, &body).expect("answers").ok().expect("good");
    let (bob, bob_id) = shop.user("bob").expect("made");
    post("/api/groups", json!({ "name": "Analysts" }));
    post("/api/groups/3/members", json!({ "user_id": bob_id }));
    let values = shop.query(shop.sqlite, "select 'a' as v", json!([])).expect("made");
    // Numbers have gaps where something was deleted.
    let gap = shop.query(shop.sqlite, "select 0", json!([])).expect("made");
    admin.delete(&format!("/api/queries/{}", gap["id"])).expect("answers").ok().expect("good");
    admin.delete(&format!("/v1/trash/queries/{}", gap["id"])).expect("answers").ok().expect("good");
    let parameters = json!([
        { "name": "v", "title": "V", "type": "query", "queryId": values["id"], "value": "a" }
    ]);
    let query = shop.query(shop.sqlite, "select {{ v }} as v", parameters).expect("made");
    let id = query["id"].clone();
    let change = json!({
        "name": "By value", "description": "d", "tags": ["team"], "is_draft": false,
        "schedule": { "interval": 3600, "time": null, "day_of_week": null, "until": null },
    });
    post(&format!("/api/queries/{id}"), change);
    let chart = post(
        "/api/visualizations",
        json!({ "name": "Chart", "type": "CHART", "query_id": id, "options": { "x": 1 } }),
    );
    let board = post("/api/dashboards", json!({ "name": "Board" }));
    let board_id = board["id"].clone();
    let mapping = json!({ "position": { "col": 1 }, "parameterMappings": { "v": { "type": "dashboard-level" } } });
    post(
        "/api/widgets",
        json!({
            "dashboard_id": board_id, "visualization_id": chart["id"], "text": "", "width": 1,
            "options": mapping,
        }),
    );
    post(
        "/api/widgets",
        json!({
            "dashboard_id": board_id, "visualization_id": null, "text": "# Hi", "width": 2,
            "options": {},
        }),
    );
    post(&format!("/api/dashboards/{board_id}"), json!({ "is_draft": false, "tags": ["team"] }));
    post(&format!("/api/dashboards/{board_id}/share"), json!({}));
    post(&format!("/api/queries/{id}/favorite"), json!({}));
    post(
        "/api/query_snippets",
        json!({ "trigger": "top", "description": "", "snippet": "limit ${1:10}" }),
    );
    let hook = post(
        "/api/destinations",
        json!({
            "name": "Hook", "type": "webhook",
            "options": { "url": "https://example.com/hook", "username": "u", "password": "p" },
        }),
    );
    let alert = post(
        "/api/alerts",
        json!({
            "name": "Too many", "query_id": id, "rearm": 60,
            "options": { "column": "v", "op": "==", "value": "a" },
        }),
    );
    let told = format!("/api/alerts/{}/subscriptions", alert["id"]);
    post(&told, json!({ "destination_id": hook["id"] }));
    let get = |path: &str| admin.get(path).expect("answers").ok().expect("good");
    let (query, board) =
        (get(&format!("/api/queries/{id}")), get(&format!("/api/dashboards/{board_id}")));

    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let first = ["users", "create-root", "root@new.example.com", "--name", "Root"];
    let mut child = Command::new(binary().expect("built"))
        .args(first)
        .arg("--data")
        .arg(data)
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("runs");
    let mut input = child.stdin.take().expect("piped");
    std::io::Write::write_all(&mut input, b"correct horse battery\n").expect("written");
    drop(input);
    assert!(child.wait().expect("ends").success());
    let import = ["import", "redash", "--url", shop.server.url(), "--api-key", admin.key()];
    let plan = tessera(data, &[&import[..], &["--dry-run"]].concat());
    assert_eq!(
        (&plan["dry_run"], &plan["counts"]["queries"]["created"]),
        (&json!(true), &json!(2))
    );
    let report = tessera(data, &import);
    assert_eq!(report["counts"]["queries"]["created"], 2, "{report}");
    assert_eq!(report["counts"]["widgets"]["created"], 2, "{report}");
    for kind in ["snippets", "destinations", "alerts"] {
        assert_eq!(report["counts"][kind]["created"], 1, "{kind}: {report}");
    }
    assert!(report["notes"].to_string().contains("Hook needs its secrets"), "{report}");
    let moved: Vec<&Value> = report["renumbered"].as_array().expect("a list").iter().collect();
    // The administrator there cannot have the number of the one who is here.
    assert!(moved.iter().all(|one| one["kind"] == "users"), "{report}");
    let again = tessera(data, &import);
    for (kind, count) in again["counts"].as_object().expect("counts") {
        assert_eq!(count["created"], 0, "{kind}: {again}");
    }

    let options = Options { data: Some(data.to_owned()), ..Options::default() };
    let server = Server::start(options).expect("starts");
    // The old keys go on working.
    let new = server.anonymous().with_key(admin.key());
    let read = |path: &str| new.get(path).expect("answers").ok().expect("good");
    let here = read(&format!("/api/queries/{id}"));
    assert_eq!(seen(&here, &QUERY), seen(&query, &QUERY));
    let charts = |query: &Value| -> Vec<Value> {
        let all = query["visualizations"].as_array().expect("a list").iter();
        all.map(|one| seen(one, &["id", "type", "name", "description", "options"])).collect()
    };
    assert_eq!(charts(&here), charts(&query));
    assert_eq!(here["user"]["email"], query["user"]["email"]);
    assert_eq!(here["is_favorite"], true);
    assert_eq!(read("/api/query_snippets")[0]["snippet"], "limit ${1:10}");
    assert_eq!(read(&format!("/api/alerts/{}", alert["id"]))["rearm"], 60);
    let subscribed = read(&told);
    assert_eq!(subscribed[0]["destination"]["id"], hook["id"], "{subscribed}");
    let there = board;
    let here = read(&format!("/api/dashboards/{board_id}"));
    assert_eq!(seen(&here, &DASHBOARD), seen(&there, &DASHBOARD));
    assert_eq!(here["api_key"], there["api_key"], "the public link");
    let widgets = |board: &Value| -> Vec<Value> {
        let all = board["widgets"].as_array().expect("a list").iter();
        all.map(|one| {
            let mut shown = seen(one, &["id", "text", "width", "options"]);
            shown["visualization"] = one["visualization"]["id"].clone();
            shown
        })
        .collect()
    };
    assert_eq!(widgets(&here), widgets(&there));
    let token = there["api_key"].as_str().expect("shared");
    let public = server.anonymous().get(&format!("/api/dashboards/public/{token}"));
    assert_eq!(public.expect("answers").status, 200);
    let bobs = server.anonymous().with_key(bob.key());
    let me = bobs.get("/api/session").expect("answers").ok().expect("good");
    assert_eq!(me["user"]["email"], "bob@example.com");
    assert!(me["user"]["groups"].as_array().is_some_and(|groups| groups.contains(&json!(3))));
    // A source with secrets waits for them, one without can be asked at once.
    let sources = read("/api/data_sources");
    let paused = |kind: &str| -> Value {
        let all = sources.as_array().expect("a list").iter();
        let found = all.clone().find(|source| source["type"] == kind).expect("imported");
        found["paused"].clone()
    };
    assert_eq!((paused("pg"), paused("sqlite")), (json!(1), json!(0)));
}
