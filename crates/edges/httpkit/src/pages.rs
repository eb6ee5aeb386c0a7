//! The few pages that the server writes itself: setup, sign-in, links, and a word where the web
//! interface is not built in.

use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderValue, StatusCode, header};
use ring::digest::{SHA256, digest};

/// No scripts, nothing from elsewhere, and no style but the page's own.
fn policy(style: &str) -> String {
    let digest = BASE64_STANDARD.encode(digest(&SHA256, style.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    )
}

const STYLE: &str = "
:root{color-scheme:light dark;--ink:#1b212c;--soft:#545e6e;--line:#d8dce3;--edge:#7f8896;--paper:#fff;
--back:#f6f7f9;--accent:#2b5bd7;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--ink:#e7eaf0;--soft:#a6b0c0;--line:#333a48;--edge:#76819a;
--paper:#191d25;--back:#12151b;--accent:#8fabff;--bad:#ff8f86}}
*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--ink);
font:16px/1.5 system-ui,sans-serif;display:grid;min-height:100vh;place-items:center;padding:1rem}
main{background:var(--paper);border:1px solid var(--line);border-radius:10px;padding:2rem;
width:100%;max-width:26rem}h1{font-size:1.35rem;margin:0 0 1rem}p{margin:.5rem 0 1rem;color:var(--soft)}
label{display:block;font-weight:600;margin:1rem 0 .25rem}
input{width:100%;font:inherit;color:inherit;background:var(--back);border:1px solid var(--edge);
border-radius:6px;padding:.5rem .65rem}
.tick{font-weight:400}.tick input{width:auto}
button{margin-top:1.5rem;width:100%;font:inherit;font-weight:600;border:0;border-radius:6px;
padding:.6rem;background:var(--accent);color:var(--paper);cursor:pointer}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.error{color:var(--bad);font-weight:600}code{background:var(--back);padding:.1rem .3rem;border-radius:4px}
a{color:var(--accent)}.way{display:block;text-align:center;font-weight:600;text-decoration:none;
border:1px solid var(--line);border-radius:6px;padding:.6rem}.qr{max-width:14rem;margin:1rem auto}";

/// A page: `body` is HTML in which every foreign text went through [`escape`].
#[must_use]
pub fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let body = format!("<main>\n<h1>{}</h1>\n{body}\n</main>", escape(title));
    document(status, title, "<base href=\"/\">\n", STYLE, &body)
}

/// A whole page with a style of its own. `head` and `body` are HTML in which every foreign text went
/// through [`escape`]; they have no style attributes, which the policy refuses.
#[must_use]
pub fn document(status: StatusCode, title: &str, head: &str, style: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         {head}<title>{title} · Tessera</title>\n<style>{style}</style>\n</head>\n\
         <body>\n{body}\n</body>\n</html>\n",
        title = escape(title)
    );
    let mut response = (status, axum::response::Html(html)).into_response();
    let headers = response.headers_mut();
    // A policy that cannot be written would be none; the default one of all answers is stricter.
    if let Ok(policy) = HeaderValue::from_str(&policy(style)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Makes a text harmless inside HTML, attribute values included.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_escapes_from_an_attribute_or_an_element() {
        assert_eq!(super::escape("\"'<&>"), "&quot;&#39;&lt;&amp;&gt;");
    }
}
