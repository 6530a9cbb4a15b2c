//! Who polls the driver.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use samsa_client::{ConnectString, Driver, Launch};

use crate::adapter::AsyncIo;

/// A client's driver, to be spawned.
pub type BoxedDriver = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Spawns on async-std's executor.
#[cfg(feature = "async-std")]
#[derive(Clone, Copy, Debug, Default)]
pub struct AsyncStd;

#[cfg(feature = "async-std")]
impl Launch for AsyncStd {
    type Runtime = AsyncIo;

    fn runtime(&self, ensemble: Option<&ConnectString>) -> Result<AsyncIo, &'static str> {
        Ok(AsyncIo::new(ensemble))
    }

    fn spawn(&self, driver: Driver<AsyncIo>) {
        async_std::task::spawn(driver);
    }
}

/// Spawns on smol's executor.
#[cfg(feature = "smol")]
#[derive(Clone, Copy, Debug, Default)]
pub struct Smol;

#[cfg(feature = "smol")]
impl Launch for Smol {
    type Runtime = AsyncIo;

    fn runtime(&self, ensemble: Option<&ConnectString>) -> Result<AsyncIo, &'static str> {
        Ok(AsyncIo::new(ensemble))
    }

    fn spawn(&self, driver: Driver<AsyncIo>) {
        smol::spawn(driver).detach();
    }
}

/// Spawns by this function. It must have the driver polled until it ends, and must not wait for it.
#[derive(Clone, Copy)]
pub struct SpawnWith<F>(pub F);

impl<F: Fn(BoxedDriver)> Launch for SpawnWith<F> {
    type Runtime = AsyncIo;

    fn runtime(&self, ensemble: Option<&ConnectString>) -> Result<AsyncIo, &'static str> {
        Ok(AsyncIo::new(ensemble))
    }

    fn spawn(&self, driver: Driver<AsyncIo>) {
        (self.0)(Box::pin(driver));
    }
}

impl<F> fmt::Debug for SpawnWith<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpawnWith")
    }
}
