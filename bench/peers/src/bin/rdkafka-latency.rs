//! Publishes at a steady rate with rdkafka's `ThreadedProducer`, which sees each report as soon as it is there, and tells how long
//! records take to be acknowledged.

#[path = "../../../../samsa-cli/src/commands/perf/values.rs"]
mod values;

use std::{
    error::Error,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use clap::Parser;
use peers::{PATIENCE, Place, Run, Settings};
use rdkafka::{
    ClientContext,
    producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer},
};
use values::Values;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Records a second
    #[arg(long)]
    rate: u64,
    #[arg(long)]
    seconds: u64,
    /// Bytes of each value; there is no key
    #[arg(long)]
    size: usize,
    #[command(flatten)]
    settings: Settings,
}

/// Notes when each record was acknowledged, counted from when it was due.
struct Reports {
    began: Instant,
    /// In microseconds.
    times: Mutex<Vec<u64>>,
}

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    /// Microseconds after the beginning at which the record was due.
    type DeliveryOpaque = usize;

    fn delivery(&self, report: &DeliveryResult<'_>, due: usize) {
        let now = self.began.elapsed().as_micros() as u64;
        match report {
            Ok(_) => self.times.lock().expect("no panic").push(now.saturating_sub(due as u64)),
            Err((error, _)) => eprintln!("not delivered: {error}"),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let producer = connect(&arguments)?;
    let (values, records) = (Values::new(arguments.size), arguments.rate * arguments.seconds);
    let mut values = values.cycle();

    let run = Run::begin();
    let began = producer.context().began.elapsed();
    for number in 0..records {
        let due = began + Duration::from_nanos(number * 1_000_000_000 / arguments.rate);
        thread::sleep(due.saturating_sub(producer.context().began.elapsed()));
        let opaque = due.as_micros() as usize;
        let record: BaseRecord<'_, (), [u8], usize> =
            BaseRecord::with_opaque_to(&arguments.place.topic, opaque).payload(values.next());
        producer.send(record).map_err(|(error, _)| error)?;
    }
    producer.flush(PATIENCE)?;
    let mut times = producer.context().times.lock().expect("no panic").clone();
    if times.len() as u64 != records {
        return Err(format!("{} of {records} records acknowledged", times.len()).into());
    }
    times.sort_unstable();
    run.end(records, records * arguments.size as u64).with_times(&times).print()?;
    Ok(())
}

/// Nothing lingers; everything else is as in `rdkafka-publish`.
fn connect(arguments: &Arguments) -> Result<ThreadedProducer<Reports>, Box<dyn Error>> {
    let fair = [("acks", "all"), ("linger.ms", "0")];
    let config = arguments.settings.configure(&arguments.place, &fair)?;
    let reports = Reports { began: Instant::now(), times: Mutex::default() };
    let producer: ThreadedProducer<Reports> = config.create_with_context(reports)?;
    producer.client().fetch_metadata(Some(&arguments.place.topic), PATIENCE)?;
    Ok(producer)
}
