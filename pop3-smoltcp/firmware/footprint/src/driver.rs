//! What NetX Duo's POP3 client can do: log in, STAT, LIST with a number, RETR, DELE, QUIT.

use core::hint::black_box;
use core::task::Poll;

use pop3_smoltcp::pop3_proto::{Command, Config, Event, MessageNumber, Secret};
use pop3_smoltcp::{Error, Timeouts};
use smoltcp::phy::Device;
use smoltcp::socket::tcp;
use smoltcp::time::Instant;

use crate::network::{self, Network};

type Driver = pop3_smoltcp::Driver<1, 128>;

pub(crate) fn run<D: Device>(network: &mut Network<'_, D>) {
    let mut session = Session {
        network,
        driver: Driver::new(Config::new(), Timeouts::new()),
    };
    session.driver.start(network::now());
    black_box(session.all().is_ok());
}

struct Session<'n, 'm, D: Device> {
    network: &'n mut Network<'m, D>,
    driver: Driver,
}

impl<'m, D: Device> Session<'_, 'm, D> {
    fn all(&mut self) -> Result<(), Error> {
        self.log_in(black_box(b"mrose"), Secret::new(black_box(b"tanstaaf")))?;
        let message = MessageNumber::FIRST;
        for command in [
            Command::Stat,
            Command::ListOne(message),
            Command::Retr(message),
            Command::Dele(message),
        ] {
            self.command(&command)?;
        }
        #[cfg(feature = "leave")]
        for command in [
            Command::Uidl,
            Command::Top {
                message,
                lines: black_box(0),
            },
        ] {
            self.command(&command)?;
        }
        #[cfg(feature = "usual")]
        self.command(&Command::List)?;
        self.command(&Command::Quit)?;
        while self.next()?.is_some() {}
        Ok(())
    }

    #[cfg(not(feature = "login"))]
    fn log_in(&mut self, user: &[u8], secret: Secret<'_>) -> Result<(), Error> {
        self.next()?;
        #[cfg(feature = "apop")]
        if black_box(true) {
            return self.command(&Command::Apop { user, secret });
        }
        self.command(&Command::User(user))?;
        self.command(&Command::Pass(secret))
    }

    #[cfg(feature = "login")]
    fn log_in(&mut self, user: &[u8], secret: Secret<'_>) -> Result<(), Error> {
        use pop3_smoltcp::WayIn;
        use pop3_smoltcp::pop3_proto::login::{Authentication, Credentials, LoginPolicy, Security};

        let policy = LoginPolicy::new(black_box(Authentication::UserPass));
        #[cfg(feature = "scram-sha-256")]
        let policy = policy.nonce(pop3_smoltcp::pop3_proto::sasl::Nonce::new(black_box(
            [0; 18],
        )));
        let credentials = Credentials::new(user, secret);
        let mut way_in = WayIn::new(black_box(Security::ClearText), policy, credentials);
        self.until(|driver, socket, now| driver.log_in(socket, &mut way_in, now, |_| {}))
            .map(|_| ())
    }

    fn command(&mut self, command: &Command<'_>) -> Result<(), Error> {
        let sent = self.until(|driver, socket, now| driver.send(socket, command, now))?;
        black_box(sent.octets);
        while let Some(false) = self.next()? {}
        Ok(())
    }

    /// Whether the next event ends a reply.
    fn next(&mut self) -> Result<Option<bool>, Error> {
        self.until(|driver, socket, now| {
            driver.poll(socket, now, |event: Event<'_>| {
                black_box(&event);
                event.completes().is_some()
            })
        })
    }

    fn until<T>(
        &mut self,
        mut attempt: impl FnMut(&mut Driver, &mut tcp::Socket<'m>, Instant) -> Poll<Result<T, Error>>,
    ) -> Result<T, Error> {
        loop {
            let socket = self.network.socket();
            if let Poll::Ready(result) = attempt(&mut self.driver, socket, network::now()) {
                return result;
            }
            self.network.turn();
        }
    }
}
