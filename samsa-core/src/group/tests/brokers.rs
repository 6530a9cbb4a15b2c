//! Offsets on the brokers, and in both places.

use super::script::{FIRST_TURN, Script, Seen};
use super::{Commit, SECOND};
use crate::group::{GroupError, OffsetStorage, OffsetsError};
use crate::offset::Offset;
use crate::zookeeper::ZkError;

const OFFSET: &str = "/consumers/g/offsets/t/0";

fn keeping(offsets: OffsetStorage, partitions: i32) -> Script {
    Script::with(partitions, |settings| settings.offsets = offsets)
}

fn unanswered() -> OffsetsError {
    OffsetsError::Unanswered { reason: "the connection is gone".to_owned() }
}

#[test]
fn a_group_whose_offsets_are_on_the_brokers_claims_reads_there_and_writes_nothing_in_zookeeper() {
    let mut script = keeping(OffsetStorage::Brokers, 1);
    script.put_on_brokers(0, 7);
    script.put(OFFSET, "3");
    script.settle();
    assert!(script.place_of("create /consumers/g/owners/t/0") < script.place_of("read 0"));
    assert_eq!(script.starts(), [(0, Offset::Exact(7))]);
    script.is_done_with(0, 9);
    script.commits();
    script.settle();
    assert_eq!((script.on_brokers(0), script.data(OFFSET)), (Some(9), Some("3")));
    assert!(script.saw(&Seen::Committed(true)));
}

#[test]
fn who_gives_a_partition_up_commits_on_the_brokers_before_it_lets_the_lock_go() {
    let mut script = keeping(OffsetStorage::Brokers, 2);
    script.put_on_brokers(1, 5);
    script.settle();
    script.is_done_with(1, 8);
    script.brokers_answer(false);
    script.joins("you");
    script.passes(SECOND);
    assert!(!script.asked("delete /consumers/g/owners/t/1"), "the commit has no answer yet");
    script.brokers_answer(true);
    script.settle();
    assert!(script.place_of("commit 1@8") < script.place_of("delete /consumers/g/owners/t/1"));
}

#[test]
fn where_a_partition_begins_is_committed_on_the_brokers_before_it_is_read() {
    let mut script = Script::with(1, |settings| {
        (settings.offsets, settings.start, settings.commit) =
            (OffsetStorage::Brokers, Offset::Latest, Commit::Manual);
    });
    script.settle();
    assert!(script.reads().is_empty());
    script.begins_at(0, 100);
    assert_eq!((script.on_brokers(0), script.reads()), (Some(100), vec![0]));

    let mut script = keeping(OffsetStorage::Brokers, 1);
    script.settle();
    script.put_on_brokers(0, 50);
    script.begins_at(0, 100);
    assert_eq!(script.on_brokers(0), Some(50), "somebody has said meanwhile where");
    assert_eq!(script.starts(), [(0, Offset::Earliest), (0, Offset::Exact(50))]);
}

#[test]
fn a_commit_whose_answer_was_lost_is_read_before_it_is_written_again() {
    for was_done in [true, false] {
        let mut script = keeping(OffsetStorage::Brokers, 1);
        script.put_on_brokers(0, 1);
        script.settle();
        script.is_done_with(0, 4);
        script.brokers_fail_at("commit 0@4", unanswered(), was_done);
        script.commits();
        script.passes(SECOND);
        assert_eq!(script.on_brokers(0), Some(4));
        assert_eq!(script.count("commit 0@4"), if was_done { 1 } else { 2 });
        assert_eq!(script.count("read 0"), 2);
        assert!(script.saw(&Seen::Committed(true)));
    }
}

#[test]
fn a_refused_commit_is_told_and_the_next_tries_again() {
    let mut script = keeping(OffsetStorage::Brokers, 1);
    script.put_on_brokers(0, 1);
    script.settle();
    script.is_done_with(0, 4);
    script.brokers_fail_at("commit 0@4", OffsetsError::HasMembers, false);
    script.commits();
    script.settle();
    assert!(script.saw(&Seen::CommitFailed(0)) && script.saw(&Seen::Committed(false)));
    script.commits();
    script.settle();
    assert_eq!(script.on_brokers(0), Some(4));
}

