//! `LeaveGroup`: members go without being waited for.

use samsa_proto::ErrorCode;
use samsa_proto::api::leave_group::{LeaveGroupRequest, LeaveGroupResponse, MemberResponse};

use super::coordinator::coordinates;
use super::tell;
use crate::cluster::answer::{Answer, Call};
use crate::cluster::state::State;

/// From here on several may leave at once.
const OF_SEVERAL: i16 = 3;

pub(crate) fn answer(state: &mut State, call: &Call<'_>, request: &LeaveGroupRequest<'_>) -> Answer {
    let group = request.group_id;
    let members: Vec<&str> = if call.version < OF_SEVERAL {
        vec![request.member_id]
    } else {
        request.members.iter().map(|member| member.member_id).collect()
    };
    state.note(call.broker, format!("LeaveGroup {} of {group} by {}", call.version, members.join(", ")));
    let coordinates = coordinates(state, call, group);
    let left = match state.groups.classic(group) {
        Ok((group, held)) if coordinates.is_ok() => group.leave(call.now.mono, &members, held),
        _ => vec![Err(ErrorCode::UNKNOWN_MEMBER_ID); members.len()],
    };
    tell(state, call.broker);
    let code = |done: Result<(), ErrorCode>| done.err().unwrap_or(ErrorCode::NONE);
    let first = left.first().copied().filter(|_| call.version < OF_SEVERAL).unwrap_or(Ok(()));
    let parts = members.iter().zip(&left).map(|(member_id, done)| MemberResponse {
        member_id,
        group_instance_id: None,
        error_code: code(*done),
        ..Default::default()
    });
    let names_members = call.version >= OF_SEVERAL && coordinates.is_ok();
    let response = LeaveGroupResponse {
        throttle_time_ms: call.throttle_ms,
        error_code: code(coordinates.and(first)),
        members: if names_members { parts.collect() } else { Vec::new() },
        ..Default::default()
    };
    call.answer::<LeaveGroupRequest<'_>>(state, &response)
}
