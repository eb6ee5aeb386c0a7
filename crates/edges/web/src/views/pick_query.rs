//! Which query a pinned key is to open.

use tessera_bi::QueryListing;
use tessera_kernel::Page;

use crate::controls::Control;
use crate::html::Html;

/// Queries to choose from.
pub(crate) struct Pick<'a> {
    pub(crate) found: &'a Page<QueryListing>,
    /// What was searched for.
    pub(crate) typed: &'a str,
}

impl Pick<'_> {
    pub(crate) fn html(&self) -> Html {
        let search = Control {
            id: "q",
            name: "q",
            label: "Words or number of the query",
            hint: "",
            error: None,
        };
        html!(
            "<p class=\"muted narrow\">A pinned key opens one query with values that its holder cannot \
             change. Choose the query.</p>\n\
             <form method=\"get\" action=\"/keys/pinned/new\" class=\"filters\" role=\"search\">{}\
             <button>Search</button></form>\n{}",
            search.input("search", self.typed, &html!("")),
            self.list()
        )
    }

    fn list(&self) -> Html {
        if self.found.items.is_empty() {
            return match self.typed {
                "" => html!(
                    "<div class=\"box\"><p>There are no queries that you can run yet.</p></div>"
                ),
                _ => html!(
                    "<div class=\"box\"><p>No query fits.</p><p><a class=\"button\" \
                     href=\"/keys/pinned/new\">Show the latest ones</a></p></div>"
                ),
            };
        }
        let line = |listing: &QueryListing| {
            let query = &listing.query;
            html!(
                "<li><a href=\"/keys/pinned/new?query={}\">{}</a> <span class=\"muted\">query {}, by {}\
                 </span></li>",
                query.id.0,
                query.name,
                query.id.0,
                listing.owner.name
            )
        };
        let shown = self.found.items.len();
        let more = match self.found.total.saturating_sub(shown as u64) {
            0 => html!(""),
            more => html!("<p class=\"hint\">{} more: search for them.</p>", more),
        };
        html!(
            "<ul class=\"plain\">{}</ul>{}",
            self.found.items.iter().map(line).collect::<Html>(),
            more
        )
    }
}
