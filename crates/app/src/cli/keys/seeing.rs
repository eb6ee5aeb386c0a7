//! `tessera keys usage`, `reach` and `can`.

use anyhow::{Context, Result};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tessera_access::{Action, Object, Period, ReadReach, ReadUsage};
use tessera_kernel::ids::KeyId;

use crate::cli::output;
use crate::cli::session::Session;
use crate::compose::explain;

const HOURS: [&str; 7] =
    ["hour", "requests", "refused", "rows", "bytes", "duration_ms", "duration_ms_max"];
const REACHED: [&str; 4] = ["object", "name", "actions", "tables"];

/// The hours in which a key was used.
pub(super) async fn hours(session: &Session, id: i64, days: i64, as_json: bool) -> Result<()> {
    let grant = session.permit(ReadUsage { key: KeyId(id) }).await?;
    let to = session.core.clock.now();
    let period = Period { from: to - TimeDelta::days(days), to };
    let found = session.core.access.usage.hours(&grant, period).await.map_err(explain)?;
    let rows: Vec<Vec<Value>> = found
        .iter()
        .map(|hour| {
            vec![
                json!(hour.hour),
                json!(hour.requests),
                json!(hour.refused),
                json!(hour.rows),
                json!(hour.bytes),
                json!(hour.duration_ms),
                json!(hour.duration_ms_max),
            ]
        })
        .collect();
    output::table(&HOURS, &rows, as_json)
}

/// Everything that a key reaches.
pub(super) async fn reach(session: &Session, id: i64, as_json: bool) -> Result<()> {
    let grant = session.permit(ReadReach { key: KeyId(id) }).await?;
    let reach = session.core.bi.reach.of_key(&grant).await.map_err(explain)?;
    let names = |actions: &[Action]| -> Vec<&str> {
        actions.iter().map(|action| action.as_str()).collect()
    };
    if as_json {
        let objects: Vec<Value> = reach
            .objects
            .iter()
            .map(|found| {
                json!({
                    "object": found.object.label(), "name": found.name,
                    "actions": names(&found.actions), "tables": found.tables,
                })
            })
            .collect();
        return output::value(&json!({
            "key_id": id, "actions": names(&reach.actions), "objects": objects,
            "is_truncated": reach.truncated,
        }));
    }
    let rows: Vec<Vec<Value>> = reach
        .objects
        .iter()
        .map(|found| {
            vec![
                json!(found.object.label()),
                json!(found.name),
                json!(names(&found.actions).join(" ")),
                json!(found.tables.as_ref().map(|tables| tables.join(" "))),
            ]
        })
        .collect();
    output::table(&REACHED, &rows, false)?;
    output::line(&format!("{} actions: {}", reach.actions.len(), names(&reach.actions).join(" ")))?;
    if reach.truncated {
        output::line("there are more objects than were looked at")?;
    }
    Ok(())
}

/// Whether a key may do something.
pub(super) async fn can(
    session: &Session,
    id: i64,
    action: &str,
    resource: &str,
    as_json: bool,
) -> Result<()> {
    let action = Action::parse(action).with_context(|| format!("there is no action {action}"))?;
    let object = Object::parse(resource)
        .with_context(|| format!("{resource} is no object; write one such as query:42"))?;
    // Who may read what a key reaches may ask about it.
    session.permit(ReadReach { key: KeyId(id) }).await?;
    let gate = &session.core.access.gate;
    let caller = gate.stand_in(KeyId(id)).await.map_err(explain)?;
    let verdict = gate.explain(&caller, action, object).await.map_err(explain)?;
    if as_json {
        return output::value(&json!({
            "allow": verdict.allow, "reason": verdict.reason, "rule": verdict.rule,
            "needed": verdict.needed,
        }));
    }
    let word = if verdict.allow { "yes" } else { "no" };
    output::line(&format!("{word}: {}", verdict.rule))?;
    verdict.needed.iter().try_for_each(|needed| output::line(&format!("needed: {needed}")))
}
