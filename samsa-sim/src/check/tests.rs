use std::collections::BTreeMap;

use super::*;
use crate::cluster::{LoggedRecord, Loss};

/// Three keyed records and a keyless one, all acknowledged and read: nothing is wrong with it.
fn sound() -> (History, Logs) {
    let mut history = History::default();
    let mut logs = Logs::new();
    let records = [(Some("k"), "m0", 0), (Some("k"), "m1", 0), (None, "m2", 1), (Some("k"), "m3", 0)];
    for (key, value, partition) in records {
        let key = key.map(|key| key.as_bytes().to_vec());
        let value = value.as_bytes().to_vec();
        let number = history.accept(Accepted {
            key: key.clone(),
            partition: None,
            value: value.clone(),
            header: None,
        });
        let log = logs.entry(partition).or_default();
        let offset = log.len() as i64;
        log.push(LoggedRecord { offset, key: key.clone(), value: Some(value.clone()), header: None });
        history.settle(number, Outcome::Acknowledged { partition, offset: Some(offset) });
        history.read(0, partition, Read { offset, key, value: Some(value) });
    }
    history.finished_readers.push(0);
    (history, logs)
}

/// Which invariants a doctored history breaks.
fn broken(doctor: impl FnOnce(&mut History, &mut Logs)) -> Vec<&'static str> {
    let (mut history, mut logs) = sound();
    doctor(&mut history, &mut logs);
    let mut names: Vec<_> = all(&history, &logs).into_iter().map(|violation| violation.invariant).collect();
    names.dedup();
    names
}

fn log(logs: &mut Logs, partition: i32) -> &mut Vec<LoggedRecord> {
    logs.get_mut(&partition).unwrap()
}

#[test]
fn a_record_that_is_there_twice_is_found_with_idempotence_and_where_it_is_sent_once() {
    let twice = |(idempotent, sent_once)| {
        broken(|history, logs| {
            (history.idempotent, history.sent_once) = (idempotent, sent_once);
            history.finished_readers.clear();
            let log = log(logs, 0);
            let again = LoggedRecord { offset: log.len() as i64, ..log[0].clone() };
            log.push(again);
        })
    };
    assert_eq!([(true, false), (false, true)].map(twice), [["stored-once"], ["stored-once"]]);
    assert_eq!(twice((false, false)), Vec::<&str>::new());
}

#[test]
fn with_idempotence_what_may_be_stored_and_is_keeps_its_place() {
    let late = |idempotent| {
        broken(|history, logs| {
            history.idempotent = idempotent;
            history.outcomes.insert(0, vec![Outcome::PossiblySent]);
            history.reads.clear();
            history.finished_readers.clear();
            let log = log(logs, 0);
            let mut moved = log[0].clone();
            moved.offset = 9;
            log.push(moved);
            log.remove(0);
        })
    };
    assert_eq!(late(true), ["order"]);
    assert_eq!(late(false), Vec::<&str>::new());
}

#[test]
fn a_header_that_is_not_stored_with_its_record_is_found() {
    let published =
        |header: Option<&[u8]>| broken(|history, _| history.accepted[1].header = header.map(<[u8]>::to_vec));
    assert_eq!(published(Some(b"7")), ["headers-are-kept"]);
    assert_eq!(published(None), Vec::<&str>::new());
}

#[test]
fn a_set_that_is_torn_or_of_which_a_part_is_missing_is_found() {
    let torn = |set: std::ops::Range<usize>| broken(|history, _| history.sets.push(set));
    assert_eq!(torn(0..2), Vec::<&str>::new());
    assert_eq!(torn(1..3), ["sets-are-whole"]);
    let without_its_end = broken(|history, logs| {
        history.sets.push(1..3);
        history.outcomes.insert(2, vec![Outcome::PossiblySent]);
        history.reads.remove(&(0, 1));
        log(logs, 1).clear();
    });
    assert_eq!(without_its_end, ["sets-are-whole"]);
}

#[test]
fn a_sound_history_breaks_nothing() {
    assert_eq!(broken(|_, _| {}), Vec::<&str>::new());
}

#[test]
fn an_acknowledged_record_that_is_not_in_the_log_is_found() {
    let names = broken(|_, logs| {
        log(logs, 0).pop();
    });
    assert!(names.contains(&"acknowledged-is-stored"), "{names:?}");
}

