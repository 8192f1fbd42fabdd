//! Lists of messages, read line by line.

use std::fmt;
use std::iter::FusedIterator;

use pop3_proto::{Event, MessageNumber, Text};

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
