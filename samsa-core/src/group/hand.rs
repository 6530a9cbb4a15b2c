//! What a member does to the rest of the client, done.

use std::sync::Arc;

use super::brokers::{BrokerWorld, Seen};
use super::coordinator::{Coordinator, Identity};
use super::offsets::CoordinatorAsk;
use super::world::World;
use super::{Commit, Done, FIRST_SESSION, GroupError, Opens, Place};
use crate::cluster::{Cluster, Interest, Urgency};
use crate::command::ReaderSpec;
use crate::config::FetchConfig;
use crate::consumer::{Consumer, ConsumerEvent, Held, Hold};
use crate::id::{ReaderId, SessionId, ZkRequestId};
use crate::intent::Intent;
use crate::offset::Offset;
use crate::out::Context;
use crate::time::Instant;
use crate::topology::TopicPartition;
use crate::wake::{DriverSignal, Wakers};

/// What concerns the commands that wait.
#[derive(Debug)]
pub(super) enum Outcome {
    Joined,
    Committed(Result<(), String>),
    /// There is no room for what is the member's, or the client is closed.
    Refused(GroupError),
    Over(Option<GroupError>),
}

pub(super) struct Hand<'a, 'b> {
    cx: &'a mut Context<'b>,
    cluster: &'a mut Cluster,
    consumer: &'a mut Consumer,
    place: &'a mut Place,
    coordinator: &'a mut Coordinator,
    sessions: &'a mut u32,
    signal: &'a Arc<DriverSignal>,
    wakers: Wakers,
    outcomes: Vec<Outcome>,
    has_other_readers: bool,
}

impl<'a, 'b> Hand<'a, 'b> {
    pub(super) fn new(
        cx: &'a mut Context<'b>,
        cluster: &'a mut Cluster,
        consumer: &'a mut Consumer,
        (place, coordinator): (&'a mut Place, &'a mut Coordinator),
        sessions: &'a mut u32,
        signal: &'a Arc<DriverSignal>,
    ) -> Self {
        let (wakers, outcomes) = (Wakers::default(), Vec::new());
        let has_other_readers = false;
        Self {
            cx,
            cluster,
            consumer,
            place,
            coordinator,
            sessions,
            signal,
            wakers,
            outcomes,
            has_other_readers,
        }
    }

    pub(super) fn finish(mut self) -> Vec<Outcome> {
        if self.has_other_readers {
            self.share_memory();
        }
        self.cx.out.wake(&mut self.wakers);
        self.outcomes
    }

    fn reader(&self, partition: &TopicPartition) -> Option<ReaderId> {
        self.place.readers.get(&partition.topic).copied()
    }

    /// The reader of a partition's topic. One that is new goes to the application by the board.
    fn reader_to_be(&mut self, partition: &TopicPartition) -> Option<ReaderId> {
        let opened = self.reader(partition);
        let Some(opens) = self.place.opens.as_ref().filter(|_| opened.is_none()) else { return opened };
        let topic = &partition.topic;
        let buffer_bytes = opens.memory(self.place.readers.len() + 1);
        let fetch = FetchConfig { buffer_bytes, ..opens.fetch.clone() };
        let spec = ReaderSpec { topic: Arc::clone(topic), partition: None, start: opens.start, fetch };
        let opened = self.consumer.open_for_group(self.cx, self.cluster, &opens.group, spec);
        let (reader, end) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                self.outcomes.push(Outcome::Refused(error));
                return None;
            }
        };
        self.place.readers.insert(Arc::clone(topic), reader);
        self.place.board.bring(end, &mut self.wakers);
        self.has_other_readers = true;
        Some(reader)
    }

    /// A topic of which nothing is read any more needs no reader, where another can be opened.
    fn close_if_unused(&mut self, topic: &Arc<str>) {
        let is_used = self.place.sources.keys().any(|partition| partition.topic == *topic);
        if is_used || self.place.opens.is_none() {
            return;
        }
        if let Some(reader) = self.place.readers.remove(topic) {
            self.consumer.end_for_group(self.cx, self.cluster, reader);
            self.has_other_readers = true;
        }
    }

    fn share_memory(&mut self) {
        let Some(opens) = &self.place.opens else { return };
        let bytes = opens.memory(self.place.readers.len());
        for reader in self.place.readers.values() {
            self.consumer.set_memory(self.cx, self.cluster, *reader, bytes);
        }
    }
}

impl Opens {
    /// Of each of so many readers: equal parts of what there is, but never less than one partition is to bring.
    pub(super) fn memory(&self, readers: usize) -> usize {
        (self.fetch.buffer_bytes / readers.max(1)).max(self.fetch.partition_bytes)
    }
}

impl World for Hand<'_, '_> {
    fn intend(&mut self, intent: Intent) {
        self.cx.out.intend(intent);
    }

