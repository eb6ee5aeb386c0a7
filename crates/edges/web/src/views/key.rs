//! One key: what it is, what it may do, and what can be done with it.

use tessera_access::{Key, KeyOwner, KeyState};
use tessera_kernel::Timestamp;

use super::{chip, sentences};
use crate::controls::Control;
use crate::html::Html;
use crate::times::{away, moment};
use crate::words::{self, Names};

/// For how long the present text works on: what is sent, and what people read.
const OVERLAPS: [(&str, &str); 4] = [
    ("0", "ends at once"),
    ("3600", "works on for an hour"),
    ("86400", "works on for a day"),
    ("604800", "works on for a week"),
];

/// One key.
pub(crate) struct Detail<'a> {
    pub(crate) key: &'a Key,
    pub(crate) names: &'a Names,
    pub(crate) now: Timestamp,
    pub(crate) proof: Html,
    /// What was done just now, as the address says.
    pub(crate) done: &'a str,
    pub(crate) restore_days: u32,
}

impl Detail<'_> {
    pub(crate) fn title(&self) -> String {
        match self.key.name.as_str() {
            "" => words::kind(self.key).to_owned(),
            name => name.to_owned(),
        }
    }

    pub(crate) fn html(&self) -> Html {
        html!(
            "{}<dl class=\"facts\">{}</dl>\n<h2>What it may do</h2>{}\n{}",
            self.notice(),
            self.facts(),
            sentences(&words::may(self.key, self.names)),
            self.actions()
        )
    }

    fn notice(&self) -> Html {
        let text = match (self.done, self.key.state(self.now)) {
            ("disabled", KeyState::Disabled) => {
                "The key is switched off. It opens nothing until it is \
                 switched on again."
            }
            ("enabled", _) if self.key.disabled_at.is_none() => "The key is switched on.",
            ("revoked", KeyState::Revoked) => "The key is revoked. It opens nothing any more.",
            ("restored", _) if self.key.revoked_at.is_none() => "The key is back.",
            _ => return html!(""),
        };
        html!("<div class=\"note\" role=\"status\"><p>{}</p></div>\n", text)
    }

    fn facts(&self) -> Html {
        let key = self.key;
        let fact = |name: &str, value: Html| html!("<dt>{}</dt><dd>{}</dd>", name, value);
        let by = |user: Option<tessera_kernel::ids::UserId>| {
            user.map(|id| html!(" by {}", self.names.user(id)))
        };
        let at = |at: Timestamp| html!("{} ({})", moment(at), away(at, self.now));
        let mut facts = vec![
            fact("State", chip(key.state(self.now))),
            fact("Kind", html!("{}", words::kind(key))),
            fact("Begins with", html!("<code>{}</code>", key.hint)),
            fact("Owner", html!("{}", self.names.owner(key.owner))),
            fact("Made", html!("{}{}", at(key.created_at), by(key.created_by))),
        ];
        if let Some(from) = key.not_before {
            facts.push(fact("Works from", at(from)));
        }
        facts.push(fact("Ends", key.expires_at.map_or_else(|| html!("never"), at)));
        facts.push(fact("Last used", self.used()));
        if let Some(id) = key.predecessor {
            facts.push(fact("Took the place of", key_link(id.0)));
        }
        if let Some(since) = key.replaced_at {
            facts.push(fact("Has a successor since", at(since)));
        }
        if let Some(since) = key.disabled_at {
            facts.push(fact("Switched off", html!("{}{}", at(since), by(key.disabled_by))));
        }
        if let Some(since) = key.revoked_at {
            facts.push(fact("Revoked", html!("{}{}", at(since), by(key.revoked_by))));
        }
        if let Some(approval) = &key.approval {
            let how = match (approval.approved_at, approval.refused_at) {
                (Some(at), _) => html!("given {}", moment(at)),
                (None, Some(at)) => html!("refused {}", moment(at)),
                (None, None) => html!("waits for an administrator"),
            };
            facts.push(fact("Approval", how));
        }
        facts.into_iter().collect()
    }

    fn used(&self) -> Html {
        let Some(at) = self.key.last_used_at else { return html!("never") };
        let last = &self.key.last_use;
        let more = |word: &str, value: &Option<String>| {
            value.as_ref().map(|value| html!(", {} {}", word, value))
        };
        html!(
            "{} ({}){}{}{}",
            moment(at),
            away(at, self.now),
            more("from", &last.address),
            more("by", &last.client),
            more("in the", &last.transport)
        )
    }

    fn form(&self, what: &str, inside: &Html) -> Html {
        html!(
            "<form method=\"post\" action=\"/keys/{}/{}\" class=\"box\">{}{}</form>\n",
            self.key.id.0,
            what,
            self.proof,
            inside
        )
    }

    fn actions(&self) -> Html {
        let state = self.key.state(self.now);
        let is_recoverable = self.key.sealed.is_some();
        let mut forms = Vec::new();
        if state == KeyState::Revoked {
            if !is_recoverable {
                let inside = html!(
                    "<h3>Bring it back</h3><p class=\"hint\">Its text works again. That goes for {} days \
                     after it was revoked.</p><p></p><button class=\"main\">Bring back</button>",
                    i64::from(self.restore_days)
                );
                forms.push(self.form("restore", &inside));
            }
        } else {
            if matches!(state, KeyState::Active | KeyState::Expired) && !is_recoverable {
                forms.push(self.form("rotate", &rotation()));
            }
            forms.push(match self.key.disabled_at {
                Some(_) => self.form(
                    "enable",
                    &html!(
                        "<h3>Switch on</h3><p>It works again, as it did before.</p>\
                     <button class=\"main\">Switch on</button>"
                    ),
                ),
                None => self.form(
                    "disable",
                    &html!(
                        "<h3>Switch off</h3><p>It opens nothing until it is switched on again.</p>\
                     <button>Switch off</button>"
                    ),
                ),
            });
            forms.push(if is_recoverable { self.recoverable() } else {
                self.form("revoke", &html!(
                    "<h3>Revoke</h3><p>It ends at once, with all keys and tokens that were made from it. \
                     For {} days it can be brought back.</p><button class=\"danger\">Revoke</button>",
                    i64::from(self.restore_days)
                ))
            });
        }
        html!(
            "<h2>What can be done</h2><div class=\"narrow\">{}</div>\
             <p class=\"hint\">In the API: <code>/v1/keys/{}</code></p>",
            forms.into_iter().collect::<Html>(),
            self.key.id.0
        )
    }

    fn recoverable(&self) -> Html {
        let place = match self.key.owner {
            KeyOwner::User(id) => format!("POST /v1/users/{id}/key"),
            KeyOwner::Query(id) => format!("POST /v1/queries/{id}/key"),
            KeyOwner::Dashboard(_) | KeyOwner::Workspace(_) => {
                "sharing the dashboard anew".to_owned()
            }
        };
        html!(
            "<div class=\"box\"><h3>Replace</h3><p>This key is readable for compatibility: its owner may \
             see it again at any time. It is replaced, not revoked: <code>{}</code>.</p></div>",
            place
        )
    }
}

fn rotation() -> Html {
    let control = Control {
        id: "overlap_seconds",
        name: "overlap_seconds",
        label: "The present text",
        hint: "",
        error: None,
    };
    html!(
        "<h3>Rotate</h3><p>Gives a key with the same terms and a new text, which is shown once.</p>{}\
         <button>Rotate</button>",
        control.select(OVERLAPS, "86400")
    )
}

fn key_link(id: i64) -> Html {
    html!("<a href=\"/keys/{}\">key {}</a>", id, id)
}
