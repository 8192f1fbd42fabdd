//! What a failure means: from what was being done and what happened to an [`Error`] that says it.

use std::fmt;
use std::io::{self, ErrorKind as IoErrorKind};

use pop3_proto::login::{LoginFailure, OpeningFailure};
use pop3_proto::{CommandKind, Event, Request, ResponseCode, Text, Waiting};

use crate::error::{Error, ErrorKind};
use crate::link::Seen;
use crate::tls;

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
                OpeningFailure::StlsRefused => ErrorKind::StartTlsRefused,
                _ => ErrorKind::Closed,
            };
            refused(kind, "opening the connection", failure, refusal)
        }
    }
}

/// Why nobody was logged in. `refusal` is the last that the server said, and `kind` what that means.
pub(crate) fn login(failure: LoginFailure, refusal: Option<(ErrorKind, Error)>) -> Error {
    let (kind, refusal) = refusal.unzip();
    match (failure, kind, refusal) {
        (LoginFailure::Refused(command), Some(kind), refusal) => {
            refused(kind, command, "the server refused the log-in", refusal)
        }
        (LoginFailure::ApopNotOffered, ..) => refused(
            ErrorKind::AuthenticationUnavailable,
            "log-in",
            failure,
            None,
        ),
        (_, _, Some(refusal)) => refusal,
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
    failure_by_code(text).unwrap_or_else(|| match text.response_code() {
        None if is_about_a_lock(text.as_bytes()) => ErrorKind::MailboxInUse,
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

/// For the servers without response codes: `Can't get lock. Mailbox in use`. An account that is locked is no maildrop
/// that is.
fn is_about_a_lock(text: &[u8]) -> bool {
    // Without a copy in lower case: the text may repeat the password.
    let has = |word: &str| {
        text.windows(word.len())
            .any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
    };
    (has("mailbox") || has("maildrop")) && (has("lock") || has("in use") || has("busy"))
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
            CommandKind::User | CommandKind::Pass | CommandKind::Apop => (
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
    let kind = if error.kind() == IoErrorKind::TimedOut {
        ErrorKind::TimedOut
    } else if tls::cause(&error).is_some() {
        ErrorKind::Tls
    } else {
        ErrorKind::Io
    };
    let advice = match (doing, kind) {
        (Doing::Greeting { in_clear: true }, ErrorKind::TimedOut) => {
            "; a server that expects TLS from the first octet waits as well"
        }
        (doing, ErrorKind::TimedOut) => doing.advice(),
        _ => "",
    };
    Error::new(kind, doing, format!("{error}{advice}")).with_source(error)
}

/// The TLS handshake failed.
pub(crate) fn handshake(error: io::Error) -> Error {
    let kind = match error.kind() {
        IoErrorKind::TimedOut => ErrorKind::TimedOut,
        _ => ErrorKind::Tls,
    };
    let what = format!("{error}{}", tls::advice(&error));
    Error::new(kind, Doing::Handshake, what).with_source(error)
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
            ("[SYS/TEMP] later", ErrorKind::TemporaryFailure),
            ("[SYS/PERM] never", ErrorKind::PermanentFailure),
        ] {
            assert_eq!(login_refusal(Text::new(text.as_bytes())), kind, "{text}");
        }
    }
}
