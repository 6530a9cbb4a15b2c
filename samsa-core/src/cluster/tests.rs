//! Scripts over the machine and the network below it: a bootstrap address, a broker that answers for metadata.

use std::time::Duration;

use samsa_proto::api::api_versions::{ApiVersion, ApiVersionsRequest, ApiVersionsResponse};
use samsa_proto::api::metadata::{
    MetadataRequest, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use samsa_proto::{Request, encode_response};

use super::*;
use crate::connection::{Network, News, RecvBuf};
use crate::id::BrokerId;
use crate::out::Out;
use crate::time::Now;

const WITHIN: Duration = Duration::from_secs(60);

struct Script {
    cluster: Cluster,
    config: Config,
    net: Network,
    out: Out,
    now: Now,
    /// The connection to whoever is asked for metadata.
    conn: Option<ConnId>,
}

impl Script {
    fn start() -> Self {
        let bootstrap = vec!["127.0.0.1:9092".parse().unwrap()];
        let config = Config::new(Discovery::Bootstrap(bootstrap.clone()));
        let mut net = Network::new(&config, Rng::new(1));
        net.set_bootstrap(&bootstrap);
        let cluster = Cluster::new(&config, Rng::new(2));
        Self { cluster, config, net, out: Out::default(), now: Now::default(), conn: None }
    }

    fn with(&mut self, act: impl FnOnce(&mut Cluster, &mut Context<'_>)) {
        let mut cx = Context { now: self.now, config: &self.config, net: &mut self.net, out: &mut self.out };
        act(&mut self.cluster, &mut cx);
        self.settle();
    }

    fn settle(&mut self) {
        while let Some(news) = self.net.poll_news() {
            let input = match news {
                News::Ready { .. } => ClusterInput::Ready,
                News::Unreachable { peer, reason, .. } => ClusterInput::Unreachable { peer, reason },
                News::Response { version, frame, .. } => ClusterInput::Response { version, frame },
                News::Failed { failure, .. } => ClusterInput::Failed(failure),
                News::Oversized { .. } => panic!("metadata is never oversized"),
                News::Throttled { .. } => continue,
            };
            let mut cx =
                Context { now: self.now, config: &self.config, net: &mut self.net, out: &mut self.out };
            self.cluster.handle(&mut cx, input);
        }
    }

    fn ticks_at_its_deadline(&mut self) {
        let deadline = self.cluster.deadline().expect("a deadline");
        self.now.mono = self.now.mono.max(deadline.at);
        self.with(|cluster, cx| cluster.handle(cx, ClusterInput::Tick));
    }

    /// The next connection is dialled, made, and tells its versions.
    fn connects(&mut self) {
        self.connects_to_one_that_speaks(12);
    }

    fn connects_to_one_that_speaks(&mut self, max_version: i16) {
        let mut dialled = std::iter::from_fn(|| self.net.poll_intent()).filter_map(|intent| match intent {
            Intent::Connect { conn, .. } => Some(conn),
            _ => None,
        });
        let conn = dialled.next().expect("somebody is dialled");
        self.conn = Some(conn);
        self.net.connected(self.now, conn);
        self.sent();
        let metadata = ApiVersion { api_key: 3, min_version: 0, max_version, ..Default::default() };
        let response = ApiVersionsResponse { api_keys: vec![metadata], ..Default::default() };
        self.hears::<ApiVersionsRequest<'_>>(0, 4, &response);
    }

    fn reaches_its_contact(&mut self) {
        let peer = self.cluster.contacts.current().expect("somebody to ask");
        if let Some(conn) = self.net.established(peer, Role::Metadata) {
            self.conn = Some(conn);
            return;
        }
        // It may have to wait until it may dial again.
        let dials = self.net.deadline().filter(|deadline| deadline.why == "dialling again");
        self.now.mono = dials.map_or(self.now.mono, |dials| self.now.mono.max(dials.at));
        self.net.tick(self.now);
        self.connects();
    }

    fn hears_nothing_for(&mut self, time: Duration) {
        self.now.mono = self.now.mono + time;
        self.net.tick(self.now);
        self.with(|cluster, cx| cluster.handle(cx, ClusterInput::Tick));
    }

    fn sent(&mut self) -> Vec<u8> {
        let conn = self.conn.expect("a connection");
        let mut segments = Vec::new();
        self.net.transmit(conn, &mut segments);
        let bytes = segments.concat();
        self.net.transmitted(self.now, conn, bytes.len());
        bytes
    }

    fn hears<R: Request>(&mut self, correlation_id: i32, version: i16, response: &R::Response<'_>) {
        let conn = self.conn.expect("a connection");
        let bytes = encode_response::<R>(correlation_id, version, response).unwrap().concat();
        let RecvBuf::Read(mut buffer) = self.net.recv_buf(conn) else { panic!("nothing can be read") };
        buffer.unfilled()[..bytes.len()].copy_from_slice(&bytes);
        buffer.advance(bytes.len());
        self.net.received(self.now, conn, buffer);
        self.settle();
    }

    /// The question for metadata that was sent, as the topics that it names and whether they may be created; the
    /// answer names a broker, and these topics with one partition each.
    fn is_asked(&mut self) -> (i32, Vec<String>, bool) {
        let bytes = self.sent();
        let (header, body) = samsa_proto::decode_request_header(&bytes[4..]).unwrap();
        let request: MetadataRequest<'_> = samsa_proto::decode(header.api_version, body).unwrap();
        let names = request.topics.unwrap().iter().map(|topic| topic.name.unwrap().to_owned()).collect();
        (header.correlation_id, names, request.allow_auto_topic_creation)
    }

    fn is_told(&mut self, correlation_id: i32, topics: Vec<MetadataResponseTopic<'_>>) {
        let broker =
            MetadataResponseBroker { node_id: 1, host: "127.0.0.1", port: 9092, ..Default::default() };
        let response = MetadataResponse { brokers: vec![broker], topics, ..Default::default() };
        self.hears::<MetadataRequest<'_>>(correlation_id, 12, &response);
    }

    /// It asks again when it is time to, whoever is next, and is told this.
    fn is_told_again(&mut self, topic: MetadataResponseTopic<'_>) {
        self.ticks_at_its_deadline();
        self.reaches_its_contact();
        let (id, ..) = self.is_asked();
        self.is_told(id, vec![topic]);
    }

    fn wants(&mut self, topic: &str, interest: Interest) {
        self.with(|cluster, cx| cluster.want(cx, &topic.into(), interest));
    }

    /// The cluster was seen once.
    fn connected() -> Self {
        let mut script = Self::start();
        let op = OpId(1);
        script.with(|cluster, cx| cluster.handle(cx, ClusterInput::Connect { op, within: WITHIN }));
        script.connects();
        let (id, names, _) = script.is_asked();
        assert!(names.is_empty());
        script.is_told(id, Vec::new());
        script
    }

    fn answers(&mut self) -> Vec<Reply> {
        let replies = std::iter::from_fn(|| self.out.pop()).filter_map(|intent| match intent {
            Intent::Complete { reply, .. } => Some(reply),
            _ => None,
        });
        replies.collect()
    }
}

fn topic(name: &str) -> MetadataResponseTopic<'_> {
    let partition = MetadataResponsePartition { leader_id: 1, leader_epoch: 3, ..Default::default() };
    MetadataResponseTopic { name: Some(name), partitions: vec![partition], ..Default::default() }
}

fn troubled(name: &str, error_code: ErrorCode) -> MetadataResponseTopic<'_> {
    MetadataResponseTopic { name: Some(name), error_code, ..Default::default() }
}

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
    let asked = script.cluster.asking.asked();
    script.hears_nothing_for(patience / 10 * 9);
    assert_eq!(script.cluster.asking.asked(), asked, "it may answer still");
    script.hears_nothing_for(patience / 10);
    assert_eq!(script.cluster.asking.asked(), None);
}

