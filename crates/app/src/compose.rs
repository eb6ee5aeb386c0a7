//! Puts the parts together: settings in, services out.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use ipnet::IpNet;
use tessera_access::{
    Access, AccessSettings, CheckpointSigner, KeyPolicy, MailQueueSettings, Mailer, OnceSettings,
    OrganizationSettings, Peppers, Sealer, TransportRule, UsageSettings,
};
use tessera_bi::ports::Channels;
use tessera_bi::views::ViewLimits;
use tessera_bi::{Bi, BiSettings, ReportSettings, ScheduleSettings};
use tessera_connectors::{AllConnectors, ConnectorSettings};
use tessera_httpkit::KitSettings;
use tessera_kernel::{Clock, Random, Secret, SystemClock, SystemRandom};
use tessera_lake::{
    Lake, ResultEngine, ResultJoins, UploadSettings, Uploads, UsageFileSettings, UsageFiles,
    files_source_type, results_source_type, usage_source_type,
};
use tessera_redash::{ClientSettings, NodeFacts, ServerNotes};
use tessera_runtime::RuntimeSettings;
use tessera_store::{Store, StoreSettings};

use crate::checkpoints::Checkpoints;
use crate::config::Config;
use crate::{channels, secrets, signin};

/// Where the sample database of the demo is, inside the data folder. The only file in there that
/// may be a data source.
pub const SAMPLES_FOLDER: &str = "samples";

/// Everything but the edges.
pub struct Core {
    /// Metadata.
    pub store: Store,
    /// Who may do what.
    pub access: Access,
    /// The query side.
    pub bi: Bi,
    /// Sends mail.
    pub mailer: Arc<dyn Mailer>,
    /// Delivers notices to destinations.
    pub channels: Arc<dyn Channels>,
    /// The clock in use.
    pub clock: Arc<dyn Clock>,
    /// The generator in use.
    pub random: Arc<dyn Random>,
    /// The name of this process; another one, even on the same machine, has another name.
    pub node: String,
}

/// Opens the store and makes the services.
///
/// # Errors
/// If the data folder, the secrets or the store cannot be used.
pub async fn core(config: &Config, setup_token: Option<Secret>) -> Result<Core> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    std::fs::create_dir_all(&config.data)
        .with_context(|| format!("making the data folder {}", config.data.display()))?;
    let data = config.data.canonicalize()?;
    let secrets = secrets::load_or_create(&data, random.as_ref(), clock.now())?;
    let store = Store::open(store_settings(config)).await.map_err(explain)?;
    let lake = Lake::local(data.clone()).map_err(explain)?;
    let usage = UsageFiles::local(&data, usage_file_settings(config)).map_err(explain)?;
    let records = usage.clone();
    let uploads = Uploads::local(&data, upload_settings(config));
    let engine = ResultEngine::new(
        lake.clone(),
        config.results.query_memory_bytes,
        config.results.query_value_bytes_max,
    );
    let joins = engine.clone();
    let connectors = AllConnectors::new(connector_settings(config, data)?)
        .with_type(usage_source_type(), Arc::new(move |_| Ok(Arc::new(records.clone()))))
        .with_type(
            results_source_type(),
            Arc::new(move |_| Ok(Arc::new(ResultJoins::new(joins.clone())))),
        )
        .with_source_type(
            files_source_type(),
            Arc::new(move |uid, _| Ok(Arc::new(uploads.source(uid)))),
        )
        .only(&config.sources.types_enabled, &config.sources.types_disabled)
        .map_err(|fault| {
            explain(fault).context("the settings sources.types_enabled and sources.types_disabled")
        })?;
    let node = format!("{}-{}", std::process::id(), random.alphanumeric(8));
    let sealer = Sealer::new(&secrets.seals, Arc::clone(&random)).map_err(explain)?;
    let trusted = signin::trusted(config, &clock)?;
    let mailer: Arc<dyn Mailer> = Arc::new(channels::smtp(config, &clock)?);
    let channels = channels::channels(config, &mailer, &clock)?;
    let access = Access::new(
        Arc::new(store.clone()),
        Peppers::new(secrets.peppers).map_err(explain)?,
        sealer.clone(),
        Arc::clone(&clock),
        Arc::clone(&random),
        access_settings(config, &node)?,
        setup_token,
    )
    .trusting(trusted)
    .mailing(Arc::clone(&mailer))
    .recording(Arc::new(usage));
    access.audit.keep_checkpoints(
        CheckpointSigner::new(&secrets.audit).map_err(explain)?,
        Arc::new(Checkpoints::new(config.checkpoint_file())),
    );
    let mut bi = Bi::new(
        Arc::new(store.clone()),
        Arc::new(store.clone()),
        Arc::new(lake),
        Arc::new(connectors),
        access.gate.clone(),
        access.keys.clone(),
        sealer,
        Arc::clone(&clock),
        Arc::clone(&random),
        bi_settings(config)?,
    )
    .sending(Arc::clone(&channels));
    let limits = ViewLimits {
        rows_max: config.results.view_rows_max,
        bytes_max: config.results.view_bytes_max,
        time_limit_seconds: config.results.view_time_limit_seconds,
    };
    bi.results = bi.results.clone().with_views(Arc::new(engine), limits);
    bi.schedules.mail_through(access.mails.clone(), access.organization.clone());
    Ok(Core { store, access, bi, mailer, channels, clock, random, node })
}

