//! Metadata for which messages wait: asked for often, and of whoever answers.

use std::time::Duration;

use super::Cluster;
use crate::limits;
use crate::out::Context;

impl Cluster {
    /// What is known seems wrong, and messages wait for a leader, of whom there may be news at any moment: asks again soon,
    /// however often it was in vain. To be called again when metadata has changed, and they wait still.
    pub(crate) fn hurry(&mut self, cx: &mut Context<'_>, why: &'static str) {
        self.is_hurried = true;
        let not_before = self.last_end.map_or(cx.now.mono, |last| last + limits::LEADERLESS);
        self.ask_soon(cx, not_before.max(cx.now.mono), why);
    }

    /// How long a broker may take to answer.
    pub(super) fn patience(&self, most: Duration) -> Duration {
        if self.is_hurried {
            limits::LEADERLESS_ANSWER.saturating_mul(1 << self.failures.min(10)).min(most)
        } else {
            most
        }
    }
}
