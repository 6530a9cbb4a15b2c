//! Members of Java's client in the same group, unmodified: `KafkaConsumer` of the brokers' own release.

use std::time::{Duration, Instant};

use async_io::Timer;
use futures_lite::future;
use samsa_tests::{RealKafka, Release, java_member, member::MemberProcess};
use samsa_tokio::{Assignor, Consumer, GroupProtocol};

use crate::brokers::{SESSION, brokers, committed, run};
use crate::client::Runtime;
use crate::group::{Group, PARTITIONS, settle};
use crate::members::{Place, consume_until};
use crate::processes::{from_now_on, until_begun};
use crate::received::{received, repeated, until_received};

const COUNT: usize = 400;
/// Far less than the session of who was killed.
const SOON: Duration = Duration::from_secs(1);
/// Longer than a JVM and a rebalance take.
const LIMIT: Duration = Duration::from_secs(40);
const POLL: Duration = Duration::from_millis(50);

/// How Java's member and ours share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ways {
    pub(crate) protocol: GroupProtocol,
    /// What Java's member speaks: `classic` or `consumer`; none where it knows nothing else than the first.
    pub(crate) of_java: Option<&'static str>,
    /// None where nobody says it.
    pub(crate) assignor: Option<Assignor>,
}

impl Ways {
    fn name(self, what: &str) -> String {
        let Self { protocol, of_java, assignor } = self;
        let assignor = assignor.map_or(String::new(), |assignor| format!("-{assignor:?}"));
        format!("{what}-{protocol:?}-beside-{}{assignor}", of_java.unwrap_or("java"))
    }

    fn java(self, kafka: &RealKafka, name: &str) -> MemberProcess {
        let mut settings = Vec::new();
        if self.of_java != Some("consumer") {
            settings.extend([("session.timeout.ms", "6000"), ("heartbeat.interval.ms", "1000")]);
        }
        settings.extend(self.of_java.map(|protocol| ("group.protocol", protocol)));
        let strategy = match self.assignor {
            Some(Assignor::RoundRobin) => Some("org.apache.kafka.clients.consumer.RoundRobinAssignor"),
            // Java's default, or that of the brokers.
            _ => None,
        };
        settings.extend(strategy.map(|strategy| ("partition.assignment.strategy", strategy)));
        java_member::start(kafka, name, name, &settings).expect("a process")
    }

    async fn join(self, group: &Group<'_>) -> Consumer {
        let member = group.member();
        let member = match self.assignor {
            Some(assignor) => member.assignor(assignor),
            None => member,
        };
        member.subscribe().await.expect("a member")
    }
}

/// Ours consumes until all that was published was received, by it or by Java's, and nothing twice.
async fn consume_beside(
    published: usize,
    ours: &mut Consumer,
    so_far: &mut Vec<Place>,
    of_java: impl Fn() -> Vec<Place>,
) {
    let since = Instant::now();
    loop {
        let all = received_once(so_far, &of_java());
        if all == published {
            return;
        }
        assert!(since.elapsed() < LIMIT, "{all} of {published} messages");
        let briefly = async {
            Timer::after(POLL).await;
            Vec::new()
        };
        let mut ours = [&mut *ours];
        let some = consume_until(&mut ours, |all| !all.is_empty());
        so_far.extend(future::or(some, briefly).await.iter().flatten());
    }
}

/// How many messages there are, of which none is there twice.
fn received_once(ours: &[Place], of_java: &[Place]) -> usize {
    let all = [ours, of_java].concat();
    assert_eq!(repeated(&all), []);
    all.len()
}

pub(crate) fn members_of_both_kinds_share_and_hand_over_when_they_leave(release: Release, ways: Ways) {
    let Some(kafka) = brokers(release) else { return };
    for runtime in Runtime::BOTH {
        let name = ways.name(&format!("mixed-on-{}", runtime.name()));
        run(kafka, runtime, async |cluster| {
            let mut group = Group::new(kafka, cluster, &name, ways.protocol).await;
            let mut ours = ways.join(&group).await;
            let mut got = Vec::new();
            settle(&[&ours], &[4]).await;
            group.publish(COUNT).await;
            consume_beside(group.published, &mut ours, &mut got, Vec::new).await;

            let java = ways.java(kafka, &name);
            settle(&[&ours], &[2]).await;
            group.publish(COUNT).await;
            consume_beside(group.published, &mut ours, &mut got, || received(&java)).await;
            assert_eq!(received(&java).len(), COUNT / 2, "{}", java.logged());

            let mut left = java.shut_down().expect("it leaves");
            let since = Instant::now();
            settle(&[&ours], &[4]).await;
            println!("{release}, {ways:?}: all was ours {:?} after Java's member had left", since.elapsed());
            group.publish(COUNT).await;
            consume_beside(group.published, &mut ours, &mut got, || left.clone()).await;

            let java = ways.java(kafka, &name);
            settle(&[&ours], &[2]).await;
            group.publish(COUNT).await;
            let of_java = || [left.clone(), received(&java)].concat();
            consume_beside(group.published, &mut ours, &mut got, of_java).await;
            ours.close().await.expect("it leaves");
            let since = Instant::now();
            group.publish(COUNT).await;
            until_received(group.published, || [got.clone(), left.clone(), received(&java)].concat());
            println!("{release}, {ways:?}: Java's member had all {:?} after ours had left", since.elapsed());
            left.extend(java.shut_down().expect("it leaves"));
            assert_eq!(received_once(&got, &left), group.published);
        });
    }
}

pub(crate) fn members_that_are_killed_leave_their_partitions_to_the_other_kind(release: Release, ways: Ways) {
    let Some(kafka) = brokers(release) else { return };
    let name = ways.name("mortal");
    run(kafka, Runtime::AsyncStd, async |cluster| {
        let mut group = Group::new(kafka, cluster, &name, ways.protocol).await;
        let ours = group.process(kafka, "ours", Runtime::AsyncStd, Duration::ZERO);
        let java = ways.java(kafka, &name);
        let shares = group.until_shared(&[&|| received(&ours), &|| received(&java)]).await;
        assert_eq!((shares[0].len(), shares[1].len()), (2, 2));
        group.publish(COUNT).await;
        until_received(group.published, || [received(&ours), received(&java)].concat());
        let dead = received(&java);
        goes_on_for(kafka, &mut group, &shares[1], java, &ours).await;
        until_received(group.published, || [dead.clone(), received(&ours)].concat());

        let java = ways.java(kafka, &name);
        let shares = group.until_shared(&[&|| received(&ours), &|| received(&java)]).await;
        let dead = [dead, received(&ours)].concat();
        goes_on_for(kafka, &mut group, &shares[0], ours, &java).await;
        until_received(group.published, || [dead.clone(), received(&java)].concat());
    });
}

/// One is killed, and the other goes on with its partitions where it had committed.
async fn goes_on_for(
    kafka: &RealKafka,
    group: &mut Group<'_>,
    lost: &[i32],
    killed: MemberProcess,
    stays: &MemberProcess,
) {
    let taken_over = from_now_on(stays);
    drop(killed);
    let since = Instant::now();
    group.publish(COUNT).await;
    Timer::after(SOON).await;
    let committed = committed(kafka, group.name, group.name, PARTITIONS as i32);
    let begun = until_begun(lost, taken_over).await;
    println!(
        "{}, {}: partitions {lost:?} of who was killed were delivered by the other after {:?}; the session is of {SESSION:?}",
        kafka.release(),
        group.name,
        since.elapsed()
    );
    for (partition, offset) in begun {
        assert_eq!(offset, committed[&partition], "partition {partition} goes on at the committed offset");
    }
}
