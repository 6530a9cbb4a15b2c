//! What a client counts, in a simulated world.

use std::collections::BTreeMap;
use std::time::Duration;

use samsa_client::{BrokerId, Cluster, Event, Message, Metrics, MetricsError, Offset, ReadError};
use samsa_sim::{ClusterConfig, Fault, FaultMix, Release, Run, Simulation, World};

fn play<F: Future<Output = ()> + 'static>(release: Release, act: impl FnOnce(World, Cluster) -> F + 'static) {
    play_in(ClusterConfig { release, ..ClusterConfig::default() }, FaultMix::none(), act);
}

fn play_in<F: Future<Output = ()> + 'static>(
    cluster: ClusterConfig,
    faults: FaultMix,
    act: impl FnOnce(World, Cluster) -> F + 'static,
) {
    let simulation = Simulation::new(7).cluster(cluster).faults(faults);
    let Run { output, report } = simulation.run(|world| async move {
        let builder = world.bootstrap().delivery_timeout(Duration::from_secs(5));
        let cluster = builder.connect().await.expect("a cluster");
        act(world, cluster).await;
    });
    assert!(report.is_ok(), "{report}");
    output.expect("it ran to its end");
}

async fn metrics(cluster: &Cluster) -> Metrics {
    cluster.metrics().await.expect("metrics")
}

#[test]
fn what_was_published_and_read_is_counted_by_record_batch_and_byte_on_every_release() {
    for release in Release::OLD.into_iter().chain(Release::ALL) {
        play(release, |_, cluster| async move {
            let topic = cluster.topic("events");
            for number in 0..30 {
                let message = Message::new("x".repeat(100));
                let receipt = topic.partition(number % 3).publish(message).await;
                receipt.expect("a receipt");
            }
            let mut reader = topic.reader(Offset::Earliest).open().await.expect("a reader");
            for _ in 0..20 {
                reader.next().await.expect("no end").expect("a message");
            }
            let metrics = metrics(&cluster).await;
            let written = metrics.publishing.written;
            assert_eq!((written.records, written.batches), (30, 30));
            assert!((3000..6000).contains(&written.bytes), "{written:?}");
            assert_eq!(metrics.publishing.buffer_used_bytes, 0);
            assert_eq!(metrics.published.len(), 3);
            assert!(metrics.published.iter().all(|of| of.written.records == 10 && of.waiting_batches == 0));

            assert!((20..=30).contains(&metrics.read.records), "{:?}", metrics.read);
            let had: i64 = metrics.reading.iter().filter_map(|partition| partition.position).sum();
            assert_eq!((metrics.reading.len(), had), (3, 20));
            drop(reader);
            cluster.topics().await.expect("topics");
            let after = cluster.metrics().await.expect("metrics");
            assert!(after.reading.is_empty() && after.read.records >= 20, "what was read stays counted");
        });
    }
}

#[test]
fn how_far_a_reader_is_behind_is_told_by_partition() {
    play(Release::V3_9, |world, cluster| async move {
        let partition = cluster.topic("events").partition(1);
        partition.publish("first").await.expect("a receipt");
        let mut reader = partition.reader(Offset::Earliest).open().await.expect("a reader");
        reader.next().await.expect("no end").expect("a message");
        for _ in 0..5 {
            partition.publish("more").await.expect("a receipt");
        }
        world.sleep(Duration::from_secs(2)).await;
        let metrics = metrics(&cluster).await;
        let [of_it] = &metrics.reading[..] else { panic!("{metrics:?}") };
        assert_eq!((of_it.partition, of_it.position, of_it.high_watermark), (1, Some(1), Some(6)));
        assert_eq!((of_it.lag, of_it.leader), (Some(5), Some(BrokerId(1))));
        assert!(!of_it.is_paused && !of_it.is_stopped);
    });
}

#[test]
fn a_broker_is_measured_and_its_loss_is_counted() {
    play(Release::V3_9, |world, cluster| async move {
        let topic = cluster.topic("events").partition(0);
        topic.publish("hello").await.expect("a receipt");
        let before = metrics(&cluster).await;
        let of_broker = |metrics: &Metrics| {
            let found = metrics.brokers.iter().find(|broker| broker.broker == Some(BrokerId(1)));
            found.expect("the broker").clone()
        };
        let broker = of_broker(&before);
        assert!(broker.connections > 0 && broker.connects > 0 && broker.losses == 0, "{broker:?}");
        assert!(broker.sent_bytes > 0 && broker.received_bytes > 0);
        // Of the producer id, and of the batch.
        assert_eq!(broker.publish_latency.count, 2);
        assert_eq!((broker.failed_requests, broker.requests_in_flight), (0, 0));
        assert!(broker.publish_latency.mean() > Some(Duration::ZERO));
        assert_eq!(broker.publish_latency.buckets().map(|bucket| bucket.count).sum::<u64>(), 2);
        assert!(before.metadata_age.is_some_and(|age| age < Duration::from_secs(60)));

        world.freeze(1);
        let waiting = topic.enqueue("held").await.expect("room");
        world.sleep(Duration::from_secs(1)).await;
        let held = metrics(&cluster).await;
        assert!(held.publishing.buffer_used_bytes > 0);
        assert_eq!((of_broker(&held).requests_in_flight, held.published.len()), (1, 1));
        assert_eq!(held.published[0].waiting_batches, 1);
        world.crash(1);
        waiting.await.expect_err("nobody is there");
        let lost = metrics(&cluster).await;
        let broker = of_broker(&lost);
        assert!(broker.losses > 0 && broker.failed_requests > 0, "{broker:?}");
        assert_eq!((lost.publishing.failed_records, lost.publishing.written.records), (1, 1));
        world.thaw(1);
        world.start(1);
        topic.publish("again").await.expect("a receipt");
        cluster.close().await.expect("nothing is given up");
        assert_eq!(cluster.metrics().await, Err(MetricsError::Closed));
    });
}

