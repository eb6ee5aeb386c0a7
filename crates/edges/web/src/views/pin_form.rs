//! The form of a pinned key.

use tessera_access::terms::QueryVersion;
use tessera_bi::QueryTakes;
use tessera_formats::Format;
use tessera_kernel::ids::QueryId;

use super::{origin, pin_parameter};
use crate::controls::{Control, Errors, summary};
use crate::fields::Fields;
use crate::html::Html;
use crate::map::parameters::Slot;

/// How attributes are read: what is sent, and what people read.
pub(super) const KINDS: [(&str, &str); 2] = [("text", "Text"), ("number", "Number")];

/// The form.
pub(crate) struct Form<'a> {
    pub(crate) query: QueryId,
    pub(crate) name: &'a str,
    pub(crate) version: Option<QueryVersion>,
    pub(crate) takes: &'a QueryTakes,
    pub(crate) slots: &'a [Slot],
    /// Why there is no form.
    pub(crate) closed: Option<&'static str>,
    /// What was typed before.
    pub(crate) typed: &'a Fields,
    pub(crate) errors: &'a Errors,
    pub(crate) proof: Html,
    pub(crate) form: String,
    pub(crate) address: &'a str,
}

impl Form<'_> {
    pub(crate) fn html(&self) -> Html {
        let head = html!(
            "<p>For query {} “{}”. Its holder sees the rows of this query for the values that you pin, and \
             cannot change them.</p>\n{}",
            self.query.0,
            self.name,
            self.versions()
        );
        if let Some(reason) = self.closed {
            return html!(
                "<div class=\"narrow\">{}<div class=\"note bad\"><p>{}</p></div></div>",
                head,
                reason
            );
        }
        let name = Control {
            id: "name",
            name: "name",
            label: "Name",
            hint: "For whom it is, such as “ACME portal”.",
            error: self.errors.of("name"),
        };
        html!(
            "<div class=\"narrow\">{}{}<form method=\"post\" action=\"/keys/pinned/new?query={}&amp;version={}\">{}\
             <input type=\"hidden\" name=\"form\" value=\"{}\">\n{}\n{}{}{}\n\
             <h2>From where and until when</h2>{}{}{}<button class=\"main\">Make the key</button></form></div>",
            summary(self.errors, |field| self.place(field)),
            head,
            self.query.0,
            version_word(self.version),
            self.proof,
            self.form,
            name.input(
                "text",
                self.typed.get("name"),
                &html!(" required maxlength=\"255\" autocomplete=\"off\"")
            ),
            self.parameters(),
            self.attributes(),
            self.results(),
            self.origins(),
            origin::networks(self.typed, self.errors, self.address),
            origin::end(self.typed, self.errors, 0)
        )
    }

    /// The ways to the forms for other versions, whose parameters may be others.
    fn versions(&self) -> Html {
        let QueryTakes { current, approved, any_version, .. } = *self.takes;
        let mut ways = Vec::new();
        if let Some(number) = approved {
            ways.push((
                Some(QueryVersion::Approved),
                format!("The approved version, now {number}: it follows approvals"),
            ));
        }
        if any_version {
            ways.push((
                Some(QueryVersion::Number(current)),
                format!("Version {current}, the present one: edits never change what the key runs"),
            ));
            ways.push((None, "Always the latest version, whatever is edited".to_owned()));
        }
        let line = |(version, text): (Option<QueryVersion>, String)| {
            if version == self.version && self.closed.is_none() {
                return html!("<li><strong aria-current=\"true\">{}</strong></li>", text);
            }
            html!(
                "<li><a href=\"/keys/pinned/new?query={}&amp;version={}\">{}</a></li>",
                self.query.0,
                version_word(version),
                text
            )
        };
        if ways.is_empty() {
            return html!("");
        }
        html!(
            "<h2 id=\"version\">Version</h2><ul class=\"plain\">{}</ul><p class=\"hint apart\">Choose first: \
             another version may have other parameters, and its form begins anew.</p>\n",
            ways.into_iter().map(line).collect::<Html>()
        )
    }

    fn parameters(&self) -> Html {
        let error = |field: &str| {
            self.errors.of(field).map(|text| html!("<p class=\"error\">{}</p>", text))
        };
        let intro = match self.slots.is_empty() {
            true => html!("<p>The query has no parameters: the holder sees all of its rows.</p>"),
            false => html!(
                "<p class=\"hint apart\">Pinned: the value stands, and a request that names the parameter is \
                 refused. Free: the holder chooses, within what you allow.</p>"
            ),
        };
        let each = |(place, slot): (usize, &Slot)| {
            pin_parameter::html(&format!("p{place}"), slot, self.typed, self.errors)
        };
        html!(
            "<h2 id=\"parameters\" tabindex=\"-1\">Parameters</h2>{}{}{}{}",
            intro,
            error("parameters"),
            error("free"),
            self.slots.iter().enumerate().map(each).collect::<Html>()
        )
    }

    fn attributes(&self) -> Html {
        let names = &self.takes.attributes;
        if names.is_empty() {
            return html!("");
        }
        let foreign: Vec<&String> = names.iter().filter(|name| !name.starts_with("key.")).collect();
        let warning: Html = foreign
            .iter()
            .map(|name| {
                html!(
                    "<div class=\"note bad\"><p>The query uses {}, which belongs to people. A key of a query \
                     has attributes of its own only, so none can be made.</p></div>",
                    *name
                )
            })
            .collect();
        let each = |(place, name): (usize, &str)| {
            let (id, field) = (format!("a{place}"), format!("attribute.{name}"));
            let (kind_id, kind) = (format!("a{place}-as"), format!("attribute_as.{name}"));
            let error = self.errors.of(&format!("attributes.{name}"));
            let label = format!("key.{name}");
            let value = Control {
                id: &id,
                name: &field,
                label: &label,
                hint: "",
                error: error.or_else(|| self.errors.of("attributes")),
            };
            let read =
                Control { id: &kind_id, name: &kind, label: "Read as", hint: "", error: None };
            html!(
                "<div class=\"two\">{}{}</div>",
                value.input("text", self.typed.get(&field), &html!("")),
                read.select(KINDS, self.typed.get(&kind))
            )
        };
        let own = names.iter().filter_map(|name| name.strip_prefix("key.")).enumerate();
        html!(
            "<h2 id=\"attributes\">Attributes</h2><p class=\"hint apart\">What the query reads of the key itself.</p>\
             {}{}",
            warning,
            own.map(each).collect::<Html>()
        )
    }

    fn results(&self) -> Html {
        let control = |id: &'static str, label: &'static str, hint: &'static str, field: &str| {
            Control { id, name: id, label, hint, error: self.errors.of(field) }
        };
        let number = html!(" inputmode=\"decimal\" autocomplete=\"off\"");
        let rows = self.errors.of("caps.rows").or_else(|| self.errors.of("caps"));
        let rows = Control { error: rows, ..control("rows", "Most rows", "More is an error.", "") };
        let bytes = control("megabytes", "Most megabytes", "More is an error.", "caps.bytes");
        let age = control(
            "age",
            "Age floor, in seconds",
            "A result younger than this is good enough: 300 for five minutes.",
            "caps.max_age_floor",
        );
        let formats = Control {
            name: "format",
            ..control("formats", "Formats", "None chosen: all of them.", "caps.formats")
        };
        let known = Format::ALL.map(|format| (format.extension(), format.extension()));
        let chosen: Vec<&str> = self.typed.all("format").collect();
        html!(
            "<h2>Results</h2><div class=\"three\">{}{}{}</div>{}",
            rows.input("text", self.typed.get("rows"), &number),
            bytes.input("text", self.typed.get("megabytes"), &number),
            age.input("text", self.typed.get("age"), &number),
            formats.checkboxes(known, |format| chosen.contains(&format))
        )
    }

    fn origins(&self) -> Html {
        let control = Control {
            id: "origins",
            name: "origins",
            label: "Only by pages of these origins",
            hint: "For pages that embed it: one on a line, such as https://acme.example. Empty for any, and \
                   for spreadsheets and scripts.",
            error: self.errors.of("conditions.origin"),
        };
        control.textarea(self.typed.get("origins"))
    }

    /// Where a field of the core is on the page, and what it is called there.
    fn place(&self, field: &str) -> Option<(String, String)> {
        let (id, name) = match field {
            "name" => ("name", ""),
            "caps" | "caps.rows" => ("rows", "Most rows"),
            "caps.bytes" => ("megabytes", "Most megabytes"),
            "caps.max_age_floor" => ("age", "Age floor"),
            "caps.formats" => ("formats", "Formats"),
            "conditions.ip_in" => ("networks", "Networks"),
            "conditions.origin" => ("origins", "Origins"),
            "expires_at" => ("ends", "End"),
            "parameters" | "free" => ("parameters", ""),
            "version" => ("version", "Version"),
            "attributes" => ("attributes", "Attributes"),
            _ => ("", ""),
        };
        if !id.is_empty() {
            return Some((id.to_owned(), name.to_owned()));
        }
        if let Some(name) = field.strip_prefix("attributes.") {
            let mut own = self.takes.attributes.iter().filter_map(|name| name.strip_prefix("key."));
            let place = own.position(|own| own == name)?;
            return Some((format!("a{place}"), String::new()));
        }
        self.slots.iter().enumerate().find_map(|(place, slot)| {
            let part = pin_parameter::place(slot, field)?;
            // Who did not decide is told with the name already.
            let name = if part.is_empty() { String::new() } else { slot.title.clone() };
            Some((format!("p{place}{part}"), name))
        })
    }
}

/// A version as addresses name it.
fn version_word(version: Option<QueryVersion>) -> String {
    match version {
        None => "latest".to_owned(),
        Some(QueryVersion::Approved) => "approved".to_owned(),
        Some(QueryVersion::Number(number)) => number.to_string(),
    }
}
