//! When to dial whom: after waits that grow, under a cap, one address after the other.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use super::Network;
use crate::connection::connection::Connection;
use crate::connection::link::{Link, LinkState};
use crate::connection::slots::Way;
use crate::connection::{News, Peer};
use crate::id::{ConnId, ResolveId};
use crate::intent::Intent;
use crate::limits;
use crate::planted::{PlantedBug, is_planted};
use crate::time::{Deadline, Instant, Now};

impl Network {
    pub(crate) fn resolved(&mut self, now: Now, id: ResolveId, addresses: Result<Vec<SocketAddr>, String>) {
        let asked = |link: &Link| matches!(link.state, LinkState::Resolving { id: asked, .. } if asked == id);
        let Some(way) = self.links.iter().find(|(_, link)| asked(link)).map(|(way, _)| *way) else { return };
        match addresses {
            Ok(addresses) if addresses.is_empty() => self.fail_link(now.mono, way, "the name has no address"),
            Ok(addresses) => self.dial(now.mono, way, addresses.into()),
            Err(reason) => self.fail_link(now.mono, way, &reason),
        }
        self.dial_what_may_be(now.mono);
    }

    /// This address did not answer; the next one may.
    pub(crate) fn connect_failed(&mut self, now: Now, conn: ConnId, reason: &str) {
        let Some((way, _)) = self.slots.remove(conn) else { return };
        self.ages.not_reached(way.0);
        let link = self.links.entry(way).or_default();
        let others = match &mut link.state {
            LinkState::Dialling { others } => std::mem::take(others),
            LinkState::Idle | LinkState::Resolving { .. } | LinkState::Ready { .. } => VecDeque::new(),
        };
        if others.is_empty() {
            self.fail_link(now.mono, way, reason);
        } else {
            self.dial(now.mono, way, others);
        }
        self.dial_what_may_be(now.mono);
    }

    /// Dials what is due, those that wait longest first. Called whenever a dial ends, so nothing waits for a cap that
    /// has room.
    pub(super) fn dial_what_may_be(&mut self, now: Instant) {
        if self.closed {
            return;
        }
        let mut due: Vec<(Instant, Way)> = self
            .links
            .iter()
            .filter(|(_, link)| link.waits_to_be_dialled() && link.not_before <= now)
            .map(|(way, link)| (link.not_before, *way))
            .collect();
        due.sort_unstable();
        for (_, way) in due {
            if self.has_room_to_dial(way.0) {
                self.resolve(now, way);
            }
        }
    }

    pub(super) fn dialling_deadlines(&self) -> impl Iterator<Item = Deadline> {
        self.links.iter().filter_map(|((peer, _), link)| match link.state {
            LinkState::Resolving { until, .. } => Some(Deadline::new(until, "name service")),
            LinkState::Idle if link.wanted && self.has_room_to_dial(*peer) => {
                Some(Deadline::new(link.not_before, "dialling again"))
            }
            LinkState::Idle | LinkState::Dialling { .. } | LinkState::Ready { .. } => None,
        })
    }

    pub(super) fn assert_dials_are_few(&self) {
        if is_planted(PlantedBug::DialsWithoutCap) {
            return;
        }
        let under_way: Vec<Peer> =
            self.links.iter().filter(|(_, link)| link.is_under_way()).map(|((to, _), _)| *to).collect();
        assert!(under_way.len() <= limits::DIALS, "{} dials are under way", under_way.len());
        for peer in &under_way {
            let to_it = under_way.iter().filter(|to| *to == peer).count();
            assert!(to_it <= limits::DIALS_TO_ONE_PEER, "{to_it} dials to {peer:?} are under way");
        }
    }

    /// One broker that swallows what is dialled takes only its share of the cap.
    fn has_room_to_dial(&self, peer: Peer) -> bool {
        if is_planted(PlantedBug::DialsWithoutCap) {
            return true;
        }
        let under_way = || self.links.iter().filter(|(_, link)| link.is_under_way());
        under_way().count() < limits::DIALS
            && under_way().filter(|((to, _), _)| *to == peer).count() < limits::DIALS_TO_ONE_PEER
    }

