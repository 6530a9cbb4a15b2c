//! `SyncGroup`: a member fetches its part, and waits until the leader has said what that is.

use std::collections::BTreeMap;

use samsa_proto::ErrorCode;
use samsa_proto::api::sync_group::{SyncGroupRequest, SyncGroupResponse};

use super::coordinator::coordinates;
use super::held::{Reply, Synced};
use super::{Pending, look_again, tell};
use crate::cluster::answer::{Answer, Call};
use crate::cluster::state::State;

pub(crate) fn answer(state: &mut State, call: &Call<'_>, request: &SyncGroupRequest<'_>) -> Answer {
    let (group, member, generation) = (request.group_id, request.member_id, request.generation_id);
    let brings = request.assignments.len();
    let told = format!("SyncGroup {} of {group} by {member} in generation {generation}", call.version);
    state.note(call.broker, format!("{told}, which brings {brings} parts"));
    let pending = Pending::new(state, call);
    if let Err(error_code) = sync(state, call, request, &pending) {
        state.groups.held.reply(pending.ticket, Reply::Sync(Synced::failed(error_code)));
    }
    tell(state, call.broker);
    look_again(state, call.broker, pending)
}

fn sync(
    state: &mut State,
    call: &Call<'_>,
    request: &SyncGroupRequest<'_>,
    pending: &Pending,
) -> Result<(), ErrorCode> {
    coordinates(state, call, request.group_id)?;
    let (group, held) = state.groups.classic(request.group_id)?;
    let parts = request.assignments.iter();
    let parts: BTreeMap<_, _> =
        parts.map(|part| (part.member_id.to_owned(), part.assignment.to_vec())).collect();
    let who = (request.member_id, request.generation_id);
    let protocol = (request.protocol_type, request.protocol_name);
    group.sync(call.now.mono, who, protocol, &parts, pending.ticket, held);
    Ok(())
}

pub(super) fn response(synced: &Synced, throttle_time_ms: i32) -> SyncGroupResponse<'_> {
    SyncGroupResponse {
        throttle_time_ms,
        error_code: synced.error_code,
        protocol_type: synced.protocol_type.as_deref(),
        protocol_name: synced.protocol.as_deref(),
        assignment: &synced.assignment,
        ..Default::default()
    }
}
