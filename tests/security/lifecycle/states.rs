//! The lives of keys, through every door: what a key opens in which state, also in files and jobs.

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, Engine, Shop, options};
use tessera_kernel::{Clock, SystemClock};
use tessera_testkit::client::{Answer, Client};

#[track_caller]
fn good(answer: anyhow::Result<Answer>) -> Value {
    answer.expect("answers").ok().expect("good")
}

#[track_caller]
fn status(answer: anyhow::Result<Answer>) -> u16 {
    answer.expect("answers").status
}

struct World {
    shop: Shop,
    user: Client,
    user_id: i64,
    query: i64,
    result: String,
}

impl World {
    fn open(engine: Engine) -> Self {
        let shop = Shop::open(options(engine).expect("an engine")).expect("opens");
        let (user, user_id) = shop.user("carol").expect("made");
        let query =
            shop.query(shop.sqlite, "select id, note from orders", json!([])).expect("made");
        let query = query["id"].as_i64().expect("a number");
        let path = format!("/api/queries/{query}/results");
        let started = good(user.post(&path, &json!({ "max_age": 0 })));
        let job = user.finish(&started).expect("ends");
        let result = job["job"]["query_result_id"].to_string();
        Self { shop, user, user_id, query, result }
    }

    fn admin(&self) -> &Client {
        &self.shop.admin
    }

    /// Makes a key; gives its number and its holder.
    fn key(&self, by: &Client, body: Value) -> (i64, Client) {
        let made = good(by.post("/v1/keys", &body));
        (made["key"]["id"].as_i64().expect("a number"), self.holder(&made))
    }

    fn holder(&self, made: &Value) -> Client {
        let text = made["secret"].as_str().expect("the text, once");
        self.shop.server.anonymous().with_key(text)
    }

    /// What all doors answer to a key: reads, files, runs, in both languages.
    fn doors(&self, key: &Client) -> Vec<u16> {
        let (query, result) = (self.query, &self.result);
        let mut all: Vec<u16> = [
            format!("/v1/queries/{query}"),
            format!("/api/queries/{query}"),
            format!("/v1/results/{result}.csv"),
            format!("/v1/results/{result}.xlsx"),
            format!("/api/queries/{query}/results/{result}.csv"),
            format!("/api/queries/{query}/results/{result}.xlsx"),
            format!("/api/queries/{query}/results.csv?api_key={}", key.key()),
        ]
        .iter()
        .map(|path| status(key.get(path)))
        .collect();
        let run = json!({ "max_age": 0 });
        all.push(status(key.post(&format!("/api/queries/{query}/results"), &run)));
        all.push(status(key.post(&format!("/v1/queries/{query}/runs"), &json!({}))));
        all
    }

    #[track_caller]
    fn check(&self, key: &Client, open: bool, when: &str) {
        let doors = self.doors(key);
        let fits = |status: &u16| (*status < 300) == open;
        assert!(doors.iter().all(fits), "{when}: {doors:?}");
    }

    fn state(&self, id: i64) -> String {
        let key = good(self.admin().get(&format!("/v1/keys/{id}")));
        key["state"].as_str().expect("a state").to_owned()
    }
}

#[test]
fn every_door_opens_and_closes_with_the_state_of_the_key() {
    for engine in ENGINES {
        let world = World::open(engine);
        let (id, key) = world.key(&world.user, json!({ "name": "script" }));
        let path = format!("/v1/keys/{id}");
        world.check(&key, true, "active");
        good(world.user.request("PUT", &format!("{path}/disabled"), None));
        world.check(&key, false, "disabled");
        assert_eq!(world.state(id), "disabled");
        good(world.user.delete(&format!("{path}/disabled")));
        world.check(&key, true, "enabled");
        good(world.user.delete(&path));
        world.check(&key, false, "revoked");
        assert_eq!(world.state(id), "revoked");
        let listed = good(world.user.get("/v1/keys?state=revoked"));
        assert_eq!(listed["total"], 1);
        good(world.user.post(&format!("{path}/restoration"), &json!({})));
        world.check(&key, true, "restored");
        let overlap = json!({ "overlap_seconds": 3600 });
        let next = good(world.user.post(&format!("{path}/rotations"), &overlap));
        let next = world.holder(&next);
        world.check(&key, true, "grace");
        world.check(&next, true, "successor");
        assert_eq!(world.state(id), "grace");
        let later = json!({ "name": "later", "not_before": "2100-01-01T00:00:00Z",
            "expires_at": "2100-02-01T00:00:00Z" });
        let (id, later) = world.key(&world.user, later);
        world.check(&later, false, "not yet");
        assert_eq!(world.state(id), "pending");
        let disable = format!("/api/users/{}/disable", world.user_id);
        good(world.admin().post(&disable, &json!({})));
        world.check(&next, false, "owner shut out");
    }
}

