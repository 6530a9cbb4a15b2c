//! The leader says who gets what, and each member fetches its part.

use std::collections::BTreeMap;

use samsa_core::Instant;
use samsa_proto::ErrorCode;

use super::super::held::{Held, Reply, Synced, Ticket};
use super::kept::Kept;
use super::{ClassicGroup, GroupState};

impl ClassicGroup {
    /// A member asks for its part; the leader hands in all parts.
    pub(in super::super) fn sync(
        &mut self,
        now: Instant,
        (member, generation): (&str, i32),
        protocol: (Option<&str>, Option<&str>),
        assignments: &BTreeMap<String, Vec<u8>>,
        ticket: Ticket,
        held: &mut Held,
    ) {
        let is_known = self.is_known(member).and_then(|()| self.is_of_generation(generation));
        if let Err(error_code) = is_known.and_then(|()| self.has_protocol(protocol)) {
            held.reply(ticket, Reply::Sync(Synced::failed(error_code)));
            return;
        }
        self.unsynced.remove(member);
        if let Some(member) = self.members.get_mut(member) {
            member.awaits_sync = Some(ticket);
        }
        match self.state {
            GroupState::CompletingRebalance if self.leads(member) => {
                for (id, member) in &mut self.members {
                    member.assignment = assignments.get(id).cloned().unwrap_or_default();
                }
                self.turn_to(GroupState::Stable, held);
                self.kept = Kept::of(self);
                self.give_parts(now, held);
            }
            GroupState::CompletingRebalance => {}
            GroupState::Stable => self.give_part(now, member, held),
            GroupState::PreparingRebalance | GroupState::Empty => {
                self.fail_sync(member, ErrorCode::REBALANCE_IN_PROGRESS, held);
            }
        }
    }

    /// From version 5 on members say what they take for the protocol.
    fn has_protocol(&self, (kind, name): (Option<&str>, Option<&str>)) -> Result<(), ErrorCode> {
        let is_it = |said: Option<&str>, is: &Option<String>| said.is_none() || said == is.as_deref();
        if is_it(kind, &self.protocol_type) && is_it(name, &self.protocol) {
            Ok(())
        } else {
            Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL)
        }
    }

    fn give_parts(&mut self, now: Instant, held: &mut Held) {
        for id in self.members.keys().cloned().collect::<Vec<_>>() {
            self.give_part(now, &id, held);
        }
    }

    fn give_part(&mut self, now: Instant, id: &str, held: &mut Held) {
        let (protocol_type, protocol) = (self.protocol_type.clone(), self.protocol.clone());
        let Some(member) = self.members.get_mut(id) else { return };
        if let Some(ticket) = member.awaits_sync.take() {
            member.is_heard(now);
            let (error_code, assignment) = (ErrorCode::NONE, member.assignment.clone());
            held.reply(ticket, Reply::Sync(Synced { error_code, protocol_type, protocol, assignment }));
        }
    }

    fn fail_sync(&mut self, id: &str, error_code: ErrorCode, held: &mut Held) -> bool {
        let waiting = self.members.get_mut(id).and_then(|member| member.awaits_sync.take());
        if let Some(ticket) = waiting {
            held.reply(ticket, Reply::Sync(Synced::failed(error_code)));
        }
        waiting.is_some()
    }

    /// Nobody gets a part of this generation.
    pub(super) fn fail_syncs(&mut self, now: Instant, error_code: ErrorCode, held: &mut Held) {
        for id in self.members.keys().cloned().collect::<Vec<_>>() {
            let has_waited = self.fail_sync(&id, error_code, held);
            if let Some(member) = self.members.get_mut(&id) {
                member.assignment.clear();
                if has_waited {
                    member.is_heard(now);
                }
            }
        }
    }
}
