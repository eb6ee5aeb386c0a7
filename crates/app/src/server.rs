//! The server: listens, serves, and ends without losing anything.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tessera_access::terms::Dialect;
use tessera_api::{ApiSettings, ApiState};
use tessera_httpkit::layer::Layer;
use tessera_httpkit::sending::{Listener, Peer, Sending};
use tessera_httpkit::{Kit, layer, leaks, prefix};
use tessera_kernel::{Random, Secret, SystemRandom};
use tessera_metabase::{MetabaseSettings, MetabaseState};
use tessera_redash::{RedashSettings, RedashState};
use tessera_runtime::Runtime;
use tessera_web::WebState;
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};

use crate::compose::{self, Core};
use crate::config::Config;
use crate::{demo, health, secrets, telemetry};

/// Answers smaller than this are not worth compressing, in bytes.
const COMPRESS_FROM_BYTES: u64 = 1024;

/// How often the peppers are read again.
const PEPPERS_EVERY: Duration = Duration::from_secs(20);

/// Serves until the process is told to end.
///
/// # Errors
/// If a setting, the store or the address cannot be used.
pub async fn serve(config: Config, with_demo: bool) -> Result<()> {
    let metrics = telemetry::start_metrics()?;
    let token = (!with_demo).then(|| Secret::new(SystemRandom.alphanumeric(32)));
    let core = compose::core(&config, token.clone()).await?;
    let listener = TcpListener::bind(&config.server.listen)
        .await
        .with_context(|| format!("listening on {} (server.listen)", config.server.listen))?;
    let address = listener.local_addr()?;
    let url = match config.server.base_url.trim_end_matches('/') {
        "" => format!("http://{address}"),
        url => url.to_owned(),
    };
    core.bi.reached_at(&url);
    let runtime = Runtime::start(
        core.bi.clone(),
        core.access.clone(),
        core.node.clone(),
        compose::runtime_settings(&config),
    );
    let ready = if with_demo { Some(demo::prepare(&core, &config, &url).await?) } else { None };
    if ready.is_none() && core.access.setup.is_needed().await.map_err(compose::explain)? {
        announce_setup(&url, token.as_ref())?;
    }
    let sending = Sending::new(config.server.sendfile_bytes);
    let app = router(&core, &config, &sending, metrics)?;
    tracing::info!(%url, %address, "ready");
    if let Some(ready) = ready {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{ready}")?;
        out.flush()?;
    }
    tokio::select! {
        served = listen(Listener::new(listener, sending), app, Duration::from_secs(config.server.shutdown_seconds)) => {
            served?;
        }
        () = reload_peppers(&core, &config) => {}
    }
    runtime.shut_down().await;
    core.store.close().await;
    tracing::info!("ended");
    Ok(())
}

/// All edges on one port.
fn router(
    core: &Core,
    config: &Config,
    sending: &Sending,
    metrics: metrics_exporter_prometheus::PrometheusHandle,
) -> Result<Router> {
    let settings = Arc::new(compose::kit_settings(config)?);
    let random = Arc::clone(&core.random);
    let kit = Kit {
        access: core.access.clone(),
        settings: Arc::clone(&settings),
        random: Arc::clone(&random),
        sending: sending.clone(),
        dialect: Dialect::Native,
    };
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let redash = tessera_redash::router(RedashState::new(
        kit.in_dialect(Dialect::Redash),
        core.bi.clone(),
        RedashSettings {
            version: config.redash.version.clone(),
            notes: compose::server_notes(config)?,
            tokens: crate::signin::token_facts(config),
            allowed_domains: config.signin.allowed_domains.clone(),
            node: compose::node_facts(core),
            client: compose::client_settings(config),
        },
    ));
    let metabase = tessera_metabase::router(MetabaseState::new(
        kit.in_dialect(Dialect::Metabase),
        core.bi.clone(),
        MetabaseSettings {
            version: config.metabase.version.clone(),
            server_version: version.clone(),
        },
    ));
    let web = tessera_web::router(WebState::new(kit.clone(), core.bi.clone()));
    let api = tessera_api::router(ApiState::new(
        kit.clone(),
        core.bi.clone(),
        ApiSettings {
            upload_bytes_max: config.files.upload_bytes_max,
            version,
            wait_milliseconds_max: config.api.wait_milliseconds_max,
        },
    ));
    let health = health::router(health::Health {
        store: core.store.clone(),
        kit,
        metrics,
        metrics_public: config.server.metrics_public,
    });
    // Files that are compressed by themselves gain nothing.
    let compress = SizeAbove::new(COMPRESS_FROM_BYTES).and(
        |_: http::StatusCode, _: http::Version, headers: &http::HeaderMap, _: &http::Extensions| {
            let kind =
                headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            kind.is_some_and(|kind| kind.starts_with("text/") || kind.contains("json"))
        },
    );
    // From the outside in. One after the other, each would copy all that are in it for a request.
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(
            Layer { settings, random, usage: core.access.usage.clone() },
            layer::prepare,
        ))
        .layer(CatchPanicLayer::new())
        .layer(CompressionLayer::new().gzip(true).compress_when(compress))
        .layer(from_fn_with_state(core.access.clone(), leaks::watch))
        .layer(from_fn(tessera_metabase::answer_unknown));
    let app = redash.merge(metabase).merge(web).merge(api).merge(health).layer(layers);
    Ok(if config.server.multi_org { prefix::below_slug(app, roots()) } else { app })
}

