//! How often sign-ins may be tried: per address, and per account from addresses that are new to it,
//! so that many addresses together cannot guess at one account, and nobody is locked out of an
//! address that worked before.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use tessera_kernel::Result;
use tessera_kernel::ids::UserId;

use crate::{AccessSettings, Throttle};

/// How long an address is remembered at which somebody signed in.
const KNOWN_SECONDS: u64 = 30 * 24 * 3600;
/// How many such addresses are remembered.
const KNOWN_MAX: u64 = 50_000;

/// The limits; on each node of its own.
#[derive(Clone)]
pub(crate) struct Guard {
    addresses: Arc<Throttle>,
    accounts: Arc<Throttle>,
    codes: Arc<Throttle>,
    links: Arc<Throttle>,
    known: Cache<(String, String), ()>,
}

impl Guard {
    pub(crate) fn new(settings: &AccessSettings) -> Self {
        let limit = |per_hour| {
            Arc::new(Throttle::per_hour(if settings.limits_enabled { per_hour } else { 0 }))
        };
        Self {
            addresses: limit(settings.login_attempts_per_hour),
            accounts: limit(settings.signin.attempts_per_account_per_hour),
            codes: limit(settings.signin.attempts_per_account_per_hour),
            links: limit(settings.signin.links_per_hour),
            known: Cache::builder()
                .max_capacity(KNOWN_MAX)
                .time_to_live(Duration::from_secs(KNOWN_SECONDS))
                .build(),
        }
    }

    /// Counts an attempt from an address.
    pub(crate) fn address(&self, address: Option<&str>) -> Result<()> {
        self.addresses.check(&network(address))
    }

    /// Counts an attempt at an account, known or not, unless it comes from an address at which that
    /// account signed in before.
    pub(crate) fn account(&self, email: &str, address: Option<&str>) -> Result<()> {
        if self.known.contains_key(&(email.to_owned(), network(address))) {
            return Ok(());
        }
        self.accounts.check(email)
    }

    /// Notes that an account signed in from an address.
    pub(crate) fn worked(&self, email: &str, address: Option<&str>) {
        self.known.insert((email.to_owned(), network(address)), ());
    }

    /// Counts an attempt at the second factor of a user.
    pub(crate) fn code(&self, user: UserId) -> Result<()> {
        self.codes.check(&user.to_string())
    }

    /// Counts a link that does not work, from an address.
    pub(crate) fn bad_link(&self, address: Option<&str>) -> Result<()> {
        self.links.check(&network(address))
    }

    /// Counts a wish of a stranger for a reset link, from an address; `false` if there were too many
    /// for one account, known or not.
    pub(crate) fn forgot(&self, email: &str, address: Option<&str>) -> Result<bool> {
        self.links.check(&network(address))?;
        Ok(self.links.check(&format!("mail:{email}")).is_ok())
    }

    /// Counts a reset link made for a user.
    pub(crate) fn reset_link(&self, user: UserId) -> Result<()> {
        self.links.check(&format!("user:{user}"))
    }
}

/// Who owns an IPv6 address mostly owns its /64: they count as one.
fn network(address: Option<&str>) -> String {
    let address = address.unwrap_or("unknown");
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(six)) => {
            let [one, two, three, four, ..] = six.segments();
            format!("{one:x}:{two:x}:{three:x}:{four:x}::/64")
        }
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_addresses_cannot_guess_at_one_account_and_a_known_one_stays_open() {
        let mut settings = AccessSettings::default();
        settings.signin.attempts_per_account_per_hour = 2;
        let guard = Guard::new(&settings);
        guard.worked("ada@example.com", Some("10.0.0.1"));
        for number in 0..2 {
            assert!(guard.account("ada@example.com", Some(&format!("10.0.1.{number}"))).is_ok());
        }
        assert!(guard.account("ada@example.com", Some("10.0.2.9")).is_err());
        assert!(guard.account("ada@example.com", Some("10.0.0.1")).is_ok());
        assert!(guard.account("bob@example.com", Some("10.0.2.9")).is_ok());
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_as_one() {
        assert_eq!(network(Some("2001:db8:1:2::1")), network(Some("2001:db8:1:2:ffff::9")));
        assert_ne!(network(Some("2001:db8:1:2::1")), network(Some("2001:db8:1:3::1")));
        assert_eq!(network(Some("10.0.0.1")), "10.0.0.1");
    }
}
