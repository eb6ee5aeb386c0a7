//! What the operator decides about queries, jobs and results.

use std::time::Duration;

/// Settings of this crate; the configuration of the binary fills them.
#[derive(Debug, Clone)]
pub struct BiSettings {
    /// Most rows of a result; a run that gives more fails.
    pub result_rows_max: u64,
    /// Most bytes of a result in memory form; a run that gives more fails.
    pub result_bytes_max: u64,
    /// Time limit of a run, in seconds.
    pub run_time_limit_seconds: u64,
    /// The limit that `apply_auto_limit` adds to a text, in rows.
    pub auto_limit_rows: u64,
    /// Age after which a result that no query names goes, in seconds.
    pub result_retention_seconds: i64,
    /// Bytes of all result files; beyond, the oldest go that no query names.
    pub result_storage_bytes_max: u64,
    /// How old a result may be that a link with a pinned key gives without a new run, in seconds.
    pub pinned_max_age_seconds: u64,
    /// How long such a link waits for a run, in seconds.
    pub pinned_wait_seconds: u64,
    /// Bytes of memory for finished encodings of results.
    pub hot_cache_bytes: u64,
    /// Largest finished encoding that is kept in memory, in bytes.
    pub hot_cache_entry_bytes_max: u64,
    /// How long the tables of a data source are remembered, in seconds.
    pub schema_cache_seconds: i64,
    /// Time zone in which words like "yesterday" are meant.
    pub time_zone: chrono_tz::Tz,
    /// Longest text of a query, in bytes.
    pub query_text_bytes_max: usize,
    /// After how many days what is archived, and was not changed since, is deleted for good; 0 is
    /// never.
    pub trash_retention_days: u32,
    /// Most values of a parameter query that can be chosen from.
    pub dropdown_rows_max: usize,
    /// Longest options of an alert and longest text of a notice, in bytes.
    pub alert_text_bytes_max: usize,
    /// Most rows that the texts of an alert may show.
    pub alert_rows_max: usize,
    /// How long one attempt to deliver a notice may take.
    pub delivery_time_limit: Duration,
    /// How often delivering a notice is tried.
    pub delivery_attempts_max: i64,
    /// How long to wait after the first attempt; twice as long after each further one.
    pub delivery_retry: Duration,
    /// Longest wait between two attempts.
    pub delivery_retry_max: Duration,
    /// How long the delivery log remembers, in seconds.
    pub delivery_retention_seconds: i64,
    /// Age after which records of what people did go, in seconds; zero keeps none.
    pub activity_retention_seconds: i64,
    /// Such records that may wait to be written; what comes beyond is lost.
    pub activity_entries_max: usize,
    /// How deep queries may read the results of queries.
    pub join_depth_max: usize,
    /// Most results that a query may read, with those that they read themselves.
    pub join_tables_max: usize,
    /// Schedules.
    pub schedules: crate::ScheduleSettings,
}

impl Default for BiSettings {
    fn default() -> Self {
        Self {
            result_rows_max: 5_000_000,
            result_bytes_max: 2 << 30,
            run_time_limit_seconds: 15 * 60,
            auto_limit_rows: 1000,
            result_retention_seconds: 7 * 24 * 3600,
            result_storage_bytes_max: 20 << 30,
            pinned_max_age_seconds: 60,
            pinned_wait_seconds: 60,
            hot_cache_bytes: 128 << 20,
            hot_cache_entry_bytes_max: 48 << 20,
            schema_cache_seconds: 7 * 24 * 3600,
            time_zone: chrono_tz::UTC,
            query_text_bytes_max: 4 << 20,
            trash_retention_days: 0,
            dropdown_rows_max: 10_000,
            alert_text_bytes_max: 100_000,
            alert_rows_max: 1000,
            delivery_time_limit: Duration::from_secs(15),
            delivery_attempts_max: 10,
            delivery_retry: Duration::from_secs(5),
            delivery_retry_max: Duration::from_secs(3600),
            delivery_retention_seconds: 30 * 24 * 3600,
            activity_retention_seconds: 90 * 24 * 3600,
            activity_entries_max: 10_000,
            join_depth_max: 5,
            join_tables_max: 32,
            schedules: crate::ScheduleSettings::default(),
        }
    }
}
