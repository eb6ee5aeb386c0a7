//! The texts of a notice: what stands in for the placeholders of an alert's own subject and body.

use serde_json::json;
use tessera_kernel::Result;

use super::condition::text_of;
use super::mustache;
use super::rows::Observed;
use crate::{Alert, AlertState, Json};

/// What an alert's texts are made of.
pub(crate) struct Texts<'a> {
    pub(crate) alert: &'a Alert,
    pub(crate) query_name: &'a str,
    pub(crate) state: AlertState,
    pub(crate) observed: &'a Observed,
    pub(crate) base_url: &'a str,
    pub(crate) bytes_max: usize,
}

/// The template of an alert's own subject.
pub(crate) fn subject_template(options: &Json) -> Option<&str> {
    options.get("custom_subject").and_then(Json::as_str)
}

/// The template of an alert's own body; old alerts call it `template`.
pub(crate) fn body_template(options: &Json) -> Option<&str> {
    let text = |name: &str| options.get(name).and_then(Json::as_str);
    text("custom_body").or_else(|| text("template"))
}

impl Alert {
    /// The templates of its own subject and body, as far as it has them: what a search finds it by
    /// besides its name.
    #[must_use]
    pub fn templates(&self) -> [Option<&str>; 2] {
        [subject_template(&self.options), body_template(&self.options)]
    }
}

/// Refuses templates that could not be rendered.
pub(crate) fn check(options: &Json) -> Result<()> {
    let texts = [
        ("options.custom_subject", subject_template(options)),
        ("options.custom_body", body_template(options)),
    ];
    for (field, template) in texts {
        if let Some(template) = template {
            mustache::check(template).map_err(|fault| fault.with_field(field))?;
        }
    }
    Ok(())
}

impl Texts<'_> {
    /// The subject and the body, as far as the alert has its own. What cannot be rendered says why:
    /// that the alert changed is to be told in any case.
    pub(crate) fn write(&self) -> (Option<String>, Option<String>) {
        let options = &self.alert.options;
        let (subject, body) = (subject_template(options), body_template(options));
        if subject.is_none() && body.is_none() {
            return (None, None);
        }
        let context = self.context();
        let write = |template: &str| {
            mustache::render(template, &context, self.bytes_max)
                .unwrap_or_else(|fault| format!("(The text of this alert {}.)", fault.detail()))
        };
        (subject.map(write), body.map(write))
    }

    fn context(&self) -> Json {
        let Self { alert, base_url, observed, .. } = self;
        let option = |name: &str| alert.options.get(name).cloned().unwrap_or_default();
        let selector = match option("selector") {
            Json::Null => json!("first"),
            selector => selector,
        };
        json!({
            "ALERT_NAME": alert.name,
            "ALERT_URL": format!("{base_url}/alerts/{}", alert.id),
            "ALERT_STATUS": self.state.as_str().to_uppercase(),
            "ALERT_SELECTOR": selector,
            "ALERT_CONDITION": option("op"),
            "ALERT_THRESHOLD": option("value"),
            "QUERY_NAME": self.query_name,
            "QUERY_URL": format!("{base_url}/queries/{}", alert.query),
            "QUERY_RESULT_VALUE": observed.value,
            "QUERY_RESULT_ROWS": observed.rows,
            "QUERY_RESULT_COLS": observed.columns,
            "QUERY_RESULT_TABLE": observed.table,
        })
    }
}

/// A value as notices tell it.
pub(crate) fn value_text(observed: &Observed) -> Option<String> {
    observed.value.as_ref().map(text_of)
}
