//! Random messages of every API, version and direction, made by Apache's generated classes: we read the same content, write
//! the same bytes, and Java reads what we wrote.

use std::collections::BTreeMap;

use samsa_proto::api::{Api, Half};
use samsa_tests::{Error, Release, apache, hex, needs};
use serde_json::Value;

mod content;
mod shown;

/// Of each API, version and direction.
const MESSAGES: usize = 20;

/// A message that Java made.
struct Made<'a> {
    /// `KEY VERSION request|response`
    what: String,
    half: &'static Half,
    version: i16,
    bytes: Vec<u8>,
    json: &'a str,
}

/// Everything that we know, each as `KEY VERSION request|response`.
fn questions() -> Vec<String> {
    let forms = Api::ALL.iter().flat_map(|api| api.versions.clone().map(|version| (api.key, version)));
    let directions = ["request", "response"];
    forms.flat_map(|(key, version)| directions.map(|of| format!("{key} {version} {of}"))).collect()
}

fn made(line: &str) -> Option<Made<'_>> {
    let mut words = line.splitn(5, ' ');
    let (key, version, direction) = (words.next()?, words.next()?, words.next()?);
    let (bytes, json) = (words.next()?, words.next()?);
    let api = Api::of_key(key.parse().ok()?)?;
    Some(Made {
        what: format!("{key} {version} {direction}"),
        half: if direction == "request" { &api.request } else { &api.response },
        version: version.parse().ok()?,
        bytes: hex::decode(bytes)?,
        json,
    })
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("Java writes JSON")
}

/// What is wrong with our reading or writing of a message; the bytes that we wrote otherwise.
fn transcoded(message: &Made<'_>) -> Result<Vec<u8>, String> {
    let Made { what, half, version, bytes, json: java } = message;
    let of = |why: String| format!("{what}: {why}\n    {}\n    {java}", hex::encode(bytes));
    let written = half.transcode(*version, bytes).map_err(|error| of(error.to_string()))?;
    if written != *bytes {
        return Err(of(format!("we wrote {}", hex::encode(&written))));
    }
    let text = half.show(*version, bytes).map_err(|error| of(error.to_string()))?;
    let shown = shown::parse(&text).ok_or_else(|| of(format!("unreadable: {text}")))?;
    content::compare(&json(java), &shown).map_err(of)?;
    Ok(written)
}

/// How many messages of each kind went both ways.
fn both_ways(release: Release) -> Result<BTreeMap<String, usize>, Error> {
    let output =
        apache::ask(release, "Messages", &["make", &MESSAGES.to_string(), "1"], &questions().join("\n"))?;
    let messages: Vec<Made<'_>> =
        output.lines().map(|line| made(line).unwrap_or_else(|| panic!("not a message: {line}"))).collect();

    let written: Vec<Result<Vec<u8>, String>> = messages.iter().map(transcoded).collect();
    let faults: Vec<&str> =
        written.iter().filter_map(|outcome| outcome.as_ref().err()).map(String::as_str).collect();
    assert!(
        faults.is_empty(),
        "{} faults, the first:\n{}",
        faults.len(),
        faults[..faults.len().min(10)].join("\n")
    );

    let pairs = messages.iter().zip(written.iter().flatten());
    let lines: Vec<String> =
        pairs.map(|(message, bytes)| format!("{} {}", message.what, hex::encode(bytes))).collect();
    let read = apache::ask(release, "Messages", &["read"], &lines.join("\n"))?;
    assert_eq!(read.lines().count(), messages.len());
    let mut counts = BTreeMap::new();
    for (message, read) in messages.iter().zip(read.lines()) {
        assert_eq!(json(read), json(message.json), "{}: Java reads something else", message.what);
        *counts.entry(message.what.clone()).or_default() += 1;
    }
    Ok(counts)
}

#[test]
fn java_and_we_read_and_write_the_same_messages() {
    let (Some(mut counts), Some(newest)) =
        (needs(both_ways(Release::V3_9_2)), needs(both_ways(Release::V4_4_0)))
    else {
        return;
    };
    for (what, count) in newest {
        *counts.entry(what).or_default() += count;
    }
    for what in questions() {
        assert!(
            counts.get(&what).is_some_and(|count| *count >= MESSAGES),
            "{what}: {:?} messages",
            counts.get(&what)
        );
    }
}
