//! Readers that pause, resume and seek as they like, while things go wrong. When all is well they read to the end.

use std::time::Duration;

use samsa_client::{FetchConfig, Offset, ReadError, Reader};

use super::stage::Stage;
use super::written::{self, Habits, small};
use crate::rng::Rng;

/// A reader that seeks is another one for the checks each time: their numbers lie so far apart.
const APART: usize = 1_000;
const READERS: usize = 3;

pub(super) async fn play(stage: Stage) {
    let release = stage.plan.cluster.release;
    let habits = Habits { release, transactions: 200, compacted: 200, left_open: false };
    stage.fill(|rng, partition| written::log(rng, partition, habits));
    let Some(client) = stage.connect().await else { return };
    for number in 0..READERS {
        let (wandering, cluster) = (stage.clone(), client.clone());
        let fetch = if number == 0 { FetchConfig::default() } else { small() };
        stage.world.spawn(async move {
            if let Some(reader) = wandering.open(&cluster, Offset::Earliest, &fetch).await {
                Wanderer::new(wandering, number * APART, reader).wander().await;
            }
        });
    }
    stage.world.healed().await;
    for number in 0..READERS {
        stage.read_to_the_end(number * APART + APART - 1).await;
    }
    stage.close(client).await;
}

struct Wanderer {
    stage: Stage,
    reader: Reader,
    partitions: i32,
    rng: Rng,
    /// Under which number it reads now.
    number: usize,
    /// The number of its last way, to the end.
    last: usize,
}

impl Wanderer {
    fn new(stage: Stage, number: usize, reader: Reader) -> Self {
        let (partitions, rng) = (stage.plan.cluster.partitions, stage.world.draw(Rng::fork));
        Self { stage, reader, partitions, rng, number, last: number + APART - 1 }
    }

    async fn wander(mut self) {
        while !self.stage.world.faults().are_over() && self.number + 1 < self.last {
            if self.rng.chance(100) {
                self.turn().await;
            }
            let patience = Duration::from_millis(1 + self.rng.below(200));
            self.read_within(patience).await;
        }
        self.reader.resume(0..self.partitions);
        self.go_everywhere_anew(self.last).await;
        let (stage, number) = (self.stage.clone(), self.number);
        stage.read(number, self.reader, Duration::ZERO..Duration::ZERO).await;
    }

    /// Pauses, resumes or seeks.
    async fn turn(&mut self) {
        let partition = self.rng.below(self.partitions.unsigned_abs().into()) as i32;
        match self.rng.below(3) {
            0 => self.reader.pause([partition]),
            1 => self.reader.resume([partition]),
            _ => self.go_everywhere_anew(self.number + 1).await,
        }
    }

    /// Goes to some place in every partition. Whatever comes now comes from there.
    async fn go_everywhere_anew(&mut self, number: usize) {
        for (partition, end) in self.stage.ends().collect::<Vec<_>>() {
            let to = self.rng.below(end.unsigned_abs() + 1) as i64;
            let who = format!("reader {}", self.number);
            self.stage.tell(&who, format_args!("goes to {to} in partition {partition}, as reader {number}"));
            match self.reader.seek(partition, Offset::Exact(to)).await {
                Ok(()) => {}
                Err(ReadError::Closed) => return,
                Err(error) => self.stage.world.violation("seeks", error.to_string()),
            }
            self.stage.history_mut().starts.insert((number, partition), to);
        }
        self.number = number;
    }

    async fn read_within(&mut self, patience: Duration) {
        let Self { stage, reader, number, .. } = self;
        let paused: Vec<i32> =
            (0..stage.plan.cluster.partitions).filter(|number| reader.is_paused(*number)).collect();
        let message = stage.world.timeout(patience, stage.next(*number, reader)).await;
        match message.flatten() {
            None => {}
            Some(Ok(message)) => {
                if paused.contains(&message.partition()) {
                    let what = format!("{} of paused partition {}", message.offset(), message.partition());
                    stage.world.violation("pauses", what);
                }
                stage.keep(*number, &message);
            }
            Some(Err(error)) => stage.world.violation("reads-on", error.to_string()),
        }
    }
}
