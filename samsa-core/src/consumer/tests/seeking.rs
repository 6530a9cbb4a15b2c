//! Positions, pauses and seeks.

use super::*;
use crate::consumer::progress::Progress;
use crate::consumer::tests::script::in_leader_epoch;

fn seeks_to(model: &mut Model, reader: &Reader, to: Offset) {
    let command = Command::Seek { reader: reader.id(), partition: 0, to };
    model.command(command);
}

fn sought(model: &mut Model) -> Result<(), ReadError> {
    match model.reply() {
        Reply::Seek(result) => result,
        other => panic!("{other:?}"),
    }
}

#[test]
fn after_a_seek_nothing_comes_that_was_fetched_before() {
    let mut model = Model::start(&[1]);
    let mut reader = opened(&mut model, spec(Offset::Exact(0)));
    let asked = model.asked();
    brings(&mut model, &asked, vec![data(0, &[batch(0, 1), batch(1, 1)].concat())]);
    assert_eq!(span(&mut reader), (0, 0, 1));
    let late = model.asked();

    seeks_to(&mut model, &reader, Offset::Exact(40));
    assert_eq!(sought(&mut model), Ok(()));
    assert_eq!(reader.position(0), Some(40));
    assert!(polls(&mut reader).is_pending(), "what is buffered is gone");
    brings(&mut model, &late, vec![data(0, &batch(2, 1))]);
    assert!(polls(&mut reader).is_pending(), "what arrives late is not listened to");

    let asked = model.asked();
    assert_eq!(wants(&asked), [(0, 40)]);
    brings(&mut model, &asked, vec![data(0, &batch(40, 1))]);
    assert_eq!(span(&mut reader), (0, 40, 41));
}

#[test]
fn a_seek_to_a_time_is_answered_when_the_leader_has_said_where_that_is() {
    let mut model = Model::start(&[1]);
    let reader = opened(&mut model, spec(Offset::Exact(0)));
    let fetch = model.asked();
    seeks_to(&mut model, &reader, Offset::At(UnixMillis(77)));
    assert!(!model.has_replied());
    assert_eq!(reader.position(0), None);
    let asked = model.asked();
    assert_eq!(seeks(&asked), [(0, 77)]);
    lists(&mut model, &asked, &[(0, 30)]);
    assert_eq!(sought(&mut model), Ok(()));
    assert_eq!(reader.position(0), Some(30));
    brings(&mut model, &fetch, vec![data(0, &batch(0, 1))]);
    assert_eq!(wants(&model.asked()), [(0, 30)]);
}

#[test]
fn a_partition_that_had_stopped_is_read_again_after_a_seek() {
    let mut model = Model::start(&[1]);
    let mut reader = opened(&mut model, spec(Offset::Exact(9)));
    let asked = model.asked();
    brings(&mut model, &asked, vec![failing(0, ErrorCode::OFFSET_OUT_OF_RANGE)]);
    assert!(matches!(error(&mut reader), ReadError::OutOfRange { offset: 9, .. }));
    assert!(matches!(polls(&mut reader), Poll::Ready(None)));

    seeks_to(&mut model, &reader, Offset::Earliest);
    let asked = model.asked();
    lists(&mut model, &asked, &[(0, 3)]);
    assert_eq!(sought(&mut model), Ok(()));
    let asked = model.asked();
    assert_eq!(wants(&asked), [(0, 3)]);
    brings(&mut model, &asked, vec![data(0, &batch(3, 1))]);
    assert_eq!(span(&mut reader), (0, 3, 4));
}

#[test]
fn a_seek_that_cannot_be_says_why() {
    let mut model = Model::start(&[1]);
    let reader = opened(&mut model, spec(Offset::Exact(0)));
    let _fetch = model.asked();
    model.command(Command::Seek { reader: reader.id(), partition: 4, to: Offset::Earliest });
    let unknown = ReadError::UnknownPartition { topic: "events".into(), partition: 4 };
    assert_eq!(sought(&mut model), Err(unknown));

    seeks_to(&mut model, &reader, Offset::Earliest);
    let asked = model.asked();
    let code = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
    let refused = ListOffsetsPartitionResponse { error_code: code, ..Default::default() };
    lists_all(&mut model, &asked, vec![refused]);
    let refused = ReadError::Refused { topic: "events".into(), partition: 0, code };
    assert_eq!(sought(&mut model), Err(refused));

    seeks_to(&mut model, &reader, Offset::Earliest);
    let _unanswered = model.asked();
    while !model.has_replied() {
        model.waits();
    }
    assert!(matches!(sought(&mut model), Err(ReadError::TimedOut { .. })));
}

