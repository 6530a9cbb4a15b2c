//! What a member's parts have at hand while they handle something.

use crate::consumer::ConsumerEvent;
use crate::rng::Rng;
use crate::time::{Instant, Now};
use crate::topology::TopicPartition;
use crate::zookeeper::ZkOp;

use super::OffsetsError;
use super::offsets::Ask;
use super::session::{Question, Session};
use super::standing::Standing;
use super::world::World;
use crate::backoff::Backoff;

pub(super) struct Desk<'a, W, S = Session> {
    pub(super) now: Now,
    pub(super) world: &'a mut W,
    pub(super) session: &'a mut S,
    pub(super) rng: &'a mut Rng,
    pub(super) backoff: Backoff,
    /// Whether what is done is committed without being asked to.
    pub(super) commits_by_itself: bool,
    pub(super) notes: Notes,
}

/// What came of it, for the member as a whole.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// What was assigned meanwhile, to be told together.
    pub(super) assigned: Vec<TopicPartition>,
    /// What went although the application has had more of it than is committed.
    pub(super) left_behind: Vec<TopicPartition>,
    /// What another keeps under its new name, and this member has under the old one.
    pub(super) taken: Vec<TopicPartition>,
    /// What could not be claimed since the folders of its topic are gone.
    pub(super) without_folder: Vec<TopicPartition>,
    /// The last commit that failed.
    pub(super) failed: Option<String>,
    /// What went without its last commit, and why that failed.
    pub(super) uncommitted: Vec<(TopicPartition, String)>,
    /// Why the brokers will never say where to start.
    pub(super) refused: Option<OffsetsError>,
}

impl<W: World> Desk<'_, W> {
    pub(super) fn ask(&mut self, question: Question, op: ZkOp) {
        self.session.ask(self.world, self.now, question, op);
    }
}

impl<W: World, S: Standing> Desk<'_, W, S> {
    pub(super) fn ask_offset(&mut self, partition: &TopicPartition, ask: Ask) {
        self.session.ask_offset(self.world, self.now, partition, ask);
    }

    /// When to try again after so many failures.
    pub(super) fn later(&mut self, failures: u32) -> Instant {
        self.now.mono + self.backoff.wait(failures, self.rng)
    }

    pub(super) fn commit_failed(&mut self, partition: &TopicPartition, reason: String) {
        self.notes.failed = Some(format!("{partition}: {reason}"));
        let partition = partition.clone();
        self.world.tell(ConsumerEvent::CommitFailed { partition, reason });
    }
}
