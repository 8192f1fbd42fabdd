//! A session: the core between the rings of the socket, with a time-out, and a loop that runs the network meanwhile.

use pop3_proto::login::{Login, Next, Opening, Security};
use pop3_proto::{Client, Command, Deadline, Event, SendError};
use semihosting::println;
use smoltcp::phy::Device;
use smoltcp::socket::tcp;
use smoltcp::wire::IpEndpoint;

use crate::network::Network;
use crate::{Failure, clock, toy};

/// One command is in flight at a time, and of a reply line that is split so many octets are kept: of what comes from the
/// server only a challenge of SCRAM may be longer than the 80 that a unique-id takes.
type SmallClient = Client<1, 256>;

/// A session over the network's socket.
#[allow(missing_debug_implementations, reason = "the network has none")]
pub struct Session<'n, 'm, D: Device> {
    network: &'n mut Network<'m, D>,
    client: SmallClient,
    timeout: u64,
    deadline: Deadline,
}

impl<'n, 'm, D: Device> Session<'n, 'm, D> {
    /// Connects. The server may then be silent for so many milliseconds at a time.
    ///
    /// # Errors
    ///
    /// [`Failure::Unreachable`], [`Failure::TimedOut`].
    pub fn connect(
        network: &'n mut Network<'m, D>,
        server: IpEndpoint,
        timeout: u64,
    ) -> Result<Self, Failure> {
        let (socket, context) = network.socket_and_context();
        socket
            .connect(context, server, toy::local_port())
            .map_err(|_| Failure::Unreachable)?;
        let deadline = Deadline::after(clock::now(), Some(timeout));
        while !network.socket().may_send() {
            match network.socket().state() {
                tcp::State::Closed => return Err(Failure::Unreachable),
                _ if deadline.has_passed(clock::now()) => return Err(Failure::TimedOut(None)),
                _ => network.turn(),
            }
        }
        Ok(Self {
            network,
            client: SmallClient::new(),
            timeout,
            deadline: Deadline::NEVER,
        })
    }

    /// Receives the greeting, and says whether APOP may be tried. There is no TLS here.
    ///
    /// # Errors
    ///
    /// [`Failure::Opening`], and those of the connection.
    pub fn open(&mut self, security: Security) -> Result<bool, Failure> {
        let mut opening = Opening::new(security);
        loop {
            match opening.next_step() {
                Next::Receive => self.receive(&mut |event| opening.observe(event))?,
                Next::Send(command) => {
                    self.send(&command)?;
                    opening.sent();
                }
                Next::Finished(opened) => {
                    return opened
                        .map(|()| opening.offers_apop())
                        .map_err(Failure::Opening);
                }
                Next::StartTls => return Err(Failure::NoTls),
            }
        }
    }

    /// Logs in, and says how.
    ///
    /// # Errors
    ///
    /// [`Failure::Login`], and those of the connection.
    pub fn log_in(&mut self, mut login: Login<'_>) -> Result<(), Failure> {
        loop {
            match login.next_step() {
                Next::Receive => self.receive(&mut |event| {
                    if let Event::Rejected { request, text } = event {
                        println!("refused {request}: {text}");
                    }
                    login.observe(event);
                })?,
                Next::Send(command) => {
                    self.send(&command)?;
                    login.sent();
                }
                Next::Finished(Ok(report)) => {
                    println!("login {report}");
                    return Ok(());
                }
                Next::Finished(Err(failure)) => return Err(Failure::Login(failure)),
                Next::StartTls => return Err(Failure::NoTls),
            }
        }
    }

    /// Sends a command and shows the events of its reply, to the last.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`], and those of the connection.
    pub fn command(
        &mut self,
        command: &Command<'_>,
        see: &mut dyn FnMut(&Event<'_>),
    ) -> Result<(), Failure> {
        self.send(command)?;
        let mut rejected = None;
        while self.client.in_flight() > 0 {
            self.receive(&mut |event| {
                if let Event::Rejected { request, text } = event {
                    println!("refused {request}: {text}");
                    rejected = Some(Failure::Rejected(request.kind));
                }
                see(event);
            })?;
        }
        rejected.map_or(Ok(()), Err)
    }

    /// Queues a command: whole, as soon as it fits.
    fn send(&mut self, command: &Command<'_>) -> Result<(), Failure> {
        self.deadline = Deadline::after(clock::now(), Some(self.timeout));
        loop {
            let (client, socket) = (&mut self.client, self.network.socket());
            let capacity = socket.send_capacity();
            let sent = socket.send(|ring| match client.send(command, ring) {
                Ok(sent) => (sent.octets, Ok(())),
                Err(error) => (0, Err(error)),
            });
            match sent {
                Ok(Ok(())) => return Ok(()),
                // The free part of the ring that is in one piece. It is all of the ring once that is empty.
                Ok(Err(SendError::BufferTooSmall { needed })) if needed <= capacity => {
                    self.wait()?
                }
                Ok(Err(error)) => return Err(Failure::Send(error)),
                Err(tcp::SendError::InvalidState) => return Err(self.ended()),
            }
        }
    }

    /// Shows the next event, which borrows the ring.
    fn receive(&mut self, see: &mut dyn FnMut(&Event<'_>)) -> Result<(), Failure> {
        loop {
            let (client, socket) = (&mut self.client, self.network.socket());
            let seen = socket.recv(|ring| {
                let (length, mut rest) = (ring.len(), &*ring);
                let seen = client.receive(&mut rest).map(|event| {
                    if let Some(event) = &event {
                        see(event);
                    }
                    event.is_some()
                });
                (length - rest.len(), (length, seen))
            });
            match seen {
                Ok((0, Ok(_))) => self.wait()?,
                Ok((_, seen)) => {
                    self.deadline = Deadline::after(clock::now(), Some(self.timeout));
                    if seen? {
                        return Ok(());
                    }
                }
                Err(tcp::RecvError::Finished | tcp::RecvError::InvalidState) => {
                    return Err(self.ended());
                }
            }
        }
    }

    /// Lets the network run, unless the server has been silent for too long.
    fn wait(&mut self) -> Result<(), Failure> {
        if self.deadline.has_passed(clock::now()) {
            let waiting = self.client.waiting_for();
            self.client.abort();
            self.network.socket().abort();
            return Err(Failure::TimedOut(waiting));
        }
        self.network.turn();
        Ok(())
    }

    /// The server will send nothing more.
    fn ended(&mut self) -> Failure {
        match self.client.receive_eof() {
            Ok(()) => Failure::Lost(None),
            Err(error) => error.into(),
        }
    }

    /// Closes the connection, and waits until the server knows.
    pub fn close(&mut self) {
        self.network.socket().close();
        self.deadline = Deadline::after(clock::now(), Some(self.timeout));
        while self.network.socket().is_active()
            && self.network.socket().state() != tcp::State::TimeWait
        {
            if self.wait().is_err() {
                return;
            }
        }
    }
}
