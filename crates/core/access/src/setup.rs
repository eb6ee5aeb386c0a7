//! The first setup: an organisation, its two built-in groups, and its first administrator.

use std::sync::Arc;

use serde_json::json;
use tessera_kernel::ids::{GroupId, UserId};
use tessera_kernel::{Clock, Code, Fault, Random, Result, Secret};

use crate::ports::Repos;
use crate::users::{User, UserKind, clean_email, clean_name};
use crate::{
    ADMIN_PERMISSIONS, AuditEntry, DEFAULT_PERMISSIONS, Gate, Group, KeyKind, KeyOwner, Keys,
    Passwords, RequestContext, events,
};

/// What the first administrator tells.
#[derive(Debug, Clone)]
pub struct SetupRequest {
    /// The administrator's name.
    pub name: String,
    /// The administrator's address.
    pub email: String,
    /// The administrator's password.
    pub password: Secret,
    /// The name of the organisation.
    pub organization: String,
}

/// The first setup. Whoever may reach the server first must not become its administrator, so it
/// asks for a token that only the operator has seen.
#[derive(Clone)]
pub struct Setup {
    repos: Arc<dyn Repos>,
    gate: Gate,
    keys: Keys,
    passwords: Passwords,
    token: Option<Secret>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Setup {
    /// The service; without a `token` none is asked for.
    #[must_use]
    pub fn new(
        repos: Arc<dyn Repos>,
        gate: Gate,
        keys: Keys,
        passwords: Passwords,
        token: Option<Secret>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self { repos, gate, keys, passwords, token, clock, random }
    }

    /// Whether the setup is still to be done.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn is_needed(&self) -> Result<bool> {
        Ok(self.repos.count_users().await? == 0)
    }

    /// Does the setup.
    ///
    /// # Errors
    /// `SetupState` if it was done before, `Forbidden` for a wrong token, `Invalid` for bad fields.
    pub async fn run(&self, request: &SetupRequest, token: Option<&Secret>) -> Result<User> {
        if let Some(expected) = &self.token {
            let peppers = self.gate.peppers();
            let (version, digest) = peppers.digest(expected.expose());
            let given = token.map_or("", Secret::expose);
            if !peppers.verify(given, version, &digest) {
                return Err(Fault::new(
                    Code::Forbidden,
                    "the setup token is missing or wrong; it was printed when the server started",
                )
                .with_field("setup_token"));
            }
        }
        let name = clean_name(&request.name)?;
        let email = clean_email(&request.email)?;
        let organization = request.organization.trim();
        if organization.is_empty() {
            return Err(Fault::invalid("org_name", "must not be empty"));
        }
        let now = self.clock.now();
        let group = |name: &str, permissions: &[&str]| Group {
            id: GroupId(0),
            uid: self.random.uid(now),
            name: name.to_owned(),
            builtin: true,
            permissions: permissions.iter().map(|word| (*word).to_owned()).collect(),
            created_at: now,
        };
        let groups = [group("admin", &ADMIN_PERMISSIONS), group("default", &DEFAULT_PERMISSIONS)];
        let user = User {
            id: UserId(0),
            kind: UserKind::Person,
            uid: self.random.uid(now),
            name,
            email: email.clone(),
            password_hash: Some(self.passwords.hash(&request.password).await?),
            groups: Vec::new(),
            disabled_at: None,
            invitation_pending: false,
            email_verified: true,
            active_at: None,
            epoch: 0,
            created_at: now,
            updated_at: now,
        };
        let key = self.keys.mint_recoverable(KeyKind::User, KeyOwner::User(UserId(0)), None)?;
        let settings = [("organization_name".to_owned(), json!(organization))];
        let entry = AuditEntry {
            actor: "anonymous".to_owned(),
            action: events::SETUP,
            object: String::new(),
            detail: json!({ "email": email, "organization": organization }),
        };
        if !self.is_needed().await? {
            return Err(Fault::new(Code::SetupState, "the server has been set up before"));
        }
        self.gate.audit().record(&RequestContext::default(), entry).await?;
        if !self.repos.initialize(&groups, &user, &key, &settings).await? {
            return Err(Fault::new(Code::SetupState, "the server has been set up before"));
        }
        self.gate.forget_users();
        self.gate.forget_keys();
        self.repos
            .user_by_email(&email)
            .await?
            .ok_or_else(|| Fault::new(Code::Internal, "the first user is not there"))
    }
}
