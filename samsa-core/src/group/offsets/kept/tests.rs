//! Offsets in a node and on the brokers, whatever is answered.

use super::*;
use crate::zookeeper::ZkStat;

fn done(offset: i64, turn: u64) -> Done {
    Done { offset, turn }
}

type Answered = Result<ZkAnswer, ZkError>;

fn data(text: &str, version: i32) -> ZkAnswer {
    ZkAnswer::Data(text.as_bytes().to_vec(), ZkStat { version, ..ZkStat::default() })
}

fn node(found: &Answered) -> Kept {
    let mut node = Kept::in_node("/o".to_owned());
    node.learn(&Answer::ZooKeeper(found)).unwrap();
    node.begin(Some(1));
    node
}

/// On the brokers.
fn offset(found: Option<i64>) -> Kept {
    let mut offset = Kept::on_brokers();
    offset.learn(&Answer::Brokers(&Ok(CoordinatorAnswer::Read(found)))).unwrap();
    offset.begin(Some(1));
    offset
}

fn writes(offset: i64) -> Ask {
    Ask::Brokers(OffsetAsk::Commit(offset))
}

fn read(found: Option<i64>) -> CoordinatorAnswer {
    CoordinatorAnswer::Read(found)
}

fn set(text: &str, version: i32) -> Ask {
    Ask::ZooKeeper(ZkOp::Set { path: "/o".to_owned(), data: text.as_bytes().to_vec(), version })
}

fn create(text: &str) -> Ask {
    Ask::ZooKeeper(ZkOp::Create { path: "/o".to_owned(), data: text.as_bytes().to_vec(), ephemeral: false })
}

#[test]
fn the_first_commit_creates_the_node_with_its_offset_and_the_next_sets_it() {
    let mut node = node(&Err(ZkError::NoNode));
    assert_eq!(node.commit(done(5, 1)), Some(create("5")));
    assert_eq!(node.commit(done(6, 1)), None, "one at a time");
    assert_eq!(node.answered(&Answer::ZooKeeper(&Ok(ZkAnswer::Created))), Step::Settled);
    assert_eq!(node.commit(done(6, 1)), Some(set("6", 0)));
}

#[test]
fn what_is_not_ahead_is_not_written() {
    let mut node = node(&Ok(data("7", 3)));
    assert_eq!(node.commit(done(7, 1)), None);
    assert_eq!(node.commit(done(6, 1)), None);
    assert_eq!(node.commit(done(8, 1)), Some(set("8", 3)));
}

#[test]
fn an_offset_goes_back_only_after_the_application_went_elsewhere() {
    let mut node = node(&Ok(data("7", 3)));
    assert_eq!(node.commit(done(2, 2)), Some(set("2", 3)));
    let stat = ZkStat { version: 4, ..ZkStat::default() };
    assert_eq!(node.answered(&Answer::ZooKeeper(&Ok(ZkAnswer::Set(stat)))), Step::Settled);
    assert_eq!(node.commit(done(1, 2)), None);
}

#[test]
fn what_was_handed_out_is_missed_until_it_or_something_of_a_later_turn_is_stored() {
    let mut node = node(&Ok(data("7", 3)));
    assert!(!node.is_behind(done(7, 1)) && node.is_behind(done(9, 1)));
    node.commit(done(2, 2)).unwrap();
    node.answered(&Answer::ZooKeeper(&Ok(ZkAnswer::Set(ZkStat { version: 4, ..ZkStat::default() }))));
    assert!(!node.is_behind(done(9, 1)), "the application went elsewhere");
    assert!(node.is_behind(done(3, 2)) && !node.is_behind(done(2, 2)));
}

#[test]
fn a_bad_version_is_read_and_the_larger_offset_kept() {
    for (found, step) in [
        (Ok(data("9", 5)), Step::Settled),
        (Ok(data("3", 5)), Step::Ask(set("8", 5))),
        (Ok(data("", 5)), Step::Ask(set("8", 5))),
        (Err(ZkError::NoNode), Step::Ask(create("8"))),
    ] {
        let mut node = node(&Ok(data("7", 3)));
        node.commit(done(8, 1)).unwrap();
        assert_eq!(node.answered(&Answer::ZooKeeper(&Err(ZkError::BadVersion))), Step::Ask(node.read()));
        assert_eq!(node.answered(&Answer::ZooKeeper(&found)), step, "{found:?}");
    }
}

#[test]
fn a_commit_of_unknown_fate_is_looked_at_before_anything_else() {
    for (found, step) in [(Ok(data("8", 4)), Step::Settled), (Ok(data("7", 3)), Step::Ask(set("8", 3)))] {
        let mut node = node(&Ok(data("7", 3)));
        node.commit(done(8, 1)).unwrap();
        assert_eq!(node.answered(&Answer::ZooKeeper(&Err(ZkError::ConnectionLost))), Step::Rest);
        assert!(!node.is_idle() && node.commit(done(9, 1)).is_none());
        assert!(node.look_again());
        assert_eq!(node.answered(&Answer::ZooKeeper(&found)), step);
    }
}

