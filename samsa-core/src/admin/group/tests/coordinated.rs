//! Groups that live on the brokers: what is told of them, with and without a ZooKeeper beside, and what is set.

use samsa_proto::ErrorCode;

use super::brokers::{Brokers, offsets};
use super::*;
use crate::group::{
    CoordinatedGroup, CoordinatedMember, CoordinatorAsk, GroupKind, OffsetAsk, OffsetsError, OutsideAsk,
};
use crate::topology::TopicPartition;

fn member(id: &str, partitions: &[i32]) -> CoordinatedMember {
    CoordinatedMember {
        id: id.to_owned(),
        instance_id: None,
        client_id: "java".to_owned(),
        host: "10.0.0.1".to_owned(),
        partitions: partitions.iter().map(|number| TopicPartition::new("events", *number)).collect(),
    }
}

fn coordinated(kind: GroupKind, state: &str, members: Vec<CoordinatedMember>) -> CoordinatedGroup {
    CoordinatedGroup { kind, state: state.to_owned(), assignor: Some("range".to_owned()), members }
}

/// With these offsets of the topic, all told at once.
fn brokers(group: Option<CoordinatedGroup>, committed: &[(i32, i64)]) -> Brokers {
    let coordinated = group.map(|group| (group, "consumer"));
    Brokers { coordinated, names_all: true, ..Brokers::with(committed) }
}

fn two_members(kind: GroupKind) -> CoordinatedGroup {
    coordinated(kind, "Stable", vec![member("a", &[0, 2]), member("b", &[1])])
}

fn empty(kind: GroupKind) -> CoordinatedGroup {
    coordinated(kind, "Empty", Vec::new())
}

fn by_bootstrap() -> Script {
    Script::start(Discovery::Bootstrap(Vec::new()), &[])
}

fn look_at(script: &mut Script, brokers: &mut Brokers) -> Result<GroupDescription, GroupLookError> {
    script.command(describe("g"));
    described(script.plays_beside(brokers))
}

/// A partition, who has it, and what is committed.
type Placed<'a> = (i32, Option<&'a str>, Option<i64>, Option<i64>);

fn places(description: &GroupDescription) -> Vec<Placed<'_>> {
    let of = |part: &'_ GroupPartition| (part.partition, part.on_brokers, part.committed);
    let owners = description.partitions.iter().map(|part| part.owner.as_deref());
    owners.zip(description.partitions.iter().map(of)).map(|(owner, of)| (of.0, owner, of.1, of.2)).collect()
}

fn reset_on(script: &mut Script, brokers: &mut Brokers) -> Result<(), GroupResetError> {
    script.command(reset_in(OffsetStorage::Brokers, offsets(&[(0, 2), (1, 3)])));
    was_reset(script.plays_beside(brokers))
}

#[test]
fn a_group_of_either_kind_is_its_members_and_who_has_and_what_is_committed_of_each_partition() {
    for kind in [GroupKind::Classic, GroupKind::Consumer] {
        let group = two_members(kind);
        let mut brokers = brokers(Some(group.clone()), &[(0, 7), (3, 9)]);
        let description = look_at(&mut by_bootstrap(), &mut brokers).unwrap();
        let expected = [
            (0, Some("a"), Some(7), Some(7)),
            (1, Some("b"), None, None),
            (2, Some("a"), None, None),
            (3, None, Some(9), Some(9)),
        ];
        assert_eq!(places(&description), expected);
        assert_eq!(description.coordinated, Some(group));
        assert_eq!((description.members_on_brokers, description.members.len()), (Ok(2), 0));
    }
}

#[test]
fn a_group_that_was_only_committed_to_is_there_and_one_of_which_nothing_is_known_is_not() {
    let dead = || coordinated(GroupKind::Classic, "Dead", Vec::new());
    let description = look_at(&mut by_bootstrap(), &mut brokers(Some(dead()), &[(0, 7)])).unwrap();
    assert_eq!(places(&description), [(0, None, Some(7), Some(7))]);
    assert_eq!(description.keeps_offsets("audit"), Some(OffsetStorage::Brokers));
    for group in [Some(dead()), None] {
        let error = look_at(&mut by_bootstrap(), &mut brokers(group, &[])).unwrap_err();
        assert_eq!(error, GroupLookError::UnknownOnBrokers { group: "g".into() });
    }
}