#[test]
fn a_batch_that_goes_again_counts_as_a_retry_and_its_records_once() {
    play(Release::V3_9, |world, cluster| async move {
        let topic = cluster.topic("events");
        topic.publish("hello").await.expect("a receipt");
        world.freeze(1);
        let waiting = topic.enqueue("twice").await.expect("room");
        world.sleep(Duration::from_secs(1)).await;
        world.thaw(1);
        world.crash(1);
        world.start(1);
        waiting.await.expect("a receipt");
        let publishing = metrics(&cluster).await.publishing;
        assert_eq!((publishing.written.records, publishing.failed_records), (2, 0));
        assert_eq!(publishing.retried_batches, 1);
    });
}

#[test]
fn a_quota_is_counted_with_the_time_that_it_takes_and_each_time_an_event_tells_of_it() {
    play_in(ClusterConfig::default(), FaultMix::of(&[Fault::Quota]), |world, cluster| async move {
        let (topic, began) = (cluster.topic("events"), world.now().mono);
        let throttled = async |cluster: &Cluster| {
            let brokers = metrics(cluster).await.brokers;
            let sum = |sum: (u64, Duration), broker: &samsa_client::BrokerMetrics| {
                (sum.0 + broker.throttles, sum.1 + broker.throttled)
            };
            brokers.iter().fold((0, Duration::ZERO), sum)
        };
        assert_eq!(throttled(&cluster).await, (0, Duration::ZERO));
        let mut events = cluster.events();
        // A broker throttles some of the time, and the world heals after half a minute.
        for _ in 0..1000 {
            topic.publish("hello").await.expect("a receipt");
            world.sleep(Duration::from_millis(25)).await;
        }
        let (times, lasted) = throttled(&cluster).await;
        assert!(times > 0);
        assert!((Duration::ZERO..world.now().mono - began).contains(&lasted), "{lasted:?}");
        assert!(lasted > Duration::ZERO);

        let counted = metrics(&cluster).await.brokers.into_iter().filter(|broker| broker.throttles > 0);
        let counted: BTreeMap<_, _> = counted.filter_map(|of| Some((of.broker?, of.throttles))).collect();
        let mut told = BTreeMap::new();
        while let Some(event) = world.timeout(Duration::from_millis(1), events.next()).await {
            let event = event.expect("the client is there").expect("none was missed");
            if let Event::Throttled { broker, lasts } = event {
                assert!(lasts > Duration::ZERO && lasts <= world.now().mono - began, "{lasts:?}");
                *told.entry(broker).or_insert(0) += 1;
            }
        }
        assert!(!told.is_empty());
        assert_eq!(told, counted);
    });
}

#[test]
fn a_batch_that_is_too_large_for_the_broker_counts_as_split() {
    let cluster = ClusterConfig { batch_bytes: 8_000, ..ClusterConfig::default() };
    play_in(cluster, FaultMix::none(), |_, cluster| async move {
        let topic = cluster.topic("events").partition(0);
        topic.publish("there it is").await.expect("a receipt");
        assert_eq!(metrics(&cluster).await.publishing.split_batches, 0);
        let messages: Vec<_> = (0..4).map(|_| topic.try_enqueue("x".repeat(3_000)).expect("room")).collect();
        for message in messages {
            message.await.expect("a receipt");
        }
        let publishing = metrics(&cluster).await.publishing;
        assert_eq!((publishing.written.records, publishing.failed_records), (5, 0));
        assert_eq!(publishing.split_batches, 1, "twelve thousand bytes in two");
    });
}

#[test]
fn a_partition_that_is_paused_or_read_no_more_says_so() {
    play(Release::V3_9, |_, cluster| async move {
        let partition = cluster.topic("events").partition(1);
        partition.publish("there it is").await.expect("a receipt");
        let mut reader = partition.reader(Offset::Earliest).open().await.expect("a reader");
        let told = async |cluster: &Cluster| {
            let metrics = metrics(cluster).await;
            let [of_it] = &metrics.reading[..] else { panic!("{metrics:?}") };
            (of_it.is_paused, of_it.is_stopped)
        };
        assert_eq!(told(&cluster).await, (false, false));
        reader.pause([1]);
        assert_eq!(told(&cluster).await, (true, false));
        reader.resume([1]);
        assert_eq!(told(&cluster).await, (false, false));

        reader.seek(1, Offset::Exact(100)).await.expect("it seeks");
        let error = reader.next().await.expect("no end").expect_err("there is no such offset");
        assert!(matches!(error, ReadError::OutOfRange { offset: 100, .. }), "{error}");
        assert_eq!(told(&cluster).await, (false, true));
    });
}
