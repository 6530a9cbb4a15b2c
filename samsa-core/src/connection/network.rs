//! All connections of the client: who is dialled, when again, and which connection does which work.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use samsa_proto::Request;
use samsa_proto::wire::EncodeError;

use super::age::Ages;
use super::connection::{Answered, Connection, Heard};
use super::frame_pool::FramePool;
use super::link::{Link, LinkState};
use super::read_buffer::{ReadBuffer, RecvBuf};
use super::slots::{Slots, Way};
use super::versions::Versions;
use super::{Call, Failure, News, Peer, Role};
use crate::address::HostPort;
use crate::backoff::Backoff;
use crate::config::Config;
use crate::explanation::Waiting;
use crate::id::{BrokerId, ConnId};
use crate::intent::Intent;
use crate::limits;
use crate::planted::{PlantedBug, is_planted};
use crate::rng::Rng;
use crate::time::{Deadline, Instant, Now};

#[derive(Debug)]
pub(crate) struct Network {
    client_id: String,
    connect_timeout: Duration,
    backoff: Backoff,
    rng: Rng,
    pool: FramePool,
    addresses: BTreeMap<Peer, HostPort>,
    links: BTreeMap<Way, Link>,
    slots: Slots,
    versions: BTreeMap<Peer, Versions>,
    ages: Ages,
    traffic: Traffic,
    next_resolve: u64,
    writable: VecDeque<ConnId>,
    intents: VecDeque<Intent>,
    news: VecDeque<News>,
    /// Nobody is dialled any more.
    closed: bool,
}

/// What the other machines use.
impl Network {
    pub(crate) fn new(config: &Config, rng: Rng) -> Self {
        Self {
            client_id: config.client_id.clone(),
            connect_timeout: config.connect_timeout,
            backoff: config.dial_backoff,
            rng,
            pool: FramePool::default(),
            addresses: BTreeMap::new(),
            links: BTreeMap::new(),
            slots: Slots::default(),
            versions: BTreeMap::new(),
            ages: Ages::default(),
            traffic: Traffic::default(),
            next_resolve: 0,
            writable: VecDeque::new(),
            intents: VecDeque::new(),
            news: VecDeque::new(),
            closed: false,
        }
    }

    /// The connection to this peer for this work, if it can be used now. If not, it is made, and [`News::Ready`] or
    /// [`News::Unreachable`] follows; after [`close_all`](Self::close_all) neither.
    pub(crate) fn connection(&mut self, now: Now, peer: Peer, role: Role) -> Option<ConnId> {
        let is_dialling = self.links.values().any(Link::is_under_way);
        if self.closed || (is_dialling && is_planted(PlantedBug::HeldUpByDialling)) {
            return None;
        }
        let link = self.links.entry((peer, role)).or_default();
        if let Some(conn) = link.ready() {
            return Some(conn);
        }
        if !link.wanted {
            link.wanted = true;
            self.dial_what_may_be(now.mono);
        }
        None
    }

    /// Whether there is an address of this peer.
    pub(crate) fn knows(&self, peer: Peer) -> bool {
        self.addresses.contains_key(&peer)
    }

    /// The connection for this work, if it can be used already.
    pub(crate) fn established(&self, peer: Peer, role: Role) -> Option<ConnId> {
        self.links.get(&(peer, role))?.ready()
    }

    /// The newest version of a request that both sides speak.
    pub(crate) fn version<R: Request>(&self, conn: ConnId) -> Option<i16> {
        self.slots.get(conn)?.versions()?.newest::<R>()
    }

    /// The same for a broker that has told its versions on any connection, lately or earlier.
    pub(crate) fn broker_version<R: Request>(&self, broker: BrokerId) -> Option<i16> {
        self.versions.get(&Peer::Broker(broker))?.newest::<R>()
    }

    /// Requests on this connection that have no response yet.
    pub(crate) fn in_flight(&self, conn: ConnId) -> usize {
        self.slots.get(conn).map_or(0, Connection::in_flight)
    }

    /// Whether this connection has a place for one more request. Those are kept that the questions need for which all others
    /// wait: one about metadata, and one for a producer id.
    pub(crate) fn has_room(&self, conn: ConnId) -> bool {
        self.in_flight(conn) + limits::REQUESTS_KEPT_FREE < limits::REQUESTS_IN_FLIGHT
    }