#[test]
fn data_that_is_no_offset_is_left_alone_and_told() {
    let mut node = node(&Ok(data("7", 3)));
    node.commit(done(8, 1)).unwrap();
    node.answered(&Answer::ZooKeeper(&Err(ZkError::BadVersion)));
    assert!(matches!(node.answered(&Answer::ZooKeeper(&Ok(data("x", 4)))), Step::Failed(_)));
    assert!(node.is_idle());
}

#[test]
fn where_a_partition_begins_is_written_over_nothing() {
    for (found, step) in [
        (Ok(data("8", 3)), Step::Settled),
        (Ok(data("3", 5)), Step::Stands(3)),
        (Ok(data("9", 5)), Step::Stands(9)),
        (Ok(data("", 5)), Step::Ask(set("8", 5))),
        (Err(ZkError::NoNode), Step::Ask(create("8"))),
    ] {
        let mut node = node(&Err(ZkError::NoNode));
        assert_eq!(node.commit(done(8, 1)), Some(create("8")));
        assert_eq!(
            node.start_answered(&Answer::ZooKeeper(&Err(ZkError::NodeExists)), false),
            Step::Ask(node.read())
        );
        assert_eq!(node.start_answered(&Answer::ZooKeeper(&found), false), step, "{found:?}");
        assert_eq!(node.is_idle(), !matches!(step, Step::Ask(_)));
    }
}

#[test]
fn what_is_on_the_brokers_is_written_once_and_goes_back_only_in_a_later_turn() {
    let mut offset = offset(Some(7));
    assert_eq!(offset.commit(done(7, 1)), None);
    assert_eq!(offset.commit(done(9, 1)), Some(writes(9)));
    assert_eq!(offset.commit(done(10, 1)), None, "one at a time");
    assert_eq!(offset.answered(&Answer::Brokers(&Ok(CoordinatorAnswer::Committed))), Step::Settled);
    assert_eq!(offset.commit(done(8, 1)), None);
    assert_eq!(offset.commit(done(2, 2)), Some(writes(2)));
}

#[test]
fn a_commit_without_an_answer_is_read_before_it_is_written_again_and_given_up_after_a_few_times() {
    let lost = Err(OffsetsError::Unanswered { reason: "gone".to_owned() });
    for (found, step) in [(8, Step::Settled), (9, Step::Settled), (7, Step::Ask(writes(8)))] {
        let mut offset = offset(Some(7));
        offset.commit(done(8, 1)).unwrap();
        assert_eq!(offset.answered(&Answer::Brokers(&lost)), Step::Rest);
        assert!(offset.look_again());
        assert_eq!(offset.answered(&Answer::Brokers(&Ok(read(Some(found))))), step);
    }
    let mut offset = offset(Some(7));
    offset.commit(done(8, 1)).unwrap();
    for _ in 0..limits::COMMIT_DOUBTS {
        assert_eq!(offset.answered(&Answer::Brokers(&lost)), Step::Rest);
        assert!(offset.look_again());
    }
    assert!(matches!(offset.answered(&Answer::Brokers(&lost)), Step::Failed(_)));
    assert!(offset.is_idle());
}

#[test]
fn where_a_partition_begins_is_read_on_the_brokers_before_it_is_written() {
    for (found, elsewhere, step) in [
        (None, false, Step::Ask(writes(8))),
        (Some(8), false, Step::Settled),
        (Some(3), false, Step::Stands(3)),
        (Some(9), false, Step::Stands(9)),
        (Some(3), true, Step::Ask(writes(8))),
        (Some(9), true, Step::Stands(9)),
    ] {
        let mut offset = offset(None);
        assert_eq!(offset.commit_start(done(8, 1)), Some(Ask::Brokers(OffsetAsk::Read)));
        let answered = offset.start_answered(&Answer::Brokers(&Ok(read(found))), elsewhere);
        assert_eq!(answered, step, "{found:?}");
    }
}

#[test]
fn what_is_no_answer_to_a_commit_says_nothing_of_it() {
    let mut offset = offset(None);
    offset.commit(done(8, 1)).unwrap();
    let answer = Answer::Brokers(&Ok(CoordinatorAnswer::Members(2)));
    assert!(matches!(offset.answered(&answer), Step::Failed(_)));
    assert_eq!(offset.stored(), None);
}

#[test]
fn a_refusal_ends_the_commit() {
    let mut offset = offset(None);
    offset.commit(done(8, 1)).unwrap();
    let refused = Err(OffsetsError::HasMembers);
    assert_eq!(
        offset.answered(&Answer::Brokers(&refused)),
        Step::Failed(OffsetsError::HasMembers.to_string())
    );
    assert_eq!(offset.commit(done(9, 1)), Some(writes(9)));
}
