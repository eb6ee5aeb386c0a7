//! Whose account a trusted party means: found by issuer and subject, which never change hands.

use std::sync::Arc;

use serde_json::json;
use tessera_kernel::ids::{GroupId, UserId};
use tessera_kernel::{Clock, Code, Fault, Random, Result, Timestamp};

use super::{Claims, SignInSettings, audit};
use crate::ports::Repos;
use crate::users::{clean_email, clean_name};
use crate::{Gate, Group, KeyKind, KeyOwner, Keys, RequestContext, User, events};

/// How often storage learns that an identity is in use, in seconds.
const USED_EVERY_SECONDS: i64 = 300;

/// An account of a trusted party that belongs to a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who says it.
    pub issuer: String,
    /// Whom the issuer means.
    pub subject: String,
    /// Whose it is here.
    pub user: UserId,
    /// The address that the issuer named when the two were linked.
    pub email: Option<String>,
    /// When they were linked.
    pub created_at: Timestamp,
    /// When it was last used to sign in.
    pub used_at: Timestamp,
}

/// Finds, links and makes accounts.
#[derive(Clone)]
pub(crate) struct Identities {
    pub(super) repos: Arc<dyn Repos>,
    pub(super) gate: Gate,
    pub(super) keys: Keys,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
}

impl Identities {
    /// The account of a person, linked or made if this is the first time, with its groups brought up
    /// to date.
    ///
    /// # Errors
    /// `Forbidden` if the person may not have an account here, `Unauthenticated` if it is disabled.
    pub(super) async fn resolve(&self, claims: &Claims, context: &RequestContext) -> Result<User> {
        let settings = &self.gate.settings().signin;
        if claims.subject.is_empty() {
            return Err(Fault::new(Code::Unauthenticated, "nobody is named"));
        }
        check_domain(claims, &settings.allowed_domains)?;
        let user = match self.known(claims).await? {
            Some(user) => user,
            None => self.first_time(claims, settings, context).await?,
        };
        if user.disabled_at.is_some() {
            return Err(Fault::new(Code::Unauthenticated, "the account is disabled"));
        }
        self.synchronise(user, claims, settings).await
    }

    async fn known(&self, claims: &Claims) -> Result<Option<User>> {
        let Some(identity) = self.repos.identity(&claims.issuer, &claims.subject).await? else {
            return Ok(None);
        };
        let now = self.clock.now();
        // Tokens are looked at every few seconds; storage need not know each time.
        if (now - identity.used_at).num_seconds() >= USED_EVERY_SECONDS {
            self.repos.touch_identity(&claims.issuer, &claims.subject, now).await?;
        }
        self.repos.user(identity.user).await
    }

    async fn first_time(
        &self,
        claims: &Claims,
        settings: &SignInSettings,
        context: &RequestContext,
    ) -> Result<User> {
        let email = claims.email.as_deref().ok_or_else(|| {
            refuse("whoever vouches for you told no e-mail address; it is needed for an account")
        })?;
        let email = clean_email(email)?;
        let linked = match self.repos.user_by_email(&email).await? {
            Some(user) => Some(self.link(user, claims, settings, context).await?),
            None => None,
        };
        match linked {
            Some(user) => Ok(user),
            None => match self.create(&email, claims, settings, context).await {
                // Two first requests of one person at the same time: the other one made it.
                Err(fault) if fault.code() == Code::Duplicate => {
                    self.known(claims).await?.ok_or(fault)
                }
                other => other,
            },
        }
    }

    /// Links an account that was there before. Both sides must have proved the address: otherwise
    /// somebody could take over, or prepare, an account for another person.
    async fn link(
        &self,
        mut user: User,
        claims: &Claims,
        settings: &SignInSettings,
        context: &RequestContext,
    ) -> Result<User> {
        if !(settings.link_by_email && claims.email_verified && user.email_verified) {
            return Err(refuse(
                "there is an account with your e-mail address that was not made this way; ask an \
                 administrator (signin.link_by_email)",
            ));
        }
        if user.disabled_at.is_some() {
            return Err(Fault::new(Code::Unauthenticated, "the account is disabled"));
        }
        let now = self.clock.now();
        let detail = json!({ "issuer": claims.issuer, "subject": claims.subject });
        let action = events::IDENTITY_LINKED;
        audit::linked(&self.gate, Some(user.id), action, detail, context).await?;
        let linked = self.repos.insert_identity(&self.identity(user.id, claims, now)).await;
        match linked {
            // The same request, twice at the same time.
            Err(fault) if fault.code() == Code::Duplicate => {}
            other => other?,
        }
        if user.invitation_pending {
            user.invitation_pending = false;
            self.save(&mut user).await?;
        }
        Ok(user)
    }

