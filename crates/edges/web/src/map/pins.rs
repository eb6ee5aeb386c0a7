//! The form of a pinned key: what each parameter is pinned to or may be, and what else holds.
//!
//! The names of its fields are `mode.<parameter>`, `value.<parameter>` and so on, so that a query
//! that is edited meanwhile never pins another parameter than the one that was shown.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use tessera_access::terms::{Caps, Conditions, QueryVersion, Range};
use tessera_bi::NewPinnedKey;
use tessera_kernel::Timestamp;

use super::parameters::{Moment, Shape, Slot};
use super::{ends, networks};
use crate::controls::Errors;
use crate::fields::Fields;

/// Bytes in a megabyte, as the form counts them.
const MEGABYTE: f64 = 1_000_000.0;

/// Reads the form.
pub(crate) fn new_key(
    form: &Fields,
    slots: &[Slot],
    attributes: &[String],
    version: Option<QueryVersion>,
    now: Timestamp,
) -> Result<NewPinnedKey, Errors> {
    let mut errors = Errors::default();
    if form.get("name").is_empty() {
        errors.add("name", "Give the key a name.");
    }
    if let Some(gone) = form.after("mode.").find(|name| slots.iter().all(|slot| slot.name != *name))
    {
        let text = format!("The query was changed meanwhile and has no parameter {gone} any more.");
        errors.add("parameters", text);
    }
    let (mut pinned, mut free) = (BTreeMap::new(), BTreeMap::new());
    for slot in slots {
        match form.get(&format!("mode.{}", slot.name)) {
            "pin" => match value(form, slot) {
                Ok(value) => drop(pinned.insert(slot.name.clone(), value)),
                Err(text) => errors.add(format!("pinned.{}", slot.name), text),
            },
            "free" => drop(free.insert(slot.name.clone(), range(form, slot))),
            _ => {
                let text = format!("Say whether {} is pinned or free.", slot.title);
                errors.add(format!("mode.{}", slot.name), text);
            }
        }
    }
    let new = NewPinnedKey {
        name: form.get("name").to_owned(),
        pinned,
        free,
        version,
        attributes: attributes_of(form, attributes, &mut errors),
        caps: caps(form, &mut errors),
        conditions: Conditions {
            ip_in: networks::read(form, "networks", &mut errors),
            origin: form.lines("origins").iter().map(|line| origin(line)).collect(),
            ..Conditions::default()
        },
        expires_at: ends::read(form, now, &mut errors),
        ..NewPinnedKey::default()
    };
    if errors.is_empty() { Ok(new) } else { Err(errors) }
}

/// The value that a parameter is pinned to.
fn value(form: &Fields, slot: &Slot) -> Result<Json, String> {
    let of = |what: &str| form.get(&format!("{what}.{}", slot.name));
    let typed = of("value");
    let missing = |text: &str| Err(text.to_owned());
    match &slot.shape {
        Shape::Text if typed.is_empty() => missing("Write the text to pin it to."),
        Shape::Text => Ok(json!(typed)),
        Shape::Number if typed.is_empty() => missing("Write the number to pin it to."),
        Shape::Number => Ok(number(typed)),
        Shape::One(_) if typed.is_empty() => missing("Choose the value to pin it to."),
        Shape::One(_) => Ok(json!(typed)),
        Shape::Many(_) => {
            let name = format!("value.{}", slot.name);
            let chosen: Vec<&str> = form.all(&name).collect();
            if chosen.is_empty() {
                missing("Choose at least one value.")
            } else {
                Ok(json!(chosen))
            }
        }
        Shape::Moment(_) | Shape::Range(_) if !of("moving").is_empty() => Ok(json!(of("moving"))),
        Shape::Moment(_) if typed.is_empty() => missing("Give the date to pin it to."),
        Shape::Moment(moment) => Ok(date(typed, *moment)),
        Shape::Range(_) | Shape::AnyRange if of("start").is_empty() || of("end").is_empty() => {
            missing("Give both ends.")
        }
        Shape::Range(moment) => {
            Ok(json!({ "start": date(of("start"), *moment), "end": date(of("end"), *moment) }))
        }
        Shape::AnyRange => {
            let kind = of("as");
            Ok(json!({ "start": loose(of("start"), kind), "end": loose(of("end"), kind) }))
        }
        Shape::Any if typed.is_empty() => missing("Write the value to pin it to."),
        Shape::Any => Ok(loose(typed, of("as"))),
    }
}