#[test]
fn who_leaves_is_told_of_the_partitions_whose_last_commit_failed() {
    for offsets in [OffsetStorage::Brokers, OffsetStorage::Both] {
        let mut script = keeping(offsets, 3);
        for partition in 0..3 {
            script.put_on_brokers(partition, 1);
        }
        script.settle();
        for partition in 0..3 {
            script.is_done_with(partition, 4);
        }
        script.brokers_fail_at("commit 1@4", OffsetsError::HasMembers, false);
        script.brokers_fail_at("commit 2@4", OffsetsError::InvalidGroup, false);
        script.leaves();
        script.settle();
        assert!(script.saw(&Seen::Over) && script.saw(&Seen::CommitFailed(1)));
        let Some(GroupError::NotCommitted { partitions, reason }) = script.failure() else {
            panic!("{:?}", script.failure());
        };
        assert_eq!((*partitions, script.on_brokers(0)), (2, Some(4)));
        assert!(reason.contains("t/1") && reason.contains("has members"), "{reason}");
    }
}

#[test]
fn a_commit_that_failed_before_the_last_one_is_no_loss() {
    let mut script = keeping(OffsetStorage::Brokers, 1);
    script.put_on_brokers(0, 1);
    script.settle();
    script.is_done_with(0, 4);
    script.brokers_fail_at("commit 0@4", OffsetsError::HasMembers, false);
    script.brokers_answer(false);
    script.commits();
    script.leaves();
    script.brokers_answer(true);
    script.settle();
    assert!(script.saw(&Seen::CommitFailed(0)) && script.saw(&Seen::Over));
    assert_eq!((script.failure(), script.on_brokers(0)), (None, Some(4)));
}

#[test]
fn who_may_not_read_one_partitions_offset_commits_the_others_before_it_leaves_with_the_reason() {
    let mut script = keeping(OffsetStorage::Brokers, 2);
    script.put_on_brokers(0, 1);
    script.brokers_fail_at("read 1", OffsetsError::InvalidGroup, false);
    script.brokers_answer(false);
    script.settle();
    script.brokers_answers_one();
    script.settle();
    script.brokers_answers_one();
    assert_eq!(script.shown(), [0]);
    script.is_done_with(0, 4);
    script.brokers_answer(true);
    script.settle();
    assert_eq!(script.on_brokers(0), Some(4));
    assert!(script.place_of("commit 0@4") < script.place_of("delete /consumers/g/owners/t/0"));
    let failure = script.failure().expect("it is over");
    assert!(matches!(failure, GroupError::Offsets { error: OffsetsError::InvalidGroup, .. }), "{failure}");
}

#[test]
fn who_may_not_read_the_offsets_leaves_the_group_with_the_reason_and_who_cannot_now_tries_again() {
    let mut script = keeping(OffsetStorage::Brokers, 1);
    script.brokers_fail_at("read 0", OffsetsError::InvalidGroup, false);
    script.settle();
    let failure = script.failure().expect("it is over");
    assert!(matches!(failure, GroupError::Offsets { error: OffsetsError::InvalidGroup, .. }), "{failure}");

    let mut script = keeping(OffsetStorage::Brokers, 1);
    script.put_on_brokers(0, 7);
    script.brokers_fail_at("read 0", unanswered(), false);
    script.settle();
    assert!(script.starts().is_empty() && script.failure().is_none());
    script.passes(SECOND);
    assert_eq!(script.starts(), [(0, Offset::Exact(7))]);
}

#[test]
fn what_the_brokers_said_before_a_partition_was_lost_says_nothing_of_where_to_start_when_it_is_claimed_anew()
{
    let mut script = keeping(OffsetStorage::Brokers, 2);
    script.put_on_brokers(1, 5);
    script.brokers_answer(false);
    script.settle();
    script.brokers_answers_one();
    script.settle();
    script.joins("you");
    script.passes(SECOND);
    script.remove("/consumers/g/ids/you");
    script.fires("/consumers/g/ids");
    script.passes(SECOND);
    script.brokers_answer(true);
    script.settle();
    let claimed = script.count("create /consumers/g/owners/t/1");
    assert_eq!((claimed, script.shown()), (2, vec![0, 1]));
    assert_eq!(script.starts().iter().filter(|(partition, _)| *partition == 1).count(), 1);
}