/// A fault with its causes, as a message for the operator.
pub(crate) fn explain(fault: tessera_kernel::Fault) -> anyhow::Error {
    let place = fault.field().map(|field| format!("{field}: ")).unwrap_or_default();
    let message = format!("{place}{}", fault.detail());
    match std::error::Error::source(&fault) {
        Some(cause) => anyhow::anyhow!("{message} ({cause})"),
        None => anyhow::anyhow!(message),
    }
}

fn store_settings(config: &Config) -> StoreSettings {
    StoreSettings {
        url: config.store_url(),
        sqlite_readers: config.store.connections,
        postgres_connections: config.store.connections,
        busy_timeout: Duration::from_secs(config.store.wait_seconds),
        connect_timeout: Duration::from_secs(config.store.wait_seconds),
    }
}

fn usage_file_settings(config: &Config) -> UsageFileSettings {
    UsageFileSettings {
        events_days: config.usage.events_days,
        hours_days: config.usage.hours_days,
        storage_bytes_max: config.usage.storage_bytes_max,
        query_memory_bytes: config.usage.query_memory_bytes,
        query_value_bytes_max: config.results.query_value_bytes_max,
    }
}

fn upload_settings(config: &Config) -> UploadSettings {
    UploadSettings {
        storage_bytes_max: config.files.storage_bytes_max,
        query_memory_bytes: config.files.query_memory_bytes,
        query_value_bytes_max: config.results.query_value_bytes_max,
    }
}

