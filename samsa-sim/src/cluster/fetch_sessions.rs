//! What brokers remember of fetches, so that clients need tell only what changes (KIP-227).

use std::collections::BTreeMap;

use samsa_proto::ErrorCode;
use samsa_proto::api::fetch::{FetchPartition, FetchRequest, PartitionData};
use samsa_proto::wire::Uuid;

/// The epoch that asks for a session, and the one that asks for none or ends one.
const INITIAL: i32 = 0;
const FINAL: i32 = -1;

/// How often in a row the same records are served that nobody wants: then the client should have said so.
const UNWANTED: u32 = 8;

/// Which topic a partition belongs to: by name before version 13, by id later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TopicKey {
    pub(super) name: String,
    pub(super) id: Uuid,
}

/// A partition to fetch.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) topic: TopicKey,
    pub(super) asked: FetchPartition,
    /// High watermark, log start and stable end, as they were told last.
    told: Option<(i64, i64, i64)>,
    /// How often these very records were served.
    served: u32,
}

/// What a request is about, once its session is looked up.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) id: i32,
    /// Whether everything is told, or only news.
    pub(super) is_full: bool,
    pub(super) wanted: Vec<Wanted>,
}

#[derive(Debug)]
struct Session {
    /// Of the next request.
    epoch: i32,
    used: u64,
    wanted: Vec<Wanted>,
}

/// The sessions of all brokers.
#[derive(Debug)]
pub(super) struct FetchSessions {
    sessions: BTreeMap<(i32, i32), Session>,
    /// Of one broker.
    most: usize,
    clock: u64,
}

impl FetchSessions {
    pub(super) fn new(most: usize) -> Self {
        Self { sessions: BTreeMap::new(), most, clock: 0 }
    }

    /// A broker has stopped.
    pub(super) fn forget(&mut self, broker: i32) {
        self.sessions.retain(|(of, _), _| *of != broker);
    }

    /// Looks up what a request is about.
    pub(super) fn begin(&mut self, broker: i32, request: &FetchRequest<'_>) -> Result<Context, ErrorCode> {
        let asked: Vec<Wanted> = all(request).collect();
        match (request.session_id, request.session_epoch) {
            (id, FINAL) => {
                self.sessions.remove(&(broker, id));
                Ok(Context { id: 0, is_full: true, wanted: asked })
            }
            (id, INITIAL) => {
                self.sessions.remove(&(broker, id));
                Ok(Context { id: self.open(broker, &asked), is_full: true, wanted: asked })
            }
            (id, epoch) => self.go_on(broker, id, epoch, request, asked),
        }
    }

    /// 0 where there is no room.
    fn open(&mut self, broker: i32, wanted: &[Wanted]) -> i32 {
        self.clock += 1;
        let of_it = self.sessions.iter().filter(|((of, _), _)| *of == broker);
        let oldest = of_it.clone().min_by_key(|(_, session)| session.used).map(|(key, _)| *key);
        if of_it.count() >= self.most
            && let Some(oldest) = oldest
        {
            self.sessions.remove(&oldest);
        }
        let id = self.clock as i32;
        if self.most > 0 && !wanted.is_empty() {
            let session = Session { epoch: 1, used: self.clock, wanted: wanted.to_vec() };
            self.sessions.insert((broker, id), session);
            return id;
        }
        0
    }

    fn go_on(
        &mut self,
        broker: i32,
        id: i32,
        epoch: i32,
        request: &FetchRequest<'_>,
        asked: Vec<Wanted>,
    ) -> Result<Context, ErrorCode> {
        self.clock += 1;
        let session = self.sessions.get_mut(&(broker, id)).ok_or(ErrorCode::FETCH_SESSION_ID_NOT_FOUND)?;
        if session.epoch != epoch {
            return Err(ErrorCode::INVALID_FETCH_SESSION_EPOCH);
        }
        session.epoch = if epoch == i32::MAX { 1 } else { epoch + 1 };
        session.used = self.clock;
        for topic in &request.forgotten_topics_data {
            let is_forgotten = |wanted: &Wanted| {
                wanted.topic.name == topic.topic
                    && wanted.topic.id == topic.topic_id
                    && topic.partitions.contains(&wanted.asked.partition)
            };
            session.wanted.retain(|wanted| !is_forgotten(wanted));
        }
        for wanted in asked {
            match session.wanted.iter_mut().find(|known| known.is_same(&wanted)) {
                Some(known) => (known.asked, known.served) = (wanted.asked, 0),
                None => session.wanted.push(wanted),
            }
        }
        Ok(Context { id, is_full: false, wanted: session.wanted.clone() })
    }

