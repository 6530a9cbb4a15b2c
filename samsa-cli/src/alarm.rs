//! An alarm that does not go by the timers of Tokio, which have a grain of a millisecond: more than a record takes. On Linux
//! it is the kernel's, on async-std that of async-io.

use std::io;
use std::time::Instant;

/// Waited for on the runtime on which it was made.
#[derive(Debug)]
pub(crate) enum Alarm {
    #[cfg(target_os = "linux")]
    Tokio(timer::Timer),
    /// With the grain of the runtime.
    #[cfg(not(target_os = "linux"))]
    Tokio,
    AsyncIo(async_io::Timer),
}

impl Alarm {
    #[cfg(target_os = "linux")]
    pub(crate) fn on_tokio() -> io::Result<Self> {
        Ok(Self::Tokio(timer::Timer::new()?))
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn on_tokio() -> io::Result<Self> {
        Ok(Self::Tokio)
    }

    #[expect(clippy::unnecessary_wraps, reason = "on Tokio it may fail")]
    pub(crate) fn on_async_io() -> io::Result<Self> {
        Ok(Self::AsyncIo(async_io::Timer::never()))
    }

    /// Done when this moment has come.
    pub(crate) async fn at(&mut self, due: Instant) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Tokio(timer) => timer.at(due).await?,
            #[cfg(not(target_os = "linux"))]
            Self::Tokio => tokio::time::sleep_until(due.into()).await,
            Self::AsyncIo(timer) => {
                timer.set_at(due);
                timer.await;
            }
        }
        Ok(())
    }
}

#[cfg(target_os = "linux")]
mod timer {
    use std::io::{self, ErrorKind};
    use std::time::{Duration, Instant};

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::net::unix::pipe::Receiver;

    /// A timer of the kernel's. It can be read when it has gone off, and whoever reads need not know that it is no pipe.
    #[derive(Debug)]
    pub(crate) struct Timer(Receiver);

    impl Timer {
        pub(super) fn new() -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let file = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            Ok(Self(Receiver::from_owned_fd_unchecked(file)?))
        }

        pub(super) async fn at(&self, due: Instant) -> io::Result<()> {
            // Nothing at all would disarm it.
            let lasts = due.saturating_duration_since(Instant::now()).max(Duration::from_nanos(1));
            let it_value = Timespec::try_from(lasts).map_err(io::Error::other)?;
            let once = Itimerspec { it_interval: Timespec::default(), it_value };
            timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &once)?;
            loop {
                self.0.readable().await?;
                match self.0.try_read(&mut [0; 8]) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    read => return read.map(drop),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use tokio::runtime::Builder;

    use super::*;

    async fn goes_off(alarm: io::Result<Alarm>) {
        let mut alarm = alarm.unwrap();
        let due = Instant::now() + Duration::from_millis(5);
        alarm.at(due).await.unwrap();
        assert!(due <= Instant::now());
        alarm.at(due).await.unwrap();

        // What nobody waits for any more does not count for the next.
        let hour = Instant::now() + Duration::from_secs(3600);
        assert!(futures_lite::future::poll_once(alarm.at(hour)).await.is_none());
        alarm.at(due).await.unwrap();
    }

    #[test]
    fn it_goes_off_when_it_is_due_and_at_once_when_that_is_past() {
        for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            let runtime = builder.worker_threads(1).enable_all().build().unwrap();
            runtime.block_on(async { goes_off(Alarm::on_tokio()).await });
        }
        async_std::task::block_on(goes_off(Alarm::on_async_io()));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn on_linux_it_goes_off_where_tokio_has_no_timers() {
        let runtime = Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async { goes_off(Alarm::on_tokio()).await });
    }
}
