//! The open connections, each under a name that is never used again.

use super::connection::Connection;
use super::{Peer, Role};
use crate::id::ConnId;
use crate::time::Instant;

/// A link's name: to whom, for what.
pub(crate) type Way = (Peer, Role);

#[derive(Debug, Default)]
pub(crate) struct Slots(Vec<Slot>);

#[derive(Debug, Default)]
struct Slot {
    generation: u32,
    open: Option<(Way, Connection)>,
}

impl Slots {
    pub(crate) fn occupy(&mut self, way: Way, connection: Connection) -> ConnId {
        let at = self.0.iter().position(|slot| slot.open.is_none()).unwrap_or_else(|| {
            self.0.push(Slot::default());
            self.0.len() - 1
        });
        self.0[at].open = Some((way, connection));
        ConnId::new(at as u32, self.0[at].generation)
    }

    pub(crate) fn get(&self, conn: ConnId) -> Option<&Connection> {
        let slot = self.0.get(conn.slot()).filter(|slot| slot.generation == conn.generation())?;
        slot.open.as_ref().map(|(_, connection)| connection)
    }

    pub(crate) fn get_mut(&mut self, conn: ConnId) -> Option<(Way, &mut Connection)> {
        let slot = self.slot_mut(conn)?;
        slot.open.as_mut().map(|(way, connection)| (*way, connection))
    }

    pub(crate) fn remove(&mut self, conn: ConnId) -> Option<(Way, Connection)> {
        let slot = self.slot_mut(conn)?;
        let open = slot.open.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        Some(open)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (ConnId, Way, &Connection)> {
        self.0.iter().enumerate().filter_map(|(at, slot)| {
            let (way, connection) = slot.open.as_ref()?;
            Some((ConnId::new(at as u32, slot.generation), *way, connection))
        })
    }

    /// Whose time is over, and why.
    pub(crate) fn overdue(&self, now: Instant) -> Vec<(ConnId, String)> {
        self.iter().filter_map(|(conn, _, connection)| Some((conn, connection.overdue(now)?))).collect()
    }

    /// Those that were throttled up to now and have something to send.
    pub(crate) fn let_go_on(&mut self, now: Instant) -> Vec<ConnId> {
        let slots = self.0.iter_mut().enumerate();
        let waiting = slots.filter_map(|(at, slot)| {
            let (_, connection) = slot.open.as_mut()?;
            let goes_on = connection.go_on(now) && connection.has_output();
            goes_on.then(|| ConnId::new(at as u32, slot.generation))
        });
        waiting.collect()
    }

    /// Those that were dialled and not connected in time.
    pub(crate) fn unreached(&self, now: Instant) -> Vec<ConnId> {
        let is_unreached =
            |connection: &Connection| connection.is_dialling() && connection.overdue(now).is_some();
        self.iter().filter(|(_, _, connection)| is_unreached(connection)).map(|(conn, ..)| conn).collect()
    }

    fn slot_mut(&mut self, conn: ConnId) -> Option<&mut Slot> {
        self.0.get_mut(conn.slot()).filter(|slot| slot.generation == conn.generation())
    }
}
