//! Apache's own word on the protocol: the schemas and the classes inside the `kafka-clients` jar of a release.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use crate::{
    Error, Release, cache,
    error::At,
    jvm::{JDK, Jvm},
    process::{self, converse},
    scratch::Scratch,
};

const UNPACK_LIMIT: Duration = Duration::from_secs(60);
const LIMIT: Duration = Duration::from_secs(300);

/// The text of every message schema of a release: JSON with comments, as Apache wrote it.
pub fn schemas(release: Release) -> Result<Vec<String>, Error> {
    let directory = unpacked(release)?.join("common").join("message");
    let entries = fs::read_dir(&directory).at("list", &directory)?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).at("read", file)).collect()
}

/// Runs a program of `java/oracle` on the classes of a release: lines in, lines out.
pub fn ask(release: Release, program: &str, arguments: &[&str], lines: &str) -> Result<String, Error> {
    let jvm = Jvm::of(release, "oracle")?;
    let scratch = Scratch::new()?;
    let mut command = jvm.command(&["-Xmx2g"], program);
    command.args(arguments);
    let name = format!("{program} of {release}");
    let output = converse(&name, &mut command, lines.as_bytes(), scratch.path(), LIMIT)?;
    Ok(String::from_utf8_lossy(&output).into_owned())
}

fn unpacked(release: Release) -> Result<PathBuf, Error> {
    let jar = release.jars()?.join(format!("kafka-clients-{}.jar", release.version));
    cache::entry(&format!("schemas-{}", release.version), |into| {
        if !process::installed("jar") {
            return Err(Error::Missing { program: "jar", install: JDK });
        }
        let mut unpack = Command::new("jar");
        unpack.current_dir(into).arg("xf").arg(&jar).arg("common/message");
        process::run("jar xf", &mut unpack, &into.join("jar.log"), UNPACK_LIMIT)
    })
}

/// The name of a field of Apache's (`TopicId`, `topicId`) as we write it (`topic_id`).
pub fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
