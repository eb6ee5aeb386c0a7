//! What can be done with queries.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, json};
use tessera_access::{
    ArchiveQuery, Authorized, Caller, CreateQuery, FavoriteQuery, ForkQuery, KeyKind, KeyOwner,
    ListQueries, Object, ReadQuery, ReadQueryHistory, RegenerateQueryKey, UpdateQuery,
};
use tessera_kernel::ids::{QueryId, ResultId, SourceId, Uid, UserId};
use tessera_kernel::{Code, Fault, Page, PageRequest, Result, Secret};
use tessera_sqltext::{
    Context, Dialect, Parameter, ParameterKind, Template, apply_auto_limit, attributes_in,
    default_values, normalize_statements, query_hash,
};

use super::{Change, Query, QueryDetail, QueryFilter, QueryListing, TagCount};
use crate::history::{HistoryStep, differing, signed};
use crate::jobs::auto_limited;
use crate::parameters::{definitions, dropdown_parameters, dropdown_queries};
use crate::results::template_digest;
use crate::service::Parts;
use crate::{DropdownOption, Json, Visualization};

const NAME_CHARACTERS_MAX: usize = 255;
const DESCRIPTION_CHARACTERS_MAX: usize = 4096;
const TAGS_MAX: usize = 100;
const TAG_CHARACTERS_MAX: usize = 255;

/// What a new query is made of.
#[derive(Debug, Clone)]
pub struct NewQuery {
    /// The name.
    pub name: String,
    /// What it is about.
    pub description: Option<String>,
    /// The text.
    pub text: String,
    /// Options: parameters and what clients keep there.
    pub options: Json,
    /// When it runs by itself.
    pub schedule: Option<Json>,
    /// Its tags.
    pub tags: Vec<String>,
}

/// What to change; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct QueryChange {
    /// The version that the change is based on; `None` overwrites whatever is there.
    pub expected_version: Option<i64>,
    /// A new name.
    pub name: Option<String>,
    /// A new description, or none.
    pub description: Option<Option<String>>,
    /// A new text.
    pub text: Option<String>,
    /// New options.
    pub options: Option<Json>,
    /// A new schedule, or none.
    pub schedule: Option<Option<Json>>,
    /// New tags.
    pub tags: Option<Vec<String>>,
    /// Whether it is a draft.
    pub is_draft: Option<bool>,
    /// Whether it is archived.
    pub is_archived: Option<bool>,
}

/// Queries.
#[derive(Clone)]
pub struct Queries {
    pub(super) parts: Arc<Parts>,
}

