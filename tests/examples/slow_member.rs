//! ZOOKEEPER GROUP TOPIC CLIENT RUNTIME DIALECT PAUSE: a member of a group that takes its time.
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
use samsa_tokio::{Builder, Consumer, ConsumerEvents, Dialect, GroupProtocol, Launch, Offset, OnTokio};

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [zookeeper, .., runtime, _, _] = &arguments[..] else {
        return Err("ZOOKEEPER GROUP TOPIC CLIENT RUNTIME DIALECT PAUSE".into());
    };
    thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        process::exit(1);
    });
    match &**runtime {
        "tokio" => tokio::runtime::Runtime::new()?
            .block_on(async { run(Builder::zookeeper(OnTokio, zookeeper), &arguments[1..]).await }),
        _ => async_std::task::block_on(run(Builder::zookeeper(AsyncStd, zookeeper), &arguments[1..])),
    }
}

async fn run<L: Launch>(builder: Builder<L>, arguments: &[String]) -> Outcome {
    let [group, topic, client, _, dialect, pause] = arguments else {
        return Err("too few or too many words".into());
    };
    let cluster = builder.client_id(client).session_timeout(Duration::from_secs(4)).connect().await?;
    let consumer = cluster.topic(topic).consumer(group).start_at(Offset::Earliest);
    let consumer = consumer.commit_every(Duration::from_millis(300));
    let consumer = match &**dialect {
        "scala" => consumer,
        _ => consumer
            .protocol(GroupProtocol::ZooKeeper(Dialect::Samsa))
            .python3_owners(dialect == "samsa-python3"),
    };
    let consumer = consumer.subscribe().await?;
    let events = consumer.events();
    future::or(consume(consumer, Duration::from_millis(pause.parse()?)), tell(events)).await
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
