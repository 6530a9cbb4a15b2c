//! A member that chooses its topics by a pattern, and members beside it that do.

use super::super::pattern::{Pattern, TopicPattern};
use super::super::{Assignor, GroupError};
use super::script::{Script, Seen, own};
use super::{SECOND, ZkError};
use crate::offset::Offset;

const LIST: &str = "/brokers/topics";

fn matching(pattern: &str) -> Script {
    choosing(&TopicPattern::Matching(pattern.into()))
}

/// A member that chooses so, where topic `t` has two partitions and topic `x` one.
fn choosing(pattern: &TopicPattern) -> Script {
    choosing_from(Offset::Earliest, pattern)
}

fn choosing_from(start: Offset, pattern: &TopicPattern) -> Script {
    let mut script = Script::with(2, |settings| {
        settings.topics.clear();
        settings.pattern = Some(Pattern::new(pattern).unwrap());
        settings.start = start;
    });
    script.put("/brokers/topics/x", &own::registration(1));
    script
}

fn registered(pattern: &str, kind: &str, streams: u16) -> String {
    format!(r#"{{"version":1,"subscription":{{"{pattern}":{streams}}},"pattern":"{kind}","timestamp":"1"}}"#)
}

/// A topic of one partition comes; whether that is told is another matter.
fn comes(script: &mut Script, topic: &str) {
    script.put(&format!("{LIST}/{topic}"), &own::registration(1));
}

#[test]
fn a_member_registers_its_pattern_and_claims_what_it_means_in_folders_that_it_makes() {
    let mut script = matching(r"t\w*");
    comes(&mut script, "to");
    script.settle();
    let registration = script.data("/consumers/g/ids/me").expect("it has registered");
    assert!(registration.contains(r#"{"t\\w*":1},"pattern":"white_list""#), "{registration}");
    assert_eq!(script.shown_places(), ["t/0", "t/1", "to/0"]);
    let writes = script.writes();
    let place = |what: &str| writes.iter().position(|write| write == what).expect(what);
    for folder in ["create /consumers/g/owners/to", "create /consumers/g/offsets/to"] {
        assert!(place(folder) < place("create /consumers/g/owners/to/0"));
    }
    assert!(!script.asked("get /brokers/topics/x"));
}

#[test]
fn a_black_list_leaves_out_what_it_matches() {
    let mut script = choosing(&TopicPattern::NotMatching("t".into()));
    comes(&mut script, "__consumer_offsets");
    script.settle();
    let registration = script.data("/consumers/g/ids/me").expect("it has registered");
    assert!(registration.contains(r#"{"t":1},"pattern":"black_list""#), "{registration}");
    assert_eq!(script.shown_places(), ["x/0"]);
}

#[test]
fn topics_that_come_together_lead_to_one_round_and_are_read_from_their_beginning() {
    let mut script = choosing_from(Offset::Latest, &TopicPattern::Matching("t|new.*".into()));
    script.settle();
    assert_eq!(script.starts_of("t"), [Offset::Latest, Offset::Latest]);
    let rounds = script.count("list /brokers/topics");
    for topic in ["new-1", "new-2", "other"] {
        comes(&mut script, topic);
        script.fires(LIST);
    }
    script.passes(SECOND);
    assert_eq!(script.shown_places(), ["new-1/0", "new-2/0", "t/0", "t/1"]);
    for topic in ["new-1", "new-2"] {
        assert_eq!(script.starts_of(topic), [Offset::Earliest], "{topic}");
    }
    assert_eq!(script.count("list /brokers/topics"), rounds + 1);
    assert_eq!(script.count("create /consumers/g/owners/t"), 1, "what is there is not made again");
}

#[test]
fn a_topic_that_goes_is_given_up_in_one_round() {
    let mut script = matching(".*");
    script.settle();
    assert_eq!(script.shown_places(), ["t/0", "t/1", "x/0"]);
    let rounds = script.count("list /brokers/topics");
    script.remove("/brokers/topics/x");
    script.fires("/brokers/topics/x");
    script.fires(LIST);
    script.passes(SECOND);
    assert_eq!(script.shown_places(), ["t/0", "t/1"]);
    assert_eq!(script.data("/consumers/g/owners/x/0"), None);
    assert_eq!(script.count("list /brokers/topics"), rounds + 1);
}

#[test]
fn a_topic_that_went_and_came_back_is_read_from_its_beginning() {
    let mut script = choosing_from(Offset::Latest, &TopicPattern::Matching("x".into()));
    script.settle();
    script.remove("/brokers/topics/x");
    script.fires(LIST);
    script.passes(SECOND);
    assert!(script.shown().is_empty());
    comes(&mut script, "x");
    script.fires(LIST);
    script.passes(SECOND);
    assert_eq!(script.starts_of("x"), [Offset::Latest, Offset::Earliest]);
}

#[test]
fn who_has_nothing_to_choose_from_waits_for_topics() {
    let mut script = matching("new");
    script.refuses("list /brokers/topics", ZkError::NoNode);
    script.settle();
    assert!(script.saw(&Seen::Joined) && !script.saw(&Seen::Idle));
    assert!(script.asked("exists /brokers/topics"));
    comes(&mut script, "new");
    script.fires(LIST);
    script.passes(SECOND);
    assert_eq!(script.shown_places(), ["new/0"]);
}

#[test]
fn folders_that_could_not_be_made_are_made_by_the_next_round() {
    let mut script = matching("t");
    script.loses_the_answer_to("create /consumers/g/owners/t", false);
    script.settle();
    assert!(script.shown().is_empty());
    script.passes(SECOND);
    assert_eq!(script.shown(), [0, 1]);
}

#[test]
fn a_topic_is_shared_with_those_who_name_it_and_those_who_choose_it_otherwise() {
    let mut script = choosing(&TopicPattern::NotMatching("x".into()));
    script.settle();
    script.joins("you");
    script.passes(SECOND);
    assert_eq!(script.shown_places(), ["t/0"]);
    script.put("/consumers/g/ids/a", &registered("[a-t]", "white_list", 2));
    script.fires("/consumers/g/ids");
    script.passes(SECOND);
    assert!(script.shown().is_empty() && script.saw(&Seen::Idle));
}

#[test]
fn who_names_its_topics_needs_no_list_to_share_them_with_a_pattern() {
    let mut script = Script::with_partitions(4);
    script.put("/consumers/g/ids/you", &registered("t.*", "white_list", 3));
    script.settle();
    assert_eq!(script.shown(), [0], "it has one thread of four");
    assert!(!script.asked("list /brokers/topics"));
}

#[test]
fn dealing_in_turn_all_that_others_choose_counts() {
    let mut script = Script::with(2, |settings| settings.assignor = Assignor::RoundRobin);
    comes(&mut script, "u");
    script.put("/consumers/g/ids/you", &registered("[tu]", "white_list", 1));
    script.settle();
    assert!(script.asked("list /brokers/topics") && script.asked("get /brokers/topics/u"));
    // In the order of their hashes: [t,0], [t,1], [u,0].
    assert_eq!(script.shown(), [0]);
    let mut alone = Script::with(2, |settings| settings.assignor = Assignor::RoundRobin);
    alone.settle();
    assert_eq!(alone.shown(), [0, 1]);
}

#[test]
fn a_pattern_that_is_escaped_twice_chooses_nothing_as_its_own_member_reads_it() {
    let mut script = Script::with_partitions(2);
    script.put("/consumers/g/ids/you", &registered(r"\\\\w", "white_list", 1));
    script.settle();
    assert_eq!(script.shown(), [0, 1]);
    script.put("/consumers/g/ids/you", &registered(r"\\w", "white_list", 1));
    script.fires("/consumers/g/ids");
    script.passes(SECOND);
    assert_eq!(script.shown(), [0]);
}

#[test]
fn an_older_member_whose_pattern_is_beyond_us_is_in_the_way() {
    let mut script = Script::with_partitions(1);
    script.put("/consumers/g/ids/you", &registered("(?!x).*", "white_list", 1));
    script.settle();
    let failure = script.failure().expect("it is over").to_string();
    assert!(failure.contains("you") && failure.contains("lookahead"), "{failure}");
}

#[test]
fn who_has_no_room_for_what_is_its_own_leaves_and_says_so() {
    let mut script = matching("t");
    script.settle();
    script.is_refused(GroupError::Busy { open: 2 });
    assert_eq!(script.failure(), Some(&GroupError::Busy { open: 2 }));
    assert!(script.saw(&Seen::Lost(vec![0, 1])) && !script.may_hand_out());
}
