//! What members that are processes have received, as they print it.

use std::collections::BTreeMap;

use samsa_tests::member::MemberProcess;

use crate::members::Place;
use crate::partitions::{Partitions, until};

pub(crate) fn received(member: &MemberProcess) -> Vec<Place> {
    member.received().expect("what it received")
}

/// Waits until so many different messages were received.
pub(crate) fn until_received(count: usize, received: impl Fn() -> Vec<Place>) {
    until(|| match times(&received()).len() {
        all if all == count => Ok(()),
        some => Err(format!("{some} of {count} messages")),
    });
}

/// How often each message was received.
pub(crate) fn times(received: &[Place]) -> BTreeMap<Place, usize> {
    let mut times = BTreeMap::new();
    for place in received {
        *times.entry(*place).or_default() += 1;
    }
    times
}

/// What came more than once.
pub(crate) fn repeated(received: &[Place]) -> Vec<(Place, usize)> {
    times(received).into_iter().filter(|(_, times)| *times > 1).collect()
}

/// The first offset of each of these partitions.
pub(crate) fn first_of(received: &[Place], partitions: &[i32]) -> Partitions<i64> {
    let first = |partition: &i32| {
        let place = received.iter().find(|(other, _)| other == partition)?;
        Some((*partition, place.1))
    };
    partitions.iter().filter_map(first).collect()
}
