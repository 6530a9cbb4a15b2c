//! Ports on loopback that stay ours while a broker is down.

use std::{
    fs::File,
    net::{Ipv4Addr, TcpListener},
    process,
    sync::atomic::{AtomicU16, Ordering},
};

use crate::{cache, error::Error};

/// Below the range from which operating systems take the local ports of outgoing connections, so that none of those sits on
/// a broker's port when it is started again.
const FROM: u16 = 16_000;
const TO: u16 = 31_999;

static TRIED: AtomicU16 = AtomicU16::new(0);

/// A port that nothing listened on when it was taken. Other test processes leave it alone until it is dropped.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) number: u16,
    _ours: File,
}

impl Port {
    pub(crate) fn take() -> Result<Self, Error> {
        let locks = cache::directory()?.join("ports");
        let first = process::id() as u16;
        for _ in FROM..=TO {
            let tried = TRIED.fetch_add(1, Ordering::Relaxed);
            let number = FROM + first.wrapping_mul(61).wrapping_add(tried) % (TO - FROM + 1);
            let Some(ours) = cache::try_lock(&locks.join(format!("{number}.lock")))? else { continue };
            if TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Ok(Self { number, _ours: ours });
            }
        }
        Err(Error::NoPort { from: FROM, to: TO })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ports_taken_at_once_differ() {
        let (one, other) = (Port::take().expect("a port"), Port::take().expect("another port"));
        assert_ne!(one.number, other.number);
        assert!((FROM..=TO).contains(&one.number));
    }
}
