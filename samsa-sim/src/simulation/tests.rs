use std::future::poll_fn;
use std::io::IoSlice;

use samsa_client::Launch;
use samsa_client::Runtime as _;
use samsa_client::runtime::{Tcp, Timer};

use super::*;
use crate::runtime::{Launcher, Runtime};

fn calm() -> Simulation {
    Simulation::new(1).faults(FaultMix::none())
}

fn runtime(world: &World) -> Runtime {
    Launcher::new(world.clone()).runtime(None).unwrap()
}

/// Which invariants a run broke.
fn broken<T>(run: &Run<T>) -> Vec<&'static str> {
    run.report.violations.iter().map(|violation| violation.invariant).collect()
}

#[test]
fn a_deadline_that_has_passed_is_told_of() {
    let run = calm().run(|world| async move {
        world.sleep(Duration::from_secs(5)).await;
        let mut alarm = runtime(&world).timer();
        alarm.reset(world.now().mono + Duration::from_micros(1));
        alarm.reset(world.now().mono);
    });
    assert_eq!(broken(&run), ["deadlines-move-on"]);
}

#[test]
fn an_error_in_the_log_of_a_client_is_told_of_and_a_warning_is_not() {
    let run = calm().run(|_| async {
        tracing::warn!("a broker was lost");
        tracing::error!("this cannot be");
    });
    assert_eq!(broken(&run), ["no-error-in-the-log"]);
}

#[test]
fn what_no_broker_understands_is_told_of() {
    let run = calm().run(|world| async move {
        let address = runtime(&world).resolve("k1", 9092).await.unwrap()[0];
        let mut connection = runtime(&world).connect(address).await.unwrap();
        let frame = [0, 0, 0, 4, 0x7f, 0xff, 0, 0];
        poll_fn(|cx| connection.poll_write_vectored(cx, &[IoSlice::new(&frame)])).await.unwrap();
        // The broker closes the connection.
        let read = poll_fn(|cx| connection.poll_read(cx, &mut [0; 10])).await;
        assert!(matches!(read, Ok(0) | Err(_)));
    });
    assert_eq!(run.report.violations.len(), 1, "{}", run.report);
    assert_eq!(broken(&run), ["strict-broker"]);
}

#[test]
fn an_application_that_waits_for_nobody_is_told_of_though_brokers_live_on() {
    let run = calm().within(Duration::from_secs(60)).run(|_| std::future::pending::<()>());
    assert_eq!(broken(&run), ["comes-to-an-end"]);
}

#[test]
fn the_report_of_a_failing_run_says_what_broke_and_how_to_see_it_again() {
    let run = calm().run(|world| async move { world.violation("two-and-two", "made five") });
    let text = run.report.to_string();
    assert!(text.contains("VIOLATION two-and-two: made five"), "{text}");
    assert!(text.contains(&run.report.replay_command()), "{text}");
    assert!(text.contains("broker 1"), "{text}");
}

#[test]
fn a_healed_world_has_all_its_brokers_and_no_more_faults() {
    let faults = FaultMix::of(&[crate::Fault::Crash]);
    let run = Simulation::new(3).faults(faults).faults_for(Duration::from_secs(20)).run(|world| async move {
        world.healed().await;
        let running = world.running_brokers();
        world.sleep(Duration::from_secs(60)).await;
        (running, world.running_brokers())
    });
    assert_eq!(run.output, Some((vec![1], vec![1])));
    assert!(run.report.faults["crash"] > 0);
}

#[test]
fn a_broker_that_crashes_while_it_stands_still_does_not_stand_still_when_it_starts_again() {
    let run = calm().run(|world| async move {
        world.freeze(1);
        world.crash(1);
        world.start(1);
        world.bootstrap().connect().await.is_ok()
    });
    assert_eq!((run.output, run.report.is_ok()), (Some(true), true));
}
