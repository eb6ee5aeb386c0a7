//! The columns of the tables, and records as columns.

use std::sync::{Arc, LazyLock};

use arrow_array::builder::{
    Float64Builder, Int32Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use tessera_access::UsageEvent;
use tessera_kernel::Result;

use super::failed;

/// UTC, as the files name it.
const ZONE: &str = "+00:00";

fn time() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(ZONE.into()))
}

fn schema(columns: &[(&str, DataType, bool)]) -> SchemaRef {
    let field = |(name, kind, optional): &(&str, DataType, bool)| {
        Field::new(*name, kind.clone(), *optional)
    };
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// One row for each request.
pub(super) static EVENTS: LazyLock<SchemaRef> = LazyLock::new(|| {
    schema(&[
        ("at", time(), false),
        ("request_id", DataType::Utf8, false),
        ("node", DataType::Utf8, false),
        ("key_id", DataType::Int64, true),
        ("owner_id", DataType::Int64, true),
        ("creator_id", DataType::Int64, true),
        ("actor", DataType::Utf8, false),
        ("dialect", DataType::Utf8, false),
        ("transport", DataType::Utf8, true),
        ("method", DataType::Utf8, false),
        ("route", DataType::Utf8, false),
        ("action", DataType::Utf8, true),
        ("object", DataType::Utf8, false),
        ("query_id", DataType::Int64, true),
        ("source_id", DataType::Int64, true),
        ("dashboard_id", DataType::Int64, true),
        ("decision", DataType::Utf8, false),
        ("reason", DataType::Utf8, true),
        ("status", DataType::Int32, false),
        ("rows", DataType::Int64, false),
        ("bytes", DataType::Int64, false),
        ("duration_ms", DataType::Float64, false),
        ("format", DataType::Utf8, true),
        ("address", DataType::Utf8, true),
        ("client_class", DataType::Utf8, true),
        ("client", DataType::Utf8, true),
    ])
});

/// One row for each hour, key, caller, action and outcome.
pub(super) static HOURS: LazyLock<SchemaRef> = LazyLock::new(|| {
    schema(&[
        ("hour", time(), true),
        ("key_id", DataType::Int64, true),
        ("owner_id", DataType::Int64, true),
        ("creator_id", DataType::Int64, true),
        ("actor", DataType::Utf8, true),
        ("dialect", DataType::Utf8, true),
        ("action", DataType::Utf8, true),
        ("decision", DataType::Utf8, true),
        ("reason", DataType::Utf8, true),
        ("requests", DataType::Int64, true),
        ("rows", DataType::Int64, true),
        ("bytes", DataType::Int64, true),
        ("duration_ms", DataType::Float64, true),
        ("duration_ms_max", DataType::Float64, true),
    ])
});

/// Records as a batch with the columns of [`EVENTS`].
pub(super) fn events(events: &[&UsageEvent]) -> Result<RecordBatch> {
    let text = |value: fn(&UsageEvent) -> Option<&str>| -> ArrayRef {
        let mut builder = StringBuilder::new();
        events.iter().for_each(|event| builder.append_option(value(event)));
        Arc::new(builder.finish())
    };
    let whole = |value: fn(&UsageEvent) -> Option<i64>| -> ArrayRef {
        let mut builder = Int64Builder::with_capacity(events.len());
        events.iter().for_each(|event| builder.append_option(value(event)));
        Arc::new(builder.finish())
    };
    let mut at = TimestampMicrosecondBuilder::with_capacity(events.len()).with_timezone(ZONE);
    let mut status = Int32Builder::with_capacity(events.len());
    let mut duration = Float64Builder::with_capacity(events.len());
    for event in events {
        at.append_value(event.at.timestamp_micros());
        status.append_value(i32::from(event.status));
        duration.append_value(event.duration_ms);
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(at.finish()),
        text(|event| Some(&event.request_id)),
        text(|event| Some(&event.node)),
        whole(|event| event.key.map(|id| id.0)),
        whole(|event| event.owner.map(|id| id.0)),
        whole(|event| event.creator.map(|id| id.0)),
        text(|event| Some(&event.actor)),
        text(|event| Some(&event.dialect)),
        text(|event| event.transport.as_deref()),
        text(|event| Some(&event.method)),
        text(|event| Some(&event.route)),
        text(|event| event.action.as_deref()),
        text(|event| Some(&event.object)),
        whole(|event| event.query.map(|id| id.0)),
        whole(|event| event.source.map(|id| id.0)),
        whole(|event| event.dashboard.map(|id| id.0)),
        text(|event| Some(event.decision())),
        text(|event| event.reason.as_deref()),
        Arc::new(status.finish()),
        whole(|event| Some(i64::try_from(event.rows).unwrap_or(i64::MAX))),
        whole(|event| Some(i64::try_from(event.bytes).unwrap_or(i64::MAX))),
        Arc::new(duration.finish()),
        text(|event| event.format.as_deref()),
        text(|event| event.address.as_deref()),
        text(|event| event.client_class.as_deref()),
        text(|event| event.client.as_deref()),
    ];
    RecordBatch::try_new(Arc::clone(&EVENTS), columns)
        .map_err(|error| failed("make columns", error))
}
