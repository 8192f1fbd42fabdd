//! One error type: what was being done, what happened, and what the server said to it.

use std::fmt;
use std::io;
use std::sync::Arc;

use pop3_proto::Text;

use crate::tls::TlsFailure;
use crate::token::TokenFailure;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// What went wrong.
///
/// It prints as one line that says what was being done, what happened, and the server's own text if there is one, safe
/// for a terminal and without any secret. It can be cloned, and converts into [`io::Error`] and back.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    kind: ErrorKind,
    doing: String,
    what: String,
    server_text: Option<Vec<u8>>,
    token: Option<TokenFailure>,
    tls_failure: Option<TlsFailure>,
    source: Option<Source>,
}

/// The kinds of [`Error`], by what a program can do about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The host has no address, or none of them could be reached.
    Connect,
    /// TLS failed. Where it could not be established (no trusted roots, a certificate that is not trusted or is
    /// another's, a server that speaks no TLS), nothing secret was sent. It can also break later: the session is over.
    /// [`Error::tls_failure`] says why.
    Tls,
    /// The server refused STLS. Nothing secret was sent.
    StartTlsRefused,
    /// The server refused the log-in, because of the user name or the password as far as it says.
    AuthenticationRefused,
    /// The policy asks for a way to log in that the server does not offer. Nothing secret was sent.
    AuthenticationUnavailable,
    /// The log-in could not begin or could not go on, and was called off: the server's challenge makes no sense, it wants too many
    /// rounds of hashing, or the name cannot be prepared. The session goes on.
    AuthenticationCancelled,
    /// The server could not prove that it knows the password, or says that somebody is logged in before it has: it is not the
    /// server that it pretends to be. The session is over.
    ServerNotProved,
    /// The server closed the connection instead of answering the log-in, as some do when the password is wrong.
    ClosedAtLogin,
    /// The maildrop is locked, probably by another session: try again later.
    MailboxInUse,
    /// The server has a failure that will pass, or asks to wait between log-ins: try again later.
    TemporaryFailure,
    /// The server has a failure that somebody has to see to: trying again does not help.
    PermanentFailure,
    /// The server answered `-ERR` to a command other than the log-in. The session goes on.
    Rejected,
    /// The server answered `+OK`, but one item of its answer cannot be read, or is longer than what is kept of a line.
    /// The session goes on.
    Unreadable,
    /// The server broke the protocol: the session is over.
    Protocol,
    /// The connection ended within a message or a list, so what has been read of it is not all: the session is over.
    Truncated,
    /// The server took longer than [`Timeouts`](crate::Timeouts) allow: the session is over.
    TimedOut,
    /// The server closed the connection or said goodbye: the session is over.
    Closed,
    /// Reading or writing failed for another reason: the session is over.
    Io,
    /// The session ended with an earlier error, so nothing was sent.
    SessionOver,
    /// The caller asked for something that cannot be done, such as a user name with a line end in it. Nothing was sent.
    Usage,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, doing: impl fmt::Display, what: impl fmt::Display) -> Self {
        Self(Arc::new(Inner {
            kind,
            doing: doing.to_string(),
            what: what.to_string(),
            server_text: None,
            token: None,
            tls_failure: None,
            source: None,
        }))
    }

    /// Adds what the server said. It must hold no secret.
    pub(crate) fn with_server_text(self, text: Vec<u8>) -> Self {
        self.change(|inner| inner.server_text = Some(text))
    }

    pub(crate) fn with_token_failure(self, failure: TokenFailure) -> Self {
        self.change(|inner| inner.token = Some(failure))
    }

    pub(crate) fn with_tls_failure(self, failure: TlsFailure) -> Self {
        self.change(|inner| inner.tls_failure = Some(failure))
    }

    pub(crate) fn with_source(self, source: impl Into<Source>) -> Self {
        self.change(|inner| inner.source = Some(source.into()))
    }

    /// Errors are only changed while they are made, when nobody else has them yet.
    fn change(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            change(inner);
        }
        self
    }

    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What the server said, if it said something to it, without the status indicator in front: see
    /// [`Text::response_code`] for what a program can read of it. At a log-in `***` stands where the secret stood.
    pub fn server_text(&self) -> Option<Text<'_>> {
        self.0.server_text.as_deref().map(Text::new)
    }

    /// Why TLS failed, if it did: always with [`ErrorKind::Tls`], and where the handshake took longer than allowed also with
    /// [`ErrorKind::TimedOut`].
    ///
    /// With TLS 1.3 the client's part of the handshake is over before the server has looked at the client certificate. That it is
    /// missing, or refused, then comes as the error of the first answer: the greeting's, or that of the command after STLS.
    ///
    /// The [`rustls::Error`] behind it, if there is one, is the last in the chain of [sources](std::error::Error::source).
    ///
    /// ```no_run
    /// use pop3_std::{Connector, Security, TlsFailure};
    ///
    /// let connector = Connector::new("pop.example.org", Security::ImplicitTls);
    /// if let Err(error) = connector.connect() {
    ///     eprintln!("{error}");
    ///     if error.tls_failure() == Some(TlsFailure::Expired) {
    ///         eprintln!("whoever runs this server has forgotten something");
    ///     }
    /// }
    /// ```
    pub fn tls_failure(&self) -> Option<TlsFailure> {
        self.0.tls_failure
    }

    /// Why the server did not accept a token, if it said so (RFC 7628 section 3.2.2).
    pub fn token_failure(&self) -> Option<&TokenFailure> {
        self.0.token.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            doing,
            what,
            server_text,
            ..
        } = &*self.0;
        if !doing.is_empty() {
            write!(f, "{}: ", one_line(doing))?;
        }
        write!(f, "{}", one_line(what))?;
        match server_text.as_deref() {
            None | Some([]) => Ok(()),
            Some(text) => write!(f, ": {:?}", Text::new(text)),
        }
    }
}

