//! What storage, result files and databases have to offer to this crate.
//!
//! Records go in whole; where a record is inserted its `id` is ignored and the new one is returned.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use tessera_access::{Key, Viewer, Visible};
use tessera_kernel::ids::{
    DashboardId, QueryId, ResultId, SnippetId, SourceId, Uid, UserId, VisualizationId, WidgetId,
};
use tessera_kernel::{Page, PageRequest, Result, Timestamp};
use tessera_sqltext::{Bound, Dialect};

pub use crate::schedules::ScheduleRepo;
use crate::views::{View, ViewLimits, ViewRows};
use crate::{
    Activity, AlertNotice, Change, ChannelType, Dashboard, DashboardFilter, DashboardListing,
    Found, ImportMark, ImportRecord, Job, Json, NewFile, NewJob, Numbered, ObjectKind, Outcome,
    Query, QueryDetail, QueryFilter, QueryListing, QueryResult, QueryText, RunningJob,
    SearchFilter, Snippet, SnippetListing, Source, SourceFile, SourceType, Table, TagCount,
    TakenOver, TrashWeight, Visualization, Widget, WidgetDetail,
};

/// Data sources.
#[async_trait]
pub trait SourceRepo: Send + Sync {
    /// All data sources by name (ignoring case), then id.
    async fn sources(&self) -> Result<Vec<Source>>;
    /// One data source.
    async fn source(&self, id: SourceId) -> Result<Option<Source>>;
    /// Adds a data source, and gives these groups full access to it, in one transaction.
    async fn insert_source(
        &self,
        source: &Source,
        groups: &[tessera_kernel::ids::GroupId],
    ) -> Result<SourceId>;
    /// Writes a data source.
    async fn update_source(&self, source: &Source) -> Result<()>;
    /// Deletes a data source: queries stay and lose it, its results' records, jobs and group access
    /// go. Returns the identifiers of the results whose files can go. `None` if there is none.
    async fn delete_source(&self, id: SourceId) -> Result<Option<Vec<Uid>>>;
    /// The tables as last read, and when.
    async fn cached_schema(&self, id: SourceId) -> Result<Option<(Vec<Table>, Timestamp)>>;
    /// Keeps the tables.
    async fn save_schema(&self, id: SourceId, tables: &[Table], at: Timestamp) -> Result<()>;
}

/// Queries and their visualizations.
#[async_trait]
pub trait QueryRepo: Send + Sync {
    /// One query.
    async fn query(&self, id: QueryId) -> Result<Option<Query>>;
    /// One query with its latest result.
    async fn query_with_result(&self, id: QueryId) -> Result<Option<(Query, Option<QueryResult>)>>;
    /// The number of the query with this identifier.
    async fn query_id(&self, uid: Uid) -> Result<Option<QueryId>>;
    /// One query with all that belongs to it; favourites are those of `user`.
    async fn query_detail(&self, id: QueryId, user: Option<UserId>) -> Result<Option<QueryDetail>>;
    /// A page of queries.
    async fn queries(&self, filter: &QueryFilter, page: PageRequest) -> Result<Page<QueryListing>>;
    /// The caller's own queries that are not archived, last changed first.
    async fn recent_queries(&self, user: UserId, limit: u64) -> Result<Vec<QueryListing>>;
    /// Adds a query with its key, visualizations and first version, in one transaction; the owner
    /// of the key and the query of the visualizations is the new query.
    async fn insert_query(
        &self,
        query: &Query,
        key: &Key,
        visualizations: &[Visualization],
    ) -> Result<QueryId>;
    /// Writes a query and its history, and the version if what runs changed, if its version is
    /// still `expected`; `false` if it is not.
    async fn update_query(&self, query: &Query, expected: i64, change: &Change) -> Result<bool>;
    /// Archives a query: clears its schedule and deletes the widgets that show it, which the
    /// histories of their dashboards tell.
    async fn archive_query(&self, id: QueryId, at: Timestamp, change: &Change) -> Result<()>;
    /// What a query was as of a version: that of the last change at or before it that changed what
    /// runs. `None` if that is not recorded, or if there has been no such version.
    async fn query_version(&self, id: QueryId, version: i64) -> Result<Option<QueryText>>;
    /// The versions that changed what runs, newest first.
    async fn query_versions(&self, id: QueryId, page: PageRequest) -> Result<Page<QueryText>>;
    /// The number of the approved version.
    async fn approved_version(&self, id: QueryId) -> Result<Option<i64>>;
    /// Approves a version, or none.
    async fn set_approved_version(&self, id: QueryId, version: Option<i64>) -> Result<()>;
    /// Marks or unmarks a favourite; idempotent.
    async fn set_query_favorite(
        &self,
        id: QueryId,
        user: UserId,
        marked: bool,
        at: Timestamp,
    ) -> Result<()>;
    /// Tags of the queries that are visible and not archived, by name.
    async fn query_tags(&self, visible: &Visible) -> Result<Vec<TagCount>>;
    /// The history, newest first.
    async fn query_history(&self, id: QueryId, page: PageRequest) -> Result<Page<Change>>;

