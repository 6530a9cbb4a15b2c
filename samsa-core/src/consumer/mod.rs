//! Fetching, for readers and for members of groups.
//!
//! The engine's half is [`Consumer`]: a [`Fetcher`] for each reader keeps its [`Partition`]s, finds out where to start,
//! and sends fetches to their leaders. What comes back is [checked](check) and pushed to the [`FetchBuffer`], still
//! compressed, as slices of the response. The application's half is the [`Reader`]: it takes a [`Segment`] off the
//! buffer, decompresses one batch at a time on its own thread, and hands it out as a [`Chunk`].
//!
//! What moves a partition's position in another way than by reading stands apart: [seeks](seeking), positions that mean
//! nothing any more ([`losing`]), doubts after a change of leaders ([`validation`]). A [`Source`] is what both halves know
//! of a partition; its turns are the fence against whatever arrives late. Which partitions a broker fetches for the
//! reader, its [`session`] knows; which broker that is, where not the leader, [`nearest`] says.
//!
//! A response is paid for from its arrival until the last slice of it is dropped ([`Memory`](memory::Memory)).
//!
//! A group has a fetcher for each of its topics, and gives it partitions and takes them away ([`membership`]).
//!
//! `buffer`, `source`, `memory`, `lease` and `board` know threads, as few other files of this crate do.
//!
//! [`Partition`]: partition::Partition
//! [`Source`]: source::Source
//! [`FetchBuffer`]: buffer::FetchBuffer
//! [`Segment`]: segment::Segment

mod aborted;
mod board;
mod buffer;
mod check;
mod chunk;
mod explain;
mod fetcher;
mod leader;
mod lease;
mod losing;
mod membership;
mod memory;
mod more;
mod nearest;
mod opening;
mod owned;
mod partition;
mod place;
mod progress;
mod queue;
pub(crate) mod reader;
mod request;
mod response;
mod resumption;
mod scope;
mod seeking;
mod segment;
mod sending;
mod session;
mod source;
mod validation;
mod verdict;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use self::buffer::FetchBuffer;
use self::fetcher::{Fetcher, Question, Request};
use self::opening::Opening;
use self::scope::Scope;
use self::seeking::Seek;
use crate::cluster::{Cluster, Interest};
use crate::command::{ReaderSpec, Reply};
use crate::connection::{Failure, Peer, Role};
use crate::error::ReadError;
use crate::explanation::Waiting;
use crate::id::{ConnId, OpId, ReaderId};
use crate::limits;
use crate::metrics::{ReadPartition, Volume};
use crate::offset::Offset;
use crate::out::{Context, Out};
use crate::rng::Rng;
use crate::time::{Deadline, Instant, TimeLimit};
use crate::wake::{DriverSignal, Wakers};

pub(crate) use board::Held;
pub use board::{Board, ConsumerEvent, Hold};
pub use chunk::{Chunk, ChunkRecords, OwnedRecords};
pub use lease::Lease;
pub(crate) use lease::ahead;
pub use membership::Membership;
pub use owned::OwnedRecord;
pub use progress::Progress;
pub use reader::Reader;
pub(crate) use source::Source;

/// All readers of the client.
#[derive(Debug)]
pub(crate) struct Consumer {
    signal: Arc<DriverSignal>,
    rng: Rng,
    fetchers: BTreeMap<ReaderId, Fetcher>,
    /// Whose the requests in flight are. Those of a reader that is gone are not there.
    owners: BTreeMap<u64, ReaderId>,
    last_reader: u64,
    last_token: u64,
    deadline: Option<Deadline>,
    /// What the applications of all readers had, or will have.
    read: Volume,
    /// It was found out where a partition begins, and nobody has looked yet.
    found_start: bool,
    closed: bool,
}

/// What concerns the consumer.
#[derive(Debug)]
pub(crate) enum ConsumerInput {
    Open {
        op: OpId,
        spec: ReaderSpec,
        within: Duration,
    },
    Seek {
        op: OpId,
        reader: ReaderId,
        partition: i32,
        to: Offset,
        within: Duration,
    },
    /// Nobody waits for this reader to open any more.
    Forget {
        op: OpId,
    },
    /// The application gave memory back, began to wait, resumed a partition, or dropped a reader.
    Credit,
    MetadataChanged,
    Ready,
    /// As [`News::Unreachable`](crate::connection::News::Unreachable).
    Unreachable {
        peer: Peer,
        role: Role,
        reason: String,
        is_loss: bool,
    },
    Response {
        token: u64,
        version: i16,
        frame: Bytes,
    },
    Failed {
        token: u64,
        failure: Failure,
    },
    Oversized {
        token: u64,
        conn: ConnId,
        bytes: usize,
    },
    Tick,
    Close,
}

