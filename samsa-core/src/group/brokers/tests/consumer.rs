//! The protocol of KIP-848.

use std::collections::BTreeMap;
use std::time::Duration;

use samsa_proto::ErrorCode;

use super::super::Speaks;
use super::script::{HEARTBEAT, ID, OTHER_ID, STEP, Script, attending, attending_with};
use crate::group::coordinator::MemberAnswer;
use crate::group::tests::script::world::Seen;

#[test]
fn it_tells_everything_once_and_then_what_has_changed() {
    let mut script = Script::that_speaks(Speaks::Consumer);
    script.is_told("attend 0 [t] holds -", attending(3, Some(&[0, 1])));
    assert!(script.saw(&Seen::Joined));
    assert_eq!(script.asks(), ["read 0", "read 1", "attend 3 holds 0+1"], "what it holds, at once");
    script.reads_all_from(5);
    script.is_told("attend 3 holds 0+1", attending(3, None));
    assert_eq!((script.has(), script.identity()), (vec![0, 1], Some(("me".to_owned(), 3))));
    script.passes_but(HEARTBEAT, STEP);
    assert_eq!(script.asks(), Vec::<String>::new());
    script.passes(STEP);
    assert_eq!(script.asks(), ["attend 3"]);
}

#[test]
fn what_goes_is_committed_before_the_coordinator_hears_that_it_is_gone() {
    let mut script = Script::at_epoch_one(&[0, 1, 2]);
    script.is_done_with(2, 9);
    script.passes(HEARTBEAT);
    script.is_told("attend 1", attending(1, Some(&[0, 1])));
    assert!(script.saw(&Seen::Withdrawn(2)) && !script.saw(&Seen::Withdrawn(0)), "what stays is read on");
    assert_eq!((script.asks(), script.has()), (vec!["commit 2@9".to_owned()], vec![0, 1]));
    script.commits("commit 2@9");
    assert_eq!(script.asks(), ["attend 1 holds 0+1"], "at once, since somebody waits for it");
    script.is_told("attend 1 holds 0+1", attending(2, None));
    assert_eq!(script.identity(), Some(("me".to_owned(), 2)));
}

#[test]
fn while_the_application_holds_what_goes_heartbeats_go_on_without_a_word_of_it() {
    let mut script = Script::at_epoch_one(&[0, 1]);
    script.listens();
    script.passes(HEARTBEAT);
    script.is_told("attend 1", attending(1, Some(&[0])));
    script.passes(HEARTBEAT);
    script.is_told("attend 1", attending(1, None));
    script.lets_go();
    assert_eq!(script.asks(), ["attend 1 holds 0"]);
}

#[test]
fn what_comes_is_held_and_told_beside_what_stays() {
    let mut script = Script::at_epoch_one(&[0]);
    script.passes(HEARTBEAT);
    script.is_told("attend 1", attending(2, Some(&[0, 3])));
    assert_eq!(script.asks(), ["read 3", "attend 2 holds 0+3"]);
    assert!(!script.saw(&Seen::Withdrawn(0)));
}

#[test]
fn what_goes_and_comes_back_meanwhile_is_given_up_first() {
    let mut script = Script::at_epoch_one(&[0, 1]);
    script.is_done_with(1, 9);
    script.passes(HEARTBEAT);
    script.is_told("attend 1", attending(1, Some(&[0])));
    script.passes(HEARTBEAT);
    script.is_told("attend 1", attending(2, Some(&[0, 1])));
    assert_eq!(script.asks(), ["commit 1@9"]);
    script.commits("commit 1@9");
    assert_eq!(script.asks(), ["read 1"], "it is read anew, from what was committed");
}

#[test]
fn who_is_fenced_has_lost_what_it_held_and_joins_with_nothing() {
    for code in [ErrorCode::FENCED_MEMBER_EPOCH, ErrorCode::UNKNOWN_MEMBER_ID] {
        let mut script = Script::at_epoch_one(&[0, 1]);
        script.is_done_with(0, 9);
        script.passes(HEARTBEAT);
        script.is_refused("attend 1", code);
        assert!(script.saw(&Seen::Lost(vec![0, 1])) && !script.may_hand_out());
        assert_eq!((script.asks(), script.identity()), (vec!["attend 0 [t] holds -".to_owned()], None));
    }
}

