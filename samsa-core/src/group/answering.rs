//! What a group's coordinator answers, for its member, and what a member does, for the commands that wait.

use super::coordinator::{Answered, Coordinator};
use super::hand::Outcome;
use super::member::MemberInput;
use super::{CommitError, Entry, GroupError, Groups};
use crate::cluster::Cluster;
use crate::command::Reply;
use crate::connection::Role;
use crate::consumer::Consumer;
use crate::id::MemberId;
use crate::out::{Context, Out};

impl Groups {
    pub(super) fn ask_coordinator(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &Cluster,
        id: MemberId,
    ) -> impl Iterator<Item = MemberInput> + use<> {
        let entry = self.members.get_mut(&id);
        let answered = entry.map(|Entry { member, coordinator, .. }| {
            coordinator.pump(cx, cluster, &mut self.last_token, !member.is_in_doubt())
        });
        answered.unwrap_or_default().into_iter().map(input_of)
    }

    /// Lets those go on that wait for a broker.
    pub(super) fn ask_coordinators(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &mut Cluster,
        consumer: &mut Consumer,
    ) {
        let is_told = |entry: &Entry| entry.coordinator.is_wanted() || entry.member.follows_metadata();
        let waiting = self.members.iter().filter(|(_, entry)| is_told(entry));
        for member in waiting.map(|(member, _)| *member).collect::<Vec<_>>() {
            self.look_after(cx, cluster, consumer, member);
        }
    }

    pub(super) fn coordinator_answers(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &mut Cluster,
        consumer: &mut Consumer,
        token: u64,
        answer: impl FnOnce(&mut Coordinator, &mut Context<'_>) -> Vec<Answered>,
    ) {
        let whose = self.members.iter_mut().find(|(_, entry)| entry.coordinator.has_sent(token));
        let Some((member, entry)) = whose else { return };
        let member = *member;
        let inputs = answer(&mut entry.coordinator, cx).into_iter().map(input_of).collect();
        self.drive_all(cx, cluster, consumer, member, inputs);
        self.look_after(cx, cluster, consumer, member);
    }

    pub(super) fn outcome(&mut self, cx: &mut Context<'_>, id: MemberId, outcome: Outcome) {
        let Some(entry) = self.members.get_mut(&id) else { return };
        match outcome {
            Outcome::Joined => {
                if let Some((waiter, membership)) = entry.joining.take() {
                    cx.out.complete(waiter.op, Reply::JoinGroup(Ok(membership)));
                }
            }
            Outcome::Refused(_) => {}
            Outcome::Committed(result) => {
                if let Some(waiter) = entry.committing.take() {
                    let result = result.map_err(|reason| CommitError::Failed { reason });
                    cx.out.complete(waiter.op, Reply::CommitOffsets(result));
                }
            }
            Outcome::Over(failure) => {
                if let Some(mut entry) = self.members.remove(&id) {
                    cx.net.release(cx.now, Role::Member(id));
                    for op in std::mem::take(&mut entry.leaving) {
                        let left = failure.clone().map_or(Ok(()), Err);
                        cx.out.complete(op, Reply::LeaveGroup(left));
                    }
                    entry.answer_all(cx.out, &failure.unwrap_or(GroupError::Closed));
                }
            }
        }
    }
}

impl Entry {
    pub(super) fn answer_all(self, out: &mut Out, error: &GroupError) {
        if let Some((waiter, _)) = self.joining {
            out.complete(waiter.op, Reply::JoinGroup(Err(error.clone())));
        }
        if let Some(waiter) = self.committing {
            out.complete(waiter.op, Reply::CommitOffsets(Err(CommitError::Closed)));
        }
        for op in self.leaving {
            out.complete(op, Reply::LeaveGroup(Err(error.clone())));
        }
    }
}

fn input_of((id, answer): Answered) -> MemberInput {
    MemberInput::Brokers { id, answer }
}
