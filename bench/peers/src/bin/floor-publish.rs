//! Publishes batches that were made before the clock started, over one blocking socket: the least that the protocol allows.

#[path = "../../../../samsa-cli/src/commands/perf/values.rs"]
mod values;

use std::error::Error;

use bytes::{Bytes, BytesMut};
use clap::Parser;
use peers::{Connection, Load, Place, Run};
use samsa_proto::api::produce::{PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData};
use samsa_proto::records::{BatchBuilder, Flags};
use samsa_proto::wire::Records;
use samsa_proto::{ErrorCode, decode_response, encode_request};
use values::Values;

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
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    load: Load,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let Load { records, size } = arguments.load;
    let in_batch = (BATCH_BYTES / (size + 10)).max(1) as u64;
    let (whole, rest) = (records / in_batch, records % in_batch);
    let made = (0..whole.min((MADE_BYTES / BATCH_BYTES) as u64)).map(|_| request(&arguments, in_batch));
    let made = made.collect::<Result<Vec<_>, _>>()?;
    let last = (rest > 0).then(|| request(&arguments, rest)).transpose()?;
    let frames = made.iter().cycle().take(whole as usize).chain(&last);
    let mut connection = Connection::open(&arguments.place.bootstrap)?;

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
    run.end(records, records * size as u64).print()?;
    Ok(())
}

/// A whole request with one batch for partition 0, which every in-sync replica has to acknowledge.
fn request(arguments: &Arguments, records: u64) -> Result<Bytes, Box<dyn Error>> {
    let (mut batch, values) = (BatchBuilder::new(BytesMut::new()), Values::new(arguments.load.size));
    let mut values = values.cycle();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    for _ in 0..records {
        batch.append(now.as_millis() as i64, None, Some(values.next()), [])?;
    }
    let batch = batch.seal();
    let records = Records::Segments(vec![batch.header(None, Flags::default()), batch.body().clone()]);
    let partition = PartitionProduceData { index: 0, records: Some(records), ..Default::default() };
    let topic = TopicProduceData {
        name: &arguments.place.topic,
        partition_data: vec![partition],
        ..Default::default()
    };
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
