//! What the handlers share.

use std::ops::Deref;
use std::sync::Arc;

use tessera_bi::Bi;
use tessera_httpkit::Kit;

/// What the operator decides about this dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetabaseSettings {
    /// The version that clients are told, such as `v0.58.0`: they decide by it what they ask for.
    pub version: String,
    /// The version of this server.
    pub server_version: String,
}

/// What the handlers share. Cloned for every request, so there is one reference to count.
#[derive(Clone)]
pub struct MetabaseState(Arc<Shared>);

/// What is behind the reference.
pub struct Shared {
    /// Callers, cookies, limits.
    pub kit: Kit,
    /// The query side.
    pub bi: Bi,
    /// What the operator decided.
    pub settings: MetabaseSettings,
}

impl MetabaseState {
    /// The dialect over the core.
    #[must_use]
    pub fn new(kit: Kit, bi: Bi, settings: MetabaseSettings) -> Self {
        Self(Arc::new(Shared { kit, bi, settings }))
    }
}

impl Deref for MetabaseState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
