//! What a person types.

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::{Brokers, Consume, Explain, Groups, Perf, Publish, Sim, Topics};
use crate::settings::Setting;

const GLOBAL: &str = "Options of all commands";

/// Publish to and read from Kafka, of any age, found through ZooKeeper or through some of its brokers.
///
/// Messages go to stdout, everything else to stderr. Exit status: 0 all done; 1 something was not delivered or not
/// reached; 2 wrong usage.
#[derive(Debug, Parser)]
#[command(name = "samsa", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) connection: Connection,

    /// Print JSON, one object a line
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where the cluster is, and how to speak with it.
#[derive(Args, Debug)]
#[command(next_help_heading = GLOBAL)]
pub(crate) struct Connection {
    /// The ZooKeeper servers that the brokers register themselves in, as zk1:2181,zk2:2181/chroot
    #[arg(long, global = true, value_name = "HOSTS[/CHROOT]", conflicts_with = "bootstrap")]
    pub(crate) zookeeper: Option<String>,

    /// Some brokers, as k1:9092,k2:9092; they tell of the others
    #[arg(long, global = true, value_name = "SERVERS")]
    pub(crate) bootstrap: Option<String>,

    /// A setting by the name that other Kafka clients use, as linger.ms=5; may be given several times
    ///
    /// Publishing: acks, enable.idempotence, retries, compression.type, partitioner, linger.ms, batch.size,
    /// buffer.memory (or queue.buffering.max.kbytes), max.request.size, delivery.timeout.ms. Consuming: fetch.max.bytes,
    /// max.partition.fetch.bytes, fetch.max.wait.ms, queued.max.messages.kbytes, isolation.level, auto.offset.reset, client.rack;
    /// in a group also session.timeout.ms, auto.commit.interval.ms, and in one on the brokers group.protocol,
    /// partition.assignment.strategy, group.remote.assignor, heartbeat.interval.ms, max.poll.interval.ms. Both: client.id,
    /// request.timeout.ms, default.api.timeout.ms, socket.connection.setup.timeout.ms, retry.backoff.ms, retry.backoff.max.ms,
    /// reconnect.backoff.ms, reconnect.backoff.max.ms, metadata.max.age.ms, zookeeper.session.timeout.ms. The names of
    /// librdkafka are known too.
    #[arg(short = 'X', global = true, value_name = "NAME=VALUE")]
    pub(crate) settings: Vec<Setting>,

    /// The async runtime that the client runs on
    #[arg(long, global = true, value_enum, default_value_t = RuntimeName::Tokio)]
    pub(crate) runtime: RuntimeName,
}

/// An async runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RuntimeName {
    Tokio,
    AsyncStd,
}

/// The threads of Tokio. Those of async-std are its own affair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threads {
    /// The client and the command take turns: the command must not block.
    One,
    /// The client's task runs beside the command, which may block.
    Two,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Sim(Sim),
    Brokers(Brokers),
    Topics(Topics),
    Publish(Publish),
    Consume(Consume),
    Groups(Groups),
    Explain(Explain),
    Perf(Perf),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use clap::error::ErrorKind;

    use super::*;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_commands_are_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn options_of_all_commands_may_stand_before_and_behind_the_command() {
        for line in [
            "samsa --bootstrap k1:9092 --json -X linger.ms=5 --runtime async-std topics events",
            "samsa topics events -X linger.ms=5 --bootstrap k1:9092 --runtime async-std --json",
        ] {
            let arguments = parse(line).unwrap();
            assert_eq!(arguments.connection.bootstrap.as_deref(), Some("k1:9092"), "{line}");
            assert_eq!(arguments.connection.runtime, RuntimeName::AsyncStd, "{line}");
            assert_eq!(arguments.connection.settings.len(), 1, "{line}");
            assert!(arguments.json, "{line}");
        }
    }

    #[test]
    fn a_reset_stands_behind_its_group() {
        for line in [
            "samsa groups",
            "samsa groups billing --json",
            "samsa groups billing reset events --to @2026-01-01T00:00:00Z --dry-run --json",
            "samsa groups -- reset",
        ] {
            assert!(parse(line).is_ok(), "{line}");
        }
        for line in ["samsa groups billing reset events", "samsa groups billing reset events --to soon"] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn only_a_group_has_a_place_for_its_offsets() {
        for place in ["zookeeper", "brokers", "both"] {
            let line = format!("samsa consume events --group billing --offsets {place}");
            assert!(parse(&line).is_ok(), "{line}");
        }
        for line in ["samsa consume events --offsets both", "samsa consume events --group g --offsets kafka"]
        {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn a_value_has_a_size_that_memory_has_room_for() {
        let line = |size| format!("samsa perf publish events --records 1 --size {size}");
        assert!(parse(&line("0")).is_ok() && parse(&line("1073741824")).is_ok());
        for size in ["1073741825", "18446744073709551615", "1k"] {
            let error = parse(&line(size)).unwrap_err();
            assert!(error.to_string().contains("write a number of bytes"), "{error}");
        }
    }

    #[test]
    fn a_pattern_stands_in_place_of_the_topic_and_only_in_a_group() {
        for line in ["samsa consume --matching e.* --group g", "samsa consume --not-matching e.* --group g"] {
            assert!(parse(line).is_ok(), "{line}");
        }
        for line in [
            "samsa consume --group g",
            "samsa consume --matching e.*",
            "samsa consume events --matching e.* --group g",
            "samsa consume --matching e.* --not-matching a --group g",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn a_cluster_is_found_in_one_way_only() {
        let error = parse("samsa --bootstrap k1:9092 --zookeeper zk1:2181 brokers").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ArgumentConflict);
    }

    #[test]
    fn an_unknown_setting_is_wrong_usage() {
        let error = parse("samsa -X linger=5 brokers").unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("linger.ms"), "{error}");
    }

    #[test]
    fn the_help_names_every_setting() {
        let help = Arguments::command().render_long_help().to_string();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        for name in crate::settings::names() {
            assert!(help.contains(name), "{name}");
        }
    }
}
