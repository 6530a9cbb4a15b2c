//! Where the cluster is: from the command line, the environment or the configuration file, in this order.

use std::env;

use crate::configuration;
use crate::failure::Failure;

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
    pub(crate) fn find(typed: Option<Self>, configured: Option<Self>) -> Result<Self, Failure> {
        let found = typed.or_else(|| Self::in_environment(|name| env::var(name).ok())).or(configured);
        found.ok_or_else(|| Failure::Usage(nowhere()))
    }

    /// The environment has two names for it, the first of which wins.
    fn in_environment(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let zookeeper = variable("SAMSA_ZOOKEEPER").map(Self::ZooKeeper);
        zookeeper.or_else(|| variable("SAMSA_BOOTSTRAP").map(Self::Bootstrap))
    }
}

fn nowhere() -> String {
    let file = configuration::path(|name| env::var_os(name)).unwrap_or_else(|| "samsa.conf".into());
    format!(
        "which cluster? Give --zookeeper HOSTS[/CHROOT] or --bootstrap SERVERS, or set SAMSA_ZOOKEEPER or SAMSA_BOOTSTRAP, \
         or write zookeeper.connect=.. or bootstrap.servers=.. in {}",
        file.display()
    )
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
        assert_eq!(Place::find(Some(typed.clone()), Some(configured)).unwrap(), typed);
    }

    #[test]
    fn without_a_cluster_all_ways_to_name_one_are_told() {
        let told = nowhere();
        for way in ["--zookeeper", "--bootstrap", "SAMSA_ZOOKEEPER", "SAMSA_BOOTSTRAP", "bootstrap.servers="]
        {
            assert!(told.contains(way), "{told}");
        }
    }
}
