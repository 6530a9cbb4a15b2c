//! After a change of leaders.

use super::*;
use crate::consumer::tests::more::warnings;
use crate::consumer::tests::script::in_leader_epoch;
use samsa_proto::api::fetch::EpochEndOffset as Diverging;
use samsa_proto::api::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetForLeaderTopicResult,
};

/// A reader that has read offsets 0 and 1, of leader epoch 4, and sees a leader of epoch 6 now: its question.
fn in_doubt(fetch: FetchConfig) -> (Model, Reader, Asked) {
    let (mut model, reader, asked) = has_read(fetch);
    model.leader_epoch = 6;
    let asked = fenced(&mut model, asked);
    (model, reader, asked)
}

/// A reader that has read offsets 0 and 1, of leader epoch 4, and fetches on.
fn has_read(fetch: FetchConfig) -> (Model, Reader, Asked) {
    let mut model = Model::start(&[1]);
    let mut reader = opened(&mut model, ReaderSpec { fetch, ..spec(Offset::Exact(0)) });
    let asked = model.asked();
    brings(&mut model, &asked, vec![data(0, &in_leader_epoch(batch(0, 2), 4))]);
    assert_eq!(span(&mut reader), (0, 0, 2));
    let asked = model.asked();
    assert_eq!(asked.read::<FetchRequest<'_>>().topics[0].partitions[0].last_fetched_epoch, 4);
    (model, reader, asked)
}

/// Refuses fetches until something else is asked.
fn fenced(model: &mut Model, asked: Asked) -> Asked {
    refused_until(model, asked, |asked| !asked.is::<FetchRequest<'_>>())
}

fn refused_until(model: &mut Model, mut asked: Asked, wanted: impl Fn(&Asked) -> bool) -> Asked {
    for _ in 0..20 {
        if wanted(&asked) {
            return asked;
        }
        brings(model, &asked, vec![failing(0, ErrorCode::FENCED_LEADER_EPOCH)]);
        asked = next(model);
    }
    panic!("it is not asked");
}

fn next(model: &mut Model) -> Asked {
    model.waits_for_something();
    model.asked()
}

fn question(asked: &Asked) -> (i32, i32) {
    let request: OffsetForLeaderEpochRequest<'_> = asked.read();
    assert_eq!(request.replica_id, -1);
    let partition = &request.topics[0].partitions[0];
    (partition.current_leader_epoch, partition.leader_epoch)
}

fn ends(model: &mut Model, asked: &Asked, error_code: ErrorCode, leader_epoch: i32, end_offset: i64) {
    let partitions = vec![EpochEndOffset { error_code, leader_epoch, end_offset, ..Default::default() }];
    let topic = OffsetForLeaderTopicResult { topic: "events", partitions, ..Default::default() };
    let response = OffsetForLeaderEpochResponse { topics: vec![topic], ..Default::default() };
    model.answers::<OffsetForLeaderEpochRequest<'_>>(asked, &response);
}

fn current_epoch(asked: &Asked) -> i32 {
    asked.read::<FetchRequest<'_>>().topics[0].partitions[0].current_leader_epoch
}

fn truncated(from: i64) -> ReadError {
    ReadError::Truncated { topic: "events".into(), partition: 0, offset: 2, from }
}

#[test]
fn a_new_leader_is_asked_also_behind_an_answer_without_epochs() {
    let (mut model, _reader, asked) = has_read(FetchConfig::default());
    model.leader_epoch = -1;
    let asked = refused_until(&mut model, asked, |asked| current_epoch(asked) == -1);
    model.leader_epoch = 6;
    let asked = fenced(&mut model, asked);
    assert_eq!(question(&asked), (6, 4));
}

#[test]
fn a_new_leader_is_asked_whether_it_has_what_was_read_before_it_is_fetched_from() {
    let (mut model, mut reader, asked) = in_doubt(FetchConfig::default());
    assert_eq!(question(&asked), (6, 4));
    assert!(model.is_quiet());
    ends(&mut model, &asked, ErrorCode::NONE, 4, 3);
    let asked = model.asked();
    assert_eq!(wants(&asked), [(0, 2)]);
    brings(&mut model, &asked, vec![data(0, &in_leader_epoch(batch(2, 1), 6))]);
    assert_eq!(span(&mut reader), (0, 2, 3));
}

#[test]
fn what_the_new_leader_lacks_is_told_and_the_partition_stops() {
    for (epoch, end, from) in [(4, 1, 1), (3, 1, 1), (3, 9, 2)] {
        let (mut model, mut reader, asked) = in_doubt(FetchConfig::default());
        ends(&mut model, &asked, ErrorCode::NONE, epoch, end);
        assert_eq!(error(&mut reader), truncated(from), "epoch {epoch} ends at {end}");
        assert!(model.is_quiet());
    }
}

#[test]
fn with_a_reset_reading_goes_on_where_the_log_was_cut_and_that_is_told() {
    let fetch = FetchConfig { reset: Some(Offset::Latest), ..FetchConfig::default() };
    let (mut model, mut reader, asked) = in_doubt(fetch);
    ends(&mut model, &asked, ErrorCode::NONE, 4, 1);
    let [Event::PositionReset { to: Offset::Exact(1), error, .. }] = &model.events()[..] else {
        panic!("nothing is told")
    };
    assert_eq!(*error, truncated(1));
    let asked = next(&mut model);
    assert_eq!(wants(&asked), [(0, 1)]);
    let fetch: FetchRequest<'_> = asked.read();
    assert_eq!(fetch.topics[0].partitions[0].last_fetched_epoch, 4, "the log may be cut back again");
    brings(&mut model, &asked, vec![data(0, &in_leader_epoch(batch(1, 1), 6))]);
    assert_eq!(span(&mut reader), (0, 1, 2));
}

#[test]
fn a_leader_that_knows_nothing_of_the_epoch_proves_nothing() {
    let (mut model, mut reader, asked) = in_doubt(FetchConfig::default());
    ends(&mut model, &asked, ErrorCode::NONE, -1, -1);
    assert_eq!(wants(&model.asked()), [(0, 2)]);
    assert!(polls(&mut reader).is_pending());
}

#[test]
fn trouble_while_asking_costs_a_wait_and_never_the_position() {
    let (mut model, mut reader, asked) = in_doubt(FetchConfig::default());
    model.breaks(&asked);
    assert!(model.is_quiet());
    let asked = next(&mut model);
    assert_eq!(question(&asked), (6, 4));
    ends(&mut model, &asked, ErrorCode::NOT_LEADER_OR_FOLLOWER, -1, -1);
    let mut last = model.now.mono;
    for _ in 0..3 {
        let asked = next(&mut model);
        assert!(model.now.mono > last, "no hot loop");
        last = model.now.mono;
        assert_eq!(question(&asked), (6, 4));
        ends(&mut model, &asked, ErrorCode::UNKNOWN_LEADER_EPOCH, -1, -1);
    }
    let asked = next(&mut model);
    ends(&mut model, &asked, ErrorCode::NONE, 4, 2);
    assert_eq!(wants(&model.asked()), [(0, 2)]);
    assert!(polls(&mut reader).is_pending());
}

#[test]
fn brokers_that_cannot_be_asked_are_believed() {
    let mut model = Model::with_newest(&[1], 11);
    let mut reader = opened(&mut model, spec(Offset::Exact(0)));
    let asked = model.asked();
    brings(&mut model, &asked, vec![data(0, &in_leader_epoch(batch(0, 2), 4))]);
    assert_eq!(span(&mut reader), (0, 0, 2));
    let asked = model.asked();
    assert_eq!(asked.read::<FetchRequest<'_>>().topics[0].partitions[0].last_fetched_epoch, -1);

    let mut old = Model::with_newest(&[1], 2);
    let mut reader = opened(&mut old, spec(Offset::Exact(0)));
    let asked = old.asked();
    brings(&mut old, &asked, vec![data(0, &in_leader_epoch(batch(0, 2), 4))]);
    assert_eq!(span(&mut reader), (0, 0, 2));
    let asked = old.asked();
    old.leader_epoch = 6;
    brings(&mut old, &asked, vec![failing(0, ErrorCode::NOT_LEADER_OR_FOLLOWER)]);
    assert_eq!(wants(&next(&mut old)), [(0, 2)]);
}

/// A reader that has read offsets 0 and 1, and was told by whom it fetches from that its log ends at 1: its question.
fn told_to_part() -> (Model, Reader, Asked) {
    let (mut model, mut reader, asked) = in_doubt(FetchConfig::default());
    ends(&mut model, &asked, ErrorCode::NONE, 4, 2);
    let asked = model.asked();
    let diverging_epoch = Diverging { epoch: 4, end_offset: 1, ..Default::default() };
    brings(&mut model, &asked, vec![PartitionData { diverging_epoch, ..data(0, &[]) }]);
    assert!(polls(&mut reader).is_pending());
    let asked = next(&mut model);
    assert_eq!(question(&asked), (6, 4));
    (model, reader, asked)
}

#[test]
fn when_a_response_says_that_the_log_parts_from_what_was_read_the_leader_is_asked_whether_it_does() {
    let (mut model, mut reader, asked) = told_to_part();
    ends(&mut model, &asked, ErrorCode::NONE, 3, 1);
    assert_eq!(error(&mut reader), truncated(1));
}

/// Brokers that swap their addresses: the one that lags is where the leader was.
#[test]
fn a_follower_that_lags_and_passes_for_the_leader_costs_a_wait_and_never_the_position() {
    let (mut model, mut reader, asked) = told_to_part();
    ends(&mut model, &asked, ErrorCode::NOT_LEADER_OR_FOLLOWER, -1, -1);
    assert!(model.is_quiet(), "no hot loop");
    let asked = next(&mut model);
    assert_eq!(question(&asked), (6, 4));
    ends(&mut model, &asked, ErrorCode::NONE, 4, 3);
    let asked = model.asked();
    assert_eq!(wants(&asked), [(0, 2)]);
    brings(&mut model, &asked, vec![data(0, &in_leader_epoch(batch(2, 1), 6))]);
    assert_eq!(span(&mut reader), (0, 2, 3));
}

#[test]
fn out_of_range_for_an_epoch_that_the_broker_does_not_know_is_asked_again_without_it() {
    let (mut model, mut reader, asked) = in_doubt(FetchConfig::default());
    ends(&mut model, &asked, ErrorCode::NONE, 4, 2);
    let asked = model.asked();
    brings(&mut model, &asked, vec![failing(0, ErrorCode::OFFSET_OUT_OF_RANGE)]);
    let asked = model.asked();
    assert_eq!(asked.read::<FetchRequest<'_>>().topics[0].partitions[0].last_fetched_epoch, -1);
    brings(&mut model, &asked, vec![failing(0, ErrorCode::OFFSET_OUT_OF_RANGE)]);
    assert!(matches!(error(&mut reader), ReadError::OutOfRange { offset: 2, .. }));
}

#[test]
fn what_the_application_has_not_taken_yet_of_a_log_that_was_cut_is_fetched_again_and_nothing_is_told() {
    let mut model = Model::start(&[1]);
    let mut reader = opened(&mut model, spec(Offset::Exact(0)));
    let asked = model.asked();
    brings(&mut model, &asked, vec![data(0, &in_leader_epoch(batch(0, 2), 4))]);
    let asked = model.asked();
    brings(&mut model, &asked, vec![data(0, &in_leader_epoch(batch(2, 2), 4))]);
    assert_eq!(span(&mut reader), (0, 0, 2));
    let asked = model.asked();
    model.leader_epoch = 6;
    let asked = fenced(&mut model, asked);
    ends(&mut model, &asked, ErrorCode::NONE, 4, 3);
    assert!(polls(&mut reader).is_pending(), "what is lost is not handed out");
    let asked = model.asked();
    assert_eq!(wants(&asked), [(0, 2)]);
    brings(&mut model, &asked, vec![data(0, &in_leader_epoch(batch(2, 1), 4))]);
    assert_eq!(span(&mut reader), (0, 2, 3));
}

#[test]
fn a_divergence_that_is_none_costs_a_wait() {
    let mut model = Model::start(&[1]);
    let mut reader = opened(&mut model, spec(Offset::Exact(5)));
    let asked = model.asked();
    let diverging_epoch = Diverging { epoch: 9, end_offset: 70, ..Default::default() };
    brings(&mut model, &asked, vec![PartitionData { diverging_epoch, ..data(0, &[]) }]);
    assert!(model.is_quiet() && polls(&mut reader).is_pending());
    model.waits_for_something();
    assert_eq!(wants(&model.asked()), [(0, 5)]);
}

#[test]
fn a_leader_that_cannot_be_asked_is_believed_and_gets_no_second_fetch_beside_the_first() {
    let mut model = Model::with_versions(&[2, 1], i16::MAX, 2);
    let mut reader = opened(&mut model, spec(Offset::Exact(0)));
    let mut asked = [model.asked(), model.asked()];
    asked.sort_by_key(|asked| wants(asked)[0].0);
    let [moving, staying] = asked;
    brings(&mut model, &moving, vec![data(0, &in_leader_epoch(batch(0, 2), 4))]);
    assert_eq!(span(&mut reader), (0, 0, 2));
    (model.leaders, model.leader_epoch) = (vec![1, 1], 6);
    let mut asked_of = Vec::new();
    let soon = crate::Instant::from_micros(5_000_000);
    while model.engine.deadline().is_some_and(|deadline| deadline.at < soon) {
        while !model.is_quiet() {
            let asked = model.asked();
            asked_of.push(asked.broker);
            brings(&mut model, &asked, vec![failing(0, ErrorCode::NOT_LEADER_OR_FOLLOWER)]);
        }
        model.waits();
    }
    assert!(asked_of.iter().all(|broker| *broker == 2), "broker 1 is busy with a fetch: {asked_of:?}");

    brings(&mut model, &staying, vec![data(1, b"")]);
    let next = model.asked();
    assert!(wants(&next).contains(&(0, 2)), "{:?}", wants(&next));
}

/// A reader from the end at offset 12, listed by a leader of epoch 4, that has read nothing and sees one of epoch 6: its
/// question.
fn idle_in_doubt() -> (Model, Reader, Asked) {
    let mut model = Model::start(&[1]);
    model.command(Command::OpenReader(spec(Offset::Latest)));
    let asked = model.asked();
    let listed = ListOffsetsPartitionResponse { offset: 12, leader_epoch: 4, ..Default::default() };
    lists_all(&mut model, &asked, vec![listed]);
    let Reply::OpenReader(Ok(reader)) = model.reply() else { panic!("it is not opened") };
    let asked = model.asked();
    assert_eq!(asked.read::<FetchRequest<'_>>().topics[0].partitions[0].last_fetched_epoch, -1);
    model.leader_epoch = 6;
    let asked = fenced(&mut model, asked);
    assert_eq!(question(&asked), (6, 4));
    (model, reader, asked)
}

#[test]
fn an_epoch_in_which_nothing_was_written_is_missed_by_nobody_who_has_read_nothing() {
    let (mut model, mut reader, asked) = idle_in_doubt();
    ends(&mut model, &asked, ErrorCode::NONE, 3, 12);
    let asked = model.asked();
    assert_eq!(wants(&asked), [(0, 12)]);
    brings(&mut model, &asked, vec![data(0, &in_leader_epoch(batch(12, 1), 6))]);
    assert_eq!(span(&mut reader), (0, 12, 13));
    let asked = model.asked();
    assert_eq!(asked.read::<FetchRequest<'_>>().topics[0].partitions[0].last_fetched_epoch, 6);
}

#[test]
fn a_log_that_ends_before_a_listed_end_was_cut() {
    let (mut model, mut reader, asked) = idle_in_doubt();
    ends(&mut model, &asked, ErrorCode::NONE, 3, 11);
    assert!(matches!(error(&mut reader), ReadError::Truncated { offset: 12, from: 11, .. }));
}

#[test]
fn where_epochs_end_in_more_than_was_asked_for_is_told_of() {
    let told = |numbers: &[i32]| {
        let (mut model, _reader, asked) = in_doubt(FetchConfig::default());
        let ends = |partition: &i32| EpochEndOffset {
            partition: *partition,
            leader_epoch: 4,
            end_offset: 2,
            ..Default::default()
        };
        let partitions = numbers.iter().map(ends).collect();
        let topic = OffsetForLeaderTopicResult { topic: "events", partitions, ..Default::default() };
        let response = OffsetForLeaderEpochResponse { topics: vec![topic], ..Default::default() };
        warnings(|| model.answers::<OffsetForLeaderEpochRequest<'_>>(&asked, &response))
    };
    assert_eq!([&[0][..], &[0, 0], &[0, 1]].map(told), [0, 1, 1]);
}
