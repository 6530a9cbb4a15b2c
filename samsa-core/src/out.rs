//! Where machines put what they want done.

use std::collections::VecDeque;

use crate::command::Reply;
use crate::config::Config;
use crate::connection::Network;
use crate::event::Event;
use crate::id::OpId;
use crate::intent::Intent;
use crate::time::Now;
use crate::wake::Wakers;

/// The intents that the driver has not taken yet, in order.
#[derive(Debug, Default)]
pub(crate) struct Out {
    intents: VecDeque<Intent>,
    wakers: Wakers,
}

impl Out {
    pub(crate) fn intend(&mut self, intent: Intent) {
        self.intents.push_back(intent);
    }

    pub(crate) fn complete(&mut self, op: OpId, reply: Reply) {
        self.intend(Intent::Complete { op, reply });
    }

    pub(crate) fn event(&mut self, event: Event) {
        event.log();
        self.intend(Intent::Event(event));
    }

    /// Tasks to wake; all that gather before the driver asks go out as one intent.
    pub(crate) fn wake(&mut self, wakers: &mut Wakers) {
        self.wakers.append(wakers);
    }

    pub(crate) fn pop(&mut self) -> Option<Intent> {
        if let Some(intent) = self.intents.pop_front() {
            return Some(intent);
        }
        let wakers = std::mem::take(&mut self.wakers);
        (!wakers.is_empty()).then_some(Intent::Wake(wakers))
    }
}

/// What a machine has at hand while it handles an input.
pub(crate) struct Context<'a> {
    pub(crate) now: Now,
    pub(crate) config: &'a Config,
    pub(crate) net: &'a mut Network,
    pub(crate) out: &'a mut Out,
}
