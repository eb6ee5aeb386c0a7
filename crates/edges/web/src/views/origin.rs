//! From where and until when: what the forms of all keys end with.

use crate::controls::{Control, Errors};
use crate::fields::Fields;
use crate::html::Html;
use crate::map::ends;

/// The networks that a key may be used from.
pub(super) fn networks(typed: &Fields, errors: &Errors, address: &str) -> Html {
    let hint = match address {
        "" => "Addresses or subnets, one on a line. Empty for anywhere.".to_owned(),
        own => format!("Addresses or subnets, one on a line. Empty for anywhere. Yours is {own}."),
    };
    let control = Control {
        id: "networks",
        name: "networks",
        label: "Only from these networks",
        hint: &hint,
        error: errors.of("conditions.ip_in"),
    };
    control.textarea(typed.get("networks"))
}

/// When a key ends.
pub(super) fn end(typed: &Fields, errors: &Errors, longest_days: u32) -> Html {
    let chosen = if typed.is_empty() { ends::USUAL } else { typed.get("ends") };
    let hint = match longest_days {
        0 => String::new(),
        days => format!("The organisation allows at most {days} days."),
    };
    let ends = Control {
        id: "ends",
        name: "ends",
        label: "Ends",
        hint: &hint,
        error: errors.of("expires_at"),
    };
    let day = Control {
        id: "ends_on",
        name: "ends_on",
        label: "Last day (UTC)",
        hint: "Only for “After the last day given”.",
        error: None,
    };
    html!(
        "<div class=\"two\">{}{}</div>",
        ends.select(ends::CHOICES, chosen),
        day.input("date", typed.get("ends_on"), &html!(""))
    )
}
