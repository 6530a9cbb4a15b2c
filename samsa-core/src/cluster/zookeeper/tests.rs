//! Scripts: what is asked of ZooKeeper, what it answers, what is learnt.

use super::*;
use crate::config::{Config, Discovery};
use crate::connection::Network;
use crate::out::Out;
use crate::time::Now;
use crate::zookeeper::ZkStat;

const TIMEOUT: Duration = Duration::from_secs(6);
const REGISTRATION: &[u8] = br#"{"listener_security_protocol_map":{"PLAINTEXT":"PLAINTEXT"},
    "endpoints":["PLAINTEXT://k1:9092"],"jmx_port":-1,"host":"k1","timestamp":"1700000000000","port":9092,"version":4}"#;

struct Script {
    discovery: ZooKeeperDiscovery,
    config: Config,
    net: Network,
    out: Out,
    now: Now,
}

impl Script {
    fn start() -> Self {
        let config = Config::new(Discovery::ZooKeeper {
            ensemble: "zk:2181/kafka".to_owned(),
            session_timeout: TIMEOUT,
        });
        let net = Network::new(&config, Rng::new(1));
        let discovery = ZooKeeperDiscovery::new("zk:2181/kafka".to_owned(), TIMEOUT, Rng::new(2));
        Self { discovery, config, net, out: Out::default(), now: Now::default() }
    }

