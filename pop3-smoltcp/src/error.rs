//! What can go wrong.

use core::fmt;

use pop3_proto::login::{LoginFailure, OpeningFailure};
use pop3_proto::{ReceiveError, SendError};

use crate::Phase;

/// Why something was not done, or why the session is over.
///
/// [`Receive`](Self::Receive), [`TimedOut`](Self::TimedOut) and [`NoConnection`](Self::NoConnection) end the session: from then
/// on every call gives the same error, until another connection is begun. After the others the session is as it was, except
/// where they say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Error {
    /// The command was refused before it was sent, and nothing has changed.
    Send(SendError),
    /// The server broke the protocol, or the connection ended within the session.
    Receive(ReceiveError),
    /// The server did not do this in time.
    TimedOut(Phase),
    /// The connection was refused, or reset before the driver saw it stand.
    NoConnection,
    /// No connection was begun, or it does not stand yet.
    NotConnected,
    /// The server cannot be talked to as it was asked for. After [`OpeningFailure::Dismissed`] the session has ended.
    Opening(OpeningFailure),
    /// Nobody is logged in. Another [log-in](crate::WayIn::again) may follow, except after [`LoginFailure::Dismissed`], by which
    /// the session has ended, and [`LoginFailure::NotProved`], by which it has been given up.
    LogIn(LoginFailure),
    /// TLS is to begin now, and a socket has none: see [`session`](crate::session).
    TlsNeeded,
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

impl From<ReceiveError> for Error {
    fn from(error: ReceiveError) -> Self {
        Self::Receive(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(error) => error.fmt(f),
            Self::Receive(error) => error.fmt(f),
            Self::TimedOut(phase) => write!(f, "time-out while waiting for {phase}"),
            Self::NoConnection => f.write_str("the connection was refused"),
            Self::NotConnected => f.write_str("there is no connection, or not yet"),
            Self::Opening(failure) => failure.fmt(f),
            Self::LogIn(failure) => failure.fmt(f),
            Self::TlsNeeded => f.write_str(
                "TLS is to begin, and the driver has none: carry its session on inside TLS",
            ),
        }
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Send(error) => Some(error),
            Self::Receive(error) => Some(error),
            Self::Opening(failure) => Some(failure),
            Self::LogIn(failure) => Some(failure),
            Self::TimedOut(_) | Self::NoConnection | Self::NotConnected | Self::TlsNeeded => None,
        }
    }
}
