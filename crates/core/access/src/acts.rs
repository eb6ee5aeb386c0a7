//! What can be asked of the gate: one type per act, so that a right to one cannot serve another.

use tessera_kernel::ids::{
    AlertId, DashboardId, DestinationId, GroupId, KeyId, QueryId, ResultId, SnippetId, SourceId,
    SubscriptionId, Uid, UserId, VisualizationId, WidgetId, WorkspaceId,
};

use crate::Action;

/// The object of an act, by which storage finds the facts the rules need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Object {
    /// The act has no object.
    None,
    /// A user.
    User(UserId),
    /// A group.
    Group(GroupId),
    /// A key.
    Key(KeyId),
    /// A data source.
    Source(SourceId),
    /// A query.
    Query(QueryId),
    /// A stored result.
    Result(ResultId),
    /// A job.
    Job(Uid),
    /// A visualization.
    Visualization(VisualizationId),
    /// A dashboard.
    Dashboard(DashboardId),
    /// A widget.
    Widget(WidgetId),
    /// A workspace.
    Workspace(WorkspaceId),
    /// An alert.
    Alert(AlertId),
    /// A subscription to an alert.
    Subscription(SubscriptionId),
    /// A destination of notices.
    Destination(DestinationId),
    /// A snippet.
    Snippet(SnippetId),
}

impl Object {
    /// The kind in words.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::None => "object",
            Self::User(_) => "user",
            Self::Group(_) => "group",
            Self::Key(_) => "key",
            Self::Source(_) => "data source",
            Self::Query(_) => "query",
            Self::Result(_) => "result",
            Self::Job(_) => "job",
            Self::Visualization(_) => "visualization",
            Self::Dashboard(_) => "dashboard",
            Self::Widget(_) => "widget",
            Self::Workspace(_) => "workspace",
            Self::Alert(_) => "alert",
            Self::Subscription(_) => "subscription",
            Self::Destination(_) => "destination",
            Self::Snippet(_) => "snippet",
        }
    }

    /// The kind and number, for records: `query:42`; empty for no object.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::None => String::new(),
            Self::User(id) => format!("user:{id}"),
            Self::Group(id) => format!("group:{id}"),
            Self::Key(id) => format!("key:{id}"),
            Self::Source(id) => format!("source:{id}"),
            Self::Query(id) => format!("query:{id}"),
            Self::Result(id) => format!("result:{id}"),
            Self::Job(id) => format!("job:{id}"),
            Self::Visualization(id) => format!("visualization:{id}"),
            Self::Dashboard(id) => format!("dashboard:{id}"),
            Self::Widget(id) => format!("widget:{id}"),
            Self::Workspace(id) => format!("workspace:{id}"),
            Self::Alert(id) => format!("alert:{id}"),
            Self::Subscription(id) => format!("subscription:{id}"),
            Self::Destination(id) => format!("destination:{id}"),
            Self::Snippet(id) => format!("snippet:{id}"),
        }
    }
}

impl Object {
    /// Reads [`label`](Self::label); `*` and nothing are no object.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text == "*" {
            return Some(Self::None);
        }
        let (kind, rest) = text.split_once(':')?;
        if kind == "job" {
            return rest.parse().ok().map(Self::Job);
        }
        let digits = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
        let id: i64 = rest.parse().ok().filter(|id| digits && *id > 0)?;
        Some(match kind {
            "user" => Self::User(UserId(id)),
            "group" => Self::Group(GroupId(id)),
            "key" => Self::Key(KeyId(id)),
            "source" => Self::Source(SourceId(id)),
            "query" => Self::Query(QueryId(id)),
            "result" => Self::Result(ResultId(id)),
            "visualization" => Self::Visualization(VisualizationId(id)),
            "dashboard" => Self::Dashboard(DashboardId(id)),
            "widget" => Self::Widget(WidgetId(id)),
            "workspace" => Self::Workspace(WorkspaceId(id)),
            "alert" => Self::Alert(AlertId(id)),
            "subscription" => Self::Subscription(SubscriptionId(id)),
            "destination" => Self::Destination(DestinationId(id)),
            "snippet" => Self::Snippet(SnippetId(id)),
            _ => return None,
        })
    }
}

