//! What the web client does: the requests of its pages with the bodies that it sends, in a session,
//! and the fields that it reads. Every answer is a good one: the client shows any other as an error.

mod dashboards;
mod embeds;
mod parameters;
mod people;
mod queries;
mod runs;
mod snippets;

use std::cell::RefCell;

use serde_json::{Value, json};
use tessera_e2e::Shop;
use tessera_testkit::client::{Answer, Client};
use tessera_testkit::server::{PASSWORD, Server};

use crate::shops;

/// A browser with the web client in it.
pub(crate) struct Browser {
    client: Client,
    origin: String,
    csrf_token: RefCell<String>,
    /// What embedded pages send beside cookies: `Key` and the key in their address.
    key: Option<String>,
}

impl Browser {
    /// An unsigned-in browser.
    pub(crate) fn open(server: &Server) -> Self {
        let (client, origin) = (server.anonymous(), server.url().to_owned());
        Self { client, origin, csrf_token: RefCell::default(), key: None }
    }

    /// One that shows an embedded page of a query.
    pub(crate) fn embedded(server: &Server, key: &Value) -> Self {
        let key = format!("Key {}", key.as_str().expect("a key"));
        Self { key: Some(key), ..Self::open(server) }
    }

    /// One that is signed in as the administrator, as by the form, and has asked for its session.
    pub(crate) fn signed_in(shop: &Shop) -> Self {
        let browser = Self::open(&shop.server);
        browser.sign_in("admin@example.com", PASSWORD, "/login");
        browser.get("/api/session");
        browser
    }

    fn send(&self, method: &str, path: &str, kind: Option<&str>, body: Option<Vec<u8>>) -> Answer {
        let token = self.csrf_token.borrow().clone();
        let mut headers = vec![
            ("accept", "application/json, text/plain, */*"),
            ("user-agent", "Mozilla/5.0"),
            ("sec-fetch-site", "same-origin"),
            ("x-csrf-token", token.as_str()),
        ];
        if method != "GET" {
            headers.push(("origin", self.origin.as_str()));
        }
        if let Some(key) = &self.key {
            headers.push(("authorization", key.as_str()));
        }
        let answer = self.client.send(method, path, kind, body, &headers).expect("answers");
        for (name, value) in &answer.headers {
            if name == "set-cookie"
                && let Some(token) = value.strip_prefix("csrf_token=")
            {
                assert!(!value.contains("HttpOnly"), "scripts read it: {value}");
                *self.csrf_token.borrow_mut() =
                    token.split(';').next().unwrap_or_default().to_owned();
            }
        }
        answer
    }

    fn sign_in(&self, email: &str, password: &str, address: &str) -> Answer {
        let fields = [("email", email), ("password", password), ("remember", "on")];
        let form = serde_urlencoded::to_string(fields).expect("a form");
        let kind = Some("application/x-www-form-urlencoded");
        let answer = self.send("POST", address, kind, Some(form.into_bytes()));
        assert_eq!(answer.status, 302, "{}", answer.text());
        answer
    }

    fn good(answer: &Answer, what: &str) -> Value {
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/json"), "{what}");
        answer.json()
    }

    /// What a page loads.
    pub(crate) fn get(&self, path: &str) -> Value {
        Self::good(&self.send("GET", path, None, None), path)
    }

