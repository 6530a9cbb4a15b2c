//! Reads records from outside: hex of a records field in, a JSON object a line out.
//!
//! `cargo run --release -p samsa-proto --example records` takes the records of a Produce request or a Fetch response
//! as one line of hex. It prints an object for each batch, then one for each record in it; keys, values and header
//! values are base64, null where they are null. What cannot be read gives an object with `error`, and reading goes on
//! with what follows. `line` is the number of the line of input.

use std::io::{self, BufRead, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use samsa_proto::records::{
    self, Batch, BatchHeader, ControlKind, ControlRecord, OwnedBatch, Record, RecordsError,
};
use serde_json::{Value, json};

/// The most bytes that a batch may take when decompressed.
const LIMIT: usize = 256 * 1024 * 1024;

fn main() -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for (index, line) in io::stdin().lock().split(b'\n').enumerate() {
        let mut print = |mut object: Value| {
            object["line"] = json!(index + 1);
            writeln!(out, "{object}")
        };
        let line = line?;
        match from_hex(String::from_utf8_lossy(&line).trim()) {
            Ok(bytes) => print_batches(&Bytes::from(bytes), &mut print)?,
            Err(error) => print(json!({ "error": error }))?,
        }
        out.flush()?;
    }
    Ok(())
}

fn print_batches(bytes: &Bytes, print: &mut impl FnMut(Value) -> io::Result<()>) -> io::Result<()> {
    for batch in records::batches(bytes) {
        match batch.and_then(|batch| own(batch, bytes)) {
            Ok(batch) => {
                print(batch_json(batch.header()))?;
                for record in batch.records() {
                    print(record_json(batch.header(), record))?;
                }
            }
            Err(error) => print(error_json(&error))?,
        }
    }
    Ok(())
}

fn own(batch: Batch<'_>, bytes: &Bytes) -> Result<OwnedBatch, RecordsError> {
    batch.verify()?;
    batch.into_owned(bytes, LIMIT)
}

fn error_json(error: &RecordsError) -> Value {
    json!({ "error": error.to_string() })
}

fn batch_json(header: &BatchHeader) -> Value {
    json!({
        "type": "batch",
        "magic": header.format.magic(),
        "base_offset": header.base_offset,
        "last_offset": header.last_offset,
        "next_offset": header.next_offset(),
        "leader_epoch": header.leader_epoch,
        "codec": header.codec.to_string(),
        "timestamp_type": format!("{:?}", header.timestamp_type),
        "base_timestamp": header.base_timestamp,
        "max_timestamp": header.max_timestamp,
        "producer_id": header.identity.map(|identity| identity.producer_id),
        "producer_epoch": header.identity.map(|identity| identity.producer_epoch),
        "base_sequence": header.identity.map(|identity| identity.base_sequence),
        "transactional": header.is_transactional,
        "control": header.is_control,
        "delete_horizon": header.delete_horizon,
        "record_count": header.record_count,
    })
}

fn record_json(header: &BatchHeader, record: Result<Record<'_>, RecordsError>) -> Value {
    let record = match record {
        Ok(record) => record,
        Err(error) => return error_json(&error),
    };
    let headers =
        record.headers().map(|header| json!({ "key": header.key(), "value": base64(header.value()) }));
    let mut object = json!({
        "type": "record",
        "offset": record.offset(),
        "timestamp": record.timestamp(),
        "timestamp_type": format!("{:?}", record.timestamp_type()),
        "key": base64(record.key()),
        "value": base64(record.value()),
        "headers": headers.collect::<Vec<_>>(),
    });
    if header.is_control {
        object["control"] = match ControlRecord::decode(&record) {
            Ok(control) => control_json(control),
            Err(error) => error_json(&error),
        };
    }
    object
}

fn control_json(control: ControlRecord) -> Value {
    let kind = match control.kind {
        ControlKind::Abort => json!("abort"),
        ControlKind::Commit => json!("commit"),
        ControlKind::Other(number) => json!(number),
    };
    json!({ "kind": kind, "coordinator_epoch": control.coordinator_epoch })
}

fn base64(bytes: Option<&[u8]>) -> Option<String> {
    bytes.map(|bytes| STANDARD.encode(bytes))
}

fn from_hex(text: &str) -> Result<Vec<u8>, String> {
    if !text.len().is_multiple_of(2) {
        return Err("an odd number of hex digits".to_owned());
    }
    let pairs = text.as_bytes().chunks_exact(2).enumerate();
    pairs.map(|(index, pair)| Ok(digit(2 * index, pair[0])? << 4 | digit(2 * index + 1, pair[1])?)).collect()
}

fn digit(at: usize, byte: u8) -> Result<u8, String> {
    match char::from(byte).to_digit(16) {
        Some(digit) => Ok(digit as u8),
        None => Err(format!("character {at} is not a hex digit")),
    }
}
