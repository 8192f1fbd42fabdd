//! The session: its states, which command each allows, and all transitions. It knows nothing of octets.

use core::fmt;

use crate::apop::Timestamp;
use crate::command::{CommandKind, Request};
use crate::error::{ReceiveError, SendError};
use crate::features::{SASL, STLS};

/// Where a session is (RFC 1939 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum State {
    /// The server has yet to greet.
    Greeting,
    /// AUTHORIZATION: not logged in.
    Authorization,
    /// STLS was accepted, and the TLS handshake is due.
    StartTls,
    /// TRANSACTION: logged in.
    Transaction,
    /// UPDATE, or about to be: QUIT was sent.
    Quitting,
    /// The session ended as it should.
    Closed,
    /// The session broke.
    Failed,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Greeting => "greeting",
            Self::Authorization => "authorization",
            Self::StartTls => "TLS handshake",
            Self::Transaction => "transaction",
            Self::Quitting => "update",
            Self::Closed => "closed",
            Self::Failed => "failed",
        })
    }
}

impl CommandKind {
    /// Whether `+OK` to it begins a multi-line reply (RFC 1939 section 3).
    pub const fn is_multi_line(self) -> bool {
        matches!(
            self,
            Self::List | Self::Uidl | Self::Retr | Self::Top | Self::Capa | Self::Languages
        )
    }

    /// Whether nothing may be sent behind it before its reply is there. Its reply changes what is allowed, or what the
    /// next reply means, and servers are known to drop what comes behind it in the same write.
    const fn is_barrier(self) -> bool {
        matches!(
            self,
            Self::User
                | Self::Pass
                | Self::Apop
                | Self::Stls
                | Self::Quit
                | Self::Auth
                | Self::Utf8
        )
    }

    /// The states that allow it (RFC 1939 sections 4 to 7, RFC 2449 section 5, RFC 2595 section 4, RFC 5034 section 4,
    /// RFC 6856 sections 2 and 3).
    const fn is_allowed_in(self, state: State) -> bool {
        match self {
            Self::User
            | Self::Pass
            | Self::Apop
            | Self::Stls
            | Self::Auth
            | Self::Response
            | Self::Cancel => {
                matches!(state, State::Authorization)
            }
            // UTF8 belongs before the log-in, but there are servers that announce it only after.
            Self::Capa | Self::Quit | Self::Utf8 | Self::Languages | Self::Lang => {
                matches!(state, State::Authorization | State::Transaction)
            }
            Self::Stat
            | Self::List
            | Self::ListOne
            | Self::Uidl
            | Self::UidlOne
            | Self::Retr
            | Self::Top
            | Self::Dele
            | Self::Noop
            | Self::Rset => matches!(state, State::Transaction),
        }
    }
}

/// The states and all transitions between them.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    state: State,
    login: LogIn,
    /// UTF8 was sent, so STLS is no longer allowed.
    utf8: bool,
    tls: bool,
    course: Course,
}

/// Whether the session goes on. One takes the other's place, so that they share their memory.
#[derive(Clone, Debug)]
enum Course {
    /// It does, and has the timestamp of its greeting for APOP.
    Going(Timestamp),
    /// It broke.
    Broken(ReceiveError),
}

/// Where a log-in of several steps is: USER and PASS, or a SASL exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LogIn {
    /// There is none, or the server is to speak.
    Quiet,
    /// The server has accepted USER, so PASS is allowed.
    UserAccepted,
    /// The server has challenged, and the client is to speak.
    Challenged,
    /// The client has cancelled the exchange.
    Cancelled,
}

impl Session {
    pub(crate) const fn new() -> Self {
        Self {
            state: State::Greeting,
            login: LogIn::Quiet,
            utf8: false,
            tls: false,
            course: Course::Going(Timestamp::new()),
        }
    }

    pub(crate) const fn state(&self) -> State {
        self.state
    }

    /// Whether the session broke, and of what.
    pub(crate) const fn failure(&self) -> Option<&ReceiveError> {
        match &self.course {
            Course::Going(_) => None,
            Course::Broken(error) => Some(error),
        }
    }

    /// Some of the greeting has come: shows the timestamp that is being put together.
    pub(crate) fn greets(&mut self, show: impl FnOnce(&mut Timestamp)) {
        if let Course::Going(timestamp) = &mut self.course {
            show(timestamp);
        }
    }

