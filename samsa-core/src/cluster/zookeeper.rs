//! Brokers as they register themselves in ZooKeeper (Kafka 0.8 to 3.9).
//!
//! | state   | news                        | then    | asks                                               |
//! |---------|-----------------------------|---------|----------------------------------------------------|
//! | none    | due                         | opening | a session                                          |
//! | opening | connected                   | open    | the broker ids and the topics, both with a watch   |
//! | open    | broker ids                  | open    | each broker's registration                         |
//! | open    | the last registration       | open    | (the brokers are known)                            |
//! | open    | a watch fired               | open    | that list again, with a watch                      |
//! | open    | topics that have no ids     | open    | each topic's node: which transaction made it       |
//! | open    | an operation of unknown fate | open   | everything again, after a wait                     |
//! | open    | connected again             | open    | everything again                                   |
//! | any     | expired, failed             | none    | to close it (a new session, after a wait)          |
//!
//! A watch is only a hint to read again. Nothing here writes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use samsa_proto::zookeeper::{BrokerRegistration, BrokerRegistrationVersion, path};

use crate::address::HostPort;
use crate::explanation::Waiting;
use crate::id::{BrokerId, SessionId, ZkRequestId};
use crate::intent::Intent;
use crate::out::Context;
use crate::rng::Rng;
use crate::time::{Deadline, Instant, UnixMillis};
use crate::topology::BrokerInfo;
use crate::zookeeper::{ZkAnswer, ZkError, ZkNews, ZkOp, ZkSessionState};

#[derive(Debug)]
pub(crate) struct ZooKeeperDiscovery {
    /// What it is called.
    ensemble: String,
    session_timeout: Duration,
    rng: Rng,
    sessions: u32,
    session: Option<SessionId>,
    next_seq: u64,
    pending: BTreeMap<u64, Question>,
    /// The brokers that are being read; they become the brokers when the last has come.
    reading: BTreeMap<BrokerId, Registered>,
    /// How many brokers have registrations that are of no use, as of the last reading.
    left_out: usize,
    /// Why the last of them is left out.
    reason: String,
    failures: u32,
    /// When to open a session, or to read everything again.
    due: Option<Instant>,
    /// When it began to wait for what it waits for now.
    waits_since: Instant,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Question {
    BrokerIds,
    Broker(BrokerId),
    Topics,
    /// Of which incarnation is it?
    Topic(Arc<str>),
}

/// A broker, and whether it registered itself as 0.8 and 0.9 do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registered {
    pub(crate) info: BrokerInfo,
    pub(crate) is_old: bool,
}

/// What ZooKeeper told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Learnt {
    Brokers(BTreeMap<BrokerId, Registered>),
    TopicsChanged,
    /// The node of a topic was made by this transaction.
    Topic {
        name: Arc<str>,
        czxid: i64,
    },
    /// There is no such topic, or it is not made yet.
    NoTopic {
        name: Arc<str>,
    },
    Trouble(String),
}