    /// Until when nothing is sent on this connection, since the broker has asked for a pause.
    pub(crate) fn held_until(&self, now: Now, conn: ConnId) -> Option<Instant> {
        self.slots.get(conn)?.held_until().filter(|until| *until > now.mono)
    }

    /// From when on the oldest answer that is owed for this work is late, if one is owed.
    pub(crate) fn late_from(&self, peer: Peer, role: Role) -> Option<Instant> {
        let link = self.links.get(&(peer, role))?;
        let connections = [link.left, link.ready()].into_iter().flatten();
        connections.filter_map(|conn| self.slots.get(conn)?.late_from()).min()
    }

    /// From when on the broker seems to hold back the oldest request on the connection that is used now. None if it owes no answer,
    /// or if that connection is not to be left because another one was.
    pub(crate) fn held_from(&self, peer: Peer, role: Role) -> Option<Instant> {
        let link = self.links.get(&(peer, role)).filter(|link| link.left.is_none())?;
        self.slots.get(link.ready()?)?.held_from()
    }

    /// Queues a request. It ends as one [`News::Response`] or one [`News::Failed`], also when the connection is gone
    /// already. After an error it was never queued.
    pub(crate) fn send<R: Request>(
        &mut self,
        now: Now,
        conn: ConnId,
        call: &Call<'_, R>,
    ) -> Result<(), EncodeError> {
        let Some(((peer, _), connection)) = self.slots.get_mut(conn) else {
            let failure = Failure::NotSent("the connection is gone".to_owned());
            self.news.push_back(News::Failed { owner: call.owner, failure });
            return Ok(());
        };
        let had_output = connection.has_output();
        connection.request(now.mono, call)?;
        if connection.has_output() && !had_output {
            self.writable.push_back(conn);
        }
        self.traffic.count(peer, |metrics| metrics.requests += 1);
        Ok(())
    }

    /// Makes room for the response that waits unread on this connection.
    pub(crate) fn allow(&mut self, now: Now, conn: ConnId) {
        if let Some((_, connection)) = self.slots.get_mut(conn) {
            connection.allow(now.mono);
            self.hear(now, conn);
        }
    }

    /// The brokers that registered themselves in ZooKeeper, and whether in the form of 0.8 or 0.9.
    pub(crate) fn set_registered(&mut self, now: Now, as_old: BTreeMap<BrokerId, bool>) {
        let wronged = self.ages.set_registered(as_old);
        self.ask_anew(now, &wronged);
    }

    /// Where the bootstrap brokers listen.
    pub(crate) fn set_bootstrap(&mut self, addresses: &[HostPort]) {
        let peers = (0..).map(Peer::Bootstrap);
        self.addresses.extend(peers.zip(addresses.iter().cloned()));
    }

    /// Where a broker listens that was not known yet. Whoever names ever new ones is not listened to for ever.
    pub(crate) fn introduce(&mut self, broker: BrokerId, address: HostPort) {
        if self.addresses.len() >= limits::ADDRESSES {
            return;
        }
        self.addresses.entry(Peer::Broker(broker)).or_insert(address);
    }

    /// Where the brokers listen now. One that has moved is left. One that this answer does not name is forgotten only
    /// if it is not in use: a broker that has just started may not know of all the others.
    pub(crate) fn set_brokers(&mut self, now: Now, brokers: BTreeMap<BrokerId, HostPort>) {
        let known: Vec<(Peer, HostPort)> =
            self.addresses.iter().map(|(peer, address)| (*peer, address.clone())).collect();
        for (peer, address) in known {
            let Peer::Broker(id) = peer else { continue };
            match brokers.get(&id) {
                Some(_) if is_planted(PlantedBug::KeepsOldAddress) => {}
                Some(same) if *same == address => {}
                Some(_) => self.leave(now, peer),
                None if self.is_in_use(peer) => {}
                None => {
                    self.addresses.remove(&peer);
                    self.versions.remove(&peer);
                    self.links.retain(|(to, _), _| *to != peer);
                }
            }
        }
        for (id, address) in brokers {
            self.addresses.entry(Peer::Broker(id)).or_insert(address);
        }
    }

    /// The broker's address, or the bootstrap address, for messages to people.
    pub(crate) fn describe(&self, peer: Peer) -> String {
        let address =
            self.addresses.get(&peer).map_or_else(|| "unknown address".to_owned(), HostPort::to_string);
        match peer {
            Peer::Bootstrap(_) => address,
            Peer::Broker(id) => format!("broker {id} at {address}"),
        }
    }
}

