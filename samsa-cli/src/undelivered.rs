//! The messages that were not delivered: each is told on stderr, up to a hundred, and all are counted.

use std::fmt;

use crate::failure::Failure;
use crate::output::count;
use samsa_client::Certainty;

const SHOWN: u64 = 100;

/// What was not delivered so far.
#[derive(Debug, Default)]
pub(crate) struct Undelivered {
    not_sent: u64,
    possibly_sent: u64,
}

impl Undelivered {
    /// Another one.
    pub(crate) fn add(&mut self, who: &dyn fmt::Display, certainty: Certainty, why: &dyn fmt::Display) {
        match certainty {
            Certainty::NotSent => self.not_sent += 1,
            Certainty::PossiblySent => self.possibly_sent += 1,
        }
        if self.count() <= SHOWN {
            tell!("{who}: {why}");
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.not_sent + self.possibly_sent
    }

    /// An error when there are any.
    pub(crate) fn into_result(self) -> Result<(), Failure> {
        if self.count() == 0 {
            return Ok(());
        }
        Err(Failure::NotDone(self.to_string()))
    }
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (all, not_sent, possibly_sent) =
            (count(self.count(), "message"), self.not_sent, self.possibly_sent);
        write!(f, "{all} not delivered: {not_sent} not sent, {possibly_sent} possibly sent")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_counted_by_what_is_known_of_them() {
        let mut undelivered = Undelivered::default();
        undelivered.add(&"line 1", Certainty::NotSent, &"too large");
        undelivered.add(&"line 7", Certainty::PossiblySent, &"no answer");
        undelivered.add(&"line 8", Certainty::PossiblySent, &"no answer");
        assert_eq!(undelivered.to_string(), "3 messages not delivered: 1 not sent, 2 possibly sent");
        assert!(undelivered.into_result().is_err());
        assert!(Undelivered::default().into_result().is_ok());
    }
}
