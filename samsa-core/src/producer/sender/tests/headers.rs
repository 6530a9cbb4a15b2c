//! Headers in clusters whose brokers are of several releases.

use super::super::batch::Batch;
use super::*;
use crate::producer::{OutgoingSet, Ticket};

/// The first broker that knows no headers, and one that does.
const OLD: i32 = 1;
const NEW: i32 = 2;

fn mixed(leaders: &[Option<i32>]) -> Play {
    let mut play = Play::new(|_| ());
    play.connects(OLD, 2);
    play.connects(NEW, 9);
    play.has_leaders(leaders);
    play
}

/// Appends a record that has a header.
fn append(play: &Play, partition: Option<i32>, value: &str) -> Result<Ticket, AppendError> {
    let headers = [Header::new("trace", Some(b"7"))];
    let value = Some(value.as_bytes());
    let record = OutgoingRecord { partition, value, headers: &headers, ..Default::default() };
    play.buffer.topic("events").append(&record, play.now())
}

fn publish(play: &mut Play, partition: Option<i32>, value: &str) -> Ticket {
    let ticket = append(play, partition, value).expect("it is accepted");
    play.hears(ProducerInput::BatchesReady);
    ticket
}

fn append_plain(play: &Play, partition: Option<i32>, value: &str) -> Ticket {
    play.append(&OutgoingRecord { partition, value: Some(value.as_bytes()), ..Default::default() })
}

fn lacks_headers() -> PublishFailure {
    PublishFailure::Unacceptable(AppendError::HeadersUnsupported { topic: "events".into() })
}

/// It ended as `NotSent`, with its header.
fn is_without_headers(ticket: &Ticket) {
    let error = error(ticket);
    assert_eq!((error.failure(), error.certainty()), (&lacks_headers(), Certainty::NotSent));
    assert_eq!(error.message().headers, [("trace".to_owned(), Some(Bytes::from_static(b"7")))]);
}

/// The headers of the first record in a request.
fn headers(sent: &script::Sent) -> usize {
    sent.batches[0].read().records().next().unwrap().unwrap().headers().count()
}

#[test]
fn keyless_ones_go_to_a_leader_that_takes_them_and_others_to_any() {
    let mut play = mixed(&[Some(OLD), Some(NEW)]);
    let mut plain = std::collections::BTreeSet::new();
    for round in 0..4 {
        let _ticket = play.publish("x");
        let sent = play.sends();
        plain.insert(sent.broker);
        play.hears_written(&sent, round);
    }
    assert_eq!(plain, [OLD, NEW].into());
    for round in 0..10 {
        let _ticket = publish(&mut play, None, "x");
        let sent = play.sends();
        assert_eq!((sent.broker, headers(&sent)), (NEW, 1));
        play.hears_written(&sent, round);
    }
}

#[test]
fn plain_ones_do_not_wait_behind_those_that_wait_for_a_leader_that_takes_them() {
    let mut play = mixed(&[Some(OLD), Some(NEW)]);
    let _slow = play.publish_to(1, "slow");
    let slow = play.sends();
    let waits = publish(&mut play, None, "waits");
    play.sends_nothing();
    let goes = play.publish("goes");
    let sent = play.sends();
    assert_eq!((sent.broker, sent.values()), (OLD, vec!["goes".to_owned()]));
    play.hears_written(&sent, 0);
    assert!(outcome(&goes).is_some() && outcome(&waits).is_none());
    play.hears_written(&slow, 0);
    assert_eq!(play.sends().values(), ["waits"]);
}

#[test]
fn those_of_a_partition_are_refused_at_once_where_its_leader_is_known_to_lack_them() {
    let mut play = mixed(&[Some(OLD), Some(NEW)]);
    let _lanes = [play.publish_to(0, "0"), play.publish_to(1, "1")];
    let refused = append(&play, Some(0), "x").expect_err("a refusal");
    assert_eq!(refused, AppendError::HeadersUnsupported { topic: "events".into() });
    assert!(append(&play, Some(1), "x").is_ok());
}

