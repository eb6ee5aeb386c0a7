//! The few pages that the server writes itself: setup, sign-in, links, and a word where the web
//! interface is not built in.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

/// No scripts, nothing from elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

const STYLE: &str = "
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5a6675;--line:#cfd6de;--paper:#fff;--back:#f4f6f8;
--accent:#2456c5;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--ink:#e8ecf1;--soft:#9aa7b6;--line:#3a4553;--paper:#1b222b;
--back:#12171d;--accent:#7aa2ff;--bad:#ff8a80}}
*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--ink);
font:16px/1.5 system-ui,sans-serif;display:grid;min-height:100vh;place-items:center;padding:1rem}
main{background:var(--paper);border:1px solid var(--line);border-radius:10px;padding:2rem;
width:100%;max-width:26rem}h1{font-size:1.35rem;margin:0 0 1rem}p{margin:.5rem 0 1rem;color:var(--soft)}
label{display:block;font-weight:600;margin:1rem 0 .25rem}
input{width:100%;font:inherit;color:inherit;background:var(--back);border:1px solid var(--line);
border-radius:6px;padding:.5rem .65rem}
button{margin-top:1.5rem;width:100%;font:inherit;font-weight:600;border:0;border-radius:6px;
padding:.6rem;background:var(--accent);color:var(--paper);cursor:pointer}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.error{color:var(--bad);font-weight:600}code{background:var(--back);padding:.1rem .3rem;border-radius:4px}
a{color:var(--accent)}.way{display:block;text-align:center;font-weight:600;text-decoration:none;
border:1px solid var(--line);border-radius:6px;padding:.6rem}.qr{max-width:14rem;margin:1rem auto}";

/// A page: `body` is HTML in which every foreign text went through [`escape`].
#[must_use]
pub fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <base href=\"/\">\n<title>{title} · Tessera</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<main>\n<h1>{title}</h1>\n{body}\n</main>\n</body>\n</html>\n",
        title = escape(title)
    );
    let mut response = (status, axum::response::Html(html)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
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
