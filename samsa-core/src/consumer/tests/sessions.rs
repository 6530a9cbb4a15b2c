//! Fetch sessions, and leaders that responses name.

use super::*;
use samsa_proto::api::fetch::{LeaderIdAndEpoch, NodeEndpoint};

fn answers(model: &mut Model, asked: &Asked, session_id: i32, partitions: Vec<PartitionData<'_>>) {
    let response = FetchResponse { session_id, ..fetched(partitions) };
    model.answers::<FetchRequest<'_>>(asked, &response);
}

/// Session, epoch, what is fetched from where, what is forgotten.
fn said(asked: &Asked) -> (i32, i32, Vec<(i32, i64)>, Vec<i32>) {
    let request: FetchRequest<'_> = asked.read();
    let partitions = request.topics.iter().flat_map(|topic| &topic.partitions);
    let fetched = partitions.map(|wanted| (wanted.partition, wanted.fetch_offset)).collect();
    let forgotten = request.forgotten_topics_data.iter().flat_map(|topic| topic.partitions.clone());
    (request.session_id, request.session_epoch, fetched, forgotten.collect())
}

fn in_session() -> (Model, Reader, Asked) {
    let mut model = Model::start(&[1, 1]);
    let mut reader = opened(&mut model, spec(Offset::Exact(0)));
    let asked = model.asked();
    assert_eq!(said(&asked), (0, 0, vec![(0, 0), (1, 0)], vec![]));
    answers(&mut model, &asked, 9, vec![data(0, &batch(0, 1)), data(1, &[])]);
    assert_eq!(span(&mut reader), (0, 0, 1));
    let asked = model.asked();
    assert_eq!(said(&asked), (9, 1, vec![(0, 1)], vec![]));
    (model, reader, asked)
}

#[test]
fn what_an_answer_leaves_out_has_nothing_new_and_is_fetched_on() {
    let (mut model, mut reader, asked) = in_session();
    answers(&mut model, &asked, 9, vec![]);
    let asked = model.asked();
    assert_eq!(said(&asked), (9, 2, vec![], vec![]));
    answers(&mut model, &asked, 9, vec![data(1, &batch(0, 2))]);
    assert_eq!(span(&mut reader), (1, 0, 2));
    assert_eq!(said(&model.asked()), (9, 3, vec![(1, 2)], vec![]));
}

#[test]
fn what_is_paused_leaves_the_session_and_comes_back() {
    let (mut model, mut reader, asked) = in_session();
    reader.pause(0);
    answers(&mut model, &asked, 9, vec![]);
    let asked = model.asked();
    assert_eq!(said(&asked), (9, 2, vec![], vec![0]));
    reader.resume(0);
    assert!(model.rings());
    answers(&mut model, &asked, 9, vec![]);
    assert_eq!(said(&model.asked()), (9, 3, vec![(0, 1)], vec![]));
}

#[test]
fn a_session_that_the_broker_lost_is_begun_anew_at_once_and_then_with_waits() {
    for code in [ErrorCode::FETCH_SESSION_ID_NOT_FOUND, ErrorCode::INVALID_FETCH_SESSION_EPOCH] {
        let (mut model, mut reader, asked) = in_session();
        let lost = FetchResponse { error_code: code, ..Default::default() };
        model.answers::<FetchRequest<'_>>(&asked, &lost);
        let asked = model.asked();
        let id = if code == ErrorCode::FETCH_SESSION_ID_NOT_FOUND { 0 } else { 9 };
        assert_eq!(said(&asked), (id, 0, vec![(1, 0), (0, 1)], vec![]));
        model.answers::<FetchRequest<'_>>(&asked, &lost);
        assert!(model.is_quiet(), "no hot loop");
        model.waits_for_something();
        let asked = model.asked();
        answers(&mut model, &asked, 10, vec![data(0, &batch(1, 1)), data(1, &[])]);
        assert_eq!(span(&mut reader), (0, 1, 2));
        assert_eq!(said(&model.asked()), (10, 1, vec![(0, 2)], vec![]));
    }
}

#[test]
fn after_a_broken_connection_a_new_session_takes_the_place_of_the_old() {
    let (mut model, _reader, asked) = in_session();
    model.breaks(&asked);
    model.waits_for_something();
    let (id, epoch, fetched, forgotten) = said(&model.asked());
    assert_eq!((id, epoch, fetched.is_empty(), forgotten), (9, 0, false, vec![]));
}

