//! One partition that a member wants, owns or gives up.
//!
//! | state     | input                              | then      | asks, does                                     |
//! |-----------|------------------------------------|-----------|------------------------------------------------|
//! | Free      | wanted                             | Surveying | lists its owner nodes                          |
//! | Surveying | nobody else has one                | Claiming  | Create the owner node                          |
//! | Surveying | somebody has one of another name   | Looking   | Exists of that one, with a watch               |
//! | Claiming  | created                            | Surveying | lists its owner nodes                          |
//! | Surveying | claimed, and nobody else has one   | Starting  | Get the offset                                 |
//! | Surveying | claimed, and somebody has one      | Yielding  | Delete the owner node                          |
//! | Yielding  | any answer                         | Resting   |                                                |
//! | Claiming  | it exists                          | Looking   | Exists, with a watch                           |
//! | Claiming  | its folder is gone                 | Resting   | has the folders made again                     |
//! | Claiming  | unknown fate                       | Resting   |                                                |
//! | Resting   | due                                | Looking   | Sync, Exists with a watch                      |
//! | Looking   | ours, and wanted                   | Surveying | lists its owner nodes                          |
//! | Looking   | ours, and not wanted               | Releasing | Delete the owner node                          |
//! | Looking   | somebody else's                    | Taken     |                                                |
//! | Looking   | not there                          | Free      |                                                |
//! | Taken     | a watch fired, due                 | Looking   | Exists, with a watch                           |
//! | Starting  | the offset, or none                | Active    | assigns the partition                          |
//! | Active    | where it begins, if none           | Active    | commits that, and only then has it read on     |
//! | Active    | another has committed meanwhile    | Active    | has it read from there                         |
//! | Starting  | no answer                          | Starting  | Get the offset, after a wait                   |
//! | Starting  | not wanted                         | Releasing | Delete the owner node                          |
//! | Active    | another name for its owner node    | Active    | [renames](super::lock) it                      |
//! | Active    | another keeps that name            | Revoking  | withdraws the partition, tells                 |
//! | Active    | not wanted                         | Revoking  | withdraws the partition, tells                 |
//! | Revoking  | nobody holds it, time over         | Parting   | commits what is done                           |
//! | Parting   | committed, or it failed            | Releasing | Delete the owner node                          |
//! | Releasing | deleted, not there                 | Free      |                                                |
//! | Releasing | unknown fate                       | Resting   |                                                |
//!
//! Claimed first, then the offset is read; committed first, then released. A node is ours only if its `ephemeralOwner`
//! is our session. One operation on the owner node is under way at a time. Where a partition has one name for its owner node,
//! Surveying is passed over.

mod names;
mod parting;

use crate::consumer::Held;
use crate::planted::{PlantedBug, is_planted};
use crate::time::{Deadline, Instant};
use crate::topology::TopicPartition;
use crate::zookeeper::{ZkAnswer, ZkError, ZkOp, ZkStat};

use super::desk::Desk;
use super::lock::Lock;
use super::offsets::{Answer, Ask, Offsets, Step};
use super::session::Question;
use super::world::World;
use crate::offset::Offset;

#[derive(Clone, Debug, Hash)]
pub(super) struct Claim {
    partition: TopicPartition,
    /// The owner node.
    lock: Lock,
    /// Who we say we are, in a lock that is made from now on.
    name: Vec<u8>,
    /// Where to start without a committed offset.
    start: Offset,
    wanted: bool,
    state: State,
    offsets: Offsets,
    beginning: Beginning,
    /// When to look at the owner node again, or to read where to start.
    due: Option<Instant>,
    /// When to look at the offset again.
    offset_due: Option<Instant>,
    /// When to look again at the owner node that is to have another name.
    rename_due: Option<Instant>,
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
    Free,
    /// Whether the owner node is made already.
    Surveying {
        is_claimed: bool,
    },
    Claiming,
    Yielding,
    Resting,
    Looking,
    Taken,
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
    Releasing,
}

impl Claim {
    pub(super) fn new(
        partition: TopicPartition,
        lock: Lock,
        offsets: Offsets,
        name: Vec<u8>,
        start: Offset,
    ) -> Self {
        Self {
            partition,
            lock,
            name,
            start,
            wanted: false,
            state: State::Free,
            offsets,
            beginning: Beginning::Known,
            due: None,
            offset_due: None,
            rename_due: None,
            failures: 0,
            trouble: None,
            commit_failed: None,
        }
    }

    pub(super) fn partition(&self) -> &TopicPartition {
        &self.partition
    }

    /// An owner node that is there stays as it is.
    pub(super) fn is_dealt_to(&mut self, name: Vec<u8>) {
        self.name = name;
    }

    /// The owner node that it looks at.
    pub(super) fn looks_at(&self) -> &str {
        self.lock.looked_at()
    }

    pub(super) fn is_active(&self) -> bool {
        matches!(self.state, State::Active)
    }

    /// Whether it is read, or was until just now.
    pub(super) fn is_assigned(&self) -> bool {
        matches!(self.state, State::Active | State::Revoking { .. } | State::Parting { .. })
    }

