//! Selectors: the objects that a grant is for, written as `query:42`.

use serde::{Deserialize, Serialize};
use tessera_kernel::ids::{DashboardId, GroupId, KeyId, QueryId, SourceId, UserId, WorkspaceId};

use crate::Object;
use crate::ports::Facts;

/// Which version of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QueryVersion {
    /// The latest one that was approved.
    Approved,
    /// The one with this number.
    Number(i64),
}

/// Objects. A query covers its results, jobs and visualizations; a data source all that hangs on it;
/// a dashboard its widgets; a workspace all that is in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Selector {
    /// Everything: `*`.
    #[default]
    Any,
    /// A query, perhaps in one version: `query:42`, `query:42@approved`, `query:42@7`.
    Query(QueryId, Option<QueryVersion>),
    /// A data source: `source:1`.
    Source(SourceId),
    /// A dashboard: `dashboard:3`.
    Dashboard(DashboardId),
    /// A user: `user:7`.
    User(UserId),
    /// A group: `group:2`.
    Group(GroupId),
    /// A key: `key:12`.
    Key(KeyId),
    /// A workspace: `workspace:1`.
    Workspace(WorkspaceId),
}

impl Selector {
    /// Whether an object is one of these.
    #[must_use]
    pub fn matches(self, object: Object, facts: &Facts) -> bool {
        match self {
            Self::Any => true,
            Self::Query(id, _) => {
                object == Object::Query(id)
                    || facts.query == Some(id)
                    || facts.result_of.contains(&id)
            }
            Self::Source(id) => object == Object::Source(id) || facts.source == Some(id),
            Self::Dashboard(id) => object == Object::Dashboard(id) || facts.dashboard == Some(id),
            Self::User(id) => object == Object::User(id),
            Self::Group(id) => object == Object::Group(id),
            Self::Key(id) => object == Object::Key(id),
            Self::Workspace(id) => object == Object::Workspace(id),
        }
    }
}

impl std::fmt::Display for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Query(id, None) => write!(f, "query:{id}"),
            Self::Query(id, Some(QueryVersion::Approved)) => write!(f, "query:{id}@approved"),
            Self::Query(id, Some(QueryVersion::Number(version))) => {
                write!(f, "query:{id}@{version}")
            }
            Self::Source(id) => write!(f, "source:{id}"),
            Self::Dashboard(id) => write!(f, "dashboard:{id}"),
            Self::User(id) => write!(f, "user:{id}"),
            Self::Group(id) => write!(f, "group:{id}"),
            Self::Key(id) => write!(f, "key:{id}"),
            Self::Workspace(id) => write!(f, "workspace:{id}"),
        }
    }
}

impl From<Selector> for String {
    fn from(selector: Selector) -> Self {
        selector.to_string()
    }
}

impl TryFrom<String> for Selector {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        read(&text).ok_or_else(|| {
            format!("{text:?} selects nothing; write * or a kind and a number, such as query:42, source:1, dashboard:3, group:2, user:7, key:12, workspace:1")
        })
    }
}

fn read(text: &str) -> Option<Selector> {
    if text == "*" {
        return Some(Selector::Any);
    }
    let (kind, rest) = text.split_once(':')?;
    let (number, version) = match rest.split_once('@') {
        None => (rest, None),
        Some((number, "approved")) => (number, Some(QueryVersion::Approved)),
        Some((number, version)) => (number, Some(QueryVersion::Number(whole(version)?))),
    };
    let number = whole(number)?;
    match (kind, version) {
        ("query", version) => Some(Selector::Query(QueryId(number), version)),
        (_, Some(_)) => None,
        ("source", _) => Some(Selector::Source(SourceId(number))),
        ("dashboard", _) => Some(Selector::Dashboard(DashboardId(number))),
        ("user", _) => Some(Selector::User(UserId(number))),
        ("group", _) => Some(Selector::Group(GroupId(number))),
        ("key", _) => Some(Selector::Key(KeyId(number))),
        ("workspace", _) => Some(Selector::Workspace(WorkspaceId(number))),
        _ => None,
    }
}

/// A positive number in digits only.
fn whole(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number > 0)
}
