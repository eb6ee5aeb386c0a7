//! The page of snippets, and what the editor makes of them.

use serde_json::{Value, json};

use super::{Browser, has};
use crate::shops;

#[test]
fn the_web_client_writes_changes_and_deletes_a_snippet() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let new = json!({ "trigger": "cnt", "description": "", "snippet": "count(${1:*})" });
        let made = browser.post("/api/query_snippets", &new);
        let members = ["id", "trigger", "description", "snippet", "user", "created_at"];
        has(&made, &members);
        has(&made["user"], &["id", "name", "profile_image_url"]);
        let path = format!("/api/query_snippets/{}", made["id"]);
        let mut known = browser.get(&path);
        assert_eq!(known, made);
        // The dialog sends back all that it read.
        known["description"] = json!("Number of rows");
        let saved = browser.post(&path, &known);
        assert_eq!(saved["description"], "Number of rows");
        let list = browser.get("/api/query_snippets");
        has(&list[0], &members);
        assert_eq!(browser.delete(&path), Value::Null);
        assert_eq!(browser.get("/api/query_snippets"), json!([]));
    }
}
