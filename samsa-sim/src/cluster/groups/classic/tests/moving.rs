//! Another broker coordinates the group, or none.

use super::*;
use crate::cluster::groups::coordinator::{OFFSETS_TOPIC, partition_of};
use crate::cluster::{Input, ServerConn};

#[test]
fn another_coordinator_has_the_last_generation_and_all_sessions_begin_anew() {
    let (mut script, first, second) = Script::with_two(Release::V4_4, 2);
    script.pass(8_000);
    script.heartbeat(1, &first, 1);
    script.heartbeat(2, &second, 1);
    script.pass(5_000);
    script.move_coordinator();
    script.pass(9_000);
    assert_eq!(script.heartbeat(1, &first, 1), ErrorCode::NONE);
    assert_eq!(script.commit(2, &second, 1, 3, 5), ErrorCode::NONE);
    script.pass(9_900);
    assert_eq!(script.heartbeat(1, &first, 1), ErrorCode::NONE);
    script.pass(200);
    assert_eq!(script.heartbeat(2, &second, 1), ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn another_coordinator_knows_nothing_of_a_rebalance_that_had_begun() {
    let (mut script, first, second) = Script::with_two(Release::V4_4, 2);
    let third = script.join_anew(3);
    script.join(1, &first);
    script.move_coordinator();
    assert_eq!(script.described(), ("Stable".to_owned(), 2));
    assert_eq!(script.heartbeat(1, &first, 1), ErrorCode::NONE);
    script.join(3, &third);
    assert_eq!(script.joined(3, 9).map(|heard| heard.code), Some(ErrorCode::UNKNOWN_MEMBER_ID));
    script.join(2, &second);
    assert_eq!(script.joined(2, 9).map(|heard| heard.generation), Some(1));
}

#[test]
fn a_join_that_is_held_when_the_coordinator_loses_its_office_is_sent_away() {
    let (mut script, first, _) = Script::with_two(Release::V4_4, 2);
    script.join(1, &first);
    let former = script.coordinator();
    let number = partition_of(GROUP);
    let next = 3 - former;
    script.cluster.state.change(OFFSETS_TOPIC, number, |partition| {
        partition.leader = Some(next);
        partition.epoch += 1;
    });
    script.pass(1);
    script.cluster.handle(script.now, Input::Tick);
    assert_eq!(script.joined(1, 9).map(|heard| heard.code), Some(ErrorCode::NOT_COORDINATOR));
    assert_eq!(script.heartbeat(1, &first, 1), ErrorCode::NOT_COORDINATOR);
}

#[test]
fn nothing_expires_while_there_is_no_coordinator() {
    let (mut script, first, _) = Script::with_two(Release::V4_4, 1);
    script.cluster.handle(script.now, Input::Stop(1));
    script.pass(60_000);
    script.cluster.handle(script.now, Input::Start { broker: 1, blank: false });
    assert_eq!(script.heartbeat(9, &first, 1), ErrorCode::COORDINATOR_LOAD_IN_PROGRESS);
    script.pass(600);
    assert_eq!(script.heartbeat(9, &first, 1), ErrorCode::NONE);
}

#[test]
fn a_join_is_given_up_with_its_connection() {
    let (mut script, first, second) = Script::with_two(Release::V4_4, 1);
    script.join(1, &first);
    let conn = ServerConn(1);
    script.cluster.handle(script.now, Input::Gone { conn });
    script.join(4, &first);
    script.join(2, &second);
    assert_eq!(script.joined(4, 9).map(|heard| heard.generation), Some(2));
    assert_eq!(script.complaints, Vec::<String>::new());
}
