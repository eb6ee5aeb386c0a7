//! What the operator decides for all: who may read from where, which types there are, whom nobody
//! invites, and what the web client goes by.

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, Engine, Shop, options};
use tessera_testkit::client::Answer;
use tessera_testkit::server::PASSWORD;

use crate::run;

const ORIGIN: &str = "access-control-allow-origin";
const STRICT: &str = "strict-transport-security";

fn shop(settings: &[(&str, &str)]) -> Shop {
    let mut options = options(Engine::Sqlite).expect("an engine");
    for (name, value) in settings {
        options = options.with(name, value);
    }
    Shop::open(options).expect("opens")
}

#[test]
fn scripts_of_named_origins_read_results_with_a_key_and_nothing_else() {
    let shop = shop(&[("SERVER_CORS_ORIGINS", r#"["https://acme.example"]"#)]);
    let query = shop.query(shop.sqlite, "select 1 as n", json!([])).expect("made");
    let result = run(&shop, &query, &json!({ "max_age": 0 }));
    let from = |path: &str, origin: &str| -> Answer {
        let headers = [("origin", origin)];
        shop.admin.send("GET", path, None, None, &headers).expect("answers")
    };
    let rows = [
        format!("/api/queries/{}/results.csv", query["id"]),
        format!("/api/queries/{}/results/{result}.json", query["id"]),
        format!("/api/query_results/{result}"),
    ];
    for path in &rows {
        let answer = from(path, "https://acme.example");
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header(ORIGIN), Some("https://acme.example"), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), None, "{path}");
        assert_eq!(from(path, "https://evil.example").header(ORIGIN), None, "{path}");
    }
    for path in ["/api/session", "/api/queries", "/api/users/1"] {
        assert_eq!(from(path, "https://acme.example").header(ORIGIN), None, "{path}");
    }
}

#[test]
fn browsers_are_told_to_come_over_https_where_a_trusted_proxy_says_they_did() {
    let shop = shop(&[
        ("SERVER_STRICT_TRANSPORT_SECURITY", "max-age=31536000; includeSubDomains"),
        ("SERVER_TRUSTED_PROXIES", r#"["127.0.0.1"]"#),
    ]);
    let ask = |headers: &[(&str, &str)]| {
        shop.server.anonymous().send("GET", "/queries", None, None, headers).expect("answers")
    };
    let plain = ask(&[]);
    assert_eq!(plain.header(STRICT), None);
    assert!(plain.header("location").is_some_and(|place| place.contains("next=http%3A")));
    let encrypted = ask(&[("x-forwarded-proto", "https")]);
    assert_eq!(encrypted.header(STRICT), Some("max-age=31536000; includeSubDomains"));
    assert!(encrypted.header("location").is_some_and(|place| place.contains("next=https%3A")));
}

#[test]
fn types_that_are_switched_off_are_neither_offered_nor_taken() {
    let shop = shop(&[
        ("SOURCES_TYPES_DISABLED", r#"["mysql", "url"]"#),
        ("CHANNELS_KINDS_ENABLED", r#"["email", "webhook"]"#),
    ]);
    let names = |path: &str| -> Vec<String> {
        let types = shop.admin.get(path).expect("answers").ok().expect("good");
        let types = types.as_array().expect("a list").clone();
        types.iter().filter_map(|one| one["type"].as_str().map(str::to_owned)).collect()
    };
    let sources = names("/api/data_sources/types");
    assert!(sources.contains(&"pg".to_owned()) && !sources.contains(&"mysql".to_owned()));
    assert_eq!(names("/api/destinations/types"), ["email", "webhook"]);
    let source = json!({ "name": "m", "type": "mysql", "options": { "db": "x" } });
    assert_eq!(shop.admin.post("/api/data_sources", &source).expect("answers").status, 400);
    let slack = json!({ "name": "s", "type": "slack", "options": { "url": "https://a.example" } });
    assert_eq!(shop.admin.post("/api/destinations", &slack).expect("answers").status, 400);
}

#[test]
fn nobody_is_invited_in_a_blocked_domain_or_too_often() {
    let shop = shop(&[
        ("SIGNIN_BLOCKED_DOMAINS", r#"["Thrown.example"]"#),
        ("LIMITS_NEW_USERS_PER_HOUR", "3"),
    ]);
    let add = |email: &str| {
        let body = json!({ "name": "x", "email": email });
        shop.admin.post("/api/users?no_invite=1", &body).expect("answers")
    };
    for bad in ["a@thrown.example", "a@THROWN.example", "a@mail.thrown.example"] {
        let refused = add(bad);
        assert_eq!(refused.status, 400, "{bad}");
        assert_eq!(refused.json()["message"], "Bad email address.", "{bad}");
    }
    let good = add("a@nothrown.example").ok().expect("another domain");
    let change = json!({ "email": "a@thrown.example" });
    let path = format!("/api/users/{}", good["id"]);
    assert_eq!(shop.admin.post(&path, &change).expect("answers").status, 400);
    for name in ["b", "c"] {
        add(&format!("{name}@example.com")).ok().expect("within the limit");
    }
    let refused = add("d@example.com");
    assert_eq!(refused.status, 429, "{}", refused.text());
    assert!(refused.header("retry-after").is_some());
}

#[test]
fn the_web_client_goes_by_what_the_operator_decided() {
    let shop = shop(&[
        ("REDASH_PAGE_SIZE", "50"),
        ("REDASH_PAGE_SIZES", "[50, 100]"),
        ("REDASH_DASHBOARD_REFRESH_SECONDS", "[30]"),
        ("REDASH_QUERY_REFRESH_SECONDS", "[600, 3600]"),
        ("REDASH_TABLE_CELL_JSON_CHARACTERS_MAX", "10"),
        ("REDASH_AUTO_PUBLISH_NAMED_QUERIES", "false"),
        ("REDASH_CUSTOM_JS_VISUALIZATIONS", "false"),
        ("REDASH_EXTENDED_ALERT_OPTIONS", "true"),
    ]);
    let told = |path: &str| shop.admin.get(path).expect("answers").ok().expect("good");
    for path in ["/api/session", "/api/config"] {
        let config = told(path)["client_config"].clone();
        for (name, value) in [
            ("pageSize", json!(50)),
            ("pageSizeOptions", json!([50, 100])),
            ("dashboardRefreshIntervals", json!([30])),
            ("queryRefreshIntervals", json!([600, 3600])),
            ("tableCellMaxJSONSize", json!(10)),
            ("autoPublishNamedQueries", json!(false)),
            ("allowCustomJSVisualizations", json!(false)),
            ("extendedAlertOptions", json!(true)),
        ] {
            assert_eq!(config[name], value, "{path} {name}");
        }
    }
}

/// How long a cookie is to live, in whole days.
fn days(cookie: &str) -> i64 {
    let text = cookie.split("Expires=").nth(1).and_then(|rest| rest.split(';').next());
    let until =
        chrono::NaiveDateTime::parse_from_str(text.expect("an end"), "%a, %d %b %Y %H:%M:%S GMT");
    let now = tessera_kernel::Clock::now(&tessera_kernel::SystemClock);
    (until.expect("a moment").and_utc() - now + chrono::TimeDelta::minutes(5)).num_days()
}

#[test]
fn who_ticks_remember_me_stays_signed_in_for_a_month() {
    for engine in ENGINES {
        let shop = Shop::open(options(engine).expect("an engine")).expect("opens");
        let answer = shop.admin.get("/api/session").expect("answers").json();
        let email = answer["user"]["email"].as_str().expect("an address").to_owned();
        let page = shop.server.anonymous().get("/login").expect("answers").text();
        assert!(page.contains("name=\"remember\""), "{page}");
        let sign_in = |more: &str| {
            let form = [("email", email.as_str()), ("password", PASSWORD)];
            let form = serde_urlencoded::to_string(form).expect("a form") + more;
            let kind = Some("application/x-www-form-urlencoded");
            let anybody = shop.server.anonymous();
            let answer = anybody.send("POST", "/login", kind, Some(form.into_bytes()), &[]);
            let answer = answer.expect("answers");
            assert_eq!(answer.status, 302, "{}", answer.text());
            answer.header("set-cookie").expect("a session").to_owned()
        };
        // The cookie stays a month longer than the session may.
        assert_eq!(days(&sign_in("")), 31);
        assert_eq!(days(&sign_in("&remember=on")), 62);
        let body = json!({ "email": email, "password": PASSWORD, "remember": true });
        let own = shop.server.anonymous().post("/v1/session", &body).expect("answers");
        assert_eq!(own.status, 201, "{}", own.text());
        let until: Value = own.json()["expires_at"].clone();
        let until: tessera_kernel::Timestamp =
            until.as_str().and_then(|text| text.parse().ok()).expect("a moment");
        let now = tessera_kernel::Clock::now(&tessera_kernel::SystemClock);
        assert_eq!((until - now + chrono::TimeDelta::minutes(5)).num_days(), 31);
    }
}
