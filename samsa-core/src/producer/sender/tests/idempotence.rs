//! Producer ids, sequence numbers, and what becomes of a batch whose fate is not known.

use samsa_proto::records::Identity;

use super::*;
use crate::producer::Ticket;
use crate::producer::sender::place::{Place, Spot};
use crate::producer::sender::tests::script::Sent;

/// A partition whose identity a broker has confirmed; every record is a full batch.
pub(super) fn pipelined() -> Play {
    let mut play = Play::configured(&[1], |config| config.batch_bytes = 1);
    let _first = play.publish_to(0, "0");
    let sent = play.sends();
    play.hears_written(&sent, 0);
    play
}

pub(super) fn identity(sent: &Sent) -> Identity {
    sent.batches[0].read().header().identity.expect("an identity")
}

/// Producer id, epoch and sequence number.
pub(super) fn numbers(sent: &Sent) -> (i64, i16, i32) {
    let identity = identity(sent);
    (identity.producer_id, identity.producer_epoch, identity.base_sequence)
}

pub(super) fn publish<const N: usize>(play: &mut Play, values: [&str; N]) -> [Ticket; N] {
    values.map(|value| play.publish_to(0, value))
}

pub(super) fn jump_to(play: &mut Play, next: i32) {
    let place = Place { topic: 0, spot: Spot::Partition(0) };
    let partition = play.sender.partition(place).unwrap();
    partition.sequence.as_mut().unwrap().jump_to(next);
}

#[test]
fn an_id_is_asked_for_once_and_each_partition_counts_by_itself() {
    let mut play = Play::with_leaders(&[1, 1]);
    play.world.holds_producer_ids = true;
    let _waiting = [play.publish_to(0, "a"), play.publish_to(1, "b")];
    play.sends_nothing();
    play.gives_producer_id();
    assert!(!play.asks_producer_id());
    let sent = play.sends();
    let identities: Vec<Identity> =
        sent.batches.iter().map(|batch| batch.read().header().identity.unwrap()).collect();
    let expected = Identity { producer_id: 1, producer_epoch: 0, base_sequence: 0 };
    assert_eq!(identities, [expected; 2]);
    play.hears_written(&sent, 0);

    let _more = ["c", "d"].map(|value| {
        play.append(&OutgoingRecord {
            partition: Some(1),
            value: Some(value.as_bytes()),
            ..Default::default()
        })
    });
    play.hears(ProducerInput::BatchesReady);
    let sent = play.sends();
    assert_eq!(numbers(&sent), (1, 0, 1));
    play.hears_written(&sent, 1);
    let _last = play.publish_to(1, "e");
    assert_eq!(numbers(&play.sends()), (1, 0, 3), "numbers count records");
}

#[test]
fn with_one_acknowledgement_or_an_old_leader_there_is_no_identity() {
    let mut leader_only = Play::configured(&[1], |config| config.acks = Acks::Leader);
    let mut old = Play::new(|_| ());
    old.connects(1, 2);
    old.has_leaders(&[Some(1)]);
    for play in [&mut leader_only, &mut old] {
        let _ticket = play.publish_to(0, "1");
        assert_eq!(play.sends().batches[0].read().header().identity, None);
    }
}

