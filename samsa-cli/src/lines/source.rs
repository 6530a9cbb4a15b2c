//! Where lines come from: a pipe, a terminal or a file.

use std::io::Read;

/// What can be read, and waited for.
pub(crate) trait Source: Read + Send {
    /// Waits until there is something to read, or the end, and takes nothing. Where that cannot be known it does not wait.
    fn wait(&self);
}

#[cfg(target_os = "linux")]
impl<T: Read + Send + std::os::fd::AsFd> Source for T {
    fn wait(&self) {
        use rustix::event::{PollFd, PollFlags, poll};
        use rustix::io::Errno;

        // Any other error is for the read to tell.
        while poll(&mut [PollFd::new(self, PollFlags::IN)], None) == Err(Errno::INTR) {}
    }
}

#[cfg(not(target_os = "linux"))]
impl<T: Read + Send> Source for T {
    fn wait(&self) {}
}
