//! PLACE GROUP TOPIC CLIENT RUNTIME DIALECT PAUSE: a member of a group that takes its time. The place is a ZooKeeper, and for a member of
//! a group on the brokers one of these.
//!
//! It prints a line for each message, PARTITION OFFSET, and asks for one every so many milliseconds; when it is late, at once. What
//! happens to it is on stderr. It is gone when its stdin ends.

use std::env;
use std::error::Error;
use std::io::{self, Read, Write};
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use async_io::Timer;
use futures_lite::future;
use samsa_async_std::AsyncStd;
use samsa_tokio::{
    Builder, Consumer, ConsumerBuilder, ConsumerEvents, Dialect, GroupProtocol, Launch, Offset, OnTokio,
};

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [place, .., runtime, dialect, _] = &arguments[..] else {
        return Err("PLACE GROUP TOPIC CLIENT RUNTIME DIALECT PAUSE".into());
    };
    thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        process::exit(1);
    });
    match &**runtime {
        "tokio" => {
            let runtime = tokio::runtime::Runtime::new()?;
            runtime.block_on(async { run(found(OnTokio, place, dialect), &arguments[1..]).await })
        }
        _ => async_std::task::block_on(run(found(AsyncStd, place, dialect), &arguments[1..])),
    }
}

/// Where groups on the brokers are, the cluster is found by one of these.
fn found<L: Launch>(launch: L, place: &str, dialect: &str) -> Builder<L> {
    match on_brokers(dialect) {
        Some(_) => Builder::bootstrap(launch, place),
        None => Builder::zookeeper(launch, place).session_timeout(Duration::from_secs(4)),
    }
}

fn on_brokers(dialect: &str) -> Option<GroupProtocol> {
    match dialect {
        "brokers" => Some(GroupProtocol::Brokers),
        "classic" => Some(GroupProtocol::Classic),
        "consumer" => Some(GroupProtocol::Consumer),
        _ => None,
    }
}

async fn run<L: Launch>(builder: Builder<L>, arguments: &[String]) -> Outcome {
    let [group, topic, client, _, dialect, pause] = arguments else {
        return Err("too few or too many words".into());
    };
    let cluster = builder.client_id(client).connect().await?;
    let consumer = cluster.topic(topic).consumer(group).start_at(Offset::Earliest);
    let consumer = speaking(consumer.commit_every(Duration::from_millis(300)), dialect);
    let consumer = consumer.subscribe().await?;
    let events = consumer.events();
    future::or(consume(consumer, Duration::from_millis(pause.parse()?)), tell(events)).await
}

fn speaking(consumer: ConsumerBuilder, dialect: &str) -> ConsumerBuilder {
    match (dialect, on_brokers(dialect)) {
        (_, Some(protocol)) => {
            let consumer = consumer.protocol(protocol).session_timeout(Duration::from_secs(6));
            consumer.heartbeat_interval(Duration::from_secs(1))
        }
        ("scala", None) => consumer,
        (_, None) => consumer
            .protocol(GroupProtocol::ZooKeeper(Dialect::Samsa))
            .python3_owners(dialect == "samsa-python3"),
    }
}

async fn consume(mut consumer: Consumer, pause: Duration) -> Outcome {
    let mut due = None;
    while let Some(message) = consumer.next().await {
        let message = message?;
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{} {}", message.partition(), message.offset())?;
        stdout.flush()?;
        drop(stdout);
        let due = due.get_or_insert_with(Instant::now);
        *due += pause;
        if *due > Instant::now() {
            Timer::at(*due).await;
        }
    }
    Ok(())
}

async fn tell(mut events: ConsumerEvents) -> Outcome {
    while let Some(event) = events.next().await {
        eprintln!("{event:?}");
    }
    future::pending().await
}