#[test]
fn brokers_that_tell_offsets_by_name_alone_are_asked_for_those_of_every_partition_that_there_is() {
    let group = coordinated(GroupKind::Classic, "Stable", vec![member("a", &[0])]);
    let mut brokers = Brokers { names_all: false, ..brokers(Some(group), &[(0, 7), (2, 5), (3, 9)]) };
    let description = look_at(&mut by_bootstrap(), &mut brokers).unwrap();
    let expected = [(0, Some("a"), Some(7), Some(7)), (2, None, Some(5), Some(5))];
    assert_eq!(places(&description), expected, "there is no partition 3 any more");
}

#[test]
fn a_group_of_connect_is_told_apart() {
    let mut brokers = brokers(None, &[]);
    brokers.coordinated = Some((empty(GroupKind::Classic), "connect"));
    let error = look_at(&mut by_bootstrap(), &mut brokers).unwrap_err();
    assert!(
        matches!(&error, GroupLookError::NotConsumers { .. }) && error.to_string().contains("connect"),
        "{error}"
    );
    let outcome = reset_on(&mut by_bootstrap(), &mut brokers);
    assert_eq!(outcome, Err(error.into()));
    assert!(brokers.committed.is_empty());
}

#[test]
fn what_the_coordinator_does_not_tell_is_an_error_and_no_empty_group() {
    let refuses = |ask: &CoordinatorAsk| {
        let code = ErrorCode::GROUP_AUTHORIZATION_FAILED;
        (*ask == CoordinatorAsk::Outside(OutsideAsk::Offsets)).then_some(OffsetsError::NotAuthorized { code })
    };
    let mut brokers = Brokers {
        coordinated: Some((two_members(GroupKind::Classic), "consumer")),
        ..Brokers::that_refuse(refuses)
    };
    let error = look_at(&mut by_bootstrap(), &mut brokers).unwrap_err();
    assert!(matches!(error, GroupLookError::Coordinator { .. }) && !error.is_retriable(), "{error}");
}

#[test]
fn brokers_of_0_8_coordinate_no_group() {
    let old = |_: &CoordinatorAsk| Some(OffsetsError::NotOffered);
    let error = look_at(&mut by_bootstrap(), &mut Brokers::that_refuse(old)).unwrap_err();
    assert_eq!(error, GroupLookError::NotOffered);
    let error = look_at(&mut Script::with_brokers(&[]), &mut Brokers::that_refuse(old)).unwrap_err();
    assert_eq!(error, GroupLookError::UnknownGroup { group: "g".into() });
}

#[test]
fn beside_zookeeper_a_group_is_told_as_it_is_there_and_else_as_the_brokers_tell_it() {
    let mut brokers = brokers(Some(two_members(GroupKind::Classic)), &[(0, 7)]);
    let here = look_at(&mut Script::with_brokers(&[("g/offsets/events/0", "5")]), &mut brokers).unwrap();
    assert_eq!((here.coordinated, here.partitions[0].in_zookeeper), (None, Some(5)));
    let elsewhere = look_at(&mut Script::with_brokers(&[]), &mut brokers).unwrap();
    assert_eq!(elsewhere.coordinated.map(|group| group.members.len()), Some(2));
}

#[test]
fn offsets_of_a_group_without_members_are_set_on_the_brokers_with_and_without_zookeeper() {
    for mut script in [by_bootstrap(), Script::with_brokers(&[])] {
        let mut brokers = brokers(Some(empty(GroupKind::Classic)), &[(0, 8), (2, 5)]);
        assert_eq!(reset_on(&mut script, &mut brokers), Ok(()));
        assert_eq!(brokers.committed, BTreeMap::from([(0, 2), (1, 3), (2, 5)]));
        assert!(script.written.is_empty());
    }
}