    fn with<T>(&mut self, act: impl FnOnce(&mut ZooKeeperDiscovery, &mut Context<'_>) -> T) -> T {
        let mut cx = Context { now: self.now, config: &self.config, net: &mut self.net, out: &mut self.out };
        act(&mut self.discovery, &mut cx)
    }

    fn ticks_at_its_deadline(&mut self) {
        let deadline = self.discovery.deadline().expect("a deadline");
        self.now.mono = self.now.mono.max(deadline.at);
        self.with(ZooKeeperDiscovery::tick);
    }

    fn opens(&mut self) -> SessionId {
        self.ticks_at_its_deadline();
        match self.out.pop() {
            Some(Intent::OpenSession { session, timeout: TIMEOUT }) => session,
            other => panic!("no session but {other:?}"),
        }
    }

    fn session(&mut self, session: SessionId, state: ZkSessionState) -> Option<Learnt> {
        self.with(|discovery, cx| discovery.handle(cx, ZkNews::Session { session, state }))
    }

    fn connects(&mut self, session: SessionId) {
        assert_eq!(self.session(session, ZkSessionState::Connected { id: 7, timeout: TIMEOUT }), None);
    }

    fn asks(&mut self, path: &str) -> ZkRequestId {
        match self.out.pop() {
            Some(Intent::ZooKeeper { id, op: ZkOp::Children { path: asked, watch: true } })
                if asked == path =>
            {
                id
            }
            Some(Intent::ZooKeeper {
                id,
                op: ZkOp::Get { path: asked, watch: false } | ZkOp::Exists { path: asked, watch: false },
            }) if asked == path => id,
            other => panic!("not {path} but {other:?}"),
        }
    }

    fn hears(&mut self, id: ZkRequestId, result: Result<ZkAnswer, ZkError>) -> Option<Learnt> {
        self.with(|discovery, cx| discovery.handle(cx, ZkNews::Reply { id, result }))
    }

    fn hears_names(&mut self, id: ZkRequestId, names: &[&str]) -> Option<Learnt> {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        self.hears(id, Ok(ZkAnswer::Children(names)))
    }

    fn watch_fires(&mut self, session: SessionId, path: &str) {
        let news = ZkNews::Watch { session, path: path.to_owned() };
        assert_eq!(self.with(|discovery, cx| discovery.handle(cx, news)), None);
    }

    /// A session in which both lists were asked for.
    fn connected() -> (Self, SessionId, ZkRequestId) {
        let mut script = Self::start();
        let session = script.opens();
        script.connects(session);
        let ids = script.asks("/brokers/ids");
        script.asks("/brokers/topics");
        (script, session, ids)
    }
}

fn registration() -> ZkAnswer {
    ZkAnswer::Data(REGISTRATION.to_vec(), ZkStat::default())
}

fn brokers(learnt: Option<Learnt>) -> Vec<(i32, String)> {
    match learnt {
        Some(Learnt::Brokers(brokers)) => {
            brokers.into_values().map(|broker| (broker.info.id.0, broker.info.address.to_string())).collect()
        }
        other => panic!("no brokers but {other:?}"),
    }
}

#[test]
fn what_is_waited_for_is_explained_with_its_beginning() {
    let mut script = Script::start();
    let waits_for = |script: &Script| {
        let line = script.discovery.explain()?;
        assert_eq!(line.who, "ZooKeeper at zk:2181/kafka");
        Some((line.what, line.since, line.until))
    };
    let second = Duration::from_secs(1);
    let start = script.now.mono;
    let session = script.opens();
    script.now.mono = start + second;
    assert_eq!(waits_for(&script), Some(("a session".to_owned(), Some(start), None)));

    script.connects(session);
    let asked = [script.asks(path::BROKER_IDS), script.asks(path::TOPICS)];
    script.now.mono = script.now.mono + second;
    assert_eq!(waits_for(&script), Some(("2 answers".to_owned(), Some(start + second), None)));

    for id in asked {
        script.hears_names(id, &[]);
    }
    assert_eq!(waits_for(&script), None);
    script.session(session, ZkSessionState::Expired);
    let due = script.discovery.deadline().map(|deadline| deadline.at);
    let since = Some(script.now.mono);
    assert_eq!(waits_for(&script), Some(("to open a session".to_owned(), since, due)));
}

#[test]
fn brokers_are_known_when_the_last_registration_was_read() {
    let (mut script, _, ids) = Script::connected();
    assert_eq!(script.hears_names(ids, &["1", "2"]), None);
    let (first, second) = (script.asks("/brokers/ids/1"), script.asks("/brokers/ids/2"));
    assert_eq!(script.hears(first, Ok(registration())), None);
    let learnt = script.hears(second, Ok(registration()));
    assert_eq!(brokers(learnt), [(1, "k1:9092".to_owned()), (2, "k1:9092".to_owned())]);
}

#[test]
fn a_broker_that_goes_while_it_is_read_is_left_out() {
    let (mut script, _, ids) = Script::connected();
    script.hears_names(ids, &["1"]);
    let one = script.asks("/brokers/ids/1");
    assert!(brokers(script.hears(one, Err(ZkError::NoNode))).is_empty());
}

#[test]
fn a_registration_that_cannot_be_read_hides_no_other() {
    let (mut script, _, ids) = Script::connected();
    script.hears_names(ids, &["1", "2", "not-a-number"]);
    let (first, second) = (script.asks("/brokers/ids/1"), script.asks("/brokers/ids/2"));
    script.hears(first, Ok(ZkAnswer::Data(b"{".to_vec(), ZkStat::default())));
    assert_eq!(brokers(script.hears(second, Ok(registration()))).len(), 1);
}

#[test]
fn a_watch_is_a_hint_to_read_again() {
    let (mut script, session, ids) = Script::connected();
    script.hears_names(ids, &[]);
    script.watch_fires(session, "/brokers/ids");
    let again = script.asks("/brokers/ids");
    script.hears_names(again, &["1"]);
    script.asks("/brokers/ids/1");
}

#[test]
fn a_list_that_changes_while_brokers_are_read_starts_the_reading_anew() {
    let (mut script, session, ids) = Script::connected();
    script.hears_names(ids, &["1"]);
    let stale = script.asks("/brokers/ids/1");
    script.watch_fires(session, "/brokers/ids");
    let again = script.asks("/brokers/ids");
    assert_eq!(script.hears(stale, Ok(registration())), None);
    script.hears_names(again, &["2"]);
    let two = script.asks("/brokers/ids/2");
    assert_eq!(brokers(script.hears(two, Ok(registration()))), [(2, "k1:9092".to_owned())]);
}

#[test]
fn an_expired_session_is_followed_by_a_new_one_and_its_late_news_by_nothing() {
    let (mut script, old, ids) = Script::connected();
    assert!(matches!(script.session(old, ZkSessionState::Expired), Some(Learnt::Trouble(_))));
    assert!(matches!(script.out.pop(), Some(Intent::CloseSession { session }) if session == old));
    let new = script.opens();
    assert_ne!(old, new);
    assert_eq!(script.hears_names(ids, &["1"]), None);
    assert_eq!(script.session(old, ZkSessionState::Connected { id: 7, timeout: TIMEOUT }), None);
    assert!(script.out.pop().is_none());
}

#[test]
fn a_connection_that_comes_back_is_followed_by_reading_everything() {
    let (mut script, session, _) = Script::connected();
    assert!(matches!(script.session(session, ZkSessionState::Suspended), Some(Learnt::Trouble(_))));
    script.connects(session);
    script.asks("/brokers/ids");
    script.asks("/brokers/topics");
}

#[test]
fn a_lost_reply_is_followed_by_reading_again_after_a_wait() {
    let (mut script, _, ids) = Script::connected();
    assert!(matches!(script.hears(ids, Err(ZkError::ConnectionLost)), Some(Learnt::Trouble(_))));
    assert!(script.out.pop().is_none());
    assert!(script.discovery.deadline().unwrap().at > script.now.mono);
    script.ticks_at_its_deadline();
    script.asks("/brokers/ids");
}

#[test]
fn a_wrong_chroot_is_told_with_the_ensemble() {
    let (mut script, _, ids) = Script::connected();
    let Some(Learnt::Trouble(trouble)) = script.hears(ids, Err(ZkError::NoNode)) else {
        panic!("no trouble")
    };
    assert!(trouble.contains("zk:2181/kafka") && trouble.contains("is the chroot right?"), "{trouble}");
}

#[test]
fn why_there_is_no_broker_is_told_with_the_ensemble() {
    const TLS: &[u8] = br#"{"listener_security_protocol_map":{"SSL":"SSL"},"endpoints":["SSL://k1:9093"],
        "jmx_port":-1,"host":null,"timestamp":"1700000000000","port":-1,"version":4}"#;
    let (mut script, session, ids) = Script::connected();
    assert!(brokers(script.hears_names(ids, &[])).is_empty());
    let told = script.discovery.why_no_broker();
    assert!(told.contains("no broker is registered in ZooKeeper at zk:2181/kafka"), "{told}");

