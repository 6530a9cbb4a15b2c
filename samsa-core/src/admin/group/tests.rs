//! Scripts over a small ZooKeeper: a command, what is in the nodes, what comes between, the reply.

mod brokers;
mod closing;
mod coordinated;
mod names;

use std::sync::Arc;

use samsa_proto::zookeeper::{Dialect, Subscription};

use super::*;
use crate::command::{GroupReset, Reply};
use crate::config::Config;
use crate::connection::Network;
use crate::group::OffsetStorage;
use crate::intent::Intent;
use crate::offset::PartitionOffset;
use crate::time::Now;
use crate::zookeeper::{ZkAnswer, ZkError, ZkNews, ZkOp, ZkSessionState, ZkStat};

const TIMEOUT: Duration = Duration::from_secs(6);
const WITHIN: Duration = Duration::from_secs(30);
const STATIC: &str = r#"{"version":1,"subscription":{"events":2},"pattern":"static","timestamp":"1"}"#;

struct Script {
    lookup: GroupLookup,
    config: Config,
    net: Network,
    cluster: Cluster,
    out: Out,
    now: Now,
    /// Data and version of each node that has any; folders are there by what is in them.
    nodes: BTreeMap<String, (String, i32)>,
    session: Option<SessionId>,
    /// What was written.
    written: Vec<ZkOp>,
    reply: Option<Reply>,
}

impl Script {
    fn start(discovery: Discovery, nodes: &[(&str, &str)]) -> Self {
        let config = Config::new(discovery);
        let nodes = nodes.iter().map(|(path, data)| (format!("/consumers/{path}"), ((*data).to_owned(), 3)));
        Self {
            lookup: GroupLookup::new(Rng::new(1)),
            net: Network::new(&config, Rng::new(2)),
            cluster: Cluster::new(&config, Rng::new(3)),
            config,
            out: Out::default(),
            now: Now::default(),
            nodes: nodes.collect(),
            session: None,
            written: Vec::new(),
            reply: None,
        }
    }

    fn with_nodes(nodes: &[(&str, &str)]) -> Self {
        Self::start(
            Discovery::ZooKeeper { ensemble: "zk:2181/kafka".to_owned(), session_timeout: TIMEOUT },
            nodes,
        )
    }

    fn input(&mut self, input: GroupLookupInput) {
        let mut cx = Context { now: self.now, config: &self.config, net: &mut self.net, out: &mut self.out };
        self.lookup.handle(&mut cx, &self.cluster, input);
    }

    fn command(&mut self, command: Command) {
        self.input(GroupLookupInput::Ask { op: OpId(1), command, within: WITHIN });
    }

    fn waits(&mut self) {
        self.now.mono = self.lookup.deadline().expect("a deadline").at;
        self.input(GroupLookupInput::Tick);
    }

