//! A member of a group of Scala consumers of 0.7: brokers that count their own partitions, and locks that bear their ids.

use samsa_proto::zookeeper::Dialect;

use super::SECOND;
use super::script::{Script, Seen};
use crate::broker_partition::BrokerPartition;
use crate::group::dialect::Spoken;
use crate::group::pattern::{Pattern, TopicPattern};
use crate::group::{Assignor, GroupError, OffsetStorage};
use crate::offset::Offset;
use crate::zookeeper::ZkError;

const TOPIC: &str = "/brokers/topics/t";
const BROKERS: &str = "/brokers/ids";

/// Brokers 10 and 2 run and have nothing yet.
fn scala07() -> Script {
    running(Script::with(0, |settings| settings.dialect = Dialect::Scala07))
}

fn running(mut script: Script) -> Script {
    script.put(TOPIC, "");
    for broker in ["10", "2"] {
        script.put(&format!("{BROKERS}/{broker}"), "127.0.0.1-1795408269083:127.0.0.1:19092");
    }
    script
}

/// Broker 10 has one partition, broker 2 has two.
fn three() -> Script {
    let mut script = scala07();
    has(&mut script, 10, "1");
    has(&mut script, 2, "2");
    script
}

fn has(script: &mut Script, broker: i32, count: &str) {
    script.put(&format!("{TOPIC}/{broker}"), count);
}

fn number(broker: i32, partition: u16) -> i32 {
    BrokerPartition { broker, partition }.number().unwrap()
}

fn shown(script: &Script) -> Vec<String> {
    let partitions = script.shown().into_iter();
    partitions.map(|number| BrokerPartition::of_number(number).unwrap().to_string()).collect()
}

