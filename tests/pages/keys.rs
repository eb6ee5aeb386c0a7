//! The console of keys.

use serde_json::json;
use tessera_e2e::{ENGINES, Engine, Shop, options};
use tessera_testkit::server::{Options, PASSWORD, Server};

use crate::browser::{Browser, element, form, hidden};

const PAYLOAD: &str = "\"'><img src=x onerror=document.title='owned'><script>alert(1)</script>";

fn shop(engine: Engine) -> Shop {
    Shop::open(options(engine).expect("options")).expect("opens")
}

/// Makes a key by the form; gives its text and number.
fn make(browser: &Browser, name: &str, may: &str) -> (String, String) {
    let fields = [("name", name), ("may", may), ("ends", "30")];
    let answer = browser.fill("/keys/new", "/keys/new", &fields);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let page = answer.text();
    let id = page.split_once("go to <a href=\"/keys/").expect("a link").1;
    let id = id.split('"').next().expect("a number").to_owned();
    (element(&page, "secret"), id)
}

#[test]
fn a_key_is_made_by_a_form_shown_once_and_does_what_was_chosen() {
    for engine in ENGINES {
        let shop = shop(engine);
        let (ada, _) = Browser::person(&shop, "ada").expect("a person");
        let (reads, id) = make(&ada, "reader", "read");
        let reader = shop.server.anonymous().with_key(&reads);
        assert_eq!(reader.get("/api/queries").expect("answers").status, 200);
        let new = json!({ "name": "Board" });
        assert!(reader.post("/api/dashboards", &new).expect("answers").status >= 400);
        let (all, _) = make(&ada, "writer", "all");
        let writer = shop.server.anonymous().with_key(&all);
        assert_eq!(writer.post("/api/dashboards", &new).expect("answers").status, 200);
        assert!(writer.post("/v1/keys", &json!({ "name": "x" })).expect("answers").status >= 400);
        let list = ada.get("/keys").text();
        assert!(list.contains("reader") && list.contains("Changes nothing"), "{list}");
        for path in ["/keys", &format!("/keys/{id}"), "/keys/new"] {
            let page = ada.get(path);
            assert_eq!(page.status, 200, "{path}");
            assert!(!page.text().contains(&reads) && !page.text().contains(&all), "{path}");
        }
    }
}

#[test]
fn a_form_that_is_sent_again_makes_nothing_and_shows_nothing() {
    let shop = shop(Engine::Sqlite);
    let admin = Browser::administrator(&shop).expect("signs in");
    let page = admin.get("/keys/new").text();
    let mut fields = hidden(form(&page, "/keys/new").expect("a form"));
    for (name, value) in [("name", "once"), ("may", "read"), ("ends", "never")] {
        fields.push((name.to_owned(), value.to_owned()));
    }
    let first = admin.send("/keys/new", &fields, &[]);
    assert_eq!(first.status, 201, "{}", first.text());
    assert_eq!(first.header("cache-control"), Some("no-store"));
    assert_eq!(first.header("referrer-policy"), Some("no-referrer"));
    let secret = element(&first.text(), "secret");
    let again = admin.send("/keys/new", &fields, &[]);
    assert_eq!(again.status, 409, "{}", again.text());
    assert!(!again.text().contains(&secret));
    let keys = shop.admin.get("/v1/keys").expect("answers").ok().expect("a list");
    let named = keys["data"].as_array().expect("a list").iter();
    assert_eq!(named.filter(|key| key["name"] == "once").count(), 1);
}

