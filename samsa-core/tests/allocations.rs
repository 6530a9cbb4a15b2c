//! Publishing allocates for each batch, never for each record.

mod support;

use allocation_counter::measure;
use samsa_core::OutgoingRecord;
use support::{TOPIC, World};

#[test]
fn appending_a_record_to_an_open_batch_allocates_nothing() {
    let mut world = World::new(3, |_| ());
    let topic = world.engine.batch_buffer().topic(TOPIC);
    let payload = [b'.'; 100];
    let records = [
        OutgoingRecord { value: Some(&payload), ..OutgoingRecord::default() },
        OutgoingRecord { key: Some(b"user-1"), value: Some(&payload), ..OutgoingRecord::default() },
        OutgoingRecord { partition: Some(2), value: Some(&payload), ..OutgoingRecord::default() },
    ];
    // The batches are open, and have grown to their usual size.
    for _ in 0..3 {
        for record in &records {
            for _ in 0..2000 {
                let _ticket = topic.append(record, world.now).expect("room");
            }
        }
        world.run();
    }
    for record in &records {
        let _ticket = topic.append(record, world.now).expect("room");
    }

    for record in &records {
        let found = measure(|| {
            for _ in 0..1000 {
                let ticket = topic.append(record, world.now).expect("room");
                assert!(ticket.try_outcome().is_none());
            }
        });
        assert_eq!(found.count_total, 0, "{record:?}");
    }
}

#[test]
fn a_batch_on_its_way_allocates_so_many_times_whatever_it_holds() {
    let mut world = World::new(1, |_| ());
    let topic = world.engine.batch_buffer().topic(TOPIC);
    let payload = [b'.'; 100];
    let record = OutgoingRecord { value: Some(&payload), ..OutgoingRecord::default() };
    let mut round = |records: usize| {
        measure(|| {
            for _ in 0..records {
                let _ticket = topic.append(&record, world.now).expect("room");
            }
            world.run();
        })
        .count_total
    };
    for _ in 0..10 {
        round(2000);
    }
    let (small, large) = (round(10), round(2000));
    assert!(large <= small + 8, "{small} allocations for 10 records, {large} for 2000");
}
