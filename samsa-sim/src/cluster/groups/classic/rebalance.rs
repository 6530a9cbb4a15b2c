//! A group rebalances: until when its members have to join, and who is left then.

use std::collections::BTreeMap;
use std::time::Duration;

use samsa_core::Instant;
use samsa_proto::ErrorCode;

use super::super::held::{Held, Joined, Reply};
use super::kept::Kept;
use super::{ClassicGroup, GroupState};

/// Members may join.
#[derive(Debug)]
pub(super) struct JoinPhase {
    pub(super) until: Instant,
    /// The group was empty before: it waits for more members in any case, again and again while some come.
    initial: Option<Initial>,
}

#[derive(Debug)]
struct Initial {
    /// How long it may still wait after this time.
    remaining: Duration,
    /// Whether somebody came meanwhile.
    is_joined: bool,
}

impl JoinPhase {
    /// Somebody came.
    pub(super) const fn is_joined(&mut self) {
        if let Some(initial) = &mut self.initial {
            initial.is_joined = true;
        }
    }
}

impl ClassicGroup {
    /// Something has changed that asks for another generation.
    pub(super) fn prepare_or_complete(&mut self, now: Instant, held: &mut Held) {
        if self.state == GroupState::PreparingRebalance {
            let is_initial = self.join_phase.as_ref().is_some_and(|phase| phase.initial.is_some());
            if !is_initial && self.have_all_joined() {
                self.complete_join(now, held);
            }
        } else {
            self.prepare(now, held);
        }
    }

    fn prepare(&mut self, now: Instant, held: &mut Held) {
        if self.state == GroupState::CompletingRebalance {
            self.fail_syncs(now, ErrorCode::REBALANCE_IN_PROGRESS, held);
        }
        self.unsynced.clear();
        self.sync_until = None;
        let is_initial = self.state == GroupState::Empty;
        self.turn_to(GroupState::PreparingRebalance, held);
        let patience = self.rebalance_timeout();
        if is_initial {
            let remaining = patience.saturating_sub(self.initial_delay);
            let initial = Some(Initial { remaining, is_joined: false });
            self.join_phase = Some(JoinPhase { until: now + self.initial_delay, initial });
        } else if self.have_all_joined() {
            self.complete_join(now, held);
        } else {
            self.join_phase = Some(JoinPhase { until: now + patience, initial: None });
        }
    }

    fn rebalance_timeout(&self) -> Duration {
        self.members.values().map(|member| member.rebalance_timeout).max().unwrap_or_default()
    }

    pub(super) fn have_all_joined(&self) -> bool {
        self.pending.is_empty() && self.members.values().all(|member| member.awaits_join.is_some())
    }

    /// Who has joined is of the next generation, and nobody else.
    pub(super) fn complete_join(&mut self, now: Instant, held: &mut Held) {
        self.join_phase = None;
        let absent = self.members.iter().filter(|(_, member)| member.awaits_join.is_none());
        for id in absent.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            held.tell(format!("{}: {id} has not joined in time", self.name));
            self.remove(&id);
        }
        self.generation += 1;
        if self.members.is_empty() {
            self.protocol = None;
            self.kept = Kept::empty(self.generation);
            self.turn_to(GroupState::Empty, held);
            return;
        }
        self.protocol = self.select_protocol();
        self.turn_to(GroupState::CompletingRebalance, held);
        self.unsynced = self.members.keys().cloned().collect();
        self.sync_until = Some(now + self.rebalance_timeout());
        for id in self.unsynced.clone() {
            let joined = self.joined(&id);
            let Some(member) = self.members.get_mut(&id) else { continue };
            member.is_heard(now);
            member.is_new = false;
            if let Some(ticket) = member.awaits_join.take() {
                held.reply(ticket, Reply::Join(joined));
            }
        }
    }

    /// Each member has a vote: for the first of its protocols that all know.
    fn select_protocol(&self) -> Option<String> {
        let is_common = |name: &str| {
            self.members.values().all(|member| member.protocols.iter().any(|(known, _)| known == name))
        };
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for member in self.members.values() {
            if let Some((name, _)) = member.protocols.iter().find(|(name, _)| is_common(name)) {
                *votes.entry(name).or_default() += 1;
            }
        }
        votes.into_iter().max_by_key(|(_, votes)| *votes).map(|(name, _)| name.to_owned())
    }

    /// Lets happen what is due.
    pub(in super::super) fn tick(&mut self, now: Instant, held: &mut Held) {
        let due = self.pending.iter().filter(|(_, until)| **until <= now);
        for id in due.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.remove(&id);
            self.complete_if_all_joined(now, held);
        }
        let due = self.members.iter().filter(|(_, member)| member.expires.is_some_and(|at| at <= now));
        for id in due.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.expire(now, &id, held);
        }
        if self.join_phase.as_ref().is_some_and(|phase| phase.until <= now) {
            self.end_join_phase(now, held);
        }
        if self.sync_until.is_some_and(|until| until <= now) {
            self.end_sync_phase(now, held);
        }
    }

    fn complete_if_all_joined(&mut self, now: Instant, held: &mut Held) {
        if self.state == GroupState::PreparingRebalance && self.have_all_joined() {
            self.complete_join(now, held);
        }
    }

    /// The session of a member is over.
    fn expire(&mut self, now: Instant, id: &str, held: &mut Held) {
        let Some(member) = self.members.get_mut(id) else { return };
        member.expires = None;
        if member.is_excused() {
            return;
        }
        held.tell(format!("{}: {id} has not been heard of for too long", self.name));
        self.dismiss(id, held);
        match self.state {
            GroupState::Stable | GroupState::CompletingRebalance => self.prepare(now, held),
            GroupState::PreparingRebalance | GroupState::Empty => self.complete_if_all_joined(now, held),
        }
    }

    /// Takes a member out. If it waits it hears that, and joins anew if it is still there.
    pub(super) fn dismiss(&mut self, id: &str, held: &mut Held) {
        if let Some(ticket) = self.members.get(id).and_then(|member| member.awaits_join) {
            held.reply(ticket, Reply::Join(Joined::failed(ErrorCode::UNKNOWN_MEMBER_ID, "")));
        }
        self.remove(id);
    }

    fn end_join_phase(&mut self, now: Instant, held: &mut Held) {
        let delay = self.initial_delay;
        let initial = self.join_phase.as_mut().and_then(|phase| phase.initial.as_mut());
        match initial.filter(|initial| initial.is_joined && !initial.remaining.is_zero()) {
            Some(initial) => {
                let lasts = delay.min(initial.remaining);
                initial.is_joined = false;
                initial.remaining -= lasts;
                if let Some(phase) = &mut self.join_phase {
                    phase.until = now + lasts;
                }
            }
            None => self.complete_join(now, held),
        }
    }

    fn end_sync_phase(&mut self, now: Instant, held: &mut Held) {
        self.sync_until = None;
        let silent = std::mem::take(&mut self.unsynced);
        if silent.is_empty() {
            return;
        }
        for id in &silent {
            held.tell(format!("{}: {id} has not asked for its part in time", self.name));
            self.remove(id);
        }
        self.prepare(now, held);
    }
}
