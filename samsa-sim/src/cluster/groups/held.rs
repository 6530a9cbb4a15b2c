//! Answers that are held back until a group can give them, and what it tells the trace meanwhile.

use std::collections::BTreeMap;

use samsa_proto::ErrorCode;

use crate::cluster::ServerConn;

/// A request whose answer may come later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

/// What is answered to it.
#[derive(Debug)]
pub(super) enum Reply {
    Join(Joined),
    Sync(Synced),
}

/// What a member hears that has joined, or wanted to.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) error_code: ErrorCode,
    pub(super) member_id: String,
    pub(super) generation: i32,
    pub(super) protocol_type: Option<String>,
    pub(super) protocol: Option<String>,
    pub(super) leader: String,
    /// For the leader: who is there, with the metadata of the protocol.
    pub(super) members: Vec<(String, Vec<u8>)>,
}

/// What a member hears that asks for its part.
#[derive(Debug)]
pub(super) struct Synced {
    pub(super) error_code: ErrorCode,
    pub(super) protocol_type: Option<String>,
    pub(super) protocol: Option<String>,
    pub(super) assignment: Vec<u8>,
}

impl Joined {
    pub(super) fn failed(error_code: ErrorCode, member_id: &str) -> Self {
        Self {
            error_code,
            member_id: member_id.to_owned(),
            generation: -1,
            protocol_type: None,
            protocol: None,
            leader: String::new(),
            members: Vec::new(),
        }
    }
}

impl Synced {
    pub(super) fn failed(error_code: ErrorCode) -> Self {
        Self { error_code, protocol_type: None, protocol: None, assignment: Vec::new() }
    }
}

/// All answers that are held back.
#[derive(Debug, Default)]
pub(super) struct Held {
    tickets: u64,
    /// On which connections somebody waits.
    awaited: BTreeMap<Ticket, ServerConn>,
    replies: BTreeMap<Ticket, Reply>,
    has_news: bool,
    told: Vec<String>,
}

impl Held {
    pub(super) fn ticket(&mut self, conn: ServerConn) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.awaited.insert(ticket, conn);
        ticket
    }

    /// Answers, if somebody still waits for it.
    pub(super) fn reply(&mut self, ticket: Ticket, reply: Reply) {
        if self.awaited.remove(&ticket).is_some() {
            self.replies.insert(ticket, reply);
            self.has_news = true;
        }
    }

    pub(super) fn take(&mut self, ticket: Ticket) -> Option<Reply> {
        self.replies.remove(&ticket)
    }

    /// Whether the connection is still there on which somebody waits.
    pub(super) fn is_awaited(&self, ticket: Ticket) -> bool {
        self.awaited.contains_key(&ticket)
    }

    /// Whether there was an answer since this was asked last.
    pub(super) fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.has_news)
    }

    pub(super) fn gone(&mut self, conn: ServerConn) {
        self.awaited.retain(|_, waiting| *waiting != conn);
    }

    pub(super) fn tell(&mut self, text: String) {
        self.told.push(text);
    }

    pub(super) fn take_told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.told)
    }
}