impl Queries {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// The number of the query with this identifier, to ask the gate about it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn resolve(&self, uid: Uid) -> Result<QueryId> {
        self.parts.repos.query_id(uid).await?.ok_or_else(|| Fault::not_found("query"))
    }

    /// A page of queries. What the caller may not see is left out of `filter.visible`, which the
    /// grant gives.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn list(
        &self,
        grant: &Authorized<ListQueries>,
        mut filter: QueryFilter,
        page: PageRequest,
    ) -> Result<Page<QueryListing>> {
        filter.visible = grant.visible()?;
        let found = self.parts.repos.queries(&filter, page).await?;
        Ok(found.map(|listing| shown_listing(grant.caller(), listing)))
    }

    /// The caller's own queries, last changed first.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn recent(
        &self,
        grant: &Authorized<ListQueries>,
        limit: u64,
    ) -> Result<Vec<QueryListing>> {
        let found = self.parts.repos.recent_queries(grant.user()?.id, limit).await?;
        Ok(found.into_iter().map(|listing| shown_listing(grant.caller(), listing)).collect())
    }

    /// The tags of the queries the caller may see.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn tags(&self, grant: &Authorized<ListQueries>) -> Result<Vec<TagCount>> {
        self.parts.repos.query_tags(&grant.visible()?).await
    }

    /// One query with all that belongs to it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn get(&self, grant: &Authorized<ReadQuery>) -> Result<QueryDetail> {
        let user = grant.caller().user().map(|user| user.id);
        let detail = self.detail(grant.act().query, user).await?;
        Ok(shown(grant.caller(), detail))
    }

    /// The text of a query's key. Whoever may read the query may see it.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn key(&self, listing: &QueryListing) -> Result<Option<Secret>> {
        match (&listing.sealed_key, &listing.key_lookup) {
            (Some(sealed), Some(lookup)) => self.parts.keys.open(sealed, lookup).map(Some),
            _ => Ok(None),
        }
    }

    /// Adds a query: a draft, with one visualization that shows a table.
    ///
    /// # Errors
    /// `Invalid` with the field that is wrong.
    pub async fn create(
        &self,
        grant: &Authorized<CreateQuery>,
        new: NewQuery,
    ) -> Result<QueryDetail> {
        let user = grant.user()?.id;
        let now = self.parts.clock.now();
        let source = grant.act().source;
        let mut query = Query {
            id: QueryId(0),
            uid: self.parts.random.uid(now),
            name: new.name,
            description: new.description,
            text: new.text,
            hash: String::new(),
            template_digest: None,
            source: Some(source),
            owner: user,
            modified_by: Some(user),
            options: if new.options.is_null() { json!({}) } else { new.options },
            schedule: new.schedule,
            tags: clean_tags(new.tags)?,
            is_draft: true,
            is_archived: false,
            version: 1,
            latest_result: None,
            created_at: now,
            updated_at: now,
        };
        self.check(&query)?;
        if let Some(schedule) = &query.schedule {
            let object = Object::Source(source);
            self.parts.check_schedule(grant.caller(), object, grant.facts(), schedule).await?;
        }
        self.check_dropdowns(&query, None).await?;
        query.latest_result = self.derive(&mut query).await?;
        let table = Visualization {
            id: tessera_kernel::ids::VisualizationId(0),
            uid: self.parts.random.uid(now),
            query: QueryId(0),
            kind: "TABLE".to_owned(),
            name: "Table".to_owned(),
            description: Some(String::new()),
            options: json!({}),
            created_at: now,
            updated_at: now,
        };
        Ok(shown(grant.caller(), self.insert(&query, &[table], user).await?))
    }

    /// Changes a query. To move it to another data source takes the right to create queries there.
    ///
    /// # Errors
    /// `Conflict` if `expected_version` is not the present one; `Invalid`.
    pub async fn update(
        &self,
        grant: &Authorized<UpdateQuery>,
        change: QueryChange,
        destination: Option<&Authorized<CreateQuery>>,
    ) -> Result<QueryDetail> {
        let user = grant.user()?.id;
        let before = self.require(grant.act().query).await?;
        let conflict = || {
            Fault::new(Code::Conflict, "the query was changed by somebody else; load it again")
                .with_field("version")
        };
        if let Some(version) = change.expected_version
            && version != before.version
            && !self.archived_since(&before, version, user).await?
        {
            return Err(conflict());
        }
        let mut query = before.clone();
        if let Some(name) = change.name {
            query.name = name;
        }
        if let Some(description) = change.description {
            query.description = description;
        }
        if let Some(text) = change.text {
            query.text = text;
        }
        if let Some(options) = change.options {
            query.options = options;
        }
        if let Some(schedule) = change.schedule {
            query.schedule = schedule;
        }
        if let Some(tags) = change.tags {
            query.tags = clean_tags(tags)?;
        }
        query.is_draft = change.is_draft.unwrap_or(query.is_draft);
        query.is_archived = change.is_archived.unwrap_or(query.is_archived);
        if let Some(destination) = destination {
            query.source = Some(destination.act().source);
        }
        self.check(&query)?;
        if let Some(schedule) =
            query.schedule.as_ref().filter(|_| query.schedule != before.schedule)
        {
            let object = Object::Query(query.id);
            self.parts.check_schedule(grant.caller(), object, grant.facts(), schedule).await?;
        }
        if query.options != before.options {
            self.check_dropdowns(&query, Some(&before)).await?;
        }
        let found = self.derive(&mut query).await?;
        if query.source != before.source {
            // A result of the old data source must not be read with rights to the new one.
            query.latest_result = found;
        } else if query.template_digest != before.template_digest && found.is_some() {
            query.latest_result = found;
        }
        query.modified_by = Some(user);
        if !attributes_in(&query.text).is_empty() {
            // What the text without attributes gave is not for everybody any more.
            query.latest_result = None;
        }
        Ok(shown(grant.caller(), self.save(&before, query, user, conflict).await?))
    }

    /// Archives a query: it leaves the lists, its schedule ends, and widgets that show it go.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn archive(&self, grant: &Authorized<ArchiveQuery>) -> Result<()> {
        let query = self.require(grant.act().query).await?;
        let user = grant.user()?.id;
        let now = self.parts.clock.now();
        let ended = Query { is_archived: true, schedule: None, ..query.clone() };
        let changes = differing(&fields(&query), &fields(&ended));
        let change = history(&query, user, query.version + 1, changes, now);
        self.parts.repos.archive_query(query.id, now, &change).await?;
        self.parts.gate.forget_keys();
        Ok(())
    }

    /// Copies a query with its visualizations.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn fork(&self, grant: &Authorized<ForkQuery>) -> Result<QueryDetail> {
        let user = grant.user()?.id;
        let original = self.detail(grant.act().query, Some(user)).await?;
        let now = self.parts.clock.now();
        let source = original.listing.query;
        let name = format!("Copy of (#{}) {}", source.id, source.name);
        let mut visualizations = original.visualizations;
        for visualization in &mut visualizations {
            visualization.uid = self.parts.random.uid(now);
            visualization.created_at = now;
            visualization.updated_at = now;
        }
        let copy = Query {
            uid: self.parts.random.uid(now),
            name: name.chars().take(NAME_CHARACTERS_MAX).collect(),
            schedule: None,
            owner: user,
            modified_by: Some(user),
            is_draft: true,
            is_archived: false,
            version: 1,
            created_at: now,
            updated_at: now,
            ..source
        };
        Ok(shown(grant.caller(), self.insert(&copy, &visualizations, user).await?))
    }

    /// Marks or unmarks a favourite of the caller's.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn set_favorite(
        &self,
        grant: &Authorized<FavoriteQuery>,
        marked: bool,
    ) -> Result<()> {
        let user = grant.user()?.id;
        let now = self.parts.clock.now();
        self.parts.repos.set_query_favorite(grant.act().query, user, marked, now).await
    }

    /// Replaces the query's key; the old one stops working at once.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn regenerate_key(
        &self,
        grant: &Authorized<RegenerateQueryKey>,
    ) -> Result<QueryDetail> {
        let user = grant.user()?.id;
        let id = grant.act().query;
        let owner = KeyOwner::Query(id);
        self.parts.keys.replace_recoverable(KeyKind::Query, owner, Some(user)).await?;
        self.detail(id, Some(user)).await
    }

    /// The steps of a query's history, newest first.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn history(
        &self,
        grant: &Authorized<ReadQueryHistory>,
        page: PageRequest,
    ) -> Result<Page<HistoryStep>> {
        let page = self.parts.repos.query_history(grant.act().query, page).await?;
        signed(&self.parts, grant.caller(), page).await
    }

    /// The values to choose from for a parameter of this query: those of a query that its
    /// parameters name, which every viewer may see; any other needs a right of its own.
    ///
    /// # Errors
    /// `Forbidden` without that right.
    pub async fn dropdown(
        &self,
        grant: &Authorized<ReadQuery>,
        dropdown: QueryId,
        other: Option<&Authorized<ReadQuery>>,
    ) -> Result<Vec<DropdownOption>> {
        let query = self.require(grant.act().query).await?;
        let named = dropdown_queries(&definitions(&query.options)?).contains(&dropdown);
        if !named && other.is_none_or(|other| other.act().query != dropdown) {
            let detail = "the query's parameters do not take values from that query";
            return Err(Fault::new(Code::Forbidden, detail));
        }
        let caller = grant.caller();
        let options = self.parts.dropdown(caller, &self.require(dropdown).await?).await?;
        let definitions = definitions(&query.options)?;
        let taking = dropdown_parameters(&definitions, dropdown);
        self.parts.choosable(caller, &taking, options)
    }

    pub(crate) fn check(&self, query: &Query) -> Result<()> {
        if query.name.trim().is_empty() || query.name.chars().count() > NAME_CHARACTERS_MAX {
            let detail = format!("must have 1 to {NAME_CHARACTERS_MAX} characters");
            return Err(Fault::invalid("name", detail));
        }
        let description = query.description.as_deref().unwrap_or_default();
        if description.chars().count() > DESCRIPTION_CHARACTERS_MAX {
            let detail = format!("must have at most {DESCRIPTION_CHARACTERS_MAX} characters");
            return Err(Fault::invalid("description", detail));
        }
        if !query.options.is_object() {
            return Err(Fault::invalid("options", "must be an object"));
        }
        self.parts.check_text(&query.text)?;
        definitions(&query.options).map(|_| ())
    }

    /// A parameter may take its values only from a query that somebody who may see this one's data
    /// source may see too: one on the same data source, or one that shares a group.
    async fn check_dropdowns(&self, query: &Query, before: Option<&Query>) -> Result<()> {
        let known = match before {
            Some(before) => dropdown_queries(&definitions(&before.options)?),
            None => Vec::new(),
        };
        for id in dropdown_queries(&definitions(&query.options)?) {
            if known.contains(&id) {
                continue;
            }
            let dropdown = self.parts.repos.query(id).await?;
            let shared = match (dropdown.and_then(|dropdown| dropdown.source), query.source) {
                (Some(theirs), Some(ours)) => self.share_a_group(theirs, ours).await?,
                _ => false,
            };
            if !shared {
                return Err(Fault::invalid(
                    "options.parameters.queryId",
                    format!("query {id} cannot give values: no group sees both queries"),
                ));
            }
        }
        Ok(())
    }

    async fn share_a_group(&self, one: SourceId, other: SourceId) -> Result<bool> {
        if one == other {
            return Ok(true);
        }
        let ones = self.parts.access.source_groups(one).await?;
        let others = self.parts.access.source_groups(other).await?;
        Ok(ones.iter().any(|(group, _)| others.iter().any(|(known, _)| known == group)))
    }

    /// Fills in what follows from text, options and data source; returns the result that is there
    /// for them already.
    pub(crate) async fn derive(&self, query: &mut Query) -> Result<Option<ResultId>> {
        let (text, dialect) = self.parts.effective_text(query).await?;
        query.hash = match dialect {
            Some(dialect) => self.hash_with_defaults(&query.options, &text, dialect),
            None => query_hash(&text),
        };
        query.template_digest = query.source.map(|source| template_digest(source, &text));
        match &query.template_digest {
            Some(digest) => {
                Ok(self.parts.repos.latest_of_template(digest).await?.map(|result| result.id))
            }
            None => Ok(None),
        }
    }

    /// The hash of the text with the parameters' own values in it; of the bare text if they have
    /// none that fit.
    fn hash_with_defaults(&self, options: &Json, text: &str, dialect: Dialect) -> String {
        let display = || -> Result<String> {
            let definitions = definitions(options)?;
            let template = Template::parse(text, dialect)?;
            // What is the default of a parameter is a value of it, whatever the other query gives.
            let dropdowns = default_choices(&definitions);
            let context = Context {
                now: self.parts.clock.now(),
                zone: self.parts.settings.time_zone,
                dropdowns: &dropdowns,
            };
            let values = template.resolve(&definitions, &default_values(&definitions), &context)?;
            Ok(template.bind(&definitions, &values)?.display)
        };
        let text = display().unwrap_or_else(|_| text.to_owned());
        query_hash(&normalize_statements(&text, dialect))
    }

    async fn insert(
        &self,
        query: &Query,
        visualizations: &[Visualization],
        user: UserId,
    ) -> Result<QueryDetail> {
        let owner = KeyOwner::Query(QueryId(0));
        let key = self.parts.keys.mint_recoverable(KeyKind::Query, owner, Some(user))?;
        let id = self.parts.repos.insert_query(query, &key, visualizations).await?;
        self.parts.gate.forget_keys();
        if query.schedule.is_some() {
            self.parts.signals.schedules_changed();
        }
        self.detail(id, Some(user)).await
    }

    async fn save(
        &self,
        before: &Query,
        mut query: Query,
        user: UserId,
        conflict: impl Fn() -> Fault,
    ) -> Result<QueryDetail> {
        let now = self.parts.clock.now();
        query.version = before.version + 1;
        query.updated_at = now;
        let change =
            history(&query, user, query.version, differing(&fields(before), &fields(&query)), now);
        if !self.parts.repos.update_query(&query, before.version, &change).await? {
            return Err(conflict());
        }
        if query.schedule.is_some() {
            self.parts.signals.schedules_changed();
        }
        self.detail(query.id, Some(user)).await
    }

    async fn detail(&self, id: QueryId, user: Option<UserId>) -> Result<QueryDetail> {
        let found = self.parts.repos.query_detail(id, user).await?;
        found.ok_or_else(|| Fault::not_found("query"))
    }

    pub(super) async fn require(&self, id: QueryId) -> Result<Query> {
        self.parts.repos.query(id).await?.ok_or_else(|| Fault::not_found("query"))
    }
}

