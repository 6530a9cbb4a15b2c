//! Another broker coordinates the group.

use super::*;

#[test]
fn another_coordinator_has_all_epochs_and_sessions_begin_anew() {
    let mut script = Script::with_two_members(2);
    script.pass(4_000);
    script.move_coordinator();
    script.pass(4_500);
    assert_eq!(script.beat(1, "a", 2), Ok((2, None)));
    assert_eq!(script.commit(2, "b", 2, 3, 7), ErrorCode::NONE);
    script.pass(2_000);
    assert_eq!(script.beat(2, "b", 2), Err(ErrorCode::UNKNOWN_MEMBER_ID));
    assert_eq!(script.beat(1, "a", 2), Ok((3, Some(vec![0, 1, 2, 3]))));
}

#[test]
fn another_coordinator_still_waits_for_what_is_being_given_back() {
    let mut script = Script::start(Release::V4_4, 2, 4);
    script.enter(1, "a").unwrap();
    script.enter(2, "b").unwrap();
    script.beat(1, "a", 1).unwrap();
    script.move_coordinator();
    assert_eq!(script.beat(2, "b", 2), Ok((2, None)));
    assert_eq!(script.say_all(1, "a", 1, &[0, 1]), Ok((2, Some(vec![0, 1]))));
    assert_eq!(script.beat(2, "b", 2), Ok((2, Some(vec![2, 3]))));
    assert_eq!(script.complaints, Vec::<String>::new());
}
