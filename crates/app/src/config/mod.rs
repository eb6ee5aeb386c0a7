//! Settings: defaults, then `tessera.toml`, then `TESSERA_*`, then flags.
//!
//! `TESSERA_<SECTION>_<NAME>` sets `section.name`: the first `_` ends the section. A name that does
//! not exist is an error, so that a misspelt setting is never silently without effect. Every setting
//! is listed in `tessera.reference.toml`, which a test compares with [`Config`].

mod sections;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

pub use sections::*;

/// The name of the file that is read from the current folder when no other is named.
pub const FILE_NAME: &str = "tessera.toml";

/// All settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The folder for everything that is kept: metadata, results, secrets.
    pub data: PathBuf,
    /// Where and how to serve.
    pub server: ServerSection,
    /// Where metadata is kept.
    pub store: StoreSection,
    /// Passwords.
    pub passwords: PasswordsSection,
    /// Sessions of people in a browser.
    pub sessions: SessionsSection,
    /// Signing in.
    pub signin: SigninSection,
    /// Keys.
    pub keys: KeysSection,
    /// Limits on attempts.
    pub limits: LimitsSection,
    /// Jobs.
    pub jobs: JobsSection,
    /// Runs of queries.
    pub runs: RunsSection,
    /// Schedules of queries.
    pub schedules: SchedulesSection,
    /// Results.
    pub results: ResultsSection,
    /// Queries.
    pub queries: QueriesSection,
    /// Data sources.
    pub sources: SourcesSection,
    /// The mail server.
    pub mail: MailSection,
    /// Notices of alerts.
    pub channels: ChannelsSection,
    /// Alerts.
    pub alerts: AlertsSection,
    /// Uploaded files.
    pub files: FilesSection,
    /// How the Redash dialect writes dates.
    pub redash: RedashSection,
    /// What the organisation decides for itself.
    pub organization: OrganizationSection,
    /// What people did.
    pub activity: ActivitySection,
    /// What the Metabase dialect tells its clients.
    pub metabase: MetabaseSection,
    /// The `/v1` API.
    pub api: ApiSection,
    /// The audit log.
    pub audit: AuditSection,
    /// Records of requests.
    pub usage: UsageSection,
    /// Logs.
    pub logs: LogsSection,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("tessera-data"),
            server: ServerSection::default(),
            store: StoreSection::default(),
            passwords: PasswordsSection::default(),
            sessions: SessionsSection::default(),
            signin: SigninSection::default(),
            keys: KeysSection::default(),
            limits: LimitsSection::default(),
            jobs: JobsSection::default(),
            runs: RunsSection::default(),
            schedules: SchedulesSection::default(),
            results: ResultsSection::default(),
            queries: QueriesSection::default(),
            sources: SourcesSection::default(),
            mail: MailSection::default(),
            channels: ChannelsSection::default(),
            alerts: AlertsSection::default(),
            files: FilesSection::default(),
            redash: RedashSection::default(),
            organization: OrganizationSection::default(),
            activity: ActivitySection::default(),
            metabase: MetabaseSection::default(),
            api: ApiSection::default(),
            audit: AuditSection::default(),
            usage: UsageSection::default(),
            logs: LogsSection::default(),
        }
    }
}

impl Config {
    /// Reads all layers but the flags.
    ///
    /// # Errors
    /// If a file that was named is missing, or a setting is unknown or has a wrong value; the
    /// message names the setting and where it came from.
    pub fn load(file: Option<&Path>) -> Result<Self> {
        let toml = match file {
            Some(path) => Toml::file_exact(path),
            None => Toml::file(FILE_NAME),
        };
        let config: Self = Figment::from(Serialized::defaults(Self::default()))
            .merge(toml)
            .merge(
                Env::prefixed("TESSERA_")
                    .map(|name| name.as_str().to_lowercase().replacen('_', ".", 1).into()),
            )
            .extract()
            .map_err(|error| anyhow::anyhow!("{error}"))
            .context("the settings cannot be used")?;
        config.check()?;
        Ok(config)
    }