    /// One visualization.
    async fn visualization(&self, id: VisualizationId) -> Result<Option<Visualization>>;
    /// Adds a visualization.
    async fn insert_visualization(&self, visualization: &Visualization) -> Result<VisualizationId>;
    /// Writes a visualization.
    async fn update_visualization(&self, visualization: &Visualization) -> Result<()>;
    /// Deletes a visualization and the widgets that show it, which the histories of their
    /// dashboards tell.
    async fn delete_visualization(
        &self,
        id: VisualizationId,
        by: UserId,
        at: Timestamp,
    ) -> Result<()>;
}

/// Dashboards and their widgets.
#[async_trait]
pub trait DashboardRepo: Send + Sync {
    /// One dashboard; favourites are those of `user`.
    async fn dashboard(
        &self,
        id: DashboardId,
        user: Option<UserId>,
    ) -> Result<Option<DashboardListing>>;
    /// The number of the dashboard with this identifier.
    async fn dashboard_id(&self, uid: Uid) -> Result<Option<DashboardId>>;
    /// The oldest dashboard with this slug that is not archived; else the oldest archived one.
    async fn dashboard_by_slug(&self, slug: &str) -> Result<Option<DashboardId>>;
    /// How many dashboards have a slug that is this one, or this one with `_` and a number.
    async fn slugs_like(&self, slug: &str) -> Result<Vec<String>>;
    /// A page of dashboards.
    async fn dashboards(
        &self,
        filter: &DashboardFilter,
        page: PageRequest,
    ) -> Result<Page<DashboardListing>>;
    /// The widgets by id, with what they show.
    async fn widgets(&self, dashboard: DashboardId) -> Result<Vec<WidgetDetail>>;
    /// Adds a dashboard with widgets (whose dashboard is the new one), in one transaction.
    async fn insert_dashboard(
        &self,
        dashboard: &Dashboard,
        widgets: &[Widget],
    ) -> Result<DashboardId>;
    /// Writes a dashboard and its history, if its version is still `expected`; else `false`.
    async fn update_dashboard(
        &self,
        dashboard: &Dashboard,
        expected: i64,
        change: &Change,
    ) -> Result<bool>;
    /// Marks or unmarks a favourite; idempotent.
    async fn set_dashboard_favorite(
        &self,
        id: DashboardId,
        user: UserId,
        marked: bool,
        at: Timestamp,
    ) -> Result<()>;
    /// Tags of the dashboards that are visible, by name. Drafts of others do not count.
    async fn dashboard_tags(&self, visible: &Visible) -> Result<Vec<TagCount>>;
    /// One widget.
    async fn widget(&self, id: WidgetId) -> Result<Option<Widget>>;
    /// Adds a widget, and the step of its dashboard's history.
    async fn insert_widget(&self, widget: &Widget, by: UserId) -> Result<WidgetId>;
    /// Writes a widget, and the step of its dashboard's history.
    async fn update_widget(&self, widget: &Widget, by: UserId) -> Result<()>;
    /// Deletes a widget, and writes the step of its dashboard's history.
    async fn delete_widget(&self, id: WidgetId, by: UserId, at: Timestamp) -> Result<()>;
    /// Writes a dashboard as [`update_dashboard`](Self::update_dashboard) does, and its widgets in
    /// the same transaction: each of `present` is written, or made with its number if it is gone;
    /// those of `gone` are deleted. The history tells each.
    async fn restore_dashboard(
        &self,
        dashboard: &Dashboard,
        expected: i64,
        change: &Change,
        present: &[Widget],
        gone: &[WidgetId],
    ) -> Result<bool>;
}

