//! What a real 0.7.2 broker and real Scala 0.7.2 clients sent, recorded: see `data/README.md`.

use bytes::Bytes;
use samsa_proto::kafka07::{
    Codec, Cut, Entries, FetchResponse, Frame, Magic, Messages, MultiFetchResponse, OffsetsResponse, Produce,
    Request, SetBuilder, SetError, split_frame,
};
use samsa_proto::wire::Records;

const LIMIT: usize = 1024 * 1024;

/// One request to a broker and what came of it.
struct Exchange {
    name: &'static str,
    request: Vec<u8>,
    outcome: Outcome,
}

enum Outcome {
    Answer(Vec<u8>),
    NoResponse,
    Closed,
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().map(|c| c.to_digit(16).expect("hex") as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// `## name`, `  > request`, `  < answer`.
fn exchanges() -> Vec<Exchange> {
    let (mut name, mut request, mut exchanges) = ("", Vec::new(), Vec::new());
    for line in include_str!("data/kafka07/wire-vectors.txt").lines() {
        if let Some(title) = line.strip_prefix("## ") {
            name = title;
        } else if let Some(hex) = line.strip_prefix("  > ") {
            request = bytes(hex);
        } else if let Some(answer) = line.strip_prefix("  < ") {
            let outcome = match answer {
                "NO-RESPONSE" => Outcome::NoResponse,
                "CLOSED" => Outcome::Closed,
                hex => Outcome::Answer(bytes(hex)),
            };
            exchanges.push(Exchange { name, request: std::mem::take(&mut request), outcome });
        }
    }
    assert_eq!(exchanges.len(), 42);
    exchanges
}

/// Behind `label: `, or on the line after the one that starts with `label`.
fn recorded(label: &str) -> &'static str {
    let mut lines = include_str!("data/kafka07/wire-vectors.txt").lines();
    let line = lines.find(|line| line.starts_with(label)).expect(label);
    line.strip_prefix(label)
        .and_then(|rest| rest.strip_prefix(": "))
        .unwrap_or_else(|| lines.next().expect("a line").trim())
}

/// `N > request` or `N < answer`, frame by frame.
fn scala_clients(direction: &str) -> Vec<(u32, Vec<u8>)> {
    let lines = include_str!("data/kafka07/scala-clients.txt").lines();
    let frames = lines.filter_map(|line| {
        let (connection, rest) = line.split_once(' ')?;
        Some((connection.parse().ok()?, bytes(rest.strip_prefix(direction)?.trim())))
    });
    frames.collect()
}

fn body(frame: &[u8]) -> &[u8] {
    match split_frame(frame, LIMIT) {
        Ok(Frame::Whole { body, rest: [] }) => body,
        other => panic!("{other:?}"),
    }
}

/// Reads the answer to `request` and writes it again.
fn answered(request: &Request<'_>, answer: &[u8]) -> Vec<u8> {
    let parts = match request {
        Request::Fetch(_) => FetchResponse::decode(answer).map(|response| response.encode()),
        Request::MultiFetch(fetches) => MultiFetchResponse::decode(answer).map(|response| {
            assert_eq!(response.fetches.len(), fetches.len());
            response.encode()
        }),
        Request::Offsets(_) => OffsetsResponse::decode(answer).map(|response| response.encode()),
        Request::Produce(_) | Request::MultiProduce(_) => panic!("not answered"),
    };
    parts.expect("an answer").expect("a frame").concat()
}

fn produces<'a>(request: &Request<'a>) -> Vec<Produce<'a>> {
    match request {
        Request::Produce(produce) => vec![produce.clone()],
        Request::MultiProduce(produces) => produces.clone(),
        _ => Vec::new(),
    }
}

fn slice<'a>(set: &'a Records<'_>) -> &'a [u8] {
    match set {
        Records::Slice(slice) => slice,
        Records::Segments(_) => panic!("a set that was read is a slice"),
    }
}

fn messages(set: &[u8]) -> Messages {
    Messages::new(Bytes::copy_from_slice(set), 0, LIMIT)
}

fn payloads(set: &[u8]) -> Vec<String> {
    let texts = messages(set).map(|message| message.expect("a message").payload.to_vec());
    texts.map(|payload| String::from_utf8(payload).expect("text")).collect()
}

fn fault(set: &[u8]) -> Option<SetError> {
    messages(set).find_map(Result::err)
}

/// The same entries, made anew.
fn rebuilt(set: &[u8]) -> Vec<u8> {
    let entries = Entries::new(set, 0).map(|entry| {
        let entry = entry.expect("an entry");
        assert_eq!(entry.codec, None);
        let mut one = SetBuilder::new(entry.magic);
        one.append(entry.payload).expect("room");
        one.seal(None).expect("a set").bytes().to_vec()
    });
    entries.flatten().collect()
}