/// What a free parameter may be.
fn range(form: &Fields, slot: &Slot) -> Range {
    let of = |what: &str| form.get(&format!("{what}.{}", slot.name));
    let numeric = slot.shape == Shape::Number || of("as") == "number";
    let bound = |what: &str| -> Option<Json> {
        let text = of(what);
        let written = || if numeric { number(text) } else { json!(text) };
        (slot.has_bounds() && !text.is_empty()).then(written)
    };
    let choices = match &slot.shape {
        Shape::One(_) | Shape::Many(_) => {
            form.all(&format!("choice.{}", slot.name)).map(|value| json!(value)).collect()
        }
        _ if slot.has_lines() => {
            let lines = form.lines(&format!("choices.{}", slot.name));
            let one = |line: &str| if numeric { number(line) } else { json!(line) };
            lines.into_iter().map(one).collect()
        }
        _ => Vec::new(),
    };
    Range { min: bound("min"), max: bound("max"), choices }
}

/// A number as such; what is none stays as it is, and is refused where it is checked.
fn number(text: &str) -> Json {
    serde_json::from_str::<serde_json::Number>(text).map_or_else(|_| json!(text), Json::Number)
}

fn loose(text: &str, kind: &str) -> Json {
    if kind == "number" { number(text) } else { json!(text) }
}

/// Browsers write `2026-01-31T12:00`.
fn date(text: &str, moment: Moment) -> Json {
    match moment {
        Moment::Day => json!(text),
        Moment::Minutes | Moment::Seconds => json!(text.replacen('T', " ", 1)),
    }
}

/// Browsers send origins in lower case and without a slash at the end.
fn origin(line: &str) -> String {
    line.trim_end_matches('/').to_ascii_lowercase()
}

fn attributes_of(form: &Fields, names: &[String], errors: &mut Errors) -> BTreeMap<String, Json> {
    let mut all = BTreeMap::new();
    for name in names.iter().filter_map(|name| name.strip_prefix("key.")) {
        let (typed, kind) =
            (form.get(&format!("attribute.{name}")), form.get(&format!("attribute_as.{name}")));
        if typed.is_empty() {
            errors.add(format!("attributes.{name}"), format!("Give a value for {name}."));
        } else {
            all.insert(name.to_owned(), loose(typed, kind));
        }
    }
    all
}

fn caps(form: &Fields, errors: &mut Errors) -> Caps {
    let mut whole = |name: &str, field: &str| -> Option<u64> {
        let text: String =
            form.get(name).chars().filter(|letter| !matches!(letter, ',' | ' ')).collect();
        if text.is_empty() {
            return None;
        }
        let number = text.parse().ok();
        if number.is_none() {
            errors.add(field, "Write a whole number, or nothing.");
        }
        number
    };
    let (rows, max_age_floor) = (whole("rows", "caps.rows"), whole("age", "caps.max_age_floor"));
    let bytes = match form.get("megabytes") {
        "" => None,
        text => {
            let known = text.parse::<f64>().ok().filter(|size| (0.001..=1e9).contains(size));
            if known.is_none() {
                errors.add(
                    "caps.bytes",
                    "Write a number of megabytes, such as 5 or 0.5, or nothing.",
                );
            }
            known.map(megabytes)
        }
    };
    let formats = form.all("format").map(str::to_owned).collect();
    Caps { rows, bytes, max_age_floor, formats }
}

