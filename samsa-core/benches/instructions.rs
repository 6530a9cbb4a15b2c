//! Instructions per record, counted by valgrind: `cargo bench -p samsa-core --bench instructions`.
//!
//! `append` is what an application's thread does for a record of 100 bytes; its ticket is dropped. `publish` is all that the core
//! does for it, and what the broker behind it does, which reads requests and answers them.

#[path = "../../samsa-proto/benches/callgrind/mod.rs"]
mod callgrind;
#[path = "../tests/support/mod.rs"]
mod support;

use std::process::ExitCode;

use callgrind::Workload;
use samsa_core::{Now, OutgoingRecord, TopicBuffer};
use support::{TOPIC, World};

const RECORDS: usize = 1000;
const PAYLOAD: [u8; 100] = [b'.'; 100];

const WORKLOADS: [Workload; 4] = [
    Workload { name: "append", run: append },
    Workload { name: "append, with a key of 8 bytes", run: append_with_key },
    Workload { name: "append, to a given partition", run: append_to_partition },
    Workload { name: "publish", run: publish },
];

fn main() -> ExitCode {
    callgrind::run(&WORKLOADS, RECORDS)
}

fn append(times: usize) {
    let record = OutgoingRecord { value: Some(&PAYLOAD), ..OutgoingRecord::default() };
    append_all(times, |_, topic| put(topic, &record));
}

fn append_with_key(times: usize) {
    append_all(times, |index, topic| {
        let key = (index % 64).to_le_bytes();
        put(topic, &OutgoingRecord { key: Some(&key), value: Some(&PAYLOAD), ..OutgoingRecord::default() });
    });
}

fn append_to_partition(times: usize) {
    let record = OutgoingRecord { partition: Some(0), value: Some(&PAYLOAD), ..OutgoingRecord::default() };
    append_all(times, |_, topic| put(topic, &record));
}

/// Nothing is sent meanwhile.
fn append_all(times: usize, append: impl Fn(usize, &TopicBuffer)) {
    let world = World::new(6, |config| config.publish.linger = std::time::Duration::from_secs(1));
    let topic = world.engine.batch_buffer().topic(TOPIC);
    (0..times * RECORDS).for_each(|index| append(index, &topic));
}

fn publish(times: usize) {
    let mut world = World::new(6, |_| ());
    let topic = world.engine.batch_buffer().topic(TOPIC);
    let record = OutgoingRecord { value: Some(&PAYLOAD), ..OutgoingRecord::default() };
    for _ in 0..times {
        (0..RECORDS).for_each(|_| put(&topic, &record));
        world.run();
    }
}

fn put(topic: &TopicBuffer, record: &OutgoingRecord<'_>) {
    let _ticket = topic.append(record, Now::default()).expect("there is room");
}
