//! Texts that are no SQL: whatever a value is, the document has the shape that its author wrote.

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tessera_kernel::Code;
use tessera_sqltext::{Dialect, Document, Stretch, Template, normalize_statements};

use crate::support::bound;

const JSON: Dialect = Dialect::Document(Document::Json);

fn filled(text: &str, given: &Json) -> tessera_kernel::Result<Json> {
    let bound = bound(text, JSON, given)?;
    bound.filled(serde_json::from_str(&bound.sql).expect("still JSON"))
}

#[test]
fn values_take_the_type_that_they_have() {
    let text = r#"{"a": {{ n }}, "b": "{{ n }}", "c": {{ t }}, "d": "x {{ t }} y", "e": [{{ em0 }}], "f": "{{ em0 }}"}"#;
    let given = json!({"n": 7.5, "t": "5", "em0": []});
    let found = filled(text, &given).expect("binds");
    assert_eq!(found, json!({"a": 7.5, "b": "7.5", "c": "5", "d": "x 5 y", "e": [], "f": ""}));
    let found = filled(r#"["{{ e }}", "a\"{{ t }}"]"#, &json!({"e": "bl\"ue", "t": "\""}));
    assert_eq!(found.expect("binds"), json!(["bl\"ue", "a\"\""]));
    let found = filled(r#"{"{{ e }}": 1}"#, &json!({"e": "red"}));
    assert_eq!(found.expect("binds"), json!({"red": 1}));
    let fault = filled(r#"{"{{ t }}": 1}"#, &json!({"t": "red"})).expect_err("a name");
    assert_eq!(fault.code(), Code::UnbindableParameter);
}

#[test]
fn what_is_shown_is_what_was_asked() {
    let bound =
        bound("url: http://h/{{ t }}", Dialect::Document(Document::Yaml), &json!({"t": "a b"}));
    let bound = bound.expect("binds");
    assert_eq!(bound.display, "url: http://h/a b");
    let place = bound.sql.find("http").expect("is there");
    let stretches = bound.stretches(&bound.sql[place..]);
    assert!(matches!(stretches.as_slice(), [Stretch::Written("http://h/"), Stretch::Value(_)]));
    let text = "a;\n-- b\n;";
    assert_eq!(normalize_statements(text, JSON), text);
    for sign in ["\u{e000}", "\u{e001}", "\u{e002}"] {
        assert!(Template::parse(sign, JSON).is_err());
    }
}

proptest! {
    #[test]
    fn no_value_changes_the_shape_of_a_document(value in any::<String>()) {
        let text = r#"{"whole": "{{ t }}", "part": "a {{ t }} \" b", "bare": {{ t }}, "list": [{{ t }}, 1]}"#;
        // Blanks around a value may be taken away before it gets here.
        if let Ok(found) = filled(text, &json!({"t": value})) {
            let own = found["whole"].as_str().expect("a text").to_owned();
            let part = format!("a {own} \" b");
            prop_assert_eq!(found, json!({"whole": own, "part": part, "bare": own, "list": [own, 1]}));
        }
    }
}
