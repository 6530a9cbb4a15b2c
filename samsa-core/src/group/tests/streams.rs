//! A member that takes part with several streams: it has more of the partitions, and its locks say of which stream each is.

use samsa_proto::zookeeper::Dialect;

use super::SECOND;
use super::script::Script;
use crate::group::dialect::Spoken;
use crate::group::pattern::Pattern;
use crate::group::{GroupError, TopicPattern};

/// Member `me` with two streams, alone with six partitions: three are of each stream.
fn two_streams() -> Script {
    let mut script = Script::with(6, |settings| settings.streams = 2);
    script.settle();
    script
}

fn owners(script: &Script) -> Vec<Option<&str>> {
    (0..6).map(|partition| script.data(&format!("/consumers/g/owners/t/{partition}"))).collect()
}

#[test]
fn a_member_registers_its_streams_and_each_lock_says_to_which_the_partition_was_dealt() {
    let script = two_streams();
    let registered = script.data("/consumers/g/ids/me").expect("it is there");
    assert!(registered.contains(r#""subscription":{"t":2}"#), "{registered}");
    let [first, second] = [Some("me-0"), Some("me-1")];
    assert_eq!(owners(&script), [first, first, first, second, second, second]);
    assert_eq!(script.shown(), [0, 1, 2, 3, 4, 5], "all are the application's");
}

#[test]
fn who_chooses_by_a_pattern_registers_it_with_its_streams() {
    for (pattern, kind) in [
        (TopicPattern::Matching("t|u".into()), r#""subscription":{"t|u":3},"pattern":"white_list""#),
        (TopicPattern::NotMatching("u".into()), r#""subscription":{"u":3},"pattern":"black_list""#),
    ] {
        let mut script = Script::with(1, |settings| {
            settings.topics.clear();
            (settings.pattern, settings.streams) = (Some(Pattern::new(&pattern).unwrap()), 3);
        });
        script.settle();
        let registered = script.data("/consumers/g/ids/me").expect("it is there");
        assert!(registered.contains(kind), "{registered}");
    }
}

#[test]
fn a_partition_that_is_dealt_to_another_stream_of_the_member_stays_and_its_lock_as_it_is() {
    let mut script = two_streams();
    script.joins("a");
    script.passes(SECOND);
    assert_eq!(script.shown(), [2, 3, 4, 5]);
    let writes: Vec<String> =
        script.writes().into_iter().skip_while(|write| !write.contains("delete")).collect();
    assert_eq!(writes, ["delete /consumers/g/owners/t/0", "delete /consumers/g/owners/t/1"]);
    // By now 2 and 3 are of the first stream, 4 and 5 of the second.
    let [first, second] = [Some("me-0"), Some("me-1")];
    assert_eq!(owners(&script), [None, None, first, second, second, second]);
}

#[test]
fn a_lock_that_is_made_later_says_what_holds_then() {
    let mut script = Script::with(6, |settings| settings.streams = 2);
    script.put_owned("/consumers/g/owners/t/3", "you-0", 99);
    script.settle();
    assert_eq!(script.shown(), [0, 1, 2, 4, 5]);
    script.joins("a");
    script.passes(SECOND);
    script.remove("/consumers/g/owners/t/3");
    script.fires("/consumers/g/owners/t/3");
    script.settle();
    assert_eq!(script.data("/consumers/g/owners/t/3"), Some("me-0"));
}

#[test]
fn a_member_with_more_streams_than_there_are_partitions_has_them_all() {
    let mut script = Script::with(2, |settings| settings.streams = 5);
    script.settle();
    assert_eq!(script.shown(), [0, 1]);
    assert_eq!(script.data("/consumers/g/owners/t/1"), Some("me-1"));
}

#[test]
fn no_stream_is_refused_and_so_are_several_where_members_have_equal_shares() {
    for dialect in [Dialect::Scala, Dialect::Scala07] {
        let protocol = Spoken(dialect);
        assert_eq!((protocol.streams(1), protocol.streams(7)), (Ok(1), Ok(7)));
        assert_eq!(protocol.streams(0), Err(GroupError::NoStream));
        assert_eq!(protocol.streams(1024), Ok(1024));
        let refusal = protocol.streams(1025).expect_err("they are too many");
        assert!(refusal.to_string().contains("1024"), "{refusal}");
    }
    let samsa = Spoken(Dialect::Samsa);
    assert_eq!((samsa.streams(0), samsa.streams(1)), (Err(GroupError::NoStream), Ok(1)));
    let refusal = samsa.streams(2).expect_err("it has one share");
    assert!(refusal.to_string().contains("--streams"), "{refusal}");
}