    /// What a page sends.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        let bytes = body.to_string().into_bytes();
        let answer = self.send("POST", path, Some("application/json"), Some(bytes));
        Self::good(&answer, &format!("{path} {body}"))
    }

    /// What a page sends without a body.
    pub(crate) fn post_nothing(&self, path: &str) -> Value {
        Self::good(&self.send("POST", path, None, None), path)
    }

    /// What a page sends and is refused, with the status and the body that it reads.
    pub(crate) fn refused(&self, path: &str, body: &Value) -> (u16, Value) {
        let bytes = body.to_string().into_bytes();
        let answer = self.send("POST", path, Some("application/json"), Some(bytes));
        assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
        (answer.status, answer.json())
    }

    /// What a page deletes with a body, as its dialog of permissions does.
    pub(crate) fn delete_with(&self, path: &str, body: &Value) -> Value {
        let bytes = body.to_string().into_bytes();
        Self::good(&self.send("DELETE", path, Some("application/json"), Some(bytes)), path)
    }

    /// What a page deletes; the answer has no body or `null`.
    pub(crate) fn delete(&self, path: &str) -> Value {
        let answer = self.send("DELETE", path, None, None);
        if answer.status == 204 { Value::Null } else { Self::good(&answer, path) }
    }

    /// A page: the client's shell.
    pub(crate) fn page(&self, path: &str) {
        let answer = self.send("GET", path, None, None);
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.header("content-type").expect("a type").starts_with("text/html"), "{path}");
    }

    /// Tells what the user did.
    pub(crate) fn record(&self, action: &str, kind: &str, object: &Value) {
        let event = json!([{
            "action": action, "object_type": kind, "object_id": object,
            "timestamp": 1_795_252_587.512, "screen_resolution": "1920x1080",
        }]);
        assert_eq!(self.post("/api/events", &event), Value::Null);
    }
}

/// All of the members are there, and none of them is missing a value.
#[track_caller]
pub(crate) fn has(object: &Value, members: &[&str]) {
    for member in members {
        assert!(object.get(*member).is_some_and(|value| !value.is_null()), "{member}: {object}");
    }
}

/// All of the members are there; they may be null.
#[track_caller]
pub(crate) fn has_or_null(object: &Value, members: &[&str]) {
    for member in members {
        assert!(object.get(*member).is_some(), "{member}: {object}");
    }
}

/// A page of a list.
#[track_caller]
pub(crate) fn rows(list: &Value) -> &Vec<Value> {
    has(list, &["count", "page", "page_size", "results"]);
    list["results"].as_array().expect("a list")
}

const CONFIG: [&str; 25] = [
    "allowScriptsInUserInput",
    "showPermissionsControl",
    "hidePlotlyModeBar",
    "disablePublicUrls",
    "allowCustomJSVisualizations",
    "autoPublishNamedQueries",
    "extendedAlertOptions",
    "mailSettingsMissing",
    "dashboardRefreshIntervals",
    "queryRefreshIntervals",
    "googleLoginEnabled",
    "ldapLoginEnabled",
    "pageSize",
    "pageSizeOptions",
    "tableCellMaxJSONSize",
    "basePath",
    "dateFormat",
    "dateFormatList",
    "timeFormatList",
    "dateTimeFormat",
    "integerFormat",
    "floatFormat",
    "thousandsSeparator",
    "decimalSeparator",
    "nullValue",
];

#[test]
fn the_web_client_signs_in_and_loads_its_first_page() {
    for shop in shops() {
        let browser = Browser::open(&shop.server);
        let refused = browser.send("GET", "/api/session", None, None);
        assert_eq!(refused.status, 404);
        assert!(refused.json()["message"].as_str().expect("a text").contains("Please login"));
        // The client sends people to the form with the path that they asked for.
        let form = browser.send("GET", "/login?next=/queries/1/source%3Fp_a%3D1", None, None);
        assert!(form.status == 200 && form.text().contains("name=\"password\""));
        let answer = browser.sign_in(
            "admin@example.com",
            PASSWORD,
            "/login?next=/queries/1/source%3Fp_a%3D1",
        );
        assert_eq!(answer.header("location"), Some("/queries/1/source?p_a=1"));
        // A page that stays open must not lose its session while it is in use: the server says when
        // one is over, not the browser.
        let cookie = answer.header("set-cookie").expect("a session");
        let expires = cookie.split("Expires=").nth(1).and_then(|rest| rest.split(';').next());
        let expires =
            chrono::DateTime::parse_from_rfc2822(expires.expect("a date")).expect("reads");
        let soon = chrono::DateTime::parse_from_rfc2822(answer.header("date").expect("a date"));
        assert!((expires - soon.expect("reads")).num_days() >= 31, "{cookie}");
        let session = browser.get("/api/session");
        assert!(!browser.csrf_token.borrow().is_empty());
        has(&session, &["user", "messages", "org_slug", "client_config"]);
        has(
            &session["user"],
            &["id", "name", "email", "groups", "permissions", "profile_image_url"],
        );
        let words = session["user"]["permissions"].as_array().expect("a list");
        for word in ["admin", "create_query", "create_dashboard", "list_alerts", "list_users"] {
            assert!(words.contains(&json!(word)), "{word}");
        }
        has(&session["client_config"], &CONFIG);
        has(&session["client_config"], &["version", "newVersionAvailable"]);
        has(&browser.get("/api/config")["client_config"], &CONFIG);
        let counters = browser.get("/api/organization/status")["object_counters"].clone();
        has(&counters, &["users", "alerts", "data_sources", "queries", "dashboards"]);
        for list in ["/api/dashboards/favorites", "/api/queries/favorites"] {
            rows(&browser.get(&format!("{list}?order=-starred_at")));
        }
        browser.record("view", "page", &json!("personal_homepage"));
        for path in ["/", "/queries", "/alerts/new", "/dashboards/1-board", "/admin/status"] {
            browser.page(path);
        }
        let out = browser.send("GET", "/logout", None, None);
        assert_eq!((out.status, out.header("location")), (302, Some("/login")));
        assert_eq!(browser.send("GET", "/api/session", None, None).status, 404);
    }
}

