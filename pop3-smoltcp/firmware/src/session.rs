//! A session, step by step: the driver never waits, so here is the loop that runs the network until there is something to see.
//!
//! A program that has more to do than to fetch mail has a loop of its own, and calls the driver from there: see the example
//! of `pop3-smoltcp`.

use core::task::Poll;

use pop3_smoltcp::pop3_proto::{Command, Config, Event};
use pop3_smoltcp::{Error, Timeouts, WayIn};
use semihosting::println;
use smoltcp::phy::Device;
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::IpEndpoint;

use crate::network::{self, Network};
use crate::{Failure, toy};

/// One command is in flight at a time. Of a reply line that is split so many octets are kept: the longest that matters is a
/// challenge of SCRAM.
type Driver = pop3_smoltcp::Driver<1, 256>;

/// A session over the network's socket.
#[allow(missing_debug_implementations, reason = "the network has none")]
pub struct Session<'n, 'm, D: Device> {
    network: &'n mut Network<'m, D>,
    driver: Driver,
}

impl<'n, 'm, D: Device> Session<'n, 'm, D> {
    /// Begins a connection.
    ///
    /// # Errors
    ///
    /// [`Failure::Connect`].
    pub fn connect(
        network: &'n mut Network<'m, D>,
        server: IpEndpoint,
        timeouts: Timeouts,
    ) -> Result<Self, Failure> {
        let mut driver = Driver::new(Config::new(), timeouts);
        let (socket, context) = network.socket_and_context();
        driver
            .connect(socket, context, server, toy::local_port(), network::now())
            .map_err(Failure::Connect)?;
        Ok(Self { network, driver })
    }

    /// Goes the way in, and says on the console how.
    ///
    /// # Errors
    ///
    /// [`Failure::Session`].
    pub fn log_in(&mut self, mut way_in: WayIn<'_>) -> Result<(), Failure> {
        let report = self.until(|driver, socket, now| {
            driver.log_in(socket, &mut way_in, now, |event| {
                show_refusal(event);
            })
        })?;
        println!("login {report}");
        Ok(())
    }

    /// Sends a command and shows the events of its reply, to the last.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`], [`Failure::Session`].
    pub fn command(
        &mut self,
        command: &Command<'_>,
        see: &mut dyn FnMut(&Event<'_>),
    ) -> Result<(), Failure> {
        let sent = self.until(
            |driver, socket, now| match driver.send(socket, command, now) {
                // What came before the command is no answer to it.
                Poll::Pending => match driver.poll(socket, now, |_| ()) {
                    Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                    _ => Poll::Pending,
                },
                sent => sent,
            },
        )?;
        loop {
            let seen = self.until(|driver, socket, now| {
                driver.poll(socket, now, |event| {
                    see(&event);
                    (event.completes(), show_refusal(&event))
                })
            })?;
            match seen {
                Some((Some(request), false)) if request == sent.request => return Ok(()),
                Some((Some(request), true)) => return Err(Failure::Rejected(request.kind)),
                Some(_) => {}
                None => return Err(Failure::Dismissed),
            }
        }
    }

    /// Says goodbye, and returns when the connection is closed. Only then is deleted what was to be deleted.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`], [`Failure::Session`].
    pub fn quit(&mut self) -> Result<(), Failure> {
        self.command(&Command::Quit, &mut |_| {})?;
        while self
            .until(|driver, socket, now| driver.poll(socket, now, |_| ()))?
            .is_some()
        {}
        Ok(())
    }

    /// Lets the network run until an attempt comes to something.
    fn until<T>(
        &mut self,
        mut attempt: impl FnMut(&mut Driver, &mut tcp::Socket<'m>, Instant) -> Poll<Result<T, Error>>,
    ) -> Result<T, Failure> {
        loop {
            let socket = self.network.socket();
            if let Poll::Ready(result) = attempt(&mut self.driver, socket, network::now()) {
                return result.map_err(Failure::Session);
            }
            self.network.turn();
        }
    }
}

/// If a command was refused, says so on the console.
fn show_refusal(event: &Event<'_>) -> bool {
    let Event::Rejected { request, text } = event else {
        return false;
    };
    println!("refused {request}: {text}");
    true
}
