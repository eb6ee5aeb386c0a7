//! New objects and changes of objects, as bodies tell them.

use serde_json::{Map, Value as Json, json};
use tessera_access::UserChange;
use tessera_bi::{
    DashboardChange, NewQuery, NewWidget, QueryChange, VisualizationChange, WidgetChange,
};
use tessera_kernel::{Fault, Result, Secret};

use super::{as_id, bool_if, text_field, text_if};
use crate::errors::missing_field;

type Body = Map<String, Json>;

/// What a secret option reads as.
pub(crate) const MASK: &str = "--------";

/// A value that is there and not null.
fn value_if(body: &Body, name: &str) -> Option<Json> {
    body.get(name).filter(|value| !value.is_null()).cloned()
}

/// A value that may be set to nothing: `Some(None)` for null.
fn nullable(body: &Body, name: &str) -> Option<Option<Json>> {
    body.get(name).map(|value| Some(value.clone()).filter(|value| !value.is_null()))
}

fn texts_if(body: &Body, name: &str) -> Result<Option<Vec<String>>> {
    let invalid = || Fault::invalid(name, "must be a list of texts");
    match body.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Array(items)) => items
            .iter()
            .filter(|item| !item.is_null())
            .map(|item| item.as_str().map(str::to_owned).ok_or_else(invalid))
            .collect::<Result<_>>()
            .map(Some),
        Some(_) => Err(invalid()),
    }
}

fn version_if(body: &Body) -> Result<Option<i64>> {
    match body.get("version") {
        None | Some(Json::Null) => Ok(None),
        Some(value) => as_id(value)
            .map(Some)
            .ok_or_else(|| Fault::invalid("version", "must be a whole number")),
    }
}

/// What a new query may be told: its own fields, and those that clients send back when they copy one.
const QUERY_FIELDS: [&str; 29] = [
    "api_key",
    "can_edit",
    "created_at",
    "data_source_id",
    "description",
    "id",
    "is_archived",
    "is_draft",
    "is_favorite",
    "is_safe",
    "last_modified_by",
    "last_modified_by_id",
    "latest_query_data",
    "latest_query_data_id",
    "name",
    "options",
    "query",
    "query_hash",
    "retrieved_at",
    "runtime",
    "schedule",
    "schedule_failures",
    "starred_at",
    "tags",
    "updated_at",
    "user",
    "user_id",
    "version",
    "visualizations",
];

pub(crate) fn new_query(body: &Body) -> Result<NewQuery> {
    if let Some(name) = body.keys().find(|name| !QUERY_FIELDS.contains(&name.as_str())) {
        return Err(Fault::invalid(name, "is no field of a query"));
    }
    Ok(NewQuery {
        name: text_field(body, "name")?,
        description: text_if(body, "description")?,
        text: text_field(body, "query")?,
        options: value_if(body, "options").unwrap_or_else(|| json!({})),
        schedule: value_if(body, "schedule"),
        tags: texts_if(body, "tags")?.unwrap_or_default(),
    })
}

pub(crate) fn query_change(body: &Body) -> Result<QueryChange> {
    Ok(QueryChange {
        expected_version: version_if(body)?,
        name: text_if(body, "name")?,
        description: match body.get("description") {
            None => None,
            Some(_) => Some(text_if(body, "description")?),
        },
        text: text_if(body, "query")?,
        options: value_if(body, "options"),
        schedule: nullable(body, "schedule"),
        tags: texts_if(body, "tags")?,
        is_draft: bool_if(body, "is_draft")?,
        is_archived: bool_if(body, "is_archived")?,
    })
}

pub(crate) fn dashboard_change(body: &Body) -> Result<DashboardChange> {
    Ok(DashboardChange {
        expected_version: version_if(body)?,
        // The page publishes and archives without the version, and goes on with the one it has.
        whatever_its_standing: true,
        name: text_if(body, "name")?,
        layout: value_if(body, "layout"),
        options: value_if(body, "options"),
        tags: texts_if(body, "tags")?,
        is_draft: bool_if(body, "is_draft")?,
        is_archived: bool_if(body, "is_archived")?,
        filters_enabled: bool_if(body, "dashboard_filters_enabled")?,
    })
}

