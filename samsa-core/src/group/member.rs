//! A member of a group that lives in ZooKeeper, from its first session to its end.
//!
//! | phase       | input                            | then        | asks, does                                       |
//! |-------------|----------------------------------|-------------|--------------------------------------------------|
//! | Resting     | due                              | Opening     | a session of its own                             |
//! | Opening     | connected                        | Preparing   | Create of the group's folders                    |
//! | Preparing   | all there                        | Looking     | a round of reading                               |
//! | Looking     | somebody speaks another dialect  | Over        | closes the session, tells who                    |
//! | Looking     | nobody does, and it is said where the group is | Registering | Create of its own node             |
//! | Looking     | nobody does                      | Comparing   | whether the group is [elsewhere](super::elsewhere), or has members there |
//! | Comparing   | it is elsewhere                  | Over        | closes the session, tells where                  |
//! | Comparing   | it is here, or nowhere           | Registering | Create of its own node                           |
//! | Registering | created, or found to be ours     | Joined      | a round of reading                               |
//! | Registering | another session's                | Registering | waits until it goes, with a watch                |
//! | Registering | unknown fate                     | Registering | Sync, Exists, after a wait                       |
//! | Joined      | a round has ended                | Joined      | claims and releases what the round says          |
//! | Joined      | a watch fired                    | Joined      | a round, a little later: one for a burst         |
//! | Joined      | an older member is foreign       | Over        | closes the session, tells who                    |
//! | Looking, Joined | the cluster is none for the dialect | Over | closes the session, tells what was found       |
//! | Joined      | leave                            | Leaving     | gives everything up                              |
//! | Leaving     | all given up, time over          | Over        | closes the session                               |
//! | any         | our own deadline, expired, gone  | Resting     | tells what is lost, closes the session           |
//!
//! What a [round](super::round) reads, and what is done with it, stands there; what becomes of a partition, with its
//! [claim](super::claim); how long a session can be relied on, with the [session](super::session).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use samsa_proto::zookeeper::{PathError, path};

use super::OffsetsError;
use super::assign::Leaders;
use super::claim::Claim;
use super::commits::Commits;
use super::elsewhere::Elsewhere;
use super::offsets::{Answer, CoordinatorAnswer};
use super::pattern::KnownPatterns;
use super::round::Round;
use super::session::{Question, Session};
use super::settings::Settings;
use super::standing::Standing;
use super::world::World;
use crate::consumer::ConsumerEvent;
use crate::group::GroupError;
use crate::id::{SessionId, ZkRequestId};
use crate::planted::{PlantedBug, is_planted};
use crate::rng::Rng;
use crate::time::{Deadline, Instant, Now};
use crate::topology::TopicPartition;
use crate::zookeeper::{ZkAnswer, ZkError, ZkNews, ZkSessionState};

/// Where the nodes of the group are.
#[derive(Clone, Debug, Hash)]
pub(super) struct Paths {
    /// The folders, each after the one that it is in.
    pub(super) parents: Vec<String>,
    pub(super) ids: String,
    pub(super) own: String,
    /// Of the topics that the member names.
    pub(super) topics: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Hash)]
