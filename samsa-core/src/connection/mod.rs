//! Connections to brokers.
//!
//! [`Network`] is what the other machines see: they ask it for the connection to a broker that does their kind of work,
//! send requests over it, and are told by [`News`] what came of them. Below it, one [`Connection`] is one TCP stream:
//! the first exchange ([`handshake`], or [`age`] where there is none), bytes out ([`send_queue`]), bytes in ([`receiver`]), and the requests in
//! flight between them, with the [`pace`] at which they are answered.

mod age;
#[expect(clippy::module_inception, reason = "one TCP stream is what the directory is named for")]
mod connection;
mod frame_pool;
mod handshake;
mod link;
mod network;
mod pace;
mod read_buffer;
mod receiver;
mod send_queue;
mod slots;
mod throttle;
mod versions;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::id::{BrokerId, ConnId, MemberId, ReaderId};

pub(crate) use network::Network;
pub use read_buffer::{ReadBuffer, RecvBuf};

/// Whom a connection leads to. Brokers are told apart by id, never by address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Peer {
    /// One of the addresses that the application gave, by its place in the list.
    Bootstrap(u16),
    Broker(BrokerId),
}

/// What a connection is for. A long poll never holds up other work, nor does a reader whose application is slow, and
/// whose response therefore waits unread, hold up other readers. The cluster's own questions are given up so soon, while messages
/// wait for a leader, that nothing else may be lost with their connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Metadata,
    Control,
    Produce,
    /// What a group asks its coordinator: a commit waits behind nothing else.
    Group,
    /// What a member of a group asks that the brokers coordinate, where others may wait for what it does next.
    Member(MemberId),
    Fetch(ReaderId),
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metadata => "metadata connection",
            Self::Control => "control connection",
            Self::Produce => "produce connection",
            Self::Group => "group connection",
            Self::Member(_) => "member connection",
            Self::Fetch(_) => "fetch connection",
        })
    }
}

/// Which machine a response goes to, with that machine's own number of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Cluster,
    Producer(u64),
    Consumer(u64),
    Lookup(u64),
    Group(u64),
    GroupLookup(u64),
}

/// A request, ready to be sent.
pub(crate) struct Call<'a, R> {
    pub(crate) request: &'a R,
    pub(crate) version: i16,
    /// From now to the response.
    pub(crate) timeout: Duration,
    pub(crate) owner: Owner,
    /// A response that is longer waits unread until [`Network::allow`] makes room for it.
    pub(crate) response_bytes: usize,
}

/// Why a request has no response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The connection went before a byte of it was handed to the driver.
    NotSent(String),
    /// The broker may have got it.
    PossiblySent(String),
}

impl Failure {
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::NotSent(reason) | Self::PossiblySent(reason) => reason,
        }
    }
}

/// What happened on the connections.
#[derive(Debug)]
pub(crate) enum News {
    /// A connection that was asked for can be used.
    Ready { peer: Peer, role: Role },
    /// A connection that was asked for could not be made, or one that was ready broke. Who still wants it asks again;
    /// dialling then waits as long as it must.
    ///
    /// It is a loss unless the connection was ready and nobody waited for an answer, or it is the client that ends.
    Unreachable { peer: Peer, role: Role, reason: String, is_loss: bool },
    /// `frame` is the response without its length, ready for `samsa_proto::decode_response`.
    Response { owner: Owner, version: i16, frame: Bytes },
    /// A request ended without response.
    Failed { owner: Owner, failure: Failure },
    /// A broker lets a connection be sent nothing for so long.
    Throttled { peer: Peer, role: Role, lasts: Duration },
    /// A response of so many bytes waits unread.
    Oversized { owner: Owner, conn: ConnId, bytes: usize },
}
