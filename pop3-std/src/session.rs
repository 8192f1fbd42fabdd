//! A session in which somebody is logged in.

use std::fmt;

use pop3_proto::login::LoginReport;
use pop3_proto::{
    CapabilityKind, CapabilitySet, Command, CommandKind, Event, MessageNumber, Request, Support,
};

use crate::batch::{Marks, Messages};
use crate::capabilities::Capabilities;
use crate::error::{Deletions, Error, ErrorKind, QuitError};
use crate::language::{self, Language};
use crate::link::Link;
use crate::listing::{Lines, Listing, Listings, Lists, UniqueIdListing, UniqueIds};
use crate::message::Message;
use crate::transport::Transport;
use crate::window::Window;

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
    link: Box<Link<S>>,
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
    pub(crate) const fn new(link: Box<Link<S>>, report: LoginReport) -> Self {
        Self { link, report }
    }

    /// How the log-in came about.
    pub fn login_report(&self) -> LoginReport {
        self.report
    }

    /// What the server announced last. `None`: it was not asked since the log-in, or refused to say.
    ///
    /// That a capability is missing proves little: many servers support more than they announce.
    pub fn announced(&self) -> Option<CapabilitySet> {
        self.link.client().capabilities()
    }

    /// Whether the server can do this, as far as is known: by what it announced last, and for TOP and UIDL by what it answered
    /// to them.
    pub fn support(&self, capability: CapabilityKind) -> Support {
        self.link.client().support(capability)
    }

    /// Whether the session goes on. It does after `-ERR`, and does not after a time-out, a lost connection or a breach
    /// of the protocol.
    pub fn is_open(&self) -> bool {
        self.link.is_open()
    }

    /// How far commands may run ahead of their replies, from the next ones on. Whether they may at all is said by
    /// [`Pipelining`](pop3_proto::Pipelining) in the connector's configuration.
    pub fn pipelining(&mut self, window: Window) {
        self.link.set_window(window);
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
        Lists::ask(&mut self.link)
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
        Messages::retr(&mut self.link, numbers.into_iter())
    }

    /// Many messages' headers and the first lines of their bodies (TOP), as [`retr_many`](Self::retr_many) fetches them
    /// whole.
    pub fn top_many<I: IntoIterator<Item = MessageNumber>>(
        &mut self,
        numbers: I,
        lines: u32,
    ) -> Messages<'_, S, I::IntoIter> {
        Messages::top(&mut self.link, numbers.into_iter(), lines)
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
        Marks::dele(&mut self.link, numbers.into_iter())
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
        Capabilities::ask(&mut self.link)
    }

    /// Asks for mail in UTF-8 from now on (UTF8, RFC 6856 section 2.1). It belongs before the log-in
    /// ([`Unauthenticated::utf8`](crate::Unauthenticated::utf8)), but there are servers that announce it only after.
    ///
    /// # Errors
    ///
    /// The server refuses, or the session is over.
    pub fn utf8(&mut self) -> Result<(), Error> {
        language::utf8(&mut self.link)
    }

    /// Asks which languages the server's texts can be in (LANG, RFC 6856 section 3.2).
    ///
    /// # Errors
    ///
    /// The server refuses, or the session is over.
    pub fn languages(&mut self) -> Result<Vec<Language>, Error> {
        language::languages(&mut self.link)
    }

    /// Asks for the server's texts in this language from now on (LANG, RFC 6856 section 3.2): a language tag (RFC 5646), or `*`
    /// for the server's default.
    ///
    /// # Errors
    ///
    /// The server refuses, as it does when it does not know the language; the tag is none; or the session is over.
    pub fn lang(&mut self, tag: &str) -> Result<(), Error> {
        language::lang(&mut self.link, tag)
    }

    /// Ends the session (QUIT). `Ok`: the server says that it has deleted what was marked.
    ///
    /// # Errors
    ///
    /// The server refused, or did not answer. Either way the connection is closed, and the error says what became of
    /// the deletions as far as that can be known.
    pub fn quit(mut self) -> Result<(), QuitError> {
        quit(&mut self.link)
    }

    fn ask<T>(
        &mut self,
        command: &Command<'_>,
        read: impl Fn(&Event<'_>) -> Option<T>,
    ) -> Result<T, Error> {
        self.link.send(command)?;
        self.link.answer(read)
    }

    fn begin(&mut self, command: &Command<'_>) -> Result<&mut Link<S>, Error> {
        self.ask(command, |event| {
            matches!(event, Event::Begin { .. }).then_some(())
        })?;
        Ok(&mut self.link)
    }
}

pub(crate) fn done(event: &Event<'_>) -> Option<()> {
    matches!(event, Event::Done { .. }).then_some(())
}

/// Ends the session. `Ok`: the server has committed the deletions.
pub(crate) fn quit<S: Transport>(link: &mut Link<S>) -> Result<(), QuitError> {
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

impl<S> fmt::Debug for Session<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("login", &format_args!("{}", self.report))
            .field("state", &self.link.client().state())
            .finish_non_exhaustive()
    }
}
