//! Options of a destination as its kind reads them.

use tessera_bi::Json;
use tessera_kernel::{Fault, Result};

/// Options of a destination.
#[derive(Clone, Copy)]
pub(crate) struct Options<'a>(pub(crate) &'a Json);

impl<'a> Options<'a> {
    /// A text that is there and not blank.
    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name).and_then(Json::as_str).map(str::trim).filter(|text| !text.is_empty())
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// `Invalid`, with the name.
    pub(crate) fn need(self, name: &str) -> Result<&'a str> {
        self.text(name)
            .ok_or_else(|| Fault::invalid(format!("options.{name}"), format!("{name} is missing")))
    }

    /// The parts of a text between commas.
    pub(crate) fn list(self, name: &str) -> Vec<&'a str> {
        self.text(name)
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect()
    }
}
