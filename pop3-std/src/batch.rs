//! Commands for many messages: sent ahead where the server allows it, answered one by one.

use std::collections::VecDeque;
use std::fmt;
use std::iter::Peekable;

use pop3_proto::{Command, Event, MessageNumber};

use crate::error::{Error, ErrorKind};
use crate::link::Link;
use crate::message::Message;
use crate::transport::Transport;

/// A message that was asked for among others.
#[non_exhaustive]
pub struct Fetched<'a, S> {
    /// Its number in this session.
    pub number: MessageNumber,
    /// The message, or the server's refusal: an error of kind [`Rejected`](ErrorKind::Rejected), after which the next
    /// message comes all the same.
    pub message: Result<Message<'a, S>, Error>,
}

/// A message that was to be marked as deleted, among others.
#[derive(Debug)]
#[non_exhaustive]
pub struct Marked {
    /// Its number in this session.
    pub number: MessageNumber,
    /// Whether the server has marked it. It may refuse: an error of kind [`Rejected`](ErrorKind::Rejected).
    pub result: Result<(), Error>,
}

/// A message that a batch has not come to the end of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Unfinished {
    /// Its number in this session. In another it may be another message's: only a unique-id stays.
    pub number: MessageNumber,
    /// How far it has come.
    pub progress: Progress,
}

/// How far a message of a batch has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Progress {
    /// It was read to its end, but no reply stood behind it: perhaps that end was not its own. There are servers that
    /// mix up the replies to pipelined commands, and servers that do not stuff dots.
    Doubtful,
    /// Its reply has begun, and is not complete.
    Begun,
    /// Its command was sent, or was about to be, and has no reply.
    Unanswered,
    /// Its command was not sent.
    NotSent,
}

/// Many messages, one after the other.
///
/// A message that is not read to its end is read away when the next one is asked for. A batch that is dropped early leaves
/// what is in flight, up to a whole [`Window`](crate::Window) of messages, to be read away by the next command.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/mailbox.rs"));
/// # fn main() -> Result<(), pop3_std::Error> {
/// use std::io::Read;
/// use pop3_std::MessageNumber;
///
/// # let mut session = log_in()?;
/// let mut batch = session.retr_many(MessageNumber::up_to(3));
/// let mut octets = 0;
/// while let Some(item) = batch.next()? {
///     match item.message {
///         Ok(mut message) => octets += message.read_to_end(&mut Vec::new())?,
///         Err(refused) => println!("{refused}"),
///     }
/// }
/// # assert_eq!(octets, 27 + 31);
/// # Ok(()) }
/// ```
///
/// Whoever wants to go on after a failure asks what is missing, and fetches that in another session:
///
/// ```no_run
/// use pop3_std::{Error, MessageNumber, Messages, Pipelining, Session, Transport};
/// # fn store<S: Transport>(_: &mut Messages<'_, S, impl Iterator<Item = MessageNumber>>) -> Result<(), Error> { Ok(()) }
///
/// /// Which messages are still to be fetched.
/// fn fetch<S: Transport>(session: &mut Session<S>, messages: u32) -> Vec<MessageNumber> {
///     let mut batch = session.retr_many(MessageNumber::up_to(messages));
///     match store(&mut batch) {
///         Ok(()) => Vec::new(),
///         // By their unique-ids, and perhaps with `Pipelining::Off`.
///         Err(_) => batch.unfinished().map(|message| message.number).collect(),
///     }
/// }
/// ```
#[must_use = "nothing is asked for before the first message is"]
pub struct Messages<'a, S, I: Iterator<Item = MessageNumber>>(Batch<'a, S, I>);

impl<'a, S, I: Iterator<Item = MessageNumber>> Messages<'a, S, I> {
    pub(crate) fn retr(link: &'a mut Link<S>, numbers: I) -> Self {
        Self(Batch::new(link, Asking::Retr, numbers))
    }

    pub(crate) fn top(link: &'a mut Link<S>, numbers: I, lines: u32) -> Self {
        Self(Batch::new(link, Asking::Top { lines }, numbers))
    }

