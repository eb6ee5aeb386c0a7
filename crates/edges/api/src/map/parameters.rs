//! Definitions of parameters: apart on the wire, inside the options in the core.

use serde_json::{Map, Value, json};
use tessera_kernel::{Fault, Result};
use tessera_sqltext::{Parameter, ParameterKind, parse_parameters};

use crate::wire::parameters::{
    DropdownOption, Multiple, ParameterDefinition, QueryTakes, TakenParameter,
};

/// The member of the options that holds the definitions.
const MEMBER: &str = "parameters";

/// Takes the options apart: definitions, and what clients keep.
pub(crate) fn split(options: &Value) -> Result<(Vec<ParameterDefinition>, Value)> {
    let mut rest = options.clone();
    let list = match &mut rest {
        Value::Object(members) => members.shift_remove(MEMBER).unwrap_or_default(),
        _ => Value::Null,
    };
    Ok((parse_parameters(&list)?.into_iter().map(definition).collect(), rest))
}

/// Puts options together.
pub(crate) fn join(definitions: &[ParameterDefinition], rest: Option<Value>) -> Result<Value> {
    let mut options = match rest {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(Fault::invalid("options", "must be an object")),
    };
    if options.contains_key(MEMBER) {
        let detail = "send the definitions of parameters as parameter_definitions";
        return Err(Fault::invalid("options.parameters", detail));
    }
    let list = definitions.iter().enumerate().map(|(index, one)| entry(index, one));
    let list: Vec<Value> = list.collect::<Result<_>>()?;
    options.insert(MEMBER.to_owned(), Value::Array(list));
    Ok(Value::Object(options))
}

fn definition(parameter: Parameter) -> ParameterDefinition {
    let kind = parameter.kind.as_str().to_owned();
    let (regex, enum_options, query_id) = match parameter.kind {
        ParameterKind::TextPattern { regex } => (Some(regex), None, None),
        ParameterKind::Enum { options } => (None, Some(options), None),
        ParameterKind::Query { query_id } => (None, None, Some(query_id)),
        _ => (None, None, None),
    };
    ParameterDefinition {
        name: parameter.name,
        title: Some(parameter.title),
        r#type: kind,
        default: parameter.default,
        regex,
        enum_options,
        query_id,
        multiple: parameter.multi.map(|multi| Multiple {
            prefix: multi.prefix,
            suffix: multi.suffix,
            separator: multi.separator,
        }),
    }
}

fn entry(index: usize, definition: &ParameterDefinition) -> Result<Value> {
    let mut entry = Map::new();
    entry.insert("name".to_owned(), json!(definition.name));
    let title = definition.title.as_ref().unwrap_or(&definition.name);
    entry.insert("title".to_owned(), json!(title));
    entry.insert("type".to_owned(), json!(definition.r#type));
    entry.insert("value".to_owned(), definition.default.clone());
    if let Some(regex) = &definition.regex {
        entry.insert("regex".to_owned(), json!(regex));
    }
    if let Some(options) = &definition.enum_options {
        // Kept one per line, as all clients read them.
        if options.iter().any(|option| option.is_empty() || option.contains(['\n', '\r'])) {
            let field = format!("parameter_definitions[{index}].enum_options");
            return Err(Fault::invalid(field, "each option is one line that is not empty"));
        }
        entry.insert("enumOptions".to_owned(), json!(options.join("\n")));
    }
    if let Some(query) = definition.query_id {
        entry.insert("queryId".to_owned(), json!(query));
    }
    if let Some(multiple) = &definition.multiple {
        let Multiple { prefix, suffix, separator } = multiple;
        let written = json!({ "prefix": prefix, "suffix": suffix, "separator": separator });
        entry.insert("multiValuesOptions".to_owned(), written);
    }
    Ok(Value::Object(entry))
}

/// What a query takes.
pub(crate) fn takes(takes: tessera_bi::QueryTakes) -> QueryTakes {
    let view = |taken: tessera_bi::Taken| TakenParameter {
        name: taken.name,
        is_range: taken.is_range,
        definition: taken.definition.map(definition),
    };
    QueryTakes {
        version: takes.version,
        current_version: takes.current,
        approved_version: takes.approved,
        parameters: takes.parameters.into_iter().map(view).collect(),
        attributes: takes.attributes,
        may_pin_any_version: takes.any_version,
    }
}

pub(crate) fn dropdown(options: Vec<tessera_bi::DropdownOption>) -> Vec<DropdownOption> {
    let view = |option: tessera_bi::DropdownOption| DropdownOption {
        name: option.name,
        value: option.value,
    };
    options.into_iter().map(view).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_come_back_as_they_were_sent() {
        let sent = json!([
            { "name": "day", "title": "Day", "type": "date", "default": "d_now" },
            { "name": "size", "title": "size", "type": "enum", "default": ["S"],
              "enum_options": ["S", "M"],
              "multiple": { "prefix": "'", "suffix": "'", "separator": "," } },
            { "name": "shop", "title": "Shop", "type": "query", "default": null, "query_id": 7 },
            { "name": "code", "title": "Code", "type": "text-pattern", "default": null,
              "regex": "[A-Z]+" },
        ]);
        let read: Vec<ParameterDefinition> =
            serde_json::from_value(sent.clone()).expect("definitions");
        let options = join(&read, Some(json!({ "apply_auto_limit": true }))).expect("good");
        let (definitions, rest) = split(&options).expect("good");
        assert_eq!(serde_json::to_value(definitions).expect("JSON"), sent);
        assert_eq!(rest, json!({ "apply_auto_limit": true }));
    }

    #[test]
    fn definitions_have_one_place_only() {
        let fault = join(&[], Some(json!({ "parameters": [] }))).expect_err("two places");
        assert_eq!(fault.field(), Some("options.parameters"));
    }
}
