//! Widgets in the history of their dashboard: what is kept of them, and what going back to an
//! earlier state does with them.

use serde_json::{Map, json};
use tessera_access::Caller;
use tessera_kernel::ids::{VisualizationId, WidgetId};
use tessera_kernel::{Code, Result, Timestamp};

use super::{Dashboard, DashboardDetail, Dashboards, Widget};
use crate::Json;
use crate::history::WIDGET;

/// Why a widget cannot be brought back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WidgetLoss {
    /// What it showed was deleted.
    VisualizationGone,
    /// The query that it showed is archived.
    QueryArchived,
    /// The caller may not show data of that query.
    SourceClosed,
}

/// A widget that an earlier state had and that could not be brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostWidget {
    /// Its number.
    pub id: WidgetId,
    /// What it showed.
    pub visualization: Option<VisualizationId>,
    /// Why.
    pub why: WidgetLoss,
}

/// A dashboard after going back to an earlier state.
#[derive(Debug, Clone, PartialEq)]
pub struct RestoredDashboard {
    /// As it is now.
    pub detail: DashboardDetail,
    /// What could not be brought back.
    pub lost: Vec<LostWidget>,
}

/// The step of a dashboard's history that tells what happened to a widget, for
/// [`Change::changes`](crate::Change); `None` if nothing did.
#[must_use]
pub fn widget_step(before: Option<&Widget>, after: Option<&Widget>) -> Option<Json> {
    let id = after.or(before)?.id;
    let (previous, current) = (before.map(kept), after.map(kept));
    let differs = previous != current;
    differs.then(|| json!({ name(id): { "previous": previous, "current": current } }))
}

/// Whether a step tells of widgets only: those do not make a version.
pub(super) fn is_of_widgets(changes: &Json) -> bool {
    let names = changes.as_object().filter(|changes| !changes.is_empty());
    names.is_some_and(|changes| changes.keys().all(|name| name.starts_with(WIDGET)))
}

/// What the history keeps of widgets, under the names that it keeps them by.
pub(super) fn all_kept(widgets: &[Widget]) -> impl Iterator<Item = (String, Json)> {
    widgets.iter().map(|widget| (name(widget.id), kept(widget)))
}

fn name(id: WidgetId) -> String {
    format!("{WIDGET}{id}")
}

fn kept(widget: &Widget) -> Json {
    json!({
        "visualization_id": widget.visualization,
        "text": widget.text,
        "width": widget.width,
        "options": widget.options,
    })
}

/// What has to be done with the widgets of a dashboard to have those of an earlier state.
#[derive(Default)]
pub(super) struct WidgetPlan {
    /// To be written, or made with this number.
    pub(super) present: Vec<Widget>,
    /// To be deleted.
    pub(super) gone: Vec<WidgetId>,
    /// What cannot be brought back.
    pub(super) lost: Vec<LostWidget>,
}

impl Dashboards {
    /// What leads from the widgets of today to those in `fields`.
    pub(super) async fn plan_widgets(
        &self,
        dashboard: &Dashboard,
        today: &[Widget],
        fields: &Map<String, Json>,
        caller: &Caller,
    ) -> Result<WidgetPlan> {
        let mut plan = WidgetPlan::default();
        let now = self.parts.clock.now();
        for widget in today {
            if !fields.contains_key(&name(widget.id)) {
                plan.gone.push(widget.id);
            }
        }
        for (name, wanted) in fields {
            let id = name.strip_prefix(WIDGET).and_then(|id| id.parse().ok()).map(WidgetId);
            let Some(id) = id else { continue };
            match today.iter().find(|widget| widget.id == id) {
                Some(widget) if kept(widget) == *wanted => {}
                Some(widget) => plan.present.push(as_kept(widget.clone(), wanted, now)),
                None => {
                    let made = Widget {
                        id,
                        uid: self.parts.random.uid(now),
                        dashboard: dashboard.id,
                        visualization: wanted["visualization_id"].as_i64().map(VisualizationId),
                        text: String::new(),
                        width: 1,
                        options: json!({}),
                        created_at: now,
                        updated_at: now,
                    };
                    let made = as_kept(made, wanted, now);
                    match self.loss(made.visualization, caller).await? {
                        None => plan.present.push(made),
                        Some(why) => {
                            let visualization = made.visualization;
                            plan.lost.push(LostWidget { id, visualization, why });
                        }
                    }
                }
            }
        }
        // The names are in the order of texts.
        plan.present.sort_by_key(|widget| widget.id);
        plan.lost.sort_by_key(|lost| lost.id);
        Ok(plan)
    }

    /// Why a visualization cannot be shown again; `None` if it can.
    async fn loss(
        &self,
        shown: Option<VisualizationId>,
        caller: &Caller,
    ) -> Result<Option<WidgetLoss>> {
        let Some(id) = shown else { return Ok(None) };
        let repos = &self.parts.repos;
        let Some(visualization) = repos.visualization(id).await? else {
            return Ok(Some(WidgetLoss::VisualizationGone));
        };
        if repos.query(visualization.query).await?.is_some_and(|query| query.is_archived) {
            return Ok(Some(WidgetLoss::QueryArchived));
        }
        match self.check_visible(caller, id).await {
            Ok(()) => Ok(None),
            Err(fault) if fault.code() == Code::Forbidden => Ok(Some(WidgetLoss::SourceClosed)),
            Err(fault) if fault.code() == Code::NotFound => Ok(Some(WidgetLoss::VisualizationGone)),
            Err(fault) => Err(fault),
        }
    }
}

/// A widget with what the history kept of it. Steps of before widths were kept leave the width.
fn as_kept(widget: Widget, kept: &Json, now: Timestamp) -> Widget {
    Widget {
        text: kept["text"].as_str().unwrap_or_default().to_owned(),
        width: kept["width"].as_i64().unwrap_or(widget.width),
        options: Some(&kept["options"])
            .filter(|options| options.is_object())
            .cloned()
            .unwrap_or_else(|| json!({})),
        updated_at: now,
        ..widget
    }
}

#[cfg(test)]
mod tests {
    use tessera_kernel::ids::{DashboardId, Uid};

    use super::*;

    fn widget(text: &str) -> Widget {
        Widget {
            id: WidgetId(7),
            uid: Uid::nil(),
            dashboard: DashboardId(1),
            visualization: None,
            text: text.to_owned(),
            width: 2,
            options: json!({ "position": { "col": 3 } }),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn what_a_step_keeps_makes_the_same_widget_again() {
        let before = widget("a");
        let step = widget_step(Some(&before), None).expect("it is gone");
        assert!(is_of_widgets(&step) && !is_of_widgets(&json!({})));
        let blank = Widget { text: String::new(), width: 1, options: json!({}), ..before.clone() };
        let again = as_kept(blank, &step["widget 7"]["previous"], Timestamp::UNIX_EPOCH);
        assert_eq!(again, before);
        assert_eq!(widget_step(Some(&before), Some(&again)), None, "nothing happened");
    }

    #[test]
    fn a_step_of_before_widths_were_kept_leaves_the_width() {
        let kept = json!({ "visualization_id": null, "text": "b", "options": {} });
        let again = as_kept(widget("a"), &kept, Timestamp::UNIX_EPOCH);
        assert_eq!((again.text.as_str(), again.width, again.options), ("b", 2, json!({})));
    }
}
