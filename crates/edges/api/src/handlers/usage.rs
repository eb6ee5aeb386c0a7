//! Seeing what keys are, may, reach and did.

use axum::response::Response;
use chrono::TimeDelta;
use tessera_access::{
    Action, AskSelf, ListKeysSeenInUrls, Object, Period, ReadKeySelf, ReadReach, ReadUsage, Verdict,
};
use tessera_kernel::ids::KeyId;
use tessera_kernel::{Code, Fault, Result, Timestamp};

use crate::call::Call;
use crate::map::usage;
use crate::reply;
use crate::routes::{Param, Route, Verb};
use crate::wire::usage::{
    CanRequest, KeyReach, KeySelf, KeyUsage, Proposal, Refusal, SeenKey, Verdict as VerdictView,
};

/// Most refused requests of one key in the list.
const REFUSALS_MAX: u64 = 1000;

const FROM: Param =
    Param::new("from", "string", "The first moment (RFC 3339); 30 days before `to`.");
const TO: Param = Param::new("to", "string", "The moment after the last one (RFC 3339); now.");
const BY: Param = Param::new("by", "string", "`hour`, the only step there is.");

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Verb::Get,
            "/v1/keys/self",
            Action::KeysSelf,
            "read_key_self",
            "The key that is shown with this request",
            read_self,
        )
        .about("Every key may ask, whatever its terms.")
        .gives::<KeySelf>(200),
        Route::new(
            Verb::Post,
            "/v1/keys/self/can",
            Action::KeysCan,
            "can_key_self",
            "Whether one may do something, and which rule decides",
            can,
        )
        .about(
            "A dry run: nothing is done. With a key it is answered for the key, else for the \
             session. Limits and where the request comes from do not count, values of parameters do.",
        )
        .reads::<CanRequest>()
        .gives::<VerdictView>(200),
        Route::new(
            Verb::Get,
            "/v1/keys/seen-in-urls",
            Action::KeysSeenInUrls,
            "list_keys_seen_in_urls",
            "List the keys that came in addresses of requests",
            seen_in_urls,
        )
        .about("One's own; administrators see all.")
        .lists::<SeenKey>(),
        Route::new(
            Verb::Get,
            "/v1/keys/{id}/reach",
            Action::KeysReach,
            "read_key_reach",
            "Everything that a key reaches",
            reach,
        )
        .gives::<KeyReach>(200),
        Route::new(
            Verb::Get,
            "/v1/keys/{id}/usage",
            Action::KeysUsage,
            "read_key_usage",
            "How much a key was used, per hour",
            hours,
        )
        .params(&[FROM, TO, BY])
        .gives::<KeyUsage>(200),
        Route::new(
            Verb::Get,
            "/v1/keys/{id}/refusals",
            Action::KeysUsage,
            "list_key_refusals",
            "List what a key was refused, latest first",
            refusals,
        )
        .about("The latest 1000 of the period.")
        .params(&[FROM, TO])
        .lists::<Refusal>(),
        Route::new(
            Verb::Get,
            "/v1/keys/{id}/proposal",
            Action::KeysUsage,
            "read_key_proposal",
            "Narrower terms from what a key was used for",
            proposal,
        )
        .params(&[FROM, TO])
        .gives::<Proposal>(200),
    ]
}

async fn read_self(call: Call) -> Result<Response> {
    let caller = call.caller().await?;
    let Some(key) = caller.key() else {
        if caller.is_session() {
            let detail = "a session is no key; read /v1/session, or send a key";
            return Err(Fault::new(Code::NotFound, detail));
        }
        let detail = "send a key";
        return Err(Fault::new(Code::Unauthenticated, detail).with_reason("key_missing"));
    };
    call.permit(ReadKeySelf { key: key.id() }).await?;
    reply::ok(&usage::key_self(key, caller)?)
}