#[test]
fn a_key_is_switched_revoked_restored_and_rotated_by_forms() {
    let shop = shop(Engine::Sqlite);
    let (ada, _) = Browser::person(&shop, "ada").expect("a person");
    let (secret, id) = make(&ada, "mine", "all");
    let page = format!("/keys/{id}");
    let key = shop.server.anonymous().with_key(&secret);
    let works = || key.get("/v1/session").expect("answers").status == 200;
    let press = |what: &str, told: &str| {
        let answer = ada.fill(&page, &format!("{page}/{what}"), &[]);
        assert_eq!(answer.status, 303, "{what}: {}", answer.text());
        let next = answer.header("location").expect("a place").to_owned();
        assert!(ada.get(&next).text().contains(told), "{what}: {}", ada.get(&next).text());
    };
    assert!(works());
    press("disable", "Switched off");
    assert!(!works());
    press("enable", "The key is switched on");
    assert!(works());
    press("revoke", "The key is revoked");
    assert!(!works());
    assert!(
        !ada.get("/keys").text().contains(&format!("href=\"{page}\"")),
        "revoked ones are away"
    );
    assert!(ada.get("/keys?state=revoked").text().contains(&format!("href=\"{page}\"")));
    press("restore", "The key is back");
    assert!(works());
    let rotated = ada.fill(&page, &format!("{page}/rotate"), &[("overlap_seconds", "0")]);
    assert_eq!(rotated.status, 201, "{}", rotated.text());
    let next = element(&rotated.text(), "secret");
    assert_ne!(next, secret);
    assert!(!works(), "the old text ended at once");
    let key = shop.server.anonymous().with_key(&next);
    assert_eq!(key.get("/v1/session").expect("answers").status, 200);
}

#[test]
fn forms_count_only_with_their_proof_and_from_our_own_pages() {
    let shop = shop(Engine::Sqlite);
    let admin = Browser::administrator(&shop).expect("signs in");
    let (secret, id) = make(&admin, "mine", "all");
    let (page, revoke) = (format!("/keys/{id}"), format!("/keys/{id}/revoke"));
    let good = hidden(form(&admin.get(&page).text(), &revoke).expect("a form"));
    let wrong = vec![("csrf_token".to_owned(), "wrong".to_owned())];
    for (fields, headers) in [
        (vec![], vec![]),
        (wrong, vec![]),
        (good.clone(), vec![("origin", "http://evil.example")]),
        (good.clone(), vec![("origin", "null")]),
        (good.clone(), vec![("sec-fetch-site", "cross-site")]),
    ] {
        let answer = admin.send(&revoke, &fields, &headers);
        assert_eq!(answer.status, 403, "{fields:?} {headers:?}: {}", answer.text());
        assert!(answer.text().contains("CSRF"), "{}", answer.text());
    }
    let new = vec![
        ("name".to_owned(), "forged".to_owned()),
        ("may".to_owned(), "all".to_owned()),
        ("ends".to_owned(), "never".to_owned()),
        ("form".to_owned(), "f".to_owned()),
    ];
    assert_eq!(admin.send("/keys/new", &new, &[]).status, 403);
    assert!(!admin.get("/keys").text().contains("forged"));
    let key = shop.server.anonymous().with_key(&secret);
    assert_eq!(key.get("/v1/session").expect("answers").status, 200, "nothing happened");
    let own = [("origin", shop.server.url()), ("sec-fetch-site", "same-origin")];
    assert_eq!(admin.send(&revoke, &good, &own).status, 303);
}

#[test]
fn a_form_that_was_sent_to_one_node_makes_nothing_on_another() {
    let options = options(Engine::Postgres).expect("options");
    let shop = Shop::open(options.clone()).expect("opens");
    let data = Some(shop.server.data().to_owned());
    let other = Server::start(Options { data, ..options }).expect("starts");
    let here = Browser::administrator(&shop).expect("signs in");
    let there = Browser::at(&other, "admin@example.com", PASSWORD).expect("signs in");
    let fields = |browser: &Browser| {
        let mut all = hidden(form(&browser.get("/keys/new").text(), "/keys/new").expect("a form"));
        let own = [("name", "once"), ("may", "read"), ("ends", "30")];
        all.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
        all
    };
    let sent = fields(&here);
    assert_eq!(here.send("/keys/new", &sent, &[]).status, 201);
    // The same form, with the proof of the session there.
    let mut again = fields(&there);
    let name = sent.iter().find(|(name, _)| name == "form").expect("a name").1.clone();
    again
        .iter_mut()
        .filter(|(name, _)| name == "form")
        .for_each(|(_, value)| *value = name.clone());
    let answer = there.send("/keys/new", &again, &[]);
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert!(answer.text().contains("sent before"), "{}", answer.text());
    assert_eq!(there.get("/keys").text().matches(">once<").count(), 1);
    assert_eq!(there.send("/keys/new", &fields(&there), &[]).status, 201, "another form");
}

