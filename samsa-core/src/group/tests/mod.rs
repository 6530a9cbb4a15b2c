//! A member on a ZooKeeper that answers at once, or does not.

mod answers;
mod brokers;
mod dialects;
mod doubts;
mod elsewhere;
mod hand;
mod offsets;
mod patterns;
mod scala07;
pub(in crate::group) mod script;
mod streams;

use std::time::Duration;

use super::{Assignor, Commit, GroupError};
use crate::offset::Offset;
use crate::zookeeper::ZkError;
use script::{Script, Seen, own};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_member_looks_who_is_there_registers_claims_its_share_and_starts_where_the_group_is() {
    let mut script = Script::with_partitions(2);
    script.put("/consumers/g/offsets/t/1", "7");
    script.settle();

    let writes = script.writes();
    let place = |what: &str| writes.iter().position(|write| write == what).expect(what);
    let registration = place("create /consumers/g/ids/me");
    assert!(registration < place("create /consumers/g/owners/t/0"));
    assert_eq!(script.data("/consumers/g/owners/t/0"), Some("me-0"));
    assert_eq!(script.starts(), [(0, Offset::Earliest), (1, Offset::Exact(7))]);
    assert!(script.saw(&Seen::Joined));
    assert_eq!(script.shown(), [0, 1]);
}

#[test]
fn who_finds_a_member_of_another_dialect_does_not_register() {
    let mut script = Script::with_partitions(2);
    script.put("/consumers/g/ids/other", "t");
    script.settle();
    assert!(!script.writes().iter().any(|write| write.contains("ids/me")));
    let failure = script.failure().expect("it is over").to_string();
    assert!(failure.contains("other") && failure.contains("Samsa"), "{failure}");
}

#[test]
fn an_older_member_of_another_dialect_that_is_seen_only_after_it_registered_makes_it_withdraw() {
    let mut script = Script::with_partitions(2);
    script.comes_after("list /consumers/g/ids", "/consumers/g/ids/you", 99);
    script.settle();
    assert!(script.asked("create /consumers/g/ids/me"), "nobody was there when it looked");
    assert!(script.made_before("/consumers/g/ids/you", "/consumers/g/ids/me"));
    let failure = script.failure().expect("it is over");
    assert!(
        matches!(failure, GroupError::ForeignMember { member, reason, .. } if member == "you" && reason.contains("Samsa")),
        "{failure}"
    );
    // Its node goes with its session.
    assert_eq!(script.owner("/consumers/g/ids/me"), Some(script.session_id()));
    assert!(script.saw(&Seen::Closed) && script.saw(&Seen::Over));
    assert!(!script.writes().iter().any(|write| write.contains("owners/t/")), "it has claimed nothing");
    assert!(!script.saw(&Seen::Foreign("you".to_owned())), "the error says it");
}

#[test]
fn a_member_that_reads_gives_it_all_up_for_an_older_one_of_another_dialect() {
    let mut script = Script::with_partitions(2);
    script.put("/consumers/g/ids/you", &own::member("t"));
    script.settle();
    assert_eq!(script.shown(), [0]);
    script.is_done_with(0, 3);
    // The node is as old as it was: only what is in it is new.
    script.changes("/consumers/g/ids/you", "t");
    script.fires("/consumers/g/ids");
    script.passes(SECOND);
    let failure = script.failure().expect("it is over").to_string();
    assert!(failure.contains("was there first") && failure.contains("you"), "{failure}");
    assert!(script.saw(&Seen::Withdrawn(0)) && script.saw(&Seen::Lost(vec![0])) && script.saw(&Seen::Closed));
    assert!(!script.may_hand_out());
}

#[test]
fn a_foreign_member_that_comes_later_is_told_and_not_counted() {
    let mut script = Script::with_partitions(2);
    script.settle();
    script.put("/consumers/g/ids/other", "t");
    script.fires("/consumers/g/ids");
    script.passes(SECOND);
    assert!(script.saw(&Seen::Foreign("other".to_owned())));
    assert_eq!(script.shown(), [0, 1]);
}

#[test]
fn a_partition_that_another_has_is_claimed_when_its_owner_goes() {
    let mut script = Script::with_partitions(1);
    script.put_owned("/consumers/g/owners/t/0", "me-0", 99);
    script.settle();
    assert!(script.shown().is_empty(), "the name in it is no proof");

    script.remove("/consumers/g/owners/t/0");
    script.fires("/consumers/g/owners/t/0");
    script.settle();
    assert_eq!(script.shown(), [0]);
}

