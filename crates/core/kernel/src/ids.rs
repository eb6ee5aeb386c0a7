//! Identifiers: an integer per object (the clients of Redash and Metabase need integers) and a `uid`.

use serde::{Deserialize, Serialize};

/// The public identifier of an object: a UUID of version 7 (RFC 9562), ordered by creation time.
pub type Uid = uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<i64> for $name {
            fn from(id: i64) -> Self {
                Self(id)
            }
        }
    )*};
}

ids! {
    /// A person.
    UserId,
    /// A set of people with common rights.
    GroupId,
    /// A key.
    KeyId,
    /// A connected database.
    SourceId,
    /// A saved query.
    QueryId,
    /// A stored result.
    ResultId,
    /// A way to show a result.
    VisualizationId,
    /// A dashboard.
    DashboardId,
    /// A tile of a dashboard.
    WidgetId,
    /// A condition on a query's result.
    AlertId,
    /// Where notices of alerts go.
    DestinationId,
    /// Somebody who is told about an alert.
    SubscriptionId,
    /// One notice on its way to one receiver.
    DeliveryId,
    /// A piece of text to write queries with.
    SnippetId,
    /// The customers, events and keys of one product.
    WorkspaceId,
}
