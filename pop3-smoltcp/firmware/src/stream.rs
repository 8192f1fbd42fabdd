//! A TCP connection as a stream that blocks: what libraries for TLS want. It lets the network run while it waits, and waits no
//! longer than it may.

use core::cell::Cell;

use embedded_io::{BufRead, ErrorKind, ErrorType, Read, Write};
use pop3_smoltcp::pop3_proto::Deadline;
use smoltcp::phy::Device;
use smoltcp::socket::tcp::{Socket, State};
use smoltcp::wire::IpEndpoint;

use crate::network::Network;
use crate::{Failure, clock, toy};

/// A stream that says goodbye in its own way.
pub trait Close {
    /// Tells the server that nothing more comes, and waits until the server has said the same, but no longer than it may.
    fn close(self);
}

/// The network's socket as a stream. Dropping it drops the connection.
#[allow(missing_debug_implementations, reason = "the network has none")]
pub struct TcpStream<'n, 'm, D: Device> {
    network: &'n mut Network<'m, D>,
    /// Until when a call may wait. Who drives the session sets it, whatever stands between.
    deadline: &'n Cell<Deadline>,
}

impl<'n, 'm, D: Device> TcpStream<'n, 'm, D> {
    /// Begins a connection.
    ///
    /// # Errors
    ///
    /// [`Failure::Connect`].
    pub fn connect(
        network: &'n mut Network<'m, D>,
        server: IpEndpoint,
        deadline: &'n Cell<Deadline>,
    ) -> Result<Self, Failure> {
        let (socket, context) = network.socket_and_context();
        socket
            .connect(context, server, toy::local_port())
            .map_err(Failure::Connect)?;
        Ok(Self { network, deadline })
    }

    /// Waits until the connection stands.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ConnectionRefused`], [`ErrorKind::TimedOut`].
    pub fn stands(&mut self) -> Result<(), ErrorKind> {
        self.wait(|socket| socket.may_send() || socket.may_recv() || is_over(socket))?;
        // One that has been closed since may have left something to be read.
        if is_over(self.network.socket()) && !self.network.socket().can_recv() {
            return Err(ErrorKind::ConnectionRefused);
        }
        Ok(())
    }

    /// Lets the network run until there is something to be read or the server has ended the connection.
    fn wait_to_read(&mut self) -> Result<(), ErrorKind> {
        self.wait(|socket| socket.can_recv() || !socket.may_recv())
    }

    /// Lets the network run until this is so.
    fn wait(&mut self, mut is_so: impl FnMut(&mut Socket<'m>) -> bool) -> Result<(), ErrorKind> {
        while !is_so(self.network.socket()) {
            if self.deadline.get().has_passed(clock::now()) {
                return Err(ErrorKind::TimedOut);
            }
            self.network.turn();
        }
        Ok(())
    }
}

/// The connection was refused, reset, or closed by both sides.
fn is_over(socket: &Socket<'_>) -> bool {
    matches!(socket.state(), State::Closed | State::TimeWait)
}

impl<D: Device> ErrorType for TcpStream<'_, '_, D> {
    type Error = ErrorKind;
}

impl<D: Device> BufRead for TcpStream<'_, '_, D> {
    fn fill_buf(&mut self) -> Result<&[u8], ErrorKind> {
        self.wait_to_read()?;
        // What it refuses to give is the end.
        Ok(self.network.socket().peek(usize::MAX).unwrap_or_default())
    }

    fn consume(&mut self, octets: usize) {
        // What has been peeked at is there.
        let _ = self.network.socket().recv(|_| (octets, ()));
    }
}

impl<D: Device> Read for TcpStream<'_, '_, D> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, ErrorKind> {
        self.wait_to_read()?;
        Ok(self.network.socket().recv_slice(into).unwrap_or(0))
    }
}

impl<D: Device> Write for TcpStream<'_, '_, D> {
    fn write(&mut self, octets: &[u8]) -> Result<usize, ErrorKind> {
        self.wait(|socket| socket.can_send() || is_over(socket))?;
        self.network
            .socket()
            .send_slice(octets)
            .map_err(|_| ErrorKind::ConnectionReset)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        // It is sent while the answer is waited for.
        Ok(())
    }
}

impl<D: Device> Close for TcpStream<'_, '_, D> {
    fn close(mut self) {
        self.network.socket().close();
        // A server that does not close it is reset, which is no error.
        let _ = self.wait(|socket| is_over(socket));
    }
}

impl<D: Device> Drop for TcpStream<'_, '_, D> {
    fn drop(&mut self) {
        if !is_over(self.network.socket()) {
            self.network.socket().abort();
            // The reset is sent.
            self.network.turn();
        }
    }
}
