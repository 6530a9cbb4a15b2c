//! The topics that somebody wants to know about, and what is known of each.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use samsa_proto::ErrorCode;

use super::contacts::Place;
use super::metadata::{Answer, Question};
use super::view::{Moved, TopicView};
use crate::limits;
use crate::time::Instant;

/// Why a topic is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Interest {
    /// It is never created by looking.
    Read,
    /// The cluster may create it.
    Publish,
}

/// Who answered, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Witness {
    pub(crate) place: Option<Place>,
    /// At how many places somebody could be asked.
    pub(crate) rivals: usize,
    pub(crate) now: Instant,
}

/// What is known of a topic that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// Nobody has wanted it before.
    New,
    /// It was asked about already.
    Unknown,
    Known,
}

/// So many answers in a row, of as many brokers where there are so many, say that a topic is unknown before that is believed: a
/// broker that restarts says so of every topic for a while.
const UNKNOWN_BEFORE_BELIEVED: usize = 3;

#[derive(Debug, Default)]
pub(crate) struct Topics(BTreeMap<Arc<str>, Wanted>);

#[derive(Debug)]
struct Wanted {
    interest: Interest,
    view: Option<TopicView>,
    /// What was known before all brokers said that it is unknown.
    forgotten: Option<TopicView>,
    trouble: Trouble,
    /// Which transaction created its node in ZooKeeper.
    czxid: Option<i64>,
    /// Until when it is not sure which incarnation an answer is about.
    anew_until: Option<Instant>,
    /// The ids that it has had, the latest last.
    ids: VecDeque<[u8; 16]>,
}

/// What an answer has changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TopicNews {
    pub(crate) moves: Vec<Moved>,
    /// It is another topic than before under this name, for the first time.
    pub(crate) is_made_anew: bool,
}

/// Brokers that lag tell of former ids; so many are known again.
const FORMER_IDS: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    None,
    NotAsked,
    /// The question is under way.
    Asked,
    /// So many in a row said so, and the first different ones among them.
    Unknown {
        since: Instant,
        answers: usize,
        witnesses: [Option<Place>; UNKNOWN_BEFORE_BELIEVED],
        is_sure: bool,
    },
    NotYet,
    Refused(ErrorCode),
}

impl Topics {
    /// Keeps an interest in a topic from now on. Who wants to read one that was unknown has it asked about anew: somebody may
    /// have made it meanwhile.
    pub(crate) fn want(&mut self, topic: &Arc<str>, interest: Interest) -> Want {
        let is_new = !self.0.contains_key(topic);
        let trouble = Trouble::NotAsked;
        let fresh = || Wanted {
            interest,
            view: None,
            forgotten: None,
            trouble,
            czxid: None,
            anew_until: None,
            ids: VecDeque::new(),
        };
        let wanted = self.0.entry(Arc::clone(topic)).or_insert_with(fresh);
        wanted.interest = wanted.interest.max(interest);
        if interest == Interest::Read && wanted.is_unknown() {
            wanted.trouble = Trouble::NotAsked;
        }
        match &wanted.view {
            Some(_) => Want::Known,
            None if is_new => Want::New,
            None => Want::Unknown,
        }
    }

    /// What is asked for from now on.
    pub(crate) fn ask(&mut self) -> Vec<Question> {
        for wanted in self.0.values_mut().filter(|wanted| wanted.trouble == Trouble::NotAsked) {
            wanted.trouble = Trouble::Asked;
        }
        self.questions()
    }

    /// Whether there is a topic that no broker was asked about yet.
    pub(crate) fn has_new(&self) -> bool {
        self.0.values().any(|wanted| wanted.trouble == Trouble::NotAsked)
    }