    /// The messages that have not been read to their end, in the order in which they were asked for: after an error, what
    /// another session has to fetch.
    pub fn unfinished(self) -> impl Iterator<Item = Unfinished> + use<S, I> {
        self.0.unfinished()
    }
}

impl<S: Transport, I: Iterator<Item = MessageNumber>> Messages<'_, S, I> {
    /// The next message. `None`: that was all.
    ///
    /// # Errors
    ///
    /// The session is over, and [`unfinished`](Self::unfinished) tells what is missing. What the server refuses is no
    /// error here, but that message's.
    #[allow(clippy::should_implement_trait, reason = "an iterator cannot lend")]
    pub fn next(&mut self) -> Result<Option<Fetched<'_, S>>, Error> {
        let begun = |event: &Event<'_>| matches!(event, Event::Begin { .. });
        let Some((number, answer)) = self.0.next(begun)? else {
            return Ok(None);
        };
        let message = answer.map(|()| Message::new(self.0.link, number));
        Ok(Some(Fetched { number, message }))
    }
}

/// Many messages that are marked as deleted, one after the other.
///
/// Only [`Session::quit`](crate::Session::quit) deletes them. After an error nobody knows which are marked, but the session
/// is over, and without QUIT the server deletes none: all of them have to be marked again in another session, those that
/// were marked here as well.
///
/// A batch that is dropped early has sent commands that it has not shown the answers to: up to a
/// [`Window`](crate::Window) of further messages may be marked. [`Session::rset`](crate::Session::rset) unmarks all.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/mailbox.rs"));
/// # fn main() -> Result<(), pop3_std::Error> {
/// use pop3_std::MessageNumber;
///
/// # let mut session = log_in()?;
/// let mut batch = session.dele_many(MessageNumber::up_to(2));
/// while let Some(item) = batch.next()? {
///     if let Err(refused) = item.result {
///         println!("{refused}");
///     }
/// }
/// session.quit()?;
/// # Ok(()) }
/// ```
#[must_use = "nothing is marked before the first answer is asked for"]
pub struct Marks<'a, S, I: Iterator<Item = MessageNumber>>(Batch<'a, S, I>);

impl<'a, S, I: Iterator<Item = MessageNumber>> Marks<'a, S, I> {
    pub(crate) fn dele(link: &'a mut Link<S>, numbers: I) -> Self {
        Self(Batch::new(link, Asking::Dele, numbers))
    }

    /// The messages that no answer has come for, in the order in which they were to be marked. They may be marked all
    /// the same.
    pub fn unfinished(self) -> impl Iterator<Item = Unfinished> + use<S, I> {
        self.0.unfinished()
    }
}

impl<S: Transport, I: Iterator<Item = MessageNumber>> Marks<'_, S, I> {
    /// What the server says to the next one. `None`: that was all.
    ///
    /// # Errors
    ///
    /// The session is over, and nothing will be deleted. What the server refuses is no error here, but that message's.
    #[allow(clippy::should_implement_trait, reason = "as that of `Messages`")]
    pub fn next(&mut self) -> Result<Option<Marked>, Error> {
        let done = |event: &Event<'_>| matches!(event, Event::Done { .. });
        let answered = self.0.next(done)?;
        Ok(answered.map(|(number, result)| Marked { number, result }))
    }
}

/// What is asked for each message.
#[derive(Clone, Copy, Debug)]
enum Asking {
    Retr,
    Top { lines: u32 },
    Dele,
}

impl Asking {
    fn command(self, message: MessageNumber) -> Command<'static> {
        match self {
            Self::Retr => Command::Retr(message),
            Self::Top { lines } => Command::Top { message, lines },
            Self::Dele => Command::Dele(message),
        }
    }
}

/// A command in flight.
struct Sent {
    number: MessageNumber,
    octets: usize,
}

/// A message, and whether the server does what was asked for it.
type Answer = (MessageNumber, Result<(), Error>);

