//! The topics that somebody wants to know about, and what is known of each.

use std::collections::BTreeMap;
use std::sync::Arc;

use samsa_proto::ErrorCode;

use super::metadata::{Answer, Question};
use super::view::TopicView;
use super::wanted::{Interest, TopicNews, Trouble, Wanted, Witness};
use crate::limits;
use crate::time::Instant;

/// What is known of a topic that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// Nobody has wanted it before.
    New,
    /// It was asked about already.
    Unknown,
    Known,
}

#[derive(Debug, Default)]
pub(crate) struct Topics(BTreeMap<Arc<str>, Wanted>);

impl Topics {
    /// Keeps an interest in a topic from now on. Who wants to read one that was unknown has it asked about anew: somebody may
    /// have made it meanwhile.
    pub(crate) fn want(&mut self, topic: &Arc<str>, interest: Interest) -> Want {
        let is_new = !self.0.contains_key(topic);
        let wanted = self.0.entry(Arc::clone(topic)).or_insert_with(|| Wanted::new(interest));
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
        self.0.get_mut(topic).map(|wanted| wanted.learn(answer, from)).unwrap_or_default()
    }

    /// All that were asked about and that the answer left out are unknown to that broker.
    pub(crate) fn learn_missing(&mut self, asked: &Question, from: Witness, told: impl Fn(&str) -> bool) {
        let (Question::Look(names) | Question::Create(names)) = asked;
        for name in names.iter().filter(|name| !told(name)) {
            self.learn(name, Answer::Unknown, from);
        }
    }
}

#[cfg(test)]
mod tests;
