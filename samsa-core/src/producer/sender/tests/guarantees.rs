//! What `explain` says is promised, and that it is what the partitions do.

use super::idempotence::publish;
use super::*;
use crate::explanation::GuaranteeKind;
use crate::producer::sender::tests::script::Sent;
use crate::producer::sender::world::Asked;

/// The guarantees about one thing, as text.
fn promised(play: &Play, kind: GuaranteeKind) -> Vec<String> {
    let mut explanation = Explanation::default();
    play.sender.explain(play.now().mono, &mut explanation);
    let guarantees = explanation.guarantees.iter().filter(|guarantee| guarantee.kind == kind);
    guarantees.map(|guarantee| format!("{}: {}", guarantee.holds_for, guarantee.what)).collect()
}

fn everything(play: &Play) -> Vec<String> {
    use GuaranteeKind::{Acknowledgement, Duplicates, Order};
    [Acknowledgement, Order, Duplicates].into_iter().flat_map(|kind| promised(play, kind)).collect()
}

/// One partition, at a leader whose newest Produce version this is, where every record is a full batch.
fn at(newest: i16, change: impl FnOnce(&mut crate::config::PublishConfig)) -> Play {
    let mut play = Play::new(|config| {
        config.batch_bytes = 1;
        change(config);
    });
    play.connects(1, newest);
    play.has_leaders(&[Some(1)]);
    let _first = play.publish_to(0, "0");
    play
}

/// How many batches the partition has in flight when many wait, after its first was stored.
fn in_flight(play: &mut Play) -> usize {
    let first = play.sends();
    play.hears_written(&first, 0);
    let _waiting = publish(play, ["1", "2", "3", "4", "5", "6", "7"]);
    let requests: Vec<Sent> = std::iter::from_fn(|| play.take_request()).collect();
    requests.len()
}

const ALL: &str = "every partition: acks=all: every in-sync replica has what counts as written; these are as many as the topic's min.insync.replicas at least";
const LOSES: &str = "every partition: brokers before 0.11, and those that keep messages as they did, can themselves lose what they have acknowledged when another replica leads (KIP-101)";
const FIVE: &str =
    "every partition: kept: up to 5 batches of a partition are in flight, one until the first is stored";
const ONE_WITHOUT: &str =
    "every partition: kept: one batch of a partition is in flight at a time, since there is no idempotence";

#[test]
fn of_a_leader_of_today_order_is_kept_with_five_in_flight_and_nothing_is_stored_twice() {
    let mut play = at(9, |_| ());
    let once = "every partition: none: idempotence is in force (producer 1, epoch 0), a retry is stored once";
    assert_eq!(everything(&play), [ALL, FIVE, once]);
    assert_eq!(in_flight(&mut play), 5);
}

#[test]
fn of_a_leader_of_0_11_one_batch_is_in_flight_and_nothing_is_stored_twice() {
    let mut play = at(3, |_| ());
    let order = "every partition: kept: one batch of a partition is in flight at a time, since its leader remembers no more of a producer (0.11, Produce 3)";
    assert_eq!(promised(&play, GuaranteeKind::Order), [order]);
    let once = "every partition: none: idempotence is in force (producer 1, epoch 0), a retry is stored once";
    assert_eq!(promised(&play, GuaranteeKind::Duplicates), [once]);
    assert_eq!(promised(&play, GuaranteeKind::Acknowledgement), [ALL]);
    assert_eq!(in_flight(&mut play), 1);
}

#[test]
fn of_a_leader_before_0_11_it_is_said_what_it_can_lose_and_store_twice() {
    for newest in [0, 1, 2] {
        let mut play = at(newest, |_| ());
        let twice = "every partition: possible: its leader takes no record batches, as those from 0.11 on do, so a retry may be stored twice";
        assert_eq!(everything(&play), [ALL, LOSES, ONE_WITHOUT, twice]);
        assert_eq!(in_flight(&mut play), 1);
    }
    let forbidding = at(2, |config| config.retries = Retries::OnlyNotSent);
    let once = "every partition: none: its leader takes no record batches, as those from 0.11 on do, and what may be stored is not sent again, as retries says";
    assert_eq!(promised(&forbidding, GuaranteeKind::Duplicates), [once]);
}

#[test]
fn where_the_application_wants_less_it_is_told_what_that_costs() {
    let mut off = at(9, |config| config.idempotence = false);
    let twice = "every partition: possible: idempotence is off, so a retry may be stored twice";
    assert_eq!(everything(&off), [ALL, ONE_WITHOUT, twice]);
    assert_eq!(in_flight(&mut off), 1);

    let mut leader_only = at(9, |config| config.acks = Acks::Leader);
    let alone = "every partition: acks=1: the leader alone has what counts as written; what no other replica has yet is lost with it";
    let twice =
        "every partition: possible: there is no idempotence with acks=1, so a retry may be stored twice";
    assert_eq!(everything(&leader_only), [alone, ONE_WITHOUT, twice]);
    assert_eq!(in_flight(&mut leader_only), 1);

    let forbidding = at(9, |config| {
        config.idempotence = false;
        config.retries = Retries::OnlyNotSent;
    });
    let once = "every partition: none: idempotence is off, and what may be stored is not sent again, as retries says";
    assert_eq!(promised(&forbidding, GuaranteeKind::Duplicates), [once]);
}

