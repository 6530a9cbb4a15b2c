//! How threads wait, so that a wait that nobody ends is seen.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use shuttle::sync::{Condvar, Mutex};

/// Where a thread sleeps until it is woken. (Not `park`, which may return for no reason, and so hides what is never said.)
#[derive(Default)]
pub(crate) struct Bed {
    woken: Mutex<bool>,
    bell: Condvar,
}

impl Bed {
    pub(crate) fn sleep(&self) {
        let mut woken = self.woken.lock().expect("no panic");
        while !std::mem::take(&mut *woken) {
            woken = self.bell.wait(woken).expect("no panic");
        }
    }
}

impl Wake for Bed {
    fn wake(self: Arc<Self>) {
        *self.woken.lock().expect("no panic") = true;
        self.bell.notify_one();
    }
}

pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let bed = Arc::new(Bed::default());
    let waker = Waker::from(Arc::clone(&bed));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => bed.sleep(),
        }
    }
}
