//! The settings of the organisation: kept in memory, since files that are given out ask for them.

use std::sync::Arc;

use chrono::TimeDelta;
use parking_lot::RwLock;
use serde_json::{Map, Value as Json};
use tessera_kernel::{Clock, Code, Fault, Result, Timestamp};

use super::OrganizationSettings;
use crate::acts::{ReadOrganization, UpdateOrganization};
use crate::ports::Repos;
use crate::{Access, Authorized, Changes, Gate};

/// The settings as last read, and when.
type Known = Option<(Timestamp, Arc<OrganizationSettings>)>;

/// The settings of the organisation.
#[derive(Clone)]
pub struct Organization {
    repos: Arc<dyn Repos>,
    gate: Gate,
    clock: Arc<dyn Clock>,
    known: Arc<RwLock<Known>>,
}

impl Organization {
    pub(crate) fn new(repos: Arc<dyn Repos>, gate: Gate, clock: Arc<dyn Clock>) -> Self {
        Self { repos, gate, clock, known: Arc::default() }
    }

    /// The settings in force: those of the operator with what the organisation changed. A change
    /// made on another node takes effect within `AccessSettings::cache_seconds`.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn settings(&self) -> Result<Arc<OrganizationSettings>> {
        let now = self.clock.now();
        if let Some((read_at, settings)) = &*self.known.read()
            && now < *read_at + self.lifetime()
        {
            return Ok(Arc::clone(settings));
        }
        let defaults = &self.gate.settings().organization;
        let settings = Arc::new(defaults.with(&self.changed().await?)?);
        *self.known.write() = Some((now, Arc::clone(&settings)));
        Ok(settings)
    }

    /// The settings in force, for those who govern them.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn read(
        &self,
        _grant: &Authorized<ReadOrganization>,
    ) -> Result<Arc<OrganizationSettings>> {
        self.settings().await
    }

    fn lifetime(&self) -> TimeDelta {
        let seconds = self.gate.settings().cache_seconds;
        TimeDelta::seconds(i64::try_from(seconds).unwrap_or(i64::from(i32::MAX)))
    }

    /// What was ever set. A member that this version does not know is left alone.
    async fn changed(&self) -> Result<Map<String, Json>> {
        let known = self.gate.settings().organization.members()?;
        let stored = self.repos.settings().await?;
        let own = |(name, value): &(String, Json)| known.contains_key(name) && !value.is_null();
        Ok(stored.into_iter().filter(own).collect())
    }
}

impl Access {
    /// A setting as it was last set; `None` if it never was.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn organization_setting(&self, name: &str) -> Result<Option<Json>> {
        let settings = self.repos.settings().await?;
        Ok(settings.into_iter().find(|(known, _)| known == name).map(|(_, value)| value))
    }

    /// Changes some settings of the organisation; `null` takes one back to the settings of the
    /// server. They are in force at once on this node.
    ///
    /// # Errors
    /// `Invalid` with the name of a member that does not exist or whose value does not fit.
    pub async fn change_organization(
        &self,
        grant: &Authorized<UpdateOrganization>,
        change: Map<String, Json>,
    ) -> Result<Arc<OrganizationSettings>> {
        let organization = &self.organization;
        let defaults = &self.gate.settings().organization;
        let usual = defaults.members()?;
        let mut changed = organization.changed().await?;
        let before = defaults.with(&changed)?;
        let mut stored = Vec::new();
        for (name, value) in change {
            if !usual.contains_key(&name) {
                return Err(Fault::invalid(name, "is no setting of the organization"));
            }
            if value.is_null() {
                changed.remove(&name);
            } else {
                changed.insert(name.clone(), value.clone());
            }
            stored.push((name, value));
        }
        let after = defaults.with(&changed)?;
        self.check_ways(&before, &after)?;
        let (old, new) = (before.members()?, after.members()?);
        let mut changes = Changes::new();
        for (name, value) in new {
            let was = old.get(&name).cloned().unwrap_or(Json::Null);
            changes = changes.field(&name, was, value);
        }
        self.gate.audit().record_changes(grant, changes).await?;
        self.repos.set_settings(&stored).await?;
        *organization.known.write() = None;
        organization.settings().await
    }

    /// Nobody may lock everybody out, and the operator's word is above the organisation's.
    fn check_ways(
        &self,
        before: &OrganizationSettings,
        after: &OrganizationSettings,
    ) -> Result<()> {
        let (was, is) = (before.auth_password_login_enabled, after.auth_password_login_enabled);
        if was == is {
            return Ok(());
        }
        if is && !self.gate.settings().signin.passwords {
            let detail = "passwords are switched off for the whole server (signin.passwords)";
            return Err(invalid_ways(detail));
        }
        if !is && self.federation.ways().is_empty() && !self.federation.takes_remote_user() {
            let detail = "there is no other way to sign in; set one up first, such as \
                          signin.oidc_issuer";
            return Err(invalid_ways(detail));
        }
        Ok(())
    }
}

fn invalid_ways(detail: &str) -> Fault {
    Fault::new(Code::Invalid, detail).with_field("auth_password_login_enabled")
}
