use std::future::poll_fn;
use std::io::IoSlice;

use samsa_core::Instant;

use super::*;
use crate::executor::{End, Executor};
use crate::faults::FaultMix;

fn network(executor: &Executor, mix: FaultMix, seed: u64) -> Network {
    let trace = Trace::new(Rc::clone(executor.schedule()), false);
    Network::new(Rc::clone(executor.schedule()), trace, Faults::new(mix), Rng::new(seed))
}

fn address(network: &Network) -> SocketAddr {
    SocketAddr::new(network.host("k1"), 9092)
}

async fn write_all(socket: &Socket, bytes: &[u8]) -> io::Result<()> {
    let mut written = 0;
    while written < bytes.len() {
        written += poll_fn(|cx| socket.poll_write(cx, &[IoSlice::new(&bytes[written..])])).await?;
    }
    Ok(())
}

async fn read_to_end(socket: &Socket) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        let mut buffer = [0; 1000];
        match poll_fn(|cx| socket.poll_read(cx, &mut buffer)).await? {
            0 => return Ok(all),
            count => all.extend_from_slice(&buffer[..count]),
        }
    }
}

/// What arrives when the client sends this and closes, for one seed and mix of faults.
fn sent_and_received(mix: FaultMix, seed: u64, sent: Vec<u8>) -> Vec<u8> {
    let mut executor = Executor::new();
    let network = network(&executor, mix, seed);
    let received = Rc::new(RefCell::new(None));
    let listener = network.listen(address(&network));
    let result = Rc::clone(&received);
    executor.spawner().spawn("server", async move {
        let socket = poll_fn(|cx| listener.poll_accept(cx)).await;
        *result.borrow_mut() = Some(read_to_end(&socket).await.unwrap());
    });
    executor.spawner().spawn("client", async move {
        let socket = network.connect(address(&network)).await.unwrap();
        write_all(&socket, &sent).await.unwrap();
    });
    assert_eq!(executor.run(Instant::from_micros(u64::MAX), || false), End::Idle);
    received.take().unwrap()
}

#[test]
fn all_bytes_arrive_in_order_however_they_are_split_and_delayed() {
    for seed in 0..20 {
        let sent: Vec<u8> = (0..200_000_u32).map(|number| (number % 251) as u8).collect();
        let mix = FaultMix::of(&[Fault::Split, Fault::Latency]);
        assert!(sent_and_received(mix, seed, sent.clone()) == sent, "seed {seed}");
    }
}

#[test]
fn where_nobody_listens_a_caller_is_refused() {
    let mut executor = Executor::new();
    let network = network(&executor, FaultMix::none(), 1);
    let refused = Rc::new(Cell::new(false));
    let result = Rc::clone(&refused);
    executor.spawner().spawn("client", async move {
        drop(network.listen(address(&network)));
        let error = network.connect(address(&network)).await.unwrap_err();
        result.set(error.kind() == io::ErrorKind::ConnectionRefused);
    });
    executor.run(Instant::from_micros(u64::MAX), || false);
    assert!(refused.get());
}

#[test]
fn both_ends_of_a_cut_connection_see_the_reset() {
    let mut executor = Executor::new();
    let network = network(&executor, FaultMix::none(), 1);
    let seen = Rc::new(Cell::new(0));
    let listener = network.listen(address(&network));
    let expect_reset = |seen: Rc<Cell<u32>>, result: io::Result<Vec<u8>>| {
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        seen.set(seen.get() + 1);
    };
    let count = Rc::clone(&seen);
    executor.spawner().spawn("server", async move {
        let socket = poll_fn(|cx| listener.poll_accept(cx)).await;
        expect_reset(count, read_to_end(&socket).await);
    });
    let count = Rc::clone(&seen);
    executor.spawner().spawn("client", async move {
        let socket = network.connect(address(&network)).await.unwrap();
        network.links()[0].cut();
        expect_reset(count, read_to_end(&socket).await);
        assert!(network.links().is_empty());
    });
    executor.run(Instant::from_micros(u64::MAX), || false);
    assert_eq!(seen.get(), 2);
}

#[test]
fn a_half_open_connection_looks_alive_until_it_breaks() {
    let mut executor = Executor::new();
    let network = network(&executor, FaultMix::none(), 1);
    let broke = Rc::new(Cell::new(None));
    let listener = network.listen(address(&network));
    let (result, schedule) = (Rc::clone(&broke), Rc::clone(executor.schedule()));
    executor.spawner().spawn("both", async move {
        let client = network.connect(address(&network)).await.unwrap();
        let server = poll_fn(|cx| listener.poll_accept(cx)).await;
        network.links()[0].half_open(Duration::from_secs(30));
        write_all(&client, b"is anybody there?").await.unwrap();
        assert!(read_to_end(&server).await.is_err());
        result.set(Some(schedule.now()));
    });
    executor.run(Instant::from_micros(u64::MAX), || false);
    assert!(broke.get().unwrap() >= Instant::START + Duration::from_secs(30));
}

#[test]
fn names_are_resolved_and_unknown_ones_are_not() {
    let mut executor = Executor::new();
    let network = network(&executor, FaultMix::none(), 1);
    let done = Rc::new(Cell::new(false));
    let result = Rc::clone(&done);
    executor.spawner().spawn("client", async move {
        let known = network.host("k1");
        assert_eq!(network.host("k1"), known);
        assert_eq!(network.resolve("k1").await, Some(known));
        assert_eq!(network.resolve("10.9.8.7").await, Some("10.9.8.7".parse().unwrap()));
        assert_eq!(network.resolve("nowhere").await, None);
        for host in ["k1", "k2"] {
            network.point("seed", host);
            assert_eq!(network.resolve("seed").await, Some(network.host(host)));
        }
        assert_eq!(network.name_of(known), "k1", "a host is called by its own name");
        result.set(true);
    });
    executor.run(Instant::from_micros(u64::MAX), || false);
    assert!(done.get());
}
