//! Partition states: who leads a partition, as `/brokers/topics/T/partitions/P/state` says.

use serde::Serialize;

use super::error::{ZnodeError, ZnodeKind};
use super::json::{self, Object};

/// The leader of one partition and the replicas in sync with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionState {
    /// The leading broker; `None` while there is none.
    pub leader: Option<i32>,
    /// Grows with every change of leader or in-sync set.
    pub leader_epoch: i32,
    /// The in-sync replicas, broker ids.
    pub isr: Vec<i32>,
    /// The epoch of the controller that wrote this.
    pub controller_epoch: i32,
    /// The leader was elected uncleanly and has not yet recovered (KIP-704, Kafka 3.2 and later).
    pub recovering: bool,
}

impl PartitionState {
    /// Reads a state. Any leader below 0 is none.
    pub fn from_bytes(data: &[u8]) -> Result<Self, ZnodeError> {
        let object = Object::read(ZnodeKind::PartitionState, data)?;
        let leader: i32 = object.required("leader")?.integer()?;
        Ok(Self {
            leader: Some(leader).filter(|leader| *leader >= 0),
            leader_epoch: object.required("leader_epoch")?.integer()?,
            isr: object.required("isr")?.integers()?,
            controller_epoch: object.required("controller_epoch")?.integer()?,
            recovering: object.optional_integer::<i32>("leader_recovery_state")?.unwrap_or(0) != 0,
        })
    }

    /// Writes the state as a controller does.
    pub fn to_bytes(&self) -> Vec<u8> {
        json::write(&Written {
            controller_epoch: self.controller_epoch,
            leader: self.leader.unwrap_or(-1),
            version: 1,
            leader_epoch: self.leader_epoch,
            isr: &self.isr,
            leader_recovery_state: self.recovering.then_some(1),
        })
    }
}

#[derive(Serialize)]
struct Written<'a> {
    controller_epoch: i32,
    leader: i32,
    version: u8,
    leader_epoch: i32,
    isr: &'a [i32],
    #[serde(skip_serializing_if = "Option::is_none")]
    leader_recovery_state: Option<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const LED: &[u8] = br#"{"controller_epoch":3,"leader":1,"version":1,"leader_epoch":7,"isr":[1,2]}"#;

    #[test]
    fn a_state_reads_and_writes_the_same_bytes() {
        let state = PartitionState::from_bytes(LED).expect("a state");
        assert_eq!((state.leader, state.leader_epoch, state.controller_epoch), (Some(1), 7, 3));
        assert_eq!(state.isr, [1, 2]);
        assert_eq!(state.to_bytes(), LED);
    }

    #[test]
    fn leader_minus_one_is_no_leader() {
        let data = br#"{"controller_epoch":3,"leader":-1,"version":1,"leader_epoch":8,"isr":[2]}"#;
        let state = PartitionState::from_bytes(data).expect("a state");
        assert_eq!(state.leader, None);
        assert_eq!(state.to_bytes(), data);
    }

    #[test]
    fn recovery_is_written_only_while_it_lasts() {
        let mut state = PartitionState::from_bytes(LED).expect("a state");
        state.recovering = true;
        assert!(state.to_bytes().ends_with(br#","leader_recovery_state":1}"#));
        assert_eq!(PartitionState::from_bytes(&state.to_bytes()), Ok(state));
    }

    #[test]
    fn a_missing_or_wrong_field_is_named() {
        for (data, expected) in [
            ("", "a JSON object"),
            (r#"{"leader":1}"#, r#"a field "leader_epoch""#),
            (r#"{"leader":[1]}"#, r#""leader" to be a 32-bit integer"#),
            (r#"{"leader":1,"leader_epoch":1,"isr":"1,2"}"#, r#""isr" to be a list"#),
        ] {
            let error = PartitionState::from_bytes(data.as_bytes()).expect_err(data);
            assert_eq!((error.kind, error.expected.as_str()), (ZnodeKind::PartitionState, expected));
        }
    }
}
