//! The kinds of destinations: one file each.

mod asana;
mod chatwork;
mod datadog;
mod discord;
mod email;
mod hangouts_chat;
mod mattermost;
mod microsoft_teams;
mod pagerduty;
mod slack;
mod webex;
mod webhook;

use tessera_access::Mail;
use tessera_bi::{AlertNotice, ChannelType};
use tessera_kernel::{Result, Timestamp};

use crate::http::{Post, Sender};
use crate::options::Options;
use crate::settings::ServiceUrls;

/// What a kind needs besides the options and the notice.
pub(crate) struct Surroundings<'a> {
    /// The time of this attempt.
    pub(crate) now: Timestamp,
    /// Where the services are that have one address for everybody.
    pub(crate) services: &'a ServiceUrls,
}

/// Turns a notice into requests; none if there is nothing to tell.
type Posts = fn(Options<'_>, &AlertNotice, &Surroundings<'_>) -> Result<Vec<Post>>;

/// How a kind of destination is reached.
pub(crate) enum Way {
    /// By requests.
    Http(Posts),
    /// By mail, with this subject unless somebody says otherwise.
    Mail(fn(Options<'_>, &AlertNotice, &str) -> Result<Mail>),
}

/// One kind of destination.
pub(crate) struct Kind {
    /// How it is shown, and its options.
    pub(crate) describe: fn() -> ChannelType,
    /// Checks options beyond their schema.
    pub(crate) check: fn(Options<'_>, &Sender) -> Result<()>,
    /// How it is reached.
    pub(crate) way: Way,
}

/// All kinds, in the order in which clients are used to see them.
pub(crate) const KINDS: &[Kind] = &[
    email::KIND,
    slack::KIND,
    webhook::KIND,
    discord::KIND,
    mattermost::KIND,
    chatwork::KIND,
    pagerduty::KIND,
    hangouts_chat::KIND,
    microsoft_teams::KIND,
    asana::KIND,
    webex::KIND,
    datadog::KIND,
];

/// Checks the address that most kinds have.
fn check_url(options: Options<'_>, sender: &Sender) -> Result<()> {
    sender.check("options.url", options.need("url")?)
}
