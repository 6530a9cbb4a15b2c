//! What is committed, and what is told when it is not.

use super::script::{FIRST_TURN, Script, Seen, own};
use super::{Commit, SECOND};
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
