//! The groups there are.

use samsa_client::{GroupHome, GroupList, ListedGroup, UntoldBroker};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::count;
use crate::storage::Store;
use crate::table::Table;

/// States of a group in which nobody is in it.
const WITHOUT_MEMBERS: [&str; 2] = ["Empty", "Dead"];

#[derive(Serialize)]
pub(super) struct Listed<'a> {
    pub(super) group: &'a str,
    pub(super) place: &'static str,
    pub(super) members: Option<usize>,
    pub(super) kind: Option<String>,
    pub(super) state: Option<&'a str>,
}

impl<'a> Listed<'a> {
    pub(super) fn of(ListedGroup { name: group, home }: &'a ListedGroup) -> Option<Self> {
        Some(match home {
            GroupHome::ZooKeeper { members } => {
                let (place, members) = (Store::ZooKeeper.name(), Some(*members));
                Self { group, place, members, kind: None, state: None }
            }
            GroupHome::Brokers { kind, state } => {
                let (place, state) = (Store::Brokers.name(), state.as_deref());
                let members = state.is_some_and(|state| WITHOUT_MEMBERS.contains(&state)).then_some(0);
                Self { group, place, members, kind: kind.map(|kind| kind.to_string()), state }
            }
            _ => return None,
        })
    }
}

pub(super) fn table(list: &GroupList) -> Table<5> {
    let told = |text: Option<&str>, is_told: bool| match text {
        Some(text) => text.to_owned(),
        None if is_told => "?".to_owned(),
        None => "-".to_owned(),
    };
    let mut table = Table::new(["group", "lives in", "members", "kind", "state"]);
    for Listed { group, place, members, kind, state } in list.groups.iter().filter_map(Listed::of) {
        let is_on_brokers = place == Store::Brokers.name();
        let members = members.map(|members| members.to_string());
        table.row([
            group.to_owned(),
            place.to_owned(),
            told(members.as_deref(), true),
            told(kind.as_deref(), is_on_brokers),
            told(state, is_on_brokers),
        ]);
    }
    table
}

/// What is to be said of brokers that did not tell, a line each.
pub(super) fn remarks(list: &GroupList) -> impl Iterator<Item = String> {
    list.untold.iter().map(|UntoldBroker { broker, reason }| match broker {
        Some(broker) => format!("broker {broker} does not tell which groups it coordinates: {reason}"),
        None => format!("no broker tells which groups are coordinated: {reason}"),
    })
}

/// A list in which some may be missing is half an answer.
pub(super) fn outcome(list: &GroupList) -> Result<(), Failure> {
    let brokers = list.untold.iter().filter(|untold| untold.broker.is_some()).count();
    match (list.untold.len(), brokers) {
        (0, _) => Ok(()),
        (_, 0) => Err(Failure::NotDone("it is not known which groups the brokers coordinate".to_owned())),
        _ => {
            let brokers = count(brokers as u64, "broker");
            Err(Failure::NotDone(format!("it is not known which groups {brokers} coordinate")))
        }
    }
}

#[cfg(test)]
mod tests {
    use samsa_client::{BrokerId, GroupKind};

    use super::*;

    fn on_brokers(name: &str, kind: Option<GroupKind>, state: Option<&str>) -> ListedGroup {
        let home = GroupHome::Brokers { kind, state: state.map(str::to_owned) };
        ListedGroup { name: name.into(), home }
    }

    #[test]
    fn it_is_shown_where_a_group_lives_and_what_is_known_of_it_there() {
        let home = GroupHome::ZooKeeper { members: 2 };
        let groups = vec![
            ListedGroup { name: "billing".into(), home },
            on_brokers("billing", Some(GroupKind::Classic), Some("Stable")),
            on_brokers("empty", Some(GroupKind::Consumer), Some("Empty")),
            on_brokers("old", None, None),
        ];
        let mut shown = Vec::new();
        table(&GroupList { groups, untold: Vec::new() }).write(&mut shown).unwrap();
        let expected = "\
group    lives in   members  kind      state
billing  ZooKeeper  2        -         -
billing  brokers    ?        classic   Stable
empty    brokers    0        consumer  Empty
old      brokers    ?        ?         ?
";
        assert_eq!(String::from_utf8(shown).unwrap(), expected);
    }

    #[test]
    fn a_broker_that_does_not_tell_is_a_failure_and_says_why() {
        let untold =
            |broker: Option<i32>| UntoldBroker { broker: broker.map(BrokerId), reason: "gone".to_owned() };
        let list = |untold| GroupList { groups: Vec::new(), untold };
        assert!(outcome(&list(Vec::new())).is_ok());
        let one = list(vec![untold(Some(2))]);
        let remarks: Vec<_> = remarks(&one).collect();
        assert_eq!(remarks, ["broker 2 does not tell which groups it coordinates: gone"]);
        for (untold, said) in [(one, "1 broker "), (list(vec![untold(None)]), "the brokers")] {
            let outcome = outcome(&untold);
            assert!(matches!(&outcome, Err(Failure::NotDone(why)) if why.contains(said)), "{outcome:?}");
        }
    }
}
