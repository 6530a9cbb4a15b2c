//! Threads append at will while the sender takes; each record must come out once, in its thread's order.
#![expect(clippy::disallowed_methods, reason = "the buffer is what threads share")]

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::thread;

use super::*;

const THREADS: u8 = 4;
const RECORDS: u32 = 20_000;

/// Waits until the driver is told, as a driver does.
struct Bell(thread::Thread, AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.1.store(true, Ordering::SeqCst);
        self.0.unpark();
    }
}

fn payload(thread: u8, number: u32) -> Vec<u8> {
    [&[thread][..], &number.to_be_bytes(), &[0; 40]].concat()
}

fn append(desk: &Desk, thread: u8) {
    let woken = Arc::new(Bell(thread::current(), AtomicBool::new(false)));
    let waker = Waker::from(Arc::clone(&woken));
    let mut cx = Context::from_waker(&waker);
    for number in 0..RECORDS {
        let payload = payload(thread, number);
        let record =
            if number % 3 == 0 { keyed(&payload[..1], &payload) } else { to(i32::from(thread), &payload) };
        while desk.topic.poll_append(&record, NOW, &mut cx).is_pending() {
            while !woken.1.swap(false, Ordering::SeqCst) {
                thread::park();
            }
        }
    }
}

/// Takes what there is whenever it is told; nothing else ever makes it look.
fn drain(desk: &Desk, mut each: impl FnMut(u32, &[u8])) {
    let bell = Arc::new(Bell(thread::current(), AtomicBool::new(false)));
    let mut left = u32::from(THREADS) * RECORDS;
    while left > 0 {
        desk.driver.register(&Waker::from(Arc::clone(&bell)));
        if desk.driver.take().is_empty() {
            while !bell.1.swap(false, Ordering::SeqCst) {
                thread::park();
            }
            continue;
        }
        desk.buffer.store.take_pressed();
        for id in desk.buffer.store.take_ready() {
            let LaneKind::Bound(partition) = id.kind else { panic!("{id:?}") };
            let topic = desk.batches();
            let lane = topic.bound(partition).unwrap();
            while lane.look(NOW.mono, Duration::ZERO) != Look::Empty {
                let batch = lane.take().unwrap();
                left -= batch.builder.count();
                desk.finish_with(batch, 0, |sealed| {
                    each_record(sealed, |_, record| each(partition, record.value().unwrap()));
                })
                .wake();
            }
        }
    }
}

#[test]
fn every_record_comes_out_once_and_in_order_though_memory_is_short() {
    let desk = Desk::settled(&PublishConfig { buffer_bytes: 64 << 10, ..small() }, u32::from(THREADS));
    let mut last: BTreeMap<(u32, u8), u32> = BTreeMap::new();
    let mut seen = 0;
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let desk = &desk;
            scope.spawn(move || append(desk, thread));
        }
        drain(&desk, |partition, value| {
            let number = u32::from_be_bytes([value[1], value[2], value[3], value[4]]);
            let before = last.insert((partition, value[0]), number);
            assert!(before < Some(number), "thread {}: {number} after {before:?}", value[0]);
            seen += 1;
        });
    });
    assert_eq!(seen, u32::from(THREADS) * RECORDS);
    assert_eq!(desk.buffer.used_bytes(), 0);
}
