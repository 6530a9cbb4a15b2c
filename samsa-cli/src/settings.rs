//! Settings by the names that Java's clients and librdkafka use.

use std::str::FromStr;
use std::time::Duration;

use samsa_client::{Acks, Builder, Compression, Config, Discovery, FetchConfig, Isolation, Launch, Offset};

/// Everything that can be set about a client, with its defaults.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    config: Config,
    pub(crate) fetch: FetchConfig,
    zookeeper_session: Option<Duration>,
    /// The longest that a question to the cluster may take, connecting included.
    pub(crate) patience: Duration,
}

/// A setting that is known, with a value that it can have.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    property: &'static Property,
    value: String,
}

type Set = fn(&mut Settings, &str) -> Result<(), String>;

#[derive(Debug)]
struct Property {
    /// The first is the one to be told about, the others are as good.
    names: &'static [&'static str],
    set: Set,
}

const fn property(names: &'static [&'static str], set: Set) -> Property {
    Property { names, set }
}

const PROPERTIES: &[Property] = &[
    property(&["client.id"], |to, value| set(&mut to.config.client_id, Ok(value.to_owned()))),
    property(&["acks", "request.required.acks"], |to, value| set(&mut to.config.publish.acks, acks(value))),
    property(&["enable.idempotence"], |to, value| set(&mut to.config.publish.idempotence, flag(value))),
    property(&["compression.type", "compression.codec"], |to, value| {
        set(&mut to.config.publish.compression, compression(value))
    }),
    property(&["linger.ms", "queue.buffering.max.ms"], |to, value| {
        set(&mut to.config.publish.linger, millis(value))
    }),
    property(&["batch.size"], |to, value| set(&mut to.config.publish.batch_bytes, bytes(value))),
    property(&["buffer.memory"], |to, value| set(&mut to.config.publish.buffer_bytes, bytes(value))),
    property(&["max.request.size", "message.max.bytes"], |to, value| {
        set(&mut to.config.publish.message_bytes, bytes(value))
    }),
    property(&["delivery.timeout.ms", "message.timeout.ms"], |to, value| {
        set(&mut to.config.publish.delivery_timeout, millis(value))
    }),
    property(&["request.timeout.ms", "socket.timeout.ms"], |to, value| {
        set(&mut to.config.request_timeout, millis(value))
    }),
    property(&["default.api.timeout.ms"], |to, value| set(&mut to.patience, millis(value))),
    property(&["socket.connection.setup.timeout.ms"], |to, value| {
        set(&mut to.config.connect_timeout, millis(value))
    }),
    property(&["retry.backoff.ms"], |to, value| set(&mut to.config.retry_backoff.first, millis(value))),
    property(&["retry.backoff.max.ms"], |to, value| set(&mut to.config.retry_backoff.most, millis(value))),
    property(&["reconnect.backoff.ms"], |to, value| set(&mut to.config.dial_backoff.first, millis(value))),
    property(&["reconnect.backoff.max.ms"], |to, value| set(&mut to.config.dial_backoff.most, millis(value))),
    property(&["metadata.max.age.ms", "topic.metadata.refresh.interval.ms"], |to, value| {
        set(&mut to.config.metadata_max_age, millis(value))
    }),
    property(&["fetch.max.bytes"], |to, value| set(&mut to.fetch.response_bytes, bytes(value))),
    property(&["max.partition.fetch.bytes", "fetch.message.max.bytes"], |to, value| {
        set(&mut to.fetch.partition_bytes, bytes(value))
    }),
    property(&["fetch.max.wait.ms", "fetch.wait.max.ms"], |to, value| {
        set(&mut to.fetch.max_wait, millis(value))
    }),
    property(&["isolation.level"], |to, value| set(&mut to.fetch.isolation, isolation(value))),
    property(&["auto.offset.reset"], |to, value| set(&mut to.fetch.reset, reset(value))),
    property(&["zookeeper.session.timeout.ms"], |to, value| {
        set(&mut to.zookeeper_session, millis(value).map(Some))
    }),
];

