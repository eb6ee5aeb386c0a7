//! What all pages have: the way around on top, and one style.

use axum::response::Response;
use http::StatusCode;
use tessera_httpkit::pages;

use crate::html::Html;

const STYLE: &str = include_str!("style.css");

/// A page with a title and what is on it. There is no `<base>`: links within a page lead to it.
pub(crate) fn page(status: StatusCode, title: &str, body: &Html) -> Response {
    let body = html!(
        "<a class=\"skip\" href=\"#main\">Skip to content</a>\n\
         <header><nav aria-label=\"Main\"><a class=\"mark\" href=\"/\">Tessera</a>\
         <a href=\"/keys\">API keys</a><a href=\"/keys/pinned/new\">New pinned key</a>\
         <a href=\"/keys/new\">New key</a><a class=\"end\" href=\"/logout\">Sign out</a></nav></header>\n\
         <main id=\"main\" tabindex=\"-1\">\n<h1>{}</h1>\n{}\n</main>",
        title,
        body
    );
    pages::document(status, title, "", STYLE, body.as_str())
}

#[cfg(test)]
mod tests {
    use super::STYLE;

    /// The relative luminance of a colour, as WCAG 2 defines it.
    fn luminance(colour: &str) -> f64 {
        let digits = colour.trim_start_matches('#');
        let long: String = match digits.len() {
            3 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
            _ => digits.to_owned(),
        };
        let part = |place: usize| {
            let value = f64::from(u8::from_str_radix(&long[place..place + 2], 16).unwrap()) / 255.0;
            if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
    }

    fn contrast(one: &str, two: &str) -> f64 {
        let (one, two) = (luminance(one), luminance(two));
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    #[test]
    fn texts_and_edges_stand_out_in_light_and_dark() {
        for theme in STYLE.split(":root{").skip(1) {
            let colour = |name: &str| {
                let rest = theme.split_once(&format!("--{name}:")).unwrap().1;
                rest.split([';', '}']).next().unwrap().trim().to_owned()
            };
            for ground in ["bg", "s1", "s2"] {
                for text in ["text", "muted", "danger", "warning", "success", "accent"] {
                    let ratio = contrast(&colour(text), &colour(ground));
                    assert!(ratio >= 4.5, "{text} on {ground}: {ratio:.2}");
                }
            }
            assert!(contrast(&colour("on"), &colour("accent")) >= 4.5);
            for edge in ["edge", "focus"] {
                assert!(contrast(&colour(edge), &colour("bg")) >= 3.0, "{edge}");
            }
        }
    }
}