impl ZooKeeperDiscovery {
    pub(crate) fn new(ensemble: String, session_timeout: Duration, rng: Rng) -> Self {
        Self {
            ensemble,
            session_timeout,
            rng,
            sessions: 0,
            session: None,
            next_seq: 0,
            pending: BTreeMap::new(),
            reading: BTreeMap::new(),
            left_out: 0,
            reason: String::new(),
            failures: 0,
            due: Some(Instant::START),
            waits_since: Instant::START,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Deadline> {
        self.due.map(|at| Deadline::new(at, "ZooKeeper"))
    }

    pub(crate) fn tick(&mut self, cx: &mut Context<'_>) {
        if self.due.is_none_or(|due| due > cx.now.mono) {
            return;
        }
        self.due = None;
        match self.session {
            Some(_) => self.read_everything(cx),
            None => self.open(cx),
        }
    }

    pub(crate) fn handle(&mut self, cx: &mut Context<'_>, news: ZkNews) -> Option<Learnt> {
        match news {
            ZkNews::Session { session, state } if self.session == Some(session) => {
                self.session_changed(cx, state)
            }
            ZkNews::Reply { id, result } if self.session == Some(id.session) => {
                let question = self.pending.remove(&id.seq)?;
                self.answered(cx, question, result)
            }
            ZkNews::Watch { session, path } if self.session == Some(session) => {
                match path.as_str() {
                    path::BROKER_IDS => self.ask(cx, Question::BrokerIds),
                    path::TOPICS => self.ask(cx, Question::Topics),
                    _ => {}
                }
                None
            }
            ZkNews::Session { .. } | ZkNews::Reply { .. } | ZkNews::Watch { .. } => None,
        }
    }

    /// Asks for the nodes of these topics, to see whether they are what they were.
    pub(crate) fn look_at(&mut self, cx: &mut Context<'_>, topics: Vec<Arc<str>>) {
        let is_asked = |topic: &Arc<str>, asked: &Question| *asked == Question::Topic(Arc::clone(topic));
        for topic in topics {
            let is_pending = self.pending.values().any(|asked| is_asked(&topic, asked));
            if !is_pending && path::topic(&topic).is_ok() {
                self.ask(cx, Question::Topic(topic));
            }
        }
    }

    /// Why there may be none among those that it told last.
    pub(crate) fn why_no_broker(&self) -> String {
        match self.left_out {
            0 => format!("no broker is registered in ZooKeeper at {}: is one up?", self.ensemble),
            count => format!(
                "of {count} brokers in ZooKeeper at {} none can be used: {}",
                self.ensemble, self.reason
            ),
        }
    }

    /// What it waits for. How long ZooKeeper may take is for the driver to say.
    pub(crate) fn explain(&self) -> Option<Waiting> {
        let what = match (self.due, self.session) {
            (Some(_), None) => "to open a session".to_owned(),
            (Some(_), Some(_)) => "to read everything again".to_owned(),
            (None, Some(_)) if self.next_seq == 0 => "a session".to_owned(),
            (None, Some(_)) if !self.pending.is_empty() => format!("{} answers", self.pending.len()),
            (None, _) => return None,
        };
        let who = format!("ZooKeeper at {}", self.ensemble);
        Some(Waiting { who, what, since: Some(self.waits_since), until: self.due })
    }

    pub(crate) fn close(&mut self, cx: &mut Context<'_>) {
        self.due = None;
        if let Some(session) = self.session.take() {
            cx.out.intend(Intent::CloseSession { session });
        }
    }

    fn open(&mut self, cx: &mut Context<'_>) {
        self.sessions += 1;
        let session = SessionId(self.sessions);
        (self.session, self.next_seq) = (Some(session), 0);
        self.waits_since = cx.now.mono;
        cx.out.intend(Intent::OpenSession { session, timeout: self.session_timeout });
    }

    fn session_changed(&mut self, cx: &mut Context<'_>, state: ZkSessionState) -> Option<Learnt> {
        match state {
            ZkSessionState::Connected { .. } => {
                self.read_everything(cx);
                None
            }
            ZkSessionState::Suspended => {
                Some(Learnt::Trouble("the connection to ZooKeeper is gone".to_owned()))
            }
            ZkSessionState::Expired => {
                self.start_anew(cx);
                Some(Learnt::Trouble("the ZooKeeper session expired".to_owned()))
            }
            ZkSessionState::Failed(reason) => {
                self.start_anew(cx);
                Some(Learnt::Trouble(format!("no ZooKeeper session: {reason}")))
            }
        }
    }

    /// The driver forgets the session too, and what it may still have open for it.
    fn start_anew(&mut self, cx: &mut Context<'_>) {
        if let Some(session) = self.session.take() {
            cx.out.intend(Intent::CloseSession { session });
        }
        self.pending.clear();
        self.wait(cx);
    }

    fn wait(&mut self, cx: &mut Context<'_>) {
        self.failures = self.failures.saturating_add(1);
        self.waits_since = cx.now.mono;
        self.due = Some(cx.now.mono + cx.config.dial_backoff.wait(self.failures, &mut self.rng));
    }

    /// What was asked before is asked again, so its answers no longer count.
    fn read_everything(&mut self, cx: &mut Context<'_>) {
        self.due = None;
        self.pending.clear();
        self.ask(cx, Question::BrokerIds);
        self.ask(cx, Question::Topics);
    }

    fn ask(&mut self, cx: &mut Context<'_>, question: Question) {
        let Some(session) = self.session else { return };
        let op = match &question {
            Question::BrokerIds => ZkOp::Children { path: path::BROKER_IDS.to_owned(), watch: true },
            Question::Topics => ZkOp::Children { path: path::TOPICS.to_owned(), watch: true },
            Question::Broker(id) => ZkOp::Get { path: path::broker(id.0), watch: false },
            Question::Topic(name) => match path::topic(name) {
                Ok(path) => ZkOp::Exists { path, watch: false },
                Err(_) => return,
            },
        };
        if question == Question::BrokerIds {
            let of_brokers = |asked: &Question| matches!(asked, Question::BrokerIds | Question::Broker(_));
            self.pending.retain(|_, asked| !of_brokers(asked));
        }
        if self.pending.is_empty() {
            self.waits_since = cx.now.mono;
        }
        self.next_seq += 1;
        self.pending.insert(self.next_seq, question);
        cx.out.intend(Intent::ZooKeeper { id: ZkRequestId { session, seq: self.next_seq }, op });
    }

    fn answered(
        &mut self,
        cx: &mut Context<'_>,
        question: Question,
        result: Result<ZkAnswer, ZkError>,
    ) -> Option<Learnt> {
        match (question, result) {
            (Question::BrokerIds, Ok(ZkAnswer::Children(names))) => self.broker_ids(cx, &names),
            (Question::Topics, Ok(ZkAnswer::Children(_))) => Some(Learnt::TopicsChanged),
            (Question::Topic(name), Ok(ZkAnswer::Stat(Some(stat)))) => {
                Some(Learnt::Topic { name, czxid: stat.czxid })
            }
            (Question::Topic(name), Ok(ZkAnswer::Stat(None)) | Err(ZkError::NoNode)) => {
                Some(Learnt::NoTopic { name })
            }
            // It is none of our business.
            (Question::Topic(_), Err(ZkError::NoAuth)) => None,
            (Question::Broker(id), Ok(ZkAnswer::Data(data, _))) => {
                self.broker(id, &data);
                self.finish_reading()
            }
            // It went between the list and the reading of it; the watch on the list tells.
            (Question::Broker(_), Err(ZkError::NoNode)) => self.finish_reading(),
            (_, Err(ZkError::NoNode)) => {
                self.wait(cx);
                Some(Learnt::Trouble(format!(
                    "ZooKeeper at {} has no /brokers/ids: is the chroot right? Clusters without ZooKeeper are found by bootstrap brokers",
                    self.ensemble
                )))
            }
            (_, Err(error)) => {
                self.wait(cx);
                Some(Learnt::Trouble(format!("ZooKeeper at {}: {error}", self.ensemble)))
            }
            (_, Ok(_)) => None,
        }
    }

    fn broker_ids(&mut self, cx: &mut Context<'_>, names: &[String]) -> Option<Learnt> {
        self.failures = 0;
        self.reading.clear();
        self.left_out = 0;
        let ids: Vec<BrokerId> = names.iter().filter_map(|name| name.parse().ok().map(BrokerId)).collect();
        for id in ids {
            self.ask(cx, Question::Broker(id));
        }
        self.finish_reading()
    }

    fn broker(&mut self, id: BrokerId, data: &[u8]) {
        match read_registration(id, data) {
            Ok(Some(broker)) => {
                self.reading.insert(id, broker);
            }
            Ok(None) => {
                tracing::warn!(broker = %id, "no PLAINTEXT endpoint is registered; leaving the broker out");
                self.leave_out(format!(
                    "broker {id} has no PLAINTEXT endpoint, and nothing else is spoken here"
                ));
            }
            Err(reason) => {
                tracing::warn!(broker = %id, %reason, "the registration cannot be read");
                self.leave_out(format!("the registration of broker {id} cannot be read: {reason}"));
            }
        }
    }

    fn leave_out(&mut self, reason: String) {
        self.left_out += 1;
        self.reason = reason;
    }

    fn finish_reading(&mut self) -> Option<Learnt> {
        let is_read = !self.pending.values().any(|asked| matches!(asked, Question::Broker(_)));
        is_read.then(|| Learnt::Brokers(std::mem::take(&mut self.reading)))
    }
}

fn read_registration(id: BrokerId, data: &[u8]) -> Result<Option<Registered>, String> {
    let registration = BrokerRegistration::from_bytes(data).map_err(|error| error.to_string())?;
    let version = BrokerRegistrationVersion::of(data).map_err(|error| error.to_string())?;
    let Some(endpoint) = registration.plaintext() else { return Ok(None) };
    let Some(host) = endpoint.host.clone() else { return Ok(None) };
    let info = BrokerInfo {
        id,
        address: HostPort { host, port: endpoint.port },
        rack: registration.rack.clone(),
        registered: Some(UnixMillis(registration.timestamp)),
    };
    Ok(Some(Registered { info, is_old: version <= BrokerRegistrationVersion::V2 }))
}

#[cfg(test)]
mod tests;
