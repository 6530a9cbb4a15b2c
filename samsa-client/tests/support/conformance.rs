//! What every adapter does alike: one suite, which each of them runs.

use std::future::{Future, poll_fn};
use std::io::{IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use samsa_client::runtime::{Runtime, Tcp, Timer};
use samsa_client::{
    BatchReport, BrokerId, Builder, CloseError, Cluster, Compression, ConnectError, FlushError, Launch,
    LookError,
};

use crate::driven::{Keeping, driven};
use crate::listener::Seen;
use crate::{broker, listener};

/// A test for each property, in a module of that name, on a runtime and by what waits for a future there.
macro_rules! conforms {
    ($name:ident: $launch:expr, $block_on:expr) => {
        $crate::conformance::conforms! { @ $name, $launch, $block_on,
            both_clocks_go_on
            an_alarm_rings_at_its_time_and_not_before
            an_alarm_that_is_set_anew_rings_at_the_new_time_alone
            bytes_go_both_ways_and_many_parts_in_one_call
            a_peer_that_has_said_all_can_still_be_written_to
            a_connection_that_is_dropped_is_closed
            reading_and_writing_wake_apart
            a_port_where_nobody_listens_is_an_error
            a_dial_may_be_dropped
            names_are_resolved_and_what_is_none_is_no_panic
            a_client_looks_around_and_closes
            a_client_finds_its_broker_by_name
            jobs_are_done_away_from_the_driver
            a_batch_is_filled_in_a_future_that_may_be_spawned
            a_broker_that_never_answers_ends_as_a_typed_error
            a_broker_that_refuses_connections_ends_as_a_typed_error
            closing_is_bounded_while_the_broker_does_not_answer
            the_last_handle_takes_the_connections_with_it
            a_runtime_that_drops_the_driver_leaves_handles_that_say_so
        }
    };
    (@ $name:ident, $launch:expr, $block_on:expr, $($property:ident)+) => {
        mod $name {
            $(#[test]
            fn $property() {
                $crate::limit::within_limit(|| {
                    $block_on($crate::conformance::$property($launch));
                });
            })+
        }
    };
}
pub(crate) use conforms;

const MOMENT: Duration = Duration::from_millis(30);

fn runtime<L: Launch>(launch: &L) -> L::Runtime {
    launch.runtime(None).expect("a runtime")
}

async fn rings(timer: &mut impl Timer) {
    poll_fn(|cx| timer.poll(cx)).await;
}

async fn pause<R: Runtime>(runtime: &R, lasts: Duration) {
    let mut timer = runtime.timer();
    timer.reset(runtime.now().mono + lasts);
    rings(&mut timer).await;
}

pub(crate) async fn both_clocks_go_on<L: Launch>(launch: L) {
    let runtime = runtime(&launch);
    let (before, handles) = (runtime.now(), runtime.clock());
    pause(&runtime, MOMENT).await;
    let (seen, after) = (handles.now(), runtime.now());
    assert!(before.mono < seen.mono && seen.mono <= after.mono, "one scale for the driver and the handles");
    assert!(after.wall.0 - before.wall.0 >= MOMENT.as_millis() as i64 / 2);
    assert!(before.wall.0 > 1_700_000_000_000, "milliseconds since 1970");
}

pub(crate) async fn an_alarm_rings_at_its_time_and_not_before<L: Launch>(launch: L) {
    let runtime = runtime(&launch);
    let mut timer = runtime.timer();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(timer.poll(&mut cx).is_pending(), "it is not set");
    let at = runtime.now().mono + MOMENT;
    timer.reset(at);
    assert!(timer.poll(&mut cx).is_pending());
    rings(&mut timer).await;
    // Timers may count in milliseconds.
    assert!(runtime.now().mono + Duration::from_millis(2) >= at);
}

pub(crate) async fn an_alarm_that_is_set_anew_rings_at_the_new_time_alone<L: Launch>(launch: L) {
    let runtime = runtime(&launch);
    let mut timer = runtime.timer();
    timer.reset(runtime.now().mono + Duration::from_secs(3600));
    timer.reset(runtime.now().mono + MOMENT);
    rings(&mut timer).await;

    let at = runtime.now().mono + 3 * MOMENT;
    timer.reset(runtime.now().mono + MOMENT);
    timer.reset(at);
    rings(&mut timer).await;
    assert!(runtime.now().mono + Duration::from_millis(2) >= at);
}

/// Both ends of a connection.
async fn pair<R: Runtime>(runtime: &R) -> (R::Tcp, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let tcp = runtime.connect(listener.local_addr().expect("its address")).await.expect("a connection");
    (tcp, listener.accept().expect("the other end").0)
}

async fn write(tcp: &mut impl Tcp, parts: &[&[u8]]) -> usize {
    let parts: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
    poll_fn(|cx| tcp.poll_write_vectored(cx, &parts)).await.expect("it is written")
}

async fn read(tcp: &mut impl Tcp) -> Vec<u8> {
    let mut bytes = vec![0; 100];
    let count = poll_fn(|cx| tcp.poll_read(cx, &mut bytes)).await.expect("it is read");
    bytes.truncate(count);
    bytes
}

pub(crate) async fn bytes_go_both_ways_and_many_parts_in_one_call<L: Launch>(launch: L) {
    let (mut tcp, mut peer) = pair(&runtime(&launch)).await;
    assert_eq!(write(&mut tcp, &[b"when ", b"shall ", b"we three"]).await, 19);
    let mut heard = [0; 19];
    peer.read_exact(&mut heard).expect("it comes");
    assert_eq!(&heard, b"when shall we three");
    peer.write_all(b"meet again").expect("it goes");
    assert_eq!(read(&mut tcp).await, b"meet again");
}

pub(crate) async fn a_peer_that_has_said_all_can_still_be_written_to<L: Launch>(launch: L) {
    let (mut tcp, mut peer) = pair(&runtime(&launch)).await;
    peer.write_all(b"all").expect("it goes");
    peer.shutdown(Shutdown::Write).expect("it says no more");
    assert_eq!(read(&mut tcp).await, b"all");
    assert_eq!(read(&mut tcp).await, b"", "the end is told by nothing");
    write(&mut tcp, &[b"heard"]).await;
    let mut heard = [0; 5];
    peer.read_exact(&mut heard).expect("it comes");
    assert_eq!(&heard, b"heard");
}

pub(crate) async fn a_connection_that_is_dropped_is_closed<L: Launch>(launch: L) {
    let (tcp, mut peer) = pair(&runtime(&launch)).await;
    drop(tcp);
    assert_eq!(peer.read(&mut [0; 10]).expect("an end"), 0);
}

/// Counts how often it is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Release);
    }
}

