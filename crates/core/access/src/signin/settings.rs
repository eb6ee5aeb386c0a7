//! What the operator decides about signing in.

use std::collections::BTreeMap;

use super::{FactorPolicy, ForeignFactor};

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
    /// Who asks those for a second factor who come from an OpenID Connect provider.
    pub provider_factor: ForeignFactor,
    /// The same for those whom a proxy's header names.
    pub remote_user_factor: ForeignFactor,
    /// The same for those who come with signed tokens. Where they would be asked here, the tokens of
    /// those who have, or must have, a second factor are refused: a request cannot be asked.
    pub token_factor: ForeignFactor,
    /// The name of this server in people's authenticators.
    pub factor_issuer: String,
    /// Whether people whom a trusted party names for the first time get an account.
    pub create_users: bool,
    /// Whether an account with the same verified address is taken over at the first time.
    pub link_by_email: bool,
    /// If not empty: the only domains of addresses that trusted parties may name.
    pub allowed_domains: Vec<String>,
    /// Domains, in lower case, whose addresses nobody is added with or changes to.
    pub blocked_domains: Vec<String>,
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
            provider_factor: ForeignFactor::Trust,
            remote_user_factor: ForeignFactor::Trust,
            token_factor: ForeignFactor::Trust,
            factor_issuer: "Tessera".to_owned(),
            create_users: true,
            link_by_email: false,
            allowed_domains: Vec::new(),
            blocked_domains: Vec::new(),
            group_map: BTreeMap::new(),
            remote_user: false,
        }
    }
}