#[test]
fn where_no_broker_gives_producer_ids_a_retry_may_be_stored_twice() {
    let mut play = Play::new(|config| config.batch_bytes = 1);
    play.world.gives_producer_ids = Asked::Unsupported;
    play.connects(1, 9);
    play.has_leaders(&[Some(1)]);
    let _first = play.publish_to(0, "0");
    let twice = "every partition: possible: no broker that was asked gives producer ids, so a retry may be stored twice";
    assert_eq!(everything(&play), [ALL, ONE_WITHOUT, twice]);
    assert_eq!(in_flight(&mut play), 1);
}

#[test]
fn what_is_not_known_is_not_promised() {
    let mut play = Play::new(|_| ());
    assert!(everything(&play).is_empty(), "nothing is published");

    play.world.holds_producer_ids = true;
    let _waiting = play.publish_to(0, "0");
    let no_leader = "every partition: not known yet: the leader is not known, or not connected";
    assert_eq!(everything(&play), [ALL, no_leader, no_leader], "the topic is not known");
    play.has_leaders(&[None]);
    assert_eq!(everything(&play), [ALL, no_leader, no_leader], "it has no leader");
    play.has_leaders(&[Some(1)]);
    assert_eq!(everything(&play), [ALL, no_leader, no_leader], "it has one that is not connected");
    play.connects(1, 9);
    let no_id = "every partition: not known yet: no broker has given a producer id";
    assert_eq!(everything(&play), [ALL, no_id, no_id]);
    play.gives_producer_id();
    assert_eq!(promised(&play, GuaranteeKind::Order), [FIVE]);
    play.disconnects(1);
    assert_eq!(everything(&play), [ALL, no_leader, no_leader], "who comes back may be of another release");
}

#[test]
fn partitions_that_differ_are_named() {
    let mut play = Play::new(|_| ());
    play.connects(1, 9);
    play.connects(2, 2);
    let leaders: Vec<Option<i32>> = [1, 2].into_iter().chain([3; 7]).map(Some).collect();
    play.has_leaders(&leaders);
    let _first = play.publish_to(0, "0");
    let holds_for: Vec<String> = promised(&play, GuaranteeKind::Duplicates)
        .iter()
        .map(|line| line.split(": ").next().unwrap().to_owned())
        .collect();
    let expected = [
        "topic \"events\" partition 0".to_owned(),
        "topic \"events\" partition 1".to_owned(),
        format!("{}, 2 more", [2, 3, 4, 5, 6].map(|n| format!("topic \"events\" partition {n}")).join(", ")),
    ];
    assert_eq!(holds_for, expected);
    let loses = LOSES.replace("every partition", "topic \"events\" partition 1");
    assert_eq!(promised(&play, GuaranteeKind::Acknowledgement), [ALL, &loses]);
}

#[test]
fn a_partition_that_takes_nothing_is_promised_nothing() {
    let mut play = Play::configured(&[1], |config| config.compression = Compression::Zstd);
    play.connects(2, 3);
    play.has_leaders(&[Some(1), Some(2)]);
    let _first = play.publish_to(0, "0");
    play.computes();
    let order = promised(&play, GuaranteeKind::Order);
    assert_eq!(order, [FIVE.replace("every partition", "topic \"events\" partition 0")]);
}

#[test]
fn a_leader_that_keeps_messages_of_old_is_told_of_as_long_as_it_is_believed_to() {
    let mut play = at(9, |_| ());
    let sent = play.sends();
    play.hears_error(&sent, ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT);
    let again = play.sends();
    play.hears_written(&again, 0);
    assert_eq!(promised(&play, GuaranteeKind::Acknowledgement), [ALL, LOSES]);
    assert_eq!(promised(&play, GuaranteeKind::Order), [ONE_WITHOUT]);
    play.passes(Duration::from_secs(60));
    assert_eq!(promised(&play, GuaranteeKind::Acknowledgement), [ALL]);
    assert_eq!(promised(&play, GuaranteeKind::Order), [FIVE]);
}

#[test]
fn the_producer_is_named_where_all_partitions_have_the_same() {
    let mut play = Play::with_leaders(&[1, 1]);
    let _first = [play.publish_to(0, "0"), play.publish_to(1, "0")];
    for base_offset in 0..2 {
        let sent = play.sends();
        play.hears_written(&sent, base_offset);
    }
    let once = |by| [format!("every partition: none: idempotence is in force{by}, a retry is stored once")];
    assert_eq!(promised(&play, GuaranteeKind::Duplicates), once(" (producer 1, epoch 0)"));
    let _next = play.publish_to(0, "1");
    let sent = play.sends();
    play.hears_error(&sent, ErrorCode::UNKNOWN_PRODUCER_ID);
    assert_eq!(promised(&play, GuaranteeKind::Duplicates), once(""));
}

#[test]
fn while_a_producer_id_is_waited_for_it_is_said_by_whom_it_is_owed() {
    let mut play = Play::with_leaders(&[1]);
    play.world.holds_producer_ids = true;
    let _waiting = play.publish_to(0, "0");
    let mut explanation = Explanation::default();
    play.sender.explain(play.now().mono, &mut explanation);
    let waits = explanation.lines.iter().find(|line| line.who == "idempotence").expect("it waits");
    assert_eq!(waits.what, "the answer to the question for a producer id");
    play.gives_producer_id();
    let mut explanation = Explanation::default();
    play.sender.explain(play.now().mono, &mut explanation);
    assert!(explanation.lines.iter().all(|line| line.who != "idempotence"), "{:?}", explanation.lines);
}