    /// Refuses values that cannot work.
    ///
    /// # Errors
    /// Names the setting and what it needs.
    pub fn check(&self) -> Result<()> {
        let positive = [
            ("jobs.workers", self.jobs.workers as u64),
            ("jobs.lease_seconds", self.jobs.lease_seconds),
            ("jobs.poll_milliseconds", self.jobs.poll_milliseconds),
            ("runs.time_limit_seconds", self.runs.time_limit_seconds),
            ("runs.scheduled_time_limit_seconds", self.runs.scheduled_time_limit_seconds),
            ("jobs.scheduled_workers", self.jobs.scheduled_workers as u64),
            ("schedules.look_seconds", self.schedules.look_seconds),
            ("results.rows_max", self.results.rows_max),
            ("results.bytes_max", self.results.bytes_max),
            ("results.clean_up_seconds", self.results.clean_up_seconds),
            ("server.body_bytes_max", self.server.body_bytes_max as u64),
            ("server.request_seconds", self.server.request_seconds),
            ("passwords.min_characters", self.passwords.min_characters as u64),
            ("audit.checkpoint_seconds", self.audit.checkpoint_seconds),
            ("store.connections", self.store.connections as u64),
            ("mail.timeout_seconds", self.mail.timeout_seconds),
            ("mail.attempts_max", self.mail.attempts_max.max(0).unsigned_abs()),
            ("channels.timeout_seconds", self.channels.timeout_seconds),
            ("channels.message_bytes_max", self.channels.message_bytes_max as u64),
            ("channels.answer_bytes_max", self.channels.answer_bytes_max as u64),
            ("alerts.senders", self.alerts.senders as u64),
            ("alerts.delivery_seconds", self.alerts.delivery_seconds),
            ("alerts.poll_seconds", self.alerts.poll_seconds),
            ("usage.entries_max", self.usage.entries_max as u64),
            ("usage.events_days", u64::from(self.usage.events_days)),
            ("usage.hours_days", u64::from(self.usage.hours_days)),
            ("api.idempotency_hours", u64::from(self.api.idempotency_hours)),
            ("files.query_memory_bytes", self.files.query_memory_bytes as u64),
            ("usage.query_memory_bytes", self.usage.query_memory_bytes as u64),
        ];
        for (name, value) in positive {
            anyhow::ensure!(value > 0, "the setting {name} must be more than 0");
        }
        self.queries
            .time_zone
            .parse::<chrono_tz::Tz>()
            .map_err(|_| anyhow::anyhow!("the setting queries.time_zone must be a name of the IANA time zone database, such as Europe/Berlin"))?;
        Ok(())
    }

    /// Where signed checkpoints of the audit log are kept.
    #[must_use]
    pub fn checkpoint_file(&self) -> PathBuf {
        match self.audit.checkpoint_file.as_str() {
            "" => self.data.join("audit-checkpoints.jsonl"),
            path => PathBuf::from(path),
        }
    }

    /// Where metadata is kept, as the store reads it.
    #[must_use]
    pub fn store_url(&self) -> String {
        match self.store.url.as_str() {
            "" => format!("sqlite://{}", self.data.join("tessera.sqlite").display()),
            url => url.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFERENCE: &str = include_str!("../../../../tessera.reference.toml");

    #[test]
    fn the_reference_lists_every_setting_with_its_default() {
        let reference: toml::Table = toml::from_str(REFERENCE).expect("the reference is TOML");
        let defaults = toml::Table::try_from(Config::default()).expect("the settings are a table");
        assert_eq!(reference, defaults);
    }

    #[test]
    fn the_reference_explains_every_setting() {
        let mut explained = false;
        for line in REFERENCE.lines() {
            match line.trim() {
                line if line.starts_with('#') => explained = true,
                line if line.starts_with('[') || line.is_empty() => explained = false,
                line => {
                    assert!(explained, "no comment above: {line}");
                    explained = false;
                }
            }
        }
    }

    #[test]
    fn a_misspelt_setting_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("tessera.toml");
        std::fs::write(&file, "[jobs]\nworkerz = 3\n").expect("written");
        let error = format!("{:#}", Config::load(Some(&file)).expect_err("refused"));
        assert!(error.contains("workerz"), "{error}");
    }
}
