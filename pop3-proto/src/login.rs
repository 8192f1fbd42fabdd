//! From the first octet to the transaction state: which command comes next, and what must never happen on the way.
//!
//! Two small machines, driven alike: do what [`Opening::next_step`] or [`Login::next_step`] says, and show each event that the
//! client lends to `observe`. Neither does any I/O, and neither keeps a secret.

use core::fmt;

use crate::command::{Command, CommandKind};
use crate::event::Event;
use crate::secret::Secret;

/// How the connection is protected. There is no default here: plain text has to be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Security {
    /// TLS from the first octet, usually on port 995 (RFC 8314 section 3.1).
    ImplicitTls,
    /// STLS before anything else, usually on port 110 (RFC 2595 section 4). Refused, it ends the session: what a server
    /// says before TLS, anybody can have said.
    StartTls,
    /// No protection: whoever is on the way reads all and can change all.
    ClearText,
}

impl Security {
    /// The port that goes with it: 995 for implicit TLS, else 110.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::ImplicitTls => 995,
            Self::StartTls | Self::ClearText => 110,
        }
    }
}

/// What the driver does next.
#[derive(Clone, Copy, Debug)]
pub enum Next<'c, T> {
    /// Send this command.
    Send(Command<'c>),
    /// Receive an event, and show it to `observe`.
    Receive,
    /// Do the TLS handshake, call [`Client::tls_established`](crate::Client::tls_established), then
    /// [`Opening::tls_established`].
    StartTls,
    /// It is over, and this came of it.
    Finished(T),
}

/// Greeting, and STLS if the connection is to be protected by it.
#[derive(Clone, Debug)]
pub struct Opening {
    security: Security,
    step: OpeningStep,
    apop: bool,
}

#[derive(Clone, Copy, Debug)]
enum OpeningStep {
    Greeting,
    Stls,
    StlsSent,
    Handshake,
    Finished(Result<(), OpeningFailure>),
}

/// Why a connection was not opened. The server's words are in the event that was observed last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpeningFailure {
    /// The server greeted with `-ERR`.
    Dismissed,
    /// The server refused STLS, so nothing secret may be sent.
    StlsRefused,
}

impl fmt::Display for OpeningFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dismissed => "the server refused the connection",
            Self::StlsRefused => "the server refused STLS, so nothing was sent in clear",
        })
    }
}

impl core::error::Error for OpeningFailure {}

impl Opening {
    /// The opening of a connection that is to be protected like this.
    pub const fn new(security: Security) -> Self {
        Self {
            security,
            step: OpeningStep::Greeting,
            apop: false,
        }
    }

    /// What to do next.
    pub fn next_step(&mut self) -> Next<'static, Result<(), OpeningFailure>> {
        match self.step {
            OpeningStep::Greeting | OpeningStep::StlsSent => Next::Receive,
            OpeningStep::Stls => {
                self.step = OpeningStep::StlsSent;
                Next::Send(Command::Stls)
            }
            OpeningStep::Handshake => Next::StartTls,
            OpeningStep::Finished(result) => Next::Finished(result),
        }
    }

    /// Takes note of an event.
    pub fn observe(&mut self, event: &Event<'_>) {
        self.step = match (self.step, event) {
            (OpeningStep::Greeting, Event::Greeting { apop, .. }) => match self.security {
                // Nothing that the server announces in clear could change what comes next, so it is not asked.
                Security::StartTls => OpeningStep::Stls,
                Security::ImplicitTls | Security::ClearText => {
                    self.apop = *apop;
                    OpeningStep::Finished(Ok(()))
                }
            },
            (_, Event::Farewell { .. }) => OpeningStep::Finished(Err(OpeningFailure::Dismissed)),
            (OpeningStep::StlsSent, Event::StartTls { .. }) => OpeningStep::Handshake,
            (OpeningStep::StlsSent, Event::Rejected { .. }) => {
                OpeningStep::Finished(Err(OpeningFailure::StlsRefused))
            }
            (step, _) => step,
        };
    }

    /// The handshake that [`Next::StartTls`] asked for is done.
    pub fn tls_established(&mut self) {
        if let OpeningStep::Handshake = self.step {
            self.step = OpeningStep::Finished(Ok(()));
        }
    }

    /// Whether APOP may be tried: the greeting had a timestamp, and no TLS began after it.
    pub const fn offers_apop(&self) -> bool {
        self.apop
    }
}

/// Who logs in.
#[derive(Clone, Copy, Debug)]
pub struct Credentials<'c> {
    /// The user's name, as the server knows it.
    pub user: &'c [u8],
    /// The password, or what client and server share for APOP.
    pub secret: Secret<'c>,
}

/// How to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Authentication {
    /// USER and PASS: the password goes to the server as it is, so the connection should be protected.
    UserPass,
    /// APOP or nothing: the password is never sent. MD5 is weak: whoever overhears it can try passwords at leisure.
    ApopOnly,
    /// APOP, and if it is refused or not offered, USER and PASS. Whoever is on the way can make it fall back, and the
    /// password is then sent as it is: never what a client does by itself.
    ApopThenUserPass,
}

/// What the log-in machine is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginPolicy {
    /// How to log in.
    pub authentication: Authentication,
    /// Ask for the capabilities before and after: they may differ. A refusal is no failure. There are servers that
    /// close the connection when they are asked.
    pub ask_capabilities: bool,
    /// [`Opening::offers_apop`].
    pub apop_offered: bool,
}

/// How the log-in came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginReport {
    /// What the server accepted.
    pub used: LoginMethod,
    /// What became of APOP.
    pub apop: ApopOutcome,
}

/// What a server accepted for a log-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LoginMethod {
    /// USER and PASS.
    UserPass,
    /// APOP.
    Apop,
}