#[test]
fn a_key_ends_at_its_time_on_every_door() {
    let world = World::open(Engine::Sqlite);
    let end = SystemClock.now().timestamp() + 4;
    let expires_at = chrono::DateTime::from_timestamp(end, 0).expect("a time").to_rfc3339();
    let (id, key) = world.key(&world.user, json!({ "name": "short", "expires_at": expires_at }));
    while SystemClock.now().timestamp() < end + 30 && status(key.get("/v1/session")) == 200 {}
    assert!(SystemClock.now().timestamp() >= end, "it ended before its time");
    world.check(&key, false, "expired");
    assert_eq!(world.state(id), "expired");
}

#[test]
fn a_job_of_a_revoked_key_gives_it_nothing() {
    let world = World::open(Engine::Sqlite);
    let (id, key) = world.key(&world.user, json!({ "name": "script" }));
    let text = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000000)
        select count(*) as c from n";
    let run = json!({ "query": text, "data_source_id": world.shop.sqlite, "max_age": 0 });
    let started = good(key.post("/api/query_results", &run));
    let job = started["job"]["id"].as_str().expect("a job").to_owned();
    good(world.user.delete(&format!("/v1/keys/{id}")));
    assert!(status(key.get(&format!("/api/jobs/{job}"))) >= 400);
    // It ran on for its owner, whose job it is.
    let ended = world.user.finish(&started).expect("ends");
    let result = &ended["job"]["query_result_id"];
    for form in ["json", "csv", "xlsx"] {
        let path = format!("/api/query_results/{result}.{form}");
        assert!(status(key.get(&path)) >= 400, "{form}");
        assert_eq!(status(world.user.get(&path)), 200, "{form}");
    }
}

#[test]
fn everybody_sees_and_ends_their_own_keys_only() {
    let world = World::open(Engine::Sqlite);
    let (other, _) = world.shop.user("dave").expect("made");
    let (id, key) = world.key(&world.user, json!({ "name": "script" }));
    let path = format!("/v1/keys/{id}");
    for (method, path) in [
        ("GET", path.clone()),
        ("PATCH", path.clone()),
        ("DELETE", path.clone()),
        ("PUT", format!("{path}/disabled")),
        ("POST", format!("{path}/rotations")),
        ("POST", format!("{path}/restoration")),
        ("POST", format!("{path}/widenings")),
        ("POST", format!("{path}/approval")),
        ("GET", "/v1/keys?all=true".to_owned()),
        ("GET", format!("/v1/keys?owner=user:{}", world.user_id)),
        ("POST", "/v1/keys/bulk-revocations".to_owned()),
        ("PATCH", "/v1/organization/key-policy".to_owned()),
        ("POST", "/v1/workspaces".to_owned()),
        ("POST", "/v1/service-accounts".to_owned()),
    ] {
        let answer = other.request(method, &path, Some(&json!({}))).expect("answers");
        assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text());
    }
    let owner = json!({ "name": "x", "owner": format!("user:{}", world.user_id) });
    assert_eq!(status(other.post("/v1/keys", &owner)), 403);
    world.check(&key, true, "untouched");
    let listed = good(other.get("/v1/keys"));
    assert!(!listed.to_string().contains("script"), "{listed}");
    let all = good(world.admin().get(&format!("/v1/keys?owner=user:{}", world.user_id)));
    assert!(all.to_string().contains("script"), "{all}");
}

#[test]
fn a_key_with_less_cannot_help_itself_to_more() {
    let world = World::open(Engine::Sqlite);
    let narrow = json!({ "name": "narrow", "terms": { "grants": [
        { "action": "queries.*" }, { "action": "keys.*" },
    ]}});
    let (id, narrow) = world.key(world.admin(), narrow);
    let (wide, _) = world.key(world.admin(), json!({ "name": "wide" }));
    good(world.admin().delete(&format!("/v1/keys/{wide}")));
    let all = json!({ "grants": [{ "action": "*" }] });
    for (method, path, body) in [
        ("POST", "/v1/keys".to_owned(), json!({ "name": "x" })),
        ("POST", "/v1/keys".to_owned(), json!({ "name": "x", "terms": all })),
        ("POST", format!("/v1/keys/{wide}/restoration"), json!({})),
        ("PATCH", format!("/v1/keys/{id}"), json!({ "terms": {} })),
        ("PATCH", format!("/v1/keys/{id}"), json!({ "terms": all })),
    ] {
        let answer = narrow.request(method, &path, Some(&body)).expect("answers");
        assert!([403, 422].contains(&answer.status), "{method} {path}: {}", answer.text());
    }
    let child = json!({ "name": "child", "terms": { "grants": [{ "action": "queries.read" }] } });
    let (child_id, child) = world.key(&narrow, child);
    assert_eq!(status(child.get(&format!("/v1/queries/{}", world.query))), 200);
    assert_eq!(status(child.get("/v1/users")), 403);
    let shown = good(world.admin().get(&format!("/v1/keys/{child_id}")));
    assert_eq!(shown["parent_id"], id);
    good(world.admin().delete(&format!("/v1/keys/{id}")));
    assert_eq!(status(child.get(&format!("/v1/queries/{}", world.query))), 401);
}

