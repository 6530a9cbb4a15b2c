//! What is watched while a play goes on: leader epochs, how long a record takes, what is there when it is acknowledged, and
//! what a close does to records.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use samsa_client::{Event, Events, Message, PublishError, PublishFailure, Receipt, Topic};

use super::{Accepted, PUBLISHER, Stage, TOPIC};
use crate::check;
use crate::cluster::LoggedRecord;
use crate::faults::Fault;

/// How long a client takes at most to close.
const CLOSE: Duration = Duration::from_secs(30);

impl Stage {
    /// Leader epochs never go back while a topic is the same; where it is another one, the client has said so.
    pub(super) async fn listen(self, client: usize, mut events: Events) {
        let mut epochs: BTreeMap<(Arc<str>, i32), i32> = BTreeMap::new();
        while let Some(event) = events.next().await {
            if let Ok(Event::TopicMadeAnew { topic }) = &event {
                *self.history_mut().made_anew.entry(client).or_default() += 1;
                epochs.retain(|(of, _), _| of != topic);
            }
            if let Ok(Event::PositionReset { partition, .. }) = &event {
                *self.history_mut().resets.entry((client, *partition)).or_default() += 1;
            }
            let Ok(Event::LeaderMoved { topic, partition, leader_epoch: Some(epoch), .. }) = event else {
                continue;
            };
            let before = epochs.insert((topic, partition), epoch);
            if let Some(before) = before.filter(|before| *before > epoch) {
                let what = format!("partition {partition}: epoch {epoch} after {before}");
                self.world.violation("leader-epochs-never-go-back", what);
            }
        }
    }

    /// Who wrote to a topic that was deleted, and to the one that was made in its place, has told of that; and nobody of more
    /// such than there were.
    pub(in crate::scenario) fn check_made_anew(&self, writer: usize) {
        let by_client = &self.history().made_anew;
        let told = by_client.get(&writer).copied().unwrap_or(0);
        let most = by_client.values().copied().max().unwrap_or(0);
        let deleted = self.world.faults().done().get(Fault::TopicRemade.name()).copied().unwrap_or(0);
        let has_lost = self
            .world
            .host()
            .look(|cluster| cluster.losses(TOPIC).iter().any(|loss| !loss.records.is_empty()));
        if most > deleted || (has_lost && told == 0) {
            let what = format!("deleted {deleted} times; the writer told of {told}, somebody of {most}");
            self.world.violation("tells-of-topics-made-anew", what);
        }
    }

    /// Publishes a record to a partition, and says how long it took to be acknowledged.
    pub(in crate::scenario) async fn publish_to(&self, topic: &Topic, partition: i32) -> Option<Duration> {
        let value = format!("m{}", self.history().accepted.len());
        let since = self.world.now().mono;
        self.begins_to_publish(topic);
        let delivery = match topic.partition(partition).enqueue(Message::new(value.clone())).await {
            Ok(delivery) => delivery,
            Err(error) => {
                self.world.violation("accepts-while-there-is-room", error.to_string());
                return None;
            }
        };
        let record =
            Accepted { key: None, partition: Some(partition), value: value.into_bytes(), header: None };
        let number = self.history.borrow_mut().accept(record);
        self.tell(PUBLISHER, format_args!("publishes m{number} to partition {partition}"));
        let outcome = delivery.await;
        let is_acknowledged = outcome.is_ok();
        self.settle(number, outcome);
        is_acknowledged.then(|| self.world.now().mono - since)
    }

    /// What is acknowledged is there already: all in sync have it, or its leader, where that is what was asked for.
    pub(super) fn check_receipt(&self, number: usize, receipt: &Receipt) {
        let (partition, Some(offset)) = (receipt.partition, receipt.offset) else { return };
        self.world.violations().checked(1);
        let history = self.history();
        let is_there = self.world.host().look(|cluster| {
            let stored = cluster.record_at(TOPIC, partition, offset, history.by_leader);
            let is_it = |stored: &LoggedRecord| history.is_at(number, offset, stored);
            stored.as_ref().is_some_and(is_it) || {
                let lost = cluster.losses(TOPIC).into_iter().filter(|loss| loss.partition == partition);
                let dropped = cluster.dropped(TOPIC).into_iter().filter(|_| history.by_leader);
                let dropped = dropped.filter(|(at, _)| *at == partition).map(|(_, record)| record);
                lost.flat_map(|loss| loss.records).chain(dropped).any(|record| is_it(&record))
            }
        });
        if !is_there {
            let what = format!(
                "m{number} is acknowledged in partition {partition} at {offset}, and is not there at that moment"
            );
            self.world.violation("acknowledged-is-stored", what);
        }
        let places = || self.first_places(partition, history.by_leader);
        if let Some(violation) = check::at_receipt(&history, number, (partition, offset), places) {
            self.world.violations().push(violation);
        }
    }

    /// Where the leader of a partition has each value first. What was lost is left out: a copy of it that was under way may have
    /// arrived behind others since.
    fn first_places(&self, partition: i32, by_leader: bool) -> BTreeMap<Vec<u8>, i64> {
        let (log, losses, dropped) = self.world.host().look(|cluster| {
            (cluster.leaders_log(TOPIC, partition), cluster.losses(TOPIC), cluster.dropped(TOPIC))
        });
        let mut places = BTreeMap::new();
        for LoggedRecord { offset, value, .. } in log {
            places.entry(value.unwrap_or_default()).or_insert(offset);
        }
        let dropped = dropped.into_iter().filter(|_| by_leader).map(|(_, record)| record);
        for gone in losses.into_iter().flat_map(|loss| loss.records).chain(dropped) {
            places.remove(gone.value.as_deref().unwrap_or_default());
        }
        places
    }

    /// A client that closes gives its records the time that they have.
    pub(super) fn is_not_given_up(&self, number: usize, error: &PublishError) {
        if *error.failure() == PublishFailure::Closed && self.plan.delivery_timeout < CLOSE {
            let what = format!("m{number} was given up, though its time to be delivered was not over");
            self.world.violation("close-waits-for-outcomes", what);
        }
    }
}
