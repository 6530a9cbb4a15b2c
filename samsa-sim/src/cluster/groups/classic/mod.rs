//! A group of the classic protocol: its members join, one of them says who gets what, and each fetches its part.
//!
//! | state                 | what                                 | then                  | what is answered           |
//! |-----------------------|--------------------------------------|-----------------------|----------------------------|
//! | `Empty`               | a member joins                       | `PreparingRebalance`  | nothing before a delay     |
//! | `PreparingRebalance`  | all have joined, or it took too long | `CompletingRebalance` | all joins; who has not joined is out |
//! | `PreparingRebalance`  | nobody is left                       | `Empty`               |                            |
//! | `CompletingRebalance` | the leader syncs                     | `Stable`              | all syncs                  |
//! | `CompletingRebalance` | a member comes, goes or has changed  | `PreparingRebalance`  | `REBALANCE_IN_PROGRESS` to syncs |
//! | `Stable`              | the same, or the leader joins again  | `PreparingRebalance`  |                            |
//!
//! As `ClassicGroup` and `GroupMetadataManager` of Kafka 4.0, and the `GroupCoordinator` before it. Static members
//! (KIP-345) are not modelled. A group that nobody has heard of is `Dead`.

mod join;
mod kept;
mod leave;
mod rebalance;
mod sync;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use samsa_core::Instant;
use samsa_proto::ErrorCode;
use samsa_proto::api::consumer_protocol::ConsumerProtocolAssignment;

pub(super) use self::join::Joining;

use self::kept::Kept;
use self::rebalance::JoinPhase;
use super::held::{Held, Ticket};
use crate::cluster::Release;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GroupState {
    Empty,
    PreparingRebalance,
    CompletingRebalance,
    Stable,
}

impl GroupState {
    /// As brokers tell it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}

/// A member.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) client: String,
    session_timeout: Duration,
    rebalance_timeout: Duration,
    /// Names with metadata, the best first.
    protocols: Vec<(String, Vec<u8>)>,
    pub(super) assignment: Vec<u8>,
    awaits_join: Option<Ticket>,
    awaits_sync: Option<Ticket>,
    /// It has never heard that it has joined.
    is_new: bool,
    /// When it is taken out, unless it is heard of.
    expires: Option<Instant>,
}

impl Member {
    /// What it has to say about a protocol.
    pub(super) fn metadata(&self, protocol: &str) -> &[u8] {
        let found = self.protocols.iter().find(|(name, _)| name == protocol);
        found.map_or(&[], |(_, metadata)| metadata)
    }

    /// Who waits for an answer is there, however long it takes; but for a new one, which may have gone without a word.
    fn is_excused(&self) -> bool {
        !self.is_new && (self.awaits_join.is_some() || self.awaits_sync.is_some())
    }

    fn is_heard(&mut self, now: Instant) {
        self.expires = Some(now + self.session_timeout);
    }
}

#[derive(Debug)]
pub(super) struct ClassicGroup {
    name: String,
    pub(super) state: GroupState,
    pub(super) generation: i32,
    pub(super) protocol_type: Option<String>,
    pub(super) protocol: Option<String>,
    leader: Option<String>,
    pub(super) members: BTreeMap<String, Member>,
    /// Who was given an id and has not joined with it yet, and until when it may.
    pending: BTreeMap<String, Instant>,
    /// Who has not asked for its part of this generation.
    unsynced: BTreeSet<String>,
    /// Until when members may join.
    join_phase: Option<JoinPhase>,
    /// Until when they may ask for their parts.
    sync_until: Option<Instant>,
    /// How long a new group waits for more members.
    initial_delay: Duration,
    /// What is in the log.
    kept: Kept,
}

impl ClassicGroup {
    pub(super) fn new(name: &str, initial_delay: Duration) -> Self {
        Self {
            name: name.to_owned(),
            state: GroupState::Empty,
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: BTreeMap::new(),
            pending: BTreeMap::new(),
            unsynced: BTreeSet::new(),
            join_phase: None,
            sync_until: None,
            initial_delay,
            kept: Kept::default(),
        }
    }

