//! Errors: those that pass, and those that stop a partition.

use super::*;

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
fn the_positions_of_a_topic_mean_nothing_in_one_that_was_made_anew() {
    let mut model = Model::start(&[1]);
    let mut reader = opened(&mut model, spec(Offset::Exact(7)));
    let asked = model.asked();
    model.topic_id = samsa_proto::wire::Uuid([8; 16]);
    brings(&mut model, &asked, vec![failing(0, ErrorCode::UNKNOWN_TOPIC_ID)]);
    let told = loop {
        match polls(&mut reader) {
            Poll::Pending => model.waits(),
            Poll::Ready(told) => break told,
        }
    };
    let lost = ReadError::OutOfRange { topic: "events".into(), partition: 0, offset: 7 };
    assert!(matches!(told, Some(Err(error)) if error == lost));

    let asked_before = model.asked();
    brings(&mut model, &asked_before, vec![data(0, &batch(7, 1))]);
    assert!(matches!(polls(&mut reader), Poll::Ready(None)) && model.is_quiet());
}

#[test]
fn what_is_still_sought_is_sought_in_a_topic_that_was_made_anew() {
    let mut model = Model::start(&[1]);
    let reader = opened(&mut model, spec(Offset::Exact(7)));
    let fetch = model.asked();
    model.command(Command::Seek { reader: reader.id(), partition: 0, to: Offset::Earliest });
    let mut asked = model.asked();
    let anew = samsa_proto::wire::Uuid([8; 16]);
    model.topic_id = anew;
    let error_code = ErrorCode::NOT_LEADER_OR_FOLLOWER;
    for _ in 0..5 {
        let moved = ListOffsetsPartitionResponse { error_code, ..Default::default() };
        lists_all(&mut model, &asked, vec![moved]);
        model.waits_for_something();
        asked = model.asked();
    }
    lists(&mut model, &asked, &[(0, 3)]);
    assert!(matches!(model.reply(), Reply::Seek(Ok(()))));
    brings(&mut model, &fetch, vec![data(0, &batch(7, 1))]);
    let asked = model.asked();
    assert_eq!(asked.read::<FetchRequest<'_>>().topics[0].topic_id, anew);
    assert_eq!(wants(&asked), [(0, 3)]);
}

#[test]
fn a_partition_that_is_added_after_all_others_have_stopped_is_read() {
    let mut model = Model::start(&[1]);
    let mut reader = opened(&mut model, spec(Offset::Exact(0)));
    let asked = model.asked();
    brings(&mut model, &asked, vec![failing(0, ErrorCode::TOPIC_AUTHORIZATION_FAILED)]);
    assert!(matches!(error(&mut reader), ReadError::Refused { .. }));
    assert!(matches!(polls(&mut reader), Poll::Ready(None)));

    model.leaders = vec![1, 1];
    model.waits_for_something();
    let asked = model.asked();
    assert_eq!(seeks(&asked), [(1, -2)]);
    lists(&mut model, &asked, &[(1, 0)]);
    let asked = model.asked();
    brings(&mut model, &asked, vec![data(1, &batch(0, 1))]);
    assert_eq!(span(&mut reader), (1, 0, 1));
}

#[test]
fn a_topic_without_id_that_was_made_anew_is_told_from_the_former_by_its_epochs() {
    let mut model = Model::start(&[1]);
    model.topic_id = samsa_proto::wire::Uuid::ZERO;
    let mut reader = opened(&mut model, spec(Offset::Exact(7)));
    let leaders = std::mem::take(&mut model.leaders);
    for _ in 0..8 {
        let asked = model.asked();
        brings(&mut model, &asked, vec![failing(0, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)]);
        model.waits_for_something();
    }
    (model.leaders, model.leader_epoch) = (leaders, 0);
    let mut told = polls(&mut reader);
    for _ in 0..100 {
        if told.is_ready() {
            break;
        }
        let asked = model.asked();
        brings(&mut model, &asked, vec![failing(0, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)]);
        model.waits();
        told = polls(&mut reader);
    }
    let lost = ReadError::OutOfRange { topic: "events".into(), partition: 0, offset: 7 };
    assert!(matches!(told, Poll::Ready(Some(Err(error))) if error == lost), "it is told");
}

/// What a broker brings of partition 0, in which offset 0 is wanted, and which cannot be.
fn contradictions() -> Vec<PartitionData<'static>> {
    let records = Records::from(bytes::Bytes::from(batch(0, 2)));
    let sound = PartitionData { records: Some(records), high_watermark: 2, ..data(0, &[]) };
    let with = |high_watermark, log_start_offset| PartitionData {
        high_watermark,
        log_start_offset,
        ..sound.clone()
    };
    vec![with(-1, 0), with(i64::MIN, 0), with(i64::MAX, 0), with(2, 3)]
}

