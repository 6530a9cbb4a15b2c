//! Apache's console tools of a broker's age, or of the nearest release that Maven Central has, and Java's plain producer: what
//! there is of Apache's for every release.
//!
//! The console tools know lines of text; the producer takes any bytes.

use std::time::Duration;

use crate::{Error, RealKafka, java::in_base64, jvm::Jvm, process::converse, scratch::Scratch};

/// For what a tool does, waiting included.
const LIMIT: Duration = Duration::from_secs(120);
const OPTIONS: [&str; 2] = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];

/// A key and a value; either may be missing.
pub type KeyAndValue = (Option<Vec<u8>>, Option<Vec<u8>>);

/// The console consumer reads so many messages of a topic from its start: a line for each, `KEY VALUE`, where a missing one is
/// `null`. Those of 0.8 and 0.9 find the brokers through ZooKeeper.
pub fn consume(kafka: &RealKafka, topic: &str, messages: usize) -> Result<Vec<String>, Error> {
    let tool = kafka.release().console_consumer()?;
    let mut command = Jvm::of_jars(&tool.jars)?.command(&OPTIONS, tool.main);
    match kafka.zookeeper().filter(|_| kafka.release().consumes_by_zookeeper) {
        Some(zookeeper) => command.args(["--zookeeper", &zookeeper]),
        None => command.args(["--bootstrap-server", &kafka.bootstrap()]),
    };
    command.args(["--topic", topic, "--from-beginning", "--max-messages", &messages.to_string()]);
    command.args([tool.property, "print.key=true", tool.property, "key.separator= "]);
    let name = format!("the console consumer of {}", kafka.release());
    let output = converse(&name, &mut command, b"", Scratch::new()?.path(), LIMIT)?;
    Ok(String::from_utf8_lossy(&output).lines().map(str::to_owned).collect())
}

/// Java's producer writes `records` once with each codec, to topics `TOPIC-CODEC`, and waits for every acknowledgement.
pub fn produce_with_each(
    kafka: &RealKafka,
    topic: &str,
    codecs: &[&str],
    records: &[KeyAndValue],
) -> Result<(), Error> {
    let line = |(key, value): &KeyAndValue| {
        format!("{} {}\n", in_base64(key.as_deref()), in_base64(value.as_deref()))
    };
    let input: String = records.iter().map(line).collect();
    let mut command = Jvm::of(kafka.release(), "codecs")?.command(&OPTIONS, "ProduceWithEach");
    command.arg(kafka.bootstrap()).arg(topic).args(codecs);
    let name = format!("Java's producer of {}", kafka.release());
    converse(&name, &mut command, input.as_bytes(), Scratch::new()?.path(), LIMIT).map(drop)
}