/// What the engine passes on from the driver.
impl Network {
    pub(crate) fn connected(&mut self, now: Now, conn: ConnId) {
        let Some((way, connection)) = self.slots.get_mut(conn) else { return };
        match connection.connected(now.mono) {
            Ok(None) => self.writable.push_back(conn),
            Ok(Some(heard)) => self.tell(now, way, conn, heard),
            Err(reason) => self.close(now, conn, &reason),
        }
    }

    /// The driver has dropped the socket.
    pub(crate) fn disconnected(&mut self, now: Now, conn: ConnId, reason: &str) {
        if let Some((way, connection)) = self.slots.remove(conn) {
            let reason = advice::why_ended(way.0, &connection, reason);
            self.end(now, (way, conn), connection, &reason);
        }
    }

    pub(crate) fn tick(&mut self, now: Now) {
        self.give_up_overdue_dials(now);
        for (conn, reason) in self.slots.overdue(now.mono) {
            self.close(now, conn, &reason);
        }
        self.writable.extend(self.slots.let_go_on(now.mono));
        self.dial_what_may_be(now.mono);
    }

    pub(crate) fn deadline(&self) -> Option<Deadline> {
        let connections = self.slots.iter().filter_map(|(_, _, connection)| connection.deadline());
        connections.chain(self.dialling_deadlines()).min()
    }

    pub(crate) fn poll_news(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    pub(crate) fn poll_intent(&mut self) -> Option<Intent> {
        self.intents.pop_front()
    }

    pub(crate) fn poll_writable(&mut self) -> Option<ConnId> {
        while let Some(conn) = self.writable.pop_front() {
            if self.slots.get(conn).is_some_and(Connection::has_output) {
                return Some(conn);
            }
        }
        None
    }

    pub(crate) fn transmit(&mut self, conn: ConnId, into: &mut Vec<Bytes>) {
        if let Some((_, connection)) = self.slots.get_mut(conn) {
            connection.transmit(into);
        }
    }

    pub(crate) fn transmitted(&mut self, now: Now, conn: ConnId, written: usize) {
        if let Some(((peer, _), connection)) = self.slots.get_mut(conn) {
            connection.transmitted(now.mono, written);
            self.traffic.count(peer, |metrics| metrics.sent_bytes += written as u64);
        }
    }

    pub(crate) fn recv_buf(&mut self, conn: ConnId) -> RecvBuf {
        self.slots.get_mut(conn).map_or(RecvBuf::Gone, |(_, connection)| connection.recv_buf())
    }

    pub(crate) fn received(&mut self, now: Now, conn: ConnId, buffer: ReadBuffer) {
        if let Some(((peer, _), connection)) = self.slots.get_mut(conn) {
            self.traffic.count(peer, |metrics| metrics.received_bytes += buffer.read() as u64);
            connection.give_back(buffer);
            self.hear(now, conn);
        }
    }

    /// Closes everything for good; each request in flight fails.
    pub(crate) fn close_all(&mut self, now: Now, reason: &str) {
        self.closed = true;
        let all: Vec<ConnId> = self.slots.iter().map(|(conn, ..)| conn).collect();
        for conn in all {
            self.close(now, conn, reason);
        }
        self.links.clear();
    }

    /// Holds the connections to [`limits`](crate::limits).
    pub(crate) fn assert_bounds(&self) {
        self.assert_dials_are_few();
        for (conn, _, connection) in self.slots.iter() {
            let count = connection.in_flight();
            assert!(count <= limits::REQUESTS_IN_FLIGHT, "{count} requests in flight on {conn}");
        }
    }

    pub(crate) fn explain(&self, lines: &mut Vec<Waiting>) {
        for (_, (peer, role), connection) in self.slots.iter() {
            let Some((what, since, until)) = connection.waits_for() else { continue };
            let who = format!("{role} to {}", self.describe(peer));
            lines.push(Waiting { who, what: what.to_owned(), since: Some(since), until: Some(until) });
        }
        for ((peer, role), link) in &self.links {
            let Some((what, since, until)) = link.waits_for() else { continue };
            lines.push(Waiting { who: format!("{role} to {}", self.describe(*peer)), what, since, until });
        }
    }
}

impl Network {
    fn hear(&mut self, now: Now, conn: ConnId) {
        loop {
            let Some((way, connection)) = self.slots.get_mut(conn) else { return };
            let had_output = connection.has_output();
            let heard = connection.hear(now.mono);
            if connection.has_output() && !had_output {
                self.writable.push_back(conn);
            }
            match heard {
                Ok(Some(heard)) => self.tell(now, way, conn, heard),
                Ok(None) => return,
                Err(reason) => {
                    let peer = self.describe(way.0);
                    tracing::warn!(%conn, %peer, %reason, "closing the connection: the peer broke the protocol");
                    return self.close(now, conn, &reason);
                }
            }
        }
    }

