//! Flush and close: commands that wait for the outcome of everything that was accepted before them.

use super::Sender;
use super::batch::{Batch, fail_unsettled};
use super::place::{Place, Spot};
use super::world::World;
use crate::command::Reply;
use crate::error::PublishFailure;
use crate::explanation::Waiting;
use crate::id::OpId;
use crate::limits;
use crate::producer::outcome::BatchOutcome;
use crate::time::Instant;

#[derive(Debug, Default)]
pub(super) struct Waits {
    waits: Vec<Wait>,
    is_closed: bool,
}

#[derive(Debug)]
struct Wait {
    op: OpId,
    since: Instant,
    until: Instant,
    is_close: bool,
    outcomes: Vec<BatchOutcome>,
}

impl Wait {
    fn is_over(&mut self) -> bool {
        while self.outcomes.pop_if(|outcome| outcome.is_known()).is_some() {}
        self.outcomes.is_empty()
    }

    fn answer(&self, world: &mut dyn World) {
        let (op, reply) = self.reply();
        world.complete(op, reply);
    }

    /// Says how many records have no outcome.
    fn reply(&self) -> (OpId, Reply) {
        let records = self.outcomes.iter().map(BatchOutcome::open_count).sum();
        (self.op, if self.is_close { Reply::Close(records) } else { Reply::Flush(records) })
    }
}

impl Waits {
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.waits.iter().map(|wait| wait.until).min()
    }

    fn take_ended(&mut self, is_ended: impl FnMut(&mut Wait) -> bool) -> Vec<Wait> {
        self.waits.extract_if(.., is_ended).collect()
    }

    /// Drops a flush without an answer. To close is an order, and goes on.
    pub(super) fn forget(&mut self, op: OpId) {
        self.waits.retain(|wait| wait.is_close || wait.op != op);
    }

    /// Ends all waits; called before their records are given up.
    pub(super) fn abort(&mut self) -> Vec<(OpId, Reply)> {
        self.is_closed = true;
        self.waits.drain(..).map(|wait| wait.reply()).collect()
    }

    pub(super) fn explain(&self, lines: &mut Vec<Waiting>) {
        for wait in &self.waits {
            let who = if wait.is_close { "close" } else { "flush" }.to_owned();
            let what = format!("the outcome of {} batches", wait.outcomes.len());
            lines.push(Waiting { who, what, since: Some(wait.since), until: Some(wait.until) });
        }
    }
}

impl Sender {
    pub(super) fn flush(&mut self, world: &mut dyn World, op: OpId, until: Instant) {
        self.wait(world, op, until, false);
    }

    pub(super) fn close(&mut self, world: &mut dyn World, op: OpId, until: Instant) {
        self.store.close(&mut self.wakers);
        self.wait(world, op, until, true);
    }

    fn wait(&mut self, world: &mut dyn World, op: OpId, until: Instant, is_close: bool) {
        // To close there is as much room again.
        let most = if is_close { 2 * limits::COMMANDS } else { limits::COMMANDS };
        let waiting = self.waits.waits.len();
        if waiting >= most {
            return world.complete(op, Reply::Busy { waiting });
        }
        // To hurry is to look, and so may settle a topic; then its records are in lanes, which are new on the list.
        for _ in 0..2 {
            self.look_at_all_ready(world);
            self.hurry(world);
        }
        let mut outcomes = Vec::new();
        for place in &self.active {
            self.collect(*place, &mut outcomes);
        }
        self.waits.waits.push(Wait { op, since: world.now(), until, is_close, outcomes });
    }

    /// Answers the commands whose records all have their outcome, and those whose time is over.
    pub(super) fn end_waits(&mut self, world: &mut dyn World) {
        let now = world.now();
        let mut ended = self.waits.take_ended(|wait| wait.until <= now);
        if ended.iter().any(|wait| wait.is_close) {
            // They say how much had no outcome; now it gets one.
            for wait in &ended {
                wait.answer(world);
            }
            ended.clear();
            self.waits.is_closed = true;
            self.fail_everything();
        }
        ended.extend(self.waits.take_ended(Wait::is_over));
        for wait in ended {
            if wait.is_close {
                self.waits.is_closed = true;
                self.fail_everything();
            }
            wait.answer(world);
        }
    }

    /// Adds the outcomes of all that is at a place.
    fn collect(&self, place: Place, into: &mut Vec<BatchOutcome>) {
        let topic = &self.topics[place.topic as usize];
        if place.spot == Spot::Unsettled {
            return topic.batches.unsettled_outcomes(into);
        }
        let taken = topic.taken(place.spot).into_iter().flatten().filter(|batch| !batch.is_over());
        into.extend(taken.map(|batch| batch.outcome().clone()));
        topic.lanes(place.spot).iter().for_each(|lane| lane.outcomes(into));
    }

    /// Gives everything of a topic its outcome.
    pub(super) fn fail_topic(&mut self, index: u32, failure: &PublishFailure) {
        self.fail_unsettled(index, failure);
        let partitions = self.topic(index).partitions.len() as u32;
        let spots = (0..partitions).map(Spot::Partition).chain([Spot::Free]);
        for spot in spots {
            self.fail_place(Place { topic: index, spot }, failure);
        }
    }

    pub(super) fn fail_unsettled(&mut self, index: u32, failure: &PublishFailure) {
        let batches = self.topic(index).batches.clone();
        for waiting in batches.take_unsettled() {
            self.store.give_back(waiting.charge, &mut self.wakers);
            self.counts.failed_records +=
                fail_unsettled(waiting, batches.name(), failure.clone(), &mut self.wakers);
        }
    }

    pub(super) fn fail_place(&mut self, place: Place, failure: &PublishFailure) {
        let mut batches = match place.spot {
            Spot::Partition(number) => std::mem::take(&mut self.topic(place.topic).partition(number).queue),
            Spot::Free | Spot::Unsettled => std::mem::take(&mut self.topic(place.topic).returned),
        };
        for lane in self.topic(place.topic).lanes(place.spot) {
            while let Some(batch) = lane.take() {
                batches.push_back(Batch::new(batch, place.spot == Spot::Free));
            }
        }
        for mut batch in batches {
            self.fail(place, &mut batch, failure.clone());
        }
    }
}
