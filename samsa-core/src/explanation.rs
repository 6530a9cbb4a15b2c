//! Why nothing seems to happen.

use crate::time::{Instant, TimeLimit};

/// Why nothing seems to happen: a line for everything that waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// In the order of the parts of the client.
    pub lines: Vec<Waiting>,
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
