//! From what a reader is due to requests on connections.

use std::sync::Arc;

use samsa_proto::Request as Api;
use samsa_proto::api::fetch::FetchRequest;
use samsa_proto::api::list_offsets::ListOffsetsRequest;
use samsa_proto::api::offset_for_leader_epoch::OffsetForLeaderEpochRequest;

use super::Consumer;
use super::fetcher::{Fetcher, Question, Request};
use super::opening::Known;
use super::request::{self, Terms};
use super::scope::Scope;
use super::validation;
use crate::admin::list_offsets;
use crate::cluster::{Cluster, Urgency};
use crate::command::Reply;
use crate::connection::{Call, Owner, Peer, Role};
use crate::id::{BrokerId, ConnId, ReaderId};
use crate::limits;
use crate::out::Context;
use crate::planted::{PlantedBug, is_planted};
use crate::wake::Wakers;

const WHY_REFRESH: &str = "a partition that is read is in trouble";

impl Consumer {
    pub(super) fn pump_all(&mut self, cx: &mut Context<'_>, cluster: &mut Cluster) {
        for reader in self.fetchers.keys().copied().collect::<Vec<_>>() {
            self.pump(cx, cluster, reader);
        }
    }

    /// Sends whatever can be sent for one reader now.
    pub(super) fn pump(&mut self, cx: &mut Context<'_>, cluster: &mut Cluster, reader: ReaderId) {
        let Some(fetcher) = self.fetchers.get_mut(&reader) else { return };
        if fetcher.buffer.is_closed() {
            return self.forget(cx, reader);
        }
        self.reach_replicas(cx, cluster, reader);
        let Some(fetcher) = self.fetchers.get(&reader) else { return };
        let known = known(cluster, &fetcher.spec.topic);
        let last_trouble = cluster.last_trouble().to_owned();
        let due = self.with(cx, cluster, reader, |fetcher, scope| {
            fetcher.settle_opening(scope, known, &last_trouble);
            fetcher.settle_seeks(scope);
            fetcher.finish_if_stopped(scope);
            fetcher.due(scope)
        });
        let mut leaders_are_due = false;
        for (broker, question) in due.unwrap_or_default() {
            leaders_are_due |= self.ask(cx, cluster, reader, broker, question);
        }
        if leaders_are_due {
            return self.pump(cx, cluster, reader);
        }
        let allowed = self.fetchers.get_mut(&reader).map(Fetcher::make_room);
        for conn in allowed.into_iter().flatten() {
            cx.net.allow(cx.now, conn);
        }
        if let Some(fetcher) = self.fetchers.get_mut(&reader) {
            fetcher.deadline = fetcher.due_after(cx.now.mono);
        }
    }

