//! The text of a key, shown once, with where to use it and how to end it.

use tessera_access::{Key, KeyOwner, KeyState, MintedKey, SigningSecret};
use tessera_kernel::Timestamp;
use tessera_kernel::ids::{KeyId, QueryId};

use super::{encoded, sentences};
use crate::html::Html;
use crate::times::{away, moment};
use crate::words::{self, Names, range_text};

/// A key that was just made.
pub(crate) struct Once<'a> {
    pub(crate) minted: &'a MintedKey,
    pub(crate) signing: Option<&'a SigningSecret>,
    pub(crate) base_url: &'a str,
    pub(crate) names: &'a Names,
    pub(crate) now: Timestamp,
    /// The key whose place it takes.
    pub(crate) predecessor: Option<KeyId>,
}

impl Once<'_> {
    pub(crate) fn html(&self) -> Html {
        let key = &self.minted.key;
        let signing = self.signing.map(|secret| {
            html!(
                "<h3>Its signing secret</h3><code class=\"once\" tabindex=\"0\">{}</code>",
                secret.expose()
            )
        });
        html!(
            "<div class=\"note\" role=\"status\"><p><strong>Copy the text now.</strong> It is shown on this \
             page and nowhere else, and this page once only.</p></div>\n\
             <h2>The text of the key “{}”</h2><code class=\"once\" id=\"secret\" tabindex=\"0\">{}</code>{}\n\
             {}{}\n<h2>What it may do</h2>{}\n{}",
            key.name,
            self.minted.secret.expose(),
            signing,
            self.state(key),
            self.uses(key),
            sentences(&words::may(key, self.names)),
            self.end(key)
        )
    }

    fn state(&self, key: &Key) -> Html {
        match key.state(self.now) {
            KeyState::Pending => html!(
                "<div class=\"note\"><p>It opens nothing yet: an administrator has to approve it.</p></div>"
            ),
            _ => html!(""),
        }
    }

    fn uses(&self, key: &Key) -> Html {
        match key.owner {
            KeyOwner::Query(query) => self.of_query(key, query),
            _ => {
                let line = format!(
                    "curl -H \"Authorization: Key {}\" \"{}/v1/keys/self\"",
                    self.minted.secret.expose(),
                    self.base_url
                );
                html!(
                    "<h2>Where to use it</h2><h3>With curl</h3><code class=\"once\" tabindex=\"0\">{}</code>",
                    line
                )
            }
        }
    }

    fn of_query(&self, key: &Key, query: QueryId) -> Html {
        let formats = &key.terms.caps.formats;
        let format = match formats.iter().find(|format| *format == "csv").or(formats.first()) {
            Some(format) => format.as_str(),
            None => "csv",
        };
        let secret = self.minted.secret.expose();
        let place = format!("{}/api/queries/{query}/results.{format}", self.base_url);
        let link = format!("{place}?{}", encoded(&[("api_key", secret)]));
        let origin = key.terms.conditions.origin.first();
        let origin = origin.map(|origin| format!(" -H \"Origin: {origin}\"")).unwrap_or_default();
        let curl = format!("curl -H \"Authorization: Key {secret}\"{origin} \"{place}\"");
        let sheet = format!("=IMPORTDATA(\"{link}\")");
        let open = match origin.is_empty() {
            true => {
                html!("<p><a class=\"button\" rel=\"noreferrer\" href=\"{}\">Try it</a></p>", link)
            }
            false => html!(
                "<p class=\"hint\">It works on pages of the origins below only, so not in a spreadsheet and \
                 not when it is opened by itself.</p>"
            ),
        };
        let sheet = (origin.is_empty() && format == "csv").then(|| {
            html!("<h3>In a spreadsheet</h3><code class=\"once\" tabindex=\"0\">{}</code>", sheet)
        });
        html!(
            "<h2>Where to use it</h2><h3>As a link</h3><code class=\"once\" id=\"link\" tabindex=\"0\">{}</code>\
             {}{}<h3>With curl</h3><code class=\"once\" id=\"curl\" tabindex=\"0\">{}</code>{}",
            link,
            open,
            sheet,
            curl,
            free(key)
        )
    }

    fn end(&self, key: &Key) -> Html {
        let ends = key.expires_at.map_or_else(
            || html!("It does not end by itself."),
            |end| html!("It ends {} ({}).", away(end, self.now), moment(end)),
        );
        let old = self.predecessor.map(|id| {
            html!("<p>The present text of <a href=\"/keys/{}\">the key before</a> ends as you chose.</p>", id.0)
        });
        html!(
            "<h2>How to end it</h2><p>{} To revoke it, go to <a href=\"/keys/{}\">its page</a>, or send \
             <code>DELETE /v1/keys/{}</code>.</p>{}<p><a class=\"button main\" href=\"/keys\">I stored it: to \
             the list of keys</a></p>",
            ends,
            key.id.0,
            key.id.0,
            old
        )
    }
}

/// The parameters that the holder sends.
fn free(key: &Key) -> Html {
    if key.terms.free.is_empty() {
        return html!("");
    }
    let line = |(name, range): (&String, &tessera_access::terms::Range)| {
        let pair = encoded(&[(&format!("p_{name}"), "")]);
        html!("<li><code>&amp;{}…</code> {}</li>", pair, range_text(range))
    };
    html!(
        "<h3>What its holder may add to the address</h3><ul class=\"plain\">{}</ul>",
        key.terms.free.iter().map(line).collect::<Html>()
    )
}
