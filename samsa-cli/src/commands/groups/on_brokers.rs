//! What the brokers tell of a group that lives in ZooKeeper, besides offsets.

use std::collections::BTreeSet;

use samsa_client::GroupDescription;

use crate::failure::Failure;
use crate::output::count;

#[derive(Debug)]
pub(super) struct OnBrokers {
    /// What is to be said, a line each.
    pub(super) remarks: BTreeSet<String>,
    /// Partitions of which it is not known what they keep.
    untold: usize,
}

impl OnBrokers {
    pub(super) fn of(description: &GroupDescription) -> Self {
        let errors = description.partitions.iter().filter_map(|part| part.untold.as_ref());
        let untold = errors.clone().count();
        let errors = errors.map(|error| format!("the brokers do not tell what is committed: {error}"));
        let members = match &description.members_on_brokers {
            Ok(0) => None,
            // It is the group itself.
            Ok(_) if description.coordinated.is_some() => None,
            Ok(members) => {
                let members = count(*members as u64, "consumer");
                Some(format!("in a group of this name that the brokers coordinate: {members}"))
            }
            Err(error) => {
                Some(format!("the brokers do not tell whether they coordinate such a group: {error}"))
            }
        };
        Self { remarks: errors.chain(members).collect(), untold }
    }

    /// That the brokers could not say is no answer.
    pub(super) fn outcome(&self) -> Result<(), Failure> {
        match self.untold {
            0 => Ok(()),
            partitions => {
                let partitions = count(partitions as u64, "partition");
                Err(Failure::NotDone(format!("it is not known what the brokers keep of {partitions}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use samsa_client::{GroupPartition, OffsetsError};

    use super::super::tests::described;
    use super::*;

    fn group(
        members_on_brokers: Result<usize, OffsetsError>,
        untold: Vec<Option<OffsetsError>>,
    ) -> OnBrokers {
        let partition = |untold| GroupPartition {
            topic: "events".into(),
            broker: None,
            partition: 0,
            owner: None,
            in_zookeeper: Some(7),
            on_brokers: None,
            committed: None,
            untold,
        };
        let partitions = untold.into_iter().map(partition).collect();
        OnBrokers::of(&GroupDescription { members_on_brokers, ..described(partitions) })
    }

    #[test]
    fn brokers_that_tell_everything_leave_nothing_to_say() {
        let told = group(Ok(0), vec![None, None]);
        assert!(told.remarks.is_empty() && told.outcome().is_ok());
    }

    #[test]
    fn consumers_of_a_group_of_the_brokers_are_told_of_and_are_no_failure() {
        let told = group(Ok(2), vec![None]);
        let remarks: Vec<_> = told.remarks.iter().collect();
        assert_eq!(remarks, ["in a group of this name that the brokers coordinate: 2 consumers"]);
        assert!(told.outcome().is_ok());
    }

    #[test]
    fn brokers_that_do_not_tell_are_a_failure_and_say_why_once() {
        let error = || OffsetsError::Unanswered { reason: "gone".to_owned() };
        let told = group(Err(error()), vec![Some(error()), None, Some(error())]);
        assert_eq!(told.remarks.len(), 2, "{:?}", told.remarks);
        assert!(told.remarks.iter().all(|remark| remark.contains("gone")));
        let outcome = told.outcome();
        assert!(
            matches!(&outcome, Err(Failure::NotDone(why)) if why.contains("2 partitions")),
            "{outcome:?}"
        );
    }
}
