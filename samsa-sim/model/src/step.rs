//! What a step does.

use std::fmt;

use samsa_core::model::GroupMember;
use samsa_core::{Intent, Now, SessionId, ZkAnswer, ZkError, ZkNews, ZkOp, ZkSessionState, ZkStat};

use crate::action::Action;
use crate::kept::Kept;
use crate::line::{Line, Link};
use crate::quiet::{self, Absent};
use crate::state::{SESSION_TIMEOUT, Seat, State};

impl State {
    pub(crate) fn act(&mut self, action: &Action) {
        match *action {
            Action::Joins(number) => self.join(number),
            Action::Ticks(number) => self.tick(number),
            Action::Arrives(session) => self.arrive(session),
            Action::IsDoneLate(session) => self.do_late(session),
            Action::Hears(session) => self.hear(session),
            Action::HearsWatch(session) => self.hear_watch(session),
            Action::Breaks(session, done) => {
                self.left.losses -= 1;
                self.change(session, |line| line.breaks(done));
            }
            Action::Returns(session) => self.come_back(session),
            Action::Expires { session, is_frozen } => {
                self.left.expiries -= 1;
                self.expire(session, is_frozen);
            }
            Action::Ends(session) => self.end(session),
            Action::Crashes(number, done) => {
                self.left.crashes -= 1;
                self.crash(number, done);
            }
            Action::Commits(number) => {
                self.left.commits -= 1;
                self.lets(number, GroupMember::commit);
            }
            Action::Leaves(number) => {
                self.left.leaves -= 1;
                self.lets(number, GroupMember::leave);
            }
            Action::Waits => {
                self.left.waits -= usize::from(self.is_busy());
                self.now = self.next_deadline(Absent::default()).unwrap_or(self.now);
            }
        }
        self.look();
    }

    pub(crate) fn join(&mut self, number: usize) {
        let member = GroupMember::new(number as u16, self.left.dialect, SESSION_TIMEOUT, self.both());
        self.seats[number] = Seat::Taken(Kept::new(member));
        self.tick(number);
    }

    pub(crate) fn tick(&mut self, number: usize) {
        self.lets(number, GroupMember::tick);
        if let Seat::Taken(member) = &self.seats[number]
            && self.is_late(member)
        {
            self.complain("looks-ahead", format_args!("m{number} wants to be called again at once"));
        }
    }

    /// A member does something, and what it intends is begun.
    fn lets(&mut self, number: usize, act: impl FnOnce(&mut GroupMember, Now) -> Vec<Intent>) {
        let now = self.both();
        let Seat::Taken(member) = &mut self.seats[number] else { return };
        let intents = act(member.change(), now);
        for intent in intents {
            self.begin(number, intent);
        }
        if let Seat::Taken(member) = &self.seats[number]
            && member.is_over()
        {
            self.seats[number] = Seat::Gone;
        }
    }

    fn begin(&mut self, number: usize, intent: Intent) {
        match intent {
            Intent::OpenSession { session, timeout } => self.lines.push(Line::open(number, session, timeout)),
            Intent::CloseSession { session } => self.close(session),
            Intent::ZooKeeper { id, op } => {
                match self.lines.iter_mut().find(|line| line.name == id.session) {
                    Some(line) if line.is_heard => line.requests.push_back((id, op)),
                    _ => self
                        .complain("asks-in-its-session", format_args!("m{number} asks {op:?} after the end")),
                }
            }
            other => self.complain("asks-zookeeper-alone", format_args!("m{number} intends {other:?}")),
        }
    }

    fn close(&mut self, session: SessionId) {
        let zookeeper = self.zookeeper.clone();
        self.change(session, |line| {
            line.is_left();
            line.is_closing = true;
        });
        let is_there = |line: &Line| line.id.is_some_and(|id| zookeeper.is_alive(id));
        self.lines.retain(|line| line.name != session || is_there(line));
    }

    fn crash(&mut self, number: usize, done: usize) {
        self.seats[number] = Seat::Gone;
        for line in self.lines.iter_mut().filter(|line| line.member == number && line.is_heard) {
            line.breaks(done);
            line.is_left();
        }
        self.lines.retain(|line| line.id.is_some() || line.is_heard);
    }

