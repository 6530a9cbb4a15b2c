//! Faults that can be planted into the machines, to see that a simulation finds them: each is the code that handles a
//! situation switched off. They exist in no build without the feature `planted-bugs`, which only the tests and the
//! example of the simulator turn on.

macro_rules! planted_bugs {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// A fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum PlantedBug {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl PlantedBug {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Its name, for people.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

planted_bugs! {
    /// A batch that is sent again takes a new sequence number.
    ForgetsSequence = "forgets-sequence",
    /// A batch whose fate is unknown is sent again under a new identity.
    RenewsWhileInDoubt = "renews-while-in-doubt",
    /// What has headers is written without them for a leader that lacks them.
    DropsHeaders = "drops-headers",
    /// A partition that has batches with an identity is written in the format of an older leader, and so without.
    ForgetsNumbering = "forgets-numbering",
    /// What may be stored is sent again although that is forbidden.
    RetriesInDoubt = "retries-in-doubt",
    /// A batch that may be stored and whose time is over leaves its sequence numbers to the next one.
    DeadlineFreesPlace = "deadline-frees-place",
    /// When one partition takes a new identity, what was sent to the others takes one too.
    SharesIdentity = "shares-identity",
    /// A batch that may be stored is written anew, and without its identity, for a leader of an older format.
    EncodesInDoubt = "encodes-in-doubt",
    /// Sequence numbers go on below 0 after the last one.
    WrapsNegative = "wraps-negative",
    /// Five batches of a partition are sent behind each other, whatever its leader remembers.
    AlwaysFive = "always-five",
    /// After the last epoch of a producer id the same one is taken again.
    ReusesLastEpoch = "reuses-last-epoch",
    /// Who a partition says it is goes with its topic's metadata.
    ForgetsWithMetadata = "forgets-with-metadata",
    /// A topic that was made anew is written under its old id.
    KeepsOldTopic = "keeps-old-topic",
    /// A member of a classic group goes on with what it holds while all join anew.
    KeepsAcrossJoin = "keeps-across-join",
    /// A member says that it has given up what it is still to give up (KIP-848).
    AcknowledgesAtOnce = "acknowledges-at-once",
    /// A reader goes on at its position in a topic that was made anew.
    KeepsOldPosition = "keeps-old-position",
    /// A batch whose fate is unknown is cut in two when it is sent again.
    SplitsInDoubt = "splits-in-doubt",
    /// Keyless messages go to any partition, whether its leader can be reached or not, and stay there.
    IgnoresDeadLeaders = "ignores-dead-leaders",
    /// A batch that a broker finds too large is cut in two without regard for the sets in it.
    TearsSets = "tears-sets",
    /// A broker is taken for one before 0.10 whoever answered before, and whatever is registered.
    DoubtsModernBrokers = "doubts-modern-brokers",
    /// A response is taken for that to the oldest request, whatever its correlation id.
    TrustsCorrelation = "trusts-correlation",
    /// Any number is taken for an offset that a log can have.
    TrustsOffsets = "trusts-offsets",
    /// What came is handed out, whatever its checksum says.
    BelievesBrokenBatches = "believes-broken-batches",
    /// A batch may become as large as it likes.
    DecompressesWithoutEnd = "decompresses-without-end",
    /// What a write took only a part of is not finished.
    SkipsHalfWritten = "skips-half-written",
    /// Nobody is woken when a connection waits for too long.
    SleepsThrough = "sleeps-through",
    /// While a broker is being dialled, nothing is sent to any other.
    HeldUpByDialling = "held-up-by-dialling",
    /// Once brokers are known, the addresses that the application gave are not asked again.
    NeverRebootstraps = "never-rebootstraps",
    /// A broker that says to begin again is asked again.
    AsksWhoSendsBack = "asks-who-sends-back",
    /// A broker that has another address is looked for where it was first.
    KeepsOldAddress = "keeps-old-address",
    /// What is fetched is asked for on the connection that is published on.
    SharesConnection = "shares-connection",
    /// Everybody is dialled at once.
    DialsWithoutCap = "dials-without-cap",
    /// A client that is closed does not wait for its records.
    ClosesAtOnce = "closes-at-once",
    /// A leader is believed to lead, however old the word of it is.
    BelievesStaleLeaders = "believes-stale-leaders",
    /// A connection on which nothing comes is kept, whoever leads now.
    StaysWithTheSilent = "stays-with-the-silent",
    /// A connection that is throttled is sent to all the same.
    IgnoresThrottle = "ignores-throttle",
    /// The position goes to the end of the last batch that has records, and stays before those that have none.
    StopsAtEmptyBatches = "stops-at-empty-batches",
    /// The list of aborted transactions is believed to be sorted.
    TrustsAbortedOrder = "trusts-aborted-order",
    /// After a seek, what was fetched before is handed out all the same.
    HandsOutAfterSeek = "hands-out-after-seek",
    /// After a change of leaders the position is taken to be good.
    SkipsValidation = "skips-validation",
    /// Trouble while a leader is asked whether it has what was read costs the position.
    ResetsOnTrouble = "resets-on-trouble",
    /// Batches linger although somebody waits for room.
    LingersWithoutRoom = "lingers-without-room",
    /// More is fetched whatever the application holds.
    SpendsWithoutEnd = "spends-without-end",
    /// What is kept for paused partitions is never given up, whoever else waits for room.
    PauseStarves = "pause-starves",
    /// A fetch session that the broker has lost is gone on with.
    KeepsLostSession = "keeps-lost-session",
    /// What is not wanted any more stays in the fetch session.
    NeverForgets = "never-forgets",
    /// What a follower says is out of range is believed, as if its leader had said so.
    BelievesFollowers = "believes-followers",
    /// A registration or an owner node is taken to be ours by the name in it.
    TrustsOwnersName = "trusts-owners-name",
    /// A partition that another member has is not looked at again.
    GivesUpOnConflict = "gives-up-on-conflict",
    /// Partitions of Kafka 0.7 are dealt in the order of their numbers, as those of later releases are.
    SortsByNumber = "sorts-by-number",
    /// An owner node whose creation had no answer is taken to be there.
    TrustsLostClaim = "trusts-lost-claim",
    /// A partition is given up first, and committed then, whatever was committed meanwhile.
    ReleasesBeforeCommit = "releases-before-commit",
    /// What was fetched is handed out even when its partition was given up.
    HandsOutAfterRelease = "hands-out-after-release",
    /// What a lost session had is handed out, if another session is there again.
    HandsOutAfterLost = "hands-out-after-lost",
    /// What was asked of the brokers in a session that is lost is sent all the same.
    KeepsAsked = "keeps-asked",
    /// What was fetched is handed out however long ago ZooKeeper has answered.
    IgnoresLease = "ignores-lease",
    /// A suspended machine is not noticed.
    TrustsOneClock = "trusts-one-clock",
    /// Where a partition begins is committed with the first that was handed out.
    ForgetsStart = "forgets-start",
    /// Of two committed offsets of a partition, in ZooKeeper and on the brokers, the smaller one counts.
    BeginsAtSmaller = "begins-at-the-smaller",
    /// What was handed out of partitions that went meanwhile is taken to be committed.
    ForgetsWhatWent = "forgets-what-went",
    /// A partition is claimed without a look at what it may be locked under besides.
    LooksAtOneName = "looks-at-one-name",
    /// A lock keeps the name that it was claimed under, whoever leads now.
    KeepsLocksName = "keeps-locks-name",
    /// A member of a group that chooses its topics by a pattern does not notice when one comes.
    MissesNewTopics = "misses-new-topics",
    /// Offsets of a group are set whether or not the brokers coordinate members of it.
    OverlooksMembersOnBrokers = "overlooks-members-on-brokers",
    /// Offsets of a group are set whether or not it has members in ZooKeeper.
    OverlooksMembersInZooKeeper = "overlooks-members-in-zookeeper",
    /// Of a group that keeps its offsets in both places they are set in ZooKeeper alone.
    SetsInOnePlace = "sets-in-one-place",
    /// Groups whose names begin alike, up to a hyphen, have the same offsets in `ZooKeeper`.
    CutsGroupNames = "cuts-group-names",
    /// Who looks for a topic asks as if to publish to it.
    LookingCreates = "looking-creates",
    /// A partition is not fetched while the replica is dialled that its leader has named.
    AwaitsReplica = "awaits-replica",
}

#[cfg(feature = "planted-bugs")]
mod switch {
    use std::cell::Cell;

    use super::PlantedBug;

    thread_local! {
        static PLANTED: Cell<Option<PlantedBug>> = const { Cell::new(None) };
    }

    /// Runs something with a fault planted into every engine that this thread drives.
    pub fn with_planted<T>(bug: PlantedBug, run: impl FnOnce() -> T) -> T {
        struct Uproot(Option<PlantedBug>);
        impl Drop for Uproot {
            fn drop(&mut self) {
                PLANTED.set(self.0);
            }
        }
        let _uproot = Uproot(PLANTED.replace(Some(bug)));
        run()
    }

    pub(crate) fn is_planted(bug: PlantedBug) -> bool {
        PLANTED.get() == Some(bug)
    }
}

#[cfg(feature = "planted-bugs")]
pub(crate) use switch::is_planted;
#[cfg(feature = "planted-bugs")]
pub use switch::with_planted;

#[cfg(not(feature = "planted-bugs"))]
pub(crate) const fn is_planted(_bug: PlantedBug) -> bool {
    false
}