pub(crate) struct Member {
    pub(super) settings: Settings,
    pub(super) id: String,
    pub(super) paths: Paths,
    pub(super) phase: Phase,
    pub(super) session: Option<Session>,
    pub(super) claims: BTreeMap<TopicPartition, Claim>,
    pub(super) round: Option<Round>,
    pub(super) rounds: u64,
    pub(super) round_due: Option<Instant>,
    pub(super) round_failures: u32,
    pub(super) elsewhere: Elsewhere,
    /// The topics whose folders in the group are there.
    pub(super) folders: BTreeSet<String>,
    /// The patterns that the last round has shown.
    pub(super) patterns: KnownPatterns,
    /// Whether a round has said what is ours.
    pub(super) has_share: bool,
    pub(super) is_idle: bool,
    /// The partitions that the first round has shown, and every round since. Others came later.
    pub(super) shown_first: Option<BTreeSet<TopicPartition>>,
    /// Who led which partition when that was read last, where locks are named by that.
    pub(super) leaders: Leaders,
    /// The foreign members that were told of.
    pub(super) foreign: BTreeSet<String>,
    pub(super) commit_due: Option<Instant>,
    pub(super) commits: Commits,
    pub(super) failures: u32,
    pub(super) trouble: String,
    pub(super) rng: Rng,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    Resting(Instant),
    Opening,
    Preparing {
        missing: usize,
        failed: bool,
        due: Option<Instant>,
    },
    Looking,
    /// Looks again then, if something went wrong.
    Comparing {
        due: Option<Instant>,
    },
    Registering(Registering),
    Joined,
    Leaving {
        until: Instant,
    },
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Registering {
    Creating,
    Looking,
    /// Its fate is unknown: to be looked at then.
    Resting(Instant),
    /// Another session has it: to be looked at then, or when it goes.
    Taken(Instant),
}

/// What concerns a member.
#[derive(Debug)]
pub(crate) enum MemberInput {
    ZooKeeper(ZkNews),
    /// The group's coordinator has answered, or nobody has.
    Brokers {
        id: ZkRequestId,
        answer: Result<CoordinatorAnswer, OffsetsError>,
    },
    /// The time has come, or the application has let go of something.
    Tick,
    /// Everything that is done is to be committed.
    Commit,
    /// The client cannot read what is the member's.
    Refused(GroupError),
    Leave {
        until: Instant,
    },
}

impl Member {
    pub(crate) fn new(settings: Settings, id: String, now: Now, rng: Rng) -> Result<Self, PathError> {
        let paths = Paths::of(&settings, &id)?;
        Ok(Self {
            settings,
            id,
            paths,
            phase: Phase::Resting(now.mono),
            session: None,
            claims: BTreeMap::new(),
            round: None,
            rounds: 0,
            round_due: None,
            round_failures: 0,
            elsewhere: Elsewhere::default(),
            folders: BTreeSet::new(),
            patterns: KnownPatterns::new(),
            has_share: false,
            is_idle: false,
            shown_first: None,
            leaders: Leaders::new(),
            foreign: BTreeSet::new(),
            commit_due: None,
            commits: Commits::default(),
            failures: 0,
            trouble: "nothing was tried yet".to_owned(),
            rng,
        })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn group(&self) -> &Arc<str> {
        &self.settings.group
    }

    pub(crate) fn is_leaving(&self) -> bool {
        matches!(self.phase, Phase::Leaving { .. } | Phase::Over)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// What went wrong last.
    pub(crate) fn trouble(&self) -> &str {
        &self.trouble
    }

    pub(crate) fn session_name(&self) -> Option<SessionId> {
        self.session.as_ref().map(Session::name)
    }

    /// Whether nothing may be committed for now.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.session.as_ref().is_some_and(Session::is_in_doubt)
    }

    pub(crate) fn deadline(&self) -> Option<Deadline> {
        let own = match self.phase {
            Phase::Resting(at) | Phase::Registering(Registering::Resting(at) | Registering::Taken(at)) => {
                Some(Deadline::new(at, "a group's session"))
            }
            Phase::Preparing { due, .. } => due.map(|at| Deadline::new(at, "a group's folders")),
            Phase::Comparing { due } => due.map(|at| Deadline::new(at, "whether a group is elsewhere")),
            Phase::Leaving { until } => Some(Deadline::new(until, "leave a group")),
            _ => None,
        };
        let session = self.session.as_ref().filter(|session| session.id.is_some());
        let alive = session.map(|session| Deadline::new(session.asks_again(), "a group's session is used"));
        let ends = session.filter(|_| self.owns()).map(Session::ends);
        let ends = ends.map(|at| Deadline::new(at, "a group's session may have ended"));
        let round = self.round_due.map(|at| Deadline::new(at, "a round of a group"));
        let commit = self.commit_due.map(|at| Deadline::new(at, "commit"));
        let claims = self.claims.values().filter_map(Claim::deadline).min();
        [own, alive, ends, round, commit, claims].into_iter().flatten().min()
    }

    pub(crate) fn handle(&mut self, now: Now, input: MemberInput, world: &mut impl World) {
        if self.is_over() {
            return;
        }
        self.look_at_the_clocks(now, world);
        match input {
            MemberInput::ZooKeeper(news) => self.zookeeper(now, news, world),
            MemberInput::Brokers { id, answer } => self.brokers_answered(now, id, &answer, world),
            MemberInput::Tick => {}
            MemberInput::Commit => self.commit_all(now, world),
            MemberInput::Refused(error) => self.withdraw(now, error, world),
            MemberInput::Leave { until } => self.leave(now, until, world),
        }
        self.tick(now, world);
        self.leave_if_refused(now, world);
        self.settle_commit(now, world);
        self.finish_leaving(now, world);
    }

    /// Whether it may own something.
    pub(super) fn owns(&self) -> bool {
        matches!(self.phase, Phase::Joined | Phase::Leaving { .. })
    }

    fn zookeeper(&mut self, now: Now, news: ZkNews, world: &mut impl World) {
        match news {
            ZkNews::Session { state, .. } => self.session_changed(now, state, world),
            ZkNews::Watch { path, .. } => self.watch_fired(now, &path, world),
            ZkNews::Reply { id, result } => {
                let question = self.session.as_mut().and_then(|session| session.answered(id.seq, &result));
                if let Some(question) = question {
                    self.answered(now, question, &result, world);
                }
                self.renew_lease(world);
            }
        }
    }

    fn session_changed(&mut self, now: Now, state: ZkSessionState, world: &mut impl World) {
        match state {
            ZkSessionState::Connected { id, timeout } => {
                let Some(session) = &mut self.session else { return };
                session.connected(id, timeout);
                if self.phase == Phase::Opening {
                    return self.prepare(now, world);
                }
                self.ask_whether_alive(now, world);
                self.read_soon(now.mono);
            }
            ZkSessionState::Suspended => {
                "the connection to ZooKeeper is gone".clone_into(&mut self.trouble);
            }
            ZkSessionState::Expired => self.lose(now, "the ZooKeeper session expired", world),
            ZkSessionState::Failed(reason) => self.lose(now, &reason, world),
        }
    }

    fn watch_fired(&mut self, now: Now, fired: &str, world: &mut impl World) {
        if fired == self.paths.own {
            if let Phase::Registering(Registering::Taken(at)) = &mut self.phase {
                *at = now.mono;
            }
        } else if fired == self.paths.ids || fired == path::BROKER_IDS || fired.starts_with(path::TOPICS) {
            self.read_soon(now.mono + super::BURST);
        } else {
            self.each_claim(now, world, |claim, desk| {
                if claim.looks_at() == fired {
                    claim.watch_fired(desk);
                }
            });
        }
    }

    fn answered(
        &mut self,
        now: Now,
        question: Question,
        result: &Result<ZkAnswer, ZkError>,
        world: &mut impl World,
    ) {
        if *result == Err(ZkError::SessionExpired) {
            return self.lose(now, "the ZooKeeper session has ended", world);
        }
        match question {
            Question::Parent => self.parent_answered(now, result, world),
            Question::Registration => self.registration_answered(now, result, world),
            Question::Alive(doubts) => self.alive_answered(now, doubts, result, world),
            Question::Owner(partition) => {
                self.one_claim(now, world, &partition, |claim, desk| claim.owner_answered(desk, result));
            }
            Question::Name(partition) => {
                self.one_claim(now, world, &partition, |claim, desk| claim.name_answered(desk, result));
            }
            Question::Offset(partition) => {
                let answer = Answer::ZooKeeper(result);
                self.one_claim(now, world, &partition, |claim, desk| claim.offset_answered(desk, &answer));
            }
            Question::Elsewhere(look) => self.looked_elsewhere(now, look, result, world),
            Question::Synced | Question::OnBrokers(_) => {}
            of_a_round => self.round_answered(now, of_a_round, result, world),
        }
    }

    fn brokers_answered(
        &mut self,
        now: Now,
        id: ZkRequestId,
        answer: &Result<CoordinatorAnswer, OffsetsError>,
        world: &mut impl World,
    ) {
        let Some(session) = self.session.as_mut().filter(|session| session.name() == id.session) else {
            return;
        };
        match session.brokers_answered(id.seq) {
            Some(Question::OnBrokers(partition)) => {
                let answer = Answer::Brokers(answer);
                self.one_claim(now, world, &partition, |claim, desk| claim.offset_answered(desk, &answer));
            }
            Some(Question::Elsewhere(look)) => self.brokers_told(now, look, answer, world),
            _ => {}
        }
    }

    fn tick(&mut self, now: Now, world: &mut impl World) {
        match self.phase {
            Phase::Resting(at) if at <= now.mono => self.open(now, world),
            Phase::Preparing { due: Some(at), .. } if at <= now.mono => self.prepare(now, world),
            Phase::Comparing { due: Some(at) } if at <= now.mono => self.look_elsewhere(now, world),
            Phase::Registering(Registering::Resting(at)) if at <= now.mono => {
                self.look_for_registration(now, world, true);
            }
            Phase::Registering(Registering::Taken(at)) if at <= now.mono => {
                self.look_for_registration(now, world, false);
            }
            _ => {}
        }
        let session = self.session.as_ref().filter(|session| session.id.is_some());
        if session.is_some_and(|session| session.asks_again() <= now.mono) {
            self.ask_whether_alive(now, world);
        }
        if self.round_due.is_some_and(|due| due <= now.mono) {
            self.round_due = None;
            self.begin_round(now, world);
        }
        self.each_claim(now, world, Claim::tick);
        if self.commit_due.is_some_and(|due| due <= now.mono) {
            self.commit_by_itself(now, world);
        }
        self.claims.retain(|_, claim| !claim.is_gone());
    }

    /// The session cannot be relied on any more, nor used again to own anything.
    pub(super) fn lose(&mut self, now: Now, reason: &str, world: &mut impl World) {
        reason.clone_into(&mut self.trouble);
        let owned = self.claims.values().filter(|claim| claim.is_assigned());
        let partitions: Vec<_> = owned.map(|claim| claim.partition().clone()).collect();
        let withdrawn: &[_] = if is_planted(PlantedBug::HandsOutAfterLost) { &[] } else { &partitions };
        world.end_lease();
        for partition in withdrawn {
            world.withdraw(partition);
        }
        let has_more = self.claims.values().filter(|claim| claim.has_more(&*world));
        let left_behind: Vec<_> = has_more.map(|claim| claim.partition().clone()).collect();
        for partition in withdrawn {
            world.forget(partition);
        }
        self.end_session(world);
        if !partitions.is_empty() {
            tracing::warn!(group = %self.settings.group, reason, "partitions are lost");
            world.tell(ConsumerEvent::Lost { partitions });
        }
        world.show(Vec::new());
        let left = self.commits.lose(left_behind, reason, world);
        if matches!(self.phase, Phase::Leaving { .. }) {
            let failure = self.commits.why_left(&self.settings.group, left, reason);
            return self.end(failure, world);
        }
        self.failures = self.failures.saturating_add(1);
        self.phase = Phase::Resting(now.mono + self.settings.backoff.wait(self.failures, &mut self.rng));
    }

    fn end_session(&mut self, world: &mut impl World) {
        if let Some(session) = self.session.take() {
            session.close(world);
        }
        self.claims.clear();
        self.folders.clear();
        (self.round, self.round_due, self.commit_due) = (None, None, None);
        self.is_idle = false;
    }

    pub(super) fn end(&mut self, failure: Option<GroupError>, world: &mut impl World) {
        self.end_session(world);
        self.phase = Phase::Over;
        world.over(failure);
    }

    /// What of the group waits, for people.
    pub(crate) fn waits_for(&self) -> Vec<String> {
        let own = match self.phase {
            Phase::Resting(_) | Phase::Opening => Some(format!("a ZooKeeper session ({})", self.trouble)),
            Phase::Preparing { .. } | Phase::Looking | Phase::Registering(_) => {
                Some(format!("its registration ({})", self.trouble))
            }
            Phase::Comparing { .. } => {
                Some(format!("word whether the group is on the brokers, too ({})", self.trouble))
            }
            Phase::Joined if self.round.is_some() => Some("what the group's nodes hold".to_owned()),
            Phase::Joined | Phase::Leaving { .. } | Phase::Over => None,
        };
        let claims = self.claims.values();
        let claims =
            claims.filter_map(|claim| Some(format!("{}: {}", claim.partition(), claim.waits_for()?)));
        own.into_iter().chain(claims).collect()
    }
}
