//! The forms of the few pages that the server writes itself.

use axum::response::Response;
use http::StatusCode;
use tessera_httpkit::pages::{escape, page};

/// What was typed before, so that a refusal loses nothing but the password.
#[derive(Default)]
pub(super) struct Typed<'a> {
    pub(super) name: &'a str,
    pub(super) email: &'a str,
    pub(super) organization: &'a str,
}

/// The form of the first setup.
pub(super) fn setup(
    status: StatusCode,
    token: &str,
    typed: &Typed<'_>,
    error: Option<&str>,
) -> Response {
    let body = format!(
        "{}<form method=\"post\" action=\"/setup\">\
         <label for=\"name\">Your name</label>\
         <input id=\"name\" name=\"name\" value=\"{}\" required autocomplete=\"name\">\
         <label for=\"email\">E-mail</label>\
         <input id=\"email\" name=\"email\" type=\"email\" value=\"{}\" required \
         autocomplete=\"email\">\
         <label for=\"password\">Password</label>\
         <input id=\"password\" name=\"password\" type=\"password\" required \
         autocomplete=\"new-password\">\
         <label for=\"org_name\">Organization</label>\
         <input id=\"org_name\" name=\"org_name\" value=\"{}\" required \
         autocomplete=\"organization\">\
         <label for=\"setup_token\">Setup token</label>\
         <input id=\"setup_token\" name=\"setup_token\" value=\"{}\" autocomplete=\"off\">\
         <button>Set up</button></form>",
        alert(error),
        escape(typed.name),
        escape(typed.email),
        escape(typed.organization),
        escape(token)
    );
    page(status, "Set up Tessera", &body)
}

/// The form to sign in.
pub(super) fn login(status: StatusCode, next: &str, email: &str, error: Option<&str>) -> Response {
    let body = format!(
        "{}<form method=\"post\" action=\"/login?next={}\">\
         <label for=\"email\">E-mail</label>\
         <input id=\"email\" name=\"email\" type=\"email\" value=\"{}\" required \
         autocomplete=\"username\">\
         <label for=\"password\">Password</label>\
         <input id=\"password\" name=\"password\" type=\"password\" required \
         autocomplete=\"current-password\">\
         <button>Sign in</button></form><p><a href=\"/forgot\">Forgot your password?</a></p>",
        alert(error),
        escape(&encode(next)),
        escape(email)
    );
    page(status, "Sign in", &body)
}

/// The form to choose a password, behind a one-use link.
pub(super) fn password(
    status: StatusCode,
    title: &str,
    name: &str,
    error: Option<&str>,
) -> Response {
    // Without an action the form goes to where it came from: the link itself.
    let body = format!(
        "{}<p>Choose a password for {}.</p><form method=\"post\">\
         <label for=\"password\">Password</label>\
         <input id=\"password\" name=\"password\" type=\"password\" required \
         autocomplete=\"new-password\"><button>Continue</button></form>",
        alert(error),
        escape(name)
    );
    page(status, title, &body)
}

/// A page that only says something.
pub(super) fn notice(status: StatusCode, title: &str, text: &str) -> Response {
    page(status, title, &format!("<p>{}</p>", escape(text)))
}

fn alert(error: Option<&str>) -> String {
    let text = |error: &str| format!("<p class=\"error\" role=\"alert\">{}</p>", escape(error));
    error.map_or_else(String::new, text)
}

fn encode(text: &str) -> String {
    let pairs = serde_urlencoded::to_string([("", text)]).unwrap_or_default();
    pairs.trim_start_matches('=').to_owned()
}