#[test]
fn a_lost_session_is_told_in_the_words_that_the_web_client_looks_for() {
    let shop = shops().next().expect("an engine");
    let browser = Browser::signed_in(&shop);
    browser.send("GET", "/logout", None, None);
    // Whatever the page does next, its dialog asks to sign in, in a window of its own.
    let board = json!({ "name": "Board" });
    for (status, body) in [
        browser.refused("/api/dashboards", &board),
        browser.refused("/api/queries/1/results", &json!({ "id": 1, "parameters": {} })),
        browser.refused("/api/events", &json!([])),
    ] {
        assert_eq!(status, 404);
        assert!(body["message"].as_str().expect("a text").contains("Please login"), "{body}");
    }
    let form = browser.send("GET", "/login", None, None);
    // The window tells the page that opened it: nothing may cut the two apart.
    assert_eq!(form.header("cross-origin-opener-policy"), None);
    for field in ["data-test=\"Email\"", "data-test=\"Password\"", "type=\"submit\""] {
        assert!(form.text().contains(field), "{field}");
    }
    let answer = browser.sign_in("admin@example.com", PASSWORD, "/login");
    assert_eq!(answer.header("location"), Some("/"));
    has(&browser.get("/api/session"), &["user"]);
    has(&browser.post("/api/dashboards", &board), &["id"]);
}

#[test]
fn every_page_loads_for_somebody_who_may_list_nothing() {
    for shop in shops() {
        let (user, id) = shop.user("nobody").expect("made");
        let gone = shop.admin.delete(&format!("/api/groups/2/members/{id}")).expect("answers");
        assert_eq!(gone.status, 200, "{}", gone.text());
        let session = user.get("/api/session").expect("answers").ok().expect("good");
        assert_eq!(session["user"]["permissions"], json!([]));
        let status = user.get("/api/organization/status").expect("answers").ok().expect("good");
        let counters = json!({
            "users": 0, "alerts": 0, "data_sources": 0, "queries": 0, "dashboards": 0,
        });
        assert_eq!(status["object_counters"], counters);
    }
}

#[test]
fn a_lost_token_is_renewed_as_the_web_client_does_it() {
    let shop = shops().next().expect("an engine");
    let browser = Browser::signed_in(&shop);
    let good = browser.csrf_token.replace("old".to_owned());
    let body = json!({ "name": "Board" }).to_string().into_bytes();
    let refused =
        browser.send("POST", "/api/dashboards", Some("application/json"), Some(body.clone()));
    assert_eq!(refused.status, 400);
    assert!(refused.json()["message"].as_str().expect("a text").contains("CSRF"));
    // It asks for `/ping`, reads its cookie again, and repeats the request.
    assert_eq!(browser.send("GET", "/ping", None, None).text(), "PONG.");
    browser.csrf_token.replace(good);
    let made = browser.send("POST", "/api/dashboards", Some("application/json"), Some(body));
    assert_eq!(made.status, 200, "{}", made.text());
}