    fn tell(&mut self, now: Now, way: Way, conn: ConnId, heard: Heard) {
        let (peer, role) = way;
        let link = self.links.entry(way).or_default();
        match heard {
            Heard::Metadata => {
                self.ages.told_metadata(peer);
                self.slots.remove(conn);
                self.intents.push_back(Intent::Close { conn });
                self.dial_again_at_once(now.mono, way);
            }
            Heard::Ready => {
                link.state = LinkState::Ready { conn };
                link.wanted = false;
                if let Some(versions) = self.slots.get(conn).and_then(Connection::versions).cloned() {
                    self.versions.insert(peer, versions);
                }
                self.traffic.count(peer, |metrics| metrics.connects += 1);
                self.news.push_back(News::Ready { peer, role });
                if self.slots.get(conn).is_some_and(|connection| connection.answered() == Answered::Versions)
                {
                    self.answered_versions(now, peer);
                }
                self.dial_what_may_be(now.mono);
            }
            Heard::Response { owner, version, frame, took, throttle, rests } => {
                link.failures = 0;
                self.traffic.responded(way, owner, took);
                if !throttle.is_zero() {
                    self.traffic.throttled(peer, rests);
                    self.news.push_back(News::Throttled { peer, role, lasts: throttle });
                }
                self.news.push_back(News::Response { owner, version, frame });
                self.close_what_is_over(now, way);
            }
            Heard::Oversized { owner, bytes } => {
                self.news.push_back(News::Oversized { owner, conn, bytes });
            }
        }
    }

    fn close(&mut self, now: Now, conn: ConnId, reason: &str) {
        if let Some((way, connection)) = self.slots.remove(conn) {
            self.intents.push_back(Intent::Close { conn });
            self.end(now, (way, conn), connection, reason);
        }
    }

    fn end(&mut self, now: Now, (way, conn): (Way, ConnId), connection: Connection, reason: &str) {
        let (opening, answered) = (connection.opening(), connection.answered());
        let was_ready = connection.versions().is_some();
        let was_idle = connection.is_idle();
        let failed = connection.fail(reason).map(|(owner, failure)| News::Failed { owner, failure });
        let before = self.news.len();
        self.news.extend(failed);
        let failed = (self.news.len() - before) as u64;
        self.traffic.count(way.0, |metrics| metrics.failed_requests += failed);
        let link = self.links.entry(way).or_default();
        if link.left.take_if(|left| *left == conn).is_some() {
            return;
        }
        if opening.is_some_and(|opening| self.ages.ended(way.0, opening)) {
            return self.dial_again_at_once(now.mono, way);
        }
        self.rest_link(now.mono, way, reason, !was_idle && !self.closed);
        match answered {
            Answered::Versions if !was_ready => self.answered_versions(now, way.0),
            Answered::Something if opening.is_none() => self.ages.not_reached(way.0),
            Answered::Versions | Answered::Something | Answered::Nothing => {}
        }
        self.dial_what_may_be(now.mono);
    }

    fn answered_versions(&mut self, now: Now, peer: Peer) {
        let wronged = self.ages.answered_versions(peer);
        self.ask_anew(now, &wronged);
    }

    /// Leaves the connections to brokers that were taken for old.
    fn ask_anew(&mut self, now: Now, peers: &[Peer]) {
        for peer in peers {
            self.versions.remove(peer);
            for conn in self.connections_to(*peer) {
                self.close(now, conn, "the broker is not as old as it seemed");
            }
        }
    }

    fn connections_to(&self, peer: Peer) -> Vec<ConnId> {
        self.slots.iter().filter(|(_, way, _)| way.0 == peer).map(|(conn, ..)| conn).collect()
    }

    /// Whether there is, or shall be, a connection to this peer.
    fn is_in_use(&self, peer: Peer) -> bool {
        self.links.iter().any(|((to, _), link)| *to == peer && link.is_in_use())
    }
}

mod advice;
mod dialling;
mod leaving;
#[cfg(test)]
mod tests;
mod traffic;

use self::traffic::Traffic;