#[test]
fn a_leader_that_went_may_come_back_upgraded() {
    let mut play = mixed(&[Some(OLD)]);
    let _lane = play.publish_to(0, "0");
    let sent = play.sends();
    play.hears_written(&sent, 0);
    assert!(append(&play, Some(0), "x").is_err() && append(&play, None, "x").is_err());
    play.disconnects(OLD);
    let tickets = [publish(&mut play, Some(0), "x"), publish(&mut play, None, "y")];
    assert_eq!(tickets.each_ref().map(outcome), [None, None]);
    play.connects(OLD, 9);
    while let Some(sent) = play.take_request() {
        assert_eq!(headers(&sent), 1);
        play.hears_written(&sent, 1);
    }
    assert!(tickets.iter().all(|ticket| receipt(ticket).offset.is_some()));
}

#[test]
fn while_no_leader_is_known_they_are_taken_and_wait() {
    for loses_topic in [false, true] {
        let mut play = mixed(&[Some(OLD)]);
        let _lane = play.publish_to(0, "0");
        let sent = play.sends();
        play.hears_written(&sent, 0);
        assert!(append(&play, Some(0), "x").is_err() && append(&play, None, "x").is_err());
        if loses_topic {
            play.loses_topic("events");
        } else {
            play.has_leaders(&[None]);
        }
        let tickets = [publish(&mut play, Some(0), "x"), publish(&mut play, None, "y")];
        assert_eq!(tickets.each_ref().map(outcome), [None, None]);
        play.has_leaders(&[Some(NEW)]);
        while let Some(sent) = play.take_request() {
            assert_eq!((sent.broker, headers(&sent)), (NEW, 1));
            play.hears_written(&sent, 1);
        }
        assert!(tickets.iter().all(|ticket| receipt(ticket).offset.is_some()));
    }
}

#[test]
fn while_a_leader_is_not_known_they_wait_and_the_leader_decides() {
    for (leader, goes) in [(NEW, true), (OLD, false)] {
        let mut play = mixed(&[None, Some(OLD)]);
        let ticket = publish(&mut play, Some(0), "x");
        play.passes(BACKOFF);
        play.sends_nothing();
        assert_eq!(outcome(&ticket), None);
        play.has_leaders(&[Some(leader), Some(OLD)]);
        if goes {
            let sent = play.sends();
            assert_eq!(headers(&sent), 1);
            play.hears_written(&sent, 3);
            assert_eq!(receipt(&ticket).offset, Some(3));
        } else {
            play.sends_nothing();
            is_without_headers(&ticket);
        }
        assert_eq!(play.buffer.used_bytes(), 0);
    }
}

#[test]
fn what_shares_a_batch_with_them_is_written_all_the_same_and_sets_stay_whole() {
    let mut play = mixed(&[None, Some(OLD)]);
    let one = [Header::new("trace", Some(b"7"))];
    let tickets = [
        append_plain(&play, Some(0), "a"),
        append(&play, Some(0), "b").unwrap(),
        append(&play, Some(0), "c").unwrap(),
        append_plain(&play, Some(0), "d"),
    ];
    let records = [
        OutgoingRecord { value: Some(b"e"), ..Default::default() },
        OutgoingRecord { value: Some(b"f"), headers: &one, ..Default::default() },
    ];
    let together = OutgoingSet { partition: Some(0), key: None, records: &records };
    let together = play.buffer.topic("events").append_set(&together, play.now()).unwrap();
    let last = append_plain(&play, Some(0), "g");
    play.hears(ProducerInput::BatchesReady);
    play.has_leaders(&[Some(OLD), Some(OLD)]);

    for (offset, value) in ["a", "d", "g"].into_iter().enumerate() {
        let sent = play.sends();
        assert_eq!((sent.version, sent.values()), (2, vec![value.to_owned()]));
        play.hears_written(&sent, offset as i64);
    }
    let [a, b, c, d] = tickets;
    let offsets = [a, d, last].map(|ticket| receipt(&ticket).offset);
    assert_eq!(offsets, [Some(0), Some(1), Some(2)]);
    is_without_headers(&b);
    is_without_headers(&c);
    let error = together.try_outcome().expect("an outcome").expect_err("an error");
    assert_eq!((error.failure(), error.messages().len()), (&lacks_headers(), 2));
    assert_eq!(play.buffer.used_bytes(), 0);
}

