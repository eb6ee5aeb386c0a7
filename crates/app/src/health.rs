//! Whether the server lives, whether it is ready, and what it counted.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use metrics_exporter_prometheus::PrometheusHandle;
use tessera_access::ReadStatus;
use tessera_bi::ports::StoreHealth;
use tessera_httpkit::{Kit, RequestInfo};
use tessera_store::Store;

/// What these routes need.
#[derive(Clone)]
pub(crate) struct Health {
    pub(crate) store: Store,
    pub(crate) kit: Kit,
    pub(crate) metrics: PrometheusHandle,
    pub(crate) metrics_public: bool,
}

/// `/healthz`, `/readyz` and `/metrics`.
pub(crate) fn router(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(live))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(health)
}

async fn live() -> &'static str {
    "ok\n"
}

async fn ready(State(health): State<Health>) -> Response {
    match health.store.ping().await {
        Ok(()) => "ready\n".into_response(),
        Err(fault) => {
            tracing::error!(%fault, "the metadata store cannot be reached");
            (StatusCode::SERVICE_UNAVAILABLE, "the metadata store cannot be reached\n")
                .into_response()
        }
    }
}

async fn metrics(State(health): State<Health>, info: RequestInfo, request: Request) -> Response {
    if !health.metrics_public {
        let (parts, _) = request.into_parts();
        if health.kit.permit(&parts, &info, ReadStatus {}).await.is_err() {
            return (StatusCode::UNAUTHORIZED, "send the key of an administrator\n")
                .into_response();
        }
    }
    let text = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (text, health.metrics.render()).into_response()
}

/// The routes here, for the table of all routes: method, path, who may.
pub const ROUTES: [(&str, &str, &str); 3] = [
    ("GET", "/healthz", "public: tells nothing but that the process lives"),
    ("GET", "/readyz", "public: tells nothing but whether the store answers"),
    ("GET", "/metrics", "public: counts only; server.metrics_public closes it"),
];