#[test]
fn after_a_heartbeat_without_an_answer_everything_is_told_again() {
    let mut script = Script::at_epoch_one(&[0]);
    script.passes(HEARTBEAT);
    script.is_not_told("attend 1");
    assert_eq!(script.asks(), Vec::<String>::new(), "after a wait");
    script.passes(Duration::from_millis(100));
    assert_eq!(script.asks(), ["attend 1 [t] holds 0"]);
}

#[test]
fn a_session_is_taken_to_last_three_heartbeats() {
    let mut script = Script::at_epoch_one(&[0]);
    script.passes_but(HEARTBEAT * 9 / 4, STEP);
    assert!(script.may_hand_out());
    script.passes(STEP);
    assert!(!script.may_hand_out() && script.has() == [0]);
    script.is_told("attend 1", attending(1, None));
    assert!(script.may_hand_out(), "for as long after that was asked");
    script.passes_but(HEARTBEAT, STEP);
    assert!(script.may_hand_out());
    script.passes(STEP);
    assert!(!script.may_hand_out() && !script.saw(&Seen::Lost(vec![0])));
}

#[test]
fn partitions_of_a_topic_that_is_not_known_yet_are_held_once_it_is() {
    let mut script = Script::that_speaks(Speaks::Consumer);
    script.world.topics.clear();
    script.is_told("attend 0 [t] holds -", attending(1, Some(&[0])));
    assert!(script.world.refreshes > 0 && script.asks().is_empty());
    script.has_partitions("t", ID, 4);
    script.ticks();
    assert_eq!(script.asks(), ["read 0", "attend 1 holds 0"]);
}

#[test]
fn of_a_topic_that_was_made_anew_the_old_goes_before_the_new_comes() {
    let mut script = Script::at_epoch_one(&[0]);
    script.is_done_with(0, 9);
    script.has_partitions("t", OTHER_ID, 4);
    script.passes(HEARTBEAT);
    script.is_told("attend 1", attending_with(2, Some(BTreeMap::from([(OTHER_ID, vec![0])]))));
    assert_eq!(script.asks(), ["commit 0@9"]);
    script.commits("commit 0@9");
    assert_eq!(script.asks(), ["read 0", "attend 2 holds 0"], "of the new one");
    script.reads_all_from(0);
    assert_eq!(script.has(), [0]);
}

#[test]
fn a_topic_that_the_metadata_has_forgotten_for_a_moment_is_not_given_up() {
    let mut script = Script::at_epoch_one(&[0]);
    script.has_no("t");
    script.passes(HEARTBEAT);
    script.is_told("attend 1", attending(2, Some(&[0])));
    assert!(!script.saw(&Seen::Withdrawn(0)) && script.has() == [0]);
}

#[test]
fn who_leaves_commits_first_and_then_tells_the_coordinator() {
    let mut script = Script::at_epoch_one(&[0]);
    script.is_done_with(0, 9);
    script.leaves();
    assert_eq!(script.asks(), ["commit 0@9"]);
    script.commits("commit 0@9");
    script.is_told("attend -1", attending(-1, None));
    assert!(script.saw(&Seen::Over));
    assert_eq!(script.failure(), None);
}

#[test]
fn who_is_given_nothing_for_three_heartbeats_is_idle() {
    let mut script = Script::at_epoch_one(&[]);
    assert!(!script.saw(&Seen::Idle), "others may be about to give something up");
    for _ in 0..2 {
        script.passes(HEARTBEAT);
        script.is_told("attend 1", attending(1, None));
    }
    assert!(script.saw(&Seen::Idle));
}

#[test]
fn where_it_is_not_taken_so_it_joins_in_the_classic_protocol_if_it_may() {
    for code in [ErrorCode::UNSUPPORTED_VERSION, ErrorCode::GROUP_ID_NOT_FOUND] {
        let mut script = Script::that_speaks(Speaks::Either);
        script.is_refused("attend 0 [t] holds -", code);
        assert_eq!(script.asks(), ["join ''"]);

        let mut script = Script::that_speaks(Speaks::Consumer);
        script.is_refused("attend 0 [t] holds -", code);
        script.is_told("attend -1", MemberAnswer::Left);
        assert!(script.saw(&Seen::Over) && script.failure().is_some());
    }
}