#[test]
fn nobody_is_sent_to_sign_in_and_strangers_see_and_do_nothing() {
    let shop = shop(Engine::Sqlite);
    let admin = Browser::administrator(&shop).expect("signs in");
    let (secret, id) = make(&admin, "secret name", "all");
    let nobody = shop.server.anonymous();
    for path in ["/keys", "/keys/new", "/keys/pinned/new?query=1", &format!("/keys/{id}")] {
        let answer = nobody.get(path).expect("answers");
        assert_eq!(answer.status, 302, "{path}");
        let place = answer.header("location").expect("a place");
        assert!(place.starts_with("/login?next=") && place.contains("keys"), "{path}: {place}");
    }
    let (ada, _) = Browser::person(&shop, "ada").expect("a person");
    let own = hidden(form(&ada.get("/keys/new").text(), "/keys/new").expect("a form"));
    assert_eq!(ada.get(&format!("/keys/{id}")).status, 403);
    for what in ["rotate", "disable", "enable", "revoke", "restore"] {
        let path = format!("/keys/{id}/{what}");
        let mut fields = own.clone();
        fields.push(("overlap_seconds".to_owned(), "0".to_owned()));
        assert_eq!(ada.send(&path, &fields, &[]).status, 403, "{what}");
        let body = serde_urlencoded::to_string(&fields).expect("texts").into_bytes();
        let kind = Some("application/x-www-form-urlencoded");
        let answer = nobody.send("POST", &path, kind, Some(body), &[]).expect("answers");
        assert_eq!(answer.status, 401, "{what}");
    }
    assert!(!ada.get("/keys").text().contains("secret name"));
    assert_eq!(ada.get("/keys?whose=all").status, 403);
    assert!(admin.get("/keys?whose=all").text().contains("of ada"));
    assert_eq!(ada.get("/keys/999999").status, 404);
    assert_eq!(ada.get("/keys/pinned").status, 404);
    let key = nobody.with_key(&secret);
    assert_eq!(key.get("/v1/session").expect("answers").status, 200, "nothing happened");
}

#[test]
fn names_stay_text_and_pages_allow_no_script_and_no_foreign_style() {
    let shop = shop(Engine::Sqlite);
    let admin = Browser::administrator(&shop).expect("signs in");
    let (_, id) = make(&admin, PAYLOAD, "read");
    let wrong = admin.fill("/keys/new", "/keys/new", &[("name", PAYLOAD), ("networks", PAYLOAD)]);
    assert_eq!(wrong.status, 422);
    let pages = [
        admin.get("/keys"),
        admin.get(&format!("/keys/{id}")),
        admin.get("/keys?state=%22%3E%3Cscript%3E&page=%22%3E"),
        admin.get("/keys/pinned/new?q=%22%3E%3Cscript%3Ealert(1)"),
        wrong,
    ];
    for page in pages {
        let text = page.text();
        assert!(!text.contains("<script") && !text.contains("<img"), "{text}");
        let policy = page.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'") && policy.contains("style-src 'sha256-"));
        assert!(!policy.contains("unsafe") && !text.contains(" style=\""), "{policy}");
        assert_eq!(page.header("cache-control"), Some("no-store"));
    }
}

#[test]
fn lists_tell_nothing_yet_from_nothing_that_fits_and_narrow_as_asked() {
    let shop = shop(Engine::Sqlite);
    let (ada, _) = Browser::person(&shop, "ada").expect("a person");
    assert!(ada.get("/keys?state=disabled").text().contains("No key fits"));
    make(&ada, "a reader", "read");
    assert!(ada.get("/keys?kind=usr").text().contains("a reader"));
    assert!(!ada.get("/keys?kind=svc").text().contains("a reader"));
    assert!(!ada.get("/keys?only=ending").text().contains("a reader"), "it ends in 30 days");
    assert!(ada.get("/keys").text().contains("in 30 days"), "{}", ada.get("/keys").text());
    assert!(ada.get("/").text().contains("href=\"/keys\""));
    assert!(ada.get("/queries/7").text().contains("href=\"/keys/pinned/new?query=7\""));
}
