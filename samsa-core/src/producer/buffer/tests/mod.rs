//! The buffer from both ends: application threads append, a pretended sender takes.

mod sets;
mod threads;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bytes::BytesMut;
use samsa_proto::records::{Format, Header, Sealed};

use super::*;
use crate::error::AppendError;
use crate::producer::Partitioner;
use crate::producer::outcome::{BatchOutcome, End, Written};
use crate::producer::publish_error::each_record;
use crate::producer::record::{OutgoingRecord, OutgoingSet};
use crate::producer::ticket::Ticket;
use crate::time::{Instant, Now, UnixMillis};
use crate::wake::{Notices, Wakers};

const NOW: Now = Now { mono: Instant::START, wall: UnixMillis(1_000) };

#[derive(Default)]
struct Rings(AtomicUsize);

impl Wake for Rings {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

struct Desk {
    buffer: BatchBuffer,
    topic: TopicBuffer,
    driver: Arc<DriverSignal>,
    rings: Arc<Rings>,
}

impl Desk {
    fn new(config: &PublishConfig) -> Self {
        let driver = Arc::new(DriverSignal::default());
        let rings = Arc::new(Rings::default());
        driver.register(&Waker::from(Arc::clone(&rings)));
        let buffer = BatchBuffer::new(config, Arc::clone(&driver));
        Self { topic: buffer.topic("events"), buffer, driver, rings }
    }

    fn settled(config: &PublishConfig, partitions: u32) -> Self {
        let desk = Self::new(config);
        desk.settle(partitions);
        desk
    }

    fn batches(&self) -> Arc<TopicBatches> {
        self.buffer.store.topics_from(0)[0].clone()
    }

    fn settle(&self, partitions: u32) {
        let freed = self.batches().settle(&self.buffer.store, partitions, |_, error| panic!("{error}"));
        self.buffer.store.give_back(freed, &mut Wakers::default());
    }

    fn append(&self, record: &OutgoingRecord<'_>) -> Ticket {
        self.topic.append(record, NOW).unwrap()
    }

    /// Whether the driver was told since the last call.
    fn was_told(&self) -> bool {
        self.driver.take().contains(Notices::BATCHES)
    }

    fn rings(&self) -> usize {
        self.rings.0.load(Ordering::SeqCst)
    }

    fn take(&self, kind: LaneKind) -> Option<LaneBatch> {
        match kind {
            LaneKind::Bound(partition) => self.batches().bound(partition)?.take(),
            LaneKind::Free(slot) => self.batches().free()[usize::from(slot)].take(),
            LaneKind::Unsettled => None,
        }
    }

    fn finish(&self, batch: LaneBatch, base_offset: i64) -> Wakers {
        self.finish_with(batch, base_offset, |_| ())
    }

    fn finish_with(&self, batch: LaneBatch, base_offset: i64, look: impl FnOnce(&Sealed)) -> Wakers {
        let mut wakers = Wakers::default();
        let written = Written { partition: 0, base_offset, append_time: -1, has_timestamps: true };
        batch.outcome.finish(End::Written(written), &mut wakers);
        for (index, follower) in &batch.followers {
            follower.finish(End::Written(written).at(*index), &mut wakers);
        }
        let sealed = batch.builder.seal();
        look(&sealed);
        let bytes = sealed.body().clone();
        drop(sealed);
        self.buffer.store.recycle(bytes);
        self.buffer.store.give_back(batch.charge, &mut wakers);
        wakers
    }
}

fn small() -> PublishConfig {
    PublishConfig {
        batch_bytes: 8 << 10,
        message_bytes: 8 << 10,
        buffer_bytes: 32 << 10,
        ..PublishConfig::default()
    }
}

fn value(value: &[u8]) -> OutgoingRecord<'_> {
    OutgoingRecord { value: Some(value), ..OutgoingRecord::default() }
}

fn keyed<'a>(key: &'a [u8], value: &'a [u8]) -> OutgoingRecord<'a> {
    OutgoingRecord { key: Some(key), value: Some(value), ..OutgoingRecord::default() }
}

fn to(partition: i32, value: &[u8]) -> OutgoingRecord<'_> {
    OutgoingRecord { partition: Some(partition), value: Some(value), ..OutgoingRecord::default() }
}