    /// Whether nothing is left of it.
    pub(super) fn is_gone(&self) -> bool {
        !self.wanted && matches!(self.state, State::Free)
    }

    /// Whether no commit is under way.
    pub(super) fn is_quiet(&self) -> bool {
        self.offsets.is_idle()
    }

    #[cfg(feature = "model")]
    pub(super) fn forget_trouble(&mut self) {
        self.trouble = None;
    }

    /// What of it waits, for people.
    pub(super) fn waits_for(&self) -> Option<String> {
        let what = match &self.state {
            State::Active if self.wanted => match self.beginning {
                Beginning::Sought => "the offset at which it begins",
                Beginning::Committing => "the commit of where it begins",
                Beginning::Known => return None,
            },
            State::Taken => "another member to give up its owner node",
            State::Revoking { .. } => "the application to let go of it",
            State::Surveying { .. }
            | State::Claiming
            | State::Yielding
            | State::Looking
            | State::Resting
            | State::Free => "its owner node",
            State::Starting => "its committed offset",
            State::Active | State::Parting { .. } => "its last commit",
            State::Releasing => "its owner node to go",
        };
        let trouble = self.trouble.as_ref().map(|trouble| format!(" ({trouble})"));
        Some(format!("{what}{}", trouble.unwrap_or_default()))
    }

    pub(super) fn deadline(&self) -> Option<Deadline> {
        let until = if let State::Revoking { until, .. } = &self.state { Some(*until) } else { None };
        let at = [self.due, self.offset_due, self.rename_due, until].into_iter().flatten().min()?;
        Some(Deadline::new(at, "claims of a group"))
    }

    /// What the last round says: it is ours, or it is not. Says whether the application has to be told that it is revoked.
    pub(super) fn want(&mut self, desk: &mut Desk<'_, impl World>, wanted: bool) -> bool {
        self.wanted = wanted;
        if wanted && matches!(self.state, State::Free) {
            self.claim(desk);
        }
        if !wanted && matches!(self.state, State::Taken) {
            (self.state, self.due) = (State::Free, None);
        }
        if !wanted && matches!(self.state, State::Starting) {
            self.release(desk);
        }
        !wanted && self.is_active()
    }

    /// The application has been told.
    pub(super) fn revoke(&mut self, desk: &mut Desk<'_, impl World>, held: Held, until: Instant) {
        self.withdraw(desk);
        self.commit_failed = None;
        self.state = State::Revoking { held, until };
    }

    pub(super) fn tick(&mut self, desk: &mut Desk<'_, impl World>) {
        let now = desk.now.mono;
        if self.offset_due.is_some_and(|due| due <= now) {
            self.offset_due = None;
            for (sync, read) in self.offsets.look_again() {
                if let Some(sync) = sync {
                    desk.ask(Question::Synced, sync);
                }
                desk.ask_offset(&self.partition, read);
            }
        }
        if self.due.is_some_and(|due| due <= now) {
            self.due = None;
            match self.state {
                State::Starting => self.ask(desk, self.offsets.read_rest()),
                State::Resting => self.look(desk, true),
                State::Taken => self.look(desk, false),
                _ => {}
            }
        }
        self.look_at_name(desk);
        self.commit_start(desk);
        match &self.state {
            State::Revoking { held, until } if !held.is_held() || *until <= now => self.part(desk),
            State::Parting { is_last: false } if self.offsets.is_idle() => self.settled(desk),
            _ => {}
        }
    }