    fn next_session(&mut self) -> SessionId {
        *self.sessions += 1;
        SessionId(FIRST_SESSION | *self.sessions)
    }

    fn ask_brokers(&mut self, id: ZkRequestId, ask: CoordinatorAsk) {
        self.coordinator.ask(self.cx.now.mono, id, ask);
    }

    fn drop_asked(&mut self) {
        self.coordinator.give_up(self.cx, "the session is over in which a commit was to be sent");
    }

    fn assign(&mut self, partition: &TopicPartition, start: Offset, is_withheld: bool) -> Option<u64> {
        let reader = self.reader_to_be(partition)?;
        let number = partition.partition;
        let start = (start, is_withheld);
        let source = self.consumer.assign(self.cx, self.cluster, reader, number, start)?;
        let turn = source.turn();
        self.place.sources.insert(partition.clone(), source);
        Some(turn)
    }

    fn read_on(&mut self, partition: &TopicPartition) {
        if let Some(reader) = self.reader(partition) {
            self.consumer.read_on(self.cx, self.cluster, reader, partition.partition);
        }
    }

    fn begin_at(&mut self, partition: &TopicPartition, offset: i64, since: u64) -> Option<u64> {
        let source = self.place.sources.get(partition)?;
        source.begun().filter(|begun| begun.turn == since)?;
        let source = Arc::clone(source);
        source.begin_anew();
        source.start_at(offset);
        if let Some(reader) = self.reader(partition) {
            self.consumer.begin_at(self.cx, self.cluster, reader, partition.partition, offset);
        }
        Some(source.turn())
    }

    fn withdraw(&mut self, partition: &TopicPartition) {
        if let (Some(reader), Some(source)) = (self.reader(partition), self.place.sources.get(partition)) {
            self.consumer.withdraw(self.cx, self.cluster, reader, source);
        }
    }

    fn forget(&mut self, partition: &TopicPartition) {
        self.place.sources.remove(partition);
        self.close_if_unused(&partition.topic);
    }

    fn done(&self, partition: &TopicPartition) -> Option<Done> {
        self.place.sources.get(partition)?.done(self.place.commit != Commit::Automatic)
    }

    fn start(&self, partition: &TopicPartition) -> Option<Done> {
        self.place.sources.get(partition)?.begun()
    }

    fn handed_out(&self, partition: &TopicPartition) -> Option<Done> {
        self.place.sources.get(partition)?.handed_out()
    }

    fn renew(&mut self, until: Instant, ahead: i64) {
        self.place.lease.renew(until, ahead, &mut self.wakers);
    }

    fn end_lease(&mut self) {
        self.place.lease.end();
    }

    fn revoking(&mut self, partitions: Vec<TopicPartition>, until: Instant) -> Held {
        let (hold, state) = Hold::new(self.signal);
        self.tell(ConsumerEvent::Revoking { partitions, until, hold });
        state
    }

    fn tell(&mut self, event: ConsumerEvent) {
        self.place.board.tell(&event, &mut self.wakers);
    }

    fn show(&mut self, assignment: Vec<TopicPartition>) {
        self.place.board.show(assignment.into());
    }

    fn joined(&mut self) {
        self.outcomes.push(Outcome::Joined);
    }

    fn committed(&mut self, result: Result<(), String>) {
        self.outcomes.push(Outcome::Committed(result));
    }

    fn over(&mut self, failure: Option<GroupError>) {
        self.place.board.end(failure.clone(), &mut self.wakers);
        self.place.lease.close(&mut self.wakers);
        for reader in self.place.readers.values() {
            self.consumer.end_for_group(self.cx, self.cluster, *reader);
        }
        self.outcomes.push(Outcome::Over(failure));
    }
}

impl BrokerWorld for Hand<'_, '_> {
    fn act_as(&mut self, identity: Option<Identity>) {
        self.coordinator.act_as(identity);
    }

    fn drop_unsent(&mut self) -> bool {
        self.coordinator.drop_unsent()
    }

    fn follow(&mut self, topic: &Arc<str>) {
        self.cluster.want(self.cx, topic, Interest::Read);
    }

    fn seen(&self, topic: &str) -> Seen {
        match self.cluster.topic(topic) {
            Some(view) => {
                let partitions = i32::try_from(view.partitions.len()).unwrap_or(i32::MAX);
                Seen::There { id: view.id, partitions }
            }
            None if self.cluster.refusal(topic).is_some() => Seen::Refused,
            None if self.cluster.is_unknown(topic) => Seen::Absent,
            None => Seen::NotYet,
        }
    }

    fn refresh(&mut self) {
        self.cluster.refresh(self.cx, "a partition of a topic that is not known", Urgency::Soon);
    }
}
