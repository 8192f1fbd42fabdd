//! What a failure means: from what was being done and what happened to an [`Error`] that says it.

use std::fmt;
use std::io::{self, ErrorKind as IoErrorKind};

use pop3_proto::login::{LoginFailure, Offer, OpeningFailure};
use pop3_proto::{CommandKind, Event, LikelyCause, Request, ResponseCode, Text, Waiting};

use crate::error::{Error, ErrorKind};
use crate::link::Seen;
use crate::tls::{self, TlsFailure};
use crate::token::TokenFailure;

/// What was being done.
#[derive(Clone, Copy)]
pub(crate) enum Doing {
    Greeting {
        in_clear: bool,
    },
    Handshake,
    Request(Request),
    /// One of several that were in flight together.
    Pipelined(Request),
}

impl Doing {
    /// What may be the reason when the server breaks the protocol, goes away or falls silent, and what to do about it.
    pub(crate) fn advice(self) -> &'static str {
        match self {
            Self::Pipelined(_) => {
                "; commands were pipelined, which some servers announce but cannot do: it may go well with Pipelining::Off"
            }
            _ => "",
        }
    }
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Greeting { .. } => f.write_str("greeting"),
            Self::Handshake => f.write_str("TLS handshake"),
            Self::Request(request) | Self::Pipelined(request) => fmt::Display::fmt(request, f),
        }
    }
}

pub(crate) fn session_over(request: Request, failure: &Error) -> Error {
    let what = format!("not sent, because the session is over ({failure})");
    Error::new(ErrorKind::SessionOver, request, what).with_source(failure.clone())
}

/// The error that an event is, if it is no answer to what was asked.
pub(crate) fn no_answer(event: &Event<'_>, seen: &Seen<'_>) -> Option<Error> {
    let (kind, what, text) = match event {
        Event::Rejected { text, .. } => (ErrorKind::Rejected, "the server refused it", text),
        Event::Unparsed { line, .. } => (
            ErrorKind::Unreadable,
            "the server's answer cannot be read",
            line,
        ),
        Event::Farewell { text } => return Some(farewell(seen.doing, *text, seen.hide(*text))),
        _ => return None,
    };
    Some(Error::new(kind, seen.doing, what).with_server_text(seen.hide(*text)))
}

/// An event that does not go with what was asked: the protocol core has none such.
pub(crate) fn unexpected(seen: &Seen<'_>) -> Error {
    Error::new(
        ErrorKind::Protocol,
        seen.doing,
        "the server's answer does not fit",
    )
}

/// The server ended the session. `shown` is its text without secrets.
pub(crate) fn farewell(doing: Doing, text: Text<'_>, shown: Vec<u8>) -> Error {
    let kind = failure_by_code(text).unwrap_or(ErrorKind::Closed);
    Error::new(kind, doing, "the server ended the session").with_server_text(shown)
}

/// Why a connection was not opened.
pub(crate) fn opening(failure: OpeningFailure, refusal: Option<Error>) -> Error {
    match (failure, refusal) {
        // The farewell says it all.
        (OpeningFailure::Dismissed, Some(refusal)) => refusal,
        (failure, refusal) => {
            let kind = match failure {
                OpeningFailure::StlsRefused | OpeningFailure::StlsVanished => {
                    ErrorKind::StartTlsRefused
                }
                _ => ErrorKind::Closed,
            };
            refused(kind, "opening the connection", failure, refusal)
        }
    }
}

/// What a server said to a log-in, as far as it was no success.
#[derive(Default)]
pub(crate) struct Refusal {
    /// The last refusal, and what it means.
    error: Option<(ErrorKind, Error)>,
    /// The command by which somebody was to be logged in, if the server has refused one and taken none since.
    refused: Option<CommandKind>,
    /// Why a token was not accepted.
    token: Option<TokenFailure>,
}

impl Refusal {
    /// Takes note of what the server said.
    pub(crate) fn note(&mut self, event: &Event<'_>, seen: &Seen<'_>) {
        if let Event::Challenge { challenge, .. } = event {
            self.token = TokenFailure::read(*challenge, seen).or(self.token.take());
        }
        match event {
            Event::Rejected { request, .. } => {
                self.refused = Some(request.kind).filter(|kind| *kind != CommandKind::Capa);
            }
            Event::Challenge { .. } | Event::Done { .. } => self.refused = None,
            _ => {}
        }
        if let Some(error) = no_answer(event, seen) {
            let kind = match event {
                Event::Rejected { text, .. } => login_refusal(*text),
                _ => error.kind(),
            };
            self.error = Some((kind, error));
        }
    }
}