#[test]
fn what_a_session_serves_though_it_was_not_asked_for_is_not_listened_to() {
    let (mut model, mut reader, asked) = in_session();
    reader.pause(0);
    answers(&mut model, &asked, 9, vec![]);
    let asked = model.asked();
    answers(&mut model, &asked, 9, vec![data(0, &batch(1, 1)), data(1, &batch(0, 1))]);
    reader.resume(0);
    assert!(model.rings());
    assert_eq!(span(&mut reader), (1, 0, 1));
    assert!(polls(&mut reader).is_pending());
    assert_eq!(reader.position(0), Some(1));
}

#[test]
fn a_reader_that_is_dropped_ends_its_session() {
    let mut model = Model::start(&[1]);
    let reader = {
        model.command(Command::OpenReader(spec(Offset::Earliest)));
        let asked = model.asked();
        lists(&mut model, &asked, &[(0, 0)]);
        let Reply::OpenReader(Ok(reader)) = model.reply() else { panic!("no reader") };
        reader
    };
    let asked = model.asked();
    answers(&mut model, &asked, 9, vec![data(0, &[])]);
    let long_poll = model.asked();
    drop(reader);
    assert!(model.rings());
    assert!(model.is_gone(long_poll.conn));
    let farewell = model.asked();
    assert_eq!(said(&farewell), (9, -1, vec![], vec![]));
    answers(&mut model, &farewell, 0, vec![]);
    assert!(model.is_quiet());
}

#[test]
fn a_leader_that_a_response_names_is_asked_at_once() {
    let mut model = Model::start(&[1, 2]);
    let mut reader = opened(&mut model, ReaderSpec { partition: Some(0), ..spec(Offset::Exact(0)) });
    let asked = model.asked();
    let current_leader = LeaderIdAndEpoch { leader_id: 2, leader_epoch: 6, ..Default::default() };
    let moved = PartitionData { current_leader, ..failing(0, ErrorCode::NOT_LEADER_OR_FOLLOWER) };
    brings(&mut model, &asked, vec![moved]);
    let asked = model.asked();
    assert_eq!((asked.broker, wants(&asked)), (2, vec![(0, 0)]));
    assert_eq!(asked.read::<FetchRequest<'_>>().topics[0].partitions[0].current_leader_epoch, 6);

    model.waits();
    brings(&mut model, &asked, vec![data(0, &batch(0, 1))]);
    assert_eq!(span(&mut reader), (0, 0, 1));
    assert_eq!(model.asked().broker, 2, "metadata that is older takes nothing back");
}

#[test]
fn a_leader_that_is_not_known_is_reached_at_the_address_that_comes_with_it() {
    let mut model = Model::start(&[1]);
    let _reader = opened(&mut model, spec(Offset::Exact(0)));
    let asked = model.asked();
    let current_leader = LeaderIdAndEpoch { leader_id: 3, leader_epoch: 6, ..Default::default() };
    let moved = PartitionData { current_leader, ..failing(0, ErrorCode::NOT_LEADER_OR_FOLLOWER) };
    let endpoint = NodeEndpoint { node_id: 3, host: "127.0.0.1", port: 9_003, ..Default::default() };
    let response = FetchResponse { node_endpoints: vec![endpoint], ..fetched(vec![moved]) };
    model.answers::<FetchRequest<'_>>(&asked, &response);
    assert_eq!(model.asked().broker, 3);
}

#[test]
fn brokers_that_name_each_other_for_ever_cost_waits() {
    let mut model = Model::start(&[1, 2]);
    let _reader = opened(&mut model, ReaderSpec { partition: Some(0), ..spec(Offset::Exact(0)) });
    let mut asked = model.asked();
    let start = model.now.mono;
    for leader_epoch in 6..20 {
        let leader_id = 3 - asked.broker;
        let current_leader = LeaderIdAndEpoch { leader_id, leader_epoch, ..Default::default() };
        let moved = PartitionData { current_leader, ..failing(0, ErrorCode::NOT_LEADER_OR_FOLLOWER) };
        brings(&mut model, &asked, vec![moved]);
        model.waits_for_something();
        asked = model.asked();
    }
    assert!(model.now.mono > start);
}
