//! What can be done with the widgets of a dashboard.

use serde_json::json;
use tessera_access::{Authorized, Caller, EditWidget, UpdateDashboard};
use tessera_kernel::ids::{DashboardId, VisualizationId, WidgetId};
use tessera_kernel::{Fault, Result};

use super::service::is_restricted;
use super::{Dashboards, Widget, WidgetDetail};
use crate::Json;

const TEXT_BYTES_MAX: usize = 1 << 20;

/// What a new widget is made of.
#[derive(Debug, Clone)]
pub struct NewWidget {
    /// What it shows; `None` for a text.
    pub visualization: Option<VisualizationId>,
    /// The text.
    pub text: String,
    /// The width.
    pub width: i64,
    /// Position and parameter mappings.
    pub options: Json,
}

/// What to change; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct WidgetChange {
    /// A new text.
    pub text: Option<String>,
    /// New options.
    pub options: Option<Json>,
}

impl Dashboards {
    /// Adds a widget.
    ///
    /// # Errors
    /// `NotFound` for an unknown visualization; `Forbidden` for one whose data the caller may not
    /// see; `Invalid`.
    pub async fn add_widget(
        &self,
        grant: &Authorized<UpdateDashboard>,
        new: NewWidget,
    ) -> Result<(WidgetDetail, bool)> {
        if let Some(id) = new.visualization {
            self.check_visible(grant.caller(), id).await?;
        }
        let now = self.parts.clock.now();
        let widget = Widget {
            id: WidgetId(0),
            uid: self.parts.random.uid(now),
            dashboard: grant.act().dashboard,
            visualization: new.visualization,
            text: clean_text(new.text)?,
            width: new.width,
            options: clean_options(new.options)?,
            created_at: now,
            updated_at: now,
        };
        let id = self.parts.repos.insert_widget(&widget, grant.user()?.id).await?;
        self.parts.gate.forget_keys();
        self.widget_detail(widget.dashboard, id, grant.caller()).await
    }

    /// Changes a widget.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`.
    pub async fn update_widget(
        &self,
        grant: &Authorized<EditWidget>,
        change: WidgetChange,
    ) -> Result<(WidgetDetail, bool)> {
        let id = grant.act().widget;
        let mut widget =
            self.parts.repos.widget(id).await?.ok_or_else(|| Fault::not_found("widget"))?;
        if let Some(text) = change.text {
            widget.text = clean_text(text)?;
        }
        if let Some(options) = change.options {
            widget.options = clean_options(options)?;
        }
        widget.updated_at = self.parts.clock.now();
        self.parts.repos.update_widget(&widget, grant.user()?.id).await?;
        self.widget_detail(widget.dashboard, id, grant.caller()).await
    }

    /// Deletes a widget.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn delete_widget(&self, grant: &Authorized<EditWidget>) -> Result<()> {
        let (user, now) = (grant.user()?.id, self.parts.clock.now());
        self.parts.repos.delete_widget(grant.act().widget, user, now).await?;
        self.parts.gate.forget_keys();
        Ok(())
    }

    async fn widget_detail(
        &self,
        dashboard: DashboardId,
        id: WidgetId,
        caller: &Caller,
    ) -> Result<(WidgetDetail, bool)> {
        let widgets = self.parts.repos.widgets(dashboard).await?;
        let found = widgets.into_iter().find(|detail| detail.widget.id == id);
        let detail = found.ok_or_else(|| Fault::not_found("widget"))?;
        let restricted = is_restricted(&detail, caller);
        Ok((detail, restricted))
    }
}

fn clean_text(text: String) -> Result<String> {
    if text.len() > TEXT_BYTES_MAX {
        let detail = format!("must have at most {TEXT_BYTES_MAX} bytes");
        return Err(Fault::invalid("text", detail));
    }
    Ok(text)
}

fn clean_options(options: Json) -> Result<Json> {
    match options {
        Json::Null => Ok(json!({})),
        Json::Object(_) => Ok(options),
        _ => Err(Fault::invalid("options", "must be an object")),
    }
}
