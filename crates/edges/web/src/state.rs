//! What the handlers share.

use std::ops::Deref;
use std::sync::Arc;

use tessera_bi::Bi;
use tessera_httpkit::Kit;

/// What the handlers share. Cloned for every request, so there is one reference to count.
#[derive(Clone)]
pub struct WebState(Arc<Shared>);

/// What is behind the reference.
pub struct Shared {
    /// Callers, cookies, limits.
    pub kit: Kit,
    /// The query side.
    pub bi: Bi,
}

impl WebState {
    /// The pages over the core.
    #[must_use]
    pub fn new(kit: Kit, bi: Bi) -> Self {
        Self(Arc::new(Shared { kit, bi }))
    }
}

impl Deref for WebState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
