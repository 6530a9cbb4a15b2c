//! A network of hosts with names, on which connections are slow, stall, and break.

mod link;
mod pipe;
mod socket;
mod weather;

pub(crate) use link::{Link, Side};
pub(crate) use socket::Socket;
pub(crate) use weather::Weather;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use samsa_core::Instant;

use crate::executor::{Schedule, Sleep};
use crate::faults::{Fault, Faults};
use crate::rng::Rng;
use crate::trace::Trace;

/// How long a dialled host that never answers keeps its caller waiting.
const DIAL_TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
struct Backlog {
    waiting: VecDeque<Socket>,
    acceptor: Option<Waker>,
}

/// All hosts and connections of a world.
#[derive(Clone)]
pub(crate) struct Network(Rc<Inner>);

struct Inner {
    weather: Rc<Weather>,
    names: RefCell<BTreeMap<String, IpAddr>>,
    /// Names that lead to one host now, and to another one later.
    pointers: RefCell<BTreeMap<String, IpAddr>>,
    listeners: RefCell<BTreeMap<SocketAddr, Rc<RefCell<Backlog>>>>,
    links: RefCell<BTreeMap<u64, Weak<Link>>>,
    dialled: Cell<u64>,
    /// The hosts that nobody reaches, and until when.
    parted: RefCell<BTreeMap<IpAddr, Instant>>,
}

impl Network {
    pub(crate) fn new(schedule: Rc<Schedule>, trace: Trace, faults: Faults, rng: Rng) -> Self {
        Self(Rc::new(Inner {
            weather: Rc::new(Weather::new(schedule, trace, faults, rng)),
            names: RefCell::default(),
            pointers: RefCell::default(),
            listeners: RefCell::default(),
            links: RefCell::default(),
            dialled: Cell::new(0),
            parted: RefCell::default(),
        }))
    }

    /// The address of a host, which is known by this name from now on.
    pub(crate) fn host(&self, name: &str) -> IpAddr {
        let mut names = self.0.names.borrow_mut();
        let next = names.len() as u32 + 1;
        *names.entry(name.to_owned()).or_insert_with(|| Ipv4Addr::from(0x0a00_0000 + next).into())
    }

    /// This name, which is no host's own, leads to that host from now on.
    pub(crate) fn point(&self, name: &str, host: &str) {
        let ip = self.host(host);
        self.0.pointers.borrow_mut().insert(name.to_owned(), ip);
    }

    fn name_of(&self, ip: IpAddr) -> String {
        let names = self.0.names.borrow();
        let known = names.iter().find(|(_, known)| **known == ip);
        known.map_or_else(|| ip.to_string(), |(name, _)| name.clone())
    }

    /// Asks the name service; nothing for a host that is not known.
    pub(crate) async fn resolve(&self, name: &str) -> Option<IpAddr> {
        self.pause(self.0.weather.latency()).await;
        let own = || self.0.names.borrow().get(name).copied();
        name.parse().ok().or_else(own).or_else(|| self.0.pointers.borrow().get(name).copied())
    }

    /// Who dials this address is let in from now on, until the listener is dropped.
    pub(crate) fn listen(&self, address: SocketAddr) -> Listener {
        let backlog = Rc::new(RefCell::new(Backlog::default()));
        self.0.listeners.borrow_mut().insert(address, Rc::clone(&backlog));
        Listener { network: self.clone(), address, backlog }
    }

    /// Dials.
    pub(crate) async fn connect(&self, address: SocketAddr) -> io::Result<Socket> {
        if self.0.weather.strikes(Fault::HalfOpen, 30) {
            self.pause(DIAL_TIMEOUT).await;
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.until_reached(address.ip()).await;
        self.pause(self.0.weather.latency()).await;
        let answer = self.let_in(address);
        self.pause(self.0.weather.latency()).await;
        answer
    }

    /// Nobody reaches a host for a while: what is sent to it, and by it, arrives later.
    pub(crate) fn part(&self, host: &str, lasts: Duration) {
        self.swallow(host, lasts);
        self.links().into_iter().filter(|link| link.to == host).for_each(|link| link.stall(lasts));
    }

    /// A host breaks its connections, and for a while answers nobody who dials it.
    pub(crate) fn shut(&self, host: &str, lasts: Duration) {
        self.swallow(host, lasts);
        self.links().into_iter().filter(|link| link.to == host).for_each(|link| link.cut());
    }

    fn swallow(&self, host: &str, lasts: Duration) {
        let until = self.0.weather.now() + lasts;
        self.0.parted.borrow_mut().insert(self.host(host), until);
    }

    async fn until_reached(&self, ip: IpAddr) {
        let until = self.0.parted.borrow().get(&ip).copied();
        if let Some(until) = until.filter(|until| *until > self.0.weather.now()) {
            Sleep::new(Rc::clone(&self.0.weather.schedule), until).await;
        }
    }

    fn let_in(&self, address: SocketAddr) -> io::Result<Socket> {
        let listeners = self.0.listeners.borrow();
        let backlog = listeners.get(&address).ok_or(io::ErrorKind::ConnectionRefused)?;
        let number = self.0.dialled.get();
        self.0.dialled.set(number + 1);
        let link = Rc::new(Link::new(number, self.name_of(address.ip()), Rc::clone(&self.0.weather)));
        self.0.links.borrow_mut().insert(number, Rc::downgrade(&link));
        let mut backlog = backlog.borrow_mut();
        backlog.waiting.push_back(Socket::new(Rc::clone(&link), Side::Server));
        backlog.acceptor.take().into_iter().for_each(Waker::wake);
        Ok(Socket::new(link, Side::Client))
    }

    /// The connections that are there now, oldest first.
    pub(crate) fn links(&self) -> Vec<Rc<Link>> {
        let mut links = self.0.links.borrow_mut();
        links.retain(|_, link| link.upgrade().is_some_and(|link| !link.is_over()));
        links.values().filter_map(Weak::upgrade).collect()
    }

    /// Breaks the connections on which nothing arrives any more; every host can be reached.
    pub(crate) fn heal(&self) {
        self.0.parted.borrow_mut().clear();
        self.links().into_iter().filter(|link| link.is_deaf()).for_each(|link| link.cut());
    }

    fn pause(&self, lasts: Duration) -> Sleep {
        let schedule = &self.0.weather.schedule;
        Sleep::new(Rc::clone(schedule), schedule.now() + lasts)
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("links", &self.0.links.borrow()).finish_non_exhaustive()
    }
}

/// Lets callers in at one address.
#[derive(Debug)]
pub(crate) struct Listener {
    network: Network,
    address: SocketAddr,
    backlog: Rc<RefCell<Backlog>>,
}

impl Listener {
    pub(crate) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<Socket> {
        let mut backlog = self.backlog.borrow_mut();
        backlog.acceptor = Some(cx.waker().clone());
        backlog.waiting.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.network.0.listeners.borrow_mut().remove(&self.address);
    }
}

#[cfg(test)]
mod tests;
