//! The classic protocol.

use std::sync::Arc;
use std::time::Duration;

use samsa_proto::ErrorCode;

use super::super::Speaks;
use super::script::{HEARTBEAT, REBALANCE, SESSION, STEP, Script, assignment, joined};
use crate::group::OffsetsError;
use crate::group::coordinator::{MemberAnswer, Refusal};
use crate::group::offsets::CoordinatorAnswer;
use crate::group::tests::script::world::Seen;
use crate::offset::Offset;

#[test]
fn it_joins_under_the_name_that_it_is_given_and_reads_where_the_group_has_committed() {
    let mut script = Script::that_speaks(Speaks::Classic);
    let refusal =
        Refusal { code: ErrorCode::MEMBER_ID_REQUIRED, message: None, member: Some(Arc::from("m")) };
    script.is_told("join ''", MemberAnswer::Refused(refusal));
    script.is_told("join 'm'", joined(7, "m"));
    assert!(!script.saw(&Seen::Joined));
    script.is_told("sync m/7", MemberAnswer::Synced(assignment("t", &[1, 2])));
    assert!(script.saw(&Seen::Joined));
    assert_eq!(script.identity(), Some(("m".to_owned(), 7)));
    script.hears("read 1", Ok(CoordinatorAnswer::Read(Some(5))));
    assert_eq!(script.has(), [1], "each as soon as its offset is known");
    script.hears("read 2", Ok(CoordinatorAnswer::Read(None)));
    let starts: Vec<_> = script.world.starts.iter().map(|(place, start)| (place.partition, *start)).collect();
    assert_eq!(starts, [(1, Offset::Exact(5)), (2, Offset::Earliest)]);
    assert!(script.may_hand_out());
}

#[test]
fn in_a_rebalance_it_commits_in_the_old_generation_and_joins_when_that_is_answered() {
    let mut script = Script::in_generation_one(&[0, 1]);
    script.is_done_with(0, 9);
    script.passes(HEARTBEAT);
    script.is_refused("heartbeat m/1", ErrorCode::REBALANCE_IN_PROGRESS);
    assert!(script.saw(&Seen::Withdrawn(0)) && script.saw(&Seen::Withdrawn(1)));
    assert_eq!(script.asks(), ["commit 0@9"], "nobody joins before that is answered");
    assert_eq!(script.identity(), Some(("m".to_owned(), 1)));
    script.commits("commit 0@9");
    assert_eq!((script.asks(), script.identity()), (vec!["join 'm'".to_owned()], None));
    assert!(!script.may_hand_out() && script.has().is_empty());
    script.is_told("join 'm'", joined(2, "m"));
    script.is_told("sync m/2", MemberAnswer::Synced(assignment("t", &[0])));
    assert_eq!(script.asks(), ["read 0"]);
    assert!(script.may_hand_out() && !script.saw(&Seen::Lost(vec![0, 1])));
}

#[test]
fn the_application_may_hold_what_is_revoked_for_half_of_the_time_that_others_wait() {
    let mut script = Script::in_generation_one(&[0]);
    script.listens();
    script.passes(HEARTBEAT);
    script.is_refused("heartbeat m/1", ErrorCode::REBALANCE_IN_PROGRESS);
    script.passes(HEARTBEAT);
    assert_eq!(script.asks(), ["heartbeat m/1"], "it shows that it is there");
    script.is_refused("heartbeat m/1", ErrorCode::REBALANCE_IN_PROGRESS);
    script.passes_but(REBALANCE / 2, 2 * HEARTBEAT);
    assert_eq!(script.asks(), ["heartbeat m/1"]);
    script.passes(HEARTBEAT);
    assert_eq!(script.asks(), ["heartbeat m/1", "join 'm'"]);

    let mut script = Script::in_generation_one(&[0]);
    script.listens();
    script.passes(HEARTBEAT);
    script.is_refused("heartbeat m/1", ErrorCode::REBALANCE_IN_PROGRESS);
    script.lets_go();
    assert_eq!(script.asks(), ["join 'm'"], "or until it lets go");
}

