//! Batches that are too large for the broker.

use super::*;
use crate::producer::{OutgoingSet, SetTicket, Ticket};

const TOO_LARGE: ErrorCode = ErrorCode::MESSAGE_TOO_LARGE;

/// Appends records to one batch of partition 0.
fn one_batch<const N: usize>(play: &mut Play, values: [&str; N]) -> [Ticket; N] {
    let tickets = values.map(|value| {
        let value = Some(value.as_bytes());
        play.append(&OutgoingRecord { partition: Some(0), value, ..Default::default() })
    });
    play.hears(ProducerInput::BatchesReady);
    tickets
}

fn append_set(play: &Play, values: &[&str]) -> SetTicket {
    let values = values.iter().map(|value| Some(value.as_bytes()));
    let records: Vec<_> = values.map(|value| OutgoingRecord { value, ..Default::default() }).collect();
    let set = OutgoingSet { partition: Some(0), key: None, records: &records };
    play.buffer.topic("events").append_set(&set, play.now()).unwrap()
}

fn sequence(sent: &script::Sent) -> i32 {
    sent.batches[0].read().header().identity.expect("an identity").base_sequence
}

#[test]
fn a_batch_that_is_too_large_goes_in_two_in_order_with_the_same_numbers() {
    let mut play = Play::with_leaders(&[1]);
    let tickets = one_batch(&mut play, ["a", "b", "c", "d", "e"]);
    let whole = play.sends();
    play.hears_error(&whole, TOO_LARGE);

    let first = play.sends();
    assert_eq!((first.values(), sequence(&first)), (vec!["a".to_owned(), "b".to_owned()], 0));
    play.sends_nothing();
    play.hears_written(&first, 10);
    let second = play.sends();
    assert_eq!((second.values(), sequence(&second)), (["c", "d", "e"].map(str::to_owned).to_vec(), 2));
    play.hears_written(&second, 12);

    let offsets = tickets.map(|ticket| receipt(&ticket).offset);
    assert_eq!(offsets, [10, 11, 12, 13, 14].map(Some));
    assert_eq!(play.buffer.used_bytes(), 0);
    let _next = one_batch(&mut play, ["f"]);
    assert_eq!(sequence(&play.sends()), 5);
}