impl Parts {
    /// The text as it is run: with a row limit if the options ask for one.
    pub(crate) async fn effective_text(&self, query: &Query) -> Result<(String, Option<Dialect>)> {
        let source = match query.source {
            Some(id) => self.repos.source(id).await?,
            None => None,
        };
        let dialect = source.and_then(|source| self.connectors.dialect(&source.kind));
        let text = match dialect {
            Some(dialect) if auto_limited(&query.options) => {
                apply_auto_limit(&query.text, self.settings.auto_limit_rows, dialect)
            }
            _ => query.text.clone(),
        };
        Ok((text, dialect))
    }
}

/// The default values of parameters that take their values from other queries, by those queries.
fn default_choices(definitions: &[Parameter]) -> HashMap<i64, Vec<String>> {
    let mut choices: HashMap<i64, Vec<String>> = HashMap::new();
    for parameter in definitions {
        let ParameterKind::Query { query_id } = parameter.kind else { continue };
        let values = match &parameter.default {
            Json::Array(values) => values.iter().collect(),
            value => vec![value],
        };
        let values = values.into_iter().map(|value| match value {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        });
        choices.entry(query_id).or_default().extend(values);
    }
    choices
}

/// Keys that open more than the caller's own are not shown to it.
fn shown_listing(caller: &Caller, mut listing: QueryListing) -> QueryListing {
    if caller.key().is_some_and(|key| key.is_narrowed()) {
        listing.sealed_key = None;
        listing.key_lookup = None;
    }
    listing
}

