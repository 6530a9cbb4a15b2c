//! A name that stands for two groups, or may.

use super::SECOND;
use super::script::{Script, Seen};
use crate::group::{GroupError, OffsetStorage, OffsetsError};

const BROKERS_KEEP_OFFSETS: &str = "/brokers/topics/__consumer_offsets";

fn unsaid() -> Script {
    Script::with(2, |settings| settings.compares = true)
}

#[test]
fn a_group_without_offsets_in_zookeeper_that_the_brokers_know_is_not_joined_unless_it_is_said_which() {
    for (has_offsets, members) in [(true, 0), (false, 2)] {
        let mut script = unsaid();
        script.put(BROKERS_KEEP_OFFSETS, "");
        script.has_members_on_brokers(members);
        if has_offsets {
            script.put_on_brokers(1, 7);
        }
        script.settle();
        let failure = script.failure().expect("it is over");
        let GroupError::OnBrokersToo { offsets, members: counted, .. } = failure else {
            panic!("{failure}");
        };
        assert_eq!((*offsets, *counted), (usize::from(has_offsets), members));
        assert!(!script.asked("create /consumers/g/ids/me"));
    }
}

#[test]
fn a_group_that_has_an_offset_in_zookeeper_is_there_and_the_brokers_are_not_asked() {
    let mut script = unsaid();
    script.put(BROKERS_KEEP_OFFSETS, "");
    script.put_on_brokers(1, 7);
    script.put("/consumers/g/offsets/other", "");
    script.put("/consumers/g/offsets/other/0", "3");
    script.settle();
    assert!(script.saw(&Seen::Joined) && !script.asked("members") && !script.asked("read 1"));
}

#[test]
fn brokers_that_never_kept_an_offset_are_not_asked() {
    let mut script = unsaid();
    script.settle();
    assert!(script.saw(&Seen::Joined) && !script.asked("members"));
}

#[test]
fn a_group_that_is_nowhere_begins() {
    let mut script = unsaid();
    script.put(BROKERS_KEEP_OFFSETS, "");
    script.settle();
    assert!(script.saw(&Seen::Joined));
    assert!(script.place_of("members") < script.place_of("create /consumers/g/ids/me"));
}

#[test]
fn brokers_that_cannot_tell_now_are_asked_again_and_those_that_never_will_are_not() {
    let mut script = unsaid();
    script.put(BROKERS_KEEP_OFFSETS, "");
    script.put_on_brokers(1, 7);
    script.brokers_fail_at("read 1", OffsetsError::Unanswered { reason: "gone".to_owned() }, false);
    script.settle();
    assert!(script.failure().is_none() && !script.asked("create /consumers/g/ids/me"));
    assert!(script.explains().iter().any(|what| what.contains("gone")), "{:?}", script.explains());
    script.passes(SECOND);
    assert!(matches!(script.failure(), Some(GroupError::OnBrokersToo { .. })));

    let mut script = unsaid();
    script.put(BROKERS_KEEP_OFFSETS, "");
    script.brokers_fail_at("members", OffsetsError::NotOffered, false);
    script.settle();
    assert!(script.saw(&Seen::Joined));
}

#[test]
fn who_keeps_its_offsets_on_the_brokers_does_not_join_while_the_group_has_members_there() {
    for offsets in [OffsetStorage::Brokers, OffsetStorage::Both] {
        let mut script = Script::with(2, |settings| settings.offsets = offsets);
        script.put_on_brokers(1, 7);
        script.has_members_on_brokers(1);
        script.settle();
        let failure = script.failure().expect("it is over");
        assert!(matches!(failure, GroupError::Offsets { error: OffsetsError::HasMembers, .. }), "{failure}");
        assert!(!script.asked("create /consumers/g/ids/me") && !script.asked("read 1"));
    }
}

#[test]
fn who_keeps_its_offsets_on_the_brokers_joins_where_they_cannot_count_members_and_waits_where_they_cannot_now()
 {
    for error in [OffsetsError::NotOffered, OffsetsError::Unanswered { reason: "gone".to_owned() }] {
        let mut script = Script::with(1, |settings| settings.offsets = OffsetStorage::Brokers);
        script.put_on_brokers(0, 7);
        script.brokers_fail_at("members", error.clone(), false);
        script.settle();
        assert_eq!(script.saw(&Seen::Joined), !error.is_retriable());
        script.passes(SECOND);
        assert!(script.saw(&Seen::Joined), "{error}");
        assert_eq!(script.count("members"), if error.is_retriable() { 2 } else { 1 });
    }
}

#[test]
fn who_comes_back_after_a_lost_session_knows_where_the_group_is() {
    let mut script = unsaid();
    script.put(BROKERS_KEEP_OFFSETS, "");
    script.settle();
    script.put_on_brokers(1, 7);
    script.expires(false);
    script.ends_old_session();
    script.passes(SECOND);
    script.fires("/consumers/g/ids/me");
    script.passes(SECOND);
    assert_eq!((script.count("members"), script.shown()), (1, vec![0, 1]));
}