fn values(batch: LaneBatch) -> Vec<Vec<u8>> {
    let mut values = Vec::new();
    each_record(&batch.builder.seal(), |_, record| values.push(record.value().unwrap_or_default().to_vec()));
    values
}

#[test]
fn the_driver_is_told_of_a_batch_once_not_of_each_record() {
    let desk = Desk::settled(&PublishConfig::default(), 3);
    for _ in 0..1000 {
        let _ticket = desk.append(&value(b"hello"));
    }
    assert!(desk.was_told());
    assert_eq!(desk.rings(), 1);
    assert_eq!(desk.buffer.store.take_ready(), [LaneId { topic: 0, kind: LaneKind::Free(0) }]);
}

#[test]
fn an_empty_lane_is_told_of_again_after_the_sender_found_it_empty() {
    let desk = Desk::settled(&PublishConfig::default(), 1);
    let _first = desk.append(&to(0, b"a"));
    desk.buffer.store.take_ready();
    desk.take(LaneKind::Bound(0)).unwrap();

    let _second = desk.append(&to(0, b"b"));
    assert!(desk.buffer.store.take_ready().is_empty(), "the sender will look by itself");

    desk.take(LaneKind::Bound(0)).unwrap();
    let topic = desk.batches();
    assert_eq!(topic.bound(0).unwrap().look(NOW.mono, Duration::ZERO), Look::Empty);
    let _third = desk.append(&to(0, b"c"));
    assert_eq!(desk.buffer.store.take_ready().len(), 1);
}

#[test]
fn a_lingering_batch_is_told_of_when_it_is_full() {
    let linger = Duration::from_millis(5);
    let desk = Desk::settled(&small(), 1);
    let _first = desk.append(&to(0, b"a"));
    desk.buffer.store.take_ready();
    let topic = desk.batches();
    let until = NOW.mono + linger;
    assert_eq!(topic.bound(0).unwrap().look(NOW.mono, linger), Look::Lingers { opened: NOW.mono, until });

    let _second = desk.append(&to(0, &[0; 4000]));
    assert!(desk.buffer.store.take_ready().is_empty());
    let _third = desk.append(&to(0, &[0; 5000]));
    assert_eq!(desk.buffer.store.take_ready().len(), 1);
    assert_eq!(topic.bound(0).unwrap().look(NOW.mono, linger), Look::Due { opened: NOW.mono });
}

#[test]
fn a_hurried_batch_does_not_linger() {
    let linger = Duration::from_millis(5);
    let desk = Desk::settled(&small(), 1);
    let _ticket = desk.append(&to(0, b"a"));
    let topic = desk.batches();
    let lane = topic.bound(0).unwrap();
    lane.hurry();
    assert_eq!(lane.look(NOW.mono, linger), Look::Due { opened: NOW.mono });
}

#[test]
fn keyed_and_keyless_records_never_share_a_batch() {
    let desk = Desk::settled(&PublishConfig::default(), 1);
    let _keyed = desk.append(&keyed(b"k", b"keyed"));
    let _free = desk.append(&value(b"free"));
    let _explicit = desk.append(&to(0, b"explicit"));

    assert_eq!(values(desk.take(LaneKind::Free(0)).unwrap()), [b"free"]);
    let bound = values(desk.take(LaneKind::Bound(0)).unwrap());
    assert_eq!(bound, [b"keyed".to_vec(), b"explicit".to_vec()]);
}

#[test]
fn a_key_goes_where_the_java_client_puts_it() {
    let desk = Desk::settled(&PublishConfig::default(), 7);
    let _ticket = desk.append(&keyed(b"foobar", b"v"));
    // -790332482 without its sign bit, modulo 7.
    let partition = 1_357_151_166 % 7;
    assert_eq!(values(desk.take(LaneKind::Bound(partition)).unwrap()), [b"v"]);
}

#[test]
fn a_key_goes_where_the_application_s_own_partitioner_says_if_that_is_there() {
    let partitioner = Partitioner::custom(|key, _| u32::from(key[0]));
    let desk = Desk::settled(&PublishConfig { partitioner, ..PublishConfig::default() }, 3);
    let _ticket = desk.append(&keyed(&[2], b"x"));
    assert!(desk.take(LaneKind::Bound(2)).is_some());

    let refused = desk.topic.append(&keyed(&[3], b"x"), NOW).unwrap_err();
    let says = "topic \"events\" has no partition 3: it has 3, from 0 on; name one of these, or none";
    assert_eq!(refused.to_string(), says);
}

