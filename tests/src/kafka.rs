//! Real brokers of one cluster, with their ZooKeeper where they have one.

use std::{collections::BTreeSet, ops::Range, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    Mode, Release, error::Error, jvm::Jvm, node::Node, scratch::Scratch, tls::Tls, zookeeper::ZooKeeper,
};

/// What a small cluster has to be told. Older releases pass over what they do not know.
const SMALL: &str = "\
num.partitions=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
zookeeper.session.timeout.ms=6000
zookeeper.connection.timeout.ms=60000
";

/// The id of the first controller that is a process of its own.
const CONTROLLER: usize = 100;

/// What a cluster is made of.
#[derive(Debug, Clone, Copy)]
pub struct Shape<'a> {
    /// Brokers, from id 1. In ZooKeeper mode there may be none.
    pub brokers: usize,
    /// In ZooKeeper mode: what brokers are, from id 1 on, where that is another release than the cluster's; as many as are said.
    pub releases: &'a [Release],
    /// In KRaft mode, beside several brokers: controllers, which are processes of their own.
    pub controllers: usize,
    /// In ZooKeeper mode: where in it the brokers register themselves, as `/kafka`; empty for its root.
    pub chroot: &'static str,
    /// `HOST:PORT` where brokers say that they are, if that is not where they listen. In ZooKeeper mode one that its controller
    /// does not reach there never hears of its cluster; it is waited for until it has started.
    pub advertised: Option<&'a str>,
    /// Whether broker 1 has a listener that speaks TLS beside its other one.
    pub tls: bool,
    /// Further lines for `server.properties`.
    pub properties: &'a [(&'a str, &'a str)],
}

impl Default for Shape<'_> {
    fn default() -> Self {
        Self {
            brokers: 1,
            releases: &[],
            controllers: 1,
            chroot: "",
            advertised: None,
            tls: false,
            properties: &[],
        }
    }
}

/// A cluster on loopback with its data in a directory of its own: one broker, unless said otherwise, with id 1. Everything goes on
/// drop, and with the process that started it, however that ends.
#[derive(Debug)]
pub struct RealKafka {
    release: Release,
    jvm: Jvm,
    brokers: Vec<Node>,
    zookeeper: Option<ZooKeeper>,
    chroot: &'static str,
    /// In KRaft mode: beside one broker only the port of one is used.
    controllers: Vec<Node>,
    tls: Option<Tls>,
    _scratch: Scratch,
}

impl RealKafka {
    /// Starts a broker of `release`, after fetching its jars when they are not cached, and waits until it serves.
    pub fn start(release: Release) -> Result<Self, Error> {
        Self::start_with(release, &[])
    }

    /// The same with further lines for `server.properties`; `{id}` in a value stands for the broker's id.
    pub fn start_with(release: Release, properties: &[(&str, &str)]) -> Result<Self, Error> {
        Self::start_many(release, 1, properties)
    }

    /// The same with so many brokers, from id 1. In KRaft mode several brokers have a controller beside them.
    pub fn start_many(release: Release, brokers: usize, properties: &[(&str, &str)]) -> Result<Self, Error> {
        Self::start_as(release, Shape { brokers, properties, ..Shape::default() })
    }

    /// The same in another shape.
    pub fn start_as(release: Release, shape: Shape<'_>) -> Result<Self, Error> {
        let jvm = Jvm::of(release, "leash")?;
        let scratch = Scratch::new()?;
        let within = scratch.path();
        let (zookeeper, controllers) = match release.mode {
            Mode::ZooKeeper => (Some(ZooKeeper::start(&release, &jvm, within)?), 0),
            Mode::KRaft => (None, shape.controllers),
        };
        let release_of = |id: usize| shape.releases.get(id - 1).copied().unwrap_or(release);
        let nodes = |ids: Range<usize>| -> Result<Vec<Node>, Error> {
            let is_elsewhere = shape.advertised.is_some();
            ids.map(|id| Node::new(release_of(id), id, within, is_elsewhere)).collect()
        };
        let brokers = nodes(1..1 + shape.brokers)?;
        let controllers = nodes(CONTROLLER..CONTROLLER + controllers)?;
        let (chroot, tls) = (shape.chroot, shape.tls.then(|| Tls::make(within)).transpose()?);
        let kafka = Self { release, jvm, brokers, zookeeper, chroot, controllers, tls, _scratch: scratch };
        kafka.write_properties(&shape)?;
        kafka.start_nodes()?;
        Ok(kafka)
    }

