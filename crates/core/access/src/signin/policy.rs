//! Who needs a second factor.

use serde_json::{Value as Json, json};
use tessera_kernel::{Fault, Result};

use crate::acts::{AdministerSignIn, ReadSignInPolicy};
use crate::{Access, Authorized, Changes};

/// The name of the setting of the organisation.
pub(super) const SETTING: &str = "signin.second_factor";

/// Who needs a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorPolicy {
    /// Whoever wants one.
    Optional,
    /// Administrators.
    RequiredForAdmins,
    /// Everybody who signs in with a password, or another way whose people are asked here.
    Required,
}

impl FactorPolicy {
    /// All policies.
    pub const ALL: [Self; 3] = [Self::Optional, Self::RequiredForAdmins, Self::Required];

    /// The stable spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Optional => "optional",
            Self::RequiredForAdmins => "required_for_admins",
            Self::Required => "required",
        }
    }

    /// Whether it demands a second factor of somebody.
    #[must_use]
    pub const fn demands(self, is_admin: bool) -> bool {
        match self {
            Self::Optional => false,
            Self::RequiredForAdmins => is_admin,
            Self::Required => true,
        }
    }

    /// The policy in the settings of the organisation, or else the operator's.
    pub(super) fn of(settings: &[(String, Json)], default: Self) -> Self {
        let set = settings.iter().find(|(name, _)| name == SETTING);
        set.and_then(|(_, value)| value.as_str()?.parse().ok()).unwrap_or(default)
    }
}

impl std::str::FromStr for FactorPolicy {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == text).ok_or_else(|| {
            let detail = "must be optional, required_for_admins or required";
            Fault::invalid("second_factor", detail)
        })
    }
}

/// Who asks for the second factor of people for whom somebody else vouches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignFactor {
    /// Whoever vouches for them: nothing is asked here.
    Trust,
    /// This server, as after a password.
    Ask,
}

impl std::str::FromStr for ForeignFactor {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "trust" => Ok(Self::Trust),
            "ask" => Ok(Self::Ask),
            _ => Err(Fault::invalid("second_factor", "send `trust` or `ask`")),
        }
    }
}

impl Access {
    /// Who needs a second factor.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn factor_policy(
        &self,
        _grant: &Authorized<ReadSignInPolicy>,
    ) -> Result<FactorPolicy> {
        let default = self.gate.settings().signin.second_factor;
        Ok(FactorPolicy::of(&self.repos.settings().await?, default))
    }

    /// Decides who needs a second factor, from the next sign-in on.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn set_factor_policy(
        &self,
        grant: &Authorized<AdministerSignIn>,
        policy: FactorPolicy,
    ) -> Result<()> {
        let default = self.gate.settings().signin.second_factor;
        let before = FactorPolicy::of(&self.repos.settings().await?, default);
        let changes = Changes::new().field("second_factor", before.as_str(), policy.as_str());
        self.gate.audit().record_changes(grant, changes).await?;
        self.repos.set_settings(&[(SETTING.to_owned(), json!(policy.as_str()))]).await
    }
}
