//! Nobody is there.

use std::time::Duration;

use samsa_async_std::AsyncStd;
use samsa_tests::cli::Samsa;
use samsa_tokio::{Builder, Cluster, ConnectError, Launch, OnTokio};

use crate::client::Runtime;

const SOON: Duration = Duration::from_secs(1);
/// Nothing listens there.
const NOBODY: &str = "127.0.0.1:1";

async fn connect<L: Launch>(launch: L, to_zookeeper: bool) -> Result<Cluster, ConnectError> {
    let builder =
        if to_zookeeper { Builder::zookeeper(launch, NOBODY) } else { Builder::bootstrap(launch, NOBODY) };
    builder.connect_within(SOON).connect().await
}

#[test]
fn a_cluster_that_is_not_there_is_an_error_that_says_what_to_do() {
    for runtime in Runtime::BOTH {
        for to_zookeeper in [false, true] {
            let connected = runtime.block_on(async {
                match runtime {
                    Runtime::Tokio => connect(OnTokio, to_zookeeper).await,
                    Runtime::AsyncStd => connect(AsyncStd, to_zookeeper).await,
                }
            });
            let error = connected.expect_err("nobody is there");
            assert!(error.is_retriable());
            let text = error.to_string();
            assert!(text.contains(NOBODY), "{text}");
            assert!(text.contains("is the address right, and is a broker up?"), "{text}");
        }
    }
}

#[test]
fn a_command_that_reaches_nobody_fails_and_says_so() {
    for place in ["--bootstrap", "--zookeeper"] {
        for runtime in Runtime::BOTH {
            let arguments =
                [place, NOBODY, "--runtime", runtime.name(), "-X", "default.api.timeout.ms=1000", "brokers"];
            let ended = Samsa::run(&arguments, b"", Duration::from_secs(60)).expect("samsa ends");
            assert_eq!(ended.status, Some(1), "{}", ended.stderr);
            assert!(ended.stderr.contains(NOBODY), "{}", ended.stderr);
            assert!(ended.stdout.is_empty());
        }
    }
}
