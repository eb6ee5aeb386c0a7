//! Who people are, by the word of others: OpenID Connect providers and signed tokens.
//!
//! Implements what `access` asks for in `signin::provider`. The only crate with an HTTP client for
//! it: every request has a limit of time and size, goes to open addresses only, and is encrypted
//! unless it stays on this machine. Entry points: [`OidcProvider`], [`JwtVerifier`].

mod check;
mod claims;
mod discovery;
mod http;
mod jose;
mod jwks;
mod jwt;
mod keys;
mod oidc;

pub use http::{Outbound, OutboundSettings};
pub use jose::Algorithm;
pub use jwt::{JwtSettings, JwtVerifier, KeySource};
pub use oidc::{OidcProvider, OidcSettings};
