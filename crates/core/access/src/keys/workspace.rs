//! Permission keys: keys of a workspace with a fixed set of actions, which nobody can change later. How
//! much all keys of a workspace may do in an hour is a setting; see `limits`.

use ipnet::IpNet;
use tessera_kernel::{Fault, Result};

use super::terms::{Conditions, Grant, Selector, Terms};
use super::{Expiry, KeyFormat, KeyKind, KeyOwner, Keys, MintedKey, NewKey};
use crate::acts::{AdministerKeys, AdministerWorkspace, CreateKey};
use crate::{Action, Authorized, Need};

/// What a new permission key is made of.
#[derive(Debug, Clone)]
pub struct NewPermissionKey {
    /// What it is called.
    pub name: String,
    /// Names of actions in workspaces, such as `users.track`; at least one.
    pub permissions: Vec<String>,
    /// Addresses and subnets that may use it; empty for all.
    pub ip_allowlist: Vec<IpNet>,
    /// Whether it takes data in only, or acts for the workspace.
    pub kind: Option<KeyKind>,
    /// Until when it works.
    pub expires: Expiry,
    /// Why it is needed, for those who approve it.
    pub justification: String,
    /// What its text looks like.
    pub format: KeyFormat,
}

impl Keys {
    /// Makes a permission key of a workspace.
    ///
    /// # Errors
    /// `Invalid` for an unknown permission; otherwise as [`create`](Self::create).
    pub async fn create_permission_key(
        &self,
        create: &Authorized<CreateKey>,
        over: &Authorized<AdministerKeys>,
        grant: &Authorized<AdministerWorkspace>,
        new: NewPermissionKey,
    ) -> Result<MintedKey> {
        let workspace = grant.act().workspace;
        let mut grants = Vec::with_capacity(new.permissions.len());
        for (place, name) in new.permissions.iter().enumerate() {
            let action = permission(name).ok_or_else(|| {
                let detail = format!("there is no permission {name:?} in workspaces");
                Fault::invalid(format!("permissions[{place}]"), detail)
            })?;
            grants.push(Grant::allow(action, Selector::Workspace(workspace)));
        }
        if grants.is_empty() {
            let detail = "a permission key needs at least one permission";
            return Err(Fault::invalid("permissions", detail));
        }
        let terms = Terms {
            grants,
            conditions: Conditions { ip_in: new.ip_allowlist, ..Conditions::default() },
            immutable: true,
            ..Terms::default()
        };
        let new = NewKey {
            name: new.name,
            kind: new.kind,
            owner: Some(KeyOwner::Workspace(workspace)),
            terms,
            not_before: None,
            expires: new.expires,
            justification: new.justification,
            format: new.format,
        };
        self.create(create, Some(over), new).await
    }
}

fn permission(name: &str) -> Option<Action> {
    let found = Action::ALL.iter().copied().find(|action| action.as_str() == name);
    found.filter(|action| action.need() == Need::Workspace)
}
