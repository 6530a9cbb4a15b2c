//! Groups that the brokers coordinate, as real brokers do it: what members ask, and what happens when they do not.
//!
//! Of a group that was given a [number of members](Groups::count) the model knows nothing else: somebody is there.

mod classic;
mod commit;
mod consumer;
mod consumer_describe;
mod consumer_heartbeat;
mod coordinator;
mod describe;
mod heartbeat;
mod held;
mod holders;
mod join_group;
mod leave_group;
mod list_groups;
mod sync_group;
mod unheard;

use std::collections::BTreeMap;
use std::time::Duration;

use samsa_core::{Instant, Now};
use samsa_proto::ErrorCode;
use samsa_proto::api::join_group::JoinGroupRequest;
use samsa_proto::api::sync_group::SyncGroupRequest;

pub(crate) use self::commit::{has_since, may_commit, owns};
pub(crate) use self::consumer_describe::answer as consumer_describe;
pub(crate) use self::consumer_heartbeat::answer as consumer_heartbeat;
pub(crate) use self::coordinator::{OFFSETS_TOPIC, coordinates, find};
pub(crate) use self::describe::answer as describe;
pub(crate) use self::heartbeat::answer as heartbeat;
pub(crate) use self::holders::holders;
pub(crate) use self::join_group::answer as join;
pub(crate) use self::leave_group::answer as leave;
pub(crate) use self::list_groups::answer as list;
pub(crate) use self::sync_group::answer as sync;
pub(crate) use self::unheard::Said;

use self::classic::{ClassicGroup, GroupState};
use self::consumer::ConsumerGroup;
use self::coordinator::Loaded;
use self::held::{Held, Reply, Ticket};
use self::unheard::Unheard;
use super::ServerConn;
use super::answer::{Answer, Call, Waiting};
use super::state::State;

/// All groups.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    by_name: BTreeMap<String, Group>,
    held: Held,
    unheard: Unheard,
    /// Which partitions of the topic of offsets have been loaded.
    loaded: BTreeMap<i32, Loaded>,
    /// How many members those groups have of which nothing else is known.
    counted: BTreeMap<String, usize>,
}

#[derive(Debug)]
enum Group {
    Classic(Box<ClassicGroup>),
    Consumer(ConsumerGroup),
}

/// A request of a member that waits for others.
#[derive(Debug)]
pub(crate) struct Pending {
    correlation_id: i32,
    version: i16,
    throttle_ms: i32,
    ticket: Ticket,
}

impl Pending {
    fn new(state: &mut State, call: &Call<'_>) -> Self {
        Self {
            correlation_id: call.correlation_id,
            version: call.version,
            throttle_ms: call.throttle_ms,
            ticket: state.groups.held.ticket(call.conn),
        }
    }
}

/// Answers once there is an answer.
pub(crate) fn look_again(state: &mut State, broker: i32, pending: Pending) -> Answer {
    let Pending { correlation_id, version, throttle_ms, ticket } = pending;
    match state.groups.held.take(ticket) {
        Some(Reply::Join(joined)) => {
            let (member, generation) = (&joined.member_id, joined.generation);
            let told = format!(
                "JoinGroup {version} of {member:?}: {:?}, generation {generation}",
                joined.error_code
            );
            state.note(broker, told);
            let response = join_group::response(&joined, version, throttle_ms);
            super::answer::frame::<JoinGroupRequest<'_>>(state, correlation_id, version, &response)
                .throttled(throttle_ms)
        }
        Some(Reply::Sync(synced)) => {
            state.note(broker, format!("SyncGroup {version}: {:?}", synced.error_code));
            let response = sync_group::response(&synced, throttle_ms);
            super::answer::frame::<SyncGroupRequest<'_>>(state, correlation_id, version, &response)
                .throttled(throttle_ms)
        }
        None => Answer::Wait(Waiting::Group(pending)),
    }
}

impl Groups {
    /// So many members of a group are there from now on.
    pub(crate) fn count(&mut self, group: &str, members: usize) {
        self.counted.insert(group.to_owned(), members);
    }

    fn counted(&self, group: &str) -> usize {
        self.counted.get(group).copied().unwrap_or(0)
    }

