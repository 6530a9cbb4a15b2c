//! What a group has committed on the brokers, read without the code under test but for its codec.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use samsa_proto::ErrorCode;
use samsa_proto::api::offset_fetch::OffsetFetchRequest;
use samsa_proto::wire::UnknownTags;

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
        let frame = exchange(address, &request)?;
        let answer = samsa_proto::decode_response::<OffsetFetchRequest<'_>>(VERSION, &frame);
        let (_, answer) = answer.map_err(io::Error::other)?;
        if answer.error_code != ErrorCode::NONE {
            return Ok(None);
        }
        let partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
        Ok(Some(partitions.map(|part| (part.partition_index, part.committed_offset)).collect()))
    }
}

fn exchange(address: &str, request: &OffsetFetchRequest<'_>) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let question = samsa_proto::encode_request(1, Some("looks"), VERSION, request);
    stream.write_all(&question.map_err(io::Error::other)?.concat())?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut frame = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut frame)?;
    Ok(frame)
}
