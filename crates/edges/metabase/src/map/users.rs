//! What requests say of users.

use serde_json::{Map, Value as Json};
use tessera_access::{User, UserFilter, UserKind};
use tessera_kernel::ids::GroupId;

use super::{is_true, number_if, param, text_if};
use crate::errors::Refusal;
use crate::quirks;

/// Which users to list, and whether only administrators may ask so.
pub(crate) fn filter(pairs: &[(String, String)]) -> Result<(UserFilter, bool), Refusal> {
    let status = param(pairs, "status");
    let include = param(pairs, "include_deactivated").is_some_and(is_true);
    let (disabled, any_state) = match status {
        None => (false, include),
        Some("active") => (false, false),
        Some("deactivated") => (true, false),
        Some("all") => (false, true),
        Some(_) => {
            return Err(Refusal::field("status", "must be active, deactivated or all"));
        }
    };
    let group = match param(pairs, "group_id") {
        None => None,
        Some(text) => match text.parse() {
            Ok(number) if number > 0 => Some(GroupId(number)),
            _ => return Err(Refusal::field("group_id", crate::errors::NEED_NUMBER)),
        },
    };
    let filter = UserFilter {
        disabled,
        any_state,
        group,
        search: param(pairs, "query").filter(|text| !text.is_empty()).map(str::to_owned),
        ..UserFilter::default()
    };
    Ok((filter, status.is_some() || param(pairs, "include_deactivated").is_some()))
}

/// The one name that first and last name make; `None` if neither is given. What is not given stays
/// as it is in `known`.
pub(crate) fn name(
    body: &Map<String, Json>,
    known: Option<&User>,
) -> Result<Option<String>, Refusal> {
    let (first, last) = (text_if(body, "first_name")?, text_if(body, "last_name")?);
    if first.is_none() && last.is_none() {
        return Ok(None);
    }
    let is_program = known.is_some_and(|user| user.kind == UserKind::Service);
    let (old_first, old_last) =
        known.map_or(("", ""), |user| quirks::names(&user.name, is_program));
    let (first, last) =
        (first.as_deref().unwrap_or(old_first), last.as_deref().unwrap_or(old_last));
    Ok(Some(format!("{} {}", first.trim(), last.trim()).trim().to_owned()))
}

/// The groups that a user is to be in: `user_group_memberships`, each with an `id`.
pub(crate) fn memberships(body: &Map<String, Json>) -> Result<Option<Vec<GroupId>>, Refusal> {
    const NAME: &str = "user_group_memberships";
    let bad = || Refusal::field(NAME, "must be a list of objects with the number of a group as id");
    let list = match body.get(NAME) {
        None | Some(Json::Null) => return Ok(None),
        Some(Json::Array(list)) => list,
        Some(_) => return Err(bad()),
    };
    let groups: Result<Vec<GroupId>, Refusal> = list
        .iter()
        .map(|entry| {
            let entry = entry.as_object().ok_or_else(bad)?;
            number_if(entry, "id").ok().flatten().ok_or_else(bad)
        })
        .collect();
    groups.map(Some)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::pairs;
    use super::*;

    #[test]
    fn states_are_for_administrators() {
        let read = |query: &str| filter(&pairs(Some(query)));
        let (plain, closed) = read("").expect("good");
        assert_eq!((plain, closed), (UserFilter::default(), false));
        let (all, closed) = read("status=all").expect("good");
        assert!(all.any_state && closed);
        let (gone, closed) = read("status=deactivated").expect("good");
        assert!(gone.disabled && closed);
        assert!(read("include_deactivated=true").expect("good").0.any_state);
        assert!(read("status=x").is_err() && read("group_id=x").is_err());
        assert_eq!(read("group_id=3&query=a").expect("good").0.group, Some(GroupId(3)));
    }

    #[test]
    fn one_name_is_made_of_two() {
        let name = |value: Json| name(value.as_object().expect("an object"), None);
        assert_eq!(name(json!({})), Ok(None));
        assert_eq!(
            name(json!({ "first_name": "Ada", "last_name": "Lovelace" })),
            Ok(Some("Ada Lovelace".to_owned()))
        );
        assert_eq!(name(json!({ "first_name": "Ada" })), Ok(Some("Ada".to_owned())));
        assert!(name(json!({ "first_name": 1 })).is_err());
    }

    #[test]
    fn memberships_name_groups() {
        let read = |value: Json| memberships(value.as_object().expect("an object"));
        assert_eq!(read(json!({})), Ok(None));
        let two = json!({ "user_group_memberships": [{ "id": 1 }, { "id": 2, "is_group_manager": false }] });
        assert_eq!(read(two), Ok(Some(vec![GroupId(1), GroupId(2)])));
        assert!(read(json!({ "user_group_memberships": [1] })).is_err());
    }
}
