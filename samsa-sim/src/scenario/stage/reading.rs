//! How a topic is read: by readers with habits of their own, while it is watched where they stand.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::ops::Range;
use std::pin::pin;
use std::time::Duration;

use samsa_client::{Cluster, ConsumedMessage, FetchConfig, Offset, ReadError, Reader};

use super::{CONVERGENCE, Stage, TOPIC};
use crate::check::{self, Read};
use crate::faults::Fault;

/// The pace of a reader that does not wait between messages.
pub(in crate::scenario) const AT_ONCE: Range<Duration> = Duration::ZERO..Duration::ZERO;

/// How somebody reads: from where, with how much memory, and how slowly.
pub(in crate::scenario) struct Habit {
    pub(in crate::scenario) start: Offset,
    pub(in crate::scenario) fetch: FetchConfig,
    pub(in crate::scenario) pace: Range<Duration>,
}

impl Default for Habit {
    /// From the beginning, and at once.
    fn default() -> Self {
        Self { start: Offset::Earliest, fetch: FetchConfig::default(), pace: AT_ONCE }
    }
}

impl Stage {
    /// Somebody reads all that comes, from now on, until the client is closed.
    pub(in crate::scenario) fn reads(&self, number: usize, client: &Cluster, habit: Habit) {
        let (reading, client) = (self.clone(), client.clone());
        self.world.spawn(async move {
            if let Some(reader) = reading.open(&client, habit.start, &habit.fetch).await {
                reading.read(number, reader, habit.pace).await;
            }
        });
    }

    /// Opens a reader of the topic, as soon as that is there. One that has acknowledged records is there.
    pub(in crate::scenario) async fn open(
        &self,
        cluster: &Cluster,
        start: Offset,
        fetch: &FetchConfig,
    ) -> Option<Reader> {
        loop {
            let all_was_well = self.world.faults().are_over();
            let (was_there, told_before) = (self.is_published_to(), self.brokers_that_tell());
            let error = match cluster.topic(TOPIC).reader(start).fetch(fetch.clone()).open().await {
                Ok(reader) => return Some(reader),
                Err(ReadError::Closed) => return None,
                Err(error) => error,
            };
            let is_unknown = matches!(error, ReadError::UnknownTopic { .. });
            let is_told = !told_before.is_disjoint(&self.brokers_that_tell());
            if (is_unknown && was_there && is_told) || (!is_unknown && all_was_well) {
                self.world.violation("opens-what-is-there", error.to_string());
                return None;
            }
            self.tell("app", format_args!("cannot read yet: {error}"));
            self.world.sleep(Duration::from_secs(1)).await;
        }
    }

    /// Whether the topic has acknowledged records, and has been the same all the time.
    fn is_published_to(&self) -> bool {
        let is_same = !self.world.faults().kinds().contains(&Fault::TopicRemade);
        is_same && self.history().acknowledged() > 0
    }

    /// The brokers that are up, and know that the topic is there.
    fn brokers_that_tell(&self) -> BTreeSet<i32> {
        self.world.host().look(|cluster| cluster.tell_of(TOPIC))
    }

    /// Reads all that comes, until the client is closed, and takes so long for each message.
    pub(in crate::scenario) async fn read(self, number: usize, mut reader: Reader, pace: Range<Duration>) {
        while let Some(message) = self.next(number, &mut reader).await {
            match message {
                Ok(message) => self.keep(number, &message),
                Err(error) => self.world.violation("reads-on", error.to_string()),
            }
            let pause = self.world.draw(|rng| rng.duration(&pace));
            if !pause.is_zero() {
                self.world.sleep(pause).await;
            }
        }
    }

    /// Reads what comes while things go wrong, and takes so long for each message.
    pub(in crate::scenario) async fn read_until_healed(
        &self,
        number: usize,
        mut reader: Reader,
        pace: Range<Duration>,
    ) -> Reader {
        while !self.world.faults().are_over() {
            let next = self.world.timeout(Duration::from_millis(100), self.next(number, &mut reader)).await;
            match next {
                Some(Some(Ok(message))) => self.keep(number, &message),
                Some(Some(Err(error))) => self.world.violation("reads-on", error.to_string()),
                Some(None) => break,
                None => {}
            }
            let pause = self.world.draw(|rng| rng.duration(&pace));
            self.world.sleep(pause).await;
        }
        reader
    }

