//! What is sent to a coordinator: what can be asked now, over which connection, and in which version.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use samsa_proto::Request;
use samsa_proto::api::api_versions::ApiVersionsRequest;
use samsa_proto::api::describe_groups::DescribeGroupsRequest;
use samsa_proto::api::find_coordinator::FindCoordinatorRequest;
use samsa_proto::api::offset_commit::OffsetCommitRequest;
use samsa_proto::api::offset_fetch::OffsetFetchRequest;

use super::member::{self, MemberAsk};
use super::outside::{self, OutsideAsk};
use super::{Answered, Asked, BY_NAME, Coordinator, Kind, ON_BROKERS, Sent, Whom, refused, request};
use crate::cluster::Cluster;
use crate::connection::{Call, Owner, Peer, Role};
use crate::group::OffsetsError;
use crate::group::offsets::CoordinatorAsk;
use crate::id::{BrokerId, ConnId, ZkRequestId};
use crate::limits;
use crate::out::Context;
use crate::time::Instant;

impl Coordinator {
    /// Asks what can be asked now; commits only if `may_commit`. Gives what will not be asked any more.
    pub(crate) fn pump(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &Cluster,
        tokens: &mut u64,
        may_commit: bool,
    ) -> Vec<Answered> {
        let mut answered = self.give_up_late(cx.now.mono);
        self.rests_until = self.rests_until.filter(|until| *until > cx.now.mono);
        self.held_until = None;
        for asked in self.waiting.values_mut() {
            asked.due = asked.due.filter(|due| *due > cx.now.mono);
        }
        if self.rests_until.is_some() || !self.is_wanted() {
            return answered;
        }
        match self.whom {
            Whom::Unknown => answered.extend(self.find(cx, cluster, tokens)),
            Whom::Finding(_) => {}
            Whom::Known(broker) => {
                if !self.is_held_up()
                    && let Some(conn) = cx.net.connection(cx.now, Peer::Broker(broker), self.role)
                {
                    self.held_until = cx.net.held_until(cx.now, conn);
                    let may_commit = may_commit && self.held_until.is_none();
                    answered.extend(self.ask_all(cx, tokens, (broker, conn, may_commit)));
                }
                if self.is_held_up() && self.waiting.values().any(Asked::leaves) {
                    answered.extend(self.ask_beside(cx, tokens, broker));
                }
            }
        }
        answered
    }

    pub(super) fn give_up_late(&mut self, now: Instant) -> Vec<Answered> {
        let late = self.waiting.extract_if(.., |_, asked| asked.until <= now);
        let within = limits::COORDINATOR;
        let unavailable = || OffsetsError::Unavailable { within, last: self.trouble.clone() };
        let error =
            |asked: &Asked| asked.refusal.map_or_else(unavailable, |code| OffsetsError::Refused { code });
        late.map(|(id, asked)| (id, Err(error(&asked)))).collect()
    }

