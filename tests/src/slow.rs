//! Members of a group that are our own consumers and take their time, each a process: much of what such a one has fetched is not
//! handed out yet when it is frozen, and it would have all of it at once when it thaws.

use std::{process::Command, time::Duration};

use crate::{Error, RealKafka, built, member::MemberProcess, scratch::Scratch};

/// What it does.
#[derive(Clone, Copy, Debug)]
pub struct Ways<'a> {
    /// The group that it is in.
    pub group: &'a str,
    /// What it reads.
    pub topic: &'a str,
    /// What its client is called: members are in the order of these names.
    pub client: &'a str,
    /// `tokio` or `async-std`.
    pub runtime: &'a str,
    /// In ZooKeeper `scala`, `samsa`, or `samsa-python3`, where locks are as pykafka has them on Python 3; on the brokers `brokers`,
    /// `classic` or `consumer`.
    pub dialect: &'a str,
    /// From one message to the next. When it is late, it does not wait.
    pub pause: Duration,
}

/// Starts a member. It commits every 0.3 s, and its session is of 4 s in ZooKeeper; on the brokers of 6 s, where the member says it.
pub fn start(kafka: &RealKafka, ways: Ways<'_>) -> Result<MemberProcess, Error> {
    let example = built::build(&["-p", "samsa-tests", "--example", "slow_member"], "examples/slow_member")?;
    let Ways { group, topic, client, runtime, dialect, pause } = ways;
    let place = match dialect {
        "brokers" | "classic" | "consumer" => kafka.bootstrap(),
        _ => kafka.zookeeper().unwrap_or_default(),
    };
    let mut command = Command::new(example);
    command.args([&place, group, topic, client, runtime, dialect, &pause.as_millis().to_string()]);
    let who = format!("the slow member {client} of {group}, on {}", kafka.release());
    MemberProcess::start(&who, Scratch::new()?, &mut command, false)
}