#[test]
fn a_batch_never_outgrows_its_limit_and_order_is_kept() {
    let desk = Desk::settled(&PublishConfig { batch_bytes: 4 << 10, ..small() }, 1);
    let sent: Vec<Vec<u8>> = (0..60_u8).map(|number| vec![number; 300]).collect();
    for value in &sent {
        let _ticket = desk.append(&to(0, value));
    }
    let mut got = Vec::new();
    while let Some(batch) = desk.take(LaneKind::Bound(0)) {
        assert!(batch.builder.len() <= 4 << 10);
        got.extend(values(batch));
    }
    assert_eq!(got, sent);
}

#[test]
fn tickets_of_one_batch_get_offsets_in_order_of_append() {
    let desk = Desk::settled(&PublishConfig::default(), 1);
    let tickets = [desk.append(&to(0, b"a")), desk.append(&to(0, b"b"))];
    let batch = desk.take(LaneKind::Bound(0)).unwrap();
    desk.finish(batch, 100);
    let offsets = tickets.map(|ticket| ticket.try_outcome().unwrap().unwrap().offset);
    assert_eq!(offsets, [Some(100), Some(101)]);
}

#[test]
fn a_partition_that_does_not_exist_is_refused_by_name() {
    let desk = Desk::settled(&PublishConfig::default(), 2);
    for partition in [2, -1, i32::MIN, i32::MAX] {
        let error = desk.topic.append(&to(partition, b"x"), NOW).unwrap_err();
        let topic = Arc::from("events");
        assert_eq!(error, AppendError::UnknownPartition { topic, partition, count: 2 });
    }
}

#[test]
fn a_message_above_the_limit_is_refused_and_one_at_the_limit_is_not() {
    let desk = Desk::settled(&small(), 1);
    let overhead = value(&[0; 1000]).size_alone() - 1000;
    let limit = 8 << 10;

    let _largest = desk.append(&value(&vec![0; limit - overhead]));
    let error = desk.topic.append(&value(&vec![0; limit - overhead + 1]), NOW).unwrap_err();
    assert_eq!(error, AppendError::TooLarge { size: limit + 1, limit });

    let unsettled = Desk::new(&small());
    let _largest = unsettled.append(&value(&vec![0; limit - overhead]));
    assert!(unsettled.topic.append(&value(&vec![0; limit - overhead + 1]), NOW).is_err());
}

#[test]
fn headers_are_refused_where_brokers_cannot_store_them() {
    let desk = Desk::settled(&PublishConfig::default(), 1);
    desk.batches().set_form(Form::of(Format::V1));
    let headers = [Header::new("trace", None)];
    let record = OutgoingRecord { headers: &headers, ..value(b"x") };
    let error = desk.topic.append(&record, NOW).unwrap_err();
    assert_eq!(error, AppendError::HeadersUnsupported { topic: Arc::from("events") });

    desk.batches().set_form(Form::of(Format::V2));
    let _ticket = desk.append(&record);
}

#[test]
fn headers_begin_a_batch_of_their_format_where_some_broker_may_store_them() {
    let desk = Desk::settled(&PublishConfig::default(), 1);
    desk.batches().set_form(Form { format: Format::V1, takes_headers: true });
    let headers = [Header::new("trace", None)];
    let _tickets = [
        desk.append(&to(0, b"1")),
        desk.append(&OutgoingRecord { headers: &headers, ..to(0, b"2") }),
        desk.append(&to(0, b"3")),
    ];
    let batches = [(); 2].map(|()| desk.take(LaneKind::Bound(0)).unwrap());
    let of = |batch: &LaneBatch| (batch.builder.format(), batch.builder.count(), batch.has_headers);
    assert_eq!(batches.each_ref().map(of), [(Format::V1, 1, false), (Format::V2, 2, true)]);
}

