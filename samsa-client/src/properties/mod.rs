//! Settings by the names that Java's clients and librdkafka use.

mod no_difference;
mod refused;
mod table;
mod values;

use std::time::Duration;

use samsa_core::{Config, Discovery};

/// What can be said of a client by the names that Java's clients and librdkafka use, as from a file of properties.
///
/// Times are in milliseconds, sizes in bytes. A name that is not known is an error that tells the nearest one that is; so
/// is one whose effect is not to be had here, as `security.protocol=SSL`. What makes no difference here, as
/// `key.serializer`, is passed over: [`ignored`](Self::ignored) says why. Every name that Java's producer and consumer of 4.4.0
/// and librdkafka 2.15 have is known in one of these ways.
///
/// The members of a group in ZooKeeper live by the session there: for them `session.timeout.ms` is
/// `zookeeper.session.timeout.ms`, unless that is said, too. `max.poll.interval.ms` is how long others wait for a member in a
/// rebalance, and nothing else: a member may take as long as it likes for a message. Of `partition.assignment.strategy` the first
/// counts, and where coordinators share out it is what they are asked for, as with `group.remote.assignor`.
///
/// `retries=0` is [`Retries::OnlyNotSent`](samsa_core::Retries::OnlyNotSent), and any other number the default. It goes together
/// with `enable.idempotence=true`, which Java and librdkafka refuse: idempotence stores a retry once where brokers have it, and
/// elsewhere nothing is sent again that may be stored.
///
/// ```
/// use samsa_client::Properties;
///
/// let mut properties = Properties::default();
/// properties.set("linger.ms", "5")?;
/// properties.set("key.serializer", "org.apache.kafka.common.serialization.StringSerializer")?;
/// assert_eq!(properties.config().publish.linger.as_millis(), 5);
/// assert_eq!(properties.ignored()[0].name, "key.serializer");
///
/// let error = properties.set("linger", "5").unwrap_err();
/// assert_eq!(error.to_string(), "there is no setting \"linger\"; the nearest is linger.ms");
/// # Ok::<(), samsa_client::PropertyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Properties {
    pub(crate) config: Config,
    pub(crate) way: Option<Way>,
    session_timeout: Option<Duration>,
    zookeeper_session_timeout: Option<Duration>,
    ignored: Vec<IgnoredProperty>,
}

/// How the cluster is found, in the words of the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    ZooKeeper(String),
    Bootstrap(String),
}

/// A setting that makes no difference here, or not in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoredProperty {
    /// Its name.
    pub name: String,
    /// Why.
    pub why: &'static str,
}

/// Why a setting is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PropertyError {
    /// There is none of this name.
    #[error("there is no setting {name:?}; the nearest is {nearest}")]
    Unknown {
        /// The name.
        name: String,
        /// One that there is.
        nearest: &'static str,
    },
    /// What it asks for is not to be had.
    #[error("{name}={value}: {why}")]
    Unsupported {
        /// The name.
        name: String,
        /// The value.
        value: String,
        /// Why.
        why: &'static str,
    },
    /// It cannot have this value.
    #[error("{name}: {why}")]
    Value {
        /// The name.
        name: String,
        /// What it can be.
        why: String,
    },
    /// No setting says where the cluster is.
    #[error("neither bootstrap.servers nor zookeeper.connect says where the cluster is")]
    NoCluster,
}

impl Default for Properties {
    fn default() -> Self {
        Self {
            config: Config::new(Discovery::Bootstrap(Vec::new())),
            way: None,
            session_timeout: None,
            zookeeper_session_timeout: None,
            ignored: Vec::new(),
        }
    }
}

impl Properties {
    /// That of sessions in ZooKeeper.
    pub(crate) fn zookeeper_session_timeout(&self) -> Option<Duration> {
        self.zookeeper_session_timeout.or(self.session_timeout)
    }

    /// Sets one. The last of a name wins.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), PropertyError> {
        let value = value.trim();
        if let Some(property) = table::property(name) {
            let set = (property.set)(self, value);
            set.map_err(|why| PropertyError::Value { name: name.to_owned(), why })?;
            self.ignore(name, (property.not_in_full)(value));
            return Ok(());
        }
        if let Some(why) = table::why_ignored(name, value) {
            self.ignore(name, Some(why));
            return Ok(());
        }
        if let Some(why) = table::why_unsupported(name) {
            return Err(PropertyError::Unsupported { name: name.to_owned(), value: value.to_owned(), why });
        }
        Err(PropertyError::Unknown { name: name.to_owned(), nearest: table::nearest(name) })
    }

    /// The last of a name wins here too.
    fn ignore(&mut self, name: &str, why: Option<&'static str>) {
        self.ignored.retain(|ignored| ignored.name != name);
        self.ignored.extend(why.map(|why| IgnoredProperty { name: name.to_owned(), why }));
    }

    /// Sets all of them.
    pub fn of<N: AsRef<str>, V: AsRef<str>>(
        all: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, PropertyError> {
        let mut properties = Self::default();
        for (name, value) in all {
            properties.set(name.as_ref(), value.as_ref())?;
        }
        Ok(properties)
    }

    /// The names of the settings that make a difference here. Where Java and librdkafka differ, Java's.
    pub fn names() -> impl Iterator<Item = &'static str> {
        table::names()
    }

    /// What was passed over, and why.
    pub fn ignored(&self) -> &[IgnoredProperty] {
        &self.ignored
    }

    /// What came of it.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The longest that a question may take, connecting included (`default.api.timeout.ms`). Default 30 s.
    pub fn api_timeout(&self) -> Duration {
        self.config.api_timeout
    }
}

#[cfg(test)]
mod tests;