/// Names that are no settings here, and what to write instead.
const ELSEWHERE: &[(&str, &str)] = &[
    ("bootstrap.servers", "--bootstrap"),
    ("metadata.broker.list", "--bootstrap"),
    ("zookeeper.connect", "--zookeeper"),
];

/// The names that help tells about.
#[cfg(test)]
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    PROPERTIES.iter().map(|property| property.names[0])
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            config: Config::new(Discovery::Bootstrap(Vec::new())),
            fetch: FetchConfig::default(),
            zookeeper_session: None,
            patience: Duration::from_secs(30),
        }
    }
}

impl Settings {
    /// Defaults, and these over them; the last of a name wins.
    pub(crate) fn of<'a>(all: impl IntoIterator<Item = &'a Setting>) -> Result<Self, String> {
        let mut settings = Self::default();
        all.into_iter().try_for_each(|setting| (setting.property.set)(&mut settings, &setting.value))?;
        Ok(settings)
    }

    /// The same, for a client.
    pub(crate) fn apply<L: Launch>(&self, builder: Builder<L>) -> Builder<L> {
        let builder = match self.zookeeper_session {
            Some(timeout) => builder.session_timeout(timeout),
            None => builder,
        };
        builder.configure(|config| *config = Config { seed: config.seed, ..self.config.clone() })
    }

    /// The largest message that a client with these settings takes.
    pub(crate) fn message_bytes(&self) -> usize {
        self.config.publish.message_bytes
    }
}

impl Setting {
    /// A name, and a value for it.
    pub(crate) fn new(name: &str, value: &str) -> Result<Self, String> {
        let known = PROPERTIES.iter().find(|property| property.names.contains(&name));
        let property = known.ok_or_else(|| unknown(name))?;
        let setting = Self { property, value: value.to_owned() };
        Settings::of([&setting]).map_err(|why| format!("{name}: {why}"))?;
        Ok(setting)
    }
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("write NAME=VALUE, as in linger.ms=5")?;
        Self::new(name.trim(), value.trim())
    }
}

fn unknown(name: &str) -> String {
    if let Some((_, option)) = ELSEWHERE.iter().find(|(known, _)| *known == name) {
        return format!("{name} is given by {option}");
    }
    let names = PROPERTIES.iter().flat_map(|property| property.names);
    let nearest = names.max_by(|a, b| {
        let [a, b] = [a, b].map(|known| strsim::normalized_damerau_levenshtein(name, known));
        a.total_cmp(&b)
    });
    let nearest = nearest.copied().unwrap_or_default();
    format!("there is no setting {name:?} here; the nearest is {nearest}, and samsa --help has them all")
}

fn set<T>(field: &mut T, value: Result<T, String>) -> Result<(), String> {
    *field = value?;
    Ok(())
}

fn millis(value: &str) -> Result<Duration, String> {
    let millis = value.parse().map_err(|_| format!("{value:?} is not a whole number of milliseconds"))?;
    Ok(Duration::from_millis(millis))
}

fn bytes(value: &str) -> Result<usize, String> {
    let bytes = value.parse().ok().filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| format!("{value:?} is not a number of bytes above 0"))
}

fn acks(value: &str) -> Result<Acks, String> {
    match value {
        "all" | "-1" => Ok(Acks::All),
        "1" => Ok(Acks::Leader),
        _ => Err(format!("{value:?} is not all (every in-sync replica) or 1 (the leader alone)")),
    }
}

fn flag(value: &str) -> Result<bool, String> {
    value.parse().map_err(|_| format!("{value:?} is not true or false"))
}

fn isolation(value: &str) -> Result<Isolation, String> {
    match value {
        "read_committed" => Ok(Isolation::ReadCommitted),
        "read_uncommitted" => Ok(Isolation::ReadUncommitted),
        _ => Err(format!("{value:?} is not read_committed or read_uncommitted")),
    }
}

