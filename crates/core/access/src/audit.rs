//! What is written down for good.

use tessera_kernel::Timestamp;

/// One record of the audit log.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEvent {
    /// When.
    pub at: Timestamp,
    /// Who: `user:7`, `key:12`, `anonymous`, `cli`.
    pub actor: String,
    /// The action of the registry.
    pub action: &'static str,
    /// To what: `query:42`; empty where there is no object.
    pub object: String,
    /// Particulars, without secrets.
    pub detail: serde_json::Value,
    /// The address the request came from.
    pub address: Option<String>,
}
