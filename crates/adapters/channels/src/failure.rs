//! Which failures are worth another attempt, in the words of the core.

use tessera_kernel::{Code, Fault};

/// It may work later.
pub(crate) fn again(host: &str, cause: impl std::fmt::Display) -> Fault {
    Fault::new(Code::Unavailable, format!("{host}: {cause}"))
}

/// It will not work unless somebody changes the destination.
pub(crate) fn never(host: &str, cause: impl std::fmt::Display) -> Fault {
    Fault::new(Code::Invalid, format!("{host}: {cause}"))
}