#[test]
fn a_claim_whose_answer_was_lost_is_looked_at_after_a_sync() {
    for was_done in [true, false] {
        let mut script = Script::with_partitions(1);
        script.loses_the_answer_to("create /consumers/g/owners/t/0", was_done);
        script.settle();
        assert!(script.shown().is_empty());
        script.passes(SECOND);
        assert_eq!(script.shown(), [0], "{was_done}");
        let claims =
            script.writes().iter().filter(|write| *write == "create /consumers/g/owners/t/0").count();
        assert_eq!(claims, if was_done { 1 } else { 2 });
        assert!(script.asked("sync /consumers/g/owners/t/0"));
    }
}

#[test]
fn what_stays_is_not_released_and_what_goes_is_told_committed_and_released_in_this_order() {
    let mut script = Script::with_partitions(2);
    script.settle();
    script.is_done_with(0, 3);
    script.is_done_with(1, 5);
    script.joins("you");
    script.passes(SECOND);

    let gone = script.writes().into_iter().skip_while(|write| write != "create /consumers/g/offsets/t/1");
    assert_eq!(
        gone.collect::<Vec<_>>(),
        ["create /consumers/g/offsets/t/1", "delete /consumers/g/owners/t/1"]
    );
    assert_eq!(script.data("/consumers/g/offsets/t/1"), Some("5"));
    assert_eq!(script.data("/consumers/g/owners/t/0"), Some("me-0"));
    assert!(script.saw(&Seen::Withdrawn(1)) && !script.saw(&Seen::Withdrawn(0)));
    assert_eq!(script.shown(), [0]);
}

#[test]
fn a_claim_that_fails_again_and_again_is_tried_less_and_less_often() {
    let mut script = Script::with_partitions(1);
    for _ in 0..100 {
        script.refuses("create /consumers/g/owners/t/0", ZkError::NoAuth);
        script.passes(Duration::from_millis(20));
    }
    let tries = script.count("create /consumers/g/owners/t/0");
    assert!(
        (5..=20).contains(&tries),
        "{tries} in two seconds, of which each wait is a fifth of a second at most"
    );
}

#[test]
fn folders_that_somebody_has_removed_are_made_again() {
    let mut script = Script::with_partitions(2);
    script.refuses("create /consumers/g/owners/t/0", ZkError::NoNode);
    script.refuses("create /consumers/g/owners/t/1", ZkError::NoNode);
    script.settle();
    assert!(script.shown().is_empty());
    script.passes(SECOND);
    assert_eq!(script.shown(), [0, 1]);
    assert_eq!(script.count("create /consumers/g/owners/t"), 2);
    assert_eq!(script.count("create /consumers/g/offsets/t"), 2);
}

#[test]
fn a_revoked_partition_goes_when_the_application_lets_go_or_its_time_is_over() {
    for lets_go in [true, false] {
        let mut script = Script::with_partitions(2);
        script.settle();
        script.listens();
        script.joins("you");
        script.passes(SECOND);
        assert_eq!(script.data("/consumers/g/owners/t/1"), Some("me-0"), "it is held");
        assert!(script.saw(&Seen::Withdrawn(1)));
        if lets_go {
            script.lets_go();
        } else {
            script.passes(3 * SECOND);
        }
        script.settle();
        assert_eq!(script.data("/consumers/g/owners/t/1"), None);
    }
}

#[test]
fn a_burst_of_changes_is_one_round_of_reading() {
    let mut script = Script::with_partitions(2);
    script.settle();
    let before = script.count("list /consumers/g/ids");
    for name in ["a", "b", "c"] {
        script.joins(name);
    }
    script.passes(SECOND);
    assert_eq!(script.count("list /consumers/g/ids"), before + 1);
}

#[test]
fn three_quarters_of_the_timeout_after_the_last_answered_question_everything_is_lost() {
    let mut script = Script::with_partitions(1);
    script.settle();
    script.is_done_with(0, 3);
    script.stops_answering();
    script.passes(4 * SECOND);
    assert!(!script.saw(&Seen::Lost(vec![0])));
    script.passes(SECOND);
    assert!(script.saw(&Seen::Lost(vec![0])) && script.saw(&Seen::Withdrawn(0)));
    assert!(script.saw(&Seen::Closed) && script.shown().is_empty());
    assert_eq!(script.data("/consumers/g/offsets/t/0"), None, "nothing was committed");
}

