//! The forms of the few pages that the server writes itself.
//!
//! Names of forms and fields, and `data-test`, are those that programs which drive a browser look for.

use axum::response::Response;
use http::StatusCode;
use tessera_access::{Enrolment, Way};
use tessera_httpkit::pages::{escape, page};
use tessera_httpkit::qr;
use tessera_kernel::{Result, Secret};

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
        "{}<form method=\"post\" name=\"create_account\" action=\"/setup\">\
         <label for=\"name\">Your name</label>\
         <input id=\"name\" name=\"name\" value=\"{}\" required autocomplete=\"name\">\
         <label for=\"email\">Email</label>\
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
         <button type=\"submit\">Set up</button></form>",
        alert(error),
        escape(typed.name),
        escape(typed.email),
        escape(typed.organization),
        escape(token)
    );
    page(status, "Set up Tessera", &body)
}

/// The ways to sign in that are open.
pub(super) struct Ways {
    pub(super) passwords: bool,
    pub(super) providers: Vec<Way>,
    pub(super) remote_user: bool,
}

/// The form to sign in. Browsers that programs steer find its fields by the recorded names.
pub(super) fn login(
    status: StatusCode,
    next: &str,
    email: &str,
    ways: &Ways,
    error: Option<&str>,
) -> Response {
    let next = escape(&encode(next));
    let mut body = alert(error);
    if ways.passwords {
        body.push_str(&format!(
            "<form method=\"post\" name=\"login\" action=\"/login?next={next}\">\
             <label for=\"inputEmail\">Email</label>\
             <input id=\"inputEmail\" name=\"email\" type=\"email\" value=\"{}\" required \
             autocomplete=\"username\" data-test=\"Email\">\
             <label for=\"inputPassword\">Password</label>\
             <input id=\"inputPassword\" name=\"password\" type=\"password\" required \
             autocomplete=\"current-password\" data-test=\"Password\">\
             <label class=\"tick\"><input type=\"checkbox\" name=\"remember\"> Remember me</label>\
             <button type=\"submit\">Log in</button></form>\
             <p><a href=\"/forgot\">Forgot your password?</a></p>",
            escape(email)
        ));
    }
    for way in &ways.providers {
        body.push_str(&format!(
            "<p><a class=\"way\" href=\"/oauth/{}?next={next}\">{}</a></p>",
            escape(&way.name),
            escape(&way.label)
        ));
    }
    if ways.remote_user {
        body.push_str(&format!(
            "<p><a class=\"way\" href=\"/remote_user/login?next={next}\">\
             Sign in through the proxy</a></p>"
        ));
    }
    page(status, "Sign in", &body)
}

/// What a sign-in that waits for a code takes along.
pub(super) struct Asked<'a> {
    pub(super) next: &'a str,
    pub(super) challenge: &'a Secret,
    pub(super) remember: bool,
}

/// The form for a code of the second factor; with `enrolment`, for its first one.
pub(super) fn code(
    status: StatusCode,
    asked: &Asked<'_>,
    enrolment: Option<&Enrolment>,
    error: Option<&str>,
) -> Result<Response> {
    let told = match enrolment {
        None => {
            "<p>Type the code that your authenticator shows, or a recovery code.</p>".to_owned()
        }
        Some(enrolment) => format!(
            "<p>A second factor is needed here. Let your authenticator read this picture, or type \
             the secret; then type the code that it shows.</p><div class=\"qr\">{}</div>\
             <p><code>{}</code></p>",
            qr::svg(enrolment.uri.expose())?,
            escape(enrolment.secret.expose())
        ),
    };
    let remember = match asked.remember {
        true => "<input type=\"hidden\" name=\"remember\" value=\"on\">",
        false => "",
    };
    let body = format!(
        "{}{told}<form method=\"post\" action=\"/login/second-factor?next={}\">\
         <input type=\"hidden\" name=\"challenge\" value=\"{}\">{remember}\
         <label for=\"code\">Code</label>\
         <input id=\"code\" name=\"code\" required autofocus autocomplete=\"one-time-code\">\
         <button type=\"submit\">Continue</button></form>",
        alert(error),
        escape(&encode(asked.next)),
        escape(asked.challenge.expose())
    );
    Ok(page(status, "Second factor", &body))
}

/// The recovery codes, shown once.
pub(super) fn recovery_codes(next: &str, codes: &[Secret]) -> Response {
    let codes: String =
        codes.iter().map(|code| format!("<code>{}</code><br>", escape(code.expose()))).collect();
    let body = format!(
        "<p>Keep these codes where you find them without your authenticator. Each works once, and \
         they are not shown again.</p><p>{codes}</p><p><a class=\"way\" href=\"{}\">Continue</a></p>",
        escape(next)
    );
    page(StatusCode::OK, "Recovery codes", &body)
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
         autocomplete=\"new-password\"><button type=\"submit\">Continue</button></form>",
        alert(error),
        escape(name)
    );
    page(status, title, &body)
}

/// The form of those who forgot their password.
pub(super) fn forgot(status: StatusCode, email: &str, error: Option<&str>) -> Response {
    let body = format!(
        "{}<p>Type the address of your account. A link to set a new password comes by mail.</p>\
         <form method=\"post\" action=\"/forgot\"><label for=\"email\">Email</label>\
         <input id=\"email\" name=\"email\" type=\"email\" value=\"{}\" required \
         autocomplete=\"username\"><button type=\"submit\">Send the link</button></form>",
        alert(error),
        escape(email)
    );
    page(status, "Forgot your password?", &body)
}

/// A question with one answer, behind a one-use link.
pub(super) fn confirm(status: StatusCode, title: &str, email: &str) -> Response {
    let body = format!(
        "<p>Is {} your address?</p><form method=\"post\"><button type=\"submit\">Yes</button></form>",
        escape(email)
    );
    page(status, title, &body)
}

/// A page that only says something.
pub(super) fn notice(status: StatusCode, title: &str, text: &str) -> Response {
    page(status, title, &format!("<p>{}</p>", escape(text)))
}

fn alert(error: Option<&str>) -> String {
    error.map_or_else(String::new, |error| {
        let error = escape(error);
        format!("<p class=\"error\" role=\"alert\" data-test=\"ErrorMessage\">{error}</p>")
    })
}

fn encode(text: &str) -> String {
    let pairs = serde_urlencoded::to_string([("", text)]).unwrap_or_default();
    pairs.trim_start_matches('=').to_owned()
}
