//! Dashboards with their widgets, public links and editors.

use anyhow::Result;
use serde_json::Value;
use tessera_access::{KeyKind, KeyOwner, Object};
use tessera_bi::{ImportedDashboard, ImportedWidget, Numbered};
use tessera_kernel::Code;
use tessera_kernel::ids::{DashboardId, VisualizationId};

use super::json::{flag, id, key, list, number, person, text, texts, time};
use super::{Earlier, Import};
use crate::compose::explain;

const DASHBOARDS: Numbered = Numbered::Dashboards;
const WIDGETS: Numbered = Numbered::Widgets;

impl Import<'_> {
    pub(super) async fn dashboards(&mut self) -> Result<()> {
        let mut there = self.peer.all("/api/dashboards").await?;
        there.extend(self.peer.all("/api/dashboards/my").await?);
        there.sort_by_key(id);
        there.dedup_by_key(|dashboard| id(dashboard));
        self.report.found(DASHBOARDS.as_str(), there.len());
        self.report.note(
            "drafts of dashboards of others and archived dashboards are in no list there; they are \
             not imported",
        );
        for listed in there {
            let (old, name) = (id(&listed), text(&listed, "name"));
            let Some(dashboard) = self.peer.find(&format!("/api/dashboards/{old}")).await? else {
                self.report.skipped(DASHBOARDS.as_str(), old, &name, "it cannot be read");
                continue;
            };
            let earlier = self.earlier(DASHBOARDS, old, &listed);
            let made = match earlier {
                Earlier::Done => {
                    self.widgets(old, &dashboard).await?;
                    continue;
                }
                Earlier::Begun(here) => {
                    self.report.before(DASHBOARDS, old, false);
                    Ok(DashboardId(here))
                }
                Earlier::Nothing => self.dashboard(old, &dashboard).await,
            };
            match made {
                Ok(here) => {
                    self.numbers.insert((DASHBOARDS, old), here.0);
                    self.link(old, here, &dashboard, earlier).await;
                    self.editors("dashboards", old, Object::Dashboard(here)).await?;
                    self.note(DASHBOARDS, old, here.0, &listed).await?;
                    self.widgets(old, &dashboard).await?;
                }
                Err(error) => {
                    let why = format!("{error:#}");
                    self.report.skipped(DASHBOARDS.as_str(), old, &name, why);
                }
            }
        }
        Ok(())
    }

    async fn dashboard(&mut self, old: i64, there: &Value) -> Result<DashboardId> {
        if self.dry_run {
            self.report.created(DASHBOARDS, old, old);
            return Ok(DashboardId(old));
        }
        let now = self.core.clock.now();
        let slug = text(there, "slug");
        let new = ImportedDashboard {
            slug: slug.clone(),
            name: text(there, "name"),
            owner: self.owner(person(there, "user")),
            layout: there["layout"].clone(),
            filters_enabled: flag(there, "dashboard_filters_enabled"),
            options: there["options"].clone(),
            tags: texts(there, "tags"),
            is_draft: flag(there, "is_draft"),
            is_archived: flag(there, "is_archived"),
            created_at: time(there, "created_at", now),
            updated_at: time(there, "updated_at", now),
        };
        let made = self.core.bi.imports.dashboard(&self.grant, &self.begun(old), new).await;
        let (here, given) = made.map_err(explain)?;
        if given != slug {
            self.report.note(format!("the slug {slug} is taken: dashboard {old} is {given} here"));
        }
        self.report.created(DASHBOARDS, old, here.0);
        Ok(here)
    }

    /// Keeps a public link working.
    async fn link(&mut self, old: i64, here: DashboardId, there: &Value, earlier: Earlier) {
        if self.dry_run {
            return;
        }
        if there["public_url"].is_string()
            && let Some(key) = key(there)
        {
            let owner = KeyOwner::Dashboard(here);
            let keys = &self.core.access.keys;
            let kept = keys.keep_recoverable(&self.grant, KeyKind::Dashboard, owner, &key).await;
            // One that an import began may have its key already.
            if let Err(fault) = kept
                && (earlier == Earlier::Nothing || fault.code() != Code::Duplicate)
            {
                let why = fault.detail();
                self.report.note(format!("the public link of dashboard {old} is not kept: {why}"));
            }
        }
    }

    async fn widgets(&mut self, old: i64, dashboard: &Value) -> Result<()> {
        let Some(here) = self.here(DASHBOARDS, old) else { return Ok(()) };
        let now = self.core.clock.now();
        let mut widgets: Vec<&Value> = list(dashboard, "widgets").iter().collect();
        widgets.sort_by_key(|widget| id(widget));
        self.report.found(WIDGETS.as_str(), widgets.len());
        for widget in widgets {
            let old = id(widget);
            if self.is_done(WIDGETS, old, widget) {
                continue;
            }
            let shown = number(&widget["visualization"], "id");
            let visualization = shown.and_then(|old| self.here(Numbered::Visualizations, old));
            if shown.is_some() && visualization.is_none() || flag(widget, "restricted") {
                let why = "what it shows was not imported";
                self.report.skipped(WIDGETS.as_str(), old, &text(dashboard, "name"), why);
                continue;
            }
            let new = ImportedWidget {
                dashboard: DashboardId(here),
                visualization: visualization.map(VisualizationId),
                text: text(widget, "text"),
                width: number(widget, "width").unwrap_or(1),
                options: widget["options"].clone(),
                created_at: time(widget, "created_at", now),
                updated_at: time(widget, "updated_at", now),
            };
            let here = match self.dry_run {
                true => old,
                false => {
                    let (imports, mark) = (&self.core.bi.imports, self.whole(old, widget));
                    imports.widget(&self.grant, &mark, new).await.map_err(explain)?.0
                }
            };
            self.report.created(WIDGETS, old, here);
            self.note(WIDGETS, old, here, widget).await?;
        }
        Ok(())
    }
}
