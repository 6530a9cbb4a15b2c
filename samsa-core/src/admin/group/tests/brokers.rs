//! Groups of which the brokers keep offsets, or under whose name they have members: what is read, and what is set where.

use samsa_proto::ErrorCode;

use super::*;
use crate::group::{
    CoordinatedGroup, CoordinatorAnswer, CoordinatorAsk, GroupKind, OffsetAsk, OffsetsError, OutsideAnswer,
    OutsideAsk,
};
use crate::topology::TopicPartition;

const SAMSA: &str = "events";
/// Partitions 0 to 2.
const TOPIC: &str = r#"{"version":1,"partitions":{"0":[1],"1":[1],"2":[1]}}"#;
const OFFSETS: &str = "/brokers/topics/__consumer_offsets";

/// What the brokers have, and what they refuse.
#[derive(Default)]
pub(super) struct Brokers {
    pub(super) members: usize,
    pub(super) committed: BTreeMap<i32, i64>,
    pub(super) refuses: Option<fn(&CoordinatorAsk) -> Option<OffsetsError>>,
    /// Commits that are done, and whose answers are lost.
    pub(super) unanswered: usize,
    /// Whether a member joins the group in ZooKeeper then.
    pub(super) joins: bool,
    /// The group that they coordinate, of the protocol type of its members.
    pub(super) coordinated: Option<(CoordinatedGroup, &'static str)>,
    /// Whether they tell all offsets without their being named.
    pub(super) names_all: bool,
    /// What was asked of them.
    pub(super) asked: Vec<CoordinatorAsk>,
}

impl Brokers {
    pub(super) fn with(committed: &[(i32, i64)]) -> Self {
        Self { committed: committed.iter().copied().collect(), ..Self::default() }
    }

    pub(super) fn that_refuse(refuses: fn(&CoordinatorAsk) -> Option<OffsetsError>) -> Self {
        Self { refuses: Some(refuses), ..Self::default() }
    }

    fn answers(&mut self, ask: &CoordinatorAsk) -> Result<CoordinatorAnswer, OffsetsError> {
        self.asked.push(ask.clone());
        if let Some(error) = self.refuses.and_then(|refuses| refuses(ask)) {
            return Err(error);
        }
        Ok(match ask {
            CoordinatorAsk::Members => CoordinatorAnswer::Members(self.members),
            CoordinatorAsk::Member(_) => unreachable!("only members ask that"),
            CoordinatorAsk::Outside(ask) => return self.answers_outside(*ask),
            CoordinatorAsk::Offset(place, OffsetAsk::Read) => {
                CoordinatorAnswer::Read(self.committed.get(&place.partition).copied())
            }
            CoordinatorAsk::Offset(place, OffsetAsk::Commit(offset)) => {
                self.committed.insert(place.partition, *offset);
                if self.unanswered > 0 {
                    self.unanswered -= 1;
                    return Err(OffsetsError::Unanswered { reason: "reset".to_owned() });
                }
                CoordinatorAnswer::Committed
            }
        })
    }
}

impl Brokers {
    /// As those of 4.x, which know a group by its kind alone.
    fn answers_outside(&self, ask: OutsideAsk) -> Result<CoordinatorAnswer, OffsetsError> {
        let kind = match ask {
            OutsideAsk::ConsumerGroup => GroupKind::Consumer,
            OutsideAsk::ClassicGroup => GroupKind::Classic,
            OutsideAsk::Partitions => {
                let all = (0..3).map(|number| TopicPartition::new("events", number)).collect();
                return Ok(CoordinatorAnswer::Outside(OutsideAnswer::Partitions(all)));
            }
            OutsideAsk::Offsets if !self.names_all => return Err(OffsetsError::NotOffered),
            OutsideAsk::Offsets => {
                let at =
                    |(partition, offset): (&i32, &i64)| (TopicPartition::new("events", *partition), *offset);
                let committed = self.committed.iter().map(at).collect();
                return Ok(CoordinatorAnswer::Outside(OutsideAnswer::Offsets(committed)));
            }
        };
        let known = self.coordinated.clone().filter(|(group, _)| group.kind == kind);
        let (group, protocol_type) =
            known.ok_or(OffsetsError::Refused { code: ErrorCode::GROUP_ID_NOT_FOUND })?;
        let protocol_type = protocol_type.to_owned();
        Ok(CoordinatorAnswer::Outside(OutsideAnswer::Group { group, protocol_type }))
    }
}

impl Script {
    /// A cluster with the topic, whose brokers keep offsets of groups.
    pub(super) fn with_brokers(nodes: &[(&str, &str)]) -> Self {
        let mut script = Self::with_nodes(nodes);
        for (path, data) in [("/brokers/topics/events", TOPIC), (OFFSETS, TOPIC)] {
            script.nodes.insert(path.to_owned(), (data.to_owned(), 0));
        }
        script
    }

