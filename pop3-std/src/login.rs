//! A connection that nobody has logged in on yet, and the log-in.

use std::fmt;

use pop3_proto::login::{
    Authentication, InitialResponse, Login, LoginFailure, LoginPolicy, LoginReport, Next, Offer,
    Opening, Security,
};
use pop3_proto::sasl::{MAX_ITERATIONS, MIN_ITERATIONS, Mechanism, Nonce};

use crate::blame::{self, Refusal};
use crate::capabilities::Capabilities;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::language::{self, Language};
use crate::link::Link;
use crate::session::{Session, quit};
use crate::tls::ChannelBinding;
use crate::transport::Transport;

/// A connection whose server has greeted, and that nobody has logged in on yet.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/mailbox.rs"));
/// # fn main() -> Result<(), pop3_std::Error> {
/// use pop3_std::{Authentication, Connector, Credentials, Security, Untimed};
///
/// # let stream = Mailbox::new();
/// // `connect` instead, unless the stream is one of your own.
/// let connection = Connector::new("localhost", Security::ClearText).connect_over(Untimed(stream))?;
/// assert_eq!(connection.greeting(), "ready");
/// let session = match connection.login(&Credentials::new("mrose", "secret"), Authentication::Auto) {
///     Ok(session) => session,
///     // `refused.connection` is there for another try, unless the server has closed it.
///     Err(refused) => return Err(refused.error),
/// };
/// assert_eq!(session.login_report().to_string(), "USER/PASS");
/// # Ok(()) }
/// ```
#[must_use = "nobody is logged in yet"]
pub struct Unauthenticated<S>(Box<Inner<S>>);

struct Inner<S> {
    link: Box<Link<S>>,
    greeting: String,
    offers_apop: bool,
    settings: LoginSettings,
    /// What the server has announced on this connection since TLS began.
    offered: Option<Offer>,
}

/// What a [`Connector`](crate::Connector) says about log-ins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoginSettings {
    pub(crate) ask_capabilities: bool,
    /// Clear text was asked for by name.
    pub(crate) clear_text: bool,
    pub(crate) initial_response: InitialResponse,
    pub(crate) min_iterations: u32,
    pub(crate) max_iterations: u32,
}

impl LoginSettings {
    pub(crate) const fn new(security: Security) -> Self {
        Self {
            ask_capabilities: true,
            clear_text: matches!(security, Security::ClearText),
            initial_response: InitialResponse::Auto,
            min_iterations: MIN_ITERATIONS,
            max_iterations: MAX_ITERATIONS,
        }
    }
}

impl<S> Unauthenticated<S> {
    pub(crate) fn new(
        link: Link<S>,
        greeting: String,
        opening: &Opening,
        settings: LoginSettings,
    ) -> Self {
        Self(Box::new(Inner {
            link: Box::new(link),
            greeting,
            offers_apop: opening.offers_apop(),
            settings,
            offered: opening.offered(),
        }))
    }

    /// The server's greeting, safe to print. With STLS it came before TLS, so anybody can have said it.
    pub fn greeting(&self) -> &str {
        &self.0.greeting
    }

    /// Whether the greeting offers APOP. That it will be accepted is not said by this.
    pub fn offers_apop(&self) -> bool {
        self.0.offers_apop
    }

    /// Whether the connection runs inside TLS.
    pub fn is_tls(&self) -> bool {
        self.0.link.client().is_tls()
    }
}

impl<S: Transport> Unauthenticated<S> {
    /// Asks for the server's capabilities (CAPA). The log-in then does not ask again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rejected`]: the server knows no CAPA, which is no reason to worry; else the session is over.
    pub fn capa(&mut self) -> Result<Capabilities, Error> {
        // What is refused now was perhaps granted before: then it is not to be relied on.
        self.0.offered = None;
        let capabilities = Capabilities::ask(&mut self.0.link)?;
        self.0.offered = Some(capabilities.offer());
        Ok(capabilities)
    }

    /// Asks for mail and texts in UTF-8 from now on (UTF8, RFC 6856 section 2.1), which also allows user names and passwords
    /// in UTF-8 where the server says so. The mail may then have headers that only new software can read.
    ///
    /// # Errors
    ///
    /// The server refuses, or the session is over.
    pub fn utf8(&mut self) -> Result<(), Error> {
        language::utf8(&mut self.0.link)
    }

    /// Asks which languages the server's texts can be in (LANG, RFC 6856 section 3.2).
    ///
    /// # Errors
    ///
    /// The server refuses, or the session is over.
    pub fn languages(&mut self) -> Result<Vec<Language>, Error> {
        language::languages(&mut self.0.link)
    }

    /// Asks for the server's texts in this language from now on (LANG, RFC 6856 section 3.2): a language tag (RFC 5646), or `*`
    /// for the server's default.
    ///
    /// # Errors
    ///
    /// The server refuses, as it does when it does not know the language; the tag is none; or the session is over.
    pub fn lang(&mut self, tag: &str) -> Result<(), Error> {
        language::lang(&mut self.0.link, tag)
    }

    /// Logs in.
    ///
    /// # Errors
    ///
    /// What went wrong, and the connection itself, if another try can be made on it.
    pub fn login(
        self,
        credentials: &Credentials,
        how: Authentication,
    ) -> Result<Session<S>, LoginError<S>> {
        self.log_in(Who::Credentials(credentials, how))
    }

