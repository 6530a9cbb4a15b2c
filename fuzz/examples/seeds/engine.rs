//! Lives of a client: how it is set up, then what happens to it.

use super::Named;

const BOOTSTRAP: &[u8] = &[0, 1, 0, 0x0f];
const NAMED: &[u8] = &[1, 2, 0x21, 0x4f];
const ZOOKEEPER: &[u8] = &[3, 3, 0x02, 0x0f];
const SMALL: &[u8] = &[0, 4, 0x0f, 0x02];
const WELL: &[u8] = &[23, 3];
const ALL_WELL: &[u8] = &[23, 3, 23, 3, 23, 3, 23, 3];
const CONNECT: &[u8] = &[2, 0, 0, 50, 0];
const APPEND: &[u8] = &[13, 0, 2, 1, 1, b'k', 1, 3, b'v', b'v', b'v', 64];
const APPEND_KEYLESS: &[u8] = &[13, 200, 7, 0, 1, 3, b'v', b'v', b'v', 71];
const FLUSH: &[u8] = &[2, 0, 0, 50, 7];
const OPEN: &[u8] = &[2, 0, 0, 50, 10, 0];
const READ: &[u8] = &[16, 0, 0, 16, 0, 1, 16, 0, 0, 17, 0, 1];
const LOOK: &[u8] = &[2, 0, 0, 50, 3, 2, 0, 0, 50, 4, 2, 0, 3, 50, 5];
const EXPLAIN: &[u8] = &[2, 0, 0, 50, 9];
const BREAK: &[u8] = &[5, 0, 5, 1, 5, 2];
const WAIT: &[u8] = &[0, 0, 0];
const JUMP: &[u8] = &[1, 250, 0];
const LIE: &[u8] = &[7, 0, 0, 0, 10, 0, 224, 0, 0, 0, 9, 0, 0, 4, 0xff, 0xff, 0xff, 0xff];
const CLOSE: &[u8] = &[2, 0, 0, 50, 15];
const JOIN: &[u8] = &[2, 0, 0, 50, 208, 0, 1, 1, 1, 0, 0, 0];
const JOIN_ON_BROKERS: &[u8] = &[2, 0, 0, 50, 208, 0, 1, 1, 1, 0, 0, 2];
const JOIN_AS_PYKAFKA: &[u8] = &[2, 0, 0, 50, 208, 0, 1, 0, 1, 0, 0, 8];
const COMMIT: &[u8] = &[2, 0, 0, 50, 211, 0];
const LEAVE: &[u8] = &[2, 0, 0, 50, 212, 0];
const LET_GO: &[u8] = &[2, 0, 0, 50, 213, 0];
const METRICS: &[u8] = &[2, 0, 0, 50, 248];
const FORGET: &[u8] = &[2, 0, 0, 50, 240];
const CREATE: &[u8] = &[2, 240, 0, 50, 214, 0, 3, 1];
const LOOK_AT_GROUPS: &[u8] = &[2, 0, 0, 50, 252, 1, 2, 0, 0, 50, 253, 1, 2, 0, 0, 50, 253, 0, 0];
const RESET: &[u8] = &[2, 0, 0, 50, 254, 1, 0, 5, 2, 7];
const READ_ON: &[u8] = &[16, 0, 0, 16, 1, 0];
const EXPIRE: &[u8] = &[18, 1, 220, 18, 0, 220];
const STORM: &[u8] = &[24, 7, 24, 2, 24, 99];
const LONG: &[u8] = &[7, 4, 0, 0, 10, 4, 0, 0, 248, 0, 0, 0];

