//! A broker of one topic with one partition, which takes what is published and forgets it.
//!
//! Beside it, `listener.rs` puts it on a real socket.

use std::net::SocketAddr;

use samsa_proto::api::api_versions::{ApiVersion, ApiVersionsRequest, ApiVersionsResponse};
use samsa_proto::api::metadata::{
    MetadataRequest, MetadataResponse, MetadataResponseBroker, MetadataResponsePartition,
    MetadataResponseTopic,
};
use samsa_proto::{Request, decode_request_header, encode_response};

/// The id of the broker.
pub(crate) const ID: i32 = 7;

/// The key of Produce: these requests are taken and never answered.
pub(crate) const PRODUCE: i16 = 0;

/// The answer to a request: that comes without the length in front, the answer has it. None where there is none.
pub(crate) fn answer(frame: &[u8], address: SocketAddr) -> Option<Vec<u8>> {
    let (header, _) = decode_request_header(frame).expect("a request");
    let (id, version) = (header.correlation_id, header.api_version);
    let answer = match header.api_key {
        ApiVersionsRequest::KEY => encode_response::<ApiVersionsRequest<'_>>(id, version, &spoken()),
        MetadataRequest::KEY => {
            let host = address.ip().to_string();
            encode_response::<MetadataRequest<'_>>(id, version, &present(&host, address.port()))
        }
        PRODUCE => return None,
        key => panic!("the broker does not know request {key}"),
    };
    Some(answer.expect("an answer").concat())
}

fn spoken() -> ApiVersionsResponse<'static> {
    let api =
        |api_key, max_version| ApiVersion { api_key, min_version: 0, max_version, ..Default::default() };
    let api_keys = vec![api(PRODUCE, 7), api(ApiVersionsRequest::KEY, 3), api(MetadataRequest::KEY, 4)];
    ApiVersionsResponse { api_keys, ..Default::default() }
}

fn present(host: &str, port: u16) -> MetadataResponse<'_> {
    let broker = MetadataResponseBroker { node_id: ID, host, port: i32::from(port), ..Default::default() };
    let partition = MetadataResponsePartition {
        partition_index: 0,
        leader_id: ID,
        replica_nodes: vec![ID],
        isr_nodes: vec![ID],
        ..Default::default()
    };
    let topic =
        MetadataResponseTopic { name: Some("events"), partitions: vec![partition], ..Default::default() };
    MetadataResponse { brokers: vec![broker], topics: vec![topic], controller_id: ID, ..Default::default() }
}
