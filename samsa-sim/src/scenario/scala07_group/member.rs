//! A member of ours: the machine by itself, and the smallest driver for it.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use samsa_core::model::{Dialect, GroupMember};
use samsa_core::{Clock as _, Instant, Intent, Now, SessionId, ZkNews, ZkRequestId, ZkSessionState};

use super::seats::Seat;
use super::{End, Fate, Group, SESSION_TIMEOUT, next_news};
use crate::clock::MachineClock;
use crate::rng::Rng;
use crate::zookeeper::{News, Port};

/// Between two things that an application does.
const ACTS: Range<Duration> = Duration::from_millis(20)..Duration::from_secs(2);
/// How long the process stands still, and a bit more than a session lasts at most.
const FROZEN: Range<Duration> = Duration::from_millis(100)..Duration::from_secs(15);
/// How long a member takes to leave at most, and its session to be closed.
const LEAVING: Duration = Duration::from_secs(12);

struct Life {
    group: Group,
    number: u16,
    machine: Arc<MachineClock>,
    port: Port<SessionId, ZkRequestId>,
}

/// One life, to its end.
pub(super) async fn live(group: Group, mut rng: Rng, fate: Fate) {
    let number = group.next_number();
    let machine = group.world.new_machine();
    group.world.trace().line("clock", format_args!("m{number}: {}", machine.drift()));
    let port = Port::new(group.world.zookeeper_service(), "").on(&machine);
    let member = GroupMember::new(number, Dialect::Scala07, SESSION_TIMEOUT, machine.now());
    let seat = Seat { member, machine: Arc::clone(&machine) };
    group.seats.members.borrow_mut().insert(number, seat);
    let mut life = Life { group, number, machine, port };
    life.does(GroupMember::tick);
    match fate {
        None => life.goes_on(&mut rng, None).await,
        Some((lasts, end)) => {
            let until = life.group.world.instant() + lasts;
            life.goes_on(&mut rng, Some(until)).await;
            life.ends(end).await;
        }
    }
}

impl Life {
    async fn goes_on(&mut self, rng: &mut Rng, until: Option<Instant>) {
        let world = self.group.world.clone();
        let mut acts = world.instant() + rng.duration(&ACTS);
        while until.is_none_or(|until| world.instant() < until) && self.is_there() {
            if acts <= world.instant() {
                self.acts(rng).await;
                acts = world.instant() + rng.duration(&ACTS);
            }
            self.waits(until.map_or(acts, |until| until.min(acts))).await;
        }
        if !self.is_there() {
            world.violation("stays-in-the-group", format!("m{} has ended", self.number));
        }
    }

    async fn acts(&mut self, rng: &mut Rng) {
        if rng.chance(30) && !self.group.world.faults().are_over() {
            return self.stands_still(rng.duration(&FROZEN)).await;
        }
        let had = self.group.seats.of(self.number, |seat| seat.hands_out().len()).unwrap_or_default();
        self.group.has_handed_out(had);
        self.does(GroupMember::commit);
    }

    /// The process is stopped, and its connection breaks meanwhile.
    async fn stands_still(&mut self, lasts: Duration) {
        let world = &self.group.world;
        world.trace().line("faults", format_args!("!! m{} is frozen for {lasts:?}", self.number));
        world.zookeeper_service().lose_machine(&self.machine, lasts);
        world.sleep(lasts).await;
        self.group.look();
    }

    /// Hears the next news, if they come before then, and before its own time comes.
    async fn waits(&mut self, until: Instant) {
        let world = self.group.world.clone();
        let deadline = self.group.seats.of(self.number, |seat| seat.member.deadline()).flatten();
        let wake = deadline.map_or(until, |deadline| self.machine.shows_at(deadline.at).min(until));
        match next_news(&world, &self.port, wake - world.instant()).await {
            Some(news) => self.hears(news),
            None => self.does(GroupMember::tick),
        }
    }

    fn hears(&mut self, news: News<SessionId, ZkRequestId>) {
        let news = match news {
            News::Reply { id, result } => ZkNews::Reply { id, result },
            News::Watch { session, path } => ZkNews::Watch { session, path },
            News::Session { session, state } => {
                if let ZkSessionState::Connected { id, .. } = &state {
                    self.group.seats.sessions.borrow_mut().insert(session, *id);
                }
                ZkNews::Session { session, state }
            }
        };
        self.does(|member, now| member.zookeeper(now, news));
    }

    /// Lets it do something, and does what it intends.
    fn does(&mut self, act: impl FnOnce(&mut GroupMember, Now) -> Vec<Intent>) {
        let now = self.machine.now();
        let mut members = self.group.seats.members.borrow_mut();
        let intents = members.get_mut(&self.number).map(|seat| act(&mut seat.member, now));
        drop(members);
        for intent in intents.into_iter().flatten() {
            match intent {
                Intent::OpenSession { session, timeout } => self.port.open(session, timeout),
                Intent::CloseSession { session } => self.port.close(session),
                Intent::ZooKeeper { id, op } => self.port.perform(id.session, id, op),
                other => self.group.world.violation("asks-zookeeper-alone", format!("{other:?}")),
            }
        }
        self.group.look();
    }

    fn is_there(&self) -> bool {
        self.group.seats.of(self.number, |seat| !seat.member.is_over()).unwrap_or_default()
    }

    async fn ends(mut self, end: End) {
        let world = self.group.world.clone();
        let how = if end == End::Leaves { "leaves" } else { "crashes" };
        world.trace().line("member", format_args!("m{} {how}", self.number));
        if end == End::Leaves {
            self.does(GroupMember::leave);
            let until = world.instant() + LEAVING;
            while self.is_there() && world.instant() < until {
                self.waits(until).await;
            }
            let closed = std::future::poll_fn(|cx| self.port.poll_closed(cx));
            world.timeout(LEAVING, closed).await;
        }
        self.group.seats.members.borrow_mut().remove(&self.number);
    }
}
