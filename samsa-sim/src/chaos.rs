//! Lets things go wrong, now this, now that, until the world heals.

use std::ops::Range;
use std::time::Duration;

use crate::faults::Fault;
use crate::moves;
use crate::rng::Rng;
use crate::world::World;
use crate::zookeeper::session_name;

const PAUSE: Range<Duration> = Duration::from_millis(20)..Duration::from_millis(1_500);
const STALL: Range<Duration> = Duration::from_millis(50)..Duration::from_secs(8);
const HALF_OPEN: Range<Duration> = Duration::from_secs(1)..Duration::from_secs(40);
const DOWN: Range<Duration> = Duration::from_millis(50)..Duration::from_secs(8);
/// Around the time for which a client waits for the first answer of a broker.
const FROZEN: Range<Duration> = Duration::from_secs(1)..Duration::from_secs(12);
/// For how long a broker stands still that goes on for a moment and stands still again: longer than a client waits for one that
/// it knows, so that its next question is there when the broker goes on.
const LONG: Range<Duration> = Duration::from_secs(10)..Duration::from_secs(24);
/// Enough to answer what is there, and not what is asked then.
const MOMENT: Range<Duration> = Duration::from_micros(50)..Duration::from_micros(400);
/// Longer than a client waits for the first answer of a broker that it does not know.
const AGAIN: Range<Duration> = Duration::from_secs(5)..Duration::from_secs(12);
const PARTED: Range<Duration> = Duration::from_millis(500)..Duration::from_secs(12);
const SUSPENDED: Range<Duration> = Duration::from_millis(100)..Duration::from_secs(20);
/// How far a wall clock is set wrong, each way, in ms: less than brokers stand.
const WRONG_MS: u64 = 25 * 60 * 1000;
const AWAY: Range<Duration> = Duration::from_millis(10)..Duration::from_secs(4);
const OUTAGE: Range<Duration> = Duration::from_secs(2)..Duration::from_secs(60);
const AWAY_LONG: Range<Duration> = Duration::from_secs(6)..Duration::from_secs(12);

/// Strikes until the world is healed.
pub(crate) async fn rage(world: World, mut rng: Rng) {
    let kinds: Vec<Fault> = world.faults().kinds();
    loop {
        world.sleep(rng.duration(&PAUSE)).await;
        if world.faults().are_over() {
            break;
        }
        if let Some(kind) = rng.pick(&kinds).copied()
            && world.faults().may(kind)
            && strike(&world, kind, &mut rng)
        {
            world.faults().count(kind);
        }
    }
}

/// Lets one thing go wrong. Says whether there was anything to which it could happen.
fn strike(world: &World, kind: Fault, rng: &mut Rng) -> bool {
    match kind {
        Fault::Cut | Fault::Stall | Fault::HalfOpen => strike_connection(world, kind, rng),
        Fault::Crash => crash(world, rng),
        Fault::ZooKeeperLoss | Fault::SessionExpiry => strike_session(world, kind, rng),
        Fault::Standstill => freeze(world, rng),
        Fault::Partition => part(world, rng),
        Fault::Moved => move_away(world, rng),
        Fault::WallJump => set_a_wall_clock(world, rng),
        Fault::Suspend => world.suspend_a_client(rng.duration(&SUSPENDED), rng),
        Fault::Freeze => world.freeze_a_client(rng.duration(&SUSPENDED), rng),
        Fault::ZooKeeperOutage => rng.chance(150) && world.zookeeper_service().go_down(rng.duration(&OUTAGE)),
        Fault::PartitionAdded => rng.chance(200) && world.host().upset(kind),
        Fault::LeaderMove
        | Fault::StaleMetadata
        | Fault::SlowBroker
        | Fault::Quota
        | Fault::Lies
        | Fault::SpoiltBatches
        | Fault::HangUp
        | Fault::ShortFollower
        | Fault::UncleanElection
        | Fault::TopicRemade => world.host().upset(kind),
        // These happen to bytes, answers and brokers as they come by.
        Fault::Latency
        | Fault::Split
        | Fault::LostReply
        | Fault::BlankMetadata
        | Fault::ZooKeeperLostReply => false,
    }
}

