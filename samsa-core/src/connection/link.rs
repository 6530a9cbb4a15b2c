//! The way to one broker for one kind of work, over all the connections that come and go.
//!
//! | state     | input                   | then      | emits                          |
//! |-----------|-------------------------|-----------|--------------------------------|
//! | Idle      | wanted, not too early   | Resolving | the question to the name service |
//! | Resolving | addresses               | Dialling  | dial the first                 |
//! | Dialling  | could not be made       | Dialling  | dial the next                  |
//! | Dialling  | no address left, late   | Idle      | unreachable                    |
//! | Dialling  | connected, handshake    | Ready     | ready                          |
//! | Ready     | lost                    | Idle      | unreachable                    |
//! | Ready     | left behind             | Idle      |                                |
//!
//! What is left behind is closed when it owes no answer any more. After a failure the peer is not dialled again before a wait that
//! grows with each failure in a row; a response ends the row.

use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::id::{ConnId, ResolveId};
use crate::time::Instant;

#[derive(Debug, Default)]
pub(crate) struct Link {
    pub(crate) state: LinkState,
    /// The connection before, which owes answers still.
    pub(crate) left: Option<ConnId>,
    /// Somebody asked for it since it was last ready or failed.
    pub(crate) wanted: bool,
    /// In a row.
    pub(crate) failures: u32,
    /// When it failed last.
    pub(crate) rests_since: Instant,
    /// Not dialled before this.
    pub(crate) not_before: Instant,
}

#[derive(Debug, Default)]
pub(crate) enum LinkState {
    #[default]
    Idle,
    Resolving {
        id: ResolveId,
        since: Instant,
        until: Instant,
    },
    Dialling {
        others: VecDeque<SocketAddr>,
    },
    Ready {
        conn: ConnId,
    },
}

impl Link {
    pub(crate) fn ready(&self) -> Option<ConnId> {
        match self.state {
            LinkState::Ready { conn } => Some(conn),
            LinkState::Idle | LinkState::Resolving { .. } | LinkState::Dialling { .. } => None,
        }
    }

    /// Whether it is on its way to be ready, and so counts against the cap on dialling.
    pub(crate) fn is_under_way(&self) -> bool {
        matches!(self.state, LinkState::Resolving { .. } | LinkState::Dialling { .. })
    }

    /// Whether there is, or shall be, a connection.
    pub(crate) fn is_in_use(&self) -> bool {
        self.wanted || self.left.is_some() || !matches!(self.state, LinkState::Idle)
    }

    pub(crate) fn waits_to_be_dialled(&self) -> bool {
        self.wanted && matches!(self.state, LinkState::Idle)
    }

    /// What there is to wait for before there is a connection, since when and until when.
    pub(crate) fn waits_for(&self) -> Option<(String, Option<Instant>, Option<Instant>)> {
        match self.state {
            LinkState::Resolving { since, until, .. } => {
                Some(("the name service to tell its address".to_owned(), Some(since), Some(until)))
            }
            LinkState::Idle if self.wanted && self.failures == 0 => {
                Some(("its turn to be dialled".to_owned(), None, None))
            }
            LinkState::Idle if self.wanted => {
                let what = format!("to dial again after {} failures", self.failures);
                Some((what, Some(self.rests_since), Some(self.not_before)))
            }
            LinkState::Idle | LinkState::Dialling { .. } | LinkState::Ready { .. } => None,
        }
    }
}
