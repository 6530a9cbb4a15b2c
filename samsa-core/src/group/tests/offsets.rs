//! What is committed, and what is told when it is not.

use std::time::Duration;

use super::script::{FIRST_TURN, Script, Seen, own};
use super::{Commit, GroupError, SECOND};
use crate::offset::Offset;
use crate::zookeeper::ZkError;

const OFFSET: &str = "/consumers/g/offsets/t/0";

#[test]
fn where_a_partition_begins_is_committed_as_soon_as_it_is_found() {
    for commit in [Commit::Automatic, Commit::Marked, Commit::Manual] {
        let mut script = Script::with(1, |settings| {
            (settings.start, settings.commit) = (Offset::Latest, commit);
        });
        script.settle();
        assert_eq!(script.data(OFFSET), None, "{commit:?}");
        assert!(script.reads().is_empty(), "nothing is handed out before that");
        script.begins_at(0, 100);
        assert_eq!(script.data(OFFSET), Some("100"), "{commit:?}");
        assert_eq!(script.reads(), [0]);
    }
}

#[test]
fn a_start_that_cannot_be_committed_is_told_and_keeps_nothing_back() {
    let mut script = Script::with_partitions(1);
    script.settle();
    script.refuses("create /consumers/g/offsets/t/0", ZkError::NoAuth);
    script.begins_at(0, 100);
    assert!(script.saw(&Seen::CommitFailed(0)));
    assert_eq!(script.reads(), [0]);
}

#[test]
fn what_somebody_commits_before_the_start_is_stands_and_is_read_from() {
    for found in [50, 200] {
        let mut script = Script::with(1, |settings| settings.start = Offset::Latest);
        script.settle();
        script.put(OFFSET, &found.to_string());
        script.begins_at(0, 110);
        assert_eq!(script.data(OFFSET), Some(&*found.to_string()));
        assert_eq!(script.starts(), [(0, Offset::Latest), (0, Offset::Exact(found))]);
        assert_eq!(script.reads(), [0]);
        script.is_done_in(FIRST_TURN + 1, 0, found + 1);
        script.commits();
        script.settle();
        assert_eq!(script.data(OFFSET), Some(&*(found + 1).to_string()));
    }
}

#[test]
fn what_somebody_commits_before_the_start_is_takes_nobody_from_where_the_application_went() {
    let mut script = Script::with(1, |settings| settings.start = Offset::Latest);
    script.settle();
    script.put(OFFSET, "50");
    script.seeks_to(0, 70);
    script.settle();
    assert_eq!(script.data(OFFSET), Some("50"));
    assert_eq!(script.starts(), [(0, Offset::Latest)]);
    assert_eq!(script.reads(), [0]);
}

#[test]
fn what_somebody_commits_before_the_start_is_outlives_that_the_partition_is_given_up() {
    let mut script = Script::with(2, |settings| settings.start = Offset::Latest);
    script.settle();
    script.put("/consumers/g/offsets/t/1", "50");
    script.stops_answering();
    script.begins_at(1, 110);
    script.is_done_with(1, 110);
    assert!(script.waits_for("create /consumers/g/offsets/t/1"));
    script.joins("you");
    script.answers_again();
    script.passes(SECOND);
    assert_eq!(script.shown(), [0]);
    assert_eq!(script.data("/consumers/g/offsets/t/1"), Some("50"));
    assert_eq!(script.data("/consumers/g/owners/t/1"), None);
}

#[test]
fn a_partition_that_is_withheld_says_what_for() {
    let mut script = Script::with(1, |settings| settings.start = Offset::Latest);
    script.settle();
    assert_eq!(script.explains(), ["t/0: the offset at which it begins"]);
    script.stops_answering();
    script.begins_at(0, 110);
    assert_eq!(script.explains(), ["t/0: the commit of where it begins"]);
    script.answers_again();
    script.settle();
    assert!(script.explains().is_empty());
}

