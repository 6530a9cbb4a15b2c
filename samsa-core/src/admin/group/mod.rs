//! Looking at groups from outside: which there are, who is in one, how far it is; and setting its offsets while nobody is in
//! it. Of those that live in ZooKeeper the [coordinator](crate::group) of the group is asked, too, where the brokers keep
//! offsets of groups; those that live on the brokers are told by [every broker](survey), and [by their
//! coordinator](on_brokers).
//!
//! Each command is a [`Task`] with a session of its own. Without ZooKeeper it opens none, and asks at once:
//!
//! | stage   | input                         | then    | emits                                             |
//! |---------|-------------------------------|---------|---------------------------------------------------|
//! | Resting | due                           | Opening | a session                                         |
//! | Opening | connected                     | Asking  | what [`listing`], [`describing`], [`resetting`] ask |
//! | Asking  | answers                       | Asking  | what they ask then, so much at once; the brokers  |
//! | Asking  | no more to ask                | -       | the reply; closes the session                     |
//! | Opening, Asking | unknown fate, expired, failed | Resting | closes the session; all begins anew       |
//! | any     | refused for good, time is over | -      | the error; closes the session                     |

mod about;
mod described;
mod describing;
mod error;
mod gathered;
mod listed;
mod listing;
mod next;
mod obstacles;
mod on_brokers;
mod resetting;
mod resetting_on_brokers;
mod survey;
mod task;
#[cfg(test)]
mod tests;
mod work;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use self::about::About;
use self::survey::Survey;
use self::task::Task;
use crate::cluster::Cluster;
use crate::command::Command;
use crate::config::Discovery;
use crate::connection::{Failure, Peer};
use crate::error::LookError;
use crate::explanation::Waiting;
use crate::group::{Answered, Coordinator};
use crate::id::{OpId, SessionId};
use crate::limits;
use crate::out::{Context, Out};
use crate::rng::Rng;
use crate::time::{Deadline, TimeLimit};
use crate::zookeeper::ZkNews;

pub use described::{GroupDescription, GroupMember, GroupPartition};
pub use error::{GroupLookError, GroupResetError};
pub use listed::{GroupHome, GroupList, ListedGroup, UntoldBroker};

/// Sessions of these commands are numbered from here; those of discovery come before, those of members after.
pub(crate) const FIRST_SESSION: u32 = 1 << 30;

/// All commands about groups, besides those of members.
#[derive(Debug)]
pub(crate) struct GroupLookup {
    rng: Rng,
    sessions: u32,
    last_token: u64,
    tasks: BTreeMap<OpId, Task>,
}

/// What concerns them.
#[derive(Debug)]
pub(crate) enum GroupLookupInput {
    Ask {
        op: OpId,
        command: Command,
        within: Duration,
    },
    Forget {
        op: OpId,
    },
    ZooKeeper(ZkNews),
    /// Who can be asked may have changed: a connection came or went, or the metadata did.
    LookAgain,
    Unreachable {
        peer: Peer,
        reason: String,
    },
    Response {
        token: u64,
        version: i16,
        frame: Bytes,
    },
    Failed {
        token: u64,
        failure: Failure,
    },
    Tick,
}

impl GroupLookup {
    pub(crate) fn new(rng: Rng) -> Self {
        Self { rng, sessions: 0, last_token: 0, tasks: BTreeMap::new() }
    }

    pub(crate) fn handle(&mut self, cx: &mut Context<'_>, cluster: &Cluster, input: GroupLookupInput) {
        match input {
            GroupLookupInput::Ask { op, command, within } => self.ask(cx, op, &command, within),
            GroupLookupInput::Forget { op } => self.forget(op, cx.out),
            GroupLookupInput::ZooKeeper(news) => self.zookeeper(cx, news),
            GroupLookupInput::Unreachable { peer, reason } => {
                for task in self.tasks.values_mut() {
                    if let Some(coordinator) = task.coordinator() {
                        coordinator.unreachable(cx.now.mono, peer, &reason);
                    }
                    if let Some(survey) = task.survey() {
                        survey.unreachable(peer, &reason);
                    }
                }
            }
            GroupLookupInput::Response { token, version, frame } => {
                if let Some(survey) = self.survey_of(token) {
                    survey.response(cx, token, version, &frame);
                }
                self.coordinator_answers(cx, token, |coordinator, cx| {
                    coordinator.response(cx, token, version, &frame)
                });
            }
            GroupLookupInput::Failed { token, failure } => {
                if let Some(survey) = self.survey_of(token) {
                    survey.failed(cx.now.mono, token, failure.reason());
                }
                self.coordinator_answers(cx, token, |coordinator, cx| {
                    coordinator.failed(cx.now.mono, token, &failure)
                });
            }
            GroupLookupInput::LookAgain | GroupLookupInput::Tick => {}
        }
        self.pump(cx, cluster);
    }

