//! Java processes: where their classes are, and how they end with the test that started them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Duration,
};

use crate::{
    Release, cache,
    error::{At, Error},
    jars::fingerprint,
    process,
};

const COMPILE_LIMIT: Duration = Duration::from_secs(120);
pub(crate) const JDK: &str = "a JDK, 17 or later (Debian and Ubuntu: `apt install default-jdk-headless`)";

/// Kafka before 2.x reaches into the JDK.
const OPENED: [&str; 3] = ["java.base/java.nio", "java.base/sun.nio.ch", "java.base/java.lang"];

/// A class path of jars and of what was compiled from `java/` against them.
#[derive(Debug, Clone)]
pub(crate) struct Jvm {
    classpath: String,
}

impl Jvm {
    /// The jars of a release (broker and clients), and the programs of `java/<sources>` compiled against them.
    pub(crate) fn of(release: Release, sources: &str) -> Result<Self, Error> {
        Self::of_all(release, &[sources])
    }

    /// The same with the programs of several directories.
    pub(crate) fn of_all(release: Release, sources: &[&str]) -> Result<Self, Error> {
        let jars = Self::of_jars(&release.jars()?)?.classpath;
        let mut classpath = String::new();
        for sources in sources {
            classpath.extend([&compile(release.version, &jars, sources)?.display().to_string(), ":"]);
        }
        Ok(Self { classpath: classpath + &jars })
    }

    /// All jars of a directory.
    pub(crate) fn of_jars(directory: &Path) -> Result<Self, Error> {
        if !java_is_installed() {
            return Err(Error::Missing { program: "java", install: JDK });
        }
        Ok(Self { classpath: directory.join("*").display().to_string() })
    }

    /// `java` with this class path, to run `main`.
    pub(crate) fn command(&self, options: &[&str], main: &str) -> Command {
        let mut command = Command::new("java");
        for package in OPENED {
            command.arg(format!("--add-opens={package}=ALL-UNNAMED"));
        }
        command.args(options).arg("-cp").arg(&self.classpath).arg(main);
        command
    }

    /// `java` that runs `main` (by the program of `java/leash`) until this process ends, however it ends, and then removes `directory`.
    pub(crate) fn leashed(&self, options: &[&str], directory: &Path, main: &str) -> Command {
        let mut command = self.command(options, "Leash");
        command.arg(directory).arg(main);
        command
    }
}

fn java_is_installed() -> bool {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    *INSTALLED.get_or_init(|| process::installed("java"))
}

/// The directory with the classes of `java/<sources>`, compiled when they or the jars are new.
fn compile(name: &str, jars: &str, sources: &str) -> Result<PathBuf, Error> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("java").join(sources);
    let (files, settings) = (files_in(&directory, "java")?, files_in(&directory, "properties")?);
    let mut text = jars.to_owned();
    for file in files.iter().chain(&settings) {
        text.push_str(&fs::read_to_string(file).at("read", file)?);
    }
    cache::entry(&format!("classes-{name}-{sources}-{:016x}", fingerprint(&text)), |into| {
        if !process::installed("javac") {
            return Err(Error::Missing { program: "javac", install: JDK });
        }
        let mut javac = Command::new("javac");
        javac.args(["-nowarn", "-proc:none", "-encoding", "UTF-8", "-cp", jars, "-d"]).arg(into).args(&files);
        process::run(
            &format!("javac on java/{sources}"),
            &mut javac,
            &into.join("javac.log"),
            COMPILE_LIMIT,
        )?;
        for file in &settings {
            fs::copy(file, into.join(file.file_name().unwrap_or_default())).at("copy", file)?;
        }
        Ok(())
    })
}

fn files_in(directory: &Path, extension: &str) -> Result<Vec<PathBuf>, Error> {
    let entries = fs::read_dir(directory).at("list", directory)?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files.sort();
    Ok(files)
}
