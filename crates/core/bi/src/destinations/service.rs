//! What can be done with destinations.

use std::sync::Arc;

use serde_json::{Map, json};
use tessera_access::{
    Authorized, Changes, CreateDestination, DeleteDestination, ListDestinationTypes,
    ListDestinations, ReadDestination, TestDestination, UpdateDestination,
};
use tessera_kernel::ids::{AlertId, DestinationId, QueryId, Uid};
use tessera_kernel::{Fault, Page, PageRequest, Result};

use super::{Destination, DestinationSettings, DestinationView};
use crate::service::{Parts, changed_at};
use crate::{AlertNotice, AlertState, ChannelType, Delivery, DeliveryScope, Json, form};

/// What a new destination is made of.
#[derive(Debug, Clone)]
pub struct NewDestination {
    /// The name.
    pub name: String,
    /// The kind.
    pub kind: String,
    /// All options, secrets included.
    pub options: Json,
}

/// Which secrets stay when options are given anew.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum KeptSecrets {
    /// All that the new options do not name.
    #[default]
    Unnamed,
    /// Only these, as far as the new options do not name them.
    Only(Vec<String>),
}

/// What to change; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct DestinationChange {
    /// A new name.
    pub name: Option<String>,
    /// Another kind; secrets of the old kind do not stay.
    pub kind: Option<String>,
    /// All options anew.
    pub options: Option<Json>,
    /// Which secrets stay then.
    pub kept: KeptSecrets,
}

/// Destinations.
#[derive(Clone)]
pub struct Destinations {
    parts: Arc<Parts>,
}

