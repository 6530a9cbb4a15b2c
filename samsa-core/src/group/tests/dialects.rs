//! A member of a group that pykafka's consumers share: one topic, and locks that bear the leader's name.

use samsa_proto::zookeeper::Dialect;

use super::SECOND;
use super::script::{Script, Seen, own};
use crate::group::GroupError;
use crate::group::dialect::Spoken;
use crate::zookeeper::ZkError;

/// Twelve partitions, each led by its number modulo three.
fn twelve() -> Script {
    let mut script = samsa(12);
    for number in 0..12 {
        script.leads(number, number % 3);
    }
    script
}

fn samsa(partitions: i32) -> Script {
    Script::with(partitions, |settings| settings.dialect = Dialect::Samsa)
}

/// One partition that the member has, under the name of its leader, broker 1.
fn one() -> Script {
    let mut script = samsa(1);
    script.settle();
    assert_eq!(script.data("/consumers/g/owners/t/1-0"), Some("me"));
    script
}

const OLD: &str = "/consumers/g/owners/t/1-0";
const NEW: &str = "/consumers/g/owners/t/2-0";

#[test]
fn a_member_registers_its_topic_and_shares_by_leader_and_number() {
    let mut script = twelve();
    script.put("/consumers/g/ids/zoe:1", "t");
    script.put("/consumers/g/ids/other:1", "another");
    script.settle();
    assert_eq!(script.data("/consumers/g/ids/me"), Some("t"));
    assert_eq!(script.shown(), [0, 1, 3, 6, 9, 10]);
    assert_eq!(script.data("/consumers/g/owners/t/1-10"), Some("me"));
    assert!(!script.saw(&Seen::Foreign("other:1".to_owned())), "it reads another topic");
}

#[test]
fn locks_stand_where_pykafka_has_them_on_python_3_if_that_is_asked_for() {
    let mut script = Script::with(1, |settings| {
        (settings.dialect, settings.python3_owners) = (Dialect::Samsa, true);
    });
    script.settle();
    assert_eq!(script.data("/consumers/g/owners/b't'/1-0"), Some("me"));
    assert_eq!(script.shown(), [0]);
}

#[test]
fn only_in_this_dialect_are_there_locks_of_python_3() {
    let (samsa, scala) = (Spoken(Dialect::Samsa), Spoken(Dialect::Scala));
    assert_eq!((samsa.python3_owners(true), samsa.python3_owners(false)), (Ok(true), Ok(false)));
    assert_eq!(scala.python3_owners(false), Ok(false));
    let refusal = scala.python3_owners(true).expect_err("it would be nowhere");
    assert!(refusal.to_string().contains("--dialect samsa"), "{refusal}");
}

#[test]
fn who_finds_locks_where_it_would_not_look_does_not_join() {
    for (python3_owners, folder) in [(false, "b't'"), (true, "t")] {
        let mut script = Script::with(2, |settings| {
            (settings.dialect, settings.python3_owners) = (Dialect::Samsa, python3_owners);
        });
        script.put(&format!("/consumers/g/owners/{folder}/1-1"), "you");
        script.settle();
        let failure = script.failure().expect("it is over");
        assert!(matches!(failure, GroupError::OwnersElsewhere { .. }), "{failure}");
        assert!(
            failure.to_string().contains(&format!("`python3_owners` to {}", !python3_owners)),
            "{failure}"
        );
        assert_eq!(script.data("/consumers/g/ids/me"), None);
    }
}

#[test]
fn an_older_member_of_scala_s_is_in_the_way_and_a_younger_one_is_told() {
    let scala = r#"{"version":1,"subscription":{"t":1},"pattern":"static","timestamp":"1"}"#;
    let mut script = samsa(1);
    script.put("/consumers/g/ids/other", scala);
    script.settle();
    let failure = script.failure().expect("it is over").to_string();
    assert!(failure.contains("other") && failure.contains("Scala"), "{failure}");

    let mut script = one();
    script.put("/consumers/g/ids/other", scala);
    script.fires("/consumers/g/ids");
    script.passes(SECOND);
    assert!(script.saw(&Seen::Foreign("other".to_owned())));
    assert_eq!(script.shown(), [0], "it is not counted");
}

