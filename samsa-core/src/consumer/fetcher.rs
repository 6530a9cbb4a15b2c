//! One reader in the engine: its partitions, what is in flight for them, and what to ask of whom next.
//!
//! Of each broker one fetch and one question for offsets are in flight at a time. A fetch leaves only when the memory
//! for its response is set aside; partitions that brought something go behind those that did not, and brokers take
//! turns, so nobody starves.
//!
//! | a broker, for a question | input                                 | then                  | emits                       |
//! |--------------------------|---------------------------------------|-----------------------|-----------------------------|
//! | idle                     | a partition is due, and for records   | asked                 | the request                 |
//! |                          | there is memory                       |                       |                             |
//! | idle                     | a partition is due, without memory    | idle, until credit    |                             |
//! | asked                    | another partition is due              | asked                 | it goes with the next one   |
//! | asked                    | the answer                            | idle                  | records, or positions       |
//! | asked                    | an answer larger than was set aside   | asked, and not read   |                             |
//! | asked, and not read      | there is memory for it                | idle                  | records                     |
//! | asked                    | no answer will come                   | idle                  | a wait for what was in it   |

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use samsa_proto::api::fetch::FetchPartition;

use super::buffer::FetchBuffer;
use super::opening::{Known, Opening};
use super::partition::{Asked, Partition, Position};
use super::reader::Reader;
use super::request::{self, Sizes};
use super::scope::Scope;
use super::segment::Item;
use super::session::Session;
use super::source::Source;
use crate::admin::list_offsets::Wanted;
use crate::command::{ReaderSpec, Reply};
use crate::error::ReadError;
use crate::id::{BrokerId, ConnId, OpId};
use crate::offset::Offset;
use crate::planted::{PlantedBug, is_planted};
use crate::time::{Deadline, Instant};
use crate::wake::Wakers;

#[derive(Debug)]
pub(crate) struct Fetcher {
    pub(crate) spec: ReaderSpec,
    pub(crate) buffer: Arc<FetchBuffer>,
    pub(crate) topic_id: Option<[u8; 16]>,
    /// The last id that was known, which brokers may leave out for a while, and the incarnation by the client's count.
    last_id: Option<[u8; 16]>,
    incarnation: Option<u64>,
    pub(crate) partitions: BTreeMap<i32, Partition>,
    pub(crate) requests: BTreeMap<u64, Request>,
    pub(crate) sessions: BTreeMap<BrokerId, Session>,
    pub(crate) opening: Option<Opening>,
    /// The group that decides which partitions it has.
    pub(crate) group: Option<Arc<str>>,
    /// Since when a fetch waits for memory.
    pub(crate) short_since: Option<Instant>,
    /// When it wants to be looked at again.
    pub(crate) deadline: Option<Deadline>,
    /// In which step each broker was sent something last.
    asked: BTreeMap<BrokerId, u64>,
    /// Counts what is sent and what is brought.
    step: u64,
    warned: bool,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Question {
    Offsets,
    /// Where the leader epoch ends that was read last.
    Epochs,
    Records,
}

/// A request in flight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) broker: BrokerId,
    pub(crate) question: Question,
    pub(crate) partitions: Vec<i32>,
    /// By which the topic was named; where it was named by its name, none.
    pub(crate) topic_id: Option<[u8; 16]>,
    pub(crate) since: Instant,
    /// When its response is late; `None` once that has to wait for room, unread.
    pub(crate) until: Option<Instant>,
    /// Memory set aside for the response.
    pub(crate) reserved: usize,
    /// What the response leaves out has nothing new.
    pub(crate) is_incremental: bool,
    /// The response waits unread: it has so many bytes, more than was set aside.
    pub(crate) oversized: Option<(ConnId, usize)>,
}

impl Request {
    /// One whose response needs no room set aside.
    pub(crate) fn small(
        broker: BrokerId,
        (question, partitions): (Question, Vec<i32>),
        (since, until): (Instant, Instant),
    ) -> Self {
        Self {
            broker,
            question,
            partitions,
            topic_id: None,
            since,
            until: Some(until),
            reserved: 0,
            is_incremental: false,
            oversized: None,
        }
    }
}

