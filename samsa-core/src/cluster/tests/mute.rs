//! Some of the addresses that an application names lead to somebody who says nothing.

use super::*;

const ADDRESSES: [&str; 3] = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"];

/// An application waits to be connected, and nobody of these says anything.
fn waits(addresses: &[&str]) -> Script {
    let mut script = Script::at(addresses);
    let op = OpId(1);
    script.with(|cluster, cx| cluster.handle(cx, ClusterInput::Connect { op, within: WITHIN }));
    assert!(script.is_dialled());
    script
}

impl Script {
    fn is_dialled(&mut self) -> bool {
        let mut intents = std::iter::from_fn(|| self.net.poll_intent());
        intents.any(|intent| matches!(intent, Intent::Connect { .. }))
    }

    fn seeks(&self) -> Peer {
        self.cluster.contacts.current().unwrap()
    }

    /// In how long it goes on to somebody else.
    fn patience(&self) -> Duration {
        self.cluster.deadline().unwrap().at - self.now.mono
    }
}

#[test]
fn whoever_says_nothing_is_passed_over_after_a_second_and_each_has_its_turn() {
    let mut script = waits(&ADDRESSES);
    let mut sought = vec![script.seeks()];
    for _ in 1..ADDRESSES.len() {
        assert_eq!(script.patience(), limits::METADATA_ANSWER);
        script.ticks_at_its_deadline();
        script.ticks_at_its_deadline();
        assert!(script.is_dialled());
        sought.push(script.seeks());
    }
    sought.sort();
    assert_eq!(sought, [Peer::Bootstrap(0), Peer::Bootstrap(1), Peer::Bootstrap(2)]);
    script.ticks_at_its_deadline();
    script.ticks_at_its_deadline();
    assert_eq!(script.patience(), 2 * limits::METADATA_ANSWER, "all of them may be slow");
}

#[test]
fn whoever_comes_after_three_that_say_nothing_has_twice_as_long() {
    let mut script = waits(&["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4", "127.0.0.1:5"]);
    let mut patience = Vec::new();
    for _ in 0..7 {
        patience.push(script.patience().as_secs());
        script.ticks_at_its_deadline();
        script.ticks_at_its_deadline();
    }
    assert_eq!(patience, [1, 1, 1, 2, 2, 2, 4].map(|times| times * limits::METADATA_ANSWER.as_secs()));
}

#[test]
fn messages_that_wait_are_as_patient_with_each_of_three_brokers() {
    let mut script = Script::at(&ADDRESSES);
    let mut patience = Vec::new();
    for _ in 0..4 {
        script.with(|cluster, cx| cluster.refresh(cx, "a test", Urgency::Hurry));
        if script.cluster.asking.is_resting() {
            script.ticks_at_its_deadline();
        }
        patience.push(script.patience());
        script.ticks_at_its_deadline();
    }
    assert_eq!(patience, [1, 1, 1, 2].map(|times| times * limits::METADATA_ANSWER));
}

#[test]
fn the_next_one_that_answers_will_do() {
    let mut script = waits(&ADDRESSES);
    script.ticks_at_its_deadline();
    script.ticks_at_its_deadline();
    script.connects();
    let (id, ..) = script.is_asked();
    script.is_told(id, Vec::new());
    assert!(matches!(script.answers()[..], [Reply::Connect(Ok(()))]));
}

#[test]
fn the_only_address_is_given_the_time_that_connections_have() {
    let script = waits(&ADDRESSES[..1]);
    let deadline = script.cluster.deadline().unwrap();
    assert_eq!((deadline.at - script.now.mono, deadline.why), (WITHIN, "connect"));
}

#[test]
fn nobody_is_hurried_when_no_application_waits() {
    let mut script = waits(&ADDRESSES);
    script.with(|cluster, cx| cluster.handle(cx, ClusterInput::Forget { op: OpId(1) }));
    assert!(script.cluster.deadline().is_none());
}

#[test]
fn whoever_comes_after_one_that_refuses_has_all_of_its_time_and_the_refusal_is_not_forgotten() {
    let mut script = Script::at(&ADDRESSES);
    let op = OpId(1);
    script.with(|cluster, cx| cluster.handle(cx, ClusterInput::Connect { op, within: WITHIN }));
    let Some(Intent::Connect { conn, .. }) = script.net.poll_intent() else { panic!("nobody is dialled") };
    script.now.mono = script.now.mono + limits::METADATA_ANSWER / 10 * 9;
    script.net.connect_failed(script.now, conn, "connection refused");
    script.settle();
    assert_eq!(script.patience(), limits::METADATA_ANSWER);
    script.ticks_at_its_deadline();
    let trouble = script.cluster.last_trouble();
    assert!(trouble.contains("connection refused"), "{trouble}");
}

#[test]
fn whoever_is_reached_may_take_its_time_to_answer() {
    let mut script = Script::at(&ADDRESSES);
    let op = OpId(1);
    script.with(|cluster, cx| cluster.handle(cx, ClusterInput::Connect { op, within: WITHIN }));
    script.connects();
    let (id, ..) = script.is_asked();
    script.hears_nothing_for(5 * limits::METADATA_ANSWER);
    script.is_told(id, Vec::new());
    assert!(matches!(script.answers()[..], [Reply::Connect(Ok(()))]));
}