#[test]
fn patience_is_a_second_however_many_answers_were_troubled_and_doubles_with_each_silence() {
    let mut script = Script::connected();
    script.wants("events", Interest::Publish);
    script.connects();
    let (id, ..) = script.is_asked();
    script.is_told(id, vec![troubled("events", ErrorCode::LEADER_NOT_AVAILABLE)]);
    for _ in 0..10 {
        script.is_told_again(troubled("events", ErrorCode::LEADER_NOT_AVAILABLE));
    }
    for silences in [1, 2, 4] {
        hears_nothing(&mut script, limits::LEADERLESS_ANSWER * silences);
    }
    script.is_told_again(troubled("events", ErrorCode::LEADER_NOT_AVAILABLE));
    hears_nothing(&mut script, limits::LEADERLESS_ANSWER);
}

#[test]
fn nobody_hurries_any_more_when_nobody_says_so_after_a_question_that_failed() {
    let mut script = Script::connected();
    script.wants("events", Interest::Publish);
    script.connects();
    let (id, ..) = script.is_asked();
    script.is_told(id, vec![topic("events")]);
    script.now.mono = script.now.mono + Duration::from_secs(10);
    for silences in [1, 2, 4, 8] {
        hears_nothing(&mut script, limits::LEADERLESS_ANSWER * silences);
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
    let mut script = Script::connected();
    script.wants("events", Interest::Publish);
    script.connects();
    let (id, ..) = script.is_asked();
    script.is_told(id, vec![topic("events")]);

    script.now.mono = script.now.mono + Duration::from_secs(10);
    script.with(|cluster, cx| cluster.refresh(cx, "a test", Urgency::Hurry));
    assert!(!script.sent().is_empty());
    script.hears_nothing_for(limits::LEADERLESS_ANSWER);
    script.ticks_at_its_deadline();
    assert_eq!(script.cluster.asking.asked(), Some(Peer::Bootstrap(0)), "somebody else is asked");
}

#[test]
fn a_question_that_is_given_up_costs_no_other_request_its_connection() {
    let mut script = Script::connected();
    script.wants("events", Interest::Publish);
    script.connects();
    let (id, ..) = script.is_asked();
    script.is_told(id, vec![topic("events")]);
    let metadata = script.conn;
    script.with(|cluster, cx| assert_eq!(cluster.contact(cx), None));
    script.connects();
    let control = script.conn;

    script.conn = metadata;
    hears_nothing(&mut script, limits::LEADERLESS_ANSWER);
    assert_eq!(script.net.established(Peer::Broker(BrokerId(1)), Role::Metadata), None);
    assert_eq!(script.net.established(Peer::Broker(BrokerId(1)), Role::Control), control);
}

#[test]
fn a_question_that_nobody_hurried_for_is_given_up_as_soon_as_messages_wait_for_it() {
    let mut script = Script::connected();
    script.wants("events", Interest::Publish);
    script.connects();
    let (id, ..) = script.is_asked();
    script.is_told(id, vec![topic("events")]);
    script.now.mono = script.now.mono + Duration::from_secs(10);
    script.with(|cluster, cx| cluster.refresh(cx, "a test", Urgency::Soon));
    script.is_asked();
    script.hears_nothing_for(limits::LEADERLESS_ANSWER / 2);
    script.hears_nothing_for(limits::LEADERLESS_ANSWER);
    assert!(script.cluster.asking.asked().is_some(), "nobody waits for it");

    script.with(|cluster, cx| cluster.refresh(cx, "a test", Urgency::Hurry));
    assert_eq!(script.cluster.asking.asked(), None);
    assert!(script.cluster.deadline().is_some_and(|deadline| deadline.at > script.now.mono));
    script.ticks_at_its_deadline();
    assert_eq!(script.cluster.contacts.current(), Some(Peer::Bootstrap(0)), "somebody else is sought");
    assert_eq!(script.cluster.asking.silences(), 1, "that its connection is closed is no other silence");
}

#[test]
fn what_was_not_asked_because_the_contact_went_is_asked_of_the_next() {
    let mut script = Script::connected();
    script.wants("events", Interest::Publish);
    script.connects();
    let (id, ..) = script.is_asked();
    script.is_told(id, vec![topic("events")]);
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