/// What became of APOP in a log-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApopOutcome {
    /// It was not asked for.
    NotTried,
    /// The greeting had no timestamp for it.
    NotOffered,
    /// The server refused it.
    Refused,
    /// The server accepted it.
    Accepted,
}

impl fmt::Display for LoginReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.used, self.apop) {
            (LoginMethod::Apop, _) => "APOP",
            (LoginMethod::UserPass, ApopOutcome::NotOffered) => {
                "USER/PASS, since APOP was not offered"
            }
            (LoginMethod::UserPass, ApopOutcome::Refused) => "USER/PASS, since APOP was refused",
            (LoginMethod::UserPass, _) => "USER/PASS",
        })
    }
}

/// Why nobody was logged in. The server's words are in the event that was observed last. Unless it was
/// [`Dismissed`](LoginFailure::Dismissed), the session goes on in the authorization state, and another log-in may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginFailure {
    /// The server refused this command.
    Refused(CommandKind),
    /// The policy wants APOP and nothing else, and it was not offered.
    ApopNotOffered,
    /// The server said goodbye.
    Dismissed,
}

impl fmt::Display for LoginFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(command) => write!(f, "the server refused {command}"),
            Self::ApopNotOffered => f.write_str(
                "APOP was asked for, but the server offers no timestamp for it, or offered it before TLS",
            ),
            Self::Dismissed => f.write_str("the server ended the session"),
        }
    }
}

impl core::error::Error for LoginFailure {}

/// CAPA, APOP or USER and PASS, CAPA.
#[derive(Clone, Debug)]
pub struct Login {
    policy: LoginPolicy,
    apop: ApopOutcome,
    step: LoginStep,
}

#[derive(Clone, Copy, Debug)]
enum LoginStep {
    Send(CommandKind),
    Sent(CommandKind),
    /// CAPA after the log-in.
    SendLastCapa,
    SentLastCapa,
    Finished(Result<(), LoginFailure>),
}

impl Login {
    /// A log-in by this policy, on a connection in the authorization state.
    pub const fn new(policy: LoginPolicy) -> Self {
        let mut login = Self {
            policy,
            apop: ApopOutcome::NotTried,
            step: LoginStep::Send(CommandKind::Capa),
        };
        if !policy.ask_capabilities {
            login.authenticate();
        }
        login
    }

    /// What to do next. The command that it gives borrows the credentials.
    pub fn next_step<'c>(
        &mut self,
        credentials: &Credentials<'c>,
    ) -> Next<'c, Result<LoginReport, LoginFailure>> {
        let Credentials { user, secret } = *credentials;
        match self.step {
            LoginStep::Send(kind) => {
                self.step = LoginStep::Sent(kind);
                Next::Send(match kind {
                    CommandKind::Apop => Command::Apop { user, secret },
                    CommandKind::User => Command::User(user),
                    CommandKind::Pass => Command::Pass(secret),
                    _ => Command::Capa,
                })
            }
            LoginStep::SendLastCapa => {
                self.step = LoginStep::SentLastCapa;
                Next::Send(Command::Capa)
            }
            LoginStep::Sent(_) | LoginStep::SentLastCapa => Next::Receive,
            LoginStep::Finished(result) => Next::Finished(result.map(|()| LoginReport {
                used: match self.apop {
                    ApopOutcome::Accepted => LoginMethod::Apop,
                    _ => LoginMethod::UserPass,
                },
                apop: self.apop,
            })),
        }
    }

    /// Takes note of an event.
    pub fn observe(&mut self, event: &Event<'_>) {
        if let Event::Farewell { .. } = event {
            self.step = LoginStep::Finished(Err(LoginFailure::Dismissed));
            return;
        }
        if event.completes().is_none() {
            return;
        }
        let accepted = !matches!(event, Event::Rejected { .. });
        match self.step {
            LoginStep::Sent(CommandKind::Capa) => self.authenticate(),
            LoginStep::Sent(CommandKind::User) if accepted => {
                self.step = LoginStep::Send(CommandKind::Pass);
            }
            LoginStep::Sent(CommandKind::Apop) if accepted => {
                self.apop = ApopOutcome::Accepted;
                self.logged_in();
            }
            LoginStep::Sent(CommandKind::Pass) if accepted => self.logged_in(),
            LoginStep::Sent(CommandKind::Apop) => {
                self.apop = ApopOutcome::Refused;
                self.after_apop(LoginFailure::Refused(CommandKind::Apop));
            }
            LoginStep::Sent(kind) => {
                self.step = LoginStep::Finished(Err(LoginFailure::Refused(kind)));
            }
            LoginStep::SentLastCapa => self.step = LoginStep::Finished(Ok(())),
            LoginStep::Send(_) | LoginStep::SendLastCapa | LoginStep::Finished(_) => {}
        }
    }

    const fn authenticate(&mut self) {
        match self.policy.authentication {
            Authentication::UserPass => self.step = LoginStep::Send(CommandKind::User),
            _ if self.policy.apop_offered => self.step = LoginStep::Send(CommandKind::Apop),
            _ => {
                self.apop = ApopOutcome::NotOffered;
                self.after_apop(LoginFailure::ApopNotOffered);
            }
        }
    }

    /// APOP has failed: only a policy that says so by name goes on to send the password.
    const fn after_apop(&mut self, failure: LoginFailure) {
        self.step = match self.policy.authentication {
            Authentication::ApopThenUserPass => LoginStep::Send(CommandKind::User),
            _ => LoginStep::Finished(Err(failure)),
        };
    }

    const fn logged_in(&mut self) {
        self.step = if self.policy.ask_capabilities {
            LoginStep::SendLastCapa
        } else {
            LoginStep::Finished(Ok(()))
        };
    }
}
