//! Whom it asks, and what becomes of what brokers say.

use std::time::Duration;

use samsa_proto::api::list_groups::{ListGroupsResponse, ListedGroup as Told};
use samsa_proto::api::metadata::{MetadataResponse, MetadataResponseBroker};
use samsa_proto::{Message, Request, encode_response};

use super::*;
use crate::config::{Config, Discovery};
use crate::connection::Network;
use crate::out::Out;
use crate::time::Now;

const WITHIN: Duration = Duration::from_secs(10);

struct Script {
    config: Config,
    net: Network,
    out: Out,
    now: Now,
    survey: Survey,
}

fn group<'a>(group_id: &'a str, protocol_type: &'a str, group_type: &'a str) -> Told<'a> {
    Told { group_id, protocol_type, group_type, group_state: "Stable", ..Default::default() }
}

impl Script {
    /// The metadata is asked for under number 0.
    fn new() -> Self {
        let config = Config::new(Discovery::Bootstrap(Vec::new()));
        let net = Network::new(&config, Rng::new(1));
        let backoff = Backoff { first: Duration::from_millis(50), most: Duration::from_millis(50) };
        let now = Now::default();
        let mut survey = Survey::new(TimeLimit::new(now.mono, WITHIN), backoff, Rng::new(1));
        survey.stage = Stage::Asking(0);
        Self { config, net, out: Out::default(), now, survey }
    }

    /// These brokers were named, and each asked under its id.
    fn of(brokers: &[i32]) -> Self {
        let mut script = Self::new();
        script.names(brokers);
        script.are_asked();
        script
    }

    fn are_asked(&mut self) {
        for (broker, part) in &mut self.survey.brokers {
            if *part == Part::Wanted {
                *part = Part::Asked(broker.0 as u64);
            }
        }
    }

    fn hears<R: Request>(&mut self, token: u64, version: i16, response: &R::Response<'_>) {
        let frame = encode_response::<R>(0, version, response).unwrap().concat();
        let mut cx = Context { now: self.now, config: &self.config, net: &mut self.net, out: &mut self.out };
        self.survey.response(&mut cx, token, version, &frame[4..]);
    }

    fn names(&mut self, brokers: &[i32]) {
        let broker =
            |node_id| MetadataResponseBroker { node_id, host: "b", port: 9092, ..Default::default() };
        let brokers = brokers.iter().copied().map(broker).collect();
        let response = MetadataResponse { brokers, ..Default::default() };
        self.hears::<MetadataRequest<'_>>(0, 1, &response);
    }

    fn tells(&mut self, token: u64, groups: Vec<Told<'_>>) {
        let response = ListGroupsResponse { groups, ..Default::default() };
        self.hears::<ListGroupsRequest<'_>>(token, 5, &response);
    }

    fn refuses(&mut self, token: u64, error_code: ErrorCode) {
        let response = ListGroupsResponse { error_code, ..Default::default() };
        self.hears::<ListGroupsRequest<'_>>(token, 5, &response);
    }

    fn pumps(&mut self) -> Option<Surveyed> {
        let cluster = Cluster::new(&self.config, Rng::new(1));
        let mut cx = Context { now: self.now, config: &self.config, net: &mut self.net, out: &mut self.out };
        self.survey.pump(&mut cx, &cluster, &mut 100)
    }

    /// Until it is over.
    fn waits(&mut self) -> Surveyed {
        self.now.mono = self.now.mono + WITHIN;
        self.pumps().expect("its time is over")
    }
}

fn names(surveyed: &Surveyed) -> Vec<&str> {
    surveyed.groups.iter().map(|group| &*group.name).collect()
}

fn untold(surveyed: &Surveyed) -> Vec<Option<i32>> {
    surveyed.untold.iter().map(|untold| untold.broker.map(|broker| broker.0)).collect()
}

#[test]
fn the_groups_of_consumers_of_all_brokers_are_told_with_their_kind_and_state() {
    let mut script = Script::of(&[1, 2]);
    script.tells(1, vec![group("b", "consumer", "consumer"), group("connect-a", "connect", "classic")]);
    assert!(script.pumps().is_none(), "broker 2 has not told yet");
    script.tells(
        2,
        vec![group("a", "", "classic"), group("s", "share", "share"), group("t", "consumer", "streams")],
    );
    let surveyed = script.pumps().unwrap();
    let told = |name: &str, kind| {
        let home = GroupHome::Brokers { kind: Some(kind), state: Some("Stable".to_owned()) };
        ListedGroup { name: name.into(), home }
    };
    assert_eq!(surveyed.groups, [told("a", GroupKind::Classic), told("b", GroupKind::Consumer)]);
    assert!(surveyed.untold.is_empty() && surveyed.failure.is_none());
}

#[test]
fn what_old_brokers_do_not_say_of_a_group_is_not_guessed() {
    for version in ListGroupsRequest::VERSIONS {
        let mut script = Script::of(&[1]);
        let response =
            ListGroupsResponse { groups: vec![group("a", "consumer", "classic")], ..Default::default() };
        script.hears::<ListGroupsRequest<'_>>(1, version, &response);
        let kind = (version >= 5).then_some(GroupKind::Classic);
        let state = (version >= 4).then(|| "Stable".to_owned());
        let surveyed = script.pumps().unwrap();
        assert_eq!(surveyed.groups[0].home, GroupHome::Brokers { kind, state }, "version {version}");
    }
}

