//! Scripts over a whole engine: a reader, brokers that answer as the script says.

use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use samsa_proto::ErrorCode;
use samsa_proto::api::fetch::{FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData};
use samsa_proto::api::list_offsets::{
    ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use samsa_proto::wire::Records;

use super::model::{Asked, Model, TOPIC_ID};
use super::script::batch;
use crate::command::{Command, Offset, ReaderSpec, Reply};
use crate::config::FetchConfig;
use crate::error::ReadError;
use crate::time::UnixMillis;
use crate::{Chunk, Reader};

fn spec(start: Offset) -> ReaderSpec {
    ReaderSpec { topic: "events".into(), partition: None, start, fetch: FetchConfig::default() }
}

fn opened(model: &mut Model, spec: ReaderSpec) -> Reader {
    model.command(Command::OpenReader(spec));
    match model.reply() {
        Reply::OpenReader(Ok(reader)) => reader,
        other => panic!("{other:?}"),
    }
}

fn refused(model: &mut Model) -> ReadError {
    match model.reply() {
        Reply::OpenReader(Err(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn polls(reader: &mut Reader) -> Poll<Option<Result<Chunk, ReadError>>> {
    reader.poll_next_chunk(&mut TaskContext::from_waker(Waker::noop()))
}

/// Where the next chunk begins and ends.
fn span(reader: &mut Reader) -> (i32, i64, i64) {
    match polls(reader) {
        Poll::Ready(Some(Ok(chunk))) => (chunk.partition(), chunk.base_offset(), chunk.next_offset()),
        other => panic!("{other:?}"),
    }
}

fn error(reader: &mut Reader) -> ReadError {
    match polls(reader) {
        Poll::Ready(Some(Err(error))) => error,
        other => panic!("{other:?}"),
    }
}

/// The partitions and offsets that a fetch asks for, in its order.
fn wants(asked: &Asked) -> Vec<(i32, i64)> {
    let request: FetchRequest<'_> = asked.read();
    request.topics[0].partitions.iter().map(|wanted| (wanted.partition, wanted.fetch_offset)).collect()
}

/// The partitions and times of a question for offsets.
fn seeks(asked: &Asked) -> Vec<(i32, i64)> {
    let request: ListOffsetsRequest<'_> = asked.read();
    request.topics[0].partitions.iter().map(|wanted| (wanted.partition_index, wanted.timestamp)).collect()
}

fn data(partition_index: i32, records: &[u8]) -> PartitionData<'_> {
    PartitionData { partition_index, records: Some(Records::Slice(records)), ..Default::default() }
}

fn failing(partition_index: i32, error_code: ErrorCode) -> PartitionData<'static> {
    PartitionData { partition_index, error_code, ..Default::default() }
}

fn fetched(partitions: Vec<PartitionData<'_>>) -> FetchResponse<'_> {
    let topic =
        FetchableTopicResponse { topic: "events", topic_id: TOPIC_ID, partitions, ..Default::default() };
    FetchResponse { responses: vec![topic], ..Default::default() }
}

fn brings(model: &mut Model, asked: &Asked, partitions: Vec<PartitionData<'_>>) {
    model.answers::<FetchRequest<'_>>(asked, &fetched(partitions));
}

fn lists(model: &mut Model, asked: &Asked, offsets: &[(i32, i64)]) {
    let partitions = offsets.iter().map(|(partition_index, offset)| ListOffsetsPartitionResponse {
        partition_index: *partition_index,
        offset: *offset,
        ..Default::default()
    });
    lists_all(model, asked, partitions.collect());
}

fn lists_all(model: &mut Model, asked: &Asked, partitions: Vec<ListOffsetsPartitionResponse>) {
    let topic = ListOffsetsTopicResponse { name: "events", partitions, ..Default::default() };
    let response = ListOffsetsResponse { topics: vec![topic], ..Default::default() };
    model.answers::<ListOffsetsRequest<'_>>(asked, &response);
}

#[test]
fn a_reader_is_opened_once_every_leader_has_said_where_to_start() {
    let mut model = Model::start(&[1, 2, 1]);
    model.command(Command::OpenReader(spec(Offset::Earliest)));
    let (first, second) = (model.asked(), model.asked());
    assert_eq!((first.broker, seeks(&first)), (1, vec![(0, -2), (2, -2)]));
    assert_eq!((second.broker, seeks(&second)), (2, vec![(1, -2)]));

    lists(&mut model, &first, &[(0, 10), (2, 12)]);
    assert!(!model.has_replied() && model.is_quiet());
    lists(&mut model, &second, &[(1, 11)]);
    assert!(matches!(model.reply(), Reply::OpenReader(Ok(_))));

    let (first, second) = (model.asked(), model.asked());
    assert_eq!((first.broker, wants(&first)), (1, vec![(0, 10), (2, 12)]));
    assert_eq!((second.broker, wants(&second)), (2, vec![(1, 11)]));
}

#[test]
fn a_time_that_nothing_is_as_late_as_means_the_end() {
    let mut model = Model::start(&[1]);
    model.command(Command::OpenReader(spec(Offset::At(UnixMillis(77)))));
    let asked = model.asked();
    assert_eq!(seeks(&asked), [(0, 77)]);
    lists(&mut model, &asked, &[(0, -1)]);
    let asked = model.asked();
    assert_eq!(seeks(&asked), [(0, -1)]);
    lists(&mut model, &asked, &[(0, 30)]);
    assert!(matches!(model.reply(), Reply::OpenReader(Ok(_))));
    assert_eq!(wants(&model.asked()), [(0, 30)]);
}

#[test]
fn what_is_not_there_cannot_be_opened() {
    let mut model = Model::start(&[1]);
    model.command(Command::OpenReader(ReaderSpec { topic: "nothing".into(), ..spec(Offset::Earliest) }));
    assert_eq!(refused(&mut model), ReadError::UnknownTopic { topic: "nothing".into() });
    model.command(Command::OpenReader(ReaderSpec { partition: Some(1), ..spec(Offset::Earliest) }));
    assert_eq!(refused(&mut model), ReadError::UnknownPartition { topic: "events".into(), partition: 1 });
    assert!(model.is_quiet());
}

#[test]
fn who_has_no_leader_is_waited_for_until_the_time_is_over() {
    let mut model = Model::start(&[-1]);
    model.command(Command::OpenReader(spec(Offset::Earliest)));
    let error = refused(&mut model);
    assert!(matches!(&error, ReadError::TimedOut { last, .. } if last.contains("no leader")), "{error}");
    assert!(model.now.mono.as_micros() >= 10_000_000);
}

#[test]
fn a_refusal_of_the_start_is_the_answer_to_the_opening() {
    let mut model = Model::start(&[1]);
    model.command(Command::OpenReader(spec(Offset::Latest)));
    let asked = model.asked();
    let code = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
    lists_all(
        &mut model,
        &asked,
        vec![ListOffsetsPartitionResponse { error_code: code, ..Default::default() }],
    );
    assert_eq!(refused(&mut model), ReadError::Refused { topic: "events".into(), partition: 0, code });
}

#[test]
fn what_is_fetched_is_handed_out_and_fetching_goes_on_behind_it() {
    let mut model = Model::start(&[1, 1]);
    let mut reader = opened(&mut model, spec(Offset::Exact(5)));
    let asked = model.asked();
    assert_eq!(wants(&asked), [(0, 5), (1, 5)]);
    assert!(polls(&mut reader).is_pending());

    let records = [batch(4, 3), batch(7, 2)].concat();
    brings(&mut model, &asked, vec![data(0, &records), data(1, &[])]);
    assert_eq!(span(&mut reader), (0, 5, 7));
    assert_eq!(span(&mut reader), (0, 7, 9));
    assert!(polls(&mut reader).is_pending());

    let asked = model.asked();
    assert_eq!(wants(&asked), [(1, 5), (0, 9)], "who brought something goes behind the others");
    assert!(model.is_quiet());
}

#[test]
fn every_version_of_fetch_is_spoken() {
    for newest in 0..=18 {
        let mut model = Model::with_newest(&[1], newest);
        let mut reader = opened(&mut model, spec(Offset::Exact(0)));
        let asked = model.asked();
        assert_eq!(asked.version, newest);
        brings(&mut model, &asked, vec![data(0, &batch(0, 3))]);
        assert_eq!(span(&mut reader), (0, 0, 3), "version {newest}");
    }
}

#[test]
fn every_version_of_list_offsets_is_spoken() {
    for newest in 0..=11 {
        let mut model = Model::with_newest(&[1], newest);
        model.command(Command::OpenReader(spec(Offset::Earliest)));
        let asked = model.asked();
        assert_eq!(asked.version, newest);
        let mut found = ListOffsetsPartitionResponse::default();
        if newest == 0 {
            found.old_style_offsets = vec![8];
        } else {
            found.offset = 8;
        }
        lists_all(&mut model, &asked, vec![found]);
        assert!(matches!(model.reply(), Reply::OpenReader(Ok(_))), "version {newest}");
        assert_eq!(wants(&model.asked()), [(0, 8)]);
    }
}

#[test]
fn a_topic_without_id_is_fetched_by_name() {
    let mut model = Model::start(&[1]);
    model.has_id = false;
    let _reader = opened(&mut model, spec(Offset::Exact(0)));
    let asked = model.asked();
    assert_eq!(asked.version, 12);
    let request: FetchRequest<'_> = asked.read();
    assert_eq!(request.topics[0].topic, "events");
}

#[test]
fn a_leader_that_moved_is_followed() {
    let mut model = Model::start(&[1, 2]);
    let mut reader = opened(&mut model, ReaderSpec { partition: Some(0), ..spec(Offset::Exact(0)) });
    let mut asked = model.asked();
    model.leaders = vec![2, 2];
    while asked.broker == 1 {
        brings(&mut model, &asked, vec![failing(0, ErrorCode::NOT_LEADER_OR_FOLLOWER)]);
        model.waits_for_something();
        asked = model.asked();
    }
    assert_eq!(wants(&asked), [(0, 0)]);
    brings(&mut model, &asked, vec![data(0, &batch(0, 1))]);
    assert_eq!(span(&mut reader), (0, 0, 1));
}

#[test]
fn a_broken_connection_costs_a_wait_and_nothing_else() {
    let mut model = Model::start(&[1]);
    let mut reader = opened(&mut model, spec(Offset::Exact(0)));
    let asked = model.asked();
    model.breaks(&asked);
    assert!(model.is_quiet());
    model.waits_for_something();
    let asked = model.asked();
    assert_eq!(wants(&asked), [(0, 0)]);
    brings(&mut model, &asked, vec![data(0, &batch(0, 1))]);
    assert_eq!(span(&mut reader), (0, 0, 1));
}

#[test]
fn a_response_that_makes_no_sense_costs_a_wait_and_never_a_hot_loop() {
    let mut model = Model::start(&[1]);
    let _reader = opened(&mut model, spec(Offset::Exact(0)));
    let mut last = model.now.mono;
    for _ in 0..5 {
        let asked = model.asked();
        model.babbles(&asked);
        assert!(model.is_quiet());
        model.waits_for_something();
        assert!(model.now.mono > last);
        last = model.now.mono;
    }
}

#[test]
fn out_of_range_is_told_once_behind_what_is_buffered_and_stops_that_partition_only() {
    let mut model = Model::start(&[1, 1]);
    let mut reader = opened(&mut model, spec(Offset::Exact(5)));
    let asked = model.asked();
    brings(&mut model, &asked, vec![data(0, &batch(5, 1)), data(1, &[])]);
    let asked = model.asked();
    brings(&mut model, &asked, vec![failing(0, ErrorCode::OFFSET_OUT_OF_RANGE), data(1, &batch(5, 1))]);

    assert_eq!(span(&mut reader), (0, 5, 6));
    let out_of_range = ReadError::OutOfRange { topic: "events".into(), partition: 0, offset: 6 };
    assert_eq!(error(&mut reader), out_of_range);
    assert_eq!(span(&mut reader), (1, 5, 6));
    assert!(polls(&mut reader).is_pending());
    assert_eq!(wants(&model.asked()), [(1, 6)]);
}

#[test]
fn a_definite_refusal_stops_the_partition() {
    let mut model = Model::start(&[1]);
    let mut reader = opened(&mut model, spec(Offset::Exact(0)));
    let asked = model.asked();
    let code = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
    brings(&mut model, &asked, vec![failing(0, code)]);
    assert_eq!(error(&mut reader), ReadError::Refused { topic: "events".into(), partition: 0, code });
    assert!(model.is_quiet());
}

#[test]
fn corrupt_batches_are_fetched_again_a_few_times_and_then_believed() {
    let mut model = Model::start(&[1]);
    let mut reader = opened(&mut model, spec(Offset::Exact(0)));
    let (good, mut bad) = (batch(0, 1), batch(1, 1));
    *bad.last_mut().unwrap() ^= 1;
    let asked = model.asked();
    brings(&mut model, &asked, vec![data(0, &[&good[..], &bad[..]].concat())]);
    assert_eq!(span(&mut reader), (0, 0, 1));

    for _ in 0..3 {
        assert!(polls(&mut reader).is_pending());
        model.waits_for_something();
        let asked = model.asked();
        assert_eq!(wants(&asked), [(0, 1)]);
        brings(&mut model, &asked, vec![data(0, &bad)]);
    }
    assert!(matches!(error(&mut reader), ReadError::Corrupt { offset: 1, .. }));
    assert!(model.is_quiet());
}

#[test]
fn a_message_that_is_larger_than_asked_for_is_asked_for_in_full_where_brokers_cut_it() {
    let mut model = Model::with_newest(&[1], 2);
    let fetch = FetchConfig { partition_bytes: 60, buffer_bytes: 1 << 20, ..FetchConfig::default() };
    let mut reader = opened(&mut model, ReaderSpec { fetch, ..spec(Offset::Exact(0)) });
    let whole = batch(0, 10);
    loop {
        let asked = model.asked();
        let most = asked.read::<FetchRequest<'_>>().topics[0].partitions[0].partition_max_bytes as usize;
        brings(&mut model, &asked, vec![data(0, &whole[..whole.len().min(most)])]);
        if most >= whole.len() {
            break;
        }
    }
    assert_eq!(span(&mut reader), (0, 0, 10));
}

#[test]
fn what_was_not_asked_or_is_said_twice_is_not_listened_to() {
    let mut model = Model::start(&[1, 2]);
    let mut reader = opened(&mut model, spec(Offset::Exact(0)));
    let (first, _second) = (model.asked(), model.asked());
    let (records, later) = (batch(0, 1), batch(1, 1));
    let partitions = vec![data(0, &records), data(0, &later), data(1, &records), data(9, &records)];
    brings(&mut model, &first, partitions);
    assert_eq!(span(&mut reader), (0, 0, 1));
    assert!(polls(&mut reader).is_pending());
}

#[test]
fn a_partition_that_the_response_leaves_out_is_asked_for_again_later() {
    let mut model = Model::start(&[1, 1]);
    let _reader = opened(&mut model, spec(Offset::Exact(0)));
    let asked = model.asked();
    brings(&mut model, &asked, vec![data(0, &batch(0, 1))]);
    let asked = model.asked();
    assert_eq!(wants(&asked), [(0, 1)]);
    model.waits();
    brings(&mut model, &asked, vec![data(0, &[])]);
    assert_eq!(wants(&model.asked()), [(1, 0), (0, 1)]);
}

#[test]
fn partitions_that_are_added_later_are_read_from_their_start() {
    let mut model = Model::start(&[1]);
    model.brokers = 2;
    let _reader = opened(&mut model, spec(Offset::Exact(50)));
    let asked = model.asked();

    model.leaders = vec![1, 2];
    brings(&mut model, &asked, vec![failing(0, ErrorCode::NOT_LEADER_OR_FOLLOWER)]);
    let from_second = |model: &mut Model| loop {
        model.waits_for_something();
        let asked = model.asked();
        if asked.broker == 2 {
            return asked;
        }
    };
    let asked = from_second(&mut model);
    assert_eq!(seeks(&asked), [(1, -2)]);
    lists(&mut model, &asked, &[(1, 0)]);
    assert_eq!(wants(&from_second(&mut model)), [(1, 0)]);
}

#[test]
fn memory_that_is_full_holds_fetches_back_until_some_is_given_back() {
    let mut model = Model::start(&[1]);
    let records = batch(0, 500);
    let fetch =
        FetchConfig { buffer_bytes: records.len() + 4_000, response_bytes: 3_000, ..FetchConfig::default() };
    let mut reader = opened(&mut model, ReaderSpec { fetch, ..spec(Offset::Exact(0)) });
    let asked = model.asked();
    model.sends_until_paused::<FetchRequest<'_>>(&asked, &fetched(vec![data(0, &records)]));
    assert!(model.is_quiet(), "nothing fits beside what is buffered");
    assert!(reader.held_bytes() >= records.len());

    assert_eq!(span(&mut reader), (0, 0, 500));
    assert!(polls(&mut reader).is_pending());
    assert!(model.rings());
    assert_eq!(wants(&model.asked()), [(0, 500)]);
}

#[test]
fn an_application_that_keeps_everything_still_gets_one_more_response_when_it_waits() {
    let mut model = Model::start(&[1]);
    let fetch = FetchConfig { buffer_bytes: 100, ..FetchConfig::default() };
    let mut reader = opened(&mut model, ReaderSpec { fetch, ..spec(Offset::Exact(0)) });
    assert!(model.is_quiet(), "no response fits");
    let mut kept = Vec::new();
    for offset in 0..5 {
        assert!(polls(&mut reader).is_pending());
        assert!(model.rings());
        let asked = model.asked();
        brings(&mut model, &asked, vec![data(0, &batch(offset, 1))]);
        assert!(model.is_quiet());
        let Poll::Ready(Some(Ok(chunk))) = polls(&mut reader) else { panic!("nothing came") };
        kept.push(chunk);
    }
    assert!(reader.held_bytes() > 100);
}

#[test]
fn a_response_that_is_longer_than_was_asked_is_read_when_there_is_room_or_nothing_else() {
    let mut model = Model::start(&[1]);
    let fetch = FetchConfig { buffer_bytes: 6_000, response_bytes: 100, ..FetchConfig::default() };
    let mut reader = opened(&mut model, ReaderSpec { fetch, ..spec(Offset::Exact(0)) });
    let large = batch(0, 3_000);
    assert!(large.len() > 16 << 10);
    let asked = model.asked();
    let rest = model.sends_until_paused::<FetchRequest<'_>>(&asked, &fetched(vec![data(0, &large)]));
    assert!(!rest.is_empty(), "there is no room");

    assert!(polls(&mut reader).is_pending());
    assert!(model.rings());
    model.sends_rest(&asked, &rest);
    assert_eq!(span(&mut reader), (0, 0, 3_000));
}

#[test]
fn a_reader_that_is_dropped_is_forgotten() {
    let mut model = Model::start(&[1]);
    let reader = opened(&mut model, spec(Offset::Exact(0)));
    let asked = model.asked();
    drop(reader);
    assert!(model.rings());
    brings(&mut model, &asked, vec![data(0, &batch(0, 1))]);
    assert!(model.is_quiet());
}

#[test]
fn after_close_the_stream_ends() {
    let mut model = Model::start(&[1]);
    let mut reader = opened(&mut model, spec(Offset::Exact(0)));
    let asked = model.asked();
    brings(&mut model, &asked, vec![data(0, &batch(0, 1))]);
    model.command(Command::OpenReader(spec(Offset::Earliest)));
    model.command(Command::Close);
    assert!(matches!(polls(&mut reader), Poll::Ready(None)));
    assert!(matches!(polls(&mut reader), Poll::Ready(None)));
}

#[test]
fn several_readers_share_the_wait_at_a_broker() {
    let mut model = Model::start(&[1]);
    let _first = opened(&mut model, spec(Offset::Exact(0)));
    let _second = opened(&mut model, spec(Offset::Exact(0)));
    let waits = |asked: &Asked| Duration::from_millis(asked.read::<FetchRequest<'_>>().max_wait_ms as u64);
    assert_eq!(waits(&model.asked()), Duration::from_millis(500));
    assert_eq!(waits(&model.asked()), Duration::from_millis(250));
}
