//! The registry of actions: every operation of every edge names exactly one of these.

mod kinds;

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
    /// To hold a key of the workspace, or to be an administrator.
    Workspace,
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
    /// List the sessions of a user.
    SessionsList = "sessions.list", OneselfOrAdmin, [];
    /// End sessions of a user.
    SessionsRevoke = "sessions.revoke", OneselfOrAdmin, [];
    /// Read how one's own second factor is.
    SecondFactorRead = "second_factor.read", OneselfOrAdmin, [];
    /// Set up, renew or remove one's own second factor.
    SecondFactorManage = "second_factor.manage", OneselfOrAdmin, [];
    /// Take a lost second factor from a user.
    AccountsResetSecondFactor = "accounts.reset_second_factor", Admin, ["admin"];
    /// List the accounts of identity providers that belong to a user.
    IdentitiesList = "identities.list", OneselfOrAdmin, [];
    /// Part a user from accounts of identity providers.
    IdentitiesUnlink = "identities.unlink", Admin, ["admin"];
    /// Read who needs a second factor.
    SignInReadPolicy = "sign_in.read_policy", Nothing, [];
    /// Decide who needs a second factor.
    SignInAdminister = "sign_in.administer", Admin, ["admin"];

    /// List users.
    AccountsList = "accounts.list", Nothing, ["list_users"];
    /// Read a user.
    AccountsRead = "accounts.read", Nothing, ["list_users"];
    /// Create a user.
    AccountsCreate = "accounts.create", Admin, ["admin"];
    /// Change a user's own particulars.
    AccountsUpdate = "accounts.update", OneselfOrAdmin, [];
    /// Change what a user may do: groups, state.
    AccountsAdminister = "accounts.administer", Admin, ["admin"];
    /// Delete a user who never signed in.
    AccountsDelete = "accounts.delete", Admin, ["admin"];
    /// Read the recoverable key of a user.
    AccountsReadKey = "accounts.read_key", OneselfOrAdmin, [];
    /// Read the attributes of a user.
    AccountsReadAttributes = "accounts.read_attributes", OneselfOrAdmin, [];
    /// Replace the recoverable key of a user.
    AccountsRegenerateKey = "accounts.regenerate_key", OneselfOrAdmin, [];

    /// List groups.
    GroupsList = "groups.list", Nothing, [];
    /// Read a group.
    GroupsRead = "groups.read", MemberOrAdmin, [];
    /// Read who is in which group, and what all groups reach.
    GroupsOverview = "groups.overview", Admin, ["admin"];
    /// Create, rename or delete a group, change its members and its data sources.
    GroupsAdminister = "groups.administer", Admin, ["admin"];

    /// List one's own keys.
    KeysList = "keys.list", Nothing, [];
    /// Create a key of one's own.
    KeysCreate = "keys.create", Nothing, [];
    /// Revoke a key of one's own.
    KeysRevoke = "keys.revoke", Owner, [];
    /// Make a narrower key below the one in use.
    KeysDelegate = "keys.delegate", Nothing, [];
    /// Read a key of one's own.
    KeysRead = "keys.read", Owner, [];
    /// Rename a key of one's own, or narrow it.
    KeysUpdate = "keys.update", Owner, [];
    /// Make a successor of a key of one's own.
    KeysRotate = "keys.rotate", Owner, [];
    /// Switch a key of one's own off or on.
    KeysDisable = "keys.disable", Owner, [];
    /// Bring a revoked key of one's own back.
    KeysRestore = "keys.restore", Owner, [];
    /// Ask for more than a key of one's own may do.
    KeysWiden = "keys.widen", Owner, [];
    /// Approve or refuse keys and widenings.
    KeysApprove = "keys.approve", Admin, ["admin"];
    /// See everybody's keys, make keys for others, revoke many.
    KeysAdminister = "keys.administer", Admin, ["admin"];
    /// Read and change the organisation's policy of keys.
    KeysPolicy = "keys.policy", Admin, ["admin"];

    /// List workspaces.
    WorkspacesList = "workspaces.list", Admin, ["admin"];
    /// Create a workspace, or keys of one.
    WorkspacesAdminister = "workspaces.administer", Admin, ["admin"];

    /// List keys with accounts of their own.
    AccountKeysList = "account_keys.list", Admin, ["admin"];
    /// Create a key with an account of its own.
    AccountKeysCreate = "account_keys.create", Admin, ["admin"];
    /// Change name or group of a key with an account of its own.
    AccountKeysUpdate = "account_keys.update", Admin, ["admin"];
    /// Give a key with an account of its own another text.
    AccountKeysRegenerate = "account_keys.regenerate", Admin, ["admin"];
    /// Revoke a key with its account.
    AccountKeysDelete = "account_keys.delete", Admin, ["admin"];
    /// Read what the key that one shows is.
    KeysSelf = "keys.self", Nothing, [];
    /// Ask whether one may do something, without doing it.
    KeysCan = "keys.can", Nothing, [];
    /// Read everything that a key reaches.
    KeysReach = "keys.reach", Owner, [];
    /// Read how much a key was used, what it was refused, and narrower terms from that.
    KeysUsage = "keys.usage", Owner, [];
    /// List the keys that came in addresses of requests.
    KeysSeenInUrls = "keys.seen_in_urls", Nothing, [];

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
    /// Upload or remove files that a data source is made of.
    SourcesFiles = "sources.files", Admin, ["admin"];
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
    /// Say which version of a query is the approved one.
    QueriesApprove = "queries.approve", Owner, ["edit_query"];
    /// Make a key that opens one query, with values and ranges for its parameters.
    QueriesPin = "queries.pin", SourceView, ["execute_query", "view_query"];
    /// Read the history of a query.
    QueriesHistory = "queries.history", SourceView, ["view_query"];
    /// Say when a query runs by itself.
    QueriesSchedule = "queries.schedule", Editor, ["edit_query", "schedule_query"];
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

    /// Read the history of a dashboard.
    DashboardsHistory = "dashboards.history", Nothing, ["list_dashboards"];

    /// Search objects of all kinds; of each kind it finds what the caller may list.
    SearchRun = "search.run", Nothing, [];
    /// List archived objects; of each kind what the caller may list.
    TrashList = "trash.list", Nothing, [];
    /// Delete an archived object for good.
    TrashDelete = "trash.delete", Admin, ["admin"];

    /// Grant editing of a query or dashboard, or take it back.
    EditingShare = "editing.share", Owner, [];

    /// List alerts.
    AlertsList = "alerts.list", Nothing, ["list_alerts"];
    /// Read an alert and who is told about it.
    AlertsRead = "alerts.read", SourceView, ["list_alerts"];
    /// Make an alert on a query.
    AlertsCreate = "alerts.create", SourceView, ["list_alerts", "view_query"];
    /// Change or mute an alert.
    AlertsUpdate = "alerts.update", Owner, ["list_alerts"];
    /// Delete an alert.
    AlertsDelete = "alerts.delete", Owner, ["list_alerts"];
    /// Evaluate an alert now, and tell its subscribers.
    AlertsEvaluate = "alerts.evaluate", Owner, ["list_alerts"];
    /// Subscribe to an alert, or let a destination be told about it.
    AlertsSubscribe = "alerts.subscribe", SourceView, ["list_alerts"];
    /// End a subscription of one's own.
    AlertsUnsubscribe = "alerts.unsubscribe", Owner, ["list_alerts"];
    /// Read what was sent for an alert.
    AlertsDeliveries = "alerts.deliveries", Owner, ["list_alerts"];
    /// List destinations of notices without their settings.
    DestinationsList = "destinations.list", Nothing, ["list_alerts"];
    /// Read which kinds of destinations there are.
    DestinationsTypes = "destinations.types", Admin, ["admin"];
    /// Read the settings of a destination and what was sent there; secrets stay masked.
    DestinationsRead = "destinations.read", Admin, ["admin"];
    /// Create a destination.
    DestinationsCreate = "destinations.create", Admin, ["admin"];
    /// Change a destination.
    DestinationsUpdate = "destinations.update", Admin, ["admin"];
    /// Delete a destination.
    DestinationsDelete = "destinations.delete", Admin, ["admin"];
    /// Send something to a destination to see whether it arrives.
    DestinationsTest = "destinations.test", Admin, ["admin"];

    /// Read the audit log.
    AuditRead = "audit.read", Admin, ["admin"];
    /// Take the audit log out as a file.
    AuditExport = "audit.export", Admin, ["admin"];
    /// Check that nobody changed the audit log.
    AuditVerify = "audit.verify", Admin, ["admin"];

    /// Read how the server is.
    SystemStatus = "system.status", Admin, ["super_admin"];
    /// Take over objects, people and keys from another server.
    SystemImport = "system.import", Admin, ["super_admin"];
    /// Read queues and workers.
    SystemJobs = "system.jobs", Admin, ["super_admin"];
    /// See which mails were sent, and send one to see whether mail works.
    SystemMail = "system.mail", Admin, ["super_admin"];

    /// Read the settings of the organisation.
    OrganizationRead = "organization.read", Admin, ["admin"];
    /// Change the settings of the organisation.
    OrganizationUpdate = "organization.update", Admin, ["admin"];

    /// List and read snippets.
    SnippetsRead = "snippets.read", Nothing, [];
    /// Create a snippet.
    SnippetsCreate = "snippets.create", Nothing, [];
    /// Change or delete a snippet.
    SnippetsEdit = "snippets.edit", Owner, [];

    /// Tell what one did with a client.
    ActivityRecord = "activity.record", Nothing, [];
    /// Read what people did.
    ActivityList = "activity.list", Admin, ["admin"];

    // What keys of a workspace may do. The names are those that Braze's clients know.
    /// `users.track` in a workspace.
    UsersTrack = "users.track", Workspace, ["admin"];
    /// `users.delete` in a workspace.
    UsersDelete = "users.delete", Workspace, ["admin"];
    /// `users.alias.new` in a workspace.
    UsersAliasNew = "users.alias.new", Workspace, ["admin"];
    /// `users.identify` in a workspace.
    UsersIdentify = "users.identify", Workspace, ["admin"];
    /// `users.export.ids` in a workspace.
    UsersExportIds = "users.export.ids", Workspace, ["admin"];
    /// `users.export.segment` in a workspace.
    UsersExportSegment = "users.export.segment", Workspace, ["admin"];
    /// `users.external_ids.rename` in a workspace.
    UsersExternalIdsRename = "users.external_ids.rename", Workspace, ["admin"];
    /// `users.external_ids.remove` in a workspace.
    UsersExternalIdsRemove = "users.external_ids.remove", Workspace, ["admin"];
    /// `email.unsubscribe` in a workspace.
    EmailUnsubscribe = "email.unsubscribe", Workspace, ["admin"];
    /// `email.status` in a workspace.
    EmailStatus = "email.status", Workspace, ["admin"];
    /// `email.hard_bounces` in a workspace.
    EmailHardBounces = "email.hard_bounces", Workspace, ["admin"];
    /// `email.bounce.remove` in a workspace.
    EmailBounceRemove = "email.bounce.remove", Workspace, ["admin"];
    /// `email.spam.remove` in a workspace.
    EmailSpamRemove = "email.spam.remove", Workspace, ["admin"];
    /// `email.blacklist` in a workspace.
    EmailBlacklist = "email.blacklist", Workspace, ["admin"];
    /// `messages.send` in a workspace.
    MessagesSend = "messages.send", Workspace, ["admin"];
    /// `messages.schedule.create` in a workspace.
    MessagesScheduleCreate = "messages.schedule.create", Workspace, ["admin"];
    /// `messages.schedule.update` in a workspace.
    MessagesScheduleUpdate = "messages.schedule.update", Workspace, ["admin"];
    /// `messages.schedule.delete` in a workspace.
    MessagesScheduleDelete = "messages.schedule.delete", Workspace, ["admin"];
    /// `messages.schedule_broadcasts` in a workspace.
    MessagesScheduleBroadcasts = "messages.schedule_broadcasts", Workspace, ["admin"];
    /// `campaigns.trigger.send` in a workspace.
    CampaignsTriggerSend = "campaigns.trigger.send", Workspace, ["admin"];
    /// `campaigns.trigger.schedule.create` in a workspace.
    CampaignsTriggerScheduleCreate = "campaigns.trigger.schedule.create", Workspace, ["admin"];
    /// `campaigns.trigger.schedule.update` in a workspace.
    CampaignsTriggerScheduleUpdate = "campaigns.trigger.schedule.update", Workspace, ["admin"];
    /// `campaigns.trigger.schedule.delete` in a workspace.
    CampaignsTriggerScheduleDelete = "campaigns.trigger.schedule.delete", Workspace, ["admin"];
    /// `campaigns.list` in a workspace.
    CampaignsList = "campaigns.list", Workspace, ["admin"];
    /// `campaigns.data_series` in a workspace.
    CampaignsDataSeries = "campaigns.data_series", Workspace, ["admin"];
    /// `campaigns.details` in a workspace.
    CampaignsDetails = "campaigns.details", Workspace, ["admin"];
    /// `sends.data_series` in a workspace.
    SendsDataSeries = "sends.data_series", Workspace, ["admin"];
    /// `sends.id.create` in a workspace.
    SendsIdCreate = "sends.id.create", Workspace, ["admin"];
    /// `canvas.trigger.send` in a workspace.
    CanvasTriggerSend = "canvas.trigger.send", Workspace, ["admin"];
    /// `canvas.trigger.schedule.create` in a workspace.
    CanvasTriggerScheduleCreate = "canvas.trigger.schedule.create", Workspace, ["admin"];
    /// `canvas.trigger.schedule.update` in a workspace.
    CanvasTriggerScheduleUpdate = "canvas.trigger.schedule.update", Workspace, ["admin"];
    /// `canvas.trigger.schedule.delete` in a workspace.
    CanvasTriggerScheduleDelete = "canvas.trigger.schedule.delete", Workspace, ["admin"];
    /// `canvas.list` in a workspace.
    CanvasList = "canvas.list", Workspace, ["admin"];
    /// `canvas.data_series` in a workspace.
    CanvasDataSeries = "canvas.data_series", Workspace, ["admin"];
    /// `canvas.details` in a workspace.
    CanvasDetails = "canvas.details", Workspace, ["admin"];
    /// `canvas.data_summary` in a workspace.
    CanvasDataSummary = "canvas.data_summary", Workspace, ["admin"];
    /// `segments.list` in a workspace.
    SegmentsList = "segments.list", Workspace, ["admin"];
    /// `segments.data_series` in a workspace.
    SegmentsDataSeries = "segments.data_series", Workspace, ["admin"];
    /// `segments.details` in a workspace.
    SegmentsDetails = "segments.details", Workspace, ["admin"];
    /// `purchases.product_list` in a workspace.
    PurchasesProductList = "purchases.product_list", Workspace, ["admin"];
    /// `purchases.revenue_series` in a workspace.
    PurchasesRevenueSeries = "purchases.revenue_series", Workspace, ["admin"];
    /// `purchases.quantity_series` in a workspace.
    PurchasesQuantitySeries = "purchases.quantity_series", Workspace, ["admin"];
    /// `events.list` in a workspace.
    EventsList = "events.list", Workspace, ["admin"];
    /// `events.data_series` in a workspace.
    EventsDataSeries = "events.data_series", Workspace, ["admin"];
    /// `feed.list` in a workspace.
    FeedList = "feed.list", Workspace, ["admin"];
    /// `feed.data_series` in a workspace.
    FeedDataSeries = "feed.data_series", Workspace, ["admin"];
    /// `feed.details` in a workspace.
    FeedDetails = "feed.details", Workspace, ["admin"];
    /// `sessions.data_series` in a workspace.
    SessionsDataSeries = "sessions.data_series", Workspace, ["admin"];
    /// `kpi.mau.data_series` in a workspace.
    KpiMauDataSeries = "kpi.mau.data_series", Workspace, ["admin"];
    /// `kpi.dau.data_series` in a workspace.
    KpiDauDataSeries = "kpi.dau.data_series", Workspace, ["admin"];
    /// `kpi.new_users.data_series` in a workspace.
    KpiNewUsersDataSeries = "kpi.new_users.data_series", Workspace, ["admin"];
    /// `kpi.uninstalls.data_series` in a workspace.
    KpiUninstallsDataSeries = "kpi.uninstalls.data_series", Workspace, ["admin"];
    /// `templates.email.create` in a workspace.
    TemplatesEmailCreate = "templates.email.create", Workspace, ["admin"];
    /// `templates.email.update` in a workspace.
    TemplatesEmailUpdate = "templates.email.update", Workspace, ["admin"];
    /// `templates.email.info` in a workspace.
    TemplatesEmailInfo = "templates.email.info", Workspace, ["admin"];
    /// `templates.email.list` in a workspace.
    TemplatesEmailList = "templates.email.list", Workspace, ["admin"];
    /// `sso.saml.login` in a workspace.
    SsoSamlLogin = "sso.saml.login", Workspace, ["admin"];
    /// `content_blocks.info` in a workspace.
    ContentBlocksInfo = "content_blocks.info", Workspace, ["admin"];
    /// `content_blocks.list` in a workspace.
    ContentBlocksList = "content_blocks.list", Workspace, ["admin"];
    /// `content_blocks.create` in a workspace.
    ContentBlocksCreate = "content_blocks.create", Workspace, ["admin"];
    /// `subscription.status.set` in a workspace.
    SubscriptionStatusSet = "subscription.status.set", Workspace, ["admin"];
    /// `subscription.status.get` in a workspace.
    SubscriptionStatusGet = "subscription.status.get", Workspace, ["admin"];
    /// `subscription.groups.get` in a workspace.
    SubscriptionGroupsGet = "subscription.groups.get", Workspace, ["admin"];
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
