//! Why the mail was not fetched, and the exit status that says so.

use core::fmt;

use pop3_proto::login::{LoginFailure, OpeningFailure};
use pop3_proto::{CommandKind, ReceiveError, SendError, Waiting};

/// Why the mail was not fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The command line is wrong.
    Options(&'static str),
    /// No connection: refused, or the address cannot be reached.
    Unreachable,
    /// The server would not begin.
    Opening(OpeningFailure),
    /// Nobody was logged in.
    Login(LoginFailure),
    /// The server refused a command.
    Rejected(CommandKind),
    /// The connection ended before the session did.
    Lost(Option<Waiting>),
    /// The server owed this, and was silent for too long. `None`: the connection itself.
    TimedOut(Option<Waiting>),
    /// The server does not speak POP3 as it should.
    Protocol(ReceiveError),
    /// A command could not be sent.
    Send(SendError),
    /// TLS was asked for.
    NoTls,
}

impl Failure {
    /// The exit status: 2 to 11. 0 is success, 101 a panic.
    pub const fn status(self) -> i32 {
        match self {
            Self::Options(_) => 2,
            Self::Unreachable => 3,
            Self::Opening(_) => 4,
            Self::Login(_) => 5,
            Self::Rejected(_) => 6,
            Self::Lost(_) => 7,
            Self::TimedOut(_) => 8,
            Self::Protocol(_) => 9,
            Self::Send(_) => 10,
            Self::NoTls => 11,
        }
    }
}

impl From<ReceiveError> for Failure {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Eof { waiting } => Self::Lost(waiting),
            ReceiveError::Aborted { waiting } => Self::TimedOut(waiting),
            error => Self::Protocol(error),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Options(what) => write!(f, "the command line: {what}"),
            Self::Unreachable => f.write_str("the server cannot be connected to"),
            Self::Opening(failure) => failure.fmt(f),
            Self::Login(failure) => failure.fmt(f),
            Self::Rejected(command) => write!(f, "the server refused {command}"),
            Self::Lost(None) => f.write_str("the connection was lost"),
            Self::Lost(Some(waiting)) => write!(f, "the connection was lost within {waiting}"),
            Self::TimedOut(None) => f.write_str("time-out while connecting"),
            Self::TimedOut(Some(waiting)) => write!(f, "time-out within {waiting}"),
            Self::Protocol(error) => error.fmt(f),
            Self::Send(error) => error.fmt(f),
            Self::NoTls => f.write_str("this firmware has no TLS"),
        }
    }
}

impl core::error::Error for Failure {}
