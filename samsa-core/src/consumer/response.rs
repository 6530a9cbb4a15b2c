//! What came back, partition by partition. What was not asked, or is said twice, is not listened to.

use bytes::Bytes;
use samsa_proto::ErrorCode;
use samsa_proto::api::fetch::{FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData};
use samsa_proto::api::list_offsets::ListOffsetsRequest;

use super::aborted::Aborted;
use super::check::{Checked, check};
use super::fetcher::{Fetcher, Request};
use super::leader;
use super::partition::{Ends, Partition, Position};
use super::request::uses_ids;
use super::scope::Scope;
use super::segment::Item;
use super::verdict::{Verdict, verdict};
use crate::admin::list_offsets::{self, Found};
use crate::answer::read_answer;
use crate::config::Isolation;
use crate::error::ReadError;
use crate::offset::is_possible;
use crate::planted::{PlantedBug, is_planted};

const NOT_WANTED: &str = "the broker sent records that lie before the wanted offset, or parts of them";

/// Corrupt batches are fetched so often before they are believed, and answers whose numbers contradict each other.
const CORRUPT_ATTEMPTS: u32 = 3;
const CONTRADICTIONS: u32 = 10;

/// The first version that knows of transactions.
const HAS_TRANSACTIONS: i16 = 4;

