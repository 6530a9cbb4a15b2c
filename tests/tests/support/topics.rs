//! Topics that are made in ZooKeeper, for brokers that are older than the request for it.

use std::thread;

use futures_lite::future::block_on;
use samsa_tests::RealKafka;
use spawns_core::{Spawn, Task};
use zookeeper_client::{Acls, Client, CreateMode};

/// A session in ZooKeeper.
pub(crate) struct Znodes {
    pub(crate) client: Client,
}

/// The one task of a session has a thread of its own.
struct OnThread;

impl Spawn for OnThread {
    fn spawn(&self, task: Task) {
        thread::spawn(move || block_on(Box::into_pin(task.future)));
    }
}

impl Znodes {
    pub(crate) fn of(kafka: &RealKafka) -> Self {
        let _scope = spawns_core::enter(&OnThread);
        let connector = Client::connector().with_server_version(3, 4, 6);
        let ensemble = kafka.zookeeper().expect("ZooKeeper");
        Self { client: block_on(connector.connect(&ensemble)).expect("a session") }
    }

    /// Creates a topic on broker 1, as the tools did before there was a request for it.
    pub(crate) fn create_topic(&self, topic: &str, partitions: usize) {
        let partitions: Vec<String> = (0..partitions).map(|number| format!("\"{number}\":[1]")).collect();
        let data = format!("{{\"version\":1,\"partitions\":{{{}}}}}", partitions.join(","));
        let mode = CreateMode::Persistent.with_acls(Acls::anyone_all());
        block_on(self.client.create(&format!("/brokers/topics/{topic}"), data.as_bytes(), &mode))
            .expect("a topic");
    }
}
