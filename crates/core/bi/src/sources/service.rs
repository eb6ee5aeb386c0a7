//! What can be done with data sources.

use std::sync::Arc;

use serde_json::Map;
use sha2::{Digest, Sha256};
use tessera_access::{
    AccessLevel, Authorized, Changes, CreateSource, DeleteSource, ListSourceTypes, ListSources,
    PauseSource, ReadSchema, ReadSource, ReadSourceSettings, TestSource, UpdateSource, Viewer,
};
use tessera_kernel::ids::{GroupId, SourceId};
use tessera_kernel::{Code, Fault, Result};

use super::{Source, SourceType, Table};
use crate::ports::Connector;
use crate::service::Parts;
use crate::{Job, JobKind, Json, NewJob, RunViewer, form};

/// A data source as a caller sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceView {
    /// The data source.
    pub source: Source,
    /// What type it is; `None` if this server does not know the type.
    pub source_type: Option<SourceType>,
    /// How far the caller reaches into it.
    pub level: AccessLevel,
}

/// A data source with its settings, for administrators.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceSettings {
    /// What every caller sees.
    pub view: SourceView,
    /// The names of secret options that are set. Their values never leave this crate.
    pub secrets: Vec<String>,
    /// The groups that reach it.
    pub groups: Vec<(GroupId, AccessLevel)>,
}

/// What a new data source is made of.
#[derive(Debug, Clone)]
pub struct NewSource {
    /// The name.
    pub name: String,
    /// The type.
    pub kind: String,
    /// All options, secrets included.
    pub options: Json,
}

/// What to change; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct SourceChange {
    /// A new name.
    pub name: Option<String>,
    /// All options anew; a secret that is not among them stays as it is.
    pub options: Option<Json>,
}

/// The tables of a data source, or the job that reads them.
#[derive(Debug, Clone)]
pub enum SchemaAnswer {
    /// As last read.
    Tables(Vec<Table>),
    /// To be read.
    Job(Box<Job>),
}

/// Data sources.
#[derive(Clone)]
pub struct Sources {
    pub(super) parts: Arc<Parts>,
}

impl Sources {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// The types there are.
    #[must_use]
    pub fn types(&self, _grant: &Authorized<ListSourceTypes>) -> Vec<SourceType> {
        self.parts.connectors.types().to_vec()
    }