    fn arrive(&mut self, session: SessionId) {
        let Some(line) = self.line(session) else { return };
        let timeout = line.timeout;
        if line.link == Link::Opening {
            let id = self.zookeeper.change().open(self.now, timeout);
            return self.change(session, |line| {
                (line.link, line.id) = (Link::Up, Some(id));
                line.tell(ZkSessionState::Connected { id, timeout });
            });
        }
        let mut request = None;
        self.change(session, |line| request = line.requests.pop_front());
        let Some((id, op)) = request else { return self.end(session) };
        let result = self.perform(session, &op);
        self.change(session, |line| {
            if line.is_heard {
                line.inbox.push_back(ZkNews::Reply { id, result });
            }
        });
    }

    fn do_late(&mut self, session: SessionId) {
        let mut ghost = None;
        self.change(session, |line| ghost = line.ghosts.pop_front());
        if let Some(op) = ghost {
            // Nobody hears of it.
            let _unheard = self.perform(session, &op);
        }
    }

    fn perform(&mut self, session: SessionId, op: &ZkOp) -> Result<ZkAnswer, ZkError> {
        let Some(id) = self.line(session).and_then(|line| line.id) else {
            return Err(ZkError::SessionExpired);
        };
        if let Some((rule, how)) = self.zookeeper.wrong_with(id, op) {
            self.complain(rule, how);
        }
        let result = self.zookeeper.change().perform(self.now, id, op);
        self.hand_on_watches();
        result.map(without_transaction)
    }

    fn hand_on_watches(&mut self) {
        while let Some((id, path)) = self.zookeeper.change().next_fired() {
            if let Some(line) = self.lines.iter_mut().find(|line| line.id == Some(id) && line.is_heard) {
                line.watches.push_back(path);
            }
        }
    }

    fn hear(&mut self, session: SessionId) {
        let mut heard = None;
        self.change(session, |line| heard = line.inbox.pop_front());
        self.tell(session, heard);
    }

    fn hear_watch(&mut self, session: SessionId) {
        let mut fired = None;
        self.change(session, |line| fired = line.watches.pop_front());
        self.tell(session, fired.map(|path| ZkNews::Watch { session, path }));
    }

    fn tell(&mut self, session: SessionId, news: Option<ZkNews>) {
        if let (Some(line), Some(news)) = (self.line(session), news) {
            self.lets(line.member, |member, now| member.zookeeper(now, news));
        }
    }

    fn come_back(&mut self, session: SessionId) {
        let zookeeper = self.zookeeper.clone();
        self.change(session, |line| {
            line.link = Link::Up;
            let alive = line.id.filter(|id| zookeeper.is_alive(*id));
            match alive.map(|id| ZkSessionState::Connected { id, timeout: line.timeout }) {
                Some(connected) => line.tell(connected),
                None => line.is_over(),
            }
        });
    }

    /// The others go on quietly until the servers may end this session, and they do.
    fn expire(&mut self, session: SessionId, is_frozen: bool) {
        let Some(line) = self.line(session) else { return };
        let member = is_frozen.then_some(line.member);
        if let Some(until) = self.may_end(line) {
            quiet::pass(self, until, Absent { session: Some(session), member });
        }
        self.end(session);
    }

    /// The servers end a session.
    pub(crate) fn end(&mut self, session: SessionId) {
        if let Some(id) = self.line(session).and_then(|line| line.id) {
            self.zookeeper.change().end(id);
            self.hand_on_watches();
        }
        self.change(session, |line| {
            line.link = Link::Down;
            line.ghosts.clear();
        });
        self.lines.retain(|line| line.name != session || line.is_heard);
    }

    fn change(&mut self, session: SessionId, how: impl FnOnce(&mut Line)) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.name == session) {
            how(line);
        }
    }

    /// Remembers what went wrong first.
    pub(crate) fn complain(&mut self, rule: &str, how: impl fmt::Display) {
        self.wrong.get_or_insert_with(|| format!("{rule}: {how}"));
    }
}

/// Which transaction made a node tells who was there first, which counts between dialects alone.
fn without_transaction(answer: ZkAnswer) -> ZkAnswer {
    let alone = |stat: ZkStat| ZkStat { czxid: 0, ..stat };
    match answer {
        ZkAnswer::Data(data, stat) => ZkAnswer::Data(data, alone(stat)),
        ZkAnswer::Stat(stat) => ZkAnswer::Stat(stat.map(alone)),
        ZkAnswer::Set(stat) => ZkAnswer::Set(alone(stat)),
        other => other,
    }
}
