//! Answers that have more in them than was asked for. It is not listened to, and told in one line.

use std::collections::BTreeSet;

use super::fetcher::Fetcher;

impl Fetcher {
    /// Tells it if something of another topic is in an answer, or a partition that was not asked for, or one twice. What was asked
    /// for is no more than that, though it may not be wanted any more.
    pub(super) fn tell_of_more(
        &self,
        asked: &[i32],
        has_others: bool,
        mut answered: impl Iterator<Item = i32>,
    ) {
        let mut open: BTreeSet<i32> = asked.iter().copied().collect();
        if has_others || answered.any(|number| !open.remove(&number)) {
            let topic = &self.spec.topic;
            tracing::warn!(%topic, "a broker's answer has what it was not asked for, or has it twice");
        }
    }
}