    fn find(&mut self, cx: &mut Context<'_>, cluster: &Cluster, tokens: &mut u64) -> Vec<Answered> {
        let Some(conn) = cluster.contact(cx) else { return Vec::new() };
        let Some(version) = cx.net.version::<FindCoordinatorRequest<'_>>(conn) else {
            return self.refuse_all(&OffsetsError::NotOffered);
        };
        let group = Arc::clone(&self.group);
        match send(cx, conn, (tokens, self.owner), version, &request::find(&group, version)) {
            Ok(token) => self.whom = Whom::Finding(token),
            Err(trouble) => self.rest(cx.now.mono, trouble),
        }
        Vec::new()
    }

    fn ask_all(
        &mut self,
        cx: &mut Context<'_>,
        tokens: &mut u64,
        (to, conn, may_commit): (BrokerId, ConnId, bool),
    ) -> Vec<Answered> {
        let mut answered = Vec::new();
        let kinds =
            OutsideAsk::ALL.map(Kind::Outside).into_iter().chain([Kind::Members, Kind::Read, Kind::Commit]);
        for kind in kinds {
            if !self.is_held_up() && (kind != Kind::Commit || may_commit) {
                let is_one = |asked: &Asked| asked.ask.kind() == kind && asked.due.is_none();
                let asked = self.waiting.extract_if(.., |_, asked| is_one(asked)).collect();
                answered.extend(self.ask_one(cx, tokens, conn, Sent { to, kind, asked }));
            }
        }
        while let Some(asked) = self.next_of_member() {
            let asked = BTreeMap::from([asked]);
            answered.extend(self.ask_one(cx, tokens, conn, Sent { to, kind: Kind::Member, asked }));
        }
        answered
    }

    /// Asks to leave, over the connection that is for all groups.
    fn ask_beside(&mut self, cx: &mut Context<'_>, tokens: &mut u64, to: BrokerId) -> Vec<Answered> {
        let Some(conn) = cx.net.connection(cx.now, Peer::Broker(to), Role::Group) else { return Vec::new() };
        let asked = self.waiting.extract_if(.., |_, asked| asked.leaves()).collect();
        self.ask_one(cx, tokens, conn, Sent { to, kind: Kind::Member, asked })
    }

    /// What a member asks is asked in its order, and nothing behind what is held.
    fn next_of_member(&mut self) -> Option<(ZkRequestId, Asked)> {
        if self.is_held_up() || self.rests_until.is_some() {
            return None;
        }
        let id = *self.waiting.iter().find(|(_, asked)| asked.ask.of_member().is_some())?.0;
        self.waiting.remove_entry(&id)
    }

    /// Whether the broker may let something wait, and read nothing behind it.
    fn is_held_up(&self) -> bool {
        let is_held = |asked: &Asked| matches!(&asked.ask, CoordinatorAsk::Member(ask) if ask.is_held());
        self.sent.values().any(|sent| sent.asked.values().any(is_held))
    }

    fn ask_one(&mut self, cx: &mut Context<'_>, tokens: &mut u64, conn: ConnId, sent: Sent) -> Vec<Answered> {
        if sent.asked.is_empty() {
            return Vec::new();
        }
        let Sent { kind, asked, .. } = &sent;
        let group = &*self.group;
        let numbers = (tokens, self.owner);
        let token = match kind {
            Kind::Members => {
                let version = cx.net.version::<DescribeGroupsRequest<'_>>(conn);
                version.map(|version| send(cx, conn, numbers, version, &request::members(group)))
            }
            Kind::Outside(ask) => outside::ask(cx, conn, numbers, group, *ask),
            Kind::Read => version::<OffsetFetchRequest<'_>>(cx, conn)
                .map(|version| send(cx, conn, numbers, version, &request::read(group, asked, version))),
            Kind::Commit => version::<OffsetCommitRequest<'_>>(cx, conn).map(|version| {
                let request = request::commit(group, asked, self.identity.as_ref());
                send(cx, conn, numbers, version, &request)
            }),
            Kind::Member => {
                self.joins.asks(cx.net.version::<ApiVersionsRequest>(conn).is_none());
                let ask = asked.values().find_map(|asked| asked.ask.of_member());
                ask.and_then(|ask| member::send(cx, conn, numbers, group, ask))
            }
        };
        match token {
            Some(token) => {
                self.record(cx.now.mono, token, sent);
                Vec::new()
            }
            None => refused(sent.asked, &OffsetsError::NotOffered),
        }
    }

    fn record(&mut self, now: Instant, token: Result<u64, String>, sent: Sent) {
        match token {
            Ok(token) => _ = self.sent.insert(token, sent),
            Err(trouble) => {
                self.waiting.extend(sent.asked);
                self.rest(now, trouble);
            }
        }
    }

    pub(super) fn refuse_all(&mut self, error: &OffsetsError) -> Vec<Answered> {
        refused(std::mem::take(&mut self.waiting), error)
    }
}

/// How requests are numbered, and whose they are.
pub(crate) type Numbers<'a> = (&'a mut u64, fn(u64) -> Owner);

/// The newest version that both sides speak, by which offsets are not in ZooKeeper. In later ones topics have ids
/// instead of names.
pub(super) fn version<R: Request>(cx: &Context<'_>, conn: ConnId) -> Option<i16> {
    let newest = cx.net.version::<R>(conn).filter(|newest| *newest >= ON_BROKERS)?;
    Some(newest.min(BY_NAME))
}

/// Sends a request whose answer comes back under the number that is returned; nobody is asked for longer than a coordinator is.
pub(crate) fn send<R: Request>(
    cx: &mut Context<'_>,
    conn: ConnId,
    numbers: Numbers<'_>,
    version: i16,
    request: &R,
) -> Result<u64, String> {
    send_held(cx, conn, numbers, (version, Duration::ZERO), request)
}

/// The same, of which the answer may be held for so long, beyond what any answer takes.
pub(super) fn send_held<R: Request>(
    cx: &mut Context<'_>,
    conn: ConnId,
    (tokens, owner): Numbers<'_>,
    (version, held): (i16, Duration),
    request: &R,
) -> Result<u64, String> {
    if !cx.net.has_room(conn) {
        return Err("the connection is full".to_owned());
    }
    *tokens += 1;
    let call = Call {
        request,
        version,
        timeout: cx.config.request_timeout.min(limits::COORDINATOR) + held,
        owner: owner(*tokens),
        response_bytes: limits::RESPONSE_BYTES,
    };
    cx.net.send(cx.now, conn, &call).map_err(|error| error.to_string())?;
    Ok(*tokens)
}

impl Asked {
    /// Whether a member asks to leave.
    fn leaves(&self) -> bool {
        matches!(self.ask.of_member(), Some(MemberAsk::Leave { .. }))
    }
}
