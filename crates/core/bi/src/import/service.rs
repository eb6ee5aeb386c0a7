//! What can be taken over. Every object is made in one go, and remembered by the number it had.

use std::sync::Arc;

use serde_json::json;
use tessera_access::{Authorized, KeyKind, KeyOwner, Object, RunImport};
use tessera_kernel::ids::{
    AlertId, DashboardId, DestinationId, QueryId, SnippetId, SourceId, UserId, VisualizationId,
    WidgetId,
};
use tessera_kernel::{Fault, Result};

use super::{
    ImportMark, ImportRecord, ImportedAlert, ImportedDashboard, ImportedDestination, ImportedQuery,
    ImportedSnippet, ImportedSource, ImportedVisualization, ImportedWidget, Numbered, TakenOver,
};
use crate::queries::clean_tags;
use crate::service::Parts;
use crate::{
    Alert, AlertState, Dashboard, Dashboards, Destination, Json, Queries, Query, Snippet, Source,
    Visualization, Widget,
};

/// Imports.
#[derive(Clone)]
pub struct Imports {
    parts: Arc<Parts>,
}

impl Imports {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// What was taken over from a server so far.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn done(
        &self,
        _grant: &Authorized<RunImport>,
        origin: &str,
    ) -> Result<Vec<ImportRecord>> {
        self.parts.repos.imports(origin).await
    }

    /// Remembers that an object was taken over with all that belongs to it, or matched with one that
    /// is here.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn note(&self, _grant: &Authorized<RunImport>, record: &ImportRecord) -> Result<()> {
        self.parts.repos.note_import(record).await
    }

    /// Remembers that an object is about to be made by a service that knows nothing of imports, and
    /// makes it have its number, unless a higher one was given already. Whoever goes on with the
    /// import then knows that it is the import's own.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn begin(
        &self,
        _grant: &Authorized<RunImport>,
        kind: Numbered,
        mark: &ImportMark,
    ) -> Result<()> {
        let repos = &self.parts.repos;
        repos.begin_import(kind, mark, self.parts.clock.now()).await?;
        repos.advance_numbers(kind, mark.old_id).await
    }

    async fn take_over(&self, new: TakenOver, mark: &ImportMark) -> Result<i64> {
        self.parts.repos.take_over(new, mark, self.parts.clock.now()).await
    }

    /// Takes a data source over.
    ///
    /// # Errors
    /// `Invalid` for options that are no object.
    pub async fn source(
        &self,
        _grant: &Authorized<RunImport>,
        mark: &ImportMark,
        new: ImportedSource,
    ) -> Result<SourceId> {
        let Json::Object(mut options) = new.options else {
            return Err(Fault::invalid("options", "must be an object"));
        };
        if let Some(known) = self.parts.connectors.source_type(&new.kind) {
            // Nothing that is to be sealed is kept in the open.
            for secret in known.schema["secret"].as_array().into_iter().flatten() {
                options.remove(secret.as_str().unwrap_or_default());
            }
        }
        let now = self.parts.clock.now();
        let source = Source {
            id: SourceId(0),
            uid: self.parts.random.uid(now),
            name: new.name,
            kind: new.kind,
            options: Json::Object(options),
            sealed_options: None,
            version: 1,
            paused: new.paused.is_some(),
            pause_reason: new.paused,
            created_at: now,
            updated_at: now,
        };
        let id = self.take_over(TakenOver::Source(source, new.groups), mark).await?;
        self.parts.gate.forget_users();
        Ok(SourceId(id))
    }

    /// Takes a query over, without visualizations. Its key goes on working if it is given and is not
    /// here already.
    ///
    /// # Errors
    /// `Invalid` for what no query can have.
    pub async fn query(
        &self,
        grant: &Authorized<RunImport>,
        mark: &ImportMark,
        new: ImportedQuery,
    ) -> Result<QueryId> {
        let queries = Queries::new(Arc::clone(&self.parts));
        let mut query = Query {
            id: QueryId(0),
            uid: self.parts.random.uid(new.created_at),
            name: new.name,
            description: new.description,
            text: new.text,
            hash: String::new(),
            template_digest: None,
            source: new.source,
            owner: new.owner,
            modified_by: new.modified_by,
            options: if new.options.is_null() { json!({}) } else { new.options },
            schedule: new.schedule.filter(|_| !new.is_archived),
            tags: clean_tags(new.tags)?,
            is_draft: new.is_draft,
            is_archived: new.is_archived,
            version: 1,
            latest_result: None,
            created_at: new.created_at,
            updated_at: new.updated_at,
        };
        queries.check(&query)?;
        query.latest_result = queries.derive(&mut query).await?;
        let (owner, keys) = (KeyOwner::Query(QueryId(0)), &self.parts.keys);
        let kept = match &new.key {
            Some(text) => keys.kept_recoverable(grant, KeyKind::Query, owner, text).await.ok(),
            None => None,
        };
        let key = match kept {
            Some(key) => key,
            None => keys.mint_recoverable(KeyKind::Query, owner, Some(query.owner))?,
        };
        let id = self.take_over(TakenOver::Query(Box::new(query), Box::new(key)), mark).await?;
        self.parts.gate.forget_keys();
        Ok(QueryId(id))
    }

    /// Writes the options of a query that was taken over, once the queries that its parameters take
    /// values from have their numbers.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn query_options(
        &self,
        _grant: &Authorized<RunImport>,
        id: QueryId,
        options: &Json,
    ) -> Result<()> {
        self.parts.repos.set_query_options(id, options).await
    }

    /// Takes a visualization over.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn visualization(
        &self,
        _grant: &Authorized<RunImport>,
        mark: &ImportMark,
        new: ImportedVisualization,
    ) -> Result<VisualizationId> {
        let visualization = Visualization {
            id: VisualizationId(0),
            uid: self.parts.random.uid(new.created_at),
            query: new.query,
            kind: new.content.kind,
            name: new.content.name,
            description: new.content.description,
            options: new.content.options,
            created_at: new.created_at,
            updated_at: new.updated_at,
        };
        self.take_over(TakenOver::Visualization(visualization), mark).await.map(VisualizationId)
    }

    /// Takes a snippet over.
    ///
    /// # Errors
    /// `Duplicate` if its word is taken.
    pub async fn snippet(
        &self,
        _grant: &Authorized<RunImport>,
        mark: &ImportMark,
        new: ImportedSnippet,
    ) -> Result<SnippetId> {
        let snippet = Snippet {
            id: SnippetId(0),
            uid: self.parts.random.uid(new.created_at),
            trigger: new.content.trigger,
            description: new.content.description,
            text: new.content.text,
            owner: new.owner,
            created_at: new.created_at,
            updated_at: new.updated_at,
        };
        self.take_over(TakenOver::Snippet(snippet), mark).await.map(SnippetId)
    }

    /// Takes a destination over. Its secrets are missing, so it fails until somebody gives them.
    ///
    /// # Errors
    /// `Invalid` for a kind that there is not; `Duplicate` for a name that is taken.
    pub async fn destination(
        &self,
        _grant: &Authorized<RunImport>,
        mark: &ImportMark,
        new: ImportedDestination,
    ) -> Result<DestinationId> {
        if !self.parts.channels()?.types().iter().any(|known| known.kind == new.kind) {
            let detail = format!("this server has no destinations of the type {:?}", new.kind);
            return Err(Fault::invalid("type", detail));
        }
        let destination = Destination {
            id: DestinationId(0),
            uid: self.parts.random.uid(new.created_at),
            name: new.name,
            kind: new.kind,
            options: new.options,
            sealed_options: None,
            created_at: new.created_at,
            updated_at: new.created_at,
        };
        self.take_over(TakenOver::Destination(destination), mark).await.map(DestinationId)
    }

    /// Takes an alert over with those who are told. It knows nothing yet: the next run of its query
    /// decides.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn alert(
        &self,
        _grant: &Authorized<RunImport>,
        mark: &ImportMark,
        new: ImportedAlert,
    ) -> Result<AlertId> {
        let alert = Alert {
            id: AlertId(0),
            uid: self.parts.random.uid(new.created_at),
            name: new.name,
            query: new.query,
            owner: new.owner,
            options: new.options,
            parameters: None,
            rearm: new.rearm,
            state: AlertState::Unknown,
            last_triggered_at: None,
            version: 1,
            created_at: new.created_at,
            updated_at: new.updated_at,
        };
        let told = new
            .subscriptions
            .into_iter()
            .map(|(user, destination)| (self.parts.random.uid(new.created_at), user, destination));
        let told = told.collect();
        self.take_over(TakenOver::Alert(alert, told), mark).await.map(AlertId)
    }

    /// Takes a dashboard over, without widgets. Says under which address.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn dashboard(
        &self,
        _grant: &Authorized<RunImport>,
        mark: &ImportMark,
        new: ImportedDashboard,
    ) -> Result<(DashboardId, String)> {
        let dashboards = Dashboards::new(Arc::clone(&self.parts));
        let taken = self.parts.repos.dashboard_by_slug(&new.slug).await?.is_some();
        let slug = match taken || new.slug.is_empty() {
            true => dashboards.free_slug(&new.name, None).await?,
            false => new.slug,
        };
        let dashboard = Dashboard {
            id: DashboardId(0),
            uid: self.parts.random.uid(new.created_at),
            slug: slug.clone(),
            name: new.name,
            owner: new.owner,
            layout: new.layout,
            filters_enabled: new.filters_enabled,
            options: if new.options.is_object() { new.options } else { json!({}) },
            tags: clean_tags(new.tags)?,
            is_draft: new.is_draft,
            is_archived: new.is_archived,
            version: 1,
            created_at: new.created_at,
            updated_at: new.updated_at,
        };
        let id = self.take_over(TakenOver::Dashboard(dashboard), mark).await?;
        Ok((DashboardId(id), slug))
    }

    /// Takes a widget over.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn widget(
        &self,
        _grant: &Authorized<RunImport>,
        mark: &ImportMark,
        new: ImportedWidget,
    ) -> Result<WidgetId> {
        let widget = Widget {
            id: WidgetId(0),
            uid: self.parts.random.uid(new.created_at),
            dashboard: new.dashboard,
            visualization: new.visualization,
            text: new.text,
            width: new.width,
            options: if new.options.is_object() { new.options } else { json!({}) },
            created_at: new.created_at,
            updated_at: new.updated_at,
        };
        let id = self.take_over(TakenOver::Widget(widget), mark).await?;
        self.parts.gate.forget_keys();
        Ok(WidgetId(id))
    }

    /// Marks a favourite of a user's.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn favorite(
        &self,
        _grant: &Authorized<RunImport>,
        object: Object,
        user: UserId,
    ) -> Result<()> {
        let now = self.parts.clock.now();
        match object {
            Object::Query(id) => self.parts.repos.set_query_favorite(id, user, true, now).await,
            Object::Dashboard(id) => {
                self.parts.repos.set_dashboard_favorite(id, user, true, now).await
            }
            other => Err(Fault::invalid("object", format!("a {} is no favourite", other.kind()))),
        }
    }

    /// Lets a user edit a query or dashboard.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn editor(
        &self,
        _grant: &Authorized<RunImport>,
        object: Object,
        user: UserId,
    ) -> Result<()> {
        self.parts.access.grant_editor(object, user).await
    }
}
