//! Visualizations on the wire.

use tessera_bi as core;

use crate::wire::visualizations::Visualization;

pub(crate) fn view(visualization: &core::Visualization) -> Visualization {
    Visualization {
        id: visualization.id.0,
        uid: visualization.uid,
        query_id: visualization.query.0,
        r#type: visualization.kind.clone(),
        name: visualization.name.clone(),
        description: visualization.description.clone().unwrap_or_default(),
        options: match &visualization.options {
            serde_json::Value::Null => serde_json::json!({}),
            options => options.clone(),
        },
        created_at: visualization.created_at,
        updated_at: visualization.updated_at,
    }
}
