//! Looking: topics, partitions, offsets, by which nothing is created; and creating topics, see [`create`]. Groups in ZooKeeper are
//! looked at in a room of their own, [`group`].
//!
//! Each command is an [`Ask`] of its own:
//!
//! | stage   | input                              | then    | emits                                        |
//! |---------|------------------------------------|---------|----------------------------------------------|
//! | Seeking | some broker can be asked           | Asking  | the question for metadata                    |
//! | Asking  | answer                             | -       | the reply                                    |
//! | Asking  | answer, offsets are wanted         | Listing | a question for offsets to each leader        |
//! | Asking  | no answer, nonsense, not known yet | Resting |                                              |
//! | Listing | every partition found              | -       | the reply                                    |
//! | Listing | some found, the others in trouble  | Resting |                                              |
//! | Resting | due                                | Seeking | a connection to any broker                   |
//! | any     | refused for good, time is over     | -       | the error                                    |

mod ask;
mod create;
mod group;
pub(crate) mod list_offsets;
mod listing;
pub(crate) mod names;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use samsa_proto::Request;

use self::ask::{Ask, Question, Sending};
use self::create::Creation;
pub(crate) use self::group::{FIRST_SESSION, GroupLookup, GroupLookupInput};
pub use self::group::{
    GroupDescription, GroupHome, GroupList, GroupLookError, GroupMember, GroupPartition, GroupResetError,
    ListedGroup, UntoldBroker,
};
use crate::cluster::Cluster;
use crate::command::{Command, NewTopic, Reply};
use crate::connection::{Call, Failure, Owner, Peer, Role};
use crate::error::{CreateTopicError, LookError};
use crate::explanation::Waiting;
use crate::id::{ConnId, OpId};
use crate::limits;
use crate::out::{Context, Out};
use crate::rng::Rng;
use crate::time::Deadline;

/// All commands that look, or create.
#[derive(Debug)]
pub(crate) struct Lookup {
    rng: Rng,
    asks: BTreeMap<OpId, Ask>,
    creations: BTreeMap<OpId, Creation>,
    /// Whose the requests in flight are.
    owners: BTreeMap<u64, OpId>,
    last_token: u64,
}

/// What concerns lookups.
#[derive(Debug)]
pub(crate) enum LookupInput {
    Ask { op: OpId, command: Command, within: Duration },
    Create { op: OpId, topic: NewTopic, within: Duration },
    Forget { op: OpId },
    MetadataChanged,
    Ready,
    Unreachable { peer: Peer, reason: String },
    Response { token: u64, version: i16, frame: Bytes },
    Failed { token: u64, failure: Failure },
    Tick,
}

impl Lookup {
    pub(crate) fn new(rng: Rng) -> Self {
        Self {
            rng,
            asks: BTreeMap::new(),
            creations: BTreeMap::new(),
            owners: BTreeMap::new(),
            last_token: 0,
        }
    }

    pub(crate) fn handle(&mut self, cx: &mut Context<'_>, cluster: &mut Cluster, input: LookupInput) {
        match input {
            LookupInput::Ask { op, command, within } => self.ask(cx, op, command, within),
            LookupInput::Create { op, topic, within } => self.create(cx, op, topic, within),
            LookupInput::Forget { op } => self.forget(op),
            LookupInput::MetadataChanged | LookupInput::Ready | LookupInput::Tick => {}
            LookupInput::Unreachable { peer, reason } => {
                for ask in self.asks.values_mut() {
                    ask.unreachable(peer, &reason);
                }
                for creation in self.creations.values_mut() {
                    creation.unreachable(peer, &reason);
                }
            }
            LookupInput::Response { token, version, frame } => {
                self.with(
                    token,
                    |ask| ask.answer(token, version, &frame),
                    |creation| creation.answer(token, version, &frame),
                );
            }
            LookupInput::Failed { token, failure } => {
                self.with(
                    token,
                    |ask| ask.no_answer(token, failure.reason()),
                    |creation| creation.no_answer(token, &failure),
                );
            }
        }
        self.pump(cx, cluster);
    }

    pub(crate) fn deadline(&self) -> Option<Deadline> {
        self.asks.values().map(Ask::deadline).chain(self.creations.values().map(Creation::deadline)).min()
    }

    /// Whether something is to be done that a close waits for.
    pub(crate) fn has_orders(&self) -> bool {
        !self.creations.is_empty()
    }

    /// Ends every command.
    pub(crate) fn abort(&mut self, out: &mut Out) {
        for (op, ask) in std::mem::take(&mut self.asks) {
            out.complete(op, ask.question.refused(LookError::Closed));
        }
        for (op, _) in std::mem::take(&mut self.creations) {
            out.complete(op, Reply::CreateTopic(Err(CreateTopicError::Closed)));
        }
        self.owners.clear();
    }

    pub(crate) fn explain(&self, lines: &mut Vec<Waiting>) {
        lines.extend(self.asks.values().map(Ask::explain));
        lines.extend(self.creations.values().map(Creation::explain));
    }

    fn ask(&mut self, cx: &mut Context<'_>, op: OpId, command: Command, within: Duration) {
        let Some(question) = Question::of(command) else { return };
        let waiting = self.waiting();
        if waiting >= limits::COMMANDS {
            return cx.out.complete(op, question.refused(LookError::Busy { waiting }));
        }
        self.asks.insert(op, Ask::new(question, cx.now.mono, within));
    }

