//! Why nothing seems to happen, and what is promised of what happens.

use std::fmt;

use crate::time::{Instant, TimeLimit};

/// Why nothing seems to happen: a line for everything that waits. And what is promised of the messages that are published, as it
/// is in force now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// In the order of the parts of the client.
    pub lines: Vec<Waiting>,
    /// Of the topics that were published to: none before the first message. It changes with the brokers that lead them.
    pub guarantees: Vec<Guarantee>,
}

/// One thing that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Who waits: a connection, a partition, a command.
    pub who: String,
    /// For what.
    pub what: String,
    /// Since when, if that is known.
    pub since: Option<Instant>,
    /// Until when, if there is a bound.
    pub until: Option<Instant>,
}

/// One promise about published messages, and where it holds. As text it is one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guarantee {
    /// What it is about.
    pub kind: GuaranteeKind,
    /// Where it holds: a partition, several, or every one.
    pub holds_for: String,
    /// What is promised, or that this is not known yet.
    pub what: String,
}

/// What a [`Guarantee`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum GuaranteeKind {
    /// Who has a message that counts as written, and how it can be lost all the same.
    Acknowledgement,
    /// Whether the messages of a partition keep their order, and how many batches are in flight.
    Order,
    /// Whether a message may be stored twice.
    Duplicates,
}

impl fmt::Display for GuaranteeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Acknowledgement => "acknowledgement",
            Self::Order => "order",
            Self::Duplicates => "duplicates",
        })
    }
}

impl fmt::Display for Guarantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}: {}", self.kind, self.holds_for, self.what)
    }
}

impl Waiting {
    /// A command waits, for as long as it has time.
    pub(crate) fn of_command(who: String, what: String, time: TimeLimit) -> Self {
        Self { who, what, since: Some(time.since), until: Some(time.until()) }
    }

    /// The same, with what went wrong last, if anything did, behind what it waits for.
    pub(crate) fn after(mut self, trouble: Option<&str>) -> Self {
        self.what.extend(trouble.map(|trouble| format!(" ({trouble})")));
        self
    }
}
