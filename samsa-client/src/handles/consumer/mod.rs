//! Reading as a member of a group.

mod builder;
mod events;

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use samsa_core::{
    Chunk, Command, Commit, CommitError, GroupError, Membership, Offset, Progress, ReadError, Reader, Reply,
    TopicPartition,
};

use super::begun::Begun;
use super::consumed::ConsumedMessage;
use super::reader::seek;
use crate::call::Call;
use crate::command_queue::Answer;
use crate::error::ConsumeError;
use crate::link::Link;

pub use builder::ConsumerBuilder;
pub use events::ConsumerEvents;

/// A member of a consumer group, which shares the partitions of its topics with the other members.
///
/// Within a partition messages come in the order of their offsets, each at least once over all members: from the last
/// commit on whoever gets the partition next. After [`ConsumerEvent::Lost`](crate::ConsumerEvent) no message of a lost
/// partition is handed out, and nothing of it is committed; past the moment at which another member may have it, none is
/// handed out either, even if the driver did not run meanwhile.
///
/// [`close`](Self::close) leaves the group at once. Dropped, it commits what is to be committed and leaves in the
/// background.
///
/// It is a [`Stream`] of messages too.
#[derive(Debug)]
pub struct Consumer {
    begun: Begun,
    /// How far the application is with what it has in hand.
    in_hand: Option<InHand>,
    /// Which reader is asked first.
    turn: usize,
    inner: Membership,
    commit: Commit,
    group: Arc<str>,
    is_over: bool,
    link: Arc<Link>,
}

/// What was handed out last.
#[derive(Debug)]
struct InHand {
    progress: Progress,
    /// Where it ends.
    next: i64,
}

impl Consumer {
    fn new(inner: Membership, commit: Commit, group: Arc<str>, link: Arc<Link>) -> Self {
        Self { begun: Begun::default(), in_hand: None, turn: 0, inner, commit, group, is_over: false, link }
    }

    /// The group's name.
    pub fn group(&self) -> &str {
        &self.group
    }

    /// What this member is called in the group. In a classic group on the brokers, whose coordinator names its members, what it
    /// calls itself here.
    pub fn member(&self) -> &str {
        &self.inner.member
    }

    /// The partitions that are this member's, as of now.
    pub fn assignment(&self) -> Arc<[TopicPartition]> {
        self.inner.board.assignment()
    }

    /// What happens to the membership from now on: partitions that come, go and are lost.
    ///
    /// Whoever listens is told of a revocation *before* partitions are given up, and holds them until it drops the event:
    /// so listen where the events are heard, in a task of its own.
    pub fn events(&self) -> ConsumerEvents {
        ConsumerEvents::new(&self.inner.board)
    }

    /// Where this partition is read on: everything before this offset was handed out, or is for nobody. `None` while it is
    /// not this member's.
    pub fn position(&self, partition: &TopicPartition) -> Option<i64> {
        let begun = self.begun.position(&partition.topic, partition.partition);
        begun.or_else(|| self.look_at(partition, Reader::position))
    }

    /// For each partition that is this member's, how many offsets it has still to read, as its leader said last. One of which
    /// nothing was fetched yet is left out.
    pub fn lag(&self) -> BTreeMap<TopicPartition, u64> {
        let lag = |partition: &TopicPartition| {
            let begun = self.look_at(partition, Reader::position)?.abs_diff(self.position(partition)?);
            Some(self.look_at(partition, Reader::lag)? + begun)
        };
        let assignment = self.assignment();
        let known = assignment.iter().filter_map(|partition| Some((partition.clone(), lag(partition)?)));
        known.collect()
    }

    /// Bytes of fetched responses that are in memory: buffered here, or held by the application through chunks and messages.
    pub fn held_bytes(&self) -> usize {
        let held =
            |readers: &BTreeMap<Arc<str>, Reader>| readers.values().map(Reader::held_bytes).sum::<usize>();
        held(&self.inner.readers) + self.inner.board.look_at_readers(held)
    }

    /// Reads nothing more of these partitions, until they are resumed. They stay this member's; what was fetched of them is
    /// kept while nothing else needs the room. Partitions that are not this member's are passed over; one that is given up and
    /// comes back is not paused.
    pub fn pause(&mut self, partitions: impl IntoIterator<Item = TopicPartition>) {
        self.take_readers();
        for TopicPartition { topic, partition } in partitions {
            if let Some(reader) = self.inner.readers.get_mut(&topic) {
                reader.pause(partition);
                self.begun.pause(&topic, partition);
            }
        }
    }

    /// Takes back [`pause`](Self::pause).
    pub fn resume(&mut self, partitions: impl IntoIterator<Item = TopicPartition>) {
        self.take_readers();
        for TopicPartition { topic, partition } in partitions {
            self.begun.resume(&topic, partition);
            if let Some(reader) = self.inner.readers.get_mut(&topic) {
                reader.resume(partition);
            }
        }
    }