impl Count {
    async fn is_woken<R: Runtime>(&self, runtime: &R) {
        while self.0.load(Ordering::Acquire) == 0 {
            pause(runtime, Duration::from_millis(1)).await;
        }
    }
}

pub(crate) async fn reading_and_writing_wake_apart<L: Launch>(launch: L) {
    let runtime = runtime(&launch);
    let (mut tcp, mut peer) = pair(&runtime).await;
    let (reader, writer) = (Arc::<Count>::default(), Arc::<Count>::default());
    let (for_reader, for_writer) = (Waker::from(Arc::clone(&reader)), Waker::from(Arc::clone(&writer)));
    let chunk = vec![7; 64 << 10];
    let mut written = 0;
    // A runtime may say that a socket is full before it is: what it does not take is asked again, and then it is.
    let mut refusals = 0;
    while refusals < 3 {
        let mut cx = Context::from_waker(&for_writer);
        match tcp.poll_write_vectored(&mut cx, &[IoSlice::new(&chunk)]) {
            Poll::Ready(count) => written += count.expect("it is written"),
            Poll::Pending => {
                refusals += 1;
                pause(&runtime, MOMENT).await;
            }
        }
    }
    let mut buffer = [0; 10];
    assert!(tcp.poll_read(&mut Context::from_waker(&for_reader), &mut buffer).is_pending());

    let drained = thread::spawn(move || {
        peer.read_exact(&mut vec![0; written]).expect("all of it");
        peer
    });
    writer.is_woken(&runtime).await;
    let mut peer = drained.join().expect("no panic");
    peer.write_all(b"now").expect("it goes");
    reader.is_woken(&runtime).await;
    assert_eq!(read(&mut tcp).await, b"now");
}