fn reset(value: &str) -> Result<Option<Offset>, String> {
    match value {
        "earliest" | "smallest" | "beginning" => Ok(Some(Offset::Earliest)),
        "latest" | "largest" | "end" => Ok(Some(Offset::Latest)),
        "none" | "error" => Ok(None),
        _ => Err(format!("{value:?} is not earliest, latest or none")),
    }
}

fn compression(value: &str) -> Result<Compression, String> {
    match value {
        "none" => Ok(Compression::None),
        "gzip" => Ok(Compression::Gzip),
        "snappy" => Ok(Compression::Snappy),
        "lz4" => Ok(Compression::Lz4),
        "zstd" => Ok(Compression::Zstd),
        _ => Err(format!("{value:?} is not none, gzip, snappy, lz4 or zstd")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(all: &[&str]) -> Settings {
        let all: Vec<Setting> = all.iter().map(|text| text.parse().unwrap()).collect();
        Settings::of(&all).unwrap()
    }

    fn refusal(text: &str) -> String {
        text.parse::<Setting>().unwrap_err()
    }

    #[test]
    fn the_usual_names_set_what_they_say() {
        let settings = settings(&["linger.ms=5", "acks=1", "compression.type=lz4", "fetch.max.bytes=1000"]);
        let publish = &settings.config.publish;
        assert_eq!(publish.linger, Duration::from_millis(5));
        assert_eq!((publish.acks, publish.compression), (Acks::Leader, Compression::Lz4));
        assert_eq!(settings.fetch.response_bytes, 1000);
    }

    #[test]
    fn what_is_read_and_where_to_read_on_can_be_set() {
        let fetch = settings(&["isolation.level=read_uncommitted", "auto.offset.reset=latest"]).fetch;
        assert_eq!((fetch.isolation, fetch.reset), (Isolation::ReadUncommitted, Some(Offset::Latest)));
        assert_eq!(settings(&["auto.offset.reset=none"]).fetch, FetchConfig::default());
        assert!(refusal("isolation.level=all").contains("read_committed"));
    }

    #[test]
    fn the_names_of_librdkafka_are_as_good() {
        let java = settings(&["linger.ms=7", "fetch.max.wait.ms=9", "delivery.timeout.ms=11"]);
        let theirs = settings(&["queue.buffering.max.ms=7", "fetch.wait.max.ms=9", "message.timeout.ms=11"]);
        assert_eq!((java.config, java.fetch), (theirs.config, theirs.fetch));
    }

    #[test]
    fn nothing_set_is_the_librarys_own_default() {
        assert_eq!(settings(&[]).config, Config::new(Discovery::Bootstrap(Vec::new())));
        assert_eq!(settings(&[]).fetch, FetchConfig::default());
    }

    #[test]
    fn the_last_of_a_name_wins() {
        let settings = settings(&["linger.ms=5", "linger.ms=6"]);
        assert_eq!(settings.config.publish.linger, Duration::from_millis(6));
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest_known_one() {
        for (text, nearest) in [
            ("linger=5", "linger.ms"),
            ("compresion.type=lz4", "compression.type"),
            ("fetch.max.wait=1", "fetch.max.wait.ms"),
            ("delivery-timeout-ms=1", "delivery.timeout.ms"),
        ] {
            assert!(refusal(text).contains(&format!("the nearest is {nearest},")), "{}", refusal(text));
        }
    }

    #[test]
    fn a_value_that_cannot_be_is_refused_with_the_name() {
        for text in ["linger.ms=soon", "batch.size=0", "acks=0", "compression.type=rar", "linger.ms=-1"] {
            let name = text.split('=').next().unwrap();
            assert!(refusal(text).starts_with(&format!("{name}: ")), "{}", refusal(text));
        }
        assert!(refusal("linger.ms").contains("NAME=VALUE"));
    }

    #[test]
    fn where_the_cluster_is_has_an_option_of_its_own() {
        assert_eq!(refusal("bootstrap.servers=k1:9092"), "bootstrap.servers is given by --bootstrap");
    }

    #[test]
    fn no_name_means_two_things() {
        let mut names: Vec<_> = PROPERTIES.iter().flat_map(|property| property.names).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
