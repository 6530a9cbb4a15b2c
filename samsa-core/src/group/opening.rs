//! From what an application asks for to a member with its readers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::any_member::AnyMember;
use super::brokers::{self, Speaks};
use super::coordinator::Coordinator;
use super::dialect::Spoken;
use super::member::Member;
use super::pattern::Pattern;
use super::protocol::refuse_for_brokers;
use super::settings::Settings;
use super::{Entry, FIRST_SESSION, GroupError, GroupProtocol, Groups, Opens, Place};
use crate::cluster::Cluster;
use crate::command::{GroupSpec, ReaderSpec};
use crate::config::{Discovery, FetchConfig};
use crate::connection::{Owner, Role};
use crate::consumer::{Board, Consumer, Hold, Lease, Membership, Reader};
use crate::id::{MemberId, SessionId};
use crate::limits;
use crate::out::Context;

impl Groups {
    /// The member that was asked for, if it can be.
    pub(super) fn prepare(&mut self, cx: &Context<'_>, spec: &GroupSpec) -> Result<AnyMember, GroupError> {
        let pattern = spec.pattern.as_ref().map(Pattern::new).transpose()?;
        match (spec.topics.is_empty(), &pattern) {
            (true, None) => return Err(GroupError::NoTopic),
            (false, Some(_)) => return Err(GroupError::SeveralChoices),
            _ => {}
        }
        let bytes = spec.fetch.rack.as_ref().map_or(0, String::len);
        if bytes > limits::RACK_BYTES {
            return Err(GroupError::RackTooLong { bytes, limit: limits::RACK_BYTES });
        }
        match GroupProtocol::of(spec, &cx.config.discovery).speaks() {
            Ok(speaks) => self.prepare_on_brokers(cx, spec, pattern, speaks),
            Err(dialect) => self.prepare_in_zookeeper(cx, spec, pattern, Spoken(dialect)),
        }
    }

    fn prepare_in_zookeeper(
        &mut self,
        cx: &Context<'_>,
        spec: &GroupSpec,
        pattern: Option<Pattern>,
        spoken: Spoken,
    ) -> Result<AnyMember, GroupError> {
        let Discovery::ZooKeeper { session_timeout, .. } = cx.config.discovery else {
            return Err(GroupError::NoZooKeeper);
        };
        let settings = Settings {
            group: Arc::clone(&spec.group),
            topics: spec.topics.clone(),
            pattern,
            start: spec.start,
            commit: spec.commit,
            commit_interval: spec.commit_interval,
            assignor: spoken.assignor(spec.assignor.unwrap_or_default())?,
            streams: spoken.streams(spec.streams)?,
            compares: spec.offsets.is_none() && spec.protocol.is_none(),
            offsets: spoken.storage(spec.offsets)?,
            python3_owners: spoken.python3_owners(spec.python3_owners)?,
            // Behind what is wrong with the wish itself: what this client cannot do yet.
            dialect: spoken.dialect()?,
            session_timeout,
            backoff: cx.config.retry_backoff,
        };
        settings.registration(cx.now.wall)?;
        let id = settings.member_id(&cx.config.client_id, cx.now.wall, &mut self.rng);
        let member = Member::new(settings, id, cx.now, self.rng.fork())?;
        Ok(AnyMember::InZooKeeper(Box::new(member)))
    }

    fn prepare_on_brokers(
        &mut self,
        cx: &Context<'_>,
        spec: &GroupSpec,
        pattern: Option<Pattern>,
        speaks: Speaks,
    ) -> Result<AnyMember, GroupError> {
        refuse_for_brokers(spec)?;
        let settings = brokers::Settings {
            group: Arc::clone(&spec.group),
            topics: spec.topics.clone(),
            pattern,
            start: spec.start,
            commit: spec.commit,
            commit_interval: spec.commit_interval,
            assignor: spec.assignor.unwrap_or_default(),
            names_assignor: spec.assignor.is_some(),
            speaks,
            times: spec.times,
            rack: spec.fetch.rack.as_deref().map(Arc::from),
            topics_age: cx.config.metadata_max_age,
            backoff: cx.config.retry_backoff,
        };
        self.sessions += 1;
        let session = SessionId(FIRST_SESSION | self.sessions);
        let id = format!("{}-{:016x}{:016x}", cx.config.client_id, self.rng.next(), self.rng.next());
        let member = brokers::Member::new(settings, id, session, cx.now, self.rng.fork());
        Ok(AnyMember::OnBrokers(Box::new(member)))
    }

    /// What it has of the client, and what the application has of it.
    pub(super) fn open(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &mut Cluster,
        consumer: &mut Consumer,
        member: AnyMember,
        spec: &GroupSpec,
    ) -> Result<(Entry, Membership), GroupError> {
        self.last_member += 1;
        let (id, board, lease) =
            (MemberId(self.last_member), Arc::<Board>::default(), Arc::<Lease>::default());
        let opens = Opens { group: Arc::clone(&spec.group), start: spec.start, fetch: spec.fetch.clone() };
        let buffer_bytes = opens.memory(spec.topics.len());
        let (mut ids, mut readers) = (BTreeMap::new(), BTreeMap::<Arc<str>, Reader>::new());
        for topic in &spec.topics {
            let topic = Arc::clone(topic);
            let fetch = FetchConfig { buffer_bytes, ..spec.fetch.clone() };
            let reader = ReaderSpec { topic: Arc::clone(&topic), partition: None, start: spec.start, fetch };
            let opened = consumer.open_for_group(cx, cluster, &spec.group, reader);
            let (reader, end) = opened?;
            ids.insert(Arc::clone(&topic), reader);
            readers.insert(topic, end);
        }
        let (stay, held) = Hold::new(&self.signal);
        let name = Arc::from(member.id());
        let (shown, lent) = (Arc::clone(&board), Arc::clone(&lease));
        let opens = spec.pattern.as_ref().map(|_| opens);
        let follows_pattern = opens.is_some();
        let sources = BTreeMap::new();
        let place = Place { readers: ids, opens, sources, board, lease, commit: spec.commit };
        let coordinator =
            Coordinator::new(&spec.group, Owner::Group, cx.config.retry_backoff, self.rng.fork());
        let coordinator = match member {
            AnyMember::InZooKeeper(_) => coordinator,
            AnyMember::OnBrokers(_) => coordinator.over(Role::Member(id)),
        };
        let entry = Entry {
            member,
            place,
            coordinator,
            stay: held,
            joining: None,
            committing: None,
            leaving: Vec::new(),
        };
        let membership =
            Membership { id, member: name, readers, follows_pattern, lease: lent, board: shown, stay };
        Ok((entry, membership))
    }
}