impl Fetcher {
    pub(crate) fn new(spec: ReaderSpec, buffer: Arc<FetchBuffer>, opening: Option<Opening>) -> Self {
        Self {
            spec,
            buffer,
            topic_id: None,
            last_id: None,
            incarnation: None,
            partitions: BTreeMap::new(),
            requests: BTreeMap::new(),
            sessions: BTreeMap::new(),
            opening,
            group: None,
            short_since: None,
            deadline: None,
            asked: BTreeMap::new(),
            step: 0,
            warned: false,
        }
    }

    /// The topic as it is now. Partitions that were added after the opening are read from their start.
    pub(crate) fn update(&mut self, scope: &mut Scope<'_>) {
        let Some(view) = scope.topic else { return };
        let has_another_id = self.last_id.is_some() && view.id.is_some() && self.last_id != view.id;
        let is_counted_anew = self.incarnation.is_some_and(|incarnation| incarnation != view.incarnation);
        let is_another = has_another_id || (is_counted_anew && view.id.is_none());
        if is_another && !is_planted(PlantedBug::KeepsOldPosition) {
            self.leave_old_topic(scope);
        }
        self.topic_id = view.id;
        self.last_id = view.id.or(self.last_id);
        self.incarnation = Some(view.incarnation);
        let start = if self.opening.is_some() { self.spec.start } else { Offset::Earliest };
        for info in &view.partitions {
            if self.group.is_some() {
                if let Some(partition) = self.partitions.get_mut(&info.partition) {
                    partition.follow(info);
                }
            } else if self.spec.partition.is_none_or(|wanted| wanted == info.partition) {
                let buffer = &self.buffer;
                let bytes = self.spec.fetch.partition_bytes;
                let fresh = || {
                    buffer.reopen();
                    Partition::new(Source::new(info.partition, buffer), start, bytes.max(1))
                };
                self.partitions.entry(info.partition).or_insert_with(fresh).follow(info);
            }
        }
    }

    /// Whether the reader can be handed out by now, or never.
    pub(crate) fn settle_opening(&mut self, scope: &mut Scope<'_>, known: Known, last_trouble: &str) {
        let Some(opening) = self.opening else { return };
        let last = self.partitions.values().find_map(|partition| partition.trouble.as_deref());
        let failure = opening.failure(scope.now, &self.spec, known, last.unwrap_or(last_trouble));
        if let Some(error) = failure {
            self.refuse_opening(scope, error);
        } else if !self.partitions.is_empty() && self.partitions.values().all(Partition::is_at) {
            self.opening = None;
            scope.opened = Some((opening.op, Ok(Reader::new(Arc::clone(&self.buffer)))));
        }
    }

    pub(super) fn refuse_opening(&mut self, scope: &mut Scope<'_>, error: ReadError) {
        if let Some(opening) = self.opening.take() {
            scope.opened = Some((opening.op, Err(error)));
        }
    }

    /// Whom to ask what, the least recently asked first.
    pub(crate) fn due(&mut self, scope: &mut Scope<'_>) -> Vec<(BrokerId, Question)> {
        let mut due = Vec::new();
        let now = scope.now;
        self.expire_named(now);
        for partition in self.partitions.values_mut() {
            let question = partition.question();
            if !partition.waits_for(question, now) || (partition.is_at() && self.opening.is_some()) {
                continue;
            }
            match partition.asked_of(question) {
                Some(broker) => due.push((broker, question)),
                None => partition.fail(scope, "the partition has no leader".to_owned()),
            }
        }
        due.sort_unstable();
        due.dedup();
        due.retain(|(broker, question)| !self.is_asking(*broker, *question));
        due.sort_by_key(|(broker, _)| self.asked.get(broker).copied());
        due
    }

    pub(super) fn is_asking(&self, broker: BrokerId, question: Question) -> bool {
        self.requests.values().any(|request| request.broker == broker && request.question == question)
    }