#[test]
fn service_accounts_have_keys_and_no_door_for_people() {
    let world = World::open(Engine::Sqlite);
    let groups = good(world.admin().get("/v1/groups"));
    let default = groups["data"].as_array().expect("groups").iter();
    let default =
        default.clone().find(|group| group["name"] == "default").expect("there")["id"].clone();
    let account = json!({ "name": "Robot", "group_ids": [default] });
    let account = good(world.admin().post("/v1/service-accounts", &account));
    let owner = format!("user:{}", account["id"]);
    let (_, robot) = world.key(world.admin(), json!({ "name": "svc", "owner": owner }));
    assert!(robot.key().starts_with("tsr_svc_"), "a kind of its own");
    world.check(&robot, true, "as its group");
    for list in ["/v1/users", "/api/users"] {
        assert!(!good(world.admin().get(list)).to_string().contains("Robot"), "{list}");
    }
    let email = good(world.admin().get(&format!("/v1/users/{}", account["id"])))["email"].clone();
    let body = json!({ "email": email, "password": "" });
    assert!(status(world.shop.server.anonymous().post("/v1/session", &body)) >= 400);
    let link = format!("/v1/users/{}/password-reset", account["id"]);
    assert_eq!(status(world.admin().post(&link, &json!({}))), 422);
    good(world.admin().delete(&format!("/v1/service-accounts/{}", account["id"])));
    world.check(&robot, false, "gone with its owner");
}

#[test]
fn permission_keys_of_a_workspace_are_fixed_from_the_start() {
    let world = World::open(Engine::Sqlite);
    let workspace = good(world.admin().post("/v1/workspaces", &json!({ "name": "Shop" })));
    let path = format!("/v1/workspaces/{}/keys", workspace["id"]);
    let wrong = json!({ "name": "x", "permissions": ["queries.run"] });
    assert_eq!(status(world.admin().post(&path, &wrong)), 422);
    let body = json!({
        "name": "app", "permissions": ["users.track", "campaigns.list"], "format": "uuid",
        "ip_allowlist": ["203.0.113.7", "2001:db8::/32"],
    });
    let made = good(world.admin().post(&path, &body));
    let key = &made["key"];
    assert_eq!(made["secret"].as_str().map(str::len), Some(36));
    assert_eq!(key["terms"]["immutable"], true);
    let one = format!("/v1/keys/{}", key["id"]);
    let narrower = json!({ "terms": {} });
    assert_eq!(status(world.admin().request("PATCH", &one, Some(&narrower))), 422);
    let more = json!({ "terms": {}, "justification": "please" });
    assert_eq!(status(world.admin().post(&format!("{one}/widenings"), &more)), 422);
    let holder = world.holder(&made);
    assert_eq!(status(holder.get("/v1/session")), 403, "not from this address");
    let listed = good(world.admin().get(&format!("/v1/keys?owner=workspace:{}", workspace["id"])));
    assert_eq!(listed["total"], 1);
}