    pub(crate) fn deadline(&self) -> Option<Deadline> {
        self.tasks.values().map(Task::deadline).min()
    }

    /// Whether something is to be done that a close waits for.
    pub(crate) fn has_orders(&self) -> bool {
        self.tasks.values().any(|task| !task.is_question)
    }

    /// Ends every command.
    pub(crate) fn abort(&mut self, out: &mut Out) {
        for (op, mut task) in std::mem::take(&mut self.tasks) {
            task.close(out);
            out.complete(op, task.about.refused(LookError::Closed.into()));
        }
    }

    pub(crate) fn explain(&self, lines: &mut Vec<Waiting>) {
        lines.extend(self.tasks.values().map(Task::explain));
    }

    fn ask(&mut self, cx: &mut Context<'_>, op: OpId, command: &Command, within: Duration) {
        let Some(about) = About::of(command) else { return };
        let waiting = self.tasks.len();
        if waiting >= limits::GROUP_LOOKS {
            return cx.out.complete(op, about.refused(LookError::Busy { waiting }.into()));
        }
        let in_zookeeper = matches!(cx.config.discovery, Discovery::ZooKeeper { .. });
        match Task::new(command, about, in_zookeeper, TimeLimit::new(cx.now.mono, within)) {
            Ok(task) => _ = self.tasks.insert(op, task),
            Err(refusal) => cx.out.complete(op, refusal),
        }
    }

    fn forget(&mut self, op: OpId, out: &mut Out) {
        if self.tasks.get(&op).is_some_and(|task| task.is_question)
            && let Some(mut task) = self.tasks.remove(&op)
        {
            task.close(out);
        }
    }

    fn zookeeper(&mut self, cx: &mut Context<'_>, news: ZkNews) {
        let session = news.session();
        let task = self.tasks.values_mut().find(|task| task.session() == Some(session));
        let Some(task) = task else { return };
        let outcome = match news {
            ZkNews::Session { state, .. } => task.session_changed(&state),
            ZkNews::Reply { id, result } => task.answered(id.seq, result),
            ZkNews::Watch { .. } => Ok(()),
        };
        if let Err(trouble) = outcome {
            task.fail(trouble, cx, &mut self.rng);
        }
    }

    fn survey_of(&mut self, token: u64) -> Option<&mut Survey> {
        let mut surveys = self.tasks.values_mut().filter_map(Task::survey);
        surveys.find(|survey| survey.has_sent(token))
    }

    fn coordinator_answers(
        &mut self,
        cx: &mut Context<'_>,
        token: u64,
        answer: impl FnOnce(&mut Coordinator, &mut Context<'_>) -> Vec<Answered>,
    ) {
        let Some(task) = self.tasks.values_mut().find(|task| task.has_sent(token)) else { return };
        let Some(coordinator) = task.coordinator() else { return };
        let answered = answer(coordinator, cx);
        if let Err(trouble) = task.told(answered) {
            task.fail(trouble, cx, &mut self.rng);
        }
    }

    /// Lets each command go as far as it can.
    fn pump(&mut self, cx: &mut Context<'_>, cluster: &Cluster) {
        let session_timeout = match cx.config.discovery {
            Discovery::ZooKeeper { session_timeout, .. } => session_timeout,
            Discovery::Bootstrap(_) => Duration::ZERO,
        };
        let Self { rng, sessions, last_token, tasks } = self;
        tasks.retain(|op, task| {
            let mut begun = Ok(());
            if task.wants_session(cx.now.mono) {
                *sessions += 1;
                task.open(SessionId(FIRST_SESSION + *sessions), session_timeout, cx.out);
                begun = task.begin_without_zookeeper();
            }
            let asked = begun
                .and_then(|()| task.survey_brokers(cx, cluster, last_token, rng))
                .and_then(|()| task.ask_brokers(cx, cluster, last_token, rng));
            if let Err(trouble) = asked {
                task.fail(trouble, cx, rng);
            }
            let reply = task.settle(cx);
            let is_open = reply.is_none();
            if let Some(reply) = reply {
                cx.out.complete(*op, reply);
            }
            is_open
        });
    }
}
