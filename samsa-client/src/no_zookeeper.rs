//! Where there is no ZooKeeper.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use samsa_core::{SessionId, ZkError, ZkNews, ZkOp, ZkRequestId, ZkSessionState};
use samsa_proto::zookeeper::ConnectString;

use crate::runtime::ZooKeeper;

/// No way to ZooKeeper: for clusters that are found by bootstrap. A session that is asked for fails, and says why.
#[derive(Debug, Default)]
pub struct NoZooKeeper {
    news: VecDeque<ZkNews>,
    waker: Option<Waker>,
}

impl NoZooKeeper {
    /// Wherever the ensemble may be.
    pub fn of(_ensemble: Option<&ConnectString>) -> Self {
        Self::default()
    }

    fn tell(&mut self, news: ZkNews) {
        self.news.push_back(news);
        self.waker.take().into_iter().for_each(Waker::wake);
    }
}

impl ZooKeeper for NoZooKeeper {
    fn open(&mut self, session: SessionId, _timeout: Duration) {
        let why = "this client has no way to ZooKeeper; name bootstrap brokers, or build with the feature zookeeper";
        self.tell(ZkNews::Session { session, state: ZkSessionState::Failed(why.to_owned()) });
    }

    fn perform(&mut self, id: ZkRequestId, _op: ZkOp) {
        self.tell(ZkNews::Reply { id, result: Err(ZkError::SessionExpired) });
    }

    fn close(&mut self, _session: SessionId) {}

    fn poll_news(&mut self, cx: &mut Context<'_>) -> Poll<ZkNews> {
        if self.news.is_empty() {
            self.waker = Some(cx.waker().clone());
        }
        self.news.pop_front().map_or(Poll::Pending, Poll::Ready)
    }

    fn poll_closed(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}
