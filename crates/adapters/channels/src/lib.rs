//! What leaves this server on its own account: mail, and notices of alerts to chats, pagers and
//! webhooks.
//!
//! Implements [`tessera_access::Mailer`] ([`SmtpMailer`]) and [`tessera_bi::ports::Channels`]
//! ([`AllChannels`]); each kind of destination is one file of `kinds`, which turns a notice into
//! requests. `http` makes the requests: only to open networks, with limits, and without redirects.

mod failure;
mod http;
mod kinds;
mod mail;
mod options;
mod service;
mod settings;
mod signature;
mod tls;
mod words;

pub use mail::{MailSettings, MailTls, SmtpMailer};
pub use service::AllChannels;
pub use settings::{ChannelSettings, ServiceUrls};
