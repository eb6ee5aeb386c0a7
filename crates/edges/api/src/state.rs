//! What every handler reaches.

use std::ops::Deref;
use std::sync::Arc;

use tessera_bi::Bi;
use tessera_httpkit::Kit;

/// What the operator decides about this interface.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// The version of the server, shown to signed-in users.
    pub version: String,
    /// Longest wait for a job in one request, in milliseconds.
    pub wait_milliseconds_max: u64,
    /// Largest file that is uploaded, in bytes.
    pub upload_bytes_max: usize,
}

/// What the interface is made of. Cloned for every request, so there is one reference to count.
#[derive(Clone)]
pub struct ApiState(Arc<Shared>);

/// What is behind the reference.
pub struct Shared {
    /// Callers, users, keys.
    pub kit: Kit,
    /// The query side.
    pub bi: Bi,
    /// What the operator decided.
    pub settings: ApiSettings,
}

impl ApiState {
    /// The interface over the core.
    #[must_use]
    pub fn new(kit: Kit, bi: Bi, settings: ApiSettings) -> Self {
        Self(Arc::new(Shared { kit, bi, settings }))
    }
}

impl Deref for ApiState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
