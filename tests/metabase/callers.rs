//! Callers with the headers of this dialect.

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, Shop, options};
use tessera_testkit::client::{Answer, Client};

/// A shop on each engine.
pub fn shops() -> impl Iterator<Item = Shop> {
    ENGINES
        .into_iter()
        .map(|engine| Shop::open(options(engine).expect("an engine")).expect("opens"))
}

/// A caller with headers of its own.
pub struct Metabase {
    client: Client,
    headers: Vec<(&'static str, String)>,
}

impl Metabase {
    /// A caller with a key.
    pub fn with_key(shop: &Shop, key: &str) -> Self {
        Self::with(shop, &[("x-api-key", key)])
    }

    /// The administrator, with the key of a user.
    pub fn admin(shop: &Shop) -> Self {
        Self::with_key(shop, shop.admin.key())
    }

    /// A caller with any headers.
    pub fn with(shop: &Shop, headers: &[(&'static str, &str)]) -> Self {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { client: shop.server.anonymous(), headers }
    }

    /// Any request.
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let bytes = body.map(|body| body.to_string().into_bytes());
        let kind = body.map(|_| "application/json");
        self.client.send(method, path, kind, bytes, &headers).expect("answers")
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, None)
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, Some(body))
    }

    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.ask("PUT", path, Some(body))
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, None)
    }

    /// The JSON of a good answer.
    pub fn read(&self, path: &str) -> Value {
        self.get(path).ok().expect("good")
    }

    /// The number of a group by the name that clients know.
    pub fn group(&self, name: &str) -> i64 {
        let groups = self.read("/api/permissions/group");
        let found = groups.as_array().expect("a list").iter().find(|group| group["name"] == name);
        found.unwrap_or_else(|| panic!("no group {name}"))["id"].as_i64().expect("a number")
    }

    /// Makes a group; returns its number.
    pub fn new_group(&self, name: &str) -> i64 {
        let made = self.post("/api/permissions/group", &json!({ "name": name }));
        made.ok().expect("made")["id"].as_i64().expect("a number")
    }

    /// Makes a key; returns what the server answered.
    pub fn new_key(&self, name: &str, group: i64) -> Value {
        let body = json!({ "name": name, "group_id": group });
        self.post("/api/api-key", &body).ok().expect("made")
    }
}

/// Status and text of an answer.
pub fn plain(answer: &Answer) -> (u16, String) {
    (answer.status, answer.text())
}

/// The names of an object's members, in order.
pub fn names(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> =
        value.as_object().expect("an object").keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// A text in JSON.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}
