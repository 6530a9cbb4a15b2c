//! One member: a client of its own, which joins and leaves as it likes, or is killed.

use std::ops::Range;
use std::time::Duration;

use samsa_client::{Cluster, Commit, ConsumeError, Consumer, GroupError, Offset};

use super::{GROUP, Group, TOPIC};
use crate::rng::Rng;

const LIFE: Range<Duration> = Duration::from_secs(1)..Duration::from_secs(25);
const AWAY: Range<Duration> = Duration::from_millis(10)..Duration::from_secs(6);
/// What a message takes, with a busy member and with others.
const MUCH_WORK: Range<Duration> = Duration::from_millis(10)..Duration::from_millis(400);
const WORK: Range<Duration> = Duration::ZERO..Duration::from_millis(10);
const COMMITS: Range<Duration> = Duration::from_millis(50)..Duration::from_secs(2);

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
    let Some((client, process)) = connect(group).await else { return };
    let Some(mut consumer) = subscribe(group, number, &client, rng).await else { return };
    let consuming = consume(group, number, &mut consumer, rng);
    match end {
        None => consuming.await,
        Some((lasts, end)) => {
            group.stage.world.timeout(lasts, consuming).await;
            leave(group, number, consumer, end, process).await;
        }
    }
}

/// A client, and the number of its process.
async fn connect(group: &Group) -> Option<(Cluster, usize)> {
    let Group { stage, .. } = group;
    loop {
        let client = stage.plan.client(&stage.world).start().ok()?;
        let process = stage.world.last_client();
        match client.connected().await {
            Ok(()) => return Some((client, process)),
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

async fn subscribe(group: &Group, number: usize, client: &Cluster, rng: &mut Rng) -> Option<Consumer> {
    let commit = if rng.chance(700) { Commit::Automatic } else { Commit::Marked };
    let every = rng.duration(&COMMITS);
    loop {
        let builder = client.consumer(GROUP).topics([TOPIC]).start_at(Offset::Earliest);
        match builder.commit(commit).commit_every(every).subscribe().await {
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

async fn consume(group: &Group, number: usize, consumer: &mut Consumer, rng: &mut Rng) {
    let world = &group.stage.world;
    let work = if rng.chance(400) { &MUCH_WORK } else { &WORK };
    while let Some(message) = consumer.next().await {
        match message {
            Ok(message) => {
                group.hand_out(number, consumer, &message);
                if !world.faults().are_over() {
                    world.sleep(rng.duration(work)).await;
                }
                consumer.mark(&message);
            }
            Err(ConsumeError::Read(error)) => world.violation("reads-on", error.to_string()),
            Err(error) => world.violation("stays-in-the-group", error.to_string()),
        }
    }
}
