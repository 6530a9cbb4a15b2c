//! Time per record: `cargo bench -p samsa-core --bench append`. Each line is a thousand records of 100 bytes.
//!
//! `append` is what an application's thread does. `publish` is all that the core does for a record, on one thread: the
//! broker behind it reads requests and answers them, which is a part of the time too.

#[path = "../tests/support/mod.rs"]
mod support;

use std::sync::Mutex;

use divan::Bencher;
use divan::counter::ItemsCount;
use samsa_core::{OutgoingRecord, TopicBuffer};
use support::{TOPIC, World};

const RECORDS: usize = 1000;
const PARTITIONS: i32 = 6;
const PAYLOAD: [u8; 100] = [b'.'; 100];

fn main() {
    divan::main();
}

#[derive(Clone, Copy, Debug)]
enum Route {
    Keyless,
    Keyed,
    Explicit,
}

const ROUTES: [Route; 3] = [Route::Keyless, Route::Keyed, Route::Explicit];

fn append(topic: &TopicBuffer, route: Route, world: &Mutex<World>) {
    let now = samsa_core::Now::default();
    for index in 0..RECORDS {
        let key = (index % 64).to_le_bytes();
        let record = OutgoingRecord { value: Some(&PAYLOAD), ..OutgoingRecord::default() };
        let record = match route {
            Route::Keyless => record,
            Route::Keyed => OutgoingRecord { key: Some(&key), ..record },
            Route::Explicit => OutgoingRecord { partition: Some(index as i32 / 256), ..record },
        };
        while topic.append(&record, now).is_err() {
            world.lock().expect("no panic").run();
        }
    }
}

/// The records are sent between the measurements.
#[divan::bench(args = ROUTES)]
fn appending(bencher: Bencher, route: Route) {
    let world = Mutex::new(World::new(PARTITIONS, |_| ()));
    let topic = world.lock().expect("no panic").engine.batch_buffer().topic(TOPIC);
    bencher
        .counter(ItemsCount::new(RECORDS))
        .with_inputs(|| world.lock().expect("no panic").run())
        .bench_refs(|()| append(&topic, route, &world));
}

#[divan::bench(args = ROUTES)]
fn publishing(bencher: Bencher, route: Route) {
    let world = Mutex::new(World::new(PARTITIONS, |_| ()));
    let topic = world.lock().expect("no panic").engine.batch_buffer().topic(TOPIC);
    bencher.counter(ItemsCount::new(RECORDS)).bench(|| {
        append(&topic, route, &world);
        world.lock().expect("no panic").run();
    });
}

/// Several threads on partitions of their own; divan says how long each takes.
#[divan::bench(threads = [1, 2, 4])]
fn appending_from_threads(bencher: Bencher) {
    let world = Mutex::new(World::new(PARTITIONS, |config| config.publish.buffer_bytes = 1 << 30));
    let topic = world.lock().expect("no panic").engine.batch_buffer().topic(TOPIC);
    bencher.counter(ItemsCount::new(RECORDS)).bench(|| append(&topic, Route::Keyless, &world));
}
