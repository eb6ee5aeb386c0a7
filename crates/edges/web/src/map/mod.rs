//! Reads what forms sent into what the core takes; what cannot be read is told by field.

pub(crate) mod ends;
pub(crate) mod keys;
pub(crate) mod networks;
pub(crate) mod parameters;
pub(crate) mod pins;
