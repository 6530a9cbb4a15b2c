//! One operation, in the words of zookeeper-client.

use samsa_core::{ZkAnswer, ZkError, ZkOp, ZkStat};
use zookeeper_client::{Acls, Client, CreateMode, Error, OneshotWatcher, Stat};

/// An answer, and the watch that was asked for.
pub(crate) type Outcome = Result<(ZkAnswer, Option<OneshotWatcher>), Error>;

/// What a watch waits for: a second one for the same takes the place of the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WatchFor {
    Data(String),
    Existence(String),
    Children(String),
}

impl WatchFor {
    /// The watch that an operation asks for.
    pub(crate) fn of(op: &ZkOp) -> Option<Self> {
        match op {
            ZkOp::Get { path, watch: true } => Some(Self::Data(path.clone())),
            ZkOp::Exists { path, watch: true } => Some(Self::Existence(path.clone())),
            ZkOp::Children { path, watch: true } => Some(Self::Children(path.clone())),
            _ => None,
        }
    }

    pub(crate) fn path(&self) -> &str {
        let (Self::Data(path) | Self::Existence(path) | Self::Children(path)) = self;
        path
    }
}

/// Performs it. The request is on its way after the first poll.
pub(crate) async fn perform(client: Client, op: ZkOp) -> Outcome {
    match op {
        ZkOp::Get { path, watch: false } => {
            let (data, stat) = client.get_data(&path).await?;
            Ok((ZkAnswer::Data(data, known(stat)), None))
        }
        ZkOp::Get { path, watch: true } => {
            let (data, stat, watcher) = client.get_and_watch_data(&path).await?;
            Ok((ZkAnswer::Data(data, known(stat)), Some(watcher)))
        }
        ZkOp::Exists { path, watch: false } => {
            let stat = client.check_stat(&path).await?;
            Ok((ZkAnswer::Stat(stat.map(known)), None))
        }
        ZkOp::Exists { path, watch: true } => {
            let (stat, watcher) = client.check_and_watch_stat(&path).await?;
            Ok((ZkAnswer::Stat(stat.map(known)), Some(watcher)))
        }
        ZkOp::Children { path, watch: false } => {
            Ok((ZkAnswer::Children(client.list_children(&path).await?), None))
        }
        ZkOp::Children { path, watch: true } => {
            let (children, watcher) = client.list_and_watch_children(&path).await?;
            Ok((ZkAnswer::Children(children), Some(watcher)))
        }
        other => change(client, other).await.map(|answer| (answer, None)),
    }
}

async fn change(client: Client, op: ZkOp) -> Result<ZkAnswer, Error> {
    match op {
        ZkOp::Create { path, data, ephemeral } => {
            let mode = if ephemeral { CreateMode::Ephemeral } else { CreateMode::Persistent };
            client.create(&path, &data, &mode.with_acls(Acls::anyone_all())).await?;
            Ok(ZkAnswer::Created)
        }
        ZkOp::Set { path, data, version } => {
            Ok(ZkAnswer::Set(known(client.set_data(&path, &data, Some(version)).await?)))
        }
        ZkOp::Delete { path, version } => {
            client.delete(&path, Some(version)).await?;
            Ok(ZkAnswer::Deleted)
        }
        ZkOp::Sync { path } => {
            client.sync(&path).await?;
            Ok(ZkAnswer::Synced)
        }
        _ => Err(Error::Unimplemented),
    }
}

fn known(stat: Stat) -> ZkStat {
    ZkStat { version: stat.version, czxid: stat.czxid, ephemeral_owner: stat.ephemeral_owner }
}

/// An error as the engine knows it. What is not a definite refusal may have been done.
pub(crate) fn refusal(error: Error) -> ZkError {
    match error {
        Error::NoNode => ZkError::NoNode,
        Error::NodeExists => ZkError::NodeExists,
        Error::BadVersion => ZkError::BadVersion,
        Error::NotEmpty => ZkError::NotEmpty,
        Error::NoAuth => ZkError::NoAuth,
        Error::SessionExpired | Error::SessionMoved | Error::ClientClosed | Error::AuthFailed => {
            ZkError::SessionExpired
        }
        Error::ConnectionLoss
        | Error::Timeout
        | Error::Custom(_)
        | Error::UnexpectedError(_)
        | Error::UnmarshalError { .. } => {
            tracing::debug!(%error, "a ZooKeeper operation has an unknown fate");
            ZkError::ConnectionLost
        }
        other => ZkError::Other(other.to_string()),
    }
}
