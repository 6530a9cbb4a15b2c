//! The metrics of a client in a recorder of the metrics crate.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use samsa_client::{Cluster, Exporter, Metrics, MetricsError, Offset};
use samsa_sim::{FaultMix, Simulation, World};

/// A recorder, which keeps values by name and labels, and descriptions by name.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Inside>>);

#[derive(Debug, Default)]
struct Inside {
    values: BTreeMap<String, f64>,
    samples: BTreeMap<String, Vec<f64>>,
    kinds: BTreeMap<String, &'static str>,
    described: BTreeMap<String, (&'static str, Option<Unit>)>,
}

struct One(Kept, String);

impl CounterFn for One {
    fn increment(&self, more: u64) {
        *self.0.inside().values.entry(self.1.clone()).or_default() +=
            f64::from(u32::try_from(more).expect("a small count"));
    }

    fn absolute(&self, _: u64) {
        panic!("one that takes another one's place would not be counted");
    }
}

impl GaugeFn for One {
    fn increment(&self, _: f64) {
        panic!("gauges are set, not counted");
    }

    fn decrement(&self, _: f64) {
        panic!("gauges are set, not counted");
    }

    fn set(&self, value: f64) {
        self.0.inside().values.insert(self.1.clone(), value);
    }
}

impl HistogramFn for One {
    fn record(&self, value: f64) {
        self.0.inside().samples.entry(self.1.clone()).or_default().push(value);
    }
}

impl Kept {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn one(&self, key: &Key, kind: &'static str) -> Arc<One> {
        self.inside().kinds.insert(key.name().to_owned(), kind);
        let labels: Vec<String> =
            key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        Arc::new(One(self.clone(), format!("{}{{{}}}", key.name(), labels.join(","))))
    }

    fn describe(&self, name: &KeyName, kind: &'static str, unit: Option<Unit>) {
        self.inside().described.insert(name.as_str().to_owned(), (kind, unit));
    }

    fn export(&self, exporter: &mut Exporter, metrics: &Metrics) {
        metrics::with_local_recorder(self, || exporter.export(metrics));
    }

    fn value(&self, key: &str) -> f64 {
        let inside = self.inside();
        *inside.values.get(key).unwrap_or_else(|| panic!("no {key} in {inside:#?}"))
    }

    #[track_caller]
    fn has(&self, key: &str, expected: u32) {
        let value = self.value(key);
        assert!((value - f64::from(expected)).abs() < 1e-9, "{key} is {value}, not {expected}");
    }

    #[track_caller]
    fn knows_no(&self, key: &str) {
        assert!(self.value(key).is_nan(), "{key}");
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(&name, "counter", unit);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(&name, "gauge", unit);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(&name, "histogram", unit);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.one(key, "counter"))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.one(key, "gauge"))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.one(key, "histogram"))
    }
}

fn play<F: Future<Output = ()> + 'static>(act: impl FnOnce(World, Cluster) -> F + 'static) {
    // Nothing heals what a test breaks.
    let simulation = Simulation::new(7).faults(FaultMix::none()).faults_for(Duration::from_secs(500));
    let run = simulation.run(|world| async move {
        let cluster = world.bootstrap().connect().await.expect("a cluster");
        act(world, cluster).await;
    });
    assert!(run.report.is_ok(), "{}", run.report);
    run.output.expect("it ran to its end");
}

async fn metrics(cluster: &Cluster) -> Metrics {
    cluster.metrics().await.expect("metrics")
}

/// Three messages, two of them to one partition, of which the first is read.
async fn publish_and_read(cluster: &Cluster) -> samsa_client::Reader {
    let partition = cluster.topic("events").partition(2);
    cluster.topic("events").partition(0).publish("there it is").await.expect("a receipt");
    for text in ["one", "two"] {
        partition.publish(text).await.expect("a receipt");
    }
    let mut reader = partition.reader(Offset::Earliest).open().await.expect("a reader");
    reader.next().await.expect("no end").expect("a message");
    reader
}

