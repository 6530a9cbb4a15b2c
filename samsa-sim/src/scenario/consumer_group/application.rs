//! What an application does with what its member hands out: it reads messages or chunks, pauses and seeks, and commits.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use samsa_client::{Chunk, CommitError, ConsumeError, ConsumedMessage, Consumer, Offset, TopicPartition};

use super::group::Group;
use super::heard::Ear;
use crate::check::Read;
use crate::rng::Rng;

/// What a message takes, with a member that only reads: what is at hand lasts it longer than a session; with a busy one, and
/// with others.
const LONG_WORK: Range<Duration> = Duration::from_millis(200)..Duration::from_millis(1_500);
const MUCH_WORK: Range<Duration> = Duration::from_millis(10)..Duration::from_millis(400);
const WORK: Range<Duration> = Duration::ZERO..Duration::from_millis(10);
/// Nothing came for so long: the application looks around.
const QUIET: Duration = Duration::from_millis(700);
/// How far back it seeks at most.
const BACK: u64 = 20;

pub(super) struct Application {
    group: Group,
    number: usize,
    /// The name of its client.
    client: String,
    ear: Option<Ear>,
    pub(super) consumer: Consumer,
    work: &'static Range<Duration>,
    by_chunks: bool,
    /// While things go wrong it asks for nothing but the next message, so that it does not stand still with its client.
    reads_only: bool,
    /// The last of each partition that it had since it committed.
    had: BTreeMap<TopicPartition, i64>,
    paused: Vec<TopicPartition>,
}

impl Application {
    pub(super) fn new(
        group: &Group,
        number: usize,
        (client, ear): (String, Option<Ear>),
        consumer: Consumer,
        rng: &mut Rng,
    ) -> Self {
        let reads_only = rng.chance(500);
        let work = if reads_only {
            &LONG_WORK
        } else if rng.chance(400) {
            &MUCH_WORK
        } else {
            &WORK
        };
        let (group, by_chunks) = (group.clone(), rng.chance(200));
        Self {
            group,
            number,
            client,
            ear,
            consumer,
            work,
            by_chunks,
            reads_only,
            had: BTreeMap::new(),
            paused: Vec::new(),
        }
    }

    pub(super) async fn consume(&mut self, rng: &mut Rng) {
        let world = self.group.stage.world.clone();
        loop {
            let took = if self.by_chunks { self.take_chunk(rng).await } else { self.take_message(rng).await };
            match took {
                Some(Some(Ok(last))) => self.act(last, rng).await,
                Some(Some(Err(ConsumeError::Read(error)))) => world.violation("reads-on", error.to_string()),
                Some(Some(Err(error))) => world.violation("stays-in-the-group", error.to_string()),
                Some(None) => return,
                None => {
                    self.resume();
                    self.commit_all().await;
                }
            }
        }
    }

    /// Takes a message and handles it. Nothing when none came.
    async fn take_message(
        &mut self,
        rng: &mut Rng,
    ) -> Option<Option<Result<(TopicPartition, i64), ConsumeError>>> {
        let world = self.group.stage.world.clone();
        let message = match world.timeout(QUIET, self.consumer.next()).await? {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Some(Some(Err(error))),
            None => return Some(None),
        };
        let place = TopicPartition::new(message.topic(), message.partition());
        self.had(&place, read_of(&message));
        self.works(rng).await;
        self.consumer.mark(&message);
        Some(Some(Ok((place, message.offset()))))
    }

    async fn take_chunk(
        &mut self,
        rng: &mut Rng,
    ) -> Option<Option<Result<(TopicPartition, i64), ConsumeError>>> {
        let world = self.group.stage.world.clone();
        let chunk: Chunk = match world.timeout(QUIET, self.consumer.next_chunk()).await? {
            Some(Ok(chunk)) => chunk,
            Some(Err(error)) => return Some(Some(Err(error))),
            None => return Some(None),
        };
        let place = TopicPartition::new(&**chunk.topic(), chunk.partition());
        let mut last = chunk.base_offset();
        for record in &chunk {
            last = record.offset();
            let (key, value) = (record.key().map(<[u8]>::to_vec), record.value().map(<[u8]>::to_vec));
            self.had(&place, Read { offset: last, key, value });
        }
        self.works(rng).await;
        self.consumer.mark_chunk(&chunk);
        Some(Some(Ok((place, last))))
    }

    fn had(&mut self, place: &TopicPartition, read: Read) {
        if self.consumer.is_paused(place) {
            let what = format!("member {} is given {place}@{}", self.number, read.offset);
            self.group.stage.world.violation("pauses", what);
        }
        self.had.insert(place.clone(), read.offset);
        if let Some(ear) = &self.ear {
            ear.hears();
        }
        self.group.hand_out((self.number, &self.client), &self.consumer, place, read);
    }

    async fn works(&mut self, rng: &mut Rng) {
        let world = &self.group.stage.world;
        if !world.faults().are_over() {
            world.sleep(rng.duration(self.work)).await;
        }
    }

    /// Now and then it does something else than to read on.
    async fn act(&mut self, (place, offset): (TopicPartition, i64), rng: &mut Rng) {
        if self.group.stage.world.faults().are_over() {
            self.resume();
            return self.commit_all().await;
        }
        if self.reads_only {
            return;
        }
        match rng.below(1000) {
            0..15 => self.pause(place),
            15..40 => self.resume(),
            40..60 if self.group.ways.seeks => {
                let back = i64::try_from(rng.below(BACK)).unwrap_or_default();
                self.seek(place, (offset - back).max(0)).await;
            }
            60..120 => self.commit_all().await,
            _ => {}
        }
    }

    fn pause(&mut self, place: TopicPartition) {
        self.consumer.pause([place.clone()]);
        self.paused.push(place);
    }

    fn resume(&mut self) {
        let paused = std::mem::take(&mut self.paused);
        self.consumer.resume(paused);
    }

    async fn seek(&mut self, place: TopicPartition, to: i64) {
        self.group.goes_back(&place, to);
        let sought = self.consumer.seek(place.clone(), Offset::Exact(to)).await;
        let who = format!("member {}", self.number);
        self.group.stage.tell(&who, format_args!("seeks to {place}@{to}: {sought:?}"));
    }

    /// What was handed out is committed then, or it is told that it is not.
    async fn commit_all(&mut self) {
        let committed = self.consumer.commit().await;
        let who = format!("member {}", self.number);
        self.group.stage.tell(&who, format_args!("commits: {committed:?}"));
        let had = std::mem::take(&mut self.had);
        match committed {
            Ok(()) if !self.group.ways.seeks => had.iter().for_each(|(place, last)| {
                let committed = self.group.committed(place);
                if committed.is_none_or(|committed| committed <= *last) {
                    let what = format!("{who} had {place}@{last}, and {committed:?} is committed");
                    self.group.stage.world.violation("commits-what-it-had", what);
                }
            }),
            Err(CommitError::Busy) => self.had = had,
            _ => {}
        }
    }
}

fn read_of(message: &ConsumedMessage) -> Read {
    let (key, value) = (message.key().map(<[u8]>::to_vec), message.value().map(<[u8]>::to_vec));
    Read { offset: message.offset(), key, value }
}
