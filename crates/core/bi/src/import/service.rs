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
    ImportRecord, ImportedAlert, ImportedDashboard, ImportedDestination, ImportedQuery,
    ImportedSnippet, ImportedSource, ImportedVisualization, ImportedWidget, Numbered,
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

    /// Remembers that an object was taken over.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn note(&self, _grant: &Authorized<RunImport>, record: &ImportRecord) -> Result<()> {
        self.parts.repos.note_import(record).await
    }

    /// Makes the next new object of a kind have this number, unless a higher one was given already.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn number(
        &self,
        _grant: &Authorized<RunImport>,
        kind: Numbered,
        wanted: i64,
    ) -> Result<()> {
        self.parts.repos.advance_numbers(kind, wanted).await
    }

    /// Takes a data source over.
    ///
    /// # Errors
    /// `Invalid` for options that are no object.
    pub async fn source(
        &self,
        grant: &Authorized<RunImport>,
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
        self.number(grant, Numbered::Sources, new.wanted_id).await?;
        let id = self.parts.repos.insert_source(&source, &[]).await?;
        for (group, level) in new.groups {
            self.parts.access.set_group_source(group, id, level).await?;
        }
        self.parts.gate.forget_users();
        Ok(id)
    }

    /// Takes a query over, without visualizations. Its key goes on working if it is given and is not
    /// here already.
    ///
    /// # Errors
    /// `Invalid` for what no query can have.
    pub async fn query(
        &self,
        grant: &Authorized<RunImport>,
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
        self.number(grant, Numbered::Queries, new.wanted_id).await?;
        let id = self.parts.repos.insert_query(&query, &key, &[]).await?;
        self.parts.gate.forget_keys();
        Ok(id)
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
        grant: &Authorized<RunImport>,
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
        self.number(grant, Numbered::Visualizations, new.wanted_id).await?;
        self.parts.repos.insert_visualization(&visualization).await
    }

    /// Takes a snippet over.
    ///
    /// # Errors
    /// `Duplicate` if its word is taken.
    pub async fn snippet(
        &self,
        grant: &Authorized<RunImport>,
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
        self.number(grant, Numbered::Snippets, new.wanted_id).await?;
        self.parts.repos.insert_snippet(&snippet).await
    }

    /// Takes a destination over. Its secrets are missing, so it fails until somebody gives them.
    ///
    /// # Errors
    /// `Invalid` for a kind that there is not; `Duplicate` for a name that is taken.
    pub async fn destination(
        &self,
        grant: &Authorized<RunImport>,
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
        self.number(grant, Numbered::Destinations, new.wanted_id).await?;
        self.parts.repos.insert_destination(&destination).await
    }

    /// Takes an alert over with those who are told. It knows nothing yet: the next run of its query
    /// decides.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn alert(
        &self,
        grant: &Authorized<RunImport>,
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
        self.number(grant, Numbered::Alerts, new.wanted_id).await?;
        let id = self.parts.repos.insert_alert(&alert).await?;
        for (user, destination) in new.subscriptions {
            let (uid, at) = (self.parts.random.uid(new.created_at), new.created_at);
            self.parts.repos.insert_subscription(uid, id, user, destination, at).await?;
        }
        Ok(id)
    }

    /// Takes a dashboard over, without widgets. Says under which address.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn dashboard(
        &self,
        grant: &Authorized<RunImport>,
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
        self.number(grant, Numbered::Dashboards, new.wanted_id).await?;
        Ok((self.parts.repos.insert_dashboard(&dashboard, &[]).await?, slug))
    }

    /// Takes a widget over.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn widget(
        &self,
        grant: &Authorized<RunImport>,
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
        self.number(grant, Numbered::Widgets, new.wanted_id).await?;
        let id = self.parts.repos.insert_widget(&widget).await?;
        self.parts.gate.forget_keys();
        Ok(id)
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