/// The connection broke within a log-in. If the client had called the log-in off, or the server had refused it and then said
/// nothing more, that is what happened, and that the connection ended is only how.
pub(crate) fn login_broken(
    error: Error,
    cancelled: Option<LoginFailure>,
    offered: Option<Offer>,
    refusal: Refusal,
) -> Error {
    let closed = matches!(error.kind(), ErrorKind::Closed | ErrorKind::ClosedAtLogin);
    let silent = matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Io);
    let failure = match (cancelled, refusal.refused) {
        _ if error.server_text().is_some() => return error,
        (Some(failure), _) if closed || silent => failure,
        (None, Some(command)) if closed => LoginFailure::Refused(command),
        _ => return error,
    };
    login(failure, offered, refusal)
}

/// Why nobody was logged in.
pub(crate) fn login(failure: LoginFailure, offered: Option<Offer>, refusal: Refusal) -> Error {
    let (kind, error) = refusal.error.unzip();
    match (failure, kind, error) {
        (LoginFailure::Refused(command), Some(kind), error) => {
            let what = "the server refused the log-in";
            match refusal.token {
                None => refused(kind, command, what, error),
                Some(token) => refused(kind, command, format!("{what} ({token})"), error)
                    .with_token_failure(token),
            }
        }
        (LoginFailure::ApopNotOffered, ..) => refused(
            ErrorKind::AuthenticationUnavailable,
            "log-in",
            failure,
            None,
        ),
        (LoginFailure::NothingSuits, ..) => {
            let offers = match offered.map(|offer| offer.mechanisms) {
                Some(mechanisms) if !mechanisms.is_empty() => format!(": {mechanisms}"),
                Some(_) => ": it announces no mechanism that is known here".to_owned(),
                None => String::new(),
            };
            let what = format!("{failure}{offers}; one can be asked for by name");
            Error::new(ErrorKind::AuthenticationUnavailable, "log-in", what)
        }
        (LoginFailure::WrongCredentials, ..) => Error::new(ErrorKind::Usage, "log-in", failure),
        (LoginFailure::Unprotected, ..) => {
            Error::new(ErrorKind::AuthenticationUnavailable, "log-in", failure)
        }
        (LoginFailure::Cancelled(reason), ..) => {
            Error::new(ErrorKind::AuthenticationCancelled, "log-in", reason).with_source(reason)
        }
        (LoginFailure::NotProved(reason), ..) => {
            Error::new(ErrorKind::ServerNotProved, "log-in", reason).with_source(reason)
        }
        (_, _, Some(error)) => error,
        _ => refused(ErrorKind::Closed, "log-in", failure, None),
    }
}

fn refused(
    kind: ErrorKind,
    doing: impl fmt::Display,
    what: impl fmt::Display,
    refusal: Option<Error>,
) -> Error {
    let error = Error::new(kind, doing, what);
    match refusal.as_ref().and_then(Error::server_text) {
        Some(text) => error.with_server_text(text.as_bytes().to_vec()),
        None => error,
    }
}

/// What a refusal to log in means. Only for telling the user, and never a decision about security.
pub(crate) fn login_refusal(text: Text<'_>) -> ErrorKind {
    failure_by_code(text).unwrap_or_else(|| match text.likely_cause() {
        Some(LikelyCause::MaildropInUse) => ErrorKind::MailboxInUse,
        Some(LikelyCause::TooManyConnections | LikelyCause::Temporary) => {
            ErrorKind::TemporaryFailure
        }
        _ => ErrorKind::AuthenticationRefused,
    })
}

/// What a response code says, if it says that the user's credentials are not the problem.
fn failure_by_code(text: Text<'_>) -> Option<ErrorKind> {
    match text.response_code() {
        Some(ResponseCode::InUse) => Some(ErrorKind::MailboxInUse),
        Some(ResponseCode::LoginDelay | ResponseCode::SystemTemporary) => {
            Some(ErrorKind::TemporaryFailure)
        }
        Some(ResponseCode::SystemPermanent) => Some(ErrorKind::PermanentFailure),
        _ => None,
    }
}

/// The other side has closed or reset the connection.
pub(crate) fn is_lost(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        IoErrorKind::UnexpectedEof
            | IoErrorKind::ConnectionReset
            | IoErrorKind::ConnectionAborted
            | IoErrorKind::BrokenPipe
            | IoErrorKind::NotConnected
    )
}