#[test]
fn a_lock_follows_the_leader_and_is_never_away() {
    let mut script = one();
    script.leads(0, 2);
    script.passes(SECOND);
    let writes = script.writes();
    let place = |what: String| writes.iter().position(|write| *write == what).expect("it was done");
    assert!(place(format!("create {NEW}")) < place(format!("delete {OLD}")));
    assert_eq!((script.data(OLD), script.data(NEW)), (None, Some("me")));
    assert!(!script.saw(&Seen::Withdrawn(0)), "it is read on");
}

#[test]
fn while_nobody_leads_the_lock_has_the_name_of_who_is_in_sync() {
    let mut script = one();
    script.has_no_leader(0, 3);
    script.passes(SECOND);
    assert_eq!(script.data("/consumers/g/owners/t/3-0"), Some("me"));
}

#[test]
fn a_new_name_whose_fate_is_unknown_is_found_out_before_the_old_one_goes() {
    for was_done in [true, false] {
        let mut script = one();
        script.loses_the_answer_to(&format!("create {NEW}"), was_done);
        script.leads(0, 2);
        script.passes(SECOND);
        assert!(script.asked(&format!("sync {NEW}")), "{was_done}");
        assert_eq!((script.data(OLD), script.data(NEW)), (None, Some("me")));
        assert_eq!(script.count(&format!("create {NEW}")), if was_done { 1 } else { 2 });
    }
}

#[test]
fn a_new_name_whose_folder_is_gone_is_not_asked_for_without_a_wait() {
    let mut script = one();
    script.refuses(&format!("create {NEW}"), ZkError::NoNode);
    script.leads(0, 2);
    script.passes(SECOND);
    assert!(script.place_of(&format!("create {NEW}")) < script.place_of(&format!("sync {NEW}")));
    assert_eq!((script.data(NEW), script.count(&format!("create {NEW}"))), (Some("me"), 2));
}

#[test]
fn a_partition_that_another_has_under_another_name_is_claimed_when_that_goes() {
    let mut script = samsa(1);
    script.put_owned(NEW, "you", 99);
    script.settle();
    assert!(script.shown().is_empty() && !script.asked(&format!("create {OLD}")));
    let explained = script.explains();
    assert!(explained.iter().any(|what| what.contains(NEW)), "{explained:?}");
    script.remove(NEW);
    script.fires(NEW);
    script.settle();
    assert_eq!(script.shown(), [0]);
}

#[test]
fn of_two_that_claim_at_once_who_comes_second_takes_its_lock_back() {
    let mut script = samsa(1);
    script.comes_after(&format!("create {OLD}"), NEW, 99);
    script.settle();
    assert!(script.shown().is_empty());
    assert_eq!(script.data(OLD), None, "it has seen the other");
    script.passes(SECOND);
    assert!(script.shown().is_empty());
    script.remove(NEW);
    script.fires(NEW);
    script.passes(SECOND);
    assert_eq!(script.shown(), [0]);
}

#[test]
fn who_leaves_while_its_lock_has_two_names_takes_both_away() {
    let mut script = one();
    script.refuses(&format!("delete {OLD}"), ZkError::ConnectionLost);
    script.leads(0, 2);
    script.passes(SECOND / 5);
    script.leaves();
    script.passes(SECOND);
    assert_eq!((script.data(OLD), script.data(NEW)), (None, None));
    assert!(script.saw(&Seen::Over));
}

#[test]
fn a_partition_is_given_up_to_who_keeps_it_under_its_leaders_name() {
    let mut script = one();
    script.is_done_with(0, 3);
    script.put_owned(NEW, "you", 99);
    script.leads(0, 2);
    script.passes(2 * SECOND);
    assert!(script.saw(&Seen::Withdrawn(0)) && script.shown().is_empty());
    assert_eq!(script.data(OLD), None);
    script.remove(NEW);
    script.fires(NEW);
    script.passes(SECOND);
    assert_eq!(script.shown(), [0]);
}

#[test]
fn partitions_that_are_added_are_claimed_once_they_have_a_state() {
    let mut script = one();
    script.put(&own::topic(), &own::registration(2));
    script.fires(&own::topic());
    script.passes(SECOND);
    assert_eq!(script.data("/consumers/g/owners/t/1-1"), Some("me"), "its first replica will lead it");
    script.leads(1, 2);
    script.passes(SECOND);
    assert_eq!(script.data("/consumers/g/owners/t/2-1"), Some("me"));
    assert_eq!(script.shown(), [0, 1]);
}
