//! Artifacts of Maven Central with all that they need, fetched once by the ordinary `mvn`.

use std::{
    fmt::Write,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::{
    cache,
    error::{At, Error},
    process,
};

const DOWNLOAD_LIMIT: Duration = Duration::from_secs(600);

/// The coordinates of an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Artifact {
    /// As `org.apache.kafka`.
    pub group: &'static str,
    /// As `kafka-clients`.
    pub name: &'static str,
    /// As `4.4.0`.
    pub version: &'static str,
}

impl Artifact {
    /// An artifact by its coordinates.
    pub const fn new(group: &'static str, name: &'static str, version: &'static str) -> Self {
        Self { group, name, version }
    }
}

/// The directory with the jars of `artifacts` and of all that they need at run time.
///
/// `name` is for the reader of the cache directory; another list of artifacts under the same name is another directory.
pub fn fetch(name: &str, artifacts: &[Artifact]) -> Result<PathBuf, Error> {
    let pom = pom(artifacts);
    cache::entry(&format!("jars-{name}-{:016x}", fingerprint(&pom)), |into| download(name, &pom, into))
}

fn download(name: &str, pom: &str, into: &Path) -> Result<(), Error> {
    if !process::installed("mvn") {
        return Err(Error::Missing {
            program: "mvn",
            install: "Maven (Debian and Ubuntu: `apt install maven`)",
        });
    }
    let file = into.join("pom.xml");
    fs::write(&file, pom).at("write", &file)?;
    let mut maven = Command::new("mvn");
    maven.args(["-B", "-f"]).arg(&file).arg("dependency:copy-dependencies");
    maven.arg(format!("-DoutputDirectory={}", into.display())).arg("-DincludeScope=runtime");
    process::run(&format!("the download of {name} by mvn"), &mut maven, &into.join("mvn.log"), DOWNLOAD_LIMIT)
}

fn pom(artifacts: &[Artifact]) -> String {
    let mut pom = String::from(
        "<project><modelVersion>4.0.0</modelVersion><groupId>samsa</groupId><artifactId>samsa-tests</artifactId>\
         <version>1</version><dependencies>\n",
    );
    for Artifact { group, name, version } in artifacts {
        let _ = writeln!(
            pom,
            "<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId><version>{version}</version></dependency>"
        );
    }
    pom.push_str("</dependencies></project>\n");
    pom
}

/// A number that changes with the text, to name directories by what is in them.
pub(crate) fn fingerprint(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
