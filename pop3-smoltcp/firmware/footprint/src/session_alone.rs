//! The same application by the session that the driver and any other stream have, with the log-in of the features.

use core::hint::black_box;

use pop3_smoltcp::pop3_proto::{Command, Config, MessageNumber, Secret};
use pop3_smoltcp::{Error, Timeouts};

use crate::Transport;

pub(crate) fn run(transport: &mut impl Transport) {
    let mut session = Session {
        transport,
        session: pop3_smoltcp::Session::new(black_box(Config::new()), black_box(Timeouts::new())),
    };
    black_box(session.all().is_ok());
}

fn now() -> u64 {
    black_box(0)
}

struct Session<'t, T> {
    transport: &'t mut T,
    session: pop3_smoltcp::Session<1, 128>,
}

impl<T: Transport> Session<'_, T> {
    fn all(&mut self) -> Result<(), Error> {
        self.session.start(now());
        self.session.connected(now());
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
        self.session.ended()
    }

    #[cfg(not(feature = "login"))]
    fn log_in(&mut self, user: &[u8], secret: Secret<'_>) -> Result<(), Error> {
        self.events()?;
        if cfg!(feature = "apop") && black_box(true) {
            return self.command(&Command::Apop { user, secret });
        }
        self.command(&Command::User(user))?;
        self.command(&Command::Pass(secret))
    }

    #[cfg(feature = "login")]
    fn log_in(&mut self, user: &[u8], secret: Secret<'_>) -> Result<(), Error> {
        use pop3_smoltcp::pop3_proto::login::{Authentication, Credentials, LoginPolicy, Security};
        use pop3_smoltcp::{Step, WayIn};

        let policy = LoginPolicy::new(black_box(Authentication::UserPass));
        #[cfg(feature = "scram-sha-256")]
        let policy = policy.nonce(pop3_smoltcp::pop3_proto::sasl::Nonce::new(black_box(
            [0; 18],
        )));
        let credentials = Credentials::new(user, secret);
        let mut way_in = WayIn::new(black_box(Security::ClearText), policy, credentials);
        loop {
            let (session, way) = (&mut self.session, &mut way_in);
            let step = self.transport.send(|out| {
                let step = session.log_in(way, now(), out);
                let octets = match &step {
                    Ok(Step::Write(sent)) => sent.octets,
                    _ => 0,
                };
                (octets, step)
            });
            match step.ok_or(Error::NoConnection)?? {
                Step::Write(_) => {}
                Step::StartTls => self.session.tls_established(&mut way_in, None, now())?,
                Step::LoggedIn(_) => return Ok(()),
                Step::Receive => {
                    let (session, way) = (&mut self.session, &mut way_in);
                    let received = self.transport.receive(|mut input| {
                        let before = input.len();
                        let seen = session.receive(&mut input, now(), |event| way.observe(&event));
                        (before.saturating_sub(input.len()), seen)
                    });
                    if received.ok_or(Error::NoConnection)??.is_none() {
                        self.session.check_time(now())?;
                        self.transport.turn();
                    }
                }
            }
        }
    }

    fn command(&mut self, command: &Command<'_>) -> Result<(), Error> {
        let session = &mut self.session;
        let sent = self
            .transport
            .send(|out| match session.send(command, now(), out) {
                Ok(sent) => (sent.octets, Ok(())),
                Err(error) => (0, Err(error)),
            });
        sent.ok_or(Error::NoConnection)??;
        self.events()
    }

    /// Until the greeting, a challenge, or the end of a reply.
    fn events(&mut self) -> Result<(), Error> {
        loop {
            let session = &mut self.session;
            let done = self.transport.receive(|mut input| {
                let before = input.len();
                let done = session.receive(&mut input, now(), |event| {
                    black_box(&event);
                    event.completes().is_some() || event.request().is_none()
                });
                (before.saturating_sub(input.len()), done)
            });
            match done.ok_or(Error::NoConnection)?? {
                Some(true) => return Ok(()),
                Some(false) => {}
                None => {
                    self.session.check_time(now())?;
                    self.transport.turn();
                }
            }
        }
    }
}
