//! The ZooKeeper session of one member: what was asked in it, and until when it can be relied on.
//!
//! The servers end a session when their leader has not heard of it for its timeout. The session was there when an operation
//! was answered that goes through the leader: a `Sync`, or what changes nodes. The leader hears of it from the server that
//! the operation came through, with that server's next sign of life. So the session lives for the timeout at least from the
//! moment that such an operation was *issued*, whenever the answer came, unless that server is lost right behind it (how
//! much is lacking then is in decision 0010). Of that the member uses three quarters. A read proves nothing: a server that
//! is cut off from its leader answers reads for a while. So a `Sync` is asked for at least every sixth of the timeout.
//!
//! When the clocks [disagree](super::doubt), the session is in doubt until it was looked at again.

use std::collections::BTreeMap;
use std::time::Duration;

use super::dialect::Asked as AskedOfKafka07;
use super::doubt::Doubt;
use super::offsets::{Ask, CoordinatorAsk, OffsetAsk};
use super::standing::Standing;
use super::world::World;
use crate::id::{SessionId, ZkRequestId};
use crate::intent::Intent;
use crate::planted::{PlantedBug, is_planted};
use crate::time::{Instant, Now};
use crate::topology::TopicPartition;
use crate::zookeeper::{ZkAnswer, ZkError, ZkOp};

/// What an operation was for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Question {
    /// The folder is made.
    Parent,
    /// The member's own node: made, or looked at.
    Registration,
    /// Whether the session is there, with the member's node; asked after so many doubts.
    Alive(u64),
    /// Who is there, in this round of reading.
    Members(u64),
    /// What this member wants.
    Member(u64, String),
    /// Which topics there are.
    Topics(u64),
    /// The partitions of this topic.
    Topic(u64, String),
    /// A folder of a topic is made.
    Folder(u64),
    /// Who leads this partition.
    Leader(u64, TopicPartition),
    /// What there is of Kafka 0.7.
    Kafka07(u64, AskedOfKafka07),
    /// Whether others lock their partitions in another folder.
    OtherFolder(u64),
    /// Whether this topic, or this partition, has come.
    Coming,
    /// The owner node of a partition.
    Owner(TopicPartition),
    /// The other name that the owner node of a partition is to have.
    Name(TopicPartition),
    /// The offset node of a partition.
    Offset(TopicPartition),
    /// The offset of a partition on the brokers.
    OnBrokers(TopicPartition),
    /// Whether the group is elsewhere, in this look.
    Elsewhere(u64),
    /// Only what comes after it in the session counts.
    Synced,
}

#[derive(Clone, Debug, Hash)]
struct Asked {
    question: Question,
    issued: Instant,
    /// The leader has a part in the answer.
    proves: bool,
}

#[derive(Clone, Debug, Hash)]
pub(super) struct Session {
    name: SessionId,
    /// What ZooKeeper calls it, once it is there.
    pub(super) id: Option<i64>,
    pub(super) timeout: Duration,
    next_seq: u64,
    asked: BTreeMap<u64, Asked>,
    last_asked: Instant,
    /// When the newest operation was issued that the leader has answered.
    proved: Instant,
    doubt: Doubt,
}

impl Session {
    pub(super) fn open(world: &mut impl World, now: Now, name: SessionId, timeout: Duration) -> Self {
        world.intend(Intent::OpenSession { session: name, timeout });
        Self {
            name,
            id: None,
            timeout,
            next_seq: 0,
            asked: BTreeMap::new(),
            last_asked: now.mono,
            proved: now.mono,
            doubt: Doubt::new(now),
        }
    }

    pub(super) fn name(&self) -> SessionId {
        self.name
    }

    /// The servers have it, under this id and with this timeout.
    pub(super) fn connected(&mut self, id: i64, timeout: Duration) {
        self.id = Some(id);
        self.timeout = timeout;
    }

    pub(super) fn ask(&mut self, world: &mut impl World, now: Now, question: Question, op: ZkOp) {
        self.next_seq += 1;
        let is_read = matches!(op, ZkOp::Get { .. } | ZkOp::Exists { .. } | ZkOp::Children { .. });
        let proves = !is_read;
        self.asked.insert(self.next_seq, Asked { question, issued: now.mono, proves });
        if proves {
            self.last_asked = now.mono;
        }
        let id = ZkRequestId { session: self.name, seq: self.next_seq };
        world.intend(Intent::ZooKeeper { id, op });
    }

