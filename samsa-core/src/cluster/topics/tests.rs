//! What answers make of topics that somebody wants.

use super::*;
use crate::cluster::contacts::Place;
use crate::cluster::wanted::UNKNOWN_BEFORE_BELIEVED;
use crate::connection::Peer;
use crate::id::BrokerId;
use crate::topology::PartitionInfo;

const ALONE: Witness = Witness { place: Some(Place(Peer::Bootstrap(0))), rivals: 1, now: Instant::START };

fn one_of_several(broker: i32) -> Witness {
    Witness { place: Some(Place(Peer::Broker(BrokerId(broker)))), rivals: 3, now: Instant::START }
}

fn later(from: Witness) -> Witness {
    Witness { now: from.now + limits::UNKNOWN, ..from }
}

/// It was known, and is unknown for as long as it takes.
fn is_forgotten(topics: &mut Topics, from: Witness) {
    for _ in 1..UNKNOWN_BEFORE_BELIEVED {
        topics.learn("t", Answer::Unknown, from);
    }
    topics.learn("t", Answer::Unknown, later(from));
    assert!(topics.view("t").is_none() && topics.is_unknown("t"));
}

fn known() -> Answer {
    led_in(None)
}

fn led_in(leader_epoch: Option<i32>) -> Answer {
    let partition = PartitionInfo {
        partition: 0,
        leader: Some(BrokerId(1)),
        leader_epoch,
        replicas: Vec::new(),
        in_sync: Vec::new(),
    };
    Answer::Known(TopicView::new(None, vec![partition], 10).unwrap())
}

fn topics(interest: Interest) -> Topics {
    let mut topics = Topics::default();
    assert_eq!(topics.want(&"t".into(), interest), Want::New);
    topics.ask();
    topics
}

#[test]
fn only_a_publisher_s_topic_is_named_for_creation() {
    assert_eq!(topics(Interest::Read).questions(), [Question::Look(vec!["t".into()])]);
    assert_eq!(topics(Interest::Publish).questions(), [Question::Create(vec!["t".into()])]);
}

#[test]
fn a_topic_that_is_known_is_looked_at_only() {
    let mut topics = topics(Interest::Publish);
    topics.learn("t", known(), ALONE);
    assert_eq!(topics.questions(), [Question::Look(vec!["t".into()])]);
    assert_eq!(topics.want(&"t".into(), Interest::Publish), Want::Known);
    assert!(!topics.is_troubled());
}

#[test]
fn a_known_topic_outlives_brokers_that_do_not_know_it_for_a_while() {
    let mut topics = topics(Interest::Read);
    topics.learn("t", known(), ALONE);
    for _ in 0..20 {
        topics.learn("t", Answer::Unknown, ALONE);
        assert!(topics.view("t").is_some() && !topics.is_unknown("t"));
        assert!(topics.is_troubled(), "it is asked about again");
    }
    topics.learn("t", known(), ALONE);
    topics.learn("t", Answer::Unknown, later(ALONE));
    topics.learn("t", Answer::Unknown, later(ALONE));
    assert!(topics.view("t").is_some(), "it was known meanwhile");
    topics.learn("t", Answer::Unknown, later(later(ALONE)));
    assert!(topics.view("t").is_none() && topics.is_unknown("t") && !topics.is_troubled());
}

#[test]
fn a_topic_that_zookeeper_does_not_have_is_forgotten_at_once_if_a_broker_says_so_too() {
    let mut topics = topics(Interest::Read);
    topics.learn("t", known(), one_of_several(1));
    assert!(!topics.is_not_registered("t"), "brokers know it");
    assert!(topics.in_doubt().is_empty());

    topics.learn("t", Answer::Unknown, one_of_several(1));
    assert_eq!(topics.in_doubt(), ["t".into()]);
    assert!(topics.is_not_registered("t"));
    assert!(topics.view("t").is_none() && topics.is_unknown("t"));
    assert!(!topics.is_not_registered("t"), "that is no news");
}

