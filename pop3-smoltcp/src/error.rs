//! What can go wrong between the core and the socket.

use core::fmt;

use pop3_proto::{ReceiveError, SendError};

/// Why a command could not be sent or an event not be received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The command was refused before it was sent, and nothing has changed. [`SendError::BufferTooSmall`]: the socket's
    /// transmit ring has no room for it now; send it again later.
    Send(SendError),
    /// The server broke the protocol, or the connection ended within the session. The session is over.
    Receive(ReceiveError),
    /// The socket is not connected.
    NotConnected,
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
            Self::NotConnected => f.write_str("the socket is not connected"),
        }
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Send(error) => Some(error),
            Self::Receive(error) => Some(error),
            Self::NotConnected => None,
        }
    }
}
