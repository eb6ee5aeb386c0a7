//! A credential as it was carried, before anybody believed it.

use serde::{Deserialize, Serialize};
use tessera_kernel::Secret;

/// How a credential came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

impl Transport {
    /// The spelling in terms and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Url => "url",
            Self::Cookie => "cookie",
        }
    }
}
