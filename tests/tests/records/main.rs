//! Record batches and message sets, every magic with every codec: we read what Apache's builders wrote, and Apache's readers read
//! what we write.

use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};
use samsa_proto::records::{BatchHeader, Builder, Flags, OwnedBatch, TimestampType, batches};
use samsa_tests::{Release, apache, hex, needs};
use serde_json::{Value, json};

mod content;

/// The most that a batch may take when decompressed; the largest here takes a few hundred kilobytes.
const LIMIT: usize = 16 << 20;

/// A records field that Java made.
struct Made<'a> {
    name: &'a str,
    bytes: Bytes,
    json: Value,
}

fn made(line: &str) -> Made<'_> {
    let mut words = line.splitn(3, ' ');
    let mut next = || words.next().unwrap_or_else(|| panic!("not NAME HEX JSON: {line}"));
    let (name, bytes, json) = (next(), next(), next());
    Made {
        name,
        bytes: hex::decode(bytes).expect("hex").into(),
        json: serde_json::from_str(json).expect("Java writes JSON"),
    }
}

fn owned(bytes: &Bytes) -> Vec<OwnedBatch> {
    batches(bytes)
        .map(|batch| {
            let batch = batch.expect("a batch");
            batch.verify().expect("its checksum");
            batch.into_owned(bytes, LIMIT).expect("its records")
        })
        .collect()
}

/// The same records, written by us as a producer would: offsets from 0 without gaps, no leader epoch.
fn rewritten(batch: &OwnedBatch) -> Bytes {
    let header = batch.header();
    let mut builder = Builder::new(BytesMut::new(), header.format);
    for record in batch.records() {
        let record = record.expect("a record");
        builder.append(record.timestamp(), record.key(), record.value(), record.headers()).expect("room");
    }
    let sealed = builder.seal().compress(header.codec, None).expect("a codec of this format");
    let flags = Flags { transactional: header.is_transactional, control: false };
    [sealed.header(header.identity, flags), sealed.body().clone()].concat().into()
}

/// What Java has to read of the rewritten records.
fn renumbered(java: &Value) -> Value {
    let mut json = java.clone();
    let records = json["records"].as_array_mut().expect("records");
    for (offset, record) in records.iter_mut().enumerate() {
        record["offset"] = json!(offset);
    }
    let count = records.len();
    for batch in json["batches"].as_array_mut().expect("batches") {
        batch["base_offset"] = json!(0);
        batch["last_offset"] = json!(count - 1);
        batch["leader_epoch"] = json!(-1);
        batch["delete_horizon"] = Value::Null;
    }
    json
}

/// Whether a producer could have written this by itself.
fn is_a_producers(header: &BatchHeader) -> bool {
    header.timestamp_type != TimestampType::LogAppendTime && !header.is_control
}

/// Whether nothing but the way of writing decides the bytes: not compressed, and as a producer numbers it.
fn is_plain(made: &Made<'_>) -> bool {
    made.json == renumbered(&made.json) && made.json["records"][0]["codec"] == "none"
}

fn both_ways(release: Release) {
    let Some(output) = needs(apache::ask(release, "Batches", &["make", "1"], "")) else { return };
    let cases: Vec<Made<'_>> = output.lines().map(made).collect();
    let mut ours = Vec::new();
    for made in &cases {
        let read = owned(&made.bytes);
        content::assert_same(made.name, &content::json(&read), &made.json);
        if let [batch] = &read[..]
            && is_a_producers(batch.header())
        {
            let bytes = rewritten(batch);
            assert!(!is_plain(made) || bytes == made.bytes, "{}: other bytes than Java's", made.name);
            ours.push((made, bytes));
        }
    }
    let lines: Vec<String> = ours.iter().map(|(_, bytes)| hex::encode(bytes)).collect();
    let read = apache::ask(release, "Batches", &["read"], &lines.join("\n")).expect("Java reads");
    assert_eq!(read.lines().count(), ours.len());
    for ((made, _), read) in ours.iter().zip(read.lines()) {
        let read = serde_json::from_str(read).unwrap_or_else(|_| panic!("{}: Java says {read}", made.name));
        content::assert_same(made.name, &read, &renumbered(&made.json));
    }
    covers_everything(&cases, &ours);
}

/// The cases are what this test says they are.
fn covers_everything(cases: &[Made<'_>], ours: &[(&Made<'_>, Bytes)]) {
    let mut kinds = BTreeSet::new();
    for (made, _) in ours {
        let record = &made.json["records"][0];
        kinds.insert((record["magic"].to_string(), record["codec"].to_string()));
    }
    assert_eq!(kinds.len(), 4 + 4 + 5, "every magic with every codec that it knows");
    assert!(ours.iter().any(|(made, _)| is_plain(made)));
    for part in ["marker-COMMIT", "marker-ABORT", "horizon", "transactional", "several", "LogAppendTime"] {
        assert!(cases.iter().any(|made| made.name.contains(part)), "{part}");
    }
}

#[test]
fn records_go_both_ways_with_3_9_2() {
    both_ways(Release::V3_9_2);
}

#[test]
fn records_go_both_ways_with_4_4_0() {
    both_ways(Release::V4_4_0);
}
