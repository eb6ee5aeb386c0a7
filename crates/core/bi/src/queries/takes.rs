//! What a query takes: the parameters and attributes that its text uses, to pin or to ask for them.

use serde_json::Map;
use tessera_access::terms::QueryVersion;
use tessera_access::{Authorized, ReadQuery};
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Parameter, Template, parameters_in};

use super::Queries;
use super::pinned::edits;
use crate::Json;
use crate::parameters::definitions;

/// What the text of a query takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryTakes {
    /// The version that this is of.
    pub version: i64,
    /// The present version.
    pub current: i64,
    /// The approved version.
    pub approved: Option<i64>,
    /// The parameters, in order of first appearance.
    pub parameters: Vec<Taken>,
    /// The attributes of whoever runs it, such as `key.tenant`.
    pub attributes: Vec<String>,
    /// Whether the caller may make keys for any version, and not for the approved one only.
    pub any_version: bool,
}

/// A parameter that a text uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its name.
    pub name: String,
    /// Whether the text uses an end of it.
    pub is_range: bool,
    /// What its author says of it.
    pub definition: Option<Parameter>,
}

impl Queries {
    /// Whether the text of a query uses a parameter that has a value among these.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn uses_one_of(
        &self,
        grant: &Authorized<ReadQuery>,
        values: &Map<String, Json>,
    ) -> Result<bool> {
        if values.is_empty() {
            return Ok(false);
        }
        let query = self.require(grant.act().query).await?;
        Ok(parameters_in(&query.text).iter().any(|name| values.contains_key(name)))
    }

    /// What a version of a query takes; `None` is the present one.
    ///
    /// # Errors
    /// `Invalid` for a version that is not there, or a text that cannot be read; `SourceMissing` or
    /// `SourcePaused` if it cannot run; `Forbidden` or `OutOfScope` for keys of queries and those that
    /// are bound to values or versions, which make no keys and see nothing of other versions.
    pub async fn takes(
        &self,
        grant: &Authorized<ReadQuery>,
        version: Option<QueryVersion>,
    ) -> Result<QueryTakes> {
        let user = grant.user()?;
        if grant.caller().sees_own_runs_only() {
            let detail = "a key that is bound to values or a version makes no keys";
            return Err(Fault::new(Code::OutOfScope, detail).with_reason("scope_missing"));
        }
        let query = self.require(grant.act().query).await?;
        let approved = self.parts.repos.approved_version(query.id).await?;
        let current = query.version;
        let (version, text, options, source) =
            match self.parts.version_number(&query, version).await? {
                None => (current, query.text, query.options, query.source),
                Some(number) => {
                    let found = self.parts.version(&query, number).await?;
                    (number, found.text, found.options, found.source)
                }
            };
        let (_, dialect) = self.parts.runnable(source).await?;
        let definitions = definitions(&options)?;
        let template = Template::parse(&text, dialect)?;
        let ranges = template.ranges();
        let taken = |name: String| Taken {
            is_range: ranges.contains(name.as_str()),
            definition: definitions.iter().find(|definition| definition.name == name).cloned(),
            name,
        };
        let parameters = template.names().into_iter().map(taken).collect();
        let attributes = template.attributes();
        let any_version = edits(user, grant.facts());
        Ok(QueryTakes { version, current, approved, parameters, attributes, any_version })
    }
}
