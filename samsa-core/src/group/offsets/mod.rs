//! The committed offset of one partition, wherever the group keeps it: in ZooKeeper, on the brokers, or in both places.
//!
//! Of two places the larger offset counts, and both are written; who writes in both is done when both are.

mod kept;

use super::OffsetsError;
use super::coordinator::outside::{OutsideAnswer, OutsideAsk};
use super::coordinator::{MemberAnswer, MemberAsk};
use super::world::Done;
use crate::planted::{PlantedBug, is_planted};
use crate::topology::TopicPartition;
use crate::zookeeper::{ZkAnswer, ZkError, ZkOp};

use self::kept::Kept;
pub(super) use self::kept::Step;

/// Where a group whose members find each other in ZooKeeper keeps its offsets. All members of a group have to say the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OffsetStorage {
    /// In ZooKeeper. Only the session that holds a partition's lock can write there, so whoever has lost the lock changes nothing.
    #[default]
    ZooKeeper,
    /// On the brokers, from Kafka 0.8.2 on: what the Scala consumers do with `offsets.storage=kafka` and
    /// `dual.commit.enabled=false`. The brokers know no locks:
    /// a commit that is on its way when a partition goes to another member may land late, over what that one has committed.
    /// Messages may then be handed out again; none is left out that was not handed out.
    Brokers,
    /// In both places: what the Scala consumers do with `offsets.storage=kafka` unless `dual.commit.enabled` is set to false.
    /// Each begins at the larger offset, and writes both. It is for groups that move from one place to the other.
    Both,
}

impl OffsetStorage {
    /// Whether they are in ZooKeeper, there alone or also.
    pub fn in_zookeeper(self) -> bool {
        match self {
            Self::ZooKeeper | Self::Both => true,
            Self::Brokers => false,
        }
    }

    /// Whether they are on the brokers, there alone or also.
    pub fn on_brokers(self) -> bool {
        match self {
            Self::Brokers | Self::Both => true,
            Self::ZooKeeper => false,
        }
    }
}

/// What is asked of the brokers about one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum OffsetAsk {
    Read,
    Commit(i64),
}

/// What is asked of a group's coordinator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum CoordinatorAsk {
    Offset(TopicPartition, OffsetAsk),
    /// How many members the group has that the brokers coordinate.
    Members,
    /// What one of those asks for itself.
    Member(MemberAsk),
    /// For who is no member.
    Outside(OutsideAsk),
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CoordinatorAnswer {
    Read(Option<i64>),
    Committed,
    Members(usize),
    Member(MemberAnswer),
    Outside(OutsideAnswer),
}

/// What is asked, wherever it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    ZooKeeper(ZkOp),
    Brokers(OffsetAsk),
}

/// What comes back.
pub(super) enum Answer<'a> {
    ZooKeeper(&'a Result<ZkAnswer, ZkError>),
    Brokers(&'a Result<CoordinatorAnswer, OffsetsError>),
}

#[derive(Clone, Debug, Hash)]
pub(super) struct Offsets {
    /// One or two: ZooKeeper first, where who was overtaken is told.
    kept: Vec<Kept>,
    /// Where the partition begins, while that is committed in one place after the other.
    start: Option<Done>,
}

impl Offsets {
    pub(super) fn new(storage: OffsetStorage, path: String) -> Self {
        let in_node = storage.in_zookeeper().then(|| Kept::in_node(path));
        let on_brokers = storage.on_brokers().then(Kept::on_brokers);
        Self { kept: in_node.into_iter().chain(on_brokers).collect(), start: None }
    }

    /// What is stored now is to be read, everywhere.
    pub(super) fn read_anew(&mut self) -> Vec<Ask> {
        self.kept.iter_mut().for_each(Kept::read_anew);
        self.read_rest()
    }

    /// What is not known yet is to be read.
    pub(super) fn read_rest(&self) -> Vec<Ask> {
        self.kept.iter().filter(|kept| !kept.is_read()).map(Kept::read).collect()
    }

    /// Takes over what was read in one place. Says whether all is known.
    pub(super) fn learn(&mut self, answer: &Answer<'_>) -> Result<bool, String> {
        if let Some(kept) = self.kept.iter_mut().find(|kept| kept.is_at(answer)) {
            kept.learn(answer)?;
        }
        Ok(self.kept.iter().all(Kept::is_read))
    }

    pub(super) fn stored(&self) -> Option<i64> {
        let all = self.kept.iter().filter_map(Kept::stored);
        if is_planted(PlantedBug::BeginsAtSmaller) { all.min() } else { all.max() }
    }

    pub(super) fn turn(&self) -> Option<u64> {
        self.kept.iter().filter_map(Kept::turn).max()
    }

    /// What the turn is in which the partition begins to be read.
    pub(super) fn begin(&mut self, turn: Option<u64>) {
        self.kept.iter_mut().for_each(|kept| kept.begin(turn));
    }

    pub(super) fn is_idle(&self) -> bool {
        self.kept.iter().all(Kept::is_idle)
    }

    /// Whether there is something to commit, somewhere.
    pub(super) fn is_behind(&self, done: Done) -> bool {
        self.kept.iter().any(|kept| kept.is_behind(done))
    }

    /// Commits, if nothing is under way and there is something to commit.
    pub(super) fn commit(&mut self, done: Done) -> Vec<Ask> {
        if !self.is_idle() {
            return Vec::new();
        }
        self.kept.iter_mut().filter_map(|kept| kept.commit(done)).collect()
    }

    /// Commits where the partition begins, where nothing is committed.
    pub(super) fn commit_start(&mut self, start: Done) -> Vec<Ask> {
        if !self.is_idle() {
            return Vec::new();
        }
        let first = self.kept.first_mut().and_then(|kept| kept.commit_start(start));
        self.start = Some(start).filter(|_| first.is_some());
        first.into_iter().collect()
    }

    /// What was asked has its answer.
    pub(super) fn answered(&mut self, answer: &Answer<'_>) -> Step {
        let Some(at) = self.kept.iter().position(|kept| kept.is_at(answer)) else { return Step::Settled };
        let Some(start) = self.start else { return self.kept[at].answered(answer) };
        match self.kept[at].start_answered(answer, at > 0) {
            Step::Settled => self.begin_in(at + 1, start),
            step @ (Step::Ask(_) | Step::Rest) => step,
            ended => {
                self.start = None;
                ended
            }
        }
    }

    /// Where the partition begins is committed in the place of this number, if there is one.
    fn begin_in(&mut self, at: usize, start: Done) -> Step {
        if let Some(ask) = self.kept.get_mut(at).and_then(|kept| kept.commit_start(start)) {
            return Step::Ask(ask);
        }
        self.start = None;
        Step::Settled
    }

    /// The wait is over. What is looked at now, each behind what makes it count.
    pub(super) fn look_again(&mut self) -> Vec<(Option<ZkOp>, Ask)> {
        let rested = self.kept.iter_mut().filter_map(|kept| kept.look_again().then_some(kept));
        rested.map(|kept| (kept.sync(), kept.read())).collect()
    }
}
