//! Sessions, the order of credentials, and what is told without one.

use serde_json::json;
use tessera_testkit::server::PASSWORD;

use crate::callers::{Metabase, names, plain, shops, text};

const UNAUTHENTICATED: &str = "Unauthenticated";

#[test]
fn a_session_begins_works_and_ends() {
    for shop in shops() {
        let nobody = Metabase::with(&shop, &[]);
        let sign_in = |password: &str| {
            let body = json!({ "username": "admin@example.com", "password": password });
            nobody.post("/api/session", &body)
        };
        let wrong = sign_in("wrong password");
        let expected = json!({ "password": "did not match stored password" });
        assert_eq!((wrong.status, &wrong.json()["errors"]), (401, &expected));
        let nameless = nobody.post("/api/session", &json!({ "password": PASSWORD }));
        assert_eq!((nameless.status, names(&nameless.json()["errors"])), (400, vec!["username"]));
        let answer = sign_in(PASSWORD);
        assert_eq!((answer.status, names(&answer.json())), (200, vec!["id"]));
        let id = text(&answer.json()["id"]).to_owned();
        let cookies: Vec<&str> = answer
            .headers
            .iter()
            .filter(|(name, _)| name == "set-cookie")
            .map(|(_, value)| value.as_str())
            .collect();
        assert!(
            cookies.iter().any(|cookie| cookie.starts_with(&format!("metabase.SESSION={id};"))
                && cookie.contains("HttpOnly")
                && cookie.contains("SameSite=Lax")),
            "{cookies:?}"
        );
        assert!(cookies.iter().any(|cookie| cookie.starts_with("metabase.TIMEOUT=")));

        let cookie = format!("metabase.SESSION={id}");
        for headers in [[("x-metabase-session", id.as_str())], [("cookie", cookie.as_str())]] {
            let caller = Metabase::with(&shop, &headers);
            assert_eq!(caller.read("/api/user/current")["email"], "admin@example.com");
            assert_eq!(caller.post("/api/permissions/group", &json!({ "name": "" })).status, 400);
        }
        let foreign = [("cookie", cookie.as_str()), ("origin", "http://evil.example")];
        let foreign = Metabase::with(&shop, &foreign);
        assert_eq!(foreign.post("/api/permissions/group", &json!({ "name": "x" })).status, 403);
        let caller = Metabase::with(&shop, &[("x-metabase-session", &id)]);
        let ended = caller.delete("/api/session");
        assert_eq!((ended.status, ended.body.len()), (204, 0));
        assert_eq!(plain(&caller.get("/api/user/current")), (401, UNAUTHENTICATED.to_owned()));
    }
}

#[test]
fn a_good_session_goes_before_a_key_and_a_stale_one_does_not() {
    for shop in shops() {
        let admin = Metabase::admin(&shop);
        let made = admin.new_key("program", admin.group("All Users"));
        let key = text(&made["unmasked_key"]);
        let body = json!({ "username": "admin@example.com", "password": PASSWORD });
        let session = Metabase::with(&shop, &[]).post("/api/session", &body).json();
        let session = text(&session["id"]);
        let who = |headers: &[(&'static str, &str)]| {
            Metabase::with(&shop, headers).read("/api/user/current")["common_name"].clone()
        };
        assert_eq!(who(&[("x-metabase-session", session), ("x-api-key", key)]), "Ada Admin");
        assert_eq!(who(&[("x-metabase-session", session), ("x-api-key", "bad")]), "Ada Admin");
        assert_eq!(who(&[("x-metabase-session", "stale"), ("x-api-key", key)]), "program");
        assert_eq!(who(&[("cookie", "metabase.SESSION=stale"), ("x-api-key", key)]), "program");
        let both = [("cookie", "metabase.SESSION=stale"), ("x-metabase-session", session)];
        assert_eq!(who(&both), "Ada Admin");
        assert_eq!(who(&[("authorization", "Basic dTpw"), ("x-api-key", key)]), "program");
    }
}

#[test]
fn no_bad_and_deleted_keys_get_the_same_plain_text() {
    for shop in shops() {
        let expected = (401, UNAUTHENTICATED.to_owned());
        let bad = format!("mb_{}=", "A".repeat(43));
        let keys = ["", "x", "mb_", "mb_short", bad.as_str()];
        for key in keys {
            let caller = Metabase::with_key(&shop, key);
            for path in ["/api/permissions/group", "/api/user/current", "/api/api-key"] {
                let answer = caller.get(path);
                assert_eq!(plain(&answer), expected, "{key} {path}");
                assert!(
                    answer
                        .header("content-type")
                        .is_some_and(|kind| kind.starts_with("text/plain"))
                );
            }
        }
        assert_eq!(plain(&Metabase::with(&shop, &[]).get("/api/user/current")), expected);
        let address = format!("/api/user/current?api_key={}", shop.admin.key());
        assert_eq!(
            plain(&Metabase::with(&shop, &[]).get(&address)),
            expected,
            "never in the address"
        );
    }
}

#[test]
fn what_is_not_served_has_the_words_of_the_callers_dialect() {
    for shop in shops() {
        let admin = Metabase::admin(&shop);
        let none = (404, "API endpoint does not exist.".to_owned());
        for path in ["/api/nosuch", "/api/card", "/api/user/x", "/api/nosuch/", "/api/collection"] {
            assert_eq!(plain(&admin.get(path)), none, "{path}");
        }
        assert_eq!(plain(&admin.post("/api/dataset", &json!({}))), none);
        assert_eq!(plain(&admin.ask("PATCH", "/api/api-key", None)), none);
        let session = Metabase::with(&shop, &[("x-metabase-session", "x")]);
        assert_eq!(plain(&session.get("/api/nosuch")), none);
        let redash = shop.admin.get("/api/queries/1/acl/x/y").expect("answers");
        assert_eq!(redash.status, 404);
        assert!(redash.json()["message"].is_string(), "others get JSON: {}", redash.text());
    }
}

#[test]
fn a_path_of_both_dialects_serves_both() {
    for shop in shops() {
        let redash = shop.admin.get("/api/session").expect("answers").ok().expect("good");
        assert!(redash["user"]["permissions"].is_array(), "{redash}");
        let admin = Metabase::admin(&shop);
        assert_eq!(admin.read("/api/users")["results"].as_array().map(Vec::len), Some(1));
        assert_eq!(admin.read("/api/user")["data"].as_array().map(Vec::len), Some(1));
        for path in
            ["/api/user/current/", "/api/permissions/group/", "/api/api-key/", "/api/health/"]
        {
            assert_eq!(admin.get(path).status, 200, "{path}");
        }
    }
}

#[test]
fn health_and_properties_are_told_to_everybody() {
    for shop in shops() {
        let nobody = Metabase::with(&shop, &[]);
        assert_eq!(nobody.read("/api/health"), json!({ "status": "ok" }));
        let properties = nobody.read("/api/session/properties");
        assert_eq!(properties["version"]["tag"], "v0.58.0");
        assert!(properties["token-features"].is_object());
        assert_eq!(properties["has-user-setup"], true);
        assert_eq!(properties["setup-token"], json!(null));
        assert_eq!(properties["site-name"], "Acme");
        assert_eq!(properties["site-url"], shop.server.url());
    }
}
