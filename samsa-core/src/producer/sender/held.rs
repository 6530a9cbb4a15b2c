//! Brokers hold answers back, and are asked nothing else on that connection meanwhile: what they hold back for one partition
//! holds up no other for long.
//!
//! A leader answers when all replicas in sync have all that is in a request. Those that rest before they ask it again
//! (`replica.fetch.backoff.ms`, a second by default, after a change of leaders) hold up whatever is in the same request, and whatever
//! is behind it on the connection. So
//!
//! | what                                                         | then                                                          |
//! |--------------------------------------------------------------|---------------------------------------------------------------|
//! | a partition comes to a leader that holds a request back      | it goes over a new connection; the other is owed answers only |
//! | a broker has come to lead a partition in the last two        | it has 200 ms for a request: what is not written then goes    |
//! | seconds, and all in a request to it has an identity          | again, and is stored once                                     |
//!
//! One connection of a broker is left behind at a time. What is on its way on it is followed by nothing of the same partition.

use std::time::Duration;

use super::Sender;
use super::place::{Link, Place, Spot, Stage};
use super::world::World;
use crate::id::BrokerId;
use crate::limits;
use crate::time::Instant;

impl Sender {
    /// How long a broker may wait until replicas have what is in this request. It gives up before the connection is given up, and
    /// says so.
    pub(super) fn time_for_replicas(
        &mut self,
        now: Instant,
        broker: BrokerId,
        places: &[Place],
        token: u64,
    ) -> Duration {
        let most = self.settings.request_timeout / 2;
        if !self.leads_anew(now, broker) {
            return most;
        }
        let is_stored_once = |place: &Place| {
            let partition = self.partition(*place);
            let batch = partition.and_then(|partition| partition.queue.get(partition.find(token)?));
            batch.is_some_and(|batch| batch.identity.is_some())
        };
        if places.iter().all(is_stored_once) { most.min(limits::NEW_LEADER_ANSWER) } else { most }
    }

    /// What a leader has not written in the short time that it had goes again as soon as after a first failure.
    pub(super) fn forgive_a_short_time(&mut self, now: Instant, place: Place) {
        let leader = self.partition(place).and_then(|partition| partition.leader);
        if leader.is_some_and(|leader| self.leads_anew(now, leader))
            && let Some(partition) = self.partition(place)
        {
            partition.failures = 0;
        }
    }

    fn leads_anew(&self, now: Instant, broker: BrokerId) -> bool {
        let moved_at = self.brokers.get(&broker).and_then(|state| state.moved_at);
        moved_at.is_some_and(|moved| now < moved + limits::NEW_LEADER)
    }

    /// What came to a broker since it was sent what it holds back goes over a connection of its own.
    pub(super) fn pass_by_what_is_held(&mut self, world: &mut dyn World, broker: BrokerId) {
        let is_held = world.held_from(broker).is_some_and(|held| held <= world.now());
        if is_held && self.has_more_since(broker) {
            world.leave_behind(broker);
            self.leave_requests_behind(broker);
        }
    }

    /// When something that can be sent nowhere else may pass by what is held.
    pub(super) fn next_to_pass_by(&self, held_from: &dyn Fn(BrokerId) -> Option<Instant>) -> Option<Instant> {
        let brokers = self.brokers.iter();
        let full = brokers.filter(|(_, state)| state.in_flight >= limits::PRODUCE_REQUESTS_IN_FLIGHT);
        full.filter(|(id, _)| self.has_more_since(**id)).filter_map(|(id, _)| held_from(*id)).min()
    }

    /// Whether anything is ready for a broker of a partition that came to it since the oldest request that it owes an answer to, and
    /// of which nothing is on its way.
    fn has_more_since(&self, broker: BrokerId) -> bool {
        let (Some(state), Some(oldest)) = (self.brokers.get(&broker), self.oldest_request(broker)) else {
            return false;
        };
        // Mostly nothing has come since: then what is ready need not be looked at.
        state.left == 0
            && state.moved_at > Some(oldest.since)
            && state.ready.iter().any(|place| {
                let Spot::Partition(number) = place.spot else { return false };
                let partition = self.topics[place.topic as usize].partitions.get(number as usize);
                partition.is_some_and(|partition| {
                    partition.stage == Stage::Ready(broker)
                        && partition.moved_at > Some(oldest.since)
                        && partition.queue.iter().all(|batch| batch.flight.is_none())
                })
            })
    }

    /// Nothing follows what is on its way on that connection, before it is answered: on another one it could come first.
    fn leave_requests_behind(&mut self, broker: BrokerId) {
        let mut places = Vec::new();
        for request in self.requests.values_mut().filter(|request| request.broker == broker) {
            request.is_left = true;
            places.extend_from_slice(&request.places);
        }
        for place in places {
            let flights = self.partition(place).into_iter().flat_map(|partition| &mut partition.queue);
            flights
                .filter_map(|batch| batch.flight.as_mut())
                .for_each(|flight| flight.may_be_followed = false);
        }
        let state = self.broker(broker);
        state.left = std::mem::take(&mut state.in_flight);
        state.link = Link::None;
    }
}
