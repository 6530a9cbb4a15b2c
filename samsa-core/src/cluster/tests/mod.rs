//! Scripts over the machine and the network below it.

mod hurry;
mod mute;
mod script;

use samsa_proto::api::metadata::{MetadataRequest, MetadataResponseBroker};
use samsa_proto::encode_response;

use super::*;
use crate::connection::RecvBuf;
use crate::id::BrokerId;
use script::{Script, WITHIN, topic, troubled};

#[test]
fn connecting_ends_with_the_first_answer() {
    let mut script = Script::connected();
    assert!(matches!(script.answers()[..], [Reply::Connect(Ok(()))]));
    assert_eq!(script.cluster.published.len(), 1);
}

#[test]
fn connecting_ends_in_time_and_says_what_went_wrong() {
    let mut script = Script::start();
    let op = OpId(1);
    script.with(|cluster, cx| cluster.handle(cx, ClusterInput::Connect { op, within: WITHIN }));
    let Some(Intent::Connect { conn, .. }) = script.net.poll_intent() else { panic!("nobody is dialled") };
    script.net.connect_failed(script.now, conn, "connection refused");
    script.settle();
    let mut lines = Vec::new();
    script.cluster.explain(&mut lines);
    let line = lines.iter().find(|line| line.who == "connecting").expect("a line");
    assert!(line.what.contains("connection refused"), "{line:?}");
    assert_eq!((line.since, line.until), (Some(script.now.mono), Some(script.now.mono + WITHIN)));

    script.now.mono = script.now.mono + WITHIN;
    script.with(|cluster, cx| cluster.handle(cx, ClusterInput::Tick));
    let answers = script.answers();
    let [Reply::Connect(Err(error))] = &answers[..] else { panic!("{answers:?}") };
    assert!(error.to_string().contains("127.0.0.1:9092: connection refused"), "{error}");
}

#[test]
fn a_topic_to_publish_to_is_created_by_the_cluster_if_it_will() {
    let mut script = Script::connected();
    script.wants("events", Interest::Publish);
    script.connects();
    let (id, names, create) = script.is_asked();
    assert_eq!((names, create), (vec!["events".to_owned()], true));

    script.is_told(id, vec![topic("events")]);
    let view = script.cluster.topic("events").expect("the topic is known");
    assert_eq!(view.partitions[0].leader, Some(BrokerId(1)));
    assert_eq!(view.partitions[0].leader_epoch, Some(3));
    assert!(script.cluster.take_changed());
}

#[test]
fn a_topic_that_is_wanted_while_another_is_asked_about_is_asked_about_next() {
    let mut script = Script::connected();
    script.wants("events", Interest::Publish);
    script.connects();
    let (id, ..) = script.is_asked();
    script.wants("audit", Interest::Publish);
    assert!(script.sent().is_empty());
    script.is_told(id, vec![topic("events")]);

    let (id, names, _) = script.is_asked();
    assert_eq!(names, ["events"], "what is known is looked at first");
    script.is_told(id, vec![topic("events")]);
    let (_, names, create) = script.is_asked();
    assert_eq!((names, create), (vec!["audit".to_owned()], true));
}

