//! Destinations on the wire.

use tessera_bi as core;
use tessera_bi::ChannelType;

use crate::wire::destinations::{Destination, DestinationBrief, DestinationType};

pub(crate) fn destination_type(channel: ChannelType) -> DestinationType {
    DestinationType {
        name: channel.kind.to_owned(),
        title: channel.title.to_owned(),
        icon: channel.icon.to_owned(),
        schema: channel.schema,
    }
}

pub(crate) fn brief(destination: &core::Destination) -> DestinationBrief {
    DestinationBrief {
        id: destination.id.0,
        uid: destination.uid,
        name: destination.name.clone(),
        r#type: destination.kind.clone(),
    }
}

pub(crate) fn settings(settings: &core::DestinationSettings) -> Destination {
    let destination = &settings.view.destination;
    Destination {
        id: destination.id.0,
        uid: destination.uid,
        name: destination.name.clone(),
        r#type: destination.kind.clone(),
        options: destination.options.clone(),
        secrets: settings.secrets.clone(),
        created_at: destination.created_at,
        updated_at: destination.updated_at,
    }
}
