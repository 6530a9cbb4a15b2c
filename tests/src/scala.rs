//! Members of a group that are high-level consumers of Scala, as Kafka had them from 0.8 to 1.1, each a Java process.

use crate::{Error, RealKafka, jvm::Jvm, member::MemberProcess, scratch::Scratch};

const OPTIONS: [&str; 3] = ["-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];

/// Commits often, and never gives up a rebalance before the session of a member that was killed is over.
const SETTINGS: [(&str, &str); 6] = [
    ("auto.offset.reset", "smallest"),
    ("auto.commit.interval.ms", "500"),
    ("zookeeper.session.timeout.ms", "4000"),
    ("rebalance.backoff.ms", "500"),
    ("rebalance.max.retries", "40"),
    ("fetch.wait.max.ms", "100"),
];

/// Starts a member by the consumer of the release that runs. It is called `GROUP_NAME`, and reads a topic with so many
/// streams; a topic `~REGEX` is a white list, `!REGEX` a black list. `settings` are properties of the consumer.
pub fn start(
    kafka: &RealKafka,
    (group, name): (&str, &str),
    (topic, streams): (&str, usize),
    settings: &[(&str, &str)],
) -> Result<MemberProcess, Error> {
    let scratch = Scratch::new()?;
    let jvm = Jvm::of_all(kafka.release(), &["leash", "scala"])?;
    let mut command = jvm.leashed(&OPTIONS, scratch.path(), "Member");
    let zookeeper = kafka.zookeeper().unwrap_or_default();
    command.args([&zookeeper, group, topic, &streams.to_string()]);
    let named = [("consumer.id", name)];
    let settings = SETTINGS.iter().chain(&named).chain(settings);
    command.args(settings.map(|(name, value)| format!("{name}={value}")));
    let who = format!("the Scala member {group}_{name} of {}", kafka.release());
    MemberProcess::start(&who, scratch, &mut command, false)
}
