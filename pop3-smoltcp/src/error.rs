//! What can go wrong between the core and the socket.

use core::fmt;

use pop3_proto::{ReceiveError, SendError};

/// Why a command could not be sent or an event not be received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Error {
    /// The command was refused before it was sent, and nothing has changed. [`SendError::BufferTooSmall`]: it will never
    /// fit into the socket's transmit ring.
    Send(SendError),
    /// The server broke the protocol, or the connection ended within the session. The session is over.
    Receive(ReceiveError),
    /// The command cannot be sent now, and nothing has changed: the transmit ring has no room for it yet, or there are
    /// octets in the receive ring that came before it and must be received first. Try again after the next poll.
    WouldBlock,
    /// The socket is not connected: not yet, or not any more.
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
            Self::WouldBlock => f.write_str("the command cannot be sent yet"),
            Self::NotConnected => f.write_str("the socket is not connected"),
        }
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Send(error) => Some(error),
            Self::Receive(error) => Some(error),
            Self::WouldBlock | Self::NotConnected => None,
        }
    }
}