type Life = (&'static str, &'static [&'static [u8]]);

const LIVES: &[Life] = &[
    ("connect", &[BOOTSTRAP, CONNECT, WELL]),
    ("nobody-listens", &[BOOTSTRAP, CONNECT, &[4, 0, 255], WAIT, &[4, 1, 255], JUMP]),
    ("no-such-host", &[NAMED, CONNECT, &[6, 0, 255, 0], WAIT, WELL, EXPLAIN]),
    ("zookeeper", &[ZOOKEEPER, CONNECT, WELL, LOOK, WELL, &[18, 0, 220], WAIT, WELL]),
    ("publish", &[BOOTSTRAP, APPEND, APPEND_KEYLESS, WELL, APPEND, FLUSH, WELL, CLOSE]),
    ("publish-compressed", &[NAMED, CONNECT, WELL, APPEND_KEYLESS, APPEND, WELL, FLUSH, WELL, CLOSE]),
    ("publish-too-much", &[SMALL, APPEND_KEYLESS, APPEND_KEYLESS, APPEND, APPEND, WELL, APPEND, JUMP]),
    ("publish-and-break", &[BOOTSTRAP, CONNECT, WELL, APPEND, BREAK, WELL, APPEND, BREAK, WAIT, WELL]),
    ("read", &[BOOTSTRAP, OPEN, WELL, WELL, READ, WELL, READ, EXPLAIN, CLOSE]),
    ("read-long", &[BOOTSTRAP, OPEN, WELL, WELL, LONG, READ, READ, WELL, LONG, READ, READ, WAIT, READ]),
    ("read-and-break", &[ZOOKEEPER, OPEN, WELL, WELL, READ, BREAK, WAIT, WELL, READ, &[22], READ]),
    ("look", &[BOOTSTRAP, LOOK, WELL, LOOK, WELL, BREAK, LOOK, JUMP]),
    ("lie", &[BOOTSTRAP, CONNECT, &[4, 0, 0], LIE, &[4, 1, 0], LIE, WELL]),
    ("close-early", &[BOOTSTRAP, CONNECT, APPEND, OPEN, CLOSE, WELL, APPEND, CONNECT, WAIT]),
    (
        "storm",
        &[
            BOOTSTRAP,
            CONNECT,
            OPEN,
            WELL,
            WELL,
            APPEND,
            APPEND_KEYLESS,
            LOOK,
            STORM,
            WAIT,
            STORM,
            WELL,
            CLOSE,
        ],
    ),
    ("create", &[BOOTSTRAP, CONNECT, WELL, CREATE, WELL, LOOK, WELL, CLOSE, CREATE]),
    (
        "forget",
        &[
            BOOTSTRAP,
            OPEN,
            METRICS,
            FORGET,
            &[0],
            WELL,
            OPEN,
            WELL,
            &[2, 0, 0, 50, 3],
            FORGET,
            &[2],
            FLUSH,
            FORGET,
            &[3],
            WELL,
            WELL,
            &[16, 0, 0, 16, 0, 1],
            METRICS,
            &[2, 0, 0, 50, 5],
            FORGET,
            &[0],
            WELL,
            CLOSE,
            METRICS,
        ],
    ),
    ("never-mind", &[ZOOKEEPER, CONNECT, APPEND, OPEN, LOOK, FLUSH]),
];

const IN_GROUPS: &[Life] = &[
    ("join", &[ZOOKEEPER, JOIN, ALL_WELL, READ_ON, WELL, READ_ON, COMMIT, WELL, LEAVE, WELL, WAIT]),
    ("join-two", &[ZOOKEEPER, JOIN, JOIN, WELL, WELL, READ_ON, WAIT, WELL, LET_GO, WELL, WAIT, WELL, CLOSE]),
    (
        "join-on-brokers",
        &[ZOOKEEPER, JOIN_ON_BROKERS, ALL_WELL, READ_ON, WELL, READ_ON, COMMIT, WELL, LEAVE, WELL, WAIT],
    ),
    (
        "join-as-pykafka",
        &[
            ZOOKEEPER,
            JOIN_AS_PYKAFKA,
            JOIN_AS_PYKAFKA,
            ALL_WELL,
            READ_ON,
            WELL,
            READ_ON,
            COMMIT,
            WELL,
            LEAVE,
            WELL,
            WAIT,
        ],
    ),
    ("join-and-expire", &[ZOOKEEPER, JOIN, ALL_WELL, READ_ON, COMMIT, EXPIRE, WELL, WAIT, WELL, LEAVE]),
    ("leave-twice", &[ZOOKEEPER, JOIN, ALL_WELL, LEAVE, LEAVE, WELL, WAIT, WELL]),
    (
        "look-at-groups",
        &[ZOOKEEPER, JOIN, ALL_WELL, READ_ON, COMMIT, LOOK_AT_GROUPS, WELL, LEAVE, WELL, CLOSE],
    ),
    (
        "reset",
        &[
            ZOOKEEPER,
            JOIN,
            ALL_WELL,
            READ_ON,
            COMMIT,
            RESET,
            WELL,
            LEAVE,
            WELL,
            RESET,
            WELL,
            RESET,
            EXPIRE,
            WAIT,
            WELL,
            LOOK_AT_GROUPS,
            WELL,
        ],
    ),
    ("reset-and-close", &[ZOOKEEPER, JOIN, ALL_WELL, LEAVE, WELL, RESET, CLOSE, RESET, WELL, WAIT, WELL]),
];

pub(super) fn seeds() -> Vec<Named> {
    LIVES.iter().chain(IN_GROUPS).map(|(name, life)| ((*name).to_owned(), life.concat())).collect()
}
