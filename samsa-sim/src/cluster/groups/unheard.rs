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
    /// On which connection a member has said this, and cannot have heard an answer.
    fn unheard(&self, now: Instant, member: &str, said: Said) -> Option<ServerConn> {
        let key = (member.to_owned(), said);
        let is_unheard = |all: &BTreeMap<_, Option<Instant>>| {
            all.get(&key).is_some_and(|answered| answered.is_none_or(|at| at >= now))
        };
        self.0.iter().find(|(_, all)| is_unheard(all)).map(|(conn, _)| *conn)
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

/// Complains of a member that goes on before it has heard what became of what it had said, on a connection that it still holds.
pub(super) fn expect_heard(state: &mut State, call: &Call<'_>, member: &str, said: Said, then: &str) {
    let unheard = state.groups.unheard.unheard(call.now.mono, member, said);
    if let Some(conn) = unheard.filter(|_| !member.is_empty()) {
        state.misstep(conn, format!("{then} of {member} while its last {said:?} is unanswered"));
    }
}
