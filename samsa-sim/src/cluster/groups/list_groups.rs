//! `ListGroups`: the groups that a broker coordinates.

use samsa_proto::ErrorCode;
use samsa_proto::api::list_groups::{ListGroupsRequest, ListGroupsResponse, ListedGroup};

use super::Group;
use super::classic::GroupState;
use super::coordinator::is_loaded_by;
use crate::cluster::answer::{Answer, Call};
use crate::cluster::state::State;

pub(crate) fn answer(state: &mut State, call: &Call<'_>, request: &ListGroupsRequest<'_>) -> Answer {
    let is_wanted = |filter: &[&str], is: &str| {
        filter.is_empty() || filter.iter().any(|wanted| wanted.eq_ignore_ascii_case(is))
    };
    let own = state.groups.by_name.iter().filter(|(name, _)| is_loaded_by(state, call, name));
    let listed = own.map(|(name, group)| {
        let (kind, group_state, protocol_type) = described(group);
        (name.clone(), kind, group_state, protocol_type)
    });
    // What was only committed to is there, too.
    let without_members = state
        .offsets
        .groups()
        .into_iter()
        .filter(|name| !state.groups.by_name.contains_key(*name) && is_loaded_by(state, call, name));
    let without_members =
        without_members.map(|name| (name.to_owned(), "classic", GroupState::Empty.name(), String::new()));
    let listed: Vec<_> = listed
        .chain(without_members)
        .filter(|(_, kind, group_state, _)| {
            is_wanted(&request.types_filter, kind) && is_wanted(&request.states_filter, group_state)
        })
        .collect();
    state.note(call.broker, format!("ListGroups {}: {} groups", call.version, listed.len()));
    let groups = listed.iter().map(|(group_id, group_type, group_state, protocol_type)| ListedGroup {
        group_id,
        protocol_type,
        group_state,
        group_type,
        ..Default::default()
    });
    let response = ListGroupsResponse {
        throttle_time_ms: call.throttle_ms,
        error_code: ErrorCode::NONE,
        groups: groups.collect(),
        ..Default::default()
    };
    call.answer::<ListGroupsRequest<'_>>(state, &response)
}

/// Its type, its state, and the type of its protocol.
fn described(group: &Group) -> (&'static str, &'static str, String) {
    match group {
        Group::Classic(group) => {
            ("classic", group.state.name(), group.protocol_type.clone().unwrap_or_default())
        }
        Group::Consumer(group) => ("consumer", group.state(), "consumer".to_owned()),
    }
}