/// Checked to be within a thousand bytes and a petabyte.
fn megabytes(size: f64) -> u64 {
    (size * MEGABYTE).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(name: &str, shape: Shape) -> Slot {
        let title = name.to_owned();
        Slot { name: name.to_owned(), title, shape, default: Json::Null, note: String::new() }
    }

    fn read(text: &str, slots: &[Slot], attributes: &[String]) -> Result<NewPinnedKey, Errors> {
        let form = Fields::read(format!("name=n&ends=never&{text}").as_bytes());
        new_key(&form, slots, attributes, None, chrono::DateTime::UNIX_EPOCH)
    }

    #[test]
    fn every_shape_is_read_as_its_parameter_takes_it() {
        let options = vec![("DE".to_owned(), "Germany".to_owned())];
        let slots = [
            slot("t", Shape::Text),
            slot("n", Shape::Number),
            slot("o", Shape::One(options.clone())),
            slot("m", Shape::Many(options)),
            slot("d", Shape::Moment(Moment::Day)),
            slot("s", Shape::Moment(Moment::Seconds)),
            slot("v", Shape::Moment(Moment::Day)),
            slot("r", Shape::Range(Moment::Minutes)),
            slot("a", Shape::Any),
            slot("e", Shape::AnyRange),
        ];
        let modes: String = slots.iter().map(|slot| format!("&mode.{}=pin", slot.name)).collect();
        let typed = "value.t=%3Cb%3E&value.n=5&value.o=DE&value.m=DE&value.m=FR&value.d=2026-01-31\
                     &value.s=2026-01-31T12:00:05&moving.v=d_yesterday&start.r=2026-01-01T00:00\
                     &end.r=2026-01-31T23:59&value.a=7&as.a=number&start.e=1&end.e=2";
        let key = read(&format!("{typed}{modes}"), &slots, &[]).expect("good");
        let expected = json!({
            "t": "<b>", "n": 5, "o": "DE", "m": ["DE", "FR"], "d": "2026-01-31",
            "s": "2026-01-31 12:00:05", "v": "d_yesterday",
            "r": { "start": "2026-01-01 00:00", "end": "2026-01-31 23:59" }, "a": 7,
            "e": { "start": "1", "end": "2" },
        });
        for (name, value) in expected.as_object().expect("an object") {
            assert_eq!(key.pinned.get(name), Some(value), "{name}");
        }
        let errors = read(&modes, &slots, &[]).expect_err("nothing was typed");
        assert!(slots.iter().all(|slot| errors.of(&format!("pinned.{}", slot.name)).is_some()));
    }

    #[test]
    fn what_is_free_has_its_range() {
        let slots = [
            slot("n", Shape::Number),
            slot("d", Shape::Moment(Moment::Day)),
            slot("o", Shape::One(Vec::new())),
            slot("t", Shape::Text),
        ];
        let typed = "mode.n=free&min.n=1&max.n=x&choices.n=1%0D%0A2&mode.d=free&min.d=-90d\
                     &mode.o=free&choice.o=DE&choice.o=FR&mode.t=free";
        let key = read(typed, &slots, &[]).expect("good");
        let free = serde_json::to_value(&key.free).expect("JSON");
        let expected = json!({
            "n": { "min": 1, "max": "x", "enum": [1, 2] }, "d": { "min": "-90d" },
            "o": { "enum": ["DE", "FR"] }, "t": {},
        });
        assert_eq!(free, expected);
    }

    #[test]
    fn a_parameter_that_nobody_decided_on_or_that_is_gone_is_told() {
        let slots = [slot("tenant", Shape::Number)];
        let errors = read("mode.other=pin&value.other=5", &slots, &[]).expect_err("both");
        assert!(errors.of("mode.tenant").is_some());
        assert!(errors.of("parameters").is_some_and(|text| text.contains("other")));
    }

    #[test]
    fn caps_origins_and_attributes_are_read() {
        let names = ["key.tenant".to_owned(), "user.team".to_owned()];
        let typed = "rows=10,000&age=300&megabytes=0.5&format=csv&format=json\
                     &origins=https://ACME.example/%0D%0A&attribute.tenant=5&attribute_as.tenant=number";
        let key = read(typed, &[], &names).expect("good");
        let caps = json!({
            "rows": 10000, "bytes": 500_000, "max_age_floor": 300, "formats": ["csv", "json"],
        });
        assert_eq!(serde_json::to_value(&key.caps).expect("JSON"), caps);
        assert_eq!(key.conditions.origin, ["https://acme.example"]);
        assert_eq!(key.attributes.get("tenant"), Some(&json!(5)));
        let errors =
            read("rows=many&megabytes=-1&age=1.5&networks=x", &[], &names).expect_err("bad");
        for field in [
            "caps.rows",
            "caps.bytes",
            "caps.max_age_floor",
            "conditions.ip_in",
            "attributes.tenant",
        ] {
            assert!(errors.of(field).is_some(), "{field}");
        }
    }
}