    /// Asks the brokers in the time of this session: with it the question ends, and what was not sent yet never is.
    pub(super) fn ask_brokers(
        &mut self,
        world: &mut impl World,
        now: Now,
        question: Question,
        ask: CoordinatorAsk,
    ) {
        // Unlike those of ZooKeeper, its answers may come out of order: one of before the partition was claimed, which begins
        // with a read, says nothing.
        let is_read = matches!(ask, CoordinatorAsk::Offset(_, OffsetAsk::Read));
        if is_read && matches!(question, Question::OnBrokers(_)) {
            self.asked.retain(|_, asked| asked.question != question);
        }
        self.next_seq += 1;
        self.asked.insert(self.next_seq, Asked { question, issued: now.mono, proves: false });
        world.ask_brokers(ZkRequestId { session: self.name, seq: self.next_seq }, ask);
    }

    /// The brokers have answered what was asked under this name.
    pub(super) fn brokers_answered(&mut self, seq: u64) -> Option<Question> {
        Some(self.asked.remove(&seq)?.question)
    }

    /// What was asked under this name. An answer of the leader, be it a refusal, proves that the session was there.
    pub(super) fn answered(&mut self, seq: u64, result: &Result<ZkAnswer, ZkError>) -> Option<Question> {
        let Asked { question, issued, proves } = self.asked.remove(&seq)?;
        let is_answer =
            !matches!(result, Err(ZkError::ConnectionLost | ZkError::SessionExpired | ZkError::Other(_)));
        if is_answer && proves {
            self.proved = self.proved.max(issued);
        }
        Some(question)
    }

    /// The end of what can be relied on.
    pub(super) fn ends(&self) -> Instant {
        self.proved + self.timeout * 3 / 4
    }

    /// When something has to be asked, so that it does not end.
    pub(super) fn asks_again(&self) -> Instant {
        self.last_asked + self.timeout / 6
    }

    /// Looks at both clocks. Says whether the session has come in doubt just now.
    pub(super) fn comes_in_doubt(&mut self, now: Now) -> bool {
        self.doubt.comes(now, self.timeout)
    }

    /// How often it was in doubt.
    pub(super) fn doubts(&self) -> u64 {
        self.doubt.count()
    }

    /// It was looked at after so many doubts, and is there.
    pub(super) fn is_there(&mut self, doubts: u64) {
        self.doubt.is_over(doubts);
    }

    /// How far the wall clock may be ahead before the session is in doubt.
    pub(super) fn ahead_at_most(&self) -> i64 {
        self.doubt.ahead_at_most(self.timeout)
    }

    /// While nothing is asked, nothing is left of the numbers that were given.
    #[cfg(feature = "model")]
    pub(super) fn forget_numbers(&mut self) -> bool {
        let is_quiet = self.asked.is_empty();
        self.next_seq = if is_quiet { 0 } else { self.next_seq };
        is_quiet
    }

    pub(super) fn close(&self, world: &mut impl World) {
        if !is_planted(PlantedBug::KeepsAsked) {
            world.drop_asked();
        }
        world.intend(Intent::CloseSession { session: self.name });
    }
}

impl Standing for Session {
    fn ask_offset(&mut self, world: &mut impl World, now: Now, partition: &TopicPartition, ask: Ask) {
        match ask {
            Ask::ZooKeeper(op) => self.ask(world, now, Question::Offset(partition.clone()), op),
            Ask::Brokers(ask) => {
                let question = Question::OnBrokers(partition.clone());
                let ask = CoordinatorAsk::Offset(partition.clone(), ask);
                self.ask_brokers(world, now, question, ask);
            }
        }
    }

    fn sync(&mut self, world: &mut impl World, now: Now, op: ZkOp) {
        self.ask(world, now, Question::Synced, op);
    }

    fn is_in_doubt(&self) -> bool {
        self.doubt.is_open()
    }
}