    /// The greeting's timestamp, if it had one and no TLS has begun after it.
    pub(crate) fn timestamp(&self) -> Option<&Timestamp> {
        match &self.course {
            Course::Going(timestamp) if timestamp.is_found() => Some(timestamp),
            _ => None,
        }
    }

    /// Whether the command may be sent now, behind the newest one in flight.
    pub(crate) fn check(
        &self,
        command: CommandKind,
        newest: Option<Request>,
    ) -> Result<(), SendError> {
        if let Some(&error) = self.failure() {
            return Err(SendError::Failed(error));
        }
        let state = self.state;
        if !command.is_available() {
            return Err(SendError::NotAvailable(command));
        }
        if !command.is_allowed_in(state) {
            return Err(SendError::WrongState { command, state });
        }
        if let CommandKind::Response | CommandKind::Cancel = command {
            return match self.login {
                LogIn::Challenged => Ok(()),
                _ => Err(SendError::NoChallenge),
            };
        }
        if let Some(newest) = newest {
            // QUIT may end a pipeline; the other barriers stand alone.
            let alone = command.is_barrier() && command != CommandKind::Quit;
            if newest.kind.is_barrier() || alone {
                return Err(SendError::Awaiting(newest));
            }
        }
        match command {
            CommandKind::Pass if self.login != LogIn::UserAccepted => Err(SendError::UserFirst),
            CommandKind::Stls if STLS && self.tls => Err(SendError::AlreadyTls),
            CommandKind::Stls if STLS && self.utf8 => Err(SendError::StlsAfterUtf8),
            _ => Ok(()),
        }
    }

    /// The command has been sent.
    pub(crate) fn sent(&mut self, command: CommandKind) {
        self.login = match command {
            CommandKind::Cancel => LogIn::Cancelled,
            _ => LogIn::Quiet,
        };
        match command {
            CommandKind::Quit => self.state = State::Quitting,
            CommandKind::Utf8 => self.utf8 = true,
            _ => {}
        }
    }

    /// Whether the client is to speak, in a SASL exchange: whatever the server says now answers nothing.
    pub(crate) fn is_challenged(&self) -> bool {
        SASL && self.login == LogIn::Challenged
    }

    /// Whether the exchange was cancelled: the server can only agree.
    pub(crate) fn is_cancelled(&self) -> bool {
        SASL && self.login == LogIn::Cancelled
    }

    /// The server has answered this request with a challenge. Tells whether it may.
    pub(crate) fn challenged(&mut self, request: Option<Request>) -> bool {
        let may = SASL
            && self.login == LogIn::Quiet
            && request.is_some_and(|request| request.kind == CommandKind::Auth);
        if may {
            self.login = LogIn::Challenged;
        }
        may
    }

    /// The server has greeted, with `+OK` or with `-ERR`.
    pub(crate) fn greeted(&mut self, positive: bool) {
        self.state = if positive {
            State::Authorization
        } else {
            State::Closed
        };
    }

    /// The server has answered the command, with `+OK` or with `-ERR`.
    pub(crate) fn answered(&mut self, command: CommandKind, positive: bool) {
        match command {
            CommandKind::User if positive => self.login = LogIn::UserAccepted,
            CommandKind::Pass | CommandKind::Apop | CommandKind::Auth if positive => {
                self.state = State::Transaction;
            }
            CommandKind::Auth => self.login = LogIn::Quiet,
            CommandKind::Stls if STLS && positive => self.state = State::StartTls,
            // The server closes the connection whether or not it could delete everything.
            CommandKind::Quit => self.state = State::Closed,
            _ => {}
        }
    }

    /// Whether the session runs inside TLS.
    pub(crate) const fn is_tls(&self) -> bool {
        self.tls
    }

    /// TLS has been established: by STLS, or before the greeting (RFC 8314). Tells whether it may be.
    pub(crate) fn tls_established(&mut self) -> bool {
        match self.state {
            State::StartTls => self.state = State::Authorization,
            State::Greeting if !self.tls => {}
            _ => return false,
        }
        self.tls = true;
        self.course = Course::Going(Timestamp::new());
        true
    }

    /// The server said goodbye unasked.
    pub(crate) fn dismissed(&mut self) {
        self.state = State::Closed;
    }

    /// The session broke. The first reason stays.
    pub(crate) fn fail(&mut self, error: ReceiveError) {
        self.state = State::Failed;
        if let Course::Going(_) = self.course {
            self.course = Course::Broken(error);
        }
    }
}
