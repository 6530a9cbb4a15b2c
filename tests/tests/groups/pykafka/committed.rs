//! What a group has committed on the brokers, read without the code under test but for its codec.

use std::io;
use std::time::Duration;

use samsa_proto::ErrorCode;
use samsa_proto::api::offset_fetch::OffsetFetchRequest;
use samsa_proto::wire::UnknownTags;
use samsa_tests::{connect, exchange};

use super::{BROKERS, Group};
use crate::znodes::Partitions;

const PATIENCE: Duration = Duration::from_secs(5);
/// The first that asks for all there is, and the last that all releases here speak.
const VERSION: i16 = 2;

impl Group<'_> {
    /// The coordinator knows; others say that they are not it.
    pub(super) fn committed(&self) -> Partitions<i64> {
        let addresses = (1..=BROKERS).map(|broker| self.kafka.address(broker));
        let answers = addresses.filter_map(|address| self.committed_at(&address).expect("an answer"));
        answers.flatten().collect()
    }

    fn committed_at(&self, address: &str) -> io::Result<Option<Partitions<i64>>> {
        let request = OffsetFetchRequest {
            group_id: self.name,
            topics: None,
            groups: Vec::new(),
            require_stable: false,
            unknown_tags: UnknownTags::default(),
        };
        let mut stream = connect(address, PATIENCE)?;
        exchange(&mut stream, VERSION, &request, |answer| {
            let partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
            let committed = partitions.map(|part| (part.partition_index, part.committed_offset)).collect();
            (answer.error_code == ErrorCode::NONE).then_some(committed)
        })
    }
}
