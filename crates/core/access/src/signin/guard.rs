//! How often sign-ins may be tried: per address, and per account from addresses that are new to it,
//! so that many addresses together cannot guess at one account, and nobody is locked out of an
//! address that worked before.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use tessera_kernel::ids::UserId;
use tessera_kernel::{Code, Result};

use crate::AccessSettings;
use crate::attempts::{Shared, SharedThrottle};

/// How long an address is remembered at which somebody signed in.
const KNOWN_SECONDS: u64 = 30 * 24 * 3600;
/// How many such addresses are remembered.
const KNOWN_MAX: u64 = 50_000;

/// What is remembered of addresses at which somebody signed in.
const KNOWN: &str = "known";

/// The limits, which hold on all nodes together.
#[derive(Clone)]
pub(crate) struct Guard {
    addresses: Arc<SharedThrottle>,
    accounts: Arc<SharedThrottle>,
    codes: Arc<SharedThrottle>,
    links: Arc<SharedThrottle>,
    known: Cache<(String, String), ()>,
    shared: Shared,
}

impl Guard {
    pub(crate) fn new(settings: &AccessSettings, shared: Shared) -> Self {
        let limit = |kind, per_hour| {
            let per_hour = if settings.limits_enabled { per_hour } else { 0 };
            Arc::new(SharedThrottle::per_hour(kind, per_hour, shared.clone()))
        };
        Self {
            addresses: limit("address", settings.login_attempts_per_hour),
            accounts: limit("account", settings.signin.attempts_per_account_per_hour),
            codes: limit("code", settings.signin.attempts_per_account_per_hour),
            links: limit("link", settings.signin.links_per_hour),
            known: Cache::builder()
                .max_capacity(KNOWN_MAX)
                .time_to_live(Duration::from_secs(KNOWN_SECONDS))
                .build(),
            shared,
        }
    }

    /// Counts an attempt from an address.
    pub(crate) async fn address(&self, address: Option<&str>) -> Result<()> {
        self.addresses.check(&network(address)).await
    }

    /// Counts an attempt at an account, known or not, unless it comes from an address at which that
    /// account signed in before, on whichever node.
    pub(crate) async fn account(&self, email: &str, address: Option<&str>) -> Result<()> {
        let place = (email.to_owned(), network(address));
        if self.known.contains_key(&place) {
            return Ok(());
        }
        let Err(fault) = self.accounts.check(email).await else { return Ok(()) };
        if fault.code() == Code::RateLimited
            && self.shared.remembers(KNOWN, &known_name(&place)).await?
        {
            self.known.insert(place, ());
            return Ok(());
        }
        Err(fault)
    }

    /// Notes that an account signed in from an address.
    pub(crate) async fn worked(&self, email: &str, address: Option<&str>) -> Result<()> {
        let place = (email.to_owned(), network(address));
        self.shared.remember(KNOWN, &known_name(&place), KNOWN_SECONDS).await?;
        self.known.insert(place, ());
        Ok(())
    }

    /// Counts an attempt at the second factor of a user.
    pub(crate) async fn code(&self, user: UserId) -> Result<()> {
        self.codes.check(&user.to_string()).await
    }

    /// Counts a link that does not work, from an address.
    pub(crate) async fn bad_link(&self, address: Option<&str>) -> Result<()> {
        self.links.check(&network(address)).await
    }

    /// Counts a wish of a stranger for a reset link, from an address; `false` if there were too many
    /// for one account, known or not.
    pub(crate) async fn forgot(&self, email: &str, address: Option<&str>) -> Result<bool> {
        self.links.check(&network(address)).await?;
        match self.links.check(&format!("mail:{email}")).await {
            Err(fault) if fault.code() == Code::RateLimited => Ok(false),
            counted => counted.map(|()| true),
        }
    }

    /// Counts a reset link made for a user.
    pub(crate) async fn reset_link(&self, user: UserId) -> Result<()> {
        self.links.check(&format!("user:{user}")).await
    }
}

fn known_name((email, network): &(String, String)) -> String {
    format!("{network} {email}")
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
    fn addresses_of_one_ipv6_network_count_as_one() {
        assert_eq!(network(Some("2001:db8:1:2::1")), network(Some("2001:db8:1:2:ffff::9")));
        assert_ne!(network(Some("2001:db8:1:2::1")), network(Some("2001:db8:1:3::1")));
        assert_eq!(network(Some("10.0.0.1")), "10.0.0.1");
    }
}
