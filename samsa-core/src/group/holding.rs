//! One partition that a member holds: from where it is to be read on, through what is committed of it, to its end.
//!
//! | state    | input                             | then     | asks, does                                     |
//! |----------|-----------------------------------|----------|------------------------------------------------|
//! | Absent   | it is ours                        | Starting | reads the offset                               |
//! | Starting | the offset, or none               | Active   | assigns the partition                          |
//! | Starting | no answer                         | Starting | reads the offset, after a wait                 |
//! | Active   | where it begins, if none          | Active   | commits that, and only then has it read on     |
//! | Active   | another has committed meanwhile   | Active   | has it read from there                         |
//! | Active   | it is to go                       | Revoking | withdraws the partition; tells                 |
//! | Revoking | nobody holds it, time over        | Parting  | commits what is done                           |
//! | Parting  | committed, or it failed           | Absent   |                                                |
//!
//! What it takes to hold it, and what is done once it is absent, is the business of whoever has it: of a
//! [`Claim`](super::claim) with its lock, or of a [member](super::brokers) of a group that the brokers coordinate.

mod parting;

use super::desk::Desk;
use super::offsets::{Answer, Ask, Offsets, Step};
use super::standing::Standing;
use super::world::{Done, World};
use crate::consumer::Held;
use crate::offset::Offset;
use crate::planted::{PlantedBug, is_planted};
use crate::time::Instant;
use crate::topology::TopicPartition;

#[derive(Clone, Debug, Hash)]
pub(super) struct Holding {
    partition: TopicPartition,
    /// Where to start without a committed offset.
    start: Offset,
    state: State,
    offsets: Offsets,
    beginning: Beginning,
    /// When to read where to start.
    due: Option<Instant>,
    /// When to look at the offset again.
    offset_due: Option<Instant>,
    failures: u32,
    trouble: Option<String>,
    /// Why the last commit failed, if one did since it was revoked.
    commit_failed: Option<String>,
}

/// What whoever has the partition next knows of where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Beginning {
    /// Nothing is committed, not even where it begins: that is still to be found out.
    Sought,
    Committing,
    Known,
}

#[derive(Clone, Debug, Hash)]
enum State {
    Absent,
    Starting,
    Active,
    Revoking {
        held: Held,
        until: Instant,
    },
    /// Whether the last commit was tried.
    Parting {
        is_last: bool,
    },
}

impl Holding {
    pub(super) fn new(partition: TopicPartition, offsets: Offsets, start: Offset) -> Self {
        Self {
            partition,
            start,
            state: State::Absent,
            offsets,
            beginning: Beginning::Known,
            due: None,
            offset_due: None,
            failures: 0,
            trouble: None,
            commit_failed: None,
        }
    }

    pub(super) fn partition(&self) -> &TopicPartition {
        &self.partition
    }

    pub(super) fn is_absent(&self) -> bool {
        matches!(self.state, State::Absent)
    }

    pub(super) fn is_starting(&self) -> bool {
        matches!(self.state, State::Starting)
    }

    pub(super) fn is_active(&self) -> bool {
        matches!(self.state, State::Active)
    }

    /// Whether it is about to be given up.
    pub(super) fn is_going(&self) -> bool {
        matches!(self.state, State::Revoking { .. } | State::Parting { .. })
    }

    /// Whether it is read, or was until just now.
    pub(super) fn is_assigned(&self) -> bool {
        matches!(self.state, State::Active | State::Revoking { .. } | State::Parting { .. })
    }

    /// Whether no commit is under way.
    pub(super) fn is_quiet(&self) -> bool {
        self.offsets.is_idle()
    }

    #[cfg(feature = "model")]
    pub(super) fn forget_trouble(&mut self) {
        self.trouble = None;
    }

    /// What of it waits, for people; it is still to be the member's, or not.
    pub(super) fn waits_for(&self, is_wanted: bool) -> Option<String> {
        let what = match &self.state {
            State::Active if is_wanted => match self.beginning {
                Beginning::Sought => "the offset at which it begins",
                Beginning::Committing => "the commit of where it begins",
                Beginning::Known => return None,
            },
            State::Absent => return None,
            State::Revoking { .. } => "the application to let go of it",
            State::Starting => "its committed offset",
            State::Active | State::Parting { .. } => "its last commit",
        };
        let trouble = self.trouble.as_ref().map(|trouble| format!(" ({trouble})"));
        Some(format!("{what}{}", trouble.unwrap_or_default()))
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let until = if let State::Revoking { until, .. } = &self.state { Some(*until) } else { None };
        [self.due, self.offset_due, until].into_iter().flatten().min()
    }

    /// It is ours from now on.
    pub(super) fn begin(&mut self, desk: &mut Desk<'_, impl World, impl Standing>) {
        (self.state, self.failures, self.trouble) = (State::Starting, 0, None);
        let asks = self.offsets.read_anew();
        self.ask(desk, asks);
    }

    /// The application has been told.
    pub(super) fn revoke(
        &mut self,
        desk: &mut Desk<'_, impl World, impl Standing>,
        held: Held,
        until: Instant,
    ) {
        if !is_planted(PlantedBug::HandsOutAfterRelease) {
            desk.world.withdraw(&self.partition);
        }
        self.commit_failed = None;
        self.state = State::Revoking { held, until };
    }

