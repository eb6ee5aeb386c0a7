//! What those who look after a database see of who runs a query on it.

use serde_json::json;

use crate::shops;

/// A text that answers with itself, as the database sees it while it runs.
const ITSELF: &str = "select query from pg_stat_activity where pid = pg_backend_pid()";

#[test]
fn a_database_sees_who_runs_what() {
    for shop in shops() {
        let seen = |started: &serde_json::Value| {
            let done = shop.admin.finish(started).expect("ends");
            let result = &done["job"]["query_result_id"];
            let path = format!("/api/query_results/{result}");
            let shown = shop.admin.get(&path).expect("answers").ok().expect("good");
            let text = shown["query_result"]["data"]["rows"][0]["query"].clone();
            let hash = shown["query_result"]["query_hash"].as_str().expect("a hash").to_owned();
            (text.as_str().expect("a text").to_owned(), hash, shown)
        };
        let me = shop.admin.get("/api/session").expect("answers").ok().expect("good");
        let email = me["user"]["email"].as_str().expect("an address");

        let query = shop.query(shop.postgres, ITSELF, json!([])).expect("made");
        let path = format!("/api/queries/{}/results", query["id"]);
        let started =
            shop.admin.post(&path, &json!({ "max_age": 0 })).expect("answers").ok().expect("good");
        let (text, hash, shown) = seen(&started);
        let job = started["job"]["id"].as_str().expect("a job");
        let end = format!(
            "query_id: {}, Queue: queries, Job ID: {job}, Query Hash: {hash}, Scheduled: False */ \
             {ITSELF}",
            query["id"]
        );
        assert!(text.starts_with(&format!("/* Username: {email}, Key ID: ")), "{text}");
        assert!(text.ends_with(&end), "{text}\n{end}");
        assert_eq!(shown["query_result"]["query"], ITSELF, "the remark is for the database only");

        // The remark makes no two runs different: the result is found again.
        let again =
            shop.admin.post(&path, &json!({ "max_age": -1 })).expect("answers").ok().expect("good");
        assert_eq!(again["query_result"]["id"], shown["query_result"]["id"]);

        let body = json!({ "query": ITSELF, "data_source_id": shop.postgres, "max_age": 0 });
        let started =
            shop.admin.post("/api/query_results", &body).expect("answers").ok().expect("good");
        let (text, ..) = seen(&started);
        assert!(text.contains(", query_id: adhoc, "), "{text}");
    }
}
