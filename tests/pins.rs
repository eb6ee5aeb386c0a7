//! Making pinned keys of queries, and reading what they give.

use serde_json::{Value, json};
use tessera_testkit::client::Client;

/// The parameters `tenant` and `least` of a query on `orders`.
#[must_use]
pub fn parameters() -> Value {
    json!([
        { "name": "tenant", "title": "Tenant", "type": "number", "value": 4 },
        { "name": "least", "title": "Least", "type": "number", "value": 1 },
    ])
}

/// A key of a query; the whole answer.
///
/// # Panics
/// If it is refused.
pub fn pin(admin: &Client, query: &Value, body: Value) -> Value {
    let mut all = json!({ "name": "acme" });
    all.as_object_mut().expect("an object").extend(body.as_object().expect("an object").clone());
    let answer = admin.post(&format!("/v1/queries/{}/keys", query["id"]), &all).expect("answers");
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

/// The text of a key that was made.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn secret(made: &Value) -> String {
    made["secret"].as_str().expect("a secret").to_owned()
}

/// The tenants in a CSV with the columns id and tenant.
#[must_use]
pub fn tenants(csv: &str) -> Vec<String> {
    csv.lines().skip(1).filter_map(|line| line.split(',').nth(1)).map(str::to_owned).collect()
}
