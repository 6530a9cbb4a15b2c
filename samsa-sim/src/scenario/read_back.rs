//! A topic is full already: batches of all sizes and codecs. Readers of different patience and memory read all of it,
//! while things go wrong.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use samsa_client::{FetchConfig, Offset, UnixMillis};
use samsa_proto::records::{BatchBuilder, Codec, Flags};

use super::plan::Plan;
use super::stage::{Habit, Stage};
use super::{Options, Scenario};
use crate::cluster::Release;
use crate::report::Report;
use crate::rng::Rng;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "read-back",
    about: "readers of different patience and memory read a topic that is full already",
    finds: &["dials-without-cap"],
};

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, Plan::draw(seed, 1), play)
}

/// So many that a broker which comes back is dialled for more of them than it may be at once.
fn habits() -> [Habit; 6] {
    let tight = FetchConfig {
        buffer_bytes: 20_000,
        response_bytes: 4_000,
        partition_bytes: 1_000,
        ..FetchConfig::default()
    };
    let slow = Duration::ZERO..Duration::from_millis(60);
    [
        Habit::default(),
        Habit::default(),
        Habit::default(),
        Habit::default(),
        Habit { start: Offset::Exact(0), fetch: tight, pace: slow.clone() },
        Habit { start: Offset::At(UnixMillis(0)), fetch: FetchConfig::default(), pace: slow },
    ]
}

async fn play(stage: Stage) {
    let release = stage.plan.cluster.release;
    stage.fill(|rng, partition| batches(rng, partition, release));
    let Some(client) = stage.connect().await else { return };
    for (number, habit) in habits().into_iter().enumerate() {
        stage.reads(number, &client, habit);
    }
    stage.world.healed().await;
    for number in 0..habits().len() {
        stage.read_to_the_end(number).await;
    }
    stage.close(client).await;
}

fn batches(rng: &mut Rng, partition: i32, release: Release) -> Vec<Bytes> {
    let count = 1 + rng.below(40);
    (0..count).map(|number| batch(rng, &format!("p{partition}b{number}"), release)).collect()
}

fn batch(rng: &mut Rng, name: &str, release: Release) -> Bytes {
    let mut builder = BatchBuilder::new(BytesMut::new());
    for record in 0..=rng.below(20) {
        let key = rng.chance(500).then(|| format!("{name}r{record}"));
        let value = format!("{name}r{record} {}", "x".repeat(rng.below(300) as usize));
        let appended = builder.append(1, key.as_deref().map(str::as_bytes), Some(value.as_bytes()), []);
        debug_assert!(appended.is_ok(), "a batch has room for some short records");
    }
    let plain = builder.seal();
    let newest = if release >= Release::V2_1 { 5 } else { 4 };
    let codec = Codec::from_id(rng.below(newest) as u8).unwrap_or_default();
    let sealed = plain.compress(codec, None).unwrap_or(plain);
    [sealed.header(None, Flags::default()), sealed.body().clone()].concat().into()
}