#[test]
fn a_keyless_one_moves_when_its_partition_gets_a_leader_that_lacks_them() {
    let mut play = mixed(&[Some(NEW), Some(NEW)]);
    play.world.holds_producer_ids = true;
    let ticket = publish(&mut play, None, "x");
    play.has_leaders(&[Some(OLD), Some(NEW)]);
    play.gives_producer_id();
    let sent = play.sends();
    assert_eq!((sent.broker, headers(&sent)), (NEW, 1));
    play.hears_written(&sent, 5);
    assert_eq!(receipt(&ticket).partition, 1);
}

#[test]
fn keyless_ones_wait_for_a_leader_that_may_take_them_and_end_when_none_can() {
    let mut play = mixed(&[Some(OLD), None]);
    let plain = append_plain(&play, None, "a");
    let ticket = append(&play, None, "x").unwrap();
    play.hears(ProducerInput::BatchesReady);
    let behind = play.publish("b");
    while let Some(sent) = play.take_request() {
        play.hears_written(&sent, 0);
    }
    assert_eq!(outcome(&ticket), None);
    play.has_leaders(&[Some(OLD), Some(OLD)]);
    is_without_headers(&ticket);
    while let Some(sent) = play.take_request() {
        play.hears_written(&sent, 1);
    }
    assert!(receipt(&plain).offset.is_some() && receipt(&behind).offset.is_some());
    assert_eq!((play.buffer.used_bytes(), play.deadline()), (0, None));
    assert!(append(&play, None, "y").is_err(), "at once, now that it is known");
}

#[test]
fn keyless_ones_avoid_a_partition_with_numbers_whose_leader_knows_none() {
    let mut play = mixed(&[Some(NEW), Some(NEW)]);
    for partition in 0..2 {
        let _ticket = play.publish_to(partition, "0");
        let sent = play.sends();
        play.hears_written(&sent, 0);
    }
    play.has_leaders(&[Some(OLD), Some(NEW)]);
    for round in 1..5 {
        let _ticket = play.publish("x");
        let sent = play.sends();
        assert_eq!(sent.partitions(), [1]);
        play.hears_written(&sent, round);
    }
    let ticket = play.publish_to(0, "bound");
    let refused = PublishFailure::Refused(ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT);
    assert_eq!((error(&ticket).failure(), error(&ticket).certainty()), (&refused, Certainty::NotSent));
}

#[test]
fn keyless_ones_end_at_once_where_no_leader_takes_anything() {
    let mut play = mixed(&[Some(NEW)]);
    let _first = play.publish("0");
    let sent = play.sends();
    play.hears_written(&sent, 0);
    play.has_leaders(&[Some(OLD)]);
    let ticket = play.publish("x");
    let refused = PublishFailure::Refused(ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT);
    assert_eq!((error(&ticket).failure(), error(&ticket).certainty()), (&refused, Certainty::NotSent));
    assert_eq!((play.buffer.used_bytes(), play.deadline()), (0, None));
}

#[test]
fn keyless_ones_have_no_turn_behind_what_a_partition_refuses_where_it_takes_nothing() {
    let mut play = mixed(&[Some(NEW), Some(NEW)]);
    let _first = play.publish_to(0, "0");
    let sent = play.sends();
    play.hears_written(&sent, 0);
    let _slow = play.publish_to(1, "slow");
    let slow = play.sends();
    play.has_leaders(&[Some(OLD), Some(NEW)]);
    let waits = play.publish("waits");
    let given = play.sender.topics[0].partitions[0].given;
    let refused = play.publish_to(0, "bound");
    assert!(outcome(&refused).is_some() && outcome(&waits).is_none());
    assert_eq!(play.sender.topics[0].partitions[0].given, given, "it was given nothing");
    play.hears_written(&slow, 0);
    assert_eq!(play.sends().values(), ["waits"]);
}

#[test]
fn a_batch_of_which_all_has_headers_is_not_written_anew_to_be_sorted_out() {
    let mut play = Play::with_leaders(&[NEW]);
    let _first = play.publish_to(0, "0");
    let _tickets = ["x", "y"].map(|value| append(&play, Some(0), value).unwrap());
    let lane = play.sender.topics[0].batches.bound(0).expect("a lane");
    let mut batch = Batch::new(lane.take().expect("a batch"), false);
    let body = batch.segments()[1].as_ptr();
    let (store, mut wakers) = (play.buffer.store(), crate::wake::Wakers::default());
    let Err(mut whole) = batch.split_by_headers(store, &mut wakers) else { panic!("it was divided") };
    assert_eq!(whole.segments()[1].as_ptr(), body);
}
