//! A broker that knows two requests, on a real socket: who speaks what, and who is there.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use samsa_proto::api::api_versions::{ApiVersion, ApiVersionsRequest, ApiVersionsResponse};
use samsa_proto::api::metadata::{
    MetadataRequest, MetadataResponse, MetadataResponseBroker, MetadataResponsePartition,
    MetadataResponseTopic,
};
use samsa_proto::{Request, decode_request_header, encode_response};

/// The id of the broker.
pub(crate) const ID: i32 = 7;

/// Starts one; it ends with the process. It has one topic, `events`, with one partition.
pub(crate) fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("the address");
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || serve(client, address));
        }
    });
    address
}

/// Listens and never answers.
pub(crate) fn start_mute() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("the address");
    thread::spawn(move || listener.incoming().collect::<Vec<_>>());
    address
}

fn serve(mut client: TcpStream, address: SocketAddr) -> io::Result<()> {
    loop {
        let mut length = [0; 4];
        client.read_exact(&mut length)?;
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        client.read_exact(&mut frame)?;
        let (header, _) = decode_request_header(&frame).expect("a request");
        let (id, version) = (header.correlation_id, header.api_version);
        let answer = match header.api_key {
            ApiVersionsRequest::KEY => encode_response::<ApiVersionsRequest<'_>>(id, version, &spoken()),
            MetadataRequest::KEY => {
                let host = address.ip().to_string();
                encode_response::<MetadataRequest<'_>>(id, version, &present(&host, address.port()))
            }
            key => panic!("the broker does not know request {key}"),
        };
        // In two writes, so that the client reads a frame in parts.
        let answer = answer.expect("an answer").concat();
        let (first, second) = answer.split_at(answer.len() / 2);
        client.write_all(first)?;
        client.flush()?;
        thread::yield_now();
        client.write_all(second)?;
    }
}

fn spoken() -> ApiVersionsResponse<'static> {
    let api =
        |api_key, max_version| ApiVersion { api_key, min_version: 0, max_version, ..Default::default() };
    let api_keys = vec![api(ApiVersionsRequest::KEY, 3), api(MetadataRequest::KEY, 4)];
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