#[test]
fn every_request_that_is_one_reads_and_writes_the_same_bytes() {
    let mut refused = Vec::new();
    for Exchange { name, request, .. } in exchanges() {
        let Ok(Frame::Whole { body, rest: [] }) = split_frame(&request, LIMIT) else {
            refused.push(name);
            continue;
        };
        match Request::decode(body) {
            Ok(decoded) => assert_eq!(decoded.encode().expect("a frame").concat(), request, "{name}"),
            Err(_) => refused.push(name),
        }
    }
    assert_eq!(refused, ["unknown request type 5", "zero-length request", "negative-length"]);
}

#[test]
fn every_answer_reads_and_writes_the_same_bytes() {
    let mut answers = 0;
    for Exchange { name, request, outcome } in exchanges() {
        if let Outcome::Answer(answer) = outcome {
            let request = Request::decode(body(&request)).expect("a request");
            assert_eq!(answered(&request, body(&answer)), answer, "{name}");
            answers += 1;
        }
    }
    assert_eq!(answers, 24);
}

#[test]
fn only_what_is_said_to_be_answered_is_answered() {
    for Exchange { name, request, outcome } in exchanges() {
        if !matches!(outcome, Outcome::Closed) {
            let request = Request::decode(body(&request)).expect("a request");
            assert_eq!(request.is_answered(), matches!(outcome, Outcome::Answer(_)), "{name}");
        }
    }
}

#[test]
fn what_the_broker_stores_has_no_fault_and_is_rebuilt_byte_by_byte() {
    for Exchange { name, request, outcome } in exchanges() {
        let Outcome::NoResponse = outcome else { continue };
        for produce in produces(&Request::decode(body(&request)).expect("a request")) {
            let set = slice(&produce.set);
            assert_eq!(fault(set), None, "{name}");
            if name == "produce truncated trailing" {
                assert!(set.starts_with(&rebuilt(set)), "{name}");
            } else if name != "produce gzip set" {
                assert_eq!(rebuilt(set), set, "{name}");
            }
        }
    }
}

#[test]
fn what_the_broker_closes_the_connection_for_is_found_by_the_reader_too() {
    let set_of = |title| {
        let exchange = exchanges().into_iter().find(|exchange| exchange.name == title).expect(title);
        let request = Request::decode(body(&exchange.request)).expect("a request");
        slice(&produces(&request)[0].set).to_vec()
    };
    let checksum = SetError::Checksum { offset: 0, stored: 1, computed: 0xc327_3dca };
    assert_eq!(fault(&set_of("produce bad crc")), Some(checksum));
    assert_eq!(fault(&set_of("produce magic 2")), Some(SetError::Magic { offset: 0, magic: 2 }));
    assert_eq!(fault(&set_of("produce codec 3")), Some(SetError::Codec { offset: 0 }));
    let cut = set_of("produce first msg truncated");
    let mut cut = messages(&cut);
    assert_eq!(cut.next(), None);
    assert_eq!(cut.cut(), Some(Cut { offset: 0, needed: Some(13) }));
}

fn answer(title: &str) -> Vec<u8> {
    match exchanges().into_iter().find(|exchange| exchange.name == title).expect(title).outcome {
        Outcome::Answer(answer) => answer,
        _ => panic!("{title} is not answered"),
    }
}

fn fetched(title: &str) -> Vec<u8> {
    let answer = answer(title);
    let set = FetchResponse::decode(body(&answer)).expect("an answer").set;
    slice(&set).to_vec()
}

#[test]
fn the_log_holds_what_was_produced_in_every_form() {
    let log = fetched("fetch 0 1000");
    let read: Vec<_> = messages(&log).map(|message| message.expect("a message")).collect();
    let texts: Vec<_> = read.iter().map(|message| String::from_utf8_lossy(&message.payload)).collect();
    assert_eq!(texts, ["hello world", "hello world", "foo", "bar", "in1", "in2", "in3"].map(String::from));
    let places: Vec<_> = read.iter().map(|message| (message.offset, message.next_offset)).collect();
    assert_eq!(places, [(0, 20), (20, 41), (41, 54), (54, 67), (67, 67), (67, 67), (67, 129)]);
}

#[test]
fn a_fetch_may_be_cut_anywhere() {
    for (name, whole, cut) in [
        ("fetch size 10 (smaller than a message)", 0, Some(Cut { offset: 0, needed: Some(20) })),
        ("fetch size 24 (cuts second)", 1, Some(Cut { offset: 20, needed: Some(21) })),
        ("fetch at end", 0, None),
    ] {
        let set = fetched(name);
        let mut messages = messages(&set);
        let read = messages.by_ref().collect::<Result<Vec<_>, _>>().expect("no fault");
        assert_eq!(read.len(), whole, "{name}");
        assert_eq!(messages.cut(), cut, "{name}");
    }
}

#[test]
fn a_fetch_from_within_a_message_is_noticed() {
    let set = fetched("fetch mid-message offset 5");
    let error = Messages::new(set.into(), 5, LIMIT).next().expect("an item").expect_err("no message");
    assert_eq!(error, SetError::Magic { offset: 5, magic: 0x68 });
}

