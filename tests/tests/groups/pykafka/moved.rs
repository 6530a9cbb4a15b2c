//! A broker is killed, and others lead its partitions: their locks get other names, and nothing is handed out twice.

use samsa_tests::{Release, pykafka::Ways};

use super::{Group, cluster};
use crate::client::Runtime;
use crate::printed::printed;
use crate::received::repeated;
use crate::znodes::until;

const EACH: usize = 20;

pub(crate) fn locks_follow_leaders_that_move(release: Release) {
    let Some(kafka) = &cluster(release) else { return };
    Runtime::Tokio.run(kafka, async |cluster| {
        let ways = Ways { locks_as_python2: true, ..Ways::default() };
        let mut group = Group::new(kafka, cluster, "moved", ways).await;
        let members = [group.samsa(), group.samsa()];
        group.until_shared(2);
        group.publish(EACH).await;
        let of_all = || [printed(&members[0]), printed(&members[1])].concat();
        group.until_received(of_all);

        kafka.kill(2);
        until(|| {
            let leaders = group.znodes.leaders("moved");
            if leaders.values().all(|leader| *leader == 1) { Ok(()) } else { Err(format!("{leaders:?}")) }
        });
        group.until_shared(2);
        group.publish(EACH).await;
        group.until_received(of_all);
        kafka.restart(2).expect("it serves again");
        group.publish(EACH).await;
        group.until_received(of_all);
        group.until_shared(2);
        assert_eq!(repeated(&of_all()), []);
    });
}
