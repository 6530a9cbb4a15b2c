//! What ends a membership, or keeps it from beginning.

use std::sync::Arc;
use std::time::Duration;

use samsa_proto::ErrorCode;

use super::super::Speaks;
use super::script::{HEARTBEAT, Script, attending, joined};
use crate::group::coordinator::MemberAnswer;
use crate::group::tests::script::world::Seen;
use crate::group::{GroupError, OffsetsError};

fn group() -> Arc<str> {
    Arc::from("g")
}

#[test]
fn what_the_coordinator_refuses_for_good_is_told_with_what_to_do() {
    let not_authorized = OffsetsError::NotAuthorized { code: ErrorCode::GROUP_AUTHORIZATION_FAILED };
    for (code, error) in [
        (ErrorCode::INCONSISTENT_GROUP_PROTOCOL, GroupError::OtherAssignor { group: group() }),
        (ErrorCode::INVALID_SESSION_TIMEOUT, GroupError::SessionTimeout { group: group() }),
        (
            ErrorCode::GROUP_AUTHORIZATION_FAILED,
            GroupError::Coordinator { group: group(), error: not_authorized },
        ),
        (
            ErrorCode::GROUP_MAX_SIZE_REACHED,
            GroupError::Refused { group: group(), code: ErrorCode::GROUP_MAX_SIZE_REACHED, message: None },
        ),
    ] {
        let mut script = Script::that_speaks(Speaks::Classic);
        script.is_refused("join ''", code);
        assert!(script.saw(&Seen::Over));
        assert_eq!(script.failure(), Some(&error));
    }
}

#[test]
fn who_has_a_name_already_says_that_it_goes() {
    let mut script = Script::that_speaks(Speaks::Classic);
    script.is_told("join ''", joined(1, "m"));
    script.is_refused("sync m/1", ErrorCode::GROUP_AUTHORIZATION_FAILED);
    assert!(!script.saw(&Seen::Over));
    script.is_told("leave m", MemberAnswer::Left);
    assert!(matches!(script.failure(), Some(GroupError::Coordinator { .. })));

    let mut script = Script::that_speaks(Speaks::Classic);
    script.is_told("join ''", joined(1, "m"));
    script.is_refused("sync m/1", ErrorCode::GROUP_AUTHORIZATION_FAILED);
    script.passes(Duration::from_secs(2));
    assert!(script.saw(&Seen::Over), "and does not wait for long");
}

#[test]
fn brokers_that_coordinate_nobody_are_told_from_those_that_only_lack_kip_848() {
    let mut script = Script::that_speaks(Speaks::Either);
    script.hears("attend 0 [t] holds -", Err(OffsetsError::NotOffered));
    script.hears("join ''", Err(OffsetsError::NotOffered));
    assert_eq!(script.failure(), Some(&GroupError::NotCoordinated { group: group() }));

    let mut script = Script::that_speaks(Speaks::Consumer);
    script.hears("attend 0 [t] holds -", Err(OffsetsError::NotOffered));
    script.passes(Duration::from_secs(2));
    assert_eq!(script.failure(), Some(&GroupError::NoConsumerProtocol { group: group() }));
}

#[test]
fn who_may_not_read_the_offsets_leaves() {
    let mut script = Script::in_generation_one(&[0]);
    script.passes(HEARTBEAT);
    script.is_refused("heartbeat m/1", ErrorCode::ILLEGAL_GENERATION);
    script.is_told("join 'm'", joined(2, "m"));
    script.is_told("sync m/2", MemberAnswer::Synced(super::script::assignment("t", &[0])));
    let error = OffsetsError::NotAuthorized { code: ErrorCode::TOPIC_AUTHORIZATION_FAILED };
    script.hears("read 0", Err(error.clone()));
    script.is_told("leave m", MemberAnswer::Left);
    assert_eq!(script.failure(), Some(&GroupError::Offsets { group: group(), error }));
}

#[test]
fn whoever_cannot_be_reached_is_asked_again() {
    let mut script = Script::that_speaks(Speaks::Classic);
    let late = OffsetsError::Unavailable { within: Duration::from_secs(10), last: "refused".to_owned() };
    script.hears("join ''", Err(late));
    assert!(script.member.trouble().contains("refused"));
    script.passes(Duration::from_millis(100));
    assert_eq!(script.asks(), ["join ''"]);
}

#[test]
fn whoever_leaves_goes_at_once_when_the_coordinator_has_nothing_more_to_say_to_it() {
    for error in [OffsetsError::NotOffered, OffsetsError::InvalidGroup] {
        let mut script = Script::at_epoch_one(&[]);
        script.passes(HEARTBEAT);
        script.leaves();
        script.hears("attend 1", Err(error));
        assert!(script.saw(&Seen::Over));
        assert_eq!(script.failure(), None, "nothing is lost by that");
    }
}

#[test]
fn a_new_coordinator_that_is_older_is_joined_in_the_classic_protocol_with_nothing_held() {
    let mut script = Script::that_speaks(Speaks::Either);
    script.is_told("attend 0 [t] holds -", attending(1, Some(&[0])));
    script.reads_all_from(5);
    script.hears("attend 1 holds 0", Err(OffsetsError::NotOffered));
    assert!(script.saw(&Seen::Lost(vec![0])));
    assert_eq!(script.asks(), ["join ''"]);
}
