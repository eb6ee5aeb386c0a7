//! How people sign in, through the real binary: providers, tokens, proxies, second factors, sessions.

#![expect(clippy::disallowed_methods, reason = "authenticators and tokens live in real time")]

mod browser;
mod factors;
mod links;
mod mail;
mod oidc;
mod provider;
mod proxies;
mod sessions;
mod throttling;
mod tokens;
mod vouched;
