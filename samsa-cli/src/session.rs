//! What a command gets: a cluster to speak with, and what the person wants of it.

use crate::arguments::{Connection, Threads};
use crate::configuration::{self, Configuration};
use crate::failure::Failure;
use crate::place::Place;
use crate::runtime::{self, Timers};
use crate::settings;
use crate::stop::Stop;
use samsa_client::{Call, Cluster, ConnectError, Properties};

/// A client that was started, and what the person wants of it.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) cluster: Cluster,
    pub(crate) properties: Properties,
    pub(crate) json: bool,
    pub(crate) stop: Stop,
    pub(crate) timers: Timers,
}

impl Connection {
    /// Starts a client, runs a command with it, and closes it.
    pub(crate) fn run(
        self,
        threads: Threads,
        json: bool,
        command: impl AsyncFnOnce(&Session) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let configuration = Configuration::load()?;
        let typed = self.zookeeper.map(Place::ZooKeeper).or(self.bootstrap.map(Place::Bootstrap));
        let place = Place::find(typed, configuration.place);
        let place = place.ok_or_else(|| Failure::Usage(configuration::no_cluster()))?;
        let settings = configuration.settings.iter().chain(&self.settings);
        let properties = settings::properties(settings).map_err(Failure::Usage)?;
        let stop = Stop::on_signal()?;
        runtime::run(self.runtime, threads, &place, &properties, async |cluster, timers| {
            Session { cluster, properties: properties.clone(), json, stop, timers }.run(command).await
        })
    }
}

impl Session {
    async fn run(self, command: impl AsyncFnOnce(&Self) -> Result<(), Failure>) -> Result<(), Failure> {
        let done = command(&self).await;
        let closed = self.cluster.close().await;
        done.and(closed.map_err(Failure::from))
    }

    /// Waits until the cluster was seen.
    pub(crate) async fn connect(&self) -> Result<(), Failure> {
        let connected = self.cluster.connected().within(self.properties.api_timeout());
        let seen = self.stop.or(connected).await;
        let seen = seen.ok_or_else(|| Failure::interrupted("connecting"))?;
        Ok(seen.map_err(ConnectError::from)?)
    }

    /// Waits for the answer to a question.
    pub(crate) async fn ask<T, E>(&self, question: Call<Result<T, E>>) -> Result<T, Failure>
    where
        Failure: From<E>,
    {
        let answer = self.stop.or(question.within(self.properties.api_timeout())).await;
        Ok(answer.ok_or_else(|| Failure::interrupted("waiting for an answer"))??)
    }
}
