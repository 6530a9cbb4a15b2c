//! What is fetched, from whom, and in which order.

use super::*;

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
fn a_topic_without_id_is_fetched_by_name() {
    let mut model = Model::start(&[1]);
    model.topic_id = samsa_proto::wire::Uuid::ZERO;
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
fn each_reader_has_a_connection_of_its_own() {
    let mut model = Model::start(&[1]);
    let _first = opened(&mut model, spec(Offset::Exact(0)));
    let _second = opened(&mut model, spec(Offset::Exact(0)));
    let (to_first, to_second) = (model.asked(), model.asked());
    assert_ne!(to_first.conn, to_second.conn);
}

#[test]
fn a_reader_that_is_dropped_is_forgotten_with_its_connection() {
    let mut model = Model::start(&[1]);
    let reader = opened(&mut model, spec(Offset::Exact(0)));
    let asked = model.asked();
    drop(reader);
    assert!(model.rings());
    assert!(model.is_gone(asked.conn));
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
