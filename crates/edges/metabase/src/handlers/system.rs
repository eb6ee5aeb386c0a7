//! What clients ask before they sign in: is the server well, and which one is it.

use axum::response::IntoResponse;
use http::StatusCode;
use serde_json::json;

use crate::credential::Visit;
use crate::wire::{self, Answer};

pub(crate) async fn health(visit: Visit) -> Answer {
    match visit.state.kit.access.setup.is_needed().await {
        Ok(_) => wire::json(&json!({ "status": "ok" })),
        Err(fault) => {
            tracing::warn!(%fault, "the store does not answer");
            let body = json!({ "status": "the metadata store does not answer" });
            Ok((StatusCode::SERVICE_UNAVAILABLE, axum::Json(body)).into_response())
        }
    }
}

pub(crate) async fn properties(visit: Visit) -> Answer {
    let access = &visit.state.kit.access;
    let is_set_up = !access.setup.is_needed().await?;
    let name = access.organization_setting("organization_name").await?;
    let name = name.as_ref().and_then(serde_json::Value::as_str).unwrap_or("Tessera");
    let settings = &visit.state.settings;
    wire::json(&wire::properties(settings, name, &visit.info.base_url, is_set_up))
}
