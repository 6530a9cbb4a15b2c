//! A slow application (S19): records that compress ten to one, more of them than the reader's memory holds, and an
//! application that takes its time and pauses. What is held stays within the budget, and yet everything is read.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use samsa_client::{FetchConfig, Offset, Reader};
use samsa_proto::records::{BatchBuilder, Codec, Flags};

use super::plan::Plan;
use super::stage::Stage;
use super::{Options, Scenario};
use crate::cluster::ClusterConfig;
use crate::report::Report;
use crate::rng::Rng;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "slow-application",
    about: "an application reads slowly, pauses partitions, and never holds more than its reader's memory",
    finds: &["spends-without-end", "pause-starves"],
};

pub(super) fn run(seed: u64, options: Options) -> Report {
    let plan = Plan::draw(seed, 1);
    let cluster = ClusterConfig { partitions: 4, ..plan.cluster };
    Stage::play(seed, options, Plan { cluster, ..plan }, play)
}

const BUDGET: usize = 16 << 10;
const RESPONSE: usize = 2 << 10;
async fn play(stage: Stage) {
    let rng = stage
        .fill(|rng, partition| (0..40).map(|number| batch(rng, &format!("p{partition}b{number}"))).collect());
    let Some(client) = stage.connect().await else { return };
    let fetch = FetchConfig {
        buffer_bytes: BUDGET,
        response_bytes: RESPONSE,
        partition_bytes: RESPONSE,
        ..FetchConfig::default()
    };
    let (reading, cluster) = (stage.clone(), client.clone());
    stage.world.spawn(async move {
        if let Some(reader) = reading.open(&cluster, Offset::Earliest, &fetch).await {
            read_slowly(reading, reader, rng).await;
        }
    });
    stage.world.healed().await;
    stage.read_to_the_end(0).await;
    stage.close(client).await;
}

async fn read_slowly(stage: Stage, mut reader: Reader, mut rng: Rng) {
    let partitions = stage.plan.cluster.partitions;
    reader.pause(1..partitions);
    while !stage.world.faults().are_over() {
        let next = stage.world.timeout(Duration::from_millis(100), stage.next(0, &mut reader)).await;
        match next.flatten() {
            Some(Ok(message)) => stage.keep(0, &message),
            Some(Err(error)) => stage.world.violation("reads-on", error.to_string()),
            None => {}
        }
        let held = reader.held_bytes();
        // No batch is larger than a response, and the application holds nothing: there is no reason to ask for more.
        if held > BUDGET {
            stage.world.violation("stays-within-its-memory", format!("{held} bytes of {BUDGET}"));
            return;
        }
        if rng.chance(100) {
            turn(&mut reader, partitions, &mut rng);
        }
        stage.world.sleep(Duration::from_millis(rng.below(60))).await;
    }
    reader.resume(0..partitions);
    stage.read(0, reader, Duration::ZERO..Duration::ZERO).await;
}

/// Pauses one partition, or all others: then what is kept for them may be all that the reader has room for, and it turns to
/// one that has nothing.
fn turn(reader: &mut Reader, partitions: i32, rng: &mut Rng) {
    let chosen = rng.below(partitions.unsigned_abs().into()) as i32;
    let is_alone = rng.chance(500);
    reader.resume(0..partitions);
    reader.pause((0..partitions).filter(|partition| (*partition == chosen) != is_alone));
}

fn batch(rng: &mut Rng, name: &str) -> Bytes {
    let mut builder = BatchBuilder::new(BytesMut::new());
    for record in 0..2 + rng.below(4) {
        let noise: [u64; 15] = std::array::from_fn(|_| rng.draw());
        let value = format!("{name}r{record} {noise:016x?} {}", "x".repeat(2_000));
        let appended = builder.append(1, None, Some(value.as_bytes()), []);
        debug_assert!(appended.is_ok(), "a batch has room for some short records");
    }
    let plain = builder.seal();
    let sealed = plain.compress(Codec::Gzip, None).unwrap_or(plain);
    [sealed.header(None, Flags::default()), sealed.body().clone()].concat().into()
}
