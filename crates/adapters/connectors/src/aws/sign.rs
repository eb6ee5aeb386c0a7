//! Signatures of requests to AWS (Signature Version 4), by the rules of every service but S3: there
//! a path is coded once, here once more than it is sent.

use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use tessera_kernel::Secret;

use crate::http::percent_decoded;
use crate::web::coded;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// A key pair; the token is there if it is a temporary one.
pub(crate) struct Keys {
    pub(crate) id: String,
    pub(crate) secret: Secret,
    pub(crate) token: Option<Secret>,
}

/// What is signed, beside the keys.
pub(super) struct Signed<'a> {
    pub(super) method: &'a str,
    /// As it is sent.
    pub(super) path: &'a str,
    /// As it is sent, without the question mark.
    pub(super) query: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    /// Names in lower case, in their order, with `host` and `x-amz-date` among them.
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) body: &'a [u8],
    pub(super) at: DateTime<Utc>,
}

/// The moment as the header `x-amz-date` has it.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

impl Signed<'_> {
    /// The value of the header `authorization`.
    pub(super) fn authorization(&self, keys: &Keys) -> String {
        let day = self.at.format("%Y%m%d").to_string();
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let lines: String =
            self.headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let body = hex::encode(Sha256::digest(self.body));
        let (path, query) = (canonical_path(self.path), canonical_query(self.query));
        let request = format!("{}\n{path}\n{query}\n{lines}\n{names}\n{body}", self.method);
        let request = hex::encode(Sha256::digest(request));
        let text = format!("{ALGORITHM}\n{}\n{scope}\n{request}", moment(self.at));
        let key = signing_key(&keys.secret, &day, self.region, self.service);
        let signature = hex::encode(mac(&key, &text));
        let id = &keys.id;
        format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}")
    }
}

/// A path without empty folders, each coded.
fn canonical_path(path: &str) -> String {
    let folders: Vec<String> = path
        .split('/')
        .filter(|part| !part.is_empty())
        .map(|part| coded(part.as_bytes()))
        .collect();
    let end = if path.ends_with('/') && !folders.is_empty() { "/" } else { "" };
    format!("/{}{end}", folders.join("/"))
}

/// The pairs of a query in their order, each coded the one way that counts.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (coded(&percent_decoded(name)), coded(&percent_decoded(value))))
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// The key of a day, a region and a service.
fn signing_key(secret: &Secret, day: &str, region: &str, service: &str) -> Vec<u8> {
    let first = format!("AWS4{}", secret.expose()).into_bytes();
    [day, region, service, "aws4_request"].iter().fold(first, |key, part| mac(&key, part))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("keys may have any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    #[test]
    fn the_published_signing_key_is_derived() {
        let key = signing_key(&Secret::new(SECRET.to_owned()), "20120215", "us-east-1", "iam");
        let expected = "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d";
        assert_eq!(hex::encode(key), expected);
    }

    /// `get-vanilla`, `post-vanilla` and `post-x-www-form-urlencoded` of AWS's test suite.
    #[test]
    fn the_published_requests_are_signed() {
        let keys = Keys {
            id: "AKIDEXAMPLE".to_owned(),
            secret: Secret::new(SECRET.to_owned()),
            token: None,
        };
        let (host, date) = (("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z"));
        let form = ("content-type", "application/x-www-form-urlencoded");
        for (method, headers, body, signature) in [
            (
                "GET",
                vec![host, date],
                "",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                "POST",
                vec![host, date],
                "",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                "POST",
                vec![form, host, date],
                "Param1=value1",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
        ] {
            let signed = Signed {
                method,
                path: "/",
                query: "",
                region: "us-east-1",
                service: "service",
                headers: &headers,
                body: body.as_bytes(),
                at: "2015-08-30T12:36:00Z".parse().expect("a moment"),
            };
            assert_eq!(moment(signed.at), date.1);
            let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
            let expected = format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                 SignedHeaders={}, Signature={signature}",
                names.join(";")
            );
            assert_eq!(signed.authorization(&keys), expected);
        }
    }

    /// `get-*` of the same suite, with paths and queries, and `post-sts-header-before`.
    #[test]
    fn the_published_paths_and_queries_are_signed() {
        let mut keys = Keys {
            id: "AKIDEXAMPLE".to_owned(),
            secret: Secret::new(SECRET.to_owned()),
            token: None,
        };
        let mut headers =
            vec![("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")];
        let signature = |method, path, query, headers: &[(&str, &str)], keys: &Keys| {
            let signed = Signed {
                method,
                path,
                query,
                region: "us-east-1",
                service: "service",
                headers,
                body: b"",
                at: "2015-08-30T12:36:00Z".parse().expect("a moment"),
            };
            let whole = signed.authorization(keys);
            whole.split_once("Signature=").expect("has one").1.to_owned()
        };
        let unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let (path, pair) = (format!("/{unreserved}"), format!("{unreserved}={unreserved}"));
        for (path, query, expected) in [
            (
                "/",
                "Param2=value2&Param1=value1",
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
            (
                "/",
                "%E1%88%B4=bar",
                "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
            ),
            (
                "/",
                pair.as_str(),
                "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
            ),
            ("/\u{1234}", "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
            (path.as_str(), "", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
            (
                "/example space/",
                "",
                "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
            ),
            ("//example//", "", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
        ] {
            assert_eq!(signature("GET", path, query, &headers, &keys), expected, "{path} {query}");
        }
        let token = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFq\
                     wAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wU\
                     E8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0\
                     rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIl\
                     TJabIQwj2ICCR/oLxBA==";
        headers.push(("x-amz-security-token", token));
        keys.token = Some(Secret::new(token.to_owned()));
        assert_eq!(
            signature("POST", "/", "", &headers, &keys),
            "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"
        );
    }
}
