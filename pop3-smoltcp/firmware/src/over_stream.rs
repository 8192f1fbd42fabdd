//! A session over any stream that blocks, of the traits of `embedded-io`: TLS here, and as well PPP or a modem.

use core::cell::Cell;

use embedded_io::{BufRead, ErrorKind, Write};
use embedded_tls::TlsError;
use pop3_smoltcp::pop3_proto::{Command, Config, Deadline, Event, MAX_COMMAND};
use pop3_smoltcp::{Step, Timeouts, WayIn};
use semihosting::println;
use smoltcp::phy::Device;
use smoltcp::wire::IpEndpoint;
use zeroize::Zeroize as _;

use crate::network::Network;
use crate::session::{Session, show_refusal};
use crate::stream::{Close, TcpStream};
use crate::{Failure, clock};

/// A session, and the stream it goes over.
#[derive(Debug)]
pub struct StreamSession<'d, S> {
    session: pop3_smoltcp::Session<1, 256>,
    stream: S,
    /// For the stream: until when it may wait.
    deadline: &'d Cell<Deadline>,
    /// The stream still lends octets that the session has not seen.
    more: bool,
}

/// How far the way in goes over this stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "TLS may have to begin"]
pub enum Way {
    /// To where TLS begins.
    StartTls,
    /// To its end.
    LoggedIn,
}

/// Why a stream moves nothing.
#[derive(Clone, Copy, Debug)]
pub enum Broken {
    /// The deadline has passed.
    TimedOut,
    /// The connection has ended.
    Ended,
    /// TLS says so.
    Tls(TlsError),
}

impl From<ErrorKind> for Broken {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Ended,
        }
    }
}

impl From<TlsError> for Broken {
    fn from(error: TlsError) -> Self {
        match error {
            TlsError::Io(ErrorKind::InvalidData) => Self::Tls(TlsError::InvalidRecord),
            TlsError::Io(kind) => kind.into(),
            // With its own alert, or without: the session knows whether it is the time for it.
            TlsError::ConnectionClosed | TlsError::IoError => Self::Ended,
            error => Self::Tls(error),
        }
    }
}

impl<'n, 'm, D: Device> StreamSession<'n, TcpStream<'n, 'm, D>> {
    /// Makes the connection.
    ///
    /// # Errors
    ///
    /// [`Failure::Connect`], [`Failure::Session`].
    pub fn connect(
        network: &'n mut Network<'m, D>,
        server: IpEndpoint,
        deadline: &'n Cell<Deadline>,
        timeouts: Timeouts,
    ) -> Result<Self, Failure> {
        let mut session = pop3_smoltcp::Session::new(Config::new(), timeouts);
        session.start(clock::now());
        deadline.set(session.deadline());
        let mut stream = TcpStream::connect(network, server, deadline)?;
        stream
            .stands()
            .map_err(|error| ended(&mut session, error.into()))?;
        session.connected(clock::now());
        Ok(Self {
            session,
            stream,
            deadline,
            more: false,
        })
    }
}

impl<'d, S: BufRead + Write> StreamSession<'d, S>
where
    Broken: From<S::Error>,
{
    /// Goes the way in, as far as it goes over this stream.
    ///
    /// # Errors
    ///
    /// [`Failure::Session`], [`Failure::Tls`].
    pub fn log_in(&mut self, way_in: &mut WayIn<'_>) -> Result<Way, Failure> {
        let mut out = [0; MAX_COMMAND];
        loop {
            match self.session.log_in(way_in, clock::now(), &mut out)? {
                Step::Write(sent) => self.write(&mut out, sent.octets)?,
                Step::Receive => {
                    self.receive(|event| {
                        show_refusal(&event);
                        way_in.observe(&event);
                    })?;
                    // What has come before the next command is no answer to it.
                    while self.more {
                        self.receive(|event| way_in.observe(&event))?;
                    }
                }
                Step::StartTls => return Ok(Way::StartTls),
                Step::LoggedIn(report) => {
                    println!("login {report}");
                    return Ok(Way::LoggedIn);
                }
            }
        }
    }

    /// Does the TLS handshake, and carries the session on over what comes out of it.
    ///
    /// # Errors
    ///
    /// [`Failure::Session`], [`Failure::Tls`].
    pub fn start_tls<T>(
        mut self,
        way_in: &mut WayIn<'_>,
        handshake: impl FnOnce(S) -> Result<T, TlsError>,
    ) -> Result<StreamSession<'d, T>, Failure> {
        self.deadline.set(self.session.deadline());
        let stream =
            handshake(self.stream).map_err(|error| ended(&mut self.session, error.into()))?;
        // embedded-tls gives out nothing that SCRAM could be bound to.
        self.session.tls_established(way_in, None, clock::now())?;
        Ok(StreamSession {
            session: self.session,
            stream,
            deadline: self.deadline,
            more: false,
        })
    }

    /// Waits for octets, and shows the event in them, if there is one.
    fn receive<T>(&mut self, see: impl FnOnce(Event<'_>) -> T) -> Result<Option<T>, Failure> {
        self.deadline.set(self.session.deadline());
        let octets = match self.stream.fill_buf() {
            Ok(octets) if !octets.is_empty() => octets,
            Ok(_) => return Err(ended(&mut self.session, Broken::Ended)),
            Err(error) => return Err(ended(&mut self.session, error.into())),
        };
        let mut rest = octets;
        let seen = self.session.receive(&mut rest, clock::now(), see);
        let taken = octets.len() - rest.len();
        self.more = !rest.is_empty();
        self.stream.consume(taken);
        if let Ok(None) = seen {
            self.session.check_time(clock::now())?;
        }
        Ok(seen?)
    }

    /// Writes the octets at the beginning of `out`, and wipes them.
    fn write(&mut self, out: &mut [u8], octets: usize) -> Result<(), Failure> {
        self.deadline.set(self.session.deadline());
        let written = self.stream.write_all(&out[..octets]);
        out.zeroize();
        written
            .and_then(|()| self.stream.flush())
            .map_err(|error| ended(&mut self.session, error.into()))
    }
}

/// The session is over, and this is why.
fn ended(session: &mut pop3_smoltcp::Session<1, 256>, why: Broken) -> Failure {
    let said = match why {
        Broken::TimedOut => session.check_time(clock::now()),
        Broken::Ended => session.ended(),
        Broken::Tls(error) => {
            session.abort();
            return Failure::Tls(error);
        }
    };
    // The session has ended as it should: then the connection is not waited for.
    said.err().map_or(Failure::Dismissed, Failure::Session)
}

impl<S: BufRead + Write + Close> Session for StreamSession<'_, S>
where
    Broken: From<S::Error>,
{
    fn command(
        &mut self,
        command: &Command<'_>,
        see: &mut dyn FnMut(&Event<'_>),
    ) -> Result<(), Failure> {
        while self.more {
            self.receive(|_| ())?;
        }
        let mut out = [0; MAX_COMMAND];
        let sent = self.session.send(command, clock::now(), &mut out)?;
        self.write(&mut out, sent.octets)?;
        loop {
            let seen = self.receive(|event| {
                see(&event);
                (event.completes(), show_refusal(&event))
            })?;
            match seen {
                Some((Some(request), false)) if request == sent.request => return Ok(()),
                Some((Some(request), true)) => return Err(Failure::Rejected(request.kind)),
                _ => {}
            }
        }
    }

    fn quit(mut self) -> Result<(), Failure> {
        self.command(&Command::Quit, &mut |_| {})?;
        self.deadline.set(self.session.deadline());
        self.stream.close();
        Ok(())
    }
}