    fn create(&mut self, cx: &mut Context<'_>, op: OpId, topic: NewTopic, within: Duration) {
        let waiting = self.waiting();
        if waiting >= limits::COMMANDS {
            return cx.out.complete(op, Reply::CreateTopic(Err(CreateTopicError::Busy { waiting })));
        }
        self.creations.insert(op, Creation::new(topic, cx.now.mono, within));
    }

    /// Drops a question without an answer. To create is an order, and goes on.
    fn forget(&mut self, op: OpId) {
        if self.asks.remove(&op).is_some() {
            self.owners.retain(|_, owner| *owner != op);
        }
    }

    fn waiting(&self) -> usize {
        self.asks.len() + self.creations.len()
    }

    fn with(&mut self, token: u64, look: impl FnOnce(&mut Ask), create: impl FnOnce(&mut Creation)) {
        let Some(op) = self.owners.remove(&token) else { return };
        if let Some(ask) = self.asks.get_mut(&op) {
            look(ask);
        } else if let Some(creation) = self.creations.get_mut(&op) {
            create(creation);
        }
    }

    /// Lets each command go as far as it can.
    fn pump(&mut self, cx: &mut Context<'_>, cluster: &mut Cluster) {
        let ops: Vec<OpId> = self.asks.keys().copied().collect();
        for op in ops {
            let reply = self.advance(cx, cluster, op);
            if let Some(reply) = reply {
                self.asks.remove(&op);
                self.end(cx, op, reply);
            }
        }
        let ops: Vec<OpId> = self.creations.keys().copied().collect();
        for op in ops {
            let reply = self.advance_creation(cx, cluster, op);
            if let Some(reply) = reply {
                self.creations.remove(&op);
                self.end(cx, op, reply);
            }
        }
    }

    fn end(&mut self, cx: &mut Context<'_>, op: OpId, reply: Reply) {
        self.owners.retain(|_, owner| *owner != op);
        cx.out.complete(op, reply);
    }

    fn advance_creation(&mut self, cx: &mut Context<'_>, cluster: &mut Cluster, op: OpId) -> Option<Reply> {
        let creation = self.creations.get_mut(&op)?;
        creation.wake(cx.now.mono);
        let token = self.last_token + 1;
        let conn = match creation.controller() {
            Some(controller) => cx.net.connection(cx.now, Peer::Broker(controller), Role::Control),
            None if creation.seeks() => cluster.contact(cx),
            None => None,
        };
        if let Some(conn) = conn {
            let mut sending = Sending { net: cx.net, now: cx.now, config: cx.config, conn, token };
            let is_sent =
                if creation.seeks() { creation.ask(&mut sending) } else { creation.order(&mut sending) };
            if is_sent {
                self.record(op);
            }
        }
        let creation = self.creations.get_mut(&op)?;
        creation.settle(cx.now.mono, cx.config.retry_backoff, &mut self.rng, cluster.last_trouble())
    }

    fn advance(&mut self, cx: &mut Context<'_>, cluster: &mut Cluster, op: OpId) -> Option<Reply> {
        let ask = self.asks.get_mut(&op)?;
        ask.wake(cx.now.mono);
        if ask.seeks()
            && let Some(conn) = cluster.contact(cx)
        {
            self.ask_metadata(cx, op, conn);
        }
        self.ask_leaders(cx, op);
        let ask = self.asks.get_mut(&op)?;
        ask.settle(cx.now.mono, cx.config.retry_backoff, &mut self.rng, cluster.last_trouble())
    }

    fn ask_metadata(&mut self, cx: &mut Context<'_>, op: OpId, conn: ConnId) {
        let Some(ask) = self.asks.get_mut(&op) else { return };
        let mut sending =
            Sending { net: cx.net, now: cx.now, config: cx.config, conn, token: self.last_token + 1 };
        if ask.ask_metadata(&mut sending) {
            self.record(op);
        }
    }

    fn ask_leaders(&mut self, cx: &mut Context<'_>, op: OpId) {
        let leaders = self.asks.get(&op).map(Ask::leaders).unwrap_or_default();
        for leader in leaders {
            let Some(conn) = cx.net.connection(cx.now, Peer::Broker(leader), Role::Control) else { continue };
            let Some(ask) = self.asks.get_mut(&op) else { return };
            let mut sending =
                Sending { net: cx.net, now: cx.now, config: cx.config, conn, token: self.last_token + 1 };
            if ask.ask_offsets(&mut sending, leader) {
                self.record(op);
            }
        }
    }

    fn record(&mut self, op: OpId) {
        self.last_token += 1;
        self.owners.insert(self.last_token, op);
    }
}

impl Sending<'_> {
    /// Sends a request in the newest version that both sides speak.
    fn send<R: Request>(&mut self, make: impl FnOnce(i16) -> R) -> Result<(), String> {
        if !self.net.has_room(self.conn) {
            return Err("the connection is full".to_owned());
        }
        let version = self.net.version::<R>(self.conn);
        let version = version
            .ok_or_else(|| format!("the broker offers no version of {} that this client speaks", R::NAME))?;
        let call = Call {
            request: &make(version),
            version,
            timeout: self.config.request_timeout,
            owner: Owner::Lookup(self.token),
            response_bytes: limits::RESPONSE_BYTES,
        };
        self.net.send(self.now, self.conn, &call).map_err(|error| error.to_string())
    }
}
