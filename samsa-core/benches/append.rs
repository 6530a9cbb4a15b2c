//! Time per record: `cargo bench -p samsa-core --bench append`. Each line is a thousand records of 100 bytes.
//!
//! `append` is what an application's thread does. `publish` is all that the core does for a record, on one thread: the
//! broker behind it reads requests and answers them, which is a part of the time too.

#[path = "../tests/support/mod.rs"]
mod support;

use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI32, Ordering};

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
    /// To one partition for each thread.
    OwnPartition,
}

const ROUTES: [Route; 3] = [Route::Keyless, Route::Keyed, Route::Explicit];

thread_local! {
    static OWN_PARTITION: Cell<i32> = {
        static NEXT: AtomicI32 = AtomicI32::new(0);
        Cell::new(NEXT.fetch_add(1, Ordering::Relaxed) % PARTITIONS)
    };
}

fn append(topic: &TopicBuffer, route: Route, world: &Mutex<World>) {
    let now = samsa_core::Now::default();
    for index in 0..RECORDS {
        let key = (index % 64).to_le_bytes();
        let record = OutgoingRecord { value: Some(&PAYLOAD), ..OutgoingRecord::default() };
        let record = match route {
            Route::Keyless => record,
            Route::Keyed => OutgoingRecord { key: Some(&key), ..record },
            Route::Explicit => OutgoingRecord { partition: Some(index as i32 / 256), ..record },
            Route::OwnPartition => OutgoingRecord { partition: Some(OWN_PARTITION.get()), ..record },
        };
        while topic.append(&record, now).is_err() {
            world.lock().expect("no panic").run();
        }
    }
}

#[divan::bench(args = ROUTES)]
fn appending_from_one_thread(bencher: Bencher, route: Route) {
    appending(bencher, route);
}

/// The records are sent between the measurements.
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

/// Several threads, whose records may go anywhere, or each to a partition of its own; divan says how long each takes.
#[divan::bench(args = [Route::Keyless, Route::OwnPartition], threads = [1, 2, 4])]
fn appending_from_threads(bencher: Bencher, route: Route) {
    appending(bencher, route);
}
