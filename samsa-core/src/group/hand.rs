//! What a member does to the rest of the client, done.

use std::sync::Arc;

use super::coordinator::Coordinator;
use super::offsets::CoordinatorAsk;
use super::world::World;
use super::{Commit, Done, FIRST_SESSION, GroupError, Place};
use crate::cluster::Cluster;
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
        Self { cx, cluster, consumer, place, coordinator, sessions, signal, wakers, outcomes }
    }

    pub(super) fn finish(mut self) -> Vec<Outcome> {
        self.cx.out.wake(&mut self.wakers);
        self.outcomes
    }

    fn reader(&self, partition: &TopicPartition) -> Option<ReaderId> {
        self.place.readers.get(&partition.topic).copied()
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
        self.coordinator.drop_asked();
    }

    fn assign(&mut self, partition: &TopicPartition, start: Offset, is_withheld: bool) -> Option<u64> {
        let reader = self.reader(partition)?;
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
