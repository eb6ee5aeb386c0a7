//! The registry of actions: every operation of every edge names exactly one of these.

/// What an action demands of the caller in relation to the object, beyond holding the action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing more: holding the action is enough.
    Nothing,
    /// To be an administrator.
    Admin,
    /// To be the user concerned, or an administrator.
    OneselfOrAdmin,
    /// To see the object's data source.
    SourceView,
    /// To have full access to the object's data source.
    SourceFull,
    /// To own the object or to have been granted editing.
    Editor,
    /// To own the object.
    Owner,
    /// To have asked for the job.
    Participant,
    /// To be a member of the group, or an administrator.
    MemberOrAdmin,
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $need:ident, [$($word:literal),*];)*) => {
        /// One thing that can be allowed or refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action { $($(#[$doc])* $name),* }

        impl Action {
            /// Every action, in the order of the registry.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable name, as in the documentation of the API and in audit records.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// What the action demands in relation to its object.
            #[must_use]
            pub const fn need(self) -> Need {
                match self { $(Self::$name => Need::$need),* }
            }

            /// The permission words that a user must hold, all of them; empty means that every
            /// signed-in user holds the action.
            #[must_use]
            pub const fn words(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($word),*]),* }
            }
        }
    };
}

actions! {
    /// Read who one is and what one may do.
    SessionRead = "session.read", Nothing, [];
    /// End one's own session.
    SessionEnd = "session.end", Nothing, [];

    /// List users.
    UsersList = "users.list", Nothing, ["list_users"];
    /// Read a user.
    UsersRead = "users.read", Nothing, ["list_users"];
    /// Create a user.
    UsersCreate = "users.create", Admin, ["admin"];
    /// Change a user's own particulars.
    UsersUpdate = "users.update", OneselfOrAdmin, [];
    /// Change what a user may do: groups, state.
    UsersAdminister = "users.administer", Admin, ["admin"];
    /// Delete a user who never signed in.
    UsersDelete = "users.delete", Admin, ["admin"];
    /// Read the recoverable key of a user.
    UsersReadKey = "users.read_key", OneselfOrAdmin, [];
    /// Replace the recoverable key of a user.
    UsersRegenerateKey = "users.regenerate_key", OneselfOrAdmin, [];

    /// List groups.
    GroupsList = "groups.list", Nothing, [];
    /// Read a group.
    GroupsRead = "groups.read", MemberOrAdmin, [];
    /// Create, rename or delete a group, change its members and its data sources.
    GroupsAdminister = "groups.administer", Admin, ["admin"];

    /// List one's own keys.
    KeysList = "keys.list", Nothing, [];
    /// Create a key of one's own.
    KeysCreate = "keys.create", Nothing, [];
    /// Revoke a key of one's own.
    KeysRevoke = "keys.revoke", Owner, [];

    /// List data sources.
    SourcesList = "sources.list", Nothing, ["list_data_sources"];
    /// Read a data source without its settings.
    SourcesRead = "sources.read", SourceView, ["list_data_sources"];
    /// Read which types of data sources there are.
    SourcesTypes = "sources.types", Admin, ["admin"];
    /// Read the settings of a data source; secrets stay masked.
    SourcesReadSettings = "sources.read_settings", Admin, ["admin"];
    /// Create a data source.
    SourcesCreate = "sources.create", Admin, ["admin"];
    /// Change a data source.
    SourcesUpdate = "sources.update", Admin, ["admin"];
    /// Delete a data source.
    SourcesDelete = "sources.delete", Admin, ["admin"];
    /// Try to connect to a data source.
    SourcesTest = "sources.test", Admin, ["admin"];
    /// Pause or resume a data source.
    SourcesPause = "sources.pause", Admin, ["admin"];
    /// Read the tables and columns of a data source.
    SourcesSchema = "sources.schema", SourceView, ["view_source"];

    /// List queries.
    QueriesList = "queries.list", Nothing, ["view_query"];
    /// Read a query.
    QueriesRead = "queries.read", SourceView, ["view_query"];
    /// Create a query.
    QueriesCreate = "queries.create", SourceFull, ["create_query"];
    /// Change a query.
    QueriesUpdate = "queries.update", Editor, ["edit_query"];
    /// Archive a query.
    QueriesArchive = "queries.archive", Owner, ["edit_query"];
    /// Copy a query.
    QueriesFork = "queries.fork", SourceFull, ["edit_query"];
    /// Mark a query as a favourite of one's own.
    QueriesFavorite = "queries.favorite", SourceView, ["view_query"];
    /// Replace the key of a query.
    QueriesRegenerateKey = "queries.regenerate_key", Owner, ["edit_query"];
    /// Read the history of a query.
    QueriesHistory = "queries.history", SourceView, ["view_query"];
    /// Run a saved query.
    QueriesRun = "queries.run", SourceView, ["execute_query", "view_query"];
    /// Run any text on a data source.
    StatementsRun = "statements.run", SourceFull, ["execute_query"];
    /// Format a text.
    StatementsFormat = "statements.format", Nothing, [];

    /// Read a stored result.
    ResultsRead = "results.read", SourceView, ["view_query"];
    /// Read a job.
    JobsRead = "jobs.read", Participant, [];
    /// Cancel a job.
    JobsCancel = "jobs.cancel", Participant, ["execute_query"];

    /// Create, change or delete a visualization of a query.
    VisualizationsEdit = "visualizations.edit", Editor, ["edit_query"];

    /// List dashboards.
    DashboardsList = "dashboards.list", Nothing, ["list_dashboards"];
    /// Read a dashboard.
    DashboardsRead = "dashboards.read", Nothing, ["list_dashboards"];
    /// Create a dashboard.
    DashboardsCreate = "dashboards.create", Nothing, ["create_dashboard"];
    /// Change a dashboard or its widgets.
    DashboardsUpdate = "dashboards.update", Editor, ["edit_dashboard"];
    /// Archive a dashboard.
    DashboardsArchive = "dashboards.archive", Owner, ["edit_dashboard"];
    /// Copy a dashboard.
    DashboardsFork = "dashboards.fork", Nothing, ["edit_dashboard"];
    /// Mark a dashboard as a favourite of one's own.
    DashboardsFavorite = "dashboards.favorite", Nothing, ["list_dashboards"];
    /// Give a dashboard a public link, or take it back.
    DashboardsShare = "dashboards.share", Owner, ["edit_dashboard"];

    /// Grant editing of a query or dashboard, or take it back.
    EditingShare = "editing.share", Owner, [];

    /// Read how the server is.
    SystemStatus = "system.status", Admin, ["super_admin"];
    /// Read queues and workers.
    SystemJobs = "system.jobs", Admin, ["super_admin"];
}

impl Action {
    /// Whether every use is written into the audit log: what changes rights or secrets.
    #[must_use]
    pub const fn is_audited(self) -> bool {
        matches!(
            self,
            Self::UsersCreate
                | Self::UsersUpdate
                | Self::UsersAdminister
                | Self::UsersDelete
                | Self::UsersRegenerateKey
                | Self::GroupsAdminister
                | Self::KeysCreate
                | Self::KeysRevoke
                | Self::SourcesCreate
                | Self::SourcesUpdate
                | Self::SourcesDelete
                | Self::SourcesPause
                | Self::QueriesRegenerateKey
                | Self::DashboardsShare
                | Self::EditingShare
        )
    }
}

/// A permission word of a group, as administrators know them.
pub type PermissionWord = String;

/// The actions that a set of permission words contains.
#[must_use]
pub fn permission_actions(words: &[PermissionWord]) -> Vec<Action> {
    Action::ALL
        .iter()
        .copied()
        .filter(|action| action.words().iter().all(|word| words.iter().any(|held| held == word)))
        .collect()
}
