//! What happens on each route: read, ask the gate, core calls, a page.

pub(crate) mod keys;
pub(crate) mod life;
mod names;
pub(crate) mod new_key;
pub(crate) mod pins;

use axum::response::Response;
use http::{HeaderValue, StatusCode};
use tessera_access::{MintedKey, RequestContext};
use tessera_kernel::ids::KeyId;
use tessera_kernel::{Code, Fault, Result};

use crate::call::Call;
use crate::controls::Errors;
use crate::refusal::sentence;
use crate::sent;
use crate::views::secret;
use crate::words::Names;

/// The key that a path names.
fn key_id(text: &str) -> Result<KeyId> {
    text.parse().map(KeyId).map_err(|_| Fault::not_found("key"))
}

/// What was refused of a form, at its field; another fault is an answer of its own.
fn at_field(fault: Fault) -> Result<Errors> {
    let of_form = matches!(
        fault.code(),
        Code::Invalid
            | Code::Forbidden
            | Code::OutOfScope
            | Code::Conflict
            | Code::MissingParameters
            | Code::InvalidParameters
            | Code::UnbindableParameter
            | Code::NoCachedResult
            | Code::SourcePaused
            | Code::SourceMissing
            | Code::Unsupported
            | Code::TooLarge
    );
    if !of_form {
        return Err(fault);
    }
    let mut errors = Errors::default();
    errors.add(fault.field().unwrap_or_default().trim_start_matches("terms."), sentence(&fault));
    Ok(errors)
}

/// The address of the caller, to be proposed as a network.
fn address(context: &RequestContext) -> &str {
    context.address.as_deref().unwrap_or_default()
}

/// The name of a form that counts once.
fn new_form(call: &Call) -> String {
    sent::name(call.state.kit.random.as_ref(), call.access().keys.now())
}

/// The page with a key that was just made.
fn made(call: &Call, minted: &MintedKey, names: &Names) -> Response {
    let view = secret::Once {
        minted,
        signing: None,
        base_url: &call.info.base_url,
        names,
        now: call.access().keys.now(),
        predecessor: None,
    };
    shown_once(call.page(StatusCode::CREATED, "The key was made", &view.html()))
}

/// Pages with the text of a key are kept nowhere, and tell nobody where they were.
fn shown_once(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(http::header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
