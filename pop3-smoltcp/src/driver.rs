//! The session between the two rings of a TCP socket.

use core::task::Poll;

use pop3_proto::login::LoginReport;
use pop3_proto::{Client, Command, CommandKind, Config, Event, MAX_LINE, SendError, Sent};
use smoltcp::iface::Context;
use smoltcp::socket::tcp;
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{IpEndpoint, IpListenEndpoint};
use zeroize::Zeroize as _;

use crate::outbox::Outbox;
use crate::session::Due;
use crate::{Error, Session, Step, Timeouts, WayIn};

/// A POP3 session over a smoltcp TCP socket. It never blocks and allocates nothing.
///
/// The socket stays the caller's, and is lent to each call; always the same one as long as a connection lasts. Each call does
/// what can be done at once: [`Poll::Pending`] means that the interface has to be polled first, and that
/// [`poll_delay`](Self::poll_delay) says how soon at the latest. The crate's documentation has the loop.
///
/// When the session breaks, the socket is aborted, and every call gives the same error until [`connect`](Self::connect) begins
/// another connection, with the same socket or with another one.
///
/// `DEPTH` and `LINE` are those of [`Client`]. Commands are written straight into the socket's transmit ring, whole. A ring that
/// is smaller than a command needs `OUT`, the octets of the longest command, from which it is then sent bit by bit:
/// [`MAX_COMMAND`](pop3_proto::MAX_COMMAND) does for all but very long names and passwords. With 0, which is the default, such
/// a command is refused.
#[derive(Clone, Debug, Default)]
pub struct Driver<const DEPTH: usize = 8, const LINE: usize = MAX_LINE, const OUT: usize = 0> {
    session: Session<DEPTH, LINE>,
    outbox: Outbox<OUT>,
    /// There is a secret in the transmit ring, or in what is left in it of what was sent.
    secret_in_ring: bool,
}

impl<const DEPTH: usize, const LINE: usize, const OUT: usize> Driver<DEPTH, LINE, OUT> {
    /// A driver without a connection.
    #[must_use]
    pub const fn new(config: Config, timeouts: Timeouts) -> Self {
        Self::with_session(Session::new(config, timeouts))
    }

    /// A driver that carries a session on.
    #[must_use]
    pub const fn with_session(session: Session<DEPTH, LINE>) -> Self {
        Self {
            session,
            outbox: Outbox::new(),
            secret_in_ring: false,
        }
    }

    /// The session, to be carried on over something else: after [`Error::TlsNeeded`], inside TLS.
    #[must_use]
    pub fn into_session(self) -> Session<DEPTH, LINE> {
        self.session
    }

    /// The client: its state, what it waits for, what the server can do.
    pub const fn client(&self) -> &Client<DEPTH, LINE> {
        self.session.client()
    }

    /// Begins a connection: tells the socket to [connect](tcp::Socket::connect), and forgets all that is known from one before.
    ///
    /// The local port should be another one each time, so that a server which has not forgotten the last connection yet takes
    /// this one for what it is.
    ///
    /// # Errors
    ///
    /// What the socket says; nothing has changed. A socket that is still open has to be [aborted](Self::abort) first.
    pub fn connect(
        &mut self,
        socket: &mut tcp::Socket<'_>,
        context: &mut Context,
        remote: impl Into<IpEndpoint>,
        local: impl Into<IpListenEndpoint>,
        now: Instant,
    ) -> Result<(), tcp::ConnectError> {
        socket.connect(context, remote, local)?;
        self.start(now);
        Ok(())
    }

    /// The same for a socket that somebody else has told to connect, whether or not the connection stands already.
    pub fn start(&mut self, now: Instant) {
        self.outbox.clear();
        self.session.start(milliseconds(now));
    }

    /// Goes on with the way in, as far as it goes now, and shows each event to `see`, in which the server's words are.
    ///
    /// # Errors
    ///
    /// [`Error::Opening`] and [`Error::LogIn`]: nobody is logged in; see there what becomes of the session. [`Error::Send`]: the
    /// credentials cannot be sent, or a command does not fit into the transmit ring. [`Error::TlsNeeded`]: see there. Or what
    /// ended the session.
    pub fn log_in(
        &mut self,
        socket: &mut tcp::Socket<'_>,
        way_in: &mut WayIn<'_>,
        now: Instant,
        mut see: impl FnMut(&Event<'_>),
    ) -> Poll<Result<LoginReport, Error>> {
        loop {
            let mut seen = |event: Event<'_>| {
                way_in.observe(&event);
                see(&event);
            };
            // What is there already comes first.
            if self.attend(socket, now, &mut seen)?.is_some() {
                continue;
            }
            if self.session.is_connecting() {
                return Poll::Pending;
            }
            let command = match self.session.due(way_in, milliseconds(now)) {
                Ok(Due::Command(command)) => command,
                Ok(Due::Step(Step::LoggedIn(report))) => return Poll::Ready(Ok(report)),
                Ok(Due::Step(Step::StartTls)) => return Poll::Ready(Err(Error::TlsNeeded)),
                Ok(Due::Step(Step::Receive | Step::Write(_))) => return Poll::Pending,
                Err(error) => return self.settle(socket, Poll::Ready(Err(error))),
            };
            let sent = self.transmit(socket, now, |session, out| {
                let sent = session.send(&command, milliseconds(now), out)?;
                Ok((sent.octets, sent))
            });
            match self.settle(socket, sent) {
                Poll::Ready(Ok(_)) => way_in.sent(),
                Poll::Ready(Err(error)) => {
                    if let Error::Send(_) = error {
                        // It will not be sent later either.
                        self.session.end_log_in();
                    }
                    return Poll::Ready(Err(error));
                }
                Poll::Pending => return Poll::Pending,
            }
            // Most of what is sent on the way in is secret, or made from a secret.
            self.secret_in_ring = true;
        }
    }