#[test]
fn with_the_session_goes_what_the_brokers_were_not_told_yet() {
    let mut script = keeping(OffsetStorage::Brokers, 1);
    script.put_on_brokers(0, 1);
    script.settle();
    script.is_done_with(0, 4);
    script.brokers_answer(false);
    script.commits();
    script.expires(false);
    script.ends_old_session();
    script.brokers_answer(true);
    script.passes(SECOND);
    script.fires("/consumers/g/ids/me");
    script.passes(SECOND);
    assert_eq!(script.on_brokers(0), Some(1));
    assert_eq!(script.starts(), [(0, Offset::Exact(1)), (0, Offset::Exact(1))]);
}

#[test]
fn of_two_places_the_larger_offset_counts_and_both_are_written() {
    for (in_zookeeper, on_brokers, start) in [("3", 7, 7), ("7", 3, 7), ("7", 7, 7)] {
        let mut script = keeping(OffsetStorage::Both, 1);
        script.put(OFFSET, in_zookeeper);
        script.put_on_brokers(0, on_brokers);
        script.settle();
        assert_eq!(script.starts(), [(0, Offset::Exact(start))]);
        script.is_done_with(0, 9);
        script.commits();
        script.settle();
        assert_eq!((script.data(OFFSET), script.on_brokers(0)), (Some("9"), Some(9)));
        assert!(script.saw(&Seen::Committed(true)));
    }
}

#[test]
fn an_offset_that_is_in_one_of_two_places_only_is_where_the_group_is() {
    let mut script = keeping(OffsetStorage::Both, 1);
    script.put_on_brokers(0, 7);
    script.settle();
    assert_eq!(script.starts(), [(0, Offset::Exact(7))]);
    assert_eq!(script.reads(), [0], "it is not withheld");
    script.is_done_with(0, 7);
    script.commits();
    script.settle();
    assert_eq!(script.data(OFFSET), Some("7"));
}

#[test]
fn where_a_partition_begins_is_committed_in_both_places_before_it_is_read() {
    let mut script = keeping(OffsetStorage::Both, 1);
    script.settle();
    script.brokers_answer(false);
    script.begins_at(0, 100);
    assert_eq!((script.data(OFFSET), script.reads()), (Some("100"), vec![]));
    script.brokers_answer(true);
    script.settle();
    assert_eq!((script.on_brokers(0), script.reads()), (Some(100), vec![0]));
}

#[test]
fn a_commit_in_both_places_is_answered_when_both_are() {
    let mut script = keeping(OffsetStorage::Both, 1);
    script.put(OFFSET, "1");
    script.put_on_brokers(0, 1);
    script.settle();
    script.is_done_with(0, 4);
    script.brokers_answer(false);
    script.commits();
    script.settle();
    assert_eq!(script.data(OFFSET), Some("4"));
    assert!(!script.saw(&Seen::Committed(true)));
    script.brokers_answer(true);
    script.settle();
    assert_eq!(script.on_brokers(0), Some(4));
    assert!(script.saw(&Seen::Committed(true)));

    script.is_done_with(0, 5);
    script.refuses("set /consumers/g/offsets/t/0", ZkError::NoAuth);
    script.commits();
    script.settle();
    assert_eq!((script.data(OFFSET), script.on_brokers(0)), (Some("4"), Some(5)));
    assert!(script.saw(&Seen::Committed(false)));
}

#[test]
fn an_offset_goes_back_in_both_places_only_after_the_application_went_elsewhere() {
    let mut script = keeping(OffsetStorage::Both, 1);
    script.put(OFFSET, "7");
    script.put_on_brokers(0, 9);
    script.settle();
    script.is_done_with(0, 8);
    script.commits();
    script.settle();
    assert_eq!((script.data(OFFSET), script.on_brokers(0)), (Some("8"), Some(9)));
    script.is_done_in(FIRST_TURN + 1, 0, 2);
    script.commits();
    script.settle();
    assert_eq!((script.data(OFFSET), script.on_brokers(0)), (Some("2"), Some(2)));
}
