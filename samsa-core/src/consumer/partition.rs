//! One partition of a reader: where it stands, who leads it, when it may be asked for again.
//!
//! | position | input                              | then                                          |
//! |----------|------------------------------------|-----------------------------------------------|
//! | Sought   | an offset                          | At                                            |
//! | Sought   | nothing at that time               | Sought, at the end                            |
//! | At       | batches                            | At their end                                  |
//! | At       | a leader of a later epoch          | in doubt, until that leader has confirmed it  |
//! | At       | the leader's log parts before it   | stopped and told once; or At where it parts   |
//! | any      | an error that may pass, no answer  | the same, after a backoff and fresh metadata  |
//! | At       | corrupt batches, or numbers that   | stopped, told once                            |
//! |          | contradict each other, for long    |                                               |
//! | At       | out of range                       | stopped and told once; or Sought, as asked    |
//! | any      | refused                            | stopped, told once                            |
//! | any      | a seek                             | Sought or At, also when it had stopped        |

use std::sync::Arc;

use bytes::Bytes;
use samsa_proto::ErrorCode;

use super::fetcher::Question;
use super::nearest::Nearest;
use super::scope::Scope;
use super::seeking::Seek;
use super::segment::Segment;
use super::source::Source;
use crate::config::Isolation;
use crate::error::ReadError;
use crate::id::BrokerId;
use crate::metrics::Volume;
use crate::offset::Offset;
use crate::time::Instant;
use crate::topology::PartitionInfo;

#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) source: Arc<Source>,
    pub(crate) leader: Option<BrokerId>,
    pub(crate) leader_epoch: Option<i32>,
    /// The highest that there was: who led last may be known without one.
    newest_epoch: Option<i32>,
    /// The replica that records are read from, where that is not the leader.
    pub(crate) nearest: Nearest,
    pub(crate) position: Position,
    /// The leader epoch of the record before the position, where that is known (KIP-320).
    pub(crate) read_epoch: Option<i32>,
    /// The position that a broker has listed, while it is one. `read_epoch` is that of its leader there, and no record's.
    pub(super) listed: Option<i64>,
    /// The leader has changed since: its log may part from what was read.
    pub(crate) in_doubt: bool,
    /// A broker said out of range where it was told `read_epoch` too, which may be what it does not know.
    pub(crate) hides_epoch: bool,
    /// The question that is in flight, or was last.
    pub(crate) asked: Option<Asked>,
    /// The command that waits for the position.
    pub(crate) seek: Option<Seek>,
    /// The request that it is in.
    pub(crate) request: Option<u64>,
    /// In which step of its reader it brought something last. Lower ones go first.
    pub(crate) brought_in: u64,
    /// How much of it one response may bring.
    pub(crate) bytes: usize,
    pub(crate) stopped: bool,
    pub(crate) not_before: Instant,
    /// What went wrong last, while it has not gone right since.
    pub(crate) trouble: Option<String>,
    pub(crate) troubled_since: Option<Instant>,
    pub(super) failures: u32,
    /// What the application is to have of it.
    pub(super) fetched: Volume,
    pub(super) ends: Ends,
    corrupt: u32,
}

/// A question about a partition. One request may ask its broker as the leader of some and as a replica of others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) broker: BrokerId,
    /// Its leader got it, as far as was known.
    pub(crate) as_leader: bool,
    pub(crate) leader_epoch: Option<i32>,
}

/// Where the log ends, as far as it is known; negative where it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) high_watermark: i64,
    /// Before the first transaction that is open.
    pub(super) stable: i64,
}

impl Ends {
    /// What a leader says is so; another replica knows it late, or lags.
    pub(super) fn learn(&mut self, told: Self, is_of_leader: bool) {
        if is_of_leader {
            *self = told;
        } else {
            self.high_watermark = self.high_watermark.max(told.high_watermark);
            self.stable = self.stable.max(told.stable);
        }
    }

