//! A credential as it was carried, before anybody believed it.

use tessera_kernel::Secret;

/// How a credential came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// In a header.
    Header,
    /// In the address, where logs and browser histories may keep it.
    Url,
    /// In the session cookie.
    Cookie,
}

/// What a caller showed.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The key or session token.
    pub secret: Secret,
    /// How it came.
    pub transport: Transport,
}
