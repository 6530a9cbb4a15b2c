//! One of the hosts that are named takes connections and never says a word: a client goes on to the others.

use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use samsa_tests::Release;

use crate::{
    client::{Place, Runtime},
    strict::strict,
};

/// With whom a client begins is left to chance.
const ATTEMPTS: usize = 20;
/// What a machine under load may need beside the bounds.
const SLACK: Duration = Duration::from_secs(2);
/// How long a broker may take while others could be asked.
const PATIENCE: Duration = Duration::from_secs(1);
/// For a session with any of the servers, as it is by default.
const SESSION_TIMEOUT: Duration = Duration::from_secs(6);

/// A listener that keeps its connections, and notes that there was one.
struct Mute {
    address: String,
    was_tried: Arc<AtomicBool>,
}

fn mute() -> Mute {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let was_tried = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&was_tried);
    thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming() {
            noted.store(true, Ordering::Relaxed);
            kept.push(stream);
        }
    });
    Mute { address, was_tried }
}

/// Connects until the mute one was tried before; each time within the bound.
fn goes_on_to_the_others(runtime: Runtime, real: &str, place: fn(String) -> Place, bound: Duration) {
    for _ in 0..ATTEMPTS {
        let mute = mute();
        let place = place(format!("{},{real}", mute.address));
        let began = Instant::now();
        let (took, was_tried) = runtime.run_at(
            place.clone(),
            |_| (),
            async |cluster| {
                let connected = (began.elapsed(), mute.was_tried.load(Ordering::Relaxed));
                cluster.topics().await.expect("topics");
                connected
            },
        );
        println!("{place:?} on {runtime:?}: connected within {took:?}");
        assert!(took <= bound + SLACK, "{place:?} on {runtime:?}: {took:?}");
        if was_tried {
            return;
        }
    }
    panic!("the mute one was never tried");
}

#[test]
fn a_zookeeper_server_that_says_nothing_is_passed_over() {
    let Some(strict) = strict(Release::V3_9_2) else { return };
    let real = strict.kafka.zookeeper().expect("it has one");
    for runtime in Runtime::BOTH {
        goes_on_to_the_others(runtime, &real, Place::ZooKeeper, SESSION_TIMEOUT);
    }
}

#[test]
fn a_bootstrap_broker_that_says_nothing_is_passed_over() {
    let Some(strict) = strict(Release::V3_9_2) else { return };
    for runtime in Runtime::BOTH {
        goes_on_to_the_others(runtime, &strict.kafka.bootstrap(), Place::Bootstrap, PATIENCE);
    }
}