#[test]
fn pipelined_answers_come_in_order_on_one_stream() {
    let stream = recorded("pipelined").split(' ').flat_map(bytes).collect::<Vec<u8>>();
    let Ok(Frame::Whole { body: first, rest }) = split_frame(&stream, LIMIT) else { panic!("a frame") };
    let Ok(Frame::Whole { body: second, rest }) = split_frame(rest, LIMIT) else { panic!("a frame") };
    assert_eq!(payloads(slice(&FetchResponse::decode(first).expect("a fetch").set)), ["hello world"]);
    assert_eq!(OffsetsResponse::decode(second).expect("offsets").offsets, [0x8e]);
    let third = FetchResponse::decode(body(rest)).expect("a fetch");
    assert_eq!(messages(slice(&third.set)).count(), 0);
}

#[test]
fn a_barrier_is_an_offsets_answer() {
    for (label, offset) in [
        ("produce then offsets on same conn", 0x9c),
        ("too large then offsets same conn", 0),
        ("exactly 1000000 payload", 0x000f_424a),
        ("ok+too large in one set", 0x000f_424a),
        ("  latest after", 0x000f_4255),
        ("nested gzip accepted", 0x61),
        ("attributes 0xfc (codec bits 0)", 0x6f),
    ] {
        let answer = OffsetsResponse::decode(body(&bytes(recorded(label)))).map(|answer| answer.offsets);
        assert_eq!(answer, Ok(vec![offset]), "{label}");
    }
}

#[test]
fn log_segments_of_the_scala_producer_are_read() {
    assert_eq!(payloads(&bytes(recorded("## (stored log segment written"))), ["gz-one"]);
    let snappy = payloads(&bytes(recorded("## (same, compression.codec=2")));
    assert_eq!(snappy, ["sn-one-sn-one-sn-one-sn-one"]);
}

#[test]
fn every_request_of_the_scala_clients_reads_and_writes_the_same_bytes() {
    let requests = scala_clients("> ");
    assert_eq!(requests.len(), 20);
    for (connection, frame) in requests {
        let request = Request::decode(body(&frame)).expect("a request");
        assert_eq!(request.encode().expect("a frame").concat(), frame, "connection {connection}");
    }
}

#[test]
fn every_message_of_the_scala_producers_is_read() {
    let requests = scala_clients("> ");
    let produced = |connection| {
        let frames = requests.iter().filter(move |(on, _)| *on == connection);
        let sets = frames.flat_map(|(_, frame)| produces(&Request::decode(body(frame)).expect("a request")));
        sets.map(|produce| payloads(slice(&produce.set)).join(" ")).collect::<Vec<_>>()
    };
    for connection in 1..=3 {
        assert_eq!(produced(connection), ["one", "two three", "x", "y", "z"], "connection {connection}");
    }
    for connection in 4..=5 {
        assert_eq!(produced(connection), ["z", "one two three x y"], "connection {connection}");
    }
    assert_eq!(produced(6), ["one"]);
    assert_eq!(produced(10), ["1", "2", "3", "4", "5"]);
}

#[test]
fn the_plain_sets_of_the_scala_producers_are_rebuilt_byte_by_byte() {
    let mut sets = 0;
    for (connection, frame) in scala_clients("> ") {
        for produce in produces(&Request::decode(body(&frame)).expect("a request")) {
            let set = slice(&produce.set);
            let plain = Entries::new(set, 0).all(|entry| entry.is_ok_and(|entry| entry.codec.is_none()));
            if plain {
                assert_eq!(rebuilt(set), set, "connection {connection}");
                sets += 1;
            }
        }
    }
    assert_eq!(sets, 13);
}

#[test]
fn the_scala_producer_wraps_a_compressed_set_in_one_message_of_magic_1() {
    for (connection, codec) in [(2, Codec::Gzip), (3, Codec::Snappy), (5, Codec::Gzip)] {
        for (_, frame) in scala_clients("> ").into_iter().filter(|(on, _)| *on == connection) {
            for produce in produces(&Request::decode(body(&frame)).expect("a request")) {
                let entries: Vec<_> = Entries::new(slice(&produce.set), 0).collect();
                let [Ok(entry)] = entries[..] else { panic!("{entries:?}") };
                assert_eq!((entry.magic, entry.codec), (Magic::V1, Some(codec)));
            }
        }
    }
}

#[test]
fn the_answers_to_the_scala_consumer_read_and_write_the_same_bytes() {
    for (connection, frame) in scala_clients("< ") {
        let requests = scala_clients("> ");
        let (_, request) = requests.iter().find(|(on, _)| *on == connection).expect("its request");
        let request = Request::decode(body(request)).expect("a request");
        assert_eq!(answered(&request, body(&frame)), frame, "connection {connection}");
    }
    let answers = scala_clients("< ");
    let first = MultiFetchResponse::decode(body(&answers[2].1)).expect("an answer");
    let read: Vec<_> = first.fetches.iter().map(|fetch| payloads(slice(&fetch.set))).collect();
    assert_eq!(read, [["m0", "n0"], ["m1", "n1"]].map(|set| set.map(String::from)));
}