    /// The release that runs.
    pub fn release(&self) -> Release {
        self.release
    }

    /// `HOST:PORT` of each broker, with commas between.
    pub fn bootstrap(&self) -> String {
        let addresses = (1..=self.brokers.len()).map(|broker| self.address(broker));
        addresses.collect::<Vec<_>>().join(",")
    }

    /// `HOST:PORT` of a broker.
    pub fn address(&self, broker: usize) -> String {
        format!("127.0.0.1:{}", self.broker(broker).port.number)
    }

    /// `HOST:PORT` of the listener of broker 1 that speaks TLS, if there is one.
    pub fn tls_address(&self) -> Option<String> {
        self.tls.as_ref().map(|tls| format!("127.0.0.1:{}", tls.port.number))
    }

    /// The connect string of its ZooKeeper, with the chroot; `None` in KRaft mode.
    pub fn zookeeper(&self) -> Option<String> {
        self.zookeeper_server().map(|server| format!("{server}{}", self.chroot))
    }

    /// `HOST:PORT` of its ZooKeeper; `None` in KRaft mode.
    pub fn zookeeper_server(&self) -> Option<String> {
        self.zookeeper.as_ref().map(|zookeeper| format!("127.0.0.1:{}", zookeeper.port.number))
    }

    /// [`kill`](Self::kill)s broker 1.
    pub fn kill_broker(&self) {
        self.kill(1);
    }

    /// [`restart`](Self::restart)s broker 1.
    pub fn restart_broker(&self) -> Result<(), Error> {
        self.restart(1)
    }

    /// The operating system's id of the process of broker 1, while it runs.
    pub fn broker_process(&self) -> Option<u32> {
        self.broker(1).process_id()
    }

    /// Kills a broker (`SIGKILL`) and waits until its process is gone. Its data and its port stay.
    pub fn kill(&self, broker: usize) {
        self.broker(broker).kill();
    }

    /// Starts a broker on the same port with the same data, after killing it if it runs, and waits until it serves.
    ///
    /// In ZooKeeper mode it waits for the end of the killed broker's session first: a broker that starts before that ends at once,
    /// and one of 0.8 lives on without a controller (KAFKA-1724).
    pub fn restart(&self, broker: usize) -> Result<(), Error> {
        self.kill_for_good(broker)?;
        let node = self.broker(broker);
        node.start()?;
        node.wait_until_it_serves()
    }

    /// Kills a broker as [`kill`](Self::kill) does, and waits until ZooKeeper, where there is one, knows it no more.
    pub fn kill_for_good(&self, broker: usize) -> Result<(), Error> {
        self.kill(broker);
        let registration = format!("{}/brokers/ids/{broker}", self.chroot);
        self.zookeeper.as_ref().map_or(Ok(()), |zookeeper| zookeeper.wait_until_gone(&registration))
    }

    /// Has a broker stand still (`SIGSTOP`): it keeps its connections and answers nothing.
    pub fn freeze(&self, broker: usize) -> Result<(), Error> {
        self.broker(broker).signal("STOP")
    }

    /// Has a frozen broker go on (`SIGCONT`).
    pub fn thaw(&self, broker: usize) -> Result<(), Error> {
        self.broker(broker).signal("CONT")
    }

    /// Has ZooKeeper stand still (`SIGSTOP`), where there is one: it keeps its connections and answers nothing.
    pub fn freeze_zookeeper(&self) -> Result<(), Error> {
        self.zookeeper.as_ref().map_or(Ok(()), |zookeeper| zookeeper.signal("STOP"))
    }

    /// Has a frozen ZooKeeper go on (`SIGCONT`).
    pub fn thaw_zookeeper(&self) -> Result<(), Error> {
        self.zookeeper.as_ref().map_or(Ok(()), |zookeeper| zookeeper.signal("CONT"))
    }

    /// Kills ZooKeeper (`SIGKILL`), where there is one, and starts it on the same port with the same data; waits until it serves.
    pub fn restart_zookeeper(&self) -> Result<(), Error> {
        self.zookeeper.as_ref().map_or(Ok(()), |zookeeper| zookeeper.restart(&self.jvm))
    }

    /// The ids of the sessions with this timeout that are connected to ZooKeeper now.
    pub fn zookeeper_sessions(&self, timeout: Duration) -> BTreeSet<String> {
        self.zookeeper.as_ref().map(|zookeeper| zookeeper.sessions(timeout)).unwrap_or_default()
    }

