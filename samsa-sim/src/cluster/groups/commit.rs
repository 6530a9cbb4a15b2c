//! Who may commit.

use samsa_proto::ErrorCode;
use samsa_proto::api::offset_commit::OffsetCommitRequest;

use super::Group;
use super::coordinator::coordinates;
use crate::cluster::Release;
use crate::cluster::answer::Call;
use crate::cluster::state::State;

/// From here on there is a word for a group that is not there.
const NAMES_UNKNOWN: i16 = 9;

/// Whether who asks may commit, as its coordinator sees it.
pub(crate) fn may_commit(
    state: &mut State,
    call: &Call<'_>,
    request: &OffsetCommitRequest<'_>,
) -> Result<(), ErrorCode> {
    let (name, member) = (request.group_id, request.member_id);
    let epoch = request.generation_id_or_member_epoch;
    coordinates(state, call, name)?;
    if state.groups.counted(name) > 0 {
        return Err(ErrorCode::UNKNOWN_MEMBER_ID);
    }
    let takes_older = state.config.takes_older_epochs;
    let is_new = state.release_of(call.broker) >= Release::V4_4;
    let mut misstep = None;
    let groups = &mut state.groups;
    let allowed = match groups.by_name.get_mut(name) {
        Some(Group::Classic(group)) => {
            if group.awaits_join(member).is_some_and(|ticket| groups.held.is_awaited(ticket)) {
                misstep = Some(format!("a commit of {member} while its JoinGroup is unanswered"));
            }
            group.commit(call.now.mono, member, epoch)
        }
        Some(Group::Consumer(group)) => group.commit(member, epoch, call.version, takes_older),
        None if epoch < 0 => Ok(()),
        None if is_new && call.version >= NAMES_UNKNOWN => Err(ErrorCode::GROUP_ID_NOT_FOUND),
        None => Err(ErrorCode::ILLEGAL_GENERATION),
    };
    if let Some(text) = misstep {
        state.misstep(call.conn, text);
    }
    allowed
}

/// Whether who may commit may do so of a partition.
pub(crate) fn has_since(
    state: &State,
    request: &OffsetCommitRequest<'_>,
    topic: &str,
    partition: i32,
) -> Result<(), ErrorCode> {
    let (group, topic) = (state.groups.by_name.get(request.group_id), state.topic(topic));
    match (group, topic) {
        (Some(Group::Consumer(group)), Some(topic)) => {
            let epoch = request.generation_id_or_member_epoch;
            group.has_since(request.member_id, epoch, (topic.id, partition))
        }
        _ => Ok(()),
    }
}

/// Whether a member has what it commits; `None` where that cannot be said, as of who is no member.
pub(crate) fn owns(
    state: &State,
    request: &OffsetCommitRequest<'_>,
    topic: &str,
    partition: i32,
) -> Option<bool> {
    let member = request.member_id;
    match state.groups.by_name.get(request.group_id)? {
        Group::Classic(group) => group.owns(member, topic, partition),
        Group::Consumer(group) => group.owns(member, (state.topic(topic)?.id, partition)),
    }
}