/// The near end of a connection: nobody listens there, and nobody else is given the port.
struct Nobody(TcpStream, #[expect(dead_code, reason = "the far end stays open")] TcpStream);

impl Nobody {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let near = TcpStream::connect(listener.local_addr().expect("its address")).expect("a connection");
        Self(near, listener.accept().expect("the other end").0)
    }

    fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("its address")
    }
}

pub(crate) async fn a_port_where_nobody_listens_is_an_error<L: Launch>(launch: L) {
    let nobody = Nobody::new();
    assert!(runtime(&launch).connect(nobody.address()).await.is_err());
}

pub(crate) async fn a_dial_may_be_dropped<L: Launch>(launch: L) {
    let runtime = runtime(&launch);
    // An address for documentation (RFC 5737): most networks never answer for it.
    let mut dial = Box::pin(runtime.connect(([192, 0, 2, 1], 9092).into()));
    let mut timer = runtime.timer();
    timer.reset(runtime.now().mono + MOMENT);
    poll_fn(|cx| match dial.as_mut().poll(cx) {
        Poll::Ready(_) => Poll::Ready(()),
        Poll::Pending => timer.poll(cx),
    })
    .await;
    drop(dial);
    pair(&runtime).await;
}

pub(crate) async fn names_are_resolved_and_what_is_none_is_no_panic<L: Launch>(launch: L) {
    let runtime = runtime(&launch);
    let found = runtime.resolve("localhost", 9092).await.expect("addresses");
    assert!(found.iter().any(|address| address.ip().is_loopback() && address.port() == 9092), "{found:?}");
    let numbers = runtime.resolve("127.0.0.1", 80).await.expect("itself");
    assert_eq!(numbers, [SocketAddr::from(([127, 0, 0, 1], 80))]);
    for odd in ["", "no such host", &"x".repeat(300)] {
        assert!(runtime.resolve(odd, 1).await.map_or(true, |found| found.is_empty()), "{odd:?}");
    }
}

async fn connected<L: Launch>(launch: L, address: impl ToString) -> Cluster {
    Builder::bootstrap(launch, address.to_string()).client_id("conforms").connect().await.expect("a cluster")
}

pub(crate) async fn a_client_looks_around_and_closes<L: Launch>(launch: L) {
    let address = listener::start();
    let cluster = connected(launch, address).await;
    let brokers = cluster.brokers();
    assert_eq!(brokers.len(), 1);
    assert_eq!((brokers[0].id, brokers[0].address.port), (BrokerId(broker::ID), address.port()));
    let topics = cluster.topics().await.expect("topics");
    assert_eq!(topics.iter().map(|topic| &*topic.name).collect::<Vec<_>>(), ["events"]);
    let partitions = cluster.topic("events").partitions().await.expect("partitions");
    assert_eq!(partitions[0].leader, Some(BrokerId(broker::ID)));
    cluster.close().await.expect("nothing was given up");
    assert_eq!(cluster.topics().await, Err(LookError::Closed));
}

pub(crate) async fn a_client_finds_its_broker_by_name<L: Launch>(launch: L) {
    let cluster = connected(launch, format!("localhost:{}", listener::start().port())).await;
    cluster.close().await.expect("nothing was given up");
}

pub(crate) async fn jobs_are_done_away_from_the_driver<L: Launch>(launch: L) {
    let keeping = Keeping::new(launch);
    // One may be done before it is looked at, on a machine under load, but not each.
    for clients in 1..=5 {
        let address = listener::start();
        let builder = Builder::bootstrap(&keeping, address.to_string()).compression(Compression::Gzip);
        let cluster = builder.start().expect("a client");
        let mut driver = keeping.take_driver();
        driven(&mut driver, cluster.connected()).await.expect("a cluster");
        let _delivery = cluster.topic("events").try_enqueue("x".repeat(900_000)).expect("room");
        while keeping.jobs.done.get() < clients {
            // Every question lets the driver run.
            driven(&mut driver, cluster.topics()).await.expect("topics");
        }
        if keeping.jobs.elsewhere.get() > 0 {
            return;
        }
    }
    panic!("each was done in the driver's thread");
}

