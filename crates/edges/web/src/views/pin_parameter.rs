//! One parameter in the form of a pinned key: pinned to a value, or free within a range.

use serde_json::Value as Json;

use super::pin_form::KINDS;
use crate::controls::{Control, Errors};
use crate::fields::Fields;
use crate::html::Html;
use crate::map::parameters::{Moment, Options, Shape, Slot};

/// Dates that move with the day: what is sent, and what people read.
const MOVING: [(&str, &str); 3] =
    [("", "The date beside"), ("d_now", "The present moment"), ("d_yesterday", "The day before")];
/// Ranges that move with the day.
const MOVING_RANGES: [(&str, &str); 20] = [
    ("", "From and to as given"),
    ("d_today", "Today"),
    ("d_yesterday", "Yesterday"),
    ("d_this_week", "This week"),
    ("d_last_week", "Last week"),
    ("d_this_month", "This month"),
    ("d_last_month", "Last month"),
    ("d_this_year", "This year"),
    ("d_last_year", "Last year"),
    ("d_last_hour", "The last hour"),
    ("d_last_8_hours", "The last 8 hours"),
    ("d_last_24_hours", "The last 24 hours"),
    ("d_last_7_days", "The last 7 days"),
    ("d_last_14_days", "The last 14 days"),
    ("d_last_30_days", "The last 30 days"),
    ("d_last_60_days", "The last 60 days"),
    ("d_last_90_days", "The last 90 days"),
    ("d_last_12_months", "The last 12 months"),
    ("d_last_2_years", "The last 2 years"),
    ("d_last_3_years", "The last 3 years"),
];

/// The controls of a parameter.
pub(super) fn html(id: &str, slot: &Slot, typed: &Fields, errors: &Errors) -> Html {
    let one = One { id, slot, typed, errors };
    let title = match slot.title == slot.name {
        true => html!("{}", slot.name),
        false => html!("{} <code>{}</code>", slot.title, slot.name),
    };
    let note = (!slot.note.is_empty()).then(|| html!("<p class=\"hint\">{}</p>", slot.note));
    html!(
        "<fieldset class=\"param\" id=\"{}\" tabindex=\"-1\"><legend>{}</legend>{}{}\
         <div class=\"when-pin\">{}</div><div class=\"when-free\">{}</div></fieldset>\n",
        id,
        title,
        note,
        one.modes(),
        one.value(),
        one.range()
    )
}

/// The part of a parameter's place that a field of the core is at; `None` if it is about another one.
pub(super) fn place(slot: &Slot, field: &str) -> Option<&'static str> {
    let named = |group: &str| field.strip_prefix(group)?.strip_prefix(slot.name.as_str());
    if named("mode.") == Some("") {
        return Some("");
    }
    if named("pinned.") == Some("") {
        return Some(match slot.shape {
            Shape::Range(_) | Shape::AnyRange => "-start",
            _ => "-value",
        });
    }
    match named("free.")? {
        "" | ".min" => Some("-min"),
        ".max" => Some("-max"),
        ".enum" => Some(if slot.has_lines() { "-choices" } else { "-choice" }),
        _ => None,
    }
}

struct One<'a> {
    id: &'a str,
    slot: &'a Slot,
    typed: &'a Fields,
    errors: &'a Errors,
}