#[test]
fn what_went_with_its_leader_is_missed_only_where_more_was_promised() {
    let gone = |by_leader| {
        broken(|history, logs| {
            history.by_leader = by_leader;
            history.reads.clear();
            history.finished_readers.clear();
            let record = log(logs, 0).pop().unwrap();
            history.dropped.push((0, record));
        })
    };
    assert_eq!(gone(false), ["acknowledged-is-stored"]);
    assert_eq!(gone(true), Vec::<&str>::new());
}

#[test]
fn a_copy_that_arrives_after_the_acknowledged_one_went_with_its_leader_is_out_of_order_for_nobody() {
    let late = |dropped| {
        broken(|history, logs| {
            history.by_leader = dropped;
            history.reads.clear();
            history.finished_readers.clear();
            let log = log(logs, 0);
            let first = log.remove(0);
            let last = log.last().unwrap().offset;
            log.push(LoggedRecord { offset: last + 1, ..first.clone() });
            history.dropped.push((0, first));
        })
    };
    assert_eq!(late(true), Vec::<&str>::new());
    assert_eq!(late(false), ["acknowledged-is-stored", "order"]);
}

#[test]
fn an_acknowledged_record_that_is_elsewhere_than_its_receipt_says_is_found() {
    let names = broken(|history, _| {
        history.outcomes.insert(1, vec![Outcome::Acknowledged { partition: 0, offset: Some(2) }]);
    });
    assert_eq!(names, ["acknowledged-is-stored"]);
}

#[test]
fn a_record_that_is_in_another_partition_than_the_one_asked_for_is_found() {
    let names = broken(|history, _| history.accepted[2].partition = Some(0));
    assert_eq!(names, ["acknowledged-is-stored"]);
}

#[test]
fn a_changed_key_is_found() {
    let names = broken(|_, logs| log(logs, 0)[1].key = Some(b"j".to_vec()));
    assert!(names.contains(&"acknowledged-is-stored") && names.contains(&"nothing-foreign"), "{names:?}");
}

#[test]
fn a_record_that_was_not_sent_and_is_stored_is_found() {
    let names = broken(|history, _| {
        history.outcomes.insert(1, vec![Outcome::NotSent]);
    });
    assert_eq!(names, ["not-sent-is-not-stored"]);
}

#[test]
fn a_record_that_was_possibly_sent_may_be_there_or_not() {
    let possibly = |history: &mut History| history.outcomes.insert(2, vec![Outcome::PossiblySent]);
    assert_eq!(broken(|history, _| drop(possibly(history))), Vec::<&str>::new());
    let gone = |history: &mut History, logs: &mut Logs| {
        possibly(history);
        log(logs, 1).clear();
        history.reads.remove(&(0, 1));
    };
    assert_eq!(broken(gone), Vec::<&str>::new());
}

#[test]
fn no_outcome_and_two_outcomes_are_found() {
    assert_eq!(broken(|history, _| drop(history.outcomes.remove(&0))), ["one-outcome"]);
    let twice = |history: &mut History| {
        let outcomes = history.outcomes.get_mut(&0).unwrap();
        outcomes.push(outcomes[0]);
    };
    assert_eq!(broken(|history, _| twice(history)), ["one-outcome"]);
}

#[test]
fn two_records_of_a_key_that_one_client_published_in_the_wrong_order_are_found() {
    let swapped = |change_publisher_at: Option<usize>| {
        broken(|history, logs| {
            let log = log(logs, 0);
            let (first, second) = log.split_at_mut(1);
            std::mem::swap(&mut first[0].value, &mut second[0].value);
            history.publisher_changes.extend(change_publisher_at);
            history.outcomes.insert(0, vec![Outcome::Acknowledged { partition: 0, offset: Some(1) }]);
            history.outcomes.insert(1, vec![Outcome::Acknowledged { partition: 0, offset: Some(0) }]);
            history.reads.clear();
            history.finished_readers.clear();
        })
    };
    assert_eq!([None, Some(0)].map(swapped), [["order"], ["order"]]);
    assert_eq!(swapped(Some(1)), Vec::<&str>::new());
}

