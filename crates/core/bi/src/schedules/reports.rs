//! Reports of failures: what one owner's queries failed with, in one mail.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use chrono::TimeDelta;
use tessera_access::{Mail, Mails};
use tessera_kernel::ids::UserId;
use tessera_kernel::{Result, Timestamp};

use super::port::{FailureToReport, ReportClaim};
use super::service::Schedules;

/// How long one node may take to put reports into the queue of mails.
const LEASE_MINUTES: i64 = 10;
/// What the list of mails calls reports.
const MAIL_KIND: &str = "failures";
/// Most failures that a mail describes; of the others it gives the number.
const DESCRIBED_MAX: usize = 50;
/// Longest reason in a mail, in characters.
const REASON_CHARACTERS_MAX: usize = 500;

/// What the operator decides about reports of failures.
#[derive(Debug, Clone)]
pub struct ReportSettings {
    /// How long failures are collected, in seconds.
    pub every_seconds: u64,
    /// After so many failures in a row of a query, no more are reported.
    pub failures_max: i64,
    /// Under which address people open the server; empty if that is not known.
    pub base_url: String,
}

impl Default for ReportSettings {
    fn default() -> Self {
        Self { every_seconds: 3600, failures_max: 100, base_url: String::new() }
    }
}

impl Schedules {
    /// Puts reports that are due into the queue of mails. Returns when to look again.
    ///
    /// A report that was queued and not noted, because the process ended between the two, is made
    /// again of the same failures and has the same name in the queue: it stays one mail.
    ///
    /// # Errors
    /// If storage fails: then it is done again after a while.
    pub async fn report(&self) -> Result<Option<Timestamp>> {
        let (repos, settings) = (&self.parts.repos, &self.parts.settings.schedules.reports);
        let every = Duration::from_secs(settings.every_seconds);
        let now = self.parts.clock.now();
        match repos.next_failure_report(every).await? {
            Some(due) if due <= now => {}
            later => return Ok(later),
        }
        let mails = self.reports_go_to().await?;
        let lease_until = now + TimeDelta::minutes(LEASE_MINUTES);
        let claim = ReportClaim { until: now, now, lease_until };
        let mut by_owner: BTreeMap<UserId, Vec<FailureToReport>> = BTreeMap::new();
        for failure in repos.claim_failures(&claim).await? {
            by_owner.entry(failure.owner).or_default().push(failure);
        }
        for (owner, failures) in by_owner {
            if let Some(mails) = mails {
                self.queue(mails, owner, &failures).await?;
            }
            repos.settle_failures(&claim, owner).await?;
        }
        repos.next_failure_report(every).await
    }

    /// The queue of mails; `None` if nobody is to be told, or nobody can be.
    async fn reports_go_to(&self) -> Result<Option<&Mails>> {
        let Some((mails, organization)) = self.parts.mails.get() else { return Ok(None) };
        let wanted = mails.configured()
            && organization.settings().await?.send_email_on_failed_scheduled_queries;
        Ok(wanted.then_some(mails))
    }

    /// Lets an owner be told of failures.
    async fn queue(
        &self,
        mails: &Mails,
        owner: UserId,
        failures: &[FailureToReport],
    ) -> Result<()> {
        let settings = &self.parts.settings.schedules.reports;
        let told: Vec<_> =
            failures.iter().filter(|failure| failure.failures <= settings.failures_max).collect();
        let (Some(first), Some(last)) = (told.first(), told.last()) else { return Ok(()) };
        // Nobody who is switched off gets mail.
        let Some(user) = self.parts.gate.principal(owner).await? else { return Ok(()) };
        let mail = Mail {
            to: vec![user.email.clone()],
            subject: subject(&told),
            text: text(&told, settings),
            html: None,
            deduplication: format!(
                "failures-{owner}-{}-{}",
                first.failed_at.timestamp_micros(),
                last.failed_at.timestamp_micros()
            ),
        };
        mails.queue(MAIL_KIND, &mail).await.map(drop)
    }
}

fn subject(failures: &[&FailureToReport]) -> String {
    let mut queries: Vec<_> = failures.iter().map(|failure| failure.query).collect();
    queries.sort_unstable();
    queries.dedup();
    match queries.len() {
        1 => "A scheduled query of yours failed".to_owned(),
        number => format!("{number} scheduled queries of yours failed"),
    }
}

/// One paragraph for each query and reason.
fn text(failures: &[&FailureToReport], settings: &ReportSettings) -> String {
    let mut groups: Vec<(&FailureToReport, usize)> = Vec::new();
    for failure in failures {
        let same = |known: &&mut (&FailureToReport, usize)| {
            known.0.query == failure.query && known.0.detail == failure.detail
        };
        match groups.iter_mut().find(same) {
            Some(known) => *known = (failure, known.1 + 1),
            None => groups.push((failure, 1)),
        }
    }
    let mut text = String::from("These queries of yours were run by their schedules and failed.\n");
    for (failure, times) in groups.iter().take(DESCRIBED_MAX) {
        let reason: String = failure.detail.chars().take(REASON_CHARACTERS_MAX).collect();
        let at = failure.failed_at.format("%Y-%m-%d %H:%M UTC");
        let times = if *times == 1 { String::new() } else { format!(", {times} times") };
        // Writing into a text cannot fail.
        let _ = write!(text, "\n{} (query {})\n", failure.name, failure.query);
        if !settings.base_url.is_empty() {
            let _ = writeln!(text, "{}/queries/{}", settings.base_url, failure.query);
        }
        let _ = writeln!(text, "failed at {at}{times}: {reason}");
        if failure.failures * 4 > settings.failures_max * 3 {
            let _ = writeln!(
                text,
                "It has failed {} times in a row. After {} failures you are not told any more.",
                failure.failures, settings.failures_max
            );
        }
    }
    if groups.len() > DESCRIBED_MAX {
        let _ = write!(text, "\nand {} more\n", groups.len() - DESCRIBED_MAX);
    }
    text
}
