//! Search, history and trash over `/v1`.

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, Shop, options};

fn shops() -> impl Iterator<Item = Shop> {
    ENGINES
        .into_iter()
        .map(|engine| Shop::open(options(engine).expect("an engine")).expect("opens"))
}

fn names(page: &Value) -> Vec<&str> {
    let found = page["data"].as_array().expect("a page").iter();
    found.map(|one| one["name"].as_str().expect("a name")).collect()
}

#[test]
fn a_search_finds_what_the_caller_may_see_and_shows_where() {
    for shop in shops() {
        let query = shop.query(shop.sqlite, "select note from orders -- 売上", json!([]));
        let id = query.expect("made")["id"].clone();
        let change = json!({ "name": "Sales by day", "description": "of the shop" });
        shop.admin
            .post(&format!("/api/queries/{id}"), &change)
            .expect("answers")
            .ok()
            .expect("good");
        let board = json!({ "name": "Sales board" });
        shop.admin.post("/v1/dashboards", &board).expect("answers").ok().expect("good");
        let find = |q: &str| {
            shop.admin.get(&format!("/v1/search?{q}")).expect("answers").ok().expect("good")
        };
        let found = find("q=sales");
        assert_eq!((names(&found).len(), found["total"].as_i64()), (2, Some(2)), "{found}");
        let kinds = find("q=sales&kind=dashboard");
        assert_eq!(names(&kinds), ["Sales board"]);
        let place = &find("q=orders%20name:ales")["data"][0];
        assert_eq!(place["highlights"][0]["parts"][1], json!({ "text": "ales", "is_match": true }));
        assert_eq!(names(&find("q=%E5%A3%B2%E4%B8%8A")), ["Sales by day"]);
        assert_eq!(names(&find(&format!("q=id:{id}&kind=query"))), ["Sales by day"]);
        let first = find("q=sales&limit=1");
        let cursor = first["next_cursor"].as_str().expect("there is more");
        assert_eq!(names(&find(&format!("q=sales&limit=1&cursor={cursor}"))).len(), 1);
        for bad in ["/v1/search", "/v1/search?q=x&kind=widget"] {
            assert_eq!(shop.admin.get(bad).expect("answers").status, 422, "{bad}");
        }
        // Without a group nobody sees the data source, or what others keep to themselves.
        let (bob, number) = shop.user("bob").expect("made");
        assert_eq!(names(&bob.get("/v1/search?q=sales").expect("answers").json()).len(), 1);
        shop.admin
            .delete(&format!("/api/groups/2/members/{number}"))
            .expect("answers")
            .ok()
            .expect("good");
        let seen = bob.get("/v1/search?q=sales").expect("answers");
        assert!(seen.status != 200 || names(&seen.json()).is_empty(), "{}", seen.text());
    }
}

#[test]
fn alerts_and_snippets_are_found_by_those_who_may_list_them() {
    for shop in shops() {
        let make = |path: &str, body: Value| {
            shop.admin.post(path, &body).expect("answers").ok().expect("good")
        };
        let query = shop.query(shop.sqlite, "select 1 as n", json!([])).expect("made");
        let options = json!({
            "column": "n", "op": ">", "value": 1, "custom_subject": "Sales: {{QUERY_RESULT_VALUE}}",
        });
        let body = json!({ "name": "Too many", "query_id": query["id"], "options": options });
        let alert = make("/api/alerts", body);
        let body = json!({ "trigger": "day", "description": "sales of it", "snippet": "x = ${1}" });
        let snippet = make("/api/query_snippets", body);
        let find = |q: &str| {
            shop.admin.get(&format!("/v1/search?{q}")).expect("answers").ok().expect("good")
        };
        let found = find("q=sales");
        let kinds: Vec<&Value> =
            found["data"].as_array().expect("a page").iter().map(|one| &one["kind"]).collect();
        // The description comes before the text.
        assert_eq!(kinds, [&json!("snippet"), &json!("alert")], "{found}");
        let hit = &find("q=sales&kind=alert")["data"][0];
        assert_eq!((&hit["id"], &hit["name"]), (&alert["id"], &json!("Too many")));
        assert_eq!(hit["highlights"][0]["field"], "text", "{hit}");
        let hit = &find("q=name:da&kind=snippet&kind=query")["data"][0];
        assert_eq!((&hit["id"], &hit["owner_name"]), (&snippet["id"], &json!("Ada Admin")));
        // Whoever does not see the data source does not see the alert.
        let (bob, _) = shop.user("bob").expect("made");
        let seen = || bob.get("/v1/search?q=sales").expect("answers").ok().expect("good");
        assert_eq!(names(&seen()), ["day", "Too many"]);
        let shared = format!("/api/groups/2/data_sources/{}", shop.sqlite);
        shop.admin.delete(&shared).expect("answers").ok().expect("good");
        assert_eq!(names(&seen()), ["day"]);
        assert_eq!(bob.get("/v1/search?q=sales&kind=alert").expect("answers").json()["total"], 0);
        for bad in ["/v1/trash?kind=alert", "/v1/trash?kind=snippet"] {
            assert_eq!(shop.admin.get(bad).expect("answers").status, 422, "{bad}");
        }
        // They go as they come.
        shop.admin.delete(&format!("/api/queries/{}", query["id"])).expect("answers");
        let rest = format!("/api/query_snippets/{}", snippet["id"]);
        shop.admin.delete(&rest).expect("answers").ok().expect("good");
        assert_eq!(find("q=sales")["total"], 0);
    }
}

