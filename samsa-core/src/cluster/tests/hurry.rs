//! Messages wait for what only metadata can tell.

use super::*;

fn who_is_asked(script: &Script) -> Option<Peer> {
    script.cluster.asking.asked().map(|contact| contact.peer)
}

#[test]
fn while_messages_wait_for_a_leader_metadata_is_asked_for_every_50_ms_however_often_it_was_in_vain() {
    let mut script = Script::connected();
    script.wants("events", Interest::Publish);
    script.connects();
    for _ in 0..20 {
        let (id, ..) = script.is_asked();
        script.with(|cluster, cx| cluster.refresh(cx, "a test", Urgency::Hurry));
        assert!(script.sent().is_empty(), "one question at a time");
        script.is_told(id, vec![troubled("events", ErrorCode::LEADER_NOT_AVAILABLE)]);
        let answered = script.now.mono;
        script.with(|cluster, cx| cluster.refresh(cx, "a test", Urgency::Hurry));
        script.ticks_at_its_deadline();
        assert_eq!(script.now.mono, answered + limits::LEADERLESS);
    }
}

/// Messages wait for a leader, and whoever is asked for it says nothing for so long.
fn hears_nothing(script: &mut Script, patience: Duration) {
    script.with(|cluster, cx| cluster.refresh(cx, "a test", Urgency::Hurry));
    if script.cluster.asking.is_resting() {
        script.ticks_at_its_deadline();
    }
    script.reaches_its_contact();
    assert!(!script.sent().is_empty());
    let asked = who_is_asked(script);
    script.hears_nothing_for(patience / 10 * 9);
    assert_eq!(who_is_asked(script), asked, "it may answer still");
    script.hears_nothing_for(patience / 10);
    assert_eq!(who_is_asked(script), None);
}

#[test]
fn patience_with_the_only_broker_is_a_second_however_many_answers_were_troubled_and_doubles_with_each_silence()
 {
    let mut script = Script::connected();
    script.wants("events", Interest::Publish);
    script.connects();
    let (id, ..) = script.is_asked();
    script.is_told(id, vec![troubled("events", ErrorCode::LEADER_NOT_AVAILABLE)]);
    for _ in 0..10 {
        script.is_told_again(troubled("events", ErrorCode::LEADER_NOT_AVAILABLE));
    }
    for silences in [1, 2, 4] {
        hears_nothing(&mut script, limits::METADATA_ANSWER * silences);
    }
    script.is_told_again(troubled("events", ErrorCode::LEADER_NOT_AVAILABLE));
    hears_nothing(&mut script, limits::METADATA_ANSWER);
}

#[test]
fn nobody_hurries_any_more_when_nobody_says_so_after_a_question_that_failed() {
    let mut script = Script::that_knows("events");
    script.now.mono = script.now.mono + Duration::from_secs(10);
    for silences in [1, 2, 4, 8] {
        hears_nothing(&mut script, limits::METADATA_ANSWER * silences);
    }
    let rest = script.cluster.deadline().unwrap().at - script.now.mono;
    assert!(rest >= script.config.retry_backoff.most / 2, "{rest:?}");
    script.ticks_at_its_deadline();
    script.reaches_its_contact();
    script.is_asked();
    script.hears_nothing_for(script.config.request_timeout / 10 * 9);
    assert!(script.cluster.asking.asked().is_some(), "nobody waits for it");
}

#[test]
fn a_broker_that_stands_still_keeps_nobody_from_a_new_leader() {
    let mut script = Script::that_knows("events");

    script.now.mono = script.now.mono + Duration::from_secs(10);
    script.with(|cluster, cx| cluster.refresh(cx, "a test", Urgency::Hurry));
    assert!(!script.sent().is_empty());
    script.hears_nothing_for(limits::METADATA_ANSWER);
    script.ticks_at_its_deadline();
    assert_eq!(who_is_asked(&script), Some(Peer::Bootstrap(0)), "somebody else is asked");
}

#[test]
fn a_question_that_is_given_up_costs_no_other_request_its_connection() {
    let mut script = Script::that_knows("events");
    let metadata = script.conn;
    script.with(|cluster, cx| assert_eq!(cluster.contact(cx), None));
    script.connects();
    let control = script.conn;

    script.conn = metadata;
    hears_nothing(&mut script, limits::METADATA_ANSWER);
    assert_eq!(script.net.established(Peer::Broker(BrokerId(1)), Role::Metadata), None);
    assert_eq!(script.net.established(Peer::Broker(BrokerId(1)), Role::Control), control);
}

#[test]
fn a_question_that_nobody_hurried_for_is_given_up_as_soon_as_messages_wait_for_it() {
    let mut script = Script::that_knows("events");
    script.now.mono = script.now.mono + Duration::from_secs(10);
    script.with(|cluster, cx| cluster.refresh(cx, "a test", Urgency::Soon));
    script.is_asked();
    script.hears_nothing_for(limits::METADATA_ANSWER / 2);
    script.hears_nothing_for(limits::METADATA_ANSWER);
    assert!(script.cluster.asking.asked().is_some(), "nobody waits for it");

    script.with(|cluster, cx| cluster.refresh(cx, "a test", Urgency::Hurry));
    assert_eq!(who_is_asked(&script), None);
    assert!(script.cluster.deadline().is_some_and(|deadline| deadline.at > script.now.mono));
    script.ticks_at_its_deadline();
    assert_eq!(script.cluster.contacts.current(), Some(Peer::Bootstrap(0)), "somebody else is sought");
    assert_eq!(script.cluster.asking.silences(), 1, "that its connection is closed is no other silence");
}

#[test]
fn what_was_not_asked_because_the_contact_went_is_asked_of_the_next() {
    let mut script = Script::that_knows("events");
    script.wants("others", Interest::Publish);
    let (id, names, _) = script.is_asked();
    assert_eq!(names, ["events"], "what is looked at comes before what is to be made");
    script.net.give_up(script.now, Peer::Bootstrap(0), Role::Metadata, "a test");
    script.settle();
    let reason = "another connection to it was lost".to_owned();
    let peer = script.cluster.contacts.current().unwrap();
    script.with(|cluster, cx| cluster.handle(cx, ClusterInput::Unreachable { peer, reason }));
    script.is_told(id, vec![topic("events")]);
    script.reaches_its_contact();
    let (_, names, _) = script.is_asked();
    assert_eq!(names, ["events"], "all is asked again");
}
