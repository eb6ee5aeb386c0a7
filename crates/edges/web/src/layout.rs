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
