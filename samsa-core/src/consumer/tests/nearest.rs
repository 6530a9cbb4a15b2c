//! Reading from the nearest replica (KIP-392): partition 0 is led by broker 1, partition 1 by broker 2.

use std::time::Duration;

use super::*;
use samsa_proto::api::fetch::EpochEndOffset;

pub(super) fn nearby(partition: Option<i32>) -> ReaderSpec {
    let fetch = FetchConfig { rack: Some("b".to_owned()), ..FetchConfig::default() };
    ReaderSpec { partition, fetch, ..spec(Offset::Exact(0)) }
}

fn names(preferred_read_replica: i32) -> PartitionData<'static> {
    PartitionData { preferred_read_replica, ..data(0, &[]) }
}

fn rack(asked: &Asked) -> String {
    asked.read::<FetchRequest<'_>>().rack_id.to_owned()
}

/// A reader of partition 0, which its leader has sent to broker 2: the fetch there. Then, and while that was dialled, the
/// leader told this.
pub(super) fn sent_away(of_leader: PartitionData<'static>) -> (Model, Reader, Asked) {
    let mut model = Model::start(&[1, 2]);
    let reader = opened(&mut model, nearby(Some(0)));
    let asked = model.asked();
    assert_eq!((asked.broker, &*rack(&asked)), (1, "b"));
    brings(&mut model, &asked, vec![PartitionData { preferred_read_replica: 2, ..of_leader.clone() }]);
    let asked = is_back(&mut model, 0);
    brings(&mut model, &asked, vec![of_leader]);
    let asked = model.asked();
    assert_eq!((asked.broker, wants(&asked)), (2, vec![(0, 0)]));
    (model, reader, asked)
}

/// The next fetch goes to the leader at once, from here, and is not told where else it could be read.
fn is_back(model: &mut Model, from: i64) -> Asked {
    let asked = model.asked();
    assert_eq!((asked.broker, wants(&asked), &*rack(&asked)), (1, vec![(0, from)], ""));
    asked
}

/// The leader has nothing new for as long as it is asked, and for how long that was.
fn until_asked_of(model: &mut Model, broker: i32, mut asked: Asked) -> (Asked, Duration) {
    let begun = model.now.mono;
    while asked.broker != broker {
        model.now.mono = model.now.mono + Duration::from_millis(100);
        model.input(crate::Input::Tick);
        brings(model, &asked, vec![data(0, &[])]);
        asked = model.asked();
        assert!(model.now.mono.since(begun) < Duration::from_secs(90), "broker {broker} is never asked");
    }
    (asked, model.now.mono.since(begun))
}

fn lines(model: &mut Model) -> Vec<String> {
    model.command(Command::Explain);
    let Reply::Explain(explanation) = model.reply() else { panic!("no explanation") };
    explanation.lines.into_iter().map(|line| format!("{}: {}", line.who, line.what)).collect()
}

#[test]
fn a_replica_that_the_leader_names_is_read_from_and_offsets_are_asked_of_the_leader() {
    let (mut model, mut reader, asked) = sent_away(data(0, &[]));
    let told: FetchRequest<'_> = asked.read();
    assert_eq!((told.rack_id, told.topics[0].partitions[0].current_leader_epoch), ("b", 5));
    brings(&mut model, &asked, vec![data(0, &batch(0, 2))]);
    assert_eq!(span(&mut reader), (0, 0, 2));
    let asked = model.asked();
    assert_eq!((asked.broker, wants(&asked)), (2, vec![(0, 2)]));
    let epoch = asked.read::<FetchRequest<'_>>().topics[0].partitions[0].last_fetched_epoch;
    assert_eq!(epoch, -1, "one that lags would find that the logs part");

    model.command(Command::Seek { reader: reader.id(), partition: 0, to: Offset::Earliest });
    let asked = model.asked();
    assert_eq!((asked.broker, seeks(&asked)), (1, vec![(0, -2)]));
}

#[test]
fn a_rack_that_no_request_has_room_for_is_refused_when_the_reader_is_opened() {
    let mut model = Model::start(&[1, 2]);
    let with_rack = |bytes| {
        let fetch = FetchConfig { rack: Some("b".repeat(bytes)), ..FetchConfig::default() };
        ReaderSpec { fetch, ..spec(Offset::Exact(0)) }
    };
    model.command(Command::OpenReader(with_rack(32_768)));
    assert_eq!(refused(&mut model), ReadError::RackTooLong { bytes: 32_768, limit: 32_767 });
    let _reader = opened(&mut model, with_rack(32_767));
    assert_eq!(rack(&model.asked()).len(), 32_767);
}