    /// The timeout that a session of ZooKeeper was granted; `None` if that is not connected now.
    pub fn zookeeper_session_timeout(&self, session: i64) -> Option<Duration> {
        self.zookeeper.as_ref()?.session_timeout(session)
    }

    /// The tick of ZooKeeper, to a multiple of which the end of a session is put off.
    pub fn zookeeper_tick(&self) -> Option<Duration> {
        self.zookeeper.as_ref()?.tick()
    }

    /// Kills a controller (`SIGKILL`) that is a process of its own, the first of which is 1.
    pub fn kill_controller(&self, controller: usize) {
        self.own_controllers()[controller - 1].kill();
    }

    /// Starts a killed controller on the same port with the same data, and waits for nothing.
    pub fn restart_controller(&self, controller: usize) -> Result<(), Error> {
        self.own_controllers()[controller - 1].start()
    }

    fn broker(&self, id: usize) -> &Node {
        &self.brokers[id - 1]
    }

    /// The controllers that are processes of their own.
    fn own_controllers(&self) -> &[Node] {
        if self.brokers.len() > 1 { &self.controllers } else { &[] }
    }

    fn start_nodes(&self) -> Result<(), Error> {
        let all: Vec<&Node> = self.own_controllers().iter().chain(&self.brokers).collect();
        if self.release.mode == Mode::KRaft {
            let cluster = URL_SAFE_NO_PAD.encode(format!("samsa-{:010}", std::process::id()));
            all.iter().try_for_each(|node| node.format(&cluster))?;
        }
        all.iter().try_for_each(|node| node.start())?;
        self.brokers.iter().try_for_each(Node::wait_until_it_serves)
    }

    fn write_properties(&self, shape: &Shape<'_>) -> Result<(), Error> {
        for node in self.brokers.iter().chain(self.own_controllers()) {
            let mut properties = vec![("log.dirs", node.file("data").display().to_string())];
            match self.zookeeper() {
                None => properties.extend(kraft(node, &self.controllers, self.brokers.len())),
                Some(zookeeper) => {
                    properties.extend(node.release.address(node.port.number));
                    properties.push(("broker.id", node.id.to_string()));
                    properties.push(("zookeeper.connect", zookeeper));
                }
            }
            if let Some(tls) = self.tls.as_ref().filter(|_| node.id == 1) {
                tls.add_to(&mut properties);
            }
            if let Some(address) = shape.advertised.filter(|_| node.id < CONTROLLER) {
                properties.push(("advertised.listeners", format!("PLAINTEXT://{address}")));
            }
            let mut text = SMALL.to_owned();
            let properties = properties.iter().map(|(name, value)| (*name, value.as_str()));
            properties.chain(shape.properties.iter().copied()).for_each(|(name, value)| {
                text.extend([name, "=", &value.replace("{id}", &node.id.to_string()), "\n"]);
            });
            node.write_properties(&text)?;
        }
        Ok(())
    }
}

/// The properties of a process that is broker, controller or both at once: of one broker, which has the port of the first
/// controller too.
fn kraft(node: &Node, controllers: &[Node], brokers: usize) -> Vec<(&'static str, String)> {
    let is_controller = node.id >= CONTROLLER;
    let at = |controller: &Node| format!("127.0.0.1:{}", controller.port.number);
    let voter = |voter: &Node| match brokers {
        1 => format!("{}@{}", node.id, at(voter)),
        _ => format!("{}@{}", voter.id, at(voter)),
    };
    let voters = controllers.iter().map(voter).collect::<Vec<_>>().join(",");
    let served = format!("PLAINTEXT://127.0.0.1:{}", node.port.number);
    let (roles, listeners) = match (is_controller, controllers) {
        (true, _) => ("controller", format!("CONTROLLER://{}", at(node))),
        (false, [first, ..]) if brokers == 1 => {
            ("broker,controller", format!("{served},CONTROLLER://{}", at(first)))
        }
        (false, _) => ("broker", served.clone()),
    };
    let mut properties = vec![
        ("process.roles", roles.to_owned()),
        ("node.id", node.id.to_string()),
        ("controller.quorum.voters", voters),
        ("controller.listener.names", "CONTROLLER".into()),
        ("listeners", listeners),
        ("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT".into()),
    ];
    if !is_controller {
        properties.push(("advertised.listeners", served));
    }
    properties
}
