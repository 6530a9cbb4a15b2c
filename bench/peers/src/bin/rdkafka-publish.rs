//! Publishes with rdkafka's `BaseProducer`, the cheapest of its producers, from one thread.

#[path = "../../../../samsa-cli/src/commands/perf/values.rs"]
mod values;

use std::{
    error::Error,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use clap::Parser;
use peers::{Load, PATIENCE, Place, Run, Settings};
use rdkafka::{
    ClientContext,
    error::{KafkaError, RDKafkaErrorCode},
    producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext},
};
use values::Values;

/// How many records are enqueued between two looks at the delivery reports.
const RECORDS_PER_POLL: u64 = 1000;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    load: Load,
    #[command(flatten)]
    settings: Settings,
}

/// Counts the delivery reports.
#[derive(Default)]
struct Reports {
    delivered: AtomicU64,
    failed: AtomicU64,
}

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    type DeliveryOpaque = ();

    fn delivery(&self, report: &DeliveryResult<'_>, (): ()) {
        match report {
            Ok(_) => self.delivered.fetch_add(1, Ordering::Relaxed),
            Err((error, _)) => {
                eprintln!("not delivered: {error}");
                self.failed.fetch_add(1, Ordering::Relaxed)
            }
        };
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let producer = connect(&arguments)?;
    let Load { records, size } = arguments.load;
    let values = Values::new(size);
    let mut values = values.cycle();

    let run = Run::begin();
    for sent in 1..=records {
        enqueue(&producer, &arguments.place.topic, values.next())?;
        if sent % RECORDS_PER_POLL == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    wait_for_reports(&producer, records)?;
    run.end(records, records * size as u64).print()?;
    Ok(())
}

/// Safe settings on both sides: every in-sync replica acknowledges. Everything else is librdkafka's default: no idempotence,
/// a linger of 5 ms, batches of up to 1 MB or 10,000 records, no compression.
fn connect(arguments: &Arguments) -> Result<BaseProducer<Reports>, Box<dyn Error>> {
    let config = arguments.settings.configure(&arguments.place, &[("acks", "all")])?;
    let producer: BaseProducer<Reports> = config.create_with_context(Reports::default())?;
    producer.client().fetch_metadata(Some(&arguments.place.topic), PATIENCE)?;
    Ok(producer)
}

/// A full queue is the peer's back-pressure: look at the reports until there is room.
fn enqueue(producer: &BaseProducer<Reports>, topic: &str, value: &[u8]) -> Result<(), KafkaError> {
    let mut record = BaseRecord::<(), [u8]>::to(topic).payload(value);
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), refused)) => {
                producer.poll(Duration::from_millis(100));
                record = refused;
            }
            Err((error, _)) => return Err(error),
        }
    }
}

fn wait_for_reports(producer: &BaseProducer<Reports>, records: u64) -> Result<(), Box<dyn Error>> {
    producer.flush(PATIENCE)?;
    let give_up = Instant::now() + PATIENCE;
    let reports = producer.context();
    loop {
        let delivered = reports.delivered.load(Ordering::Relaxed);
        let failed = reports.failed.load(Ordering::Relaxed);
        if delivered == records {
            return Ok(());
        }
        if delivered + failed == records {
            return Err(format!("{failed} records not delivered").into());
        }
        if Instant::now() > give_up {
            return Err(format!("{delivered} of {records} records reported").into());
        }
        producer.poll(Duration::from_millis(100));
    }
}
