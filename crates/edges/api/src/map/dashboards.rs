//! Dashboards and widgets on the wire.

use tessera_access::Caller;
use tessera_bi as core;
use tessera_bi::{DashboardDetail, DashboardListing, WidgetDetail};
use tessera_kernel::Result;

use super::{access, queries, visualizations};
use crate::wire::dashboards::{Dashboard, Widget};

pub(crate) fn listing(listing: &DashboardListing, caller: &Caller) -> Dashboard {
    let core::Dashboard { id, uid, slug, name, layout, options, tags, .. } = &listing.dashboard;
    Dashboard {
        id: id.0,
        uid: *uid,
        slug: slug.clone(),
        name: name.clone(),
        owner: access::person(&listing.owner, caller),
        layout: layout.clone(),
        has_filters: listing.dashboard.filters_enabled,
        options: options.clone(),
        tags: tags.clone(),
        is_draft: listing.dashboard.is_draft,
        is_archived: listing.dashboard.is_archived,
        is_favorite: listing.starred_at.is_some(),
        version: listing.dashboard.version,
        created_at: listing.dashboard.created_at,
        updated_at: listing.dashboard.updated_at,
        can_edit: None,
        widgets: None,
    }
}

pub(crate) fn detail(detail: &DashboardDetail, caller: &Caller) -> Result<Dashboard> {
    let widgets = detail.widgets.iter().map(|(one, restricted)| widget(one, *restricted));
    Ok(Dashboard {
        can_edit: Some(detail.can_edit),
        widgets: Some(widgets.collect::<Result<_>>()?),
        ..listing(&detail.listing, caller)
    })
}

/// A widget whose data is closed to the caller shows its place and size only.
pub(crate) fn widget(detail: &WidgetDetail, restricted: bool) -> Result<Widget> {
    let widget = &detail.widget;
    let shows = detail.shows.as_ref().filter(|_| !restricted);
    Ok(Widget {
        id: widget.id.0,
        uid: widget.uid,
        dashboard_id: widget.dashboard.0,
        is_restricted: restricted,
        text: if restricted { String::new() } else { widget.text.clone() },
        width: widget.width,
        options: widget.options.clone(),
        visualization: shows.map(|(visualization, _)| visualizations::view(visualization)),
        query: shows.map(|(_, query)| queries::of_widget(query)).transpose()?,
        created_at: widget.created_at,
        updated_at: widget.updated_at,
    })
}
