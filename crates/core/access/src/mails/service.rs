//! The queue itself: put in, send, give up, show.

use std::sync::{Arc, OnceLock};

use chrono::TimeDelta;
use serde_json::{Value as Json, json};
use tessera_kernel::{Clock, Code, Fault, Page, PageRequest, Random, Result, Secret, Timestamp};
use tokio::sync::Notify;

use super::{MailQueueSettings, MailState, QueuedMail};
use crate::acts::{ReadMails, SendTestMail};
use crate::ports::Repos;
use crate::{Authorized, Gate, Mail, Mailer, Sealer};

/// The wait after the first failed attempt; it doubles with each further one.
const FIRST_WAIT_SECONDS: i64 = 30;
/// The longest wait between attempts.
const WAIT_SECONDS_MAX: i64 = 3600;
/// How many mails are sent in one go.
const BATCH: usize = 100;

/// What was done in one go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MailCounts {
    /// Mails that the mail server took.
    pub sent: u64,
    /// Mails that are tried again.
    pub again: u64,
    /// Mails that were given up.
    pub failed: u64,
}

/// Mail that waits to be sent.
#[derive(Clone)]
pub struct Mails(pub(super) Arc<Parts>);

pub(super) struct Parts {
    pub(super) repos: Arc<dyn Repos>,
    sealer: Sealer,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) settings: MailQueueSettings,
    mailer: OnceLock<Arc<dyn Mailer>>,
    /// To make links of its own.
    pub(super) gate: OnceLock<Gate>,
    queued: Notify,
}

impl Mails {
    pub(crate) fn new(
        repos: Arc<dyn Repos>,
        sealer: Sealer,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        settings: MailQueueSettings,
    ) -> Self {
        let (mailer, gate, queued) = (OnceLock::new(), OnceLock::new(), Notify::new());
        Self(Arc::new(Parts { repos, sealer, clock, random, settings, mailer, gate, queued }))
    }

    /// Names what sends mail; the first one stays.
    pub(crate) fn send_by(&self, mailer: Arc<dyn Mailer>, gate: Gate) {
        let _ = self.0.mailer.set(mailer);
        let _ = self.0.gate.set(gate);
    }

    fn mailer(&self) -> Option<&Arc<dyn Mailer>> {
        self.0.mailer.get().filter(|mailer| mailer.configured())
    }

    /// Whether mail can be sent at all. If not, nothing is put into the queue.
    #[must_use]
    pub fn configured(&self) -> bool {
        self.mailer().is_some()
    }

