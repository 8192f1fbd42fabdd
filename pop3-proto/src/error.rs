//! Errors by whose fault they are: [`SendError`] is the caller's, [`ReceiveError`] the server's.

use core::fmt;

use crate::command::{CommandKind, Request};
use crate::sasl::MechanismError;
use crate::state::State;

/// A command was not sent. Nothing has changed: neither the client nor the output buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SendError {
    /// The command is not allowed in this state.
    WrongState {
        /// The command.
        command: CommandKind,
        /// The state.
        state: State,
    },
    /// The session broke before, of this.
    Failed(ReceiveError),
    /// The crate was built without what the command needs: see [`CommandKind::is_available`].
    NotAvailable(CommandKind),
    /// PASS without a USER that the server has accepted just before.
    UserFirst,
    /// STLS inside TLS.
    AlreadyTls,
    /// STLS after UTF8, whatever the server said to that (RFC 6856 section 2.1).
    StlsAfterUtf8,
    /// A response to a challenge, or its cancellation, but no challenge waits for it.
    NoChallenge,
    /// APOP, but the greeting had no timestamp that can be used, or it came before TLS.
    NoTimestamp,
    /// No further command can be sent before this one is answered.
    Awaiting(Request),
    /// As many commands are in flight as the client can remember.
    PipelineFull,
    /// The output buffer is too small for the command.
    BufferTooSmall {
        /// The octets that it takes.
        needed: usize,
    },
    /// An argument has CR, LF or NUL in it, or is empty, or (the user of APOP, a mechanism, a language) has another octet in
    /// it that it must not have.
    InvalidArgument(CommandKind),
    /// The mechanism of [`Command::Auth`](crate::Command::Auth) cannot say what it was made of.
    Mechanism(MechanismError),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongState { command, state } => {
                write!(f, "{command} is not allowed in the {state} state")
            }
            Self::Failed(error) => write!(f, "the session is over: {error}"),
            Self::NotAvailable(command) => {
                write!(f, "{command} was left out of this build")
            }
            Self::UserFirst => f.write_str("PASS must follow a USER that the server has accepted"),
            Self::AlreadyTls => f.write_str("STLS is not allowed inside TLS"),
            Self::StlsAfterUtf8 => f.write_str("STLS is not allowed after UTF8"),
            Self::NoChallenge => f.write_str("there is no challenge that waits for an answer"),
            Self::NoTimestamp => f.write_str(
                "APOP cannot be used: no timestamp was offered, or it was offered before TLS",
            ),
            Self::Awaiting(request) => {
                write!(f, "{request} must be answered before another command")
            }
            Self::PipelineFull => f.write_str("too many commands are in flight"),
            Self::BufferTooSmall { needed } => {
                write!(f, "the command takes an output buffer of {needed} octets")
            }
            Self::InvalidArgument(command) => write!(
                f,
                "an argument of {command} is empty or has an octet in it that cannot be sent"
            ),
            Self::Mechanism(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl core::error::Error for SendError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Mechanism(error) => Some(error),
            _ => None,
        }
    }
}

/// The server broke the protocol, or the connection broke. The session is over: receiving gives this error again, and
/// sending gives it in [`SendError::Failed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ReceiveError {
    /// The server does not speak POP3.
    NotPop3(Foreign),
    /// A line stands where a reply should begin, and is neither `+OK` nor `-ERR`. (A server that stuffs no dots ends
    /// a message early like that: what follows of it is no reply.)
    NotAReply {
        /// The command that waits for its reply; `None`: the greeting.
        request: Option<Request>,
    },
    /// A status line has a NUL in it.
    NulInReply,
    /// A line that is no `-ERR`, and that began before any command was sent that it could answer.
    Unsolicited,
    /// `+OK` to a SASL exchange that was cancelled: nobody is logged in by that.
    CancelAccepted,
    /// Octets between the `+OK` to STLS and the TLS handshake: someone may be injecting replies (RFC 2595 section 4).
    PlaintextAfterStls,
    /// The connection ended before the session did.
    Eof {
        /// What the client was waiting for; `None`: for nothing, no command was in flight, or a challenge was to be
        /// answered.
        waiting: Option<Waiting>,
    },
    /// The caller gave the session up: [`Client::abort`](crate::Client::abort).
    Aborted {
        /// What the client was waiting for.
        waiting: Option<Waiting>,
    },
}

impl fmt::Display for ReceiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPop3(foreign) => write!(f, "not a POP3 server: {foreign}"),
            Self::NotAReply {
                request: Some(request),
            } => write!(
                f,
                "the server sent a line that is no reply where the reply to {request} should begin"
            ),
            Self::NotAReply { request: None } => {
                f.write_str("the server did not greet as a POP3 server does")
            }
            Self::NulInReply => f.write_str("the server sent a NUL in a status line"),
            Self::Unsolicited => f.write_str("the server sent a reply that nothing had asked for"),
            Self::CancelAccepted => {
                f.write_str("the server claims that a log-in succeeded that was cancelled")
            }
            Self::PlaintextAfterStls => f.write_str(
                "the server, or someone in between, sent plain text after its reply to STLS",
            ),
            Self::Eof { waiting: None } => f.write_str("the server closed the connection"),
            Self::Eof {
                waiting: Some(waiting),
            } => write!(f, "the connection ended within {waiting}"),
            Self::Aborted { waiting: None } => f.write_str("the session was aborted"),
            Self::Aborted {
                waiting: Some(waiting),
            } => write!(f, "the session was aborted within {waiting}"),
        }
    }
}

impl core::error::Error for ReceiveError {}

/// What a server seems to speak instead of POP3: the wrong port was connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Foreign {
    /// Its greeting begins with `220`.
    Smtp,
    /// Its greeting begins with `*`.
    Imap,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Smtp => "it looks like SMTP or FTP",
            Self::Imap => "it looks like IMAP",
        })
    }
}

/// What the server owes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Waiting {
    /// Its greeting.
    Greeting,
    /// The status line of the reply to this command.
    Reply(Request),
    /// The rest of the multi-line reply to this command.
    Rest(Request),
    /// The TLS handshake.
    Tls,
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Greeting => f.write_str("the greeting"),
            Self::Reply(request) => write!(f, "the reply to {request}"),
            Self::Rest(request) => write!(f, "the multi-line reply to {request}"),
            Self::Tls => f.write_str("the TLS handshake"),
        }
    }
}