/// Jobs and the records of results.
#[async_trait]
pub trait JobRepo: Send + Sync {
    /// Adds a participant to the job that a result came from. `None` if that job is gone.
    async fn join_job_of(&self, result: ResultId, participant: &str) -> Result<Option<Job>>;
    /// Stores a job; or, if one with the same `dedup` is not final yet, adds the participant to
    /// that. Says which one it is, and whether it is new. It can be taken at once, but nobody may
    /// be told of it before [`settle_jobs`](Self::settle_jobs). The job takes its `slots`, and gives
    /// them back when it is final; if one of them has no place left, this fails with its
    /// [`refusal`](tessera_access::SlotClaim::refusal) and nothing is changed. Exact also for several
    /// nodes.
    async fn submit_job(&self, job: &NewJob) -> Result<(Job, bool)>;
    /// Returns once the jobs submitted so far survive a loss of power.
    async fn settle_jobs(&self) -> Result<()>;
    /// One job.
    async fn job(&self, uid: Uid) -> Result<Option<Job>>;
    /// Takes the oldest queued job and gives it to `node` until `lease_until`; one that only
    /// schedules wait for comes after all others.
    async fn claim_job(
        &self,
        node: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<Job>>;
    /// Takes one job, if it is queued.
    async fn claim_this_job(
        &self,
        uid: Uid,
        node: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<Job>>;
    /// The same, but none that only schedules wait for.
    async fn claim_urgent_job(
        &self,
        node: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<Job>>;
    /// Prolongs the leases of jobs that `node` runs. Returns those that are not its own any more,
    /// because they were cancelled or given to another node: it must stop them.
    async fn renew_leases(
        &self,
        node: &str,
        jobs: &[Uid],
        lease_until: Timestamp,
    ) -> Result<Vec<Uid>>;
    /// Ends a job that `node` runs. A result is stored in the same transaction and becomes the
    /// latest of every query that is not archived and has the same `template_digest`, if no values
    /// were put in; the queries' `version` and `updated_at` stay as they are.
    /// `false`, and nothing is changed, if the job is not running for `node` any more.
    async fn finish_job(
        &self,
        uid: Uid,
        node: &str,
        outcome: &Outcome,
        at: Timestamp,
    ) -> Result<bool>;
    /// Cancels a job unless it is final. Returns the job as it is then.
    async fn cancel_job(&self, uid: Uid, at: Timestamp) -> Result<Option<Job>>;
    /// Gives the jobs that `node` runs back to the queue. For a graceful end.
    async fn release_jobs(&self, node: &str) -> Result<u64>;
    /// Puts running jobs whose lease ended before `now` back into the queue, or, once they were
    /// taken `attempts_max` times, lets them fail. Returns how many of each.
    async fn reap_jobs(&self, now: Timestamp, attempts_max: i64) -> Result<(u64, u64)>;
    /// Removes final jobs that ended before `before`.
    async fn purge_jobs(&self, before: Timestamp) -> Result<u64>;
    /// The jobs that run, the longest running first, at most this many.
    async fn running_jobs(&self, at_most: u64) -> Result<Vec<RunningJob>>;
    /// How many jobs are queued and how many are running.
    async fn count_jobs(&self) -> Result<(u64, u64)>;

    /// One result.
    async fn result(&self, id: ResultId) -> Result<Option<QueryResult>>;
    /// The result with this identifier.
    async fn result_by_uid(&self, uid: Uid) -> Result<Option<QueryResult>>;
    /// The latest result with this identity that was made at or after `since`.
    async fn latest_result(
        &self,
        cache_key: &[u8; 32],
        since: Option<Timestamp>,
    ) -> Result<Option<QueryResult>>;
    /// The latest result with this `template_digest` that was made without values.
    async fn latest_of_template(&self, template_digest: &[u8; 32]) -> Result<Option<QueryResult>>;
    /// The bytes of all results.
    async fn result_bytes(&self) -> Result<u64>;
    /// Removes the records of at most `limit` results that no query names as its latest and that
    /// were made before `before`; if `before` is `None`, the oldest ones, whatever their age.
    /// Returns the removed ones, whose files can go.
    async fn purge_results(
        &self,
        before: Option<Timestamp>,
        limit: u64,
    ) -> Result<Vec<QueryResult>>;
    /// Of these identifiers of files, those that no record names.
    async fn orphaned_results(&self, uids: &[Uid]) -> Result<Vec<Uid>>;
}

mod alerts;

pub use alerts::{AlertRepo, DestinationRepo, OutboxRepo};

/// What queries and dashboards have in common: search, history, trash.
#[async_trait]
pub trait ObjectRepo: Send + Sync {
    /// A page of what was found, best matches first; what was changed last first among equals.
    async fn search(&self, filter: &SearchFilter, page: PageRequest) -> Result<Page<Found>>;
    /// The history of an object, newest first.
    async fn history(&self, kind: ObjectKind, id: i64, page: PageRequest) -> Result<Page<Change>>;
    /// The steps that led to versions after `version`, newest first.
    async fn changes_since(&self, kind: ObjectKind, id: i64, version: i64) -> Result<Vec<Change>>;
    /// What goes with an object.
    async fn weigh(&self, kind: ObjectKind, id: i64) -> Result<TrashWeight>;
    /// Deletes an archived object with all that belongs to it, its history included. Returns the
    /// identifiers of the results whose files can go.
    async fn erase(&self, kind: ObjectKind, id: i64) -> Result<Vec<Uid>>;
    /// At most `limit` archived objects that were last changed before `before`.
    async fn expired_trash(&self, before: Timestamp, limit: u64) -> Result<Vec<(ObjectKind, i64)>>;
}

/// Imports.
#[async_trait]
pub trait ImportRepo: Send + Sync {
    /// What was taken over from a server.
    async fn imports(&self, origin: &str) -> Result<Vec<ImportRecord>>;
    /// Remembers that an object was taken over; one that was before is written anew.
    async fn note_import(&self, record: &ImportRecord) -> Result<()>;
    /// Remembers that an object is about to be made; one that is remembered stays as it is.
    async fn begin_import(&self, kind: Numbered, mark: &ImportMark, at: Timestamp) -> Result<()>;
    /// Makes an object with the number it had, unless a higher one was given, and remembers it, in
    /// one transaction. One that is remembered is not made again. Gives its number here.
    async fn take_over(&self, new: TakenOver, mark: &ImportMark, at: Timestamp) -> Result<i64>;
    /// Makes the next new object of a kind have this number, unless it or a higher one was given.
    async fn advance_numbers(&self, kind: Numbered, wanted: i64) -> Result<()>;
    /// Writes the options of a query and of its versions; its version stays.
    async fn set_query_options(&self, id: QueryId, options: &Json) -> Result<()>;
}

/// Snippets.
#[async_trait]
pub trait SnippetRepo: Send + Sync {
    /// All snippets by word.
    async fn snippets(&self) -> Result<Vec<SnippetListing>>;
    /// One snippet.
    async fn snippet(&self, id: SnippetId) -> Result<Option<SnippetListing>>;
    /// Adds a snippet; `Duplicate` if its word is taken.
    async fn insert_snippet(&self, snippet: &Snippet) -> Result<SnippetId>;
    /// The number of the snippet with this identifier.
    async fn snippet_id(&self, uid: Uid) -> Result<Option<SnippetId>>;
    /// Writes a snippet, if it was last changed at `seen`; else `false`. `Duplicate` if its word is
    /// taken.
    async fn update_snippet(&self, snippet: &Snippet, seen: Timestamp) -> Result<bool>;
    /// Deletes a snippet.
    async fn delete_snippet(&self, id: SnippetId) -> Result<()>;
}

/// What people did.
#[async_trait]
pub trait ActivityRepo: Send + Sync {
    /// Adds all or none.
    async fn insert_activities(&self, activities: &[Activity]) -> Result<()>;
    /// A page of what people did, or one user, latest first.
    async fn activities(&self, user: Option<UserId>, page: PageRequest) -> Result<Page<Activity>>;
    /// Removes what was done before a moment; tells how many.
    async fn purge_activities(&self, before: Timestamp) -> Result<u64>;
}

/// How much is stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContentCounts {
    /// Stored results.
    pub results: u64,
    /// Bytes of their files.
    pub result_bytes: u64,
    /// Those that no query names and that are old enough to go.
    pub unused_results: u64,
    /// Widgets of all dashboards.
    pub widgets: u64,
}

/// Numbers for operators.
#[async_trait]
pub trait CountRepo: Send + Sync {
    /// How much is stored. Results from before `old` count as unused if no query names them.
    async fn content_counts(&self, old: Timestamp) -> Result<ContentCounts>;
}

/// Everything of this crate that is kept in the metadata store.
pub trait BiRepos:
    SourceRepo
    + QueryRepo
    + DashboardRepo
    + JobRepo
    + AlertRepo
    + DestinationRepo
    + OutboxRepo
    + ObjectRepo
    + ImportRepo
    + SnippetRepo
    + ActivityRepo
    + CountRepo
    + ScheduleRepo
    + 'static
{
}

impl<T> BiRepos for T where
    T: SourceRepo
        + QueryRepo
        + DashboardRepo
        + JobRepo
        + AlertRepo
        + DestinationRepo
        + OutboxRepo
        + ObjectRepo
        + ImportRepo
        + SnippetRepo
        + ActivityRepo
        + CountRepo
        + ScheduleRepo
        + 'static
{
}

/// Tells other parts, and other nodes, that something happened in the store.
#[async_trait]
pub trait StoreHealth: Send + Sync {
    /// Fails if the store cannot be reached.
    async fn ping(&self) -> Result<()>;
}

/// A result file being written. Dropped without `finish`, it leaves nothing behind.
#[async_trait]
pub trait ResultWriter: BatchSink {
    /// Makes the file durable and visible. Returns its size in bytes and its number of rows.
    async fn finish(self: Box<Self>) -> Result<(u64, u64)>;
}

/// The batches of a result, in order.
pub type BatchStream = BoxStream<'static, Result<RecordBatch>>;

/// Files with the rows of results, as compressed Arrow.
#[async_trait]
pub trait ResultFiles: Send + Sync + 'static {
    /// Begins a file.
    async fn create(&self, uid: Uid) -> Result<Box<dyn ResultWriter>>;
    /// Opens a file: its columns, and its rows as a stream that holds one batch at a time.
    async fn open(&self, uid: Uid) -> Result<(SchemaRef, BatchStream)>;
    /// Removes a file; nothing happens if there is none.
    async fn delete(&self, uid: Uid) -> Result<()>;
    /// Files older than `before`, at most `limit`.
    async fn list_before(&self, before: Timestamp, limit: usize) -> Result<Vec<Uid>>;
}

/// Parts of stored results, made where they are stored.
#[async_trait]
pub trait ResultViews: Send + Sync + 'static {
    /// Makes a view of a file: at most `limits.rows_max` rows, and an error beyond the other limits.
    async fn view(&self, file: Uid, view: &View, limits: ViewLimits) -> Result<ViewRows>;
    /// One row with four columns for each column of a file: how many values, how many different
    /// ones (called `none` where values are not compared), the least, the greatest. The third has
    /// the name and meaning of the column.
    async fn statistics(&self, file: Uid, limits: ViewLimits) -> Result<RecordBatch>;
}

