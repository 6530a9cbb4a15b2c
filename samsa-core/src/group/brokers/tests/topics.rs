//! Which topics a member reads, and where partitions begin that come later.

use std::sync::Arc;
use std::time::Duration;

use super::super::{Settings, Speaks};
use super::script::{HEARTBEAT, ID, Script, assignment, attending, joined};
use crate::group::coordinator::MemberAnswer;
use crate::group::offsets::CoordinatorAnswer;
use crate::group::pattern::Pattern;
use crate::group::{OffsetsError, TopicPattern};
use crate::offset::Offset;

fn topics(names: &[&str]) -> MemberAnswer {
    MemberAnswer::Topics(names.iter().map(|name| Arc::from(*name)).collect())
}

/// It reads all topics that begin with `t`.
fn by_pattern(settings: &mut Settings) {
    settings.topics.clear();
    settings.pattern = Some(Pattern::new(&TopicPattern::Matching(Arc::from("t.*"))).unwrap());
}

#[test]
fn topics_that_a_pattern_chooses_are_listed_before_it_joins_and_now_and_then() {
    let mut script = Script::with(Speaks::Consumer, by_pattern);
    script.is_told("topics", topics(&["other", "t", "t2"]));
    assert_eq!(script.world.followed, ["t", "t2"]);
    script.is_told("attend 0 [t t2] holds -", attending(1, Some(&[])));
    for _ in 0..60 {
        script.passes(HEARTBEAT);
        if script.asks().contains(&"attend 1".to_owned()) {
            script.is_told("attend 1", attending(1, None));
        }
    }
    script.is_told("topics", topics(&["t", "t2", "t3"]));
    let asks = script.asks();
    assert!(asks.iter().any(|ask| ask == "attend 1 [t t2 t3] holds -"), "{asks:?}");
}

#[test]
fn a_classic_member_joins_anew_when_other_topics_are_chosen() {
    let mut script = Script::with(Speaks::Classic, by_pattern);
    script.is_told("topics", topics(&["t"]));
    script.is_told("join ''", joined(1, "m"));
    script.is_told("sync m/1", MemberAnswer::Synced(assignment("t", &[0])));
    script.reads_all_from(5);
    script.passes(Duration::from_secs(60));
    script.is_told("topics", topics(&["t"]));
    assert!(!script.asks().contains(&"join 'm'".to_owned()), "as long as they are the same");
    script.passes(Duration::from_secs(60));
    script.is_told("topics", topics(&["t", "t2"]));
    assert!(script.asks().contains(&"join 'm'".to_owned()), "{:?}", script.asks());
}

#[test]
fn who_is_not_told_which_topics_there_are_asks_again() {
    let mut script = Script::with(Speaks::Classic, by_pattern);
    script.hears("topics", Err(OffsetsError::Unanswered { reason: "reset".to_owned() }));
    script.passes(Duration::from_millis(100));
    assert_eq!(script.asks(), ["topics"]);
}

#[test]
fn a_partition_that_came_while_it_was_there_is_read_from_its_beginning() {
    let mut script = Script::with(Speaks::Consumer, |settings| settings.start = Offset::Latest);
    script.is_told("attend 0 [t] holds -", attending(1, Some(&[3])));
    script.hears("read 3", Ok(CoordinatorAnswer::Read(None)));
    script.is_told("attend 1 holds 3", attending(1, None));
    script.has_partitions("t", ID, 5);
    script.passes(HEARTBEAT);
    script.is_told("attend 1", attending(2, Some(&[3, 4])));
    script.hears("read 4", Ok(CoordinatorAnswer::Read(None)));
    let starts: Vec<_> = script.world.starts.iter().map(|(place, start)| (place.partition, *start)).collect();
    assert_eq!(starts, [(3, Offset::Latest), (4, Offset::Earliest)]);
}

#[test]
fn topics_that_are_chosen_while_a_heartbeat_is_under_way_are_told_with_the_next() {
    let mut script = Script::with(Speaks::Consumer, by_pattern);
    script.is_told("topics", topics(&["t"]));
    let join = script.keeps_back("attend 0 [t] holds -");
    script.hears_late(join, attending(1, Some(&[])));
    for _ in 0..59 {
        script.passes(HEARTBEAT);
        if script.asks().contains(&"attend 1".to_owned()) {
            script.is_told("attend 1", attending(1, None));
        }
    }
    script.passes(HEARTBEAT);
    let before = script.keeps_back("attend 1");
    script.is_told("topics", topics(&["t", "t2"]));
    script.hears_late(before, attending(1, None));
    assert_eq!(script.asks(), ["attend 1 [t t2] holds -"]);
}

#[test]
fn topics_that_are_chosen_while_others_are_waited_for_are_joined_for_then() {
    let mut script = Script::with(Speaks::Classic, by_pattern);
    script.is_told("topics", topics(&["t"]));
    script.is_told("join ''", joined(1, "m"));
    script.is_told("sync m/1", MemberAnswer::Synced(assignment("t", &[])));
    script.passes(Duration::from_secs(60));
    let list = script.keeps_back("topics");
    script.is_refused("heartbeat m/1", samsa_proto::ErrorCode::REBALANCE_IN_PROGRESS);
    script.hears_late(list, topics(&["t", "t2"]));
    script.is_told("join 'm'", joined(2, "m"));
    script.is_told("sync m/2", MemberAnswer::Synced(assignment("t", &[])));
    assert_eq!(script.asks(), ["join 'm'"]);
}

#[test]
fn a_list_that_was_asked_for_before_all_was_lost_is_asked_for_again() {
    let mut script = Script::with(Speaks::Classic, by_pattern);
    script.is_told("topics", topics(&["t"]));
    script.is_told("join ''", joined(1, "m"));
    script.is_told("sync m/1", MemberAnswer::Synced(assignment("t", &[])));
    script.passes(Duration::from_secs(60));
    assert!(script.asks().contains(&"topics".to_owned()));
    script.is_refused("heartbeat m/1", samsa_proto::ErrorCode::ILLEGAL_GENERATION);
    script.is_told("join 'm'", joined(2, "m"));
    script.is_told("sync m/2", MemberAnswer::Synced(assignment("t", &[])));
    assert_eq!(script.asks(), ["topics"]);
}

#[test]
fn a_topic_of_which_nobody_tells_for_want_of_a_permission_is_not_one_that_came_later() {
    let mut script = Script::with(Speaks::Consumer, |settings| settings.start = Offset::Latest);
    script.is_told("attend 0 [t] holds -", attending(1, Some(&[])));
    script.world.topics.insert("t".to_owned(), super::super::Seen::Refused);
    script.ticks();
    script.has_partitions("t", ID, 4);
    script.passes(HEARTBEAT);
    script.is_told("attend 1", attending(2, Some(&[3])));
    script.hears("read 3", Ok(CoordinatorAnswer::Read(None)));
    let starts: Vec<_> = script.world.starts.iter().map(|(_, start)| *start).collect();
    assert_eq!(starts, [Offset::Latest]);
}
