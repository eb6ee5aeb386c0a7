//! The form of a pinned key: one form makes a link for an outsider.

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, Engine, Shop, options};

use crate::browser::{Browser, element, form, hidden};

const TEXT: &str =
    "select id, tenant from orders where tenant = {{ tenant }} and id >= {{ least }} order by id";
const PAYLOAD: &str = "\"'><img src=x onerror=document.title='owned'><script>alert(1)</script>";

fn shop(engine: Engine) -> Shop {
    Shop::open(options(engine).expect("options")).expect("opens")
}

fn orders(shop: &Shop) -> Value {
    let parameters = json!([
        { "name": "tenant", "title": "Tenant", "type": "number", "value": 4 },
        { "name": "least", "title": "Least", "type": "number", "value": 1 },
    ]);
    shop.query(shop.sqlite, TEXT, parameters).expect("made")
}

/// The address of the form, and where it goes.
fn places(query: &Value, version: &str) -> (String, String) {
    let place = format!("/keys/pinned/new?query={}&version={version}", query["id"]);
    (place.clone(), place)
}

fn keys_of(shop: &Shop, query: &Value) -> Vec<Value> {
    let answer = shop.admin.get(&format!("/v1/queries/{}/keys", query["id"])).expect("answers");
    answer.ok().expect("a list")["data"].as_array().expect("a list").clone()
}

#[test]
fn one_form_makes_a_link_that_gives_its_own_rows_and_is_shown_once() {
    for engine in ENGINES {
        let shop = shop(engine);
        let query = orders(&shop);
        let admin = Browser::administrator(&shop).expect("signs in");
        let (page, action) = places(&query, "latest");
        let fields = [
            ("name", "ACME portal"),
            ("mode.tenant", "pin"),
            ("value.tenant", "5"),
            ("mode.least", "free"),
            ("min.least", "1"),
            ("max.least", "3"),
            ("rows", "100"),
            ("age", "300"),
            ("megabytes", "1"),
            ("format", "csv"),
            ("format", "json"),
            ("networks", "127.0.0.0/8"),
            ("ends", "90"),
        ];
        let answer = admin.fill(&page, &action, &fields);
        assert_eq!(answer.status, 201, "{}", answer.text());
        let made = answer.text();
        let (secret, link) = (element(&made, "secret"), element(&made, "link"));
        assert!(secret.starts_with("tsr_qry_") && link.ends_with(&format!("?api_key={secret}")));
        let curl = format!("curl -H \"Authorization: Key {secret}\"");
        assert!(element(&made, "curl").starts_with(&curl), "{}", element(&made, "curl"));
        let nobody = shop.server.anonymous();
        let path = link.strip_prefix(shop.server.url()).expect("of this server");
        let rows = nobody.get(path).expect("answers");
        assert_eq!(rows.text(), "id,tenant\r\n2,5\r\n3,5\r\n");
        let rows = nobody.get(&format!("{path}&p_least=3")).expect("answers");
        assert_eq!(rows.text(), "id,tenant\r\n3,5\r\n");
        for (more, status) in [("p_tenant=6", 403), ("p_tenant=5", 403), ("p_least=4", 400)] {
            let answer = nobody.get(&format!("{path}&{more}")).expect("answers");
            assert!(answer.status >= status.min(400), "{more}: {}", answer.status);
            assert!(!answer.text().contains("id,tenant"), "{more}: {}", answer.text());
        }
        let keys = keys_of(&shop, &query);
        assert_eq!(keys.len(), 1);
        let terms = &keys[0]["terms"];
        assert_eq!(terms["pinned"], json!({ "tenant": 5 }));
        assert_eq!(terms["free"], json!({ "least": { "min": 1, "max": 3 } }));
        let caps = json!({
            "rows": 100, "bytes": 1_000_000, "max_age_floor": 300, "formats": ["csv", "json"],
        });
        assert_eq!(terms["caps"], caps);
        assert_eq!(terms["conditions"], json!({ "ip_in": ["127.0.0.0/8"] }));
        let id = &keys[0]["id"];
        assert!(made.contains(&format!("DELETE /v1/keys/{id}")));
        for place in ["/keys".to_owned(), format!("/keys/{id}"), page.clone()] {
            let text = admin.get(&place).text();
            assert!(!text.contains(&secret), "{place} shows the secret again");
        }
        let list = admin.get("/keys").text();
        for told in ["ACME portal", "Pinned query key", "tenant is always 5.", "1 to 3"] {
            assert!(list.contains(told), "{told}: {list}");
        }
        let place = format!("/keys/{id}");
        assert_eq!(admin.fill(&place, &format!("{place}/revoke"), &[]).status, 303);
        assert!(nobody.get(path).expect("answers").status >= 400, "revoked");
    }
}