/// Where a connector puts what it reads.
#[async_trait]
pub trait BatchSink: Send {
    /// Names the columns. Called before the first batch; called again, it drops what was put in so
    /// far, because the columns turned out to be different.
    async fn begin(&mut self, schema: SchemaRef) -> Result<()>;
    /// Takes rows.
    async fn batch(&mut self, batch: RecordBatch) -> Result<()>;
    /// No more rows come: what can be done with them may begin while the connector tidies up. May
    /// be left out.
    async fn end(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Tells a connector to stop.
#[async_trait]
pub trait CancelSignal: Send + Sync {
    /// Returns once the work is to stop.
    async fn cancelled(&self);
    /// Whether it is to stop now.
    fn is_cancelled(&self) -> bool;
}

/// A stored result as a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultTable {
    /// The name of the table.
    pub name: String,
    /// The file with its rows.
    pub file: Uid,
}

/// One connected database.
#[async_trait]
pub trait Connector: Send + Sync + 'static {
    /// Runs a text with bound values and puts its rows into the sink. The last statement that gives
    /// columns counts. When `cancel` fires, the database is told to stop as well, and the answer is
    /// a fault with `Code::Cancelled`. `time_limit_seconds` is also set in the database.
    async fn run(
        &self,
        statement: &Bound,
        time_limit_seconds: u64,
        cancel: Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()>;
    /// The same for one viewer: what a type with a row policy is run with. Others have none.
    fn seen_by(&self, viewer: Viewer) -> Option<Arc<dyn Connector>> {
        let _ = viewer;
        None
    }
    /// The same over results that are stored here, as tables: what a type that joins results is run
    /// with. Others have none.
    fn over(&self, tables: Vec<ResultTable>) -> Option<Arc<dyn Connector>> {
        let _ = tables;
        None
    }
    /// The files that the data source is made of; most are not.
    fn files(&self) -> Option<Arc<dyn SourceFiles>> {
        None
    }
    /// Connects and asks for nothing.
    async fn test(&self) -> Result<()>;
    /// The tables and views with their columns, by name.
    async fn tables(&self) -> Result<Vec<Table>>;
}

/// The files that one data source is made of, a table for each.
#[async_trait]
pub trait SourceFiles: Send + Sync + 'static {
    /// All of them, by the names of their tables.
    async fn list(&self) -> Result<Vec<SourceFile>>;
    /// Makes a table of a file; one of the same name is replaced. `Code::Invalid` names the field
    /// that is wrong, `Code::TooLarge` tells that there is no room.
    async fn add(&self, new: NewFile) -> Result<SourceFile>;
    /// Removes a table; `false` if there is none of that name.
    async fn remove(&self, table: &str) -> Result<bool>;
    /// Removes all tables.
    async fn remove_all(&self) -> Result<()>;
}

