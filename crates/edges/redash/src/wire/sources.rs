//! Data sources.

use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use tessera_access::AccessLevel;
use tessera_bi::{SourceSettings, SourceType, SourceView};

use crate::quirks;

/// A data source. Fields that depend on who asks are left out when they are `None`.
#[derive(Debug, Serialize)]
pub(crate) struct SourceOut<'a> {
    id: i64,
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    syntax: &'a str,
    paused: u8,
    pause_reason: Option<&'a str>,
    supports_auto_limit: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue_name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduled_queue_name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Map<String, Json>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    view_only: Option<bool>,
}

impl<'a> SourceOut<'a> {
    /// What everybody may know.
    pub(crate) fn brief(view: &'a SourceView) -> Self {
        let source = &view.source;
        Self {
            id: source.id.0,
            name: &source.name,
            kind: &source.kind,
            syntax: view.source_type.as_ref().map_or("sql", |known| known.syntax),
            paused: u8::from(source.paused),
            pause_reason: source.pause_reason.as_deref(),
            supports_auto_limit: view.source_type.as_ref().is_some_and(|known| known.auto_limit),
            options: None,
            queue_name: None,
            scheduled_queue_name: None,
            groups: None,
            view_only: None,
        }
    }

    /// With how far somebody reaches into it.
    pub(crate) fn with_level(self, level: AccessLevel) -> Self {
        Self { view_only: Some(level == AccessLevel::ViewOnly), ..self }
    }

    /// With settings; secrets are masked.
    pub(crate) fn full(settings: &'a SourceSettings) -> Self {
        let mut options = settings.view.source.options.clone();
        if let Json::Object(options) = &mut options {
            for secret in &settings.secrets {
                options.insert(secret.clone(), json!("--------"));
            }
        }
        let level = |level: &AccessLevel| json!(*level == AccessLevel::ViewOnly);
        let groups = settings.groups.iter().map(|(group, at)| (group.to_string(), level(at)));
        Self {
            options: Some(options),
            queue_name: Some("queries"),
            scheduled_queue_name: Some("scheduled_queries"),
            groups: Some(groups.collect()),
            ..Self::brief(&settings.view)
        }
    }
}

/// A type of data source.
pub(crate) fn source_type(known: &SourceType) -> Json {
    let mut out =
        json!({ "name": known.title, "type": known.name, "configuration_schema": known.schema });
    if quirks::TYPES_FOR_OLD_SOURCES.contains(&known.name) {
        out["deprecated"] = json!(true);
    }
    out
}