impl One<'_> {
    fn name(&self, what: &str) -> String {
        format!("{what}.{}", self.slot.name)
    }

    fn error(&self, group: &str, part: &str) -> Option<&str> {
        self.errors.of(&format!("{group}.{}{part}", self.slot.name))
    }

    fn modes(&self) -> Html {
        let name = self.name("mode");
        let chosen = self.typed.get(&name);
        let mode = |value: &str, text: &str| {
            let checked = if value == chosen { html!(" checked") } else { html!("") };
            html!(
                "<label><input type=\"radio\" class=\"mode-{}\" name=\"{}\" value=\"{}\" required{}>{}</label>",
                value,
                name,
                value,
                checked,
                text
            )
        };
        let error = self.error("mode", "").map(|text| html!("<p class=\"error\">{}</p>", text));
        html!(
            "<div class=\"modes\">{}{}</div>{}",
            mode("pin", "Pinned"),
            mode("free", "Free"),
            error
        )
    }

    /// A control of this parameter with the text that it begins with.
    fn with<T>(
        &self,
        what: &str,
        label: &str,
        hint: &str,
        error: Option<&str>,
        make: impl FnOnce(&Control<'_>) -> T,
    ) -> T {
        let (id, name) = (format!("{}-{what}", self.id), self.name(what));
        make(&Control { id: &id, name: &name, label, hint, error })
    }

    /// What was typed, or what the query has by default.
    fn text(&self, what: &str, default: impl FnOnce(&Json) -> String) -> String {
        if self.typed.is_empty() {
            return default(&self.slot.default);
        }
        self.typed.get(&self.name(what)).to_owned()
    }

    fn value(&self) -> Html {
        let error = self.error("pinned", "");
        let line = |kind: &str, more: &Html| {
            let text = self.text("value", plain);
            self.with("value", "Value", "", error, |control| control.input(kind, &text, more))
        };
        match &self.slot.shape {
            Shape::Text => line("text", &html!("")),
            Shape::Number => line("text", &html!(" inputmode=\"decimal\"")),
            Shape::One(options) => self.one(options, error),
            Shape::Many(options) => self.many(options, error),
            Shape::Moment(moment) => {
                let date = self
                    .date("value", "Value", *moment, error, |default| input_date(default, *moment));
                html!("<div class=\"two\">{}{}</div>", date, self.moving(&MOVING))
            }
            Shape::Range(moment) => {
                let end = |member: &'static str| {
                    move |default: &Json| input_date(&default[member], *moment)
                };
                html!(
                    "<div class=\"two\">{}{}</div>{}",
                    self.date("start", "From", *moment, error, end("start")),
                    self.date("end", "To", *moment, None, end("end")),
                    self.moving(&MOVING_RANGES)
                )
            }
            Shape::Any => {
                html!("<div class=\"two\">{}{}</div>", line("text", &html!("")), self.kind())
            }
            Shape::AnyRange => {
                let end = |what: &'static str, label: &str, error: Option<&str>| {
                    let text = self.text(what, |default| plain(&default[what]));
                    self.with(what, label, "", error, |control| {
                        control.input("text", &text, &html!(""))
                    })
                };
                html!(
                    "<div class=\"three\">{}{}{}</div>",
                    end("start", "From", error),
                    end("end", "To", None),
                    self.kind()
                )
            }
        }
    }

    fn one(&self, options: &Options, error: Option<&str>) -> Html {
        let chosen = self.text("value", plain);
        let pairs = options.iter().map(|(value, name)| (value.as_str(), name.as_str()));
        let pairs = std::iter::once(("", "Choose…")).chain(pairs);
        self.with("value", "Value", "", error, |control| control.select(pairs, &chosen))
    }

    fn many(&self, options: &Options, error: Option<&str>) -> Html {
        let chosen: Vec<String> = match self.typed.is_empty() {
            true => match &self.slot.default {
                Json::Array(values) => values.iter().map(plain).collect(),
                other => vec![plain(other)],
            },
            false => self.typed.all(&self.name("value")).map(str::to_owned).collect(),
        };
        let pairs = options.iter().map(|(value, name)| (value.as_str(), name.as_str()));
        self.with("value", "Values", "", error, |control| {
            control.checkboxes(pairs, |value| chosen.iter().any(|chosen| chosen == value))
        })
    }

    fn date(
        &self,
        what: &str,
        label: &str,
        moment: Moment,
        error: Option<&str>,
        default: impl FnOnce(&Json) -> String,
    ) -> Html {
        let text = self.text(what, default);
        let step = if moment == Moment::Seconds { html!(" step=\"1\"") } else { html!("") };
        self.with(what, label, "", error, |control| control.input(moment.input(), &text, &step))
    }

    fn moving(&self, options: &[(&'static str, &'static str)]) -> Html {
        let chosen = self.text("moving", |default| {
            default.as_str().filter(|text| text.starts_with("d_")).unwrap_or_default().to_owned()
        });
        let hint = "A moving one is worked out when the key is used.";
        self.with("moving", "Or moving", hint, None, |control| {
            control.select(options.iter().copied(), &chosen)
        })
    }

    fn kind(&self) -> Html {
        let chosen =
            self.text(
                "as",
                |default| {
                    if default.is_number() { "number".to_owned() } else { String::new() }
                },
            );
        self.with("as", "Read as", "", None, |control| control.select(KINDS, &chosen))
    }

    fn range(&self) -> Html {
        let typed = |what: &str| self.typed.get(&self.name(what));
        let bounds = self.slot.has_bounds().then(|| {
            let hint = match self.slot.shape {
                Shape::Moment(_) | Shape::Range(_) => {
                    "A day such as 2026-01-31, or a moving one: -90d, -12mo, 0d for today."
                }
                Shape::Number => "",
                _ => "A number, or a day such as 2026-01-31.",
            };
            let line = |what: &str, label: &str, error: Option<&str>| {
                let text = typed(what);
                self.with(what, label, hint, error, |control| {
                    control.input("text", text, &html!(""))
                })
            };
            let least = self.error("free", ".min").or_else(|| self.error("free", ""));
            html!(
                "<div class=\"two\">{}{}</div>",
                line("min", "Not below", least),
                line("max", "Not above", self.error("free", ".max"))
            )
        });
        let error = self.error("free", ".enum");
        let choices = match &self.slot.shape {
            Shape::One(options) | Shape::Many(options) => {
                let name = self.name("choice");
                let chosen: Vec<&str> = self.typed.all(&name).collect();
                let pairs = options.iter().map(|(value, name)| (value.as_str(), name.as_str()));
                self.with("choice", "Only these", "None chosen: all of them.", error, |control| {
                    control.checkboxes(pairs, |value| chosen.contains(&value))
                })
            }
            _ if self.slot.has_lines() => {
                let hint = "One on a line. Empty for any.";
                let text = typed("choices");
                self.with("choices", "Only these values", hint, error, |control| {
                    control.textarea(text)
                })
            }
            _ => html!(""),
        };
        html!("{}{}", bounds, choices)
    }
}

/// A default as it is typed.
fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        Json::Bool(value) => value.to_string(),
        _ => String::new(),
    }
}

/// A default as controls for dates take it; empty for a moving one.
fn input_date(value: &Json, moment: Moment) -> String {
    let text = value.as_str().unwrap_or_default();
    if text.starts_with("d_") || text.contains("--") {
        return String::new();
    }
    match moment {
        Moment::Day => text.chars().take(10).collect(),
        Moment::Minutes | Moment::Seconds => text.replacen(' ', "T", 1),
    }
}
