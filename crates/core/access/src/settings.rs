//! What the operator decides about access.

use ipnet::IpNet;

use crate::SignInSettings;

/// Whether keys that act as a user may come in the address of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportRule {
    /// Only keys of one query or dashboard may, and only to read.
    Fenced,
    /// Keys of users may as well. Each use is recorded.
    Allowed,
}

/// Settings of this crate; the configuration of the binary fills them.
#[derive(Debug, Clone)]
pub struct AccessSettings {
    /// Shortest password, in characters.
    pub password_min_characters: usize,
    /// How long an idle session lives, in seconds.
    pub session_idle_seconds: i64,
    /// The same for one in which the person asked to be remembered.
    pub session_remembered_seconds: i64,
    /// How long an invitation or reset link works, in seconds.
    pub invitation_seconds: i64,
    /// Attempts to sign in per address and hour.
    pub login_attempts_per_hour: u32,
    /// Users whom one caller may add per hour; zero is no limit.
    pub new_users_per_hour: u32,
    /// Whether rate limits apply at all.
    pub limits_enabled: bool,
    /// Requests per hour for all keys of a workspace together; zero is no limit.
    pub workspace_requests_per_hour: u64,
    /// Requests per minute for every other key; zero is no limit but those of its terms.
    pub requests_per_minute_per_key: u64,
    /// Bad keys per minute from one address before they are not looked up any more; zero is no limit.
    pub failed_keys_per_minute: u64,
    /// How long a key, session or right may be remembered, in seconds. A change made on this node
    /// takes effect at once, on another node within this time.
    pub cache_seconds: u64,
    /// How many keys and users are remembered.
    pub cache_entries: u64,
    /// Longest life of a token made from a key without asking the server, in seconds.
    pub token_seconds_max: i64,
    /// How far the time of a signed request may be from ours, in seconds.
    pub proof_skew_seconds: i64,
    /// How many signed requests are remembered, so that none is taken twice.
    pub proof_nonces_max: usize,
    /// Most keys below one key that are in force.
    pub key_children_max: usize,
    /// Whether keys that act as a user may come in the address.
    pub user_keys_in_url: TransportRule,
    /// The policy of keys where the organisation has not set its own.
    pub key_policy: crate::KeyPolicy,
    /// Public keys (P-256, PEM) of partners for secret scanning.
    pub scanning_partner_keys: Vec<String>,
    /// Proxies whose word about the caller's address is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Signing in.
    pub signin: SignInSettings,
    /// What is recorded of requests.
    pub usage: UsageSettings,
    /// The settings of the organisation where it has not set its own.
    pub organization: crate::OrganizationSettings,
    /// Mail.
    pub mail: crate::MailQueueSettings,
    /// Work that counts once.
    pub once: crate::OnceSettings,
}

/// What the operator decides about the records of requests.
#[derive(Debug, Clone)]
pub struct UsageSettings {
    /// Records that may wait to be written; what comes beyond is counted and lost.
    pub entries_max: usize,
    /// Whether addresses are recorded.
    pub addresses: bool,
    /// Whether callers' programs are recorded.
    pub clients: bool,
    /// The name of this process in records.
    pub node: String,
}

impl Default for UsageSettings {
    fn default() -> Self {
        Self { entries_max: 100_000, addresses: true, clients: true, node: String::new() }
    }
}

impl Default for AccessSettings {
    fn default() -> Self {
        Self {
            password_min_characters: 10,
            session_idle_seconds: 6 * 3600,
            session_remembered_seconds: 31 * 24 * 3600,
            invitation_seconds: 7 * 24 * 3600,
            login_attempts_per_hour: 50,
            new_users_per_hour: 200,
            limits_enabled: true,
            workspace_requests_per_hour: 250_000,
            requests_per_minute_per_key: 0,
            failed_keys_per_minute: 60,
            cache_seconds: 5,
            cache_entries: 20_000,
            token_seconds_max: 24 * 3600,
            proof_skew_seconds: 60,
            proof_nonces_max: 1_000_000,
            key_children_max: 1000,
            user_keys_in_url: TransportRule::Allowed,
            key_policy: crate::KeyPolicy::default(),
            scanning_partner_keys: Vec::new(),
            trusted_proxies: Vec::new(),
            signin: SignInSettings::default(),
            usage: UsageSettings::default(),
            organization: crate::OrganizationSettings::default(),
            mail: crate::MailQueueSettings::default(),
            once: crate::OnceSettings::default(),
        }
    }
}