#[test]
fn an_earlier_version_is_compared_and_restored() {
    for shop in shops() {
        let made = shop.query(shop.sqlite, "select 1 as a", json!([])).expect("made");
        let path = format!("/v1/queries/{}", made["id"]);
        let patch = |body: Value| {
            shop.admin.request("PATCH", &path, Some(&body)).expect("answers").ok().expect("good")
        };
        patch(json!({ "text": "select 2 as a", "tags": ["x"] }));
        patch(json!({ "name": "Renamed", "text": "select 3 as a" }));
        let get = |rest: &str| {
            shop.admin.get(&format!("{path}{rest}")).expect("answers").ok().expect("good")
        };
        let history = get("/history");
        assert_eq!(history["total"], 2, "{history}");
        assert_eq!(history["data"][0]["version"], 3);
        assert!(history["data"][0]["user_name"].is_string(), "{history}");
        let lines = history["data"][0]["diffs"]["text"].as_str().expect("a diff");
        assert!(lines.contains("-select 2 as a\n+select 3 as a\n"), "{lines}");
        let diff = get("/diff?from=1&to=3");
        assert_eq!(diff["changes"]["text"]["previous"], "select 1 as a");
        assert_eq!(diff["changes"]["tags"]["current"], json!(["x"]));
        let restore =
            |body: Value| shop.admin.post(&format!("{path}/restore"), &body).expect("answers");
        assert_eq!(restore(json!({ "version": 1, "expected_version": 2 })).status, 409);
        assert_eq!(restore(json!({ "version": 9 })).status, 404);
        let restored = restore(json!({ "version": 1, "expected_version": 3 })).ok().expect("good");
        assert_eq!((&restored["text"], &restored["version"]), (&json!("select 1 as a"), &json!(4)));
        assert_eq!((&restored["name"], &restored["tags"]), (&made["name"], &json!([])));
        let (bob, _) = shop.user("bob").expect("made");
        let refused = bob.post(&format!("{path}/restore"), &json!({ "version": 2 }));
        assert_eq!(refused.expect("answers").status, 403);

        let board = json!({ "name": "Board" });
        let board = shop.admin.post("/v1/dashboards", &board).expect("answers").ok().expect("good");
        let path = format!("/v1/dashboards/{}", board["id"]);
        let ask = |method: &str, rest: &str, body: Value| {
            let path = format!("{path}{rest}");
            let body = Some(body).filter(|body| !body.is_null());
            shop.admin.request(method, &path, body.as_ref()).expect("answers").ok().expect("good")
        };
        ask("PATCH", "", json!({ "name": "Other", "has_filters": true }));
        ask("POST", "/widgets", json!({ "text": "hello" }));
        let history = ask("GET", "/history", Value::Null);
        assert_eq!(history["total"], 2, "{history}");
        assert!(history["data"][0]["changes"].to_string().contains("hello"), "{history}");
        let restored = ask("POST", "/restore", json!({ "version": 1 }));
        assert_eq!((&restored["name"], &restored["has_filters"]), (&json!("Board"), &json!(false)));
        assert_eq!(restored["widgets"].as_array().map(Vec::len), Some(1), "widgets stay");
    }
}

#[test]
fn what_was_archived_comes_back_or_goes_for_good() {
    for shop in shops() {
        let made = shop.query(shop.sqlite, "select 1 as a", json!([])).expect("made");
        let id = &made["id"];
        let ask =
            |method: &str, path: &str| shop.admin.request(method, path, None).expect("answers");
        let trash = format!("/v1/trash/queries/{id}");
        assert_eq!(ask("DELETE", &trash).status, 422, "it is not archived");
        assert_eq!(ask("DELETE", &format!("/v1/queries/{id}")).status, 204);
        let listed = ask("GET", "/v1/trash").ok().expect("good");
        assert_eq!((&listed["data"][0]["id"], &listed["total"]), (id, &json!(1)));
        let back = ask("POST", &format!("{trash}/restore")).ok().expect("good");
        assert_eq!(back["is_archived"], false);
        assert_eq!(ask("POST", &format!("{trash}/restore")).status, 422);
        assert_eq!(ask("DELETE", &format!("/v1/queries/{id}")).status, 204);
        let (bob, _) = shop.user("bob").expect("made");
        assert_eq!(bob.delete(&trash).expect("answers").status, 403, "administrators only");
        let weight = ask("GET", &trash).ok().expect("good");
        assert_eq!((&weight["visualizations"], &weight["keys"]), (&json!(1), &json!(1)));
        assert_eq!(ask("DELETE", &trash).status, 200);
        assert_eq!(ask("GET", &format!("/v1/queries/{id}")).status, 404);
        assert_eq!(ask("GET", "/v1/trash").ok().expect("good")["total"], 0);
        let audit = ask("GET", "/v1/audit?action=trash.delete").ok().expect("good");
        assert!(audit["data"].to_string().contains(&format!("query:{id}")), "{audit}");
    }
}
