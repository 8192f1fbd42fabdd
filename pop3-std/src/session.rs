//! A connection before and after its log-in.

use std::fmt;

use pop3_proto::login::{Authentication, Login, LoginPolicy, LoginReport, Next};
use pop3_proto::{CapabilitySet, Command, CommandKind, Event, MessageNumber, Request};

use crate::batch::{Marks, Messages};
use crate::blame;
use crate::capabilities::Capabilities;
use crate::credentials::Credentials;
use crate::error::{Deletions, Error, ErrorKind, QuitError};
use crate::link::Link;
use crate::listing::{Lines, Listing, Listings, Lists, UniqueIdListing, UniqueIds};
use crate::message::Message;
use crate::transport::Transport;
use crate::window::Window;

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
/// let session = match connection.login(&Credentials::new("mrose", "secret"), Authentication::UserPass) {
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
    link: Link<S>,
    greeting: String,
    offers_apop: bool,
    ask_capabilities: bool,
}

impl<S> Unauthenticated<S> {
    pub(crate) fn new(
        link: Link<S>,
        greeting: String,
        offers_apop: bool,
        ask_capabilities: bool,
    ) -> Self {
        Self(Box::new(Inner {
            link,
            greeting,
            offers_apop,
            ask_capabilities,
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
}

impl<S: Transport> Unauthenticated<S> {
    /// Asks for the server's capabilities (CAPA).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rejected`]: the server knows no CAPA, which is no reason to worry; else the session is over.
    pub fn capa(&mut self) -> Result<Capabilities, Error> {
        Capabilities::ask(&mut self.0.link)
    }

    /// Logs in.
    ///
    /// # Errors
    ///
    /// What went wrong, and the connection itself, if another try can be made on it.
    pub fn login(
        mut self,
        credentials: &Credentials,
        how: Authentication,
    ) -> Result<Session<S>, LoginError<S>> {
        let policy = LoginPolicy::new(how)
            .ask_capabilities(self.0.ask_capabilities)
            .apop_offered(self.0.offers_apop);
        let link = &mut self.0.link;
        link.hide(credentials.secret());
        let outcome = log_in(link, Login::new(policy), credentials);
        link.forget_secrets();
        match outcome {
            Ok(report) => Ok(Session {
                inner: self.0,
                report,
            }),
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

fn log_in<S: Transport>(
    link: &mut Link<S>,
    mut login: Login,
    credentials: &Credentials,
) -> Result<LoginReport, Error> {
    let borrowed = credentials.borrowed();
    // A password that cannot be sent is found out before the server has been told a name.
    for command in [Command::User(borrowed.user), Command::Pass(borrowed.secret)] {
        command.check_arguments().map_err(|error| {
            Error::new(ErrorKind::Usage, command.kind(), error).with_source(error)
        })?;
    }
    let mut refusal = None;
    loop {
        match login.next_step(&borrowed) {
            Next::Send(command) => {
                link.send(&command)?;
                login.sent();
            }
            Next::Receive => link.next_event(|event, seen| {
                login.observe(event);
                if let Some(error) = blame::no_answer(event, seen) {
                    let kind = match event {
                        Event::Rejected { text, .. } => blame::login_refusal(*text),
                        _ => error.kind(),
                    };
                    refusal = Some((kind, error));
                }
            })?,
            Next::StartTls => {
                return Err(Error::new(
                    ErrorKind::Usage,
                    "log-in",
                    "TLS belongs before it",
                ));
            }
            Next::Finished(Ok(report)) => return Ok(report),
            Next::Finished(Err(failure)) => return Err(blame::login(failure, refusal)),
        }
    }
}

fn quit<S: Transport>(link: &mut Link<S>) -> Result<(), QuitError> {
    let request = Request {
        kind: CommandKind::Quit,
        message: None,
    };
    link.clear_the_way(request).map_err(|error| QuitError {
        deletions: Deletions::Discarded,
        error,
    })?;
    let answer = link.send(&Command::Quit).and_then(|()| link.answer(done));
    link.close();
    answer.map_err(|error| QuitError {
        deletions: match error.kind() {
            ErrorKind::Rejected => Deletions::Refused,
            _ => Deletions::Unknown,
        },
        error,
    })
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

/// A session in which somebody is logged in.
///
/// Only [`quit`](Self::quit) makes deletions final. A session that is dropped closes its connection, and then the
/// server deletes nothing.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/mailbox.rs"));
/// # fn main() -> Result<(), pop3_std::Error> {
/// use std::io::Read;
/// use pop3_std::{Deletions, ErrorKind, MessageNumber};
///
/// # let mut session = log_in()?;
/// assert_eq!(session.stat()?.messages, 2);
/// let mut mail = Vec::new();
/// session.retr(MessageNumber::FIRST)?.read_to_end(&mut mail)?;
/// assert_eq!(mail, b"Subject: first\r\n\r\n.dots..\r\n");
///
/// // What the server refuses is no end of the session.
/// let missing = MessageNumber::new(3).expect("not 0");
/// assert_eq!(session.retr(missing).unwrap_err().kind(), ErrorKind::Rejected);
///
/// session.dele(MessageNumber::FIRST)?;
/// match session.quit() {
///     Ok(()) => println!("deleted"),
///     Err(failed) if failed.deletions == Deletions::Unknown => println!("perhaps deleted: {failed}"),
///     Err(failed) => println!("{failed}"),
/// }
/// # Ok(()) }
/// ```
#[must_use = "a session that is dropped deletes nothing: `quit` ends it"]
pub struct Session<S> {
    inner: Box<Inner<S>>,
    report: LoginReport,
}

/// The answer to STAT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Stat {
    /// How many messages there are.
    pub messages: u32,
    /// Their size in octets as the server reckons it. `None`: its figure could not be read.
    pub octets: Option<u64>,
}

impl<S> Session<S> {
    /// How the log-in came about.
    pub fn login_report(&self) -> LoginReport {
        self.report
    }

    /// What the server announced last. `None`: it was not asked since the log-in, or refused to say.
    ///
    /// That a capability is missing proves little: many servers support more than they announce.
    pub fn announced(&self) -> Option<CapabilitySet> {
        self.inner.link.client().capabilities()
    }

    /// Whether the session goes on. It does after `-ERR`, and does not after a time-out, a lost connection or a breach
    /// of the protocol.
    pub fn is_open(&self) -> bool {
        self.inner.link.is_open()
    }

    /// How far commands may run ahead of their replies, from the next ones on. Whether they may at all is said by
    /// [`Pipelining`](pop3_proto::Pipelining) in the connector's configuration.
    pub fn pipelining(&mut self, window: Window) {
        self.inner.link.set_window(window);
    }
}

/// Each command first reads away what the caller has left of an earlier message or list.
///
/// `-ERR` to a command is an error of kind [`ErrorKind::Rejected`], and the session goes on.
impl<S: Transport> Session<S> {
    /// How many messages there are, and how large they are together (STAT).
    ///
    /// # Errors
    ///
    /// The server refuses, the answer cannot be read, or the session is over.
    pub fn stat(&mut self) -> Result<Stat, Error> {
        self.ask(&Command::Stat, |event| match *event {
            Event::Stat {
                messages, octets, ..
            } => Some(Stat { messages, octets }),
            _ => None,
        })
    }

    /// The sizes of all messages (LIST).
    ///
    /// # Errors
    ///
    /// The server refuses, or the session is over.
    pub fn list(&mut self) -> Result<Listings<'_, S>, Error> {
        self.begin(&Command::List).map(Lines::listings)
    }

    /// The size of one message (LIST).
    ///
    /// # Errors
    ///
    /// The server refuses, the answer cannot be read, or the session is over.
    pub fn list_one(&mut self, number: MessageNumber) -> Result<Listing, Error> {
        self.ask(&Command::ListOne(number), Listing::of)
    }

    /// The unique-ids of all messages (UIDL).
    ///
    /// # Errors
    ///
    /// The server refuses, or the session is over.
    pub fn uidl(&mut self) -> Result<UniqueIds<'_, S>, Error> {
        self.begin(&Command::Uidl).map(Lines::unique_ids)
    }

    /// Asks for both lists (LIST and UIDL), in one round trip if the server announces PIPELINING.
    ///
    /// # Errors
    ///
    /// The session is over. A list that the server refuses is an error when that is asked for.
    pub fn list_and_uidl(&mut self) -> Result<Lists<'_, S>, Error> {
        Lists::ask(&mut self.inner.link)
    }

    /// The unique-id of one message (UIDL).
    ///
    /// # Errors
    ///
    /// The server refuses, the answer cannot be read, or the session is over.
    pub fn uidl_one(&mut self, number: MessageNumber) -> Result<UniqueIdListing, Error> {
        self.ask(&Command::UidlOne(number), UniqueIdListing::of)
    }

    /// A whole message (RETR).
    ///
    /// # Errors
    ///
    /// The server refuses, or the session is over.
    pub fn retr(&mut self, number: MessageNumber) -> Result<Message<'_, S>, Error> {
        let link = self.begin(&Command::Retr(number))?;
        Ok(Message::new(link, number))
    }

    /// A message's header and the first lines of its body (TOP). Servers count and cut as they like: never take the
    /// result for the whole message.
    ///
    /// # Errors
    ///
    /// The server refuses, or the session is over.
    pub fn top(&mut self, number: MessageNumber, lines: u32) -> Result<Message<'_, S>, Error> {
        let link = self.begin(&Command::Top {
            message: number,
            lines,
        })?;
        Ok(Message::new(link, number))
    }

    /// Many messages (RETR), with many commands in flight if the server announces PIPELINING (RFC 2449 section 6.6): one
    /// round trip for many messages instead of one for each. Nothing is sent, and no number taken, before the first one
    /// is asked for.
    ///
    /// A server that announces PIPELINING and cannot do it breaks the session. The error then names the remedy:
    /// [`Pipelining::Off`](pop3_proto::Pipelining::Off).
    pub fn retr_many<I: IntoIterator<Item = MessageNumber>>(
        &mut self,
        numbers: I,
    ) -> Messages<'_, S, I::IntoIter> {
        Messages::retr(&mut self.inner.link, numbers.into_iter())
    }

    /// Many messages' headers and the first lines of their bodies (TOP), as [`retr_many`](Self::retr_many) fetches them
    /// whole.
    pub fn top_many<I: IntoIterator<Item = MessageNumber>>(
        &mut self,
        numbers: I,
        lines: u32,
    ) -> Messages<'_, S, I::IntoIter> {
        Messages::top(&mut self.inner.link, numbers.into_iter(), lines)
    }