    pub(crate) fn is_wanted(&self, topic: &str) -> bool {
        self.0.contains_key(topic)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn view(&self, topic: &str) -> Option<&TopicView> {
        self.0.get(topic)?.view.as_ref()
    }

    pub(crate) fn is_unknown(&self, topic: &str) -> bool {
        self.0.get(topic).is_some_and(Wanted::is_unknown)
    }

    pub(crate) fn refusal(&self, topic: &str) -> Option<ErrorCode> {
        match self.0.get(topic)?.trouble {
            Trouble::Refused(code) => Some(code),
            _ => None,
        }
    }

    /// Whether asking again may help.
    pub(crate) fn is_troubled(&self) -> bool {
        self.0.values().any(|wanted| match wanted.trouble {
            Trouble::NotAsked | Trouble::Asked | Trouble::NotYet => true,
            Trouble::Unknown { is_sure, .. } => wanted.interest == Interest::Publish || !is_sure,
            Trouble::None => wanted.view.as_ref().is_some_and(TopicView::lacks_leader),
            Trouble::Refused(_) => false,
        })
    }

    /// What to ask to know everything that is wanted.
    fn questions(&self) -> Vec<Question> {
        let creates = |wanted: &Wanted| wanted.interest == Interest::Publish && wanted.view.is_none();
        let (create, look): (Vec<_>, Vec<_>) = self.0.iter().partition(|(_, wanted)| creates(wanted));
        let names = |topics: Vec<(&Arc<str>, &Wanted)>| {
            topics.into_iter().map(|(name, _)| Arc::clone(name)).collect()
        };
        let mut questions = Vec::new();
        if !look.is_empty() || create.is_empty() {
            questions.push(Question::Look(names(look)));
        }
        if !create.is_empty() {
            questions.push(Question::Create(names(create)));
        }
        questions
    }

    /// Whether somebody says that a topic is unknown which others know, or may know.
    pub(crate) fn is_disputed(&self) -> bool {
        let is_in_doubt = |wanted: &Wanted| matches!(wanted.trouble, Trouble::Unknown { is_sure: false, .. });
        let is_made = |wanted: &Wanted| wanted.view.is_none() && wanted.interest == Interest::Publish;
        self.0.values().any(|wanted| is_in_doubt(wanted) && !is_made(wanted))
    }

    /// The topics of which brokers say that they are unknown, and which they may know all the same.
    pub(crate) fn in_doubt(&self) -> Vec<Arc<str>> {
        let is_in_doubt = |wanted: &Wanted| matches!(wanted.trouble, Trouble::Unknown { is_sure: false, .. });
        self.0.iter().filter(|(_, wanted)| is_in_doubt(wanted)).map(|(name, _)| Arc::clone(name)).collect()
    }

    /// The topics that no id tells from others of their name.
    pub(crate) fn without_id(&self) -> Vec<Arc<str>> {
        let has_id = |wanted: &Wanted| wanted.view.as_ref().is_some_and(|view| view.id.is_some());
        self.0.iter().filter(|(_, wanted)| !has_id(wanted)).map(|(name, _)| Arc::clone(name)).collect()
    }

    /// ZooKeeper has a topic of this name, made by this transaction. Says whether it is another one than before: what is
    /// answered from now on may be about either, so epochs are taken as they come for a while.
    pub(crate) fn is_registered(&mut self, topic: &str, czxid: i64, now: Instant) -> bool {
        let Some(wanted) = self.0.get_mut(topic) else { return false };
        let before = wanted.czxid.replace(czxid);
        let is_anew = before.is_some_and(|before| before != czxid);
        if is_anew {
            wanted.anew_until = Some(now + limits::MADE_ANEW);
        }
        is_anew
    }

    /// ZooKeeper has no topic of this name. Says whether that is news: it is, if a broker said that it is unknown.
    pub(crate) fn is_not_registered(&mut self, topic: &str) -> bool {
        let Some(wanted) = self.0.get_mut(topic) else { return false };
        let is_news = matches!(wanted.trouble, Trouble::Unknown { is_sure: false, .. });
        if is_news {
            wanted.believe_unknown();
        }
        is_news
    }

    /// Whether a topic is told from others of its name by its id.
    pub(crate) fn has_ids(&self, topic: &str) -> bool {
        self.0.get(topic).is_some_and(|wanted| !wanted.ids.is_empty())
    }

    /// Takes in what one of so many brokers answered, and tells which leaders are others now, and whether it is about another
    /// topic. One that nobody wants is passed over.
    pub(crate) fn learn(&mut self, topic: &str, answer: Answer, from: Witness) -> TopicNews {
        let Some(wanted) = self.0.get_mut(topic) else { return TopicNews::default() };
        let before = wanted.incarnation();
        let is_in_doubt = wanted.anew_until > Some(from.now) || wanted.is_said_to_be_unknown(from);
        wanted.trouble = match &answer {
            Answer::Known(_) => Trouble::None,
            // It is wanted anew since that was asked.
            Answer::Unknown if wanted.trouble == Trouble::NotAsked => Trouble::NotAsked,
            Answer::Unknown => wanted.unknown_once_more(from),
            Answer::NotYet(_) => Trouble::NotYet,
            Answer::Refused(code) => Trouble::Refused(*code),
        };
        if wanted.is_sure_to_be_unknown(from) {
            wanted.believe_unknown();
        }
        let moves = match (answer, &mut wanted.view) {
            (Answer::Known(newer), Some(view)) if is_in_doubt => view.replace(newer),
            (Answer::Known(newer), Some(view)) => view.update(newer),
            (Answer::Known(newer), view @ None) => {
                let known = view.insert(wanted.forgotten.take().unwrap_or_else(|| newer.clone()));
                known.replace(newer);
                Vec::new()
            }
            _ => Vec::new(),
        };
        let begins_again = before.is_some() && wanted.incarnation() != before;
        let is_sure = wanted.anew_until.is_none_or(|until| until <= from.now);
        let is_made_anew = match wanted.view.as_ref().and_then(|view| view.id) {
            Some(id) => wanted.has_new_id(id),
            None => begins_again && is_sure,
        };
        TopicNews { moves, is_made_anew }
    }

    /// All that were asked about and that the answer left out are unknown to that broker.
    pub(crate) fn learn_missing(&mut self, asked: &Question, from: Witness, told: impl Fn(&str) -> bool) {
        let (Question::Look(names) | Question::Create(names)) = asked;
        for name in names.iter().filter(|name| !told(name)) {
            self.learn(name, Answer::Unknown, from);
        }
    }
}

impl Wanted {
    /// How often its epochs have begun again, if it was ever seen.
    fn incarnation(&self) -> Option<u64> {
        self.view.as_ref().or(self.forgotten.as_ref()).map(|view| view.incarnation)
    }