#[test]
fn what_was_asked_to_be_out_of_range_goes_on_where_the_application_wants_and_is_told() {
    let mut model = Model::start(&[1]);
    let fetch = FetchConfig { reset: Some(Offset::Earliest), ..FetchConfig::default() };
    let mut reader = opened(&mut model, ReaderSpec { fetch, ..spec(Offset::Exact(9)) });
    let asked = model.asked();
    brings(&mut model, &asked, vec![failing(0, ErrorCode::OFFSET_OUT_OF_RANGE)]);
    let told = model.events();
    assert!(matches!(
        &told[..],
        [Event::PositionReset {
            partition: 0,
            to: Offset::Earliest,
            error: ReadError::OutOfRange { .. },
            ..
        }]
    ));
    model.waits_for_something();
    let asked = model.asked();
    lists(&mut model, &asked, &[(0, 20)]);
    assert!(polls(&mut reader).is_pending());
    assert_eq!(reader.position(0), Some(20));
    assert_eq!(wants(&model.asked()), [(0, 20)]);
}

#[test]
fn what_is_done_of_a_lost_position_is_done_up_to_where_it_is_read_on_once_nothing_is_left_of_it() {
    let mut model = Model::start(&[1]);
    let fetch = FetchConfig { reset: Some(Offset::Earliest), ..FetchConfig::default() };
    let mut reader = opened(&mut model, ReaderSpec { fetch, ..spec(Offset::Exact(100)) });
    let source = reader.source(0).unwrap();
    let done = || source.done(false).map(|done| done.offset);
    let asked = model.asked();
    brings(&mut model, &asked, vec![data(0, &batch(100, 2))]);
    let asked = model.asked();
    brings(&mut model, &asked, vec![failing(0, ErrorCode::OFFSET_OUT_OF_RANGE)]);
    model.waits_for_something();
    let asked = model.asked();
    lists(&mut model, &asked, &[(0, 7)]);
    assert_eq!(done(), Some(100), "there is more");

    assert_eq!(span(&mut reader), (0, 100, 102));
    assert_eq!(done(), Some(100), "that is in hand");
    let old = source.turn() - 1;
    Progress::new(&source, old).done();
    assert_eq!(done(), Some(7));
    let asked = model.asked();
    assert_eq!(wants(&asked), [(0, 7)]);
    brings(&mut model, &asked, vec![failing(0, ErrorCode::OFFSET_OUT_OF_RANGE)]);
    model.waits_for_something();
    assert_eq!(done(), Some(102), "it is sought again");
    let asked = model.asked();
    lists(&mut model, &asked, &[(0, 3)]);
    assert_eq!(done(), Some(3));
}

#[test]
fn a_paused_partition_is_not_fetched_and_what_is_there_waits() {
    let mut model = Model::start(&[1, 1]);
    let mut reader = opened(&mut model, spec(Offset::Exact(0)));
    let asked = model.asked();
    brings(&mut model, &asked, vec![data(0, &batch(0, 1)), data(1, &batch(0, 1))]);
    reader.pause(0);
    assert_eq!(span(&mut reader), (1, 0, 1));
    assert!(polls(&mut reader).is_pending());
    let asked = model.asked();
    brings(&mut model, &asked, vec![data(0, &batch(1, 1)), data(1, &[])]);
    assert!(polls(&mut reader).is_pending(), "what was under way waits, too");
    let asked = model.asked();
    assert_eq!(wants(&asked), [(1, 1)]);

    reader.resume(0);
    assert!(model.rings());
    assert_eq!((span(&mut reader), span(&mut reader)), ((0, 0, 1), (0, 1, 2)));
    brings(&mut model, &asked, vec![data(1, &[])]);
    assert_eq!(wants(&model.asked()), [(1, 1), (0, 2)]);
}

#[test]
fn what_is_kept_for_a_paused_partition_is_given_up_when_others_need_the_room() {
    let mut model = Model::start(&[1, 1]);
    let records = batch(0, 500);
    let fetch =
        FetchConfig { buffer_bytes: records.len() + 2_000, response_bytes: 1_000, ..FetchConfig::default() };
    let mut reader = opened(&mut model, ReaderSpec { fetch, ..spec(Offset::Exact(0)) });
    let asked = model.asked();
    reader.pause(0);
    brings(&mut model, &asked, vec![data(0, &records), data(1, &[])]);
    assert_eq!(wants(&model.asked()), [(1, 0)], "the other one is fetched");
    assert_eq!(reader.held_bytes(), 0);

    reader.resume(0);
    assert!(model.rings());
    assert_eq!(reader.position(0), Some(0));
}

