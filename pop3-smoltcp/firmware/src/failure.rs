//! Why the mail was not fetched, and the exit status that says so.

use core::fmt;

use embedded_tls::TlsError;
use pop3_smoltcp::Error;
use pop3_smoltcp::pop3_proto::{CommandKind, ReceiveError};
use smoltcp::socket::tcp::ConnectError;

/// Why the mail was not fetched.
#[derive(Clone, Copy, Debug)]
pub enum Failure {
    /// The command line is wrong.
    Options(&'static str),
    /// The word of this number on the command line, the program's name being the first, is a key that nobody knows, or the next one
    /// is no value for it. The words are not repeated: one may be the secret.
    Unknown(usize),
    /// The word of this number is a key, and there is no value behind it.
    NoValue(usize),
    /// There is no way to the server.
    Connect(ConnectError),
    /// The server refused a command.
    Rejected(CommandKind),
    /// The server ended the session.
    Dismissed,
    /// What the session says.
    Session(Error),
    /// What TLS says.
    Tls(TlsError),
}

impl Failure {
    /// The exit status: 2 to 14. 0 is success, 101 a panic.
    pub const fn status(self) -> i32 {
        match self {
            Self::Options(_) | Self::Unknown(_) | Self::NoValue(_) => 2,
            Self::Connect(_) | Self::Session(Error::NoConnection) => 3,
            Self::Session(Error::Opening(_)) => 4,
            Self::Session(Error::LogIn(_)) => 5,
            Self::Rejected(_) => 6,
            Self::Session(Error::Receive(ReceiveError::Eof { .. })) | Self::Dismissed => 7,
            Self::Session(Error::TimedOut(_)) => 8,
            Self::Session(Error::Receive(_)) => 9,
            Self::Session(Error::Send(_)) => 10,
            Self::Session(Error::TlsNeeded) => 11,
            Self::Session(_) => 12,
            Self::Tls(error) if is_distrust(error) => 13,
            Self::Tls(_) => 14,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Options(what) => write!(f, "the command line: {what}"),
            Self::Unknown(word) => {
                write!(
                    f,
                    "the command line: word {word} is no key, or the next one no value for it"
                )
            }
            Self::NoValue(word) => {
                write!(
                    f,
                    "the command line: word {word}, a key, has no value behind it"
                )
            }
            Self::Connect(error) => error.fmt(f),
            Self::Rejected(command) => write!(f, "the server refused {command}"),
            Self::Dismissed => f.write_str("the server ended the session"),
            Self::Session(error) => error.fmt(f),
            Self::Tls(error) if is_distrust(*error) => {
                write!(f, "the server has not shown who it is: {error}")
            }
            Self::Tls(error) => write!(f, "TLS: {error}"),
        }
    }
}

/// Whether it is the certificate, or what goes with it, that TLS does not like.
const fn is_distrust(error: TlsError) -> bool {
    matches!(
        error,
        TlsError::InvalidCertificate
            | TlsError::InvalidCertificateEntry
            | TlsError::InvalidSignature
            | TlsError::InvalidSignatureScheme
    )
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Session(error)
    }
}

impl core::error::Error for Failure {}