    /// The application may hold what is revoked until then at most.
    pub(super) fn hurry(&mut self, by: Instant) {
        if let State::Revoking { until, .. } = &mut self.state {
            *until = by.min(*until);
        }
    }

    pub(super) fn tick(&mut self, desk: &mut Desk<'_, impl World, impl Standing>) {
        let now = desk.now.mono;
        if self.offset_due.take_if(|due| *due <= now).is_some() {
            for (sync, read) in self.offsets.look_again() {
                if let Some(sync) = sync {
                    desk.session.sync(desk.world, desk.now, sync);
                }
                desk.ask_offset(&self.partition, read);
            }
        }
        if self.due.take_if(|due| *due <= now).is_some() && self.is_starting() {
            self.ask(desk, self.offsets.read_rest());
        }
        self.commit_start(desk);
        match &self.state {
            State::Revoking { .. } if self.parts(now) => self.part(desk),
            State::Parting { is_last: false } if self.offsets.is_idle() => self.settled(desk),
            _ => {}
        }
    }

    /// Whoever has the partition next begins where this member did, whatever it was handed out.
    fn commit_start(&mut self, desk: &mut Desk<'_, impl World, impl Standing>) {
        let is_due = self.beginning == Beginning::Sought && self.is_assigned() && self.offsets.is_idle();
        if !is_due || desk.session.is_in_doubt() {
            return;
        }
        let Some(start) = desk.world.start(&self.partition) else { return };
        let asks = self.offsets.commit_start(start);
        if !asks.is_empty() {
            self.beginning = Beginning::Committing;
            self.ask(desk, asks);
        }
    }

    /// Whether the application has had what is not committed.
    pub(super) fn has_more(&self, world: &impl World) -> bool {
        let had = world.handed_out(&self.partition).filter(|_| self.is_assigned());
        had.is_some_and(|had| self.offsets.is_behind(had))
    }

    /// The application is done with this much; what of it is not committed yet is.
    pub(super) fn commit(&mut self, desk: &mut Desk<'_, impl World, impl Standing>) {
        let done = desk.world.done(&self.partition).filter(|_| self.is_assigned());
        if let Some(done) = done {
            self.commit_done(desk, done);
        }
    }

    pub(super) fn commit_done(&mut self, desk: &mut Desk<'_, impl World, impl Standing>, done: Done) {
        let asks = self.offsets.commit(done);
        self.ask(desk, asks);
    }

    fn ask(&self, desk: &mut Desk<'_, impl World, impl Standing>, asks: Vec<Ask>) {
        for ask in asks {
            desk.ask_offset(&self.partition, ask);
        }
    }

    /// What was asked about the offset has its answer.
    pub(super) fn offset_answered(
        &mut self,
        desk: &mut Desk<'_, impl World, impl Standing>,
        answer: &Answer<'_>,
    ) {
        if self.is_starting() {
            return self.start(desk, answer);
        }
        match self.offsets.answered(answer) {
            Step::Ask(ask) => desk.ask_offset(&self.partition, ask),
            Step::Rest => self.offset_due = Some(desk.later(1)),
            Step::Settled => self.settled(desk),
            Step::Stands(offset) => {
                self.begin_at(desk, offset);
                self.settled(desk);
            }
            Step::Failed(reason) => {
                self.commit_failed = Some(reason.clone());
                desk.commit_failed(&self.partition, reason);
                self.settled(desk);
            }
        }
    }

    fn start(&mut self, desk: &mut Desk<'_, impl World, impl Standing>, answer: &Answer<'_>) {
        if let Answer::Brokers(Err(error)) = answer
            && !error.is_retriable()
        {
            desk.notes.refused = Some((*error).clone());
        }
        match self.offsets.learn(answer) {
            Ok(true) => self.activate(desk),
            Ok(false) => {}
            Err(reason) => {
                self.failures = self.failures.saturating_add(1);
                self.due = Some(desk.later(self.failures));
                self.trouble = Some(reason);
            }
        }
    }

    /// Everything that is committed is known.
    fn activate(&mut self, desk: &mut Desk<'_, impl World, impl Standing>) {
        let stored = self.offsets.stored();
        let is_withheld = stored.is_none() && !is_planted(PlantedBug::ForgetsStart);
        self.beginning = if is_withheld { Beginning::Sought } else { Beginning::Known };
        let turn = desk.world.assign(&self.partition, stored.map_or(self.start, Offset::Exact), is_withheld);
        self.offsets.begin(turn);
        (self.state, self.due, self.failures, self.trouble) = (State::Active, None, 0, None);
        desk.notes.assigned.push(self.partition.clone());
        self.commit_start(desk);
    }

    /// Somebody has said meanwhile where the partition begins.
    fn begin_at(&mut self, desk: &mut Desk<'_, impl World, impl Standing>, offset: i64) {
        let Some(turn) = self.offsets.turn() else { return };
        if let Some(turn) = desk.world.begin_at(&self.partition, offset, turn) {
            self.offsets.begin(Some(turn));
        }
    }
}
