//! How connections are left: given up, left behind with what they owe, or because nobody needs them or their peer has moved.

use super::Network;
use crate::connection::connection::Connection;
use crate::connection::link::{Link, LinkState};
use crate::connection::slots::Way;
use crate::connection::{Peer, Role};
use crate::id::ConnId;
use crate::intent::Intent;
use crate::planted::{PlantedBug, is_planted};
use crate::time::Now;

impl Network {
    /// Leaves a connection that is established, the one that was left behind first: its requests get no response any more.
    pub(crate) fn give_up(&mut self, now: Now, peer: Peer, role: Role, reason: &str) {
        if is_planted(PlantedBug::StaysWithTheSilent) {
            return;
        }
        let left = self.links.get(&(peer, role)).and_then(|link| link.left);
        if let Some(conn) = left.or_else(|| self.established(peer, role)) {
            self.close(now, conn, reason);
        }
    }

    /// The same where not everything is sent that was asked on it: what is not sent never is.
    pub(crate) fn give_up_unsent(&mut self, now: Now, peer: Peer, role: Role, reason: &str) {
        let unsent = self.established(peer, role);
        let unsent = unsent.filter(|conn| self.slots.get(*conn).is_some_and(Connection::has_unsent));
        if let Some(conn) = unsent {
            self.close(now, conn, reason);
        }
    }

    /// What is sent from now on goes over a new connection. The one that is established gets the answers that it is owed, and is
    /// closed then. There is one such connection at a time: as long as it is there, nothing happens.
    pub(crate) fn leave_behind(&mut self, now: Now, peer: Peer, role: Role) {
        let Some(link) = self.links.get_mut(&(peer, role)) else { return };
        if link.left.is_none()
            && let Some(conn) = link.ready()
        {
            link.state = LinkState::Idle;
            link.left = Some(conn);
            self.close_what_is_over(now, (peer, role));
        }
    }

    /// Nobody does this work any more: its connections are closed, without news of it. Others may be dialled in their place.
    pub(crate) fn release(&mut self, now: Now, role: Role) {
        let open: Vec<ConnId> =
            self.slots.iter().filter(|(_, way, _)| way.1 == role).map(|(conn, ..)| conn).collect();
        for conn in open {
            if let Some(((peer, _), connection)) = self.slots.remove(conn) {
                self.traffic.count(peer, |metrics| metrics.failed_requests += connection.owed() as u64);
            }
            self.intents.push_back(Intent::Close { conn });
        }
        self.links.retain(|way, _| way.1 != role);
        self.dial_what_may_be(now.mono);
    }

    /// The peer is somewhere else now. Whoever waits for a link to it is told, and asks again.
    pub(super) fn leave(&mut self, now: Now, peer: Peer) {
        const WHY: &str = "the broker has another address now";
        self.addresses.remove(&peer);
        self.versions.remove(&peer);
        for conn in self.connections_to(peer) {
            self.close(now, conn, WHY);
        }
        let is_awaited = |link: &Link| link.wanted || link.is_under_way();
        let awaited: Vec<Way> = self
            .links
            .iter()
            .filter(|(way, link)| way.0 == peer && is_awaited(link))
            .map(|(way, _)| *way)
            .collect();
        self.links.retain(|(to, _), _| *to != peer);
        for way in awaited {
            self.tell_unreachable(way, WHY, false);
        }
    }

    /// Closes what was left behind, if it owes nothing any more.
    pub(super) fn close_what_is_over(&mut self, now: Now, way: Way) {
        let left = self.links.get(&way).and_then(|link| link.left);
        let over = left.filter(|conn| self.slots.get(*conn).is_some_and(Connection::is_idle));
        if let Some(conn) = over {
            self.close(now, conn, "it was left behind");
        }
    }
}
