//! A member that does as the Scala consumer of 0.7 does (`ZookeeperConsumerConnector`, 0.7.2): in each rebalance it gives up all
//! that it has, claims all that it wants, and takes a node that holds its own name for its own.
//!
//! In one thing it does better: a delete whose answer was lost is not repeated before the node was looked at. `zkclient` repeats it
//! blindly, and may remove what another has claimed meanwhile, which no peer can help.
//!
//! What it knows of the dialect it knows by itself: nothing of the machine that it is to get along with is in here.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use samsa_core::{Instant, ZkAnswer, ZkError, ZkOp, ZkSessionState};

use super::{End, Fate, GROUP, Group, SESSION_TIMEOUT, TOPIC, next_news};
use crate::rng::Rng;
use crate::zookeeper::{News, Port};

/// `rebalance.retries.max` and `rebalance.backoff.ms`.
const TRIES: usize = 4;
const BACKOFF: Duration = Duration::from_secs(2);
const AUTOCOMMIT: Duration = Duration::from_secs(1);
const CLOSING: Duration = Duration::from_secs(2);
/// How many bytes it reads of a partition between two commits.
const READS: Range<u64> = 0..500;

/// What each such member has by its own word: the names of partitions, by the thread that reads them.
#[derive(Clone, Debug, Default)]
pub(super) struct Owned(Rc<RefCell<BTreeMap<String, BTreeSet<String>>>>);

impl Owned {
    pub(super) fn has(&self, thread: &str, node: &str) -> bool {
        self.0.borrow().get(thread).is_some_and(|nodes| nodes.contains(node))
    }

    fn take(&self, thread: &str, node: &str) {
        self.0.borrow_mut().entry(thread.to_owned()).or_default().insert(node.to_owned());
    }

    fn give_up(&self, member: &str) {
        let is_of_it = |thread: &String| thread.rsplit_once('-').is_some_and(|(owner, _)| owner == member);
        self.0.borrow_mut().retain(|thread, _| !is_of_it(thread));
    }
}

/// How it chooses the topic, which is the only one.
#[derive(Clone, Copy)]
enum Choice {
    Name,
    WhiteList,
    BlackList,
}

impl Choice {
    const ALL: [Self; 3] = [Self::Name, Self::WhiteList, Self::BlackList];
}

/// Its session is over.
struct Expired;

type Answer = Result<Result<ZkAnswer, ZkError>, Expired>;

struct Scala {
    group: Group,
    rng: Rng,
    name: String,
    streams: u64,
    chooses_by: Choice,
    port: Port<u32, u64>,
    session: u32,
    asked: u64,
    /// Something that it watches has changed.
    has_changed: bool,
    is_connected: bool,
    /// Where it is in what it has.
    positions: BTreeMap<String, u64>,
}

/// One life, to its end.
pub(super) async fn live(group: Group, mut rng: Rng, fate: Fate) {
    let number = group.next_number();
    let (before, port) = (rng.chance(500), Port::new(group.world.zookeeper_service(), ""));
    let name = format!("{}{number}", if before { "g_vm-" } else { "z_vm-" });
    let until = fate.map(|(lasts, _)| group.world.instant() + lasts);
    let mut scala = Scala {
        streams: 1 + rng.below(3),
        chooses_by: rng.pick(&Choice::ALL).copied().unwrap_or(Choice::Name),
        group,
        rng,
        name,
        port,
        session: 0,
        asked: 0,
        has_changed: false,
        is_connected: false,
        positions: BTreeMap::new(),
    };
    while until.is_none_or(|until| scala.group.world.instant() < until) {
        if scala.one_session(until).await.is_ok() {
            break;
        }
        scala.forgets();
    }
    scala.ends(fate.map(|(_, end)| end)).await;
}

impl Scala {
    /// Opens a session and takes part in the group until then, or until the session is over.
    async fn one_session(&mut self, until: Option<Instant>) -> Result<(), Expired> {
        self.session += 1;
        (self.is_connected, self.has_changed) = (false, false);
        self.port.open(self.session, SESSION_TIMEOUT);
        let is_over = |scala: &Self| until.is_some_and(|until| until <= scala.group.world.instant());
        while !self.is_connected && !is_over(self) {
            self.hears_until(self.group.world.instant() + BACKOFF).await?;
        }
        self.registers().await?;
        self.rebalances().await?;
        let mut commits = self.group.world.instant() + AUTOCOMMIT;
        while !is_over(self) {
            self.hears_until(until.map_or(commits, |until| until.min(commits))).await?;
            if std::mem::take(&mut self.has_changed) {
                self.rebalances().await?;
            }
            if commits <= self.group.world.instant() {
                self.reads_on();
                self.commits().await?;
                commits = self.group.world.instant() + AUTOCOMMIT;
            }
        }
        Ok(())
    }

