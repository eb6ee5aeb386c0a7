//! From a text and values to what a job runs: checks, values, identity.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use serde_json::Map;
use tessera_access::{Caller, Payer};
use tessera_kernel::ids::{QueryId, SourceId};
use tessera_kernel::{Result, Timestamp};
use tessera_sqltext::{
    Bound, Context, Dialect, Parameter, Template, Values, apply_auto_limit, normalize_statements,
    query_hash,
};

use super::{QueryRun, RunViewer};
use crate::parameters::{attribute_values, definitions, pins};
use crate::results::{CacheIdentity, cache_key, template_digest, viewed_digest};
use crate::service::Parts;
use crate::{Json, Source};

/// What is to be run, before it is checked.
pub(super) struct Plan<'a> {
    pub(super) source: Option<SourceId>,
    pub(super) query: Option<QueryId>,
    pub(super) text: &'a str,
    pub(super) options: &'a Json,
    pub(super) auto_limit: bool,
    /// The moment that words like "yesterday" start from.
    pub(super) now: Timestamp,
    /// The zone in which they are meant.
    pub(super) zone: Tz,
}

/// What was checked and can be run.
pub(super) struct Prepared {
    pub(super) source: Source,
    /// Identity in the cache.
    pub(super) key: [u8; 32],
    dialect: Dialect,
    text: String,
    definitions: Vec<Parameter>,
    values: Values,
    attributes: BTreeMap<String, Json>,
    bound: Bound,
    limits: (u64, u64),
    viewer: Option<RunViewer>,
}

impl Parts {
    /// Checks what a caller wants to run with these values.
    pub(super) async fn prepare(
        &self,
        caller: &Caller,
        plan: &Plan<'_>,
        parameters: &Map<String, Json>,
    ) -> Result<Prepared> {
        let (source, dialect) = self.runnable(plan.source).await?;
        let text = if plan.auto_limit {
            apply_auto_limit(plan.text, self.settings.auto_limit_rows, dialect)
        } else {
            plan.text.to_owned()
        };
        let definitions = definitions(plan.options)?;
        let template = Template::parse(&text, dialect)?;
        let held = caller.key().map(std::sync::Arc::as_ref);
        let given = pins::merge(held, &template.names(), &definitions, parameters)?;
        let (attributes, own) = attribute_values(caller, &template.attributes())?;
        let dropdowns = self.dropdown_values(caller, &definitions).await?;
        let context = Context { now: plan.now, zone: plan.zone, dropdowns: &dropdowns };
        let values = template.resolve(&definitions, &given, &context)?;
        pins::check(held, &values, &context)?;
        let values = own.into_iter().fold(values, |values, (name, value)| values.with(name, value));
        let bound = template.bind(&definitions, &values)?;
        let limits = self.limits(caller);
        let viewer = self.viewer(&source, caller)?;
        let key = cache_key(&CacheIdentity {
            source: source.id,
            source_version: source.version,
            text: &text,
            bound: &bound,
            rows_max: limits.0,
            bytes_max: limits.1,
            viewer: viewer.map(|viewer| viewer.viewer),
        });
        Ok(Prepared {
            source,
            key,
            dialect,
            text,
            definitions,
            values,
            attributes,
            bound,
            limits,
            viewer,
        })
    }
}

impl Prepared {
    /// What a worker runs.
    pub(super) fn into_run(self, time_limit_seconds: u64, payers: Vec<Payer>) -> QueryRun {
        let display_text = normalize_statements(&self.bound.display, self.dialect);
        let whose = self.viewer.map(|viewer| viewer.viewer);
        let digest = viewed_digest(template_digest(self.source.id, &self.text), whose);
        QueryRun {
            query_hash: query_hash(&display_text),
            display_text,
            template_digest: hex::encode(digest),
            cache_key: hex::encode(self.key),
            text: self.text,
            definitions: self.definitions,
            values: self.values,
            time_limit_seconds,
            rows_max: self.limits.0,
            bytes_max: self.limits.1,
            attributes: self.attributes,
            payers,
            scheduled: false,
            viewer: self.viewer,
        }
    }
}