#[test]
fn up_to_five_full_batches_are_in_flight_once_the_broker_knows_the_producer() {
    let mut play = Play::configured(&[1], |config| config.batch_bytes = 1);
    let _tickets = publish(&mut play, ["0", "1", "2", "3", "4", "5", "6"]);
    let first = play.sends();
    play.sends_nothing();
    play.hears_written(&first, 0);
    let sent: Vec<Sent> = (0..5).map(|_| play.sends()).collect();
    play.sends_nothing();
    assert_eq!(sent.iter().map(|sent| numbers(sent).2).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    play.hears_written(&sent[0], 1);
    assert_eq!(play.sends().values(), ["6"]);
}

#[test]
fn a_leader_that_remembers_one_batch_is_sent_one_at_a_time() {
    let mut play = Play::new(|config| config.batch_bytes = 1);
    play.connects(1, 3);
    play.has_leaders(&[Some(1)]);
    let _tickets = publish(&mut play, ["0", "1", "2"]);
    for offset in 0..3 {
        let sent = play.sends();
        assert_eq!(numbers(&sent), (1, 0, offset as i32));
        play.sends_nothing();
        play.hears_written(&sent, offset);
    }
}

#[test]
fn a_batch_that_is_not_full_waits_while_others_are_in_flight() {
    let mut play = Play::with_leaders(&[1]);
    let _first = play.publish_to(0, "0");
    let sent = play.sends();
    play.hears_written(&sent, 0);
    let _second = play.publish_to(0, "1");
    let sent = play.sends();
    let _third = play.publish_to(0, "2");
    play.sends_nothing();
    play.hears_written(&sent, 1);
    assert_eq!(play.sends().values(), ["2"]);
}

#[test]
fn what_is_tried_again_goes_alone_and_in_order_with_the_same_bytes() {
    let mut play = pipelined();
    let tickets = publish(&mut play, ["1", "2", "3"]);
    let sent = [(); 3].map(|()| play.sends());
    play.hears_failure(&sent[0], possibly_sent());
    play.hears_error(&sent[1], ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    play.passes(BACKOFF);
    play.sends_nothing();
    play.hears_error(&sent[2], ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    for (offset, before) in (1..).zip(&sent) {
        play.passes(BACKOFF);
        let again = play.sends();
        play.sends_nothing();
        assert_eq!(again.batches, before.batches);
        play.hears_written(&again, offset);
    }
    assert_eq!(tickets.map(|ticket| receipt(&ticket).offset), [Some(1), Some(2), Some(3)]);
}

#[test]
fn later_batches_that_are_written_do_not_wait_for_the_first() {
    let mut play = pipelined();
    let tickets = publish(&mut play, ["1", "2"]);
    let sent = [(); 2].map(|()| play.sends());
    play.hears_error(&sent[0], ErrorCode::REQUEST_TIMED_OUT);
    play.hears_written(&sent[1], 2);
    assert_eq!((outcome(&tickets[0]), receipt(&tickets[1]).offset), (None, Some(2)));
    play.passes(BACKOFF);
    let again = play.sends();
    play.hears_written(&again, 1);
    assert_eq!(receipt(&tickets[0]).offset, Some(1));
}

#[test]
fn a_duplicate_is_stored() {
    for offset in [-1, 7] {
        let mut play = pipelined();
        let [ticket] = publish(&mut play, ["1"]);
        let sent = play.sends();
        play.hears_failure(&sent, possibly_sent());
        play.passes(BACKOFF);
        let again = play.sends();
        play.hears_answer(&again, |_| (ErrorCode::DUPLICATE_SEQUENCE_NUMBER, offset));
        assert_eq!(receipt(&ticket).offset, (offset >= 0).then_some(offset));
    }
}

#[test]
fn sequence_numbers_wrap_in_flight() {
    let mut play = pipelined();
    jump_to(&mut play, i32::MAX);
    let _tickets = publish(&mut play, ["1", "2"]);
    assert_eq!([play.sends(), play.sends()].map(|sent| numbers(&sent).2), [i32::MAX, 0]);
}

#[test]
fn a_refused_batch_with_none_behind_it_leaves_its_numbers_to_the_next() {
    let mut play = pipelined();
    let [refused] = publish(&mut play, ["1"]);
    let sent = play.sends();
    play.hears_error(&sent, ErrorCode::MESSAGE_TOO_LARGE);
    assert_eq!(error(&refused).certainty(), Certainty::NotSent);
    let _next = publish(&mut play, ["2"]);
    assert_eq!(numbers(&play.sends()), numbers(&sent));
}

#[test]
fn after_its_deadline_a_batch_of_unknown_fate_keeps_its_place_until_its_fate_is_known() {
    let mut play = pipelined();
    let [late] = publish(&mut play, ["1"]);
    let sent = play.sends();
    play.hears_failure(&sent, possibly_sent());
    play.has_leaders(&[None]);
    let [behind] = publish(&mut play, ["2"]);
    play.passes(TIMEOUT);
    assert_eq!(error(&late).certainty(), Certainty::PossiblySent);
    assert_eq!(error(&behind).certainty(), Certainty::NotSent, "it took no number");
    assert!(play.buffer.used_bytes() > 0, "its memory is held");

    let [next] = publish(&mut play, ["3"]);
    play.has_leaders(&[Some(1)]);
    play.passes(BACKOFF);
    let again = play.sends();
    assert_eq!(again.batches, sent.batches);
    play.sends_nothing();
    play.hears_written(&again, 1);
    assert_eq!(error(&late).certainty(), Certainty::PossiblySent, "what was told stays");
    let sent = play.sends();
    assert_eq!((numbers(&sent), sent.values()), ((1, 0, 2), vec!["3".to_owned()]));
    play.hears_written(&sent, 2);
    assert_eq!(receipt(&next).offset, Some(2));
    assert_eq!((play.buffer.used_bytes(), play.deadline()), (0, None));
}

#[test]
fn a_batch_that_was_over_in_flight_and_then_refused_leaves() {
    let mut play = pipelined();
    let [late] = publish(&mut play, ["1"]);
    let sent = play.sends();
    play.passes(TIMEOUT);
    assert_eq!(error(&late).certainty(), Certainty::PossiblySent);
    play.hears_error(&sent, ErrorCode::NOT_ENOUGH_REPLICAS);
    let [_next] = publish(&mut play, ["2"]);
    play.passes(BACKOFF);
    let next = play.sends();
    assert_eq!((numbers(&next), next.values()), (numbers(&sent), vec!["2".to_owned()]));
}

#[test]
fn a_batch_that_was_over_in_flight_takes_no_other_identity() {
    let mut play = pipelined();
    let [late] = publish(&mut play, ["1"]);
    let sent = play.sends();
    play.passes(TIMEOUT);
    assert_eq!(error(&late).certainty(), Certainty::PossiblySent);
    play.hears_error(&sent, ErrorCode::INVALID_PRODUCER_EPOCH);
    play.sends_nothing();
    assert_eq!((play.buffer.used_bytes(), play.deadline()), (0, None));
}

#[test]
fn certainly_unsent_batches_expire_and_leave_no_gap() {
    let mut play = pipelined();
    let tickets = publish(&mut play, ["1", "2"]);
    let sent = [(); 2].map(|()| play.sends());
    for sent in &sent {
        play.hears_failure(sent, not_sent());
    }
    play.has_leaders(&[None]);
    play.passes(TIMEOUT);
    assert!(tickets.iter().all(|ticket| error(ticket).certainty() == Certainty::NotSent));
    play.has_leaders(&[Some(1)]);
    let [_next] = publish(&mut play, ["3"]);
    assert_eq!(numbers(&play.sends()), numbers(&sent[0]));
}

#[test]
fn a_close_ends_the_life_of_a_batch_of_unknown_fate() {
    let mut play = pipelined();
    let [_late] = publish(&mut play, ["1"]);
    let sent = play.sends();
    play.hears_failure(&sent, possibly_sent());
    play.has_leaders(&[None]);
    play.passes(TIMEOUT);
    let until = play.now().mono + TIMEOUT;
    play.hears(ProducerInput::Close { op: OpId(1), until });
    assert!(play.sender.is_closed());
    assert_eq!((play.buffer.used_bytes(), play.deadline()), (0, None));
}

#[test]
fn a_partition_that_has_an_identity_is_never_written_in_an_older_format() {
    let mut play = pipelined();
    play.connects(2, 2);
    play.has_leaders(&[Some(2)]);
    let [ticket] = publish(&mut play, ["1"]);
    play.sends_nothing();
    assert_eq!(*error(&ticket).failure(), PublishFailure::Refused(ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT));
}

#[test]
fn a_keyless_batch_with_a_number_moves_only_when_nothing_behind_it_may_be_stored() {
    for (behind, moves) in [(not_sent(), true), (possibly_sent(), false)] {
        let mut play = Play::configured(&[1, 2], |config| config.batch_bytes = 1);
        for partition in 0..2 {
            let _first = play.publish_to(partition, "0");
            let sent = play.sends();
            play.hears_written(&sent, 0);
        }
        let _free = play.publish("free");
        let free = play.sends();
        let partition = free.batches[0].partition;
        let _bound = play.publish_to(partition, "bound");
        let bound = play.sends();
        play.disconnects(free.broker);
        play.hears_failure(&bound, behind);
        play.hears_failure(&free, not_sent());
        assert_eq!(play.take_request().is_some_and(|sent| sent.broker != free.broker), moves);
    }
}