/// All connectors.
pub trait Connectors: Send + Sync + 'static {
    /// The types there are, by title.
    fn types(&self) -> &[SourceType];
    /// One type.
    fn source_type(&self, kind: &str) -> Option<&SourceType> {
        self.types().iter().find(|known| known.name == kind)
    }
    /// Checks options against the type's rules beyond its JSON schema: allowed hosts and folders.
    fn check(&self, kind: &str, options: &Json) -> Result<()>;
    /// A connector for a data source with all its options, secrets included. Connections are pooled
    /// by (source, version).
    fn open(&self, source: &Source, options: &Json) -> Result<Arc<dyn Connector>>;
    /// The dialect of a type.
    fn dialect(&self, kind: &str) -> Option<Dialect> {
        self.source_type(kind).map(|known| known.dialect)
    }
}

/// Senders of notices: mail, chat, webhooks.
#[async_trait]
pub trait Channels: Send + Sync + 'static {
    /// The kinds of destinations there are, in the order in which clients are used to see them.
    fn types(&self) -> &[ChannelType];
    /// Checks options against the kind's rules beyond its JSON schema: allowed hosts.
    fn check(&self, kind: &str, options: &Json) -> Result<()>;
    /// Delivers one notice, with all options, secrets included. Returns what the receiver answered,
    /// in a few words for the delivery log. `Code::Unavailable` is worth another attempt, other
    /// codes are not.
    async fn deliver(&self, kind: &str, options: &Json, notice: &AlertNotice) -> Result<String>;
}

/// Small finished encodings of results, kept by bytes. See [`Results`](crate::Results).
pub type Encoded = Bytes;
