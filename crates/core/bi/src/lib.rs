//! The query side: sources, queries, parameters, jobs, results, visualizations, dashboards.
//!
//! Every method takes an [`Authorized`](tessera_access::Authorized) value, which only the gate of
//! `access` makes. This crate knows no HTTP, no SQL engine and no product; what storage, result
//! files and databases have to offer is in [`ports`]. Entry point: [`Bi`], which holds one service
//! for each feature.

mod alerts;
mod dashboards;
mod jobs;
mod parameters;
pub mod ports;
mod queries;
mod reach;
mod results;
mod service;
mod settings;
mod sources;
mod visualizations;

pub use alerts::{AlertNotice, AlertState, ChannelType};
pub use dashboards::{
    Dashboard, DashboardChange, DashboardDetail, DashboardFilter, DashboardListing, DashboardOrder,
    DashboardScope, Dashboards, NewWidget, Widget, WidgetChange, WidgetDetail,
};
pub use jobs::{
    Freshness, Job, JobError, JobKind, JobState, Jobs, NewJob, Outcome, QueryRun, RunAnswer,
    RunRequest, RunViewer, SCHEMA_UNSUPPORTED,
};
pub use parameters::DropdownOption;
pub use queries::{
    Change, NewPinnedKey, NewQuery, Queries, Query, QueryChange, QueryDetail, QueryFilter,
    QueryListing, QueryOrder, QueryScope, QueryText, QueryVersions, TagCount,
};
pub use reach::{KeyReach, Reach, ReachedObject, Share};
pub use results::{QueryResult, ResultReader, Results, cache_key, exported, template_digest};
pub use service::Bi;
pub use settings::BiSettings;
pub use sources::{
    FileUpload, NewFile, NewSource, SchemaAnswer, Source, SourceChange, SourceFile, SourceSettings,
    SourceType, SourceView, Sources, Table, TableColumn,
};
pub use visualizations::{NewVisualization, Visualization, VisualizationChange, Visualizations};

/// Any JSON document: options that only clients read.
pub type Json = serde_json::Value;