#[test]
fn four_eyes_approve_and_a_widening_holds_for_its_time() {
    let world = World::open(Engine::Sqlite);
    let policy = json!({ "approval_actions": ["statements.run"], "four_eyes": true });
    let path = "/v1/organization/key-policy";
    let changed = good(world.admin().request("PATCH", path, Some(&policy)));
    assert_eq!(changed["default_lifetime_days"], 90);
    let wide = json!({ "name": "w", "terms": { "grants": [{ "action": "statements.run" }] } });
    let answer = world.user.post("/v1/keys", &wide).expect("answers");
    assert_eq!((answer.status, &answer.json()["field"]), (422, &json!("justification")));
    let mut asked = wide;
    asked["justification"] = json!("the nightly job");
    let (id, key) = world.key(world.admin(), asked.clone());
    let statement =
        json!({ "query": "select 1", "data_source_id": world.shop.sqlite, "max_age": 0 });
    assert!(status(key.post("/api/query_results", &statement)) >= 400, "pending");
    let approval = format!("/v1/keys/{id}/approval");
    let yes = json!({ "decision": "approve" });
    assert_eq!(status(world.admin().post(&approval, &yes)), 403, "nobody approves their own");
    let (eve, eve_id) = world.shop.user("eve").expect("made");
    let groups = good(world.admin().get("/v1/groups"));
    let admins = groups["data"].as_array().expect("groups").iter();
    let admins =
        admins.clone().find(|group| group["name"] == "admin").expect("there")["id"].clone();
    good(world.admin().request("PUT", &format!("/v1/groups/{admins}/members/{eve_id}"), None));
    good(eve.post(&approval, &yes));
    assert_eq!(status(key.post("/api/query_results", &statement)), 200);
    let (id, key) = world.key(
        &world.user,
        json!({
            "name": "n", "terms": { "grants": [{ "action": "queries.read" }] },
        }),
    );
    let wider = json!({
        "terms": { "grants": [{ "action": "queries.*" }, { "action": "accounts.list" }] },
        "justification": "an hour of help", "until": "2100-01-01T00:00:00Z",
    });
    good(world.user.post(&format!("/v1/keys/{id}/widenings"), &wider));
    assert_eq!(status(key.get("/v1/users")), 403);
    good(eve.post(&format!("/v1/keys/{id}/approval"), &yes));
    assert_eq!(status(key.get("/v1/users")), 200);
}