fn access_settings(config: &Config, node: &str) -> Result<AccessSettings> {
    Ok(AccessSettings {
        password_min_characters: config.passwords.min_characters,
        session_idle_seconds: config.sessions.idle_seconds,
        session_remembered_seconds: config.sessions.remembered_seconds,
        invitation_seconds: config.sessions.link_seconds,
        login_attempts_per_hour: config.limits.login_attempts_per_hour,
        new_users_per_hour: config.limits.new_users_per_hour,
        limits_enabled: config.limits.enabled,
        workspace_requests_per_hour: config.limits.workspace_requests_per_hour,
        requests_per_minute_per_key: config.limits.requests_per_minute_per_key,
        failed_keys_per_minute: config.limits.failed_keys_per_minute,
        cache_seconds: config.keys.cache_seconds,
        cache_entries: config.keys.cache_entries,
        token_seconds_max: config.keys.token_seconds_max,
        proof_skew_seconds: config.keys.proof_skew_seconds,
        proof_nonces_max: config.keys.proof_nonces_max,
        key_children_max: config.keys.children_max,
        user_keys_in_url: if config.keys.user_keys_in_url {
            TransportRule::Allowed
        } else {
            TransportRule::Fenced
        },
        key_policy: KeyPolicy {
            default_lifetime_days: config.keys.default_lifetime_days,
            lifetime_days_max: config.keys.lifetime_days_max,
            unused_days_max: config.keys.unused_days_max,
            restore_days: config.keys.restore_days,
            ..KeyPolicy::default()
        }
        .check()
        .map_err(|fault| explain(fault).context("the settings of [keys]"))?,
        scanning_partner_keys: {
            let keys = config.keys.scanning_partner_keys.clone();
            for key in &keys {
                tessera_access::partner_key(key).map_err(explain)?;
            }
            keys
        },
        trusted_proxies: networks("server.trusted_proxies", &config.server.trusted_proxies)?,
        signin: signin::settings(config)?,
        mail: MailQueueSettings {
            attempts_max: config.mail.attempts_max,
            retention_seconds: config.mail.retention_days * 24 * 3600,
            // Two attempts, and time to note how they went.
            lease_seconds: 4 * i64::try_from(config.mail.timeout_seconds)? + 10,
            base_url: config.server.base_url.trim_end_matches('/').to_owned(),
        },
        usage: UsageSettings {
            entries_max: config.usage.entries_max,
            addresses: config.usage.addresses,
            clients: config.usage.clients,
            node: node.to_owned(),
        },
        organization: organization_settings(config)?,
        once: OnceSettings {
            kept_hours: config.api.idempotency_hours,
            flight_seconds: config.api.idempotency_flight_seconds,
            answer_bytes_max: config.api.idempotency_answer_bytes_max,
            entries_per_caller_max: config.api.idempotency_entries_max,
            bytes_max: config.api.idempotency_bytes_max,
        },
    })
}

/// What the organisation decides for itself, where it has not.
fn organization_settings(config: &Config) -> Result<OrganizationSettings> {
    let (own, dates) = (&config.organization, &config.redash);
    OrganizationSettings {
        auth_password_login_enabled: config.signin.passwords,
        date_format: dates.date_format.clone(),
        time_format: dates.time_format.clone(),
        integer_format: own.integer_format.clone(),
        float_format: own.float_format.clone(),
        thousands_separator: own.thousands_separator.clone(),
        decimal_separator: own.decimal_separator.clone(),
        null_value: own.null_value.clone(),
        iso_dates_in_files: own.iso_dates_in_files,
        multi_byte_search_enabled: own.multi_byte_search_enabled,
        feature_show_permissions_control: own.feature_show_permissions_control,
        send_email_on_failed_scheduled_queries: own.send_email_on_failed_scheduled_queries,
        hide_plotly_mode_bar: own.hide_plotly_mode_bar,
        disable_public_urls: own.disable_public_urls,
        beacon_consent: None,
    }
    .with(&serde_json::Map::new())
    .map_err(|fault| explain(fault).context("the settings of [organization] and [redash]"))
}

fn bi_settings(config: &Config) -> Result<BiSettings> {
    Ok(BiSettings {
        result_rows_max: config.results.rows_max,
        result_bytes_max: config.results.bytes_max,
        run_time_limit_seconds: config.runs.time_limit_seconds,
        auto_limit_rows: config.queries.auto_limit_rows,
        result_reuse_seconds_max: config.results.reuse_seconds_max,
        result_retention_seconds: config.results.retention_seconds,
        result_storage_bytes_max: config.results.storage_bytes_max,
        pinned_max_age_seconds: config.keys.pinned_max_age_seconds,
        pinned_wait_seconds: config.keys.pinned_wait_seconds,
        hot_cache_bytes: config.results.hot_cache_bytes,
        hot_cache_entry_bytes_max: config.results.hot_cache_entry_bytes_max,
        schema_cache_seconds: config.sources.schema_cache_seconds,
        time_zone: config
            .queries
            .time_zone
            .parse()
            .map_err(|error| anyhow::anyhow!("queries.time_zone: {error}"))?,
        query_text_bytes_max: config.queries.text_bytes_max,
        dropdown_rows_max: config.queries.dropdown_rows_max,
        alert_text_bytes_max: config.alerts.text_bytes_max,
        alert_rows_max: config.alerts.rows_max,
        delivery_time_limit: Duration::from_secs(config.alerts.delivery_seconds),
        delivery_attempts_max: config.alerts.attempts_max,
        delivery_retry: Duration::from_secs(config.alerts.retry_seconds),
        delivery_retry_max: Duration::from_secs(config.alerts.retry_seconds_max),
        delivery_retention_seconds: config.alerts.retention_seconds,
        trash_retention_days: config.queries.trash_retention_days,
        activity_retention_seconds: i64::from(config.activity.retention_days) * 24 * 3600,
        activity_entries_max: config.activity.entries_max,
        join_depth_max: config.results.join_depth_max,
        join_tables_max: config.results.join_tables_max,
        schedules: schedule_settings(config),
    })
}

