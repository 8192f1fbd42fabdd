//! The log-in: capabilities, APOP or USER and PASS, capabilities again; and the policy for it.

use core::fmt;

use super::Next;
use crate::command::{Command, CommandKind};
use crate::event::Event;
use crate::secret::Secret;
use crate::text::Text;

/// Who logs in.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Credentials<'c> {
    /// The user's name, as the server knows it.
    pub user: &'c [u8],
    /// The password, or what client and server share for APOP.
    pub secret: Secret<'c>,
}

impl<'c> Credentials<'c> {
    /// A user's name and secret, as the server knows them.
    #[must_use]
    pub const fn new(user: &'c [u8], secret: Secret<'c>) -> Self {
        Self { user, secret }
    }
}

impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &Text::new(self.user))
            .field("secret", &self.secret)
            .finish()
    }
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

impl fmt::Display for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::UserPass => "USER/PASS",
            Self::ApopOnly => "APOP",
            Self::ApopThenUserPass => "APOP, else USER/PASS",
        })
    }
}

/// What the log-in machine is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct LoginPolicy {
    /// How to log in.
    pub authentication: Authentication,
    /// Ask for the capabilities before and after: they may differ. A refusal is no failure. There are servers that
    /// close the connection when they are asked.
    pub ask_capabilities: bool,
    /// [`Opening::offers_apop`](super::Opening::offers_apop).
    pub apop_offered: bool,
}

impl LoginPolicy {
    /// A log-in like this, with the capabilities asked for, and no timestamp for APOP.
    #[must_use]
    pub const fn new(authentication: Authentication) -> Self {
        Self {
            authentication,
            ask_capabilities: true,
            apop_offered: false,
        }
    }

    /// Sets [`ask_capabilities`](Self::ask_capabilities).
    #[must_use]
    pub const fn ask_capabilities(mut self, ask: bool) -> Self {
        self.ask_capabilities = ask;
        self
    }

    /// Sets [`apop_offered`](Self::apop_offered).
    #[must_use]
    pub const fn apop_offered(mut self, offered: bool) -> Self {
        self.apop_offered = offered;
        self
    }
}

/// How the log-in came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    #[must_use]
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
        &self,
        credentials: &Credentials<'c>,
    ) -> Next<'c, Result<LoginReport, LoginFailure>> {
        let Credentials { user, secret } = *credentials;
        match self.step {
            LoginStep::Send(kind) => Next::Send(match kind {
                CommandKind::Apop => Command::Apop { user, secret },
                CommandKind::User => Command::User(user),
                CommandKind::Pass => Command::Pass(secret),
                _ => Command::Capa,
            }),
            LoginStep::SendLastCapa => Next::Send(Command::Capa),
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

    /// The command that [`Next::Send`] asked for is sent.
    pub const fn sent(&mut self) {
        self.step = match self.step {
            LoginStep::Send(kind) => LoginStep::Sent(kind),
            LoginStep::SendLastCapa => LoginStep::SentLastCapa,
            step => step,
        };
    }

    /// Takes note of an event. One that is not about the command sent last changes nothing.
    pub fn observe(&mut self, event: &Event<'_>) {
        if let (Event::Farewell { .. }, false) =
            (event, matches!(self.step, LoginStep::Finished(_)))
        {
            self.step = LoginStep::Finished(Err(LoginFailure::Dismissed));
            return;
        }
        let answers = |kind| {
            event
                .completes()
                .is_some_and(|request| request.kind == kind)
        };
        match self.step {
            LoginStep::Sent(kind) if answers(kind) => {
                self.answered(kind, matches!(event, Event::Done { .. }));
            }
            LoginStep::SentLastCapa if answers(CommandKind::Capa) => {
                self.step = LoginStep::Finished(Ok(()));
            }
            _ => {}
        }
    }

    const fn answered(&mut self, command: CommandKind, accepted: bool) {
        match command {
            CommandKind::Capa => self.authenticate(),
            CommandKind::User if accepted => self.step = LoginStep::Send(CommandKind::Pass),
            CommandKind::Pass if accepted => self.logged_in(),
            CommandKind::Apop if accepted => {
                self.apop = ApopOutcome::Accepted;
                self.logged_in();
            }
            CommandKind::Apop => {
                self.apop = ApopOutcome::Refused;
                self.after_apop(LoginFailure::Refused(command));
            }
            _ => self.step = LoginStep::Finished(Err(LoginFailure::Refused(command))),
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
