//! What the operator decides about signing in.

use std::collections::BTreeMap;

use super::FactorPolicy;

/// What the operator decides about signing in.
#[derive(Debug, Clone)]
pub struct SignInSettings {
    /// Whether people may sign in with passwords.
    pub passwords: bool,
    /// Attempts to sign in per account and hour, from addresses that are new to it.
    pub attempts_per_account_per_hour: u32,
    /// Reset links that are made for an account, and links that do not work that are tried from an
    /// address, per hour.
    pub links_per_hour: u32,
    /// How long a sign-in may take between its steps, in seconds.
    pub pending_seconds: i64,
    /// Who needs a second factor, until an administrator decides otherwise.
    pub second_factor: FactorPolicy,
    /// The name of this server in people's authenticators.
    pub factor_issuer: String,
    /// Whether people whom a trusted party names for the first time get an account.
    pub create_users: bool,
    /// Whether an account with the same verified address is taken over at the first time.
    pub link_by_email: bool,
    /// If not empty: the only domains of addresses that trusted parties may name.
    pub allowed_domains: Vec<String>,
    /// What the trusted party calls a group → the name of the group here.
    pub group_map: BTreeMap<String, String>,
    /// Whether a header of a proxy tells who calls.
    pub remote_user: bool,
}

impl Default for SignInSettings {
    fn default() -> Self {
        Self {
            passwords: true,
            attempts_per_account_per_hour: 20,
            links_per_hour: 10,
            pending_seconds: 600,
            second_factor: FactorPolicy::Optional,
            factor_issuer: "Tessera".to_owned(),
            create_users: true,
            link_by_email: false,
            allowed_domains: Vec::new(),
            group_map: BTreeMap::new(),
            remote_user: false,
        }
    }
}