/// The first segments of all paths that are served without the short name of the organisation too.
/// Pages of the web interface are not among them, but for those that the server writes itself.
fn roots() -> Vec<String> {
    let tables = tessera_redash::route_table().into_iter().map(|route| route.path);
    let tables = tables.chain(tessera_api::route_table().into_iter().map(|route| route.path));
    let tables = tables.chain(tessera_metabase::route_table().into_iter().map(|route| route.path));
    let tables = tables.chain(tessera_web::route_table().into_iter().map(|route| route.path));
    let first = |path: &str| path.trim_start_matches('/').split('/').next().map(str::to_owned);
    let more = ["healthz", "readyz", "metrics"];
    tables
        .filter_map(first)
        .chain(more.map(str::to_owned))
        .filter(|root| !root.is_empty())
        .collect()
}

async fn listen(listener: Listener, app: Router, grace: Duration) -> Result<()> {
    let ending = tokio_util::sync::CancellationToken::new();
    let signal = ending.clone();
    let service = app.into_make_service_with_connect_info::<Peer>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(async move {
        terminated().await;
        tracing::info!("ending: running requests may finish");
        signal.cancel();
    });
    tokio::select! {
        served = serving.into_future() => served.context("serving")?,
        () = async { ending.cancelled().await; tokio::time::sleep(grace).await } => {
            tracing::warn!(seconds = grace.as_secs(), "some requests did not finish in time");
        }
    }
    Ok(())
}

/// Reads the peppers again and again, and at once on SIGHUP, so that they can be exchanged without
/// an interruption. Never returns.
async fn reload_peppers(core: &Core, config: &Config) {
    let mut timer = tokio::time::interval(PEPPERS_EVERY);
    let mut hang_up = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok();
    loop {
        let told = async {
            match &mut hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = timer.tick() => {}
            _ = told => {}
        }
        let now = core.clock.now();
        let read = secrets::load_or_create(&config.data, core.random.as_ref(), now);
        let peppers = core.access.gate.peppers();
        match read.and_then(|read| peppers.replace(read.peppers).map_err(compose::explain)) {
            Ok(false) => {}
            Ok(true) => {
                core.access.gate.forget_keys();
                tracing::info!(current = peppers.current(), "the peppers were exchanged");
            }
            Err(error) => tracing::error!("the peppers stay as they are: {error:#}"),
        }
    }
}

/// Returns when the process is asked to end: SIGTERM, or Ctrl-C.
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = match signal(SignalKind::terminate()) {
        Ok(term) => term,
        Err(error) => {
            tracing::error!(%error, "SIGTERM cannot be caught");
            return std::future::pending().await;
        }
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

fn announce_setup(url: &str, token: Option<&Secret>) -> Result<()> {
    let mut err = std::io::stderr().lock();
    let token = token.map_or("", Secret::expose);
    writeln!(err, "The server has no users yet. Open {url}/setup?setup_token={token}")?;
    writeln!(err, "setup_token={token}")?;
    Ok(())
}
