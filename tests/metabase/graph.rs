//! What groups may do with databases.

use serde_json::{Value, json};

use crate::callers::{Metabase, shops};

fn words(graph: &Value, group: i64, source: i64) -> (Value, Value) {
    let value = &graph["groups"][group.to_string()][source.to_string()];
    (value["view-data"].clone(), value["create-queries"].clone())
}

#[test]
fn the_graph_tells_what_groups_reach() {
    for shop in shops() {
        let admin = Metabase::admin(&shop);
        let team = admin.new_group("Team");
        let body = json!({ "data_source_id": shop.sqlite });
        let path = format!("/api/groups/{team}/data_sources");
        shop.admin.post(&path, &body).expect("answers").ok().expect("good");
        let view = json!({ "view_only": true });
        let path = format!("{path}/{}", shop.sqlite);
        shop.admin.post(&path, &view).expect("answers").ok().expect("good");
        let graph = admin.read("/api/permissions/graph");
        assert!(graph["revision"].is_i64());
        let (all, admins) = (admin.group("All Users"), admin.group("Administrators"));
        let full = (json!("unrestricted"), json!("query-builder-and-native"));
        assert_eq!(words(&graph, admins, shop.postgres), full);
        assert_eq!(words(&graph, all, shop.postgres), full);
        let view = (json!("unrestricted"), json!("no"));
        assert_eq!(words(&graph, team, shop.sqlite), view);
        let blocked = (json!("blocked"), json!("no"));
        assert_eq!(words(&graph, team, shop.postgres), blocked);
        let one = admin.read(&format!("/api/permissions/graph/db/{}", shop.sqlite));
        assert_eq!(words(&one, team, shop.sqlite), view);
        assert_eq!(one["groups"][team.to_string()][shop.postgres.to_string()], Value::Null);
        let one = admin.read(&format!("/api/permissions/graph/group/{team}"));
        assert_eq!(one["groups"].as_object().map(serde_json::Map::len), Some(1));
        for path in ["/api/permissions/graph/db/999", "/api/permissions/graph/group/999"] {
            assert_eq!(admin.get(path).status, 404);
        }
    }
}

#[test]
fn a_change_based_on_an_old_graph_is_refused() {
    for shop in shops() {
        let admin = Metabase::admin(&shop);
        let team = admin.new_group("Team");
        let graph = admin.read("/api/permissions/graph");
        let change = |revision: &Value, view: &str, create: &str| {
            json!({ "revision": revision, "groups": { team.to_string(): {
                shop.sqlite.to_string(): { "view-data": view, "create-queries": create },
            }}})
        };
        let full = change(&graph["revision"], "unrestricted", "query-builder-and-native");
        let changed = admin.put("/api/permissions/graph", &full).ok().expect("good");
        let expected = (json!("unrestricted"), json!("query-builder-and-native"));
        assert_eq!(words(&changed, team, shop.sqlite), expected);
        assert_ne!(changed["revision"], graph["revision"]);
        let stale = change(&graph["revision"], "blocked", "no");
        assert_eq!(admin.put("/api/permissions/graph", &stale).status, 409);
        let now = admin.read("/api/permissions/graph");
        assert_eq!(words(&now, team, shop.sqlite), expected, "nothing was changed");
        let forced = admin.put("/api/permissions/graph?force=true&skip-graph=true", &stale);
        assert_eq!(forced.json().as_object().map(serde_json::Map::len), Some(1));
        assert_eq!(forced.json()["revision"], graph["revision"], "the same content again");
        let whole = admin.read("/api/permissions/graph");
        assert_eq!(
            admin.put("/api/permissions/graph", &whole).json(),
            whole,
            "it can be sent back"
        );
        let bad = change(&whole["revision"], "unrestricted", "query-builder");
        assert_eq!(admin.put("/api/permissions/graph", &bad).status, 400);
        assert_eq!(admin.put("/api/permissions/graph", &json!({ "groups": {} })).status, 400);
    }
}
