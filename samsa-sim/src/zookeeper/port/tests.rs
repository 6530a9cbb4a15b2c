use std::future::poll_fn;

use samsa_core::Instant;

use super::*;
use crate::executor::{End, Executor, Sleep};
use crate::faults::{FaultMix, Faults};
use crate::network::Weather;
use crate::rng::Rng;
use crate::trace::Trace;

const TIMEOUT: Duration = Duration::from_secs(6);

/// A client with one open session, named 1, that counts its operations.
struct Client {
    port: Port<u32, u32>,
    service: ZooKeeperService,
    id: i64,
}

impl Client {
    async fn connected(service: &ZooKeeperService) -> Self {
        let mut port = Port::new(service, "");
        port.open(1, TIMEOUT);
        let News::Session { session: 1, state: ZkSessionState::Connected { id, timeout: TIMEOUT } } =
            next(&port).await
        else {
            panic!("not connected")
        };
        Self { port, service: service.clone(), id }
    }

    fn create(&mut self, number: u32, path: &str) {
        self.port.perform(
            1,
            number,
            ZkOp::Create { path: path.to_owned(), data: Vec::new(), ephemeral: true },
        );
    }

    fn list(&mut self, number: u32, path: &str) {
        self.port.perform(1, number, ZkOp::Children { path: path.to_owned(), watch: true });
    }
}

async fn next(port: &Port<u32, u32>) -> News<u32, u32> {
    poll_fn(|cx| port.poll_news(cx)).await
}

fn suspended() -> News<u32, u32> {
    News::Session { session: 1, state: ZkSessionState::Suspended }
}

fn lost(id: u32) -> News<u32, u32> {
    News::Reply { id, result: Err(ZkError::ConnectionLost) }
}

/// Runs a test that has the service and a way to sleep, and must come to its end.
fn run<F: Future<Output = ()> + 'static>(
    seed: u64,
    test: impl FnOnce(ZooKeeperService, Rc<crate::executor::Schedule>) -> F,
) {
    let mut executor = Executor::new();
    let schedule = Rc::clone(executor.schedule());
    let trace = Trace::new(Rc::clone(&schedule), false);
    let faults = Faults::new(FaultMix::none());
    let weather = Weather::new(Rc::clone(&schedule), trace, faults, Rng::new(seed));
    let service = ZooKeeperService::new(weather);
    let done = Rc::new(Cell::new(false));
    let (body, flag) = (test(service, schedule), Rc::clone(&done));
    executor.spawner().spawn("test", async move {
        body.await;
        flag.set(true);
    });
    assert_eq!(executor.run(Instant::from_micros(u64::MAX), || done.get()), End::Done);
}

#[test]
fn replies_come_in_the_order_of_asking() {
    run(1, |service, _| async move {
        let mut client = Client::connected(&service).await;
        for number in 0..10 {
            client.create(number, &format!("/{number}"));
        }
        for number in 0..10 {
            assert_eq!(next(&client.port).await, News::Reply { id: number, result: Ok(ZkAnswer::Created) });
        }
    });
}

#[test]
fn what_was_under_way_when_the_connection_broke_is_done_by_some_seeds_and_not_by_others() {
    let done = Rc::new(RefCell::new(Vec::new()));
    for seed in 0..20 {
        let done = Rc::clone(&done);
        run(seed, |service, schedule| async move {
            let mut client = Client::connected(&service).await;
            client.create(7, "/a");
            service.lose(client.id, Duration::from_secs(1));
            assert_eq!(next(&client.port).await, lost(7));
            assert_eq!(next(&client.port).await, suspended());
            Sleep::new(Rc::clone(&schedule), schedule.now() + Duration::from_millis(500)).await;
            done.borrow_mut().push(
                service
                    .with(|ensemble| ensemble.perform(client.id, &exists("/a")))
                    .is_ok_and(|answer| is_there(&answer)),
            );
        });
    }
    assert!(done.borrow().contains(&true) && done.borrow().contains(&false));
}

fn exists(path: &str) -> ZkOp {
    ZkOp::Exists { path: path.to_owned(), watch: false }
}

fn is_there(answer: &ZkAnswer) -> bool {
    matches!(answer, ZkAnswer::Stat(Some(_)))
}

#[test]
fn a_watch_that_fires_while_the_client_is_away_is_told_when_it_is_back() {
    run(1, |service, schedule| async move {
        let mut client = Client::connected(&service).await;
        client.list(1, "/");
        assert!(matches!(next(&client.port).await, News::Reply { id: 1, result: Ok(_) }));
        service.lose(client.id, Duration::from_secs(1));
        assert_eq!(next(&client.port).await, suspended());

        service.with(|ensemble| ensemble.put("/a", b""));
        assert!(matches!(
            next(&client.port).await,
            News::Session { state: ZkSessionState::Connected { .. }, .. }
        ));
        assert_eq!(schedule.now().since(Instant::START).as_secs(), 1);
        assert_eq!(next(&client.port).await, News::Watch { session: 1, path: "/".to_owned() });
    });
}

#[test]
fn a_client_that_is_away_too_long_finds_its_session_expired() {
    run(1, |service, _| async move {
        let mut client = Client::connected(&service).await;
        client.create(1, "/a");
        assert_eq!(next(&client.port).await, News::Reply { id: 1, result: Ok(ZkAnswer::Created) });
        service.lose(client.id, TIMEOUT + Duration::from_secs(1));
        assert_eq!(next(&client.port).await, suspended());
        client.list(2, "/");
        assert_eq!(next(&client.port).await, lost(2), "it waits for a connection, but not for ever");
        assert_eq!(next(&client.port).await, News::Session { session: 1, state: ZkSessionState::Expired });
        client.list(3, "/");
        assert_eq!(next(&client.port).await, News::Reply { id: 3, result: Err(ZkError::SessionExpired) });
        assert!(!client.service.with(|ensemble| ensemble.is_alive(client.id)));
    });
}

#[test]
fn paths_are_below_the_chroot_in_both_directions() {
    run(1, |service, _| async move {
        service.with(|ensemble| ensemble.put("/kafka/brokers", b""));
        let mut port: Port<u32, u32> = Port::new(&service, "/kafka");
        port.open(1, TIMEOUT);
        next(&port).await;
        port.perform(1, 1, ZkOp::Children { path: "/".to_owned(), watch: true });
        let names = ZkAnswer::Children(vec!["brokers".to_owned()]);
        assert_eq!(next(&port).await, News::Reply { id: 1, result: Ok(names) });
        service.with(|ensemble| ensemble.put("/kafka/controller", b""));
        assert_eq!(next(&port).await, News::Watch { session: 1, path: "/".to_owned() });
    });
}

#[test]
fn a_closed_session_is_over_for_the_servers_when_the_port_says_so() {
    run(1, |service, _| async move {
        let mut client = Client::connected(&service).await;
        client.port.close(1);
        assert!(service.with(|ensemble| ensemble.is_alive(client.id)));
        poll_fn(|cx| client.port.poll_closed(cx)).await;
        assert!(!service.with(|ensemble| ensemble.is_alive(client.id)));
    });
}
