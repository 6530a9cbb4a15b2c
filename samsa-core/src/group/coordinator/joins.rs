//! Whether a broker is too old for members of groups.
//!
//! One of before 0.10 does not tell what it takes. Of those, 0.9 answers a join, and 0.8.2 hangs up; but so does any broker that goes
//! down just then. So a member that never had an answer tries again, and each time the coordinator is found anew before.

/// How many first joins have to end so.
const ENOUGH: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct Joins {
    /// Whether the broker that was asked last does not tell what it takes.
    is_untold: bool,
    /// Whether a member's question was ever answered.
    has_answer: bool,
    hang_ups: u32,
}

impl Joins {
    pub(super) fn asks(&mut self, is_untold: bool) {
        self.is_untold = is_untold;
    }

    pub(super) fn answered(&mut self) {
        self.has_answer = true;
    }

    /// A join has no answer. Says whether the brokers are too old for it.
    pub(super) fn hung_up(&mut self) -> bool {
        if !self.is_untold || self.has_answer {
            return false;
        }
        self.hang_ups += 1;
        self.hang_ups >= ENOUGH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_that_does_not_tell_what_it_takes_and_hangs_up_on_three_joins_is_too_old() {
        let mut joins = Joins::default();
        joins.asks(true);
        assert_eq!([joins.hung_up(), joins.hung_up(), joins.hung_up()], [false, false, true]);
    }

    #[test]
    fn a_broker_that_tells_what_it_takes_or_has_answered_a_member_is_not_too_old_however_often_it_hangs_up() {
        let (mut told, mut answers) = (Joins::default(), Joins::default());
        told.asks(false);
        answers.asks(true);
        answers.answered();
        assert!((0..9).all(|_| !told.hung_up() && !answers.hung_up()));
    }
}