    /// Lets a reader do something, and does what comes of it.
    pub(super) fn with<T>(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &mut Cluster,
        reader: ReaderId,
        act: impl FnOnce(&mut Fetcher, &mut Scope<'_>) -> T,
    ) -> Option<T> {
        let fetcher = self.fetchers.get_mut(&reader)?;
        let topic = cluster.topic(&fetcher.spec.topic);
        let mut scope = Scope::new(cx.now.mono, cx.config, &mut self.rng, topic);
        let done = act(fetcher, &mut scope);
        let Scope { refresh, mut wakers, opened, replies, events, introduced, fetched, found_start, .. } =
            scope;
        self.read += fetched;
        self.found_start |= found_start;
        cx.out.wake(&mut wakers);
        for (op, reply) in replies {
            cx.out.complete(op, reply);
        }
        for event in events {
            cx.out.event(event);
        }
        for (broker, address) in introduced {
            cx.net.introduce(broker, address);
        }
        if refresh {
            cluster.refresh(cx, WHY_REFRESH, Urgency::Soon);
        }
        if let Some((op, result)) = opened {
            if result.is_err() {
                self.forget(cx, reader);
            }
            cx.out.complete(op, Reply::OpenReader(result));
        }
        Some(done)
    }

    /// Its connections go with it, and so do the responses that would still come.
    fn forget(&mut self, cx: &mut Context<'_>, reader: ReaderId) {
        if let Some(mut fetcher) = self.fetchers.remove(&reader) {
            self.end_sessions(cx, &fetcher);
            for (op, reply) in fetcher.end(&mut Wakers::default()) {
                cx.out.complete(op, reply);
            }
        }
        self.owners.retain(|_, owner| *owner != reader);
        cx.net.release(cx.now, Role::Fetch(reader));
    }

    /// Brokers need not remember any more, if they can be told so without ado. Nobody waits for the answers.
    fn end_sessions(&mut self, cx: &mut Context<'_>, fetcher: &Fetcher) {
        for (broker, session) in &fetcher.sessions {
            let conn = cx.net.established(Peer::Broker(*broker), Role::Control);
            let conn = conn.filter(|conn| cx.net.has_room(*conn));
            let (Some(part), Some(conn)) = (session.end(), conn) else { continue };
            let Ok(version) = version::<FetchRequest<'_>>(cx, conn) else { continue };
            let version = request::usable(version, fetcher.topic_id);
            let sizes = request::NOTHING;
            let terms = Terms { sizes, config: &fetcher.spec.fetch, rack: "" };
            let request = request::request(&fetcher.spec.topic, None, part, terms);
            self.last_token += 1;
            let (timeout, owner) = (cx.config.request_timeout, Owner::Consumer(self.last_token));
            let call = Call { request: &request, version, timeout, owner, response_bytes: sizes.response };
            if let Err(error) = cx.net.send(cx.now, conn, &call) {
                tracing::debug!(%error, "a fetch session is not ended");
            }
        }
    }

    /// Says whether the broker is a replica that could not be asked, so that the leaders are to be in its place.
    fn ask(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &mut Cluster,
        reader: ReaderId,
        broker: BrokerId,
        question: Question,
    ) -> bool {
        // A leader that could not be asked for epochs may have become due for records meanwhile.
        if self.fetchers.get(&reader).is_none_or(|fetcher| fetcher.is_asking(broker, question)) {
            return false;
        }
        let role = match question {
            Question::Offsets | Question::Epochs => Role::Control,
            Question::Records if is_planted(PlantedBug::SharesConnection) => Role::Produce,
            Question::Records => Role::Fetch(reader),
        };
        let Some(conn) = cx.net.connection(cx.now, Peer::Broker(broker), role) else { return false };
        let sent = match question {
            Question::Offsets | Question::Epochs if !cx.net.has_room(conn) => {
                Err("its connection is full".to_owned())
            }
            Question::Offsets => self.ask_offsets(cx, reader, broker, conn),
            Question::Epochs if !can_be_asked_for_epochs(cx, conn) => {
                self.with(cx, cluster, reader, |fetcher, _| fetcher.believe(broker));
                return self.ask(cx, cluster, reader, broker, Question::Records);
            }
            Question::Epochs => self.ask_epochs(cx, reader, broker, conn),
            Question::Records => self.fetch(cx, reader, broker, conn),
        };
        let Err(trouble) = sent else { return false };
        let failed = self.with(cx, cluster, reader, |fetcher, scope| {
            fetcher.fail_broker(scope, broker, question, &trouble)
        });
        failed == Some(true)
    }

    fn ask_offsets(
        &mut self,
        cx: &mut Context<'_>,
        reader: ReaderId,
        broker: BrokerId,
        conn: ConnId,
    ) -> Result<(), String> {
        let Some(fetcher) = self.fetchers.get_mut(&reader) else { return Ok(()) };
        let version = version::<ListOffsetsRequest<'_>>(cx, conn)?;
        let timeout = cx.config.request_timeout;
        let wanted = fetcher.sought(cx.now.mono, broker);
        let topic = Arc::clone(&fetcher.spec.topic);
        let isolation = fetcher.spec.fetch.isolation;
        let request = list_offsets::request(&topic, &wanted, version, isolation, timeout);
        let numbers = wanted.iter().map(|wanted| wanted.partition).collect();
        self.ask_small(cx, (reader, broker, conn), Question::Offsets, (version, &request), numbers)
    }

    fn ask_epochs(
        &mut self,
        cx: &mut Context<'_>,
        reader: ReaderId,
        broker: BrokerId,
        conn: ConnId,
    ) -> Result<(), String> {
        let Some(fetcher) = self.fetchers.get_mut(&reader) else { return Ok(()) };
        let version = version::<OffsetForLeaderEpochRequest<'_>>(cx, conn)?;
        let doubts = fetcher.doubts(cx.now.mono, broker);
        let numbers: Vec<i32> = doubts.iter().map(|doubt| doubt.partition).collect();
        let topic = Arc::clone(&fetcher.spec.topic);
        let request = validation::request(&topic, doubts);
        self.ask_small(cx, (reader, broker, conn), Question::Epochs, (version, &request), numbers)
    }

    /// Asks what needs no room set aside for its answer.
    fn ask_small<R: Api>(
        &mut self,
        cx: &mut Context<'_>,
        (reader, broker, conn): (ReaderId, BrokerId, ConnId),
        question: Question,
        (version, request): (i16, &R),
        partitions: Vec<i32>,
    ) -> Result<(), String> {
        let Some(fetcher) = self.fetchers.get_mut(&reader) else { return Ok(()) };
        let token = self.last_token + 1;
        let (timeout, owner) = (cx.config.request_timeout, Owner::Consumer(token));
        let call = Call { request, version, timeout, owner, response_bytes: limits::RESPONSE_BYTES };
        cx.net.send(cx.now, conn, &call).map_err(|error| error.to_string())?;
        let times = (cx.now.mono, cx.now.mono + timeout);
        fetcher.sent(token, Request::small(broker, (question, partitions), times));
        self.record(token, reader);
        Ok(())
    }

    fn fetch(
        &mut self,
        cx: &mut Context<'_>,
        reader: ReaderId,
        broker: BrokerId,
        conn: ConnId,
    ) -> Result<(), String> {
        let Some(fetcher) = self.fetchers.get_mut(&reader) else { return Ok(()) };
        let version = request::usable(version::<FetchRequest<'_>>(cx, conn)?, fetcher.topic_id);
        let Some((partitions, sizes)) = fetcher.select(cx.now.mono, broker, version) else { return Ok(()) };
        let numbers: Vec<i32> = partitions.iter().map(|partition| partition.partition).collect();
        let topic = Arc::clone(&fetcher.spec.topic);
        let topic_id = fetcher.topic_id.filter(|_| request::uses_ids(version));
        let tells_rack = fetcher.tells_rack(cx.now.mono, broker, &numbers);
        let rack = fetcher.spec.fetch.rack.as_deref().filter(|_| tells_rack).unwrap_or_default();
        let session = fetcher.sessions.entry(broker).or_default();
        let part = session.fetch(version, topic_id, partitions);
        let is_incremental = part.is_incremental;
        let terms = Terms { sizes, config: &fetcher.spec.fetch, rack };
        let request = request::request(&topic, fetcher.topic_id, part, terms);
        let token = self.last_token + 1;
        let timeout = cx.config.request_timeout + fetcher.spec.fetch.max_wait;
        let owner = Owner::Consumer(token);
        let call = Call { request: &request, version, timeout, owner, response_bytes: sizes.response };
        if let Err(error) = cx.net.send(cx.now, conn, &call) {
            session.renew();
            return Err(error.to_string());
        }
        let request = Request {
            is_incremental,
            broker,
            question: Question::Records,
            partitions: numbers,
            topic_id,
            since: cx.now.mono,
            until: Some(cx.now.mono + timeout),
            reserved: sizes.response,
            oversized: None,
        };
        fetcher.sent(token, request);
        self.record(token, reader);
        Ok(())
    }

    fn record(&mut self, token: u64, reader: ReaderId) {
        self.last_token = token;
        self.owners.insert(token, reader);
    }
}

fn version<R: Api>(cx: &Context<'_>, conn: ConnId) -> Result<i16, String> {
    let version = cx.net.version::<R>(conn);
    version.ok_or_else(|| format!("the broker offers no version of {} that this client speaks", R::NAME))
}

fn can_be_asked_for_epochs(cx: &Context<'_>, conn: ConnId) -> bool {
    let version = cx.net.version::<OffsetForLeaderEpochRequest<'_>>(conn);
    version.is_some_and(|version| version >= validation::FOR_READERS)
}

fn known(cluster: &Cluster, topic: &str) -> Known {
    match (cluster.topic(topic), cluster.refusal(topic)) {
        (Some(view), _) => Known::Partitions(view.partitions.len()),
        (None, Some(code)) => Known::Refused(code),
        (None, None) if cluster.is_unknown(topic) => Known::Unknown,
        (None, None) => Known::NotYet,
    }
}
