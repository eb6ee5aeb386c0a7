//! Signatures of requests to AWS (Signature Version 4), for requests to `/` without a query.

use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use tessera_kernel::Secret;

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
        let request = format!("{}\n/\n\n{lines}\n{names}\n{body}", self.method);
        let request = hex::encode(Sha256::digest(request));
        let text = format!("{ALGORITHM}\n{}\n{scope}\n{request}", moment(self.at));
        let key = signing_key(&keys.secret, &day, self.region, self.service);
        let signature = hex::encode(mac(&key, &text));
        let id = &keys.id;
        format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}")
    }
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
}
