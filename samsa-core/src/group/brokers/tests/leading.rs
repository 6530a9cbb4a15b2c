//! What the leader of a classic group does for all.

use super::super::Speaks;
use super::script::{HEARTBEAT, ID, SESSION, Script, assignment, leads};
use crate::group::Assignor;
use crate::group::coordinator::{Joined, MemberAnswer};
use crate::group::tests::script::world::Seen;

#[test]
fn it_shares_out_once_it_knows_how_many_partitions_there_are() {
    let mut script = Script::that_speaks(Speaks::Classic);
    script.is_told("join ''", leads(1, "a", &[("a", &["t"]), ("b", &["t", "u"])]));
    assert_eq!((script.asks(), script.world.followed.contains(&"u".to_owned())), (vec![], true));
    script.has_partitions("u", [9; 16], 2);
    script.ticks();
    script.is_told("sync a/1 a: t0+1, b: t2+3 u0+1", MemberAnswer::Synced(assignment("t", &[0, 1])));
    assert_eq!(script.asks(), ["read 0", "read 1"]);
}

#[test]
fn what_nobody_tells_of_is_shared_out_when_it_is_there() {
    let mut script = Script::that_speaks(Speaks::Classic);
    script.is_told("join ''", leads(1, "a", &[("a", &["t"]), ("b", &["u"])]));
    script.passes(SESSION / 3);
    script.is_told("sync a/1 a: t0+1+2+3, b: ", MemberAnswer::Synced(assignment("t", &[0, 1, 2, 3])));
    script.reads_all_from(5);
    script.has_partitions("u", [9; 16], 2);
    script.ticks();
    assert!(script.saw(&Seen::Withdrawn(0)));
    assert_eq!(script.asks(), ["join 'a'"]);
}

#[test]
fn a_topic_that_is_not_there_holds_nobody_up() {
    let mut script = Script::that_speaks(Speaks::Classic);
    script.has_no("u");
    script.is_told("join ''", leads(1, "a", &[("a", &["t"]), ("b", &["u"])]));
    assert_eq!(script.asks(), ["sync a/1 a: t0+1+2+3, b: "]);
}

#[test]
fn partitions_that_come_are_shared_out_by_the_leader_alone() {
    let mut script = Script::that_speaks(Speaks::Classic);
    script.is_told("join ''", leads(1, "a", &[("a", &["t"])]));
    script.is_told("sync a/1 a: t0+1+2+3", MemberAnswer::Synced(assignment("t", &[0])));
    script.reads_all_from(5);
    script.has_partitions("t", ID, 5);
    script.ticks();
    assert_eq!(script.asks(), ["join 'a'"]);

    let mut script = Script::in_generation_one(&[0]);
    script.has_partitions("t", ID, 5);
    script.passes(HEARTBEAT / 2);
    assert!(script.asks().is_empty());
}

#[test]
fn it_shares_out_as_the_members_have_agreed() {
    let mut script = Script::with(Speaks::Classic, |settings| settings.assignor = Assignor::RoundRobin);
    script.is_told("join ''", leads(1, "a", &[("a", &["t"]), ("b", &["t"])]));
    assert_eq!(script.asks(), ["sync a/1 a: t0+2, b: t1+3"]);
}

#[test]
fn who_cannot_be_understood_gets_nothing() {
    let mut script = Script::that_speaks(Speaks::Classic);
    let MemberAnswer::Joined(joined) = leads(1, "a", &[("a", &["t"])]) else { unreachable!() };
    let mut members = joined.members.clone().unwrap();
    members.insert("b".to_owned(), vec![0xff, 0xff, 1]);
    script.is_told("join ''", MemberAnswer::Joined(Joined { members: Some(members), ..joined }));
    assert_eq!(script.asks(), ["sync a/1 a: t0+1+2+3, b: "]);
}