/// Something that a caller may ask to do.
pub trait Act: Send + Sync {
    /// The action of the registry.
    const ACTION: Action;

    /// What it is to be done to.
    fn object(&self) -> Object;
}

macro_rules! acts {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* } = $action:ident, $object:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name {
            $(/// The object.
            pub $field: $type,)*
        }

        impl Act for $name {
            const ACTION: Action = Action::$action;

            fn object(&self) -> Object {

                (($object) as fn(&Self) -> Object)(self)
            }
        }
    )*};
}

acts! {
    /// Read one's own session.
    ReadSession {} = SessionRead, |_| Object::None;
    /// End one's own session.
    EndSession {} = SessionEnd, |_| Object::None;
    /// List the sessions of a user.
    ListSessions { user: UserId } = SessionsList, |a| Object::User(a.user);
    /// End sessions of a user.
    RevokeSessions { user: UserId } = SessionsRevoke, |a| Object::User(a.user);
    /// Read how one's own second factor is.
    ReadSecondFactor { user: UserId } = SecondFactorRead, |a| Object::User(a.user);
    /// Set up, renew or remove one's own second factor.
    ManageSecondFactor { user: UserId } = SecondFactorManage, |a| Object::User(a.user);
    /// Take a lost second factor from a user.
    ResetSecondFactor { user: UserId } = AccountsResetSecondFactor, |a| Object::User(a.user);
    /// List the accounts of identity providers that belong to a user.
    ListIdentities { user: UserId } = IdentitiesList, |a| Object::User(a.user);
    /// Part a user from them.
    UnlinkIdentities { user: UserId } = IdentitiesUnlink, |a| Object::User(a.user);
    /// Read who needs a second factor.
    ReadSignInPolicy {} = SignInReadPolicy, |_| Object::None;
    /// Decide who needs a second factor.
    AdministerSignIn {} = SignInAdminister, |_| Object::None;

    /// List users.
    ListUsers {} = AccountsList, |_| Object::None;
    /// Read a user.
    ReadUser { user: UserId } = AccountsRead, |a| Object::User(a.user);
    /// Create a user.
    CreateUser {} = AccountsCreate, |_| Object::None;
    /// Change a user.
    UpdateUser { user: UserId } = AccountsUpdate, |a| Object::User(a.user);
    /// Change what a user may do.
    AdministerUser { user: UserId } = AccountsAdminister, |a| Object::User(a.user);
    /// Delete a user.
    DeleteUser { user: UserId } = AccountsDelete, |a| Object::User(a.user);
    /// Read a user's recoverable key.
    ReadUserKey { user: UserId } = AccountsReadKey, |a| Object::User(a.user);
    /// Read a user's attributes.
    ReadUserAttributes { user: UserId } = AccountsReadAttributes, |a| Object::User(a.user);
    /// Replace a user's recoverable key.
    RegenerateUserKey { user: UserId } = AccountsRegenerateKey, |a| Object::User(a.user);

    /// List groups.
    ListGroups {} = GroupsList, |_| Object::None;
    /// Read a group.
    ReadGroup { group: GroupId } = GroupsRead, |a| Object::Group(a.group);
    /// Create a group.
    CreateGroup {} = GroupsAdminister, |_| Object::None;
    /// Read who is in which group, and what all groups reach.
    OverviewGroups {} = GroupsOverview, |_| Object::None;
    /// Change what all groups reach.
    AdministerGroups {} = GroupsAdminister, |_| Object::None;
    /// Change a group.
    AdministerGroup { group: GroupId } = GroupsAdminister, |a| Object::Group(a.group);

    /// List one's own keys.
    ListKeys {} = KeysList, |_| Object::None;
    /// Create a key.
    CreateKey {} = KeysCreate, |_| Object::None;
    /// Make a narrower key below the caller's own.
    CreateChildKey { key: KeyId } = KeysDelegate, |a| Object::Key(a.key);
    /// Revoke a key.
    RevokeKey { key: KeyId } = KeysRevoke, |a| Object::Key(a.key);
    /// Read a key.
    ReadKey { key: KeyId } = KeysRead, |a| Object::Key(a.key);
    /// Rename or narrow a key.
    UpdateKey { key: KeyId } = KeysUpdate, |a| Object::Key(a.key);
    /// Make a successor of a key.
    RotateKey { key: KeyId } = KeysRotate, |a| Object::Key(a.key);
    /// Switch a key off or on.
    DisableKey { key: KeyId } = KeysDisable, |a| Object::Key(a.key);
    /// Bring a revoked key back.
    RestoreKey { key: KeyId } = KeysRestore, |a| Object::Key(a.key);
    /// Ask for more than a key may do.
    WidenKey { key: KeyId } = KeysWiden, |a| Object::Key(a.key);
    /// Approve or refuse a key or its widening.
    ApproveKey { key: KeyId } = KeysApprove, |a| Object::Key(a.key);
    /// See everybody's keys, make keys for others, revoke many.
    AdministerKeys {} = KeysAdminister, |_| Object::None;
    /// Read or change the policy of keys.
    GovernKeys {} = KeysPolicy, |_| Object::None;

    /// List workspaces.
    ListWorkspaces {} = WorkspacesList, |_| Object::None;
    /// Create a workspace.
    CreateWorkspace {} = WorkspacesAdminister, |_| Object::None;
    /// Make keys of a workspace.
    AdministerWorkspace { workspace: WorkspaceId } = WorkspacesAdminister, |a| Object::Workspace(a.workspace);

    /// List keys with accounts of their own.
    ListAccountKeys {} = AccountKeysList, |_| Object::None;
    /// Create a key with an account of its own.
    CreateAccountKey {} = AccountKeysCreate, |_| Object::None;
    /// Change a key with an account of its own.
    UpdateAccountKey { key: KeyId } = AccountKeysUpdate, |a| Object::Key(a.key);
    /// Give such a key another text.
    RegenerateAccountKey { key: KeyId } = AccountKeysRegenerate, |a| Object::Key(a.key);
    /// Revoke such a key with its account.
    DeleteAccountKey { key: KeyId } = AccountKeysDelete, |a| Object::Key(a.key);
    /// Read what the key that one shows is.
    ReadKeySelf { key: KeyId } = KeysSelf, |a| Object::Key(a.key);
    /// Ask whether one may do something; with the key that one shows, if there is one.
    AskSelf { key: Option<KeyId> } = KeysCan, |a| a.key.map_or(Object::None, Object::Key);
    /// Read everything that a key reaches.
    ReadReach { key: KeyId } = KeysReach, |a| Object::Key(a.key);
    /// Read how a key was used.
    ReadUsage { key: KeyId } = KeysUsage, |a| Object::Key(a.key);
    /// List the keys that came in addresses.
    ListKeysSeenInUrls {} = KeysSeenInUrls, |_| Object::None;

    /// List data sources.
    ListSources {} = SourcesList, |_| Object::None;
    /// Read a data source.
    ReadSource { source: SourceId } = SourcesRead, |a| Object::Source(a.source);
    /// Read the types of data sources.
    ListSourceTypes {} = SourcesTypes, |_| Object::None;
    /// Read the settings of a data source.
    ReadSourceSettings { source: SourceId } = SourcesReadSettings, |a| Object::Source(a.source);
    /// Create a data source.
    CreateSource {} = SourcesCreate, |_| Object::None;
    /// Change a data source.
    UpdateSource { source: SourceId } = SourcesUpdate, |a| Object::Source(a.source);
    /// Delete a data source.
    DeleteSource { source: SourceId } = SourcesDelete, |a| Object::Source(a.source);
    /// Upload or remove a file of a data source.
    ChangeSourceFiles { source: SourceId } = SourcesFiles, |a| Object::Source(a.source);
    /// Try to connect.
    TestSource { source: SourceId } = SourcesTest, |a| Object::Source(a.source);
    /// Pause or resume.
    PauseSource { source: SourceId } = SourcesPause, |a| Object::Source(a.source);
    /// Read tables and columns.
    ReadSchema { source: SourceId } = SourcesSchema, |a| Object::Source(a.source);

    /// List queries.
    ListQueries {} = QueriesList, |_| Object::None;
    /// Read a query.
    ReadQuery { query: QueryId } = QueriesRead, |a| Object::Query(a.query);
    /// Create a query on a data source.
    CreateQuery { source: SourceId } = QueriesCreate, |a| Object::Source(a.source);
    /// Change a query.
    UpdateQuery { query: QueryId } = QueriesUpdate, |a| Object::Query(a.query);
    /// Archive a query.
    ArchiveQuery { query: QueryId } = QueriesArchive, |a| Object::Query(a.query);
    /// Copy a query.
    ForkQuery { query: QueryId } = QueriesFork, |a| Object::Query(a.query);
    /// Mark or unmark a favourite query.
    FavoriteQuery { query: QueryId } = QueriesFavorite, |a| Object::Query(a.query);
    /// Replace the key of a query.
    RegenerateQueryKey { query: QueryId } = QueriesRegenerateKey, |a| Object::Query(a.query);
    /// Approve a version of a query.
    ApproveQuery { query: QueryId } = QueriesApprove, |a| Object::Query(a.query);
    /// Make, or list, keys of a query with values and ranges.
    PinQuery { query: QueryId } = QueriesPin, |a| Object::Query(a.query);
    /// Read the history of a query.
    ReadQueryHistory { query: QueryId } = QueriesHistory, |a| Object::Query(a.query);
    /// Say when a query runs by itself.
    ScheduleQuery { query: QueryId } = QueriesSchedule, |a| Object::Query(a.query);
    /// Run a saved query.
    RunQuery { query: QueryId } = QueriesRun, |a| Object::Query(a.query);
    /// Run any text.
    RunStatement { source: SourceId } = StatementsRun, |a| Object::Source(a.source);
    /// Format a text.
    FormatStatement {} = StatementsFormat, |_| Object::None;

    /// Read a stored result.
    ReadResult { result: ResultId } = ResultsRead, |a| Object::Result(a.result);
    /// Read a job.
    ReadJob { job: Uid } = JobsRead, |a| Object::Job(a.job);
    /// Cancel a job.
    CancelJob { job: Uid } = JobsCancel, |a| Object::Job(a.job);

    /// Add a visualization to a query.
    CreateVisualization { query: QueryId } = VisualizationsEdit, |a| Object::Query(a.query);
    /// Change or delete a visualization.
    EditVisualization { visualization: VisualizationId } = VisualizationsEdit, |a| Object::Visualization(a.visualization);

    /// List dashboards.
    ListDashboards {} = DashboardsList, |_| Object::None;
    /// Read a dashboard.
    ReadDashboard { dashboard: DashboardId } = DashboardsRead, |a| Object::Dashboard(a.dashboard);
    /// Create a dashboard.
    CreateDashboard {} = DashboardsCreate, |_| Object::None;
    /// Change a dashboard, or add a widget to it.
    UpdateDashboard { dashboard: DashboardId } = DashboardsUpdate, |a| Object::Dashboard(a.dashboard);
    /// Archive a dashboard.
    ArchiveDashboard { dashboard: DashboardId } = DashboardsArchive, |a| Object::Dashboard(a.dashboard);
    /// Copy a dashboard.
    ForkDashboard { dashboard: DashboardId } = DashboardsFork, |a| Object::Dashboard(a.dashboard);
    /// Mark or unmark a favourite dashboard.
    FavoriteDashboard { dashboard: DashboardId } = DashboardsFavorite, |a| Object::Dashboard(a.dashboard);
    /// Share a dashboard, or stop it.
    ShareDashboard { dashboard: DashboardId } = DashboardsShare, |a| Object::Dashboard(a.dashboard);
    /// Change or delete a widget.
    EditWidget { widget: WidgetId } = DashboardsUpdate, |a| Object::Widget(a.widget);

    /// Read the history of a dashboard.
    ReadDashboardHistory { dashboard: DashboardId } = DashboardsHistory, |a| Object::Dashboard(a.dashboard);

    /// Search objects of all kinds.
    RunSearch {} = SearchRun, |_| Object::None;
    /// List archived objects.
    ListTrash {} = TrashList, |_| Object::None;
    /// Delete an archived query for good.
    DeleteQuery { query: QueryId } = TrashDelete, |a| Object::Query(a.query);
    /// Delete an archived dashboard for good.
    DeleteDashboard { dashboard: DashboardId } = TrashDelete, |a| Object::Dashboard(a.dashboard);

    /// Grant editing of a query or dashboard, or take it back.
    ShareEditing { object: Object } = EditingShare, |a| a.object;

    /// List alerts.
    ListAlerts {} = AlertsList, |_| Object::None;
    /// Read an alert.
    ReadAlert { alert: AlertId } = AlertsRead, |a| Object::Alert(a.alert);
    /// Make an alert on a query.
    CreateAlert { query: QueryId } = AlertsCreate, |a| Object::Query(a.query);
    /// Change or mute an alert.
    UpdateAlert { alert: AlertId } = AlertsUpdate, |a| Object::Alert(a.alert);
    /// Delete an alert.
    DeleteAlert { alert: AlertId } = AlertsDelete, |a| Object::Alert(a.alert);
    /// Evaluate an alert now, and tell its subscribers.
    EvaluateAlert { alert: AlertId } = AlertsEvaluate, |a| Object::Alert(a.alert);
    /// Subscribe to an alert.
    SubscribeAlert { alert: AlertId } = AlertsSubscribe, |a| Object::Alert(a.alert);
    /// End a subscription.
    UnsubscribeAlert { subscription: SubscriptionId } = AlertsUnsubscribe, |a| Object::Subscription(a.subscription);
    /// Read what was sent for an alert.
    ReadAlertDeliveries { alert: AlertId } = AlertsDeliveries, |a| Object::Alert(a.alert);
    /// List destinations.
    ListDestinations {} = DestinationsList, |_| Object::None;
    /// Read the kinds of destinations.
    ListDestinationTypes {} = DestinationsTypes, |_| Object::None;
    /// Read a destination with its settings.
    ReadDestination { destination: DestinationId } = DestinationsRead, |a| Object::Destination(a.destination);
    /// Create a destination.
    CreateDestination {} = DestinationsCreate, |_| Object::None;
    /// Change a destination.
    UpdateDestination { destination: DestinationId } = DestinationsUpdate, |a| Object::Destination(a.destination);
    /// Delete a destination.
    DeleteDestination { destination: DestinationId } = DestinationsDelete, |a| Object::Destination(a.destination);
    /// Send something to a destination to see whether it arrives.
    TestDestination { destination: DestinationId } = DestinationsTest, |a| Object::Destination(a.destination);

    /// Read the audit log.
    ReadAudit {} = AuditRead, |_| Object::None;
    /// Take the audit log out.
    ExportAudit {} = AuditExport, |_| Object::None;
    /// Check the audit log.
    VerifyAudit {} = AuditVerify, |_| Object::None;

    /// Read the settings of the organisation.
    ReadOrganization {} = OrganizationRead, |_| Object::None;
    /// Change the settings of the organisation.
    UpdateOrganization {} = OrganizationUpdate, |_| Object::None;

    /// List or read snippets.
    ReadSnippets {} = SnippetsRead, |_| Object::None;
    /// Create a snippet.
    CreateSnippet {} = SnippetsCreate, |_| Object::None;
    /// Change or delete a snippet.
    EditSnippet { snippet: SnippetId } = SnippetsEdit, |a| Object::Snippet(a.snippet);

    /// Tell what one did.
    RecordActivity {} = ActivityRecord, |_| Object::None;
    /// Read what people did.
    ListActivity {} = ActivityList, |_| Object::None;

    /// Read how the server is.
    ReadStatus {} = SystemStatus, |_| Object::None;
    /// Take over objects from another server.
    RunImport {} = SystemImport, |_| Object::None;
    /// Read queues and workers.
    ReadQueues {} = SystemJobs, |_| Object::None;
    /// See which mails were sent.
    ReadMails {} = SystemMail, |_| Object::None;
    /// Send a mail to see whether mail works.
    SendTestMail {} = SystemMail, |_| Object::None;
}