pub(crate) fn new_widget(body: &Body) -> Result<NewWidget> {
    // A text says so with null: a forgotten field must not become one.
    let visualization = body.get("visualization_id");
    let visualization = match visualization.ok_or_else(|| missing_field("visualization_id"))? {
        Json::Null => None,
        value => Some(as_id(value).ok_or_else(|| {
            Fault::invalid("visualization_id", "must be a whole number, or null for a text")
        })?),
    };
    Ok(NewWidget {
        visualization: visualization.map(Into::into),
        text: text_if(body, "text")?.unwrap_or_default(),
        width: body.get("width").and_then(Json::as_i64).unwrap_or(1),
        options: value_if(body, "options").unwrap_or_else(|| json!({})),
    })
}

pub(crate) fn widget_change(body: &Body) -> Result<WidgetChange> {
    let options = value_if(body, "options").ok_or_else(|| missing_field("options"))?;
    // Of a restricted widget the client knows no text, and moves it without one.
    Ok(WidgetChange { text: text_if(body, "text")?, options: Some(options) })
}

pub(crate) fn visualization_change(body: &Body) -> Result<VisualizationChange> {
    Ok(VisualizationChange {
        kind: text_if(body, "type")?,
        name: text_if(body, "name")?,
        description: text_if(body, "description")?,
        options: value_if(body, "options"),
    })
}

pub(crate) fn user_change(body: &Body) -> Result<UserChange> {
    let groups = match body.get("group_ids") {
        None | Some(Json::Null) => None,
        Some(Json::Array(ids)) => Some(
            ids.iter()
                .map(|id| as_id(id).map(Into::into))
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| Fault::invalid("group_ids", "must be a list of numbers"))?,
        ),
        Some(_) => return Err(Fault::invalid("group_ids", "must be a list of numbers")),
    };
    Ok(UserChange {
        name: text_if(body, "name")?,
        email: text_if(body, "email")?,
        password: text_if(body, "password")?.map(Secret::new),
        old_password: text_if(body, "old_password")?.map(Secret::new),
        groups,
    })
}

/// Options without those that only repeat the mask: the stored secret stays.
pub(crate) fn without_masks(options: Json) -> Json {
    match options {
        Json::Object(mut options) => {
            options.retain(|_, value| value.as_str() != Some(MASK));
            Json::Object(options)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(value: Json) -> Body {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn null_clears_a_schedule_and_absence_leaves_it() {
        let change = |value| query_change(&body(value)).unwrap();
        assert_eq!(change(json!({})).schedule, None);
        assert_eq!(change(json!({ "schedule": null })).schedule, Some(None));
        assert_eq!(change(json!({ "description": null })).description, Some(None));
        assert_eq!(change(json!({ "version": 3 })).expected_version, Some(3));
    }

    #[test]
    fn a_query_needs_name_and_text() {
        assert!(new_query(&body(json!({ "name": "x" }))).is_err());
        assert!(new_query(&body(json!({ "query": "select 1" }))).is_err());
        assert!(new_query(&body(json!({ "name": "x", "query": "select 1" }))).is_ok());
        let bogus = json!({ "name": "x", "query": "select 1", "bogus": 1 });
        assert!(new_query(&body(bogus)).is_err());
    }

    #[test]
    fn a_widget_without_a_text_keeps_the_one_it_has() {
        let change = |value| widget_change(&body(value)).map(|change| change.text).ok();
        assert_eq!(change(json!({ "options": {} })), Some(None));
        assert_eq!(change(json!({ "text": null, "options": {} })), Some(None));
        assert_eq!(change(json!({ "text": "", "options": {} })), Some(Some(String::new())));
    }

    #[test]
    fn tags_that_are_nothing_are_left_out() {
        let tags = |value| query_change(&body(json!({ "tags": value }))).map(|change| change.tags);
        assert_eq!(tags(json!(["a", null])).ok(), Some(Some(vec!["a".to_owned()])));
        assert!(tags(json!([1])).is_err() && tags(json!("a")).is_err());
    }

    #[test]
    fn a_mask_keeps_the_stored_secret() {
        let options = json!({ "host": "h", "password": MASK });
        assert_eq!(without_masks(options), json!({ "host": "h" }));
    }

    #[test]
    fn a_widget_says_what_it_shows() {
        assert!(new_widget(&body(json!({ "text": "x" }))).is_err());
        let text = new_widget(&body(json!({ "visualization_id": null, "text": "x" }))).unwrap();
        assert_eq!((text.visualization, text.text.as_str()), (None, "x"));
    }
}
