//! A partition that cannot be read on from where it stands: it stops, or goes on where the application has said.

use std::sync::Arc;

use super::fetcher::Fetcher;
use super::partition::Partition;
use super::scope::Scope;
use super::segment::Item;
use crate::command::Reply;
use crate::error::ReadError;
use crate::event::Event;
use crate::offset::Offset;

/// What the application is told as an error, too. `samsa`, which prints every error, leaves this out of its log.
const TOLD: &str = "samsa_core::told";

impl Fetcher {
    /// A partition ends. The application is told behind what is buffered; or whoever waits for it is told: the reader is
    /// not opened at all, the seek fails.
    pub(crate) fn stop(&mut self, scope: &mut Scope<'_>, number: i32, error: ReadError) {
        let Some(partition) = self.partitions.get_mut(&number) else { return };
        partition.stopped = true;
        tracing::warn!(target: TOLD, %error, "a partition is not read any more");
        if self.opening.is_some() {
            self.refuse_opening(scope, error);
        } else if let Some(seek) = partition.seek.take() {
            scope.replies.push((seek.op, Reply::Seek(Err(error))));
        } else {
            self.buffer.push(Item::Failed { partition: number, error }, &mut scope.wakers);
        }
    }

    /// The position means nothing any more, as the brokers have confirmed. Only as asked is it given another one: where
    /// the log parts from what was read, if that is why, else where the application wants to. `agreed` is the last leader
    /// epoch that the log shares with what was read.
    pub(crate) fn lose(&mut self, scope: &mut Scope<'_>, number: i32, error: ReadError, agreed: Option<i32>) {
        let Some(reset) = self.spec.fetch.reset else { return self.stop(scope, number, error) };
        let Some(partition) = self.partitions.get_mut(&number) else { return };
        let (to, epoch) = match (&error, agreed) {
            (ReadError::Truncated { from, .. }, epoch) => (Offset::Exact(*from), epoch),
            _ => (reset, None),
        };
        tracing::warn!(%error, ?to, "a partition is read on elsewhere");
        let position =
            if let ReadError::Truncated { offset, .. } = &error { *offset } else { partition.offset() };
        partition.lead_to(to);
        partition.source.was_reset(position);
        if let Offset::Exact(offset) = to {
            partition.source.resumes_at(offset);
        }
        partition.read_epoch = epoch;
        partition.fail(scope, error.to_string());
        self.tell_position(scope, number);
        let topic = Arc::clone(&self.spec.topic);
        scope.events.push(Event::PositionReset { topic, partition: number, error, to });
    }

    /// The topic was deleted and made anew: positions in the old one mean nothing in the new one. What is still sought is
    /// sought in the new one.
    pub(crate) fn leave_old_topic(&mut self, scope: &mut Scope<'_>) {
        if self.opening.is_some() {
            return self.partitions.clear();
        }
        for partition in self.partitions.values_mut() {
            partition.forget_leader();
        }
        let sought = self.partitions.values_mut().filter(|partition| !partition.is_at());
        sought.for_each(|partition| partition.request = None);
        let running =
            self.partitions.values().filter(|partition| partition.is_at() && !partition.is_stopped());
        let lost: Vec<_> =
            running.map(|partition| (partition.source.partition(), partition.out_of_range())).collect();
        for (number, error) in lost {
            self.lose(scope, number, error, None);
        }
    }

    /// When the last of its partitions has stopped, the stream ends behind what is buffered; a seek opens it again.
    pub(crate) fn finish_if_stopped(&mut self, scope: &mut Scope<'_>) {
        let is_over = !self.partitions.is_empty() && self.partitions.values().all(Partition::is_stopped);
        if is_over && self.opening.is_none() && self.group.is_none() {
            self.buffer.finish(&mut scope.wakers);
        }
    }
}