#[test]
fn a_member_registers_claims_by_broker_and_partition_and_starts_at_the_byte_where_the_group_is() {
    let mut script = three();
    script.put("/consumers/g/offsets/t/2-1", "42");
    script.settle();
    assert_eq!(script.data("/consumers/g/ids/me"), Some(r#"{ "t": 1 }"#));
    for node in ["10-0", "2-0", "2-1"] {
        assert_eq!(script.data(&format!("/consumers/g/owners/t/{node}")), Some("me-0"), "{node}");
    }
    let starts = [
        (number(2, 0), Offset::Earliest),
        (number(2, 1), Offset::Exact(42)),
        (number(10, 0), Offset::Earliest),
    ];
    assert_eq!(script.starts(), starts);
    assert!(script.saw(&Seen::Joined));
}

#[test]
fn members_share_in_the_order_of_text_with_a_thread_for_each_stream() {
    let mut script = three();
    script.put("/consumers/g/ids/you", r#"{ "t": 2,"u": 1 }"#);
    script.settle();
    assert_eq!(shown(&script), ["10-0"], "me-0 comes first, and 10-0 does");
    assert!(!script.saw(&Seen::Foreign("you".to_owned())));
}

#[test]
fn with_several_streams_each_lock_says_to_which_the_partition_was_dealt() {
    let mut script = running(Script::with(0, |settings| {
        (settings.dialect, settings.streams) = (Dialect::Scala07, 2);
    }));
    has(&mut script, 10, "1");
    has(&mut script, 2, "2");
    script.settle();
    assert_eq!(script.data("/consumers/g/ids/me"), Some(r#"{ "t": 2 }"#));
    for (node, stream) in [("10-0", "me-0"), ("2-0", "me-0"), ("2-1", "me-1")] {
        assert_eq!(script.data(&format!("/consumers/g/owners/t/{node}")), Some(stream), "{node}");
    }
}

#[test]
fn who_chooses_by_a_pattern_registers_it_as_it_stands_and_makes_the_folders() {
    let mut script = running(Script::with(0, |settings| {
        let pattern = Pattern::new(&TopicPattern::Matching(r"t\w*".into())).unwrap();
        (settings.dialect, settings.pattern) = (Dialect::Scala07, Some(pattern));
        settings.topics.clear();
    }));
    has(&mut script, 2, "1");
    script.put("/brokers/topics/to", "");
    script.put("/brokers/topics/to/10", "1");
    script.put("/consumers/g/ids/you", "!1!t");
    script.settle();
    assert_eq!(script.data("/consumers/g/ids/me"), Some(r"*1*t\w*"));
    assert_eq!(script.shown_places(), [format!("t/{}", number(2, 0)), format!("to/{}", number(10, 0))]);
    assert_eq!(script.data("/consumers/g/owners/to/10-0"), Some("me-0"));
}

#[test]
fn the_partitions_of_a_broker_come_and_go_with_it_and_the_others_stay() {
    let mut script = three();
    script.settle();
    script.is_done_with(number(2, 1), 300);
    for node in [format!("{TOPIC}/2"), format!("{BROKERS}/2")] {
        script.remove(&node);
    }
    for folder in [TOPIC, BROKERS] {
        script.fires(folder);
    }
    script.passes(SECOND);
    assert_eq!(shown(&script), ["10-0"]);
    assert_eq!(script.data("/consumers/g/offsets/t/2-1"), Some("300"), "committed, then released");
    assert_eq!(script.data("/consumers/g/owners/t/2-1"), None);
    assert!(!script.saw(&Seen::Withdrawn(number(10, 0))));

    has(&mut script, 2, "2");
    script.fires(TOPIC);
    script.passes(SECOND);
    assert_eq!(shown(&script), ["2-0", "2-1", "10-0"]);
    assert_eq!(script.starts().last(), Some(&(number(2, 1), Offset::Exact(300))));
    assert_eq!(script.count("create /consumers/g/owners/t/10-0"), 1, "it stayed");
}

#[test]
fn a_broker_that_has_more_partitions_than_before_is_noticed_by_its_count() {
    let mut script = three();
    script.settle();
    has(&mut script, 10, "2");
    script.fires(&format!("{TOPIC}/10"));
    script.passes(SECOND);
    assert_eq!(shown(&script), ["2-0", "2-1", "10-0", "10-1"]);
}

#[test]
fn what_happens_to_brokers_and_topics_at_once_is_one_round_of_reading() {
    let mut script = three();
    script.settle();
    let before = script.count(&format!("list {BROKERS}"));
    for path in [TOPIC, BROKERS, "/brokers/topics/t/2", "/consumers/g/ids"] {
        script.fires(path);
    }
    script.passes(SECOND);
    assert_eq!(script.count(&format!("list {BROKERS}")), before + 1);
}

#[test]
fn a_topic_that_is_not_there_yet_is_claimed_when_it_comes() {
    let mut script = scala07();
    script.remove(TOPIC);
    script.refuses(&format!("list {TOPIC}"), ZkError::NoNode);
    script.refuses(&format!("list {BROKERS}"), ZkError::NoNode);
    script.settle();
    assert!(script.asked(&format!("exists {TOPIC}")) && script.asked(&format!("exists {BROKERS}")));
    script.put(TOPIC, "");
    has(&mut script, 2, "1");
    script.fires(TOPIC);
    script.passes(SECOND);
    assert_eq!(shown(&script), ["2-0"]);
}

#[test]
fn where_brokers_have_registered_as_later_ones_do_it_does_not_join_and_says_what_was_found() {
    let mut script = three();
    let json = r#"{"jmx_port":-1,"timestamp":"1","host":"k1","version":1,"port":9092}"#;
    script.put(&format!("{BROKERS}/7"), json);
    script.settle();
    let failure = script.failure().expect("it is over").clone();
    let GroupError::NotKafka07 { broker, found } = &failure else { panic!("{failure:?}") };
    assert!(broker == "7" && found.contains("jmx_port"), "{found}");
    let text = failure.to_string();
    assert!(text.contains("--dialect scala)") && text.contains("--dialect samsa"), "{text}");
    assert_eq!(script.data("/consumers/g/ids/me"), None, "it has not registered");
}

#[test]
fn who_sees_a_later_broker_come_leaves() {
    let mut script = three();
    script.settle();
    script.put(&format!("{BROKERS}/7"), r#"{"version":1,"host":"k1","port":9092}"#);
    script.fires(BROKERS);
    script.passes(SECOND);
    assert!(matches!(script.failure(), Some(GroupError::NotKafka07 { .. })), "{:?}", script.failure());
    assert!(script.saw(&Seen::Lost(vec![number(2, 0), number(2, 1), number(10, 0)])));
}

#[test]
fn a_partition_that_has_no_number_is_a_reason_not_to_join() {
    let mut script = three();
    has(&mut script, 21_475, "1");
    script.settle();
    let failure = script.failure().expect("it is over").to_string();
    assert!(failure.contains("broker 21475") && failure.contains("brokerid"), "{failure}");
}

#[test]
fn what_is_no_broker_or_no_count_has_no_partitions() {
    let mut script = three();
    for (broker, count) in [("3", "many"), ("x", "1"), ("4", "0"), ("5", "")] {
        script.put(&format!("{TOPIC}/{broker}"), count);
    }
    script.settle();
    assert_eq!(shown(&script), ["2-0", "2-1", "10-0"]);
}

/// Scala writes -1 where the broker could not be asked.
#[test]
fn where_it_begins_is_committed_in_place_of_what_is_no_offset() {
    let mut script = scala07();
    has(&mut script, 2, "1");
    script.put("/consumers/g/offsets/t/2-0", "-1");
    script.settle();
    assert_eq!(script.starts(), [(number(2, 0), Offset::Earliest)]);
    assert!(script.reads().is_empty(), "it is withheld");
    script.begins_at(number(2, 0), 1000);
    assert_eq!(script.data("/consumers/g/offsets/t/2-0"), Some("1000"));
    assert_eq!(script.reads(), [number(2, 0)]);
}

#[test]
fn a_claim_whose_answer_was_lost_is_looked_at_by_its_name() {
    let mut script = scala07();
    has(&mut script, 2, "1");
    script.loses_the_answer_to("create /consumers/g/owners/t/2-0", true);
    script.settle();
    assert!(script.shown().is_empty());
    script.passes(SECOND);
    assert_eq!(shown(&script), ["2-0"]);
    assert_eq!(script.count("create /consumers/g/owners/t/2-0"), 1);
}

/// Scala's consumers take it for theirs.
#[test]
fn an_owner_node_that_holds_our_name_and_is_another_session_s_is_not_ours() {
    let mut script = scala07();
    has(&mut script, 2, "1");
    script.put_owned("/consumers/g/owners/t/2-0", "me-0", 99);
    script.settle();
    assert!(script.shown().is_empty());
}

#[test]
fn an_older_member_of_a_later_scala_s_is_in_the_way() {
    let mut script = three();
    script.put(
        "/consumers/g/ids/other",
        r#"{"version":1,"subscription":{"t":1},"pattern":"static","timestamp":"1"}"#,
    );
    script.settle();
    let failure = script.failure().expect("it is over").to_string();
    assert!(failure.contains("other") && failure.contains("0.8 to 1.1"), "{failure}");
}

#[test]
fn an_application_is_refused_and_told_first_what_such_a_group_has_not() {
    let protocol = Spoken(Dialect::Scala07);
    assert_eq!(protocol.dialect(), Err(GroupError::Scala07));
    assert_eq!(protocol.assignor(Assignor::Range), Ok(Assignor::Range));
    for other in [Assignor::RoundRobin, Assignor::RoundRobinKafka1] {
        assert_eq!(protocol.assignor(other), Err(GroupError::RangeAlone));
        assert_eq!(Spoken(Dialect::Scala).assignor(other), Ok(other));
    }
    for said in [None, Some(OffsetStorage::ZooKeeper)] {
        assert_eq!(protocol.storage(said), Ok(OffsetStorage::ZooKeeper));
    }
    for said in [OffsetStorage::Brokers, OffsetStorage::Both] {
        assert_eq!(protocol.storage(Some(said)), Err(GroupError::OffsetsInZooKeeper));
    }
}