    /// Whether a partition is paused.
    pub fn is_paused(&self, partition: &TopicPartition) -> bool {
        let reader = self.inner.readers.get(&partition.topic);
        reader.is_some_and(|reader| reader.is_paused(partition.partition))
    }

    /// Reads a partition on elsewhere; also one that had stopped, because its position was out of range or its log was cut
    /// back. From then on nothing comes that was fetched before, and what is committed next may lie before what was committed
    /// last. Fails for a partition that is not this member's.
    ///
    /// What is there comes once the fetch that is under way with the partition's leader has ended: where nothing new is written,
    /// that is up to [`FetchConfig::max_wait`](crate::FetchConfig::max_wait) later.
    ///
    /// It takes as long as the builder's `api_timeout` at most, and ends as [`ReadError::TimedOut`] then. Dropped before its
    /// end, it may or may not happen.
    pub async fn seek(&mut self, partition: TopicPartition, to: Offset) -> Result<(), ReadError> {
        let TopicPartition { topic, partition } = partition;
        self.take_readers();
        let Some(reader) = self.inner.readers.get(&topic) else {
            return Err(ReadError::UnknownPartition { topic, partition });
        };
        seek(&self.link, reader.id(), partition, to).await
    }

    /// The next message. To ask for it is to be done with the one before, where commits are
    /// [automatic](crate::Commit::Automatic).
    ///
    /// An error of one partition does not end the stream: the partition is read no more, unless by a [`seek`](Self::seek), and
    /// the others go on. `None` comes when the membership has ended, after the error that ended it, or when the client is
    /// closed. May be dropped at any time: no message is lost.
    pub async fn next(&mut self) -> Option<Result<ConsumedMessage, ConsumeError>> {
        poll_fn(|cx| self.poll_message(cx)).await
    }

    /// The records of the next batch, to be read in place: the fast way. To ask for it is to be done with the one before. May be
    /// dropped at any time.
    ///
    /// The clock is looked at once for each chunk: take no longer for one than an eighth of the session timeout, where no
    /// message may be handled by two members at a time.
    ///
    /// Where [`next`](Self::next) has begun a batch, the rest of that batch is passed over; use one or the other.
    pub async fn next_chunk(&mut self) -> Option<Result<Chunk, ConsumeError>> {
        self.begun.pass_over();
        poll_fn(|cx| {
            loop {
                self.put_down();
                let chunk = std::task::ready!(self.poll_chunk(cx));
                if let Some(Ok(chunk)) = &chunk {
                    let in_hand = InHand::of(chunk, chunk.next_offset());
                    if !in_hand.hands_out() {
                        continue;
                    }
                    self.in_hand = Some(in_hand);
                }
                return Poll::Ready(chunk);
            }
        })
        .await
    }

    /// The application is done with this message, and with all that came before it in its partition: for
    /// [`Commit::Marked`](crate::Commit::Marked). A message from before a [`seek`](Self::seek), or from before its partition
    /// went and came back, is passed over.
    pub fn mark(&self, message: &ConsumedMessage) {
        if let Some(reader) = self.inner.readers.get(message.topic()) {
            reader.mark(message.record());
        }
    }

    /// The same of a whole chunk, from [`next_chunk`](Self::next_chunk); unless some of its records could not be read.
    pub fn mark_chunk(&self, chunk: &Chunk) {
        if let Some(reader) = self.inner.readers.get(chunk.topic()) {
            reader.mark_chunk(chunk);
        }
    }

    /// Commits everything that was handed out, the last message included; with
    /// [`Commit::Marked`](crate::Commit::Marked), what was marked.
    ///
    /// It fails, once, when a partition went since the last commit that was answered, of which more was handed out than is
    /// committed: whoever has it now is given that again. What is committed while [`Revoking`](crate::ConsumerEvent::Revoking) holds it is in time.
    ///
    /// It takes as long as the builder's `api_timeout` at most. Dropped before its end, it goes on.
    pub async fn commit(&mut self) -> Result<(), CommitError> {
        match self.commit {
            Commit::Marked => {}
            Commit::Manual => self.mark_all(),
            _ => self.put_down_up_to_here(),
        }
        let command = Command::CommitOffsets { member: self.inner.id };
        Call::new(&self.link, command, |answer, _| match answer {
            Answer::Given(Reply::CommitOffsets(result)) => result,
            Answer::Busy(_) => Err(CommitError::Busy),
            Answer::Given(_) | Answer::Closed => Err(CommitError::Closed),
        })
        .await
    }

