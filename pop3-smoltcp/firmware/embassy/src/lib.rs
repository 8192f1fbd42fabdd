//! Mail for a task of Embassy, without a heap: [`first_mail`] over a socket of `embassy-net`, by way of [`Mailbox`], which goes
//! over any stream of `embedded-io-async`: a UART with a modem at its end, or TLS.
//!
//! The time-outs are the session's own, kept by `embassy-time`. Dropping a future in the middle, as `select` does, leaves a
//! session of which nobody knows how far it is: drop the [`Mailbox`] and the socket with it.
#![no_std]

use core::future::Future;

use embassy_net::tcp::TcpSocket;
use embassy_net::{IpEndpoint, Stack};
use embassy_time::{Duration, Instant, with_timeout};
use embedded_io_async::{Read, Write};
use pop3_smoltcp::pop3_proto::{Command, CommandKind, Config, Event, MAX_COMMAND, MessageNumber};
use pop3_smoltcp::{Error, Phase, Session, Step, Timeouts, WayIn};
use zeroize::Zeroize as _;

/// Why the mail was not fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// What the session says.
    Session(Error),
    /// The server refused a command.
    Rejected(CommandKind),
    /// The server ended the session.
    Dismissed,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Session(error)
    }
}

/// Connects, logs in, shows the first mail to `see`, piece by piece, and says goodbye. The mail is complete when this is `Ok`.
///
/// # Errors
///
/// The first thing that goes wrong ends it.
pub async fn first_mail(
    stack: Stack<'_>,
    server: IpEndpoint,
    way_in: WayIn<'_>,
    see: &mut impl FnMut(&[u8]),
) -> Result<(), Failure> {
    let (mut received, mut to_send) = ([0; 1024], [0; MAX_COMMAND]);
    let mut socket = TcpSocket::new(stack, &mut received, &mut to_send);
    let timeouts = Timeouts::new();
    let connect = Duration::from_millis(timeouts.connect.into());
    match with_timeout(connect, socket.connect(server)).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) => return Err(Error::NoConnection.into()),
        Err(_) => return Err(Error::TimedOut(Phase::Connect).into()),
    }
    let mut mailbox = Mailbox::log_in(&mut socket, way_in, timeouts).await?;
    let retr = Command::Retr(MessageNumber::FIRST);
    mailbox
        .command(&retr, &mut |event| {
            if let Event::Body(octets) = event {
                see(octets);
            }
        })
        .await?;
    mailbox.quit().await?;
    // Dropping the socket would reset the connection.
    socket.close();
    let _ = with_timeout(connect, socket.flush()).await;
    Ok(())
}

/// A session in which somebody is logged in, and the stream it goes over.
#[allow(
    missing_debug_implementations,
    reason = "it would show what was received"
)]
pub struct Mailbox<S> {
    session: Session<1, 256>,
    stream: S,
    /// What was received: the session has not seen what is in `unseen` yet.
    received: [u8; 256],
    unseen: core::ops::Range<usize>,
}

impl<S: Read + Write> Mailbox<S> {
    /// Goes the way in, over a stream that is connected.
    ///
    /// # Errors
    ///
    /// [`Failure::Session`]: nobody is logged in. [`Error::TlsNeeded`]: the way in asks for TLS, which is not in this example:
    /// `src/tls.rs` of the firmware shows where it goes.
    pub async fn log_in(
        stream: S,
        mut way_in: WayIn<'_>,
        timeouts: Timeouts,
    ) -> Result<Self, Failure> {
        let mut mailbox = Self {
            session: Session::new(Config::new(), timeouts),
            stream,
            received: [0; 256],
            unseen: 0..0,
        };
        mailbox.session.start(now());
        mailbox.session.connected(now());
        let mut out = [0; MAX_COMMAND];
        loop {
            match mailbox.session.log_in(&mut way_in, now(), &mut out)? {
                Step::Write(sent) => mailbox.write(&mut out, sent.octets).await?,
                Step::Receive => {
                    mailbox.receive(|event| way_in.observe(&event)).await?;
                    // What has come before the next command is no answer to it.
                    while !mailbox.unseen.is_empty() {
                        mailbox.receive(|event| way_in.observe(&event)).await?;
                    }
                }
                Step::StartTls => return Err(Error::TlsNeeded.into()),
                Step::LoggedIn(_) => {
                    // There are servers that repeat the password.
                    mailbox.received.zeroize();
                    return Ok(mailbox);
                }
            }
        }
    }

    /// Sends a command, and shows the events of its reply, to the last.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`]: the session goes on. The others end it.
    pub async fn command(
        &mut self,
        command: &Command<'_>,
        see: &mut impl FnMut(&Event<'_>),
    ) -> Result<(), Failure> {
        while !self.unseen.is_empty() {
            self.receive(|_| ()).await?;
        }
        let mut out = [0; MAX_COMMAND];
        let sent = self.session.send(command, now(), &mut out)?;
        self.write(&mut out, sent.octets).await?;
        loop {
            let seen = self.receive(|event| {
                see(&event);
                (event.completes(), matches!(event, Event::Rejected { .. }))
            });
            match seen.await? {
                Some((Some(request), false)) if request == sent.request => return Ok(()),
                Some((Some(request), true)) => return Err(Failure::Rejected(request.kind)),
                _ => {}
            }
        }
    }

    /// Says goodbye: only now is deleted what was to be deleted. The caller closes the connection.
    ///
    /// # Errors
    ///
    /// As for [`command`](Self::command).
    pub async fn quit(mut self) -> Result<(), Failure> {
        self.command(&Command::Quit, &mut |_| ()).await
    }

    /// Shows the next event, if there is one in what has been received; if nothing is left of that, waits for more.
    async fn receive<T>(&mut self, see: impl FnOnce(Event<'_>) -> T) -> Result<Option<T>, Failure> {
        if self.unseen.is_empty() {
            let read = self.stream.read(&mut self.received);
            match in_time(&mut self.session, read).await? {
                // Also of a connection that broke, what had come was received before.
                Ok(0) | Err(_) => {
                    self.session.ended()?;
                    return Err(Failure::Dismissed);
                }
                Ok(octets) => self.unseen = 0..octets,
            }
        }
        let mut rest = &self.received[self.unseen.clone()];
        let seen = self.session.receive(&mut rest, now(), see);
        self.unseen.start = self.unseen.end - rest.len();
        let seen = seen?;
        if seen.is_none() {
            self.session.check_time(now())?;
        }
        Ok(seen)
    }

    /// Writes the octets at the beginning of `out`, and wipes them.
    async fn write(&mut self, out: &mut [u8; MAX_COMMAND], octets: usize) -> Result<(), Failure> {
        let stream = &mut self.stream;
        let written = in_time(&mut self.session, async {
            stream.write_all(&out[..octets]).await?;
            stream.flush().await
        })
        .await;
        out.zeroize();
        // If it could not be written, reading says why: the server may have said something first.
        written.map(drop)
    }
}

/// Waits no longer than the session may.
async fn in_time<T>(
    session: &mut Session<1, 256>,
    io: impl Future<Output = T>,
) -> Result<T, Failure> {
    let began = now();
    let Some(left) = session.deadline().remaining(began) else {
        return Ok(io.await);
    };
    match with_timeout(Duration::from_millis(left), io).await {
        Ok(done) => Ok(done),
        // The session says for what it was.
        Err(_) => match session.check_time(began.saturating_add(left)) {
            Err(error) => Err(error.into()),
            Ok(()) => Err(Failure::Dismissed),
        },
    }
}

/// What time it is, for the session.
fn now() -> u64 {
    Instant::now().as_millis()
}
