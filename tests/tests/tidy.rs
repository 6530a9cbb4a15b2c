//! Rules of the house that a look at the text can check.

use std::fs;
use std::path::{Path, PathBuf};

/// The files of the core that may know threads; see ARCHITECTURE.md.
const THREADS: [&str; 21] = [
    "sync.rs",
    "wake.rs",
    "planted.rs",
    "connection/frame_pool.rs",
    "producer/waiting.rs",
    "producer/buffer/lane.rs",
    "producer/buffer/memory.rs",
    "producer/buffer/pool.rs",
    "producer/buffer/store.rs",
    "producer/buffer/table.rs",
    "producer/buffer/topic.rs",
    "producer/outcome/mod.rs",
    "producer/outcome/slot.rs",
    "producer/outcome/verdict.rs",
    "consumer/board.rs",
    "consumer/buffer.rs",
    "consumer/lease.rs",
    "consumer/memory.rs",
    "consumer/place.rs",
    "consumer/resumption.rs",
    "consumer/source.rs",
];

/// Most lines of a file, tests apart.
const LINES: usize = 500;

/// Members of the workspace that hold what users build.
const CRATES: [&str; 8] = [
    "samsa-proto",
    "samsa-proto/derive",
    "samsa-core",
    "samsa-client",
    "samsa-tokio",
    "samsa-async-std",
    "samsa-sim",
    "samsa-cli",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rust_files(directory: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The sources of a crate, as path below `src` and text.
fn sources(name: &str) -> Vec<(String, String)> {
    let source = root().join(name).join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    assert!(!files.is_empty(), "{name} has no sources");
    let relative =
        |path: &Path| path.strip_prefix(&source).expect("a file of it").to_string_lossy().replace('\\', "/");
    files.into_iter().map(|path| (relative(&path), fs::read_to_string(&path).expect("text"))).collect()
}

/// Whether a file is there for tests alone: it is `tests.rs`, or stands below `tests/`.
fn is_test(path: &str) -> bool {
    let (directories, file) = path.rsplit_once('/').unwrap_or(("", path));
    file == "tests.rs" || directories.split('/').any(|directory| directory == "tests")
}

/// The modules in files of their own that a text has for tests alone.
fn modules_of_tests(text: &str) -> Vec<&str> {
    let behind = text.split("#[cfg(test)]").skip(1);
    let items = behind.filter_map(|behind| behind.lines().map(str::trim).find(|line| is_item(line)));
    let modules = items.filter_map(|item| item.strip_suffix(';')?.split_once("mod ")).map(|(_, name)| name);
    modules.collect()
}

fn is_item(line: &str) -> bool {
    !line.is_empty() && !line.starts_with("#[") && !line.starts_with("//")
}

/// What stands before the tests of a file.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

#[test]
fn the_core_knows_threads_only_where_it_shares_memory_with_them() {
    let shared = ["std::sync::", "crate::sync::", "std::task::Waker", "thread_local!"];
    let known = |path: &str| THREADS.contains(&path);
    let strays: Vec<String> = sources("samsa-core")
        .into_iter()
        .filter(|(path, _)| !known(path) && !is_test(path))
        .flat_map(|(path, text)| {
            let lines = without_tests(&text).lines().map(str::to_owned).collect::<Vec<_>>();
            lines.into_iter().map(move |line| (path.clone(), line))
        })
        .filter(|(_, line)| shared.iter().any(|word| line.contains(word)))
        .filter(|(_, line)| line.trim() != "use std::sync::Arc;" && !line.trim_start().starts_with("//"))
        .map(|(path, line)| format!("{path}: {line}"))
        .collect();
    assert!(strays.is_empty(), "{strays:#?}");
}

#[test]
fn no_file_is_a_house_of_its_own() {
    let long: Vec<String> = CRATES
        .iter()
        .flat_map(|name| {
            sources(name).into_iter().map(move |(path, text)| (format!("{name}/src/{path}"), text))
        })
        .filter(|(path, _)| !is_test(path))
        .map(|(path, text)| (path, without_tests(&text).lines().count()))
        .filter(|(_, lines)| *lines > LINES)
        .map(|(path, lines)| format!("{path}: {lines} lines, more than {LINES}"))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn what_is_there_for_tests_alone_is_called_so() {
    let hidden: Vec<String> = CRATES
        .iter()
        .flat_map(|name| {
            sources(name).into_iter().map(move |(path, text)| (format!("{name}/src/{path}"), text))
        })
        .filter(|(path, _)| !is_test(path))
        .flat_map(|(path, text)| {
            let modules = modules_of_tests(&text).into_iter().filter(|module| *module != "tests");
            modules.map(|module| format!("{path}: {module}")).collect::<Vec<_>>()
        })
        .collect();
    assert!(hidden.is_empty(), "call it `tests`, or move it below `tests/`: {hidden:#?}");
}

#[test]
fn a_module_of_tests_is_found_whatever_stands_before_its_name() {
    let text = "
mod order;
#[cfg(test)]
mod script;
#[cfg(test)]
#[path = \"world/model.rs\"]
pub(crate) mod model;
#[cfg(test)]
mod tests {
    mod inner;
}
#[cfg(test)]
use std::fmt;
";
    assert_eq!(modules_of_tests(text), ["script", "model"]);
}

#[test]
fn nothing_is_left_for_later_in_the_code() {
    let left = ["todo!(", "unimplemented!(", "TODO", "FIXME", "XXX"];
    let notes: Vec<String> = CRATES
        .iter()
        .flat_map(|name| {
            sources(name).into_iter().map(move |(path, text)| (format!("{name}/src/{path}"), text))
        })
        .filter(|(_, text)| left.iter().any(|word| text.contains(word)))
        .map(|(path, _)| path)
        .collect();
    assert!(notes.is_empty(), "{notes:#?}");
}

#[test]
fn every_file_that_the_map_names_is_there() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the map");
    let is_file = |name: &str| Path::new(name).extension().is_some_and(|extension| extension == "rs");
    let named = map.split('`').skip(1).step_by(2).filter(|name| is_file(name) && !name.contains('{'));
    let places = ["", "samsa-core/src", "samsa-client/src", "samsa-core/src/producer", "samsa-proto/src/api"];
    let missing: Vec<&str> =
        named.filter(|name| !places.iter().any(|place| root().join(place).join(name).is_file())).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// The methods of a file that give a future, as `Type::method`.
fn futures(text: &str) -> Vec<String> {
    let gives_one = |it: &str| {
        let gives = it.split_once("->").map_or("", |(_, gives)| gives.trim_start());
        it.starts_with("async fn")
            || ["Call<", "Enqueue<", "Publishing<"].iter().any(|future| gives.starts_with(future))
    };
    let mut found = Vec::new();
    for block in text.split("\nimpl").skip(1) {
        let of = if block.starts_with('<') { block.split_once("> ").map_or("", |(_, of)| of) } else { block };
        let signatures =
            block.split("\n    pub ").skip(1).filter_map(|item| item.split_once(" {").map(|(it, _)| it));
        let names = signatures.filter(|it| gives_one(it)).filter_map(|it| it.split_once("fn "));
        found.extend(names.map(|(_, name)| format!("{}::{}", first_word(of), first_word(name))));
    }
    found
}

fn first_word(text: &str) -> &str {
    text.trim_start().split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

#[test]
fn a_future_is_told_from_one_of_another_type_that_has_the_same_name() {
    let text = "
impl Reader {
    pub async fn next(&mut self) -> Option<()> {
    }
    pub fn id(&self) -> ReaderId {
    }
}

impl<L: Launch> Builder<L> {
    pub async fn next(self) {
    }
}
";
    assert_eq!(futures(text), ["Reader::next", "Builder::next"]);
}

#[test]
fn every_future_of_the_handles_is_dropped_by_a_test() {
    let tables = root().join("samsa-client/tests/support/dropping");
    let table = |name: &str| fs::read_to_string(tables.join(name)).expect("a table");
    let told = table("futures.rs") + &table("memberships.rs");
    let is_told = |name: &String| ["\"", " "].iter().any(|end| told.contains(&format!("\"{name}{end}")));
    let files = sources("samsa-client").into_iter().filter(|(path, _)| {
        path.starts_with("handles/") || ["builder.rs", "events.rs"].contains(&path.as_str())
    });
    let names: Vec<String> = files.flat_map(|(_, text)| futures(without_tests(&text))).collect();
    assert!(names.len() > 30, "{names:?}");
    let missing: Vec<&String> = names.iter().filter(|name| !is_told(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