/// The connection ended while the server owed this.
pub(crate) fn lost(doing: Doing, waiting: Option<Waiting>, error: Option<io::Error>) -> Error {
    let (kind, what) = match waiting {
        Some(Waiting::Greeting) => (
            ErrorKind::Closed,
            "the connection ended before the greeting was complete",
        ),
        Some(Waiting::Rest(_)) => (
            ErrorKind::Truncated,
            "the connection ended before the reply was complete: what was read of it is not all",
        ),
        Some(Waiting::Reply(request)) => match request.kind {
            CommandKind::User | CommandKind::Pass | CommandKind::Apop | CommandKind::Auth => (
                ErrorKind::ClosedAtLogin,
                "the connection ended instead of an answer, as it does with some servers when the user name or the \
                 password is wrong",
            ),
            CommandKind::Capa => (
                ErrorKind::Closed,
                "the connection ended instead of an answer: some servers must not be asked for their capabilities",
            ),
            _ => (
                ErrorKind::Closed,
                "the connection ended instead of an answer",
            ),
        },
        _ => (ErrorKind::Closed, "the server closed the connection"),
    };
    let advice = doing.advice();
    match error {
        Some(error) => {
            Error::new(kind, doing, format!("{what} ({error}){advice}")).with_source(error)
        }
        None => Error::new(kind, doing, format!("{what}{advice}")),
    }
}

/// Reading or writing failed.
pub(crate) fn transport(doing: Doing, error: io::Error) -> Error {
    let failure = tls::explained(&error);
    let kind = match (error.kind(), failure) {
        (IoErrorKind::TimedOut, _) => ErrorKind::TimedOut,
        (_, Some(_)) => ErrorKind::Tls,
        (_, None) => ErrorKind::Io,
    };
    let advice = match (doing, kind) {
        (Doing::Greeting { in_clear: true }, ErrorKind::TimedOut) => {
            "; a server that expects TLS from the first octet waits as well"
        }
        (doing, ErrorKind::TimedOut) => doing.advice(),
        _ => "",
    };
    let what = format!("{error}{advice}");
    let error = Error::new(kind, doing, what).with_source(error);
    match failure {
        Some(failure) => error.with_tls_failure(failure),
        None => error,
    }
}

/// The TLS handshake failed.
pub(crate) fn handshake(error: io::Error) -> Error {
    let (kind, failure, advice) = match tls::explained(&error) {
        Some(failure) => (ErrorKind::Tls, failure, ""),
        None if error.kind() == IoErrorKind::TimedOut => (
            ErrorKind::TimedOut,
            TlsFailure::TimedOut,
            "; a server that speaks no TLS here may wait as well",
        ),
        None if is_lost(&error) => (
            ErrorKind::Tls,
            TlsFailure::Closed,
            "; the server closed the connection: is it the right port, and does the server take TLS 1.2 or 1.3?",
        ),
        None => (ErrorKind::Tls, TlsFailure::Other, ""),
    };
    let what = format!("{error}{advice}");
    Error::new(kind, Doing::Handshake, what)
        .with_tls_failure(failure)
        .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::{ErrorKind, Text, login_refusal};

    #[test]
    fn what_a_refusal_means() {
        for (text, kind) in [
            ("", ErrorKind::AuthenticationRefused),
            ("invalid password", ErrorKind::AuthenticationRefused),
            ("[AUTH] no", ErrorKind::AuthenticationRefused),
            ("[X-NEW/CODE] no", ErrorKind::AuthenticationRefused),
            ("[AUTH] mailbox locked", ErrorKind::AuthenticationRefused),
            ("your account is locked", ErrorKind::AuthenticationRefused),
            ("[IN-USE] no", ErrorKind::MailboxInUse),
            ("[in-use/maildrop] no", ErrorKind::MailboxInUse),
            ("Can't get lock.  Mailbox in use", ErrorKind::MailboxInUse),
            ("maildrop already locked", ErrorKind::MailboxInUse),
            ("[LOGIN-DELAY] wait", ErrorKind::TemporaryFailure),
            (
                "Too many connections from your IP",
                ErrorKind::TemporaryFailure,
            ),
            (
                "temporary failure, try again later",
                ErrorKind::TemporaryFailure,
            ),
            ("[SYS/TEMP] later", ErrorKind::TemporaryFailure),
            ("[SYS/PERM] never", ErrorKind::PermanentFailure),
        ] {
            assert_eq!(login_refusal(Text::new(text.as_bytes())), kind, "{text}");
        }
    }
}
