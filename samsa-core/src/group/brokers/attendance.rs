//! How a member stands with its coordinator: what was asked of it, and until when the member can rely on what it has.
//!
//! A coordinator takes a member out that it has not heard of for a certain time. It has heard when a request came, which is after
//! that was asked here. So what is held can be relied on for that time from the moment the newest question was asked that
//! has an answer, whenever that came. A quarter of it is left to clocks that differ, and to a machine that stood still
//! for so short a time that [nobody noticed](crate::group::doubt). What is past that time is not lost: once the
//! coordinator answers again as before, nobody else has had it in between. It only is not handed out meanwhile.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::group::coordinator::{Attend, MemberAsk};
use crate::group::doubt::Doubt;
use crate::group::offsets::{Ask, CoordinatorAsk, OffsetAsk};
use crate::group::standing::Standing;
use crate::group::world::World;
use crate::id::{SessionId, ZkRequestId};
use crate::planted::{PlantedBug, is_planted};
use crate::time::{Instant, Now};
use crate::topology::TopicPartition;
use crate::zookeeper::ZkOp;

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// The offset of a partition.
    Offset(TopicPartition),
    /// What the member says for itself; asked after so many doubts.
    Own {
        doubts: u64,
    },
    Leave,
    Topics,
}

#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) question: Question,
    pub(super) issued: Instant,
}

#[derive(Clone, Debug)]
pub(super) struct Attendance {
    name: SessionId,
    next_seq: u64,
    asked: BTreeMap<u64, Asked>,
    /// After how long a silence the coordinator may take the member out.
    timeout: Duration,
    /// When the newest question was asked that has an answer.
    proved: Instant,
    doubt: Doubt,
}

impl Attendance {
    pub(super) fn new(name: SessionId, now: Now, timeout: Duration) -> Self {
        Self { name, next_seq: 0, asked: BTreeMap::new(), timeout, proved: now.mono, doubt: Doubt::new(now) }
    }

    pub(super) fn lasts(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    /// Asks what the member has to say for itself, or to leave, or which topics there are.
    pub(super) fn ask(&mut self, world: &mut impl World, now: Now, ask: MemberAsk) {
        let question = match ask {
            MemberAsk::Topics => Question::Topics,
            MemberAsk::Leave { .. } | MemberAsk::Attend(Attend { epoch: Attend::LEAVES, .. }) => {
                Question::Leave
            }
            _ => Question::Own { doubts: self.doubt.count() },
        };
        self.put(world, now, question, CoordinatorAsk::Member(ask));
    }

    fn put(&mut self, world: &mut impl World, now: Now, question: Question, ask: CoordinatorAsk) {
        self.next_seq += 1;
        self.asked.insert(self.next_seq, Asked { question, issued: now.mono });
        world.ask_brokers(ZkRequestId { session: self.name, seq: self.next_seq }, ask);
    }

    /// What was asked under this number, if its answer is still wanted.
    pub(super) fn answered(&mut self, id: ZkRequestId) -> Option<Asked> {
        if id.session == self.name { self.asked.remove(&id.seq) } else { None }
    }

    /// Whether the coordinator owes an answer to what the member says for itself.
    pub(super) fn waits(&self) -> bool {
        self.asked.values().any(|asked| matches!(asked.question, Question::Own { .. }))
    }

    /// Whether it has asked which topics there are.
    pub(super) fn asks_for_topics(&self) -> bool {
        self.asked.values().any(|asked| asked.question == Question::Topics)
    }

    /// What the member said for itself is over.
    pub(super) fn forget_own(&mut self) {
        self.asked.retain(|_, asked| !matches!(asked.question, Question::Own { .. }));
    }

    /// Nothing that was asked is wanted any more.
    pub(super) fn forget(&mut self, world: &mut impl World) {
        self.asked.clear();
        if !is_planted(PlantedBug::KeepsAsked) {
            world.drop_asked();
        }
    }

    /// The coordinator counts the member in, as was asked then.
    pub(super) fn is_proved(&mut self, issued: Instant, doubts: u64) {
        self.proved = self.proved.max(issued);
        self.doubt.is_over(doubts);
    }

    /// When the newest question was asked that has an answer.
    pub(super) fn proved(&self) -> Instant {
        self.proved
    }

    pub(super) fn ends(&self) -> Instant {
        self.proved + self.timeout * 3 / 4
    }

    /// Looks at both clocks. Says whether there is a new doubt.
    pub(super) fn comes_in_doubt(&mut self, now: Now) -> bool {
        self.doubt.comes(now, self.timeout)
    }

    pub(super) fn ahead_at_most(&self) -> i64 {
        self.doubt.ahead_at_most(self.timeout)
    }
}

impl Standing for Attendance {
    /// A read counts alone: an answer to one of before says nothing.
    fn ask_offset(&mut self, world: &mut impl World, now: Now, partition: &TopicPartition, ask: Ask) {
        let Ask::Brokers(ask) = ask else { return };
        let question = Question::Offset(partition.clone());
        if ask == OffsetAsk::Read {
            self.asked.retain(|_, asked| asked.question != question);
        }
        self.put(world, now, question, CoordinatorAsk::Offset(partition.clone(), ask));
    }

    fn sync(&mut self, _: &mut impl World, _: Now, _: ZkOp) {}

    fn is_in_doubt(&self) -> bool {
        self.doubt.is_open()
    }
}
