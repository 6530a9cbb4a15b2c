//! What may go wrong in a world, and how often: chosen from the seed, so that each seed leaves some kinds out.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use crate::rng::Rng;

macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// A kind of fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Fault {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Fault {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Its name in reports.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

faults! {
    /// Bytes that take up to half a second.
    Latency = "latency",
    /// Reads and writes that take only a part.
    Split = "split",
    /// A connection that is reset in the middle of what is under way.
    Cut = "cut",
    /// A connection on which nothing moves for a while.
    Stall = "stall",
    /// A connection on which nothing arrives any more, though both sides think that it is there.
    HalfOpen = "half-open",
    /// A broker that stops and starts again.
    Crash = "crash",
    /// A broker that does what was asked, and whose connection goes before it says so.
    LostReply = "lost-reply",
    /// A `ZooKeeper` connection that goes, with the fate of what was asked unknown.
    ZooKeeperLoss = "zookeeper-loss",
    /// A `ZooKeeper` session that ends before its client wants it to.
    SessionExpiry = "session-expiry",
    /// A partition that gets another leader though nothing is wrong with its old one.
    LeaderMove = "leader-move",
    /// A broker that tells for a while of leaders and brokers as they were.
    StaleMetadata = "stale-metadata",
    /// A broker that has just started, and for a while knows no topics and no other brokers.
    BlankMetadata = "blank-metadata",
    /// A broker that takes its time with every answer.
    SlowBroker = "slow-broker",
    /// A broker that throttles whoever asks (KIP-219).
    Quota = "quota",
    /// A broker that cannot be reached for a while, though it runs and others reach it.
    Partition = "partition",
    /// A wall clock of a machine with a client on it that is set anew.
    WallJump = "wall-jump",
    /// A machine that is suspended, with a client on it: its monotonic clock stands still meanwhile.
    Suspend = "suspend",
    /// A broker whose answers make no sense, for a while: the wrong number, a length that cannot be, half of it or all of it
    /// twice, partitions that are missing, doubled or not asked for, offsets that cannot be, a leader that denies to lead.
    Lies = "lies",
    /// A broker that brings batches which cannot be read, for a while: broken on their way, or larger than a reader takes.
    SpoiltBatches = "spoilt-batches",
    /// A broker that closes most connections on the first question, for a while.
    HangUp = "hang-up",
    /// A partition whose leader, in spite of it all, becomes one that lacks acknowledged records: they are lost.
    UncleanElection = "unclean-election",
    /// A follower that lacks the beginning of a log for a while, which only those notice who read from it.
    ShortFollower = "short-follower",
    /// A process that is stopped and goes on later: its driver does not run meanwhile, while its clocks do.
    Freeze = "freeze",
    /// A broker that stands still for a while, connections and all, and keeps its place in the cluster.
    Standstill = "standstill",
    /// `ZooKeeper` as a whole is down for up to a minute; then all sessions have their whole timeout again.
    ZooKeeperOutage = "zookeeper-outage",
    /// A `ZooKeeper` operation that is performed, or not, and whose connection goes before the answer.
    ZooKeeperLostReply = "zookeeper-lost-reply",
    /// A topic that gets another partition.
    PartitionAdded = "partition-added",
    /// A broker that starts again at another address; now and then all of them at once.
    Moved = "moved",
    /// A topic that is deleted and, a little later, made anew under the same name: its records are lost.
    TopicRemade = "topic-remade",
}

impl Fault {
    /// Whether acknowledged records may be lost by it. What must hold in spite of that, only a scenario made for it
    /// can know.
    pub const fn loses_records(self) -> bool {
        matches!(self, Self::UncleanElection | Self::TopicRemade)
    }

