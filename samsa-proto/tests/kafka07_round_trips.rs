//! Requests, responses and sets of Kafka 0.7 made of random values, of random bytes, and cut anywhere.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use samsa_proto::kafka07::{
    Codec, Entries, ErrorCode, Fetch, FetchResponse, Frame, Magic, Messages, MultiFetchResponse, OffsetTime,
    Offsets, OffsetsResponse, Produce, Request, SetBuilder, split_frame,
};
use samsa_proto::wire::Records;

const LIMIT: usize = 64 * 1024;

fn body(parts: &[Bytes]) -> Vec<u8> {
    let frame = parts.concat();
    let Ok(Frame::Whole { body, rest: [] }) = split_frame(&frame, usize::MAX) else { panic!("one frame") };
    body.to_vec()
}

fn error_code() -> impl Strategy<Value = ErrorCode> {
    any::<i16>().prop_map(ErrorCode::from_code)
}

/// Topic, partition, and a set or numbers, to make requests of.
type Parts = (String, i32, Vec<u8>, i64, i32);

fn parts() -> impl Strategy<Value = Parts> {
    (any::<String>(), any::<i32>(), vec(any::<u8>(), 0..50), any::<i64>(), 0..=i32::MAX)
}

fn produce((topic, partition, set, ..): &Parts) -> Produce<'_> {
    Produce { topic, partition: *partition, set: Records::Slice(set) }
}

fn fetch((topic, partition, _, offset, max_bytes): &Parts) -> Fetch<'_> {
    Fetch { topic, partition: *partition, offset: *offset, max_bytes: *max_bytes }
}

fn offsets((topic, partition, _, time, max_offsets): &Parts) -> Offsets<'_> {
    let time = match time {
        -1 => OffsetTime::Latest,
        -2 => OffsetTime::Earliest,
        time => OffsetTime::Before(*time),
    };
    Offsets { topic, partition: *partition, time, max_offsets: *max_offsets }
}

fn requests(parts: &[Parts]) -> Vec<Request<'_>> {
    let mut requests = vec![
        Request::MultiProduce(parts.iter().map(produce).collect()),
        Request::MultiFetch(parts.iter().map(fetch).collect()),
    ];
    for part in parts {
        requests.push(Request::Produce(produce(part)));
        requests.push(Request::Fetch(fetch(part)));
        requests.push(Request::Offsets(offsets(part)));
    }
    requests
}

fn set(payloads: &[Vec<u8>], magic: Magic, codec: Option<Codec>) -> Bytes {
    let mut builder = SetBuilder::new(magic);
    for payload in payloads {
        builder.append(payload).expect("room");
    }
    builder.seal(codec).expect("a set").bytes().clone()
}

fn codec() -> impl Strategy<Value = Option<Codec>> {
    prop_oneof![Just(None), Just(Some(Codec::Gzip)), Just(Some(Codec::Snappy))]
}

fn magic() -> impl Strategy<Value = Magic> {
    prop_oneof![Just(Magic::V0), Just(Magic::V1)]
}

proptest! {
    #[test]
    fn requests_read_back_whole(parts in vec(parts(), 0..4)) {
        for request in requests(&parts) {
            let body = body(&request.encode().expect("a frame"));
            prop_assert_eq!(&Request::decode(&body), &Ok(request));
        }
    }

    #[test]
    fn a_request_cut_anywhere_is_refused(parts in vec(parts(), 1..3)) {
        for request in requests(&parts) {
            let body = body(&request.encode().expect("a frame"));
            for end in 0..body.len() {
                prop_assert!(Request::decode(&body[..end]).is_err(), "{} of {}", end, body.len());
            }
        }
    }

    #[test]
    fn answers_read_back_whole(answers in vec((error_code(), vec(any::<u8>(), 0..50)), 0..4), offsets: Vec<i64>, error in error_code()) {
        let fetches: Vec<_> = answers.iter().map(|(error, set)| FetchResponse { error: *error, set: Records::Slice(set) }).collect();
        for response in &fetches {
            let body = body(&response.encode().expect("a frame"));
            prop_assert_eq!(&FetchResponse::decode(&body), &Ok(response.clone()));
        }
        let response = MultiFetchResponse { error, fetches };
        let multi = body(&response.encode().expect("a frame"));
        prop_assert_eq!(&MultiFetchResponse::decode(&multi), &Ok(response));
        let response = OffsetsResponse { error, offsets };
        prop_assert_eq!(&OffsetsResponse::decode(&body(&response.encode().expect("a frame"))), &Ok(response));
    }

    #[test]
    fn messages_read_back_in_every_form(payloads in vec(vec(any::<u8>(), 0..300), 0..20), magic in magic(), codec in codec(), start in 0..i64::MAX / 2) {
        let set = set(&payloads, magic, codec);
        let end = start + set.len() as i64;
        let mut messages = Messages::new(set, start, LIMIT);
        let read: Vec<_> = messages.by_ref().map(|message| message.expect("a message")).collect();
        prop_assert_eq!(read.iter().map(|message| message.payload.to_vec()).collect::<Vec<_>>(), payloads);
        prop_assert_eq!((messages.offset(), messages.cut()), (end, None));
        prop_assert_eq!(read.last().map_or(end, |last| last.next_offset), end);
    }

    #[test]
    fn a_set_cut_anywhere_gives_its_whole_entries_and_says_that_it_is_cut(payloads in vec(vec(any::<u8>(), 0..30), 1..5), magic in magic(), codec in codec()) {
        let set = set(&payloads, magic, codec);
        for end in 0..set.len() {
            let mut entries = Entries::new(&set[..end], 0);
            let whole = entries.by_ref().map(|entry| entry.expect("an entry").next_offset).last().unwrap_or(0);
            prop_assert!(whole <= end as i64);
            prop_assert_eq!(entries.cut().map(|cut| cut.offset), (whole < end as i64).then_some(whole));
            let mut messages = Messages::new(set.slice(..end), 0, LIMIT);
            prop_assert!(messages.by_ref().all(|message| message.is_ok()));
            prop_assert_eq!(messages.cut(), entries.cut());
        }
    }

    #[test]
    fn a_set_with_a_wrong_byte_is_read_or_refused(payloads in vec(vec(any::<u8>(), 0..30), 1..5), codec in codec(), at: prop::sample::Index, to: u8) {
        let mut set = set(&payloads, Magic::V1, codec).to_vec();
        let at = at.index(set.len());
        set[at] = to;
        for message in Messages::new(set.into(), 0, LIMIT) {
            if let Err(error) = message {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(data in vec(any::<u8>(), 0..200)) {
        let _ = split_frame(&data, LIMIT);
        for request_type in 0..5 {
            let body = [&[0, request_type][..], &data].concat();
            if let Ok(request) = Request::decode(&body) {
                let again = self::body(&request.encode().expect("what was read can be written"));
                prop_assert_eq!(&Request::decode(&again), &Ok(request));
            }
        }
        let _ = FetchResponse::decode(&data);
        let _ = MultiFetchResponse::decode(&data);
        let _ = OffsetsResponse::decode(&data);
        prop_assert!(Entries::new(&data, 0).count() <= data.len());
        prop_assert!(Messages::new(Bytes::from(data), i64::MAX, LIMIT).count() <= LIMIT);
    }
}