    /// The partitions that this broker is to be asked this about, those that have brought something last at the end.
    pub(super) fn waiting(&self, now: Instant, broker: BrokerId, question: Question) -> Vec<&Partition> {
        let is_waiting = |partition: &&Partition| {
            partition.asked_of(question) == Some(broker) && partition.waits_for(question, now)
        };
        let mut waiting: Vec<_> = self.partitions.values().filter(is_waiting).collect();
        waiting.sort_by_key(|partition| partition.brought_in);
        waiting
    }

    pub(crate) fn sought(&self, now: Instant, broker: BrokerId) -> Vec<Wanted> {
        let wanted =
            self.waiting(now, broker, Question::Offsets).into_iter().filter_map(|partition| match partition
                .position
            {
                Position::Sought(at) => {
                    let leader_epoch = partition.leader_epoch;
                    Some(Wanted { partition: partition.source.partition(), leader_epoch, at })
                }
                Position::At(_) => None,
            });
        wanted.collect()
    }

    /// What to fetch from this broker; nothing while there is no memory for it.
    pub(crate) fn select(
        &mut self,
        now: Instant,
        broker: BrokerId,
        version: i16,
    ) -> Option<(Vec<FetchPartition>, Sizes)> {
        let share = request::share(&self.spec.fetch, self.brokers());
        let waiting = self.waiting(now, broker, Question::Records);
        let (mut partitions, sizes) = request::select(waiting.into_iter(), version, share);
        let admitted = self.admits(sizes.response, self.reserved() == 0);
        self.warn_of_what_is_held(admitted);
        // One that the application paused meanwhile may have given up what it had, and stands further back now.
        partitions.retain(|asked| {
            self.partitions.get(&asked.partition).is_some_and(|now| now.offset() == asked.fetch_offset)
        });
        if partitions.is_empty() {
            return None;
        }
        if admitted {
            self.short_since = None;
            return Some((partitions, sizes));
        }
        self.short_since.get_or_insert(now);
        None
    }

    /// Once each time that more is fetched although the application keeps all that was.
    fn warn_of_what_is_held(&mut self, admitted: bool) {
        let (held, limit) = (self.buffer.memory().used(), self.spec.fetch.buffer_bytes);
        let is_excess = admitted && held > limit;
        if is_excess && !self.warned {
            let topic = &self.spec.topic;
            tracing::warn!(%topic, held, limit, "the application keeps more than the reader's buffer: drop chunks and records that are done, or raise buffer_bytes");
        }
        self.warned = is_excess || (self.warned && held > limit);
    }

    /// How many it reads from.
    fn brokers(&self) -> usize {
        let asked = self.partitions.values().filter_map(|partition| partition.asked_of(Question::Records));
        asked.collect::<BTreeSet<_>>().len()
    }

    pub(crate) fn reserved(&self) -> usize {
        self.requests.values().map(|request| request.reserved).sum()
    }

    /// Whether there is room for so many bytes more; or, when nothing else is coming (`alone`), whether the application
    /// waits and has nothing: then it gets one more response, whatever it still holds.
    ///
    /// What is kept for paused partitions makes room before anything else does.
    fn admits(&mut self, more: usize, alone: bool) -> bool {
        let memory = Arc::clone(self.buffer.memory());
        let taken = self.reserved().saturating_add(more);
        let most = self.spec.fetch.buffer_bytes;
        let fits = || memory.used().saturating_add(taken) <= most || is_planted(PlantedBug::SpendsWithoutEnd);
        if fits() {
            return true;
        }
        memory.await_change();
        if !is_planted(PlantedBug::PauseStarves) {
            self.clear_shelf();
        }
        fits() || (alone && self.buffer.is_starved())
    }

    /// Says whether it has more than before.
    pub(crate) fn set_memory(&mut self, bytes: usize) -> bool {
        std::mem::replace(&mut self.spec.fetch.buffer_bytes, bytes) < bytes
    }

