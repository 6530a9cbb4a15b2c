//! `DescribeGroups`: who is in a group of the classic protocol.

use samsa_proto::ErrorCode;
use samsa_proto::api::describe_groups::{
    DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup, DescribedGroupMember,
};

use super::Group;
use super::classic::{ClassicGroup, GroupState};
use super::coordinator::coordinates;
use crate::cluster::answer::{Answer, Call};
use crate::cluster::state::State;

/// From here on a group that is not there is an error.
const NAMES_UNKNOWN: i16 = 6;

/// A group, as it is described.
#[derive(Default)]
struct Description {
    error_code: ErrorCode,
    state: &'static str,
    protocol_type: String,
    protocol: String,
    members: Vec<MemberDescription>,
}

#[derive(Clone, Default)]
struct MemberDescription {
    id: String,
    client: String,
    metadata: Vec<u8>,
    assignment: Vec<u8>,
}

pub(crate) fn answer(state: &mut State, call: &Call<'_>, request: &DescribeGroupsRequest<'_>) -> Answer {
    let mut descriptions = Vec::new();
    for group in &request.groups {
        let described = coordinates(state, call, group).map(|()| describe(state, call.version, group));
        let described =
            described.unwrap_or_else(|error_code| Description { error_code, ..Default::default() });
        let members = described.members.len();
        state.note(call.broker, format!("DescribeGroups {} of {group}: {members} members", call.version));
        descriptions.push(described);
    }
    let groups = request.groups.iter().zip(&descriptions).map(|(group, described)| described.as_told(group));
    let response = DescribeGroupsResponse {
        groups: groups.collect(),
        throttle_time_ms: call.throttle_ms,
        ..Default::default()
    };
    call.answer::<DescribeGroupsRequest<'_>>(state, &response)
}

fn describe(state: &State, version: i16, name: &str) -> Description {
    let counted = state.groups.counted(name);
    match state.groups.by_name.get(name) {
        _ if counted > 0 => Description {
            state: GroupState::Stable.name(),
            members: vec![MemberDescription::default(); counted],
            ..Default::default()
        },
        Some(Group::Classic(group)) => Description::of(group),
        None if state.offsets.groups().contains(name) => {
            Description { state: GroupState::Empty.name(), ..Default::default() }
        }
        Some(Group::Consumer(_)) | None => {
            let is_error = version >= NAMES_UNKNOWN;
            let error_code = if is_error { ErrorCode::GROUP_ID_NOT_FOUND } else { ErrorCode::NONE };
            Description { error_code, state: "Dead", ..Default::default() }
        }
    }
}

impl Description {
    fn of(group: &ClassicGroup) -> Self {
        let is_stable = group.state == GroupState::Stable;
        let protocol = group.protocol.clone().filter(|_| is_stable).unwrap_or_default();
        let members = group.members.iter().map(|(id, member)| MemberDescription {
            id: id.clone(),
            client: member.client.clone(),
            metadata: if is_stable { member.metadata(&protocol).to_vec() } else { Vec::new() },
            assignment: if is_stable { member.assignment.clone() } else { Vec::new() },
        });
        Self {
            error_code: ErrorCode::NONE,
            state: group.state.name(),
            protocol_type: group.protocol_type.clone().unwrap_or_default(),
            members: members.collect(),
            protocol,
        }
    }

    fn as_told<'a>(&'a self, group_id: &'a str) -> DescribedGroup<'a> {
        let members = self.members.iter().map(|member| DescribedGroupMember {
            member_id: &member.id,
            client_id: &member.client,
            client_host: "/127.0.0.1",
            member_metadata: &member.metadata,
            member_assignment: &member.assignment,
            ..Default::default()
        });
        DescribedGroup {
            error_code: self.error_code,
            group_id,
            group_state: self.state,
            protocol_type: &self.protocol_type,
            protocol_data: &self.protocol,
            members: members.collect(),
            ..Default::default()
        }
    }
}
