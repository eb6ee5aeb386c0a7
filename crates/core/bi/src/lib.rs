//! The query side: sources, queries, parameters, jobs, results, visualizations, dashboards.
//!
//! Every method takes an [`Authorized`](tessera_access::Authorized) value, which only the gate of
//! `access` makes. This crate knows no HTTP, no SQL engine and no product; what storage, result
//! files and databases have to offer is in [`ports`]. Entry point: [`Bi`], which holds one service
//! for each feature.

mod activity;
mod alerts;
mod dashboards;
mod destinations;
pub mod ended;
mod form;
mod history;
mod import;
mod jobs;
mod parameters;
pub mod ports;
mod queries;
mod reach;
mod results;
mod schedules;
mod search;
mod service;
mod settings;
mod snippets;
mod sources;
mod trash;
mod visualizations;

pub use activity::{Activity, ActivityService, NewActivity};
pub use alerts::{
    Alert, AlertChange, AlertDetail, AlertFilter, AlertNotice, AlertState, Alerts, AttemptOutcome,
    ChannelType, Delivery, DeliveryScope, DeliveryState, DueEvaluation, EvaluationOutcome,
    NewAlert, NewDelivery, Operator, RowSelector, Subscription,
};
pub use dashboards::{
    AsOf, Dashboard, DashboardChange, DashboardDetail, DashboardFilter, DashboardListing,
    DashboardOrder, DashboardScope, Dashboards, LostWidget, NewWidget, RestoredDashboard, Widget,
    WidgetChange, WidgetDetail, WidgetLoss, widget_step,
};
pub use destinations::{
    Destination, DestinationChange, DestinationSettings, DestinationView, Destinations,
    KeptSecrets, NewDestination,
};
pub use history::{HistoryStep, VersionDiff, unified_diff};
pub use import::{
    ImportMark, ImportRecord, ImportedAlert, ImportedDashboard, ImportedDestination, ImportedQuery,
    ImportedSnippet, ImportedSource, ImportedVisualization, ImportedWidget, Imports, Numbered,
    TakenOver,
};
pub use jobs::{
    Freshness, Job, JobError, JobKind, JobState, Jobs, NewJob, Outcome, QueryRun, RESULTS_SOURCE,
    RUNNING_MAX, RunAnswer, RunInput, RunInputs, RunRequest, RunViewer, RunningJob,
    SCHEMA_UNSUPPORTED, Tally, remark,
};
pub use parameters::DropdownOption;
pub use queries::{
    Change, NewPinnedKey, NewQuery, Queries, Query, QueryChange, QueryDetail, QueryFilter,
    QueryListing, QueryOrder, QueryScope, QueryTakes, QueryText, QueryVersions, TagCount, Taken,
};
pub use reach::{KeyReach, Reach, ReachedObject, Share};
pub use results::views;
pub use results::{
    QueryResult, ResultReader, Results, cache_key, exported, record_export, template_digest,
};
pub use schedules::{
    Blocked, BlockedReason, FailureReport, FailureToReport, Next, Past, ReportClaim,
    ReportSettings, Schedule, ScheduleClaim, SchedulePlan, ScheduleSettings, ScheduleState,
    ScheduleStatus, ScheduledRun, ScheduledRunState, Schedules, StatusWord,
};
pub use search::{
    Found, Highlight, HighlightPart, ObjectKind, Search, SearchField, SearchFilter, SearchHit,
    SearchRight, SearchTerm, search_terms,
};
pub use service::Bi;
pub use settings::BiSettings;
pub use snippets::{NewSnippet, Snippet, SnippetChange, SnippetListing, Snippets};
pub use sources::{
    FileUpload, NewFile, NewSource, SchemaAnswer, Source, SourceChange, SourceFile, SourceSettings,
    SourceType, SourceView, Sources, Table, TableColumn,
};
pub use trash::{Trash, TrashWeight};
pub use visualizations::{NewVisualization, Visualization, VisualizationChange, Visualizations};

/// Any JSON document: options that only clients read.
pub type Json = serde_json::Value;
