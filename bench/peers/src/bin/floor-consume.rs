//! Consumes over one blocking socket, into one buffer, without a look at checksums: the least that the protocol allows.

use std::error::Error;

use bytes::Bytes;
use clap::Parser;
use peers::{Connection, Place, Run, touch};
use samsa_proto::api::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic};
use samsa_proto::wire::Records;
use samsa_proto::{ErrorCode, decode_response, encode_request, records};

/// The last version in which a topic has a name.
const VERSION: i16 = 12;

/// As samsa asks.
const PARTITION_BYTES: i32 = 1 << 20;
const RESPONSE_BYTES: i32 = 8 << 20;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    place: Place,
    #[arg(long)]
    records: u64,
}

/// What was read so far.
#[derive(Default)]
struct Read {
    records: u64,
    bytes: u64,
    next: i64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let mut connection = Connection::open(&arguments.place.bootstrap)?;

    let run = Run::begin();
    let mut read = Read::default();
    while read.records < arguments.records {
        connection.send(&request(&arguments.place.topic, read.next)?)?;
        read.add(connection.receive()?, arguments.records)?;
    }
    run.end(read.records, read.bytes).print()?;
    Ok(())
}

/// A fetch without a session, of what follows in partition 0.
fn request(topic: &str, fetch_offset: i64) -> Result<Bytes, Box<dyn Error>> {
    let partition =
        FetchPartition { partition_max_bytes: PARTITION_BYTES, fetch_offset, ..Default::default() };
    let topic = FetchTopic { topic, partitions: vec![partition], ..Default::default() };
    let request = FetchRequest {
        max_wait_ms: 500,
        min_bytes: 1,
        max_bytes: RESPONSE_BYTES,
        session_epoch: -1,
        topics: vec![topic],
        ..Default::default()
    };
    Ok(encode_request(0, None, VERSION, &request)?.concat().into())
}

impl Read {
    /// The records of a response, but not more than `most` in all.
    fn add(&mut self, frame: &[u8], most: u64) -> Result<(), Box<dyn Error>> {
        let response: FetchResponse<'_> = decode_response::<FetchRequest<'_>>(VERSION, frame)?.1;
        for partition in response.responses.iter().flat_map(|topic| &topic.partitions) {
            if partition.error_code != ErrorCode::NONE {
                return Err(format!("the broker answered {:?}", partition.error_code).into());
            }
            let pieces = partition.records.iter().flat_map(Records::pieces);
            for batch in pieces.flat_map(records::batches) {
                // The last one may be cut off.
                let Ok(batch) = batch else { break };
                self.add_batch(&batch, most)?;
            }
        }
        Ok(())
    }

    fn add_batch(&mut self, batch: &records::Batch<'_>, most: u64) -> Result<(), Box<dyn Error>> {
        for record in batch.records()?.take(usize::try_from(most - self.records).unwrap_or(usize::MAX)) {
            let record = record?;
            self.records += 1;
            self.bytes += touch(record.key()) + touch(record.value());
            self.next = record.offset() + 1;
        }
        Ok(())
    }
}