fn strike_connection(world: &World, kind: Fault, rng: &mut Rng) -> bool {
    let links = world.network().links();
    let Some(link) = rng.pick(&links) else { return false };
    let which = format!("connection {} to {}", link.number, link.to);
    let trace = world.trace();
    match kind {
        Fault::Stall => {
            let lasts = rng.duration(&STALL);
            trace.line("network", format_args!("!! {which} stalls for {lasts:?}"));
            link.stall(lasts);
        }
        Fault::HalfOpen => {
            let lasts = rng.duration(&HALF_OPEN);
            trace.line("network", format_args!("!! {which} goes deaf for {lasts:?}"));
            link.half_open(lasts);
        }
        _ => {
            trace.line("network", format_args!("!! {which} breaks"));
            link.cut();
        }
    }
    true
}

fn crash(world: &World, rng: &mut Rng) -> bool {
    let running = world.running_brokers();
    let Some(broker) = rng.pick(&running).copied() else { return false };
    let lasts = rng.duration(&DOWN);
    world.trace().line("faults", format_args!("!! broker {broker} goes down for {lasts:?}"));
    world.crash(broker);
    let (host, sleep) = (world.host().clone(), world.sleep(lasts));
    world.spawn_named("restart", async move {
        sleep.await;
        host.start(broker);
    });
    true
}

fn move_away(world: &World, rng: &mut Rng) -> bool {
    let running = world.running_brokers();
    let Some(broker) = rng.pick(&running).copied() else { return false };
    if rng.chance(400) {
        moves::all(world, &DOWN, rng);
    } else {
        moves::one(world, broker, &DOWN, rng);
    }
    true
}

/// A broker stands still for a while, or twice with a moment in between.
fn freeze(world: &World, rng: &mut Rng) -> bool {
    let awake: Vec<i32> =
        world.running_brokers().into_iter().filter(|id| !world.host().is_frozen(*id)).collect();
    let Some(broker) = rng.pick(&awake).copied() else { return false };
    let again = rng.chance(500).then(|| (rng.duration(&MOMENT), rng.duration(&AGAIN)));
    let lasts = rng.duration(if again.is_some() { &LONG } else { &FROZEN });
    let frozen = stand_still(world.clone(), broker, lasts);
    let world = world.clone();
    world.clone().spawn_named("thaw", async move {
        if frozen.await
            && let Some((moment, lasts)) = again
        {
            world.sleep(moment).await;
            if !world.faults().are_over() {
                stand_still(world, broker, lasts).await;
            }
        }
    });
    true
}

/// It stands still from now on. The future says whether it did so to the end, and not crash.
fn stand_still(world: World, broker: i32, lasts: Duration) -> impl Future<Output = bool> {
    world.trace().line("faults", format_args!("!! broker {broker} stands still for {lasts:?}"));
    world.freeze(broker);
    async move {
        world.sleep(lasts).await;
        world.host().thaw(broker)
    }
}

fn part(world: &World, rng: &mut Rng) -> bool {
    let running = world.running_brokers();
    let Some(host) = rng.pick(&running).and_then(|id| world.host().name_of(*id)) else { return false };
    let lasts = rng.duration(&PARTED);
    world.trace().line("network", format_args!("!! nobody reaches {host} for {lasts:?}"));
    world.network().part(&host, lasts);
    true
}

fn set_a_wall_clock(world: &World, rng: &mut Rng) -> bool {
    let wrong = rng.below(2 * WRONG_MS) as i64 - WRONG_MS as i64;
    world.set_a_wall_clock(wrong, rng)
}

fn strike_session(world: &World, kind: Fault, rng: &mut Rng) -> bool {
    let zookeeper = world.zookeeper_service();
    let sessions = zookeeper.connected();
    let Some(session) = rng.pick(&sessions).copied() else { return false };
    let away = if rng.chance(150) { &AWAY_LONG } else { &AWAY };
    let away = rng.duration(away);
    world.trace().line("faults", format_args!("!! {kind} for {}", session_name(session)));
    if kind == Fault::SessionExpiry {
        zookeeper.expire(session, away);
    } else {
        zookeeper.lose(session, away);
    }
    true
}
