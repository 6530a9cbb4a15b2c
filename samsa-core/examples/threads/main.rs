//! The core on plain threads: no runtime and no executor, only `std`.
//!
//! ```sh
//! cargo run -p samsa-core --example threads -- localhost:9092 events
//! ```
//!
//! It publishes ten messages and reads the topic from its start until it has seen them. [`driver`] is all that a
//! driver has to be.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a driver, unlike the core, does IO"
)]

mod driver;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use samsa_core::{
    Command, Config, Discovery, FetchConfig, HostPort, Now, Offset, OutgoingRecord, Reader, ReaderSpec, Reply,
};

use driver::Client;

const MESSAGES: usize = 10;
const WITHIN: Duration = Duration::from_secs(30);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [brokers, topic] = arguments.as_slice() else {
        return Err("say BROKERS TOPIC, as in: localhost:9092 events".into());
    };
    let client = Client::start(Config::new(Discovery::Bootstrap(HostPort::list(brokers)?)));
    let Reply::Connect(connected) = client.call(Command::Connect, WITHIN) else {
        unreachable!("not its reply")
    };
    connected?;

    publish(&client, topic)?;
    let spec = ReaderSpec {
        topic: topic.as_str().into(),
        partition: None,
        start: Offset::Earliest,
        fetch: FetchConfig::default(),
    };
    let Reply::OpenReader(reader) = client.call(Command::OpenReader(spec), WITHIN) else {
        unreachable!("not its reply")
    };
    read(reader?)?;
    client.call(Command::Close, WITHIN);
    Ok(())
}

fn publish(client: &Client, topic: &str) -> Result<(), Box<dyn std::error::Error>> {
    let topic = client.batches().topic(topic);
    for number in 0..MESSAGES {
        let (key, value) = (format!("key {}", number % 3), format!("message {number}"));
        let record = OutgoingRecord {
            key: Some(key.as_bytes()),
            value: Some(value.as_bytes()),
            ..OutgoingRecord::default()
        };
        let now: Now = client.now();
        let ticket = wait(std::future::poll_fn(|cx| topic.poll_append(&record, now, cx)))?;
        let receipt = wait(ticket)?;
        println!("{value}: partition {}, offset {:?}", receipt.partition, receipt.offset);
    }
    Ok(())
}

fn read(mut reader: Reader) -> Result<(), Box<dyn std::error::Error>> {
    let mut seen = 0;
    while seen < MESSAGES {
        let Some(chunk) = wait(std::future::poll_fn(|cx| reader.poll_next_chunk(cx))) else { break };
        for record in &chunk? {
            let value = String::from_utf8_lossy(record.value().unwrap_or_default());
            println!("offset {}: {value}", record.offset());
            seen += 1;
        }
    }
    Ok(())
}

/// Parks this thread until the future is ready.
fn wait<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        thread::park();
    }
}
