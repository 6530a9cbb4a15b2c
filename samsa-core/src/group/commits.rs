//! What becomes of a member's commits as a whole: who waits for one, and what went without.

use std::collections::{BTreeMap, BTreeSet};

use super::desk::Notes;
use super::world::World;
use super::{GroupError, OffsetsError};
use crate::planted::{PlantedBug, is_planted};
use crate::topology::TopicPartition;

#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Commits {
    /// What a commit waits for, and whether its offset was looked at since.
    waiting: Option<BTreeMap<TopicPartition, bool>>,
    /// Whether somebody waits for that commit.
    is_awaited: bool,
    trouble: Option<String>,
    /// What went since the last commit that was answered although the application has had more of it than is committed.
    left_behind: BTreeSet<TopicPartition>,
    /// How many partitions went without their last commit while the member left, and why the first of them did.
    uncommitted: (usize, Option<String>),
    /// Why the brokers will never say where to start: the member leaves for that.
    refused: Option<OffsetsError>,
}

impl Commits {
    /// What is done of these is to be committed, and somebody waits for that.
    pub(super) fn begin(&mut self, partitions: impl Iterator<Item = TopicPartition>) {
        self.waiting = Some(partitions.map(|partition| (partition, false)).collect());
        (self.is_awaited, self.trouble) = (true, None);
    }

    /// Nobody waits for the commit any more. It goes on; what went is told to whoever waits for the next.
    pub(super) fn is_not_awaited(&mut self) {
        self.is_awaited = false;
    }

    #[cfg(feature = "model")]
    pub(super) fn is_under_way(&self) -> bool {
        self.waiting.is_some()
    }

    pub(super) fn refusal(&self) -> Option<&OffsetsError> {
        self.refused.as_ref()
    }

    /// What the commit under way waits for, to be [handed back](Self::settle).
    pub(super) fn take_waiting(&mut self) -> Option<BTreeMap<TopicPartition, bool>> {
        self.waiting.take()
    }

    pub(super) fn settle(&mut self, waiting: BTreeMap<TopicPartition, bool>, world: &mut impl World) {
        if waiting.is_empty() {
            let trouble = self.trouble.take();
            self.answer(trouble, world);
        } else {
            self.waiting = Some(waiting);
        }
    }

    /// The member has lost its partitions, of which these had more to commit. Says how many they are.
    pub(super) fn lose(
        &mut self,
        left_behind: Vec<TopicPartition>,
        reason: &str,
        world: &mut impl World,
    ) -> usize {
        let left = left_behind.len();
        self.left_behind.extend(left_behind);
        if self.waiting.take().is_some() {
            self.trouble = None;
            self.answer(Some(reason.to_owned()), world);
        }
        left
    }

    pub(super) fn note(&mut self, notes: &mut Notes, is_leaving: bool) {
        self.refused = self.refused.take().or(notes.refused.take());
        self.left_behind.append(&mut std::mem::take(&mut notes.left_behind).into_iter().collect());
        if is_leaving {
            let (count, first) = &mut self.uncommitted;
            *count += notes.uncommitted.len();
            let told = |(place, why): &(TopicPartition, String)| format!("{place}: {why}");
            *first = first.take().or(notes.uncommitted.first().map(told));
        }
        if self.waiting.is_some() {
            self.trouble = self.trouble.take().or(notes.failed.take());
        }
    }

    /// What is told of a leave that has ended, with so many partitions that still had something to commit for this reason.
    pub(super) fn why_left(&mut self, group: &str, left: usize, reason: &str) -> Option<GroupError> {
        if let Some(error) = self.refused.take() {
            return Some(GroupError::Offsets { group: group.into(), error });
        }
        let (uncommitted, first) = std::mem::take(&mut self.uncommitted);
        let (partitions, reason) = (left + uncommitted, first.unwrap_or_else(|| reason.to_owned()));
        (partitions > 0).then_some(GroupError::NotCommitted { partitions, reason })
    }

    /// Answers whoever waits for the commit, and tells with that what went.
    fn answer(&mut self, trouble: Option<String>, world: &mut impl World) {
        if !std::mem::take(&mut self.is_awaited) {
            return;
        }
        let went = self.take_what_went();
        let reasons: Vec<String> = trouble.into_iter().chain(went).collect();
        world.committed(if reasons.is_empty() { Ok(()) } else { Err(reasons.join("; ")) });
    }

    fn take_what_went(&mut self) -> Option<String> {
        let gone = std::mem::take(&mut self.left_behind);
        let first = gone.first().filter(|_| !is_planted(PlantedBug::ForgetsWhatWent))?;
        let others = gone.len() - 1;
        let and = if others > 0 { format!(" and {others} others") } else { String::new() };
        Some(format!("{first}{and} went before what was handed out of it was committed"))
    }
}

/// Whether the commit of a partition still waits. `look` says whether no commit of it is under way, with what is done committed
/// before if it is told so; none if the partition went: what went without being committed was left behind.
pub(super) fn still_waits(is_looked_at: &mut bool, mut look: impl FnMut(bool) -> Option<bool>) -> bool {
    match look(false) {
        None => false,
        Some(false) => true,
        Some(true) => !std::mem::replace(is_looked_at, true) && look(true) == Some(false),
    }
}
