//! Consumes with rdkafka's `BaseConsumer`, the cheapest of its consumers, from one thread and without a group.

use std::error::Error;

use clap::Parser;
use peers::{PATIENCE, Run, touch};
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
};

#[derive(Parser)]
struct Arguments {
    /// Brokers, as HOST:PORT,...
    #[arg(long)]
    bootstrap: String,
    topic: String,
    #[arg(long)]
    records: u64,
    /// A further setting of librdkafka
    #[arg(short = 'X', value_name = "NAME=VALUE")]
    settings: Vec<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let consumer = connect(&arguments)?;
    let partitions = partitions(&consumer, &arguments.topic)?;

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
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &arguments.bootstrap)
        .set("group.id", "rdkafka-consume")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false");
    for setting in &arguments.settings {
        let (name, value) = setting.split_once('=').ok_or("-X takes NAME=VALUE")?;
        config.set(name, value);
    }
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