const PARTITION: &str = "client=orders,topic=events,partition=2";
const READER: &str = "client=orders,topic=events,partition=2,group=";

#[test]
fn a_recorder_gets_every_metric_that_is_documented_and_described_and_no_other() {
    play(|_, cluster| async move {
        let _reader = publish_and_read(&cluster).await;
        let kept = Kept::default();
        kept.export(&mut Exporter::new("orders"), &metrics(&cluster).await);

        let mut told = BTreeMap::new();
        let lines = include_str!("../../samsa-client/src/export.rs").lines();
        for line in lines.filter(|line| line.starts_with("/// | `")) {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let names = cells[1].split('`').filter(|name| name.starts_with("samsa_"));
            told.extend(names.map(|name| (name.to_owned(), cells[3].to_owned())));
        }
        let owned = |(name, kind): (&String, &str)| (name.clone(), kind.to_owned());
        let inside = kept.inside();
        let given: BTreeMap<_, _> = inside.kinds.iter().map(|(name, kind)| owned((name, kind))).collect();
        assert_eq!(given, told);
        let described = inside.described.iter().map(|(name, (kind, _))| owned((name, kind)));
        assert_eq!(described.collect::<BTreeMap<_, _>>(), told);
        for (name, (_, unit)) in &inside.described {
            assert_eq!(name.contains("_seconds"), *unit == Some(Unit::Seconds), "{name}");
            assert_eq!(name.contains("_milliseconds"), *unit == Some(Unit::Milliseconds), "{name}");
            assert_eq!(name.contains("_bytes"), *unit == Some(Unit::Bytes), "{name}");
        }
    });
}

#[test]
fn values_are_what_the_client_counts_and_times_are_in_seconds() {
    play(|_, cluster| async move {
        let _reader = publish_and_read(&cluster).await;
        let kept = Kept::default();
        let of_it = metrics(&cluster).await;
        kept.export(&mut Exporter::new("orders"), &of_it);
        kept.has(&format!("samsa_published_records_total{{{PARTITION}}}"), 2);
        kept.has(&format!("samsa_reader_lag_offsets{{{READER}}}"), 1);
        kept.has(&format!("samsa_reader_open{{{READER}}}"), 1);
        kept.has("samsa_publish_failed_records_total{client=orders}", 0);

        let inside = kept.inside();
        let samples = &inside.samples["samsa_request_duration_seconds{client=orders,broker=1,kind=publish}"];
        assert_eq!(samples.len(), 4, "of the producer id, and of three batches");
        let broker = of_it.brokers.iter().find(|broker| broker.publish_latency.count == 4);
        let total = broker.expect("the broker").publish_latency.total.as_secs_f64();
        assert!((samples.iter().sum::<f64>() - total).abs() < 1e-6, "{samples:?} for {total} s");
    });
}

#[test]
fn what_is_exported_again_counts_once() {
    play(|_, cluster| async move {
        let _reader = publish_and_read(&cluster).await;
        let (kept, mut exporter) = (Kept::default(), Exporter::new("orders"));
        let of_it = metrics(&cluster).await;
        kept.export(&mut exporter, &of_it);
        let samples = kept.inside().samples.clone();
        kept.export(&mut exporter, &of_it);
        kept.has(&format!("samsa_published_records_total{{{PARTITION}}}"), 2);
        assert_eq!(kept.inside().samples, samples);
        cluster.topic("events").partition(2).publish("three").await.expect("a receipt");
        kept.export(&mut exporter, &metrics(&cluster).await);
        kept.has(&format!("samsa_published_records_total{{{PARTITION}}}"), 3);
    });
}

