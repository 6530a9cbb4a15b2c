//! Members leave.

use samsa_core::Instant;
use samsa_proto::ErrorCode;

use super::super::held::Held;
use super::{ClassicGroup, GroupState};

impl ClassicGroup {
    /// What each of them hears.
    pub(in super::super) fn leave(
        &mut self,
        now: Instant,
        members: &[&str],
        held: &mut Held,
    ) -> Vec<Result<(), ErrorCode>> {
        let left: Vec<_> = members.iter().map(|member| self.leave_one(member, held)).collect();
        if left.contains(&Ok(())) && self.state != GroupState::Empty {
            self.prepare_or_complete(now, held);
        }
        left
    }

    fn leave_one(&mut self, member: &str, held: &mut Held) -> Result<(), ErrorCode> {
        if self.pending.remove(member).is_none() {
            self.is_known(member)?;
            held.tell(format!("{}: {member} leaves", self.name));
            self.dismiss(member, held);
        }
        Ok(())
    }
}