fn schedule_settings(config: &Config) -> ScheduleSettings {
    let section = &config.schedules;
    ScheduleSettings {
        interval_seconds_min: section.interval_seconds_min,
        first_run_seconds: section.first_run_seconds,
        time_limit_seconds: config.runs.scheduled_time_limit_seconds,
        recheck_seconds: section.recheck_seconds,
        delay_seconds_max: section.delay_seconds_max,
        log_seconds: section.log_seconds,
        reports: ReportSettings {
            every_seconds: section.failure_mail_seconds,
            failures_max: section.failure_mails_max,
            entries_max: section.failure_mail_entries_max,
            base_url: config.server.base_url.trim_end_matches('/').to_owned(),
        },
    }
}

fn connector_settings(config: &Config, data: PathBuf) -> Result<ConnectorSettings> {
    let mut sqlite_allowed_folders = config.sources.sqlite_folders.clone();
    sqlite_allowed_folders.push(data.join(SAMPLES_FOLDER));
    // With a list of folders, everything else is closed; without one, only our own data is.
    let sqlite_denied_folders = if config.sources.sqlite_folders.is_empty() {
        vec![data]
    } else {
        vec![PathBuf::from("/")]
    };
    Ok(ConnectorSettings {
        denied_networks: networks("sources.denied_networks", &config.sources.denied_networks)?,
        allowed_networks: networks("sources.allowed_networks", &config.sources.allowed_networks)?,
        sqlite_denied_folders,
        sqlite_allowed_folders,
        batch_rows: config.sources.batch_rows,
        connect_timeout_seconds: config.sources.connect_seconds,
        pool_connections: config.sources.connections,
        pool_idle_seconds: config.sources.idle_seconds,
        url_private_networks: config.sources.url_private_networks,
        http_seconds: config.sources.http_seconds,
        http_answer_bytes_max: config.sources.http_answer_bytes_max,
        http_redirects_max: config.sources.http_redirects_max,
        aws_address: Some(config.sources.aws_url.clone()).filter(|url| !url.is_empty()),
        google_address: Some(config.sources.google_url.clone()).filter(|url| !url.is_empty()),
        duckdb_library: named(&config.sources.duckdb_library),
        duckdb_memory_bytes_max: config.sources.duckdb_memory_bytes_max,
        duckdb_threads: config.sources.duckdb_threads.max(1),
        duckdb_extensions: config
            .sources
            .duckdb_extensions
            .iter()
            .map(|name| name.trim().to_ascii_lowercase())
            .collect(),
        duckdb_extension_folder: named(&config.sources.duckdb_extension_folder),
    })
}

/// A path, unless it is empty.
fn named(path: &Path) -> Option<PathBuf> {
    (!path.as_os_str().is_empty()).then(|| path.to_owned())
}

/// The settings of HTTP.
///
/// # Errors
/// If a network cannot be read.
pub fn kit_settings(config: &Config) -> Result<KitSettings> {
    let base_url = config.server.base_url.trim_end_matches('/');
    Ok(KitSettings {
        base_url: (!base_url.is_empty()).then(|| base_url.to_owned()),
        trusted_proxies: networks("server.trusted_proxies", &config.server.trusted_proxies)?,
        body_bytes_max: config.server.body_bytes_max,
        cookies_secure: config.server.cookies_secure,
        request_seconds: config.server.request_seconds,
        assertions: signin::assertions(config)?,
        frame_origins: origins("server.frame_origins", &config.server.frame_origins)?,
        cors_origins: origins("server.cors_origins", &config.server.cors_origins)?,
        strict_transport: strict_transport(&config.server.strict_transport_security)?,
    })
}