#[test]
fn an_answer_to_a_heartbeat_of_before_the_join_says_nothing_of_it() {
    let mut script = Script::in_generation_one(&[0]);
    script.listens();
    script.passes(HEARTBEAT);
    script.is_refused("heartbeat m/1", ErrorCode::REBALANCE_IN_PROGRESS);
    script.passes(HEARTBEAT);
    let late = script.keeps_back("heartbeat m/1");
    script.lets_go();
    let refusal = Refusal { code: ErrorCode::UNKNOWN_MEMBER_ID, message: None, member: None };
    script.hears_late(late, MemberAnswer::Refused(refusal));
    script.is_told("join 'm'", joined(2, "m"));
    assert_eq!(script.asks(), ["sync m/2"]);
}

#[test]
fn who_is_not_known_any_more_has_lost_what_it_held_and_joins_without_a_name() {
    let mut script = Script::in_generation_one(&[0, 3]);
    script.is_done_with(0, 9);
    script.passes(HEARTBEAT);
    script.is_refused("heartbeat m/1", ErrorCode::UNKNOWN_MEMBER_ID);
    assert!(script.saw(&Seen::Lost(vec![0, 3])));
    assert!(!script.may_hand_out() && script.has().is_empty());
    assert_eq!(
        (script.asks(), script.identity()),
        (vec!["join ''".to_owned()], None),
        "nothing is committed"
    );
}

#[test]
fn who_is_of_an_older_generation_keeps_its_name() {
    let mut script = Script::in_generation_one(&[0]);
    script.passes(HEARTBEAT);
    script.is_refused("heartbeat m/1", ErrorCode::ILLEGAL_GENERATION);
    assert!(script.saw(&Seen::Lost(vec![0])));
    assert_eq!(script.asks(), ["join 'm'"]);
}