impl Destinations {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// The number of the destination with this identifier, to ask the gate about it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn resolve(&self, uid: Uid) -> Result<DestinationId> {
        let found = self.parts.repos.destination_id(uid).await?;
        found.ok_or_else(|| Fault::not_found("destination"))
    }

    /// A destination with its kind.
    #[must_use]
    pub fn view(&self, destination: Destination) -> DestinationView {
        self.parts.destination_view(destination)
    }

    /// The kinds there are, by title.
    #[must_use]
    pub fn types(&self, _grant: &Authorized<ListDestinationTypes>) -> Vec<ChannelType> {
        self.parts.channel_types().to_vec()
    }

    /// All destinations by id, without settings.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn list(
        &self,
        _grant: &Authorized<ListDestinations>,
    ) -> Result<Vec<DestinationView>> {
        let found = self.parts.repos.destinations().await?;
        Ok(found.into_iter().map(|destination| self.parts.destination_view(destination)).collect())
    }

    /// One destination with its settings.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn get(&self, grant: &Authorized<ReadDestination>) -> Result<DestinationSettings> {
        self.settings(self.require(grant.act().destination).await?)
    }

    /// What was sent there, newest first.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn deliveries(
        &self,
        grant: &Authorized<ReadDestination>,
        page: PageRequest,
    ) -> Result<Page<Delivery>> {
        let scope = DeliveryScope::Destination(grant.act().destination);
        self.parts.repos.deliveries(scope, page).await
    }

    /// Adds a destination.
    ///
    /// # Errors
    /// `Invalid` with the field that is wrong; `Duplicate` for a name that is taken.
    pub async fn create(
        &self,
        grant: &Authorized<CreateDestination>,
        new: NewDestination,
    ) -> Result<DestinationSettings> {
        let name = form::clean_name(&new.name)?;
        let channel = self.known(&new.kind)?;
        let all = form::filled(form::as_object(&new.options)?);
        form::check(&channel.schema, &all)?;
        self.parts.channels()?.check(&new.kind, &Json::Object(all.clone()))?;
        self.check_name(&name, None).await?;
        let now = self.parts.clock.now();
        let uid = self.parts.random.uid(now);
        let changes = Changes::new().field("name", Json::Null, name.as_str()).field(
            "type",
            Json::Null,
            new.kind.as_str(),
        );
        let changes = form::changes(changes, Some(&channel.schema), &Map::new(), &all);
        let (options, sealed_options) =
            form::seal(&self.parts.sealer, &channel.schema, all, &seal_context(uid))?;
        let mut destination = Destination {
            id: DestinationId(0),
            uid,
            name,
            kind: new.kind,
            options,
            sealed_options,
            created_at: now,
            updated_at: now,
        };
        self.parts.gate.audit().record_changes(grant, changes).await?;
        destination.id = self.parts.repos.insert_destination(&destination).await?;
        self.settings(destination)
    }

    /// Changes a destination.
    ///
    /// # Errors
    /// `Invalid` with the field that is wrong; `Duplicate` for a name that is taken; `Conflict` if
    /// somebody else changed it meanwhile.
    pub async fn update(
        &self,
        grant: &Authorized<UpdateDestination>,
        change: DestinationChange,
    ) -> Result<DestinationSettings> {
        let mut destination = self.require(grant.act().destination).await?;
        let seen = destination.updated_at;
        let mut changes = Changes::new();
        if let Some(name) = change.name {
            let name = form::clean_name(&name)?;
            self.check_name(&name, Some(destination.id)).await?;
            changes = changes.field("name", destination.name.as_str(), name.as_str());
            destination.name = name;
        }
        let before = self.parts.destination_options(&destination)?;
        let kind = change.kind.unwrap_or_else(|| destination.kind.clone());
        let same_kind = kind == destination.kind;
        if change.options.is_some() || !same_kind {
            let channel = self.known(&kind)?;
            let mut all = match &change.options {
                Some(options) => form::as_object(options)?,
                None => Map::new(),
            };
            let kept = |name: &String| match &change.kept {
                KeptSecrets::Unnamed => true,
                KeptSecrets::Only(names) => names.contains(name),
            };
            let old =
                if same_kind { self.parts.destination_secrets(&destination)? } else { Map::new() };
            for (name, value) in old.into_iter().filter(|(name, _)| kept(name)) {
                all.entry(name).or_insert(value);
            }
            let all = form::filled(all);
            form::check(&channel.schema, &all)?;
            self.parts.channels()?.check(&kind, &Json::Object(all.clone()))?;
            changes = changes.field("type", destination.kind.as_str(), kind.as_str());
            changes = form::changes(changes, Some(&channel.schema), &before, &all);
            let context = seal_context(destination.uid);
            let (options, sealed) = form::seal(&self.parts.sealer, &channel.schema, all, &context)?;
            destination.options = options;
            destination.sealed_options = sealed;
            destination.kind = kind;
        }
        self.parts.gate.audit().record_changes(grant, changes).await?;
        destination.updated_at = changed_at(seen, self.parts.clock.now());
        if !self.parts.repos.update_destination(&destination, seen).await? {
            let detail =
                "somebody else changed the destination meanwhile; look at it and try again";
            return Err(Fault::new(tessera_kernel::Code::Conflict, detail));
        }
        self.settings(destination)
    }

    /// Deletes a destination: alerts tell it nothing any more, and what waits for it is given up.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete(&self, grant: &Authorized<DeleteDestination>) -> Result<()> {
        let destination = self.require(grant.act().destination).await?;
        let changes = Changes::new().field("name", destination.name, Json::Null);
        self.parts.gate.audit().record_changes(grant, changes).await?;
        self.parts.repos.delete_destination(destination.id, self.parts.clock.now()).await
    }

    /// Sends a notice of an alert that does not exist. Returns what the receiver answered.
    ///
    /// # Errors
    /// What went wrong, in the words of the receiver.
    pub async fn test(&self, grant: &Authorized<TestDestination>) -> Result<String> {
        let destination = self.require(grant.act().destination).await?;
        let options = Json::Object(self.parts.destination_options(&destination)?);
        let now = self.parts.clock.now();
        let user = grant.user()?;
        let notice = AlertNotice {
            delivery: self.parts.random.uid(now),
            at: now,
            alert: AlertId(0),
            name: format!("Test of {}", destination.name),
            options: json!({ "column": "value", "op": ">", "value": 0, "selector": "first" }),
            state: AlertState::Triggered,
            rearm: None,
            last_triggered_at: Some(now),
            created_at: now,
            updated_at: now,
            user: user.id,
            query: QueryId(0),
            query_name: "Test".to_owned(),
            subject: Some(format!("Test of {}", destination.name)),
            body: Some(format!("{} wants to know whether this arrives.", user.name)),
            value: Some("1".to_owned()),
            base_url: self.parts.base_url(),
            metadata: json!({}),
        };
        let limit = self.parts.settings.delivery_time_limit;
        let channels = self.parts.channels()?;
        let sending = channels.deliver(&destination.kind, &options, &notice);
        tokio::time::timeout(limit, sending).await.unwrap_or_else(|_| {
            Err(Fault::new(
                tessera_kernel::Code::TimedOut,
                format!("no answer within {} s (alerts.delivery_seconds)", limit.as_secs()),
            ))
        })
    }

    fn known(&self, kind: &str) -> Result<&ChannelType> {
        self.parts.channel_type(kind).ok_or_else(|| {
            let detail = format!("there is no kind of destination {kind:?}");
            Fault::invalid("type", detail)
        })
    }

    async fn check_name(&self, name: &str, own: Option<DestinationId>) -> Result<()> {
        let all = self.parts.repos.destinations().await?;
        if all.iter().any(|other| other.name == name && Some(other.id) != own) {
            let detail = "another destination has this name, choose another one";
            return Err(Fault::new(tessera_kernel::Code::Duplicate, detail).with_field("name"));
        }
        Ok(())
    }

    async fn require(&self, id: DestinationId) -> Result<Destination> {
        let found = self.parts.repos.destination(id).await?;
        found.ok_or_else(|| Fault::not_found("destination"))
    }

    fn settings(&self, destination: Destination) -> Result<DestinationSettings> {
        let secrets = self.parts.destination_secrets(&destination)?;
        let secrets = secrets.into_iter().map(|(name, _)| name).collect();
        Ok(DestinationSettings { view: self.parts.destination_view(destination), secrets })
    }
}

impl Parts {
    /// The kinds there are; none before the senders are there.
    pub(crate) fn channel_types(&self) -> &[ChannelType] {
        self.channels.get().map_or(&[], |channels| channels.types())
    }

    /// One kind.
    pub(crate) fn channel_type(&self, kind: &str) -> Option<&ChannelType> {
        self.channel_types().iter().find(|channel| channel.kind == kind)
    }

    /// A destination with its kind.
    pub(crate) fn destination_view(&self, destination: Destination) -> DestinationView {
        let channel = self.channel_type(&destination.kind).cloned();
        DestinationView { destination, channel }
    }

    /// All options of a destination, secrets included.
    pub(crate) fn destination_options(
        &self,
        destination: &Destination,
    ) -> Result<Map<String, Json>> {
        let mut options = form::as_object(&destination.options)?;
        options.extend(self.destination_secrets(destination)?);
        Ok(options)
    }

    fn destination_secrets(&self, destination: &Destination) -> Result<Map<String, Json>> {
        let context = seal_context(destination.uid);
        form::open(&self.sealer, destination.sealed_options.as_deref(), &context)
    }
}

fn seal_context(uid: Uid) -> String {
    format!("destination:{uid}")
}