    script.watch_fires(session, "/brokers/ids");
    let ids = script.asks("/brokers/ids");
    script.hears_names(ids, &["1"]);
    let one = script.asks("/brokers/ids/1");
    assert!(brokers(script.hears(one, Ok(ZkAnswer::Data(TLS.to_vec(), ZkStat::default())))).is_empty());
    let told = script.discovery.why_no_broker();
    assert!(told.contains("of 1 brokers") && told.contains("PLAINTEXT"), "{told}");

    script.watch_fires(session, "/brokers/ids");
    let ids = script.asks("/brokers/ids");
    script.hears_names(ids, &["1"]);
    let one = script.asks("/brokers/ids/1");
    let nonsense = ZkAnswer::Data(b"nonsense".to_vec(), ZkStat::default());
    assert!(brokers(script.hears(one, Ok(nonsense))).is_empty());
    let told = script.discovery.why_no_broker();
    assert!(told.contains("of 1 brokers") && told.contains("cannot be read: "), "{told}");
    assert!(!told.contains("PLAINTEXT"), "{told}");
}

#[test]
fn a_closed_session_is_asked_nothing() {
    let (mut script, session, _) = Script::connected();
    script.with(ZooKeeperDiscovery::close);
    assert!(matches!(script.out.pop(), Some(Intent::CloseSession { session: closed }) if closed == session));
    script.connects(session);
    assert!(script.out.pop().is_none());
    assert!(script.discovery.deadline().is_none());
}

#[test]
fn a_topic_s_node_tells_which_transaction_made_it() {
    let (mut script, ..) = Script::connected();
    let topics = || vec!["events".into(), "no/name".into()];
    script.with(|discovery, cx| discovery.look_at(cx, topics()));
    let id = script.asks("/brokers/topics/events");
    script.with(|discovery, cx| discovery.look_at(cx, topics()));
    assert!(script.out.pop().is_none(), "it is asked about already, and no topic has the other name");

    let stat = ZkStat { czxid: 70, ..ZkStat::default() };
    let learnt = script.hears(id, Ok(ZkAnswer::Stat(Some(stat))));
    assert_eq!(learnt, Some(Learnt::Topic { name: "events".into(), czxid: 70 }));
}

#[test]
fn a_topic_s_node_that_is_gone_is_told() {
    for result in [Ok(ZkAnswer::Stat(None)), Err(ZkError::NoNode)] {
        let (mut script, ..) = Script::connected();
        script.with(|discovery, cx| discovery.look_at(cx, vec!["events".into()]));
        let id = script.asks("/brokers/topics/events");
        assert_eq!(script.hears(id, result), Some(Learnt::NoTopic { name: "events".into() }));
        assert_eq!(script.discovery.deadline(), None);
    }
}

#[test]
fn a_topic_s_node_that_may_not_be_read_is_no_trouble() {
    let (mut script, ..) = Script::connected();
    script.with(|discovery, cx| discovery.look_at(cx, vec!["events".into()]));
    let id = script.asks("/brokers/topics/events");
    assert_eq!(script.hears(id, Err(ZkError::NoAuth)), None);
    assert_eq!(script.discovery.deadline(), None);
}