#[test]
fn who_is_thrown_out_again_and_again_waits_before_it_joins() {
    let mut script = Script::that_speaks(Speaks::Classic);
    script.is_refused("join ''", ErrorCode::UNKNOWN_MEMBER_ID);
    script.is_refused("join ''", ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(script.asks(), Vec::<String>::new());
    script.passes(Duration::from_millis(100));
    assert_eq!(script.asks(), ["join ''"]);
}

#[test]
fn while_no_heartbeat_is_answered_nothing_is_handed_out_and_nothing_is_lost() {
    let mut script = Script::in_generation_one(&[0]);
    script.passes_but(SESSION * 3 / 4, STEP);
    assert!(script.may_hand_out());
    script.passes(STEP);
    assert!(!script.may_hand_out());
    script.passes(SESSION);
    assert_eq!(script.has(), [0]);
    script.is_not_told("heartbeat m/1");
    script.passes(Duration::from_millis(100));
    script.is_told("heartbeat m/1", MemberAnswer::Alive);
    assert!(script.may_hand_out() && !script.saw(&Seen::Lost(vec![0])));
}

#[test]
fn the_time_counts_from_when_a_heartbeat_was_sent() {
    let mut script = Script::in_generation_one(&[0]);
    script.passes(HEARTBEAT);
    script.passes(SESSION / 2);
    script.is_told("heartbeat m/1", MemberAnswer::Alive);
    script.passes_but(SESSION * 3 / 4, SESSION / 2 + STEP);
    assert!(script.may_hand_out());
    script.passes(STEP);
    assert!(!script.may_hand_out());
}

#[test]
fn after_a_suspended_machine_only_what_is_answered_since_counts() {
    let mut script = Script::in_generation_one(&[0]);
    script.passes(HEARTBEAT);
    let before = script.keeps_back("heartbeat m/1");
    script.is_suspended_for(SESSION);
    assert!(!script.may_hand_out());
    script.hears_late(before, MemberAnswer::Alive);
    assert!(!script.may_hand_out(), "it was asked before");
    script.is_done_with(0, 9);
    script.is_to_commit();
    assert!(!script.asks().contains(&"commit 0@9".to_owned()));
    script.is_told("heartbeat m/1", MemberAnswer::Alive);
    assert!(script.may_hand_out());
    assert_eq!(script.asks(), ["commit 0@9"]);
}

#[test]
fn a_machine_that_stood_still_unnoticed_hands_out_nothing_when_its_session_may_be_over() {
    for unnoticed in (0..10_000).step_by(250).map(Duration::from_millis) {
        let mut script = Script::in_generation_one(&[0]);
        script.is_suspended_for(unnoticed);
        let mut lasts = unnoticed;
        while script.may_hand_out() {
            assert!(lasts < SESSION * 9 / 10, "{unnoticed:?} of them unnoticed");
            script.passes(STEP);
            lasts += STEP;
        }
    }
}

#[test]
fn who_has_waited_long_for_others_shows_at_once_that_it_is_there() {
    let mut script = Script::that_speaks(Speaks::Classic);
    script.is_told("join ''", joined(1, "m"));
    script.passes(SESSION);
    script.is_told("sync m/1", MemberAnswer::Synced(assignment("t", &[0])));
    assert!(!script.may_hand_out());
    script.is_told("heartbeat m/1", MemberAnswer::Alive);
    assert!(script.may_hand_out());
}

#[test]
fn who_leaves_commits_first_and_then_tells_the_coordinator() {
    let mut script = Script::in_generation_one(&[0, 1]);
    script.is_done_with(1, 8);
    script.leaves();
    assert_eq!(script.asks(), ["commit 1@8"]);
    script.commits("commit 1@8");
    script.is_told("leave m", MemberAnswer::Left);
    assert!(script.saw(&Seen::Over));
    assert_eq!(script.failure(), None);
}

#[test]
fn who_leaves_while_others_are_waited_for_tells_the_coordinator_and_goes() {
    let mut script = Script::in_generation_one(&[]);
    script.passes(HEARTBEAT);
    script.is_refused("heartbeat m/1", ErrorCode::REBALANCE_IN_PROGRESS);
    script.leaves();
    assert_eq!(script.asks(), ["join 'm'", "leave m"]);
    script.is_told("leave m", MemberAnswer::Left);
    assert!(script.saw(&Seen::Over));
}

#[test]
fn who_leaves_before_it_has_a_name_waits_for_that_within_its_time() {
    let mut script = Script::that_speaks(Speaks::Classic);
    script.leaves();
    assert_eq!(script.asks(), ["join ''"]);
    script.is_told("join ''", joined(1, "m"));
    assert_eq!(script.asks(), ["leave m"]);
    script.passes(Duration::from_secs(10));
    assert!(script.saw(&Seen::Over), "whoever does not answer is not waited for");
}

#[test]
fn what_could_not_be_committed_before_it_left_is_told() {
    let mut script = Script::in_generation_one(&[0]);
    script.is_done_with(0, 9);
    script.leaves();
    script.hears("commit 0@9", Err(OffsetsError::Refused { code: ErrorCode::ILLEGAL_GENERATION }));
    script.is_told("leave m", MemberAnswer::Left);
    let failure = script.failure().map(ToString::to_string).unwrap_or_default();
    assert!(failure.contains("1 partitions") && failure.contains("t/0"), "{failure}");
}

#[test]
fn what_is_given_beyond_its_own_topics_is_left_alone() {
    let mut script = Script::that_speaks(Speaks::Classic);
    script.is_told("join ''", joined(1, "m"));
    script.is_told("sync m/1", MemberAnswer::Synced(assignment("other", &[0])));
    assert_eq!(script.asks(), Vec::<String>::new());
    assert!(script.saw(&Seen::Joined) && script.saw(&Seen::Idle));
}

#[test]
fn what_cannot_be_read_of_a_share_is_no_share() {
    let mut script = Script::that_speaks(Speaks::Classic);
    script.is_told("join ''", joined(1, "m"));
    script.is_told("sync m/1", MemberAnswer::Synced(vec![0, 0, 255, 255, 255, 255, 0]));
    assert!(script.saw(&Seen::Joined) && script.asks().is_empty());
}

#[test]
fn a_share_that_has_no_answer_is_asked_for_by_a_join() {
    let mut script = Script::that_speaks(Speaks::Classic);
    script.is_told("join ''", joined(1, "m"));
    script.is_not_told("sync m/1");
    script.passes(Duration::from_millis(100));
    assert_eq!(script.asks(), ["join 'm'"]);
}

#[test]
fn who_leaves_while_the_application_holds_what_is_revoked_waits_no_longer_than_it_has() {
    let mut script = Script::in_generation_one(&[0]);
    script.is_done_with(0, 9);
    script.listens();
    script.passes(HEARTBEAT);
    script.is_refused("heartbeat m/1", ErrorCode::REBALANCE_IN_PROGRESS);
    script.leaves();
    script.passes(Duration::from_millis(7_500));
    assert!(script.asks().contains(&"commit 0@9".to_owned()), "{:?}", script.asks());
    script.commits("commit 0@9");
    script.is_told("leave m", MemberAnswer::Left);
    assert_eq!(script.failure(), None);
}

#[test]
fn who_is_told_to_leave_sooner_still_commits_and_tells_the_coordinator() {
    let mut script = Script::in_generation_one(&[0]);
    script.is_done_with(0, 9);
    script.listens();
    script.leaves();
    script.leaves_within(Duration::from_secs(4));
    script.passes(Duration::from_secs(3));
    assert!(script.asks().contains(&"commit 0@9".to_owned()), "{:?}", script.asks());
    script.commits("commit 0@9");
    script.is_told("leave m", MemberAnswer::Left);
    assert_eq!(script.failure(), None);
}

#[test]
fn who_leaves_between_two_joins_tells_the_coordinator_which_may_still_count_it_in() {
    let mut script = Script::that_speaks(Speaks::Classic);
    script.is_told("join ''", joined(1, "m"));
    script.is_not_told("sync m/1");
    script.leaves();
    script.is_told("leave m", MemberAnswer::Left);
    assert!(script.saw(&Seen::Over));
}

#[test]
fn who_leaves_before_anybody_has_heard_of_it_just_goes() {
    let mut script = Script::that_speaks(Speaks::Classic);
    script.world.sends_nothing = true;
    script.leaves();
    assert!(script.saw(&Seen::Over) && script.asks().is_empty());
}

#[test]
fn who_may_not_commit_as_a_member_any_more_has_lost_what_it_held() {
    for (code, name) in [(ErrorCode::UNKNOWN_MEMBER_ID, ""), (ErrorCode::ILLEGAL_GENERATION, "m")] {
        let mut script = Script::in_generation_one(&[0, 3]);
        script.is_done_with(0, 9);
        script.is_to_commit();
        script.hears("commit 0@9", Err(OffsetsError::Refused { code }));
        assert!(script.saw(&Seen::Lost(vec![0, 3])) && !script.may_hand_out());
        assert_eq!((script.asks(), script.identity()), (vec![format!("join '{name}'")], None));
    }
}

#[test]
fn brokers_before_0_10_1_call_for_a_rebalance_whom_they_have_taken_out_and_refuse_its_commit() {
    let mut script = Script::in_generation_one(&[0]);
    script.is_done_with(0, 9);
    script.is_suspended_for(SESSION);
    script.world.seen.clear();
    script.is_refused("heartbeat m/1", ErrorCode::REBALANCE_IN_PROGRESS);
    assert_eq!(script.world.seen, [Seen::Withdrawn(0), Seen::Renewed], "nothing is handed out on that word");
    script.hears("commit 0@9", Err(OffsetsError::Refused { code: ErrorCode::UNKNOWN_MEMBER_ID }));
    assert!(script.saw(&Seen::Lost(vec![0])));
    assert_eq!(script.asks(), ["join ''"]);
}