    /// What of these answers is told in a session: everything in a full answer, else what is new. Those that brought
    /// records go behind the others. Complains of records that are served again and again and nobody wants, though the broker
    /// does not lie.
    pub(super) fn tell(
        &mut self,
        (broker, brings_nonsense): (i32, bool),
        context: &Context,
        answers: Vec<(TopicKey, PartitionData<'static>)>,
        complaints: &mut Vec<String>,
    ) -> Vec<(TopicKey, PartitionData<'static>)> {
        let Some(session) = self.sessions.get_mut(&(broker, context.id)) else { return answers };
        let mut told = Vec::new();
        let mut brought = Vec::new();
        for (topic, data) in answers {
            let place = session
                .wanted
                .iter()
                .position(|wanted| wanted.topic == topic && wanted.asked.partition == data.partition_index);
            let Some(place) = place else { continue };
            let wanted = &mut session.wanted[place];
            let has_records = data.records.as_ref().is_some_and(|records| !records.is_empty());
            let now = (data.high_watermark, data.log_start_offset, data.last_stable_offset);
            let is_error = !data.error_code.is_ok() || data.diverging_epoch.epoch >= 0;
            let is_sent_away = data.preferred_read_replica >= 0;
            let is_news = has_records || is_error || is_sent_away || wanted.told != Some(now);
            wanted.told = (!is_error).then_some(now);
            if has_records {
                // Who is told what cannot be, or brought what cannot be read, asks for the same again.
                wanted.served += u32::from(!brings_nonsense);
                brought.push(session.wanted.remove(place));
            }
            if is_news || context.is_full {
                told.push((topic, data));
            }
        }
        for wanted in brought.iter().filter(|wanted| wanted.served == UNWANTED) {
            let (name, asked) = (&wanted.topic.name, &wanted.asked);
            complaints.push(format!(
                "{name}/{} from {} was served {UNWANTED} times in a session, and never asked on from",
                asked.partition, asked.fetch_offset
            ));
        }
        session.wanted.extend(brought);
        told
    }
}

impl Wanted {
    fn is_same(&self, other: &Self) -> bool {
        self.topic == other.topic && self.asked.partition == other.asked.partition
    }
}

fn all<'r>(request: &'r FetchRequest<'_>) -> impl Iterator<Item = Wanted> + 'r {
    request.topics.iter().flat_map(|topic| {
        let key = TopicKey { name: topic.topic.to_owned(), id: topic.topic_id };
        topic.partitions.iter().map(move |asked| Wanted {
            topic: key.clone(),
            asked: asked.clone(),
            told: None,
            served: 0,
        })
    })
}

#[cfg(test)]
mod tests {
    use samsa_proto::api::fetch::{FetchTopic, ForgottenTopic};
    use samsa_proto::wire::Records;

    use super::*;

    fn request<'a>(id: i32, epoch: i32, asked: &[(i32, i64)], forgotten: &[i32]) -> FetchRequest<'a> {
        let partitions = asked.iter().map(|(partition, fetch_offset)| FetchPartition {
            partition: *partition,
            fetch_offset: *fetch_offset,
            ..Default::default()
        });
        let topics = vec![FetchTopic { topic: "t", partitions: partitions.collect(), ..Default::default() }];
        let forgotten_topics_data =
            vec![ForgottenTopic { topic: "t", partitions: forgotten.to_vec(), ..Default::default() }];
        FetchRequest {
            session_id: id,
            session_epoch: epoch,
            topics,
            forgotten_topics_data,
            ..Default::default()
        }
    }