impl Fetcher {
    pub(crate) fn fetched(
        &mut self,
        scope: &mut Scope<'_>,
        (token, asked): (u64, Request),
        version: i16,
        frame: &Bytes,
    ) {
        let session = self.sessions.entry(asked.broker).or_default();
        match read_answer::<FetchRequest<'_>>(version, frame) {
            Ok(response) if response.error_code.is_ok() => {
                session.go_on(version, response.session_id);
                self.take_in(scope, (token, &asked), version, frame, &response);
                if asked.is_incremental {
                    self.free_rest(token, true);
                } else {
                    self.fail_left_out(scope, token);
                }
            }
            Ok(response) if session.refuse(response.error_code) => self.free_rest(token, false),
            Ok(response) => self.fail_rest(scope, token, &response.error_code.to_string()),
            Err(error) => {
                session.renew();
                self.fail_rest(scope, token, &error.to_string());
            }
        }
    }

    fn take_in(
        &mut self,
        scope: &mut Scope<'_>,
        (token, asked): (u64, &Request),
        version: i16,
        frame: &Bytes,
        response: &FetchResponse<'_>,
    ) {
        let mut frame = frame.clone();
        if has_records(response) {
            frame = self.buffer.memory().charge(frame);
        }
        let endpoints = response.node_endpoints.iter();
        scope.introduced.extend(endpoints.filter_map(leader::introduction));
        let mut heard_all = true;
        for topic in &response.responses {
            if !self.is_mine(topic, version) {
                heard_all = false;
                continue;
            }
            for data in &topic.partitions {
                if self.was_asked(token, data.partition_index) {
                    self.take_partition(scope, version, &frame, data);
                } else {
                    heard_all = false;
                }
            }
        }
        if !heard_all {
            self.tell_of_more_in_fetch(asked, version, response);
        }
    }

    /// Not everything was listened to. What bears the id by which the topic was asked for was, though it was made anew since.
    fn tell_of_more_in_fetch(&self, asked: &Request, version: i16, response: &FetchResponse<'_>) {
        let is_asked = |topic: &&FetchableTopicResponse<'_>| {
            if uses_ids(version) {
                asked.topic_id == Some(topic.topic_id.0)
            } else {
                *topic.topic == *self.spec.topic
            }
        };
        let has_others = !response.responses.iter().all(|topic| is_asked(&topic));
        let answered = response.responses.iter().filter(is_asked).flat_map(|topic| &topic.partitions);
        self.tell_of_more(&asked.partitions, has_others, answered.map(|data| data.partition_index));
    }

    fn is_mine(&self, topic: &FetchableTopicResponse<'_>, version: i16) -> bool {
        if uses_ids(version) {
            self.topic_id.is_some_and(|id| id == topic.topic_id.0)
        } else {
            *topic.topic == *self.spec.topic
        }
    }

    /// Each partition of a request is listened to once, unless it has stopped since.
    pub(super) fn was_asked(&mut self, token: u64, number: i32) -> bool {
        let Some(partition) = self.partitions.get_mut(&number) else { return false };
        partition.request.take_if(|asked| *asked == token).is_some() && !partition.is_stopped()
    }

    fn take_partition(
        &mut self,
        scope: &mut Scope<'_>,
        version: i16,
        frame: &Bytes,
        data: &PartitionData<'_>,
    ) {
        let step = self.next_step();
        let most = self.spec.fetch.buffer_bytes;
        let aborted = self.aborted(version, data);
        let isolation = self.spec.fetch.isolation;
        let Some(partition) = self.partitions.get_mut(&data.partition_index) else { return };
        let Position::At(from) = partition.position else { return };
        if let Some(replica) = partition.asked_replica()
            && let Some(why) = is_of_no_use(data)
        {
            partition.avoid(scope, replica, why);
            return partition.take_hint(&data.current_leader);
        }
        if data.error_code.is_ok() && is_possible(data.high_watermark) {
            let told = Ends { high_watermark: data.high_watermark, stable: data.last_stable_offset };
            let is_of_leader = partition.asked_replica().is_none();
            partition.ends.learn(told, is_of_leader);
            partition.source.ends_at(partition.ends.readable(isolation));
        }
        match verdict(data.error_code) {
            Verdict::Fine if data.diverging_epoch.epoch >= 0 => {
                partition.told_to_part(scope, (data.diverging_epoch.epoch, data.diverging_epoch.end_offset));
            }
            Verdict::Fine => {
                let records =
                    data.records.as_ref().map(|records| records.to_bytes(frame)).unwrap_or_default();
                let checked = check(&records, from, aborted);
                if let Some(what) = contradiction(data) {
                    return self.contradicts(scope, data.partition_index, from, what);
                }
                partition.fetched += checked.kept;
                scope.fetched += checked.kept;
                if records.is_empty() {
                    partition.succeed();
                } else if checked.advances(from) {
                    partition.ends.reach(checked.next);
                    partition.source.ends_at(partition.ends.readable(isolation));
                    for item in partition.advance(checked, from, step, &records) {
                        self.buffer.push(item, &mut scope.wakers);
                    }
                } else if let Some(error) = partition.stand_still(scope, checked, from, most, version) {
                    return self.stop(scope, data.partition_index, error);
                }
                self.take_nearest(scope, data, !records.is_empty());
            }
            Verdict::Again => {
                partition.fail(scope, data.error_code.to_string());
                partition.take_hint(&data.current_leader);
            }
            Verdict::OutOfRange if partition.epoch_of_record().is_some() && !partition.hides_epoch => {
                partition.hides_epoch = true;
            }
            Verdict::OutOfRange => {
                let error = partition.out_of_range();
                self.lose(scope, data.partition_index, error, None);
            }
            Verdict::Refused => {
                let error = partition.refused(data.error_code);
                self.stop(scope, data.partition_index, error);
            }
        }
    }

    /// The numbers of an answer cannot be, so nothing in it is believed.
    fn contradicts(&mut self, scope: &mut Scope<'_>, number: i32, from: i64, what: String) {
        let Some(partition) = self.partitions.get_mut(&number) else { return };
        if let Some(replica) = partition.asked_replica() {
            partition.avoid(scope, replica, what);
            return;
        }
        let error = partition.source.corrupt(from, &what);
        partition.disbelieve(scope, &what);
        if partition.is_hopeless(CONTRADICTIONS) {
            self.stop(scope, number, error);
        }
    }

    fn take_nearest(&mut self, scope: &mut Scope<'_>, data: &PartitionData<'_>, brought_records: bool) {
        if let Some(partition) = self.partitions.get_mut(&data.partition_index) {
            partition.take_nearest(scope, data.preferred_read_replica, brought_records);
        }
    }

    /// What to leave out: only where it was asked for.
    fn aborted(&self, version: i16, data: &PartitionData<'_>) -> Option<Aborted> {
        let wanted = self.spec.fetch.isolation == Isolation::ReadCommitted && version >= HAS_TRANSACTIONS;
        let transactions = data.aborted_transactions.as_deref().unwrap_or_default();
        (wanted && !transactions.is_empty()).then(|| Aborted::new(transactions))
    }

    pub(crate) fn listed(
        &mut self,
        scope: &mut Scope<'_>,
        (token, asked): (u64, &Request),
        version: i16,
        frame: &Bytes,
    ) {
        match read_answer::<ListOffsetsRequest<'_>>(version, frame) {
            Ok(response) => {
                let topic = self.spec.topic.clone();
                let has_others = response.topics.iter().any(|answered| *answered.name != *topic);
                let answered = list_offsets::answers(&response, &topic, version).map(|(number, _)| number);
                self.tell_of_more(&asked.partitions, has_others, answered);
                for (number, found) in list_offsets::answers(&response, &topic, version) {
                    if self.was_asked(token, number) {
                        self.take_offset(scope, number, version, found);
                    }
                }
                self.fail_left_out(scope, token);
            }
            Err(error) => self.fail_rest(scope, token, &error.to_string()),
        }
    }

    fn take_offset(&mut self, scope: &mut Scope<'_>, number: i32, version: i16, found: Found) {
        let Some(partition) = self.partitions.get_mut(&number) else { return };
        match found {
            Found::Offset(offset, leader_epoch) => {
                partition.found(Position::At(offset));
                (partition.read_epoch, partition.listed) = (leader_epoch, Some(offset));
                if partition.source.start() < 0 {
                    partition.source.start_at(offset);
                    scope.found_start = true;
                } else {
                    partition.source.resumes_at(offset);
                }
                self.tell_position(scope, number);
            }
            Found::Impossible(offset) => partition.disbelieve(scope, &format!("offset {offset}")),
            Found::Nothing => {
                let instead = Position::Sought(list_offsets::instead(version));
                if partition.position == instead {
                    partition
                        .fail(scope, "the broker does not say where the partition begins or ends".to_owned());
                } else {
                    partition.found(instead);
                }
            }
            Found::Refused(code) if verdict(code) == Verdict::Again => {
                partition.fail(scope, code.to_string());
            }
            Found::Refused(code) => {
                let error = partition.refused(code);
                self.stop(scope, number, error);
            }
        }
    }
}