    /// Records were brought up to there: so far it is readable, whatever was told beside them.
    pub(super) fn reach(&mut self, next: i64) {
        self.high_watermark = self.high_watermark.max(next);
        if self.stable >= 0 {
            self.stable = self.stable.max(next);
        }
    }

    /// Where what a reader is given ends; negative where that is not known.
    pub(super) fn readable(self, isolation: Isolation) -> i64 {
        let is_held_back = isolation == Isolation::ReadCommitted && self.stable >= 0;
        if is_held_back { self.stable } else { self.high_watermark }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// Still to be found out.
    Sought(Offset),
    /// The next offset to fetch.
    At(i64),
}

impl Partition {
    pub(crate) fn new(source: Arc<Source>, start: Offset, bytes: usize) -> Self {
        let mut partition = Self {
            source,
            leader: None,
            leader_epoch: None,
            newest_epoch: None,
            nearest: Nearest::default(),
            position: Position::Sought(start),
            read_epoch: None,
            listed: None,
            in_doubt: false,
            hides_epoch: false,
            asked: None,
            seek: None,
            request: None,
            brought_in: 0,
            bytes,
            stopped: false,
            not_before: Instant::START,
            trouble: None,
            troubled_since: None,
            failures: 0,
            fetched: Volume::default(),
            ends: Ends { high_watermark: -1, stable: -1 },
            corrupt: 0,
        };
        partition.go_to(start);
        partition
    }

    /// Where to read on, whatever was before. An answer that is still under way is not listened to.
    pub(crate) fn go_to(&mut self, place: Offset) {
        self.position = match place {
            Offset::Exact(offset) => Position::At(offset),
            sought => Position::Sought(sought),
        };
        if let Offset::Exact(offset) = place {
            self.source.start_at(offset);
        }
        self.request = None;
        self.read_epoch = None;
        self.listed = None;
        self.in_doubt = false;
        self.hides_epoch = false;
    }

    /// A new leader is asked at once, and a position in what an earlier one led is in doubt. An older view of the
    /// partition than it has, which a broker may have corrected meanwhile, changes nothing.
    pub(crate) fn follow(&mut self, info: &PartitionInfo) {
        if let (Some(new), Some(newest)) = (info.leader_epoch, self.newest_epoch) {
            if new < newest {
                return;
            }
            self.in_doubt |= new > newest && self.read_epoch.is_some() && self.is_at();
        }
        let is_news = self.leader != info.leader || self.leader_epoch != info.leader_epoch;
        if is_news {
            self.not_before = Instant::START;
        }
        self.nearest.follow(info, is_news && info.leader.is_some());
        self.leader = info.leader;
        self.leader_epoch = info.leader_epoch;
        self.newest_epoch = info.leader_epoch.or(self.newest_epoch);
    }

    /// Whether a leader of this epoch comes after all that are known.
    pub(super) fn is_later_than_known(&self, epoch: i32) -> bool {
        self.newest_epoch.is_some_and(|newest| epoch > newest)
    }

    /// The same within the stream: what was fetched before is handed out before what comes from there.
    pub(crate) fn lead_to(&mut self, place: Offset) {
        let start = self.source.start();
        self.go_to(place);
        self.source.start_at(start);
    }

    /// Those of another topic of that name lead nothing here.
    pub(crate) fn forget_leader(&mut self) {
        self.leader = None;
        self.leader_epoch = None;
        self.newest_epoch = None;
    }

    /// What was fetched of it from this offset on, up to `next`.
    pub(crate) fn segment(&self, records: Bytes, from: i64, next: i64) -> Segment {
        let (source, turn) = (Arc::clone(&self.source), self.source.turn());
        Segment { source, turn, records, from, next, leader_epoch: self.read_epoch }
    }

    /// What is to be asked about it next.
    pub(crate) fn question(&self) -> Question {
        match self.position {
            Position::Sought(_) => Question::Offsets,
            Position::At(_) if self.in_doubt => Question::Epochs,
            Position::At(_) => Question::Records,
        }
    }