    /// Whether it is for scenarios only that name it: those of groups; a client that meets nothing but brokers that hang up
    /// takes them for old ones, as it must; few read from followers; a broker that stands still holds everybody up; who was
    /// told addresses only does not find brokers that all have others; and what cannot be read stops a partition, unless its
    /// reader seeks.
    pub const fn is_special(self) -> bool {
        let is_of_groups = matches!(
            self,
            Self::Freeze | Self::ZooKeeperOutage | Self::ZooKeeperLostReply | Self::PartitionAdded
        );
        self.loses_records()
            || is_of_groups
            || matches!(
                self,
                Self::HangUp | Self::ShortFollower | Self::Standstill | Self::Moved | Self::SpoiltBatches
            )
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which kinds of faults a world has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultMix {
    enabled: Vec<Fault>,
}

impl FaultMix {
    /// A world in which nothing goes wrong.
    pub const fn none() -> Self {
        Self { enabled: Vec::new() }
    }

    /// Every kind of fault.
    pub fn all() -> Self {
        Self::of(Fault::ALL)
    }

    /// These kinds only.
    pub fn of(faults: &[Fault]) -> Self {
        Self { enabled: faults.to_vec() }
    }

    /// Each kind that is not for special scenarios, or not, by the toss of a coin (swarm testing: Groce and others, 2012): some
    /// faults hide others.
    pub fn swarm(rng: &mut Rng) -> Self {
        let usual = Fault::ALL.iter().copied().filter(|fault| !fault.is_special());
        Self { enabled: usual.filter(|_| rng.chance(500)).collect() }
    }

    /// These as well.
    #[must_use]
    pub fn with(mut self, faults: &[Fault]) -> Self {
        self.enabled.extend(faults);
        self.enabled.sort_unstable();
        self.enabled.dedup();
        self
    }

    /// Whether this kind is among them.
    pub fn has(&self, fault: Fault) -> bool {
        self.enabled.contains(&fault)
    }

    /// The kinds, in the order of [`Fault::ALL`].
    pub fn kinds(&self) -> &[Fault] {
        &self.enabled
    }
}

#[derive(Debug)]
struct State {
    mix: FaultMix,
    healed: bool,
    /// Nothing goes wrong yet.
    calm: bool,
    done: BTreeMap<Fault, u64>,
    /// What came of them.
    noted: BTreeMap<&'static str, u64>,
}

/// The faults of a running world: asked by everybody whether something goes wrong now, until the world heals.
#[derive(Clone, Debug)]
pub(crate) struct Faults(Rc<RefCell<State>>);

impl Faults {
    pub(crate) fn new(mix: FaultMix) -> Self {
        let (done, noted) = (BTreeMap::new(), BTreeMap::new());
        Self(Rc::new(RefCell::new(State { mix, healed: false, calm: false, done, noted })))
    }

    /// Whether this kind may happen now.
    pub(crate) fn may(&self, fault: Fault) -> bool {
        let state = self.0.borrow();
        !state.healed && !state.calm && state.mix.has(fault)
    }

    /// Whether it happens now, once in so many of a thousand cases. When it does, it is counted.
    pub(crate) fn strikes(&self, fault: Fault, rng: &mut Rng, per_mille: u64) -> bool {
        let strikes = self.may(fault) && rng.chance(per_mille);
        if strikes {
            self.count(fault);
        }
        strikes
    }

    pub(crate) fn count(&self, fault: Fault) {
        *self.0.borrow_mut().done.entry(fault).or_default() += 1;
    }

    /// Something of this name came of a fault: it is counted with them.
    pub(crate) fn note(&self, what: &'static str) {
        *self.0.borrow_mut().noted.entry(what).or_default() += 1;
    }

    /// Nothing goes wrong until this is taken back.
    pub(crate) fn keep_calm(&self, calm: bool) {
        self.0.borrow_mut().calm = calm;
    }

    /// From now on nothing goes wrong.
    pub(crate) fn heal(&self) {
        self.0.borrow_mut().healed = true;
    }

    pub(crate) fn are_over(&self) -> bool {
        self.0.borrow().healed
    }

    pub(crate) fn kinds(&self) -> Vec<Fault> {
        self.0.borrow().mix.kinds().to_vec()
    }

    pub(crate) fn done(&self) -> BTreeMap<&'static str, u64> {
        let state = self.0.borrow();
        let done = state.done.iter().map(|(fault, count)| (fault.name(), *count));
        done.chain(state.noted.iter().map(|(what, count)| (*what, *count))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_left_out_by_some_seeds_and_chosen_by_others() {
        for fault in Fault::ALL.iter().copied().filter(|fault| !fault.is_special()) {
            let has = |seed| FaultMix::swarm(&mut Rng::new(seed)).has(fault);
            assert!((0..50).any(has), "{fault} is never chosen");
            assert!(!(0..50).all(has), "{fault} is never left out");
        }
    }

    #[test]
    fn nothing_strikes_in_a_healed_world_nor_when_it_is_not_in_the_mix() {
        let mut rng = Rng::new(1);
        let faults = Faults::new(FaultMix::of(&[Fault::Cut]));
        assert!(faults.strikes(Fault::Cut, &mut rng, 1000));
        assert!(!faults.strikes(Fault::Stall, &mut rng, 1000));
        faults.heal();
        assert!(!faults.strikes(Fault::Cut, &mut rng, 1000));
        faults.note("late-word");
        assert_eq!(faults.done(), BTreeMap::from([("cut", 1), ("late-word", 1)]));
    }
}
