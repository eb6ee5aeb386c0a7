//! The forms of data sources and destinations, which the client makes from the schema of a type.

use serde_json::{Map, Value, json};

use super::super::{Browser, has, has_or_null};
use crate::shops;

const MASK: &str = "--------";
/// A file as the form sends it: in Base64, without its type.
const CERTIFICATE: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBQUEKLS0tLS1FTkQgQ0VSVElGSUNBVE\
    UtLS0tLQo=";

fn names(schema: &Value, list: &str) -> Vec<String> {
    let names = schema[list].as_array().into_iter().flatten();
    names.map(|name| name.as_str().expect("a name").to_owned()).collect()
}

fn choices(property: &Value) -> Option<Vec<Value>> {
    if let Some(extended) = property["extendedEnum"].as_array() {
        return Some(extended.iter().map(|choice| choice["value"].clone()).collect());
    }
    property["enum"].as_array().cloned()
}

/// What the client's form of a type needs in order to be drawn.
fn check(kind: &Value) {
    has(kind, &["name", "type", "configuration_schema"]);
    let schema = &kind["configuration_schema"];
    let properties = schema["properties"].as_object().expect("fields");
    for list in ["order", "required", "extra_options"] {
        for name in names(schema, list) {
            assert!(properties.contains_key(&name), "{list} of {kind}: {name}");
        }
    }
    let mut order = names(schema, "order");
    order.sort();
    order.dedup();
    assert_eq!(order.len(), names(schema, "order").len(), "{kind}");
    for (name, property) in properties {
        let input = property["type"].as_str().expect("a type");
        assert!(["string", "number", "boolean"].contains(&input), "{name} of {kind}");
        // The name is a field of its own, above those of the type.
        assert_ne!(name, "name", "{kind}");
        for choice in property["extendedEnum"].as_array().into_iter().flatten() {
            has(choice, &["value", "name"]);
        }
        if let (Some(choices), Some(default)) = (choices(property), property.get("default")) {
            assert!(choices.contains(default), "{name} of {kind}");
        }
    }
}

/// The form of a new object as it is sent: switches and choices have their defaults, what must be
/// filled in is, one field was filled in and emptied again, and the others were never touched.
fn filled_in(kind: &Value) -> Value {
    let schema = &kind["configuration_schema"];
    let required = names(schema, "required");
    let mut options = Map::new();
    let mut emptied = false;
    for (name, property) in schema["properties"].as_object().expect("fields") {
        let value = match (choices(property), property["type"].as_str()) {
            (Some(choices), _) => {
                let default = property.get("default").filter(|value| choices.contains(value));
                default.cloned().unwrap_or_else(|| choices[0].clone())
            }
            (None, Some("boolean")) => match property.get("default") {
                Some(default) => default.clone(),
                None => continue,
            },
            (None, _) if ["url", "server"].contains(&name.as_str()) => {
                json!("http://127.0.0.1:1/x")
            }
            (None, _) if name == "to_person_emails" => json!("team@example.com"),
            _ if !required.contains(name) && emptied => continue,
            _ if !required.contains(name) => {
                emptied = true;
                Value::Null
            }
            (None, Some("number")) => json!(1),
            (None, _) if name == "addresses" => json!("team@example.com"),
            (None, _) => json!("1"),
        };
        options.insert(name.clone(), value);
    }
    json!({ "options": options, "type": kind["type"], "name": format!("A {}", kind["name"]) })
}

/// Makes an object of every type by its form, and saves it as it is shown.
fn make_all(browser: &Browser, family: &str, left_out: &[&str], each: impl Fn(&str, &Value)) {
    let kinds = browser.get(&format!("/api/{family}/types"));
    for kind in kinds.as_array().expect("a list") {
        check(kind);
        if left_out.iter().any(|name| kind["type"] == *name) {
            continue;
        }
        let form = filled_in(kind);
        let made = browser.post(&format!("/api/{family}"), &form);
        has(&made, &["id", "name", "type"]);
        let path = format!("/api/{family}/{}", made["id"]);
        let mut shown = browser.get(&path);
        has(&shown, &["options"]);
        for (name, value) in shown["options"].as_object().expect("options") {
            // Whatever it is, an input can hold it, and no field is filled that was left empty.
            assert!(value.is_string() || value.is_number() || value.is_boolean(), "{name} {kind}");
            let sent = &form["options"][name];
            assert!(value == sent || (value == MASK && !sent.is_null()), "{name} of {kind}");
        }
        shown["name"] = json!(format!("B {}", kind["name"]));
        let saved = browser.post(&path, &shown);
        assert_eq!((&saved["name"], &saved["options"]), (&shown["name"], &shown["options"]));
        each(&path, &saved);
        assert_eq!(browser.delete(&path), Value::Null);
    }
}

#[test]
fn the_web_client_makes_a_data_source_of_every_type() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        // These want keys that nobody can make up, and say so.
        let keyed = ["redshift_iam", "aws_es", "bigquery", "google_spreadsheets", "snowflake"];
        make_all(&browser, "data_sources", &keyed, |path, source| {
            has(source, &["syntax", "groups", "queue_name", "scheduled_queue_name"]);
            assert_eq!(source["paused"], 0);
            has_or_null(source, &["pause_reason"]);
            if source["type"] == "sqlite" {
                let test = browser.post_nothing(&format!("{path}/test"));
                assert!(test["ok"] == false && test["message"].is_string(), "{test}");
            }
        });
        // A secret that is emptied in the form is gone.
        let form = json!({ "type": "pg", "name": "Plain", "options": {
            "host": "127.0.0.1", "dbname": "x", "password": "secret", "sslmode": "prefer",
            "sslrootcertFile": CERTIFICATE,
        } });
        let made = browser.post("/api/data_sources", &form);
        assert_eq!(made["options"]["password"], MASK);
        assert_eq!(made["options"]["sslrootcertFile"], MASK);
        let path = format!("/api/data_sources/{}", made["id"]);
        let mut shown = browser.get(&path);
        shown["options"]["password"] = Value::Null;
        browser.post(&path, &shown);
        assert_eq!(browser.get(&path)["options"].get("password"), None);
        assert_eq!(browser.get(&path)["options"]["sslrootcertFile"], MASK);
        // What is missing is told, and the page shows it.
        let bad = json!({ "type": "pg", "name": "Plain", "options": { "dbname": null } });
        let bytes = bad.to_string().into_bytes();
        let refused =
            browser.send("POST", "/api/data_sources", Some("application/json"), Some(bytes));
        assert_eq!(refused.status, 400);
        has(&refused.json(), &["message", "detail"]);
    }
}

#[test]
fn the_web_client_makes_a_destination_of_every_type() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        make_all(&browser, "destinations", &[], |_, destination| has(destination, &["icon"]));
    }
}
