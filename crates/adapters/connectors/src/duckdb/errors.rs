//! The words of DuckDB.

use adbc_core::error::Error;
use arrow_schema::ArrowError;
use tessera_kernel::{Code, Fault};

/// What the interface says if DuckDB cannot describe a column's type.
const NO_SCHEMA: &str = "Cannot get schema from input stream";

/// A statement that DuckDB did not run to its end.
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
pub(super) fn failed(error: Error) -> Fault {
    said(&error.message)
}

/// Rows that did not come.
pub(super) fn broken(error: ArrowError) -> Fault {
    match error {
        ArrowError::CDataInterface(words) => said(&words),
        other => said(&other.to_string()),
    }
}

fn said(words: &str) -> Fault {
    if words.contains(NO_SCHEMA) {
        let detail = "a column has a type that DuckDB cannot hand over (such as VARIANT): cast it \
                      to VARCHAR or JSON";
        return Fault::new(Code::SourceFailed, detail);
    }
    Fault::new(Code::SourceFailed, words.trim().to_owned())
}

/// Whether a run failed because it was interrupted.
pub(super) fn is_interrupted(fault: &Fault) -> bool {
    fault.detail().starts_with("INTERRUPT Error")
}

/// A file that was not opened.
pub(super) fn not_opened(error: Error) -> Fault {
    if error.message.contains("Could not set lock on file") {
        let detail = "another program has this DuckDB file open for writing: it can be read once \
                      that program closes it";
        return Fault::new(Code::SourceFailed, detail);
    }
    failed(error)
}
