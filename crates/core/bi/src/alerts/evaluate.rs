//! Evaluation: what a result means for an alert, what changes, and who is told.
//!
//! Nothing is stored here: an outcome is computed from the alert as it was read, and storage takes it
//! only if the alert still is what it was.

use std::time::Duration;

use serde_json::json;
use tessera_access::Caller;
use tessera_kernel::ids::{AlertId, UserId};
use tessera_kernel::{Code, Fault, Result, Timestamp};
use tessera_sqltext::{Context, Template, Values, apply_auto_limit, attributes_in, default_values};

use super::condition::Condition;
use super::rows::Observed;
use super::service::members;
use super::texts::{self, Texts, value_text};
use super::{
    Alert, AlertDetail, AlertNotice, AlertState, Alerts, DueEvaluation, EvaluationOutcome,
    NewDelivery,
};
use crate::jobs::auto_limited;
use crate::parameters::{attribute_values, definitions};
use crate::results::{CacheIdentity, cache_key};
use crate::service::Parts;
use crate::{Json, Query, QueryResult};

/// How often an evaluation is begun before it is given up.
const ATTEMPTS_MAX: i64 = 5;
/// How often it is computed anew because the alert changed meanwhile.
const TRIES: usize = 5;

/// Which results an alert looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looks {
    /// Those of the query's present text, which takes no values.
    AtText,
    /// Those of one run: its identity in the cache.
    AtRun([u8; 32]),
}

/// When subscribers are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tell {
    /// When the state changed, or it is time to tell again.
    Changes,
    /// In any case.
    Always,
}

/// What an evaluation found.
struct Finding {
    observed: Observed,
    state: AlertState,
    /// The run, as notices tell it.
    metadata: Json,
}

impl Alerts {
    /// Evaluates what waits longest, for the runtime. `false` if nothing is due.
    ///
    /// # Errors
    /// If storage fails: then it is due again after the lease.
    pub async fn evaluate_next(&self, node: &str, lease: Duration) -> Result<bool> {
        let parts = &self.parts;
        let now = parts.clock.now();
        let Some(due) = parts.repos.claim_evaluation(node, now, later(now, lease)).await? else {
            return Ok(false);
        };
        for _ in 0..TRIES {
            let outcome = match parts.evaluate_due(&due).await {
                Ok(outcome) => outcome,
                // The alert, its query or the result was deleted meanwhile.
                Err(fault) if fault.code() == Code::NotFound => None,
                Err(fault) if due.attempts >= ATTEMPTS_MAX => {
                    tracing::error!(alert = %due.alert, %fault, "an evaluation was given up");
                    None
                }
                Err(fault) => return Err(fault),
            };
            if parts.repos.settle_evaluation(due.id, node, outcome.as_ref()).await? {
                return Ok(true);
            }
        }
        Ok(true)
    }

    /// From when on something can be evaluated that is there now, for the runtime.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn next_evaluation_in(&self) -> Result<Option<Duration>> {
        let at = self.parts.repos.next_evaluation_at().await?;
        Ok(at.map(|at| self.until(at)))
    }

    /// Returns once there may be something to evaluate, for the runtime.
    pub async fn wait_evaluations(&self) {
        self.parts.repos.wait_evaluations().await;
    }

    pub(super) fn until(&self, at: Timestamp) -> Duration {
        (at - self.parts.clock.now()).to_std().unwrap_or(Duration::ZERO)
    }
}

impl Parts {
    /// What the latest result means. Without one, nothing is known.
    pub(super) async fn evaluate_now(&self, id: AlertId) -> Result<EvaluationOutcome> {
        let detail = self.require_alert(id).await?;
        let result = self.latest_for(&detail).await?;
        let finding = self.look(&detail, result.as_ref(), json!({})).await?;
        let outcome = self.outcome(&detail, &finding, Tell::Always).await?;
        outcome.ok_or_else(|| Fault::new(Code::Internal, "an evaluation that tells has an outcome"))
    }

    async fn evaluate_due(&self, due: &DueEvaluation) -> Result<Option<EvaluationOutcome>> {
        let detail = self.require_alert(due.alert).await?;
        let query = &detail.query.listing.query;
        let result =
            self.repos.result(due.result).await?.ok_or_else(|| Fault::not_found("result"))?;
        let fits = match self.looks(&detail.alert, query, due.asked_at).await? {
            _ if is_of_schedule(due, &detail.alert, query, &result) => true,
            None => false,
            Some(Looks::AtText) => {
                !result.has_parameters && query.template_digest == Some(result.template_digest)
            }
            Some(Looks::AtRun(key)) => result.cache_key == key,
        };
        if !fits {
            return Ok(None);
        }
        let metadata = self.run_facts(due, &result).await?;
        let finding = self.look(&detail, Some(&result), metadata).await?;
        self.outcome(&detail, &finding, Tell::Changes).await
    }

