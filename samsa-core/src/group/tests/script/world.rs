//! The rest of the client, of which it is kept what the member wanted of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::FIRST_TURN;
use crate::consumer::{ConsumerEvent, Held, Hold, Lease};
use crate::group::GroupError;
use crate::group::brokers::{BrokerWorld, Seen as Metadata};
use crate::group::coordinator::Identity;
use crate::group::offsets::CoordinatorAsk;
use crate::group::world::{Done, World};
use crate::id::{SessionId, ZkRequestId};
use crate::intent::Intent;
use crate::offset::Offset;
use crate::time::Instant;
use crate::topology::TopicPartition;
use crate::wake::{DriverSignal, Wakers};
use crate::zookeeper::ZkOp;

/// What the member did, besides asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Joined,
    Renewed,
    Withdrawn(i32),
    Lost(Vec<i32>),
    Idle,
    Foreign(String),
    CommitFailed(i32),
    Committed(bool),
    Closed,
    Over,
}

#[derive(Debug, Default)]
pub(in crate::group) struct TestWorld {
    pub(in crate::group) asked: VecDeque<(ZkRequestId, ZkOp)>,
    pub(in crate::group) asked_brokers: VecDeque<(ZkRequestId, CoordinatorAsk)>,
    pub(in crate::group) opened: Option<SessionId>,
    pub(in crate::group) sessions: u32,
    pub(in crate::group) seen: Vec<Seen>,
    pub(in crate::group) starts: Vec<(TopicPartition, Offset)>,
    pub(in crate::group) reads: Vec<i32>,
    pub(in crate::group) done: BTreeMap<TopicPartition, Done>,
    pub(in crate::group) begun: BTreeMap<TopicPartition, Done>,
    pub(in crate::group) had: BTreeMap<TopicPartition, Done>,
    pub(in crate::group) shown: Vec<TopicPartition>,
    pub(in crate::group) lease: Lease,
    pub(in crate::group) failure: Option<GroupError>,
    pub(in crate::group) listens: bool,
    pub(in crate::group) holds: Vec<Hold>,
    /// As whom offsets are committed, where the group is on the brokers.
    pub(in crate::group) identity: Option<Identity>,
    /// What the metadata has of topics, and of which it is kept.
    pub(in crate::group) topics: BTreeMap<String, Metadata>,
    pub(in crate::group) followed: Vec<String>,
    pub(in crate::group) refreshes: usize,
    /// Whether what was asked waits for a coordinator.
    pub(in crate::group) sends_nothing: bool,
}

impl World for TestWorld {
    fn intend(&mut self, intent: Intent) {
        match intent {
            Intent::OpenSession { session, .. } => self.opened = Some(session),
            Intent::CloseSession { .. } => {
                self.asked.clear();
                self.seen.push(Seen::Closed);
            }
            Intent::ZooKeeper { id, op } => self.asked.push_back((id, op)),
            other => panic!("{other:?}"),
        }
    }

    fn next_session(&mut self) -> SessionId {
        self.sessions += 1;
        SessionId(self.sessions)
    }

    fn ask_brokers(&mut self, id: ZkRequestId, ask: CoordinatorAsk) {
        self.asked_brokers.push_back((id, ask));
    }

    fn drop_asked(&mut self) {
        self.asked_brokers.clear();
    }

    fn assign(&mut self, partition: &TopicPartition, start: Offset, is_withheld: bool) -> Option<u64> {
        self.starts.push((partition.clone(), start));
        if !is_withheld {
            self.reads.push(partition.partition);
        }
        if let Offset::Exact(offset) = start {
            self.begun.insert(partition.clone(), Done { offset, turn: FIRST_TURN });
        }
        Some(FIRST_TURN)
    }

    fn read_on(&mut self, partition: &TopicPartition) {
        self.reads.push(partition.partition);
    }

    fn begin_at(&mut self, partition: &TopicPartition, offset: i64, since: u64) -> Option<u64> {
        let begun = self.begun.get_mut(partition).filter(|begun| begun.turn == since)?;
        *begun = Done { offset, turn: since + 1 };
        self.starts.push((partition.clone(), Offset::Exact(offset)));
        Some(since + 1)
    }

    fn withdraw(&mut self, partition: &TopicPartition) {
        self.seen.push(Seen::Withdrawn(partition.partition));
    }

    fn forget(&mut self, partition: &TopicPartition) {
        for known in [&mut self.done, &mut self.begun, &mut self.had] {
            known.remove(partition);
        }
    }

    fn done(&self, partition: &TopicPartition) -> Option<Done> {
        self.done.get(partition).copied()
    }

    fn start(&self, partition: &TopicPartition) -> Option<Done> {
        self.begun.get(partition).copied()
    }

    fn handed_out(&self, partition: &TopicPartition) -> Option<Done> {
        self.had.get(partition).copied().or_else(|| self.done(partition))
    }

    fn renew(&mut self, until: Instant, ahead: i64) {
        self.seen.push(Seen::Renewed);
        self.lease.renew(until, ahead, &mut Wakers::default());
    }

    fn end_lease(&mut self) {
        self.lease.end();
    }

    fn revoking(&mut self, _: Vec<TopicPartition>, _: Instant) -> Held {
        let (hold, state) = Hold::new(&Arc::new(DriverSignal::default()));
        self.holds.extend(Some(hold).filter(|_| self.listens));
        state
    }

    fn tell(&mut self, event: ConsumerEvent) {
        self.seen.extend(match event {
            ConsumerEvent::Lost { partitions } => {
                Some(Seen::Lost(partitions.into_iter().map(|lost| lost.partition).collect()))
            }
            ConsumerEvent::Idle => Some(Seen::Idle),
            ConsumerEvent::ForeignMember { member, .. } => Some(Seen::Foreign(member)),
            ConsumerEvent::CommitFailed { partition, .. } => Some(Seen::CommitFailed(partition.partition)),
            ConsumerEvent::Assigned { .. }
            | ConsumerEvent::Revoking { .. }
            | ConsumerEvent::Missed { .. } => None,
        });
    }

    fn show(&mut self, assignment: Vec<TopicPartition>) {
        self.shown = assignment;
    }

    fn joined(&mut self) {
        self.seen.push(Seen::Joined);
    }

    fn committed(&mut self, result: Result<(), String>) {
        self.seen.push(Seen::Committed(result.is_ok()));
    }

    fn over(&mut self, failure: Option<GroupError>) {
        self.failure = failure;
        self.seen.push(Seen::Over);
    }
}

impl BrokerWorld for TestWorld {
    fn act_as(&mut self, identity: Option<Identity>) {
        self.identity = identity;
    }

    fn drop_unsent(&mut self) -> bool {
        let before = self.asked_brokers.len();
        if self.sends_nothing {
            self.asked_brokers.retain(|(_, ask)| !matches!(ask, CoordinatorAsk::Member(_)));
        }
        self.asked_brokers.len() < before
    }

    fn follow(&mut self, topic: &Arc<str>) {
        self.followed.push(topic.to_string());
    }

    fn seen(&self, topic: &str) -> Metadata {
        self.topics.get(topic).copied().unwrap_or(Metadata::NotYet)
    }

    fn refresh(&mut self) {
        self.refreshes += 1;
    }
}
