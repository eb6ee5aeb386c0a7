//! All kinds of destinations behind one port.

use std::sync::Arc;

use async_trait::async_trait;
use tessera_access::Mailer;
use tessera_bi::ports::Channels;
use tessera_bi::{AlertNotice, ChannelType, Json};
use tessera_kernel::{Clock, Fault, Result};

use crate::ChannelSettings;
use crate::http::Sender;
use crate::kinds::{KINDS, Kind, Surroundings, Way};
use crate::options::Options;

/// Delivers notices to every kind of destination.
pub struct AllChannels {
    types: Vec<ChannelType>,
    sender: Sender,
    mailer: Arc<dyn Mailer>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for AllChannels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AllChannels").finish_non_exhaustive()
    }
}

impl AllChannels {
    /// All kinds; mail goes through `mailer`.
    ///
    /// # Errors
    /// `Invalid` if the extra certificates cannot be read.
    pub fn new(
        settings: ChannelSettings,
        mailer: Arc<dyn Mailer>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let types = KINDS.iter().map(|kind| (kind.describe)()).collect();
        let sender = Sender::new(settings, Arc::clone(&clock))?;
        Ok(Self { types, sender, mailer, clock })
    }

    fn kind(&self, name: &str) -> Result<&'static Kind> {
        // Both are in the same order.
        let found = self.types.iter().zip(KINDS).find(|(described, _)| described.kind == name);
        found
            .map(|(_, kind)| kind)
            .ok_or_else(|| Fault::invalid("type", format!("there is no kind {name:?}")))
    }
}

#[async_trait]
impl Channels for AllChannels {
    fn types(&self) -> &[ChannelType] {
        &self.types
    }

    fn check(&self, kind: &str, options: &Json) -> Result<()> {
        (self.kind(kind)?.check)(Options(options), &self.sender)
    }

    async fn deliver(&self, kind: &str, options: &Json, notice: &AlertNotice) -> Result<String> {
        let posts = match self.kind(kind)?.way {
            Way::Mail(write) => {
                let mail = write(Options(options), notice)?;
                self.mailer.send(&mail).await?;
                return Ok("the mail server took it".to_owned());
            }
            Way::Http(write) => {
                let services = &self.sender.settings().services;
                let surroundings = Surroundings { now: self.clock.now(), services };
                write(Options(options), notice, &surroundings)?
            }
        };
        let mut answers = Vec::with_capacity(posts.len());
        let mut failed = None;
        for post in &posts {
            // One receiver must not keep the notice from the others.
            match self.sender.post(post).await {
                Ok(answer) => answers.push(answer),
                Err(fault) => failed = failed.or(Some(fault)),
            }
        }
        if let Some(fault) = failed {
            return Err(fault);
        }
        if answers.is_empty() {
            return Ok("nothing to tell in this state".to_owned());
        }
        Ok(answers.join("; "))
    }
}
