//! Members that are processes of their own, and who of them has which partition.

use std::time::{Duration, Instant};

use async_io::Timer;
use samsa_tests::{RealKafka, member::MemberProcess, slow};
use samsa_tokio::GroupProtocol;

use crate::client::Runtime;
use crate::group::Group;
use crate::members::Place;
use crate::partitions::Partitions;
use crate::received::{first_of, received};

/// Beyond the session of who was killed, and the rebalance after.
const LIMIT: Duration = Duration::from_secs(40);
const POLL: Duration = Duration::from_millis(10);

impl Group<'_> {
    /// A member that is a process, and waits so long from one message to the next.
    pub(crate) fn process(
        &self,
        kafka: &RealKafka,
        client: &str,
        runtime: Runtime,
        pause: Duration,
    ) -> MemberProcess {
        let (group, runtime) = (self.name, runtime.name());
        let dialect = match self.protocol {
            GroupProtocol::Classic => "classic",
            GroupProtocol::Consumer => "consumer",
            _ => "brokers",
        };
        let ways = slow::Ways { group, topic: self.name, client, runtime, dialect, pause };
        slow::start(kafka, ways).expect("a process")
    }

    /// Publishes a message to each partition, until all of these members have got one of the last, and the same as of those
    /// before. Says who has which partition.
    pub(crate) async fn until_shared(&mut self, members: &[&dyn Fn() -> Vec<Place>]) -> Vec<Vec<i32>> {
        let (since, mut before) = (Instant::now(), Vec::new());
        loop {
            self.publish(self.partitions).await;
            let mut owners = self.owners_of_last(members).await;
            for partitions in &mut owners {
                partitions.sort_unstable();
            }
            if owners == before && owners.iter().all(|partitions| !partitions.is_empty()) {
                return owners;
            }
            before.clone_from(&owners);
            assert!(since.elapsed() < LIMIT, "not shared by all: {owners:?}");
        }
    }

    /// Who got the last message of each partition.
    async fn owners_of_last(&self, members: &[&dyn Fn() -> Vec<Place>]) -> Vec<Vec<i32>> {
        let last = (self.published / self.partitions) as i64 - 1;
        let since = Instant::now();
        loop {
            let of_one = |places: Vec<Place>| {
                let last = places.into_iter().filter(|(_, offset)| *offset == last);
                last.map(|(partition, _)| partition).collect::<Vec<_>>()
            };
            let owners: Vec<Vec<i32>> = members.iter().map(|received| of_one(received())).collect();
            if (0..self.partitions as i32).all(|partition| owners.iter().flatten().any(|of| *of == partition))
            {
                return owners;
            }
            assert!(since.elapsed() < LIMIT, "not all was received: {owners:?}");
            Timer::after(POLL).await;
        }
    }
}

/// Waits until something of each of these partitions was received; says what was the first of each.
pub(crate) async fn until_begun(partitions: &[i32], received: impl Fn() -> Vec<Place>) -> Partitions<i64> {
    let since = Instant::now();
    loop {
        let begun = first_of(&received(), partitions);
        if begun.len() == partitions.len() {
            return begun;
        }
        assert!(since.elapsed() < LIMIT, "of {partitions:?} only {begun:?}");
        Timer::after(POLL).await;
    }
}

/// What a member receives after what it has received so far.
pub(crate) fn from_now_on(member: &MemberProcess) -> impl Fn() -> Vec<Place> {
    let before = received(member).len();
    move || received(member).split_off(before)
}
