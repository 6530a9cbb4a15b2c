//! Consumes with rdkafka's `BaseConsumer`, the cheapest of its consumers, from one thread and without a group.

use std::error::Error;

use clap::Parser;
use peers::{PATIENCE, Place, Run, Settings, touch};
use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
};

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    place: Place,
    #[arg(long)]
    records: u64,
    #[command(flatten)]
    settings: Settings,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let consumer = connect(&arguments)?;
    let partitions = partitions(&consumer, &arguments.place.topic)?;

    let run = Run::begin();
    consumer.assign(&partitions)?;
    let mut bytes = 0;
    for read in 0..arguments.records {
        let message = consumer
            .poll(PATIENCE)
            .ok_or_else(|| format!("nothing came for {PATIENCE:?} after {read} records"))??;
        bytes += touch(message.key()) + touch(message.payload());
    }
    run.end(arguments.records, bytes).print()?;
    Ok(())
}

/// librdkafka's defaults, without a group's commits. The group id is required and not used: partitions are assigned by hand.
fn connect(arguments: &Arguments) -> Result<BaseConsumer, Box<dyn Error>> {
    let fair = [
        ("group.id", "rdkafka-consume"),
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
    ];
    let config = arguments.settings.configure(&arguments.place, &fair)?;
    Ok(config.create()?)
}

/// Every partition of the topic, from its start.
fn partitions(consumer: &BaseConsumer, topic: &str) -> Result<TopicPartitionList, Box<dyn Error>> {
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE)?;
    let found = metadata.topics().iter().find(|found| found.name() == topic).ok_or("no such topic")?;
    let mut partitions = TopicPartitionList::new();
    for partition in found.partitions() {
        partitions.add_partition_offset(topic, partition.id(), Offset::Beginning)?;
    }
    Ok(partitions)
}