    /// Marks a message as deleted (DELE). Only [`quit`](Self::quit) makes it so.
    ///
    /// # Errors
    ///
    /// The server refuses, or the session is over.
    pub fn dele(&mut self, number: MessageNumber) -> Result<(), Error> {
        self.ask(&Command::Dele(number), done)
    }

    /// Marks many messages as deleted (DELE), as [`retr_many`](Self::retr_many) fetches many.
    pub fn dele_many<I: IntoIterator<Item = MessageNumber>>(
        &mut self,
        numbers: I,
    ) -> Marks<'_, S, I::IntoIter> {
        Marks::dele(&mut self.inner.link, numbers.into_iter())
    }

    /// Does nothing, but keeps the session alive (NOOP).
    ///
    /// # Errors
    ///
    /// The server refuses, or the session is over.
    pub fn noop(&mut self) -> Result<(), Error> {
        self.ask(&Command::Noop, done)
    }

    /// Unmarks all messages that are marked as deleted (RSET).
    ///
    /// # Errors
    ///
    /// The server refuses, or the session is over.
    pub fn rset(&mut self) -> Result<(), Error> {
        self.ask(&Command::Rset, done)
    }

    /// Asks for the server's capabilities (CAPA).
    ///
    /// # Errors
    ///
    /// The server refuses, as it may, or the session is over.
    pub fn capa(&mut self) -> Result<Capabilities, Error> {
        Capabilities::ask(&mut self.inner.link)
    }

    /// Ends the session (QUIT). `Ok`: the server says that it has deleted what was marked.
    ///
    /// # Errors
    ///
    /// The server refused, or did not answer. Either way the connection is closed, and the error says what became of
    /// the deletions as far as that can be known.
    pub fn quit(mut self) -> Result<(), QuitError> {
        quit(&mut self.inner.link)
    }

    fn ask<T>(
        &mut self,
        command: &Command<'_>,
        read: impl Fn(&Event<'_>) -> Option<T>,
    ) -> Result<T, Error> {
        self.inner.link.send(command)?;
        self.inner.link.answer(read)
    }

    fn begin(&mut self, command: &Command<'_>) -> Result<&mut Link<S>, Error> {
        self.ask(command, |event| {
            matches!(event, Event::Begin { .. }).then_some(())
        })?;
        Ok(&mut self.inner.link)
    }
}

fn done(event: &Event<'_>) -> Option<()> {
    matches!(event, Event::Done { .. }).then_some(())
}

impl<S> fmt::Debug for Unauthenticated<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unauthenticated")
            .field("greeting", &self.0.greeting)
            .field("state", &self.0.link.client().state())
            .finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for Session<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("login", &format_args!("{}", self.report))
            .field("state", &self.inner.link.client().state())
            .finish_non_exhaustive()
    }
}