#[test]
fn numbers_that_cannot_be_cost_a_wait_and_nothing_of_the_answer_is_believed() {
    for answer in contradictions() {
        let mut model = Model::start(&[1]);
        let mut reader = opened(&mut model, spec(Offset::Exact(0)));
        let asked = model.asked();
        brings(&mut model, &asked, vec![answer]);
        assert!(model.is_quiet() && polls(&mut reader).is_pending());
        model.waits_for_something();
        let asked = model.asked();
        assert_eq!(wants(&asked), [(0, 0)]);
        brings(&mut model, &asked, vec![data(0, &batch(0, 2))]);
        assert_eq!(span(&mut reader), (0, 0, 2));
    }
}

#[test]
fn records_that_became_readable_after_the_watermark_was_looked_at_are_read() {
    let mut model = Model::start(&[1]);
    let mut reader = opened(&mut model, spec(Offset::Exact(0)));
    let asked = model.asked();
    brings(&mut model, &asked, vec![PartitionData { high_watermark: 1, ..data(0, &batch(0, 2)) }]);
    assert_eq!(reader.lag(0), Some(2), "what is there is not less than what was brought");
    assert_eq!(span(&mut reader), (0, 0, 2));
    assert_eq!((reader.lag(0), wants(&model.asked())), (Some(0), vec![(0, 2)]), "at once");
}

#[test]
fn a_broker_that_contradicts_itself_for_ever_costs_the_partition_and_no_other() {
    let mut model = Model::start(&[1, 1]);
    let mut reader = opened(&mut model, spec(Offset::Exact(0)));
    let lie = &contradictions()[0];
    let told = loop {
        let asked = model.asked();
        let of_1 =
            asked.read::<FetchRequest<'_>>().topics[0].partitions.iter().any(|asked| asked.partition == 1);
        let next = reader.position(1).unwrap();
        brings(&mut model, &asked, vec![lie.clone(), data(1, &if of_1 { batch(next, 1) } else { vec![] })]);
        match polls(&mut reader) {
            Poll::Ready(Some(Err(error))) => break error,
            Poll::Ready(Some(Ok(chunk))) => assert_eq!(chunk.partition(), 1),
            _ => {}
        }
        model.now.mono = model.now.mono + std::time::Duration::from_millis(500);
        model.input(crate::Input::Tick);
    };
    assert!(matches!(told, ReadError::Corrupt { partition: 0, offset: 0, .. }), "{told}");
    assert!(told.to_string().contains("high watermark -1"), "{told}");
}

#[test]
fn a_place_that_no_log_has_is_asked_for_again() {
    for offset in [-2, i64::MAX] {
        let mut model = Model::start(&[1]);
        model.command(Command::OpenReader(spec(Offset::Latest)));
        let asked = model.asked();
        lists(&mut model, &asked, &[(0, offset)]);
        assert!(model.is_quiet() && !model.has_replied());
        model.waits_for_something();
        let asked = model.asked();
        lists(&mut model, &asked, &[(0, 7)]);
        assert!(matches!(model.reply(), Reply::OpenReader(Ok(_))));
        assert_eq!(wants(&model.asked()), [(0, 7)]);
    }
}