    /// Puts a mail into the queue; `false` without a mail server, or if one with the same
    /// `deduplication` was put there before. `kind` is a word for the list of mails.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn queue(&self, kind: &str, mail: &Mail) -> Result<bool> {
        let content = json!({
            "to": mail.to, "subject": mail.subject, "text": mail.text, "html": mail.html,
        });
        self.put(kind, &mail.to.join(","), &mail.deduplication, &content).await
    }

    /// Puts the wish of a stranger for a reset link into the queue. Whether there is such a user is
    /// looked up later, so that the answer takes the same time whether there is or not.
    ///
    /// # Errors
    /// If storage fails.
    pub(crate) async fn queue_forgot(&self, email: &str) -> Result<bool> {
        let deduplication = format!("forgot:{}", self.0.random.uid(self.0.clock.now()));
        self.put("forgot", email, &deduplication, &json!({ "forgot": email })).await
    }

    async fn put(
        &self,
        kind: &str,
        recipients: &str,
        deduplication: &str,
        content: &Json,
    ) -> Result<bool> {
        if !self.configured() {
            return Ok(false);
        }
        let now = self.0.clock.now();
        let content = Secret::new(content.to_string());
        let stored = QueuedMail {
            uid: self.0.random.uid(now),
            deduplication: deduplication.to_owned(),
            kind: kind.to_owned(),
            recipients: recipients.to_owned(),
            sealed: Some(self.0.sealer.seal(&content, &context(deduplication))?),
            state: MailState::Queued,
            attempts: 0,
            next_at: now,
            error: None,
            created_at: now,
            ended_at: None,
        };
        let fresh = self.0.repos.insert_mail(&stored).await?;
        if fresh {
            self.0.queued.notify_one();
        }
        Ok(fresh)
    }

    /// Waits until a mail is put into the queue on this node.
    pub async fn wait(&self) {
        self.0.queued.notified().await;
    }

    /// Sends what is due, and forgets what ended long ago.
    ///
    /// # Errors
    /// If storage fails; what was not done is done next time.
    pub async fn send_due(&self) -> Result<MailCounts> {
        let mut counts = MailCounts::default();
        let Some(mailer) = self.mailer() else { return Ok(counts) };
        for _ in 0..BATCH {
            let now = self.0.clock.now();
            let lease = now + TimeDelta::seconds(self.0.settings.lease_seconds);
            let Some(mail) = self.0.repos.claim_mail(now, lease).await? else { break };
            match self.attempt(mailer.as_ref(), &mail).await {
                Ok(()) => {
                    self.end(&mail, MailState::Sent, None).await?;
                    counts.sent += 1;
                }
                Err(fault) => self.failed(&mail, &fault, &mut counts).await?,
            }
        }
        let since = self.0.clock.now() - TimeDelta::seconds(self.0.settings.retention_seconds);
        self.0.repos.purge_mails(since).await?;
        Ok(counts)
    }

    async fn attempt(&self, mailer: &dyn Mailer, stored: &QueuedMail) -> Result<()> {
        let sealed = stored
            .sealed
            .as_deref()
            .ok_or_else(|| Fault::new(Code::Internal, "a mail in the queue has no content"))?;
        let content = self.0.sealer.open(sealed, &context(&stored.deduplication))?;
        let content: Json = serde_json::from_str(content.expose())
            .map_err(|error| Fault::internal("a stored mail cannot be read", error))?;
        if let Some(email) = content["forgot"].as_str() {
            return self.answer_forgot(email).await;
        }
        let text = |name: &str| content[name].as_str().map(str::to_owned);
        let to = content["to"].as_array().into_iter().flatten();
        let mail = Mail {
            to: to.filter_map(|address| address.as_str().map(str::to_owned)).collect(),
            subject: text("subject").unwrap_or_default(),
            text: text("text").unwrap_or_default(),
            html: text("html"),
            deduplication: stored.deduplication.clone(),
        };
        mailer.send(&mail).await
    }

    async fn failed(
        &self,
        mail: &QueuedMail,
        fault: &Fault,
        counts: &mut MailCounts,
    ) -> Result<()> {
        let last = mail.attempts >= self.0.settings.attempts_max;
        let error = fault.to_string();
        if fault.code() == Code::Unavailable && !last {
            let doubled = 1_i64 << (mail.attempts - 1).clamp(0, 20);
            let usual = (FIRST_WAIT_SECONDS * doubled).min(WAIT_SECONDS_MAX);
            let wanted = fault.retry_after_seconds().and_then(|wait| i64::try_from(wait).ok());
            let wait = wanted.unwrap_or(0).clamp(usual, WAIT_SECONDS_MAX);
            let next = self.0.clock.now() + TimeDelta::seconds(wait);
            tracing::warn!(kind = mail.kind, error, wait, "a mail was not sent; it is tried again");
            counts.again += 1;
            return self.0.repos.postpone_mail(mail.uid, next, &error).await;
        }
        tracing::error!(kind = mail.kind, error, "a mail was not sent and is given up");
        counts.failed += 1;
        self.end(mail, MailState::Failed, Some(error)).await
    }

    async fn end(&self, mail: &QueuedMail, state: MailState, error: Option<String>) -> Result<()> {
        self.0.repos.end_mail(mail.uid, state, error, self.0.clock.now()).await
    }

    /// A page of mails, newest first: without their contents.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn list(
        &self,
        _grant: &Authorized<ReadMails>,
        state: Option<MailState>,
        page: PageRequest,
    ) -> Result<Page<QueuedMail>> {
        self.0.repos.mails(state, page).await
    }

    /// How many mails were given up since a time; for the operator at the machine.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn count_failed(&self, since: Timestamp) -> Result<u64> {
        self.0.repos.count_failed_mails(since).await
    }

    /// Sends a mail to an address at once, past the queue, to see whether mail works.
    ///
    /// # Errors
    /// `Unsupported` without a mail server; what the mail server says.
    pub async fn send_test(&self, _grant: &Authorized<SendTestMail>, to: &str) -> Result<()> {
        self.send_test_for_operator(to).await
    }

    /// The same, for the operator at the machine.
    ///
    /// # Errors
    /// As [`send_test`](Self::send_test).
    pub async fn send_test_for_operator(&self, to: &str) -> Result<()> {
        let mailer = self.mailer().ok_or_else(|| {
            Fault::new(Code::Unsupported, "no mail server is configured (mail.host)")
        })?;
        mailer.send(&self.test_mail(to)).await
    }
}

/// What binds a sealed mail to its place.
fn context(deduplication: &str) -> String {
    format!("mail:{deduplication}")
}
