//! What the handlers share.

use std::ops::Deref;
use std::sync::Arc;

use tessera_bi::Bi;
use tessera_httpkit::Kit;
use tessera_kernel::Timestamp;

/// What the operator decides about this dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedashSettings {
    /// The version that clients are told.
    pub version: String,
    /// What is noted of requests by itself.
    pub notes: ServerNotes,
    /// How signed tokens are taken, if they are: members of the organisation's settings that are the
    /// operator's here.
    pub tokens: Option<TokenFacts>,
    /// The only domains of people whom others name; empty for any.
    pub allowed_domains: Vec<String>,
    /// The process that answers.
    pub node: NodeFacts,
    /// What the web client goes by.
    pub client: ClientSettings,
}

/// What the web client goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSettings {
    /// How many lines of a list are shown at once.
    pub page_size: u32,
    /// What people may choose instead.
    pub page_sizes: Vec<u32>,
    /// How often dashboards may be refreshed, in seconds.
    pub dashboard_refresh_seconds: Vec<u32>,
    /// Which intervals are offered for schedules, in seconds.
    pub query_refresh_seconds: Vec<u32>,
    /// Longest text in a cell that is shown as JSON, in characters.
    pub table_cell_json_characters_max: u32,
    /// Whether a query is published when it gets a name.
    pub auto_publish_named_queries: bool,
    /// Whether charts are offered that run their authors' scripts.
    pub custom_js_visualizations: bool,
    /// Whether more options of alerts are offered.
    pub extended_alert_options: bool,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            page_size: 20,
            page_sizes: vec![5, 10, 20, 50, 100],
            dashboard_refresh_seconds: vec![60, 300, 600, 1800, 3600, 43_200, 86_400],
            query_refresh_seconds: vec![3600, 86_400],
            table_cell_json_characters_max: 50_000,
            auto_publish_named_queries: true,
            custom_js_visualizations: true,
            extended_alert_options: false,
        }
    }
}

/// A process of this server, as operators know it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeFacts {
    /// Its name among the nodes.
    pub name: String,
    /// The machine it runs on.
    pub hostname: String,
    /// Its number on that machine.
    pub pid: u32,
    /// Since when it runs.
    pub started_at: Option<Timestamp>,
}

/// What the server notes by itself of what people do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerNotes {
    /// Nothing.
    None,
    /// Changes.
    Changes,
    /// Also what is read and run.
    All,
}

/// How signed tokens are taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenFacts {
    /// Who makes them.
    pub issuer: String,
    /// Where the public keys are.
    pub keys_url: String,
    /// Whom they are for.
    pub audience: String,
    /// How they may be signed.
    pub algorithms: Vec<String>,
    /// The cookie.
    pub cookie: String,
    /// The header.
    pub header: String,
}

impl Default for RedashSettings {
    fn default() -> Self {
        Self {
            version: "26.08.0".to_owned(),
            notes: ServerNotes::Changes,
            tokens: None,
            allowed_domains: Vec::new(),
            node: NodeFacts::default(),
            client: ClientSettings::default(),
        }
    }
}

/// What the handlers share. Cloned for every request, so there is one reference to count.
#[derive(Clone)]
pub struct RedashState(Arc<Shared>);

/// What is behind the reference.
pub struct Shared {
    /// Callers, cookies, limits.
    pub kit: Kit,
    /// The query side.
    pub bi: Bi,
    /// What the operator decided.
    pub settings: RedashSettings,
}

impl RedashState {
    /// The dialect over the core.
    #[must_use]
    pub fn new(kit: Kit, bi: Bi, settings: RedashSettings) -> Self {
        Self(Arc::new(Shared { kit, bi, settings }))
    }
}

impl Deref for RedashState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
