//! Creating topics with as many partitions and replicas as the client wants.

use samsa_proto::ErrorCode;
use samsa_proto::api::create_topics::{
    CreatableTopic, CreatableTopicResult, CreateTopicsRequest, CreateTopicsResponse,
};
use samsa_proto::wire::Uuid;
use samsa_proto::zookeeper::path;

use super::answer::{Answer, Call};
use super::state::State;
use super::topic::Topic;

pub(super) fn answer(state: &mut State, call: &Call<'_>, request: &CreateTopicsRequest<'_>) -> Answer {
    let mut topics = Vec::new();
    for topic in &request.topics {
        let outcome = create(state, call, topic, request.validate_only);
        topics.push(describe(topic.name, outcome));
    }
    call.answer::<CreateTopicsRequest<'_>>(
        state,
        &CreateTopicsResponse { topics, throttle_time_ms: call.throttle_ms, ..Default::default() },
    )
}

struct Created {
    id: Uuid,
    partitions: i32,
    replication: i16,
}

fn create(
    state: &mut State,
    call: &Call<'_>,
    asked: &CreatableTopic<'_>,
    validate_only: bool,
) -> Result<Created, ErrorCode> {
    if state.release().has_zookeeper() && state.controller() != Some(call.broker) {
        return Err(ErrorCode::NOT_CONTROLLER);
    }
    if path::topic(asked.name).is_err() {
        return Err(ErrorCode::INVALID_TOPIC_EXCEPTION);
    }
    if state.topics.contains_key(asked.name) {
        return Err(ErrorCode::TOPIC_ALREADY_EXISTS);
    }
    let replicas = assignment(state, call, asked)?;
    let partitions = replicas.len() as i32;
    let replication = replicas.first().map_or(0, |replicas| replicas.len() as i16);
    if !validate_only {
        state.create_topic(call.now, asked.name, |id, _| Topic::assigned(id, replicas));
    }
    let id = state.topics.get(asked.name).map_or(Uuid::ZERO, |topic| topic.id);
    Ok(Created { id, partitions, replication })
}

/// Who holds which partition: as the client says, or round robin.
fn assignment(
    state: &State,
    call: &Call<'_>,
    asked: &CreatableTopic<'_>,
) -> Result<Vec<Vec<i32>>, ErrorCode> {
    if !asked.assignments.is_empty() {
        let mut assigned: Vec<_> = asked.assignments.iter().collect();
        assigned.sort_by_key(|assignment| assignment.partition_index);
        let numbers = assigned.iter().map(|assignment| assignment.partition_index);
        let whole = numbers.eq(0..assigned.len() as i32);
        let known = |id: &i32| state.brokers.contains_key(id);
        let good = assigned.iter().all(|one| !one.broker_ids.is_empty() && one.broker_ids.iter().all(known));
        let replicas = assigned.iter().map(|one| one.broker_ids.clone()).collect();
        return if whole && good { Ok(replicas) } else { Err(ErrorCode::INVALID_REPLICA_ASSIGNMENT) };
    }
    let with_defaults = call.version >= 4;
    let partitions = match asked.num_partitions {
        -1 if with_defaults => state.config.partitions,
        count if count > 0 => count,
        _ => return Err(ErrorCode::INVALID_PARTITIONS),
    };
    let brokers: Vec<i32> = state.brokers.keys().copied().collect();
    let replication = match asked.replication_factor {
        -1 if with_defaults => usize::from(state.config.replication).clamp(1, brokers.len()),
        count => usize::try_from(count).unwrap_or(0),
    };
    if replication == 0 || replication > brokers.len() {
        return Err(ErrorCode::INVALID_REPLICATION_FACTOR);
    }
    Ok(Topic::new(Uuid::ZERO, partitions, replication, &brokers).replicas())
}

fn describe(name: &str, outcome: Result<Created, ErrorCode>) -> CreatableTopicResult<'_> {
    match outcome {
        Ok(created) => CreatableTopicResult {
            name,
            topic_id: created.id,
            error_message: None,
            num_partitions: created.partitions,
            replication_factor: created.replication,
            ..Default::default()
        },
        Err(error_code) => CreatableTopicResult {
            name,
            error_code,
            error_message: Some(error_code.meaning()),
            ..Default::default()
        },
    }
}