/// Numbers that cannot all be true. Records behind the high watermark can be: brokers read it before the log, and bring what
/// became readable in between (`Partition.readRecords`).
fn contradiction(data: &PartitionData<'_>) -> Option<String> {
    let (start, end) = (data.log_start_offset, data.high_watermark);
    if !is_possible(end) {
        return Some(format!("the high watermark {end}"));
    }
    (start > end).then(|| format!("a log that starts at {start}, behind the high watermark {end}"))
}

/// Why a follower's answer says nothing that its leader need not say, too.
fn is_of_no_use(data: &PartitionData<'_>) -> Option<String> {
    match verdict(data.error_code) {
        Verdict::OutOfRange if is_planted(PlantedBug::BelievesFollowers) => None,
        Verdict::Fine if data.diverging_epoch.epoch >= 0 => {
            Some("its log parts from what was read, or lags".to_owned())
        }
        Verdict::Fine => None,
        _ => Some(data.error_code.to_string()),
    }
}

fn has_records(response: &FetchResponse<'_>) -> bool {
    let mut partitions = response.responses.iter().flat_map(|topic| &topic.partitions);
    partitions.any(|data| data.records.as_ref().is_some_and(|records| !records.is_empty()))
}

impl Partition {
    /// What a broker says cannot be. It is asked again later.
    fn disbelieve(&mut self, scope: &mut Scope<'_>, what: &str) {
        let (topic, partition) = (self.source.topic(), self.source.partition());
        tracing::warn!(%topic, partition, %what, "a broker tells what cannot be");
        self.fail(scope, format!("the broker tells what cannot be: {what}"));
    }

    fn found(&mut self, position: Position) {
        self.succeed();
        self.position = position;
    }

    /// Goes on behind the sound batches; gives what may hold records, or at least where it goes on.
    fn advance(&mut self, checked: Checked, from: i64, step: u64, records: &Bytes) -> Vec<Item> {
        self.succeed();
        self.position = Position::At(checked.next);
        self.brought_in = step;
        let mut from = from;
        let mut items = Vec::new();
        for run in checked.runs {
            items.push(Item::Segment(self.segment(records.slice(run.bytes), from, run.next)));
            (from, self.read_epoch) = (run.next, run.leader_epoch);
        }
        if items.is_empty() {
            items.push(Item::Segment(self.segment(Bytes::new(), from, checked.next)));
        }
        self.read_epoch = checked.leader_epoch;
        items
    }

    /// Bytes came, and none that helps. `most` is the reader's whole memory.
    fn stand_still(
        &mut self,
        scope: &mut Scope<'_>,
        checked: Checked,
        from: i64,
        most: usize,
        version: i16,
    ) -> Option<ReadError> {
        if let (Some(replica), false) = (self.asked_replica(), checked.cut_off && self.bytes < most) {
            let why = checked.error.as_ref().map_or_else(|| NOT_WANTED.to_owned(), ToString::to_string);
            self.avoid(scope, replica, why);
            return None;
        }
        if let Some(error) = checked.error {
            self.fail(scope, error.to_string());
            return self.is_hopeless(CORRUPT_ATTEMPTS).then(|| self.source.corrupt(from, &error));
        }
        if checked.cut_off && self.bytes < most {
            self.bytes = self.bytes.saturating_mul(2).clamp(1, most);
            return None;
        }
        if checked.cut_off && version <= 2 {
            return Some(self.refused(ErrorCode::MESSAGE_TOO_LARGE));
        }
        self.fail(scope, NOT_WANTED.to_owned());
        None
    }
}
