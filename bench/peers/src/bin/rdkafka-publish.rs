//! Publishes with rdkafka's `BaseProducer`, the cheapest of its producers, from one thread.

use std::{
    error::Error,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use clap::Parser;
use peers::{PATIENCE, Run, Values};
use rdkafka::{
    ClientConfig, ClientContext,
    error::{KafkaError, RDKafkaErrorCode},
    producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext},
};

/// How many records are enqueued between two looks at the delivery reports.
const RECORDS_PER_POLL: u64 = 1000;

#[derive(Parser)]
struct Arguments {
    /// Brokers, as HOST:PORT,...
    #[arg(long)]
    bootstrap: String,
    topic: String,
    #[arg(long)]
    records: u64,
    /// Bytes of each value; there is no key
    #[arg(long)]
    size: usize,
    /// A further setting of librdkafka
    #[arg(short = 'X', value_name = "NAME=VALUE")]
    settings: Vec<String>,
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
    let mut values = Values::new(arguments.size);

    let run = Run::begin();
    for sent in 1..=arguments.records {
        enqueue(&producer, &arguments.topic, values.next_value())?;
        if sent % RECORDS_PER_POLL == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    wait_for_reports(&producer, arguments.records)?;
    run.end(arguments.records, arguments.records * arguments.size as u64).print()?;
    Ok(())
}

/// Safe settings on both sides: every in-sync replica acknowledges. Everything else is librdkafka's default: no idempotence,
/// a linger of 5 ms, batches of up to 1 MB or 10,000 records, no compression.
fn connect(arguments: &Arguments) -> Result<BaseProducer<Reports>, Box<dyn Error>> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &arguments.bootstrap).set("acks", "all");
    for setting in &arguments.settings {
        let (name, value) = setting.split_once('=').ok_or("-X takes NAME=VALUE")?;
        config.set(name, value);
    }
    let producer: BaseProducer<Reports> = config.create_with_context(Reports::default())?;
    producer.client().fetch_metadata(Some(&arguments.topic), PATIENCE)?;
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