/// Parts of an error come from elsewhere, and may have line ends in them.
fn one_line(text: &str) -> Text<'_> {
    Text::new(text.as_bytes())
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("text", &format_args!("{self}"))
            .field("source", &self.0.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::TimedOut => io::ErrorKind::TimedOut,
            ErrorKind::Truncated => io::ErrorKind::UnexpectedEof,
            ErrorKind::Closed | ErrorKind::ClosedAtLogin => io::ErrorKind::ConnectionAborted,
            ErrorKind::SessionOver => io::ErrorKind::NotConnected,
            ErrorKind::Protocol | ErrorKind::Unreadable => io::ErrorKind::InvalidData,
            ErrorKind::Usage => io::ErrorKind::InvalidInput,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// Gets back the [`Error`] that reading a [`Message`](crate::Message) gave. Any other, which no session has given, becomes
/// one of the kind [`Io`](ErrorKind::Io), so that `?` works where both are met.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(error) => error,
            Err(error) => Self::new(ErrorKind::Io, "", &error).with_source(error),
        }
    }
}

/// QUIT did not commit the deletions, or nobody knows whether it did.
#[derive(Clone)]
#[non_exhaustive]
pub struct QuitError {
    /// What became of the messages that were marked as deleted.
    pub deletions: Deletions,
    /// What went wrong.
    pub error: Error,
}

/// What became of the messages that were marked as deleted, when QUIT was not answered with `+OK`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Deletions {
    /// QUIT was never sent, so none was deleted.
    Discarded,
    /// The server answered `-ERR`: some may have been deleted, not all (RFC 1939 section 6).
    Refused,
    /// The server's answer never came: all of them may have been deleted, or none.
    Unknown,
}

impl fmt::Display for Deletions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discarded => "nothing was deleted",
            Self::Refused => "not all of the deletions were made",
            Self::Unknown => "whether the deletions were made is unknown",
        })
    }
}

impl fmt::Display for QuitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.error, self.deletions)
    }
}

impl fmt::Debug for QuitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuitError")
            .field("deletions", &self.deletions)
            .field("error", &self.error)
            .finish()
    }
}

impl std::error::Error for QuitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.error)
    }
}

impl From<QuitError> for Error {
    fn from(error: QuitError) -> Self {
        error.error
    }
}
