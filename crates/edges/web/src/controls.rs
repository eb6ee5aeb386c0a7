//! Controls of forms: each with its label, its hint and what is wrong with it, bound together for
//! those who do not see the page.

use crate::html::Html;

/// What is wrong, by the name of the field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Errors(Vec<(String, String)>);

impl Errors {
    pub(crate) fn add(&mut self, field: impl Into<String>, text: impl Into<String>) {
        self.0.push((field.into(), text.into()));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == field).map(|(_, text)| text.as_str())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(field, text)| (field.as_str(), text.as_str()))
    }
}

/// A control.
#[derive(Clone, Copy)]
pub(crate) struct Control<'a> {
    /// Its place on the page.
    pub(crate) id: &'a str,
    /// Its name in the form.
    pub(crate) name: &'a str,
    /// What it is called.
    pub(crate) label: &'a str,
    /// What to write there.
    pub(crate) hint: &'a str,
    /// What is wrong with it.
    pub(crate) error: Option<&'a str>,
}

impl Control<'_> {
    fn hint(&self) -> Html {
        if self.hint.is_empty() {
            return html!("");
        }
        html!("<p class=\"hint\" id=\"{}-hint\">{}</p>", self.id, self.hint)
    }

    fn error(&self) -> Html {
        match self.error {
            None => html!(""),
            Some(text) => html!("<p class=\"error\" id=\"{}-error\">{}</p>", self.id, text),
        }
    }

    /// Which texts belong to it, and whether it is wrong.
    fn told(&self) -> Html {
        let hint = if self.hint.is_empty() { html!("") } else { html!("{}-hint", self.id) };
        let (error, invalid) = match self.error {
            None => (html!(""), html!("")),
            Some(_) => (html!(" {}-error", self.id), html!(" aria-invalid=\"true\"")),
        };
        if hint.is_empty() && error.is_empty() {
            return html!("");
        }
        html!(" aria-describedby=\"{}{}\"{}", hint, error, invalid)
    }

    fn field(&self, control: &Html) -> Html {
        html!(
            "<div class=\"field\"><label for=\"{}\">{}</label>{}{}{}</div>\n",
            self.id,
            self.label,
            control,
            self.hint(),
            self.error()
        )
    }

    /// A line of text. `more` are attributes.
    pub(crate) fn input(&self, kind: &str, value: &str, more: &Html) -> Html {
        self.field(&html!(
            "<input id=\"{}\" name=\"{}\" type=\"{}\" value=\"{}\"{}{}>",
            self.id,
            self.name,
            kind,
            value,
            self.told(),
            more
        ))
    }

    /// Some lines of text.
    pub(crate) fn textarea(&self, value: &str) -> Html {
        // The first line break after the tag is not part of the value.
        self.field(&html!(
            "<textarea id=\"{}\" name=\"{}\" rows=\"3\" spellcheck=\"false\"{}>\n{}</textarea>",
            self.id,
            self.name,
            self.told(),
            value
        ))
    }

    /// One of several: pairs of value and text.
    pub(crate) fn select<'o>(
        &self,
        options: impl IntoIterator<Item = (&'o str, &'o str)>,
        chosen: &str,
    ) -> Html {
        let option = |(value, text): (&str, &str)| {
            let selected = if value == chosen { html!(" selected") } else { html!("") };
            html!("<option value=\"{}\"{}>{}</option>", value, selected, text)
        };
        let options: Html = options.into_iter().map(option).collect();
        self.field(&html!(
            "<select id=\"{}\" name=\"{}\"{}>{}</select>",
            self.id,
            self.name,
            self.told(),
            options
        ))
    }

    /// Any of several: pairs of value and text.
    pub(crate) fn checkboxes<'o>(
        &self,
        options: impl IntoIterator<Item = (&'o str, &'o str)>,
        chosen: impl Fn(&str) -> bool,
    ) -> Html {
        let boxes: Vec<Html> = options
            .into_iter()
            .map(|(value, text)| {
                let checked = if chosen(value) { html!(" checked") } else { html!("") };
                html!(
                    "<label><input type=\"checkbox\" name=\"{}\" value=\"{}\"{}>{}</label>",
                    self.name,
                    value,
                    checked,
                    text
                )
            })
            .collect();
        let class = if boxes.len() > 8 { "choice scroll" } else { "choice" };
        html!(
            "<fieldset class=\"field\" id=\"{}\" tabindex=\"-1\"{}><legend>{}</legend>\
             <div class=\"{}\">{}</div>{}{}</fieldset>\n",
            self.id,
            self.told(),
            self.label,
            class,
            boxes.into_iter().collect::<Html>(),
            self.hint(),
            self.error()
        )
    }
}

/// What is wrong, on top of a form, with the way to each place. `place` tells the place of a field
/// and what it is called there; nothing if its text says so itself.
pub(crate) fn summary(errors: &Errors, place: impl Fn(&str) -> Option<(String, String)>) -> Html {
    if errors.is_empty() {
        return html!("");
    }
    let line = |(field, text): (&str, &str)| match place(field) {
        Some((id, name)) if name.is_empty() => html!("<li><a href=\"#{}\">{}</a></li>", id, text),
        Some((id, name)) => html!("<li><a href=\"#{}\">{}: {}</a></li>", id, name, text),
        None => html!("<li>{}</li>", text),
    };
    html!(
        "<div class=\"note bad\" role=\"alert\" id=\"errors\" tabindex=\"-1\"><p class=\"error\">No key \
         was made. Please mend this:</p><ul class=\"plain\">{}</ul></div>\n",
        errors.iter().map(line).collect::<Html>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_is_bound_to_its_texts_and_escapes_what_was_typed() {
        let control =
            Control { id: "n", name: "name", label: "<b>", hint: "Any.", error: Some("Wrong.") };
        let text = control.input("text", "\"><script>", &html!(" required"));
        assert_eq!(
            text.as_str(),
            "<div class=\"field\"><label for=\"n\">&lt;b&gt;</label><input id=\"n\" name=\"name\" \
             type=\"text\" value=\"&quot;&gt;&lt;script&gt;\" aria-describedby=\"n-hint n-error\" \
             aria-invalid=\"true\" required><p class=\"hint\" id=\"n-hint\">Any.</p><p class=\"error\" \
             id=\"n-error\">Wrong.</p></div>\n"
        );
    }
}
