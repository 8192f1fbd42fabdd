//! A message, read as it comes.

use std::fmt;
use std::io::{self, BufRead, Read};

use pop3_proto::MessageNumber;

use crate::error::Error;
use crate::link::{Link, Piece};
use crate::transport::Transport;

/// A message's octets, exactly as they were sent, CRLF line ends included and dot-stuffing undone.
///
/// Reading comes to its end (`Ok(0)`) only when the whole message is there. If the connection ends before, or the
/// server takes too long, reading fails, and goes on failing; [`Error::from`] an [`io::Error`] tells why.
///
/// A server that does not stuff dots ends a message early, and what is left of it then comes where a reply should: the next
/// command fails with [`ErrorKind::Protocol`](crate::ErrorKind::Protocol). Whoever deletes what was fetched can therefore
/// ask for one more reply first, by [`Session::noop`](crate::Session::noop) or by fetching the next message.
///
/// [`BufRead`] lends the octets from the receive buffer, without copying them.
///
/// Dropped early, it leaves the rest to be read away by the next command.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/mailbox.rs"));
/// # fn main() -> Result<(), pop3_std::Error> {
/// use std::io::BufRead;
/// use pop3_std::MessageNumber;
///
/// # let mut session = log_in()?;
/// let message = session.retr(MessageNumber::FIRST)?;
/// for line in message.lines() {
///     println!("{}", line?);
/// }
/// # Ok(()) }
/// ```
#[must_use = "the message is still to be read"]
pub struct Message<'a, S> {
    link: &'a mut Link<S>,
    number: MessageNumber,
    piece: Piece,
}

impl<'a, S> Message<'a, S> {
    pub(crate) fn new(link: &'a mut Link<S>, number: MessageNumber) -> Self {
        Self {
            link,
            number,
            piece: Piece::Received(0..0),
        }
    }

    /// Its number in this session.
    pub fn number(&self) -> MessageNumber {
        self.number
    }
}

impl<S: Transport> Message<'_, S> {
    /// Reads the rest away.
    ///
    /// # Errors
    ///
    /// The message did not come to its end, and the session is over.
    pub fn finish(self) -> Result<(), Error> {
        self.link.finish_reply()
    }

    fn octets(&self) -> &[u8] {
        match &self.piece {
            Piece::Received(range) => self.link.received(range.clone()),
            Piece::Other(octets) => octets,
            Piece::End => &[],
        }
    }
}

impl<S: Transport> BufRead for Message<'_, S> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.octets().is_empty() && !matches!(self.piece, Piece::End) {
            self.piece = self.link.next_piece()?;
        }
        Ok(self.octets())
    }

    fn consume(&mut self, count: usize) {
        match &mut self.piece {
            Piece::Received(range) => {
                range.start = range.start.saturating_add(count).min(range.end);
            }
            Piece::Other(octets) => {
                octets.drain(..count.min(octets.len()));
            }
            Piece::End => {}
        }
    }
}

impl<S: Transport> Read for Message<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let mut octets = self.fill_buf()?;
        let count = octets.read(buffer)?;
        self.consume(count);
        Ok(count)
    }

    /// Appends whole pieces, where reading by way of a buffer would copy twice and zero it first.
    fn read_to_end(&mut self, all: &mut Vec<u8>) -> io::Result<usize> {
        let before = all.len();
        loop {
            let octets = self.fill_buf()?;
            if octets.is_empty() {
                return Ok(all.len().saturating_sub(before));
            }
            all.extend_from_slice(octets);
            let count = octets.len();
            self.consume(count);
        }
    }
}

impl<S> fmt::Debug for Message<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("number", &self.number)
            .field("complete", &matches!(self.piece, Piece::End))
            .finish_non_exhaustive()
    }
}