#[test]
fn a_broker_that_cannot_tell_now_is_asked_again_if_it_is_still_there() {
    for is_there in [true, false] {
        let mut script = Script::of(&[1, 2]);
        script.tells(1, vec![group("a", "consumer", "classic")]);
        script.refuses(2, ErrorCode::COORDINATOR_LOAD_IN_PROGRESS);
        assert!(script.pumps().is_none());
        script.now.mono = script.survey.deadline().at;
        assert!(script.pumps().is_none());
        assert_eq!(script.survey.stage, Stage::Seeking, "who is there is asked once more");
        script.survey.stage = Stage::Asking(0);
        script.names(if is_there { &[1, 2] } else { &[1] });
        script.are_asked();
        if is_there {
            assert_eq!(script.survey.brokers[&BrokerId(1)], Part::Told, "it is not asked again");
            assert!(script.pumps().is_none());
            script.tells(2, vec![group("b", "consumer", "classic")]);
        }
        let surveyed = script.pumps().unwrap();
        assert_eq!(names(&surveyed), if is_there { vec!["a", "b"] } else { vec!["a"] });
        assert!(surveyed.untold.is_empty());
    }
}

#[test]
fn a_broker_that_does_not_tell_in_time_is_told_beside_the_groups_of_the_others() {
    let mut script = Script::of(&[1, 2, 3]);
    script.tells(1, vec![group("a", "consumer", "classic")]);
    script.survey.failed(script.now.mono, 3, "reset");
    let surveyed = script.waits();
    assert_eq!((names(&surveyed), untold(&surveyed)), (vec!["a"], vec![Some(2), Some(3)]));
    assert!(surveyed.untold[0].reason.contains("no answer within 10s"), "{surveyed:?}");
    assert!(surveyed.untold[1].reason.contains("reset") && surveyed.failure.is_none(), "{surveyed:?}");
}

#[test]
fn a_broker_that_cannot_be_reached_is_no_more_waited_for_in_this_round() {
    let mut script = Script::new();
    script.names(&[1]);
    script.survey.unreachable(Peer::Broker(BrokerId(1)), "refused");
    assert!(script.pumps().is_none());
    assert!(matches!(script.survey.stage, Stage::Resting(_)));
    assert!(script.survey.waits_for().contains("refused"), "{}", script.survey.waits_for());
    assert_eq!(untold(&script.waits()), [Some(1)]);
}

#[test]
fn a_broker_that_refuses_for_good_is_not_asked_again() {
    let mut script = Script::of(&[1]);
    script.refuses(1, ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
    let surveyed = script.pumps().unwrap();
    assert_eq!(untold(&surveyed), [Some(1)]);
    assert!(surveyed.untold[0].reason.contains("grant"), "{surveyed:?}");
}

#[test]
fn brokers_that_are_too_old_have_no_groups() {
    let mut script = Script::of(&[1, 2]);
    script.survey.brokers.insert(BrokerId(1), Part::NotOffered);
    script.tells(2, Vec::new());
    let surveyed = script.pumps().unwrap();
    assert!(surveyed.untold.is_empty() && surveyed.failure.is_none(), "as while they are upgraded");

    let mut script = Script::of(&[1]);
    script.survey.brokers.insert(BrokerId(1), Part::NotOffered);
    assert_eq!(script.pumps().unwrap().failure, Some(GroupLookError::NotOffered));
}

#[test]
fn where_nobody_says_who_the_brokers_are_there_is_no_list() {
    let mut script = Script::new();
    script.survey.failed(script.now.mono, 0, "reset");
    let surveyed = script.waits();
    assert_eq!(untold(&surveyed), [None]);
    let failure = surveyed.failure.unwrap();
    assert!(failure.is_retriable() && failure.to_string().contains("reset"), "{failure}");
}

#[test]
fn those_that_were_last_seen_are_asked_where_nobody_says_in_time_who_the_brokers_are() {
    let mut script = Script::new();
    let due = script.survey.deadline().at;
    assert!(due < script.survey.time.until());
    assert!(script.pumps().is_none());
    script.survey.begin_with([1, 2].map(BrokerId).into_iter());
    script.are_asked();
    script.names(&[3]);
    assert!(
        !script.survey.brokers.contains_key(&BrokerId(3)),
        "an answer that comes late is not listened to"
    );
    script.tells(1, vec![group("a", "consumer", "classic")]);
    let surveyed = script.waits();
    assert_eq!((names(&surveyed), untold(&surveyed)), (vec!["a"], vec![Some(2)]));
}

#[test]
fn where_none_was_ever_seen_it_goes_on_asking_who_the_brokers_are() {
    let mut script = Script::new();
    script.now.mono = script.survey.deadline().at;
    assert!(script.pumps().is_none());
    assert_eq!(script.survey.stage, Stage::Asking(0));
    assert!(script.survey.deadline().at > script.now.mono, "it does not wait for what is over");
}
