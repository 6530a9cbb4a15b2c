//! What one reader has at hand while it handles something, and where it puts what came of it.

use crate::address::HostPort;
use crate::cluster::TopicView;
use crate::command::Reply;
use crate::config::Config;
use crate::error::ReadError;
use crate::event::Event;
use crate::id::{BrokerId, OpId};
use crate::metrics::Volume;
use crate::rng::Rng;
use crate::time::Instant;
use crate::wake::Wakers;

use super::reader::Reader;

pub(crate) struct Scope<'a> {
    pub(crate) now: Instant,
    pub(crate) config: &'a Config,
    pub(crate) rng: &'a mut Rng,
    /// The reader's topic as it is now, if it is known.
    pub(crate) topic: Option<&'a TopicView>,
    /// The metadata seems to be out of date.
    pub(crate) refresh: bool,
    pub(crate) wakers: Wakers,
    pub(crate) opened: Option<(OpId, Result<Reader, ReadError>)>,
    pub(crate) replies: Vec<(OpId, Reply)>,
    pub(crate) events: Vec<Event>,
    /// Brokers that were named with their addresses.
    pub(crate) introduced: Vec<(BrokerId, HostPort)>,
    /// What the application is to have.
    pub(crate) fetched: Volume,
    /// It was found out where a partition begins.
    pub(crate) found_start: bool,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(
        now: Instant,
        config: &'a Config,
        rng: &'a mut Rng,
        topic: Option<&'a TopicView>,
    ) -> Self {
        Self {
            now,
            config,
            rng,
            topic,
            refresh: false,
            wakers: Wakers::default(),
            opened: None,
            replies: Vec::new(),
            events: Vec::new(),
            introduced: Vec::new(),
            fetched: Volume::default(),
            found_start: false,
        }
    }
}