#[test]
fn a_client_in_the_place_of_another_one_goes_on_counting() {
    play(|world, first| async move {
        let kept = Kept::default();
        let name = format!("samsa_published_records_total{{{PARTITION}}}");
        drop(publish_and_read(&first).await);
        kept.export(&mut Exporter::new("orders"), &metrics(&first).await);
        first.close().await.expect("a close");
        assert_eq!(first.metrics().await, Err(MetricsError::Closed));

        let second = world.bootstrap().connect().await.expect("a cluster");
        let mut exporter = Exporter::new("orders");
        kept.export(&mut exporter, &metrics(&second).await);
        kept.has(&name, 2);
        second.topic("events").partition(2).publish("three").await.expect("a receipt");
        kept.export(&mut exporter, &metrics(&second).await);
        kept.has(&name, 3);
    });
}

#[test]
fn a_gauge_of_what_is_gone_says_so_once() {
    play(|world, cluster| async move {
        let (kept, mut exporter) = (Kept::default(), Exporter::new("orders"));
        let reader = publish_and_read(&cluster).await;
        world.freeze(1);
        let topic = cluster.topic("events").partition(1);
        let waiting = topic.enqueue("held").await.expect("room");
        world.sleep(Duration::from_secs(1)).await;
        kept.export(&mut exporter, &metrics(&cluster).await);
        let of_waiting = "samsa_publish_waiting_batches{client=orders,topic=events,partition=1}";
        kept.has(of_waiting, 1);
        kept.has(&format!("samsa_reader_lag_offsets{{{READER}}}"), 1);
        kept.has(&format!("samsa_reader_position_offset{{{READER}}}"), 1);

        world.crash(1);
        waiting.await.expect_err("nobody is there");
        drop(reader);
        cluster.explain().await;
        let of_it = metrics(&cluster).await;
        assert!(of_it.reading.is_empty() && of_it.published.iter().all(|partition| partition.partition != 1));
        kept.export(&mut exporter, &of_it);
        kept.has(of_waiting, 0);
        kept.has(&format!("samsa_reader_lag_offsets{{{READER}}}"), 0);
        kept.has(&format!("samsa_reader_open{{{READER}}}"), 0);
        kept.knows_no(&format!("samsa_reader_position_offset{{{READER}}}"));

        kept.inside().values.remove(of_waiting);
        kept.export(&mut exporter, &of_it);
        assert!(!kept.inside().values.contains_key(of_waiting), "so a recorder may forget it");
        world.thaw(1);
        world.start(1);
    });
}

#[test]
fn when_an_exporter_is_dropped_nothing_is_there_any_more() {
    play(|_, cluster| async move {
        let _reader = publish_and_read(&cluster).await;
        let (kept, mut exporter) = (Kept::default(), Exporter::new("orders"));
        kept.export(&mut exporter, &metrics(&cluster).await);
        assert!(kept.value("samsa_broker_connections{client=orders,broker=1}") > 0.0);
        metrics::with_local_recorder(&kept, || drop(exporter));
        kept.has("samsa_broker_connections{client=orders,broker=1}", 0);
        kept.has(&format!("samsa_reader_lag_offsets{{{READER}}}"), 0);
        kept.knows_no("samsa_metadata_age_seconds{client=orders}");
        kept.has(&format!("samsa_published_records_total{{{PARTITION}}}"), 2);
    });
}

#[test]
fn readers_of_one_partition_are_one_series_which_has_the_worst_of_them() {
    play(|world, cluster| async move {
        let _behind = publish_and_read(&cluster).await;
        let partition = cluster.topic("events").partition(2);
        for _ in 0..3 {
            let mut ahead = partition.reader(Offset::Latest).open().await.expect("a reader");
            ahead.pause([2]);
            let (kept, mut exporter) = (Kept::default(), Exporter::new("orders"));
            world.sleep(Duration::from_secs(1)).await;
            kept.export(&mut exporter, &metrics(&cluster).await);
            kept.has(&format!("samsa_reader_lag_offsets{{{READER}}}"), 1);
            kept.has(&format!("samsa_reader_position_offset{{{READER}}}"), 1);
            kept.has(&format!("samsa_reader_open{{{READER}}}"), 2);
            kept.has(&format!("samsa_reader_paused{{{READER}}}"), 1);
            let inside = kept.inside();
            let of_readers = inside.values.keys().filter(|key| key.starts_with("samsa_reader_open"));
            assert_eq!(of_readers.collect::<BTreeSet<_>>().len(), 1, "however often one is opened");
        }
    });
}