    /// Whoever has the partition next begins where this member did, whatever it was handed out.
    fn commit_start(&mut self, desk: &mut Desk<'_, impl World>) {
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

    /// The owner node changed.
    pub(super) fn watch_fired(&mut self, desk: &mut Desk<'_, impl World>) {
        if matches!(self.state, State::Taken) && !is_planted(PlantedBug::GivesUpOnConflict) {
            self.look(desk, false);
        }
    }

    /// The application is done with this much; what of it is not committed yet is.
    pub(super) fn commit(&mut self, desk: &mut Desk<'_, impl World>) {
        let done = desk.world.done(&self.partition).filter(|_| self.is_assigned());
        if let Some(done) = done {
            let asks = self.offsets.commit(done);
            self.ask(desk, asks);
        }
    }

    fn ask(&self, desk: &mut Desk<'_, impl World>, asks: Vec<Ask>) {
        for ask in asks {
            desk.ask_offset(&self.partition, ask);
        }
    }

    fn claim(&mut self, desk: &mut Desk<'_, impl World>) {
        self.lock.begin();
        if !self.surveys(desk, false) {
            self.create(desk);
        }
    }

    fn look(&mut self, desk: &mut Desk<'_, impl World>, after_doubt: bool) {
        (self.state, self.due) = (State::Looking, None);
        let path = || self.lock.looked_at().to_owned();
        if after_doubt {
            desk.ask(Question::Synced, ZkOp::Sync { path: path() });
        }
        let op = if is_planted(PlantedBug::TrustsOwnersName) {
            ZkOp::Get { path: path(), watch: true }
        } else {
            ZkOp::Exists { path: path(), watch: true }
        };
        desk.ask(Question::Owner(self.partition.clone()), op);
    }

    /// What was asked of the owner node has its answer.
    pub(super) fn owner_answered(
        &mut self,
        desk: &mut Desk<'_, impl World>,
        result: &Result<ZkAnswer, ZkError>,
    ) {
        match (&self.state, result) {
            (State::Surveying { is_claimed }, Ok(ZkAnswer::Children(names))) => {
                self.surveyed(desk, *is_claimed, names);
            }
            (State::Yielding, _) => self.rest(desk, "another member has it under another name".to_owned()),
            (State::Claiming, Ok(_)) => self.ours(desk),
            (State::Claiming, Err(ZkError::NodeExists)) => self.look(desk, false),
            (State::Claiming, Err(error @ ZkError::NoNode)) => {
                desk.without_folder.push(self.partition.clone());
                self.rest(desk, error.to_string());
            }
            (State::Claiming, Err(ZkError::ConnectionLost)) if is_planted(PlantedBug::TrustsLostClaim) => {
                self.ours(desk);
            }
            (State::Releasing, Ok(_) | Err(ZkError::NoNode))
            | (State::Looking, Ok(ZkAnswer::Stat(None)) | Err(ZkError::NoNode)) => self.free(desk),
            (State::Looking, Ok(ZkAnswer::Stat(Some(stat)))) => self.seen(desk, *stat),
            (State::Looking, Ok(ZkAnswer::Data(data, stat))) => {
                let is_named = *data == self.name;
                let owner = if is_named { desk.session.id } else { Some(stat.ephemeral_owner) };
                self.seen(desk, ZkStat { ephemeral_owner: owner.unwrap_or_default(), ..*stat });
            }
            (State::Surveying { .. } | State::Claiming | State::Looking | State::Releasing, Err(error)) => {
                self.rest(desk, error.to_string());
            }
            _ => {}
        }
    }

    /// Something is there.
    fn seen(&mut self, desk: &mut Desk<'_, impl World>, stat: ZkStat) {
        if desk.session.id == Some(stat.ephemeral_owner) {
            self.lock.adopt();
            return self.ours(desk);
        }
        if !self.wanted {
            return self.free(desk);
        }
        self.state = State::Taken;
        self.trouble = self.lock.in_the_way();
        if !is_planted(PlantedBug::GivesUpOnConflict) {
            self.due = Some(desk.now.mono + desk.session.timeout / 3);
        }
    }

    fn ours(&mut self, desk: &mut Desk<'_, impl World>) {
        (self.failures, self.trouble) = (0, None);
        if !self.wanted {
            return self.release(desk);
        }
        if !self.surveys(desk, true) {
            self.read_offset(desk);
        }
    }

    fn read_offset(&mut self, desk: &mut Desk<'_, impl World>) {
        self.state = State::Starting;
        let asks = self.offsets.read_anew();
        self.ask(desk, asks);
    }

    fn free(&mut self, desk: &mut Desk<'_, impl World>) {
        (self.state, self.due, self.trouble) = (State::Free, None, None);
        if self.wanted {
            self.claim(desk);
        }
    }

    fn rest(&mut self, desk: &mut Desk<'_, impl World>, trouble: String) {
        self.lock.is_clear();
        self.state = State::Resting;
        self.wait(desk, trouble);
    }

    fn wait(&mut self, desk: &mut Desk<'_, impl World>, trouble: String) {
        self.failures = self.failures.saturating_add(1);
        self.due = Some(desk.later(self.failures));
        self.trouble = Some(trouble);
    }

    /// What was asked about the offset has its answer.
    pub(super) fn offset_answered(&mut self, desk: &mut Desk<'_, impl World>, answer: &Answer<'_>) {
        if matches!(self.state, State::Starting) {
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

    fn start(&mut self, desk: &mut Desk<'_, impl World>, answer: &Answer<'_>) {
        if let Answer::Brokers(Err(error)) = answer
            && !error.is_retriable()
        {
            desk.refused = Some((*error).clone());
        }
        match self.offsets.learn(answer) {
            Ok(true) => self.activate(desk),
            Ok(false) => {}
            Err(reason) => self.wait(desk, reason),
        }
    }

    /// Everything that is committed is known.
    fn activate(&mut self, desk: &mut Desk<'_, impl World>) {
        let stored = self.offsets.stored();
        let is_withheld = stored.is_none() && !is_planted(PlantedBug::ForgetsStart);
        self.beginning = if is_withheld { Beginning::Sought } else { Beginning::Known };
        let turn = desk.world.assign(&self.partition, stored.map_or(self.start, Offset::Exact), is_withheld);
        self.offsets.begin(turn);
        (self.state, self.due, self.failures, self.trouble) = (State::Active, None, 0, None);
        desk.assigned.push(self.partition.clone());
        self.commit_start(desk);
    }

    /// Somebody has said meanwhile where the partition begins.
    fn begin_at(&mut self, desk: &mut Desk<'_, impl World>, offset: i64) {
        let Some(turn) = self.offsets.turn() else { return };
        if let Some(turn) = desk.world.begin_at(&self.partition, offset, turn) {
            self.offsets.begin(Some(turn));
        }
    }
}