    /// The data sources the caller reaches.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn list(&self, grant: &Authorized<ListSources>) -> Result<Vec<SourceView>> {
        let user = grant.user()?;
        let sources = self.parts.repos.sources().await?;
        Ok(sources
            .into_iter()
            .filter_map(|source| {
                let level = user.level(source.id)?;
                Some(self.view(source, level))
            })
            .collect())
    }

    /// One data source.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn get(&self, grant: &Authorized<ReadSource>) -> Result<SourceView> {
        let source = self.require(grant.act().source).await?;
        let level = grant.user()?.level(source.id).unwrap_or(AccessLevel::ViewOnly);
        Ok(self.view(source, level))
    }

    /// One data source with its settings.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn settings(&self, grant: &Authorized<ReadSourceSettings>) -> Result<SourceSettings> {
        self.with_settings(self.require(grant.act().source).await?).await
    }

    /// Adds a data source, which the default group reaches in full.
    ///
    /// # Errors
    /// `Invalid` with the field that is wrong.
    pub async fn create(
        &self,
        grant: &Authorized<CreateSource>,
        new: NewSource,
    ) -> Result<SourceSettings> {
        let name = form::clean_name(&new.name)?;
        let known = self.known_type(&new.kind)?;
        let options = form::filled(form::as_object(&new.options)?);
        refuse_tunnel(&options)?;
        form::check(&known.schema, &options)?;
        self.parts.connectors.check(&new.kind, &Json::Object(options.clone()))?;
        let now = self.parts.clock.now();
        let uid = self.parts.random.uid(now);
        let changes = Changes::new().field("name", Json::Null, name.as_str()).field(
            "type",
            Json::Null,
            new.kind.as_str(),
        );
        let changes = form::changes(changes, Some(&known.schema), &Map::new(), &options);
        let context = seal_context(uid);
        let (options, sealed_options) =
            form::seal(&self.parts.sealer, &known.schema, options, &context)?;
        let mut source = Source {
            id: SourceId(0),
            uid,
            name,
            kind: new.kind.clone(),
            options,
            sealed_options,
            version: 1,
            paused: false,
            pause_reason: None,
            created_at: now,
            updated_at: now,
        };
        self.parts.gate.audit().record_changes(grant, changes).await?;
        let groups = self.parts.access.groups().await?;
        let default: Vec<GroupId> = groups
            .iter()
            .filter(|group| group.builtin && group.name == "default")
            .map(|group| group.id)
            .collect();
        source.id = self.parts.repos.insert_source(&source, &default).await?;
        self.parts.gate.forget_users();
        self.with_settings(source).await
    }

    /// Changes a data source. Results of before are not found any more if options changed.
    ///
    /// # Errors
    /// `Invalid` with the field that is wrong.
    pub async fn update(
        &self,
        grant: &Authorized<UpdateSource>,
        change: SourceChange,
    ) -> Result<SourceSettings> {
        let mut source = self.require(grant.act().source).await?;
        let mut changes = Changes::new();
        if let Some(name) = change.name {
            let name = form::clean_name(&name)?;
            changes = changes.field("name", source.name.as_str(), name.as_str());
            source.name = name;
        }
        if let Some(options) = change.options {
            let known = self.known_type(&source.kind)?;
            let mut options = form::as_object(&options)?;
            refuse_tunnel(&options)?;
            for (secret, value) in self.secrets(&source)? {
                options.entry(secret).or_insert(value);
            }
            let options = form::filled(options);
            form::check(&known.schema, &options)?;
            self.parts.connectors.check(&source.kind, &Json::Object(options.clone()))?;
            let before = form::filled(self.all_options(&source)?);
            if options != before {
                source.version += 1;
            }
            changes = form::changes(changes, Some(&known.schema), &before, &options);
            let context = seal_context(source.uid);
            let (options, sealed) =
                form::seal(&self.parts.sealer, &known.schema, options, &context)?;
            source.options = options;
            source.sealed_options = sealed;
        }
        self.parts.gate.audit().record_changes(grant, changes).await?;
        source.updated_at = self.parts.clock.now();
        self.parts.repos.update_source(&source).await?;
        self.with_settings(source).await
    }

    /// Deletes a data source with its results; its queries stay and cannot run.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete(&self, grant: &Authorized<DeleteSource>) -> Result<()> {
        let id = grant.act().source;
        let source = self.require(id).await?;
        let name = source.name.clone();
        let changes = Changes::new().field("name", name, Json::Null);
        self.parts.gate.audit().record_changes(grant, changes).await?;
        let files = self
            .parts
            .repos
            .delete_source(id)
            .await?
            .ok_or_else(|| Fault::not_found("data source"))?;
        self.parts.gate.forget_users();
        for uid in files {
            self.parts.files.delete(uid).await?;
        }
        self.forget_files(&source).await
    }

    /// Refuses runs until resumed, or resumes.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn set_paused(
        &self,
        grant: &Authorized<PauseSource>,
        paused: bool,
        reason: Option<String>,
    ) -> Result<SourceView> {
        let mut source = self.require(grant.act().source).await?;
        let changes = Changes::new().field("paused", source.paused, paused);
        self.parts.gate.audit().record_changes(grant, changes).await?;
        source.paused = paused;
        source.pause_reason = paused.then(|| reason.unwrap_or_default());
        source.updated_at = self.parts.clock.now();
        self.parts.repos.update_source(&source).await?;
        Ok(self.view(source, AccessLevel::Full))
    }

    /// Tries to connect.
    ///
    /// # Errors
    /// `SourceFailed` with the words of the database.
    pub async fn test(&self, grant: &Authorized<TestSource>) -> Result<()> {
        let source = self.require(grant.act().source).await?;
        self.connector(&source)?.test().await
    }

    /// The tables as last read; or, the first time and with `refresh`, a job that reads them.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn tables(
        &self,
        grant: &Authorized<ReadSchema>,
        refresh: bool,
    ) -> Result<SchemaAnswer> {
        let source = self.require(grant.act().source).await?;
        let now = self.parts.clock.now();
        if !refresh && let Some((tables, at)) = self.parts.repos.cached_schema(source.id).await? {
            let age = chrono::TimeDelta::seconds(self.parts.settings.schema_cache_seconds);
            if now - at < age {
                return Ok(SchemaAnswer::Tables(tables));
            }
        }
        let mut identity = Sha256::new();
        identity.update(b"schema\0");
        identity.update(source.id.0.to_be_bytes());
        identity.update(source.version.to_be_bytes());
        let allowance = crate::jobs::allow_run(grant.ledger())?;
        let job = NewJob {
            uid: self.parts.random.uid(now),
            kind: JobKind::Schema,
            source: source.id,
            query: None,
            dedup: identity.finalize().into(),
            run: None,
            participant: grant.caller().label(),
            slots: allowance.slots,
            created_at: now,
        };
        Ok(SchemaAnswer::Job(Box::new(self.parts.submit(&job, grant.ledger()).await?)))
    }

    /// Reads the tables now and keeps them; for the executor.
    ///
    /// # Errors
    /// `Unsupported`, or `SourceFailed` with the words of the database.
    pub async fn read_tables(&self, id: SourceId) -> Result<Vec<Table>> {
        let source = self.require(id).await?;
        let tables = self.connector(&source)?.tables().await?;
        self.parts.repos.save_schema(id, &tables, self.parts.clock.now()).await?;
        Ok(tables)
    }

    /// A connector with all options; for the executor.
    ///
    /// # Errors
    /// `Unsupported` for a type that this server does not know.
    pub fn connector(&self, source: &Source) -> Result<Arc<dyn Connector>> {
        self.parts.connectors.open(source, &Json::Object(self.all_options(source)?))
    }

    /// A connector for a run: for its viewer alone, if the type has a row policy; for the executor.
    ///
    /// # Errors
    /// `Forbidden` if who asked has lost the rights that it was asked with.
    pub async fn connector_for(
        &self,
        source: &Source,
        run: &crate::QueryRun,
    ) -> Result<Arc<dyn Connector>> {
        let connector = self.connector(source)?;
        if !self.parts.has_row_policy(source) {
            return Ok(connector);
        }
        let lost = || Fault::new(Code::Forbidden, "who asked for these rows has lost the right to");
        let asked = run.viewer.ok_or_else(lost)?;
        let user = self.parts.gate.principal(asked.user).await?.ok_or_else(lost)?;
        let caller = tessera_access::Caller::User { user, key: None };
        if Viewer::of(&caller) != Some(asked.viewer) {
            return Err(lost());
        }
        connector.seen_by(asked.viewer).ok_or_else(|| {
            Fault::new(Code::Internal, "a type with a row policy has no connector for one viewer")
        })
    }

    /// The type of a data source; for the executor.
    ///
    /// # Errors
    /// `Unsupported` for a type that this server does not know.
    pub fn type_of(&self, source: &Source) -> Result<&SourceType> {
        self.parts.type_of(source)
    }

    /// One data source without asking who wants it; for the executor.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn require(&self, id: SourceId) -> Result<Source> {
        self.parts.repos.source(id).await?.ok_or_else(|| Fault::not_found("data source"))
    }

    fn view(&self, source: Source, level: AccessLevel) -> SourceView {
        let source_type = self.parts.connectors.source_type(&source.kind).cloned();
        SourceView { source, source_type, level }
    }

    async fn with_settings(&self, source: Source) -> Result<SourceSettings> {
        let groups = self.parts.repos_groups(source.id).await?;
        let secrets = self.secrets(&source)?.into_iter().map(|(name, _)| name).collect();
        Ok(SourceSettings { view: self.view(source, AccessLevel::Full), secrets, groups })
    }

    fn known_type(&self, kind: &str) -> Result<&SourceType> {
        self.parts
            .connectors
            .source_type(kind)
            .ok_or_else(|| Fault::invalid("type", format!("there is no data source type {kind:?}")))
    }

    fn all_options(&self, source: &Source) -> Result<Map<String, Json>> {
        let mut options = form::as_object(&source.options)?;
        options.extend(self.secrets(source)?);
        Ok(options)
    }

    fn secrets(&self, source: &Source) -> Result<Map<String, Json>> {
        let context = seal_context(source.uid);
        form::open(&self.parts.sealer, source.sealed_options.as_deref(), &context)
    }
}

