//! What a group does with readers: one for each topic, which has the partitions that it is given.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Consumer;
use super::board::{Board, Hold};
use super::buffer::FetchBuffer;
use super::fetcher::Fetcher;
use super::lease::Lease;
use super::partition::Partition;
use super::reader::Reader;
use super::scope::Scope;
use super::source::Source;
use crate::cluster::{Cluster, Interest};
use crate::command::{ReaderSpec, Reply};
use crate::error::ReadError;
use crate::group::GroupError;
use crate::id::{MemberId, ReaderId};
use crate::limits;
use crate::offset::Offset;
use crate::out::Context;

/// A member of a group, as the application has it. The answer to [`Command::JoinGroup`](crate::Command::JoinGroup).
///
/// While it is there the client stays in the group. Whatever is handed out has to be handed out by its [`Lease`].
#[derive(Debug)]
pub struct Membership {
    /// Its name in the engine.
    pub id: MemberId,
    /// Its name in the group.
    pub member: Arc<str>,
    /// A reader for each topic. Where they are chosen by a pattern, none at first: they come by the [board](Board::poll_readers).
    pub readers: BTreeMap<Arc<str>, Reader>,
    /// Whether the topics are chosen by a pattern, so that readers come, and end before the membership does.
    pub follows_pattern: bool,
    /// For how long something may be handed out.
    pub lease: Arc<Lease>,
    /// What the engine tells.
    pub board: Arc<Board>,
    /// Keeps the client in the group.
    pub stay: Hold,
}

impl Consumer {
    /// A reader of a topic that has no partitions yet. It fails only where the client has no room for one more, or is closed.
    pub(crate) fn open_for_group(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &mut Cluster,
        group: &Arc<str>,
        spec: ReaderSpec,
    ) -> Result<(ReaderId, Reader), GroupError> {
        match self.fetchers.len() {
            _ if self.closed => return Err(GroupError::Closed),
            open if open >= limits::READERS => return Err(GroupError::Busy { open }),
            _ => {}
        }
        self.last_reader += 1;
        let reader = ReaderId(self.last_reader);
        let signal = Arc::clone(&self.signal);
        let buffer = FetchBuffer::new(reader, Arc::clone(&spec.topic), spec.fetch.decompressed_bytes, signal);
        cluster.want(cx, &spec.topic, Interest::Read);
        self.fetchers.insert(reader, Fetcher::in_group(group, spec, Arc::clone(&buffer)));
        self.with(cx, cluster, reader, Fetcher::update);
        Ok((reader, Reader::new(buffer)))
    }

    /// From now on the reader has this much memory.
    pub(crate) fn set_memory(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &mut Cluster,
        reader: ReaderId,
        bytes: usize,
    ) {
        let Some(fetcher) = self.fetchers.get_mut(&reader) else { return };
        if fetcher.set_memory(bytes) {
            self.pump(cx, cluster, reader);
            self.remember_deadline();
        }
    }

    /// How much that is now.
    #[cfg(test)]
    pub(crate) fn memory_of(&self, reader: ReaderId) -> usize {
        self.fetchers[&reader].spec.fetch.buffer_bytes
    }

    /// The reader has this partition from now on. If it is withheld, its records are not fetched before it is
    /// [read on](Self::read_on); where it begins is found out all the same.
    pub(crate) fn assign(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &mut Cluster,
        reader: ReaderId,
        partition: i32,
        (start, is_withheld): (Offset, bool),
    ) -> Option<Arc<Source>> {
        let source = self
            .with(cx, cluster, reader, |fetcher, scope| fetcher.assign(scope, partition, start, is_withheld));
        self.pump(cx, cluster, reader);
        self.remember_deadline();
        source
    }

    /// This partition is not withheld any more.
    pub(crate) fn read_on(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &mut Cluster,
        reader: ReaderId,
        partition: i32,
    ) {
        self.with(cx, cluster, reader, |fetcher, _| {
            fetcher.partitions.get(&partition).inspect(|partition| partition.source.withhold(false));
        });
        self.pump(cx, cluster, reader);
        self.remember_deadline();
    }

    /// This partition, of which nothing was fetched yet, begins there.
    pub(crate) fn begin_at(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &mut Cluster,
        reader: ReaderId,
        partition: i32,
        offset: i64,
    ) {
        self.with(cx, cluster, reader, |fetcher, _| {
            if let Some(partition) = fetcher.partitions.get_mut(&partition) {
                partition.go_to(Offset::Exact(offset));
                partition.revive();
            }
        });
        self.remember_deadline();
    }

    /// The reader has this partition no more, and hands out nothing more of it.
    pub(crate) fn withdraw(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &mut Cluster,
        reader: ReaderId,
        source: &Source,
    ) {
        source.revoke();
        self.with(cx, cluster, reader, |fetcher, scope| fetcher.withdraw(scope, source.partition()));
        self.remember_deadline();
    }

    /// The reader ends.
    pub(crate) fn end_for_group(&mut self, cx: &mut Context<'_>, cluster: &mut Cluster, reader: ReaderId) {
        self.with(cx, cluster, reader, |fetcher, scope| fetcher.buffer.finish(&mut scope.wakers));
    }
}

impl Fetcher {
    fn in_group(group: &Arc<str>, spec: ReaderSpec, buffer: Arc<FetchBuffer>) -> Self {
        let mut fetcher = Self::new(spec, buffer, None);
        fetcher.group = Some(Arc::clone(group));
        fetcher
    }

    fn assign(
        &mut self,
        scope: &mut Scope<'_>,
        number: i32,
        start: Offset,
        is_withheld: bool,
    ) -> Arc<Source> {
        let source = Source::new(number, &self.buffer);
        let mut partition =
            Partition::new(Arc::clone(&source), start, self.spec.fetch.partition_bytes.max(1));
        source.withhold(is_withheld);
        let views = scope.topic.map(|topic| &topic.partitions);
        if let Some(info) = views.and_then(|views| views.iter().find(|info| info.partition == number)) {
            partition.follow(info);
        }
        self.partitions.insert(number, partition);
        source
    }

    fn withdraw(&mut self, scope: &mut Scope<'_>, number: i32) {
        let Some(partition) = self.partitions.remove(&number) else { return };
        if let Some(seek) = partition.seek {
            let error = ReadError::UnknownPartition { topic: self.spec.topic.clone(), partition: number };
            scope.replies.push((seek.op, Reply::Seek(Err(error))));
        }
    }
}
