//! Threads that publish.

use samsa_core::{AppendError, BatchBuffer, Config, Now, OutgoingRecord, OutgoingSet, Ticket};
use shuttle::thread;
use std::time::Duration;

use crate::bed::wait;
use crate::driver::{Desk, Order, drive};
use crate::support::World;
use crate::try_orders;

fn record(partition: Option<i32>) -> OutgoingRecord<'static> {
    OutgoingRecord { partition, value: Some(&[7; 900]), ..OutgoingRecord::default() }
}

/// Lets threads work on a buffer while this one drives.
fn play(
    configure: impl FnOnce(&mut Config),
    order: Order,
    threads: impl IntoIterator<Item = fn(&Desk)>,
) -> BatchBuffer {
    let mut world = World::new(2, configure);
    let threads: Vec<fn(&Desk)> = threads.into_iter().collect();
    let desk = Desk::new(&world, threads.len());
    let working: Vec<_> = threads
        .into_iter()
        .map(|work| {
            let desk = desk.clone();
            thread::spawn(move || {
                work(&desk);
                desk.leave();
            })
        })
        .collect();
    drive(&mut world, &desk, order);
    for thread in working {
        thread.join().expect("no panic");
    }
    world.engine.batch_buffer()
}

/// Waits for each record before the next one.
fn one_by_one(desk: &Desk) {
    for partition in [Some(0), Some(1), None] {
        let ticket = desk.append(&record(partition)).expect("it is open");
        wait(ticket).expect("the broker takes everything");
    }
}

/// Waits for all records at the end.
fn all_at_once(desk: &Desk) {
    let tickets = [Some(0), Some(0), None].map(|partition| desk.append(&record(partition)));
    for ticket in tickets {
        wait(ticket.expect("it is open")).expect("the broker takes everything");
    }
}

/// Fills batches until memory is short.
fn much(desk: &Desk) {
    let tickets: Vec<Ticket> = (0..6).map(|_| desk.append(&record(Some(0))).expect("it is open")).collect();
    for ticket in tickets {
        wait(ticket).expect("the broker takes everything");
    }
}

fn sets(desk: &Desk) {
    let records = [record(None), record(None)];
    let set = OutgoingSet { partition: Some(0), key: None, records: &records };
    let ticket = wait(std::future::poll_fn(|cx| desk.topic.poll_append_set(&set, Now::default(), cx)));
    let receipt = wait(ticket.expect("it is open")).expect("the broker takes everything");
    assert_eq!(receipt.count, 2);
}

/// Publishes until the buffer is closed; whatever was accepted has its outcome.
fn until_it_is_closed(desk: &Desk) {
    let mut tickets = Vec::new();
    for partition in [Some(0), None, Some(1), Some(0)] {
        match desk.append(&record(partition)) {
            Ok(ticket) => tickets.push(ticket),
            Err(AppendError::Closed) => break,
            Err(error) => panic!("{error}"),
        }
    }
    for ticket in tickets {
        let _written_or_closed = wait(ticket);
    }
}

/// What was accepted before a flush has its outcome when that is answered.
fn appended_and_flushed(desk: &Desk) {
    let tickets = [Some(0), None, Some(1)].map(|partition| desk.append(&record(partition)));
    desk.flush();
    for ticket in tickets {
        let outcome = ticket.expect("it is open").try_outcome();
        outcome.expect("it is not left behind").expect("the broker takes everything");
    }
}

fn as_usual(_: &mut Config) {}

/// Batches of a few records, and memory for three of them.
fn short(config: &mut Config) {
    config.publish.batch_bytes = 2_500;
    config.publish.message_bytes = 3_000;
    config.publish.buffer_bytes = 9_000;
}

fn lingers(config: &mut Config) {
    short(config);
    config.publish.linger = Duration::from_secs(60);
}

#[test]
fn no_record_is_left_behind_and_no_wake_up_is_lost() {
    try_orders(|| {
        let threads = [one_by_one as fn(&Desk), all_at_once, sets];
        assert_eq!(play(as_usual, Order::RegisterFirst, threads).used_bytes(), 0);
    });
}

#[test]
fn who_waits_for_room_gets_it() {
    try_orders(|| {
        assert_eq!(play(short, Order::RegisterFirst, [much as fn(&Desk), much]).used_bytes(), 0);
    });
}

#[test]
fn a_flush_leaves_no_record_behind_that_was_accepted_before_it() {
    for configure in [as_usual as fn(&mut Config), lingers] {
        try_orders(move || {
            let threads = [appended_and_flushed as fn(&Desk), appended_and_flushed];
            assert_eq!(play(configure, Order::RegisterFirst, threads).used_bytes(), 0);
        });
    }
}

#[test]
fn a_close_gives_everything_that_was_accepted_its_outcome() {
    for configure in [as_usual as fn(&mut Config), lingers] {
        try_orders(move || {
            let threads = [until_it_is_closed as fn(&Desk), until_it_is_closed, Desk::close];
            assert_eq!(play(configure, Order::RegisterFirst, threads).used_bytes(), 0);
        });
    }
}

/// That the fault is found shows that the others would be.
#[test]
#[should_panic(expected = "deadlock")]
fn a_driver_that_takes_before_it_registers_is_found_to_sleep_for_ever() {
    try_orders(|| {
        play(as_usual, Order::TakeFirst, [one_by_one as fn(&Desk)]);
    });
}
