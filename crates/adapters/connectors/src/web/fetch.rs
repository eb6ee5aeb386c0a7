//! What the answers of servers mean.

use tessera_kernel::{Code, Fault, Result};

use crate::http::HttpAnswer;

/// Most characters of an answer that an error shows.
const SHOWN_MAX: usize = 2000;

/// A good answer.
///
/// # Errors
/// `SourceFailed` with the status and what the server said.
pub(crate) fn checked(answer: HttpAnswer) -> Result<HttpAnswer> {
    let status = answer.status.as_u16();
    if status == 200 {
        return Ok(answer);
    }
    let detail = if status >= 400 {
        let said: String = String::from_utf8_lossy(&answer.body).chars().take(SHOWN_MAX).collect();
        format!("Failed to execute query. Return Code: {status} Reason: {said}")
    } else {
        format!("Endpoint returned unexpected status code ({status}).")
    };
    Err(Fault::new(Code::SourceFailed, detail))
}

/// An answer as text.
///
/// # Errors
/// `SourceFailed` if it is not UTF-8.
pub(crate) fn text_of(answer: &HttpAnswer) -> Result<&str> {
    let text = std::str::from_utf8(&answer.body);
    let text = text.map_err(|error| Fault::new(Code::SourceFailed, error.to_string()))?;
    Ok(text.trim_start_matches('\u{feff}').trim())
}

/// What types without tables say.
pub(crate) fn no_tables() -> Fault {
    Fault::new(Code::Unsupported, "Data source type does not support retrieving schema")
}
