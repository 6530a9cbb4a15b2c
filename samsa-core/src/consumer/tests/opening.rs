//! From the command to a reader.

use super::*;
use crate::input::Input;

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
fn what_a_reader_waits_for_is_explained() {
    let mut model = Model::start(&[1, -1]);
    model.command(Command::OpenReader(spec(Offset::Earliest)));
    model.command(Command::Explain);
    let Reply::Explain(explanation) = model.reply() else { panic!("no explanation") };
    let lines: Vec<_> = explanation.lines.iter().map(|line| format!("{}: {}", line.who, line.what)).collect();
    for wanted in [
        "reader 1 of \"events\": the topic's partitions, and where to start in them",
        "reader 1 of \"events\", partition 0: offsets from broker 1",
        "reader 1 of \"events\", partition 1: to fetch again: the partition has no leader",
    ] {
        assert!(lines.iter().any(|line| line == wanted), "{lines:#?}");
    }
    let of_reader = explanation.lines.iter().filter(|line| line.who.starts_with("reader"));
    for line in of_reader {
        assert!(line.since.is_some() && line.until.is_some(), "{line:?}");
    }
}

#[test]
fn each_partition_of_a_reader_is_explained_by_what_it_waits_for() {
    let mut model = Model::start(&[1, 1, 1]);
    let mut reader = opened(&mut model, spec(Offset::Exact(0)));
    let asked = model.asked();
    reader.pause(1);
    let (gone, fine) = (failing(2, ErrorCode::OFFSET_OUT_OF_RANGE), data(1, &[]));
    brings(&mut model, &asked, vec![data(0, &[]), fine, gone]);
    let _told = error(&mut reader);
    model.command(Command::Explain);
    let Reply::Explain(explanation) = model.reply() else { panic!("no explanation") };
    let lines: Vec<_> = explanation.lines.iter().map(|line| format!("{}: {}", line.who, line.what)).collect();
    let of_reader: Vec<_> = lines.iter().filter(|line| line.starts_with("reader")).collect();
    let expected = [
        "reader 1 of \"events\", partition 0: records from broker 1",
        "reader 1 of \"events\", partition 1: the application to resume it",
        "reader 1 of \"events\", partition 2: a seek: it is not read any more",
    ];
    assert_eq!(of_reader, expected);
}

#[test]
fn a_reader_that_nobody_waits_for_any_more_is_gone_and_its_late_answer_opens_nothing() {
    let mut model = Model::start(&[1]);
    let op = model.command(Command::OpenReader(spec(Offset::Earliest)));
    let asked = model.asked();
    model.input(Input::Forget { op });
    lists_all(&mut model, &asked, vec![ListOffsetsPartitionResponse::default()]);
    assert!(!model.has_replied() && model.is_quiet());
    model.command(Command::Explain);
    let Reply::Explain(explanation) = model.reply() else { panic!("no explanation") };
    assert!(explanation.lines.iter().all(|line| !line.who.starts_with("reader")), "{explanation:?}");
}