#[test]
fn a_full_buffer_refuses_until_memory_comes_back() {
    let desk = Desk::settled(&small(), 64);
    let mut appended = 0;
    let error = loop {
        match desk.topic.append(&to(appended, &[0; 100]), NOW) {
            Ok(_ticket) => appended += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error, AppendError::Full { limit: 32 << 10 });
    assert_eq!(appended, 8, "a batch starts with 4 KiB");
    assert!(desk.buffer.store.take_pressed());

    let batch = desk.take(LaneKind::Bound(0)).unwrap();
    desk.finish(batch, 0);
    let _ticket = desk.append(&to(appended, &[0; 100]));
}

#[test]
fn who_waits_for_room_is_woken_when_there_is_some() {
    let desk = Desk::settled(&small(), 64);
    while desk.topic.append(&to(0, &[0; 2000]), NOW).is_ok() {}
    let woken = Arc::new(Rings::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut cx = Context::from_waker(&waker);
    assert!(desk.topic.poll_append(&to(0, &[0; 2000]), NOW, &mut cx).is_pending());

    let batch = desk.take(LaneKind::Bound(0)).unwrap();
    desk.finish(batch, 0).wake();

    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    assert!(matches!(desk.topic.poll_append(&to(0, &[0; 2000]), NOW, &mut cx), Poll::Ready(Ok(_))));
}

#[test]
fn a_wait_for_room_ends_when_the_buffer_is_closed() {
    let desk = Desk::settled(&small(), 64);
    while desk.topic.append(&to(0, &[0; 2000]), NOW).is_ok() {}
    let woken = Arc::new(Rings::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut cx = Context::from_waker(&waker);
    assert!(desk.topic.poll_append(&to(0, &[0; 2000]), NOW, &mut cx).is_pending());

    let mut wakers = Wakers::default();
    desk.buffer.store.close(&mut wakers);
    wakers.wake();

    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    let Poll::Ready(Err(error)) = desk.topic.poll_append(&to(0, b""), NOW, &mut cx) else {
        panic!("still waits")
    };
    assert_eq!(error, AppendError::Closed);
}

#[test]
fn a_quiet_partition_takes_little_memory_and_a_busy_one_starts_large() {
    let desk = Desk::settled(&PublishConfig::default(), 1000);
    for partition in 0..1000 {
        let _ticket = desk.append(&to(partition, b"hello"));
    }
    assert_eq!(desk.buffer.used_bytes(), 1000 * (4 << 10));

    for _ in 0..3000 {
        let _ticket = desk.append(&to(0, &[0; 80]));
    }
    let batch = desk.take(LaneKind::Bound(0)).unwrap();
    assert!(batch.builder.len() <= 256 << 10);
    let grown = batch.builder.capacity();
    desk.finish(batch, 0);
    desk.take(LaneKind::Bound(0));
    let _ticket = desk.append(&to(0, b"next"));
    let next = desk.take(LaneKind::Bound(0)).unwrap();
    assert_eq!(next.builder.capacity(), grown, "a recycled buffer, and it will not have to grow");
}

#[test]
fn all_memory_is_given_back_when_all_batches_have_their_outcome() {
    let desk = Desk::settled(&small(), 3);
    for round in 0..50_usize {
        for partition in 0..3 {
            let _ticket = desk.append(&to(partition, &vec![1; 50 * round]));
        }
        for partition in 0..3 {
            while let Some(batch) = desk.take(LaneKind::Bound(partition)) {
                desk.finish(batch, 0);
            }
        }
        assert_eq!(desk.buffer.used_bytes(), 0);
    }
}

#[test]
fn records_of_an_unknown_topic_wait_in_order_and_go_before_later_ones() {
    let desk = Desk::new(&PublishConfig::default());
    let first = desk.append(&to(1, b"1"));
    let second = desk.append(&to(1, b"2"));
    assert_eq!(desk.buffer.store.take_ready(), [LaneId { topic: 0, kind: LaneKind::Unsettled }]);
    assert!(desk.buffer.used_bytes() > 0);

    desk.settle(2);
    let third = desk.append(&to(1, b"3"));

    let batch = desk.take(LaneKind::Bound(1)).unwrap();
    assert_eq!(batch.builder.count(), 3);
    desk.finish(batch, 70);
    let offsets = [first, second, third].map(|ticket| ticket.try_outcome().unwrap().unwrap().offset);
    assert_eq!(offsets, [Some(70), Some(71), Some(72)]);
    assert_eq!(desk.buffer.used_bytes(), 0);
}

#[test]
fn a_waiting_record_that_cannot_be_accepted_after_all_is_handed_back() {
    let desk = Desk::new(&PublishConfig::default());
    let _beyond = desk.append(&to(5, b"x"));
    let mut refused = Vec::new();
    let freed = desk.batches().settle(&desk.buffer.store, 2, |_, error| refused.push(error));
    desk.buffer.store.give_back(freed, &mut Wakers::default());
    let topic = Arc::from("events");
    assert_eq!(refused, [AppendError::UnknownPartition { topic, partition: 5, count: 2 }]);
    assert_eq!(desk.buffer.used_bytes(), 0);
}

#[test]
fn the_queue_of_an_unknown_topic_is_bounded_by_the_same_memory() {
    let desk = Desk::new(&small());
    let accepted = (0..1000).take_while(|_| desk.topic.append(&value(&[0; 1000]), NOW).is_ok()).count();
    assert!((20..=32).contains(&accepted), "{accepted}");
    assert!(desk.buffer.used_bytes() <= 32 << 10);
}

#[test]
fn tiny_records_of_an_unknown_topic_are_charged_for_their_outcomes_too() {
    let desk = Desk::new(&small());
    let accepted = (0..1000).take_while(|_| desk.topic.append(&value(b"x"), NOW).is_ok()).count();
    let most = (32 << 10) / BatchOutcome::SLOT_BYTES;
    assert!((10..=most).contains(&accepted), "{accepted} outcomes, of which {most} have room");
}

#[test]
fn the_batches_of_a_topic_that_becomes_known_take_what_its_records_held_and_no_more() {
    let config = PublishConfig::default();
    let desk = Desk::new(&config);
    let record = [7; 3000];
    let keys: Vec<[u8; 4]> = (0_u32..40_000).map(u32::to_le_bytes).collect();
    let append = |key: &&[u8; 4]| desk.topic.append(&keyed(*key, &record), NOW).is_ok();
    let accepted = keys.iter().take_while(append).count();
    assert!(accepted > 15_000, "{accepted}");

    let freed = desk.batches().settle(&desk.buffer.store, 6, |_, error| panic!("{error}"));
    let used = desk.buffer.used_bytes();
    assert!(used <= config.buffer_bytes, "{used} of {}", config.buffer_bytes);
    desk.buffer.store.give_back(freed, &mut Wakers::default());

    let mut written = 0;
    for partition in 0..6 {
        while let Some(batch) = desk.take(LaneKind::Bound(partition)) {
            assert_eq!(batch.charge, batch.builder.capacity());
            written += batch.builder.count() as usize;
            desk.finish(batch, 0);
        }
    }
    assert_eq!((written, desk.buffer.used_bytes()), (accepted, 0));
}

#[test]
fn a_recycled_buffer_is_not_taken_when_it_is_larger_than_there_is_memory_for() {
    const CLASS: usize = 256 << 10;
    let buffer_bytes = 5 * CLASS;
    let config =
        PublishConfig { buffer_bytes, batch_bytes: CLASS, message_bytes: CLASS, ..PublishConfig::default() };
    let desk = Desk::settled(&config, 5);
    let record = vec![7; 200_000];
    for partition in 0..4 {
        let _ticket = desk.append(&to(partition, &record));
    }
    let mut odd = BytesMut::with_capacity(321_536);
    odd.extend_from_slice(b"x");
    desk.buffer.store.recycle(odd.freeze());

    let _ticket = desk.append(&to(4, &record));
    assert_eq!(desk.buffer.used_bytes(), buffer_bytes);
}

#[test]
fn nothing_is_accepted_after_close_on_any_way() {
    let desk = Desk::settled(&PublishConfig::default(), 3);
    let _ticket = desk.append(&to(0, b"before"));
    desk.buffer.store.close(&mut Wakers::default());
    for record in [to(0, b"x"), to(1, b"new lane"), value(b"free")] {
        assert_eq!(desk.topic.append(&record, NOW).unwrap_err(), AppendError::Closed);
    }
    assert_eq!(desk.buffer.topic("later").append(&value(b"x"), NOW).unwrap_err(), AppendError::Closed);
}
