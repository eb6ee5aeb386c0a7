//! Who is calling, once a credential has been recognised.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tessera_kernel::ids::{DashboardId, GroupId, QueryId, SourceId, Uid, UserId, WorkspaceId};
use tessera_kernel::{Code, Fault, Result};

use crate::Action;
use crate::keys::ActiveKey;

/// How far a group reaches into a data source. Ordered: full access includes seeing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessLevel {
    /// See results and run saved queries.
    ViewOnly,
    /// Write and run any text as well.
    Full,
}

/// A user with everything the rules need to know.
#[derive(Debug, Clone)]
pub struct UserPrincipal {
    /// The user.
    pub id: UserId,
    /// The user's public identifier.
    pub uid: Uid,
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
    /// Whether the address is proved.
    pub email_verified: bool,
    /// Groups the user is in.
    pub groups: Vec<GroupId>,
    /// The words of all those groups, in their order, without repetition.
    pub permissions: Vec<String>,
    /// The best level per data source over all groups.
    pub sources: HashMap<SourceId, AccessLevel>,
    /// Values that queries may read as `{{ user.name }}`.
    pub attributes: BTreeMap<String, Json>,
}

impl UserPrincipal {
    /// Whether the user is an administrator, for whom no object is closed.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.permissions.iter().any(|word| word == "admin")
    }

    /// Whether the user holds an action.
    #[must_use]
    pub fn holds(&self, action: Action) -> bool {
        self.is_admin()
            || action.words().is_empty()
            || action.words().iter().all(|word| self.permissions.iter().any(|held| held == word))
    }

    /// The level of access to a data source.
    #[must_use]
    pub fn level(&self, source: SourceId) -> Option<AccessLevel> {
        if self.is_admin() {
            return Some(AccessLevel::Full);
        }
        self.sources.get(&source).copied()
    }
}

/// Somebody with the key of one query.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryPrincipal {
    /// The key.
    pub key: Arc<ActiveKey>,
    /// The query it opens.
    pub query: QueryId,
}

/// Somebody with the public link of one dashboard.
#[derive(Debug, Clone, PartialEq)]
pub struct DashboardPrincipal {
    /// The key.
    pub key: Arc<ActiveKey>,
    /// The dashboard it opens.
    pub dashboard: DashboardId,
    /// The queries shown on it.
    pub queries: Vec<QueryId>,
}

/// A program with a key of one workspace.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkspacePrincipal {
    /// The key.
    pub key: Arc<ActiveKey>,
    /// The workspace it works in.
    pub workspace: WorkspaceId,
}

/// Who is calling.
#[derive(Debug, Clone)]
pub enum Caller {
    /// Nobody known.
    Anonymous,
    /// A user, by session or by a key.
    User {
        /// The user.
        user: Arc<UserPrincipal>,
        /// The key that proved it; `None` for a session.
        key: Option<Arc<ActiveKey>>,
    },
    /// The holder of a query's key.
    Query(QueryPrincipal),
    /// The holder of a dashboard's link.
    Dashboard(Arc<DashboardPrincipal>),
    /// A program with a key of a workspace.
    Workspace(WorkspacePrincipal),
}

impl Caller {
    /// The user, if it is one.
    #[must_use]
    pub fn user(&self) -> Option<&UserPrincipal> {
        match self {
            Self::User { user, .. } => Some(user),
            Self::Anonymous | Self::Query(_) | Self::Dashboard(_) | Self::Workspace(_) => None,
        }
    }

    /// The key that proved it, if one did.
    #[must_use]
    pub fn key(&self) -> Option<&Arc<ActiveKey>> {
        match self {
            Self::Anonymous => None,
            Self::User { key, .. } => key.as_ref(),
            Self::Query(principal) => Some(&principal.key),
            Self::Dashboard(principal) => Some(&principal.key),
            Self::Workspace(principal) => Some(&principal.key),
        }
    }

    /// Whether the caller sees jobs and results of its own runs only.
    #[must_use]
    pub fn sees_own_runs_only(&self) -> bool {
        self.key().is_some_and(|key| key.token.is_some() || key.is_bounded())
    }

    /// The name under which jobs are the caller's own. Keys that see only their own runs have one
    /// each, and so have the visitors of a token's maker.
    #[must_use]
    pub fn participant(&self) -> String {
        match self.key() {
            Some(key) if self.sees_own_runs_only() => match &key.token {
                Some(token) => format!("key:{}/{}", key.id(), token.digest),
                None => format!("key:{}", key.id()),
            },
            _ => self.label(),
        }
    }

    /// The value of an attribute by its full name, such as `key.tenant` or `user.region`.
    ///
    /// # Errors
    /// `Forbidden`, naming it, if the caller has none; never an empty value.
    pub fn attribute(&self, name: &str) -> Result<&Json> {
        let found = match name.split_once('.') {
            Some(("user", member)) => self.user().and_then(|user| user.attributes.get(member)),
            Some(("key", member)) => self.key_attribute(member),
            _ => None,
        };
        found.ok_or_else(|| {
            let detail = format!("the query needs {name}, and this caller has none");
            Fault::new(Code::Forbidden, detail)
                .with_reason("object_denied")
                .with_names(vec![name.to_owned()])
        })
    }

    /// What a key says of its owner's attribute holds only as long as the owner has the same.
    fn key_attribute(&self, name: &str) -> Option<&Json> {
        let value = self.key()?.attribute(name)?;
        match self.user().filter(|user| !user.is_admin()) {
            Some(user) => user.attributes.get(name).is_none_or(|own| own == value).then_some(value),
            None => Some(value),
        }
    }

    /// Whether the caller proved its right with a session cookie.
    #[must_use]
    pub fn is_session(&self) -> bool {
        matches!(self, Self::User { key: None, .. })
    }

    /// A name for records: `user:7`, `key:12`, `anonymous`. Never the key itself.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Anonymous => "anonymous".to_owned(),
            Self::User { user, .. } => format!("user:{}", user.id),
            Self::Query(QueryPrincipal { key, .. })
            | Self::Workspace(WorkspacePrincipal { key, .. }) => format!("key:{}", key.id()),
            Self::Dashboard(principal) => format!("key:{}", principal.key.id()),
        }
    }
}

/// For whom the rows of a data source with a row policy are: everybody sees their own there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Viewer {
    /// Administrators, who see all rows.
    Everything,
    /// A user, who sees those of its own.
    User(UserId),
}

impl Viewer {
    /// As whom a caller looks. Who is no user looks as nobody.
    #[must_use]
    pub fn of(caller: &Caller) -> Option<Self> {
        let user = caller.user()?;
        Some(if user.is_admin() { Self::Everything } else { Self::User(user.id) })
    }

    /// Whether a user may see what was made for this viewer.
    #[must_use]
    pub fn admits(self, user: &UserPrincipal) -> bool {
        user.is_admin() || self == Self::User(user.id)
    }

    /// The spelling in storage: `all`, `user:7`.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::Everything => "all".to_owned(),
            Self::User(id) => format!("user:{id}"),
        }
    }

    /// Reads the spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("user:") {
            Some(id) => id.parse().ok().map(|id| Self::User(UserId(id))),
            None => (text == "all").then_some(Self::Everything),
        }
    }
}

/// What a list may contain for a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visible {
    /// An administrator sees everything.
    pub everything: bool,
    /// The user whose own objects are always in the list; zero, which nobody has, if only data
    /// sources count.
    pub user: UserId,
    /// Data sources whose objects are in the list.
    pub sources: Vec<SourceId>,
}
