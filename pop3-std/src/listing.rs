//! Lists of messages, read line by line.

use std::collections::VecDeque;
use std::fmt;
use std::iter::FusedIterator;

use pop3_proto::{Command, CommandKind, Event, MessageNumber, Text};

use crate::blame;
use crate::error::Error;
use crate::link::Link;
use crate::transport::Transport;

/// The size of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Listing {
    /// The message.
    pub message: MessageNumber,
    /// Its size in octets as the server reckons it: good for a progress bar, and often not what RETR sends.
    pub octets: u64,
}

impl Listing {
    pub(crate) fn of(event: &Event<'_>) -> Option<Self> {
        match *event {
            Event::Listing {
                message, octets, ..
            } => Some(Self { message, octets }),
            _ => None,
        }
    }
}

/// The unique-id of a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct UniqueIdListing {
    /// The message.
    pub message: MessageNumber,
    /// Its unique-id. `None`: the server sent none for it.
    pub unique_id: Option<UniqueId>,
}

impl UniqueIdListing {
    pub(crate) fn of(event: &Event<'_>) -> Option<Self> {
        match *event {
            Event::UniqueId {
                message, unique_id, ..
            } => Some(Self {
                message,
                unique_id: unique_id.map(|id| UniqueId(id.as_bytes().into())),
            }),
            _ => None,
        }
    }
}

/// A name for a message that stays the same from session to session (RFC 1939 section 7): octets of the server's
/// choice.
///
/// Never a file name as they are: a server may send `../../x`. `Display` is safe for a terminal, but two different
/// unique-ids may print alike.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UniqueId(Box<[u8]>);

impl UniqueId {
    /// The octets as the server sent them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for UniqueId {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for UniqueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Text::new(&self.0), f)
    }
}

impl fmt::Debug for UniqueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&Text::new(&self.0), f)
    }
}

/// The sizes of all messages, line by line.
pub type Listings<'a, S> = Lines<'a, S, Listing>;

/// The unique-ids of all messages, line by line.
pub type UniqueIds<'a, S> = Lines<'a, S, UniqueIdListing>;

/// The lines of a list, as an iterator that reads them as they come.
///
/// A line that cannot be read is an error of kind [`Unreadable`](crate::ErrorKind::Unreadable), and the list goes on;
/// after any other error it is over. Without such an error, `None` means that the list is complete.
///
/// Dropped early, it leaves the rest to be read away by the next command.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/mailbox.rs"));
/// # fn main() -> Result<(), pop3_std::Error> {
/// # let mut session = log_in()?;
/// let sizes = session.list()?.collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(sizes[1].octets, 31);
/// for line in session.uidl()? {
///     let line = line?;
///     if let Some(id) = line.unique_id {
///         println!("{}: {id}", line.message);
///     }
/// }
/// # Ok(()) }
/// ```
pub struct Lines<'a, S, T> {
    link: &'a mut Link<S>,
    read: fn(&Event<'_>) -> Option<T>,
    over: bool,
}

impl<'a, S> Listings<'a, S> {
    pub(crate) fn listings(link: &'a mut Link<S>) -> Self {
        Self {
            link,
            read: Listing::of,
            over: false,
        }
    }
}

impl<'a, S> UniqueIds<'a, S> {
    pub(crate) fn unique_ids(link: &'a mut Link<S>) -> Self {
        Self {
            link,
            read: UniqueIdListing::of,
            over: false,
        }
    }
}

/// Both lists, asked for together.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/mailbox.rs"));
/// # fn main() -> Result<(), pop3_std::Error> {
/// # let mut session = log_in()?;
/// let mut lists = session.list_and_uidl()?;
/// let sizes = lists.list()?.collect::<Result<Vec<_>, _>>()?;
/// let unique_ids = lists.uidl()?.collect::<Result<Vec<_>, _>>()?;
/// assert_eq!((sizes.len(), unique_ids.len()), (2, 2));
/// # Ok(()) }
/// ```
///
/// The sizes come first. Who asks for them second, or for a list twice, has it sent once more.
///
/// Dropped early, it leaves the rest to be read away by the next command.
#[must_use = "the lists are still to be read"]
pub struct Lists<'a, S> {
    link: &'a mut Link<S>,
    /// The lists whose replies have not begun.
    due: VecDeque<CommandKind>,
}

impl<'a, S: Transport> Lists<'a, S> {
    pub(crate) fn ask(link: &'a mut Link<S>) -> Result<Self, Error> {
        let mut due = VecDeque::new();
        let mut written = 0;
        for command in [Command::List, Command::Uidl] {
            if let Some(octets) = link.enqueue(&command, written)? {
                written = octets;
                due.push_back(command.kind());
            }
        }
        Ok(Self { link, due })
    }

    /// The sizes of all messages.
    ///
    /// # Errors
    ///
    /// The server refuses, or the session is over.
    pub fn list(&mut self) -> Result<Listings<'_, S>, Error> {
        self.begin(&Command::List).map(Lines::listings)
    }

    /// The unique-ids of all messages.
    ///
    /// # Errors
    ///
    /// The server refuses, or the session is over.
    pub fn uidl(&mut self) -> Result<UniqueIds<'_, S>, Error> {
        self.begin(&Command::Uidl).map(Lines::unique_ids)
    }

    fn begin(&mut self, command: &Command<'_>) -> Result<&mut Link<S>, Error> {
        self.link.finish_reply()?;
        loop {
            match self.due.pop_front() {
                Some(list) if list == command.kind() => break,
                Some(_) => self.link.skip_reply()?,
                None => {
                    self.link.send(command)?;
                    break;
                }
            }
        }
        self.link.begin_next_reply();
        self.link
            .answer(|event| matches!(event, Event::Begin { .. }).then_some(()))?;
        Ok(self.link)
    }
}

impl<S> fmt::Debug for Lists<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lists")
            .field("due", &self.due)
            .finish_non_exhaustive()
    }
}

impl<S: Transport, T> Lines<'_, S, T> {
    /// Reads the rest away.
    ///
    /// # Errors
    ///
    /// The list did not come to its end, and the session is over.
    pub fn finish(self) -> Result<(), Error> {
        self.link.finish_reply()
    }
}

impl<S: Transport, T> Iterator for Lines<'_, S, T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let read = self.read;
        let item = self.link.next_event(|event, seen| {
            if let Event::End { .. } = event {
                return None;
            }
            Some(match blame::no_answer(event, seen) {
                Some(error) => Err(error),
                None => read(event).ok_or_else(|| blame::unexpected(seen)),
            })
        });
        let item = item.unwrap_or_else(|error| Some(Err(error)));
        self.over = item.is_none() || self.link.is_over();
        item
    }
}

impl<S: Transport, T> FusedIterator for Lines<'_, S, T> {}

impl<S, T> fmt::Debug for Lines<'_, S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines")
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}