    /// Logs in with a SASL mechanism of one's own, such as GSSAPI, at its beginning.
    ///
    /// What it sends is hidden in the trace and in errors, also where the server repeats it.
    ///
    /// # Errors
    ///
    /// What went wrong, and the connection itself, if another try can be made on it.
    pub fn login_with(self, mechanism: &mut dyn Mechanism) -> Result<Session<S>, LoginError<S>> {
        self.log_in(Who::Own(mechanism))
    }

    fn log_in(mut self, who: Who<'_>) -> Result<Session<S>, LoginError<S>> {
        let inner = &mut *self.0;
        let outcome = inner.log_in(who);
        inner.link.forget_secrets();
        match outcome {
            Ok(report) => Ok(Session::new(self.0.link, report)),
            Err(error) => {
                let connection = self.0.link.is_open().then_some(self);
                Err(LoginError { error, connection })
            }
        }
    }

    /// Ends the session without a log-in.
    ///
    /// # Errors
    ///
    /// The server did not answer, or not with `+OK`. The connection is closed all the same.
    pub fn quit(mut self) -> Result<(), Error> {
        quit(&mut self.0.link).map_err(Error::from)
    }
}

/// Who logs in, and how.
enum Who<'a> {
    Credentials(&'a Credentials, Authentication),
    Own(&'a mut dyn Mechanism),
}

impl<S: Transport> Inner<S> {
    /// In a stack frame of its own: what is left in that is wiped by whoever calls it.
    #[inline(never)]
    fn log_in(&mut self, who: Who<'_>) -> Result<LoginReport, Error> {
        let binding = self.link.channel_binding();
        let settings = self.settings;
        let policy = |how| {
            LoginPolicy::new(how)
                .ask_capabilities(settings.ask_capabilities)
                .offered(self.offered)
                .apop_offered(self.offers_apop)
                .tls(self.link.client().is_tls())
                .clear_text(settings.clear_text)
                .initial_response(settings.initial_response)
                .iterations(settings.min_iterations, settings.max_iterations)
                .channel_binding(binding.as_ref().map(ChannelBinding::borrowed))
        };
        let mut login = match who {
            Who::Credentials(credentials, how) => {
                credentials.check()?;
                let policy = policy(how).nonce(nonce()?);
                credentials
                    .secrets()
                    .for_each(|secret| self.link.hide(secret));
                Login::new(policy, credentials.borrowed())
            }
            Who::Own(mechanism) => Login::with_mechanism(policy(Authentication::Auto), mechanism),
        };
        let outcome = drive(&mut self.link, &mut login);
        self.offered = login.offered();
        outcome
    }
}

fn nonce() -> Result<Nonce, Error> {
    let mut octets = [0; Nonce::OCTETS];
    getrandom::fill(&mut octets).map_err(|error| {
        let what = format!("the operating system gives no random octets: {error}");
        Error::new(ErrorKind::Io, "log-in", what)
    })?;
    Ok(Nonce::new(octets))
}

/// Does what the log-in machine says, to the end.
fn drive<S: Transport>(link: &mut Link<S>, login: &mut Login<'_>) -> Result<LoginReport, Error> {
    let mut refusal = Refusal::default();
    let failure = match advance(link, login, &mut refusal) {
        Ok(Ok(report)) => return Ok(report),
        Ok(Err(failure)) => failure,
        Err(error) => {
            let offered = login.offered();
            return Err(blame::login_broken(
                error,
                login.cancelled(),
                offered,
                refusal,
            ));
        }
    };
    let error = blame::login(failure, login.offered(), refusal);
    Err(match error.kind() {
        // Whoever says so is not the server that it pretends to be.
        ErrorKind::ServerNotProved => link.fail(error),
        _ => error,
    })
}

/// Does what the log-in machine says, until that or the connection is over.
fn advance<S: Transport>(
    link: &mut Link<S>,
    login: &mut Login<'_>,
    refusal: &mut Refusal,
) -> Result<Result<LoginReport, LoginFailure>, Error> {
    loop {
        match login.next_step() {
            Next::Send(command) => {
                link.send(&command)?;
                login.sent();
            }
            Next::Receive => link.next_event(|event, seen| {
                login.observe(event);
                refusal.note(event, seen);
            })?,
            Next::StartTls => {
                return Err(Error::new(
                    ErrorKind::Usage,
                    "log-in",
                    "TLS belongs before it",
                ));
            }
            Next::Finished(result) => return Ok(result),
        }
    }
}

/// Nobody was logged in.
#[non_exhaustive]
pub struct LoginError<S> {
    /// What went wrong.
    pub error: Error,
    /// The connection, if it is still open as far as the client knows: another log-in may be tried on it. Many servers
    /// close it right after a refusal, which only the next command shows.
    pub connection: Option<Unauthenticated<S>>,
}

impl<S> From<LoginError<S>> for Error {
    fn from(error: LoginError<S>) -> Self {
        error.error
    }
}

impl<S> fmt::Display for LoginError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

impl<S> fmt::Debug for LoginError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginError")
            .field("error", &self.error)
            .field("connection", &self.connection)
            .finish()
    }
}

impl<S> std::error::Error for LoginError<S> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.error)
    }
}

impl<S> fmt::Debug for Unauthenticated<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unauthenticated")
            .field("greeting", &self.0.greeting)
            .field("state", &self.0.link.client().state())
            .finish_non_exhaustive()
    }
}