/// Origins as browsers spell them, or `*`.
fn origins(setting: &str, texts: &[String]) -> Result<Vec<String>> {
    for text in texts {
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let plain = |host: &str| {
            !host.is_empty()
                && host
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b".-:*[]".contains(&byte))
        };
        if text != "*" && !host.is_some_and(plain) {
            anyhow::bail!(
                "{setting} has {text:?}, which is neither * nor an origin such as \
                 https://intranet.example"
            );
        }
    }
    Ok(texts.to_vec())
}

/// The header that tells browsers to come over HTTPS only.
fn strict_transport(text: &str) -> Result<Option<http::HeaderValue>> {
    if text.is_empty() {
        return Ok(None);
    }
    anyhow::ensure!(
        text.starts_with("max-age="),
        "the setting server.strict_transport_security must begin with max-age="
    );
    let value = text.parse();
    Ok(Some(value.context("the setting server.strict_transport_security is no header")?))
}

/// What the Redash dialect notes by itself.
///
/// # Errors
/// For a word that is none of the three.
pub fn server_notes(config: &Config) -> Result<ServerNotes> {
    match config.activity.server_notes.as_str() {
        "none" => Ok(ServerNotes::None),
        "changes" => Ok(ServerNotes::Changes),
        "all" => Ok(ServerNotes::All),
        other => anyhow::bail!("activity.server_notes is {other:?}; use none, changes or all"),
    }
}

/// What the Redash dialect tells its web client.
#[must_use]
pub fn client_settings(config: &Config) -> ClientSettings {
    let section = config.redash.clone();
    ClientSettings {
        page_size: section.page_size,
        page_sizes: section.page_sizes,
        dashboard_refresh_seconds: section.dashboard_refresh_seconds,
        query_refresh_seconds: section.query_refresh_seconds,
        table_cell_json_characters_max: section.table_cell_json_characters_max,
        auto_publish_named_queries: section.auto_publish_named_queries,
        custom_js_visualizations: section.custom_js_visualizations,
        extended_alert_options: section.extended_alert_options,
    }
}

/// This process, as the pages of the Redash dialect show it.
#[must_use]
pub fn node_facts(core: &Core) -> NodeFacts {
    // Only Linux tells it there; elsewhere it stays empty.
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname");
    NodeFacts {
        name: core.node.clone(),
        hostname: hostname.map(|name| name.trim().to_owned()).unwrap_or_default(),
        pid: std::process::id(),
        started_at: Some(core.clock.now()),
    }
}

/// The settings of background work.
#[must_use]
pub fn runtime_settings(config: &Config) -> RuntimeSettings {
    RuntimeSettings {
        workers: config.jobs.workers,
        lease: Duration::from_secs(config.jobs.lease_seconds),
        attempts_max: config.jobs.attempts_max,
        poll: Duration::from_millis(config.jobs.poll_milliseconds),
        clean_up_every: Duration::from_secs(config.results.clean_up_seconds),
        checkpoint_every: Duration::from_secs(config.audit.checkpoint_seconds),
        job_retention: chrono::TimeDelta::seconds(config.jobs.retention_seconds),
        limits_sync: Duration::from_millis(config.limits.sync_milliseconds.max(10)),
        stop_grace: Duration::from_secs(config.server.shutdown_seconds),
        senders: config.alerts.senders,
        outbox_poll: Duration::from_secs(config.alerts.poll_seconds),
        schedules: config.schedules.enabled,
        scheduled_workers: config.jobs.scheduled_workers,
        schedules_look: Duration::from_secs(config.schedules.look_seconds),
    }
}

pub(crate) fn networks(setting: &str, texts: &[String]) -> Result<Vec<IpNet>> {
    texts
        .iter()
        .map(|text| {
            text.parse::<IpNet>()
                .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
                .map_err(|_| {
                    anyhow::anyhow!(
                        "the setting {setting} has {text:?}, which is no network such as 10.0.0.0/8"
                    )
                })
        })
        .collect()
}
