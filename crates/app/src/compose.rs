//! Puts the parts together: settings in, services out.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use ipnet::IpNet;
use tessera_access::{
    Access, AccessSettings, CheckpointSigner, KeyPolicy, Peppers, Sealer, TransportRule,
    UsageSettings,
};
use tessera_bi::{Bi, BiSettings};
use tessera_connectors::{AllConnectors, ConnectorSettings};
use tessera_httpkit::KitSettings;
use tessera_kernel::{Clock, Random, Secret, SystemClock, SystemRandom};
use tessera_lake::{Lake, UsageFileSettings, UsageFiles, usage_source_type};
use tessera_runtime::RuntimeSettings;
use tessera_store::{Store, StoreSettings};

use crate::checkpoints::Checkpoints;
use crate::config::Config;
use crate::{secrets, signin};

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
    let connectors = AllConnectors::new(connector_settings(config, data)?)
        .with_type(usage_source_type(), Arc::new(move |_| Ok(Arc::new(records.clone()))));
    let node = format!("{}-{}", std::process::id(), random.alphanumeric(8));
    let sealer = Sealer::new(&secrets.seals, Arc::clone(&random)).map_err(explain)?;
    let trusted = signin::trusted(config, &clock)?;
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
    .recording(Arc::new(usage));
    access.audit.keep_checkpoints(
        CheckpointSigner::new(&secrets.audit).map_err(explain)?,
        Arc::new(Checkpoints::new(config.checkpoint_file())),
    );
    let bi = Bi::new(
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
    );
    Ok(Core { store, access, bi, clock, random, node })
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
    }
}

fn access_settings(config: &Config, node: &str) -> Result<AccessSettings> {
    Ok(AccessSettings {
        password_min_characters: config.passwords.min_characters,
        session_idle_seconds: config.sessions.idle_seconds,
        invitation_seconds: config.sessions.link_seconds,
        login_attempts_per_hour: config.limits.login_attempts_per_hour,
        limits_enabled: config.limits.enabled,
        workspace_requests_per_hour: config.limits.workspace_requests_per_hour,
        requests_per_minute_per_key: config.limits.requests_per_minute_per_key,
        failed_keys_per_minute: config.limits.failed_keys_per_minute,
        cache_seconds: config.keys.cache_seconds,
        cache_entries: config.keys.cache_entries,
        token_seconds_max: config.keys.token_seconds_max,
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
        usage: UsageSettings {
            entries_max: config.usage.entries_max,
            addresses: config.usage.addresses,
            clients: config.usage.clients,
            node: node.to_owned(),
        },
    })
}

fn bi_settings(config: &Config) -> Result<BiSettings> {
    Ok(BiSettings {
        result_rows_max: config.results.rows_max,
        result_bytes_max: config.results.bytes_max,
        run_time_limit_seconds: config.runs.time_limit_seconds,
        auto_limit_rows: config.queries.auto_limit_rows,
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
    })
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
        http_seconds: config.sources.http_seconds,
        http_answer_bytes_max: config.sources.http_answer_bytes_max,
        http_redirects_max: config.sources.http_redirects_max,
    })
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
    })
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