/// What is broken when the second of two receipts comes, that of the record with the number `last`: of two records of a key, with
/// the offsets that the receipts say, and with those where the leader has them first, if they are not gone.
fn acknowledged_last(
    last: usize,
    receipts: [i64; 2],
    places: [Option<i64>; 2],
    doctor: impl FnOnce(&mut History),
) -> Option<&'static str> {
    let mut history = History::default();
    for value in ["m0", "m1"] {
        let (key, value) = (Some(b"k".to_vec()), value.as_bytes().to_vec());
        history.accept(Accepted { key, partition: None, value, header: None });
    }
    let first = 1 - last;
    history.settle(first, Outcome::Acknowledged { partition: 0, offset: Some(receipts[first]) });
    doctor(&mut history);
    let of = |number: usize| Some((history.accepted[number].value.clone(), places[number]?));
    let places = || (0..2).filter_map(of).collect();
    at_receipt(&history, last, (0, receipts[last]), places).map(|violation| violation.invariant)
}

#[test]
fn the_wrong_order_of_two_records_is_found_when_the_later_receipt_comes_whichever_that_is() {
    for last in [0, 1] {
        let told = |receipts: [i64; 2], places| acknowledged_last(last, receipts, places, |_| {});
        assert_eq!(told([5, 4], [Some(5), Some(4)]), Some("order"));
        assert_eq!(told([4, 4], [Some(4), Some(4)]), Some("order"));
        assert_eq!(told([4, 5], [Some(4), Some(5)]), None);
    }
}

#[test]
fn receipts_in_the_wrong_order_are_nothing_where_first_copies_are_in_order_or_gone() {
    for last in [0, 1] {
        let told = |places| acknowledged_last(last, [9, 4], places, |_| {});
        assert_eq!(told([Some(3), Some(4)]), None, "the receipt is of the second copy");
        assert_eq!(told([None, Some(4)]), None, "the first was lost");
        assert_eq!(told([Some(9), None]), None, "the second was lost");
    }
}

#[test]
fn order_between_two_clients_or_of_keyless_records_is_nothing_when_a_receipt_comes() {
    for last in [0, 1] {
        let told = |doctor: fn(&mut History)| acknowledged_last(last, [5, 4], [Some(5), Some(4)], doctor);
        assert_eq!(told(|_| {}), Some("order"));
        assert_eq!(told(|history| history.publisher_changes.extend([1])), None);
        assert_eq!(told(|history| history.publisher_changes.extend([0])), Some("order"));
        assert_eq!(told(|history| history.publisher_changes.extend([2])), Some("order"));
    }
    let keyless = |history: &mut History| history.accepted[1].key = None;
    assert_eq!(acknowledged_last(1, [5, 4], [Some(5), Some(4)], keyless), None);
}

#[test]
fn what_is_gone_does_not_hide_what_lies_behind_the_record_before_it() {
    let mut history = History::default();
    for value in ["m0", "m1", "m2"] {
        let (key, value) = (Some(b"k".to_vec()), value.as_bytes().to_vec());
        history.accept(Accepted { key, partition: None, value, header: None });
    }
    for (number, offset) in [(0, 7), (1, 8)] {
        history.settle(number, Outcome::Acknowledged { partition: 0, offset: Some(offset) });
    }
    let places = || BTreeMap::from([(b"m0".to_vec(), 7), (b"m2".to_vec(), 2)]);
    assert_eq!(at_receipt(&history, 2, (0, 2), places).map(|found| found.invariant), Some("order"));
    assert_eq!(at_receipt(&history, 2, (1, 2), places), None, "it is in another partition");
}

#[test]
fn a_record_that_is_stored_again_later_is_in_order() {
    let names = broken(|history, logs| {
        let again = LoggedRecord { offset: 3, ..log(logs, 0)[0].clone() };
        history.read(0, 0, Read { offset: 3, key: again.key.clone(), value: again.value.clone() });
        log(logs, 0).push(again);
    });
    assert_eq!(names, Vec::<&str>::new());
}

#[test]
fn a_record_that_nobody_published_is_found() {
    let names = broken(|history, logs| {
        log(logs, 1).push(LoggedRecord { offset: 1, key: None, value: Some(b"x".to_vec()), header: None });
        history.finished_readers.clear();
    });
    assert_eq!(names, ["nothing-foreign"]);
}

#[test]
fn a_key_in_two_partitions_is_found() {
    let names = broken(|history, logs| {
        history.accepted[2].key = Some(b"k".to_vec());
        log(logs, 1)[0].key = Some(b"k".to_vec());
        history.reads.clear();
        history.finished_readers.clear();
    });
    assert_eq!(names, ["one-partition-per-key"]);
}