#[test]
fn what_is_committed_is_not_where_the_partition_begins() {
    let mut script = Script::with_partitions(1);
    script.put(OFFSET, "7");
    script.settle();
    script.begins_at(0, 100);
    assert_eq!(script.data(OFFSET), Some("7"));
}

#[test]
fn from_the_end_a_partition_that_is_added_is_read_from_its_beginning() {
    let mut script = Script::with(1, |settings| settings.start = Offset::Latest);
    script.settle();
    script.put(&own::topic(), &own::registration(2));
    script.fires(&own::topic());
    script.passes(SECOND);
    assert_eq!(script.starts(), [(0, Offset::Latest), (1, Offset::Earliest)]);
}

#[test]
fn after_a_seek_back_the_first_commit_goes_back() {
    let mut script = Script::with(1, |settings| settings.commit = Commit::Manual);
    script.put(OFFSET, "100");
    script.settle();
    script.is_done_in(FIRST_TURN + 1, 0, 50);
    script.commits();
    script.settle();
    assert!(script.saw(&Seen::Committed(true)));
    assert_eq!(script.data(OFFSET), Some("50"));
}

#[test]
fn what_was_handed_out_of_lost_partitions_fails_the_next_commit_and_no_other() {
    let mut script = Script::with_partitions(1);
    script.settle();
    script.has_had(0, 3);
    script.expires(true);
    script.commits();
    assert!(script.saw(&Seen::Committed(false)));
    script.passes(SECOND);
    script.commits();
    script.settle();
    assert!(script.saw(&Seen::Committed(true)));
}

#[test]
fn what_was_handed_out_of_a_partition_that_was_given_up_fails_the_next_commit() {
    let mut script = Script::with(2, |settings| settings.commit = Commit::Manual);
    script.settle();
    script.has_had(1, 3);
    script.joins("you");
    script.passes(SECOND);
    assert_eq!(script.shown(), [0]);
    script.commits();
    script.settle();
    assert!(script.saw(&Seen::Committed(false)) && !script.saw(&Seen::Committed(true)));
}

#[test]
fn what_is_committed_while_it_is_held_is_committed() {
    let mut script = Script::with(2, |settings| settings.commit = Commit::Manual);
    script.settle();
    script.listens();
    script.has_had(1, 3);
    script.joins("you");
    script.passes(SECOND);
    script.is_done_with(1, 3);
    script.commits();
    script.settle();
    assert!(script.saw(&Seen::Committed(true)));
    assert_eq!(script.data("/consumers/g/offsets/t/1"), Some("3"));
    script.lets_go();
    script.settle();
    assert_eq!(script.data("/consumers/g/owners/t/1"), None);
}

#[test]
fn what_is_for_nobody_behind_what_was_committed_is_not_left_behind() {
    let mut script = Script::with(2, |settings| settings.commit = Commit::Manual);
    script.settle();
    script.has_had(1, 3);
    script.is_done_with(1, 3);
    script.commits();
    script.settle();
    script.is_done_with(1, 5);
    script.joins("you");
    script.passes(SECOND);
    assert_eq!(script.shown(), [0]);
    script.commits();
    script.settle();
    assert!(script.saw(&Seen::Committed(true)) && !script.saw(&Seen::Committed(false)));
}

#[test]
fn a_commit_of_a_partition_that_goes_as_soon_as_it_is_committed_is_right() {
    let mut script = Script::with(2, |settings| settings.commit = Commit::Manual);
    script.settle();
    script.is_done_with(1, 3);
    script.listens();
    script.joins("you");
    script.passes(SECOND);
    script.stops_answering();
    script.commits();
    script.lets_go();
    script.settle();
    assert!(script.waits_for("create /consumers/g/offsets/t/1"));
    script.answers_what_was_asked();
    assert!(script.saw(&Seen::Committed(true)) && !script.saw(&Seen::Committed(false)));
    script.answers_again();
    script.settle();
    assert_eq!(script.data("/consumers/g/offsets/t/1"), Some("3"));
    assert_eq!(script.data("/consumers/g/owners/t/1"), None);
    script.commits();
    script.settle();
    assert!(!script.saw(&Seen::Committed(false)), "nor does the next fail");
}

