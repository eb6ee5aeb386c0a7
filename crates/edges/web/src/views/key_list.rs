//! The list of keys.

use chrono::TimeDelta;
use tessera_access::{Key, KeyKind, KeyState};
use tessera_kernel::{Page, PageRequest, Timestamp};

use super::{chip, encoded};
use crate::controls::Control;
use crate::fields::Fields;
use crate::html::Html;
use crate::times::{away, moment};
use crate::words::{self, Names};

/// A key that ends within so many days is marked.
const SOON_DAYS: i64 = 14;
/// So many sentences of what a key may do are in the list.
const TOLD: usize = 4;

/// The list of keys.
pub(crate) struct List<'a> {
    pub(crate) found: Page<Key>,
    pub(crate) page: PageRequest,
    pub(crate) names: &'a Names,
    pub(crate) now: Timestamp,
    /// What is asked for.
    pub(crate) query: &'a Fields,
    /// Whether everybody's keys are shown.
    pub(crate) all: bool,
    pub(crate) is_admin: bool,
    pub(crate) is_filtered: bool,
}

impl List<'_> {
    pub(crate) fn html(&self) -> Html {
        html!(
            "<div class=\"row\"><p class=\"muted\">A key acts for its owner, within its terms. Its text \
             is shown once, when it is made.</p></div>\n\
             <p class=\"row\"><a class=\"button main\" href=\"/keys/pinned/new\">New pinned key of a \
             query</a><a class=\"button\" href=\"/keys/new\">New key of mine</a></p>\n{}{}",
            self.filters(),
            if self.found.items.is_empty() { self.empty() } else { self.table() }
        )
    }

    fn filters(&self) -> Html {
        let control = |id: &'static str, label: &'static str| Control {
            id,
            name: id,
            label,
            hint: "",
            error: None,
        };
        let whose = match self.is_admin {
            false => html!(""),
            true => control("whose", "Whose")
                .select([("", "Mine"), ("all", "Everybody’s")], self.query.get("whose")),
        };
        let states = KeyState::ALL.map(|state| (state.as_str(), words::state(state).0));
        let states = std::iter::once(("", "All but revoked")).chain(states);
        let kinds = [
            ("", "All"),
            (KeyKind::User.as_str(), "Personal keys"),
            (KeyKind::Query.as_str(), "Keys of queries"),
            (KeyKind::Dashboard.as_str(), "Dashboard links"),
            (KeyKind::Service.as_str(), "Service keys"),
            (KeyKind::Agent.as_str(), "Agent keys"),
            (KeyKind::Ingest.as_str(), "Ingest keys"),
        ];
        let only =
            [("", "All"), ("ending", "End within 14 days"), ("unused", "Unused for 90 days")];
        html!(
            "<form method=\"get\" action=\"/keys\" class=\"filters\" aria-label=\"Which keys\">\
             {}{}{}{}<button>Show</button></form>\n",
            whose,
            control("state", "State").select(states, self.query.get("state")),
            control("kind", "Kind").select(kinds, self.query.get("kind")),
            control("only", "Only").select(only, self.query.get("only"))
        )
    }

    fn empty(&self) -> Html {
        if self.is_filtered || self.page.number > 1 {
            let all = if self.all { "/keys?whose=all" } else { "/keys" };
            return html!(
                "<div class=\"box\"><p>No key fits.</p><p><a class=\"button\" href=\"{}\">Show all of \
                 them</a></p></div>",
                all
            );
        }
        html!(
            "<div class=\"box\"><p>There are no keys yet. Make one for a script of yours, or a pinned one \
             that shows an outsider some rows of a query.</p></div>"
        )
    }

    fn table(&self) -> Html {
        let rows: Html = self.found.items.iter().map(|key| self.row(key)).collect();
        html!(
            "<table role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\">\
             <th role=\"columnheader\" scope=\"col\">Name</th>\
             <th role=\"columnheader\" scope=\"col\">What it may do</th>\
             <th role=\"columnheader\" scope=\"col\">Last used</th>\
             <th role=\"columnheader\" scope=\"col\">Ends</th>\
             <th role=\"columnheader\" scope=\"col\">State</th></tr></thead>\n\
             <tbody role=\"rowgroup\">{}</tbody></table>\n{}",
            rows,
            self.pages()
        )
    }

    fn row(&self, key: &Key) -> Html {
        let owner = match self.all {
            true => html!("<br><span class=\"muted\">of {}</span>", self.names.owner(key.owner)),
            false => html!(""),
        };
        let name = if key.name.is_empty() { words::kind(key) } else { &key.name };
        // One whose owner may see its text again at any time.
        let kind = match key.sealed {
            Some(_) => "Readable for compatibility",
            None => words::kind(key),
        };
        html!(
            "<tr role=\"row\"><td role=\"cell\"><a class=\"name\" href=\"/keys/{}\">{}</a><br>\
             <span class=\"muted\">{}</span><br><span class=\"mono muted\">{}…</span>{}</td>\
             <td role=\"cell\" class=\"may\" data-label=\"May do\"><div>{}</div></td>\
             <td role=\"cell\" data-label=\"Last used\"><div>{}</div></td>\
             <td role=\"cell\" data-label=\"Ends\"><div>{}</div></td>\
             <td role=\"cell\" data-label=\"State\"><div>{}</div></td></tr>\n",
            key.id.0,
            name,
            kind,
            key.hint,
            owner,
            self.may(key),
            self.used(key),
            self.ends(key),
            chip(key.state(self.now))
        )
    }

    fn may(&self, key: &Key) -> Html {
        let told = words::may(key, self.names);
        let lines: Html = told.iter().take(TOLD).map(|line| html!("<div>{}</div>", line)).collect();
        match told.len().saturating_sub(TOLD) {
            0 => lines,
            more => html!("{}<div class=\"muted\">and {} more</div>", lines, more),
        }
    }

    fn used(&self, key: &Key) -> Html {
        match key.last_used_at {
            None => html!("<span class=\"muted\">never</span>"),
            Some(at) => {
                html!("{}<br><span class=\"muted\">{}</span>", away(at, self.now), moment(at))
            }
        }
    }

    fn ends(&self, key: &Key) -> Html {
        let Some(end) = key.expires_at else {
            return html!("<span class=\"muted\">never</span>");
        };
        let soon = end - self.now < TimeDelta::days(SOON_DAYS);
        let class = if soon { "warn" } else { "" };
        html!(
            "<span class=\"{}\">{}</span><br><span class=\"muted\">{}</span>",
            class,
            away(end, self.now),
            moment(end)
        )
    }

    fn pages(&self) -> Html {
        let PageRequest { number, size } = self.page;
        let last = self.found.total.div_ceil(size).max(1);
        if last == 1 {
            return html!("");
        }
        let link = |to: u64, text: &str| {
            let mut pairs: Vec<(&str, &str)> = ["whose", "state", "kind", "only"]
                .map(|name| (name, self.query.get(name)))
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .collect();
            let to = to.to_string();
            pairs.push(("page", &to));
            html!("<a class=\"button\" href=\"/keys?{}\">{}</a>", encoded(&pairs), text)
        };
        let back = (number > 1).then(|| link(number - 1, "Previous"));
        let on = (number < last).then(|| link(number + 1, "Next"));
        html!(
            "<nav class=\"pages\" aria-label=\"Pages\">{}<span>Page {} of {}</span>{}</nav>",
            back,
            number,
            last,
            on
        )
    }
}
