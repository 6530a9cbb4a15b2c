//! One partition that a member wants, owns or gives up.
//!
//! | state     | input                              | then      | asks, does                                     |
//! |-----------|------------------------------------|-----------|------------------------------------------------|
//! | Free      | wanted                             | Surveying | lists its owner nodes                          |
//! | Surveying | nobody else has one                | Claiming  | Create the owner node                          |
//! | Surveying | somebody has one of another name   | Looking   | Exists of that one, with a watch               |
//! | Claiming  | created                            | Surveying | lists its owner nodes                          |
//! | Surveying | claimed, and nobody else has one   | Held      | begins to [hold](super::holding) the partition |
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
//! | Held      | another name for its owner node    | Held      | [renames](super::lock) it                      |
//! | Held      | another keeps that name, or not wanted | Held  | has the holding revoked                        |
//! | Held      | not wanted before it began         | Releasing | Delete the owner node                          |
//! | Held      | the holding is absent              | Releasing | Delete the owner node                          |
//! | Releasing | deleted, not there                 | Free      |                                                |
//! | Releasing | unknown fate                       | Resting   |                                                |
//!
//! Claimed first, then the offset is read; committed first, then released. A node is ours only if its `ephemeralOwner`
//! is our session. One operation on the owner node is under way at a time. Where a partition has one name for its owner node,
//! Surveying is passed over.

mod names;

use crate::consumer::Held;
use crate::planted::{PlantedBug, is_planted};
use crate::time::{Deadline, Instant};
use crate::topology::TopicPartition;
use crate::zookeeper::{ZkAnswer, ZkError, ZkOp, ZkStat};

use super::desk::Desk;
use super::holding::Holding;
use super::lock::Lock;
use super::offsets::Answer;
use super::session::Question;
use super::world::World;

#[derive(Clone, Debug, Hash)]
pub(super) struct Claim {
    /// The owner node.
    lock: Lock,
    /// Who we say we are, in a lock that is made from now on.
    name: Vec<u8>,
    wanted: bool,
    state: State,
    holding: Holding,
    /// When to look at the owner node again.
    due: Option<Instant>,
    /// When to look again at the owner node that is to have another name.
    rename_due: Option<Instant>,
    failures: u32,
    trouble: Option<String>,
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
    Held,
    Releasing,
}

impl Claim {
    pub(super) fn new(holding: Holding, lock: Lock, name: Vec<u8>) -> Self {
        Self {
            lock,
            name,
            wanted: false,
            state: State::Free,
            holding,
            due: None,
            rename_due: None,
            failures: 0,
            trouble: None,
        }
    }

    pub(super) fn partition(&self) -> &TopicPartition {
        self.holding.partition()
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
        self.holding.is_active()
    }

    /// Whether it is read, or was until just now.
    pub(super) fn is_assigned(&self) -> bool {
        self.holding.is_assigned()
    }

    /// Whether nothing is left of it.
    pub(super) fn is_gone(&self) -> bool {
        !self.wanted && matches!(self.state, State::Free)
    }

    /// Whether no commit is under way.
    pub(super) fn is_quiet(&self) -> bool {
        self.holding.is_quiet()
    }

    #[cfg(feature = "model")]
    pub(super) fn forget_trouble(&mut self) {
        self.trouble = None;
        self.holding.forget_trouble();
    }

    /// What of it waits, for people.
    pub(super) fn waits_for(&self) -> Option<String> {
        let what = match &self.state {
            State::Held => return self.holding.waits_for(self.wanted),
            State::Taken => "another member to give up its owner node",
            State::Surveying { .. }
            | State::Claiming
            | State::Yielding
            | State::Looking
            | State::Resting
            | State::Free => "its owner node",
            State::Releasing => "its owner node to go",
        };
        let trouble = self.trouble.as_ref().map(|trouble| format!(" ({trouble})"));
        Some(format!("{what}{}", trouble.unwrap_or_default()))
    }

    pub(super) fn deadline(&self) -> Option<Deadline> {
        let at = [self.due, self.rename_due, self.holding.deadline()].into_iter().flatten().min()?;
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
        if !wanted && self.holding.is_starting() {
            self.release(desk);
        }
        !wanted && self.is_active()
    }

    /// The application has been told.
    pub(super) fn revoke(&mut self, desk: &mut Desk<'_, impl World>, held: Held, until: Instant) {
        self.holding.revoke(desk, held, until);
    }

    pub(super) fn tick(&mut self, desk: &mut Desk<'_, impl World>) {
        let now = desk.now.mono;
        if self.due.take_if(|due| *due <= now).is_some() {
            match self.state {
                State::Resting => self.look(desk, true),
                State::Taken => self.look(desk, false),
                _ => {}
            }
        }
        self.look_at_name(desk);
        if is_planted(PlantedBug::ReleasesBeforeCommit) && self.holding.parts(now) {
            return self.release_before_commit(desk);
        }
        self.holding.tick(desk);
        self.release_if_absent(desk);
    }

    fn release_before_commit(&mut self, desk: &mut Desk<'_, impl World>) {
        let done = desk.world.done(self.partition());
        self.release(desk);
        if let Some(done) = done {
            self.holding.commit_done(desk, done);
        }
    }

    fn release_if_absent(&mut self, desk: &mut Desk<'_, impl World>) {
        if matches!(self.state, State::Held) && self.holding.is_absent() {
            self.release(desk);
        }
    }

    /// Whether the application has had what is not committed.
    pub(super) fn has_more(&self, world: &impl World) -> bool {
        self.holding.has_more(world)
    }

    /// The owner node changed.
    pub(super) fn watch_fired(&mut self, desk: &mut Desk<'_, impl World>) {
        if matches!(self.state, State::Taken) && !is_planted(PlantedBug::GivesUpOnConflict) {
            self.look(desk, false);
        }
    }

    /// The application is done with this much; what of it is not committed yet is.
    pub(super) fn commit(&mut self, desk: &mut Desk<'_, impl World>) {
        self.holding.commit(desk);
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
        desk.ask(Question::Owner(self.partition().clone()), op);
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
                desk.notes.without_folder.push(self.partition().clone());
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
            self.hold(desk);
        }
    }

    fn hold(&mut self, desk: &mut Desk<'_, impl World>) {
        self.state = State::Held;
        self.holding.begin(desk);
    }

    fn release(&mut self, desk: &mut Desk<'_, impl World>) {
        (self.state, self.due) = (State::Releasing, None);
        self.holding.let_go(desk);
        if self.lock.is_named() {
            self.delete(desk);
        }
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
        self.failures = self.failures.saturating_add(1);
        self.due = Some(desk.later(self.failures));
        self.trouble = Some(trouble);
    }

    /// What was asked about the offset has its answer.
    pub(super) fn offset_answered(&mut self, desk: &mut Desk<'_, impl World>, answer: &Answer<'_>) {
        self.holding.offset_answered(desk, answer);
        self.release_if_absent(desk);
    }
}
