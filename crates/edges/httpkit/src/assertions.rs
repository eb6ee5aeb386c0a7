//! Where others tell who calls: signed tokens, and the word of a trusted proxy.

use http::{HeaderMap, HeaderName};
use tessera_kernel::Secret;

use crate::{RequestInfo, cookies};

/// The names of cookies and headers; `None` where the way is closed.
#[derive(Debug, Clone, Default)]
pub struct Assertions {
    /// The cookie with a signed token.
    pub token_cookie: Option<String>,
    /// The header with a signed token, after `Bearer` or bare.
    pub token_header: Option<HeaderName>,
    /// The header in which a trusted proxy names who calls.
    pub remote_user_header: Option<HeaderName>,
}

/// A signed token as a request carries it.
pub(crate) struct Assertion {
    pub(crate) token: Secret,
    pub(crate) from_cookie: bool,
}

impl Assertions {
    /// The token of a request; the header goes before the cookie.
    pub(crate) fn token(&self, headers: &HeaderMap) -> Option<Assertion> {
        let header = self.token_header.as_ref().and_then(|name| headers.get(name));
        let header = header.and_then(|value| value.to_str().ok()).map(str::trim);
        if let Some(text) = header.filter(|text| !text.is_empty()) {
            let token = text.strip_prefix("Bearer ").unwrap_or(text).trim();
            return Some(Assertion { token: Secret::new(token), from_cookie: false });
        }
        let cookie = cookies::value(headers, self.token_cookie.as_deref()?)?;
        let cookie = Some(cookie).filter(|text| !text.is_empty())?;
        Some(Assertion { token: Secret::new(cookie), from_cookie: true })
    }

    /// Whom a trusted proxy names. Whoever else sends the header is not heard, and two names are
    /// none.
    #[must_use]
    pub fn remote_user(&self, headers: &HeaderMap, info: &RequestInfo) -> Option<String> {
        let name = self.remote_user_header.as_ref().filter(|_| info.from_proxy)?;
        let mut values = headers.get_all(name).iter();
        let (first, more) = (values.next()?, values.next());
        let text = first.to_str().ok()?.trim();
        (more.is_none() && !text.is_empty()).then(|| text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RequestFacts;

    #[test]
    fn a_name_in_a_header_counts_only_from_a_trusted_proxy_and_only_once() {
        let name = HeaderName::from_static("x-user");
        let ways = Assertions { remote_user_header: Some(name.clone()), ..Assertions::default() };
        let mut headers = HeaderMap::new();
        headers.append(&name, "ada@example.com".parse().expect("a value"));
        let from =
            |from_proxy| RequestInfo::from(RequestFacts { from_proxy, ..RequestFacts::default() });
        assert_eq!(ways.remote_user(&headers, &from(true)).as_deref(), Some("ada@example.com"));
        assert_eq!(ways.remote_user(&headers, &from(false)), None);
        assert_eq!(Assertions::default().remote_user(&headers, &from(true)), None);
        headers.append(&name, "eve@example.com".parse().expect("a value"));
        assert_eq!(ways.remote_user(&headers, &from(true)), None);
    }
}
