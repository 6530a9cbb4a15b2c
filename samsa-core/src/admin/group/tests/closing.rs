//! Scripts over a whole engine that is closed while offsets are set.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::super::{FIRST_SESSION, GroupLookError, GroupResetError};
use crate::command::{Command, GroupReset, Reply};
use crate::config::{Config, Discovery};
use crate::engine::Engine;
use crate::error::LookError;
use crate::group::OffsetStorage;
use crate::id::{OpId, ZkRequestId};
use crate::input::Input;
use crate::intent::Intent;
use crate::offset::PartitionOffset;
use crate::time::Now;
use crate::zookeeper::{ZkAnswer, ZkError, ZkNews, ZkOp, ZkSessionState, ZkStat};

const TIMEOUT: Duration = Duration::from_secs(6);
const SECOND: Duration = Duration::from_secs(1);

struct Script {
    engine: Engine,
    now: Now,
    asked: VecDeque<(ZkRequestId, ZkOp)>,
    replies: Vec<Reply>,
}

impl Script {
    /// An order of 30 s is under way; it has a session, and waits for the answers.
    fn start() -> Self {
        let engine = Engine::new(Config::new(Discovery::ZooKeeper {
            ensemble: "zk:2181/kafka".to_owned(),
            session_timeout: TIMEOUT,
        }));
        let now = Now::default();
        let mut script = Self { engine, now, asked: VecDeque::new(), replies: Vec::new() };
        let offsets = (0..3).map(|partition| PartitionOffset { partition, offset: 9 }).collect();
        let storage = OffsetStorage::ZooKeeper;
        let reset = GroupReset { group: "g".into(), topic: "events".into(), storage, offsets };
        script.command(1, Command::ResetGroup(reset), 30 * SECOND);
        assert!(!script.asked.is_empty() && script.replies.is_empty());
        script
    }

    fn command(&mut self, op: u64, command: Command, within: Duration) {
        self.input(Input::Command { op: OpId(op), command, within });
    }

    fn closes(&mut self, within: Duration) {
        self.command(2, Command::Close, within);
        assert!(matches!(self.replies.pop(), Some(Reply::Close(0))), "no record waits");
    }

    fn input(&mut self, input: Input) {
        self.engine.handle(self.now, input);
        while let Some(intent) = self.engine.poll_intent() {
            match intent {
                Intent::OpenSession { session, .. } => {
                    let state = ZkSessionState::Connected { id: 7, timeout: TIMEOUT };
                    self.engine.handle(self.now, Input::ZooKeeper(ZkNews::Session { session, state }));
                }
                // That of discovery hears nothing.
                Intent::ZooKeeper { id, op } if id.session.0 >= FIRST_SESSION => {
                    self.asked.push_back((id, op));
                }
                Intent::Complete { reply, .. } => self.replies.push(reply),
                _ => {}
            }
        }
    }

    /// Answers until nothing is asked any more; says how many offsets were set.
    fn answers(&mut self) -> usize {
        let mut set = 0;
        while let Some((id, op)) = self.asked.pop_front() {
            let stat = ZkStat { version: 3, ..ZkStat::default() };
            let result = match op {
                ZkOp::Sync { .. } => Ok(ZkAnswer::Synced),
                ZkOp::Exists { path, .. } if path == "/consumers/g" => Ok(ZkAnswer::Stat(Some(stat))),
                ZkOp::Get { .. } => Ok(ZkAnswer::Data(b"7".to_vec(), stat)),
                ZkOp::Set { .. } => {
                    set += 1;
                    Ok(ZkAnswer::Set(stat))
                }
                ZkOp::Create { .. } => Err(ZkError::NodeExists),
                _ => Err(ZkError::NoNode),
            };
            self.input(Input::ZooKeeper(ZkNews::Reply { id, result }));
        }
        set
    }

    fn waits(&mut self) {
        self.now.mono = self.engine.deadline().expect("a deadline").at;
        self.input(Input::Tick);
    }

    fn outcome(&mut self) -> Result<(), GroupResetError> {
        let Some(Reply::ResetGroup(outcome)) = self.replies.pop() else { panic!("no answer") };
        outcome
    }
}

#[test]
fn a_close_waits_until_offsets_are_set_though_nobody_waits_for_the_answer() {
    let mut script = Script::start();
    script.input(Input::Forget { op: OpId(1) });
    script.closes(10 * SECOND);
    assert!(!script.engine.is_closed());
    assert_eq!(script.answers(), 3);
    assert_eq!(script.outcome(), Ok(()));
    assert!(script.engine.is_closed());
}

#[test]
fn a_close_gives_up_what_its_bound_leaves_no_time_for_and_that_is_answered() {
    let mut script = Script::start();
    script.closes(2 * SECOND);
    script.command(3, Command::Close, SECOND);
    script.replies.clear();
    let until = script.now.mono + SECOND;
    while !script.engine.is_closed() {
        assert!(script.replies.is_empty());
        script.waits();
    }
    assert_eq!(script.now.mono, until, "the nearest bound");
    assert_eq!(script.outcome(), Err(LookError::Closed.into()));
    assert_eq!(script.engine.deadline(), None);
}

#[test]
fn an_order_whose_own_time_is_over_holds_no_close() {
    let mut script = Script::start();
    script.closes(90 * SECOND);
    while !script.engine.is_closed() {
        script.waits();
    }
    let Err(GroupResetError::Group(GroupLookError::Look(error))) = script.outcome() else {
        panic!("it was not followed")
    };
    assert!(matches!(error, LookError::TimedOut { .. }), "{error}");
}

#[test]
fn a_close_waits_for_no_question() {
    let mut script = Script::start();
    script.answers();
    assert_eq!(script.outcome(), Ok(()));
    script.command(4, Command::Group { group: Arc::from("g"), topic: None }, 30 * SECOND);
    script.command(2, Command::Close, 10 * SECOND);
    assert!(script.engine.is_closed());
    let refused = |reply: &Reply| matches!(reply, Reply::Group(Err(GroupLookError::Look(LookError::Closed))));
    assert!(script.replies.iter().any(refused), "{:?}", script.replies);
}
