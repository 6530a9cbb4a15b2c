//! What members have received, as they print it.

use std::collections::BTreeMap;

use samsa_tests::{cli::Samsa, member::MemberProcess};

use crate::members::Place;
use crate::znodes::{Partitions, until};

pub(crate) fn received(member: &MemberProcess) -> Vec<Place> {
    member.received().expect("what it received")
}

/// What a `samsa consume` with the format `%p %o` has printed.
pub(crate) fn printed(samsa: &Samsa) -> Vec<Place> {
    placed(&samsa.printed().expect("what it printed"))
}

/// What stands in the lines of a text.
pub(crate) fn placed(text: &[u8]) -> Vec<Place> {
    let place = |line: &str| {
        let (partition, offset) = line.split_once(' ')?;
        Some((partition.parse().ok()?, offset.parse().ok()?))
    };
    let text = String::from_utf8_lossy(text);
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(|line| place(line).expect("a place")).collect()
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
