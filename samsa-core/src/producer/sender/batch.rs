//! A batch on its way: what is sent, and what is known of its fate.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use samsa_proto::records::{Builder, Codec, EncodeError, Flags, Format, Identity, Sealed};

use super::identity::further;
use super::rewrite::{rewrite, with_headers};
use crate::error::{Certainty, PublishFailure};
use crate::id::{BrokerId, JobId};
use crate::metrics::Volume;
use crate::planted::{PlantedBug, is_planted};
use crate::producer::buffer::{LaneBatch, Store, UnsettledRecord};
use crate::producer::outcome::{BatchOutcome, End, Written};
use crate::producer::publish_error::{FailedBatch, Kept};
use crate::time::Instant;
use crate::wake::Wakers;

/// A sealed batch. Once it was put in a request its bytes do not change, unless it is certainly not stored.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and any of them go together")]
pub(super) struct Batch {
    pub(super) sealed: Sealed,
    /// Made with the first request that it is put in.
    header: Option<Bytes>,
    /// Who sends it, and its place in the sequence: decided with the first request that it is put in.
    pub(super) identity: Option<Identity>,
    /// The request that it is in.
    pub(super) flight: Option<Flight>,
    /// How often it was put in a request since it was as good as new.
    attempts: u32,
    /// It was put in a request, whatever came of that.
    pub(super) has_departed: bool,
    /// It is being compressed.
    pub(super) job: Option<JobId>,
    outcome: BatchOutcome,
    followers: Vec<(u32, BatchOutcome)>,
    /// Records that stay together.
    sets: Vec<Range<u32>>,
    opened: Instant,
    charge: usize,
    /// Some record has headers.
    pub(super) has_headers: bool,
    /// Keyless: any partition will do.
    pub(super) is_free: bool,
    /// Some attempt that is over was left without a definite refusal.
    pub(super) is_possibly_sent: bool,
    /// Compressed, or found not worth it.
    pub(super) is_compressed: bool,
    /// What went wrong last.
    pub(super) trouble: Option<String>,
}

/// One attempt to send a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flight {
    pub(super) token: u64,
    pub(super) broker: BrokerId,
    /// A new batch may go behind it: it is the first attempt, and the connection is the one that is used now.
    pub(super) may_be_followed: bool,
}

impl Batch {
    pub(super) fn new(batch: LaneBatch, is_free: bool) -> Self {
        Self {
            sealed: batch.builder.seal(),
            header: None,
            identity: None,
            flight: None,
            attempts: 0,
            has_departed: false,
            job: None,
            outcome: batch.outcome,
            followers: batch.followers,
            sets: batch.sets,
            opened: batch.opened,
            charge: batch.charge,
            has_headers: batch.has_headers,
            is_free,
            is_possibly_sent: false,
            is_compressed: false,
            trouble: None,
        }
    }

    pub(super) fn opened(&self) -> Instant {
        self.opened
    }

    pub(super) fn deadline(&self, timeout: Duration) -> Instant {
        self.opened + timeout
    }

    /// Its tickets have their outcome: nobody waits for it any more.
    pub(super) fn is_over(&self) -> bool {
        self.outcome.is_known()
    }

    pub(super) fn outcome(&self) -> &BatchOutcome {
        &self.outcome
    }

    pub(super) fn len(&self) -> usize {
        self.sealed.encoded_len()
    }

    /// What it counts for.
    pub(super) fn volume(&self) -> Volume {
        Volume { records: u64::from(self.sealed.count()), batches: 1, bytes: self.len() as u64 }
    }

    /// Whether it was put in a request.
    pub(super) fn is_attempted(&self) -> bool {
        self.attempts > 0
    }

    /// Whether it may be in the log as far as is known now.
    pub(super) fn may_be_stored(&self) -> bool {
        self.is_possibly_sent || self.flight.is_some()
    }

    /// It is put in a request.
    pub(super) fn depart(&mut self, token: u64, broker: BrokerId) {
        let may_be_followed = self.attempts == 0;
        self.attempts = self.attempts.saturating_add(1);
        self.has_departed = true;
        self.flight = Some(Flight { token, broker, may_be_followed });
    }

