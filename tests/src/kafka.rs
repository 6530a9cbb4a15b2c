//! Real brokers of one cluster, with their ZooKeeper where they have one.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{Mode, Release, error::Error, jvm::Jvm, node::Node, scratch::Scratch, zookeeper::ZooKeeper};

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

/// The id of a controller that is a process of its own.
const CONTROLLER: usize = 100;

/// A cluster on loopback with its data in a directory of its own: one broker, unless said otherwise, with id 1. Everything goes on
/// drop, and with the process that started it, however that ends.
#[derive(Debug)]
pub struct RealKafka {
    release: Release,
    jvm: Jvm,
    brokers: Vec<Node>,
    zookeeper: Option<ZooKeeper>,
    /// In KRaft mode: beside one broker only its port is used.
    controller: Option<Node>,
    _scratch: Scratch,
}

impl RealKafka {
    /// Starts a broker of `release`, after fetching its jars when they are not cached, and waits until it serves.
    pub fn start(release: Release) -> Result<Self, Error> {
        Self::start_with(release, &[])
    }

    /// The same with further lines for `server.properties`.
    pub fn start_with(release: Release, properties: &[(&str, &str)]) -> Result<Self, Error> {
        Self::start_many(release, 1, properties)
    }

    /// The same with so many brokers, from id 1. In KRaft mode several brokers have a controller beside them, which is a process of
    /// its own and is never killed.
    pub fn start_many(release: Release, brokers: usize, properties: &[(&str, &str)]) -> Result<Self, Error> {
        let jvm = Jvm::of(release, "leash")?;
        let scratch = Scratch::new()?;
        let within = scratch.path();
        let (zookeeper, controller) = match release.mode {
            Mode::ZooKeeper => (Some(ZooKeeper::start(&release, &jvm, within)?), None),
            Mode::KRaft => (None, Some(Node::new(release, CONTROLLER, within)?)),
        };
        let nodes = (1..=brokers).map(|id| Node::new(release, id, within));
        let brokers = nodes.collect::<Result<_, _>>()?;
        let kafka = Self { release, jvm, brokers, zookeeper, controller, _scratch: scratch };
        kafka.write_properties(properties)?;
        kafka.start_nodes()?;
        Ok(kafka)
    }

    /// The release that runs.
    pub fn release(&self) -> Release {
        self.release
    }

    /// `HOST:PORT` of each broker, with commas between.
    pub fn bootstrap(&self) -> String {
        let addresses = self.brokers.iter().map(|broker| format!("127.0.0.1:{}", broker.port.number));
        addresses.collect::<Vec<_>>().join(",")
    }

    /// `HOST:PORT` of its ZooKeeper; `None` in KRaft mode.
    pub fn zookeeper(&self) -> Option<String> {
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
        let node = self.broker(broker);
        node.kill();
        if let Some(zookeeper) = &self.zookeeper {
            zookeeper.wait_until_gone(&format!("/brokers/ids/{broker}"))?;
        }
        node.start(&self.jvm)?;
        node.wait_until_it_serves()
    }

    /// Has a broker stand still (`SIGSTOP`): it keeps its connections and answers nothing.
    pub fn freeze(&self, broker: usize) -> Result<(), Error> {
        self.broker(broker).signal("STOP")
    }

    /// Has a frozen broker go on (`SIGCONT`).
    pub fn thaw(&self, broker: usize) -> Result<(), Error> {
        self.broker(broker).signal("CONT")
    }

    fn broker(&self, id: usize) -> &Node {
        &self.brokers[id - 1]
    }

    fn start_nodes(&self) -> Result<(), Error> {
        let own = self.controller.as_ref().filter(|_| self.brokers.len() > 1);
        let all: Vec<&Node> = own.into_iter().chain(&self.brokers).collect();
        if self.release.mode == Mode::KRaft {
            let cluster = URL_SAFE_NO_PAD.encode(format!("samsa-{:010}", std::process::id()));
            all.iter().try_for_each(|node| node.format(&self.jvm, &cluster))?;
        }
        all.iter().try_for_each(|node| node.start(&self.jvm))?;
        self.brokers.iter().try_for_each(Node::wait_until_it_serves)
    }

    fn write_properties(&self, further: &[(&str, &str)]) -> Result<(), Error> {
        let own = self.controller.as_ref().filter(|_| self.brokers.len() > 1);
        for node in self.brokers.iter().chain(own) {
            let mut properties = vec![("log.dirs", node.file("data").display().to_string())];
            match (&self.controller, self.zookeeper()) {
                (Some(controller), _) => properties.extend(kraft(node, controller, self.brokers.len())),
                (None, zookeeper) => {
                    properties.extend(self.release.address(node.port.number));
                    properties.push(("broker.id", node.id.to_string()));
                    properties.push(("zookeeper.connect", zookeeper.unwrap_or_default()));
                }
            }
            let mut text = SMALL.to_owned();
            let properties = properties.iter().map(|(name, value)| (*name, value.as_str()));
            properties.chain(further.iter().copied()).for_each(|(name, value)| {
                text.extend([name, "=", value, "\n"]);
            });
            node.write_properties(&text)?;
        }
        Ok(())
    }
}

/// The properties of a process that is broker, controller or both at once.
fn kraft(node: &Node, controller: &Node, brokers: usize) -> Vec<(&'static str, String)> {
    let (port, quorum) = (node.port.number, controller.port.number);
    let (served, asked) =
        (format!("PLAINTEXT://127.0.0.1:{port}"), format!("CONTROLLER://127.0.0.1:{quorum}"));
    let is_controller = node.id == controller.id;
    let voter = if brokers == 1 { node.id } else { controller.id };
    let (roles, listeners) = match (is_controller, brokers) {
        (true, _) => ("controller", asked),
        (false, 1) => ("broker,controller", format!("{served},{asked}")),
        (false, _) => ("broker", served.clone()),
    };
    let mut properties = vec![
        ("process.roles", roles.to_owned()),
        ("node.id", node.id.to_string()),
        ("controller.quorum.voters", format!("{voter}@127.0.0.1:{quorum}")),
        ("controller.listener.names", "CONTROLLER".into()),
        ("listeners", listeners),
        ("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT".into()),
    ];
    if !is_controller {
        properties.push(("advertised.listeners", served));
    }
    properties
}
