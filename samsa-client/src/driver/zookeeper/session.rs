//! One ZooKeeper session.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use async_io::Timer;
use samsa_core::{SessionId, ZkError, ZkNews, ZkOp, ZkRequestId, ZkSessionState};
use samsa_proto::zookeeper::ConnectString;
use zookeeper_client::{Client, Error, OneshotWatcher, SessionState, StateWatcher};

use super::Boxed;
use super::hosted::Hosted;
use super::operation::{self, Outcome, WatchFor};
use super::stranger;

/// From the dialling to the end. Fields are dropped from the top, and the order counts: while a client is there, a
/// watch that is dropped takes itself off the server, which servers before 3.5 answer by closing the connection.
pub(crate) struct Session {
    phase: Phase,
    /// In the order of asking.
    asked: VecDeque<Asked>,
    /// Their time was over, and they may still set their watch.
    late: Vec<(WatchFor, Boxed<Outcome>)>,
    /// Rings when the first of `asked` has had its time.
    limit: Timer,
    watches: Vec<(WatchFor, Boxed<()>)>,
    hosted: Hosted,
    id: SessionId,
    timeout: Duration,
}

enum Phase {
    /// Gives the client, or why there is none.
    Opening(Boxed<Result<Client, String>>),
    Open {
        client: Client,
        change: Boxed<(SessionState, StateWatcher)>,
    },
}

struct Asked {
    id: ZkRequestId,
    watch: Option<WatchFor>,
    running: Boxed<Outcome>,
    until: Instant,
}

/// Whether there is more to come of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    GoesOn,
    Over,
}

impl Session {
    pub(crate) fn open(id: SessionId, ensemble: &ConnectString, timeout: Duration) -> Self {
        Self {
            phase: Phase::Opening(Box::pin(connect(ensemble.clone(), timeout))),
            asked: VecDeque::new(),
            late: Vec::new(),
            limit: Timer::never(),
            watches: Vec::new(),
            hosted: Hosted::default(),
            id,
            timeout,
        }
    }

    pub(crate) fn perform(&mut self, id: ZkRequestId, op: ZkOp) {
        let watch = WatchFor::of(&op);
        let mut running: Boxed<Outcome> = match &self.phase {
            Phase::Open { client, .. } => Box::pin(operation::perform(client.clone(), op)),
            Phase::Opening(..) => Box::pin(std::future::ready(Err(Error::ConnectionLoss))),
        };
        // The first poll sends it; what that gives comes again, or has failed and fails again.
        let outcome = running.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(outcome) = outcome {
            running = Box::pin(std::future::ready(outcome));
        }
        let until = Instant::now() + self.timeout;
        if self.asked.is_empty() {
            self.limit.set_at(until);
        }
        self.asked.push_back(Asked { id, watch, running, until });
    }

    /// Ends the session; what is given back says goodbye to the server.
    pub(crate) fn close(self) -> Hosted {
        self.hosted
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, news: &mut VecDeque<ZkNews>) -> Progress {
        if self.poll_opening(cx, news) == Progress::Over {
            self.end(cx, news);
            return Progress::Over;
        }
        let hosted = self.hosted.poll(cx);
        let mut progress = self.poll_change(cx, news);
        if progress == Progress::GoesOn && hosted.is_ready() && matches!(self.phase, Phase::Open { .. }) {
            news.push_back(self.told(ZkSessionState::Expired));
            progress = Progress::Over;
        }
        if progress == Progress::Over {
            self.end(cx, news);
            return progress;
        }
        self.poll_asked(cx, news);
        self.poll_late(cx);
        self.poll_watches(cx, news);
        Progress::GoesOn
    }

    fn poll_opening(&mut self, cx: &mut Context<'_>, news: &mut VecDeque<ZkNews>) -> Progress {
        let Phase::Opening(opening) = &mut self.phase else { return Progress::GoesOn };
        match self.hosted.poll_spawning(cx, opening) {
            Poll::Pending => Progress::GoesOn,
            Poll::Ready(Ok(client)) => {
                self.timeout = client.session_timeout();
                let change = next_state(client.state_watcher());
                news.push_back(self.told(connected(&client)));
                self.phase = Phase::Open { client, change };
                Progress::GoesOn
            }
            Poll::Ready(Err(why)) => {
                news.push_back(self.told(ZkSessionState::Failed(why)));
                Progress::Over
            }
        }
    }