#[test]
fn what_is_kept_for_a_paused_partition_that_lost_its_position_comes_first_and_does_not_take_it_back() {
    let mut model = Model::start(&[1, 1]);
    let records = batch(60, 500);
    let fetch = FetchConfig {
        buffer_bytes: records.len() + 4_000,
        response_bytes: 1_000,
        reset: Some(Offset::Latest),
        ..FetchConfig::default()
    };
    let mut reader = opened(&mut model, ReaderSpec { fetch, ..spec(Offset::Exact(60)) });
    let asked = model.asked();
    brings(&mut model, &asked, vec![data(0, &records), data(1, &[])]);
    let asked = model.asked();
    reader.pause(0);
    assert!(polls(&mut reader).is_pending());
    brings(&mut model, &asked, vec![failing(0, ErrorCode::OFFSET_OUT_OF_RANGE), data(1, &batch(60, 150))]);
    model.waits_for_something();
    let asked = model.asked();
    lists(&mut model, &asked, &[(0, 1_000)]);
    assert!(model.is_quiet(), "there is no room for the other partition");

    reader.resume(0);
    assert!(model.rings());
    assert_eq!(span(&mut reader), (0, 60, 560));
    assert!(model.rings());
    assert!(wants(&model.asked()).contains(&(0, 1_000)));
}

#[test]
fn what_is_given_up_behind_a_change_of_leaders_is_asked_for_with_the_epoch_of_what_was_read() {
    let mut model = Model::start(&[1, 1]);
    let records = [in_leader_epoch(batch(0, 2), 3), in_leader_epoch(batch(2, 500), 4)].concat();
    let fetch =
        FetchConfig { buffer_bytes: records.len() + 2_000, response_bytes: 1_000, ..FetchConfig::default() };
    let mut reader = opened(&mut model, ReaderSpec { fetch, ..spec(Offset::Exact(0)) });
    let asked = model.asked();
    brings(&mut model, &asked, vec![data(0, &records), data(1, &[])]);
    assert!(model.is_quiet(), "there is no room");
    assert_eq!(span(&mut reader), (0, 0, 2));
    reader.pause(0);
    assert!(polls(&mut reader).is_pending());
    assert!(model.rings());
    let asked = model.asked();
    assert_eq!(wants(&asked), [(1, 0)], "the other one is fetched");

    reader.resume(0);
    assert!(model.rings());
    brings(&mut model, &asked, vec![data(1, &[])]);
    let asked = model.asked();
    let request: FetchRequest<'_> = asked.read();
    let again = request.topics[0].partitions.iter().find(|asked| asked.partition == 0).unwrap();
    assert_eq!((again.fetch_offset, again.last_fetched_epoch), (2, 3));
}

#[test]
fn a_batch_that_was_begun_before_a_seek_does_not_take_the_position_back() {
    let mut model = Model::start(&[1, 1]);
    let records = [batch(0, 1), batch(1, 500)].concat();
    let fetch =
        FetchConfig { buffer_bytes: records.len() + 2_000, response_bytes: 1_000, ..FetchConfig::default() };
    let mut reader = opened(&mut model, ReaderSpec { fetch, ..spec(Offset::Exact(0)) });
    let asked = model.asked();
    brings(&mut model, &asked, vec![data(0, &records), data(1, &[])]);
    assert_eq!(span(&mut reader), (0, 0, 1));
    seeks_to(&mut model, &reader, Offset::Exact(900));
    assert_eq!(sought(&mut model), Ok(()));
    reader.pause(0);
    assert!(polls(&mut reader).is_pending());
    assert!(model.rings());
    let asked = model.asked();
    assert_eq!(wants(&asked), [(1, 0)]);

    reader.resume(0);
    assert!(model.rings());
    brings(&mut model, &asked, vec![data(1, &[])]);
    let again = model.asked();
    assert!(wants(&again).contains(&(0, 900)), "{:?}", wants(&again));
}

#[test]
fn what_ends_in_markers_or_emptied_batches_is_read_to_its_end() {
    let mut model = Model::start(&[1]);
    let mut reader = opened(&mut model, spec(Offset::Exact(0)));
    let asked = model.asked();
    let log = [batch(0, 1), script::emptied_batch(1, 4)].concat();
    brings(&mut model, &asked, vec![data(0, &log)]);
    assert_eq!(span(&mut reader), (0, 0, 1));
    assert_eq!(reader.position(0), Some(5));

    assert!(polls(&mut reader).is_pending());
    let asked = model.asked();
    assert_eq!(wants(&asked), [(0, 5)]);
    brings(&mut model, &asked, vec![data(0, &script::control_batch(5))]);
    assert!(polls(&mut reader).is_pending());
    assert_eq!(reader.position(0), Some(6));
}