    /// The result that the alert looks at.
    async fn latest_for(&self, detail: &AlertDetail) -> Result<Option<QueryResult>> {
        let query = &detail.query.listing.query;
        match self.looks(&detail.alert, query, self.clock.now()).await? {
            None => Ok(None),
            Some(Looks::AtRun(key)) => self.repos.latest_result(&key, None).await,
            Some(Looks::AtText) => match query.latest_result {
                Some(id) => self.repos.result(id).await,
                None => Ok(None),
            },
        }
    }

    /// Which results an alert looks at. Where rows differ by who asks, only at those of its owner;
    /// `None` if there can be none: no data source, no value for a parameter, no owner any more.
    async fn looks(&self, alert: &Alert, query: &Query, at: Timestamp) -> Result<Option<Looks>> {
        let Some(id) = query.source else { return Ok(None) };
        let Some(source) = self.repos.source(id).await? else { return Ok(None) };
        let Some(known) = self.connectors.source_type(&source.kind) else { return Ok(None) };
        let text = if auto_limited(&query.options) {
            apply_auto_limit(&query.text, self.settings.auto_limit_rows, known.dialect)
        } else {
            query.text.clone()
        };
        let template = Template::parse(&text, known.dialect)?;
        if template.names().is_empty() && template.attributes().is_empty() && !known.row_policy {
            return Ok(Some(Looks::AtText));
        }
        let Some(user) = self.gate.principal(alert.owner).await? else { return Ok(None) };
        if user.level(source.id).is_none() {
            return Ok(None);
        }
        let caller = Caller::User { user, key: None };
        let identity = async {
            let definitions = definitions(&query.options)?;
            let mut given = default_values(&definitions);
            given.extend(members(alert.parameters.as_ref()));
            let names = template.names();
            given.retain(|name, _| names.contains(name));
            let (_, own) = attribute_values(&caller, &template.attributes())?;
            let dropdowns = self.dropdown_values(&caller, &definitions).await?;
            let zone = self.settings.time_zone;
            let context = Context { now: at, zone, dropdowns: &dropdowns };
            let values = template.resolve(&definitions, &given, &context)?;
            let values: Values =
                own.into_iter().fold(values, |values, (name, value)| values.with(name, value));
            let bound = template.bind(&definitions, &values)?;
            let (rows_max, bytes_max) = self.limits(&caller);
            let viewer = self.viewer(&source, &caller)?;
            Ok::<_, Fault>(cache_key(&CacheIdentity {
                source: source.id,
                source_version: source.version,
                text: &text,
                bound: &bound,
                rows_max,
                bytes_max,
                viewer: viewer.map(|viewer| viewer.viewer),
            }))
        };
        match identity.await {
            Ok(key) => Ok(Some(Looks::AtRun(key))),
            Err(fault) if matches!(fault.code(), Code::Unavailable | Code::Internal) => Err(fault),
            Err(fault) => {
                tracing::info!(alert = %alert.id, %fault, "an alert has no values to look for");
                Ok(None)
            }
        }
    }

    async fn look(
        &self,
        detail: &AlertDetail,
        result: Option<&QueryResult>,
        metadata: Json,
    ) -> Result<Finding> {
        let options = &detail.alert.options;
        let condition = Condition::of(options);
        let has_texts =
            texts::subject_template(options).is_some() || texts::body_template(options).is_some();
        let rows_max = if has_texts { self.settings.alert_rows_max } else { 0 };
        let observed = match result {
            Some(result) => self.observe(result, condition.as_ref(), rows_max).await?,
            None => Observed::default(),
        };
        let state = match (&condition, &observed.value) {
            (Some(condition), Some(value)) => condition.state(value),
            _ => AlertState::Unknown,
        };
        Ok(Finding { observed, state, metadata })
    }

    /// What changes, and who is told. `None` if nothing does and nobody is.
    async fn outcome(
        &self,
        detail: &AlertDetail,
        finding: &Finding,
        tell: Tell,
    ) -> Result<Option<EvaluationOutcome>> {
        let alert = &detail.alert;
        let now = self.clock.now();
        let state = finding.state;
        let changes = state != alert.state || tells_again(alert, now);
        let tells = match tell {
            Tell::Always => true,
            // That all is well from the beginning is no news.
            Tell::Changes if alert.state == AlertState::Unknown && state == AlertState::Ok => false,
            Tell::Changes => changes && !alert.is_muted(),
        };
        if !(changes || tells) {
            return Ok(None);
        }
        let mut told = alert.clone();
        if changes {
            (told.state, told.last_triggered_at, told.updated_at) = (state, Some(now), now);
        }
        let deliveries =
            if tells { self.deliveries(detail, &told, finding, now).await? } else { Vec::new() };
        Ok(Some(EvaluationOutcome {
            alert: alert.id,
            version: alert.version,
            change: changes.then_some((state, now)),
            deliveries,
        }))
    }