    fn wants(context: &Context) -> Vec<(i32, i64)> {
        context.wanted.iter().map(|wanted| (wanted.asked.partition, wanted.asked.fetch_offset)).collect()
    }

    fn answer(
        partition_index: i32,
        high_watermark: i64,
        records: &'static [u8],
    ) -> (TopicKey, PartitionData<'static>) {
        let key = TopicKey { name: "t".to_owned(), id: Uuid::ZERO };
        let records = Some(Records::Slice(records));
        (key, PartitionData { partition_index, high_watermark, records, ..Default::default() })
    }

    fn told(
        sessions: &mut FetchSessions,
        context: &Context,
        records: &'static [u8],
    ) -> (Vec<i32>, Vec<String>) {
        let mut complaints = Vec::new();
        let answers = vec![answer(0, 9, records), answer(1, 9, b"")];
        let told = sessions.tell((1, false), context, answers, &mut complaints);
        (told.iter().map(|(_, data)| data.partition_index).collect(), complaints)
    }

    #[test]
    fn changes_are_kept_and_what_is_forgotten_is_not_fetched() {
        let mut sessions = FetchSessions::new(10);
        let first = sessions.begin(1, &request(0, 0, &[(0, 5), (1, 5)], &[])).unwrap();
        let second = sessions.begin(1, &request(first.id, 1, &[(1, 6)], &[])).unwrap();
        assert_eq!(wants(&second), [(0, 5), (1, 6)]);
        let third = sessions.begin(1, &request(first.id, 2, &[], &[0])).unwrap();
        assert_eq!(wants(&third), [(1, 6)]);
        let again = sessions.begin(1, &request(first.id, 2, &[], &[])).unwrap_err();
        assert_eq!(again, ErrorCode::INVALID_FETCH_SESSION_EPOCH);
        sessions.begin(1, &request(first.id, FINAL, &[], &[])).unwrap();
        let ended = sessions.begin(1, &request(first.id, 3, &[], &[])).unwrap_err();
        assert_eq!(ended, ErrorCode::FETCH_SESSION_ID_NOT_FOUND);
    }

    #[test]
    fn the_least_recently_used_session_makes_room() {
        let mut sessions = FetchSessions::new(1);
        let first = sessions.begin(1, &request(0, 0, &[(0, 5)], &[])).unwrap();
        let second = sessions.begin(1, &request(0, 0, &[(0, 5)], &[])).unwrap();
        assert!(sessions.begin(1, &request(first.id, 1, &[], &[])).is_err());
        assert!(sessions.begin(1, &request(second.id, 1, &[], &[])).is_ok());
        assert_eq!(FetchSessions::new(0).begin(1, &request(0, 0, &[(0, 5)], &[])).unwrap().id, 0);
    }

    #[test]
    fn only_news_is_told_and_who_never_asks_on_is_complained_of() {
        let mut sessions = FetchSessions::new(10);
        let first = sessions.begin(1, &request(0, 0, &[(0, 5), (1, 5)], &[])).unwrap();
        assert_eq!(told(&mut sessions, &first, b"").0, [0, 1]);
        let next = sessions.begin(1, &request(first.id, 1, &[], &[])).unwrap();
        assert_eq!(told(&mut sessions, &next, b"").0, Vec::<i32>::new());
        for served in 1..=UNWANTED {
            let (partitions, complaints) = told(&mut sessions, &next, b"records");
            assert_eq!((partitions, complaints.len()), (vec![0], usize::from(served == UNWANTED)));
        }
    }

    #[test]
    fn who_does_not_ask_on_from_what_a_liar_serves_is_not_complained_of() {
        let mut sessions = FetchSessions::new(10);
        let context = sessions.begin(1, &request(0, 0, &[(0, 5)], &[])).unwrap();
        let mut complaints = Vec::new();
        for _ in 0..=UNWANTED {
            let answers = vec![answer(0, 9, b"records")];
            assert_eq!(sessions.tell((1, true), &context, answers, &mut complaints).len(), 1);
        }
        assert_eq!(complaints, Vec::<String>::new());
    }
}