async fn can(call: Call) -> Result<Response> {
    let caller = call.caller().await?;
    let grant = call.permit(AskSelf { key: caller.key().map(|key| key.id()) }).await?;
    let asked: CanRequest = call.json()?;
    let action = Action::parse(&asked.action).ok_or_else(|| {
        let detail = format!("there is no action {:?}; /v1/actions lists them", asked.action);
        Fault::invalid("action", detail)
    })?;
    let object = Object::parse(&asked.resource).ok_or_else(|| {
        let detail = "send a kind and a number, such as query:42, or * for no object";
        Fault::invalid("resource", detail)
    })?;
    let gate = &call.access().gate;
    let mut verdict = gate.explain(caller, action, object).await?;
    if verdict.allow
        && let Err(fault) =
            call.bi().queries.check_values(&grant, action, object, &asked.parameters).await
    {
        verdict = Verdict::refused_values(fault)?;
    }
    reply::ok(&usage::verdict(verdict))
}

async fn seen_in_urls(call: Call) -> Result<Response> {
    let grant = call.permit(ListKeysSeenInUrls {}).await?;
    let keys = call.access().usage.seen_in_urls(&grant).await?;
    let now = call.access().usage.now();
    let seen = keys.iter().map(|key| usage::seen(key, now)).collect();
    reply::ok(&call.paging()?.cut(seen))
}

async fn reach(call: Call) -> Result<Response> {
    let key = key_id(&call).await?;
    let grant = call.permit(ReadReach { key }).await?;
    reply::ok(&usage::reach(key.0, &call.bi().reach.of_key(&grant).await?))
}

async fn hours(call: Call) -> Result<Response> {
    let key = key_id(&call).await?;
    let grant = call.permit(ReadUsage { key }).await?;
    call.choice("by", &[("hour", ())], ())?;
    let period = period(&call)?;
    let hours = call.access().usage.hours(&grant, period).await?;
    reply::ok(&usage::usage(key.0, period, &hours))
}

async fn refusals(call: Call) -> Result<Response> {
    let grant = call.permit(ReadUsage { key: key_id(&call).await? }).await?;
    let period = period(&call)?;
    let found = call.access().usage.refusals(&grant, period, REFUSALS_MAX).await?;
    reply::ok(&call.paging()?.cut(found.into_iter().map(usage::refusal).collect()))
}

async fn proposal(call: Call) -> Result<Response> {
    let key = key_id(&call).await?;
    let grant = call.permit(ReadUsage { key }).await?;
    let period = period(&call)?;
    let (observed, proposal) = call.access().usage.proposal(&grant, period).await?;
    let stand_in = call.access().gate.stand_in(key).await?;
    let reach = call.bi().reach.of(&stand_in).await?;
    reply::ok(&usage::proposal(key.0, period, &observed, proposal, &reach)?)
}

/// The key of the path: a number, or `self` for the one that is shown.
async fn key_id(call: &Call) -> Result<KeyId> {
    if call.segment(0) != "self" {
        return call.number(0, "key");
    }
    let key = call.caller().await?.key().map(|key| key.id());
    key.ok_or_else(|| Fault::not_found("key"))
}

fn period(call: &Call) -> Result<Period> {
    let time = |name: &str| -> Result<Option<Timestamp>> {
        let Some(text) = call.text(name) else { return Ok(None) };
        let parsed = chrono::DateTime::parse_from_rfc3339(text)
            .map_err(|_| Fault::invalid(name, "send a time such as 2026-11-21T00:00:00Z"))?;
        Ok(Some(parsed.to_utc()))
    };
    let to = match time("to")? {
        Some(to) => to,
        // The request itself counts.
        None => call.access().usage.now() + TimeDelta::seconds(1),
    };
    let from = time("from")?.unwrap_or(to - TimeDelta::days(30));
    if from >= to {
        return Err(Fault::invalid("from", "must be before `to`"));
    }
    Ok(Period { from, to })
}