/// Other servers reach a database through a tunnel with this option. Without the tunnel the database
/// that answers at its address may be another one, so it is not simply left alone.
fn refuse_tunnel(options: &Map<String, Json>) -> Result<()> {
    if options.contains_key("ssh_tunnel") {
        let detail = "there are no tunnels here; open one beside this server (ssh -L) and name its \
                      end as host and port";
        return Err(Fault::invalid("options.ssh_tunnel", detail));
    }
    Ok(())
}

fn seal_context(uid: tessera_kernel::ids::Uid) -> String {
    format!("source:{uid}")
}

impl Parts {
    async fn repos_groups(&self, id: SourceId) -> Result<Vec<(GroupId, AccessLevel)>> {
        self.access.source_groups(id).await
    }

    /// A data source that can run something now, and its dialect.
    pub(crate) async fn runnable(
        &self,
        id: Option<SourceId>,
    ) -> Result<(Source, tessera_sqltext::Dialect)> {
        let gone = || Fault::new(Code::SourceMissing, "the query has no data source any more");
        let source = self.repos.source(id.ok_or_else(gone)?).await?.ok_or_else(gone)?;
        if source.paused {
            return Err(Fault::new(
                Code::SourcePaused,
                source.pause_reason.clone().unwrap_or_default(),
            )
            .with_names(vec![source.name]));
        }
        let dialect = self.type_of(&source)?.dialect;
        Ok((source, dialect))
    }

    /// Whether everybody sees rows of their own in a data source.
    fn has_row_policy(&self, source: &Source) -> bool {
        self.connectors.source_type(&source.kind).is_some_and(|known| known.row_policy)
    }

    /// For whom a caller's run is; `None` where all see the same rows.
    pub(crate) fn viewer(
        &self,
        source: &Source,
        caller: &tessera_access::Caller,
    ) -> Result<Option<RunViewer>> {
        if !self.has_row_policy(source) {
            return Ok(None);
        }
        let found = Viewer::of(caller).zip(caller.user());
        let (viewer, user) = found.ok_or_else(|| {
            let detail = "everybody sees rows of their own in this data source, so only users can \
                          run queries on it: sign in, or send the key of a user";
            Fault::new(Code::OutOfScope, detail).with_reason("object_denied")
        })?;
        Ok(Some(RunViewer { viewer, user: user.id }))
    }

    pub(crate) fn type_of(&self, source: &Source) -> Result<&SourceType> {
        self.connectors.source_type(&source.kind).ok_or_else(|| {
            let detail = format!("this server has no connector for the type {:?}", source.kind);
            Fault::new(Code::Unsupported, detail)
        })
    }
}
