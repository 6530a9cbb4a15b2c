//! The whole client, driven by a script.
//!
//! The first four bytes set the client up. After them each byte is an action, and takes what bytes it needs: the
//! application commands, appends, reads, and joins groups; connections are made, break, take and bring bytes; brokers answer as they
//! should, or not quite, or not at all; ZooKeeper has news; the clocks jump; news is late, or comes twice. In the end the
//! driver goes. `world` checks at each step what the contract of samsa-core promises to a driver.

mod actions;
mod application;
mod coordinator;
mod ensemble;
mod peer;
mod socket;
mod world;

use std::time::Duration;

use samsa_core::{Command, Compression, Config, Discovery, HostPort, Input, limits};

use crate::measured;
use crate::script::Script;
use actions::{hear, step};
use world::World;

/// Actions that one input gets.
const STEPS: usize = 400;

/// Deadlines that are waited for in the end.
const TICKS: usize = 100;

/// Memory of a reader.
const FETCH_BUFFER: usize = 16 * 1024;

/// Memory of a client with all that is under way for it, and of its peers.
const MEMORY: usize = 64 << 20;

/// The target.
pub fn run(data: &[u8]) {
    let (lies, most) = measured(|| live(data));
    // Who announces a long response makes the client reserve the memory for it, once for each lie.
    let allowed = MEMORY + lies * limits::RESPONSE_BYTES;
    assert!(most <= allowed, "{most} bytes of memory were held at a time, {allowed} are allowed");
}

/// A client's life. Tells how often its peers lied.
fn live(data: &[u8]) -> usize {
    let mut script = Script::new(data);
    let (config, is_abrupt) = config(&mut script);
    let mut world = World::new(config);
    world.tick();
    for _ in 0..STEPS {
        if script.is_over() {
            break;
        }
        step(&mut world, &mut script);
    }
    if !is_abrupt {
        rest(&mut world);
    }
    finish(&mut world);
    world.lies
}

/// What is under way gets its time.
fn rest(world: &mut World) {
    let start = world.now.mono;
    for _ in 0..TICKS {
        world.wait();
        hear(world);
    }
    // Each of many partitions may have a timer of its own, but none of them is short.
    let waited = world.now.mono.since(start);
    let rests =
        world.engine.deadline().is_none_or(|deadline| deadline.at.since(start) > Duration::from_millis(1));
    assert!(rests, "{TICKS} ticks within {waited:?}: it does not rest");
    world.look_at_tickets();
}

/// The driver goes, and is asked nothing more.
fn finish(world: &mut World) {
    world.abort();
    for index in 0..world.readers.len() {
        (0..100).for_each(|_| world.read(index, false));
    }
    for input in [Input::Tick, Input::BatchesReady, Input::Credit] {
        world.tell(input);
    }
    world.command(Command::Topics, Duration::from_secs(1));
    world.command(Command::Close, Duration::from_secs(1));
    world.abort();
}

/// Sizes and times, and whether the driver goes while all is under way.
fn config(script: &mut Script<'_>) -> (Config, bool) {
    let discovery = match script.byte() % 4 {
        0 => Discovery::Bootstrap(HostPort::list("10.0.0.1:9092,10.0.0.2:9092").expect("a list")),
        1 => Discovery::Bootstrap(HostPort::list("k1:9092").expect("a list")),
        2 => Discovery::Bootstrap(Vec::new()),
        _ => Discovery::ZooKeeper { ensemble: "zk:2181".to_owned(), session_timeout: Duration::from_secs(6) },
    };
    let mut config = Config::new(discovery);
    config.seed = u64::from(script.byte());
    let sizes = script.byte();
    config.publish.compression = if sizes & 1 == 1 { Compression::Lz4 } else { Compression::None };
    config.publish.batch_bytes = if sizes & 2 == 2 { 300 } else { 4096 };
    config.publish.message_bytes = if sizes & 4 == 4 { 200 } else { 2000 };
    config.publish.buffer_bytes = if sizes & 8 == 8 { 2000 } else { 64 * 1024 };
    config.publish.linger = Duration::from_millis(u64::from(sizes >> 4 & 3) * 20);
    let times = script.byte();
    config.publish.delivery_timeout = Duration::from_millis(1 + u64::from(times & 15) * 2000);
    config.request_timeout = Duration::from_secs(1 + u64::from(times >> 4 & 3) * 10);
    config.connect_timeout = Duration::from_secs(1 + u64::from(times >> 6) * 5);
    (config, sizes & 0x40 == 0x40)
}