    async fn create(
        &self,
        email: &str,
        claims: &Claims,
        settings: &SignInSettings,
        context: &RequestContext,
    ) -> Result<User> {
        if !settings.create_users {
            return Err(refuse("you have no account here; ask an administrator for one"));
        }
        let known = self.repos.groups().await?;
        let groups: Vec<GroupId> = default_group(&known).into_iter().collect();
        let now = self.clock.now();
        let local = email.split('@').next().unwrap_or(email);
        let name = claims.name.as_deref().and_then(|name| clean_name(name).ok());
        let mut user = User {
            id: UserId(0),
            kind: crate::UserKind::Person,
            uid: self.random.uid(now),
            name: name.unwrap_or_else(|| local.to_owned()),
            email: email.to_owned(),
            password_hash: None,
            groups,
            disabled_at: None,
            invitation_pending: false,
            email_verified: claims.email_verified,
            active_at: None,
            epoch: 0,
            created_at: now,
            updated_at: now,
        };
        let detail = json!({ "issuer": claims.issuer, "subject": claims.subject, "email": email });
        let action = events::IDENTITY_CREATED_USER;
        audit::linked(&self.gate, None, action, detail, context).await?;
        let key = self.keys.mint_recoverable(KeyKind::User, KeyOwner::User(user.id), None)?;
        let identity = self.identity(user.id, claims, now);
        user.id = self.repos.insert_user_with_identity(&user, &key, &identity).await?;
        self.gate.forget_keys();
        self.gate.forget_users();
        Ok(user)
    }

    /// Puts a user into the groups that the trusted party names, and takes it out of those that only
    /// the trusted party fills and does not name.
    async fn synchronise(
        &self,
        mut user: User,
        claims: &Claims,
        settings: &SignInSettings,
    ) -> Result<User> {
        let Some(named) = &claims.groups else { return Ok(user) };
        if settings.group_map.is_empty() {
            return Ok(user);
        }
        let known = self.repos.groups().await?;
        let groups = mapped(&user.groups, named, settings, &known);
        if groups != user.groups {
            user.groups = groups;
            self.save(&mut user).await?;
        }
        Ok(user)
    }

    fn identity(&self, user: UserId, claims: &Claims, now: Timestamp) -> Identity {
        Identity {
            issuer: claims.issuer.clone(),
            subject: claims.subject.clone(),
            user,
            email: claims.email.clone(),
            created_at: now,
            used_at: now,
        }
    }

    async fn save(&self, user: &mut User) -> Result<()> {
        user.updated_at = self.clock.now();
        self.repos.update_user(user).await?;
        self.gate.forget_users();
        Ok(())
    }
}

/// The groups of a user after a sign-in that named groups.
fn mapped(
    present: &[GroupId],
    named: &[String],
    settings: &SignInSettings,
    known: &[Group],
) -> Vec<GroupId> {
    let by_name = |name: &String| known.iter().find(|group| group.name == *name).map(|g| g.id);
    let managed: Vec<GroupId> = settings.group_map.values().filter_map(by_name).collect();
    let names = named.iter().filter_map(|claim| settings.group_map.get(claim));
    let wanted: Vec<GroupId> = names.filter_map(by_name).collect();
    let mut groups: Vec<GroupId> = present
        .iter()
        .copied()
        .filter(|group| !managed.contains(group) || wanted.contains(group))
        .collect();
    for group in wanted {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    if groups.is_empty() {
        groups.extend(default_group(known));
    }
    groups
}

fn default_group(known: &[Group]) -> Option<GroupId> {
    known.iter().find(|group| group.builtin && group.name == "default").map(|group| group.id)
}

fn check_domain(claims: &Claims, allowed: &[String]) -> Result<()> {
    if allowed.is_empty() {
        return Ok(());
    }
    let domain = claims
        .email
        .as_deref()
        .filter(|_| claims.email_verified)
        .and_then(|email| email.trim().rsplit_once('@'))
        .map(|(_, domain)| domain.to_lowercase());
    let fits = domain.is_some_and(|domain| allowed.iter().any(|one| one.to_lowercase() == domain));
    if fits {
        return Ok(());
    }
    Err(refuse("your e-mail address is not of a domain that may sign in (signin.allowed_domains)"))
}

fn refuse(detail: &str) -> Fault {
    Fault::new(Code::Forbidden, detail)
}