#[test]
fn what_is_in_flight_behind_it_follows_its_parts() {
    let mut play = Play::configured(&[1], |config| config.batch_bytes = 180);
    let _confirmed = one_batch(&mut play, ["0"]);
    let sent = play.sends();
    play.hears_written(&sent, 0);
    let _tickets = one_batch(&mut play, ["a", "b", &"x".repeat(90), &"y".repeat(90)]);
    let in_flight = [play.sends(), play.sends()];
    assert_eq!(in_flight[0].values(), ["a", "b"]);

    play.hears_error(&in_flight[0], ErrorCode::RECORD_LIST_TOO_LARGE);
    play.sends_nothing();
    play.hears_error(&in_flight[1], ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    let mut numbers = Vec::new();
    while let Some(sent) = play.take_request() {
        numbers.push(sequence(&sent));
        play.sends_nothing();
        play.hears_written(&sent, 1 + i64::from(sequence(&sent)));
    }
    assert_eq!(numbers, [1, 2, 3, 4], "one by one, each in its turn");
    assert_eq!(play.buffer.used_bytes(), 0);
}

#[test]
fn a_single_message_that_is_too_large_is_not_sent_and_says_its_size() {
    let mut play = Play::with_leaders(&[1]);
    let [ticket] = one_batch(&mut play, ["hello"]);
    let sent = play.sends();
    play.hears_error(&sent, TOO_LARGE);
    let error = error(&ticket);
    let size = sent.batches[0].wire.len();
    assert_eq!(*error.failure(), PublishFailure::TooLarge { count: 1, size, code: TOO_LARGE });
    assert_eq!(error.certainty(), Certainty::NotSent);
    assert!(!error.is_retriable());
    assert_eq!(play.buffer.used_bytes(), 0);
}

#[test]
fn only_the_message_that_is_too_large_fails() {
    let mut play = Play::with_leaders(&[1]);
    let tickets = one_batch(&mut play, ["a", "b", "large", "c"]);
    let mut next = 0;
    while let Some(sent) = play.take_request() {
        if sent.values().iter().any(|value| value == "large") {
            play.hears_error(&sent, TOO_LARGE);
        } else {
            play.hears_written(&sent, next);
            next += sent.values().len() as i64;
        }
    }
    let offsets = tickets.map(|ticket| outcome(&ticket).unwrap().ok().and_then(|receipt| receipt.offset));
    assert_eq!(offsets, [Some(0), Some(1), None, Some(2)]);
}

#[test]
fn a_set_is_never_torn_and_one_that_is_too_large_fails_as_a_whole() {
    let mut play = Play::with_leaders(&[1]);
    let before = play.append(&OutgoingRecord { partition: Some(0), value: Some(b"1"), ..Default::default() });
    let set = append_set(&play, &["2", "3", "4", "5"]);
    let after = play.append(&OutgoingRecord { partition: Some(0), value: Some(b"6"), ..Default::default() });
    play.hears(ProducerInput::BatchesReady);
    let mut seen = Vec::new();
    while let Some(sent) = play.take_request() {
        seen.push(sent.values().concat());
        if sent.values().len() > 1 {
            play.hears_error(&sent, TOO_LARGE);
        } else {
            play.hears_written(&sent, seen.len() as i64);
        }
    }
    assert_eq!(seen, ["123456", "1", "23456", "2345", "6"]);
    let error = set.try_outcome().unwrap().unwrap_err();
    assert!(matches!(error.failure(), PublishFailure::TooLarge { count: 4, .. }), "{error}");
    assert_eq!(error.certainty(), Certainty::NotSent);
    let values: Vec<_> = error.messages().into_iter().filter_map(|message| message.value).collect();
    assert_eq!(values, ["2", "3", "4", "5"]);
    assert!(receipt(&before).offset < receipt(&after).offset);
}

#[test]
fn a_batch_that_may_be_stored_is_not_taken_apart() {
    let mut play = Play::with_leaders(&[1]);
    let tickets = one_batch(&mut play, ["a", "b"]);
    let sent = play.sends();
    play.hears_failure(&sent, possibly_sent());
    play.passes(BACKOFF);
    let again = play.sends();
    play.hears_error(&again, TOO_LARGE);
    play.sends_nothing();
    for ticket in tickets {
        assert_eq!(error(&ticket).certainty(), Certainty::PossiblySent);
    }
}

#[test]
fn the_parts_of_a_compressed_batch_are_compressed() {
    let mut play = Play::configured(&[1], |config| config.compression = Compression::Lz4);
    let text = "hello ".repeat(100);
    let tickets = one_batch(&mut play, [text.as_str(), text.as_str()]);
    play.computes();
    let whole = play.sends();
    play.hears_error(&whole, TOO_LARGE);
    for offset in 0..2 {
        play.computes();
        let sent = play.sends();
        assert_eq!(sent.batches[0].read().header().codec, Codec::Lz4);
        assert_eq!(sent.values(), [text.as_str()]);
        play.hears_written(&sent, offset);
    }
    assert_eq!(tickets.map(|ticket| receipt(&ticket).offset), [Some(0), Some(1)]);
    assert_eq!(play.buffer.used_bytes(), 0);
}

#[test]
fn a_flush_waits_for_both_parts() {
    let mut play = Play::with_leaders(&[1]);
    let _tickets = one_batch(&mut play, ["a", "b"]);
    let until = play.now().mono + TIMEOUT;
    play.hears(ProducerInput::Flush { op: OpId(7), until });
    let whole = play.sends();
    play.hears_error(&whole, TOO_LARGE);
    let first = play.sends();
    play.hears_written(&first, 0);
    assert!(play.world.replies.is_empty());
    let second = play.sends();
    play.hears_written(&second, 1);
    assert!(matches!(play.world.replies[..], [(OpId(7), Reply::Flush(0))]));
}

#[test]
fn without_an_identity_the_parts_go_in_order_too() {
    let mut play = Play::configured(&[1], |config| config.idempotence = false);
    let _tickets = one_batch(&mut play, ["a", "b", "c"]);
    let whole = play.sends();
    let _later = one_batch(&mut play, ["d"]);
    play.hears_error(&whole, TOO_LARGE);
    let mut seen = Vec::new();
    while let Some(sent) = play.take_request() {
        seen.push(sent.values().concat());
        play.hears_written(&sent, 0);
    }
    assert_eq!(seen, ["a", "bc", "d"]);
}
