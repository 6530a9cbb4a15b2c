//! Every future of the handles is dropped at every moment, on both runtimes.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use async_io::Timer;
use samsa_client::{Cluster, ConnectError};
use samsa_tests::{RealKafka, Release, shared};

use crate::client::{self, Runtime};
use crate::dropping::{Place, drop_every_future};
use crate::on_each_release;

on_each_release!(a_future_that_is_dropped_disturbs_nobody);

type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

struct OnBroker {
    kafka: &'static RealKafka,
    runtime: Runtime,
    name: String,
}

impl Place for OnBroker {
    fn connect(&self) -> Boxed<Result<Cluster, ConnectError>> {
        let (runtime, kafka) = (self.runtime, self.kafka);
        Box::pin(async move {
            let place = client::Place::of(kafka);
            let cluster = runtime.connect_at(place, |config| {
                config.publish.buffer_bytes = 128 << 10;
                config.publish.batch_bytes = 8 << 10;
                config.publish.message_bytes = 16 << 10;
            });
            cluster.await
        })
    }

    fn has_groups(&self) -> bool {
        self.kafka.zookeeper().is_some()
    }

    fn pause(&self, lasts: Duration) -> Boxed<()> {
        Box::pin(async move {
            Timer::after(lasts).await;
        })
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// Parts of the time that a question takes on loopback.
const TIMES: [Duration; 2] = [Duration::from_micros(200), Duration::from_millis(2)];

fn a_future_that_is_dropped_disturbs_nobody(release: Release) {
    let Some(kafka) = shared(release) else { return };
    for runtime in Runtime::BOTH {
        let place = OnBroker { kafka, runtime, name: format!("dropped-{}", runtime.name()) };
        runtime.block_on(drop_every_future(&place, &TIMES));
    }
}