    /// The next message of a reader. Its positions are looked at meanwhile.
    pub(in crate::scenario) async fn next(
        &self,
        number: usize,
        reader: &mut Reader,
    ) -> Option<Result<ConsumedMessage, ReadError>> {
        poll_fn(|cx| {
            let polled = pin!(reader.next()).poll(cx);
            self.look_at(number, reader);
            polled
        })
        .await
    }

    /// Where a reader stands; never behind where it stood, unless something was lost.
    fn look_at(&self, number: usize, reader: &Reader) {
        let partitions = self.world.host().look(|cluster| cluster.partition_count(TOPIC));
        let positions = &mut self.history_mut().positions;
        for partition in 0..partitions {
            let Some(position) = reader.position(partition) else { continue };
            let before = positions.insert((number, partition), position);
            if before.is_some_and(|before| before > position) && self.nothing_is_lost() {
                let what = format!("reader {number} of partition {partition}: {before:?}, then {position}");
                self.world.violation("positions-go-forward", what);
            }
        }
    }

    fn nothing_is_lost(&self) -> bool {
        self.world.host().look(|cluster| cluster.losses(TOPIC).is_empty())
    }

    pub(in crate::scenario) fn keep(&self, number: usize, message: &ConsumedMessage) {
        let (partition, offset) = (message.partition(), message.offset());
        let value = message.value().map(<[u8]>::to_vec);
        let text = String::from_utf8_lossy(value.as_deref().unwrap_or_default()).into_owned();
        let name = text.split_whitespace().next().unwrap_or_default();
        self.tell(
            &format!("reader {number}"),
            format_args!("reads {name}: partition {partition} at {offset}"),
        );
        let key = message.key().map(<[u8]>::to_vec);
        self.check_hand_out(number, partition, offset);
        self.history.borrow_mut().read(number, partition, Read { offset, key, value });
    }

    /// What is handed out is the next one. Of what lies between, where some was lost, only the end can tell.
    fn check_hand_out(&self, number: usize, partition: i32, offset: i64) {
        self.world.violations().checked(1);
        let history = self.history();
        let found = self.world.host().look(|cluster| {
            let losses = || cluster.losses_of(TOPIC, partition);
            let went_on_at = |offset| losses().any(|loss| loss.from == offset);
            let is_between = |before, after| {
                losses().next().is_none() && cluster.has_between(TOPIC, partition, before, after)
            };
            check::at_hand_out(&history, (number, partition), offset, went_on_at, is_between)
        });
        if let Some(violation) = found {
            self.world.violations().push(violation);
        }
    }

    /// Waits until a reader has got all that is there, at most for [`CONVERGENCE`]. Whether it was in time, the check of
    /// what was read says.
    pub(in crate::scenario) async fn read_to_the_end(&self, number: usize) {
        // Beyond the end is who has not noticed yet that something was lost.
        let has_all = || {
            let positions = &self.history().positions;
            self.ends().all(|(partition, end)| positions.get(&(number, partition)) == Some(&end))
        };
        // Who has not noticed passes by the end: it has to stay there for a second.
        let reading = async {
            let mut there = 0;
            while there < 20 {
                self.world.sleep(Duration::from_millis(50)).await;
                there = if has_all() { there + 1 } else { 0 };
            }
        };
        if self.world.timeout(CONVERGENCE, reading).await.is_none() {
            let ends: Vec<_> = self.ends().collect();
            let history = self.history();
            let of_it = history.positions.iter().filter(|((reader, _), _)| *reader == number);
            let of_it: Vec<_> = of_it.map(|((_, partition), position)| (*partition, *position)).collect();
            let what = format!("reader {number} stands at {of_it:?}, and partitions end at {ends:?}");
            drop(history);
            self.world.violation("positions-reach-the-end", what);
        }
        self.history.borrow_mut().finished_readers.push(number);
    }
}
