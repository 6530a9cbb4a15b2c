//! What proves that the session is there, and what puts it in doubt.

use super::SECOND;
use super::script::{Script, Seen};
use std::time::Duration;

/// A member in doubt, whose question was heard and is not answered yet.
fn in_doubt() -> Script {
    let mut script = Script::with_partitions(1);
    script.settle();
    script.is_done_with(0, 3);
    script.stops_answering();
    script.is_suspended_for(2 * SECOND);
    script.passes(Duration::from_millis(1));
    assert!(!script.may_hand_out());
    script
}

#[test]
fn an_answer_from_before_a_second_suspension_ends_no_doubt() {
    let mut script = in_doubt();
    script.is_suspended_for(10 * SECOND);
    script.answers_what_was_asked();
    assert!(!script.may_hand_out());
    script.answers_what_was_asked();
    assert!(script.may_hand_out(), "it was asked again");
    assert!(!script.saw(&Seen::Lost(vec![0])));
}

#[test]
fn what_is_asked_for_in_doubt_is_committed_when_the_doubt_is_over() {
    let mut script = in_doubt();
    script.commits();
    assert!(!script.waits_for("create /consumers/g/offsets/t/0") && !script.saw(&Seen::Committed(true)));
    script.answers_again();
    script.settle();
    assert_eq!(script.data("/consumers/g/offsets/t/0"), Some("3"));
    assert!(script.saw(&Seen::Committed(true)));
}

#[test]
fn who_leaves_in_doubt_commits_when_the_doubt_is_over() {
    let mut script = in_doubt();
    script.leaves();
    assert!(!script.waits_for("create /consumers/g/offsets/t/0"));
    script.answers_again();
    script.settle();
    assert_eq!(script.data("/consumers/g/offsets/t/0"), Some("3"));
    assert!(script.saw(&Seen::Over));
}

#[test]
fn reads_of_a_server_without_its_leader_prove_nothing() {
    let mut script = Script::with_partitions(1);
    script.settle();
    script.answers_only_reads();
    script.passes(5 * SECOND);
    assert!(script.saw(&Seen::Lost(vec![0])));
}
