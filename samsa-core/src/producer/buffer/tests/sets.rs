//! Sets, and room that is taken before.

use super::*;
use crate::producer::SetTicket;
use crate::producer::buffer::unsettled::OVERHEAD;

fn set<'a>(partition: i32, records: &'a [OutgoingRecord<'a>]) -> OutgoingSet<'a> {
    OutgoingSet { partition: Some(partition), key: None, records }
}

fn append_set(desk: &Desk, set: &OutgoingSet<'_>) -> SetTicket {
    desk.topic.append_set(set, NOW).unwrap()
}

#[test]
fn a_set_shares_a_batch_with_its_neighbours_and_is_remembered_in_it() {
    let desk = Desk::settled(&PublishConfig::default(), 1);
    let _before = desk.append(&to(0, b"1"));
    let ticket = append_set(&desk, &set(0, &[value(b"2"), value(b"3")]));
    let _after = desk.append(&to(0, b"4"));

    let batch = desk.take(LaneKind::Bound(0)).unwrap();
    assert_eq!((batch.sets[0].clone(), batch.sets.len()), (1..3, 1));
    desk.finish(batch, 70).wake();
    let receipt = ticket.try_outcome().unwrap().unwrap();
    assert_eq!((receipt.base_offset, receipt.count), (Some(71), 2));
}

#[test]
fn a_set_that_does_not_fit_into_the_open_batch_is_the_first_of_the_next() {
    let desk = Desk::settled(&small(), 1);
    let _before = desk.append(&to(0, &[0; 5000]));
    let _set = append_set(&desk, &set(0, &[value(&[1; 2000]), value(&[2; 2000])]));
    assert_eq!(values(desk.take(LaneKind::Bound(0)).unwrap()).len(), 1);
    let batch = desk.take(LaneKind::Bound(0)).unwrap();
    assert_eq!((batch.sets[0].clone(), batch.sets.len()), (0..2, 1));
    assert_eq!(values(batch), [vec![1; 2000], vec![2; 2000]]);
}

#[test]
fn the_key_of_a_set_decides_its_partition_whatever_keys_its_records_have() {
    let desk = Desk::settled(&PublishConfig::default(), 50);
    let records = [keyed(b"own", b"1"), value(b"2")];
    let _set = append_set(&desk, &OutgoingSet { key: Some(b"k"), records: &records, partition: None });
    let partition = Partitioner::Murmur2.partition(b"k", 50);
    assert_eq!(values(desk.take(LaneKind::Bound(partition)).unwrap()).len(), 2);

    let _keyless = append_set(&desk, &OutgoingSet { records: &records, ..OutgoingSet::default() });
    assert_eq!(values(desk.take(LaneKind::Free(0)).unwrap()).len(), 2);
}

#[test]
fn a_set_that_is_too_large_is_refused_with_its_sizes_and_leaves_nothing() {
    let desk = Desk::settled(&small(), 1);
    let refused = desk.topic.append_set(&set(0, &[value(&[0; 5000]), value(&[0; 5000])]), NOW);
    let Err(AppendError::SetTooLarge { count: 2, size, limit }) = refused else { panic!("{refused:?}") };
    assert!(size > limit && size < 10_100, "{size} of {limit}");
    assert_eq!(desk.topic.append_set(&set(0, &[]), NOW).unwrap_err(), AppendError::EmptySet);
    assert_eq!(desk.buffer.used_bytes(), 0);
}

#[test]
fn many_small_records_make_a_set_up_to_the_very_limit() {
    let desk = Desk::settled(&PublishConfig { buffer_bytes: 10 << 10, ..small() }, 1);
    let records = vec![value(b""); 1000];
    let _set = append_set(&desk, &set(0, &records));
    assert_eq!(values(desk.take(LaneKind::Bound(0)).unwrap()).len(), 1000);
}

#[test]
fn a_set_finds_room_for_all_of_it_or_for_nothing() {
    let desk = Desk::settled(&small(), 1);
    let _others: Vec<_> = (0..4).map(|_| desk.append(&to(0, &[0; 8000]))).collect();
    let before = desk.buffer.used_bytes();
    let refused = desk.topic.append_set(&set(0, &[value(&[0; 4000]), value(&[0; 4000])]), NOW);
    assert!(matches!(refused, Err(AppendError::Full { .. })));
    assert_eq!(desk.buffer.used_bytes(), before);
}

#[test]
fn a_set_with_headers_is_refused_as_a_whole_where_brokers_cannot_store_them() {
    let desk = Desk::new(&PublishConfig::default());
    desk.batches().set_form(Form::of(Format::V1));
    desk.settle(1);
    let headers = [Header::new("a", None)];
    let records = [value(b"1"), OutgoingRecord { headers: &headers, ..value(b"2") }];
    let refused = desk.topic.append_set(&set(0, &records), NOW).unwrap_err();
    assert!(matches!(refused, AppendError::HeadersUnsupported { .. }));
    assert!(desk.take(LaneKind::Bound(0)).is_none());
}

#[test]
fn a_set_that_waits_for_its_topic_stays_whole_and_in_order() {
    let desk = Desk::new(&PublishConfig::default());
    let _before = desk.append(&to(0, b"1"));
    let ticket = append_set(&desk, &set(0, &[value(b"2"), value(b"3")]));
    let _after = desk.append(&to(0, b"4"));
    desk.settle(1);

    let batch = desk.take(LaneKind::Bound(0)).unwrap();
    assert_eq!((batch.sets[0].clone(), batch.sets.len()), (1..3, 1));
    desk.finish(batch, 70).wake();
    assert_eq!(ticket.try_outcome().unwrap().unwrap().base_offset, Some(71));
}

#[test]
fn room_that_was_taken_is_there_though_the_buffer_is_full_and_comes_back() {
    let record = to(0, &[7; 1000]);
    let buffer_bytes = 8 * (record.size_bound() + OVERHEAD);
    let desk = Desk::settled(&PublishConfig { buffer_bytes, ..small() }, 1);
    let mut cx = Context::from_waker(Waker::noop());
    let take_room = |cx: &mut Context<'_>| desk.topic.poll_room(&record, cx);
    let Poll::Ready(Ok(room)) = take_room(&mut cx) else { panic!("no room") };
    let Poll::Ready(Ok(unused)) = take_room(&mut cx) else { panic!("no room") };
    let held: Vec<_> = std::iter::from_fn(|| match take_room(&mut cx) {
        Poll::Ready(room) => Some(room.unwrap()),
        Poll::Pending => None,
    })
    .collect();
    assert!(desk.topic.append(&record, NOW).is_err());

    let ticket = desk.topic.append_in(&record, NOW, room).unwrap();
    drop((unused, held));
    let batch = desk.take(LaneKind::Bound(0)).unwrap();
    assert_eq!(desk.buffer.used_bytes(), batch.charge);
    desk.finish(batch, 5).wake();
    assert_eq!(ticket.try_outcome().unwrap().unwrap().offset, Some(5));
    assert_eq!(desk.buffer.used_bytes(), 0);
}

#[test]
fn who_waits_for_room_is_woken_when_somebody_gives_it_back_unused() {
    let desk = Desk::settled(&PublishConfig { buffer_bytes: 2000, message_bytes: 2000, ..small() }, 1);
    let woken = Arc::new(Rings::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut cx = Context::from_waker(&waker);
    let record = to(0, &[7; 1500]);
    let Poll::Ready(Ok(room)) = desk.topic.poll_room(&record, &mut cx) else { panic!("no room") };
    assert!(desk.topic.poll_append(&record, NOW, &mut cx).is_pending());
    drop(room);
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    assert!(desk.topic.poll_append(&record, NOW, &mut cx).is_ready());
}

#[test]
fn room_goes_with_a_record_whose_topic_is_not_known() {
    let desk = Desk::new(&small());
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(room)) = desk.topic.poll_room(&to(0, b"1"), &mut cx) else { panic!("no room") };
    let charged = room.bytes();
    let _ticket = desk.topic.append_in(&to(0, b"1"), NOW, room).unwrap();
    assert_eq!(desk.buffer.used_bytes(), charged);
    desk.settle(1);
    let batch = desk.take(LaneKind::Bound(0)).unwrap();
    assert_eq!(desk.buffer.used_bytes(), batch.charge);
}
