//! Every route against every kind of caller. The table is committed as `matrix.md`; a route that is not
//! in it, or an answer that is not the one in it, fails.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tessera_e2e::callers::World;
use tessera_testkit::client::{Answer, Client};

/// Every route of every edge: method, path, what it needs.
fn routes() -> Vec<(&'static str, &'static str, String)> {
    let redash = tessera_redash::route_table().into_iter().map(|route| {
        let needs = match route.action {
            tessera_redash::Guard::Action(action) => action.as_str().to_owned(),
            tessera_redash::Guard::Public(reason) => format!("public: {reason}"),
        };
        (route.method, route.path, needs)
    });
    let metabase = tessera_metabase::route_table().into_iter().map(|route| {
        let needs = match route.action {
            tessera_metabase::Guard::Action(action) => action.as_str().to_owned(),
            tessera_metabase::Guard::Public(reason) => format!("public: {reason}"),
        };
        (route.method, route.path, needs)
    });
    let web = tessera_web::route_table().into_iter().map(|route| {
        let needs = match route.action {
            tessera_web::Guard::Action(action) => action.as_str().to_owned(),
            tessera_web::Guard::Public(reason) => format!("public: {reason}"),
        };
        (route.method, route.path, needs)
    });
    let api = tessera_api::route_table()
        .into_iter()
        .map(|route| (route.method, route.path, route.action.to_owned()));
    let health = tessera_app::HEALTH_ROUTES
        .into_iter()
        .map(|(method, path, needs)| (method, path, needs.to_owned()));
    redash.chain(metabase).chain(web).chain(api).chain(health).collect()
}

/// What the gate said. Whatever came of a request that it let through is not the question here, so a
/// body may be refused; an object that is hidden from the caller is as good as none.
fn verdict(answer: &Answer) -> &'static str {
    let login = answer.status == 404 && answer.text().contains("Please login");
    let page = answer.status == 302
        && answer.header("location").is_some_and(|to| to.starts_with("/login"));
    match answer.status {
        401 | 403 => "-",
        _ if login || page => "-",
        404 => "404",
        _ => "yes",
    }
}

/// A body that is good enough to come to the question who may.
fn body(world: &World, path: &str) -> Value {
    let id = |word: &str| -> Value {
        world.path(&format!("{word}/{{id}}"))[word.len() + 1..]
            .parse()
            .map_or(Value::Null, |id: i64| json!(id))
    };
    match path {
        "/api/queries" => {
            json!({ "name": "x", "query": "select 1", "data_source_id": id("sources") })
        }
        "/api/query_results" => json!({ "query": "select 1", "data_source_id": id("sources") }),
        "/api/visualizations" => {
            json!({ "name": "x", "type": "CHART", "query_id": id("queries"), "options": {} })
        }
        "/api/widgets" => json!({
            "dashboard_id": id("dashboards"), "visualization_id": null, "text": "x", "width": 1, "options": {},
        }),
        "/api/groups/{id}/data_sources" => json!({ "data_source_id": id("sources") }),
        "/api/alerts" => json!({
            "name": "x", "query_id": id("queries"),
            "options": { "column": "id", "op": ">", "value": 1 },
        }),
        "/v1/alerts" => json!({
            "name": "x", "query_id": id("queries"),
            "condition": { "column": "id", "operator": ">", "threshold": 1 },
        }),
        "/v1/queries" => json!({ "name": "x", "text": "select 1", "source_id": id("sources") }),
        "/v1/statements/runs" => json!({ "text": "select 1", "source_id": id("sources") }),
        _ => json!({}),
    }
}

fn ask(world: &World, client: &Client, method: &str, template: &str) -> Answer {
    let path = world.path(template);
    let body = (method != "GET").then(|| body(world, template).to_string().into_bytes());
    client
        .send(method, &path, Some("application/json"), body, &[])
        .unwrap_or_else(|error| panic!("{method} {path}: {error:#}"))
}

#[test]
fn every_route_answers_every_caller_as_the_table_says() {
    let world = World::open().expect("opens");
    let mut routes = routes();
    routes.sort_by(|one, other| (one.1, one.0).cmp(&(other.1, other.0)));
    let names: Vec<&str> = world.callers.iter().map(|(name, _)| *name).collect();
    // What removes or shuts out comes last, and the administrator, who can, after everybody else.
    let weight = |method: &str| match method {
        "GET" => 0,
        "DELETE" => 2,
        _ => 1,
    };
    let mut order: Vec<(usize, usize)> = (0..names.len())
        .flat_map(|caller| (0..routes.len()).map(move |route| (caller, route)))
        .collect();
    order.sort_by_key(|(caller, route)| (*caller == names.len() - 1, weight(routes[*route].0)));
    let mut cells = vec![vec![""; names.len()]; routes.len()];
    for (caller, route) in order {
        let (method, path, _) = &routes[route];
        let answer = ask(&world, &world.callers[caller].1, method, path);
        assert!(answer.status < 500, "{method} {path} {}: {}", names[caller], answer.text());
        cells[route][caller] = verdict(&answer);
    }
    let mut table = format!(
        "# Who is let in where\n\nMade by `tests/security/matrix.rs`; objects belong to the administrator. \"yes\": the gate lets \
         the request through; \"404\": the object is hidden from the caller, or gone.\n\n| route | needs | {} |\n|---|---|{}\n",
        names.join(" | "),
        "---|".repeat(names.len())
    );
    for ((method, path, needs), cells) in routes.iter().zip(&cells) {
        writeln!(table, "| {method} `{path}` | {needs} | {} |", cells.join(" | "))
            .expect("a string");
    }
    let expected = include_str!("matrix.md");
    if table != expected {
        let made = std::env::temp_dir().join("tessera-matrix.md");
        std::fs::write(&made, &table).expect("written");
        let difference = table
            .lines()
            .zip(expected.lines().chain(std::iter::repeat("")))
            .find(|(made, expected)| made != expected);
        panic!("matrix.md differs at {difference:?}; if that is meant, take {}", made.display());
    }
    for ((method, path, needs), cells) in routes.iter().zip(&cells) {
        let public = needs.starts_with("public");
        assert!(public || cells[0] == "-", "{method} {path} lets nobody in particular in");
        assert!(public || cells[5] == "-", "{method} {path} lets a disabled user in");
        assert!(public || cells[6] != "-", "{method} {path} keeps the administrator out");
    }
}