#[test]
fn a_topic_that_nobody_has_seen_is_unknown_when_each_of_a_few_brokers_says_so() {
    for (rivals, enough) in [(1, 2), (2, 2), (3, 3), (50, 3)] {
        let mut topics = topics(Interest::Read);
        for answers in 1..=enough {
            assert!(!topics.is_unknown("t"));
            let place = Place(Peer::Broker(BrokerId(if rivals == 1 { 1 } else { answers })));
            topics.learn("t", Answer::Unknown, Witness { place: Some(place), rivals, ..ALONE });
            assert_eq!((topics.is_disputed(), topics.is_troubled()), (answers < enough, answers < enough));
        }
        assert!(topics.is_unknown("t"));
    }
}

#[test]
fn the_same_brokers_are_not_believed_at_once_however_often_they_say_so() {
    let mut topics = topics(Interest::Read);
    for _ in 0..10 {
        topics.learn("t", Answer::Unknown, one_of_several(1));
        topics.learn("t", Answer::Unknown, one_of_several(2));
    }
    assert!(!topics.is_unknown("t") && topics.is_disputed(), "the third may know it");
    let later = Witness { now: ALONE.now + limits::NEVER_SEEN, ..one_of_several(1) };
    topics.learn("t", Answer::Unknown, later);
    assert!(topics.is_unknown("t"), "the third may not be there");
}

#[test]
fn a_topic_that_zookeeper_has_is_not_unknown_before_all_brokers_will_have_heard_of_it() {
    let mut topics = topics(Interest::Read);
    topics.is_registered("t", 70, ALONE.now);
    for _ in 0..20 {
        topics.learn("t", Answer::Unknown, ALONE);
        assert!(!topics.is_unknown("t"));
    }
    topics.learn("t", Answer::Unknown, later(ALONE));
    assert!(topics.is_unknown("t"));
}

#[test]
fn who_wants_to_read_a_topic_that_was_unknown_waits_for_another_answer() {
    let mut topics = topics(Interest::Read);
    topics.learn("t", Answer::Unknown, ALONE);
    topics.learn("t", Answer::Unknown, ALONE);
    assert!(topics.is_unknown("t") && !topics.has_new());

    assert_eq!(topics.want(&"t".into(), Interest::Read), Want::Unknown);
    assert!(!topics.is_unknown("t") && topics.has_new());
    topics.learn("t", Answer::Unknown, ALONE);
    assert!(topics.has_new(), "that was asked before");
    topics.ask();
    topics.learn("t", known(), ALONE);
    assert!(topics.view("t").is_some());
}

#[test]
fn a_topic_that_was_deleted_is_made_anew_only_by_who_publishes_anew() {
    let mut topics = topics(Interest::Publish);
    topics.learn("t", known(), ALONE);
    is_forgotten(&mut topics, ALONE);
    assert!(!topics.is_troubled());
    assert_eq!(topics.questions(), [Question::Look(vec!["t".into()])]);

    assert_eq!(topics.want(&"t".into(), Interest::Publish), Want::Unknown);
    assert_eq!(topics.questions(), [Question::Create(vec!["t".into()])]);
}

#[test]
fn an_unknown_topic_is_asked_about_again_only_for_a_publisher() {
    for (interest, again) in [(Interest::Read, false), (Interest::Publish, true)] {
        let mut topics = topics(interest);
        topics.learn("t", Answer::Unknown, ALONE);
        topics.learn("t", Answer::Unknown, ALONE);
        assert!(topics.is_unknown("t"));
        assert_eq!(topics.is_troubled(), again);
    }
}

#[test]
fn a_topic_that_the_answer_leaves_out_is_unknown() {
    let mut topics = topics(Interest::Read);
    for _ in 0..2 {
        topics.learn_missing(&Question::Look(vec!["t".into()]), ALONE, |_| false);
    }
    assert!(topics.is_unknown("t"));
}