    /// Whether this is to be asked about it now. What is paused or withheld is not fetched.
    pub(crate) fn waits_for(&self, question: Question, now: Instant) -> bool {
        self.is_due(now)
            && self.question() == question
            && !(question == Question::Records && self.source.rests())
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped || self.source.is_stopped()
    }

    /// Whether it waits for nothing but to be asked for.
    fn is_due(&self, now: Instant) -> bool {
        self.request.is_none() && self.not_before <= now && !self.is_stopped()
    }

    /// A definite refusal.
    pub(crate) fn refused(&self, code: ErrorCode) -> ReadError {
        ReadError::Refused {
            topic: Arc::clone(self.source.topic()),
            partition: self.source.partition(),
            code,
        }
    }

    /// Whether its leader epoch is another one than it was asked with.
    pub(crate) fn has_other_epoch(&self) -> bool {
        self.asked.is_some_and(|asked| asked.leader_epoch != self.leader_epoch)
    }

    pub(crate) fn is_at(&self) -> bool {
        matches!(self.position, Position::At(_))
    }

    /// The leader epoch of the record before the position, if the reader went past one to come there.
    pub(super) fn epoch_of_record(&self) -> Option<i32> {
        self.read_epoch.filter(|_| self.listed != Some(self.offset()))
    }

    /// When it is due again, if that lies ahead.
    pub(crate) fn due_after(&self, now: Instant) -> Option<Instant> {
        let rests = self.question() == Question::Records && self.source.rests();
        let waits = self.request.is_none() && self.not_before > now && !self.is_stopped() && !rests;
        waits.then_some(self.not_before)
    }

    /// It went right.
    pub(crate) fn succeed(&mut self) {
        self.failures = 0;
        self.corrupt = 0;
        self.hides_epoch = false;
        (self.trouble, self.troubled_since) = (None, None);
    }

    pub(crate) fn revive(&mut self) {
        self.succeed();
        self.stopped = false;
        self.not_before = Instant::START;
    }

    /// It went wrong, and may go right later: after a wait, and a look at fresh metadata.
    pub(crate) fn fail(&mut self, scope: &mut Scope<'_>, trouble: String) {
        self.failures = self.failures.saturating_add(1);
        self.not_before = scope.now + scope.config.retry_backoff.wait(self.failures, scope.rng);
        self.is_in_trouble(scope, trouble);
    }

    /// What went wrong is remembered, and fresh metadata may help.
    pub(crate) fn is_in_trouble(&mut self, scope: &mut Scope<'_>, trouble: String) {
        self.trouble = Some(trouble);
        self.troubled_since.get_or_insert(scope.now);
        scope.refresh = true;
    }

    /// The next offset to fetch; -1 while that is still to be found out.
    pub(crate) fn offset(&self) -> i64 {
        match self.position {
            Position::At(offset) => offset,
            Position::Sought(_) => -1,
        }
    }

    /// The log does not hold its position.
    pub(crate) fn out_of_range(&self) -> ReadError {
        let offset = self.offset();
        ReadError::OutOfRange {
            topic: Arc::clone(self.source.topic()),
            partition: self.source.partition(),
            offset,
        }
    }

    /// Whether what cannot be right came so often in a row now.
    pub(crate) fn is_hopeless(&mut self, attempts: u32) -> bool {
        self.corrupt += 1;
        self.corrupt >= attempts
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::consumer::tests::script::source;

    #[test]
    fn a_pause_puts_off_what_is_fetched_and_not_what_is_sought() {
        let later = Instant::START + Duration::from_secs(1);
        for (start, due) in [(Offset::Latest, Some(later)), (Offset::Exact(3), None)] {
            let source = source(0);
            source.set_paused(true);
            let mut partition = Partition::new(source, start, 1);
            partition.not_before = later;
            assert_eq!(partition.due_after(Instant::START), due, "{start:?}");
        }
    }
}
