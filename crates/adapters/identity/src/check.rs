//! What a token must say to count here: who made it, for whom, and for when.

use serde_json::{Map, Value as Json};
use subtle::ConstantTimeEq;
use tessera_kernel::{Result, Secret, Timestamp};

use crate::jose::bad;

/// By how much clocks may differ, in seconds.
const LEEWAY_SECONDS: i64 = 60;

/// What a token must say.
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) audience: &'a str,
    pub(crate) nonce: Option<&'a Secret>,
    pub(crate) now: Timestamp,
}

impl Expected<'_> {
    /// Checks the claims of a token whose signature is good; gives its end.
    pub(crate) fn check(&self, claims: &Map<String, Json>) -> Result<Timestamp> {
        if claims.get("iss").and_then(Json::as_str) != Some(self.issuer) {
            return Err(bad("it is of another issuer"));
        }
        self.check_audience(claims)?;
        let now = self.now.timestamp();
        let end = moment(claims, "exp")?.ok_or_else(|| bad("it has no end"))?;
        if end.saturating_add(LEEWAY_SECONDS) <= now {
            return Err(bad("it is over"));
        }
        for name in ["nbf", "iat"] {
            if moment(claims, name)?.is_some_and(|from| from > now + LEEWAY_SECONDS) {
                return Err(bad("it is of the future"));
            }
        }
        if let Some(nonce) = self.nonce {
            let told = claims.get("nonce").and_then(Json::as_str).unwrap_or_default();
            if !bool::from(told.as_bytes().ct_eq(nonce.expose().as_bytes())) {
                return Err(bad("it was made for another sign-in"));
            }
        }
        if claims.get("sub").and_then(Json::as_str).is_none_or(str::is_empty) {
            return Err(bad("it names nobody"));
        }
        Timestamp::from_timestamp(end, 0).ok_or_else(|| bad("its end is no time"))
    }

    fn check_audience(&self, claims: &Map<String, Json>) -> Result<()> {
        let others = || bad("it is for somebody else");
        let many = match claims.get("aud") {
            Some(Json::String(one)) if one == self.audience => false,
            Some(Json::Array(all)) if all.iter().any(|one| one == self.audience) => all.len() > 1,
            _ => return Err(others()),
        };
        // OpenID Connect Core, section 3.1.3.7: one of several must be named as the one meant.
        match claims.get("azp") {
            None if !many || self.nonce.is_none() => Ok(()),
            Some(party) if party == self.audience || self.nonce.is_none() => Ok(()),
            _ => Err(others()),
        }
    }
}

/// A moment in seconds; anything but a number is refused, not passed over.
fn moment(claims: &Map<String, Json>, name: &str) -> Result<Option<i64>> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    #[expect(clippy::cast_possible_truncation, reason = "fractions of a second do not matter")]
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64));
    seconds.map(Some).ok_or_else(|| bad("its times cannot be read"))
}
