//! Everything at one moment: the servers, the members, and what is under way between them.

use std::time::Duration;

use samsa_core::model::GroupMember;
use samsa_core::{Instant, Now, SessionId, UnixMillis};
use samsa_sim::model::ZooKeeper;

use crate::bound::Bound;
use crate::canonical::fingerprint;
use crate::cluster;
use crate::kept::Kept;
use crate::line::Line;
use crate::quiet::{self, Absent};

pub(crate) const SESSION_TIMEOUT: Duration = Duration::from_secs(6);

#[derive(Clone, Debug)]
pub(crate) enum Seat {
    /// The member may join.
    Empty,
    Taken(Kept<GroupMember>),
    /// It has crashed or left.
    Gone,
}

#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) now: Instant,
    pub(crate) zookeeper: Kept<ZooKeeper>,
    pub(crate) seats: Vec<Seat>,
    pub(crate) lines: Vec<Line>,
    /// What may still happen.
    pub(crate) left: Bound,
    /// What has gone wrong.
    pub(crate) wrong: Option<String>,
}

impl State {
    pub(crate) fn first(bound: &Bound) -> Self {
        let zookeeper = Kept::new(cluster::ensemble(bound));
        let mut first = Self {
            now: Instant::from_micros(1_000_000),
            zookeeper,
            seats: vec![Seat::Empty; bound.members],
            lines: Vec::new(),
            left: *bound,
            wrong: None,
        };
        for number in 0..bound.standing {
            first.join(number);
            quiet::settle(&mut first);
        }
        first
    }

    /// Both clocks.
    pub(crate) fn both(&self) -> Now {
        Now { mono: self.now, wall: UnixMillis(self.now.as_micros() as i64 / 1000) }
    }

    /// What decides how it goes on, besides what may still go wrong.
    pub(crate) fn fingerprint(&self) -> u64 {
        let seats = self.seats.iter().map(|seat| match seat {
            Seat::Empty => 0,
            Seat::Gone => 1,
            Seat::Taken(member) => member.fingerprint(self.now),
        });
        let seats: Vec<u64> = seats.collect();
        fingerprint(self.now, &(self.zookeeper.fingerprint(self.now), seats, &self.lines, &self.wrong))
    }

    /// The members that are there.
    pub(crate) fn members(&self) -> impl Iterator<Item = (usize, &GroupMember)> {
        self.seats.iter().enumerate().filter_map(|(number, seat)| match seat {
            Seat::Taken(member) => Some((number, &**member)),
            Seat::Empty | Seat::Gone => None,
        })
    }

    pub(crate) fn line(&self, session: SessionId) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == session)
    }

    pub(crate) fn is_late(&self, member: &GroupMember) -> bool {
        member.deadline().is_some_and(|deadline| deadline.at <= self.now)
    }

    pub(crate) fn somebody_is_late(&self) -> bool {
        self.members().any(|(_, member)| self.is_late(member))
    }

    /// The next deadline ahead of a member, or of a session that nobody uses any more, of these.
    pub(crate) fn next_deadline(&self, absent: Absent) -> Option<Instant> {
        let ahead = |at: &Instant| *at > self.now && *at < Instant::from_micros(u64::MAX);
        let members = self.members().filter(|(number, _)| absent.member != Some(*number));
        let deadlines = members.filter_map(|(_, member)| member.deadline()).map(|deadline| deadline.at);
        let ends = self.lines.iter().filter(|line| line.is_dead() && absent.session != Some(line.name));
        let ends = ends.filter_map(|line| self.may_end(line));
        deadlines.chain(ends).filter(ahead).min()
    }

    /// Whether something is under way between members and servers, or a session is about to end.
    pub(crate) fn is_busy(&self) -> bool {
        self.lines.iter().any(|line| !line.is_idle() || self.is_due(line))
    }

    /// Whether only the servers' end of it is missing.
    pub(crate) fn is_due(&self, line: &Line) -> bool {
        line.is_dead() && self.may_end(line).is_none_or(|at| at <= self.now)
    }

    /// When the servers may end this session.
    pub(crate) fn may_end(&self, line: &Line) -> Option<Instant> {
        self.zookeeper.may_end(line.id?)
    }
}
