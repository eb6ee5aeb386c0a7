//! The committed document, the table of routes and the code say the same.

use std::collections::BTreeSet;

use serde_json::Value;
use tessera_access::{Action, Need};
use tessera_api::{openapi, route_table};

fn document() -> Value {
    serde_json::to_value(openapi()).expect("JSON")
}

fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let methods = |(path, item): (&String, &Value)| {
        let path = path.clone();
        let found = item.as_object().expect("an item").clone();
        found
            .into_iter()
            .map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
    };
    paths.iter().flat_map(methods).collect()
}

#[test]
fn the_committed_document_is_the_present_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../openapi/v1.json");
    let committed = std::fs::read_to_string(path).expect("openapi/v1.json");
    let committed: Value = serde_json::from_str(&committed).expect("JSON");
    assert!(
        committed == document(),
        "run: cargo run -p tessera-api --example openapi > openapi/v1.json"
    );
}

#[test]
fn every_route_is_in_the_document_with_its_action_and_nothing_else_is() {
    let routes: BTreeSet<_> = route_table()
        .into_iter()
        .map(|route| (route.method.to_owned(), route.path.to_owned(), route.action.to_owned()))
        .collect();
    let documented: BTreeSet<_> = operations(&document())
        .into_iter()
        .map(|(method, path, operation)| {
            let action = operation["x-tessera-action"].as_str().expect("an action").to_owned();
            (method, path, action)
        })
        .collect();
    assert_eq!(routes, documented);
    assert_eq!(routes.len(), route_table().len(), "a route stands in the table twice");
}

#[test]
fn every_action_of_a_route_is_in_the_registry_and_in_its_description() {
    let known: BTreeSet<_> = Action::ALL.iter().map(|action| action.as_str()).collect();
    for route in route_table() {
        let good = known.contains(route.action) || route.action.starts_with("public: ");
        assert!(good, "{} {}: {}", route.method, route.path, route.action);
    }
    for (method, path, operation) in operations(&document()) {
        let action = operation["x-tessera-action"].as_str().expect("an action");
        let description = operation["description"].as_str().expect("a description");
        assert!(description.contains(action), "{method} {path}");
    }
}

#[test]
fn every_action_of_the_core_has_a_route() {
    // How the server is, is told outside of this interface: at /readyz and /metrics. Another server
    // is read by the operator at the machine: `tessera import`.
    let elsewhere = [Action::SystemStatus, Action::SystemImport];
    let used: BTreeSet<_> = route_table().into_iter().map(|route| route.action).collect();
    // What opens workspaces comes with what is in them; keys can hold the names before.
    let here_at_all = Action::ALL.iter().filter(|action| action.need() != Need::Workspace);
    for action in here_at_all {
        let here = used.contains(action.as_str());
        assert!(here || elsewhere.contains(action), "{}", action.as_str());
    }
}

#[test]
fn path_parameters_are_named_id_and_then_sub_id() {
    for route in route_table() {
        let names: Vec<_> = route.path.split('/').filter(|part| part.starts_with('{')).collect();
        assert!(["{id}", "{sub_id}"].starts_with(&names), "{}", route.path);
    }
}

#[test]
fn operation_ids_are_unique_and_every_reference_leads_somewhere() {
    let document = document();
    let ids: Vec<_> = operations(&document)
        .into_iter()
        .map(|(_, _, operation)| operation["operationId"].as_str().expect("an id").to_owned())
        .collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().expect("a name");
        assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
    }
}
