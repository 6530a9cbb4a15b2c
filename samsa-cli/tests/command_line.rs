//! The `samsa` process, seen from outside, without a broker.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

/// A cluster in nobody's environment, so that each test names its own.
fn samsa(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_samsa"));
    for variable in ["SAMSA_ZOOKEEPER", "SAMSA_BOOTSTRAP", "RUST_LOG", "XDG_CONFIG_HOME"] {
        command.env_remove(variable);
    }
    command.env("HOME", "/nowhere").env_remove("SAMSA_CONFIG").args(arguments);
    command.stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    samsa(arguments).output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// An address where nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").to_string()
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let [first, second, other] = ["1", "1", "2"].map(|seed| run(&["sim", "--seed", seed]));
    assert_eq!(text(&first.stdout), text(&second.stdout));
    assert_ne!(first.stdout, other.stdout);
    assert!(text(&first.stdout).contains("sim publish-and-read --seed 1"), "the way to see it again");
}

#[test]
fn a_run_as_json_is_one_object_that_says_whether_all_was_well() {
    let output = run(&["--json", "sim", "--seed", "3"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("an object");
    assert_eq!((&report["seed"], report["ok"].as_bool()), (&3.into(), Some(output.status.success())));
    assert!(report["trace"].as_array().is_some_and(|trace| !trace.is_empty()));
}

#[test]
fn wrong_usage_gives_status_2_and_says_what_is_right() {
    for (arguments, hint) in [
        (&["frobnicate"][..], "Usage"),
        (&["brokers"], "SAMSA_BOOTSTRAP"),
        (&["--bootstrap", "k1", "brokers"], "host:port"),
        (&["--zookeeper", "zk1:2181/a//b", "brokers"], "ZooKeeper connect string"),
        (&["--bootstrap", "k1:1", "-X", "linger=5", "brokers"], "linger.ms"),
        (&["--bootstrap", "k1:1", "-X", "acks=0", "brokers"], "all"),
        (&["--bootstrap", "k1:1", "--zookeeper", "zk:1", "brokers"], "cannot be used with"),
        (&["--bootstrap", "k1:1", "consume", "t", "-f", "%x"], "%x means nothing"),
        (&["--bootstrap", "k1:1", "consume", "t", "--from", "soon"], "earliest"),
        (&["--bootstrap", "k1:1", "publish", "t", "/nowhere/lines"], "/nowhere/lines"),
        (&["sim", "chess"], "publish-and-read"),
        (&["sim", "--seeds", "5..5"], "A..B"),
    ] {
        let output = run(arguments);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(hint), "{arguments:?}: {error}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn that_nobody_reads_what_went_wrong_changes_no_status() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = samsa(&["brokers"]).stderr(writer).status().unwrap();
    assert_eq!(status.code(), Some(2));
}

#[test]
fn help_and_version_are_answers() {
    for arguments in [&["--help"][..], &["--version"], &["perf", "publish", "--help"]] {
        let output = run(arguments);
        assert!(output.status.success() && !output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_cluster_that_is_not_there_gives_status_1_in_bounded_time_on_either_runtime() {
    let nobody = nobody();
    let patience = ["-X", "default.api.timeout.ms=300"];
    for runtime in ["tokio", "async-std"] {
        for place in ["--bootstrap", "--zookeeper"] {
            let output =
                run(&[&[place, &nobody, "--runtime", runtime], &patience[..], &["brokers"]].concat());
            let error = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{error}");
            assert!(error.contains("300ms") && error.contains("is the address right"), "{error}");
            assert!(output.stdout.is_empty());
        }
    }
}

#[test]
fn why_a_cluster_is_not_reached_is_explained() {
    let nobody = nobody();
    let output = run(&["--bootstrap", &nobody, "-X", "default.api.timeout.ms=300", "explain"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains(&nobody), "{}", text(&output.stdout));
}

#[test]
fn the_environment_and_the_configuration_file_name_the_cluster() {
    let nobody = nobody();
    let limit = ["-X", "default.api.timeout.ms=100", "brokers"];
    let output = samsa(&limit).env("SAMSA_BOOTSTRAP", &nobody).output().expect("the binary runs");
    assert!(text(&output.stderr).contains(&nobody), "{}", text(&output.stderr));

    let directory = std::env::temp_dir().join(format!("samsa-command-line-{}", std::process::id()));
    fs::create_dir_all(&directory).expect("a directory");
    let file = directory.join("samsa.conf");
    let lines = format!("# here\nbootstrap.servers={nobody}\ndefault.api.timeout.ms=100\n");
    fs::write(&file, lines).expect("a file");
    let output = samsa(&["brokers"]).env("SAMSA_CONFIG", &file).output().expect("the binary runs");
    assert!(text(&output.stderr).contains(&nobody), "{}", text(&output.stderr));

    fs::write(&file, "linger.ms=soon\n").expect("a file");
    let output = samsa(&["brokers"]).env("SAMSA_CONFIG", &file).output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("samsa.conf, line 1: linger.ms"), "{}", text(&output.stderr));
    fs::remove_dir_all(&directory).expect("it was ours");
}

#[test]
fn lines_are_not_read_while_there_is_no_cluster_to_take_them() {
    let nobody = nobody();
    let mut child = samsa(&["--bootstrap", &nobody, "-X", "default.api.timeout.ms=300", "publish", "t"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"a line\n").expect("a pipe holds a line");
    let output = child.wait_with_output().expect("it ends though stdin is open");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    drop(stdin);
}
