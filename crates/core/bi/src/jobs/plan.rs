//! What a run will be, before it is one: its text, checked values, limits and identity.

use std::collections::HashMap;
use std::sync::Arc;

use chrono_tz::Tz;
use serde_json::Map;
use tessera_access::{ActiveKey, Caller, Payer};
use tessera_kernel::ids::{QueryId, SourceId};
use tessera_kernel::{Result, Timestamp};
use tessera_sqltext::{
    Context, Dialect, Parameter, Template, apply_auto_limit, normalize_statements, query_hash,
};

use super::QueryRun;
use super::inputs::Nesting;
use crate::Json;
use crate::parameters::{attribute_values, definitions, pins};
use crate::results::{CacheIdentity, cache_key, template_digest, viewed_digest};
use crate::service::Parts;

/// What is to be run, before it is checked.
pub(super) struct Plan<'a> {
    pub source: Option<SourceId>,
    pub query: Option<QueryId>,
    pub text: &'a str,
    pub options: &'a Json,
    /// The options of the query that a text not saved yet is to become a part of, if those count
    /// as far as they fit.
    pub hints: Option<&'a Json>,
    pub auto_limit: bool,
    /// The moment that words like "yesterday" start from.
    pub now: Timestamp,
    /// The zone in which they are meant.
    pub zone: Tz,
}

/// What is to be run, and where. Nobody pays for it yet.
pub(super) struct Planned {
    pub source: SourceId,
    pub key: [u8; 32],
    dialect: Dialect,
    /// Without what is only shown, which takes time and is not needed where a result is stored.
    pub run: QueryRun,
}

impl Planned {
    /// What a worker needs.
    pub(super) fn into_run(self, payers: Vec<Payer>) -> QueryRun {
        let display_text = normalize_statements(&self.run.display_text, self.dialect);
        QueryRun { query_hash: query_hash(&display_text), display_text, payers, ..self.run }
    }
}

impl Parts {
    /// Checks the values for a text, binds them, and finds out what the rows will depend on; also
    /// for the queries whose results it reads as tables.
    pub(super) async fn plan(
        &self,
        caller: &Caller,
        plan: &Plan<'_>,
        given: &Map<String, Json>,
        nesting: &Nesting,
    ) -> Result<Planned> {
        let (source, dialect) = self.runnable(plan.source).await?;
        let settings = &self.settings;
        let text = if plan.auto_limit {
            apply_auto_limit(plan.text, settings.auto_limit_rows, dialect)
        } else {
            plan.text.to_owned()
        };
        let mut definitions = definitions(plan.options)?;
        let template = Template::parse(&text, dialect)?;
        let held: Option<&ActiveKey> = caller.key().map(Arc::as_ref);
        let given = pins::merge(held, &template.names(), &definitions, given)?;
        let (mut attributes, own) = attribute_values(caller, &template.attributes())?;
        let hints = match plan.hints.filter(|_| held.is_none()) {
            Some(options) => self.hints(caller, options, &template.names()).await,
            None => None,
        };
        let dropdowns = match &hints {
            Some((_, dropdowns)) => dropdowns.clone(),
            None => self.dropdown_values(caller, &definitions).await?,
        };
        let context = Context { now: plan.now, zone: plan.zone, dropdowns: &dropdowns };
        let values = match hints {
            Some((hints, _)) => {
                let (known, values) = template.resolve_hinted(&hints, &given, &context)?;
                definitions = known;
                values
            }
            None => template.resolve(&definitions, &given, &context)?,
        };
        // The dry run asks the same: `queries::dry_run`.
        pins::check(held, &values, &context)?;
        let values = own.into_iter().fold(values, |values, (name, value)| values.with(name, value));
        let bound = template.bind(&definitions, &values)?;
        let (rows_max, bytes_max) = self.limits(caller);
        let inputs = self.inputs(caller, &source, &bound, dialect, plan, nesting).await?;
        let viewer = self.viewer(&source, caller)?.or(inputs.viewer);
        let whose = viewer.map(|viewer| viewer.viewer);
        let key = inputs.identify(cache_key(&CacheIdentity {
            source: source.id,
            source_version: source.version,
            text: &text,
            bound: &bound,
            rows_max,
            bytes_max,
            viewer: whose,
        }));
        let digest = inputs.own_digest(template_digest(source.id, &text), &key);
        attributes.extend(inputs.attributes);
        let run = QueryRun {
            query_hash: String::new(),
            display_text: bound.display,
            template_digest: hex::encode(viewed_digest(digest, whose)),
            cache_key: hex::encode(key),
            text,
            definitions,
            values,
            time_limit_seconds: settings.run_time_limit_seconds,
            rows_max,
            bytes_max,
            attributes,
            payers: Vec::new(),
            asked_by: caller.user().map_or_else(|| caller.label(), |user| user.email.clone()),
            asked_with: held.map(ActiveKey::id),
            viewer,
            scheduled: false,
            inputs: inputs.run,
        };
        Ok(Planned { source: source.id, key, dialect, run })
    }

    /// What the options of an earlier text say of the parameters that a text uses, with the values to
    /// choose from. What cannot be read any more says nothing.
    async fn hints(&self, caller: &Caller, options: &Json, used: &[String]) -> Option<Hints> {
        let mut hints = definitions(options).ok()?;
        hints.retain(|hint| used.contains(&hint.name));
        let dropdowns = self.dropdown_values(caller, &hints).await.unwrap_or_default();
        Some((hints, dropdowns))
    }
}

/// Definitions, and the values to choose from by the query that gives them.
type Hints = (Vec<Parameter>, HashMap<i64, Vec<String>>);