    /// Leaves the group: hands out nothing more, commits what is done (not with
    /// [`Commit::Manual`](crate::Commit::Manual)), gives the partitions up, and ends the ZooKeeper session, or tells the
    /// coordinator. The message that was handed out last is not done, unless the next was asked for or [`commit`](Self::commit) was called.
    ///
    /// It takes as long as the builder's `api_timeout` at most; what is not committed then is handed out again. Dropped before
    /// its end, it goes on.
    pub async fn close(self) -> Result<(), GroupError> {
        let command = Command::LeaveGroup { member: self.inner.id };
        Call::new(&self.link, command, |answer, _| match answer {
            Answer::Given(Reply::LeaveGroup(result)) => result,
            Answer::Busy(open) => Err(GroupError::Busy { open }),
            Answer::Given(_) | Answer::Closed => Ok(()),
        })
        .await
    }

    /// Something of a partition, also where its topic's reader has come and was not polled yet.
    fn look_at<T>(&self, place: &TopicPartition, look: fn(&Reader, i32) -> Option<T>) -> Option<T> {
        let of = |readers: &BTreeMap<Arc<str>, Reader>| {
            readers.get(&place.topic).and_then(|reader| look(reader, place.partition))
        };
        self.inner.board.look_at_readers(of).or_else(|| of(&self.inner.readers))
    }

    /// The readers of topics that have come. What an earlier reader of a topic had has gone before.
    fn take_readers(&mut self) {
        self.inner.readers.extend(self.inner.board.take_readers());
    }

    /// The application has asked for more: it is done with what it has.
    fn put_down(&mut self) {
        if let Some(in_hand) = self.in_hand.take() {
            in_hand.progress.done();
        }
    }

    /// It is done with what it has, and not with what is left of the same chunk.
    fn put_down_up_to_here(&self) {
        if let Some(in_hand) = &self.in_hand {
            in_hand.progress.done_to(in_hand.next);
        }
    }

    fn mark_all(&self) {
        self.put_down_up_to_here();
        self.inner.readers.values().for_each(Reader::mark_all);
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<ConsumedMessage, ConsumeError>>> {
        self.put_down_up_to_here();
        loop {
            if let Some(left) = self.begun.current().filter(|left| left.chunk().is_current()) {
                if !self.inner.lease.poll_holds(self.link.clock.look(), cx.waker()) {
                    return Poll::Pending;
                }
                if let Some(record) = left.next() {
                    let next = record.offset() + 1;
                    let in_hand = self.in_hand.get_or_insert_with(|| InHand::of(left.chunk(), next));
                    in_hand.next = next;
                    if in_hand.hands_out() {
                        return Poll::Ready(Some(Ok(ConsumedMessage::new(record))));
                    }
                } else {
                    left.chunk().progress().done();
                }
            }
            self.in_hand = None;
            if self.begun.go_on() {
                continue;
            }
            match std::task::ready!(self.poll_chunk(cx)) {
                Some(Ok(chunk)) => self.begun.begin(chunk),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }

    /// The next chunk of any topic; topics take turns.
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Chunk, ConsumeError>>> {
        if self.is_over || self.inner.board.is_over() {
            return self.end();
        }
        if !self.inner.lease.poll_holds(self.link.clock.look(), cx.waker()) {
            return Poll::Pending;
        }
        self.begun.forget_stale();
        self.inner.readers.extend(self.inner.board.poll_readers(cx.waker()));
        let first = self.turn;
        let mut ended = Vec::new();
        for is_later in [false, true] {
            let readers = self.inner.readers.values_mut().enumerate();
            for (place, reader) in readers.filter(|(place, _)| (*place < first) == is_later) {
                match reader.poll_next_chunk(cx) {
                    Poll::Ready(Some(next)) => {
                        self.turn = place + 1;
                        return Poll::Ready(Some(next.map_err(ConsumeError::Read)));
                    }
                    Poll::Ready(None) => ended.push(Arc::clone(reader.topic())),
                    Poll::Pending => {}
                }
            }
        }
        if self.inner.follows_pattern {
            self.inner.readers.retain(|topic, _| !ended.contains(topic));
            // It may have ended since it was looked at, and then nobody is woken.
            return if self.inner.board.is_over() { self.end() } else { Poll::Pending };
        }
        if ended.len() == self.inner.readers.len() { self.end() } else { Poll::Pending }
    }

    /// The error that ended the membership, if one did, and then nothing more.
    fn end<T>(&mut self) -> Poll<Option<Result<T, ConsumeError>>> {
        self.is_over = true;
        let failure = self.inner.board.take_failure().filter(|failure| *failure != GroupError::Closed);
        Poll::Ready(failure.map(|failure| Err(failure.into())))
    }
}

impl InHand {
    fn of(chunk: &Chunk, next: i64) -> Self {
        Self { progress: chunk.progress(), next }
    }

    /// Whether it may be handed out, which is then written down.
    fn hands_out(&self) -> bool {
        self.progress.hand_out(self.next)
    }
}

impl Stream for Consumer {
    type Item = Result<ConsumedMessage, ConsumeError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_message(cx)
    }
}
