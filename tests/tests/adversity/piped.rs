//! `samsa publish` from a pipe that has no end: it reads at the pace of the brokers, and of every line that it took it says what
//! became of it.

use std::fs;
use std::io::{self, PipeReader, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use samsa_tests::{
    RealKafka, Release,
    cli::{Ended, Samsa},
    java,
};

use crate::client::Runtime;
use crate::closed::Frozen;
use crate::strict::strict;

const LIMIT: Duration = Duration::from_secs(120);
/// The bound of closing.
const CLOSING: Duration = Duration::from_secs(30);
/// What a machine under load may need beside that.
const SLACK: Duration = Duration::from_secs(10);
/// A pipe into which nothing goes for so long is full.
const HELD_UP: Duration = Duration::from_secs(3);
/// Most of it is the 64 MiB of the client's buffer.
const MOST_MEMORY: usize = 128 << 20;

/// Lines, of one length each with its end, without end.
struct Endless {
    line_bytes: usize,
    written: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    writing: JoinHandle<()>,
    /// Keeps what nobody has taken.
    pipe: PipeReader,
}

impl Endless {
    fn begin(line_bytes: usize) -> Self {
        let (pipe, mut writer) = io::pipe().expect("a pipe");
        let (written, is_over) = <(Arc<AtomicUsize>, Arc<AtomicBool>)>::default();
        let (count, over) = (Arc::clone(&written), Arc::clone(&is_over));
        let writing = thread::spawn(move || {
            let lines = [vec![b'x'; line_bytes - 1], vec![b'\n']].concat().repeat(64);
            let mut left = &lines[..];
            while !over.load(Ordering::Acquire) {
                let wrote = writer.write(left).expect("somebody may read it");
                count.fetch_add(wrote, Ordering::Release);
                left = if wrote == left.len() { &lines } else { &left[wrote..] };
            }
        });
        Self { line_bytes, written, is_over, writing, pipe }
    }

    fn written(&self) -> usize {
        self.written.load(Ordering::Acquire)
    }

    /// Waits until the pipe is full, and takes no more for a while.
    fn wait_until_held_up(&self) {
        let give_up = Instant::now() + LIMIT;
        let (mut written, mut since) = (self.written(), Instant::now());
        while since.elapsed() < HELD_UP {
            thread::sleep(Duration::from_millis(50));
            if self.written() != written {
                (written, since) = (self.written(), Instant::now());
            }
            assert!(Instant::now() < give_up, "{written} bytes are taken, and it goes on");
        }
    }

    /// How many lines were taken out of the pipe, one that was only begun included.
    fn taken(mut self) -> usize {
        self.is_over.store(true, Ordering::Release);
        let mut left = Vec::new();
        self.pipe.read_to_end(&mut left).expect("what is left in the pipe");
        self.writing.join().expect("no panic");
        (self.written.load(Ordering::Acquire) - left.len()).div_ceil(self.line_bytes)
    }
}

fn publish(kafka: &RealKafka, runtime: Runtime, topic: &str, lines: &Endless) -> Samsa {
    let place = match kafka.zookeeper() {
        Some(zookeeper) => ["--zookeeper".to_owned(), zookeeper],
        None => ["--bootstrap".to_owned(), kafka.bootstrap()],
    };
    let arguments = [&place[0], &place[1], "--runtime", runtime.name(), "--json", "publish", topic];
    let stdin = lines.pipe.try_clone().expect("a pipe");
    let samsa = Samsa::start_reading(&arguments, stdin.into()).expect("samsa starts");
    let give_up = Instant::now() + LIMIT;
    while samsa.printed().expect("a file").is_empty() {
        assert!(Instant::now() < give_up, "nothing is written");
        thread::sleep(Duration::from_millis(20));
    }
    samsa
}

/// The number before these words on stderr; 0 when they are not there.
fn told(ended: &Ended, words: &str) -> usize {
    let before = ended.stderr.split(words).next().filter(|before| before.len() < ended.stderr.len());
    let number = before.and_then(|before| before.rsplit(|byte: char| !byte.is_ascii_digit()).next());
    number.map_or(0, |number| number.parse().expect("a number"))
}

fn receipts(ended: &Ended) -> usize {
    str::from_utf8(&ended.stdout).expect("text").lines().count()
}

fn most_memory(samsa: &Samsa) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", samsa.process_id())).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("the most that it had");
    let kib: usize = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number");
    kib << 10
}

fn tells_of_every_line_that_it_took(release: Release, runtime: Runtime, line_bytes: usize) {
    let Some(strict) = strict(release) else { return };
    let topic = format!("piped-{line_bytes}");
    java::create_topic(strict.kafka, &topic, 2).expect("a topic");
    let lines = Endless::begin(line_bytes);
    let samsa = publish(strict.kafka, runtime, &topic, &lines);

    let frozen = Frozen::broker(strict.kafka);
    lines.wait_until_held_up();
    let memory = most_memory(&samsa);
    samsa.interrupt().expect("a signal");
    let began = Instant::now();
    let ended = samsa.end(LIMIT).expect("it ends");
    let took = began.elapsed();
    drop(frozen);

    let taken = lines.taken();
    let published = told(&ended, " messages published");
    let undelivered = told(&ended, " messages not delivered: ");
    println!("{taken} taken, {published} published, {undelivered} not; {memory} bytes, closed in {took:?}");
    assert!(memory < MOST_MEMORY, "{memory} bytes");
    assert!(took < CLOSING + SLACK, "{took:?}");
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    assert_eq!((receipts(&ended), published + undelivered), (published, taken), "{}", ended.stderr);
    let (not_sent, possibly) = (told(&ended, " not sent, "), told(&ended, " possibly sent"));
    assert_eq!(not_sent + possibly, undelivered, "{}", ended.stderr);
    let lines = ended.stderr.lines().filter_map(|line| line.strip_prefix("line ")?.split_once(": "));
    let lines = lines.map(|(line, _)| line.parse::<usize>().expect("a number"));
    assert!(lines.eq(published + 1..=published + 100), "{}", ended.stderr);
}

#[test]
fn a_publisher_that_waits_for_outcomes_tells_of_every_line_that_it_took() {
    tells_of_every_line_that_it_took(Release::V3_9_2, Runtime::Tokio, 100);
}

#[test]
fn a_publisher_that_waits_for_room_tells_of_every_line_that_it_took() {
    tells_of_every_line_that_it_took(Release::V4_4_0, Runtime::AsyncStd, 3000);
}

#[test]
fn a_publisher_that_is_interrupted_delivers_what_it_took() {
    let Some(strict) = strict(Release::V4_4_0) else { return };
    java::create_topic(strict.kafka, "piped-on", 2).expect("a topic");
    for runtime in Runtime::BOTH {
        // Whole lines fill the pages of a pipe, so that none is only begun.
        let lines = Endless::begin(1024);
        let samsa = publish(strict.kafka, runtime, "piped-on", &lines);
        samsa.interrupt().expect("a signal");
        let ended = samsa.end(LIMIT).expect("it ends");
        let taken = lines.taken();
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        assert_eq!(
            (receipts(&ended), told(&ended, " messages published")),
            (taken, taken),
            "{}",
            ended.stderr
        );
    }
}
