//! Keys with terms on the wire.

use serde_json::Value;
use tessera_access as core;
use tessera_access::terms::QueryVersion;
use tessera_kernel::{Fault, Result, Timestamp};

use super::keys;
use crate::wire::pins::{CreatedBoundKey, KeyUrls, NewPinnedKey};

pub(crate) fn new_key(body: NewPinnedKey) -> Result<tessera_bi::NewPinnedKey> {
    Ok(tessera_bi::NewPinnedKey {
        name: body.name,
        pinned: body.pinned,
        free: body.free,
        version: version(body.version.as_ref())?,
        attributes: body.attributes,
        caps: body.caps,
        conditions: body.conditions,
        limits: body.limits,
        attenuable: body.attenuable,
        delegable: body.delegable,
        not_before: body.not_before,
        expires_at: body.expires_at,
    })
}

/// The same, behind the `?` of an address.
pub(crate) fn version_named(given: Option<&str>) -> Result<Option<QueryVersion>> {
    version(given.map(Value::from).as_ref())
}

/// `latest`, `approved`, `7` or `"7"`.
fn version(given: Option<&Value>) -> Result<Option<QueryVersion>> {
    let number = match given {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => match text.as_str() {
            "latest" => return Ok(None),
            "approved" => return Ok(Some(QueryVersion::Approved)),
            text => text.parse().ok(),
        },
        Some(value) => value.as_i64(),
    };
    match number.filter(|number| *number > 0) {
        Some(number) => Ok(Some(QueryVersion::Number(number))),
        None => Err(Fault::invalid("version", "send latest, approved or the number of a version")),
    }
}

pub(crate) fn created(
    minted: &core::MintedKey,
    signing_secret: Option<&core::SigningSecret>,
    urls: Option<KeyUrls>,
    now: Timestamp,
) -> CreatedBoundKey {
    CreatedBoundKey {
        key: keys::key(&minted.key, now),
        secret: minted.secret.expose().to_owned(),
        signing_secret: signing_secret.map(|secret| secret.expose().to_owned()),
        urls,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_version_is_latest_approved_or_a_number() {
        let read = |value: Value| version(Some(&value)).ok();
        assert_eq!(version(None).ok(), Some(None));
        assert_eq!(read(json!("latest")), Some(None));
        assert_eq!(read(json!("approved")), Some(Some(QueryVersion::Approved)));
        assert_eq!(read(json!(7)), Some(Some(QueryVersion::Number(7))));
        assert_eq!(read(json!("7")), Some(Some(QueryVersion::Number(7))));
        for bad in [json!(0), json!(-1), json!("newest"), json!(1.5), json!({})] {
            assert_eq!(read(bad.clone()), None, "{bad}");
        }
    }
}
