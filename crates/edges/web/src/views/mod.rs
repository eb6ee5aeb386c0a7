//! What pages look like: values in, markup out.

pub(crate) mod key;
pub(crate) mod key_list;
pub(crate) mod new_key;
mod origin;
pub(crate) mod pick_query;
pub(crate) mod pin_form;
mod pin_parameter;
pub(crate) mod secret;

use crate::html::Html;

/// Sentences as a list.
fn sentences(told: &[String]) -> Html {
    let lines: Html = told.iter().map(|line| html!("<li>{}</li>", line)).collect();
    html!("<ul class=\"plain\">{}</ul>", lines)
}

/// The state of a key.
fn chip(state: tessera_access::KeyState) -> Html {
    let (word, look) = crate::words::state(state);
    html!("<span class=\"chip {}\">{}</span>", look, word)
}

/// `part` of an address, for what stands behind the `?`.
fn encoded(pairs: &[(&str, &str)]) -> String {
    serde_urlencoded::to_string(pairs).unwrap_or_default()
}