    /// When something happens by itself.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let sessions = self.members.values().filter_map(|member| member.expires);
        let phases = self.join_phase.as_ref().map(|phase| phase.until).into_iter().chain(self.sync_until);
        sessions.chain(self.pending.values().copied()).chain(phases).min()
    }

    fn turn_to(&mut self, state: GroupState, held: &mut Held) {
        self.state = state;
        let (name, generation, count) = (&self.name, self.generation, self.members.len());
        held.tell(format!("{name} is {} in generation {generation}, {count} members", state.name()));
    }

    fn leads(&self, member: &str) -> bool {
        self.leader.as_deref() == Some(member)
    }

    /// Takes a member out, or an id that was given.
    fn remove(&mut self, id: &str) {
        self.members.remove(id);
        self.pending.remove(id);
        self.unsynced.remove(id);
        if self.leads(id) {
            self.leader = self.members.keys().next().cloned();
        }
    }

    fn is_known(&self, member: &str) -> Result<(), ErrorCode> {
        if self.members.contains_key(member) { Ok(()) } else { Err(ErrorCode::UNKNOWN_MEMBER_ID) }
    }

    fn is_of_generation(&self, generation: i32) -> Result<(), ErrorCode> {
        if generation == self.generation { Ok(()) } else { Err(ErrorCode::ILLEGAL_GENERATION) }
    }

    /// A member is alive. Before 0.10.1 a rebalance is told to whoever asks meanwhile, and nobody's session goes on for that.
    pub(super) fn heartbeat(
        &mut self,
        now: Instant,
        (member, generation): (&str, i32),
        release: Release,
    ) -> Result<(), ErrorCode> {
        let is_rebalancing =
            matches!(self.state, GroupState::PreparingRebalance | GroupState::CompletingRebalance);
        if is_rebalancing && release < Release::V0_10 {
            return Err(ErrorCode::REBALANCE_IN_PROGRESS);
        }
        self.is_known(member)?;
        self.is_of_generation(generation)?;
        if let Some(member) = self.members.get_mut(member) {
            member.is_heard(now);
        }
        if self.state == GroupState::PreparingRebalance {
            Err(ErrorCode::REBALANCE_IN_PROGRESS)
        } else {
            Ok(())
        }
    }

    /// Whether who says that may commit. A commit keeps a member alive.
    pub(super) fn commit(&mut self, now: Instant, member: &str, generation: i32) -> Result<(), ErrorCode> {
        let is_empty = self.state == GroupState::Empty;
        if generation < 0 && is_empty {
            return Ok(());
        }
        if generation < 0 && member.is_empty() {
            return Err(ErrorCode::UNKNOWN_MEMBER_ID);
        }
        self.is_known(member)?;
        self.is_of_generation(generation)?;
        if self.state == GroupState::CompletingRebalance {
            return Err(ErrorCode::REBALANCE_IN_PROGRESS);
        }
        if let Some(member) = self.members.get_mut(member) {
            member.is_heard(now);
        }
        Ok(())
    }

    /// Whether a member's assignment has a partition; `None` where it cannot be read.
    pub(super) fn owns(&self, member: &str, topic: &str, partition: i32) -> Option<bool> {
        let member = self.members.get(member)?;
        if member.assignment.is_empty() {
            return Some(false);
        }
        let (_, assignment) = ConsumerProtocolAssignment::read(&member.assignment).ok()?;
        let mut of_topic = assignment.assigned_partitions.iter().filter(|part| part.topic == topic);
        Some(of_topic.any(|part| part.partitions.contains(&partition)))
    }

    /// For the answer of which `JoinGroup` a member waits.
    pub(super) fn awaits_join(&self, member: &str) -> Option<Ticket> {
        self.members.get(member)?.awaits_join
    }
}

#[cfg(test)]
mod tests;
