//! The configuration file: settings as `-X` has them, a line each, and where the cluster is.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::place::Place;
use crate::settings::Setting;

/// Names the file.
pub(crate) const VARIABLE: &str = "SAMSA_CONFIG";

/// What a file says.
#[derive(Debug, Default)]
pub(crate) struct Configuration {
    pub(crate) place: Option<Place>,
    pub(crate) settings: Vec<Setting>,
}

impl Configuration {
    /// What the file says, if there is one. That the file which `SAMSA_CONFIG` names is missing is an error.
    pub(crate) fn load() -> Result<Self, Failure> {
        let Some(path) = path(|name| env::var_os(name)) else { return Ok(Self::default()) };
        match fs::read_to_string(&path) {
            Ok(text) => Self::read(&text, &path).map_err(Failure::Usage),
            Err(error) if error.kind() == io::ErrorKind::NotFound && env::var_os(VARIABLE).is_none() => {
                Ok(Self::default())
            }
            Err(error) => Err(Failure::Usage(format!("cannot read {}: {error}", path.display()))),
        }
    }

    fn read(text: &str, path: &Path) -> Result<Self, String> {
        let mut read = Self::default();
        for (index, line) in text.lines().enumerate() {
            let at = |why: String| format!("{}, line {}: {why}", path.display(), index + 1);
            read.line(line.trim()).map_err(at)?;
        }
        Ok(read)
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        let (name, value) = line.split_once('=').ok_or("write NAME=VALUE, or # and a remark")?;
        let (name, value) = (name.trim(), value.trim());
        let place = match name {
            "zookeeper.connect" => Place::ZooKeeper(value.to_owned()),
            "bootstrap.servers" => Place::Bootstrap(value.to_owned()),
            _ => return Setting::new(name, value).map(|setting| self.settings.push(setting)),
        };
        if self.place.replace(place).is_some() {
            return Err("the cluster is named a second time".to_owned());
        }
        Ok(())
    }
}

/// The file that is read, whether it exists or not.
pub(crate) fn path(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let directory = || {
        let config = variable("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        config.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".config")))
    };
    variable(VARIABLE).map(PathBuf::from).or_else(|| Some(directory()?.join("samsa.conf")))
}

/// What to tell somebody who has named no cluster.
pub(crate) fn no_cluster() -> String {
    let file = path(|name| env::var_os(name)).unwrap_or_else(|| "samsa.conf".into());
    format!(
        "which cluster? Give --zookeeper HOSTS[/CHROOT] or --bootstrap SERVERS, or set SAMSA_ZOOKEEPER or SAMSA_BOOTSTRAP, \
         or write zookeeper.connect=.. or bootstrap.servers=.. in {}",
        file.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings;

    fn read(text: &str) -> Result<Configuration, String> {
        Configuration::read(text, Path::new("samsa.conf"))
    }

    #[test]
    fn it_names_the_cluster_and_sets_what_x_sets() {
        let read = read("# ours\n\nbootstrap.servers = k1:9092,k2:9092\nmax.request.size=77\n").unwrap();
        assert_eq!(read.place, Some(Place::Bootstrap("k1:9092,k2:9092".to_owned())));
        assert_eq!(settings::properties(&read.settings).unwrap().config().publish.message_bytes, 77);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, why) in [
            ("\nlinger.ms=soon", "samsa.conf, line 2: linger.ms: "),
            ("lingers", "samsa.conf, line 1: write NAME=VALUE"),
            (
                "zookeeper.connect=zk:2181\nbootstrap.servers=k:9092",
                "samsa.conf, line 2: the cluster is named",
            ),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.starts_with(why), "{told}");
        }
    }

    #[test]
    fn the_file_is_in_the_directory_for_such_files_unless_it_is_named() {
        let with = |variables: &'static [(&str, &str)]| {
            path(move |name| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| OsString::from(value))
            })
        };
        assert_eq!(with(&[("HOME", "/home/k")]), Some(PathBuf::from("/home/k/.config/samsa.conf")));
        let xdg = with(&[("HOME", "/home/k"), ("XDG_CONFIG_HOME", "/etc/xdg")]);
        assert_eq!(xdg, Some(PathBuf::from("/etc/xdg/samsa.conf")));
        assert_eq!(with(&[("HOME", "/home/k"), ("SAMSA_CONFIG", "my")]), Some(PathBuf::from("my")));
        assert_eq!(with(&[]), None);
    }

    #[test]
    fn without_a_cluster_all_ways_to_name_one_are_told() {
        let told = no_cluster();
        for way in ["--zookeeper", "--bootstrap", "SAMSA_ZOOKEEPER", "SAMSA_BOOTSTRAP", "bootstrap.servers="]
        {
            assert!(told.contains(way), "{told}");
        }
    }
}
