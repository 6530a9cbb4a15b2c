//! From a seek to its answer, and what else moves a position.
//!
//! | seek      | input                              | then      | emits                                             |
//! |-----------|------------------------------------|-----------|---------------------------------------------------|
//! | none      | a seek                             | waiting   | what was fetched, or is under way, counts no more |
//! | waiting   | another seek of the partition      | waiting   | the earlier one has timed out                     |
//! | waiting   | the position is at an offset       | none      | done                                              |
//! | waiting   | the partition has stopped          | none      | why                                               |
//! | waiting   | its time is over                   | none      | timed out, with the last trouble                  |
//! | waiting   | the reader ends                    | none      | closed                                            |

use super::fetcher::Fetcher;
use super::partition::Partition;
use super::scope::Scope;
use super::segment::GivenUp;
use crate::command::Reply;
use crate::error::ReadError;
use crate::id::OpId;
use crate::offset::Offset;
use crate::planted::{PlantedBug, is_planted};
use crate::time::{Deadline, Instant, TimeLimit};

/// A command that waits for a position.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seek {
    pub(crate) op: OpId,
    pub(crate) time: TimeLimit,
}

impl Seek {
    fn timed_out(&self, fetcher: &Fetcher, last: &str) -> ReadError {
        let topic = fetcher.spec.topic.clone();
        ReadError::TimedOut { topic, within: self.time.within, last: last.to_owned() }
    }
}

impl Fetcher {
    pub(crate) fn seek(&mut self, scope: &mut Scope<'_>, number: i32, to: Offset, seek: Seek) {
        let Some(partition) = self.partitions.get_mut(&number) else {
            let error = ReadError::UnknownPartition { topic: self.spec.topic.clone(), partition: number };
            return scope.replies.push((seek.op, Reply::Seek(Err(error))));
        };
        let earlier = partition.seek.replace(seek);
        let under_way = partition.request.filter(|_| is_planted(PlantedBug::HandsOutAfterSeek));
        if under_way.is_none() {
            partition.source.begin_anew();
        }
        partition.go_to(to);
        scope.found_start |= partition.is_at();
        partition.request = under_way;
        partition.revive();
        self.buffer.reopen();
        if let Some(earlier) = earlier {
            let error = earlier.timed_out(self, "a later seek took its place");
            scope.replies.push((earlier.op, Reply::Seek(Err(error))));
        }
    }

    /// Answers the seeks that have come to their place, or whose time is over.
    pub(crate) fn settle_seeks(&mut self, scope: &mut Scope<'_>) {
        let now = scope.now;
        let mut late = Vec::new();
        for partition in self.partitions.values_mut() {
            let Some(seek) = partition.seek else { continue };
            if partition.is_at() {
                scope.replies.push((seek.op, Reply::Seek(Ok(()))));
                partition.seek = None;
            } else if seek.time.is_over(now) {
                late.push((seek, partition.trouble.clone()));
                partition.seek = None;
            }
        }
        for (seek, trouble) in late {
            let error = seek.timed_out(self, trouble.as_deref().unwrap_or("no answer yet"));
            scope.replies.push((seek.op, Reply::Seek(Err(error))));
        }
    }

    pub(super) fn seeks_until(&self, now: Instant) -> Option<Deadline> {
        let waiting = self.partitions.values().filter_map(|partition| partition.seek);
        let until = waiting.map(|seek| seek.time.until()).filter(|until| *until > now).min();
        until.map(|until| Deadline::new(until, "seek"))
    }

    /// Gives up what is kept for paused partitions; they are fetched again from there.
    pub(super) fn clear_shelf(&mut self) {
        for given_up in self.buffer.give_up() {
            let partition = self.partitions.get_mut(&given_up.partition);
            if let Some(partition) = partition.filter(|partition| partition.is_at()) {
                partition.go_back(&given_up);
            }
        }
    }
}

impl Partition {
    /// What was fetched from there on is fetched again.
    pub(super) fn go_back(&mut self, to: &GivenUp) {
        let (in_doubt, listed) = (self.in_doubt, self.listed);
        self.lead_to(Offset::Exact(to.from));
        (self.read_epoch, self.listed) = (to.leader_epoch, listed);
        self.in_doubt = in_doubt && to.leader_epoch.is_some();
    }
}
