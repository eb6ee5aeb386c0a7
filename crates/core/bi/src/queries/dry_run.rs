//! Whether a key lets its holder run a query with values, found out as a run finds it out, but
//! without running anything.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Map;
use tessera_access::{Action, ActiveKey, AskSelf, Authorized, Object};
use tessera_kernel::ids::QueryId;
use tessera_kernel::{Fault, Result};
use tessera_sqltext::{Context, Dialect, Parameter, Template};

use super::Queries;
use crate::Json;
use crate::parameters::{attribute_values, definitions, pins};

/// What the values are for.
struct Asked {
    template: Template,
    definitions: Vec<Parameter>,
}

impl Queries {
    /// Checks values of parameters for an act that the gate allows to the caller: against what the
    /// key pins and leaves free, read with the definitions of the query, in the zone and at the
    /// moment of a run, as a run reads them. Of parameters without a value nothing is said. An act
    /// on something else than a query has no definitions.
    ///
    /// # Errors
    /// `Forbidden` or `OutOfScope` for what the key does not allow; `InvalidParameters` for what
    /// is no value of a parameter; `NotFound`.
    pub async fn check_values(
        &self,
        grant: &Authorized<AskSelf>,
        action: Action,
        object: Object,
        given: &Map<String, Json>,
    ) -> Result<()> {
        // Only what runs takes the defaults as values.
        if given.is_empty() && action != Action::QueriesRun {
            return Ok(());
        }
        let caller = grant.caller();
        let held: Option<&ActiveKey> = caller.key().map(Arc::as_ref);
        let asked = match object {
            Object::Query(query) => self.asked_of(grant, query).await?,
            _ => asked_of_names(held, given)?,
        };
        let Asked { template, definitions } = asked;
        let given = pins::merge(held, &template.names(), &definitions, given)?;
        attribute_values(caller, &template.attributes())?;
        let dropdowns = match given.is_empty() {
            true => HashMap::new(),
            false => self.parts.dropdown_values(caller, &definitions).await?,
        };
        let (now, zone) = (self.parts.clock.now(), self.parts.settings.time_zone);
        let context = Context { now, zone, dropdowns: &dropdowns };
        let values = template.check(&definitions, &given, &context)?;
        pins::check(held, &values, &context)
    }

    /// The text and definitions that a run of a query by the caller would have.
    async fn asked_of(&self, grant: &Authorized<AskSelf>, query: QueryId) -> Result<Asked> {
        let query = self.parts.repos.query(query).await?;
        let query = query.ok_or_else(|| Fault::not_found("query"))?;
        let query = self.parts.as_given(grant.caller(), query).await?;
        // A paused source does not change what a key may.
        let source = match query.source {
            Some(source) => self.parts.repos.source(source).await?,
            None => None,
        };
        let dialect = match source {
            Some(source) => self.parts.type_of(&source)?.dialect,
            None => Dialect::Postgres,
        };
        Ok(Asked {
            template: Template::parse(&query.text, dialect)?,
            definitions: definitions(&query.options)?,
        })
    }
}

/// A text that takes the values that are given, and those that the key fixes.
fn asked_of_names(held: Option<&ActiveKey>, given: &Map<String, Json>) -> Result<Asked> {
    let pinned = held.into_iter().flat_map(ActiveKey::terms).flat_map(|terms| terms.pinned.keys());
    let names = given.keys().chain(pinned).map(|name| format!("{{{{ {name} }}}}"));
    let text = names.collect::<Vec<_>>().join(" ");
    let template = Template::parse(&text, Dialect::Postgres)?;
    Ok(Asked { template, definitions: Vec::new() })
}
