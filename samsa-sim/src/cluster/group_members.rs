//! Groups that the brokers coordinate, of which the model knows but how many members each has: they are there, and so
//! nobody else may commit.

use std::collections::BTreeMap;

use samsa_proto::ErrorCode;
use samsa_proto::api::describe_groups::{
    DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup, DescribedGroupMember,
};

use super::answer::{Answer, Call};
use super::offsets::coordinates;
use super::state::State;

/// From here on a group that is not there is an error.
const NAMES_UNKNOWN: i16 = 6;

/// How many members groups have, those that have any.
#[derive(Debug, Default)]
pub(super) struct Members(BTreeMap<String, usize>);

impl Members {
    pub(super) fn set(&mut self, group: &str, members: usize) {
        self.0.insert(group.to_owned(), members);
    }

    pub(super) fn of(&self, group: &str) -> usize {
        self.0.get(group).copied().unwrap_or(0)
    }
}

pub(super) fn describe(state: &mut State, call: &Call<'_>, request: &DescribeGroupsRequest<'_>) -> Answer {
    let groups = request.groups.iter().map(|group| described(state, call, group)).collect();
    let response =
        DescribeGroupsResponse { groups, throttle_time_ms: call.throttle_ms, ..Default::default() };
    call.answer::<DescribeGroupsRequest<'_>>(state, &response)
}

fn described<'a>(state: &mut State, call: &Call<'_>, group_id: &'a str) -> DescribedGroup<'a> {
    let coordinates = coordinates(state, call, group_id);
    let members = if coordinates.is_ok() { state.members.of(group_id) } else { 0 };
    let is_there = members > 0 || call.version < NAMES_UNKNOWN;
    let error_code =
        coordinates.err().unwrap_or(if is_there { ErrorCode::NONE } else { ErrorCode::GROUP_ID_NOT_FOUND });
    state.note(call.broker, format!("DescribeGroups {} of {group_id}: {members} members", call.version));
    let group_state = match (coordinates, members) {
        (Err(_), _) => "",
        (Ok(()), 0) => "Dead",
        (Ok(()), _) => "Stable",
    };
    DescribedGroup {
        error_code,
        group_id,
        group_state,
        members: vec![DescribedGroupMember::default(); members],
        ..Default::default()
    }
}