struct Batch<'a, S, I: Iterator> {
    link: &'a mut Link<S>,
    asking: Asking,
    numbers: Peekable<I>,
    /// Those that are not answered, as far as this has seen: at most a window of them.
    sent: VecDeque<Sent>,
    /// Of the first one, the reply has begun. It may be complete by now.
    begun: bool,
    /// The message that came to its end last.
    last: Option<MessageNumber>,
}

impl<'a, S, I: Iterator<Item = MessageNumber>> Batch<'a, S, I> {
    fn new(link: &'a mut Link<S>, asking: Asking, numbers: I) -> Self {
        Self {
            link,
            asking,
            numbers: numbers.peekable(),
            sent: VecDeque::new(),
            begun: false,
            last: None,
        }
    }

    /// Takes note of it if the reply that has begun is complete: the protocol expects fewer replies than are noted here.
    fn settle(&mut self) {
        if self.begun && self.link.client().in_flight() < self.sent.len() {
            self.begun = false;
            self.last = self.sent.pop_front().map(|sent| sent.number);
        }
    }

    fn unfinished(mut self) -> impl Iterator<Item = Unfinished> + use<S, I> {
        self.settle();
        let broken = self.link.failure().map(Error::kind) == Some(ErrorKind::Protocol);
        let doubtful = self.last.filter(|_| broken);
        let begun = self.begun.then(|| self.sent.pop_front()).flatten();
        let with = |progress| move |number| Unfinished { number, progress };
        doubtful
            .map(with(Progress::Doubtful))
            .into_iter()
            .chain(begun.map(|sent| with(Progress::Begun)(sent.number)))
            .chain(
                self.sent
                    .into_iter()
                    .map(move |sent| with(Progress::Unanswered)(sent.number)),
            )
            .chain(self.numbers.map(with(Progress::NotSent)))
    }
}

impl<S: Transport, I: Iterator<Item = MessageNumber>> Batch<'_, S, I> {
    /// What the server says to the next command: an event that `is_answer`, or a refusal.
    fn next(&mut self, is_answer: impl Fn(&Event<'_>) -> bool) -> Result<Option<Answer>, Error> {
        // Those in flight stay so: it is this batch that has failed.
        if let (Some(failure), false) = (self.link.failure(), self.sent.is_empty()) {
            return Err(failure.clone());
        }
        if self.begun {
            self.link.finish_reply()?;
            self.settle();
        }
        self.send_ahead()?;
        let Some(number) = self.sent.front().map(|sent| sent.number) else {
            return Ok(None);
        };
        self.link.begin_next_reply();
        let answer = self.link.answer(|event| is_answer(event).then_some(()));
        if let Some(failure) = self.link.failure() {
            return Err(failure.clone());
        }
        if self.link.client().in_flight() < self.sent.len() {
            self.sent.pop_front();
            self.last = None;
        } else {
            self.begun = true;
        }
        Ok(Some((number, answer)))
    }

    /// Sends as many commands as may be in flight.
    fn send_ahead(&mut self) -> Result<(), Error> {
        while let Some(&number) = self.numbers.peek() {
            let written = self.sent.iter().map(|sent| sent.octets).sum();
            let command = self.asking.command(number);
            let Some(octets) = self.link.enqueue(&command, written)? else {
                break;
            };
            self.sent.push_back(Sent { number, octets });
            self.numbers.next();
        }
        Ok(())
    }
}

impl<S> fmt::Debug for Fetched<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetched")
            .field("number", &self.number)
            .field("message", &self.message)
            .finish()
    }
}

impl<S, I: Iterator<Item = MessageNumber>> fmt::Debug for Messages<'_, S, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.show("Messages", f)
    }
}

impl<S, I: Iterator<Item = MessageNumber>> fmt::Debug for Marks<'_, S, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.show("Marks", f)
    }
}

impl<S, I: Iterator> Batch<'_, S, I> {
    fn show(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("asking", &self.asking)
            .field("in_flight", &self.sent.len())
            .finish_non_exhaustive()
    }
}