#[test]
fn a_topic_to_read_is_never_created() {
    let mut script = Script::connected();
    script.wants("events", Interest::Read);
    script.connects();
    let (id, names, create) = script.is_asked();
    assert_eq!((names, create), (vec!["events".to_owned()], false));

    script.is_told(id, vec![troubled("events", ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)]);
    assert!(!script.cluster.is_unknown("events"), "the broker may have just started");
    script.is_told_again(troubled("events", ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    assert!(script.cluster.is_unknown("events"));
    assert!(script.cluster.deadline().unwrap().at >= script.now.mono + script.config.metadata_max_age);
}

#[test]
fn a_topic_that_was_unknown_is_asked_about_anew_when_it_is_wanted_again() {
    let mut script = Script::connected();
    script.wants("events", Interest::Read);
    script.connects();
    let (id, ..) = script.is_asked();
    script.is_told(id, vec![troubled("events", ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)]);
    script.is_told_again(troubled("events", ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    assert!(script.cluster.is_unknown("events"));

    script.now.mono = script.now.mono + Duration::from_secs(60);
    script.wants("events", Interest::Read);
    assert!(!script.cluster.is_unknown("events"), "somebody may have made it meanwhile");
    script.reaches_its_contact();
    let (id, ..) = script.is_asked();
    script.is_told(id, vec![topic("events")]);
    assert!(script.cluster.topic("events").is_some());
}

#[test]
fn a_lone_broker_that_restarts_is_not_believed_at_once() {
    let mut script = Script::connected();
    script.wants("events", Interest::Read);
    script.connects();
    let (id, ..) = script.is_asked();
    script.is_told(id, vec![topic("events")]);
    let restarted = script.now.mono;
    script.with(|cluster, cx| cluster.refresh(cx, "brokers changed", Urgency::Soon));
    while script.now.mono < restarted + limits::UNKNOWN {
        assert!(script.cluster.topic("events").is_some(), "{:?}", script.now.mono);
        script.is_told_again(troubled("events", ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    }
    script.is_told_again(troubled("events", ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    assert!(script.cluster.topic("events").is_none() && script.cluster.is_unknown("events"));
}

#[test]
fn a_topic_without_leader_is_asked_about_again_after_a_wait() {
    let mut script = Script::connected();
    script.wants("events", Interest::Publish);
    script.connects();
    let (id, ..) = script.is_asked();
    script.is_told(id, vec![troubled("events", ErrorCode::LEADER_NOT_AVAILABLE)]);
    assert!(script.cluster.last_trouble().contains("LEADER_NOT_AVAILABLE"));

    let deadline = script.cluster.deadline().unwrap();
    assert!(deadline.at > script.now.mono);
    assert!(deadline.at <= script.now.mono + script.config.retry_backoff.most);
    script.ticks_at_its_deadline();
    script.is_asked();
}

#[test]
fn a_topic_that_nobody_knows_is_told_with_what_to_do() {
    let mut script = Script::connected();
    script.wants("events", Interest::Publish);
    script.connects();
    let (id, ..) = script.is_asked();
    script.is_told(id, vec![troubled("events", ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)]);
    let told = script.cluster.last_trouble();
    assert!(told.contains(r#"no topic "events""#) && told.contains("created first"), "{told}");
}

#[test]
fn a_topic_that_is_refused_is_not_asked_about_again_and_again() {
    let mut script = Script::connected();
    script.wants("no/such", Interest::Publish);
    script.connects();
    let (id, ..) = script.is_asked();
    script.is_told(id, vec![troubled("no/such", ErrorCode::INVALID_TOPIC_EXCEPTION)]);
    assert_eq!(script.cluster.refusal("no/such"), Some(ErrorCode::INVALID_TOPIC_EXCEPTION));
    assert!(script.cluster.deadline().unwrap().at >= script.now.mono + script.config.metadata_max_age);
}

#[test]
fn many_that_find_the_metadata_wrong_ask_once() {
    let mut script = Script::connected();
    for _ in 0..100 {
        script.with(|cluster, cx| cluster.refresh(cx, "not leader", Urgency::Soon));
    }
    script.ticks_at_its_deadline();
    script.connects();
    script.is_asked();
    for _ in 0..100 {
        script.with(|cluster, cx| cluster.refresh(cx, "not leader", Urgency::Soon));
    }
    assert!(script.sent().is_empty(), "one question is under way already");
}

#[test]
fn an_answer_that_names_no_broker_is_not_believed() {
    let mut script = Script::connected();
    script.wants("events", Interest::Publish);
    script.connects();
    let (id, ..) = script.is_asked();
    let unknown = troubled("events", ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    let response = MetadataResponse { topics: vec![unknown], ..Default::default() };
    script.hears::<MetadataRequest<'_>>(id, 12, &response);

    assert!(!script.cluster.is_unknown("events"));
    assert_eq!(script.cluster.published.len(), 1);
    assert!(script.cluster.deadline().unwrap().at > script.now.mono, "it is asked again after a wait");
}

#[test]
fn an_old_cluster_without_topics_names_no_broker_and_is_believed_until_it_named_one() {
    let mut script = Script::start();
    let op = OpId(1);
    script.with(|cluster, cx| cluster.handle(cx, ClusterInput::Connect { op, within: WITHIN }));
    script.connects_to_one_that_speaks(0);
    let (id, ..) = script.is_asked();
    script.hears::<MetadataRequest<'_>>(id, 0, &MetadataResponse::default());
    assert!(matches!(script.answers()[..], [Reply::Connect(Ok(()))]));

    script.wants("events", Interest::Publish);
    let (id, ..) = script.is_asked();
    let broker = MetadataResponseBroker { node_id: 1, host: "127.0.0.1", port: 9092, ..Default::default() };
    let made =
        MetadataResponse { brokers: vec![broker], topics: vec![topic("events")], ..Default::default() };
    script.hears::<MetadataRequest<'_>>(id, 0, &made);
    assert!(script.cluster.topic("events").is_some());

    script.with(|cluster, cx| cluster.refresh(cx, "a test", Urgency::Soon));
    script.ticks_at_its_deadline();
    script.connects_to_one_that_speaks(0);
    let (id, ..) = script.is_asked();
    script.hears::<MetadataRequest<'_>>(id, 0, &MetadataResponse::default());
    assert_eq!(script.cluster.published.len(), 1, "it may be starting");
}

#[test]
fn a_broker_that_answers_nonsense_is_passed_over_for_the_next() {
    let mut script = Script::start();
    let op = OpId(1);
    script.with(|cluster, cx| cluster.handle(cx, ClusterInput::Connect { op, within: WITHIN }));
    script.connects();
    let (id, ..) = script.is_asked();

    let conn = script.conn.unwrap();
    let RecvBuf::Read(mut buffer) = script.net.recv_buf(conn) else { panic!("nothing can be read") };
    let nonsense = [&6_i32.to_be_bytes()[..], &id.to_be_bytes(), &[0xFF, 0xFF]].concat();
    buffer.unfilled()[..nonsense.len()].copy_from_slice(&nonsense);
    buffer.advance(nonsense.len());
    script.net.received(script.now, conn, buffer);
    script.settle();

    assert!(script.cluster.last_trouble().contains("MetadataResponse"), "{}", script.cluster.last_trouble());
    assert!(script.cluster.deadline().unwrap().at > script.now.mono);
}

#[test]
fn a_broker_that_says_begin_again_sends_the_client_back_to_its_bootstrap_addresses() {
    let mut script = Script::connected();
    script.wants("events", Interest::Publish);
    script.connects();
    let (id, ..) = script.is_asked();
    assert!(matches!(script.cluster.contacts.current(), Some(Peer::Broker(_))));
    let response = MetadataResponse { error_code: ErrorCode::REBOOTSTRAP_REQUIRED, ..Default::default() };
    let frame = encode_response::<MetadataRequest<'_>>(id, 13, &response).unwrap().concat();
    let input = ClusterInput::Response { version: 13, frame: Bytes::from(frame).slice(4..) };
    script.with(|cluster, cx| cluster.handle(cx, input));

    assert!(matches!(script.cluster.contacts.current(), Some(Peer::Bootstrap(0))));
    assert!(script.cluster.last_trouble().contains("bootstrap"), "{}", script.cluster.last_trouble());
    assert!(script.cluster.deadline().unwrap().at > script.now.mono);
}

#[test]
fn so_many_wait_to_be_connected_and_no_more() {
    let mut script = Script::start();
    for number in 0..=limits::COMMANDS as u64 {
        let op = OpId(number);
        script.with(|cluster, cx| cluster.handle(cx, ClusterInput::Connect { op, within: WITHIN }));
    }
    let answers = script.answers();
    assert!(matches!(&answers[..], [Reply::Connect(Err(ConnectError::Busy { .. }))]), "{answers:?}");
}

#[test]
fn who_is_forgotten_does_not_wait_to_be_connected_any_more() {
    let mut script = Script::start();
    let op = OpId(1);
    script.with(|cluster, cx| cluster.handle(cx, ClusterInput::Connect { op, within: WITHIN }));
    script.with(|cluster, cx| cluster.handle(cx, ClusterInput::Forget { op }));
    assert!(script.cluster.connecting.is_empty() && script.answers().is_empty());
}

#[test]
fn at_the_limit_only_topics_that_nobody_wanted_yet_are_refused() {
    let mut script = Script::start();
    script.with(|cluster, cx| {
        for number in 0..=limits::TOPICS {
            cluster.want(cx, &format!("t{number}").into(), Interest::Read);
        }
        assert_eq!(cluster.topics.len(), limits::TOPICS);
        cluster.want(cx, &"t0".into(), Interest::Publish);
        assert_eq!(cluster.topics.ask().len(), 2, "it is created if the cluster will");
    });
}

#[test]
fn who_was_asked_is_passed_over_and_not_who_would_be_asked_next() {
    let mut script = Script::connected();
    script.wants("events", Interest::Publish);
    script.connects();
    let (id, ..) = script.is_asked();
    let broker =
        |(node_id, port)| MetadataResponseBroker { node_id, host: "127.0.0.1", port, ..Default::default() };
    let brokers = [(1, 9092), (2, 9093), (3, 9094)].map(broker).into();
    let response = MetadataResponse { brokers, topics: vec![topic("events")], ..Default::default() };
    script.hears::<MetadataRequest<'_>>(id, 12, &response);

    script.with(|cluster, cx| cluster.refresh(cx, "a test", Urgency::Soon));
    script.ticks_at_its_deadline();
    script.reaches_its_contact();
    let asked = script.cluster.asking.asked().expect("somebody is asked").peer;
    let reason = "another connection to it was lost".to_owned();
    script.with(|cluster, cx| cluster.handle(cx, ClusterInput::Unreachable { peer: asked, reason }));
    let next = script.cluster.contacts.current();
    assert_ne!(next, Some(asked));
    let failure = Failure::PossiblySent("the connection was lost".to_owned());
    script.with(|cluster, cx| cluster.handle(cx, ClusterInput::Failed(failure)));
    assert_eq!(script.cluster.contacts.current(), next);
}
