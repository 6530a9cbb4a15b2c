//! What is told of a partition that is read, for who watches over the client.

use super::nearest::sent_away;
use super::*;
use crate::id::BrokerId;
use crate::metrics::ReadPartition;

/// Nothing new, and this high watermark.
fn up_to(high_watermark: i64) -> PartitionData<'static> {
    PartitionData { high_watermark, last_stable_offset: high_watermark, ..data(0, &[]) }
}

fn told(model: &mut Model) -> ReadPartition {
    model.command(Command::Metrics);
    let Reply::Metrics(metrics) = model.reply() else { panic!("no metrics") };
    let [of_it] = &metrics.reading[..] else { panic!("one partition") };
    of_it.clone()
}

#[test]
fn the_lag_is_to_the_highest_high_watermark_that_is_known_whoever_tells_a_lower_one() {
    let (mut model, _reader, mut asked) = sent_away(up_to(50));
    for (of_replica, expected) in [(10, 50), (60, 60), (10, 60)] {
        brings(&mut model, &asked, vec![up_to(of_replica)]);
        let told = told(&mut model);
        assert_eq!((told.high_watermark, told.lag), (Some(expected), Some(expected as u64)));
        asked = model.asked();
        assert_eq!(asked.broker, 2);
    }
}

#[test]
fn a_leader_whose_log_was_cut_back_is_believed() {
    let mut model = Model::start(&[1]);
    let _reader = opened(&mut model, spec(Offset::Exact(0)));
    assert_eq!((told(&mut model).high_watermark, told(&mut model).lag), (None, None));
    for high_watermark in [50, 10] {
        let asked = model.asked();
        brings(&mut model, &asked, vec![up_to(high_watermark)]);
        assert_eq!(told(&mut model).high_watermark, Some(high_watermark));
    }
}

#[test]
fn which_broker_a_partition_is_read_from_is_told_beside_its_leader() {
    let brokers = |told: ReadPartition| (told.leader, told.read_from);
    let (mut model, _reader, asked) = sent_away(up_to(50));
    assert_eq!(brokers(told(&mut model)), (Some(BrokerId(1)), Some(BrokerId(2))));
    model.breaks(&asked);
    assert_eq!(brokers(told(&mut model)), (Some(BrokerId(1)), Some(BrokerId(1))));
}

#[test]
fn an_offset_below_zero_is_out_of_range_and_its_lag_is_a_number() {
    let mut model = Model::start(&[1]);
    let mut reader = opened(&mut model, spec(Offset::Exact(0)));
    let asked = model.asked();
    brings(&mut model, &asked, vec![up_to(50)]);
    model.command(Command::Seek { reader: reader.id(), partition: 0, to: Offset::Exact(i64::MIN) });
    assert!(matches!(model.reply(), Reply::Seek(Ok(()))));
    assert_eq!(told(&mut model).lag, Some(i64::MIN.unsigned_abs() + 50));
    let of_before = model.asked();
    brings(&mut model, &of_before, vec![up_to(50)]);
    let asked = model.asked();
    assert_eq!(wants(&asked), [(0, i64::MIN)]);
    brings(&mut model, &asked, vec![failing(0, ErrorCode::OFFSET_OUT_OF_RANGE)]);
    assert!(matches!(error(&mut reader), ReadError::OutOfRange { offset: i64::MIN, .. }));
}