/// Stops after the first message.
async fn fill(cluster: Cluster) -> Result<BatchReport, &'static str> {
    let events = cluster.topic("events");
    cluster
        .with_batch(async |batch| {
            batch.append(&events, "a").await.map_err(|_| "not appended")?;
            Err("enough")
        })
        .await
}

pub(crate) async fn a_batch_is_filled_in_a_future_that_may_be_spawned<L: Launch>(launch: L) {
    fn may_be_spawned<F: Future + Send + 'static>(future: F) -> F {
        future
    }
    let cluster = connected(launch, listener::start()).await;
    assert_eq!(may_be_spawned(fill(cluster)).await, Err("enough"));
}

pub(crate) async fn a_broker_that_never_answers_ends_as_a_typed_error<L: Launch>(launch: L) {
    let builder = Builder::bootstrap(launch, listener::start_mute().to_string());
    let error = builder.connect_within(5 * MOMENT).connect().await.expect_err("no cluster");
    assert!(matches!(error, ConnectError::Cluster(_)) && error.is_retriable(), "{error}");
}

pub(crate) async fn a_broker_that_refuses_connections_ends_as_a_typed_error<L: Launch>(launch: L) {
    let nobody = Nobody::new();
    let builder = Builder::bootstrap(launch, nobody.address().to_string());
    let error = builder.connect_within(5 * MOMENT).connect().await.expect_err("no cluster");
    assert!(matches!(error, ConnectError::Cluster(_)) && error.is_retriable(), "{error}");
    assert!(error.to_string().contains("127.0.0.1"), "it names what was dialled: {error}");
}

pub(crate) async fn closing_is_bounded_while_the_broker_does_not_answer<L: Launch>(launch: L) {
    // It takes what is published and never answers that.
    let cluster = connected(launch, listener::start()).await;
    let delivery = cluster.topic("events").try_enqueue("hello").expect("room");
    let began = Instant::now();
    let closed = cluster.close_within(5 * MOMENT).await;
    assert!(matches!(closed, Err(CloseError::GaveUp { given_up: 1, .. })), "{closed:?}");
    assert!(began.elapsed() < Duration::from_secs(20), "by default it takes 30 s");
    delivery.await.expect_err("it has its outcome");
}

pub(crate) async fn the_last_handle_takes_the_connections_with_it<L: Launch>(launch: L) {
    let runtime = runtime(&launch);
    let (address, seen) = listener::start_telling();
    drop(connected(launch, address).await);
    let ended = thread::spawn(move || {
        let mut open = 0;
        for seen in seen {
            match seen {
                Seen::Opened => open += 1,
                Seen::Closed => open -= 1,
                Seen::Request => {}
            }
            if open == 0 {
                return;
            }
        }
    });
    while !ended.is_finished() {
        pause(&runtime, Duration::from_millis(1)).await;
    }
}

pub(crate) async fn a_runtime_that_drops_the_driver_leaves_handles_that_say_so<L: Launch>(launch: L) {
    let keeping = Keeping::new(launch);
    let cluster = Builder::bootstrap(&keeping, listener::start().to_string()).start().expect("a client");
    let mut driver = keeping.take_driver();
    driven(&mut driver, cluster.connected()).await.expect("a cluster");
    let delivery = cluster.topic("events").try_enqueue("hello").expect("room");
    let (mut events, flushing) = (cluster.events(), cluster.flush());
    drop(driver);
    delivery.await.expect_err("it has its outcome");
    assert_eq!(flushing.await, Err(FlushError::Closed));
    assert!(events.next().await.is_none());
    assert!(cluster.topic("events").try_enqueue("too late").is_err());
    assert_eq!(cluster.topics().await, Err(LookError::Closed));
    assert_eq!(cluster.close().await, Ok(()));
}
