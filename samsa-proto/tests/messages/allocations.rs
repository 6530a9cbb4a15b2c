//! Reading a message allocates its lists and nothing else.

use std::hint::black_box;

use allocation_counter::measure;
use samsa_proto::api::metadata::{
    MetadataRequest, MetadataResponse, MetadataResponseBroker, MetadataResponsePartition,
    MetadataResponseTopic,
};
use samsa_proto::{Message, decode, encode};

const TOPICS: usize = 1000;
const PARTITIONS: usize = 10;

fn metadata() -> MetadataResponse<'static> {
    let partition = MetadataResponsePartition {
        replica_nodes: vec![1, 2, 3],
        isr_nodes: vec![1, 2],
        offline_replicas: vec![3],
        ..Default::default()
    };
    let topic = MetadataResponseTopic {
        name: Some("a-topic-with-a-name"),
        partitions: vec![partition; PARTITIONS],
        ..Default::default()
    };
    let broker = MetadataResponseBroker { host: "broker.example", port: 9092, ..Default::default() };
    MetadataResponse { brokers: vec![broker; 3], topics: vec![topic; TOPICS], ..Default::default() }
}

#[test]
fn metadata_of_a_thousand_topics_takes_one_allocation_a_list() {
    let lists_of_a_partition = |version: i16| if version < 5 { 2 } else { 3 };
    for version in MetadataRequest::VERSIONS {
        let mut metadata = metadata();
        if version < 5 {
            metadata.topics.iter_mut().flat_map(|topic| &mut topic.partitions).for_each(|partition| {
                partition.offline_replicas.clear();
            });
        }
        let bytes = encode(version, &metadata).expect("a response");
        let allocated = measure(|| {
            black_box(decode::<MetadataResponse<'_>>(version, black_box(&bytes)).expect("a response"));
        });
        let lists = 2 + TOPICS * (1 + PARTITIONS * lists_of_a_partition(version));
        assert_eq!(allocated.count_total, lists as u64, "v{version}");
    }
}

#[test]
fn lists_that_claim_too_much_reserve_nothing() {
    // Each claims as many topics as an int32 can say.
    for version in 0..9 {
        let bytes = [0x7f; 64];
        let allocated = measure(|| {
            black_box(decode::<MetadataResponse<'_>>(version, black_box(&bytes)).expect_err("too many"));
        });
        assert!(allocated.bytes_max < 1000, "v{version}: {allocated:?}");
    }
}