    /// Notes an id. Says whether it has had another one before, and this one never.
    fn has_new_id(&mut self, id: [u8; 16]) -> bool {
        if self.ids.contains(&id) {
            return false;
        }
        let had_another = !self.ids.is_empty();
        self.ids.push_back(id);
        if self.ids.len() > FORMER_IDS {
            self.ids.pop_front();
        }
        had_another
    }

    fn is_unknown(&self) -> bool {
        matches!(self.trouble, Trouble::Unknown { is_sure: true, .. })
    }

    fn unknown_once_more(&self, from: Witness) -> Trouble {
        let (since, answers, mut witnesses, is_sure) = match self.trouble {
            Trouble::Unknown { since, answers, witnesses, is_sure } => (since, answers, witnesses, is_sure),
            _ => (from.now, 0, Default::default(), false),
        };
        if !witnesses.contains(&from.place)
            && let Some(free) = witnesses.iter_mut().find(|witness| witness.is_none())
        {
            *free = from.place;
        }
        Trouble::Unknown { since, answers: answers + 1, witnesses, is_sure }
    }

    /// Whether enough brokers said so in a row: what is told of it next may be about another one.
    fn is_said_to_be_unknown(&self, from: Witness) -> bool {
        let Trouble::Unknown { answers, witnesses, .. } = self.trouble else { return false };
        answers >= UNKNOWN_BEFORE_BELIEVED && witnesses.iter().flatten().count() >= from.rivals.clamp(1, 2)
    }

    /// Of one that was seen, by a broker or by ZooKeeper, that is so only after a time in which every broker will have heard of
    /// it. One that nobody has seen may be new.
    fn is_sure_to_be_unknown(&self, from: Witness) -> bool {
        let Trouble::Unknown { since, answers, witnesses, .. } = self.trouble else { return false };
        if self.view.is_some() || self.czxid.is_some() {
            return self.is_said_to_be_unknown(from) && since + limits::UNKNOWN <= from.now;
        }
        let enough = from.rivals.clamp(1, UNKNOWN_BEFORE_BELIEVED);
        let all_say_so = answers >= 2 && witnesses.iter().flatten().count() >= enough;
        // Others may not be there at all.
        all_say_so || (answers > UNKNOWN_BEFORE_BELIEVED && since + limits::NEVER_SEEN <= from.now)
    }

