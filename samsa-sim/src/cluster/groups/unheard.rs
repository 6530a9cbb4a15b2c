//! What members have said and cannot have heard an answer to yet: it was answered at this very moment, or was not at all.

use std::collections::BTreeMap;

use samsa_core::Instant;

use super::Groups;
use crate::cluster::ServerConn;
use crate::cluster::answer::Call;
use crate::cluster::state::State;

/// What a member says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Said {
    Commit,
    Heartbeat,
}

/// When what was said by which member on which connection was answered.
#[derive(Debug, Default)]
pub(super) struct Unheard(BTreeMap<ServerConn, BTreeMap<(String, Said), Option<Instant>>>);

impl Unheard {
    fn is_unheard(&self, now: Instant, conn: ServerConn, member: &str, said: Said) -> bool {
        let answered = self.0.get(&conn).and_then(|all| all.get(&(member.to_owned(), said)));
        answered.is_some_and(|answered| answered.is_none_or(|at| at >= now))
    }

    fn add(&mut self, conn: ServerConn, member: &str, said: Said) {
        self.0.entry(conn).or_default().insert((member.to_owned(), said), None);
    }

    pub(super) fn answered(&mut self, now: Instant, conn: ServerConn) {
        let all = self.0.get_mut(&conn).into_iter().flat_map(BTreeMap::values_mut);
        all.filter(|answered| answered.is_none()).for_each(|answered| *answered = Some(now));
    }

    pub(super) fn gone(&mut self, conn: ServerConn) {
        self.0.remove(&conn);
    }
}

impl Groups {
    /// A member has something to say.
    pub(crate) fn is_said(&mut self, call: &Call<'_>, member: &str, said: Said) {
        self.unheard.add(call.conn, member, said);
    }
}

/// Complains of a member that goes on before it has heard what became of what it had said on the same connection.
pub(super) fn expect_heard(state: &mut State, call: &Call<'_>, member: &str, said: Said, then: &str) {
    if !member.is_empty() && state.groups.unheard.is_unheard(call.now.mono, call.conn, member, said) {
        state.misstep(call.conn, format!("{then} of {member} while its last {said:?} is unanswered"));
    }
}