#[test]
fn what_is_out_of_range_at_a_follower_is_asked_of_the_leader_and_only_that_is_believed() {
    let (mut model, mut reader, asked) = sent_away(data(0, &[]));
    brings(&mut model, &asked, vec![failing(0, ErrorCode::OFFSET_OUT_OF_RANGE)]);
    assert!(polls(&mut reader).is_pending());
    let asked = is_back(&mut model, 0);
    brings(&mut model, &asked, vec![data(0, &batch(0, 1))]);
    assert_eq!(span(&mut reader), (0, 0, 1));
    let asked = is_back(&mut model, 1);
    brings(&mut model, &asked, vec![failing(0, ErrorCode::OFFSET_OUT_OF_RANGE)]);
    assert!(matches!(error(&mut reader), ReadError::OutOfRange { offset: 1, .. }));
}

#[test]
fn whatever_goes_wrong_at_a_replica_leads_back_to_the_leader() {
    let parted = EpochEndOffset { epoch: 3, end_offset: 1, ..Default::default() };
    let mut corrupt = batch(0, 1);
    *corrupt.last_mut().unwrap() ^= 1;
    for answer in [
        failing(0, ErrorCode::NOT_LEADER_OR_FOLLOWER),
        failing(0, ErrorCode::TOPIC_AUTHORIZATION_FAILED),
        failing(0, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
        PartitionData { diverging_epoch: parted, ..data(0, &[]) },
        data(0, &corrupt),
    ] {
        let (mut model, mut reader, asked) = sent_away(data(0, &[]));
        brings(&mut model, &asked, vec![answer]);
        is_back(&mut model, 0);
        assert!(polls(&mut reader).is_pending());
    }
    let (mut model, _reader, asked) = sent_away(data(0, &[]));
    model.babbles(&asked);
    is_back(&mut model, 0);
    let (mut model, _reader, asked) = sent_away(data(0, &[]));
    model.breaks(&asked);
    is_back(&mut model, 0);
}

#[test]
fn after_a_while_the_leader_is_told_the_rack_again() {
    let (mut model, _reader, asked) = sent_away(data(0, &[]));
    model.breaks(&asked);
    let mut asked = is_back(&mut model, 0);
    let left = model.now.mono;
    while rack(&asked).is_empty() {
        model.now.mono = model.now.mono + Duration::from_millis(500);
        brings(&mut model, &asked, vec![data(0, &[])]);
        asked = model.asked();
    }
    assert!(model.now.mono.since(left) <= Duration::from_secs(2));
    brings(&mut model, &asked, vec![names(2)]);
    let asked = is_back(&mut model, 0);
    let (_, dialled) = until_asked_of(&mut model, 2, asked);
    assert!(dialled <= Duration::from_millis(200));
}

#[test]
fn the_leader_is_read_from_until_the_replica_is_reached_and_for_ever_if_it_never_is() {
    let mut model = Model::start(&[1, 2]);
    model.swallowing = vec![2];
    let mut reader = opened(&mut model, nearby(Some(0)));
    let mut asked = model.asked();
    let begun = model.now.mono;
    let mut next = 0;
    while model.now.mono.since(begun) < Duration::from_secs(60) {
        if rack(&asked) == "b" {
            brings(&mut model, &asked, vec![names(2)]);
            asked = is_back(&mut model, next);
        }
        model.now.mono = model.now.mono + Duration::from_millis(100);
        model.input(crate::Input::Tick);
        brings(&mut model, &asked, vec![data(0, &batch(next, 1))]);
        assert_eq!(span(&mut reader), (0, next, next + 1));
        next += 1;
        asked = model.asked();
    }
    assert!(next > 500, "it never stood still");

    model.swallowing.clear();
    for _ in 0..1_000 {
        if rack(&asked) == "b" {
            break;
        }
        brings(&mut model, &asked, vec![data(0, &[])]);
        model.now.mono = model.now.mono + Duration::from_millis(100);
        model.input(crate::Input::Tick);
        asked = model.asked();
    }
    brings(&mut model, &asked, vec![names(2)]);
    let asked = is_back(&mut model, next);
    until_asked_of(&mut model, 2, asked);
}

#[test]
fn a_leader_that_insists_on_a_replica_that_is_not_reached_costs_waits() {
    let mut model = Model::start(&[1, 2]);
    model.swallowing = vec![2];
    let _reader = opened(&mut model, nearby(Some(0)));
    let asked = model.asked();
    brings(&mut model, &asked, vec![names(2)]);
    let asked = is_back(&mut model, 0);
    brings(&mut model, &asked, vec![names(2)]);
    assert!(model.is_quiet(), "no hot loop");
    model.waits_for_something();
    is_back(&mut model, 0);
    model.connects();
    assert!(model.is_quiet(), "the leader has the fetch");
}

#[test]
fn a_replica_that_offers_no_fetch_leads_back_to_the_leader_at_once() {
    let mut model = Model::start(&[1, 2]);
    model.without_fetch = vec![2];
    let _reader = opened(&mut model, nearby(Some(0)));
    let asked = model.asked();
    brings(&mut model, &asked, vec![names(2)]);
    let asked = is_back(&mut model, 0);
    brings(&mut model, &asked, vec![data(0, &[])]);
    is_back(&mut model, 0);
}

#[test]
fn what_happens_on_another_connection_to_a_replica_concerns_no_reader_of_it() {
    let (mut model, _reader, asked) = sent_away(data(0, &[]));
    let spec = ReaderSpec { partition: Some(1), ..spec(Offset::Earliest) };
    model.command(Command::OpenReader(spec));
    let question = model.asked();
    assert_eq!((question.broker, seeks(&question)), (2, vec![(1, -2)]));
    lists(&mut model, &question, &[(1, 0)]);
    let Reply::OpenReader(Ok(_other)) = model.reply() else { panic!("not opened") };
    let of_another = model.asked();
    assert_eq!((of_another.broker, wants(&of_another)), (2, vec![(1, 0)]));

    model.breaks(&question);
    model.breaks(&of_another);
    brings(&mut model, &asked, vec![data(0, &batch(0, 1))]);
    let asked = model.asked();
    assert_eq!((asked.broker, wants(&asked)), (2, vec![(0, 1)]));
}

#[test]
fn an_idle_connection_to_a_replica_may_end_and_is_made_again() {
    let (mut model, mut reader, asked) = sent_away(data(0, &[]));
    reader.pause(0);
    model.rings();
    brings(&mut model, &asked, vec![data(0, &[])]);
    assert!(model.is_quiet());
    model.breaks(&asked);
    reader.resume(0);
    model.rings();
    let asked = is_back(&mut model, 0);
    let (_, dialled) = until_asked_of(&mut model, 2, asked);
    assert!(dialled <= Duration::from_millis(200), "nothing was wrong with it");
}

#[test]
fn a_replica_that_cannot_be_reached_or_is_not_known_is_left() {
    let mut model = Model::start(&[1, 2]);
    model.down = vec![2];
    let _reader = opened(&mut model, nearby(Some(0)));
    let asked = model.asked();
    brings(&mut model, &asked, vec![names(2)]);
    let asked = is_back(&mut model, 0);
    brings(&mut model, &asked, vec![data(0, &batch(0, 1))]);
    is_back(&mut model, 1);

    let mut model = Model::start(&[1, 2]);
    let _reader = opened(&mut model, nearby(Some(0)));
    let asked = model.asked();
    brings(&mut model, &asked, vec![names(77)]);
    is_back(&mut model, 0);
}

#[test]
fn a_replica_that_is_not_in_sync_is_not_read_from_whoever_names_it() {
    let mut model = Model::start(&[1, 2]);
    model.in_sync = vec![1];
    let _reader = opened(&mut model, nearby(Some(0)));
    let asked = model.asked();
    brings(&mut model, &asked, vec![names(2)]);
    is_back(&mut model, 0);
}

#[test]
fn a_replica_that_fell_out_of_sync_or_another_leader_leads_back() {
    for changed in [|model: &mut Model| model.in_sync = vec![1], |model: &mut Model| model.leader_epoch = 6] {
        let mut model = Model::start(&[1, 2]);
        let _reader = opened(&mut model, nearby(None));
        let [first, second] = [model.asked(), model.asked()];
        let (of_1, of_2) = if first.broker == 1 { (first, second) } else { (second, first) };
        brings(&mut model, &of_2, vec![data(1, &[])]);
        brings(&mut model, &of_1, vec![names(2)]);
        changed(&mut model);
        let asked = model.asked();
        assert!(asked.broker == 2 && model.is_quiet(), "one fetch of a broker at a time");
        brings(&mut model, &asked, vec![failing(1, ErrorCode::UNKNOWN_LEADER_EPOCH)]);
        let mut asked = model.asked();
        let changed = model.now.mono;
        while asked.broker == 2 {
            model.now.mono = model.now.mono + Duration::from_millis(100);
            model.input(crate::Input::Tick);
            brings(&mut model, &asked, vec![data(0, &[]), data(1, &[])]);
            asked = model.asked();
        }
        assert!(model.now.mono.since(changed) < Duration::from_secs(5), "not only because it is old");
    }
}

#[test]
fn once_metadata_may_be_old_the_leader_is_asked_again() {
    let (mut model, _reader, mut asked) = sent_away(data(0, &[]));
    model.now.mono = model.now.mono + Duration::from_secs(299);
    brings(&mut model, &asked, vec![data(0, &[])]);
    asked = model.asked();
    assert_eq!(asked.broker, 2);
    model.now.mono = model.now.mono + Duration::from_secs(1);
    brings(&mut model, &asked, vec![data(0, &[])]);
    asked = model.asked();
    assert_eq!((asked.broker, &*rack(&asked)), (1, "b"));
}

/// A leader is told the rack for all the partitions of a request, or for none.
#[test]
fn a_replica_serves_on_while_the_leader_cannot_be_asked_for_another_partitions_sake() {
    let mut model = Model::start(&[1, 1, 2]);
    let _reader = opened(&mut model, nearby(None));
    let [first, second] = [model.asked(), model.asked()];
    let (of_1, of_2) = if first.broker == 1 { (first, second) } else { (second, first) };
    brings(&mut model, &of_1, vec![names(2), PartitionData { partition_index: 1, ..names(2) }]);
    brings(&mut model, &of_2, vec![data(2, &[])]);
    let asked = model.asked();
    assert_eq!((asked.broker, wants(&asked)), (2, vec![(0, 0), (1, 0), (2, 0)]));

    model.now.mono = model.now.mono + Duration::from_millis(299_900);
    brings(
        &mut model,
        &asked,
        vec![data(0, &[]), failing(1, ErrorCode::NOT_LEADER_OR_FOLLOWER), data(2, &[])],
    );
    let (of_leader, at_replica) = (model.asked(), model.asked());
    assert_eq!((of_leader.broker, &*rack(&of_leader)), (1, ""));
    model.now.mono = model.now.mono + Duration::from_millis(100);
    brings(&mut model, &of_leader, vec![data(1, &[])]);
    brings(&mut model, &at_replica, vec![data(0, &[]), data(2, &[])]);
    let (of_leader, at_replica) = (model.asked(), model.asked());
    assert_eq!((of_leader.broker, wants(&of_leader)), (1, vec![(1, 0)]));
    assert_eq!((at_replica.broker, wants(&at_replica)), (2, vec![(0, 0), (2, 0)]));

    model.now.mono = model.now.mono + Duration::from_secs(2);
    brings(&mut model, &at_replica, vec![data(0, &[]), data(2, &[])]);
    brings(&mut model, &of_leader, vec![data(1, &[])]);
    let asked = [model.asked(), model.asked()].into_iter().find(|asked| asked.broker == 1);
    let of_leader = asked.expect("the leader is asked");
    assert_eq!((wants(&of_leader), &*rack(&of_leader)), (vec![(0, 0), (1, 0)], "b"));
}

#[test]
fn a_leader_that_insists_on_a_replica_of_no_use_costs_waits() {
    let (mut model, _reader, asked) = sent_away(data(0, &[]));
    brings(&mut model, &asked, vec![failing(0, ErrorCode::NOT_LEADER_OR_FOLLOWER)]);
    let asked = is_back(&mut model, 0);
    brings(&mut model, &asked, vec![names(2)]);
    assert!(model.is_quiet(), "no hot loop");
    model.waits_for_something();
    assert_eq!(model.asked().broker, 1);
}

#[test]
fn records_that_come_with_the_name_of_a_replica_are_kept_and_a_follower_names_nobody() {
    let mut model = Model::start(&[1, 2]);
    let mut reader = opened(&mut model, nearby(Some(0)));
    let asked = model.asked();
    brings(&mut model, &asked, vec![PartitionData { preferred_read_replica: 2, ..data(0, &batch(0, 2)) }]);
    assert_eq!(span(&mut reader), (0, 0, 2));
    let asked = is_back(&mut model, 2);
    brings(&mut model, &asked, vec![data(0, &[])]);
    let asked = model.asked();
    assert_eq!((asked.broker, wants(&asked)), (2, vec![(0, 2)]));
    brings(&mut model, &asked, vec![names(77)]);
    assert_eq!(model.asked().broker, 2);
}

#[test]
fn a_replica_that_is_avoided_is_explained_and_one_that_serves_is_not() {
    let (mut model, _reader, asked) = sent_away(data(0, &[]));
    let nearer = |lines: Vec<String>| lines.into_iter().find(|line| line.contains("nearer"));
    assert_eq!(nearer(lines(&mut model)), None);
    brings(&mut model, &asked, vec![failing(0, ErrorCode::OFFSET_OUT_OF_RANGE)]);
    let line = nearer(lines(&mut model)).unwrap();
    let expected = "reader 1 of \"events\", partition 0: records from its leader, broker 1: broker 2, which is nearer, is \
                    avoided";
    assert!(line.starts_with(expected), "{line}");
}
