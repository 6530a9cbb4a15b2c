//! Why a command did not do all that it was asked, and what the caller of the process is told.

use std::io;
use std::process::ExitCode;

use samsa_client::{
    AppendError, CloseError, CommitError, ConnectError, ConsumeError, GroupError, GroupLookError,
    GroupResetError, LookError, ReadError,
};

/// Why a command did not do all that it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nothing was tried: the command or its settings are wrong. Exit status 2.
    Usage(String),
    /// Something was not delivered or not reached. Exit status 1.
    NotDone(String),
    /// Nobody reads our stdout any more, so there is no more to do. Exit status 0.
    Unread,
}

impl Failure {
    /// Says so on stderr, and gives the exit status.
    pub(crate) fn report(&self) -> ExitCode {
        match self {
            Self::Usage(why) => {
                tell!("error: {why}");
                ExitCode::from(2)
            }
            Self::NotDone(why) => {
                tell!("error: {why}");
                ExitCode::from(1)
            }
            Self::Unread => ExitCode::SUCCESS,
        }
    }

    pub(crate) fn interrupted(while_doing: &str) -> Self {
        Self::NotDone(format!("interrupted while {while_doing}"))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::Unread
        } else {
            Self::NotDone(format!("cannot write to stdout: {error}"))
        }
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Bootstrap(_) | ConnectError::ConnectString(_) => Self::Usage(error.to_string()),
            error => Self::NotDone(error.to_string()),
        }
    }
}

macro_rules! not_done {
    ($($error:ty),*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::NotDone(error.to_string())
            }
        }
    )*};
}

not_done!(
    AppendError,
    CloseError,
    CommitError,
    ConsumeError,
    GroupError,
    GroupLookError,
    GroupResetError,
    LookError,
    ReadError
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_closes_our_stdout_has_all_it_wants() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(matches!(failure, Failure::Unread), "{failure:?}");
        let failure = Failure::from(io::Error::from(io::ErrorKind::StorageFull));
        assert!(matches!(failure, Failure::NotDone(_)), "{failure:?}");
    }
}