    fn believe_unknown(&mut self) {
        if let Trouble::Unknown { is_sure, .. } = &mut self.trouble {
            *is_sure = true;
        }
        if let Some(view) = self.view.take() {
            self.forgotten = Some(view);
            // Somebody deleted it: it is not made anew before somebody publishes to it anew.
            self.interest = Interest::Read;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::Peer;
    use crate::id::BrokerId;
    use crate::topology::PartitionInfo;

    const ALONE: Witness = Witness { place: Some(Place(Peer::Bootstrap(0))), rivals: 1, now: Instant::START };

    fn one_of_several(broker: i32) -> Witness {
        Witness { place: Some(Place(Peer::Broker(BrokerId(broker)))), rivals: 3, now: Instant::START }
    }

    fn later(from: Witness) -> Witness {
        Witness { now: from.now + limits::UNKNOWN, ..from }
    }

    /// It was known, and is unknown for as long as it takes.
    fn is_forgotten(topics: &mut Topics, from: Witness) {
        for _ in 1..UNKNOWN_BEFORE_BELIEVED {
            topics.learn("t", Answer::Unknown, from);
        }
        topics.learn("t", Answer::Unknown, later(from));
        assert!(topics.view("t").is_none() && topics.is_unknown("t"));
    }

    fn known() -> Answer {
        led_in(None)
    }

    fn led_in(leader_epoch: Option<i32>) -> Answer {
        let partition = PartitionInfo {
            partition: 0,
            leader: Some(BrokerId(1)),
            leader_epoch,
            replicas: Vec::new(),
            in_sync: Vec::new(),
        };
        Answer::Known(TopicView::new(None, vec![partition], 10).unwrap())
    }

    fn topics(interest: Interest) -> Topics {
        let mut topics = Topics::default();
        assert_eq!(topics.want(&"t".into(), interest), Want::New);
        topics.ask();
        topics
    }

    #[test]
    fn only_a_publisher_s_topic_is_named_for_creation() {
        assert_eq!(topics(Interest::Read).questions(), [Question::Look(vec!["t".into()])]);
        assert_eq!(topics(Interest::Publish).questions(), [Question::Create(vec!["t".into()])]);
    }

    #[test]
    fn a_topic_that_is_known_is_looked_at_only() {
        let mut topics = topics(Interest::Publish);
        topics.learn("t", known(), ALONE);
        assert_eq!(topics.questions(), [Question::Look(vec!["t".into()])]);
        assert_eq!(topics.want(&"t".into(), Interest::Publish), Want::Known);
        assert!(!topics.is_troubled());
    }

    #[test]
    fn a_known_topic_outlives_brokers_that_do_not_know_it_for_a_while() {
        let mut topics = topics(Interest::Read);
        topics.learn("t", known(), ALONE);
        for _ in 0..20 {
            topics.learn("t", Answer::Unknown, ALONE);
            assert!(topics.view("t").is_some() && !topics.is_unknown("t"));
            assert!(topics.is_troubled(), "it is asked about again");
        }
        topics.learn("t", known(), ALONE);
        topics.learn("t", Answer::Unknown, later(ALONE));
        topics.learn("t", Answer::Unknown, later(ALONE));
        assert!(topics.view("t").is_some(), "it was known meanwhile");
        topics.learn("t", Answer::Unknown, later(later(ALONE)));
        assert!(topics.view("t").is_none() && topics.is_unknown("t") && !topics.is_troubled());
    }

    #[test]
    fn a_topic_that_zookeeper_does_not_have_is_forgotten_at_once_if_a_broker_says_so_too() {
        let mut topics = topics(Interest::Read);
        topics.learn("t", known(), one_of_several(1));
        assert!(!topics.is_not_registered("t"), "brokers know it");
        assert!(topics.in_doubt().is_empty());

        topics.learn("t", Answer::Unknown, one_of_several(1));
        assert_eq!(topics.in_doubt(), ["t".into()]);
        assert!(topics.is_not_registered("t"));
        assert!(topics.view("t").is_none() && topics.is_unknown("t"));
        assert!(!topics.is_not_registered("t"), "that is no news");
    }

    #[test]
    fn a_topic_that_nobody_has_seen_is_unknown_when_each_of_a_few_brokers_says_so() {
        for (rivals, enough) in [(1, 2), (2, 2), (3, 3), (50, 3)] {
            let mut topics = topics(Interest::Read);
            for answers in 1..=enough {
                assert!(!topics.is_unknown("t"));
                let place = Place(Peer::Broker(BrokerId(if rivals == 1 { 1 } else { answers })));
                topics.learn("t", Answer::Unknown, Witness { place: Some(place), rivals, ..ALONE });
                assert_eq!(
                    (topics.is_disputed(), topics.is_troubled()),
                    (answers < enough, answers < enough)
                );
            }
            assert!(topics.is_unknown("t"));
        }
    }

    #[test]
    fn the_same_brokers_are_not_believed_at_once_however_often_they_say_so() {
        let mut topics = topics(Interest::Read);
        for _ in 0..10 {
            topics.learn("t", Answer::Unknown, one_of_several(1));
            topics.learn("t", Answer::Unknown, one_of_several(2));
        }
        assert!(!topics.is_unknown("t") && topics.is_disputed(), "the third may know it");
        let later = Witness { now: ALONE.now + limits::NEVER_SEEN, ..one_of_several(1) };
        topics.learn("t", Answer::Unknown, later);
        assert!(topics.is_unknown("t"), "the third may not be there");
    }

    #[test]
    fn a_topic_that_zookeeper_has_is_not_unknown_before_all_brokers_will_have_heard_of_it() {
        let mut topics = topics(Interest::Read);
        topics.is_registered("t", 70, ALONE.now);
        for _ in 0..20 {
            topics.learn("t", Answer::Unknown, ALONE);
            assert!(!topics.is_unknown("t"));
        }
        topics.learn("t", Answer::Unknown, later(ALONE));
        assert!(topics.is_unknown("t"));
    }

    #[test]
    fn who_wants_to_read_a_topic_that_was_unknown_waits_for_another_answer() {
        let mut topics = topics(Interest::Read);
        topics.learn("t", Answer::Unknown, ALONE);
        topics.learn("t", Answer::Unknown, ALONE);
        assert!(topics.is_unknown("t") && !topics.has_new());

        assert_eq!(topics.want(&"t".into(), Interest::Read), Want::Unknown);
        assert!(!topics.is_unknown("t") && topics.has_new());
        topics.learn("t", Answer::Unknown, ALONE);
        assert!(topics.has_new(), "that was asked before");
        topics.ask();
        topics.learn("t", known(), ALONE);
        assert!(topics.view("t").is_some());
    }

    #[test]
    fn a_topic_that_was_deleted_is_made_anew_only_by_who_publishes_anew() {
        let mut topics = topics(Interest::Publish);
        topics.learn("t", known(), ALONE);
        is_forgotten(&mut topics, ALONE);
        assert!(!topics.is_troubled());
        assert_eq!(topics.questions(), [Question::Look(vec!["t".into()])]);

        assert_eq!(topics.want(&"t".into(), Interest::Publish), Want::Unknown);
        assert_eq!(topics.questions(), [Question::Create(vec!["t".into()])]);
    }

    #[test]
    fn an_unknown_topic_is_asked_about_again_only_for_a_publisher() {
        for (interest, again) in [(Interest::Read, false), (Interest::Publish, true)] {
            let mut topics = topics(interest);
            topics.learn("t", Answer::Unknown, ALONE);
            topics.learn("t", Answer::Unknown, ALONE);
            assert!(topics.is_unknown("t"));
            assert_eq!(topics.is_troubled(), again);
        }
    }

    #[test]
    fn a_topic_that_the_answer_leaves_out_is_unknown() {
        let mut topics = topics(Interest::Read);
        for _ in 0..2 {
            topics.learn_missing(&Question::Look(vec!["t".into()]), ALONE, |_| false);
        }
        assert!(topics.is_unknown("t"));
    }

    #[test]
    fn a_refusal_is_remembered_with_its_code() {
        let mut topics = topics(Interest::Publish);
        topics.learn("t", Answer::Refused(ErrorCode::INVALID_TOPIC_EXCEPTION), ALONE);
        assert_eq!(topics.refusal("t"), Some(ErrorCode::INVALID_TOPIC_EXCEPTION));
        assert!(!topics.is_troubled());
    }

    #[test]
    fn one_broker_of_several_is_not_believed_that_a_known_topic_is_unknown() {
        let mut topics = topics(Interest::Read);
        topics.learn("t", known(), one_of_several(1));
        for _ in 0..20 {
            topics.learn("t", Answer::Unknown, later(one_of_several(1)));
        }
        topics.learn("t", Answer::Unknown, later(later(one_of_several(1))));
        assert!(topics.view("t").is_some() && topics.is_disputed());
        topics.learn("t", Answer::Unknown, later(later(one_of_several(2))));
        assert!(topics.view("t").is_none());
    }

    #[test]
    fn a_topic_without_id_is_another_one_if_its_epochs_start_again_after_it_was_unknown() {
        for (epoch, incarnation, is_long) in [(4, 1, true), (5, 0, true), (6, 0, true), (4, 1, false)] {
            let mut topics = topics(Interest::Read);
            topics.learn("t", led_in(Some(5)), ALONE);
            if is_long {
                is_forgotten(&mut topics, ALONE);
            } else {
                (0..UNKNOWN_BEFORE_BELIEVED).for_each(|_| _ = topics.learn("t", Answer::Unknown, ALONE));
            }
            topics.learn("t", led_in(Some(epoch)), ALONE);
            let view = topics.view("t").unwrap();
            assert_eq!((view.partitions[0].leader_epoch, view.incarnation), (Some(epoch), incarnation));
        }
    }

    #[test]
    fn another_id_is_told_once_whoever_still_tells_of_the_former() {
        let with_id = |id| {
            let Answer::Known(view) = led_in(Some(0)) else { panic!("it is known") };
            Answer::Known(TopicView { id: Some([id; 16]), ..view })
        };
        let mut topics = topics(Interest::Read);
        let told: Vec<bool> =
            [1, 1, 2, 1, 2, 3].map(|id| topics.learn("t", with_id(id), ALONE).is_made_anew).into();
        assert_eq!(told, [false, false, true, false, false, true]);
    }

    #[test]
    fn without_ids_epochs_that_begin_again_are_told_once_it_was_gone() {
        let mut topics = topics(Interest::Read);
        assert!(!topics.learn("t", led_in(Some(5)), ALONE).is_made_anew);
        assert!(!topics.learn("t", led_in(Some(4)), ALONE).is_made_anew, "an older view of the same");
        is_forgotten(&mut topics, ALONE);
        assert!(topics.learn("t", led_in(Some(0)), ALONE).is_made_anew);
    }

    #[test]
    fn epochs_of_a_topic_that_zookeeper_shows_to_be_made_anew_start_again() {
        let epoch =
            |topics: &Topics| topics.view("t").and_then(|view| view.partitions[0].leader_epoch).unwrap();
        let mut topics = topics(Interest::Read);
        topics.learn("t", led_in(Some(5)), ALONE);
        assert!(!topics.is_registered("t", 70, ALONE.now), "the first sight of it is nothing new");
        topics.learn("t", led_in(Some(0)), ALONE);
        assert_eq!(epoch(&topics), 5);

        assert!(topics.is_registered("t", 90, ALONE.now));
        for current in [0, 5, 0] {
            topics.learn("t", led_in(Some(current)), ALONE);
            assert_eq!(epoch(&topics), current, "one that lags may still tell of the former");
        }
        assert_eq!(topics.view("t").unwrap().incarnation, 2, "they started again twice");
        let later = Witness { now: ALONE.now + limits::MADE_ANEW, ..ALONE };
        topics.learn("t", led_in(Some(2)), later);
        topics.learn("t", led_in(Some(1)), later);
        assert_eq!(epoch(&topics), 2);
    }
}
