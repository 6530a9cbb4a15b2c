//! Threads that read, while the engine has less memory than there is to read.

use std::sync::Arc;
use std::time::Duration;

use samsa_core::{Chunk, Command, FetchConfig, Input, Offset, OpId, Reader, ReaderSpec, Reply};
use shuttle::sync::mpsc;
use shuttle::thread;

use crate::bed::wait;
use crate::driver::{Desk, Order, drive};
use crate::support::{TOPIC, World};
use crate::try_orders;

/// Memory for two batches or three.
fn short() -> FetchConfig {
    FetchConfig {
        buffer_bytes: 3_000,
        response_bytes: 1_000,
        partition_bytes: 1_000,
        ..FetchConfig::default()
    }
}

fn open(world: &mut World) -> Reader {
    let opened = Arc::new(std::sync::Mutex::new(None));
    let reply = Arc::clone(&opened);
    world.replied = Box::new(move |_, answer| {
        let Reply::OpenReader(reader) = answer else { panic!("{answer:?}") };
        *reply.lock().expect("no panic") = Some(reader.expect("there is such a topic"));
    });
    let spec = ReaderSpec { topic: TOPIC.into(), partition: None, start: Offset::Exact(0), fetch: short() };
    let within = Duration::from_secs(5);
    world.input(Input::Command { op: OpId(3), command: Command::OpenReader(spec), within });
    opened.lock().expect("no panic").take().expect("what is known is answered at once")
}

fn next(reader: &mut Reader) -> Chunk {
    let chunk = wait(std::future::poll_fn(|cx| reader.poll_next_chunk(cx)));
    chunk.expect("there is more").expect("nothing goes wrong")
}

/// Lets a thread read while this one drives; what it does not drop goes to another one, which does. Gives how many bytes the
/// reader holds at last.
fn play(read: fn(&mut Reader, &mpsc::Sender<Chunk>)) -> usize {
    let mut world = World::new(2, |_| ());
    let mut reader = open(&mut world);
    let desk = Desk::new(&world, 2);
    let (sender, handed_on) = mpsc::channel();
    let reading = {
        let desk = desk.clone();
        thread::spawn(move || {
            read(&mut reader, &sender);
            drop(sender);
            desk.leave();
            reader
        })
    };
    let dropping = {
        let desk = desk.clone();
        thread::spawn(move || {
            handed_on.into_iter().for_each(drop);
            desk.leave();
        })
    };
    drive(&mut world, &desk, Order::RegisterFirst);
    dropping.join().expect("no panic");
    let reader = reading.join().expect("no panic");
    world.run();
    reader.held_bytes()
}

#[test]
fn who_gives_memory_back_is_brought_more() {
    try_orders(|| {
        play(|reader, _| (0..8).for_each(|_| drop(next(reader))));
    });
}

#[test]
fn memory_that_another_thread_gives_back_brings_more() {
    try_orders(|| {
        play(|reader, hand_on| (0..8).for_each(|_| hand_on.send(next(reader)).expect("it listens")));
    });
}

/// Who does not wait does not ring, so it is the memory alone that calls the engine.
#[test]
fn memory_that_comes_back_is_used_while_nobody_waits() {
    try_orders(|| {
        let held = play(|reader, hand_on| {
            let all: Vec<_> = (0..4).map(|_| next(reader)).collect();
            for chunk in all {
                hand_on.send(chunk).expect("it listens");
            }
        });
        assert!(held > 0, "nothing is fetched ahead");
    });
}

#[test]
fn a_partition_that_is_resumed_is_read_on() {
    try_orders(|| {
        play(|reader, hand_on| {
            reader.pause(0);
            (0..4).for_each(|_| hand_on.send(next(reader)).expect("it listens"));
            reader.resume(0);
            reader.pause(1);
            while next(reader).partition() != 0 {}
        });
    });
}
