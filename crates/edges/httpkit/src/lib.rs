//! What every edge needs of HTTP: who calls, from where, with what body, and how files go out.
//!
//! It knows no product's routes, texts or shapes; those are in the edges. Entry points: [`Kit`]
//! (recognises callers), [`RequestInfo`] (made by [`layer`]), [`download`], [`cookies`],
//! [`pages`], [`sending`].

pub mod address;
mod assertions;
pub mod body;
pub mod cookies;
pub mod credential;
mod csrf;
pub mod download;
mod info;
mod kit;
pub mod layer;
pub mod leaks;
mod limits;
mod meters;
mod origins;
pub mod pages;
pub mod prefix;
pub mod qr;
mod record;
mod route;
pub mod sending;
mod signatures;
mod sunset;

pub use assertions::Assertions;
pub use info::{RequestFacts, RequestInfo};
pub use kit::{Kit, KitSettings};
pub use route::{Guard, RouteInfo};
