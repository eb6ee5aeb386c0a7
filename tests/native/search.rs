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
        assert_eq!(restored["widgets"], json!([]), "there were none");
        assert_eq!(restored["lost_widgets"], json!([]));
    }
}

#[test]
fn a_dashboard_comes_back_with_its_widgets() {
    for shop in shops() {
        let query = |text: &str| shop.query(shop.sqlite, text, json!([])).expect("made");
        let (kept, archived) = (query("select 1 as a"), query("select 2 as a"));
        let chart = |query: &Value, name: &str| -> Value {
            let body =
                json!({ "query_id": query["id"], "type": "CHART", "name": name, "options": {} });
            shop.admin.post("/api/visualizations", &body).expect("answers").ok().expect("good")
        };
        let (stays, goes) = (chart(&kept, "stays"), chart(&kept, "goes"));
        let closed = chart(&archived, "archived");
        let board = json!({ "name": "Board" });
        let board = shop.admin.post("/v1/dashboards", &board).expect("answers").ok().expect("good");
        let path = format!("/v1/dashboards/{}", board["id"]);
        let send = |method: &str, rest: &str, body: Value| {
            let path = format!("{path}{rest}");
            let body = Some(body).filter(|body| !body.is_null());
            shop.admin.request(method, &path, body.as_ref()).expect("answers").ok().expect("good")
        };
        let place = json!({ "position": { "col": 3, "row": 0, "sizeX": 3, "sizeY": 8 } });
        let mut tiles = Vec::new();
        for shown in [Some(&stays), Some(&goes), Some(&closed), None] {
            let shown = shown.map(|chart| chart["id"].clone());
            let body = json!({
                "visualization_id": shown, "text": "t", "width": 2, "options": place,
            });
            tiles.push(send("POST", "/widgets", body));
        }
        let before = send("GET", "", Value::Null);
        send("PATCH", "", json!({ "name": "Later", "tags": ["x"] }));
        let delete = |path: String| {
            assert!(shop.admin.delete(&path).expect("answers").status < 300, "{path}");
        };
        delete(format!("/v1/widgets/{}", tiles[0]["id"]));
        delete(format!("/v1/visualizations/{}", goes["id"]));
        delete(format!("/v1/queries/{}", archived["id"]));
        let text = format!("/v1/widgets/{}", tiles[3]["id"]);
        let edit = json!({ "text": "edited", "options": {} });
        shop.admin.request("PATCH", &text, Some(&edit)).expect("answers").ok().expect("good");
        send("POST", "/widgets", json!({ "text": "new" }));

        let diff = send("GET", "/diff?from=1&to=2", Value::Null);
        let told = format!("widget {}", tiles[0]["id"]);
        assert_eq!(diff["changes"][&told]["previous"]["visualization_id"], stays["id"], "{diff}");
        assert_eq!(diff["changes"][&told]["current"], json!(null), "{diff}");

        let restored = send("POST", "/restore", json!({ "version": 1, "expected_version": 2 }));
        let seen = |board: &Value| -> Vec<Value> {
            let all = board["widgets"].as_array().expect("widgets").iter();
            all.map(|one| {
                json!([one["id"], one["text"], one["width"], one["options"], one["visualization"]])
            })
            .collect()
        };
        let (was, now) = (seen(&before), seen(&restored));
        assert_eq!(now, [was[0].clone(), was[3].clone()], "with their numbers and places");
        assert_eq!((&restored["name"], &restored["version"]), (&json!("Board"), &json!(3)));
        let lost = json!([
            { "id": tiles[1]["id"], "visualization_id": goes["id"], "reason": "visualization_gone",
              "detail": "the visualization was deleted" },
            { "id": tiles[2]["id"], "visualization_id": closed["id"], "reason": "query_archived",
              "detail": "the query is archived; bring it back from the trash, then restore again" },
        ]);
        assert_eq!(restored["lost_widgets"], lost);

        // Back from the trash, the query is shown again.
        let trash = format!("/v1/trash/queries/{}/restore", archived["id"]);
        shop.admin.request("POST", &trash, None).expect("answers").ok().expect("good");
        let again = send("POST", "/restore", json!({ "version": 1 }));
        assert_eq!(seen(&again).len(), 3, "{again}");
        assert_eq!(again["lost_widgets"].as_array().map(Vec::len), Some(1));
        // And forwards, to what it was before all this.
        let later = send("POST", "/restore", json!({ "version": 2 }));
        let texts: Vec<&Value> =
            later["widgets"].as_array().expect("widgets").iter().map(|one| &one["text"]).collect();
        assert_eq!(
            (texts, &later["name"]),
            (vec![&json!("edited"), &json!("new")], &json!("Later"))
        );

        // A widget that was deleted without a new version: before the moment of that step.
        delete(format!("/v1/widgets/{}", tiles[3]["id"]));
        let steps = send("GET", "/history", Value::Null);
        let step = &steps["data"][0];
        assert!(step["changes"].to_string().contains("edited"), "{step}");
        let back = send("POST", "/restore", json!({ "before": step["at"] }));
        let texts: Vec<&Value> =
            back["widgets"].as_array().expect("widgets").iter().map(|one| &one["text"]).collect();
        assert_eq!(texts, ["edited", "new"]);
        let refused = |body: Value| {
            shop.admin.post(&format!("{path}/restore"), &body).expect("answers").status
        };
        assert_eq!(refused(json!({})), 422);
        assert_eq!(refused(json!({ "version": 1, "before": step["at"] })), 422);
        assert_eq!(refused(json!({ "before": "2001-01-01T00:00:00Z" })), 404);
        assert_eq!(refused(json!({ "version": 99 })), 404);
    }
}