    /// All attempts were refused: it is as good as new.
    pub(super) fn forget_attempts(&mut self) {
        debug_assert!(
            !self.may_be_stored() || is_planted(PlantedBug::RenewsWhileInDoubt),
            "what may be stored keeps its place in the sequence"
        );
        self.identity = None;
        self.header = None;
        self.attempts = 0;
    }

    /// Takes another identity.
    pub(super) fn set_identity(&mut self, identity: Identity) {
        self.identity = Some(identity);
        self.header = None;
    }

    /// The bytes for a request; the same ones each time.
    pub(super) fn segments(&mut self) -> Vec<Bytes> {
        let (sealed, identity) = (&self.sealed, self.identity);
        let header = self.header.get_or_insert_with(|| sealed.header(identity, Flags::default()));
        vec![header.clone(), sealed.body().clone()]
    }

    /// Writes the batch anew in another format; only for one that is certainly not stored.
    pub(super) fn recode(
        &mut self,
        format: Format,
        store: &Store,
        wakers: &mut Wakers,
    ) -> Result<(), EncodeError> {
        debug_assert!(!self.may_be_stored(), "bytes that may be stored never change");
        for builder in rewrite(&self.sealed, format, &[])? {
            self.is_compressed = false;
            self.attempts = 0;
            let capacity = builder.capacity();
            self.replace(builder.seal(), capacity, store, wakers);
        }
        Ok(())
    }

    /// In two, sequence numbers and all, such that no set is torn; as it was, when it is one record or one set. Only for one
    /// that is certainly not stored.
    pub(super) fn split(self, store: &Store, wakers: &mut Wakers) -> Result<Vec<Self>, Box<Self>> {
        match self.cut() {
            Some(cut) => self.divide(&[cut], store, wakers),
            None => Err(Box::new(self)),
        }
    }

    /// What has headers apart from what has none, in order, such that no set is torn; as it was, when all of it has headers,
    /// or nothing. Only for one that is certainly not stored.
    pub(super) fn split_by_headers(self, store: &Store, wakers: &mut Wakers) -> Result<Vec<Self>, Box<Self>> {
        let has_headers = self.sets_with_headers();
        let cuts = (1..self.sealed.count()).zip(has_headers.windows(2));
        let cuts: Vec<u32> = cuts.filter(|(_, pair)| pair[0] != pair[1]).map(|(cut, _)| cut).collect();
        if cuts.is_empty() { Err(Box::new(self)) } else { self.divide(&cuts, store, wakers) }
    }

    /// Of each record whether it, or one of its set, has headers.
    fn sets_with_headers(&self) -> Vec<bool> {
        let mut has_headers = with_headers(&self.sealed);
        for set in &self.sets {
            if let Some(set) = has_headers.get_mut(set.start as usize..set.end as usize) {
                set.fill(set.contains(&true));
            }
        }
        has_headers
    }

    /// Into parts, of which all but the first begin with these records.
    fn divide(mut self, cuts: &[u32], store: &Store, wakers: &mut Wakers) -> Result<Vec<Self>, Box<Self>> {
        debug_assert!(!self.may_be_stored(), "bytes that may be stored never change");
        let Ok(builders) = rewrite(&self.sealed, self.sealed.format(), cuts) else {
            return Err(Box::new(self));
        };
        let charges: Vec<usize> = builders.iter().map(Builder::capacity).collect();
        store.charge_anyway(charges.iter().sum());
        self.release(store, wakers);
        let firsts = [0].iter().chain(cuts).copied();
        let behind = cuts.iter().copied().chain([u32::MAX]);
        let parts: Vec<Self> = firsts
            .clone()
            .zip(behind)
            .zip(builders.into_iter().map(Builder::seal).zip(charges))
            .map(|((first, behind), (sealed, charge))| self.part(first..behind, sealed, charge))
            .collect();
        let outcomes = firsts.zip(&parts).map(|(first, part)| (first, part.outcome.clone()));
        self.outcome.split(outcomes.collect(), wakers);
        recycle(self.sealed, store);
        Ok(parts)
    }

    /// The place nearest to the middle at which it may be cut.
    fn cut(&self) -> Option<u32> {
        let count = self.sealed.count();
        let is_torn = |cut: u32| self.sets.iter().any(|set| set.start < cut && cut < set.end);
        let may_be = (1..count).filter(|cut| is_planted(PlantedBug::TearsSets) || !is_torn(*cut));
        may_be.min_by_key(|cut| cut.abs_diff(count / 2))
    }

