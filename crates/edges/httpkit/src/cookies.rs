//! The cookies of a session: its token, which scripts cannot read, and the proof against forged
//! requests, which our own pages send back in a header.

use chrono::TimeDelta;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use tessera_kernel::{Secret, Timestamp};

use crate::KitSettings;

/// The cookie with the session's token.
pub const SESSION: &str = "session";
/// The cookie with the proof against forged requests.
pub const CSRF: &str = "csrf_token";

/// The cookie with the state of a sign-in at an identity provider.
pub const STATE: &str = "signin_state";

/// Notes the state of a sign-in at an identity provider, for as long as that may take.
#[must_use]
pub fn state_cookie(settings: &KitSettings, state: &Secret, expires_at: Timestamp) -> HeaderValue {
    let expires = expires_at.format("%a, %d %b %Y %H:%M:%S GMT");
    build(&format!(
        "{STATE}={}; Expires={expires}; HttpOnly; Path=/oauth; SameSite=Lax{}",
        state.expose(),
        secure(settings)
    ))
}

/// Takes the state of a sign-in away.
#[must_use]
pub fn clear_state(settings: &KitSettings) -> HeaderValue {
    build(&format!("{STATE}=; Max-Age=0; HttpOnly; Path=/oauth; SameSite=Lax{}", secure(settings)))
}

/// The state that a request carries.
#[must_use]
pub fn state(headers: &HeaderMap) -> Option<Secret> {
    value(headers, STATE).filter(|text| !text.is_empty()).map(Secret::new)
}

/// How long a browser keeps a session's cookie beyond the moment that the session ends unless used.
const KEPT: TimeDelta = TimeDelta::days(31);

/// Sets the session. The cookie outlives an idle session, which the server ends by itself; as one in
/// use lives on, its cookie is set anew.
#[must_use]
pub fn session_cookie(
    settings: &KitSettings,
    token: &Secret,
    expires_at: Timestamp,
) -> HeaderValue {
    let expires = (expires_at + KEPT).format("%a, %d %b %Y %H:%M:%S GMT");
    build(&format!(
        "{SESSION}={}; Expires={expires}; HttpOnly; Path=/; SameSite=Lax{}",
        token.expose(),
        secure(settings)
    ))
}

/// Whether an answer says something of the session already.
pub(crate) fn sets_session(headers: &HeaderMap) -> bool {
    let mut cookies = headers.get_all(SET_COOKIE).iter();
    cookies.any(|cookie| {
        cookie
            .as_bytes()
            .strip_prefix(SESSION.as_bytes())
            .is_some_and(|rest| rest.starts_with(b"="))
    })
}

/// Takes the session away.
#[must_use]
pub fn clear_session(settings: &KitSettings) -> HeaderValue {
    build(&format!("{SESSION}=; Max-Age=0; HttpOnly; Path=/; SameSite=Lax{}", secure(settings)))
}

/// Sets the proof against forged requests.
#[must_use]
pub fn csrf_cookie(settings: &KitSettings, token: &str) -> HeaderValue {
    build(&format!("{CSRF}={token}; Path=/; SameSite=Lax{}", secure(settings)))
}

/// The session's token that a request carries.
#[must_use]
pub fn session_token(headers: &HeaderMap) -> Option<Secret> {
    value(headers, SESSION).filter(|text| !text.is_empty()).map(Secret::new)
}

/// The proof that a request carries in its cookies.
#[must_use]
pub fn csrf_token(headers: &HeaderMap) -> Option<String> {
    value(headers, CSRF).filter(|text| !text.is_empty())
}

/// The value of a cookie.
#[must_use]
pub fn value(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value.to_owned())
}

fn secure(settings: &KitSettings) -> &'static str {
    if settings.cookies_secure { "; Secure" } else { "" }
}

fn build(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("tokens are letters and digits")
}
