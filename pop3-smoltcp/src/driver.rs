//! The core between the two rings of a TCP socket.

use pop3_proto::{Client, Command, Event, MAX_COMMAND, MAX_LINE, Sent};
use smoltcp::socket::tcp;
use zeroize::Zeroize as _;

use crate::Error;

/// A POP3 session over a smoltcp TCP socket. It never blocks and allocates nothing: each call makes one attempt.
///
/// The socket stays the caller's: it opens, closes and polls it.
#[derive(Debug, Default)]
pub struct Driver<const DEPTH: usize = 8, const LINE: usize = MAX_LINE> {
    client: Client<DEPTH, LINE>,
}

impl<const DEPTH: usize, const LINE: usize> Driver<DEPTH, LINE> {
    /// A driver for a new connection.
    #[must_use]
    pub const fn new(client: Client<DEPTH, LINE>) -> Self {
        Self { client }
    }

    /// The session: its state, what it waits for, what the server can do.
    pub const fn client(&self) -> &Client<DEPTH, LINE> {
        &self.client
    }

    /// Queues a command in the socket's transmit ring, whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] with [`BufferTooSmall`](pop3_proto::SendError::BufferTooSmall) when the ring has no room for it
    /// now, or when it is longer than [`MAX_COMMAND`]; any other reason for which the core refuses it; and
    /// [`Error::NotConnected`]. The session is as it was.
    pub fn send(
        &mut self,
        socket: &mut tcp::Socket<'_>,
        command: &Command<'_>,
    ) -> Result<Sent, Error> {
        if !socket.may_send() {
            return Err(Error::NotConnected);
        }
        // The ring's free part may lie in two pieces, so the command is made here first.
        let mut line = [0; MAX_COMMAND];
        let room = socket.send_capacity().saturating_sub(socket.send_queue());
        let room = room.min(MAX_COMMAND);
        let result = self
            .client
            .send(command, line.get_mut(..room).unwrap_or_default());
        if let Ok(sent) = result {
            // Cannot fall short: the room was measured, and the socket may send.
            let _ = socket.send_slice(line.get(..sent.octets).unwrap_or_default());
        }
        line.zeroize();
        Ok(result?)
    }

    /// Lends the next event, straight out of the socket's receive ring. `Ok(None)`: poll the interface, and try again.
    ///
    /// # Errors
    ///
    /// The server broke the protocol, or the connection ended before the session did. The session is over.
    pub fn receive<'s, 'b: 's>(
        &'s mut self,
        socket: &'b mut tcp::Socket<'_>,
    ) -> Result<Option<Event<'s>>, Error> {
        match socket.state() {
            tcp::State::Listen | tcp::State::SynSent | tcp::State::SynReceived => return Ok(None),
            _ if socket.may_recv() => {}
            // The server has sent its last octet, or the connection was reset.
            _ => {
                self.client.receive_eof()?;
                return Ok(None);
            }
        }
        let client = &mut self.client;
        let received = socket.recv(move |ring: &'b mut [u8]| {
            let (total, mut rest): (usize, &'b [u8]) = (ring.len(), ring);
            let event = client.receive(&mut rest);
            (total.saturating_sub(rest.len()), event)
        });
        match received {
            Ok(event) => Ok(event?),
            Err(tcp::RecvError::Finished | tcp::RecvError::InvalidState) => {
                Err(Error::NotConnected)
            }
        }
    }

    /// Gives the session up after a time-out: see [`Client::abort`]. Abort the socket too.
    pub fn abort(&mut self) {
        self.client.abort();
    }
}
