//! One member: a client of its own, which joins and leaves as it likes, or is killed.

use std::ops::Range;
use std::time::Duration;

use samsa_client::{Cluster, Commit, Consumer, ConsumerEvent, GroupError};

use super::application::Application;
use super::group::Group;
use super::heard::Ear;
use crate::rng::Rng;

const LIFE: Range<Duration> = Duration::from_secs(1)..Duration::from_secs(25);
const AWAY: Range<Duration> = Duration::from_millis(10)..Duration::from_secs(6);
const COMMITS: Range<Duration> = Duration::from_millis(50)..Duration::from_secs(2);
/// How long a listener holds what is revoked.
const HOLDS: Range<Duration> = Duration::ZERO..Duration::from_secs(4);

/// What members and coordinators of groups on the brokers expect of each other.
const SESSION: Duration = Duration::from_secs(6);
const HEARTBEAT: Duration = Duration::from_millis(500);
const REBALANCE: Duration = Duration::from_secs(12);

/// How a life ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Leaves,
    Drops,
    IsKilled,
}

/// Joins, leaves, is killed and comes again, until all is well; then it stays, or is gone.
pub(super) async fn live(group: Group, number: usize) {
    let mut rng = group.stage.world.draw(Rng::fork);
    while !group.stage.world.faults().are_over() {
        group.stage.world.sleep(rng.duration(&AWAY)).await;
        let ends = [End::Leaves, End::Drops, End::IsKilled];
        let end = rng.pick(&ends).copied().unwrap_or(End::Leaves);
        let lasts = rng.duration(&LIFE);
        one_life(&group, number, &mut rng, Some((lasts, end))).await;
    }
}

/// Joins and stays.
pub(super) async fn stay(group: Group, number: usize) {
    let mut rng = group.stage.world.draw(Rng::fork);
    one_life(&group, number, &mut rng, None).await;
}

async fn one_life(group: &Group, number: usize, rng: &mut Rng, end: Option<(Duration, End)>) {
    let Some((client, name, process)) = connect(group).await else { return };
    let commits = [Commit::Automatic, Commit::Automatic, Commit::Marked, Commit::Manual];
    let commit = rng.pick(&commits).copied().unwrap_or_default();
    let Some(consumer) = subscribe(group, number, &client, commit, rng).await else { return };
    if rng.chance(400) {
        group.stage.world.spawn_named("listener", listen(group.clone(), &consumer, rng.fork()));
    }
    // Whom nobody listens to gives up what is revoked without waiting.
    let ear = rng.chance(850).then(|| Ear::new(group, &name, &consumer));
    if let (Some(ear), Some(machine)) = (&ear, group.stage.world.machine_of(process)) {
        group.heard.borrow_mut().begins(machine, &name);
        group.stage.world.spawn_named("ear", ear.clone().listens());
    }
    let mut application = Application::new(group, number, (name, ear), consumer, rng);
    match end {
        None => application.consume(rng).await,
        Some((lasts, end)) => {
            group.stage.world.timeout(lasts, application.consume(rng)).await;
            leave(group, number, application.consumer, end, process).await;
        }
    }
}

/// A client, its name, and the number of its process.
async fn connect(group: &Group) -> Option<(Cluster, String, usize)> {
    let Group { stage, .. } = group;
    loop {
        let name = group.next_name();
        let client = stage.plan.client(&stage.world).client_id(name.clone()).start().ok()?;
        let process = stage.world.last_client();
        match client.connected().await {
            Ok(()) => return Some((client, name, process)),
            Err(error) => stage.tell("member", format_args!("is not connected: {error}")),
        }
    }
}

async fn leave(group: &Group, number: usize, consumer: Consumer, end: End, process: usize) {
    let world = &group.stage.world;
    match end {
        End::Leaves => {
            let left = consumer.close().await;
            world.trace().line(&format!("member {number}"), format_args!("has left: {left:?}"));
        }
        End::Drops => drop(consumer),
        End::IsKilled => world.kill(process),
    }
}

async fn subscribe(
    group: &Group,
    number: usize,
    client: &Cluster,
    commit: Commit,
    rng: &mut Rng,
) -> Option<Consumer> {
    let every = rng.duration(&COMMITS);
    loop {
        let builder = group.choose(client.consumer(group.name), rng).start_at(group.ways.start);
        let builder = builder.assignor(group.ways.assignor).streams(group.streams(number));
        let builder = builder.commit(commit).commit_every(every);
        let builder = match group.ways.offsets {
            Some(offsets) => builder.offsets(offsets),
            None => builder,
        };
        let builder =
            builder.protocol(group.ways.protocol).session_timeout(SESSION).heartbeat_interval(HEARTBEAT);
        let builder = builder.rebalance_timeout(REBALANCE);
        match builder.subscribe().await {
            Ok(consumer) => return Some(consumer),
            Err(GroupError::Closed) => return None,
            Err(error) => {
                let text = format!("member {number}");
                group.stage.world.trace().line(&text, format_args!("has not joined: {error}"));
                if group.stage.world.faults().are_over() {
                    group.stage.world.sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}

/// Hears what happens to a member, and holds what is revoked for a while.
fn listen(group: Group, consumer: &Consumer, mut rng: Rng) -> impl Future<Output = ()> + 'static {
    let mut events = consumer.events();
    async move {
        while let Some(event) = events.next().await {
            if let ConsumerEvent::Revoking { hold, .. } = event {
                group.stage.world.sleep(rng.duration(&HOLDS)).await;
                drop(hold);
            }
        }
    }
}
