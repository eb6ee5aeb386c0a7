//! The form of a key of one's own.

use super::origin;
use crate::controls::{Control, Errors, summary};
use crate::fields::Fields;
use crate::html::Html;
use crate::map::keys::MAY;

/// The form.
pub(crate) struct Form<'a> {
    /// What was typed before.
    pub(crate) typed: &'a Fields,
    pub(crate) errors: &'a Errors,
    pub(crate) proof: Html,
    pub(crate) form: String,
    pub(crate) address: &'a str,
    /// The longest time that a key may work; zero for any.
    pub(crate) longest_days: u32,
    /// Whether some keys are to be approved.
    pub(crate) approved: bool,
}

impl Form<'_> {
    pub(crate) fn html(&self) -> Html {
        let name = Control {
            id: "name",
            name: "name",
            label: "Name",
            hint: "What it is for, such as “nightly export”.",
            error: self.errors.of("name"),
        };
        html!(
            "{}<form method=\"post\" action=\"/keys/new\" class=\"narrow\">{}\
             <input type=\"hidden\" name=\"form\" value=\"{}\">\n{}{}\n\
             <h2>From where and until when</h2>{}{}{}<button class=\"main\">Make the key</button></form>",
            summary(self.errors, |field| Some((place(field)?.to_owned(), String::new()))),
            self.proof,
            self.form,
            name.input(
                "text",
                self.typed.get("name"),
                &html!(" required maxlength=\"255\" autocomplete=\"off\"")
            ),
            self.may(),
            origin::networks(self.typed, self.errors, self.address),
            origin::end(self.typed, self.errors, self.longest_days),
            self.justification()
        )
    }

    fn may(&self) -> Html {
        let typed = self.typed.get("may");
        let chosen = if typed.is_empty() { MAY[0].0 } else { typed };
        let choice = |(value, text): (&str, &str)| {
            let checked = if value == chosen { html!(" checked") } else { html!("") };
            html!(
                "<label><input type=\"radio\" name=\"may\" value=\"{}\" required{}>{}</label>",
                value,
                checked,
                text
            )
        };
        html!(
            "<fieldset class=\"field\" id=\"may\" tabindex=\"-1\"><legend>What it may do</legend>\
             <div class=\"choice\">{}</div><p class=\"hint\">Never more than you may yourself. Finer terms \
             can be given in the API: <code>POST /v1/keys</code>.</p></fieldset>\n",
            MAY.into_iter().map(choice).collect::<Html>()
        )
    }

    fn justification(&self) -> Html {
        if !self.approved && self.errors.of("justification").is_none() {
            return html!("");
        }
        let control = Control {
            id: "justification",
            name: "justification",
            label: "Why it is needed",
            hint: "The organisation approves some keys first.",
            error: self.errors.of("justification"),
        };
        control.textarea(self.typed.get("justification"))
    }
}

fn place(field: &str) -> Option<&'static str> {
    match field {
        "name" => Some("name"),
        "may" => Some("may"),
        "expires_at" => Some("ends"),
        "conditions.ip_in" => Some("networks"),
        "justification" => Some("justification"),
        _ => None,
    }
}