    fn poll_change(&mut self, cx: &mut Context<'_>, news: &mut VecDeque<ZkNews>) -> Progress {
        while let Phase::Open { client, change } = &mut self.phase {
            let Poll::Ready((state, watcher)) = change.as_mut().poll(cx) else { break };
            *change = next_state(watcher);
            let told = match state {
                SessionState::Disconnected => ZkSessionState::Suspended,
                SessionState::SyncConnected | SessionState::ConnectedReadOnly => connected(client),
                SessionState::AuthFailed | SessionState::Expired | SessionState::Closed => {
                    ZkSessionState::Expired
                }
            };
            news.push_back(self.told(told));
            if state.is_terminated() {
                return Progress::Over;
            }
        }
        Progress::GoesOn
    }

    fn poll_asked(&mut self, cx: &mut Context<'_>, news: &mut VecDeque<ZkNews>) {
        while let Some(first) = self.asked.front_mut() {
            let outcome = match first.running.as_mut().poll(cx) {
                Poll::Ready(outcome) => Some(outcome),
                Poll::Pending if Pin::new(&mut self.limit).poll(cx).is_ready() => None,
                Poll::Pending => return,
            };
            let Some(Asked { id, watch, running, .. }) = self.asked.pop_front() else { return };
            if let Some(next) = self.asked.front() {
                self.limit.set_at(next.until);
            }
            let result = match outcome {
                Some(Ok((answer, watcher))) => {
                    self.watch(watch.zip(watcher));
                    Ok(answer)
                }
                Some(Err(error)) => Err(operation::refusal(error)),
                None => {
                    self.late.extend(watch.map(|watch| (watch, running)));
                    Err(ZkError::ConnectionLost)
                }
            };
            news.push_back(ZkNews::Reply { id, result });
        }
    }

    fn poll_late(&mut self, cx: &mut Context<'_>) {
        let mut set = Vec::new();
        self.late.retain_mut(|(watch, running)| match running.as_mut().poll(cx) {
            Poll::Pending => true,
            Poll::Ready(outcome) => {
                set.extend(outcome.ok().and_then(|(_, watcher)| Some((watch.clone(), watcher?))));
                false
            }
        });
        for watch in set {
            self.watch(Some(watch));
        }
    }

    fn watch(&mut self, watch: Option<(WatchFor, OneshotWatcher)>) {
        let Some((what, watcher)) = watch else { return };
        self.watches.retain(|(other, _)| *other != what);
        self.watches.push((what, Box::pin(async move { drop(watcher.changed().await) })));
    }

    fn poll_watches(&mut self, cx: &mut Context<'_>, news: &mut VecDeque<ZkNews>) {
        let session = self.id;
        self.watches.retain_mut(|(watch, changed)| {
            let fired = changed.as_mut().poll(cx).is_ready();
            if fired {
                news.push_back(ZkNews::Watch { session, path: watch.path().to_owned() });
            }
            !fired
        });
    }

    /// Answers what is open. The watches are not polled any more: theirs is a sender that is gone.
    fn end(&mut self, cx: &mut Context<'_>, news: &mut VecDeque<ZkNews>) {
        for mut asked in self.asked.drain(..) {
            let result = match asked.running.as_mut().poll(cx) {
                Poll::Ready(outcome) => outcome.map(|(answer, _)| answer).map_err(operation::refusal),
                Poll::Pending => Err(ZkError::SessionExpired),
            };
            news.push_back(ZkNews::Reply { id: asked.id, result });
        }
        for (watch, _) in &self.watches {
            news.push_back(ZkNews::Watch { session: self.id, path: watch.path().to_owned() });
        }
    }

    fn told(&self, state: ZkSessionState) -> ZkNews {
        ZkNews::Session { session: self.id, state }
    }
}

/// A client of the ensemble, or why there is none.
async fn connect(ensemble: ConnectString, timeout: Duration) -> Result<Client, String> {
    let connector =
        Client::connector().with_session_timeout(timeout).with_server_version(3, 4, 6).with_fail_eagerly();
    match connector.connect(&ensemble.to_string()).await {
        Ok(client) => Ok(client),
        Err(Error::NoHosts | Error::Timeout) => {
            let found = stranger::found(&ensemble).await;
            Err(format!("no ZooKeeper server answers at {ensemble} ({found})"))
        }
        Err(error) => Err(format!("no ZooKeeper session with {ensemble}: {error}")),
    }
}

fn connected(client: &Client) -> ZkSessionState {
    ZkSessionState::Connected { id: client.session_id().0, timeout: client.session_timeout() }
}

/// The next change of the session's state, with the watcher to wait for the one after it.
fn next_state(mut watcher: StateWatcher) -> Boxed<(SessionState, StateWatcher)> {
    Box::pin(async move {
        let state = watcher.changed().await;
        (state, watcher)
    })
}
