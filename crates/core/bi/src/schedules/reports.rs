//! Reports of failures: what one owner's queries failed with, in one mail.

use std::fmt::Write as _;
use std::time::Duration;

use chrono::TimeDelta;
use tessera_access::{Mail, Mails};
use tessera_kernel::{Fault, Result, Timestamp};

use super::port::{FailureReport, ReportClaim};
use super::service::Schedules;

/// How long one node may take to put a report into the queue of mails.
const LEASE_MINUTES: i64 = 10;
/// What the list of mails calls reports.
const MAIL_KIND: &str = "failures";
/// Longest reason in a mail, in characters.
const REASON_CHARACTERS_MAX: u64 = 500;

/// What the operator decides about reports of failures.
#[derive(Debug, Clone)]
pub struct ReportSettings {
    /// How long failures are collected, in seconds.
    pub every_seconds: u64,
    /// After so many failures in a row of a query, no more are reported.
    pub failures_max: i64,
    /// Most queries and reasons that a mail describes; of the others it gives the number.
    pub entries_max: u64,
    /// Under which address people open the server; empty if that is not known.
    pub base_url: String,
}

impl Default for ReportSettings {
    fn default() -> Self {
        Self { every_seconds: 3600, failures_max: 100, entries_max: 50, base_url: String::new() }
    }
}

impl Schedules {
    /// Puts reports that are due into the queue of mails, one owner after the other. Returns when to
    /// look again.
    ///
    /// A report that was queued and not noted, because the process ended between the two, is made
    /// again of the same failures and has the same name in the queue: it stays one mail. One that
    /// cannot be queued keeps nobody else's from being so, and is made again when its lease is over.
    ///
    /// # Errors
    /// If storage fails: then it is done again after a while.
    pub async fn report(&self) -> Result<Option<Timestamp>> {
        let (repos, settings) = (&self.parts.repos, &self.parts.settings.schedules.reports);
        let every = Duration::from_secs(settings.every_seconds);
        let until = self.parts.clock.now();
        match repos.next_failure_report(every).await? {
            Some(due) if due <= until => {}
            later => return Ok(later),
        }
        let mails = self.reports_go_to().await?;
        let mut failed: Option<Fault> = None;
        loop {
            let now = self.parts.clock.now();
            let claim = ReportClaim {
                due: until - TimeDelta::seconds(i64::try_from(settings.every_seconds).unwrap_or(0)),
                until,
                now,
                lease_until: now + TimeDelta::minutes(LEASE_MINUTES),
                report: self.parts.random.uid(now),
                failures_max: settings.failures_max,
                entries_max: settings.entries_max,
                reason_characters_max: REASON_CHARACTERS_MAX,
            };
            let Some(report) = repos.claim_failures(&claim).await? else { break };
            let queued = match mails {
                Some(mails) => self.queue(mails, &report).await,
                None => Ok(()),
            };
            match queued {
                Ok(()) => repos.settle_failures(report.report, now).await?,
                Err(fault) => {
                    tracing::error!(owner = report.owner.0, %fault, "a report was not queued");
                    failed = Some(fault);
                }
            }
        }
        match failed {
            Some(fault) => Err(fault),
            None => repos.next_failure_report(every).await,
        }
    }

    /// The queue of mails; `None` if nobody is to be told, or nobody can be.
    async fn reports_go_to(&self) -> Result<Option<&Mails>> {
        let Some((mails, organization)) = self.parts.mails.get() else { return Ok(None) };
        let wanted = mails.configured()
            && organization.settings().await?.send_email_on_failed_scheduled_queries;
        Ok(wanted.then_some(mails))
    }

    /// Lets an owner be told of failures.
    async fn queue(&self, mails: &Mails, report: &FailureReport) -> Result<()> {
        if report.queries == 0 {
            return Ok(());
        }
        // Nobody who is switched off gets mail.
        let Some(user) = self.parts.gate.principal(report.owner).await? else { return Ok(()) };
        let mail = Mail {
            to: vec![user.email.clone()],
            subject: subject(report),
            text: text(report, &self.parts.settings.schedules.reports),
            html: None,
            deduplication: format!("failures-{}", report.report),
        };
        mails.queue(MAIL_KIND, &mail).await.map(drop)
    }
}

fn subject(report: &FailureReport) -> String {
    match report.queries {
        1 => "A scheduled query of yours failed".to_owned(),
        number => format!("{number} scheduled queries of yours failed"),
    }
}

/// One paragraph for each query and reason.
fn text(report: &FailureReport, settings: &ReportSettings) -> String {
    let mut text = String::from("These queries of yours were run by their schedules and failed.\n");
    for failure in &report.entries {
        let at = failure.failed_at.format("%Y-%m-%d %H:%M UTC");
        let times = match failure.times {
            1 => String::new(),
            times => format!(", {times} times"),
        };
        // Writing into a text cannot fail.
        let _ = write!(text, "\n{} (query {})\n", failure.name, failure.query);
        if !settings.base_url.is_empty() {
            let _ = writeln!(text, "{}/queries/{}", settings.base_url, failure.query);
        }
        let _ = writeln!(text, "failed at {at}{times}: {}", failure.detail);
        if failure.failures * 4 > settings.failures_max * 3 {
            let _ = writeln!(
                text,
                "It has failed {} times in a row. After {} failures you are not told any more.",
                failure.failures, settings.failures_max
            );
        }
    }
    let told = report.entries.len() as u64;
    if report.entries_total > told {
        let more = report.entries_total - told;
        let _ = write!(text, "\nand {more} more, of {} queries in all\n", report.queries);
    }
    text
}
