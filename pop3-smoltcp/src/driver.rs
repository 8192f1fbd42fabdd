//! The core between the two rings of a TCP socket.

use pop3_proto::{Client, Command, Event, MAX_LINE, SendError, Sent};
use smoltcp::socket::tcp;

use crate::Error;

/// A POP3 session over a smoltcp TCP socket. It never blocks and allocates nothing.
///
/// The socket stays the caller's: it opens, closes and polls it.
#[derive(Clone, Debug, Default)]
pub struct Driver<const DEPTH: usize = 8, const LINE: usize = MAX_LINE> {
    client: Client<DEPTH, LINE>,
    /// The socket has been connected: if it is no more, the connection has ended.
    connected: bool,
}

impl<const DEPTH: usize, const LINE: usize> Driver<DEPTH, LINE> {
    /// A driver for a new connection.
    #[must_use]
    pub const fn new(client: Client<DEPTH, LINE>) -> Self {
        Self {
            client,
            connected: false,
        }
    }

    /// The session: its state, what it waits for, what the server can do.
    pub const fn client(&self) -> &Client<DEPTH, LINE> {
        &self.client
    }

    /// Queues a command in the socket's transmit ring: whole, in one piece, or not at all.
    ///
    /// smoltcp does not wipe its rings: a password stays there until other octets take its place.
    ///
    /// # Errors
    ///
    /// [`Error::WouldBlock`]: try again after the next poll. [`Error::NotConnected`]. [`Error::Send`]: the core refuses it
    /// now, or it does not fit into the ring, however empty. Whichever it is, nothing has changed.
    pub fn send(
        &mut self,
        socket: &mut tcp::Socket<'_>,
        command: &Command<'_>,
    ) -> Result<Sent, Error> {
        if !socket.may_send() {
            return Err(Error::NotConnected);
        }
        // What came before a command is not its reply: the core must see it first.
        if self.client.in_flight() == 0 && socket.can_recv() {
            return Err(Error::WouldBlock);
        }
        let capacity = socket.send_capacity();
        let client = &mut self.client;
        let sent = socket.send(|ring| match client.send(command, ring) {
            Ok(sent) => (sent.octets, Ok(sent)),
            // The free part of the ring that lies in one piece. It is all of the ring once that is empty.
            Err(SendError::BufferTooSmall { needed }) if needed <= capacity => {
                (0, Err(Error::WouldBlock))
            }
            Err(error) => (0, Err(Error::Send(error))),
        });
        sent.unwrap_or(Err(Error::NotConnected))
    }

    /// Shows the next event to `see`, straight out of the socket's receive ring, and returns what it makes of it.
    ///
    /// `Ok(None)` means that the ring is empty: poll the interface.
    ///
    /// # Errors
    ///
    /// [`Error::Receive`]: the server broke the protocol, or the connection ended before the session did; the session is
    /// over. [`Error::NotConnected`]: the socket has not been told to connect.
    pub fn receive<T>(
        &mut self,
        socket: &mut tcp::Socket<'_>,
        see: impl FnOnce(Event<'_>) -> T,
    ) -> Result<Option<T>, Error> {
        let mut see = Some(see);
        // Once around the end of the ring: smoltcp lends the part that lies in one piece.
        while socket.can_recv() {
            self.connected = true;
            let client = &mut self.client;
            let received = socket.recv(|ring| {
                let mut rest: &[u8] = ring;
                let event = client.receive(&mut rest);
                let taken = ring.len().saturating_sub(rest.len());
                let seen =
                    event.map(|event| event.and_then(|event| see.take().map(|see| see(event))));
                (taken, seen)
            });
            match received {
                Ok(Ok(None)) => {}
                Ok(seen) => return Ok(seen?),
                Err(tcp::RecvError::Finished | tcp::RecvError::InvalidState) => break,
            }
        }
        match socket.state() {
            tcp::State::Listen | tcp::State::SynSent | tcp::State::SynReceived => Ok(None),
            _ if socket.may_recv() => {
                self.connected = true;
                Ok(None)
            }
            _ if !self.connected => Err(Error::NotConnected),
            // The server has sent its last octet, or the connection was reset.
            _ => {
                self.client.receive_eof()?;
                Ok(None)
            }
        }
    }

    /// Gives the session up after a time-out: see [`Client::abort`]. Abort the socket too.
    pub fn abort(&mut self) {
        self.client.abort();
    }
}
