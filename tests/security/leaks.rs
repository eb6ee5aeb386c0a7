//! Secrets that must not be found anywhere but where they were put.

use serde_json::json;
use tessera_e2e::callers::World;
use tessera_e2e::files;

#[test]
fn no_key_or_password_is_in_a_file_a_log_or_a_metric() {
    let world = World::open().expect("opens");
    let admin = &world.shop.admin;
    let query_key = world.query["api_key"].as_str().expect("a key").to_owned();
    let user = admin.get("/api/users/1").expect("answers").ok().expect("good");
    let user_key = user["api_key"].as_str().expect("a key").to_owned();
    let made =
        admin.post("/v1/keys", &json!({ "name": "marker" })).expect("answers").ok().expect("good");
    let own_key = made["secret"].as_str().expect("a key").to_owned();
    let marker = "marker-password-of-a-source";
    let source = json!({
        "name": "Secret", "type": "pg",
        "options": { "host": "127.0.0.1", "port": 1, "dbname": "x", "user": "u", "password": marker },
    });
    let source = admin.post("/api/data_sources", &source).expect("answers").ok().expect("good");
    admin.post(&format!("/api/data_sources/{}/test", source["id"]), &json!({})).expect("answers");
    let shown = admin.get(&format!("/api/data_sources/{}", source["id"])).expect("answers");
    assert!(!shown.text().contains(marker), "{}", shown.text());
    for key in [&query_key, &user_key, &own_key] {
        let path = format!("/api/queries/{}/results.json?api_key={key}", world.query["id"]);
        world.shop.server.anonymous().get(&path).expect("answers");
        world.shop.server.anonymous().with_key(key).get("/v1/session").expect("answers");
    }
    let secrets =
        [query_key.as_str(), &user_key, &own_key, marker, tessera_testkit::server::PASSWORD];
    let metrics = admin.get("/metrics").expect("answers").text();
    let log = world.shop.server.log();
    assert!(log.contains("/results.json?api_key=-"), "the log names the request without the key");
    let found = files(world.shop.server.data()).expect("readable");
    assert!(found.len() >= 3, "{found:?}");
    for secret in secrets {
        assert!(!log.contains(secret), "a secret is in the log");
        assert!(!metrics.contains(secret), "a secret is in the metrics");
        for file in &found {
            // Journals come and go.
            let bytes = match std::fs::read(file) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                read => read.expect("readable"),
            };
            let there = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!there, "a secret is in {}", file.display());
        }
    }
}