#[test]
fn each_group_that_reads_a_partition_is_a_series_and_readers_without_one_are_another() {
    play(|world, cluster| async move {
        let _alone = publish_and_read(&cluster).await;
        let cluster = world.zookeeper().connect().await.expect("a cluster");
        let mut members = Vec::new();
        for (group, taken) in [("billing", 1), ("audit", 3)] {
            let consumer = cluster.consumer(group).topics(["events"]).start_at(Offset::Earliest);
            let mut consumer = consumer.subscribe().await.expect("a share");
            for _ in 0..taken {
                consumer.next().await.expect("no end").expect("a message");
            }
            members.push(consumer);
        }
        let _reader =
            cluster.topic("events").partition(2).reader(Offset::Latest).open().await.expect("a reader");
        let kept = Kept::default();
        kept.export(&mut Exporter::new("orders"), &metrics(&cluster).await);
        for group in ["", "billing", "audit"] {
            kept.has(&format!("samsa_reader_open{{{READER}{group}}}"), 1);
        }
        let lag = |group| -> f64 {
            let places = (0..3).map(|partition| format!("client=orders,topic=events,partition={partition}"));
            places
                .map(|place| kept.value(&format!("samsa_reader_lag_offsets{{{place},group={group}}}")))
                .sum()
        };
        assert_eq!((lag("billing"), lag("audit")), (2.0, 0.0));
    });
}

#[test]
fn a_lag_that_is_not_known_is_no_number() {
    let mut of_it = None;
    play_and_keep(&mut of_it);
    let mut of_it = of_it.expect("metrics");
    let (kept, mut exporter) = (Kept::default(), Exporter::new("orders"));
    kept.export(&mut exporter, &of_it);
    kept.has(&format!("samsa_reader_lag_offsets{{{READER}}}"), 1);
    of_it.reading[0].lag = None;
    of_it.reading[0].position = None;
    kept.export(&mut exporter, &of_it);
    kept.knows_no(&format!("samsa_reader_lag_offsets{{{READER}}}"));
    kept.knows_no(&format!("samsa_reader_position_offset{{{READER}}}"));
    kept.has(&format!("samsa_reader_open{{{READER}}}"), 1);
}

#[test]
fn how_long_a_broker_throttles_counts_in_milliseconds() {
    let mut of_it = None;
    play_and_keep(&mut of_it);
    let mut of_it = of_it.expect("metrics");
    let (kept, mut exporter) = (Kept::default(), Exporter::new("orders"));
    let broker = of_it.brokers.iter().position(|broker| broker.broker.is_some()).expect("a broker");
    let name = of_it.brokers[broker].broker.expect("its id");
    let series = format!("samsa_broker_throttled_milliseconds_total{{client=orders,broker={name}}}");
    for throttled in [250, 1_999] {
        of_it.brokers[broker].throttled = Duration::from_millis(throttled.into());
        kept.export(&mut exporter, &of_it);
        kept.has(&series, throttled);
    }
}

/// The metrics of a client that has published and read, to be changed.
fn play_and_keep(into: &mut Option<Metrics>) {
    let run = Simulation::new(7).faults(FaultMix::none()).run(|world| async move {
        let cluster = world.bootstrap().connect().await.expect("a cluster");
        let _reader = publish_and_read(&cluster).await;
        metrics(&cluster).await
    });
    *into = run.output;
}
