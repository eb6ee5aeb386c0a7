//! Data sources: without their secrets, which no API gives, and paused until those are set.

use anyhow::Result;
use serde_json::{Map, Value};
use tessera_access::{AccessLevel, ListSourceTypes, RequestContext};
use tessera_bi::{ImportedSource, Numbered, SourceType};
use tessera_kernel::ids::GroupId;

use super::Import;
use super::json::{flag, id, text, text_or_none};
use crate::compose::explain;

const SOURCES: Numbered = Numbered::Sources;
/// What stands for a secret in an answer.
const MASK: &str = "--------";

impl Import<'_> {
    pub(super) async fn sources(&mut self) -> Result<()> {
        let there = self.peer.get("/api/data_sources").await?;
        let mut there: Vec<Value> = there.as_array().cloned().unwrap_or_default();
        there.sort_by_key(id);
        self.report.found(SOURCES.as_str(), there.len());
        let context = RequestContext::default();
        let grant = self.core.access.gate.permit(&self.caller, &context, ListSourceTypes {}).await;
        let types = self.core.bi.sources.types(&grant.map_err(explain)?);
        for listed in there {
            let old = id(&listed);
            let name = text(&listed, "name");
            let Some(source) = self.peer.find(&format!("/api/data_sources/{old}")).await? else {
                self.report.skipped(SOURCES.as_str(), old, &name, "its settings cannot be read");
                continue;
            };
            if self.is_done(SOURCES, old, &source) {
                continue;
            }
            let new = self.to_import(&source, &types);
            if let Some(why) = &new.paused {
                self.report.note(format!("data source {old} ({name}) is paused: {why}"));
            }
            let here = match self.dry_run {
                true => old,
                false => {
                    let (imports, mark) = (&self.core.bi.imports, self.whole(old, &source));
                    imports.source(&self.grant, &mark, new).await.map_err(explain)?.0
                }
            };
            self.report.created(SOURCES, old, here);
            self.note(SOURCES, old, here, &source).await?;
        }
        Ok(())
    }

    fn to_import(&self, there: &Value, types: &[SourceType]) -> ImportedSource {
        let kind = text(there, "type");
        let (options, masked) = without_secrets(&there["options"]);
        let known = types.iter().any(|known| known.name == kind);
        let paused = if !known {
            Some(format!("there is no connector for its type {kind} here"))
        } else if !masked.is_empty() {
            Some(format!("set its secrets, then resume it: {}", masked.join(", ")))
        } else if flag(there, "paused") || there["paused"] == 1 {
            Some(text_or_none(there, "pause_reason").unwrap_or_else(|| "it was".to_owned()))
        } else {
            None
        };
        let groups = there["groups"].as_object().into_iter().flatten();
        let groups = groups.filter_map(|(group, view_only)| {
            let group = self.here(Numbered::Groups, group.parse().ok()?)?;
            let level = match view_only.as_bool() {
                Some(true) => AccessLevel::ViewOnly,
                _ => AccessLevel::Full,
            };
            Some((GroupId(group), level))
        });
        ImportedSource {
            name: text(there, "name"),
            kind,
            options,
            paused,
            groups: groups.collect(),
        }
    }
}

/// Options without secrets, and the names of those.
pub(super) fn without_secrets(options: &Value) -> (Value, Vec<String>) {
    let members = options.as_object().cloned().unwrap_or_default();
    let (secret, open): (Map<String, Value>, Map<String, Value>) =
        members.into_iter().partition(|(_, value)| value.as_str() == Some(MASK));
    (Value::Object(open), secret.into_iter().map(|(name, _)| name).collect())
}
