//! Committed records, and all of them.

use super::*;
use crate::config::Isolation;
use crate::consumer::tests::script::{marker, written_in_transaction};
use samsa_proto::api::fetch::AbortedTransaction;
use samsa_proto::records::ControlKind;

fn reading(isolation: Isolation) -> ReaderSpec {
    ReaderSpec { fetch: FetchConfig { isolation, ..FetchConfig::default() }, ..spec(Offset::Exact(0)) }
}

fn log() -> Vec<u8> {
    [
        batch(0, 1),
        written_in_transaction(7, 1, 2),
        marker(7, 3, ControlKind::Abort),
        written_in_transaction(7, 4, 1),
        marker(7, 5, ControlKind::Commit),
    ]
    .concat()
}

fn with_aborted(log: &[u8]) -> PartitionData<'_> {
    let aborted = AbortedTransaction { producer_id: 7, first_offset: 1, ..Default::default() };
    PartitionData { aborted_transactions: Some(vec![aborted]), ..data(0, log) }
}

#[test]
fn only_committed_records_are_asked_for_and_handed_out() {
    let mut model = Model::start(&[1]);
    let mut reader = opened(&mut model, reading(Isolation::ReadCommitted));
    let asked = model.asked();
    assert_eq!(asked.read::<FetchRequest<'_>>().isolation_level, 1);
    let log = log();
    brings(&mut model, &asked, vec![with_aborted(&log)]);
    assert_eq!((span(&mut reader), span(&mut reader)), ((0, 0, 1), (0, 4, 5)));
    assert!(polls(&mut reader).is_pending());
    assert_eq!(reader.position(0), Some(6));
    assert_eq!(wants(&model.asked()), [(0, 6)]);
}

#[test]
fn a_list_that_was_not_asked_for_takes_nothing_out() {
    let mut model = Model::start(&[1]);
    let mut reader = opened(&mut model, reading(Isolation::ReadUncommitted));
    let asked = model.asked();
    assert_eq!(asked.read::<FetchRequest<'_>>().isolation_level, 0);
    let log = log();
    brings(&mut model, &asked, vec![with_aborted(&log)]);
    assert_eq!((span(&mut reader), span(&mut reader)), ((0, 0, 1), (0, 1, 3)));
    assert_eq!(span(&mut reader), (0, 4, 5), "a marker is for nobody");
    assert!(polls(&mut reader).is_pending());
}

#[test]
fn what_was_aborted_alone_moves_the_position_and_gives_nothing() {
    let mut model = Model::start(&[1]);
    let mut reader = opened(&mut model, reading(Isolation::ReadCommitted));
    let asked = model.asked();
    let log = [written_in_transaction(7, 0, 3), marker(7, 3, ControlKind::Abort)].concat();
    let aborted = AbortedTransaction { producer_id: 7, first_offset: 0, ..Default::default() };
    let told = PartitionData { aborted_transactions: Some(vec![aborted]), ..data(0, &log) };
    brings(&mut model, &asked, vec![told]);
    assert!(polls(&mut reader).is_pending());
    assert_eq!(reader.position(0), Some(4));
}

#[test]
fn a_reader_of_committed_records_starts_at_their_end() {
    let mut model = Model::start(&[1]);
    model.command(Command::OpenReader(ReaderSpec {
        start: Offset::Latest,
        ..reading(Isolation::ReadCommitted)
    }));
    assert_eq!(model.asked().read::<ListOffsetsRequest<'_>>().isolation_level, 1);
}

#[test]
fn who_reads_committed_records_is_behind_up_to_the_first_open_transaction_and_others_to_the_end() {
    for (isolation, expected) in [(Isolation::ReadCommitted, 20), (Isolation::ReadUncommitted, 50)] {
        let mut model = Model::start(&[1]);
        let _reader = opened(&mut model, reading(isolation));
        let asked = model.asked();
        let nothing_new = PartitionData { high_watermark: 50, last_stable_offset: 20, ..data(0, &[]) };
        brings(&mut model, &asked, vec![nothing_new]);
        model.command(Command::Metrics);
        let Reply::Metrics(metrics) = model.reply() else { panic!("no metrics") };
        let [told] = &metrics.reading[..] else { panic!("one partition") };
        assert_eq!((told.lag, told.high_watermark), (Some(expected), Some(50)));
    }
}