    /// When something happens by itself.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.by_name.values().filter_map(Group::deadline).min()
    }

    fn classic(&mut self, name: &str) -> Result<(&mut ClassicGroup, &mut Held), ErrorCode> {
        match self.by_name.get_mut(name) {
            Some(Group::Classic(group)) => Ok((group, &mut self.held)),
            Some(Group::Consumer(_)) | None => Err(ErrorCode::UNKNOWN_MEMBER_ID),
        }
    }

    /// The group for who joins by the classic protocol. A new member makes it if it is not there, or if there is one of KIP-848
    /// without members.
    fn classic_to_join(
        &mut self,
        name: &str,
        initial_delay: Option<Duration>,
    ) -> Result<(&mut ClassicGroup, &mut Held), ErrorCode> {
        let is_free = match self.by_name.get(name) {
            Some(Group::Classic(_)) => false,
            Some(Group::Consumer(group)) if !group.members.is_empty() => {
                return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
            }
            Some(Group::Consumer(_)) | None => true,
        };
        if let Some(initial_delay) = initial_delay.filter(|_| is_free) {
            self.by_name
                .insert(name.to_owned(), Group::Classic(Box::new(ClassicGroup::new(name, initial_delay))));
        }
        self.classic(name)
    }

    /// The group for who speaks KIP-848. Who joins makes it if it is not there, or if there is a classic one without members;
    /// it says how long sessions last.
    fn consumer(
        &mut self,
        name: &str,
        session_timeout: Option<Duration>,
    ) -> Result<(&mut ConsumerGroup, &mut Held), ErrorCode> {
        let is_free = match self.by_name.get(name) {
            Some(Group::Classic(group)) => group.state == GroupState::Empty,
            Some(Group::Consumer(_)) => false,
            None => true,
        };
        if let Some(session_timeout) = session_timeout.filter(|_| is_free) {
            self.by_name.insert(name.to_owned(), Group::Consumer(ConsumerGroup::new(name, session_timeout)));
        }
        match self.by_name.get_mut(name) {
            Some(Group::Consumer(group)) => Ok((group, &mut self.held)),
            Some(Group::Classic(_)) | None => Err(ErrorCode::GROUP_ID_NOT_FOUND),
        }
    }

    /// A connection is gone: nobody waits on it any more.
    pub(crate) fn gone(&mut self, conn: ServerConn) {
        self.held.gone(conn);
        self.unheard.gone(conn);
    }

    /// All that was said on a connection has been answered.
    pub(crate) fn answered(&mut self, now: Instant, conn: ServerConn) {
        self.unheard.answered(now, conn);
    }

    /// Whether somebody has an answer who waits, since this was asked last.
    pub(crate) fn has_news(&mut self) -> bool {
        self.held.take_news()
    }
}

impl Group {
    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Classic(group) => group.deadline(),
            Self::Consumer(group) => group.deadline(),
        }
    }

    fn tick(&mut self, now: Instant, held: &mut Held) {
        match self {
            Self::Classic(group) => group.tick(now, held),
            Self::Consumer(group) => group.tick(now, held),
        }
    }

    fn put_down(&mut self, held: &mut Held) {
        match self {
            Self::Classic(group) => group.put_down(held),
            Self::Consumer(group) => group.put_down(),
        }
    }

    fn take_up(&mut self, now: Instant) {
        match self {
            Self::Classic(group) => group.take_up(now),
            Self::Consumer(group) => group.take_up(now),
        }
    }
}

/// Lets happen what is due, and has groups put down whose coordinator is none any more.
pub(crate) fn tick(state: &mut State, now: Now) {
    coordinator::put_down_lost(state);
    let Groups { by_name, held, .. } = &mut state.groups;
    for group in by_name.values_mut() {
        if group.deadline().is_some_and(|at| at <= now.mono) {
            group.tick(now.mono, held);
        }
    }
    tell(state, 0);
}

/// Has the trace show what groups have done.
fn tell(state: &mut State, broker: i32) {
    for text in state.groups.held.take_told() {
        state.note(broker, text);
    }
}

#[cfg(test)]
mod tests;