    /// Queues a command in the socket's transmit ring: whole, in one piece, or not at all.
    ///
    /// `Pending` means that nothing has changed, and that it is to be tried again: octets have been received that must be seen
    /// first ([`poll`](Self::poll) until that is `Pending` too), since what came before a command is no answer to it; or the
    /// ring has no room yet.
    ///
    /// # Errors
    ///
    /// [`Error::Send`]: the client refuses the command, for one because there are `DEPTH` in flight, whose replies have to be
    /// read first ([`SendError`](pop3_proto::SendError) says which); or it will never fit into the transmit ring. Nothing has changed. Or
    /// what ended the session.
    pub fn send(
        &mut self,
        socket: &mut tcp::Socket<'_>,
        command: &Command<'_>,
        now: Instant,
    ) -> Poll<Result<Sent, Error>> {
        if socket.can_recv() && !self.session.is_broken() {
            return Poll::Pending;
        }
        let sent = self.transmit(socket, now, |session, out| {
            let sent = session.send(command, milliseconds(now), out)?;
            Ok((sent.octets, sent))
        });
        if let (
            Poll::Ready(Ok(_)),
            CommandKind::Pass | CommandKind::Apop | CommandKind::Auth | CommandKind::Response,
        ) = (&sent, command.kind())
        {
            self.secret_in_ring = true;
        }
        self.settle(socket, sent)
    }

