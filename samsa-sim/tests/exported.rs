//! The metrics of a client in a recorder of the metrics crate.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use samsa_client::{Metrics, Offset, export_metrics};
use samsa_sim::{FaultMix, Simulation};

/// Keeps what is set, by name and labels.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<BTreeMap<String, f64>>>);

struct One(Kept, String);

impl One {
    fn keep(&self, value: f64) {
        let mut kept = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(kept.insert(self.1.clone(), value), None, "{} is set twice", self.1);
    }
}

impl CounterFn for One {
    fn increment(&self, _: u64) {
        panic!("counters are set, not counted");
    }

    fn absolute(&self, value: u64) {
        self.keep(f64::from(u32::try_from(value).expect("a small count")));
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
        self.keep(value);
    }
}

impl Kept {
    fn one(&self, key: &Key) -> Arc<One> {
        let labels: Vec<String> =
            key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        Arc::new(One(self.clone(), format!("{}{{{}}}", key.name(), labels.join(","))))
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.one(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.one(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        panic!("what is measured comes in buckets")
    }
}

/// Of a client that has published three messages, two of them to one partition, and has read the first of these.
fn of_a_client() -> Metrics {
    let run = Simulation::new(7).faults(FaultMix::none()).run(|world| async move {
        let cluster = world.bootstrap().connect().await.expect("a cluster");
        let partition = cluster.topic("events").partition(2);
        cluster.topic("events").partition(0).publish("there it is").await.expect("a receipt");
        for text in ["one", "two"] {
            partition.publish(text).await.expect("a receipt");
        }
        let mut reader = partition.reader(Offset::Earliest).open().await.expect("a reader");
        reader.next().await.expect("no end").expect("a message");
        cluster.metrics().await.expect("metrics")
    });
    assert!(run.report.is_ok(), "{}", run.report);
    run.output.expect("metrics")
}

#[test]
fn a_recorder_gets_every_metric_that_is_documented_and_no_other() {
    let kept = Kept::default();
    metrics::with_local_recorder(&kept, || export_metrics("orders", &of_a_client()));
    let kept = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
    let names: BTreeSet<&str> =
        kept.keys().filter_map(|key| key.split_once('{')).map(|(name, _)| name).collect();
    let told = include_str!("../../samsa-client/src/export.rs").lines();
    let told = told.filter(|line| line.starts_with("/// | `")).flat_map(|line| line.split('`'));
    let told: BTreeSet<&str> = told.filter(|word| word.starts_with("samsa_")).collect();
    assert_eq!(names, told);

    let value = |key: &str| *kept.get(key).unwrap_or_else(|| panic!("no {key} in {kept:#?}")) as u64;
    assert_eq!(value("samsa_published_records_total{client=orders,topic=events,partition=2}"), 2);
    assert_eq!(value("samsa_reader_lag{client=orders,reader=1,topic=events,partition=2}"), 1);
    assert_eq!(value("samsa_publish_failed_records_total{client=orders}"), 0);
    let of_requests = "client=orders,broker=1,kind=publish";
    let all = value(&format!("samsa_request_seconds_bucket{{{of_requests},le=+Inf}}"));
    assert_eq!(all, value(&format!("samsa_request_seconds_count{{{of_requests}}}")));
    assert_eq!(all, 4, "of the producer id, and of three batches");
}