    /// The next operation; sessions come and go beside.
    fn asks(&mut self) -> Option<(crate::id::ZkRequestId, ZkOp)> {
        loop {
            match self.out.pop()? {
                Intent::OpenSession { session, timeout: TIMEOUT } => {
                    assert_eq!(self.session.replace(session), None, "one at a time");
                    let state = ZkSessionState::Connected { id: 7, timeout: TIMEOUT };
                    self.input(GroupLookupInput::ZooKeeper(ZkNews::Session { session, state }));
                }
                Intent::CloseSession { session } => assert_eq!(self.session.take(), Some(session)),
                Intent::ZooKeeper { id, op } => return Some((id, op)),
                Intent::Complete { op: OpId(1), reply } => {
                    assert!(self.reply.replace(reply).is_none(), "one answer");
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn answers(&mut self, id: crate::id::ZkRequestId, result: Result<ZkAnswer, ZkError>) {
        self.input(GroupLookupInput::ZooKeeper(ZkNews::Reply { id, result }));
    }

    /// Lets it ask until it asks no more, and does what is asked; `between` comes before each answer.
    fn plays_with(&mut self, mut between: impl FnMut(&mut BTreeMap<String, (String, i32)>, &ZkOp)) {
        while let Some((id, op)) = self.asks() {
            between(&mut self.nodes, &op);
            let result = self.does(&op);
            self.answers(id, result);
        }
    }

    fn plays(&mut self) -> Reply {
        self.plays_with(|_, _| {});
        assert_eq!(self.session, None, "its session is closed");
        self.reply.take().expect("an answer")
    }

    fn does(&mut self, op: &ZkOp) -> Result<ZkAnswer, ZkError> {
        if matches!(op, ZkOp::Set { .. } | ZkOp::Create { .. }) {
            self.written.push(op.clone());
        }
        let below = |path: &str| {
            let folder = format!("{path}/");
            let names = self.nodes.keys().filter_map(|node| node.strip_prefix(&folder));
            let names = names.filter_map(|rest| rest.split('/').next());
            names.map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
        };
        let stat = |version| ZkStat { version, ..ZkStat::default() };
        match op {
            ZkOp::Sync { .. } => Ok(ZkAnswer::Synced),
            ZkOp::Exists { path, .. } => {
                let is_there = self.nodes.contains_key(path) || !below(path).is_empty();
                Ok(ZkAnswer::Stat(is_there.then_some(ZkStat::default())))
            }
            ZkOp::Children { path, .. } => match below(path) {
                names if names.is_empty() && !self.nodes.contains_key(path) => Err(ZkError::NoNode),
                names => Ok(ZkAnswer::Children(names.into_iter().collect())),
            },
            ZkOp::Get { path, .. } => {
                let (data, version) = self.nodes.get(path).ok_or(ZkError::NoNode)?;
                Ok(ZkAnswer::Data(data.clone().into_bytes(), stat(*version)))
            }
            ZkOp::Set { path, data, version } => {
                let node = self.nodes.get_mut(path).ok_or(ZkError::NoNode)?;
                if node.1 != *version {
                    return Err(ZkError::BadVersion);
                }
                *node = (String::from_utf8(data.clone()).unwrap(), version + 1);
                Ok(ZkAnswer::Set(stat(version + 1)))
            }
            ZkOp::Create { path, data, .. } => {
                if self.nodes.contains_key(path) {
                    return Err(ZkError::NodeExists);
                }
                let folder = path.rsplit_once('/').expect("a folder").0;
                if !self.nodes.contains_key(folder) && below(folder).is_empty() {
                    return Err(ZkError::NoNode);
                }
                self.nodes.insert(path.clone(), (String::from_utf8(data.clone()).unwrap(), 0));
                Ok(ZkAnswer::Created)
            }
            ZkOp::Delete { .. } => panic!("nothing is deleted"),
        }
    }

    fn node(&self, path: &str) -> Option<&str> {
        self.nodes.get(&format!("/consumers/{path}")).map(|(data, _)| data.as_str())
    }
}

fn describe(group: &str) -> Command {
    Command::Group { group: group.into(), topic: None }
}

fn described(reply: Reply) -> Result<GroupDescription, GroupLookError> {
    let Reply::Group(result) = reply else { panic!("another reply: {reply:?}") };
    result.map(|description| *description)
}

fn reset(offsets: &[(i32, i64)]) -> Command {
    let offset =
        |(partition, offset): &(i32, i64)| PartitionOffset { partition: *partition, offset: *offset };
    let offsets = offsets.iter().map(offset).collect();
    reset_in(OffsetStorage::ZooKeeper, offsets)
}

fn reset_in(storage: OffsetStorage, offsets: Vec<PartitionOffset>) -> Command {
    Command::ResetGroup(GroupReset { group: "g".into(), topic: "events".into(), storage, offsets })
}

fn was_reset(reply: Reply) -> Result<(), GroupResetError> {
    let Reply::ResetGroup(result) = reply else { panic!("another reply: {reply:?}") };
    result
}

#[test]
fn groups_are_listed_with_how_many_members_they_have() {
    let nodes = [("b/ids/one", STATIC), ("b/ids/two", STATIC), ("a/offsets/events/0", "5")];
    let mut script = Script::with_nodes(&nodes);
    script.command(Command::Groups);
    let Reply::Groups(Ok(list)) = script.plays() else { panic!("no groups") };
    let listed =
        |name: &str, members| ListedGroup { name: name.into(), home: GroupHome::ZooKeeper { members } };
    assert_eq!(list.groups, [listed("a", 0), listed("b", 2)]);
    assert!(list.untold.is_empty(), "brokers that keep no offsets of groups are not asked");
}

#[test]
fn where_no_group_ever_was_there_are_none() {
    let mut script = Script::with_nodes(&[]);
    script.command(Command::Groups);
    assert!(matches!(script.plays(), Reply::Groups(Ok(list)) if list == GroupList::default()));
}

#[test]
fn a_group_is_its_members_and_who_owns_and_what_is_committed_of_each_partition() {
    let mut script = Script::with_nodes(&[
        ("g/ids/g_a", STATIC),
        ("g/owners/events/0", "g_a-0"),
        ("g/owners/events/10", "g_a-1"),
        ("g/offsets/events/0", "7"),
        ("g/offsets/audit/2", "9"),
    ]);
    script.command(describe("g"));
    let description = described(script.plays()).unwrap();
    let [member] = &description.members[..] else { panic!("one member") };
    assert_eq!((&*member.id, member.dialect), ("g_a", Some(Dialect::Scala)));
    let topics = Subscription::Topics(BTreeMap::from([("events".to_owned(), 2)]));
    assert_eq!(member.subscription, Some(topics));
    let partitions = description.partitions.iter();
    let partitions: Vec<_> = partitions
        .map(|part| (&*part.topic, part.partition, part.owner.as_deref(), part.committed))
        .collect();
    let expected = [
        ("audit", 2, None, Some(9)),
        ("events", 0, Some("g_a-0"), Some(7)),
        ("events", 10, Some("g_a-1"), None),
    ];
    assert_eq!(partitions, expected);
    assert!(description.faults.is_empty());
}

#[test]
fn what_cannot_be_read_is_told_beside_what_can() {
    let mut script = Script::with_nodes(&[
        ("g/ids/odd", ""),
        ("g/offsets/events/0", "seven"),
        ("g/offsets/events/x", "7"),
        ("g/offsets/events/1", "8"),
    ]);
    script.command(describe("g"));
    let description = described(script.plays()).unwrap();
    assert_eq!((description.members.len(), description.members[0].dialect), (1, None));
    assert_eq!(description.partitions.iter().filter_map(|part| part.committed).collect::<Vec<_>>(), [8]);
    assert_eq!(description.faults.len(), 3, "{:?}", description.faults);
}

#[test]
fn a_group_that_is_not_there_is_an_error() {
    let mut script = Script::with_nodes(&[("g/offsets/events/0", "7")]);
    script.command(describe("h"));
    let error = described(script.plays()).unwrap_err();
    assert_eq!(error, GroupLookError::UnknownGroup { group: "h".into() });
}

#[test]
fn a_name_that_cannot_stand_in_zookeeper_is_refused_at_once() {
    let mut script = Script::with_nodes(&[]);
    script.command(describe("a/b"));
    assert!(matches!(described(script.plays()), Err(GroupLookError::Name(_))));
}

#[test]
fn after_a_lost_answer_everything_is_read_anew_in_another_session() {
    let mut script = Script::with_nodes(&[("g/offsets/events/0", "7")]);
    script.command(describe("g"));
    let (id, _) = script.asks().unwrap();
    let first = script.session;
    script.answers(id, Err(ZkError::ConnectionLost));
    while script.asks().is_some() {}
    assert_eq!(script.session, None, "it is closed");
    script.waits();
    assert!(script.asks().is_some_and(|(id, _)| Some(id.session) != first));
    script.waits();
    let Err(GroupLookError::Look(error)) = described(script.plays()) else { panic!("an answer") };
    assert!(matches!(&error, LookError::TimedOut { last, .. } if last.contains("lost")), "{error}");
}

#[test]
fn a_zookeeper_that_is_not_there_is_tried_until_the_time_is_over() {
    let mut script = Script::with_nodes(&[]);
    script.command(Command::Groups);
    let mut tries = 0;
    loop {
        match script.out.pop() {
            Some(Intent::OpenSession { session, .. }) => {
                let state = ZkSessionState::Failed("nobody answers".to_owned());
                script.input(GroupLookupInput::ZooKeeper(ZkNews::Session { session, state }));
                tries += 1;
            }
            Some(Intent::Complete { reply: Reply::Groups(Err(error)), .. }) => {
                assert!(error.to_string().contains("nobody answers") && error.is_retriable());
                break;
            }
            Some(_) => {}
            None => script.waits(),
        }
    }
    assert!(tries > 3);
}

#[test]
fn a_refusal_of_zookeeper_is_told_in_its_words() {
    let mut script = Script::with_nodes(&[("g/offsets/events/0", "7")]);
    script.command(describe("g"));
    let (id, _) = script.asks().unwrap();
    script.answers(id, Err(ZkError::NoAuth));
    while script.asks().is_some() {}
    let error = described(script.reply.take().unwrap()).unwrap_err();
    assert!(matches!(error, GroupLookError::Refused { .. }), "{error}");
}

#[test]
fn a_question_that_is_forgotten_closes_its_session_and_an_order_goes_on() {
    let mut script = Script::with_nodes(&[("g/offsets/events/0", "7")]);
    script.command(describe("g"));
    assert!(script.asks().is_some());
    script.input(GroupLookupInput::Forget { op: OpId(1) });
    while script.asks().is_some() {}
    assert_eq!((script.session, script.lookup.deadline()), (None, None));

    script.command(reset(&[(0, 1)]));
    assert!(script.asks().is_some());
    script.input(GroupLookupInput::Forget { op: OpId(1) });
    assert!(script.lookup.deadline().is_some());
}

#[test]
fn no_more_is_under_way_at_once_than_may_be() {
    let names: Vec<String> = (0..500).map(|number| format!("g/offsets/events/{number}")).collect();
    let nodes: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "7")).collect();
    let mut script = Script::with_nodes(&nodes);
    script.command(describe("g"));
    let (mut under_way, mut most) = (std::collections::VecDeque::new(), 0);
    loop {
        while let Some(asked) = script.asks() {
            under_way.push_back(asked);
        }
        most = most.max(under_way.len());
        let Some((id, op)) = under_way.pop_front() else { break };
        let result = script.does(&op);
        script.answers(id, result);
    }
    assert_eq!(most, limits::ZOOKEEPER_OPERATIONS);
    let description = described(script.reply.take().unwrap()).unwrap();
    assert_eq!(description.partitions.len(), 500);
}

#[test]
fn offsets_are_set_back_and_forth_and_made_where_there_are_none() {
    let mut script = Script::with_nodes(&[("g/offsets/events/0", "7"), ("g/offsets/events/1", "5")]);
    script.command(reset(&[(0, 2), (1, 5), (2, 9)]));
    assert_eq!(was_reset(script.plays()), Ok(()));
    assert_eq!(script.node("g/offsets/events/0"), Some("2"));
    assert_eq!(script.node("g/offsets/events/2"), Some("9"));
    let path = "/consumers/g/offsets/events/1";
    let touches =
        |op: &ZkOp| matches!(op, ZkOp::Set { path: set, .. } | ZkOp::Create { path: set, .. } if set == path);
    assert!(!script.written.iter().any(touches), "what is right is left alone");
}

#[test]
fn a_group_with_members_is_left_alone() {
    for nodes in [("g/ids/g_a", STATIC), ("g/owners/events/0", "g_a-0")] {
        let mut script = Script::with_nodes(&[nodes, ("g/offsets/events/0", "7")]);
        script.command(reset(&[(0, 2)]));
        let error = was_reset(script.plays()).unwrap_err();
        assert!(matches!(error, GroupResetError::HasMembers { .. }), "{error}");
        assert!(script.written.is_empty());
    }
}

#[test]
fn offsets_of_a_group_that_is_not_there_are_not_set() {
    let mut script = Script::with_nodes(&[("h/offsets/events/0", "7")]);
    script.command(reset(&[(0, 2)]));
    let unknown = GroupLookError::UnknownGroup { group: Arc::from("g") };
    assert_eq!(was_reset(script.plays()), Err(unknown.into()));
    assert!(script.written.is_empty());
}

#[test]
fn a_group_that_is_deleted_meanwhile_is_told_and_not_made() {
    let mut script = Script::with_nodes(&[("g/offsets/events/0", "7"), ("h/offsets/events/0", "7")]);
    script.command(reset(&[(0, 2)]));
    script.plays_with(|nodes, op| {
        if matches!(op, ZkOp::Create { .. }) {
            nodes.retain(|path, _| !path.starts_with("/consumers/g/"));
        }
    });
    let unknown = GroupLookError::UnknownGroup { group: Arc::from("g") };
    assert_eq!(was_reset(script.reply.take().unwrap()), Err(unknown.into()));
    assert_eq!(script.node("g/offsets/events/0"), None);
}

#[test]
fn offsets_in_nodes_named_by_broker_and_partition_are_left_alone() {
    let mut script = Script::with_nodes(&[("g/offsets/events/1-0", "7")]);
    script.command(reset(&[(0, 2)]));
    let error = was_reset(script.plays()).unwrap_err();
    assert!(matches!(&error, GroupResetError::OtherNodes { node, .. } if node == "1-0"), "{error}");
    assert!(script.written.is_empty());
}

#[test]
fn what_was_written_in_between_is_read_before_it_is_written_over() {
    let mut script = Script::with_nodes(&[("g/offsets/events/0", "7")]);
    script.command(reset(&[(0, 2), (1, 3)]));
    let mut is_done = false;
    script.plays_with(|nodes, op| {
        if matches!(op, ZkOp::Set { .. }) && !std::mem::replace(&mut is_done, true) {
            nodes.insert("/consumers/g/offsets/events/0".to_owned(), ("8".to_owned(), 4));
            nodes.insert("/consumers/g/offsets/events/1".to_owned(), ("8".to_owned(), 0));
        }
    });
    assert_eq!(was_reset(script.reply.take().unwrap()), Ok(()));
    assert_eq!(script.node("g/offsets/events/0"), Some("2"));
    assert_eq!(script.node("g/offsets/events/1"), Some("3"));
}

#[test]
fn members_that_come_while_offsets_are_set_are_told_of() {
    let mut script = Script::with_nodes(&[("g/offsets/events/0", "7")]);
    script.command(reset(&[(0, 2)]));
    script.plays_with(|nodes, op| {
        if matches!(op, ZkOp::Set { .. }) {
            nodes.insert("/consumers/g/ids/g_a".to_owned(), (STATIC.to_owned(), 0));
        }
    });
    let error = was_reset(script.reply.take().unwrap()).unwrap_err();
    assert!(matches!(&error, GroupResetError::Joined { members, .. } if members == &["g_a"]), "{error}");
}

#[test]
fn a_write_of_unknown_fate_is_looked_at_in_another_session_before_it_is_written_again() {
    for was_done in [true, false] {
        let mut script = Script::with_nodes(&[("g/offsets/events/0", "7")]);
        script.command(reset(&[(0, 2)]));
        while let Some((id, op)) = script.asks() {
            if matches!(op, ZkOp::Set { .. }) {
                if was_done {
                    assert!(script.does(&op).is_ok());
                }
                script.answers(id, Err(ZkError::ConnectionLost));
                break;
            }
            let result = script.does(&op);
            script.answers(id, result);
        }
        while script.asks().is_some() {}
        script.written.clear();
        script.waits();
        assert_eq!(was_reset(script.plays()), Ok(()));
        assert_eq!(script.node("g/offsets/events/0"), Some("2"));
        let sets = script.written.iter().filter(|op| matches!(op, ZkOp::Set { .. })).count();
        assert_eq!(sets, usize::from(!was_done));
    }
}