    fn part(&self, records: Range<u32>, sealed: Sealed, charge: usize) -> Self {
        let first = records.start;
        let outcome = BatchOutcome::new();
        outcome.set_count(sealed.count());
        let followers = self.followers.iter().filter(|(index, _)| records.contains(index));
        let sets = self.sets.iter().filter(|set| records.contains(&set.start));
        Self {
            header: None,
            identity: self.identity.map(|identity| further(identity, first)),
            flight: None,
            attempts: self.attempts,
            has_departed: false,
            job: None,
            outcome,
            followers: followers.map(|(index, follower)| (index - first, follower.clone())).collect(),
            sets: sets.map(|set| set.start - first..set.end - first).collect(),
            opened: self.opened,
            charge,
            has_headers: self.has_headers && with_headers(&sealed).contains(&true),
            is_free: self.is_free,
            is_possibly_sent: false,
            is_compressed: false,
            trouble: self.trouble.clone(),
            sealed,
        }
    }

    /// The same records in other bytes.
    pub(super) fn replace(&mut self, sealed: Sealed, charge: usize, store: &Store, wakers: &mut Wakers) {
        let old = std::mem::replace(&mut self.sealed, sealed);
        self.header = None;
        store.charge_anyway(charge);
        store.give_back(std::mem::replace(&mut self.charge, charge), wakers);
        recycle(old, store);
    }

    /// The broker has it.
    pub(super) fn finish(mut self, written: Written, store: &Store, wakers: &mut Wakers) {
        self.tell(&End::Written(written), wakers);
        self.release(store, wakers);
        recycle(self.sealed, store);
    }

    /// Its tickets fail, and it keeps its memory. The outcome has the bytes as well, and so may a request in flight. Gives
    /// how many records failed by it.
    #[must_use]
    pub(super) fn report(
        &self,
        topic: &Arc<str>,
        partition: Option<u32>,
        failure: PublishFailure,
        wakers: &mut Wakers,
    ) -> u64 {
        if self.is_over() {
            return 0;
        }
        let failed = FailedBatch {
            topic: Arc::clone(topic),
            partition: partition.map(|partition| partition as i32),
            failure,
            certainty: if self.may_be_stored() { Certainty::PossiblySent } else { Certainty::NotSent },
            kept: Kept::Batch(self.sealed.clone()),
        };
        let (records, partition) = (self.sealed.count(), failed.partition);
        tracing::warn!(%topic, partition, records, certainty = ?failed.certainty, failure = %failed.failure, "a batch failed");
        self.tell(&End::Failed(Arc::new(failed), 0), wakers);
        u64::from(self.sealed.count())
    }

    fn tell(&self, end: &End, wakers: &mut Wakers) {
        self.outcome.finish(end.clone(), wakers);
        for (index, follower) in &self.followers {
            follower.finish(end.at(*index), wakers);
        }
    }

    /// Gives its memory back.
    pub(super) fn release(&mut self, store: &Store, wakers: &mut Wakers) {
        store.give_back(std::mem::take(&mut self.charge), wakers);
    }
}

/// Lets the store have the bytes again, if nobody else holds them. What a codec wrote is of a size that nobody asks for.
fn recycle(sealed: Sealed, store: &Store) {
    if sealed.codec() != Codec::None {
        return;
    }
    let body = sealed.body().clone();
    drop(sealed);
    store.recycle(body);
}

/// What was never put in a batch fails. Gives how many records that are.
#[must_use]
pub(super) fn fail_unsettled(
    waiting: UnsettledRecord,
    topic: &Arc<str>,
    failure: PublishFailure,
    wakers: &mut Wakers,
) -> u64 {
    let count = waiting.set.records.len() as u64;
    tracing::warn!(%topic, records = count, %failure, "messages failed before their topic was known");
    let failed = FailedBatch {
        topic: Arc::clone(topic),
        partition: None,
        failure,
        certainty: Certainty::NotSent,
        kept: Kept::Records(waiting.set.records),
    };
    waiting.outcome.finish(End::Failed(Arc::new(failed), 0), wakers);
    count
}
