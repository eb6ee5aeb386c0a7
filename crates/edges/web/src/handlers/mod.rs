//! What happens on each route: read, ask the gate, core calls, a page.

pub(crate) mod keys;
pub(crate) mod life;
mod names;
pub(crate) mod new_key;
pub(crate) mod pins;

use http::HeaderValue;
use tessera_access::RequestContext;
use tessera_kernel::ids::KeyId;
use tessera_kernel::{Code, Fault, Result};

use crate::call::Call;
use crate::controls::Errors;
use crate::refusal::sentence;

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
    call.state.kit.random.alphanumeric(24)
}

/// Pages with the text of a key are kept nowhere, and tell nobody where they were.
fn shown_once(mut response: axum::response::Response) -> axum::response::Response {
    let headers = response.headers_mut();
    headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(http::header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