    /// Beyond the memory of the reader only one response is asked for, when nothing else is: an application that waits gets
    /// it whatever it holds. What comes may be longer than what was asked for, and must be read.
    fn assert_bounds(&self, more: usize) {
        let (used, reserved, most) =
            (self.buffer.memory().used(), self.reserved(), self.spec.fetch.buffer_bytes);
        let is_bound = more == 0
            || reserved == 0
            || used.saturating_add(reserved).saturating_add(more) <= most
            || is_planted(PlantedBug::SpendsWithoutEnd);
        assert!(is_bound, "{more} bytes are asked for besides {reserved}, and {used} are held, of {most}");
    }

    pub(crate) fn sent(&mut self, token: u64, request: Request) {
        if cfg!(any(debug_assertions, feature = "planted-bugs")) {
            self.assert_bounds(request.reserved);
        }
        let step = self.next_step();
        self.asked.insert(request.broker, step);
        for number in &request.partitions {
            if let Some(partition) = self.partitions.get_mut(number) {
                partition.request = Some(token);
                partition.asked = Some(Asked {
                    broker: request.broker,
                    as_leader: partition.asked_of(request.question) == partition.leader,
                    leader_epoch: partition.leader_epoch,
                });
            }
        }
        self.requests.insert(token, request);
    }

    pub(crate) fn next_step(&mut self) -> u64 {
        self.step += 1;
        self.step
    }

    /// A response is longer than was set aside for it.
    pub(crate) fn outgrown(&mut self, token: u64, conn: ConnId, bytes: usize) {
        if let Some(request) = self.requests.get_mut(&token) {
            (request.oversized, request.until) = (Some((conn, bytes)), None);
        }
    }

    /// The connections whose long responses have room now.
    pub(crate) fn make_room(&mut self) -> Vec<ConnId> {
        let held: Vec<_> =
            self.requests.iter().filter_map(|(token, held)| Some((*token, held.oversized?))).collect();
        let mut allowed = Vec::new();
        for (token, (conn, bytes)) in held {
            let more = bytes.saturating_sub(self.requests.get(&token).map_or(0, |request| request.reserved));
            if self.admits(more, true) {
                allowed.push(conn);
                self.requests.entry(token).and_modify(|request| {
                    request.reserved += more;
                    request.oversized = None;
                });
            }
        }
        allowed
    }

    /// A request ended. What it set aside is free again.
    pub(crate) fn ended(&mut self, token: u64) -> Option<Request> {
        self.requests.remove(&token)
    }

    /// Whatever of a request was not answered is asked again later.
    pub(crate) fn fail_rest(&mut self, scope: &mut Scope<'_>, token: u64, trouble: &str) {
        for partition in self.partitions.values_mut().filter(|partition| partition.request == Some(token)) {
            partition.request = None;
            partition.miss(scope, partition.asked_replica(), trouble.to_owned());
        }
    }

    /// The answer left out what was asked for.
    pub(crate) fn fail_left_out(&mut self, scope: &mut Scope<'_>, token: u64) {
        let is_left_out = |partition: &&Partition| partition.request == Some(token);
        let left_out = self.partitions.values().filter(is_left_out).count();
        if left_out > 0 {
            let topic = &self.spec.topic;
            tracing::warn!(%topic, partitions = left_out, "a broker's answer leaves out what it was asked for");
        }
        self.fail_rest(scope, token, "the response says nothing of the partition");
    }

    /// A request has no answer: what the broker remembers since is not known.
    pub(crate) fn unanswered(&mut self, scope: &mut Scope<'_>, token: u64, reason: &str) {
        if let Some(request) = self.requests.get(&token).filter(|asked| asked.question == Question::Records) {
            self.sessions.entry(request.broker).or_default().renew();
        }
        self.fail_rest(scope, token, reason);
    }

    /// Of whatever of a request was not answered there is nothing new.
    pub(crate) fn free_rest(&mut self, token: u64, went_right: bool) {
        for partition in self.partitions.values_mut().filter(|partition| partition.request == Some(token)) {
            partition.request = None;
            if went_right {
                partition.succeed();
            }
        }
    }

