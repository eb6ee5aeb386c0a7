//! Logs on standard error, and metrics.

use anyhow::{Result, bail};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::LogsSection;

/// Upper bounds of the buckets of durations, in seconds.
const SECONDS: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 10.0, 60.0];

/// Begins to log. A second call in one process has no effect.
pub(crate) fn start_logs(settings: &LogsSection) -> Result<()> {
    let filter = EnvFilter::try_new(&settings.level)
        .map_err(|error| anyhow::anyhow!("the setting logs.level cannot be used: {error}"))?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match settings.format.as_str() {
        "text" => logs.with_ansi(false).try_init(),
        "json" => logs.json().try_init(),
        other => bail!("the setting logs.format must be text or json, not {other}"),
    };
    if started.is_err() {
        tracing::debug!("logs had begun before");
    }
    Ok(())
}

/// Begins to count. The handle writes what was counted in the text format of Prometheus.
pub(crate) fn start_metrics() -> Result<PrometheusHandle> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?;
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::debug!("metrics had begun before");
    }
    Ok(handle)
}
