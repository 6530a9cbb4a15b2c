//! Names of what is not to be had, and why.

/// A dot at the end stands for all names that begin so.
pub(super) const UNSUPPORTED: &[(&str, &str)] = &[
    ("security.protocol", SECURITY),
    ("security.providers", SECURITY),
    ("ssl.", SECURITY),
    ("ssl_ca", SECURITY),
    ("ssl_certificate", SECURITY),
    ("ssl_key", SECURITY),
    ("ssl_engine_callback_data", SECURITY),
    ("enable.ssl.certificate.verification", SECURITY),
    ("https.ca.location", SECURITY),
    ("https.ca.pem", SECURITY),
    ("sasl.", SECURITY),
    ("enable.sasl.oauthbearer.unsecure.jwt", SECURITY),
    ("oauthbearer_token_refresh_cb", SECURITY),
    (
        "client.dns.lookup",
        "canonical names are for Kerberos, and SASL is not there yet: set it to use_all_dns_ips",
    ),
    ("transactional.id", TRANSACTIONS),
    ("transaction.timeout.ms", TRANSACTIONS),
    ("transaction.two.phase.commit.enable", TRANSACTIONS),
    ("group.id", GROUPS),
    ("group.instance.id", STATIC),
    ("group.protocol.type", GROUPS),
    ("group.", GROUPS),
    ("exclude.internal.topics", "a pattern never matches Kafka's own topics: name them"),
    ("enable.auto.commit", COMMITS),
    ("auto.commit.enable", COMMITS),
    ("enable.auto.offset.store", COMMITS),
    ("offset.store.method", "offsets are committed, to ZooKeeper or to brokers, and never kept in files"),
    ("offset.store.path", "offsets are committed, to ZooKeeper or to brokers, and never kept in files"),
    ("share.", "share groups are not there"),
    ("topic.blacklist", "a consumer is told by its builder which topics are not for it: not_matching"),
    (
        "partitioner.class",
        "a Java class cannot be run here: set partitioner to murmur2, which is Java's default",
    ),
    ("partitioner.ignore.keys", "a key decides about the partition: leave it out, and keep it in a header"),
    ("partitioner.rack.aware", "messages without a key go to leaders near and far"),
    (
        "enable.gapless.guarantee",
        "messages behind one that failed are sent all the same, and each has its outcome",
    ),
    ("interceptor.classes", CLASS),
    ("config.providers", CLASS),
    ("config.providers.", CLASS),
    ("plugin.library.paths", "no library is loaded"),
    ("builtin.features", "it is a list of what librdkafka was built with"),
    ("interceptors", CALLBACK),
    ("error_cb", CALLBACK),
    ("throttle_cb", CALLBACK),
    ("stats_cb", CALLBACK),
    ("log_cb", CALLBACK),
    ("background_event_cb", CALLBACK),
    ("socket_cb", CALLBACK),
    ("connect_cb", CALLBACK),
    ("closesocket_cb", CALLBACK),
    ("open_cb", CALLBACK),
    ("resolve_cb", CALLBACK),
    ("consume_cb", CALLBACK),
    ("rebalance_cb", CALLBACK),
    ("offset_commit_cb", CALLBACK),
    ("dr_cb", CALLBACK),
    ("dr_msg_cb", CALLBACK),
    ("partitioner_cb", CALLBACK),
    ("msg_order_cmp", CALLBACK),
    ("opaque", CALLBACK),
    ("default_topic_conf", "topics have no settings of their own: set them for all"),
];

const SECURITY: &str = "TLS and SASL are not there yet";
const TRANSACTIONS: &str = "transactions are not there yet";
const GROUPS: &str = "a consumer is told by its builder, or by the options of samsa consume";
const STATIC: &str = "members of groups on the brokers are not static: leave it out, and others get the partitions of one that goes";
const COMMITS: &str = "what is committed and when is told to a consumer's builder: commit";
const CLASS: &str = "a Java class cannot be run here";
const CALLBACK: &str = "no function can be named in a setting";
