//! A member joins: at once where nothing changes by it, else when all are there.

use std::time::Duration;

use samsa_core::Instant;
use samsa_proto::ErrorCode;

use super::super::held::{Held, Joined, Reply, Ticket};
use super::{ClassicGroup, GroupState, Member};

/// How long a new member may wait for its first answer: it cannot send heartbeats, and may have gone.
const NEW_MEMBER_TIMEOUT: Duration = Duration::from_secs(300);
/// From here on a new member joins a second time, with the id that it was given.
const WITH_ID: i16 = 4;

/// What a member says that joins.
#[derive(Debug)]
pub(in super::super) struct Joining {
    pub(in super::super) ticket: Ticket,
    pub(in super::super) version: i16,
    /// Empty at first.
    pub(in super::super) member_id: String,
    /// The id that it gets in this case.
    pub(in super::super) new_id: String,
    pub(in super::super) client: String,
    pub(in super::super) session_timeout: Duration,
    pub(in super::super) rebalance_timeout: Duration,
    pub(in super::super) protocol_type: String,
    pub(in super::super) protocols: Vec<(String, Vec<u8>)>,
}

impl ClassicGroup {
    pub(in super::super) fn join(&mut self, now: Instant, joining: Joining, held: &mut Held) {
        let ticket = joining.ticket;
        if let Some(joined) = self.try_join(now, joining, held) {
            held.reply(ticket, Reply::Join(joined));
        }
    }

    /// What is answered at once, if anything is.
    fn try_join(&mut self, now: Instant, joining: Joining, held: &mut Held) -> Option<Joined> {
        let id = &joining.member_id;
        if !self.supports(&joining) {
            return Some(Joined::failed(ErrorCode::INCONSISTENT_GROUP_PROTOCOL, id));
        }
        if id.is_empty() && joining.version >= WITH_ID {
            self.pending.insert(joining.new_id.clone(), now + joining.session_timeout);
            return Some(Joined::failed(ErrorCode::MEMBER_ID_REQUIRED, &joining.new_id));
        }
        if id.is_empty() || self.pending.contains_key(id) {
            self.add(now, joining, held);
            return None;
        }
        let Some(member) = self.members.get(id) else {
            return Some(Joined::failed(ErrorCode::UNKNOWN_MEMBER_ID, id));
        };
        let is_changed = member.protocols != joining.protocols;
        let begins_anew = match self.state {
            GroupState::Stable => is_changed || self.leads(id),
            GroupState::CompletingRebalance => is_changed,
            GroupState::PreparingRebalance | GroupState::Empty => true,
        };
        if !begins_anew {
            return Some(self.joined(id));
        }
        self.update(joining);
        self.prepare_or_complete(now, held);
        None
    }

    /// Whether the joining member knows a protocol that all others know.
    fn supports(&self, joining: &Joining) -> bool {
        if self.state == GroupState::Empty {
            return !joining.protocol_type.is_empty() && !joining.protocols.is_empty();
        }
        let is_common =
            |name: &String| self.members.values().all(|other| other.protocols.iter().any(|(n, _)| n == name));
        self.protocol_type.as_ref() == Some(&joining.protocol_type)
            && joining.protocols.iter().any(|(name, _)| is_common(name))
    }

    fn add(&mut self, now: Instant, joining: Joining, held: &mut Held) {
        let id = if joining.member_id.is_empty() { joining.new_id } else { joining.member_id };
        if self.members.is_empty() {
            self.protocol_type = Some(joining.protocol_type);
        }
        self.pending.remove(&id);
        let member = Member {
            client: joining.client,
            session_timeout: joining.session_timeout,
            rebalance_timeout: joining.rebalance_timeout,
            protocols: joining.protocols,
            assignment: Vec::new(),
            awaits_join: Some(joining.ticket),
            awaits_sync: None,
            is_new: true,
            expires: Some(now + NEW_MEMBER_TIMEOUT),
        };
        self.leader.get_or_insert_with(|| id.clone());
        self.members.insert(id, member);
        if let Some(phase) = &mut self.join_phase {
            phase.is_joined();
        }
        self.prepare_or_complete(now, held);
    }

    fn update(&mut self, joining: Joining) {
        if let Some(member) = self.members.get_mut(&joining.member_id) {
            member.client = joining.client;
            member.session_timeout = joining.session_timeout;
            member.rebalance_timeout = joining.rebalance_timeout;
            member.protocols = joining.protocols;
            member.awaits_join = Some(joining.ticket);
        }
    }

    /// What a member of this generation hears.
    pub(super) fn joined(&self, member: &str) -> Joined {
        let protocol = self.protocol.clone().unwrap_or_default();
        let all = self.members.iter().filter(|_| self.leads(member));
        let members = all.map(|(id, member)| (id.clone(), member.metadata(&protocol).to_vec())).collect();
        Joined {
            error_code: ErrorCode::NONE,
            member_id: member.to_owned(),
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: Some(protocol),
            leader: self.leader.clone().unwrap_or_default(),
            members,
        }
    }
}
