//! Random messages of every API, version and direction, and of the consumer protocol, made by Apache's generated classes: we read the same content, write
//! the same bytes, and Java reads what we wrote.

use std::{collections::BTreeMap, fmt::Debug};

use samsa_proto::{
    Message,
    api::{
        Api,
        consumer_protocol::{ConsumerProtocolAssignment, ConsumerProtocolSubscription},
    },
    decode, encode,
    wire::{Decode, Encode},
};
use samsa_tests::{Error, Release, apache, hex, needs};
use serde_json::Value;

mod content;
mod shown;

/// Of each API, version and direction.
const MESSAGES: usize = 20;

/// A message that Java made.
struct Made<'a> {
    /// `KEY VERSION request|response`, or `NAME VERSION data`
    what: String,
    codec: Codec,
    version: i16,
    bytes: Vec<u8>,
    json: &'a str,
}

/// Writes again what it read, and shows it.
type Codec = Box<dyn Fn(i16, &[u8]) -> Result<(Vec<u8>, String), String>>;

/// What travels inside `JoinGroup` and `SyncGroup`, all in the same versions.
const INSIDE: [&str; 2] = ["ConsumerProtocolSubscription", "ConsumerProtocolAssignment"];

/// Everything that we know, each as it is named in [`Made::what`].
fn questions() -> Vec<String> {
    let mut questions = Vec::new();
    for api in Api::ALL {
        let forms = api.versions.clone().flat_map(|version| [(version, "request"), (version, "response")]);
        questions.extend(forms.map(|(version, of)| format!("{} {version} {of}", api.key)));
    }
    for name in INSIDE {
        questions
            .extend(ConsumerProtocolAssignment::VERSIONS.map(|version| format!("{name} {version} data")));
    }
    questions
}

fn made(line: &str) -> Option<Made<'_>> {
    let mut words = line.splitn(5, ' ');
    let (name, version, direction) = (words.next()?, words.next()?, words.next()?);
    let (bytes, json) = (words.next()?, words.next()?);
    Some(Made {
        what: format!("{name} {version} {direction}"),
        codec: codec(name, direction)?,
        version: version.parse().ok()?,
        bytes: hex::decode(bytes)?,
        json,
    })
}

fn codec(name: &str, direction: &str) -> Option<Codec> {
    if name == INSIDE[0] {
        return Some(Box::new(|version, bytes| inside::<ConsumerProtocolSubscription<'_>>(version, bytes)));
    }
    if name == INSIDE[1] {
        return Some(Box::new(|version, bytes| inside::<ConsumerProtocolAssignment<'_>>(version, bytes)));
    }
    let api = Api::of_key(name.parse().ok()?)?;
    let half = if direction == "request" { &api.request } else { &api.response };
    Some(Box::new(|version, bytes| {
        let written = half.transcode(version, bytes).map_err(|error| error.to_string())?;
        Ok((written, half.show(version, bytes).map_err(|error| error.to_string())?))
    }))
}

fn inside<'a, M>(version: i16, bytes: &'a [u8]) -> Result<(Vec<u8>, String), String>
where
    M: Message + Decode<'a> + Encode + Debug,
{
    let message: M = decode(version, bytes).map_err(|error| error.to_string())?;
    let written = encode(version, &message).map_err(|error| error.to_string())?;
    Ok((written, format!("{message:?}")))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("Java writes JSON")
}

/// What is wrong with our reading or writing of a message; the bytes that we wrote otherwise.
fn transcoded(message: &Made<'_>) -> Result<Vec<u8>, String> {
    let Made { what, codec, version, bytes, json: java } = message;
    let of = |why: String| format!("{what}: {why}\n    {}\n    {java}", hex::encode(bytes));
    let (written, text) = codec(*version, bytes).map_err(of)?;
    if written != *bytes {
        return Err(of(format!("we wrote {}", hex::encode(&written))));
    }
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
