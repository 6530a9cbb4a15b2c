//! `JoinGroup`: a member joins, and waits until all have.

use std::time::Duration;

use samsa_proto::ErrorCode;
use samsa_proto::api::join_group::{JoinGroupRequest, JoinGroupResponse, JoinGroupResponseMember};

use super::classic::Joining;
use super::coordinator::coordinates;
use super::held::{Joined, Reply};
use super::unheard::{Said, expect_heard};
use super::{Pending, look_again, tell};
use crate::cluster::Release;
use crate::cluster::answer::{Answer, Call};
use crate::cluster::state::State;

/// As `group.min.session.timeout.ms`.
const SHORTEST_SESSION: Duration = Duration::from_secs(6);
/// From here on the rebalance timeout is said; before, it is the session timeout.
const WITH_REBALANCE_TIMEOUT: i16 = 1;
/// From here on there may be no protocol.
const WITH_PROTOCOL_TYPE: i16 = 7;

pub(crate) fn answer(state: &mut State, call: &Call<'_>, request: &JoinGroupRequest<'_>) -> Answer {
    let (group, member) = (request.group_id, request.member_id);
    state.note(call.broker, format!("JoinGroup {} of {group} by {member:?}", call.version));
    expect_heard(state, call, member, Said::Commit, "JoinGroup");
    if request.group_instance_id.is_some() {
        state.complain("a static member, which the model does not know".to_owned());
    }
    let pending = Pending::new(state, call);
    if let Err(error_code) = join(state, call, request, &pending) {
        state.groups.held.reply(pending.ticket, Reply::Join(Joined::failed(error_code, member)));
    }
    tell(state, call.broker);
    look_again(state, call.broker, pending)
}

fn join(
    state: &mut State,
    call: &Call<'_>,
    request: &JoinGroupRequest<'_>,
    pending: &Pending,
) -> Result<(), ErrorCode> {
    if request.group_id.is_empty() {
        return Err(ErrorCode::INVALID_GROUP_ID);
    }
    let session_timeout = millis(request.session_timeout_ms);
    if !(SHORTEST_SESSION..=longest_session(state, call.broker)).contains(&session_timeout) {
        return Err(ErrorCode::INVALID_SESSION_TIMEOUT);
    }
    coordinates(state, call, request.group_id)?;
    let rebalance_timeout = if call.version < WITH_REBALANCE_TIMEOUT {
        session_timeout
    } else {
        millis(request.rebalance_timeout_ms)
    };
    let is_new = request.member_id.is_empty();
    let new_id = if is_new { state.new_member_id(call.client) } else { String::new() };
    let protocols = request.protocols.iter();
    let joining = Joining {
        ticket: pending.ticket,
        version: call.version,
        member_id: request.member_id.to_owned(),
        new_id,
        client: call.client.to_owned(),
        session_timeout,
        rebalance_timeout,
        protocol_type: request.protocol_type.to_owned(),
        protocols: protocols.map(|protocol| (protocol.name.to_owned(), protocol.metadata.to_vec())).collect(),
    };
    let initial_delay = state.initial_delay(call.broker);
    let (group, held) = state.groups.classic_to_join(request.group_id, is_new.then_some(initial_delay))?;
    group.join(call.now.mono, joining, held);
    Ok(())
}

/// The longest that releases allow by default, or what the cluster is set to.
fn longest_session(state: &State, broker: i32) -> Duration {
    let longest = match state.release_of(broker) {
        Release::V0_9 => Duration::from_secs(30),
        Release::V0_10 | Release::V0_11 | Release::V1_1 | Release::V2_1 => Duration::from_secs(300),
        _ => Duration::from_secs(1_800),
    };
    longest.min(state.config.longest_session)
}

pub(super) fn millis(millis: i32) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

pub(super) fn response(joined: &Joined, version: i16, throttle_time_ms: i32) -> JoinGroupResponse<'_> {
    let members = joined.members.iter().map(|(member_id, metadata)| JoinGroupResponseMember {
        member_id,
        metadata,
        ..Default::default()
    });
    let none = (version < WITH_PROTOCOL_TYPE).then_some("");
    JoinGroupResponse {
        throttle_time_ms,
        error_code: joined.error_code,
        generation_id: joined.generation,
        protocol_type: joined.protocol_type.as_deref(),
        protocol_name: joined.protocol.as_deref().or(none),
        leader: &joined.leader,
        member_id: &joined.member_id,
        members: members.collect(),
        ..Default::default()
    }
}

impl State {
    /// How long a new group waits for more members: not at all before 0.11 (KIP-134).
    fn initial_delay(&self, broker: i32) -> Duration {
        let waits = self.release_of(broker) >= Release::V0_11;
        if waits { self.config.initial_rebalance_delay } else { Duration::ZERO }
    }

    pub(super) fn new_member_id(&mut self, client: &str) -> String {
        format!("{client}-{:016x}{:016x}", self.rng.draw(), self.rng.draw())
    }
}
