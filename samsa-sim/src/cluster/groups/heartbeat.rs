//! `Heartbeat`: a member of a classic group is alive.

use samsa_proto::ErrorCode;
use samsa_proto::api::heartbeat::{HeartbeatRequest, HeartbeatResponse};

use super::coordinator::coordinates;
use super::unheard::{Said, expect_heard};
use crate::cluster::answer::{Answer, Call};
use crate::cluster::state::State;

pub(crate) fn answer(state: &mut State, call: &Call<'_>, request: &HeartbeatRequest<'_>) -> Answer {
    let (group, member, generation) = (request.group_id, request.member_id, request.generation_id);
    expect_heard(state, call, member, Said::Heartbeat, "Heartbeat");
    let release = state.release_of(call.broker);
    let done = coordinates(state, call, group).and_then(|()| {
        let (group, _) = state.groups.classic(group)?;
        group.heartbeat(call.now.mono, (member, generation), release)
    });
    state.groups.is_said(call, member, Said::Heartbeat);
    let error_code = done.err().unwrap_or(ErrorCode::NONE);
    let told = format!("Heartbeat {} of {group} by {member} in generation {generation}", call.version);
    state.note(call.broker, format!("{told}: {error_code:?}"));
    let response = HeartbeatResponse { error_code, throttle_time_ms: call.throttle_ms, ..Default::default() };
    call.answer::<HeartbeatRequest<'_>>(state, &response)
}