#[test]
fn a_widget_whose_data_is_closed_to_the_caller_is_not_brought_back() {
    for shop in shops() {
        let (bob, bob_id) = shop.user("bob").expect("made");
        let made = shop.query(shop.sqlite, "select 1 as a", json!([])).expect("made");
        let shown = made["visualizations"][0]["id"].clone();
        let board = json!({ "name": "Board" });
        let board = shop.admin.post("/v1/dashboards", &board).expect("answers").ok().expect("good");
        let path = format!("/v1/dashboards/{}", board["id"]);
        let good = |method: &str, path: &str, body: Value| {
            let body = Some(body).filter(|body| !body.is_null());
            let answer = shop.admin.request(method, path, body.as_ref()).expect("answers");
            assert!(answer.status < 300, "{path}: {}", answer.text());
            answer
        };
        let tile = good("POST", &format!("{path}/widgets"), json!({ "visualization_id": shown }));
        good("DELETE", &format!("/v1/widgets/{}", tile.json()["id"]), Value::Null);
        good("PATCH", &path, json!({ "name": "Later" }));
        good("PATCH", &path, json!({ "is_draft": false }));
        let acl = format!("/api/dashboards/{}/acl", board["id"]);
        good("POST", &acl, json!({ "access_type": "modify", "user_id": bob_id }));
        let steps = good("GET", &format!("{path}/history"), Value::Null).json();
        let steps = steps["data"].as_array().expect("steps").clone();
        let deleted = steps.iter().find(|step| {
            let changes = step["changes"].as_object().expect("changes");
            changes.values().any(|change| change["current"].is_null())
        });
        let body = json!({ "before": deleted.expect("the step")["at"] });
        // The default group has no right to this source.
        let restored = bob.post(&format!("{path}/restore"), &body).expect("answers");
        let restored = restored.ok().expect("an editor may restore");
        assert_eq!(restored["widgets"], json!([]), "{restored}");
        assert_eq!(restored["lost_widgets"][0]["reason"], "source_closed");
        let restored = good("POST", &format!("{path}/restore"), body).json();
        assert_eq!(restored["widgets"].as_array().map(Vec::len), Some(1), "{restored}");
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
