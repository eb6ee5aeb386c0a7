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
    /// How those of `types` are reached, in the same order.
    kinds: Vec<&'static Kind>,
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
    /// All kinds that the operator left open; mail goes through `mailer`.
    ///
    /// # Errors
    /// `Invalid` if the extra certificates cannot be read, or a kind is named that there is not.
    pub fn new(
        settings: ChannelSettings,
        mailer: Arc<dyn Mailer>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let mut all: Vec<_> = KINDS.iter().map(|kind| ((kind.describe)(), kind)).collect();
        for name in settings.kinds_enabled.iter().chain(&settings.kinds_disabled) {
            if !all.iter().any(|(described, _)| described.kind == name) {
                return Err(Fault::invalid("type", format!("there is no kind {name:?}")));
            }
        }
        all.retain(|(described, _)| settings.opens(described.kind));
        let (mut types, kinds): (Vec<ChannelType>, Vec<_>) = all.into_iter().unzip();
        for described in &mut types {
            let subject = described.schema.pointer_mut("/properties/subject_template/default");
            if let Some(subject) = subject {
                *subject = settings.mail_subject.as_str().into();
            }
        }
        let sender = Sender::new(settings, Arc::clone(&clock))?;
        Ok(Self { types, kinds, sender, mailer, clock })
    }

    fn kind(&self, name: &str) -> Result<&'static Kind> {
        let found = self.types.iter().zip(&self.kinds).find(|(known, _)| known.kind == name);
        if let Some((_, kind)) = found {
            return Ok(kind);
        }
        let detail = match self.sender.settings().opens(name) {
            true => format!("there is no kind {name:?}"),
            false => format!(
                "the kind {name:?} is switched off here (channels.kinds_enabled, \
                 channels.kinds_disabled)"
            ),
        };
        Err(Fault::invalid("type", detail))
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
                let subject = &self.sender.settings().mail_subject;
                let mail = write(Options(options), notice, subject)?;
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