pub(crate) fn shown(caller: &Caller, detail: QueryDetail) -> QueryDetail {
    QueryDetail { listing: shown_listing(caller, detail.listing), ..detail }
}

/// Trims tags, drops empty ones and repetitions.
pub(crate) fn clean_tags(tags: Vec<String>) -> Result<Vec<String>> {
    let mut clean: Vec<String> = Vec::new();
    for tag in tags {
        let tag = tag.trim();
        if tag.chars().count() > TAG_CHARACTERS_MAX {
            let detail = format!("a tag has at most {TAG_CHARACTERS_MAX} characters");
            return Err(Fault::invalid("tags", detail));
        }
        if !tag.is_empty() && !clean.iter().any(|known| known == tag) {
            clean.push(tag.to_owned());
        }
    }
    if clean.len() > TAGS_MAX {
        return Err(Fault::invalid("tags", format!("there can be at most {TAGS_MAX} tags")));
    }
    Ok(clean)
}

fn history(
    query: &Query,
    user: UserId,
    version: i64,
    changes: Json,
    at: tessera_kernel::Timestamp,
) -> Change {
    let user = Some(user);
    Change { object_kind: "queries", object_id: query.id.0, version, user, changes, at }
}

/// The fields whose changes the history keeps, under the names that it keeps them by.
pub(super) fn fields(query: &Query) -> Map<String, Json> {
    let fields = [
        ("name", json!(query.name)),
        ("description", json!(query.description)),
        ("query", json!(query.text)),
        ("data_source_id", json!(query.source)),
        ("options", query.options.clone()),
        ("schedule", json!(query.schedule)),
        ("tags", json!(query.tags)),
        ("is_draft", json!(query.is_draft)),
        ("is_archived", json!(query.is_archived)),
    ];
    fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}
