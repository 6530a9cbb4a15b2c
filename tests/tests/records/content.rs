//! What is in batches, in the form in which the Java program tells it.

use base64::{Engine, engine::general_purpose::STANDARD};
use samsa_proto::records::{
    BatchHeader, ControlKind, ControlRecord, Format, OwnedBatch, Record, TimestampType,
};
use serde_json::{Value, json};

/// The headers of the batches of format 2, and all records.
pub(crate) fn json(batches: &[OwnedBatch]) -> Value {
    let headers = batches.iter().filter(|batch| batch.header().format == Format::V2);
    let records = batches.iter().flat_map(|batch| {
        batch.records().map(|record| record_json(batch.header(), &record.expect("a record")))
    });
    json!({
        "batches": headers.map(batch_json).collect::<Vec<Value>>(),
        "records": records.collect::<Vec<Value>>(),
    })
}

fn batch_json(batch: &OwnedBatch) -> Value {
    let header = batch.header();
    let identity = header.identity;
    json!({
        "base_offset": header.base_offset,
        "last_offset": header.last_offset,
        "leader_epoch": header.leader_epoch.unwrap_or(-1),
        "max_timestamp": header.max_timestamp,
        "producer_id": identity.map_or(-1, |identity| identity.producer_id),
        "producer_epoch": identity.map_or(-1, |identity| identity.producer_epoch),
        "base_sequence": identity.map_or(-1, |identity| identity.base_sequence),
        "transactional": header.is_transactional,
        "control": header.is_control,
        "delete_horizon": header.delete_horizon,
        "count": header.record_count,
    })
}

fn record_json(batch: &BatchHeader, record: &Record<'_>) -> Value {
    let headers: Vec<Value> =
        record.headers().map(|header| json!([header.key(), base64(header.value())])).collect();
    let mut json = json!({
        "magic": batch.format.magic(),
        "codec": batch.codec.to_string(),
        "timestamp_type": match record.timestamp_type() {
            TimestampType::None => "NoTimestampType",
            TimestampType::CreateTime => "CreateTime",
            TimestampType::LogAppendTime => "LogAppendTime",
        },
        "offset": record.offset(),
        "timestamp": record.timestamp(),
        "key": base64(record.key()),
        "value": base64(record.value()),
        "headers": headers,
    });
    if batch.is_control {
        let control = ControlRecord::decode(record).expect("a control record");
        json["marker"] = match control.kind {
            ControlKind::Abort => json!("ABORT"),
            ControlKind::Commit => json!("COMMIT"),
            ControlKind::Other(kind) => json!(kind),
        };
        json["coordinator_epoch"] = json!(control.coordinator_epoch);
    }
    json
}

fn base64(bytes: Option<&[u8]>) -> Option<String> {
    bytes.map(|bytes| STANDARD.encode(bytes))
}

/// Fails with the first batch or record that differs, not with all of them.
pub(crate) fn assert_same(name: &str, found: &Value, expected: &Value) {
    for part in ["batches", "records"] {
        let (found, expected) = (list(&found[part]), list(&expected[part]));
        for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert_eq!(found, expected, "{name}: {part}[{index}]");
        }
        assert_eq!(found.len(), expected.len(), "{name}: number of {part}");
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