impl Consumer {
    pub(crate) fn new(signal: Arc<DriverSignal>, rng: Rng) -> Self {
        Self {
            signal,
            rng,
            fetchers: BTreeMap::new(),
            owners: BTreeMap::new(),
            last_reader: 0,
            last_token: 0,
            deadline: None,
            read: Volume::default(),
            found_start: false,
            closed: false,
        }
    }

    pub(crate) fn handle(&mut self, cx: &mut Context<'_>, cluster: &mut Cluster, input: ConsumerInput) {
        match input {
            ConsumerInput::Open { op, spec, within } => {
                let opening = Opening { op, time: TimeLimit::new(cx.now.mono, within) };
                self.open(cx, cluster, spec, opening);
            }
            ConsumerInput::Seek { op, reader, partition, to, within } => {
                let seek = Seek { op, time: TimeLimit::new(cx.now.mono, within) };
                let found = self.with(cx, cluster, reader, |fetcher, scope| {
                    fetcher.seek(scope, partition, to, seek);
                });
                if found.is_none() {
                    cx.out.complete(op, Reply::Seek(Err(ReadError::Closed)));
                }
                self.pump(cx, cluster, reader);
            }
            ConsumerInput::Forget { op } => self.forget_opening(cx, cluster, op),
            ConsumerInput::Credit => self.credit(cx, cluster),
            ConsumerInput::MetadataChanged => {
                for reader in self.fetchers.keys().copied().collect::<Vec<_>>() {
                    self.with(cx, cluster, reader, Fetcher::update);
                }
                self.pump_all(cx, cluster);
            }
            ConsumerInput::Ready | ConsumerInput::Tick => self.pump_all(cx, cluster),
            ConsumerInput::Unreachable { peer, role, reason, is_loss } => {
                self.unreachable(cx, cluster, peer, (role, is_loss), &reason);
            }
            ConsumerInput::Response { token, version, frame } => {
                self.response(cx, cluster, token, version, &frame);
            }
            ConsumerInput::Failed { token, failure } => {
                self.finish(cx, cluster, token, |fetcher, scope| {
                    fetcher.unanswered(scope, token, failure.reason());
                });
            }
            ConsumerInput::Oversized { token, conn, bytes } => {
                self.oversized(cx, cluster, token, conn, bytes);
            }
            ConsumerInput::Close => {
                self.closed = true;
                self.abort(cx.out);
            }
        }
        self.remember_deadline();
    }

    fn remember_deadline(&mut self) {
        self.deadline = self.fetchers.values().filter_map(|fetcher| fetcher.deadline).min();
    }

    pub(crate) fn deadline(&self) -> Option<Deadline> {
        self.deadline
    }

    /// Whether it was found out since the last call where a partition begins.
    pub(crate) fn take_found_start(&mut self) -> bool {
        std::mem::take(&mut self.found_start)
    }

    /// Ends every reader.
    pub(crate) fn abort(&mut self, out: &mut Out) {
        let mut wakers = Wakers::default();
        for (_, mut fetcher) in std::mem::take(&mut self.fetchers) {
            for (op, reply) in fetcher.end(&mut wakers) {
                out.complete(op, reply);
            }
        }
        self.owners.clear();
        self.deadline = None;
        out.wake(&mut wakers);
    }

    /// What was read in all, and the partitions of the readers that are open.
    pub(crate) fn metrics(&self) -> (Volume, Vec<ReadPartition>) {
        let partitions = self.fetchers.iter().flat_map(|(reader, fetcher)| fetcher.metrics(*reader));
        (self.read, partitions.collect())
    }

    pub(crate) fn explain(&self, now: Instant, lines: &mut Vec<Waiting>) {
        for (reader, fetcher) in &self.fetchers {
            fetcher.explain(now, *reader, lines);
        }
    }

