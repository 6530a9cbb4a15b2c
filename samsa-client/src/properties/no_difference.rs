//! Names that make no difference here, and why.

/// A dot at the end stands for all names that begin so.
pub(super) const IGNORED: &[(&str, &str)] = &[
    // What applications give and get.
    ("key.serializer", BYTES),
    ("value.serializer", BYTES),
    ("key.deserializer", BYTES),
    ("value.deserializer", BYTES),
    ("produce.offset.report", "a receipt has the offset"),
    ("delivery.report.only.error", "each message has an outcome, which the application may pass over"),
    ("consume.callback.max.messages", POLLED),
    ("max.poll.records", POLLED),
    ("enable.partition.eof", "a reader's position tells the end of a partition"),
    ("check.crcs", "checksums are always checked"),
    // Publishing.
    (
        "max.block.ms",
        "publishing waits for room for as long as the application waits for that; \
         once a message is accepted, delivery.timeout.ms holds, metadata included",
    ),
    ("max.in.flight.requests.per.connection", ORDER),
    ("max.in.flight", ORDER),
    ("queuing.strategy", ORDER),
    ("batch.num.messages", "a batch is full by its bytes: batch.size"),
    ("queue.buffering.max.messages", "memory is bounded in bytes: buffer.memory"),
    ("queue.buffering.backpressure.threshold", FILLS),
    ("sticky.partitioning.linger.ms", FILLS),
    ("buffer.memory.allocation.strategy", GROWS),
    ("message.copy.max.bytes", GROWS),
    ("compression.level", LEVEL),
    ("compression.gzip.level", LEVEL),
    ("compression.lz4.level", LEVEL),
    ("compression.zstd.level", LEVEL),
    ("partitioner.adaptive.partitioning.enable", KEYLESS),
    ("partitioner.availability.timeout.ms", KEYLESS),
    // Consuming.
    ("fetch.min.bytes", "a broker answers as soon as there is anything new"),
    ("queued.min.messages", "what is read ahead is bounded in bytes: queued.max.messages.kbytes"),
    ("fetch.queue.backoff.ms", "more is fetched as soon as there is memory for it"),
    ("fetch.error.backoff.ms", "retry.backoff.ms is for fetches, too"),
    (
        "receive.message.max.bytes",
        "a response has the bytes that were asked for (fetch.max.bytes), 100 MiB at most",
    ),
    ("coordinator.query.interval.ms", "a coordinator is looked for when it is needed, or has moved"),
    ("offset.store.sync.interval.ms", NO_FILE),
    ("internal.throw.on.fetch.stable.offset.unsupported", "it is Java's own, for Kafka Streams"),
    // The cluster and its topics.
    (
        "allow.auto.create.topics",
        "reading makes no topic; publishing to one that is not there does, where brokers allow it",
    ),
    ("metadata.max.idle.ms", "what is known of a topic is kept, and asked for anew by metadata.max.age.ms"),
    ("metadata.cluster.check.enable", "brokers are not told which cluster is meant"),
    ("metadata.recovery.strategy", REBOOTSTRAP),
    ("metadata.recovery.rebootstrap.trigger.ms", REBOOTSTRAP),
    (
        "topic.metadata.refresh.fast.interval.ms",
        "a leader that is lost is looked for at once, and soon again",
    ),
    ("topic.metadata.refresh.fast.cnt", NOTHING),
    ("topic.metadata.refresh.sparse", "only topics that are used are asked about"),
    (
        "topic.metadata.propagation.max.ms",
        "messages for a topic that is not seen yet wait, up to delivery.timeout.ms",
    ),
    // Connections.
    ("bootstrap.resolve.timeout.ms", RESOLVED),
    ("broker.address.ttl", RESOLVED),
    ("broker.address.family", EVERY_ADDRESS),
    ("connections.max.idle.ms", "brokers close idle connections, and they are dialled again when needed"),
    (
        "socket.connection.setup.timeout.max.ms",
        "socket.connection.setup.timeout.ms is for every attempt, and does not grow",
    ),
    ("reconnect.backoff.jitter.ms", NOTHING),
    ("socket.blocking.max.ms", NOTHING),
    ("socket.keepalive.enable", "a dead connection is noticed by request.timeout.ms"),
    ("socket.max.fails", "a connection whose request has no answer in time is closed, and dialled again"),
    ("socket.nagle.disable", "it always is"),
    ("send.buffer.bytes", SOCKETS),
    ("receive.buffer.bytes", SOCKETS),
    ("socket.send.buffer.bytes", SOCKETS),
    ("socket.receive.buffer.bytes", SOCKETS),
    ("api.version.request", VERSIONS),
    ("api.version.request.timeout.ms", VERSIONS),
    ("api.version.fallback.ms", VERSIONS),
    ("broker.version.fallback", VERSIONS),
    // Looking at the client.
    ("statistics.interval.ms", MEASURED),
    ("metric.reporters", MEASURED),
    ("metrics.", MEASURED),
    ("enable.metrics.push", "brokers are not told figures: they come from cluster.metrics()"),
    ("debug", WATCHED),
    ("log_level", WATCHED),
    ("log.queue", WATCHED),
    ("log.thread.name", WATCHED),
    ("log.connection.close", WATCHED),
    ("enabled_events", WATCHED),
    ("enable.random.seed", "chance has a seed of the system's, or that of the builder"),
    ("internal.termination.signal", "no thread has to be woken to end"),
];

