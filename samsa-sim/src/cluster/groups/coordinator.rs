//! Who coordinates a group: the leader of the group's partition in the topic of offsets, once it has loaded it.

use std::ops::Range;
use std::time::Duration;

use samsa_core::Instant;
use samsa_proto::ErrorCode;
use samsa_proto::api::find_coordinator::{Coordinator, FindCoordinatorRequest, FindCoordinatorResponse};

use super::Groups;
use crate::cluster::answer::{Answer, Call};
use crate::cluster::state::State;
use crate::cluster::topic::Topic;

/// The topic whose leaders coordinate groups.
pub(crate) const OFFSETS_TOPIC: &str = "__consumer_offsets";
const PARTITIONS: i32 = 3;
const LOADING: Range<Duration> = Duration::ZERO..Duration::from_millis(600);

/// A partition that its leader loads, or has loaded.
#[derive(Debug)]
pub(super) struct Loaded {
    broker: i32,
    epoch: i32,
    until: Instant,
}

pub(crate) fn find(state: &mut State, call: &Call<'_>, request: &FindCoordinatorRequest<'_>) -> Answer {
    let group = request.coordinator_keys.first().copied().unwrap_or(request.key);
    let found = coordinator(state, call, group);
    let whose = found.map_or_else(|code| code.to_string(), |broker| format!("broker {broker}"));
    state.note(call.broker, format!("FindCoordinator {} of {group}: {whose}", call.version));
    let node = found.ok().and_then(|id| Some((id, state.brokers.get(&id)?.address.clone())));
    let error_code = found.err().unwrap_or(ErrorCode::NONE);
    let (node_id, host, port) = match &node {
        Some((id, address)) => (*id, &*address.host, i32::from(address.port)),
        None => (-1, "", -1),
    };
    let throttle_time_ms = call.throttle_ms;
    let response = if call.version < 4 {
        FindCoordinatorResponse { throttle_time_ms, error_code, node_id, host, port, ..Default::default() }
    } else {
        let found = Coordinator { key: group, node_id, host, port, error_code, ..Default::default() };
        FindCoordinatorResponse { throttle_time_ms, coordinators: vec![found], ..Default::default() }
    };
    call.answer::<FindCoordinatorRequest<'_>>(state, &response)
}

/// The first who asks has the topic made.
fn coordinator(state: &mut State, call: &Call<'_>, group: &str) -> Result<i32, ErrorCode> {
    if !state.topics.contains_key(OFFSETS_TOPIC) {
        let replication = usize::from(state.config.replication).max(1);
        state.create_topic(call.now, OFFSETS_TOPIC, |id, brokers| {
            Topic::new(id, PARTITIONS, replication.min(brokers.len()), brokers)
        });
    }
    let partition = state.topic(OFFSETS_TOPIC).and_then(|topic| topic.partition(partition_of(group)));
    partition.and_then(|partition| partition.leader).ok_or(ErrorCode::COORDINATOR_NOT_AVAILABLE)
}

pub(super) fn partition_of(group: &str) -> i32 {
    group.bytes().map(i32::from).sum::<i32>() % PARTITIONS
}

/// Whether this broker looks after the group, and has loaded what it has to know.
pub(crate) fn coordinates(state: &mut State, call: &Call<'_>, group: &str) -> Result<(), ErrorCode> {
    let number = partition_of(group);
    let led = state.led_by(call.broker, OFFSETS_TOPIC, number);
    let epoch = led.map_err(|_| ErrorCode::NOT_COORDINATOR)?.epoch;
    let lasts = state.rng.duration(&LOADING);
    if state.groups.loaded.get(&number).is_none_or(|loaded| loaded.epoch != epoch) {
        let until = call.now.mono + lasts;
        state.groups.put_down(number);
        state.groups.loaded.insert(number, Loaded { broker: call.broker, epoch, until });
        state.groups.take_up(number, until);
    }
    let is_loading = state.groups.loaded.get(&number).is_some_and(|loaded| loaded.until > call.now.mono);
    if is_loading { Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS) } else { Ok(()) }
}

/// Whether this broker has loaded the group.
pub(super) fn is_loaded_by(state: &State, call: &Call<'_>, group: &str) -> bool {
    let loaded = state.groups.loaded.get(&partition_of(group));
    loaded.is_some_and(|loaded| loaded.broker == call.broker && loaded.until <= call.now.mono)
}

/// Who leads no more, or does not run, coordinates nothing. The next leader takes its groups up when it is asked first.
pub(super) fn put_down_lost(state: &mut State) {
    let is_lost = |number: i32, loaded: &Loaded| {
        let partition = state.topic(OFFSETS_TOPIC).and_then(|topic| topic.partition(number));
        let leads = partition.is_some_and(|partition| {
            partition.leader == Some(loaded.broker) && partition.epoch == loaded.epoch
        });
        !leads || !state.brokers.get(&loaded.broker).is_some_and(|broker| broker.running)
    };
    let lost = state.groups.loaded.iter().filter(|(number, loaded)| is_lost(**number, loaded));
    for number in lost.map(|(number, _)| *number).collect::<Vec<_>>() {
        state.groups.put_down(number);
        state.groups.loaded.remove(&number);
    }
}

impl Groups {
    fn put_down(&mut self, number: i32) {
        let groups = self.by_name.iter_mut().filter(|(name, _)| partition_of(name) == number);
        groups.for_each(|(_, group)| group.put_down(&mut self.held));
    }

    fn take_up(&mut self, number: i32, now: Instant) {
        let groups = self.by_name.iter_mut().filter(|(name, _)| partition_of(name) == number);
        groups.for_each(|(_, group)| group.take_up(now));
    }
}