#[test]
fn a_refusal_is_remembered_with_its_code() {
    let mut topics = topics(Interest::Publish);
    topics.learn("t", Answer::Refused(ErrorCode::INVALID_TOPIC_EXCEPTION), ALONE);
    assert_eq!(topics.refusal("t"), Some(ErrorCode::INVALID_TOPIC_EXCEPTION));
    assert!(!topics.is_troubled());
}

#[test]
fn one_broker_of_several_is_not_believed_that_a_known_topic_is_unknown() {
    let mut topics = topics(Interest::Read);
    topics.learn("t", known(), one_of_several(1));
    for _ in 0..20 {
        topics.learn("t", Answer::Unknown, later(one_of_several(1)));
    }
    topics.learn("t", Answer::Unknown, later(later(one_of_several(1))));
    assert!(topics.view("t").is_some() && topics.is_disputed());
    topics.learn("t", Answer::Unknown, later(later(one_of_several(2))));
    assert!(topics.view("t").is_none());
}

#[test]
fn a_topic_without_id_is_another_one_if_its_epochs_start_again_after_it_was_unknown() {
    for (epoch, incarnation, is_long) in [(4, 1, true), (5, 0, true), (6, 0, true), (4, 1, false)] {
        let mut topics = topics(Interest::Read);
        topics.learn("t", led_in(Some(5)), ALONE);
        if is_long {
            is_forgotten(&mut topics, ALONE);
        } else {
            (0..UNKNOWN_BEFORE_BELIEVED).for_each(|_| _ = topics.learn("t", Answer::Unknown, ALONE));
        }
        topics.learn("t", led_in(Some(epoch)), ALONE);
        let view = topics.view("t").unwrap();
        assert_eq!((view.partitions[0].leader_epoch, view.incarnation), (Some(epoch), incarnation));
    }
}

#[test]
fn another_id_is_told_once_whoever_still_tells_of_the_former() {
    let with_id = |id| {
        let Answer::Known(mut view) = led_in(Some(0)) else { panic!("it is known") };
        view.id = Some([id; 16]);
        Answer::Known(view)
    };
    let mut topics = topics(Interest::Read);
    let told: Vec<bool> =
        [1, 1, 2, 1, 2, 3].map(|id| topics.learn("t", with_id(id), ALONE).is_made_anew).into();
    assert_eq!(told, [false, false, true, false, false, true]);
}

#[test]
fn without_ids_epochs_that_begin_again_are_told_once_it_was_gone() {
    let mut topics = topics(Interest::Read);
    assert!(!topics.learn("t", led_in(Some(5)), ALONE).is_made_anew);
    assert!(!topics.learn("t", led_in(Some(4)), ALONE).is_made_anew, "an older view of the same");
    is_forgotten(&mut topics, ALONE);
    assert!(topics.learn("t", led_in(Some(0)), ALONE).is_made_anew);
}

#[test]
fn epochs_of_a_topic_that_zookeeper_shows_to_be_made_anew_start_again() {
    let epoch = |topics: &Topics| topics.view("t").and_then(|view| view.partitions[0].leader_epoch).unwrap();
    let mut topics = topics(Interest::Read);
    topics.learn("t", led_in(Some(5)), ALONE);
    assert!(!topics.is_registered("t", 70, ALONE.now), "the first sight of it is nothing new");
    topics.learn("t", led_in(Some(0)), ALONE);
    assert_eq!(epoch(&topics), 5);

    assert!(topics.is_registered("t", 90, ALONE.now));
    for current in [0, 5, 0] {
        topics.learn("t", led_in(Some(current)), ALONE);
        assert_eq!(epoch(&topics), current, "one that lags may still tell of the former");
    }
    assert_eq!(topics.view("t").unwrap().incarnation, 2, "they started again twice");
    let later = Witness { now: ALONE.now + limits::MADE_ANEW, ..ALONE };
    topics.learn("t", led_in(Some(2)), later);
    topics.learn("t", led_in(Some(1)), later);
    assert_eq!(epoch(&topics), 2);
}
