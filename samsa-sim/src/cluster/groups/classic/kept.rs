//! What is in the log of a group, and so outlives its coordinator: the last generation that came to be, or was empty.

use std::collections::BTreeMap;

use samsa_core::Instant;
use samsa_proto::ErrorCode;

use super::super::held::{Held, Joined, Reply};
use super::{ClassicGroup, GroupState, Member};

/// A generation.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    generation: i32,
    protocol_type: Option<String>,
    protocol: Option<String>,
    leader: Option<String>,
    members: BTreeMap<String, Member>,
}

impl Kept {
    pub(super) fn empty(generation: i32) -> Self {
        Self { generation, ..Self::default() }
    }

    pub(super) fn of(group: &ClassicGroup) -> Self {
        let mut members = group.members.clone();
        for member in members.values_mut() {
            (member.awaits_join, member.awaits_sync, member.expires) = (None, None, None);
        }
        Self {
            generation: group.generation,
            protocol_type: group.protocol_type.clone(),
            protocol: group.protocol.clone(),
            leader: group.leader.clone(),
            members,
        }
    }
}

impl ClassicGroup {
    /// The coordinator is none any more: who waits hears of that, if it is still there to say so, and what is not in the log is
    /// forgotten. Nothing happens by itself until somebody else takes the group up.
    pub(in super::super) fn put_down(&mut self, held: &mut Held) {
        for (id, member) in &mut self.members {
            if let Some(ticket) = member.awaits_join.take() {
                held.reply(ticket, Reply::Join(Joined::failed(ErrorCode::NOT_COORDINATOR, id)));
            }
        }
        self.fail_syncs(Instant::START, ErrorCode::NOT_COORDINATOR, held);
        let kept = self.kept.clone();
        self.state = if kept.members.is_empty() { GroupState::Empty } else { GroupState::Stable };
        self.generation = kept.generation;
        self.protocol_type = kept.protocol_type;
        self.protocol = kept.protocol;
        self.leader = kept.leader;
        self.members = kept.members;
        self.pending.clear();
        self.unsynced.clear();
        self.join_phase = None;
        self.sync_until = None;
    }

    /// A coordinator has read the log: all sessions begin anew.
    pub(in super::super) fn take_up(&mut self, now: Instant) {
        self.members.values_mut().for_each(|member| member.is_heard(now));
    }
}
