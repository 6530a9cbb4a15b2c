//! Where the cluster is: from the command line, the environment or the configuration file, in this order.

use std::env;

/// How the cluster is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A connect string.
    ZooKeeper(String),
    /// Some brokers.
    Bootstrap(String),
}

impl Place {
    /// What the command line says, else the environment, else the configuration file.
    pub(crate) fn find(typed: Option<Self>, configured: Option<Self>) -> Option<Self> {
        typed.or_else(|| Self::in_environment(|name| env::var(name).ok())).or(configured)
    }

    /// The environment has two names for it, the first of which wins.
    fn in_environment(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let zookeeper = variable("SAMSA_ZOOKEEPER").map(Self::ZooKeeper);
        zookeeper.or_else(|| variable("SAMSA_BOOTSTRAP").map(Self::Bootstrap))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(set: &'static [(&str, &str)]) -> Option<Place> {
        Place::in_environment(|name| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_names_either_and_zookeeper_wins() {
        assert_eq!(environment(&[("SAMSA_BOOTSTRAP", "k:1")]), Some(Place::Bootstrap("k:1".to_owned())));
        let both = environment(&[("SAMSA_BOOTSTRAP", "k:1"), ("SAMSA_ZOOKEEPER", "z:1/c")]);
        assert_eq!(both, Some(Place::ZooKeeper("z:1/c".to_owned())));
        assert_eq!(environment(&[]), None);
    }

    #[test]
    fn what_is_typed_wins_over_what_is_configured() {
        let [typed, configured] = ["typed:1", "configured:1"].map(|at| Place::Bootstrap(at.to_owned()));
        assert_eq!(Place::find(Some(typed.clone()), Some(configured)), Some(typed));
    }
}