#[test]
fn a_group_with_members_is_left_alone_and_it_is_said_how_many_they_are() {
    for kind in [GroupKind::Classic, GroupKind::Consumer] {
        for mut script in [by_bootstrap(), Script::with_brokers(&[])] {
            let mut brokers = brokers(Some(two_members(kind)), &[(0, 8)]);
            let outcome = reset_on(&mut script, &mut brokers);
            assert_eq!(outcome, Err(GroupResetError::HasMembersOnBrokers { group: "g".into(), members: 2 }));
            assert_eq!(brokers.committed, BTreeMap::from([(0, 8)]));
        }
    }
}

#[test]
fn a_group_that_is_nowhere_gets_no_offsets() {
    let mut brokers = brokers(None, &[]);
    let unknown = GroupLookError::UnknownOnBrokers { group: "g".into() };
    assert_eq!(reset_on(&mut by_bootstrap(), &mut brokers), Err(unknown.into()));
    let unknown = GroupLookError::UnknownGroup { group: "g".into() };
    assert_eq!(reset_on(&mut Script::with_brokers(&[]), &mut brokers), Err(unknown.into()));
    assert!(brokers.committed.is_empty());
}

#[test]
fn offsets_of_a_group_on_the_brokers_are_not_set_in_zookeeper() {
    for storage in [OffsetStorage::ZooKeeper, OffsetStorage::Both] {
        let mut script = by_bootstrap();
        script.command(reset_in(storage, offsets(&[(0, 2)])));
        let refused = Err(GroupResetError::LivesOnBrokers { group: "g".into() });
        assert_eq!(was_reset(script.plays()), refused);
        let mut brokers = brokers(Some(empty(GroupKind::Classic)), &[(0, 8)]);
        let description = look_at(&mut Script::with_brokers(&[]), &mut brokers).unwrap();
        let planned = description.storage_to_reset(&"g".into(), "events", Some(storage));
        assert_eq!(planned, refused.map(|()| storage));
    }
}

#[test]
fn a_commit_without_an_answer_is_sent_again_once_it_was_looked_who_is_there() {
    let mut brokers = Brokers { unanswered: 1, ..brokers(Some(empty(GroupKind::Consumer)), &[(0, 8)]) };
    assert_eq!(reset_on(&mut by_bootstrap(), &mut brokers), Ok(()));
    let commits = |ask: &CoordinatorAsk| matches!(ask, CoordinatorAsk::Offset(_, OffsetAsk::Commit(_)));
    let are_commits: Vec<bool> = brokers.asked.iter().map(commits).collect();
    assert_eq!(are_commits, [false, false, true, true, false, false, true, true]);
}

#[test]
fn members_that_come_to_a_group_of_the_brokers_in_zookeeper_are_told_of() {
    let mut script = Script::with_brokers(&[]);
    script.command(reset_in(OffsetStorage::Brokers, offsets(&[(0, 2)])));
    script.plays_with(|_, _| {});
    script.nodes.insert("/consumers/g/ids/g_a".to_owned(), (STATIC.to_owned(), 0));
    let mut brokers = brokers(Some(empty(GroupKind::Classic)), &[(0, 8)]);
    let outcome = was_reset(script.plays_beside(&mut brokers));
    assert!(
        matches!(&outcome, Err(GroupResetError::Joined { members, .. }) if members == &["g_a"]),
        "{outcome:?}"
    );
}

fn waits_for_list(script: &mut Script) -> Result<GroupList, GroupLookError> {
    script.command(Command::Groups);
    let end = script.now.mono + WITHIN;
    script.plays_with(|_, _| {});
    while script.reply.is_none() {
        script.waits();
        script.plays_with(|_, _| {});
    }
    assert!(script.now.mono < end, "there is time left to show it");
    let Reply::Groups(list) = script.plays() else { panic!("another reply") };
    list
}

#[test]
fn groups_in_zookeeper_are_listed_though_no_broker_answers_and_without_them_there_is_no_list() {
    let list = waits_for_list(&mut Script::with_brokers(&[("a/offsets/events/0", "5")])).unwrap();
    assert_eq!(list.groups.len(), 1);
    assert!(matches!(&list.untold[..], [UntoldBroker { broker: None, .. }]), "{list:?}");
    let error = waits_for_list(&mut by_bootstrap()).unwrap_err();
    assert!(matches!(error, GroupLookError::Look(LookError::TimedOut { .. })), "{error}");
}