    async fn registers(&mut self) -> Result<(), Expired> {
        let streams = self.streams;
        let data = match self.chooses_by {
            Choice::Name => format!(r#"{{ "{TOPIC}": {streams} }}"#),
            Choice::WhiteList => format!("*{streams}*{TOPIC}|u.*"),
            Choice::BlackList => format!("!{streams}!u.*"),
        };
        self.makes(&format!("/consumers/{GROUP}/ids/{}", self.name), &data, true).await?;
        Ok(())
    }

    /// Tries so many times; then it waits with nothing for the next change, if there was none meanwhile.
    async fn rebalances(&mut self) -> Result<(), Expired> {
        for _ in 0..TRIES {
            if self.rebalances_once().await? {
                return Ok(());
            }
            let again = self.group.world.instant() + BACKOFF;
            while self.group.world.instant() < again {
                self.hears_until(again).await?;
            }
        }
        Ok(())
    }

    async fn rebalances_once(&mut self) -> Result<bool, Expired> {
        let Some(wanted) = self.share().await? else { return Ok(false) };
        self.commits().await?;
        self.releases().await?;
        let mut positions = BTreeMap::new();
        for node in wanted.keys() {
            let stored = self.asks(ZkOp::Get { path: offset(node), watch: false }).await?;
            let stored = if let Ok(ZkAnswer::Data(data, _)) = stored { number(&data) } else { None };
            positions.insert(node.clone(), stored.unwrap_or(0));
        }
        let mut made = Vec::new();
        for (node, thread) in &wanted {
            if !self.makes(&owner(node), thread, true).await? {
                for node in made {
                    self.deletes(&owner(node), &wanted[node]).await?;
                }
                return Ok(false);
            }
            made.push(node);
        }
        for (node, thread) in &wanted {
            self.group.owned.take(thread, node);
        }
        self.positions = positions;
        Ok(true)
    }

    /// Which partitions are its own, and by which thread. Nothing if it cannot be read.
    async fn share(&mut self) -> Result<Option<BTreeMap<String, String>>, Expired> {
        let ids = format!("/consumers/{GROUP}/ids");
        let mut threads = Vec::new();
        for member in self.lists(&ids, true).await? {
            let Some(data) = self.gets(&format!("{ids}/{member}")).await? else { continue };
            let Some(streams) = streams_of(&data) else { return Ok(None) };
            threads.extend((0..streams).map(|stream| format!("{member}-{stream}")));
        }
        let topic = format!("/brokers/topics/{TOPIC}");
        let mut partitions = Vec::new();
        for broker in self.lists(&topic, true).await? {
            let Some(count) = self.gets(&format!("{topic}/{broker}")).await? else { continue };
            let Ok(count) = count.parse::<u64>() else { return Ok(None) };
            partitions.extend((0..count).map(|partition| format!("{broker}-{partition}")));
        }
        threads.sort();
        partitions.sort();
        Ok(Some(self.of_these(&threads, &partitions)))
    }

    fn of_these(&self, threads: &[String], partitions: &[String]) -> BTreeMap<String, String> {
        let count = threads.len().max(1);
        let (each, longer) = (partitions.len() / count, partitions.len() % count);
        let mut own = BTreeMap::new();
        for (place, thread) in threads.iter().enumerate() {
            let begin = each * place + place.min(longer);
            let run = &partitions[begin..begin + each + usize::from(place < longer)];
            if thread.rsplit_once('-').is_some_and(|(member, _)| member == self.name) {
                own.extend(run.iter().map(|partition| (partition.clone(), thread.clone())));
            }
        }
        own
    }

    async fn releases(&mut self) -> Result<(), Expired> {
        self.group.owned.give_up(&self.name);
        for node in std::mem::take(&mut self.positions).into_keys() {
            let path = owner(&node);
            let own = self.gets(&path).await?.filter(|own| own.starts_with(&format!("{}-", self.name)));
            if let Some(own) = own {
                self.deletes(&path, &own).await?;
            }
        }
        Ok(())
    }

    /// Reads a little of each partition.
    fn reads_on(&mut self) {
        for position in self.positions.values_mut() {
            *position += self.rng.within(&READS);
        }
        self.group.has_handed_out(self.positions.len());
    }

    /// Writes where it is in each partition, whatever stands there.
    async fn commits(&mut self) -> Result<(), Expired> {
        for (node, position) in self.positions.clone() {
            let (path, data) = (offset(&node), position.to_string());
            let set = ZkOp::Set { path: path.clone(), data: data.clone().into_bytes(), version: -1 };
            if self.asks(set).await? == Err(ZkError::NoNode) {
                self.makes(&path, &data, false).await?;
            }
        }
        Ok(())
    }

    /// Makes a node, with all that it is in. Says whether it is there now and holds just that.
    async fn makes(&mut self, path: &str, data: &str, ephemeral: bool) -> Result<bool, Expired> {
        let create = |path: &str, data: &str, ephemeral| {
            let (path, data) = (path.to_owned(), data.as_bytes().to_vec());
            ZkOp::Create { path, data, ephemeral }
        };
        loop {
            match self.asks(create(path, data, ephemeral)).await? {
                Ok(_) => return Ok(true),
                Err(ZkError::NodeExists) => return Ok(self.gets(path).await?.as_deref() == Some(data)),
                Err(ZkError::NoNode) => {
                    let folders = path.match_indices('/').map(|(at, _)| &path[..at]).skip(1);
                    for folder in folders {
                        // It is there already, or is now.
                        let _made = self.asks(create(folder, "", false)).await?;
                    }
                }
                Err(_) => return Ok(false),
            }
        }
    }

    /// Deletes a node that holds just that.
    async fn deletes(&mut self, path: &str, data: &str) -> Result<(), Expired> {
        while self.gets(path).await?.as_deref() == Some(data) {
            let delete = ZkOp::Delete { path: path.to_owned(), version: -1 };
            if self.asks_once(delete).await? != Err(ZkError::ConnectionLost) {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn lists(&mut self, path: &str, watch: bool) -> Result<Vec<String>, Expired> {
        let listed = self.asks(ZkOp::Children { path: path.to_owned(), watch }).await?;
        Ok(if let Ok(ZkAnswer::Children(names)) = listed { names } else { Vec::new() })
    }

    async fn gets(&mut self, path: &str) -> Result<Option<String>, Expired> {
        let found = self.asks(ZkOp::Get { path: path.to_owned(), watch: false }).await?;
        let text = |data: &[u8]| String::from_utf8_lossy(data).into_owned();
        Ok(if let Ok(ZkAnswer::Data(data, _)) = found { Some(text(&data)) } else { None })
    }

    /// Asks again and again, until there is an answer.
    async fn asks(&mut self, op: ZkOp) -> Answer {
        loop {
            let answer = self.asks_once(op.clone()).await?;
            if answer != Err(ZkError::ConnectionLost) {
                return Ok(answer);
            }
        }
    }

    async fn asks_once(&mut self, op: ZkOp) -> Answer {
        self.asked += 1;
        self.port.perform(self.session, self.asked, op);
        loop {
            let later = self.group.world.instant() + BACKOFF;
            if let Some((id, answer)) = self.hears_until(later).await?
                && id == self.asked
            {
                return if answer == Err(ZkError::SessionExpired) { Err(Expired) } else { Ok(answer) };
            }
        }
    }

    /// Hears one piece of news, if one comes until then.
    async fn hears_until(
        &mut self,
        until: Instant,
    ) -> Result<Option<(u64, Result<ZkAnswer, ZkError>)>, Expired> {
        let within = until - self.group.world.instant();
        match next_news(&self.group.world, &self.port, within).await {
            Some(News::Reply { id, result }) => return Ok(Some((id, result))),
            Some(News::Watch { .. }) => self.has_changed = true,
            Some(News::Session { session, state }) if session == self.session => match state {
                ZkSessionState::Connected { .. } => self.is_connected = true,
                ZkSessionState::Expired | ZkSessionState::Failed(_) => return Err(Expired),
                _ => {}
            },
            Some(News::Session { .. }) | None => {}
        }
        Ok(None)
    }

    /// The session is over, and with it all that it had.
    fn forgets(&mut self) {
        self.group.owned.give_up(&self.name);
        self.positions.clear();
    }

    async fn ends(mut self, end: Option<End>) {
        let how = if end == Some(End::Leaves) { "leaves" } else { "crashes" };
        self.group.world.trace().line("scala", format_args!("{} {how}", self.name));
        if end == Some(End::Leaves) {
            // If the session is over it has nothing to commit in.
            let _committed = self.commits().await.is_ok();
            self.port.close(self.session);
            let closed = std::future::poll_fn(|cx| self.port.poll_closed(cx));
            self.group.world.timeout(CLOSING, closed).await;
        }
        self.group.owned.give_up(&self.name);
    }
}

fn owner(node: &str) -> String {
    format!("/consumers/{GROUP}/owners/{TOPIC}/{node}")
}

fn offset(node: &str) -> String {
    format!("/consumers/{GROUP}/offsets/{TOPIC}/{node}")
}

/// What a registration says, whichever way it chooses its topics.
fn streams_of(registration: &str) -> Option<u64> {
    let streams = match registration.strip_prefix(['*', '!']) {
        Some(filter) => filter.split(['*', '!']).next()?,
        None => registration.trim_matches(['{', '}', ' ']).rsplit_once(": ")?.1,
    };
    streams.parse().ok()
}

fn number(data: &[u8]) -> Option<u64> {
    str::from_utf8(data).ok()?.parse().ok()
}
