//! ZooKeeper as the engine sees it: operations to perform, and what came of them.

use std::time::Duration;

use crate::id::{SessionId, ZkRequestId};

/// One operation. A watch is one-shot, and only a hint to read again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ZkOp {
    /// Reads a node's data.
    Get {
        /// Path below the chroot, as in all of these.
        path: String,
        /// Whether to tell of the next change.
        watch: bool,
    },
    /// Asks whether a node is there.
    Exists {
        /// Which node.
        path: String,
        /// Whether to tell of its creation, change or end.
        watch: bool,
    },
    /// Lists the names of a node's children.
    Children {
        /// Which node.
        path: String,
        /// Whether to tell of the next child that comes or goes.
        watch: bool,
    },
    /// Creates a node; its parents must be there.
    Create {
        /// Which node.
        path: String,
        /// What it holds.
        data: Vec<u8>,
        /// Whether it goes with the session.
        ephemeral: bool,
    },
    /// Replaces a node's data.
    Set {
        /// Which node.
        path: String,
        /// What it will hold.
        data: Vec<u8>,
        /// The version that it must have.
        version: i32,
    },
    /// Removes a node.
    Delete {
        /// Which node.
        path: String,
        /// The version that it must have.
        version: i32,
    },
    /// Waits until the server at hand has seen everything that was written before.
    Sync {
        /// Which node.
        path: String,
    },
}

impl ZkOp {
    /// The node that it is about.
    pub fn path(&self) -> &str {
        match self {
            Self::Get { path, .. }
            | Self::Exists { path, .. }
            | Self::Children { path, .. }
            | Self::Create { path, .. }
            | Self::Set { path, .. }
            | Self::Delete { path, .. }
            | Self::Sync { path } => path,
        }
    }
}

/// What is known of a node besides its data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ZkStat {
    /// How often its data was set; a new node has 0.
    pub version: i32,
    /// The transaction that created it: tells two nodes of one path apart.
    pub czxid: i64,
    /// The session that it goes with; 0 when it is persistent.
    pub ephemeral_owner: i64,
}

/// What came of an operation that was performed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ZkAnswer {
    /// Of `Get`.
    Data(Vec<u8>, ZkStat),
    /// Of `Exists`; `None` when there is no such node.
    Stat(Option<ZkStat>),
    /// Of `Children`, in no order.
    Children(Vec<String>),
    /// Of `Create`.
    Created,
    /// Of `Set`.
    Set(ZkStat),
    /// Of `Delete`.
    Deleted,
    /// Of `Sync`.
    Synced,
}

/// Why an operation gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ZkError {
    /// There is no such node, or no such parent.
    #[error("no such node")]
    NoNode,
    /// The node to create is there.
    #[error("the node exists")]
    NodeExists,
    /// The node has another version.
    #[error("the node has another version")]
    BadVersion,
    /// The node has children.
    #[error("the node has children")]
    NotEmpty,
    /// The server's access list forbids it.
    #[error("not allowed by the node's access list")]
    NoAuth,
    /// The connection broke or stayed silent: the operation may have been, or may still be, performed.
    #[error("the connection to ZooKeeper was lost: it may or may not have been done")]
    ConnectionLost,
    /// The session is over: nothing more happens in it.
    #[error("the ZooKeeper session has ended")]
    SessionExpired,
    /// Anything else, in the server's or the client library's words.
    #[error("{0}")]
    Other(String),
}

/// What became of a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ZkSessionState {
    /// It is there, new or again.
    Connected {
        /// ZooKeeper's id of it.
        id: i64,
        /// The session timeout that the servers granted.
        timeout: Duration,
    },
    /// Its connection is gone; the session may live on.
    Suspended,
    /// It is over, with its ephemeral nodes and watches.
    Expired,
    /// It could not be opened, in words.
    Failed(String),
}

/// News of ZooKeeper, for the engine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ZkNews {
    /// The end of one operation. Each operation of a session has exactly one, in the order of asking.
    Reply {
        /// Which operation.
        id: ZkRequestId,
        /// What came of it.
        result: Result<ZkAnswer, ZkError>,
    },
    /// A watched node changed, or the watch was lost.
    Watch {
        /// The session that set the watch.
        session: SessionId,
        /// The path that was watched.
        path: String,
    },
    /// The session changed.
    Session {
        /// Which.
        session: SessionId,
        /// To what.
        state: ZkSessionState,
    },
}

impl ZkNews {
    /// Which session it is of.
    pub(crate) fn session(&self) -> SessionId {
        match self {
            Self::Reply { id, .. } => id.session,
            Self::Watch { session, .. } | Self::Session { session, .. } => *session,
        }
    }
}
