//! A session in clear text, by the driver: it never waits, so here is the loop that runs the network until there is something
//! to see.
//!
//! A program that has more to do than to fetch mail has a loop of its own, and calls the driver from there: see the example
//! of `pop3-smoltcp`.

use core::task::Poll;

use pop3_smoltcp::pop3_proto::login::Security;
use pop3_smoltcp::pop3_proto::{Command, Config, Event};
use pop3_smoltcp::{Error, WayIn};
use semihosting::println;
use smoltcp::phy::Device;
use smoltcp::socket::tcp;
use smoltcp::time::Instant;

use crate::network::{self, Network};
use crate::options::Options;
use crate::session::{Session, show_refusal};
use crate::{Failure, mail, toy};

/// One command is in flight at a time. Of a reply line that is split so many octets are kept: the longest that matters is a
/// challenge of SCRAM.
type Driver = pop3_smoltcp::Driver<1, 256>;

/// Fetches the mail, by a firmware that has no TLS.
///
/// # Errors
///
/// The first thing that goes wrong ends it.
pub fn fetch<D: Device>(
    network: &mut Network<'_, D>,
    options: &Options<'_>,
) -> Result<(), Failure> {
    if options.security != Security::ClearText {
        return Err(Failure::Options("security: this firmware has no TLS"));
    }
    let session = ClearSession::log_in(network, options)?;
    mail::fetch(session, options.delete)
}

/// A session over the network's socket.
#[allow(missing_debug_implementations, reason = "the network has none")]
pub struct ClearSession<'n, 'm, D: Device> {
    network: &'n mut Network<'m, D>,
    driver: Driver,
}

impl<'n, 'm, D: Device> ClearSession<'n, 'm, D> {
    /// Connects, goes the way in, and says on the console how.
    ///
    /// # Errors
    ///
    /// [`Failure::Connect`], [`Failure::Session`].
    pub fn log_in(network: &'n mut Network<'m, D>, options: &Options<'_>) -> Result<Self, Failure> {
        let mut driver = Driver::new(Config::new(), options.timeouts);
        let (socket, context) = network.socket_and_context();
        let port = toy::local_port();
        driver
            .connect(socket, context, options.server, port, network::now())
            .map_err(Failure::Connect)?;
        let mut session = Self { network, driver };
        let mut way_in = WayIn::new(options.security, options.policy(), options.credentials);
        let report = session.until(|driver, socket, now| {
            driver.log_in(socket, &mut way_in, now, |event| {
                show_refusal(event);
            })
        })?;
        println!("login {report}");
        Ok(session)
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

impl<D: Device> Session for ClearSession<'_, '_, D> {
    fn command(
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

    fn quit(mut self) -> Result<(), Failure> {
        self.command(&Command::Quit, &mut |_| {})?;
        while self
            .until(|driver, socket, now| driver.poll(socket, now, |_| ()))?
            .is_some()
        {}
        Ok(())
    }
}