    fn resolve(&mut self, now: Instant, way: Way) {
        let Some(address) = self.addresses.get(&way.0).cloned() else {
            return self.rest_link(now, way, "its address is not known (any more)", true);
        };
        self.traffic.dialled(way.0, &address);
        if let Ok(ip) = address.host.parse::<IpAddr>() {
            return self.dial(now, way, VecDeque::from([SocketAddr::new(ip, address.port)]));
        }
        self.next_resolve += 1;
        let id = ResolveId(self.next_resolve);
        let state = LinkState::Resolving { id, since: now, until: now + self.connect_timeout };
        self.links.entry(way).or_default().state = state;
        self.intents.push_back(Intent::Resolve { id, address });
    }

    fn dial(&mut self, now: Instant, way: Way, mut addresses: VecDeque<SocketAddr>) {
        let Some(address) = addresses.pop_front() else {
            return self.fail_link(now, way, "the name has no address");
        };
        let connection = self.begin(now, way.0);
        let conn = self.slots.occupy(way, connection);
        self.links.entry(way).or_default().state = LinkState::Dialling { others: addresses };
        self.intents.push_back(Intent::Connect { conn, address });
    }

    fn begin(&self, now: Instant, peer: Peer) -> Connection {
        let until = now + self.connect_timeout;
        let patience = if self.ages.is_modern(peer) { self.connect_timeout } else { limits::FIRST_ANSWER };
        let opening = self.ages.opening(peer);
        Connection::new(self.client_id.clone(), self.pool.clone(), opening, (now, until), patience)
    }

    /// Names that were not resolved, and addresses that were not reached, in time.
    pub(super) fn give_up_overdue_dials(&mut self, now: Now) {
        for conn in self.slots.unreached(now.mono) {
            self.intents.push_back(Intent::Close { conn });
            self.connect_failed(now, conn, "no connection in time");
        }
        let unresolved =
            |link: &Link| matches!(link.state, LinkState::Resolving { until, .. } if until <= now.mono);
        let late: Vec<Way> =
            self.links.iter().filter(|(_, link)| unresolved(link)).map(|(way, _)| *way).collect();
        for way in late {
            self.fail_link(now.mono, way, "the name service did not answer in time");
        }
    }

    /// The next opening tells more about the broker's age. There are only a few, so this ends.
    pub(super) fn dial_again_at_once(&mut self, now: Instant, way: Way) {
        let link = self.links.entry(way).or_default();
        link.state = LinkState::Idle;
        link.wanted = true;
        (link.rests_since, link.not_before) = (now, now);
        self.dial_what_may_be(now);
    }

    /// It could not be made.
    pub(super) fn fail_link(&mut self, now: Instant, way: Way, reason: &str) {
        let reason = self.why_not_dialled(way.0, reason);
        self.rest_link(now, way, &reason, true);
    }

    /// Its connection went. It is not dialled before a wait, also where nobody waited for an answer: a broker may let
    /// everybody in, and close again.
    pub(super) fn rest_link(&mut self, now: Instant, way: Way, reason: &str, is_loss: bool) {
        let link = self.links.entry(way).or_default();
        link.state = LinkState::Idle;
        link.wanted = false;
        link.failures = link.failures.saturating_add(1);
        (link.rests_since, link.not_before) = (now, now + self.backoff.wait(link.failures, &mut self.rng));
        self.tell_unreachable(way, reason, is_loss);
    }

    pub(super) fn tell_unreachable(&mut self, way: Way, reason: &str, is_loss: bool) {
        let (peer, role) = way;
        self.traffic.count(peer, |metrics| metrics.losses += u64::from(is_loss));
        let reason = format!("{}: {reason}", self.describe(peer));
        self.news.push_back(News::Unreachable { peer, role, reason, is_loss });
    }
}