#[test]
fn a_canary_answers_as_a_weak_key_and_is_counted() {
    let world = World::open(Engine::Sqlite);
    let (_, trap) = world.key(world.admin(), json!({ "name": "trap", "canary": true }));
    let weak = json!({ "name": "weak", "terms": { "grants": [{ "action": "keys.list" }] } });
    let (_, weak) = world.key(world.admin(), weak);
    for path in ["/v1/users", "/v1/queries/1", "/v1/queries/999", "/api/queries", "/api/session"] {
        let told = |client: &Client| {
            let answer = client.get(path).expect("answers");
            let mut body = answer.json();
            body["instance"] = Value::Null;
            (answer.status, body, answer.header("www-authenticate").map(str::to_owned))
        };
        assert_eq!(told(&trap), told(&weak), "{path}");
    }
    let metrics = world.shop.server.anonymous().get("/metrics").expect("answers").text();
    assert!(metrics.contains("tessera_canary_keys_used_total 5"), "{metrics}");
    assert!(world.shop.server.log().contains("a canary key was used"));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the server has the machine's clock")]
fn who_uses_a_key_that_ends_soon_is_told() {
    let world = World::open(Engine::Sqlite);
    let in_days = |days: i64| {
        let end = std::time::SystemTime::now()
            + std::time::Duration::from_secs(u64::try_from(days * 86_400).expect("positive"));
        let seconds = end.duration_since(std::time::UNIX_EPOCH).expect("later").as_secs();
        chrono::DateTime::from_timestamp(i64::try_from(seconds).expect("fits"), 0)
            .expect("a moment")
            .to_rfc3339()
    };
    let (_, soon) = world.key(&world.user, json!({ "name": "soon", "expires_at": in_days(29) }));
    let (_, late) = world.key(&world.user, json!({ "name": "late", "expires_at": in_days(31) }));
    for path in ["/v1/session", "/api/session"] {
        let told = soon.get(path).expect("answers");
        assert!(told.header("sunset").is_some_and(|text| text.ends_with(" GMT")), "{path}");
        assert!(told.header("deprecation").is_some_and(|text| text.starts_with('@')), "{path}");
        for client in [&late, &world.user] {
            assert_eq!(client.get(path).expect("answers").header("sunset"), None, "{path}");
        }
    }
    let ending = good(
        world.user.get(&format!("/v1/keys?expiring_before={}", in_days(30).replace('+', "%2B"))),
    );
    assert_eq!(ending["total"], 1);
}

#[test]
fn a_leak_is_answered_by_revoking_what_fits() {
    let world = World::open(Engine::Sqlite);
    let keys: Vec<_> = (0..3)
        .map(|number| world.key(&world.user, json!({ "name": format!("k{number}") })))
        .collect();
    let path = "/v1/keys/bulk-revocations";
    assert_eq!(status(world.admin().post(path, &json!({}))), 422, "which?");
    let owner = format!("user:{}", world.user_id);
    let dry = good(world.admin().post(path, &json!({ "owner": owner, "dry_run": true })));
    assert_eq!(dry["count"], 3);
    world.check(&keys[0].1, true, "dry run");
    let named = json!({ "ids": [keys[0].0] });
    assert_eq!(good(world.admin().post(path, &named))["count"], 1);
    world.check(&keys[0].1, false, "named");
    world.check(&keys[1].1, true, "not named");
    assert_eq!(good(world.admin().post(path, &json!({ "owner": owner })))["count"], 2);
    for (_, key) in &keys {
        assert_eq!(status(key.get("/v1/session")), 401);
    }
    assert_eq!(status(world.user.get("/v1/session")), 200, "the recoverable key stays");
}

#[test]
fn a_key_in_what_is_saved_is_told_and_written_down() {
    let world = World::open(Engine::Sqlite);
    let made = good(world.user.post("/v1/keys", &json!({ "name": "script" })));
    let (id, text) = (&made["key"]["id"], made["secret"].as_str().expect("a text"));
    let sql = format!("select 1 -- {text}");
    let source = world.shop.sqlite;
    let query = format!("/v1/queries/{}", world.query);
    let warned = |answer: anyhow::Result<Answer>| {
        let answer = answer.expect("answers");
        assert!(answer.status < 300, "{}", answer.text());
        answer.header("x-tessera-warning").map(str::to_owned)
    };
    let admin = world.admin();
    for answer in [
        admin.post("/v1/queries", &json!({ "name": "q", "text": sql, "source_id": source })),
        admin.post("/api/queries", &json!({ "name": "q", "query": sql, "data_source_id": source })),
        admin.request("PATCH", &query, Some(&json!({ "description": format!("use {text}") }))),
    ] {
        let warning = warned(answer).expect("a warning");
        assert!(warning.contains(&format!("DELETE /v1/keys/{id}")), "{warning}");
        assert!(!warning.contains(text), "it does not say it again");
    }
    let plain = json!({ "description": "nothing to see" });
    assert_eq!(warned(admin.request("PATCH", &query, Some(&plain))), None);
    assert_eq!(warned(world.user.post("/v1/keys", &json!({ "name": "other" }))), None);
    assert!(!world.shop.server.log().contains(text));
}

#[test]
fn a_partner_who_signs_has_found_keys_revoked_and_others_are_not_heard() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let openssl = |arguments: &[&str]| {
        let done = std::process::Command::new("openssl").args(arguments).output().expect("runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let (private, public) = (file("key.pem"), file("public.pem"));
    openssl(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &private]);
    openssl(&["ec", "-in", &private, "-pubout", "-out", &public]);
    let pem = std::fs::read_to_string(&public).expect("written");
    let setting = format!("[{}]", serde_json::to_string(&pem).expect("a text"));
    let options = options(Engine::Sqlite).expect("an engine");
    let shop = Shop::open(options.with("KEYS_SCANNING_PARTNER_KEYS", &setting)).expect("opens");
    let made = good(shop.admin.post("/v1/keys", &json!({ "name": "leaked" })));
    let text = made["secret"].as_str().expect("a text");
    let body = json!([
        { "token": text, "type": "tessera_key", "url": "https://example.com/x" },
        { "token": "tsr_usr_nothing", "type": "tessera_key", "url": "" },
    ]);
    let body = body.to_string().into_bytes();
    std::fs::write(file("body"), &body).expect("written");
    openssl(&["dgst", "-sha256", "-sign", &private, "-out", &file("signature"), &file("body")]);
    openssl(&["base64", "-A", "-in", &file("signature"), "-out", &file("signature64")]);
    let signature = std::fs::read_to_string(file("signature64")).expect("written");
    let report = |body: &[u8], signature: &str| {
        let headers = [("github-public-key-signature", signature)];
        let kind = Some("application/json");
        let nobody = shop.server.anonymous();
        nobody.send("POST", "/v1/secret-scanning/reports", kind, Some(body.to_vec()), &headers)
    };
    let holder = shop.server.anonymous().with_key(text);
    let mut other = body.clone();
    other.push(b' ');
    assert_eq!(status(report(&other, signature.trim())), 403, "another body");
    assert_eq!(status(report(&body, "")), 403, "no signature");
    assert_eq!(status(holder.get("/v1/session")), 200);
    let answer = good(report(&body, signature.trim()));
    assert_eq!(answer[0]["label"], "true_positive");
    assert_eq!(answer[1]["label"], "false_positive");
    assert_eq!(status(holder.get("/v1/session")), 401);
}