/// Values of names that ask for what is done anyway. With any other value, the name is refused.
pub(super) const FITTING: &[(&str, &[&str], &str)] = &[
    ("security.protocol", &["plaintext"], "it is what brokers are spoken to anyway"),
    ("client.dns.lookup", &["use_all_dns_ips"], EVERY_ADDRESS),
    ("enable.auto.commit", &["true"], COMMITS),
    ("auto.commit.enable", &["true"], COMMITS),
    ("enable.auto.offset.store", &["true"], COMMITS),
    ("offset.store.method", &["broker"], NO_FILE),
    ("exclude.internal.topics", &["true"], "a pattern never matches Kafka's own topics"),
    ("partitioner.ignore.keys", &["false"], "it is what is done anyway"),
    ("partitioner.rack.aware", &["false"], "it is what is done anyway"),
    ("enable.gapless.guarantee", &["false"], "it is what is done anyway"),
    ("transaction.two.phase.commit.enable", &["false"], "it is what is done anyway"),
    ("enable.sasl.oauthbearer.unsecure.jwt", &["false"], "it is what is done anyway"),
];

const BYTES: &str = "keys and values are bytes here";
const POLLED: &str = "messages are taken one by one or by chunks, as they are asked for";
const ORDER: &str = "the order of a partition is kept whatever is in flight";
const FILLS: &str = "a batch leaves when its connection has room, and fills meanwhile";
const GROWS: &str = "a batch is written once, in memory that grows with it";
const LEVEL: &str = "a codec has one level here: 6 for gzip, 3 for zstd";
const KEYLESS: &str = "messages without a key go to partitions whose leaders take them";
const NO_FILE: &str = "offsets are never kept in files";
const REBOOTSTRAP: &str = "when no known broker answers, the bootstrap brokers are asked again, or ZooKeeper";
const RESOLVED: &str = "names are resolved anew for each attempt to connect";
const EVERY_ADDRESS: &str = "all addresses of a name are tried, one after the other";
const NOTHING: &str = "it does nothing in librdkafka, either";
const SOCKETS: &str = "the system chooses the buffers of its sockets";
const VERSIONS: &str =
    "brokers are asked for their versions while a connection is set up, and those before 0.10 are found out";
const MEASURED: &str = "figures come from cluster.metrics(), whenever it is asked";
const WATCHED: &str = "what happens is told through the tracing crate, and by the cluster's events";
const COMMITS: &str = "a consumer commits by itself what was handled, unless its builder is told otherwise";