#[test]
fn a_commit_that_waits_while_its_partition_goes_uncommitted_fails() {
    let mut script = Script::with(2, |settings| settings.commit = Commit::Manual);
    script.settle();
    script.is_done_with(1, 3);
    script.has_had(1, 5);
    script.listens();
    script.joins("you");
    script.passes(SECOND);
    script.stops_answering();
    script.commits();
    script.lets_go();
    script.settle();
    script.answers_again();
    script.settle();
    assert!(script.saw(&Seen::Committed(false)) && !script.saw(&Seen::Committed(true)));
}

#[test]
fn what_is_lost_fails_the_commit_that_waits_and_not_the_next_too() {
    let mut script = Script::with_partitions(1);
    script.settle();
    script.is_done_with(0, 3);
    script.stops_answering();
    script.commits();
    script.expires(true);
    assert!(script.saw(&Seen::Committed(false)));
    script.answers_again();
    script.passes(SECOND);
    script.commits();
    script.settle();
    assert!(script.saw(&Seen::Committed(true)));
}

/// Of how many partitions who has left is told that not all is committed, and why.
fn not_committed(script: &Script) -> (usize, String) {
    match script.failure() {
        Some(GroupError::NotCommitted { partitions, reason }) => (*partitions, reason.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_loses_the_session_while_it_leaves_is_told_of_the_partitions_with_something_to_commit() {
    let mut script = Script::with_partitions(3);
    script.settle();
    script.is_done_with(1, 9);
    script.listens();
    script.stops_answering();
    script.leaves();
    script.expires(true);
    assert!(script.saw(&Seen::Over));
    let (partitions, reason) = not_committed(&script);
    assert_eq!((partitions, reason.contains("expired")), (1, true), "{reason}");
}

/// Three partitions of which nothing is committed while the member leaves, since its session is in doubt.
fn leaving_in_doubt() -> Script {
    let mut script = Script::with_partitions(3);
    script.settle();
    script.stops_answering();
    script.is_suspended_for(2 * SECOND);
    script.passes(Duration::from_millis(1));
    assert!(!script.may_hand_out());
    script.leaves_within(SECOND);
    script
}

#[test]
fn whose_time_to_leave_is_over_is_told_of_the_partitions_with_something_to_commit() {
    let mut script = leaving_in_doubt();
    script.is_done_with(1, 9);
    assert!(!script.saw(&Seen::Over));
    script.passes(SECOND);
    assert!(script.saw(&Seen::Over));
    let (partitions, reason) = not_committed(&script);
    assert_eq!((partitions, reason.contains("time to leave")), (1, true), "{reason}");
}

#[test]
fn who_had_nothing_to_commit_has_left_well_even_if_its_time_was_over() {
    let mut script = leaving_in_doubt();
    script.passes(SECOND);
    assert!(script.saw(&Seen::Over));
    assert_eq!(script.failure(), None);
}

#[test]
fn what_went_is_told_to_who_waits_for_a_commit_and_to_nobody_else() {
    for is_lost in [false, true] {
        let mut script = Script::with(2, |settings| settings.commit = Commit::Manual);
        script.settle();
        script.has_had(1, 3);
        script.joins("you");
        script.passes(SECOND);
        assert_eq!(script.shown(), [0]);
        script.is_done_with(0, 3);
        script.stops_answering();
        script.commits();
        script.waits_no_more();
        if is_lost {
            script.expires(true);
        }
        script.answers_again();
        script.passes(SECOND);
        assert!(!script.saw(&Seen::Committed(true)) && !script.saw(&Seen::Committed(false)));
        script.commits();
        script.settle();
        assert!(script.saw(&Seen::Committed(false)) && !script.saw(&Seen::Committed(true)), "{is_lost}");
        script.commits();
        script.settle();
        assert!(script.saw(&Seen::Committed(true)), "once");
    }
}
