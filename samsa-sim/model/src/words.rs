//! Steps, for people.

use samsa_core::{SessionId, ZkAnswer, ZkNews, ZkOp};

use crate::action::Action;
use crate::line::{Line, Link};
use crate::state::State;

impl State {
    /// What a step from here is.
    pub(crate) fn tells(&self, action: &Action) -> String {
        format!("{:>10}  {}", self.now.to_string(), self.what(action))
    }

    fn what(&self, action: &Action) -> String {
        let who = |session: &SessionId| match self.line(*session) {
            Some(Line { member, id: Some(id), .. }) => format!("m{member} (session {id:#x})"),
            Some(Line { member, .. }) => format!("m{member}"),
            None => "nobody".to_owned(),
        };
        let line = |session: &SessionId| self.line(*session);
        match action {
            Action::Joins(number) => format!("m{number} joins"),
            Action::Ticks(number) => format!("m{number}: its time has come"),
            Action::Arrives(session) => {
                let arrives = line(session).map_or_else(String::new, arrives);
                format!("zookeeper, from {}: {arrives}", who(session))
            }
            Action::IsDoneLate(session) => {
                let op = line(session).and_then(|line| line.ghosts.front()).map(describe);
                format!("zookeeper, late, from {}: {}", who(session), op.unwrap_or_default())
            }
            Action::Hears(session) => {
                let news = line(session).and_then(|line| line.inbox.front()).map(heard);
                format!("{} hears {}", who(session), news.unwrap_or_default())
            }
            Action::HearsWatch(session) => {
                let path = line(session).and_then(|line| line.watches.front()).cloned();
                format!("{} hears that {} has changed", who(session), path.unwrap_or_default())
            }
            Action::Breaks(session, done) => {
                format!("!! {} loses its connection; {done} writes under way will be done", who(session))
            }
            Action::Returns(session) => format!("{} has a connection again", who(session)),
            Action::Expires { session, is_frozen } => {
                let how = if *is_frozen { "stands still" } else { "is cut off" };
                format!("!! {} {how} until its session has ended", who(session))
            }
            Action::Ends(session) => format!("zookeeper ends the session of {}", who(session)),
            Action::Crashes(number, done) => {
                format!("!! m{number} crashes; {done} writes under way will be done")
            }
            Action::Commits(number) => format!("m{number}: its application takes messages and commits"),
            Action::Leaves(number) => format!("m{number} leaves"),
            Action::Waits => "time passes to the next deadline".to_owned(),
        }
    }
}

fn arrives(line: &Line) -> String {
    match line.requests.front() {
        _ if line.link == Link::Opening => "opens a session".to_owned(),
        Some((_, op)) => describe(op),
        None => "ends its session".to_owned(),
    }
}

fn describe(op: &ZkOp) -> String {
    let text = |data: &[u8]| String::from_utf8_lossy(data).into_owned();
    match op {
        ZkOp::Get { path, .. } => format!("reads {path}"),
        ZkOp::Exists { path, .. } => format!("asks for {path}"),
        ZkOp::Children { path, .. } => format!("lists {path}"),
        ZkOp::Create { path, ephemeral: true, .. } => format!("creates {path} for its session"),
        ZkOp::Create { path, data, .. } => format!("creates {path} with {:?}", text(data)),
        ZkOp::Set { path, data, version } => format!("sets {path} at version {version} to {:?}", text(data)),
        ZkOp::Delete { path, version } => format!("deletes {path} at version {version}"),
        ZkOp::Sync { path } => format!("syncs {path}"),
        other => format!("{other:?}"),
    }
}

fn heard(news: &ZkNews) -> String {
    match news {
        ZkNews::Reply { result: Ok(ZkAnswer::Data(data, stat)), .. } => {
            format!("{:?} of version {}", String::from_utf8_lossy(data), stat.version)
        }
        ZkNews::Reply { result: Ok(ZkAnswer::Stat(Some(stat))), .. } => {
            format!("that it is there, of session {:#x}", stat.ephemeral_owner)
        }
        ZkNews::Reply { result: Ok(answer), .. } => format!("{answer:?}"),
        ZkNews::Reply { result: Err(error), .. } => format!("that {error}"),
        ZkNews::Session { state, .. } => format!("of its session: {state:?}"),
        ZkNews::Watch { path, .. } => format!("of {path}"),
    }
}
