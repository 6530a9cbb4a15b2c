//! Publishing, with all of the engine around it.

use std::time::Duration;

use bytes::Bytes;
use samsa_proto::api::produce::{
    PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceResponse,
};
use samsa_proto::wire::Records;

use crate::consumer::tests::model::{Asked, Model, TOPIC_ID};

fn batches(asked: &Asked) -> Vec<Bytes> {
    let request: ProduceRequest<'_> = asked.read();
    let partitions = request.topic_data.iter().flat_map(|topic| &topic.partition_data);
    let bytes = |records: &Records<'_>| records.pieces().collect::<Vec<_>>().concat().into();
    partitions.map(|data| data.records.as_ref().map(bytes).unwrap_or_default()).collect()
}

fn written(index: i32, base_offset: i64) -> ProduceResponse<'static> {
    let partition =
        PartitionProduceResponse { index, base_offset, log_append_time_ms: -1, ..Default::default() };
    let topic = TopicProduceResponse {
        name: "events",
        topic_id: TOPIC_ID,
        partition_responses: vec![partition],
        ..Default::default()
    };
    ProduceResponse { responses: vec![topic], ..Default::default() }
}

#[test]
fn what_was_sent_to_a_broker_that_stands_still_goes_to_the_next_leader_soon() {
    let mut model = Model::start(&[1, 2]);
    let _warm = model.publishes(1, b"so that broker 2 is connected");
    model.waits_for_something();
    let warm = model.asked();
    model.answers::<ProduceRequest<'_>>(&warm, &written(1, 0));

    let ticket = model.publishes(0, b"x");
    model.waits_for_something();
    let silent = model.asked();
    assert_eq!(silent.broker, 1);
    let moved = model.now.mono;
    model.leaders[0] = 2;
    model.leader_epoch += 1;
    model.waits_for_something();

    let again = model.asked();
    assert!(model.is_gone(silent.conn));
    assert_eq!((again.broker, batches(&again)), (2, batches(&silent)), "the same bytes");
    assert!(model.now.mono - moved <= Duration::from_secs(2), "after {:?}", model.now.mono - moved);
    model.answers::<ProduceRequest<'_>>(&again, &written(0, 7));
    assert_eq!(ticket.try_outcome().unwrap().unwrap().offset, Some(7));
}
