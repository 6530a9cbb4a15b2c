//! Members of groups that the brokers coordinate, by Java's `KafkaConsumer`, each a Java process.

use crate::{Error, RealKafka, jvm::Jvm, member::MemberProcess, scratch::Scratch};

const OPTIONS: [&str; 3] = ["-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];

/// Commits often.
const SETTINGS: [(&str, &str); 3] =
    [("auto.offset.reset", "earliest"), ("auto.commit.interval.ms", "300"), ("fetch.max.wait.ms", "100")];

/// Starts a member by the consumer of the release that runs. `settings` are properties of the consumer.
pub fn start(
    kafka: &RealKafka,
    group: &str,
    topic: &str,
    settings: &[(&str, &str)],
) -> Result<MemberProcess, Error> {
    let scratch = Scratch::new()?;
    let jvm = Jvm::of_all(kafka.release(), &["leash", "members"])?;
    let mut command = jvm.leashed(&OPTIONS, scratch.path(), "GroupMember");
    command.args([&kafka.bootstrap(), group, topic]);
    command.args(SETTINGS.iter().chain(settings).map(|(name, value)| format!("{name}={value}")));
    let who = format!("Java's member of {group}, of {}", kafka.release());
    MemberProcess::start(&who, scratch, &mut command, false)
}