#[test]
fn a_gap_a_repetition_and_a_step_back_are_found() {
    let reads = |history: &mut History| history.reads.remove(&(0, 0)).unwrap();
    for doctored in [[0, 2, 2], [0, 1, 1], [1, 0, 1]] {
        let names = broken(|history, _| {
            let all = reads(history);
            history.finished_readers.clear();
            for place in doctored {
                history.read(0, 0, all[place].clone());
            }
        });
        assert_eq!(names, ["reads-without-gaps"], "{doctored:?}");
    }
}

#[test]
fn a_gap_a_repetition_and_a_step_back_are_found_when_they_are_handed_out() {
    const NOWHERE: i64 = -1;
    let history = sound().0;
    // The reader has 0 to 2 of partition 0, and nothing of partition 2.
    let gets = |partition, offset, went_on_at: i64, stored: &[i64]| {
        let is_between = |before, after| stored.iter().any(|offset| before < *offset && *offset < after);
        let told = at_hand_out(&history, (0, partition), offset, |to| to == went_on_at, is_between);
        told.map(|violation| violation.invariant)
    };
    for (offset, stored) in [(2, &[][..]), (0, &[]), (4, &[3])] {
        assert_eq!(gets(0, offset, NOWHERE, stored), Some("reads-without-gaps"), "{offset}");
        assert_eq!(gets(2, offset, NOWHERE, stored), None, "the first is looked at elsewhere");
    }
    assert_eq!(gets(0, 3, NOWHERE, &[]), None);
    assert_eq!(gets(0, 4, NOWHERE, &[2, 4]), None, "nobody can read what is between");
    assert_eq!(gets(0, 1, 1, &[]), None, "the log went on there when something was lost");
    assert_eq!(gets(0, 1, 0, &[]), Some("reads-without-gaps"), "it went on elsewhere");
}

#[test]
fn a_read_that_is_not_what_the_log_has_is_found() {
    let names =
        broken(|history, _| history.reads.get_mut(&(0, 1)).unwrap()[0].value = Some(b"other".to_vec()));
    assert_eq!(names, ["reads-what-is-stored"]);
    let names = broken(|history, _| history.reads.get_mut(&(0, 1)).unwrap()[0].offset = 7);
    assert!(names.contains(&"reads-what-is-stored"), "{names:?}");
}

#[test]
fn a_reader_that_stops_before_the_end_is_found() {
    assert_eq!(
        broken(|history, _| drop(history.reads.get_mut(&(0, 0)).unwrap().pop())),
        ["reads-to-the-end"]
    );
    assert_eq!(broken(|history, _| drop(history.reads.remove(&(0, 1)))), ["reads-to-the-end"]);
}

#[test]
fn a_reader_that_does_not_begin_where_it_was_to_is_found() {
    let begins_at = |start| {
        broken(|history, _| {
            history.starts.insert((0, 0), start);
        })
    };
    assert_eq!(begins_at(0), Vec::<&str>::new());
    assert_eq!(begins_at(1), ["reads-from-its-start"]);
}

#[test]
fn offsets_that_nobody_can_read_are_no_gap() {
    let names = broken(|history, logs| {
        log(logs, 0)[2].offset = 9;
        history.reads.get_mut(&(0, 0)).unwrap()[2].offset = 9;
        history.outcomes.insert(3, vec![Outcome::Acknowledged { partition: 0, offset: Some(9) }]);
    });
    assert_eq!(names, Vec::<&str>::new());
}

#[test]
fn who_keeps_what_was_lost_is_found_and_who_goes_back_is_not() {
    let cut = |goes_back: bool| {
        broken(|history, logs| {
            let lost = log(logs, 0).split_off(1);
            let new = LoggedRecord { offset: 1, key: None, value: Some(b"m2".to_vec()), header: None };
            log(logs, 1).clear();
            history.reads.remove(&(0, 1));
            history.outcomes.insert(2, vec![Outcome::Acknowledged { partition: 0, offset: Some(1) }]);
            log(logs, 0).push(new.clone());
            history.losses.push(Loss { topic: "t".to_owned(), partition: 0, from: 1, records: lost });
            if goes_back {
                history.read(0, 0, Read { offset: 1, key: None, value: new.value });
            }
        })
    };
    assert_eq!(cut(true), Vec::<&str>::new());
    assert_eq!(cut(false), ["reads-to-the-end", "reads-what-is-left"]);
}
