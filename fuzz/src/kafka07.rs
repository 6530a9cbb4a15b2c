//! Kafka 0.7 on the wire.
//!
//! The first byte says what the input is; the rest is a stream of frames, the body of one, a set, or a script of
//! messages to write.

use bytes::Bytes;
use samsa_proto::kafka07::{
    Codec, Entries, FetchResponse, Frame, Magic, Messages, MultiFetchResponse, OffsetsResponse, Request,
    SealedSet, SetBuilder, check_topic, split_frame,
};

use crate::script::Script;
use crate::within_memory;

/// The most bytes that a frame may have, and that an entry may take when decompressed.
const LIMIT: usize = 64 * 1024;

/// What decompressors need for themselves.
const WORK: usize = 1024 * 1024;

/// What the rest of an input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Frames, one after the other.
    Stream = 0,
    /// The body of a request.
    Request,
    /// The body of the answer to a fetch.
    Fetch,
    /// The body of the answer to several fetches.
    MultiFetch,
    /// The body of the answer to a question for offsets.
    Offsets,
    /// The entries of a log.
    Set,
    /// Messages to write.
    Script,
    /// The entries of a log, whose checksums are put right before they are read.
    Mended,
}

/// An input: what [`run`] takes apart.
pub fn input(kind: Kind, rest: &[u8]) -> Vec<u8> {
    [&[kind as u8], rest].concat()
}

/// Reads the body of an answer; what was read is written, and reads as the same.
macro_rules! answer {
    ($answer:ident, $body:expr) => {{
        let body = $body;
        match within_memory(1024 + 64 * body.len(), || $answer::decode(body)) {
            Ok(answer) => {
                let frame = answer.encode().expect("what was read can be written").concat();
                assert_eq!($answer::decode(body_of(&frame)), Ok(answer));
            }
            Err(error) => assert!(error.offset <= body.len(), "{error}"),
        }
    }};
}

/// The target.
pub fn run(data: &[u8]) {
    let mut script = Script::new(data);
    match script.choice(8) {
        0 => stream(script.rest()),
        1 => request(script.rest()),
        2 => answer!(FetchResponse, script.rest()),
        3 => answer!(MultiFetchResponse, script.rest()),
        4 => answer!(OffsetsResponse, script.rest()),
        5 => set(script.rest()),
        6 => written(&mut script),
        _ => set(&mended(script.rest())),
    }
}

fn body_of(frame: &[u8]) -> &[u8] {
    match split_frame(frame, usize::MAX) {
        Ok(Frame::Whole { body, rest: [] }) => body,
        other => panic!("what was written is one frame: {other:?}"),
    }
}

fn stream(mut left: &[u8]) {
    loop {
        match split_frame(left, LIMIT) {
            Ok(Frame::Whole { body, rest }) => {
                assert_eq!(4 + body.len() + rest.len(), left.len());
                request(body);
                left = rest;
            }
            Ok(Frame::Partial { missing }) => {
                assert!(missing > 0 && missing <= 4 + LIMIT);
                return;
            }
            Err(error) => return assert!(!error.to_string().is_empty()),
        }
    }
}

fn request(body: &[u8]) {
    match within_memory(1024 + 64 * body.len(), || Request::decode(body)) {
        Ok(request) => {
            let frame = request.encode().expect("what was read can be written").concat();
            assert_eq!(Request::decode(body_of(&frame)), Ok(request.clone()));
            if let Request::Fetch(fetch) = request {
                let _ = check_topic(fetch.topic);
            }
        }
        Err(error) => assert!(error.offset <= body.len(), "{error}"),
    }
}

fn set(set: &[u8]) {
    let set = Bytes::copy_from_slice(set);
    let mut entries = Entries::new(&set, 0);
    let mut end = 0;
    for entry in entries.by_ref() {
        let Ok(entry) = entry else { break };
        assert_eq!(entry.offset, end);
        assert!(entry.next_offset > end && entry.next_offset <= set.len() as i64);
        end = entry.next_offset;
    }
    assert_eq!(entries.offset(), end);
    let _ = entries.cut();

    // Handles to the messages take more than the messages.
    let memory = WORK + 8 * LIMIT + 4 * set.len();
    let messages = within_memory(memory, || {
        let mut messages = Messages::new(set.clone(), 0, LIMIT);
        let read = messages.by_ref().take_while(Result::is_ok).count();
        assert!(messages.offset() <= end);
        read
    });
    assert!(messages <= set.len() + LIMIT);
    rebuilt(&set);
}

/// The same entries, with the right checksums.
fn mended(set: &[u8]) -> Vec<u8> {
    let mut set = set.to_vec();
    let mut start = 0;
    while let Some(length) = set.get(start..).and_then(|rest| rest.first_chunk()) {
        let end = (start + 4).saturating_add(u32::from_be_bytes(*length) as usize);
        let checksum = start + 4 + if set.get(start + 4) == Some(&0) { 1 } else { 2 };
        if end > set.len() || checksum + 4 > end {
            break;
        }
        let right = crc32fast::hash(&set[checksum + 4..end]);
        set[checksum..checksum + 4].copy_from_slice(&right.to_be_bytes());
        start = end;
    }
    set
}

/// What was read, and no more, is written and reads as the same.
fn rebuilt(set: &Bytes) {
    let payloads: Vec<_> =
        Messages::new(set.clone(), 0, LIMIT).map_while(Result::ok).map(|message| message.payload).collect();
    for magic in [Magic::V0, Magic::V1] {
        let again = sealed(magic, None, &payloads);
        assert_eq!(again.count() as usize, payloads.len());
        assert_eq!(read_back(again.bytes()), payloads);
    }
}

fn sealed(magic: Magic, codec: Option<Codec>, payloads: &[Bytes]) -> SealedSet {
    let mut builder = SetBuilder::new(magic);
    for payload in payloads {
        builder.append(payload).expect("it fits");
    }
    builder.seal(codec).expect("it fits")
}

fn read_back(set: &Bytes) -> Vec<Bytes> {
    let mut messages = Messages::new(set.clone(), 0, usize::MAX);
    let read =
        messages.by_ref().map(|message| message.expect("what was written can be read").payload).collect();
    assert_eq!((messages.offset(), messages.cut()), (set.len() as i64, None));
    read
}

/// Messages made of the script come back from every codec as they went in.
fn written(script: &mut Script<'_>) {
    let magic = if script.flag() { Magic::V1 } else { Magic::V0 };
    let mut payloads = Vec::new();
    while !script.is_over() && payloads.len() < 1000 {
        let payload = script.bytes();
        payloads.push(Bytes::from(if script.flag() { payload.repeat(50) } else { payload.to_vec() }));
    }
    for codec in [None, Some(Codec::Gzip), Some(Codec::Snappy)] {
        let set = sealed(magic, codec, &payloads);
        assert_eq!(read_back(set.bytes()), payloads, "{magic:?} {codec:?}");
    }
}
