//! Attributes: values that users and keys carry, which queries read as `{{ user.region }}` and
//! `{{ key.tenant }}`. They decide which rows somebody gets, so only administrators set them freely.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use tessera_kernel::{Code, Fault, Result};

use crate::acts::{AdministerUser, ReadUserAttributes};
use crate::{Authorized, UserPrincipal, Users};

/// Attributes by name.
pub type Attributes = BTreeMap<String, Json>;

/// Most attributes of one user or key.
const COUNT_MAX: usize = 50;
/// Longest text of an attribute, in characters.
const TEXT_CHARACTERS_MAX: usize = 1000;

/// Checks names and values: names of letters, digits and `_`; texts, numbers and truth values.
///
/// # Errors
/// `Invalid`, naming the attribute below `field`.
pub fn check_attributes(field: &str, attributes: &Attributes) -> Result<()> {
    if attributes.len() > COUNT_MAX {
        return Err(Fault::invalid(field, format!("there can be at most {COUNT_MAX}")));
    }
    for (name, value) in attributes {
        let place = || format!("{field}.{name}");
        let plain = !name.is_empty()
            && name.len() <= 64
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !plain || matches!(name.as_str(), "start" | "end") {
            let detail =
                "a name has letters, digits and _, no digit in front, and is not start or end";
            return Err(Fault::invalid(place(), detail));
        }
        let good = match value {
            Json::String(text) => text.chars().count() <= TEXT_CHARACTERS_MAX,
            Json::Number(_) | Json::Bool(_) => true,
            Json::Null | Json::Array(_) | Json::Object(_) => false,
        };
        if !good {
            let detail = format!(
                "send a text of at most {TEXT_CHARACTERS_MAX} characters, a number, true or false"
            );
            return Err(Fault::invalid(place(), detail));
        }
    }
    Ok(())
}

/// Checks attributes that somebody gives to a key: only their own, unless they are an
/// administrator.
///
/// # Errors
/// `Invalid` as [`check_attributes`]; `Forbidden` for a value that is not the giver's own.
pub fn check_given_attributes(
    field: &str,
    giver: &UserPrincipal,
    attributes: &Attributes,
) -> Result<()> {
    check_attributes(field, attributes)?;
    let foreign = attributes.iter().find(|(name, value)| {
        !giver.is_admin() && giver.attributes.get(name.as_str()) != Some(*value)
    });
    match foreign {
        None => Ok(()),
        Some((name, _)) => Err(Fault::new(
            Code::Forbidden,
            format!("only an administrator gives a key another {name} than their own"),
        )
        .with_reason("object_denied")
        .with_field(format!("{field}.{name}"))),
    }
}

impl Users {
    /// The attributes of a user.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn attributes(&self, grant: &Authorized<ReadUserAttributes>) -> Result<Attributes> {
        let found = self.repos().user_attributes(grant.act().user).await?;
        found.ok_or_else(|| Fault::not_found("user"))
    }

    /// Replaces the attributes of a user.
    ///
    /// # Errors
    /// `Invalid`, `NotFound`.
    pub async fn set_attributes(
        &self,
        grant: &Authorized<AdministerUser>,
        attributes: Attributes,
    ) -> Result<Attributes> {
        check_attributes("attributes", &attributes)?;
        self.repos().set_user_attributes(grant.act().user, &attributes).await?;
        self.gate().forget_users();
        Ok(attributes)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(attributes: Json) -> Result<()> {
        check_attributes("attributes", &serde_json::from_value(attributes).expect("an object"))
    }

    #[test]
    fn attributes_are_plain_names_with_plain_values() {
        check(json!({ "tenant": 5, "region_2": "EU", "_vip": true })).expect("good");
        for bad in [
            json!({ "2a": 1 }),
            json!({ "a.b": 1 }),
            json!({ "": 1 }),
            json!({ "start": 1 }),
            json!({ "a": null }),
            json!({ "a": [1] }),
            json!({ "a": "x".repeat(1001) }),
        ] {
            assert!(check(bad.clone()).is_err(), "{bad}");
        }
    }
}