    /// Shows the next event to `see`, straight out of the socket's receive ring, and returns what that makes of it. `None` means
    /// that session and connection have ended as they should.
    ///
    /// # Errors
    ///
    /// What ended the session. [`Error::NotConnected`]: [`connect`](Self::connect) has not been called yet.
    pub fn poll<T>(
        &mut self,
        socket: &mut tcp::Socket<'_>,
        now: Instant,
        see: impl FnOnce(Event<'_>) -> T,
    ) -> Poll<Result<Option<T>, Error>> {
        match self.attend(socket, now, see)? {
            Some(seen) => Poll::Ready(Ok(Some(seen))),
            None if self.session.is_closed() => self.close(socket, now).map(|()| Ok(None)),
            None => Poll::Pending,
        }
    }

    /// How long the caller may sleep, as far as the session is concerned; `None`: until a packet comes. To be asked last before
    /// sleeping, together with [`Interface::poll_delay`](smoltcp::iface::Interface::poll_delay).
    pub fn poll_delay(&self, socket: &tcp::Socket<'_>, now: Instant) -> Option<Duration> {
        if socket.can_recv() {
            return Some(Duration::ZERO);
        }
        let left = self.session.deadline().remaining(milliseconds(now));
        left.map(Duration::from_millis)
    }

    /// Gives the session up, if it has not ended, and drops the connection. Nothing is deleted.
    pub fn abort(&mut self, socket: &mut tcp::Socket<'_>) {
        self.session.abort();
        self.drop_connection(socket);
    }

    /// Does all that is due but sending, and shows an event, if there is one.
    fn attend<T>(
        &mut self,
        socket: &mut tcp::Socket<'_>,
        now: Instant,
        see: impl FnOnce(Event<'_>) -> T,
    ) -> Result<Option<T>, Error> {
        let seen = self.try_attend(socket, milliseconds(now), see);
        if self.session.is_broken() {
            self.drop_connection(socket);
        }
        seen
    }

    /// By itself, so that the stack that it takes is free when a command is encoded.
    #[inline(never)]
    fn try_attend<T>(
        &mut self,
        socket: &mut tcp::Socket<'_>,
        now: u64,
        see: impl FnOnce(Event<'_>) -> T,
    ) -> Result<Option<T>, Error> {
        match socket.state() {
            tcp::State::Listen | tcp::State::SynSent | tcp::State::SynReceived => {}
            // Refused; or, if there is something to receive, closed since.
            tcp::State::Closed if !socket.can_recv() => {}
            _ => self.session.connected(now),
        }
        self.flush(socket);
        if socket.send_queue() == 0 {
            self.session.room();
            self.wipe(socket);
        }
        let mut see = Some(see);
        // Once around the end of the ring: smoltcp lends the part that lies in one piece.
        while socket.can_recv() {
            let (session, see) = (&mut self.session, &mut see);
            let logging_in = session.is_logging_in();
            let received = socket.recv(|ring| {
                let mut rest: &[u8] = ring;
                let seen =
                    session.receive(&mut rest, now, |event| see.take().map(|see| see(event)));
                let taken = ring.len().saturating_sub(rest.len());
                // There are servers that repeat the password.
                if let (true, Some(taken)) = (logging_in, ring.get_mut(..taken)) {
                    taken.zeroize();
                }
                (taken, seen)
            });
            match received {
                Ok(seen) => {
                    if let Some(seen) = seen?.flatten() {
                        return Ok(Some(seen));
                    }
                }
                Err(tcp::RecvError::Finished | tcp::RecvError::InvalidState) => break,
            }
        }
        match socket.state() {
            tcp::State::Listen | tcp::State::SynSent | tcp::State::SynReceived => {}
            _ if socket.may_recv() => {}
            // The server has sent its last octet, or the connection was reset, or there never was one.
            _ => self.session.ended()?,
        }
        self.session.check_time(now)?;
        Ok(None)
    }

    /// Puts what `encode` writes into the transmit ring: in one piece if the ring is large enough, and else by way of the
    /// outbox.
    fn transmit<T>(
        &mut self,
        socket: &mut tcp::Socket<'_>,
        now: Instant,
        mut encode: impl FnMut(&mut Session<DEPTH, LINE>, &mut [u8]) -> Result<(usize, T), Error>,
    ) -> Poll<Result<T, Error>> {
        self.flush(socket);
        if !self.outbox.pending().is_empty() {
            return Poll::Pending;
        }
        let session = &mut self.session;
        let written = socket.send(|ring| match encode(session, ring) {
            Ok((octets, result)) => (octets, Ok(result)),
            Err(error) => (0, Err(error)),
        });
        let result = match written {
            Ok(result) => result,
            // Not connected yet, or no more: then there is nothing to be sent, but there may be a reason.
            Err(tcp::SendError::InvalidState) => encode(session, &mut []).map(|(_, result)| result),
        };
        match result {
            // The free part of the ring that lies in one piece. It is all of the ring once that is empty.
            Err(Error::Send(SendError::BufferTooSmall { needed }))
                if needed <= socket.send_capacity() =>
            {
                self.session.no_room(milliseconds(now));
                Poll::Pending
            }
            Err(Error::Send(SendError::BufferTooSmall { needed })) if needed <= OUT => {
                let (octets, result) = encode(&mut self.session, self.outbox.room())?;
                self.outbox.fill(octets);
                self.flush(socket);
                Poll::Ready(Ok(result))
            }
            result => Poll::Ready(result),
        }
    }

    /// Passes a result on, and drops the connection if the session broke of it.
    fn settle<T>(
        &mut self,
        socket: &mut tcp::Socket<'_>,
        result: Poll<Result<T, Error>>,
    ) -> Poll<Result<T, Error>> {
        if self.session.is_broken() {
            self.drop_connection(socket);
        }
        result
    }

    /// Moves what it can from the outbox into the transmit ring.
    fn flush(&mut self, socket: &mut tcp::Socket<'_>) {
        while !self.outbox.pending().is_empty() {
            match socket.send_slice(self.outbox.pending()) {
                Ok(octets @ 1..) => self.outbox.sent(octets),
                Ok(0) | Err(_) => break,
            }
        }
    }

    /// Wipes the transmit ring, which is empty: smoltcp then lends the whole of it.
    fn wipe(&mut self, socket: &mut tcp::Socket<'_>) {
        if self.secret_in_ring {
            let wiped = socket.send(|ring| {
                ring.zeroize();
                (0, ())
            });
            self.secret_in_ring = wiped.is_err();
        }
    }

    /// The session has ended: closes the connection too. A server that does not is not waited for longer than for its reply to
    /// QUIT.
    fn close(&mut self, socket: &mut tcp::Socket<'_>, now: Instant) -> Poll<()> {
        if self.session.deadline().has_passed(milliseconds(now)) {
            self.drop_connection(socket);
        }
        match socket.state() {
            tcp::State::Closed | tcp::State::TimeWait => {
                self.session.closed();
                Poll::Ready(())
            }
            _ => {
                socket.close();
                Poll::Pending
            }
        }
    }

    /// Resets the connection, if there is one, and wipes what cannot be reached any more afterwards.
    fn drop_connection(&mut self, socket: &mut tcp::Socket<'_>) {
        self.outbox.clear();
        if socket.send_queue() == 0 {
            self.wipe(socket);
        }
        while socket.can_recv() {
            let wiped = socket.recv(|ring| {
                ring.zeroize();
                (ring.len(), ())
            });
            if wiped.is_err() {
                break;
            }
        }
        if socket.is_open() {
            socket.abort();
        }
    }
}

/// On the session's clock. smoltcp's may stand at less than nothing, but not for long.
fn milliseconds(now: Instant) -> u64 {
    u64::try_from(now.total_millis()).unwrap_or(0)
}