#[test]
fn a_member_that_lost_its_session_waits_until_its_old_registration_is_gone() {
    let mut script = Script::with_partitions(1);
    script.settle();
    script.expires(false);
    script.passes(SECOND);
    assert!(script.shown().is_empty());
    script.ends_old_session();
    script.fires("/consumers/g/ids/me");
    script.passes(SECOND);
    assert_eq!(script.shown(), [0]);
    assert_eq!(script.owner("/consumers/g/owners/t/0"), Some(script.session_id()));
}

#[test]
fn a_wall_clock_that_ran_ahead_puts_the_session_in_doubt_until_it_was_looked_at() {
    let mut script = Script::with_partitions(1);
    script.settle();
    assert!(script.may_hand_out());
    script.stops_answering();
    script.is_suspended_for(2 * SECOND);
    script.passes(Duration::from_millis(1));
    assert!(!script.may_hand_out());
    script.answers_again();
    script.settle();
    assert!(script.may_hand_out());
    assert!(!script.saw(&Seen::Lost(vec![0])));
}

#[test]
fn what_is_done_is_committed_now_and_then_and_when_it_is_asked_for() {
    let mut script = Script::with_partitions(1);
    script.settle();
    script.is_done_with(0, 3);
    script.passes(5 * SECOND);
    assert_eq!(script.data("/consumers/g/offsets/t/0"), Some("3"));
    script.is_done_with(0, 4);
    script.commits();
    script.settle();
    assert_eq!(script.data("/consumers/g/offsets/t/0"), Some("4"));
    assert!(script.saw(&Seen::Committed(true)));
}

#[test]
fn who_leaves_commits_gives_everything_up_and_closes_the_session() {
    let mut script = Script::with_partitions(2);
    script.settle();
    script.is_done_with(1, 9);
    script.leaves();
    script.settle();
    assert_eq!(script.data("/consumers/g/offsets/t/1"), Some("9"));
    assert_eq!(script.data("/consumers/g/owners/t/0"), None);
    assert!(script.saw(&Seen::Closed) && script.saw(&Seen::Over));
}

#[test]
fn a_partition_that_is_added_is_claimed() {
    let mut script = Script::with_partitions(1);
    script.settle();
    script.put(&own::topic(), &own::registration(3));
    script.fires(&own::topic());
    script.passes(SECOND);
    assert_eq!(script.shown(), [0, 1, 2]);
}

#[test]
fn more_members_than_partitions_is_told() {
    let mut script = Script::with_partitions(1);
    script.joins("a");
    script.settle();
    assert!(script.saw(&Seen::Idle) && script.shown().is_empty());
}

#[test]
fn a_refusal_of_a_commit_is_told_and_its_waiter_answered() {
    let mut script = Script::with_partitions(1);
    script.settle();
    script.is_done_with(0, 3);
    script.refuses("create /consumers/g/offsets/t/0", ZkError::NoAuth);
    script.commits();
    script.settle();
    assert!(script.saw(&Seen::Committed(false)) && script.saw(&Seen::CommitFailed(0)));
}

#[test]
fn who_is_told_again_to_leave_still_commits_first() {
    let mut script = Script::with_partitions(2);
    script.settle();
    script.is_done_with(1, 9);
    script.leaves();
    script.leaves();
    assert!(!script.saw(&Seen::Over));
    script.settle();
    assert_eq!(script.data("/consumers/g/offsets/t/1"), Some("9"));
    assert!(script.saw(&Seen::Over));
}

#[test]
fn dealing_in_turn_a_topic_of_others_is_noticed_when_it_comes() {
    let mut script = Script::with(1, |settings| settings.assignor = Assignor::RoundRobin);
    script.joins_for("you", "u");
    script.settle();
    assert!(script.asked("exists /brokers/topics/u"), "with a watch");
    let before = script.count("get /brokers/topics/u");
    script.put("/brokers/topics/u", &own::registration(1));
    script.fires("/brokers/topics/u");
    script.passes(SECOND);
    assert!(script.count("get /brokers/topics/u") > before);
}

#[test]
fn dealing_in_turn_a_topic_of_others_that_cannot_be_read_costs_a_wait() {
    let mut script = Script::with(1, |settings| settings.assignor = Assignor::RoundRobin);
    script.joins_for("you", "u");
    script.refuses("get /brokers/topics/u", ZkError::NoAuth);
    script.settle();
    assert_eq!(script.count("get /brokers/topics/u"), 1);
    script.passes(SECOND);
    assert_eq!(script.shown(), [0], "and then another round");
}