    fn open(&mut self, cx: &mut Context<'_>, cluster: &mut Cluster, spec: ReaderSpec, opening: Opening) {
        let rack = spec.fetch.rack.as_ref().map_or(0, String::len);
        let refusal = match self.fetchers.len() {
            _ if self.closed => Some(ReadError::Closed),
            _ if rack > limits::RACK_BYTES => {
                Some(ReadError::RackTooLong { bytes: rack, limit: limits::RACK_BYTES })
            }
            open if open >= limits::READERS => Some(ReadError::Busy { open }),
            _ => None,
        };
        if let Some(error) = refusal {
            return cx.out.complete(opening.op, Reply::OpenReader(Err(error)));
        }
        self.last_reader += 1;
        let reader = ReaderId(self.last_reader);
        let signal = Arc::clone(&self.signal);
        let buffer = FetchBuffer::new(reader, Arc::clone(&spec.topic), spec.fetch.decompressed_bytes, signal);
        cluster.want(cx, &spec.topic, Interest::Read);
        self.fetchers.insert(reader, Fetcher::new(spec, buffer, Some(opening)));
        self.with(cx, cluster, reader, Fetcher::update);
        self.pump(cx, cluster, reader);
    }

    /// As if it had been opened, and dropped.
    fn forget_opening(&mut self, cx: &mut Context<'_>, cluster: &mut Cluster, op: OpId) {
        let is_of_it = |fetcher: &Fetcher| fetcher.opening.is_some_and(|opening| opening.op == op);
        let found = self.fetchers.iter_mut().find(|(_, fetcher)| is_of_it(fetcher));
        let Some((reader, fetcher)) = found.map(|(reader, fetcher)| (*reader, fetcher)) else { return };
        fetcher.opening = None;
        fetcher.buffer.close();
        self.pump(cx, cluster, reader);
    }

    fn credit(&mut self, cx: &mut Context<'_>, cluster: &mut Cluster) {
        let called = self.fetchers.iter().filter(|(_, fetcher)| fetcher.buffer.memory().take_attention());
        for reader in called.map(|(reader, _)| *reader).collect::<Vec<_>>() {
            self.pump(cx, cluster, reader);
        }
    }

    /// A reader's own connection concerns nobody else.
    fn unreachable(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &mut Cluster,
        peer: Peer,
        (role, is_loss): (Role, bool),
        reason: &str,
    ) {
        let Peer::Broker(broker) = peer else { return };
        let is_concerned = |reader: &ReaderId| role == Role::Control || role == Role::Fetch(*reader);
        for reader in self.fetchers.keys().copied().filter(is_concerned).collect::<Vec<_>>() {
            self.with(cx, cluster, reader, |fetcher, scope| {
                fetcher.unreachable(scope, broker, (role, is_loss), reason);
            });
            self.pump(cx, cluster, reader);
        }
    }

    fn oversized(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &mut Cluster,
        token: u64,
        conn: ConnId,
        bytes: usize,
    ) {
        let reader = self.owners.get(&token).copied();
        let Some(reader) = reader else { return cx.net.allow(cx.now, conn) };
        self.with(cx, cluster, reader, |fetcher, _| fetcher.outgrown(token, conn, bytes));
        self.pump(cx, cluster, reader);
    }

    fn response(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &mut Cluster,
        token: u64,
        version: i16,
        frame: &Bytes,
    ) {
        self.finish(cx, cluster, token, |fetcher, scope| match fetcher.ended(token) {
            Some(asked @ Request { question: Question::Records, .. }) => {
                fetcher.fetched(scope, (token, asked), version, frame);
            }
            Some(asked @ Request { question: Question::Offsets, .. }) => {
                fetcher.listed(scope, (token, &asked), version, frame);
            }
            Some(asked @ Request { question: Question::Epochs, .. }) => {
                fetcher.confirmed(scope, (token, &asked), version, frame);
            }
            None => {}
        });
    }

    /// A request ended; its reader goes on.
    fn finish(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &mut Cluster,
        token: u64,
        take: impl FnOnce(&mut Fetcher, &mut Scope<'_>),
    ) {
        let Some(reader) = self.owners.remove(&token) else { return };
        self.with(cx, cluster, reader, |fetcher, scope| {
            take(fetcher, scope);
            fetcher.ended(token);
        });
        self.pump(cx, cluster, reader);
    }
}

#[cfg(test)]
pub(crate) mod tests;
