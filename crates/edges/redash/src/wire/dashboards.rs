//! Dashboards and widgets.

use serde::Serialize;
use serde_json::{Value as Json, json};
use tessera_bi::{Bi, DashboardDetail, DashboardListing, WidgetDetail};
use tessera_httpkit::prefix::ORGANIZATION_SLUG;
use tessera_kernel::{Result, Secret};

use super::{QueryOut, UserBrief, VisualizationOut, time};

/// A dashboard. Fields that depend on where it is shown are left out when they are `None`.
#[derive(Debug, Serialize)]
pub(crate) struct DashboardOut<'a> {
    id: i64,
    slug: &'a str,
    name: &'a str,
    user_id: i64,
    user: UserBrief<'a>,
    layout: &'a Json,
    dashboard_filters_enabled: bool,
    widgets: Option<Vec<WidgetOut<'a>>>,
    options: &'a Json,
    is_archived: bool,
    is_draft: bool,
    tags: &'a [String],
    updated_at: String,
    created_at: String,
    version: i64,
    is_favorite: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    starred_at: Option<String>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    sharing: Option<Sharing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_edit: Option<bool>,
}

impl<'a> DashboardOut<'a> {
    /// In a list, or just made: without widgets.
    pub(crate) fn listed(listing: &'a DashboardListing) -> Self {
        let dashboard = &listing.dashboard;
        Self {
            id: dashboard.id.0,
            slug: &dashboard.slug,
            name: &dashboard.name,
            user_id: dashboard.owner.0,
            user: UserBrief::new(&listing.owner),
            layout: &dashboard.layout,
            dashboard_filters_enabled: dashboard.filters_enabled,
            widgets: None,
            options: &dashboard.options,
            is_archived: dashboard.is_archived,
            is_draft: dashboard.is_draft,
            tags: &dashboard.tags,
            updated_at: time(dashboard.updated_at),
            created_at: time(dashboard.created_at),
            version: dashboard.version,
            is_favorite: listing.starred_at.is_some(),
            starred_at: listing.starred_at.map(time),
            sharing: None,
            can_edit: None,
        }
    }

    /// By itself.
    pub(crate) fn single(bi: &Bi, detail: &'a DashboardDetail) -> Result<Self> {
        let widgets = detail.widgets.iter();
        let widgets = widgets.map(|(widget, hidden)| WidgetOut::new(bi, widget, *hidden));
        Ok(Self { widgets: Some(widgets.collect::<Result<_>>()?), ..Self::listed(&detail.listing) })
    }

    /// A fresh copy: of the widgets that show a query only the places, as of restricted ones. Clients
    /// open the copy and read it there.
    pub(crate) fn copied(bi: &Bi, detail: &'a DashboardDetail) -> Result<Self> {
        let widgets = detail.widgets.iter();
        let widgets = widgets.map(|(widget, _)| WidgetOut::new(bi, widget, widget.shows.is_some()));
        Ok(Self { widgets: Some(widgets.collect::<Result<_>>()?), ..Self::listed(&detail.listing) })
    }

    /// With its public link and whether the caller may change it.
    pub(crate) fn with_rights(self, sharing: Option<Sharing>, can_edit: bool) -> Self {
        Self { sharing, can_edit: Some(can_edit), ..self }
    }
}

/// A public link.
#[derive(Debug, Serialize)]
pub(crate) struct Sharing {
    public_url: String,
    api_key: String,
}

impl Sharing {
    pub(crate) fn new(base_url: &str, key: &Secret) -> Self {
        let api_key = key.expose().to_owned();
        let public_url =
            format!("{base_url}/public/dashboards/{api_key}?org_slug={ORGANIZATION_SLUG}");
        Self { public_url, api_key }
    }
}

/// A widget. Of one whose data is closed to the caller only the place is told.
#[derive(Debug, Serialize)]
pub(crate) struct WidgetOut<'a> {
    id: i64,
    width: i64,
    options: &'a Json,
    dashboard_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    updated_at: String,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    visualization: Option<VisualizationOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restricted: Option<bool>,
}

impl<'a> WidgetOut<'a> {
    pub(crate) fn new(bi: &Bi, detail: &'a WidgetDetail, restricted: bool) -> Result<Self> {
        let widget = &detail.widget;
        let visualization = match &detail.shows {
            Some((visualization, query)) if !restricted => {
                let query = QueryOut::shown(bi, query)?;
                Some(VisualizationOut::new(visualization).with_query(query))
            }
            _ => None,
        };
        Ok(Self {
            id: widget.id.0,
            width: widget.width,
            options: &widget.options,
            dashboard_id: widget.dashboard.0,
            text: (!restricted).then_some(widget.text.as_str()),
            updated_at: time(widget.updated_at),
            created_at: time(widget.created_at),
            visualization,
            restricted: restricted.then_some(true),
        })
    }
}

/// A dashboard behind a public link: no text of a query, no names of people.
#[derive(Debug, Serialize)]
pub(crate) struct PublicDashboardOut<'a> {
    name: &'a str,
    layout: &'a Json,
    dashboard_filters_enabled: bool,
    updated_at: String,
    created_at: String,
    options: &'a Json,
    widgets: Vec<Json>,
}

impl<'a> PublicDashboardOut<'a> {
    pub(crate) fn new(detail: &'a DashboardDetail) -> Self {
        let dashboard = &detail.listing.dashboard;
        let open = detail.widgets.iter().filter(|(_, restricted)| !restricted);
        Self {
            name: &dashboard.name,
            layout: &dashboard.layout,
            dashboard_filters_enabled: dashboard.filters_enabled,
            updated_at: time(dashboard.updated_at),
            created_at: time(dashboard.created_at),
            options: &dashboard.options,
            widgets: open.map(|(widget, _)| public_widget(widget)).collect(),
        }
    }
}

fn public_widget(detail: &WidgetDetail) -> Json {
    let widget = &detail.widget;
    let mut out = json!({
        "id": widget.id,
        "width": widget.width,
        "options": widget.options,
        "text": widget.text,
        "updated_at": time(widget.updated_at),
        "created_at": time(widget.created_at),
    });
    if let Some((visualization, query)) = &detail.shows {
        let query = &query.listing.query;
        out["visualization"] = json!({
            "type": visualization.kind,
            "name": visualization.name,
            "description": visualization.description,
            "options": visualization.options,
            "updated_at": time(visualization.updated_at),
            "created_at": time(visualization.created_at),
            "query": {
                "id": query.id,
                "name": query.name,
                "description": query.description,
                "options": query.options,
            },
        });
    }
    out
}
