//! Where a key is in its life.

use tessera_kernel::Timestamp;

use super::{Approval, Key};

/// Where a key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// Not yet in force: it waits for approval, or its time has not come.
    Pending,
    /// In force.
    Active,
    /// In force until its end, with a successor in its place.
    Grace,
    /// Over.
    Expired,
    /// Switched off.
    Disabled,
    /// Gone; it can be brought back for some days.
    Revoked,
}

impl KeyState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Active, Self::Grace, Self::Expired, Self::Disabled, Self::Revoked];

    /// The spelling on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Grace => "grace",
            Self::Expired => "expired",
            Self::Disabled => "disabled",
            Self::Revoked => "revoked",
        }
    }
}

impl Key {
    /// Where it is in its life at a moment.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> KeyState {
        let waits = |approval: &Approval| approval.approved_at.is_none();
        if self.revoked_at.is_some() {
            KeyState::Revoked
        } else if self.disabled_at.is_some() {
            KeyState::Disabled
        } else if self.expires_at.is_some_and(|end| end <= now) {
            KeyState::Expired
        } else if self.approval.as_ref().is_some_and(waits)
            || self.not_before.is_some_and(|from| now < from)
        {
            KeyState::Pending
        } else if self.replaced_at.is_some() {
            KeyState::Grace
        } else {
            KeyState::Active
        }
    }
}

#[cfg(test)]
mod tests {
    use tessera_kernel::ids::UserId;

    use super::*;
    use crate::keys::{KeyKind, KeyOwner};

    #[test]
    fn a_key_is_in_force_from_its_beginning_until_just_before_its_end() {
        let at = |seconds| chrono::DateTime::from_timestamp(seconds, 0).expect("a time");
        let key = Key {
            not_before: Some(at(10)),
            expires_at: Some(at(20)),
            ..Key::blank(KeyKind::User, KeyOwner::User(UserId(1)), at(0))
        };
        for (now, lapsed, state) in [
            (9, Some("key_not_yet_valid"), KeyState::Pending),
            (10, None, KeyState::Active),
            (19, None, KeyState::Active),
            (20, Some("key_expired"), KeyState::Expired),
        ] {
            assert_eq!((key.lapsed(at(now)), key.state(at(now))), (lapsed, state), "{now}");
        }
    }
}