#[test]
fn every_type_of_parameter_has_its_control_and_is_pinned_or_free() {
    let shop = shop(Engine::Sqlite);
    let choices = shop
        .query(
            shop.sqlite,
            "select distinct tenant as value, 'T' || tenant as name from orders",
            json!([]),
        )
        .expect("made");
    let run = format!("/api/queries/{}/results", choices["id"]);
    let started = shop.admin.post(&run, &json!({ "max_age": 0 })).expect("answers");
    shop.admin.finish(&started.ok().expect("good")).expect("ends");
    let several = json!({ "prefix": "", "suffix": "", "separator": "," });
    let parameters = json!([
        { "name": "t", "title": "T", "type": "text", "value": "a" },
        { "name": "n", "title": "N", "type": "number", "value": 1 },
        { "name": "e", "title": "E", "type": "enum", "enumOptions": "x\ny", "value": "x" },
        { "name": "m", "title": "M", "type": "enum", "enumOptions": "1\n2\n3", "value": ["1"],
          "multiValuesOptions": several },
        { "name": "q", "title": "Q", "type": "query", "queryId": choices["id"], "value": null },
        { "name": "d", "title": "D", "type": "date", "value": "2026-01-31" },
        { "name": "w", "title": "W", "type": "datetime-local", "value": "d_now" },
        { "name": "r", "title": "R", "type": "date-range", "value": "d_last_7_days" },
    ]);
    let text = "select {{ t }}, {{ n }}, '{{ e }}', {{ q }}, {{ d }}, {{ w }}, {{ r.start }}, {{ r.end }} \
                where 1 in ({{ m }})";
    let query = shop.query(shop.sqlite, text, parameters).expect("made");
    let admin = Browser::administrator(&shop).expect("signs in");
    let (page, action) = places(&query, "latest");
    let shown = admin.get(&page).text();
    for control in [
        "id=\"p0-value\" name=\"value.t\" type=\"text\" value=\"a\"",
        "name=\"value.n\" type=\"text\" value=\"1\" inputmode=\"decimal\"",
        "<option value=\"x\" selected>x</option>",
        "<option value=\"5\">T5</option>",
        "name=\"value.d\" type=\"date\" value=\"2026-01-31\"",
        "name=\"value.w\" type=\"datetime-local\"",
        "<option value=\"d_last_7_days\" selected>",
    ] {
        assert!(shown.contains(control), "{control}: {shown}");
    }
    let pin: Vec<(String, String)> = ["t", "n", "e", "m", "q", "d", "w", "r"]
        .map(|name| (format!("mode.{name}"), "pin".to_owned()))
        .into();
    let mut fields = vec![
        ("name", "all"),
        ("ends", "never"),
        ("value.t", "it's"),
        ("value.n", "1.5"),
        ("value.e", "y"),
        ("value.m", "1"),
        ("value.m", "3"),
        ("value.q", "5"),
        ("value.d", "2026-02-28"),
        ("value.w", "2026-02-28T12:30"),
        ("start.r", "2026-01-01"),
        ("end.r", "2026-01-31"),
    ];
    fields.extend(pin.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let answer = admin.fill(&page, &action, &fields);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let expected = json!({
        "t": "it's", "n": 1.5, "e": "y", "m": ["1", "3"], "q": "5", "d": "2026-02-28",
        "w": "2026-02-28 12:30", "r": { "start": "2026-01-01", "end": "2026-01-31" },
    });
    assert_eq!(keys_of(&shop, &query)[0]["terms"]["pinned"], expected);
    let link = element(&answer.text(), "link");
    let rows = shop.server.anonymous().get(link.strip_prefix(shop.server.url()).expect("ours"));
    let rows = rows.expect("answers");
    assert!(
        rows.status == 200 && rows.text().contains("it's,1.5,y,5,2026-02-28"),
        "{}",
        rows.text()
    );
    let free: Vec<(String, String)> =
        pin.iter().map(|(name, _)| (name.clone(), "free".to_owned())).collect();
    let mut fields = vec![
        ("name", "free"),
        ("ends", "day"),
        ("ends_on", "2099-12-31"),
        ("choices.t", "a\r\nb"),
        ("min.n", "0"),
        ("choice.e", "x"),
        ("choice.m", "2"),
        ("choice.q", "4"),
        ("choice.q", "5"),
        ("min.d", "-90d"),
        ("max.d", "0d"),
        ("min.r", "2026-01-01"),
    ];
    fields.extend(free.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let answer = admin.fill(&page, &action, &fields);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let keys = keys_of(&shop, &query);
    let made = keys.iter().find(|key| key["name"] == "free").expect("the key");
    let expected = json!({
        "t": { "enum": ["a", "b"] }, "n": { "min": 0 }, "e": { "enum": ["x"] }, "m": { "enum": ["2"] },
        "q": { "enum": ["4", "5"] }, "d": { "min": "-90d", "max": "0d" }, "w": {},
        "r": { "min": "2026-01-01" },
    });
    assert_eq!(made["terms"]["free"], expected);
    assert_eq!(made["expires_at"], "2100-01-01T00:00:00Z");
}

#[test]
fn what_is_wrong_is_told_at_its_field_and_what_was_typed_stays() {
    let shop = shop(Engine::Sqlite);
    let query = orders(&shop);
    let admin = Browser::administrator(&shop).expect("signs in");
    let (page, action) = places(&query, "latest");
    let typed = [
        ("name", PAYLOAD),
        ("mode.tenant", "pin"),
        ("value.tenant", "five"),
        ("mode.least", "free"),
        ("min.least", "2"),
        ("rows", "many"),
        ("networks", "here"),
        ("ends", "day"),
        ("ends_on", ""),
    ];
    let answer = admin.fill(&page, &action, &typed);
    assert_eq!(answer.status, 422);
    let text = answer.text();
    for kept in [
        "value=\"five\"",
        "value=\"many\"",
        ">\nhere</textarea>",
        "value=\"2\"",
        "class=\"mode-pin\" name=\"mode.tenant\" value=\"pin\" required checked",
        "class=\"mode-free\" name=\"mode.least\" value=\"free\" required checked",
        "<option value=\"day\" selected>",
        "&quot;&#39;&gt;&lt;img src=x",
        "id=\"rows-error\"",
        "id=\"networks-error\"",
        "id=\"ends-error\"",
        "href=\"#rows\"",
        "href=\"#networks\"",
        "href=\"#ends\"",
        "aria-invalid=\"true\"",
    ] {
        assert!(text.contains(kept), "{kept}: {text}");
    }
    assert!(!text.contains("<script") && !text.contains("<img"), "{text}");
    // What only the core finds out comes back at its field as well, and the form can be mended.
    for (wrong, told) in [
        (vec![("value.tenant", "five")], "p0-value-error"),
        (vec![("value.tenant", "5"), ("max.least", "x")], "p1-max-error"),
        (vec![("value.tenant", "5"), ("min.least", "9"), ("max.least", "1")], "p1-min-error"),
        (vec![("value.tenant", "5"), ("origins", "acme.example")], "origins-error"),
        (vec![("value.tenant", "5"), ("rows", "0")], "rows-error"),
    ] {
        let mut fields =
            vec![("name", "n"), ("mode.tenant", "pin"), ("mode.least", "free"), ("ends", "30")];
        fields.extend(&wrong);
        let answer = admin.fill(&page, &action, &fields);
        assert_eq!(answer.status, 422, "{wrong:?}");
        let text = answer.text();
        assert!(text.contains(&format!("id=\"{told}\"")), "{wrong:?}: {text}");
    }
    assert_eq!(keys_of(&shop, &query).len(), 0);
    let fields = hidden(form(&text, &action).expect("a form"));
    let good = [
        ("name", "n"),
        ("mode.tenant", "pin"),
        ("value.tenant", "5"),
        ("mode.least", "free"),
        ("ends", "30"),
    ];
    let mended: Vec<(String, String)> = fields
        .into_iter()
        .chain(good.map(|(name, value)| (name.to_owned(), value.to_owned())))
        .collect();
    assert_eq!(admin.send(&action, &mended, &[]).status, 201);
}

#[test]
fn nobody_pins_a_query_that_it_may_not_run_or_a_version_that_it_may_not_give() {
    let shop = shop(Engine::Sqlite);
    let query = orders(&shop);
    let (ada, ada_id) = Browser::person(&shop, "ada").expect("a person");
    let groups = shop.admin.get("/api/groups").expect("answers").ok().expect("a list");
    let default =
        groups.as_array().expect("a list").iter().find(|group| group["name"] == "default");
    let default = &default.expect("the default group")["id"];
    let viewers = shop.admin.post("/api/groups", &json!({ "name": "viewers" })).expect("answers");
    let viewers = viewers.ok().expect("made")["id"].clone();
    let member = json!({ "user_id": ada_id });
    shop.admin
        .post(&format!("/api/groups/{viewers}/members"), &member)
        .expect("answers")
        .ok()
        .expect("in");
    let path = format!("/api/groups/{default}/members/{ada_id}");
    shop.admin.delete(&path).expect("answers").ok().expect("out");
    let (page, action) = places(&query, "latest");
    let fields: Vec<(String, String)> =
        hidden(form(&ada.get("/keys/new").text(), "/keys/new").expect("a form"))
            .into_iter()
            .chain(
                [
                    ("name", "stolen"),
                    ("mode.tenant", "pin"),
                    ("value.tenant", "5"),
                    ("mode.least", "free"),
                    ("ends", "never"),
                ]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
            )
            .collect();
    let closed = ada.get(&page);
    assert_eq!(closed.status, 403);
    assert!(!closed.text().contains("Tenant"), "{}", closed.text());
    assert_eq!(ada.send(&action, &fields, &[]).status, 403);
    assert!(!ada.get("/keys/pinned/new").text().contains("query="), "it is not in the list");
    // With view-only access it may give the approved version, once there is one, and no other.
    let source = json!({ "data_source_id": shop.sqlite });
    let sources = format!("/api/groups/{viewers}/data_sources");
    shop.admin.post(&sources, &source).expect("answers").ok().expect("added");
    let view = json!({ "view_only": true });
    shop.admin
        .post(&format!("{sources}/{}", shop.sqlite), &view)
        .expect("answers")
        .ok()
        .expect("set");
    let bare = format!("/keys/pinned/new?query={}", query["id"]);
    assert!(ada.get(&bare).text().contains("no approved version"));
    for version in ["latest", "1", "approved"] {
        let (_, action) = places(&query, version);
        assert_eq!(ada.send(&action, &fields, &[]).status, 422, "{version}");
    }
    assert_eq!(keys_of(&shop, &query).len(), 0);
    let approval = format!("/v1/queries/{}/approval", query["id"]);
    shop.admin
        .request("PUT", &approval, Some(&json!({})))
        .expect("answers")
        .ok()
        .expect("approved");
    let (page, action) = places(&query, "approved");
    assert!(ada.get(&bare).text().contains("it follows approvals"));
    let fields = [
        ("name", "given"),
        ("mode.tenant", "pin"),
        ("value.tenant", "5"),
        ("mode.least", "free"),
        ("ends", "30"),
    ];
    let answer = ada.fill(&page, &action, &fields);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(
        keys_of(&shop, &query)[0]["terms"]["grants"][0]["resource"],
        format!("query:{}@approved", query["id"])
    );
    assert!(ada.get("/keys").text().contains("given"), "who made a key looks after it");
}

#[test]
fn forged_and_repeated_forms_make_no_key() {
    let shop = shop(Engine::Sqlite);
    let query = orders(&shop);
    let admin = Browser::administrator(&shop).expect("signs in");
    let (page, action) = places(&query, "latest");
    let good: Vec<(String, String)> =
        hidden(form(&admin.get(&page).text(), &action).expect("a form"))
            .into_iter()
            .chain(
                [
                    ("name", "n"),
                    ("mode.tenant", "pin"),
                    ("value.tenant", "5"),
                    ("mode.least", "free"),
                    ("ends", "30"),
                ]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
            )
            .collect();
    let forged: Vec<_> = good.iter().filter(|(name, _)| name != "csrf_token").cloned().collect();
    assert_eq!(admin.send(&action, &forged, &[]).status, 403);
    assert_eq!(admin.send(&action, &good, &[("origin", "http://evil.example")]).status, 403);
    let nameless: Vec<_> = good.iter().filter(|(name, _)| name != "form").cloned().collect();
    assert_eq!(admin.send(&action, &nameless, &[]).status, 422);
    assert_eq!(keys_of(&shop, &query).len(), 0);
    assert_eq!(admin.send(&action, &good, &[]).status, 201);
    assert_eq!(admin.send(&action, &good, &[]).status, 409);
    assert_eq!(keys_of(&shop, &query).len(), 1);
    // A query that was changed meanwhile pins nothing that was not shown.
    let edit = json!({ "query": "select id, tenant from orders where id >= {{ least }}" });
    shop.admin
        .post(&format!("/api/queries/{}", query["id"]), &edit)
        .expect("answers")
        .ok()
        .expect("edited");
    let mut again = good.clone();
    again.iter_mut().filter(|(name, _)| name == "form").for_each(|(_, value)| value.push('x'));
    let answer = admin.send(&action, &again, &[]);
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("no parameter tenant any more"), "{}", answer.text());
    assert_eq!(keys_of(&shop, &query).len(), 1);
}

#[test]
fn what_authors_of_queries_wrote_stays_text() {
    let shop = shop(Engine::Sqlite);
    let name = "a<script>alert(1)</script>";
    let parameters = json!([
        { "name": name, "title": PAYLOAD, "type": "text", "value": PAYLOAD },
        { "name": "e", "title": PAYLOAD, "type": "enum", "enumOptions": format!("{PAYLOAD}\nb"), "value": PAYLOAD },
        { "name": "p", "title": "P", "type": "text-pattern", "regex": PAYLOAD, "value": null },
    ]);
    let text = format!("select {{{{ {name} }}}}, {{{{ e }}}}, {{{{ p }}}}");
    let query = shop.query(shop.sqlite, &text, parameters).expect("made");
    let rename = json!({ "name": PAYLOAD });
    shop.admin
        .post(&format!("/api/queries/{}", query["id"]), &rename)
        .expect("answers")
        .ok()
        .expect("named");
    let admin = Browser::administrator(&shop).expect("signs in");
    let (page, action) = places(&query, "latest");
    let (mode, value) = (format!("mode.{name}"), format!("choices.{name}"));
    let fields = [
        ("name", PAYLOAD),
        (mode.as_str(), "free"),
        (value.as_str(), PAYLOAD),
        ("mode.e", "pin"),
        ("value.e", PAYLOAD),
        ("mode.p", "free"),
        ("ends", "30"),
    ];
    let made = admin.fill(&page, &action, &fields);
    assert_eq!(made.status, 201, "{}", made.text());
    let id = keys_of(&shop, &query)[0]["id"].clone();
    let wrong = admin.fill(&page, &action, &[("name", PAYLOAD), (value.as_str(), PAYLOAD)]);
    for page in [
        admin.get(&page),
        admin.get("/keys/pinned/new"),
        admin.get("/keys"),
        admin.get(&format!("/keys/{id}")),
        made,
        wrong,
    ] {
        let text = page.text();
        assert!(text.contains("&lt;script&gt;"), "{text}");
        assert!(!text.contains("<script") && !text.contains("<img"), "{text}");
    }
}