    async fn deliveries(
        &self,
        detail: &AlertDetail,
        alert: &Alert,
        finding: &Finding,
        now: Timestamp,
    ) -> Result<Vec<NewDelivery>> {
        let query = &detail.query.listing.query;
        let subscriptions = self.repos.subscriptions(alert.id).await?;
        if subscriptions.is_empty() {
            return Ok(Vec::new());
        }
        let base_url = self.base_url();
        let (subject, body) = Texts {
            alert,
            query_name: &query.name,
            state: finding.state,
            observed: &finding.observed,
            base_url: &base_url,
            bytes_max: self.settings.alert_text_bytes_max,
        }
        .write();
        let evaluation = self.random.uid(now);
        let mut deliveries = Vec::with_capacity(subscriptions.len());
        for subscription in subscriptions {
            let destination = subscription.destination.map(|destination| destination.id);
            let user = destination.is_none().then_some(subscription.user.id);
            if let Some(user) = user
                && !self.may_be_told(user, query).await?
            {
                continue;
            }
            let notice = AlertNotice {
                delivery: self.random.uid(now),
                at: now,
                alert: alert.id,
                name: alert.name.clone(),
                options: alert.options.clone(),
                state: finding.state,
                rearm: alert.rearm,
                last_triggered_at: alert.last_triggered_at,
                created_at: alert.created_at,
                updated_at: alert.updated_at,
                user: alert.owner,
                query: query.id,
                query_name: query.name.clone(),
                subject: subject.clone(),
                body: body.clone(),
                value: value_text(&finding.observed),
                base_url: base_url.clone(),
                metadata: finding.metadata.clone(),
            };
            deliveries.push(NewDelivery { destination, user, evaluation, notice });
        }
        Ok(deliveries)
    }

    /// Whether somebody still may see what the query gives.
    pub(super) async fn may_be_told(&self, user: UserId, query: &Query) -> Result<bool> {
        let user = self.gate.principal(user).await?;
        Ok(user.is_some_and(|user| query.source.is_none_or(|id| user.level(id).is_some())))
    }

    /// The facts of a run, under the names that receivers of webhooks know.
    async fn run_facts(&self, due: &DueEvaluation, result: &QueryResult) -> Result<Json> {
        let participant = due.participant.as_deref().unwrap_or_default();
        let user = participant.strip_prefix("user:").and_then(|id| id.parse().ok()).map(UserId);
        let user = match user {
            Some(id) => self.access.user(id).await?,
            None => None,
        };
        let name = user.map_or_else(|| participant.to_owned(), |user| user.email);
        let query = due.query.map_or_else(|| "adhoc".to_owned(), |query| query.to_string());
        let queue = if due.is_scheduled { "scheduled_queries" } else { "queries" };
        Ok(json!({
            "Username": name,
            "query_id": query,
            "Queue": queue,
            "Job ID": due.job.to_string(),
            "Query Hash": result.query_hash,
            "Scheduled": due.is_scheduled,
        }))
    }
}

/// Whether a schedule made a result with the query's own values, which are those of the alert. It
/// resolves words like "yesterday" for the moment that was due in its own time zone, so the values
/// themselves need not be equal. The job may be that of another query with the same text and values,
/// which the schedule joined: then the result became the latest of this query.
fn is_of_schedule(due: &DueEvaluation, alert: &Alert, query: &Query, result: &QueryResult) -> bool {
    let own = members(alert.parameters.as_ref()).is_empty();
    let alike = alert.owner == query.owner || attributes_in(&query.text).is_empty();
    due.is_scheduled
        && (due.query == Some(query.id) || query.latest_result == Some(result.id))
        && own
        && alike
        && result.viewer.is_none()
        && query.template_digest == Some(result.template_digest)
}

/// Whether an alert that stays triggered is to be told again.
fn tells_again(alert: &Alert, now: Timestamp) -> bool {
    let after = alert.rearm.filter(|seconds| *seconds > 0).map(chrono::TimeDelta::seconds);
    let since = after.zip(alert.last_triggered_at);
    alert.state == AlertState::Triggered && since.is_some_and(|(after, at)| at + after < now)
}

pub(super) fn later(now: Timestamp, by: Duration) -> Timestamp {
    now + chrono::TimeDelta::from_std(by).unwrap_or(chrono::TimeDelta::MAX)
}
