//! A member that leaves its group while the client is closed.

use std::collections::{BTreeMap, VecDeque};

use super::*;
use crate::command::GroupSpec;
use crate::config::{FetchConfig, GroupTimes};
use crate::consumer::Membership;
use crate::group::{Commit, GroupError, OffsetStorage};
use crate::id::{MemberId, ZkRequestId};
use crate::offset::Offset;
use crate::zookeeper::{ZkAnswer, ZkError, ZkNews, ZkOp, ZkSessionState, ZkStat};

const TIMEOUT: Duration = Duration::from_secs(6);
const LOCK: &str = "/consumers/g/owners/t/0";
const LEAVES: OpId = OpId(2);
const CLOSES: OpId = OpId(3);

/// An engine with a member that has one partition, and the nodes of the ensemble.
struct Script {
    engine: Engine,
    now: Now,
    nodes: BTreeMap<String, Vec<u8>>,
    asked: VecDeque<(ZkRequestId, ZkOp)>,
    replies: Vec<(OpId, Reply)>,
    membership: Option<Membership>,
}

impl Script {
    fn start() -> Self {
        let engine = Engine::new(Config::new(Discovery::ZooKeeper {
            ensemble: "zk:2181/kafka".to_owned(),
            session_timeout: TIMEOUT,
        }));
        let topic = br#"{"version":1,"partitions":{"0":[1]}}"#.to_vec();
        let nodes = [("/brokers/ids", Vec::new()), ("/brokers/topics/t", topic)];
        let mut script = Self {
            engine,
            now: Now::default(),
            nodes: nodes.into_iter().map(|(path, data)| (path.to_owned(), data)).collect(),
            asked: VecDeque::new(),
            replies: Vec::new(),
            membership: None,
        };
        script.command(OpId(1), Command::JoinGroup(Box::new(spec())), TIMEOUT);
        script.answers();
        let joined = script.replies.pop();
        let Some((_, Reply::JoinGroup(Ok(membership)))) = joined else { panic!("{joined:?}") };
        script.membership = Some(membership);
        assert!(script.nodes.contains_key(LOCK), "{:?}", script.nodes);
        script
    }

    fn command(&mut self, op: OpId, command: Command, within: Duration) {
        self.input(Input::Command { op, command, within });
    }

    fn leaves(&mut self, within: Duration) {
        let member: MemberId = self.membership.as_ref().expect("a member").id;
        self.command(LEAVES, Command::LeaveGroup { member }, within);
    }

    fn input(&mut self, input: Input) {
        self.engine.handle(self.now, input);
        while let Some(intent) = self.engine.poll_intent() {
            match intent {
                Intent::OpenSession { session, .. } => {
                    let state = ZkSessionState::Connected { id: 7, timeout: TIMEOUT };
                    self.engine.handle(self.now, Input::ZooKeeper(ZkNews::Session { session, state }));
                }
                Intent::ZooKeeper { id, op } => self.asked.push_back((id, op)),
                Intent::Complete { op, reply } => self.replies.push((op, reply)),
                _ => {}
            }
        }
    }

    /// Answers until nothing is asked any more.
    fn answers(&mut self) {
        while let Some((id, op)) = self.asked.pop_front() {
            let result = self.perform(op);
            self.input(Input::ZooKeeper(ZkNews::Reply { id, result }));
        }
    }

    fn perform(&mut self, op: ZkOp) -> Result<ZkAnswer, ZkError> {
        let stat = ZkStat { ephemeral_owner: 7, ..ZkStat::default() };
        match op {
            ZkOp::Get { path, .. } => {
                self.nodes.get(&path).map(|data| ZkAnswer::Data(data.clone(), stat)).ok_or(ZkError::NoNode)
            }
            ZkOp::Exists { path, .. } => Ok(ZkAnswer::Stat(self.nodes.contains_key(&path).then_some(stat))),
            ZkOp::Children { path, .. } => {
                let names = self.nodes.keys().filter_map(|node| node.strip_prefix(&format!("{path}/")));
                Ok(ZkAnswer::Children(names.map(str::to_owned).collect()))
            }
            ZkOp::Create { path, data, .. } => {
                self.nodes.insert(path, data);
                Ok(ZkAnswer::Created)
            }
            ZkOp::Delete { path, .. } => {
                self.nodes.remove(&path).map(|_| ZkAnswer::Deleted).ok_or(ZkError::NoNode)
            }
            ZkOp::Set { path, data, .. } => {
                self.nodes.insert(path, data);
                Ok(ZkAnswer::Set(stat))
            }
            ZkOp::Sync { .. } => Ok(ZkAnswer::Synced),
        }
    }

    /// What came of the leave, if it is over.
    fn left(&self) -> Option<&Result<(), GroupError>> {
        self.replies.iter().find_map(|(_, reply)| match reply {
            Reply::LeaveGroup(left) => Some(left),
            _ => None,
        })
    }
}

fn spec() -> GroupSpec {
    GroupSpec {
        group: "g".into(),
        topics: vec!["t".into()],
        pattern: None,
        start: Offset::Earliest,
        commit: Commit::Automatic,
        commit_interval: TIMEOUT,
        assignor: None,
        times: GroupTimes::default(),
        streams: 1,
        offsets: Some(OffsetStorage::ZooKeeper),
        protocol: None,
        python3_owners: false,
        fetch: FetchConfig::default(),
    }
}

#[test]
fn to_leave_during_a_close_is_answered_when_the_member_has_left() {
    let mut script = Script::start();
    script.command(CLOSES, Command::Close, 4 * SECOND);
    script.leaves(SECOND);
    assert!(script.left().is_none() && !script.engine.is_closed(), "it gives its partition up");
    script.answers();
    assert!(!script.nodes.contains_key(LOCK));
    assert_eq!(script.left(), Some(&Ok(())));
    assert!(script.engine.is_closed());
}

#[test]
fn to_leave_during_a_close_waits_until_the_nearest_bound_and_no_longer() {
    for (close, leave) in [(4, 1), (1, 4)] {
        let mut script = Script::start();
        script.command(CLOSES, Command::Close, close * SECOND);
        script.leaves(leave * SECOND);
        let until = script.now.mono + SECOND;
        while !script.engine.is_closed() {
            assert!(script.left().is_none());
            script.now.mono = script.engine.deadline().expect("a deadline").at;
            script.input(Input::Tick);
        }
        assert_eq!((script.now.mono, script.left()), (until, Some(&Ok(()))));
    }
}