    pub(super) fn plays_beside(&mut self, brokers: &mut Brokers) -> Reply {
        loop {
            self.plays_with(|_, _| {});
            let Some(task) = self.lookup.tasks.get_mut(&OpId(1)) else { break };
            let asked = task.asked_of_brokers();
            assert!(!asked.is_empty(), "it waits for nothing");
            let answered = asked.iter().map(|(id, ask)| (*id, brokers.answers(ask))).collect();
            if let Err(trouble) = task.told(answered) {
                let (config, net, out) = (&self.config, &mut self.net, &mut self.out);
                task.fail(trouble, &mut Context { now: self.now, config, net, out }, &mut Rng::new(9));
                self.plays_with(|_, _| {});
                if brokers.joins {
                    self.nodes.insert("/consumers/g/ids/g_a".to_owned(), (STATIC.to_owned(), 0));
                }
                self.waits();
            }
            self.input(GroupLookupInput::LookAgain);
        }
        assert_eq!(self.session, None, "its session is closed");
        self.reply.take().expect("an answer")
    }
}

fn look_at(nodes: &[(&str, &str)], brokers: &mut Brokers) -> GroupDescription {
    let mut script = Script::with_brokers(nodes);
    script.command(describe("g"));
    described(script.plays_beside(brokers)).unwrap()
}

/// A partition, and what ZooKeeper has, what the brokers have, and what counts.
type Placed = (i32, Option<i64>, Option<i64>, Option<i64>);

fn places(description: &GroupDescription) -> Vec<Placed> {
    let of = |part: &GroupPartition| (part.partition, part.in_zookeeper, part.on_brokers, part.committed);
    description.partitions.iter().map(of).collect()
}

pub(super) fn offsets(offsets: &[(i32, i64)]) -> Vec<PartitionOffset> {
    offsets
        .iter()
        .map(|(partition, offset)| PartitionOffset { partition: *partition, offset: *offset })
        .collect()
}

fn resets(
    storage: OffsetStorage,
    nodes: &[(&str, &str)],
    brokers: &mut Brokers,
) -> (Script, Result<(), GroupResetError>) {
    let mut script = Script::with_brokers(nodes);
    script.command(reset_in(storage, offsets(&[(0, 2), (1, 3)])));
    let outcome = was_reset(script.plays_beside(brokers));
    (script, outcome)
}

#[test]
fn of_a_group_of_pykafka_what_the_brokers_have_counts() {
    let nodes = [("g/ids/vm:1", SAMSA), ("g/owners/b'events'/1-1", "vm:1"), ("g/offsets/events/0", "90")];
    let description = look_at(&nodes, &mut Brokers::with(&[(0, 7), (1, 8)]));
    assert_eq!(places(&description), [(0, Some(90), Some(7), Some(7)), (1, None, Some(8), Some(8))]);
    assert_eq!(description.partitions[1].owner.as_deref(), Some("vm:1"));
    assert_eq!(description.keeps_offsets("events"), Some(OffsetStorage::Brokers));
}

#[test]
fn what_pykafka_has_left_tells_its_dialect() {
    let nodes = [("g/owners/b'events'", ""), ("g/offsets/events/0", "90")];
    let description = look_at(&nodes, &mut Brokers::with(&[(0, 7)]));
    assert_eq!(description.dialect, Some(Dialect::Samsa));
    assert_eq!(places(&description), [(0, Some(90), Some(7), Some(7))]);

    let nodes = [("g/owners/b'events'", ""), ("g/owners/events", ""), ("g/offsets/events/0", "90")];
    let description = look_at(&nodes, &mut Brokers::with(&[(0, 7)]));
    assert_eq!(description.dialect, None, "others have been there, too");
    assert_eq!(places(&description), [(0, Some(90), Some(7), Some(90))]);
}

#[test]
fn of_a_group_of_scala_the_larger_counts() {
    let nodes = [("g/ids/g_a", STATIC), ("g/offsets/events/0", "7"), ("g/offsets/events/1", "9")];
    let description = look_at(&nodes, &mut Brokers::with(&[(0, 8), (1, 3), (2, 5)]));
    let expected =
        [(0, Some(7), Some(8), Some(8)), (1, Some(9), Some(3), Some(9)), (2, None, Some(5), Some(5))];
    assert_eq!(places(&description), expected);
    assert_eq!(description.keeps_offsets("events"), Some(OffsetStorage::Both));
}

#[test]
fn topics_are_known_by_the_folders_that_members_have_left_or_by_being_named() {
    let mut brokers = Brokers::with(&[(2, 5)]);
    assert_eq!(places(&look_at(&[("g/owners/events", "")], &mut brokers)), [(2, None, Some(5), Some(5))]);
    assert!(places(&look_at(&[("g/ids", "")], &mut brokers)).is_empty(), "nothing speaks of it");
    let mut script = Script::with_brokers(&[("g/ids", "")]);
    script.command(Command::Group { group: "g".into(), topic: Some("events".into()) });
    let description = described(script.plays_beside(&mut brokers)).unwrap();
    assert_eq!(places(&description), [(2, None, Some(5), Some(5))]);
}

#[test]
fn brokers_that_keep_no_offsets_of_groups_are_not_asked() {
    let mut brokers = Brokers::with(&[(0, 8)]);
    let mut script = Script::with_brokers(&[("g/offsets/events/0", "7")]);
    script.nodes.remove(OFFSETS);
    script.command(describe("g"));
    let description = described(script.plays_beside(&mut brokers)).unwrap();
    assert_eq!(places(&description), [(0, Some(7), None, Some(7))]);

    script.command(reset(&[(0, 2)]));
    assert_eq!(was_reset(script.plays_beside(&mut brokers)), Ok(()));
    assert!(brokers.asked.is_empty());
}

#[test]
fn members_that_the_brokers_coordinate_are_counted() {
    let mut brokers = Brokers { members: 3, ..Brokers::default() };
    assert_eq!(look_at(&[("g/ids", "")], &mut brokers).members_on_brokers, Ok(3));
}

#[test]
fn what_brokers_do_not_tell_is_told_and_does_not_count_as_nothing() {
    let gone = |_: &CoordinatorAsk| {
        Some(OffsetsError::Unavailable { within: limits::COORDINATOR, last: "gone".to_owned() })
    };
    let description = look_at(&[("g/offsets/events/0", "7")], &mut Brokers::that_refuse(gone));
    assert_eq!(description.partitions.len(), 3, "each of the topic's may have one");
    assert_eq!(places(&description)[0], (0, Some(7), None, None));
    assert_eq!(description.untold(), gone(&CoordinatorAsk::Members).as_ref());
    assert_eq!(description.members_on_brokers.clone().err(), gone(&CoordinatorAsk::Members));
    assert_eq!(description.keeps_offsets("events"), None);
}

#[test]
fn what_zookeeper_has_is_told_in_time_however_long_brokers_take() {
    let nodes = [("g/ids/g_a", STATIC), ("g/offsets/events/0", "7")];
    for within in [limits::COORDINATOR, Duration::from_secs(1)] {
        let mut script = Script::with_brokers(&nodes);
        let end = script.now.mono + within;
        script.input(GroupLookupInput::Ask { op: OpId(1), command: describe("g"), within });
        script.plays_with(|_, _| {});
        while script.reply.is_none() {
            script.waits();
            script.plays_with(|_, _| {});
        }
        let description = described(script.plays()).unwrap();
        assert_eq!(description.members.len(), 1);
        assert_eq!(places(&description)[0], (0, Some(7), None, None));
        let Some(error @ OffsetsError::Unavailable { .. }) = description.untold() else { panic!("told") };
        assert!(error.to_string().contains("waiting for who keeps the group's offsets"), "{error}");
        assert!(script.now.mono < end);
    }
}

#[test]
fn brokers_of_0_8_and_those_that_take_no_such_name_have_nothing() {
    for error in [
        |_: &CoordinatorAsk| Some(OffsetsError::NotOffered),
        |_: &CoordinatorAsk| Some(OffsetsError::InvalidGroup),
    ] {
        let description = look_at(&[("g/offsets/events/0", "7")], &mut Brokers::that_refuse(error));
        assert_eq!(places(&description), [(0, Some(7), None, Some(7))]);
        assert_eq!(description.members_on_brokers, Ok(0));
    }
}

#[test]
fn offsets_are_set_where_it_is_said_and_nowhere_else() {
    let nodes = [("g/offsets/events/0", "7")];
    for (storage, in_zookeeper, on_brokers) in [
        (OffsetStorage::ZooKeeper, Some("2"), Some(8)),
        (OffsetStorage::Brokers, Some("7"), Some(2)),
        (OffsetStorage::Both, Some("2"), Some(2)),
    ] {
        let mut brokers = Brokers::with(&[(0, 8), (2, 5)]);
        let (script, outcome) = resets(storage, &nodes, &mut brokers);
        assert_eq!(outcome, Ok(()));
        assert_eq!(script.node("g/offsets/events/0"), in_zookeeper);
        assert_eq!(brokers.committed.get(&0).copied(), on_brokers);
        assert_eq!(brokers.committed.get(&2), Some(&5), "nobody spoke of it");
    }
}

#[test]
fn a_group_whose_offsets_are_on_the_brokers_gets_no_folder_for_them_in_zookeeper() {
    let (script, outcome) = resets(OffsetStorage::Brokers, &[("g/ids", "")], &mut Brokers::default());
    assert_eq!(outcome, Ok(()));
    assert!(script.written.is_empty());
}

#[test]
fn a_group_with_members_in_either_place_is_left_alone_wherever_its_offsets_are() {
    for storage in [OffsetStorage::ZooKeeper, OffsetStorage::Brokers, OffsetStorage::Both] {
        for nodes in [("g/ids/vm:1", SAMSA), ("g/owners/b'events'/1-0", "vm:1")] {
            let mut brokers = Brokers::with(&[(0, 8)]);
            let (script, outcome) = resets(storage, &[nodes], &mut brokers);
            assert!(matches!(outcome, Err(GroupResetError::HasMembers { .. })), "{outcome:?}");
            assert!(script.written.is_empty() && brokers.asked.is_empty());
        }
        let mut brokers = Brokers { members: 2, ..Brokers::with(&[(0, 8)]) };
        let (script, outcome) = resets(storage, &[("g/offsets/events/0", "7")], &mut brokers);
        assert!(
            matches!(&outcome, Err(error @ GroupResetError::HasMembersOnBrokers { members: 2, .. }) if error.is_retriable()),
            "{outcome:?}"
        );
        assert!(script.written.is_empty());
        assert_eq!(brokers.committed, BTreeMap::from([(0, 8)]));
    }
}

#[test]
fn nothing_is_set_in_zookeeper_once_the_brokers_have_refused() {
    let refuses = |ask: &CoordinatorAsk| {
        let code = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
        (*ask != CoordinatorAsk::Members).then_some(OffsetsError::NotAuthorized { code })
    };
    let nodes = [("g/offsets/events/0", "7")];
    let (script, outcome) = resets(OffsetStorage::Both, &nodes, &mut Brokers::that_refuse(refuses));
    let Err(GroupResetError::Offsets { error, .. }) = &outcome else { panic!("{outcome:?}") };
    assert!(matches!(error, OffsetsError::NotAuthorized { .. }) && !outcome.unwrap_err().is_retriable());
    assert!(script.written.is_empty());
}

#[test]
fn whether_there_are_members_is_not_guessed_where_the_coordinator_cannot_be_asked() {
    let gone = |_: &CoordinatorAsk| {
        Some(OffsetsError::Unavailable { within: limits::COORDINATOR, last: "gone".to_owned() })
    };
    for storage in [OffsetStorage::ZooKeeper, OffsetStorage::Brokers] {
        let mut brokers = Brokers::that_refuse(gone);
        let (script, outcome) = resets(storage, &[("g/offsets/events/0", "7")], &mut brokers);
        let Err(error @ GroupResetError::Offsets { .. }) = outcome else { panic!("it was set") };
        assert!(error.is_retriable() && error.to_string().contains("gone"), "{error}");
        assert!(script.written.is_empty());
    }
}

#[test]
fn who_may_not_ask_the_brokers_sets_offsets_in_zookeeper_all_the_same() {
    let refuses = |_: &CoordinatorAsk| {
        Some(OffsetsError::NotAuthorized { code: ErrorCode::GROUP_AUTHORIZATION_FAILED })
    };
    let nodes = [("g/offsets/events/0", "7")];
    let (script, outcome) = resets(OffsetStorage::ZooKeeper, &nodes, &mut Brokers::that_refuse(refuses));
    assert_eq!((outcome, script.node("g/offsets/events/0")), (Ok(()), Some("2")));
    let (_, outcome) = resets(OffsetStorage::Brokers, &nodes, &mut Brokers::that_refuse(refuses));
    assert!(matches!(outcome, Err(GroupResetError::Offsets { .. })));
}

#[test]
fn a_commit_without_an_answer_is_sent_again_once_it_was_looked_who_is_there() {
    let mut brokers = Brokers { unanswered: 1, ..Brokers::default() };
    let (_, outcome) = resets(OffsetStorage::Brokers, &[("g/ids", "")], &mut brokers);
    assert_eq!(outcome, Ok(()));
    let are_members: Vec<bool> = brokers.asked.iter().map(|ask| *ask == CoordinatorAsk::Members).collect();
    assert_eq!(are_members, [true, false, false, true, false, false]);
    assert_eq!(brokers.committed, BTreeMap::from([(0, 2), (1, 3)]));
}

#[test]
fn who_has_joined_when_a_commit_without_an_answer_is_looked_at_is_told_of() {
    let mut brokers = Brokers { unanswered: 1, joins: true, ..Brokers::default() };
    let (_, outcome) = resets(OffsetStorage::Brokers, &[("g/ids", "")], &mut brokers);
    let Err(error) = outcome else { panic!("it was set") };
    assert!(matches!(&error, GroupResetError::Joined { members, .. } if members == &["g_a"]), "{error}");
}

#[test]
fn who_has_joined_when_the_session_ended_before_a_commit_was_answered_is_told_of() {
    let on_brokers = Brokers { members: 2, ..Brokers::default() };
    for (node, mut brokers, who) in [
        (Some("/consumers/g/ids/g_a"), Brokers::default(), "g_a"),
        (None, on_brokers, "2 consumers that the brokers coordinate"),
    ] {
        let mut script = Script::with_brokers(&[("g/ids", "")]);
        script.command(reset_in(OffsetStorage::Brokers, offsets(&[(0, 2)])));
        script.plays_with(|_, _| {});
        let task = script.lookup.tasks.get_mut(&OpId(1)).unwrap();
        let nobody = |(id, _)| (id, Ok(CoordinatorAnswer::Members(0)));
        task.told(task.asked_of_brokers().into_iter().map(nobody).collect()).unwrap();
        script.input(GroupLookupInput::LookAgain);
        let asked = script.lookup.tasks[&OpId(1)].asked_of_brokers();
        assert!(matches!(&*asked, [(_, CoordinatorAsk::Offset(..))]), "it commits");

        let (session, state) = (script.session.unwrap(), ZkSessionState::Expired);
        script.input(GroupLookupInput::ZooKeeper(ZkNews::Session { session, state }));
        script.plays_with(|_, _| {});
        script.nodes.extend(node.map(|node| (node.to_owned(), (STATIC.to_owned(), 0))));
        script.waits();
        let outcome = was_reset(script.plays_beside(&mut brokers));
        let Err(error) = outcome else { panic!("it was set") };
        assert!(matches!(&error, GroupResetError::Joined { members, .. } if *members == [who]), "{error}");
    }
}
