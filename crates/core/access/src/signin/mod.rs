//! How people prove who they are: passwords, second factors, and the word of somebody who is
//! trusted with it (an identity provider, a signed token, a proxy).
//!
//! [`SignIns`] takes passwords and codes, [`Federation`] takes the word of others, [`SecondFactors`]
//! keeps the second factor of each user. What has to be asked of the outside is in [`provider`].

pub(crate) mod audit;
mod claims;
mod factor;
mod federation;
mod guard;
mod identities;
mod parts;
mod pending;
mod policy;
pub mod provider;
mod second_factor;
mod service;
mod settings;

pub use claims::Claims;
pub use federation::{Federation, FlowEnd, FlowStart, Way};
pub use identities::Identity;
pub use pending::{Pending, PendingKind};
pub use policy::{FactorPolicy, ForeignFactor};
pub use second_factor::{Enrolment, FactorStatus, SecondFactor, SecondFactors};
pub use service::{Challenge, Completed, SignIn, SignIns};
pub use settings::SignInSettings;

pub(crate) use guard::Guard;
pub(crate) use identities::Identities;
pub(crate) use parts::Parts;

/// How a person proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// With a password.
    Password,
    /// With a password and a code of the second factor.
    PasswordAndCode,
    /// With a one-use link, by which a password was set.
    Link,
    /// At the first setup.
    Setup,
    /// By an identity provider (OpenID Connect).
    Provider,
    /// By an identity provider, and a code of the second factor here.
    ProviderAndCode,
    /// By a header of a trusted proxy.
    RemoteUser,
    /// By a header of a trusted proxy, and a code of the second factor here.
    RemoteUserAndCode,
}

impl Method {
    /// All methods.
    pub const ALL: [Self; 8] = [
        Self::Password,
        Self::PasswordAndCode,
        Self::Link,
        Self::Setup,
        Self::Provider,
        Self::ProviderAndCode,
        Self::RemoteUser,
        Self::RemoteUserAndCode,
    ];

    /// The stable spelling, in records and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::PasswordAndCode => "password_and_code",
            Self::Link => "link",
            Self::Setup => "setup",
            Self::Provider => "provider",
            Self::ProviderAndCode => "provider_and_code",
            Self::RemoteUser => "remote_user",
            Self::RemoteUserAndCode => "remote_user_and_code",
        }
    }
}

impl std::str::FromStr for Method {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|method| method.as_str() == text).ok_or(())
    }
}
