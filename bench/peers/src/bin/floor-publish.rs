//! Publishes batches that were made before the clock started, over one blocking socket: the least that the protocol allows.

use std::error::Error;

use bytes::{Bytes, BytesMut};
use clap::Parser;
use peers::{Connection, Run, Values};
use samsa_proto::api::produce::{PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData};
use samsa_proto::records::{BatchBuilder, Flags};
use samsa_proto::wire::Records;
use samsa_proto::{ErrorCode, decode_response, encode_request};

/// The last version but one in which a topic has a name.
const VERSION: i16 = 11;

/// As samsa's batches are.
const BATCH_BYTES: usize = 256 << 10;

/// Batches that are made, and then sent in turn: more than caches hold, since records that an application makes were not just sent
/// either.
const MADE_BYTES: usize = 128 << 20;

/// As many as samsa has.
const IN_FLIGHT: usize = 5;

#[derive(Parser)]
struct Arguments {
    /// The broker that leads partition 0, as HOST:PORT
    #[arg(long)]
    bootstrap: String,
    topic: String,
    #[arg(long)]
    records: u64,
    /// Bytes of each value; there is no key
    #[arg(long)]
    size: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let in_batch = (BATCH_BYTES / (arguments.size + 10)).max(1) as u64;
    let (whole, rest) = (arguments.records / in_batch, arguments.records % in_batch);
    let made = (0..whole.min((MADE_BYTES / BATCH_BYTES) as u64)).map(|_| request(&arguments, in_batch));
    let made = made.collect::<Result<Vec<_>, _>>()?;
    let last = (rest > 0).then(|| request(&arguments, rest)).transpose()?;
    let frames = made.iter().cycle().take(whole as usize).chain(&last);
    let mut connection = Connection::open(&arguments.bootstrap)?;

    let run = Run::begin();
    let mut unanswered = 0;
    for frame in frames {
        if unanswered == IN_FLIGHT {
            acknowledged(&mut connection)?;
            unanswered -= 1;
        }
        connection.send(frame)?;
        unanswered += 1;
    }
    for _ in 0..unanswered {
        acknowledged(&mut connection)?;
    }
    run.end(arguments.records, arguments.records * arguments.size as u64).print()?;
    Ok(())
}

/// A whole request with one batch for partition 0, which every in-sync replica has to acknowledge.
fn request(arguments: &Arguments, records: u64) -> Result<Bytes, Box<dyn Error>> {
    let (mut batch, mut values) = (BatchBuilder::new(BytesMut::new()), Values::new(arguments.size));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    for _ in 0..records {
        batch.append(now.as_millis() as i64, None, Some(values.next_value()), [])?;
    }
    let batch = batch.seal();
    let records = Records::Segments(vec![batch.header(None, Flags::default()), batch.body().clone()]);
    let partition = PartitionProduceData { index: 0, records: Some(records), ..Default::default() };
    let topic =
        TopicProduceData { name: &arguments.topic, partition_data: vec![partition], ..Default::default() };
    let request =
        ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data: vec![topic], ..Default::default() };
    Ok(encode_request(0, None, VERSION, &request)?.concat().into())
}

fn acknowledged(connection: &mut Connection) -> Result<(), Box<dyn Error>> {
    let frame = connection.receive()?;
    let response: ProduceResponse<'_> = decode_response::<ProduceRequest<'_>>(VERSION, frame)?.1;
    let mut errors = response.responses.iter().flat_map(|topic| &topic.partition_responses);
    match errors.find(|partition| partition.error_code != ErrorCode::NONE) {
        Some(refused) => Err(format!("the broker answered {:?}", refused.error_code).into()),
        None => Ok(()),
    }
}
