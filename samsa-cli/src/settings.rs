//! What `-X NAME=VALUE` and the configuration file set.

use std::str::FromStr;

use samsa_client::{Properties, PropertyError};

/// A setting that is known, with a value that it can have.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    name: String,
    value: String,
}

/// Names that are no settings here, and what to write instead.
const ELSEWHERE: &[(&str, &str)] = &[
    ("bootstrap.servers", "--bootstrap"),
    ("metadata.broker.list", "--bootstrap"),
    ("zookeeper.connect", "--zookeeper"),
];

impl Setting {
    /// A name, and a value for it.
    pub(crate) fn new(name: &str, value: &str) -> Result<Self, String> {
        if let Some((_, option)) = ELSEWHERE.iter().find(|(known, _)| *known == name) {
            return Err(format!("{name} is given by {option}"));
        }
        match Properties::default().set(name, value) {
            Ok(()) => Ok(Self { name: name.to_owned(), value: value.to_owned() }),
            Err(error @ PropertyError::Unknown { .. }) => {
                Err(format!("{error}, and samsa --help has them all"))
            }
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Defaults, and these over them; the last of a name wins.
pub(crate) fn properties<'a>(all: impl IntoIterator<Item = &'a Setting>) -> Result<Properties, String> {
    let all = all.into_iter().map(|setting| (&setting.name, &setting.value));
    Properties::of(all).map_err(|error| error.to_string())
}

/// The names that help tells about.
#[cfg(test)]
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    Properties::names().filter(|name| !ELSEWHERE.iter().any(|(elsewhere, _)| elsewhere == name))
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("write NAME=VALUE, as in linger.ms=5")?;
        Self::new(name.trim(), value.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        text.parse::<Setting>().unwrap_err()
    }

    #[test]
    fn a_setting_is_a_name_and_a_value() {
        let all: Vec<Setting> = ["linger.ms = 5", "linger.ms=6"].map(|text| text.parse().unwrap()).into();
        assert_eq!(properties(&all).unwrap().config().publish.linger.as_millis(), 6);
        assert!(refusal("linger.ms").contains("NAME=VALUE"));
    }

    #[test]
    fn a_member_of_a_group_has_its_times_by_the_usual_names() {
        let all: Vec<Setting> = ["session.timeout.ms=9000", "auto.commit.interval.ms=250"]
            .map(|text| text.parse().unwrap())
            .into();
        assert_eq!(properties(&all).unwrap().config().commit_interval.as_millis(), 250);
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest_known_one_and_where_all_are() {
        let told = refusal("linger=5");
        assert!(told.contains("the nearest is linger.ms, and samsa --help has them all"), "{told}");
    }

    #[test]
    fn where_the_cluster_is_has_an_option_of_its_own() {
        assert_eq!(refusal("bootstrap.servers=k1:9092"), "bootstrap.servers is given by --bootstrap");
    }
}
