//! Destinations: where notices of alerts go.

use tessera_kernel::Timestamp;
use tessera_kernel::ids::{DestinationId, Uid};

use crate::{ChannelType, Json};

/// A destination. Its secret options are sealed; nothing outside of this crate opens them but the
/// sender of its kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Destination {
    /// The number.
    pub id: DestinationId,
    /// The public identifier.
    pub uid: Uid,
    /// The name; no other destination has it.
    pub name: String,
    /// The kind, as in [`ChannelType::kind`].
    pub kind: String,
    /// Options that are no secret: a JSON object.
    pub options: Json,
    /// Secret options: a sealed JSON object; `None` if there are none.
    pub sealed_options: Option<Vec<u8>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A destination with its kind.
#[derive(Debug, Clone, PartialEq)]
pub struct DestinationView {
    /// The destination.
    pub destination: Destination,
    /// What kind it is; `None` if this server does not know it.
    pub channel: Option<ChannelType>,
}

/// A destination with its settings, for administrators.
#[derive(Debug, Clone, PartialEq)]
pub struct DestinationSettings {
    /// What everybody sees.
    pub view: DestinationView,
    /// The names of secret options that are set. Their values never leave this crate.
    pub secrets: Vec<String>,
}

mod service;

pub use service::{DestinationChange, Destinations, KeptSecrets, NewDestination};
