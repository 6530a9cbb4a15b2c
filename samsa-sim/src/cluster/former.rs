//! What is answered at an address that a broker has left, where somebody listens still: that it is Kafka, and that whoever asks
//! for the brokers is to begin again (KIP-1102). Nothing else is to be had there.

use bytes::Bytes;
use samsa_core::Now;
use samsa_proto::api::api_versions::ApiVersionsRequest;
use samsa_proto::api::metadata::{MetadataRequest, MetadataResponse};
use samsa_proto::{ErrorCode, Request, decode_request_header};

use super::ServerConn;
use super::answer::{self, Answer};
use super::state::State;

/// The first version of Metadata that says so.
const SENDS_BACK: i16 = 13;

pub(super) fn answer(
    state: &mut State,
    now: Now,
    (conn, broker): (ServerConn, i32),
    frame: &Bytes,
) -> Answer {
    let Ok((header, _)) = decode_request_header(frame) else { return Answer::HangUp };
    match (header.api_key, header.api_version) {
        (ApiVersionsRequest::KEY, _) => answer::answer(state, now, (conn, broker), frame),
        (MetadataRequest::KEY, version @ SENDS_BACK..) => {
            state.note(broker, "is elsewhere now: whoever asks here is sent back".to_owned());
            let error_code = ErrorCode::REBOOTSTRAP_REQUIRED;
            let response = MetadataResponse { error_code, ..Default::default() };
            answer::frame::<MetadataRequest<'_>>(state, header.correlation_id, version, &response)
        }
        _ => Answer::HangUp,
    }
}

#[cfg(test)]
mod tests {
    use samsa_proto::decode_response;

    use super::super::Release;
    use super::super::tests::{Bench, batch};
    use super::*;

    #[test]
    fn who_asks_for_the_brokers_where_one_was_is_told_to_begin_again() {
        let mut bench = Bench::newest().with_topic("events");
        bench.connect_at(1, true);
        bench.send(4, &ApiVersionsRequest::default());
        let frame = bench.answer();
        let (_, versions) = decode_response::<ApiVersionsRequest<'_>>(4, &frame).unwrap();
        assert_eq!(versions.error_code, ErrorCode::NONE);

        bench.send(13, &MetadataRequest::default());
        let frame = bench.answer();
        let (_, response) = decode_response::<MetadataRequest<'_>>(13, &frame).unwrap();
        assert_eq!(response.error_code, ErrorCode::REBOOTSTRAP_REQUIRED);
        assert!(response.brokers.is_empty() && response.topics.is_empty());
    }

    #[test]
    fn nothing_else_is_to_be_had_there() {
        let mut bench = Bench::newest().with_topic("events");
        bench.connect_at(1, true);
        bench.send_produce(9, "events", -1, &batch(&["a"]));
        assert!(bench.take().is_none() && bench.hung_up);
        assert_eq!(bench.cluster.log("events", 0).len(), 0);
    }

    #[test]
    fn where_it_cannot_be_said_the_connection_is_closed() {
        let mut bench = Bench::of(Release::V3_9, 1, 1);
        bench.connect_at(1, true);
        bench.send(12, &MetadataRequest::default());
        assert!(bench.take().is_none() && bench.hung_up);
    }
}
