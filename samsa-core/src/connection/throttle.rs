//! How long a broker wants its client to wait, as its answers say (KIP-219).
//!
//! Up to Kafka 1.1 a broker that throttles holds the answer back itself, and what the answer says is over when it comes.
//! From 2.0 on it answers at once and reads nothing more from that connection for a while, so the client sends nothing
//! there meanwhile. Which of the two it is, the version of the answer tells.

use std::time::Duration;

use samsa_proto::Request;
use samsa_proto::api::create_topics::CreateTopicsRequest;
use samsa_proto::api::fetch::FetchRequest;
use samsa_proto::api::find_coordinator::FindCoordinatorRequest;
use samsa_proto::api::init_producer_id::InitProducerIdRequest;
use samsa_proto::api::list_offsets::ListOffsetsRequest;
use samsa_proto::api::metadata::MetadataRequest;
use samsa_proto::api::offset_commit::OffsetCommitRequest;
use samsa_proto::api::offset_fetch::OffsetFetchRequest;
use samsa_proto::api::produce::ProduceRequest;

use crate::limits;

/// Where an answer says how long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It does not, or it is over already.
    Nowhere,
    /// It begins with it, behind a header of this form.
    First { tagged: bool },
    /// Among the last fields of an answer to `Produce`.
    InProduce,
}

impl Place {
    pub(crate) fn of<R: Request>(version: i16) -> Self {
        let first_that_waits = match R::KEY {
            ProduceRequest::KEY if version >= 6 => return Self::InProduce,
            MetadataRequest::KEY => 6,
            FetchRequest::KEY => 8,
            ListOffsetsRequest::KEY | CreateTopicsRequest::KEY => 3,
            InitProducerIdRequest::KEY => 1,
            FindCoordinatorRequest::KEY => 2,
            OffsetCommitRequest::KEY | OffsetFetchRequest::KEY => 4,
            _ => return Self::Nowhere,
        };
        let tagged = samsa_proto::response_header_version::<R>(version) == 1;
        if version >= first_that_waits { Self::First { tagged } } else { Self::Nowhere }
    }

    /// How long the client shall wait; zero when the answer does not say, or cannot be read. A broker that asks for more than
    /// [`limits::THROTTLE`] is not believed beyond that.
    pub(crate) fn read(self, version: i16, frame: &[u8]) -> Duration {
        const CORRELATION_ID: usize = 4;
        let millis = match self {
            Self::Nowhere => None,
            Self::First { tagged: false } => first_i32(frame.get(CORRELATION_ID..)),
            Self::First { tagged: true } => match frame.get(CORRELATION_ID..) {
                // No tags, as in every answer that is known.
                Some([0, body @ ..]) => first_i32(Some(body)),
                _ => None,
            },
            Self::InProduce => {
                let answer = samsa_proto::decode_response::<ProduceRequest<'_>>(version, frame);
                answer.ok().map(|(_, answer)| answer.throttle_time_ms)
            }
        };
        let millis = millis.and_then(|millis| u64::try_from(millis).ok()).unwrap_or(0);
        Duration::from_millis(millis).min(limits::THROTTLE)
    }
}

fn first_i32(bytes: Option<&[u8]>) -> Option<i32> {
    bytes?.first_chunk().copied().map(i32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use samsa_proto::api::fetch::FetchResponse;
    use samsa_proto::api::list_offsets::ListOffsetsResponse;
    use samsa_proto::api::metadata::MetadataResponse;
    use samsa_proto::api::offset_commit::OffsetCommitResponse;
    use samsa_proto::api::offset_fetch::OffsetFetchResponse;
    use samsa_proto::api::produce::ProduceResponse;
    use samsa_proto::encode_response;

    use super::*;

    /// What is read in each version, where the answer says 700 ms.
    fn read<R: Request>(response: &R::Response<'_>) -> Vec<(i16, u64)> {
        let read = |version| {
            let frame = encode_response::<R>(9, version, response).unwrap().concat();
            let lasts = Place::of::<R>(version).read(version, &frame[4..]);
            (version, u64::try_from(lasts.as_millis()).unwrap())
        };
        R::VERSIONS.map(read).collect()
    }

    fn waits_from(first: i16, read: &[(i16, u64)]) {
        for (version, millis) in read {
            assert_eq!(*millis, if *version >= first { 700 } else { 0 }, "version {version}");
        }
    }

    #[test]
    fn a_client_waits_from_the_versions_on_in_which_the_broker_does_not() {
        waits_from(
            6,
            &read::<MetadataRequest<'_>>(&MetadataResponse { throttle_time_ms: 700, ..Default::default() }),
        );
        waits_from(
            8,
            &read::<FetchRequest<'_>>(&FetchResponse { throttle_time_ms: 700, ..Default::default() }),
        );
        waits_from(
            3,
            &read::<ListOffsetsRequest<'_>>(&ListOffsetsResponse {
                throttle_time_ms: 700,
                ..Default::default()
            }),
        );
        waits_from(
            4,
            &read::<OffsetCommitRequest<'_>>(&OffsetCommitResponse {
                throttle_time_ms: 700,
                ..Default::default()
            }),
        );
        waits_from(
            4,
            &read::<OffsetFetchRequest<'_>>(&OffsetFetchResponse {
                throttle_time_ms: 700,
                ..Default::default()
            }),
        );
        waits_from(
            6,
            &read::<ProduceRequest<'_>>(&ProduceResponse { throttle_time_ms: 700, ..Default::default() }),
        );
    }

    #[test]
    fn what_cannot_be_is_not_believed() {
        let first = Place::First { tagged: false };
        for (millis, expected) in
            [(-1, Duration::ZERO), (i32::MIN, Duration::ZERO), (i32::MAX, limits::THROTTLE)]
        {
            let frame = [[0; 4], millis.to_be_bytes()].concat();
            assert_eq!(first.read(9, &frame), expected);
        }
        for cut in 0..8 {
            assert_eq!(first.read(9, &[1; 8][..cut]), Duration::ZERO);
            assert_eq!(Place::InProduce.read(9, &[1; 8][..cut]), Duration::ZERO);
        }
    }
}