    /// What this broker would be asked cannot be asked now. Says whether it was a replica for anything.
    pub(crate) fn fail_broker(
        &mut self,
        scope: &mut Scope<'_>,
        broker: BrokerId,
        question: Question,
        trouble: &str,
    ) -> bool {
        let mut was_replica = false;
        for partition in self.partitions.values_mut() {
            if partition.asked_of(question) == Some(broker) && partition.waits_for(question, scope.now) {
                let replica = Some(broker).filter(|broker| partition.leader != Some(*broker));
                was_replica |= partition.miss(scope, replica, trouble.to_owned());
            }
        }
        was_replica
    }

    /// The application is to see where a partition stands, though nothing comes with it.
    pub(super) fn tell_position(&mut self, scope: &mut Scope<'_>, number: i32) {
        let Some(partition) = self.partitions.get(&number).filter(|_| self.opening.is_none()) else { return };
        if let Position::At(offset) = partition.position {
            let segment = partition.segment(Bytes::new(), offset, offset);
            self.buffer.push(Item::Segment(segment), &mut scope.wakers);
        }
    }

    /// Nothing more comes.
    pub(crate) fn end(&mut self, wakers: &mut Wakers) -> Vec<(OpId, Reply)> {
        self.buffer.end(wakers);
        let seeks = self.partitions.values_mut().filter_map(|partition| partition.seek.take());
        let mut replies: Vec<_> = seeks.map(|seek| (seek.op, Reply::Seek(Err(ReadError::Closed)))).collect();
        let opening = self.opening.take();
        replies.extend(opening.map(|opening| (opening.op, Reply::OpenReader(Err(ReadError::Closed)))));
        replies
    }

    /// When something falls due that is not due now.
    pub(crate) fn due_after(&self, now: Instant) -> Option<Deadline> {
        let again = self.partitions.values().filter_map(|partition| partition.due_after(now)).min();
        let again = again.map(|at| Deadline::new(at, "fetch again"));
        let opening = self.opening.filter(|opening| !opening.time.is_over(now));
        let opening = opening.map(|opening| Deadline::new(opening.time.until(), "open a reader"));
        Deadline::earlier(again, Deadline::earlier(opening, self.seeks_until(now)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::FetchConfig;
    use crate::consumer::tests::script::buffer;
    use crate::time::TimeLimit;
    use crate::topology::PartitionInfo;

    fn info(partition: i32) -> PartitionInfo {
        let leader = Some(BrokerId(1));
        PartitionInfo { partition, leader, leader_epoch: Some(5), replicas: Vec::new(), in_sync: Vec::new() }
    }

    #[test]
    fn what_was_given_up_while_a_fetch_was_put_together_is_not_in_it() {
        let (buffer, _) = buffer();
        let fetch = FetchConfig { buffer_bytes: 4_000, response_bytes: 1_000, ..FetchConfig::default() };
        let spec = ReaderSpec { topic: "events".into(), partition: None, start: Offset::Earliest, fetch };
        let opening = Opening { op: OpId(1), time: TimeLimit::new(Instant::START, Duration::ZERO) };
        let mut fetcher = Fetcher::new(spec, Arc::clone(&buffer), Some(opening));
        for number in [0, 1] {
            let source = Source::new(number, &buffer);
            let mut partition = Partition::new(source, Offset::Exact(20), 1_000);
            partition.follow(&info(number));
            fetcher.partitions.insert(number, partition);
        }
        let source = Arc::clone(&fetcher.partitions[&0].source);
        let records = source.charge(Bytes::from(vec![0; 3_500]));
        let kept = fetcher.partitions[&0].segment(records, 5, 20);
        source.set_paused(true);
        buffer.push(Item::Segment(kept), &mut Wakers::default());
        source.set_paused(false);

        let (asked, _) = fetcher.select(Instant::START, BrokerId(1), 12).unwrap();
        assert_eq!(asked.iter().map(|asked| asked.partition).collect::<Vec<_>>(), [1]);
        assert_eq!(fetcher.partitions[&0].position, Position::At(5));
    }
}
