//! Whom a producer id is asked of, and what becomes of batches until somebody gives one.

use super::idempotence::{numbers, pipelined, publish};
use super::*;
use crate::producer::sender::world::Asked;

/// Broker 1 is a new leader, and broker 2 an old one, which is asked first for ids.
fn mixed() -> Play {
    let mut play = Play::new(|_| ());
    play.world.gives_producer_ids = Asked::Unsupported;
    play.world.leaders_give_producer_ids = Some(Asked::Sent);
    play.connects(2, 2);
    play.connects(1, 9);
    play.has_leaders(&[Some(1), Some(2)]);
    play
}

#[test]
fn without_an_id_a_batch_waits_until_its_deadline() {
    let mut play = Play::with_leaders(&[1]);
    play.world.holds_producer_ids = true;
    let ticket = play.publish_to(0, "1");
    play.answers_producer_id(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS, -1);
    play.passes(TIMEOUT);
    assert!(play.asks_producer_id(), "it is asked for again");
    assert_eq!(error(&ticket).certainty(), Certainty::NotSent);
    play.sends_nothing();
}

#[test]
fn an_id_that_is_refused_for_good_fails_what_waits_and_later_batches_ask_anew() {
    let mut play = Play::with_leaders(&[1]);
    play.world.holds_producer_ids = true;
    let ticket = play.publish_to(0, "1");
    play.answers_producer_id(ErrorCode::CLUSTER_AUTHORIZATION_FAILED, -1);
    assert_eq!(*error(&ticket).failure(), PublishFailure::Refused(ErrorCode::CLUSTER_AUTHORIZATION_FAILED));
    assert_eq!(play.buffer.used_bytes(), 0);

    let _later = play.publish_to(0, "2");
    play.gives_producer_id();
    assert_eq!(play.sends().values(), ["2"]);
}

#[test]
fn brokers_that_give_no_ids_are_sent_batches_without() {
    let mut play = Play::new(|_| ());
    play.world.gives_producer_ids = Asked::Unsupported;
    play.connects(1, 9);
    play.has_leaders(&[Some(1)]);
    let _ticket = play.publish_to(0, "1");
    assert_eq!(play.sends().batches[0].read().header().identity, None);
}

#[test]
fn a_leader_that_is_newer_is_asked_where_another_broker_gives_no_ids() {
    let mut play = mixed();
    let _tickets = [play.publish_to(0, "1"), play.publish_to(1, "2")];
    let identities: Vec<_> = [play.sends(), play.sends()]
        .iter()
        .map(|sent| (sent.broker, sent.batches[0].read().header().identity.is_some()))
        .collect();
    assert!(identities.contains(&(1, true)) && identities.contains(&(2, false)), "{identities:?}");
}

#[test]
fn a_leader_that_went_while_it_was_asked_is_asked_when_it_is_back() {
    let mut play = mixed();
    play.world.holds_producer_ids = true;
    let ticket = play.publish_to(0, "1");
    let token = play.takes_question();
    play.disconnects(1);
    play.hears(ProducerInput::Failed { token, failure: not_sent() });
    play.passes(BACKOFF);
    assert!(!play.asks_producer_id(), "nobody is there who gives ids");
    play.connects(1, 9);
    play.sends_nothing();
    play.gives_producer_id();
    let sent = play.sends();
    assert_eq!(numbers(&sent), (1, 0, 0));
    play.hears_written(&sent, 0);
    assert_eq!(receipt(&ticket).offset, Some(0));
}

#[test]
fn a_leader_that_is_ready_is_asked_though_nobody_was_there_who_gives_ids() {
    let mut play = mixed();
    play.world.leaders_give_producer_ids = Some(Asked::Unsupported);
    let _unnumbered = play.publish_to(0, "1");
    let sent = play.sends();
    assert_eq!(sent.batches[0].read().header().identity, None);
    play.hears_written(&sent, 0);
    play.world.leaders_give_producer_ids = Some(Asked::Sent);
    let _ticket = play.publish_to(0, "2");
    assert_eq!(numbers(&play.sends()), (1, 0, 0));
}

#[test]
fn a_leader_that_could_not_be_asked_yet_is_asked_when_it_is_ready() {
    let mut play = mixed();
    play.world.leaders_give_producer_ids = Some(Asked::NotYet);
    let _ticket = play.publish_to(0, "1");
    play.sends_nothing();
    play.world.leaders_give_producer_ids = Some(Asked::Sent);
    play.connects(1, 9);
    assert_eq!(numbers(&play.sends()), (1, 0, 0));
}

#[test]
fn a_partition_that_has_numbers_waits_while_nobody_gives_an_id() {
    let mut play = pipelined();
    play.world.gives_producer_ids = Asked::Unsupported;
    let [ticket] = publish(&mut play, ["1"]);
    let sent = play.sends();
    play.hears_error(&sent, ErrorCode::INVALID_PRODUCER_EPOCH);
    play.sends_nothing();
    assert_eq!(outcome(&ticket), None);
    play.world.gives_producer_ids = Asked::Sent;
    play.hears(ProducerInput::ContactChanged);
    assert_eq!(numbers(&play.sends()), (2, 0, 0));
}

#[test]
fn another_broker_is_asked_again_where_one_gave_no_ids() {
    let mut play = Play::new(|_| ());
    play.world.gives_producer_ids = Asked::Unsupported;
    play.connects(1, 9);
    play.has_leaders(&[Some(1)]);
    let _ticket = play.publish_to(0, "1");
    let first = play.sends();
    play.hears_written(&first, 0);

    play.world.gives_producer_ids = Asked::Sent;
    play.hears(ProducerInput::ContactChanged);
    let _ticket = play.publish_to(0, "2");
    assert!(play.sends().batches[0].read().header().identity.is_some());
}

#[test]
fn once_the_leader_is_gone_that_might_have_given_an_id_others_are_sent_batches_without() {
    let mut play = Play::new(|_| ());
    play.world.gives_producer_ids = Asked::Unsupported;
    play.world.leaders_give_producer_ids = Some(Asked::NotYet);
    play.connects(1, 9);
    play.connects(2, 9);
    play.has_leaders(&[Some(1), Some(2)]);
    let _ticket = play.publish_to(1, "x");
    play.sends_nothing();
    play.world.leaders_give_producer_ids = Some(Asked::Unsupported);
    play.disconnects(1);
    let sent = play.sends();
    assert_eq!((sent.broker, sent.batches[0].read().header().identity), (2, None));
}
