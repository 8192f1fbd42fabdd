//! Something between socket and session: a toy stream cipher here, TLS in earnest. The session is the same, and so are its
//! guarantees; all that it needs is below, in [`Ciphered`].

use std::ops::Range;
use std::task::Poll;

use pop3_smoltcp::pop3_proto::login::{Authentication, Credentials, LoginPolicy, Security};
use pop3_smoltcp::pop3_proto::{Command, Event, MAX_COMMAND, ReceiveError, State};
use pop3_smoltcp::{Driver, Error, Phase, Session, Step, Timeouts, WayIn};
use smoltcp::socket::tcp;
use smoltcp::time::{Duration, Instant};

use crate::server::{Server, Stop, mail, maildrop, stuffed, toy_cipher};
use crate::wire::Faults;
use crate::world::{RETR, World};

/// A session inside a cipher. Received octets are deciphered into a small buffer, as TLS deciphers a record; a command is
/// encoded into another one, enciphered in place, and sent as there is room.
struct Ciphered {
    session: Session<1, 128>,
    plain: [u8; 48],
    received: Range<usize>,
    out: [u8; MAX_COMMAND],
    pending: Range<usize>,
    /// How many octets have been read and written in cipher.
    positions: [usize; 2],
}

fn milliseconds(now: Instant) -> u64 {
    now.total_millis().try_into().unwrap()
}

impl Ciphered {
    fn new(session: Session<1, 128>) -> Self {
        Self {
            session,
            plain: [0; 48],
            received: 0..0,
            out: [0; MAX_COMMAND],
            pending: 0..0,
            positions: [0, 0],
        }
    }

    /// Deciphers what has been received, if all of it that was deciphered before has been seen.
    fn fill(&mut self, socket: &mut tcp::Socket<'_>) {
        while self.received.is_empty() && socket.can_recv() {
            let octets = socket.recv_slice(&mut self.plain).unwrap();
            toy_cipher(&mut self.plain[..octets], &mut self.positions[0]);
            self.received = 0..octets;
        }
    }

    fn flush(&mut self, socket: &mut tcp::Socket<'_>) {
        if socket.can_send() && !self.pending.is_empty() {
            self.pending.start += socket.send_slice(&self.out[self.pending.clone()]).unwrap();
            if self.pending.is_empty() {
                self.out.fill(0);
            }
        }
    }

    fn write(&mut self, octets: usize) {
        toy_cipher(&mut self.out[..octets], &mut self.positions[1]);
        self.pending = 0..octets;
    }

    /// Shows the next event, or finds out that there will be none.
    fn poll<T>(
        &mut self,
        socket: &mut tcp::Socket<'_>,
        now: Instant,
        see: impl FnOnce(Event<'_>) -> T,
    ) -> Result<Option<T>, Error> {
        let now = milliseconds(now);
        if socket.may_recv() {
            self.session.connected(now);
        }
        self.flush(socket);
        let mut see = Some(see);
        loop {
            self.fill(socket);
            if self.received.is_empty() {
                break;
            }
            let mut input = &self.plain[self.received.clone()];
            let see = |event: Event<'_>| see.take().map(|see| see(event));
            let seen = self.session.receive(&mut input, now, see)?;
            self.received.start = self.received.end - input.len();
            if let Some(seen) = seen.flatten() {
                return Ok(Some(seen));
            }
        }
        if !socket.may_recv() && socket.state() != tcp::State::SynSent {
            self.session.ended()?;
        }
        self.session.check_time(now)?;
        Ok(None)
    }

    fn log_in(
        &mut self,
        socket: &mut tcp::Socket<'_>,
        way_in: &mut WayIn<'_>,
        now: Instant,
    ) -> Poll<Result<(), Error>> {
        loop {
            if self
                .poll(socket, now, |event| way_in.observe(&event))?
                .is_some()
            {
                continue;
            }
            if socket.state() == tcp::State::SynSent || !self.pending.is_empty() {
                return Poll::Pending;
            }
            match self
                .session
                .log_in(way_in, milliseconds(now), &mut self.out)?
            {
                Step::Write(sent) => self.write(sent.octets),
                Step::Receive => return Poll::Pending,
                Step::StartTls => self
                    .session
                    .tls_established(way_in, None, milliseconds(now))?,
                Step::LoggedIn(report) => {
                    assert!(report.tls);
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }

    fn delay(&self, now: Instant) -> Option<Duration> {
        let left = self.session.deadline().remaining(milliseconds(now));
        left.map(Duration::from_millis)
    }
}

fn way_in(security: Security) -> WayIn<'static> {
    let policy = LoginPolicy::new(Authentication::UserPass).ask_capabilities(false);
    WayIn::new(
        security,
        policy,
        Credentials::new(b"mrose", "mvan99".into()),
    )
}

/// A log-in and one mail, in cipher.
fn fetch(
    world: &mut World<'_>,
    ciphered: Ciphered,
    way_in: &mut WayIn<'_>,
) -> (Vec<u8>, Option<Error>, State) {
    let ciphered = std::cell::RefCell::new(ciphered);
    let mut body = Vec::new();
    let mut commands = [RETR, Command::Quit].into_iter();
    let (mut inside, mut idle) = (false, true);
    let result = world.run(
        |socket, now| {
            let ciphered = &mut *ciphered.borrow_mut();
            if !inside {
                match ciphered.log_in(socket, way_in, now)? {
                    Poll::Ready(()) => inside = true,
                    Poll::Pending => return Poll::Pending,
                }
            }
            loop {
                let seen = ciphered.poll(socket, now, |event| {
                    if let Event::Body(octets) = event {
                        body.extend_from_slice(octets);
                    }
                    event.completes().is_some()
                })?;
                match seen {
                    Some(completed) => idle |= completed,
                    None if !idle => return Poll::Pending,
                    None => {
                        let Some(command) = commands.next() else {
                            return Poll::Ready(Ok::<(), Error>(()));
                        };
                        let sent = ciphered.session.send(
                            &command,
                            milliseconds(now),
                            &mut ciphered.out,
                        )?;
                        ciphered.write(sent.octets);
                        idle = false;
                    }
                }
            }
        },
        |_, now| ciphered.borrow().delay(now),
    );
    let state = ciphered.borrow().session.client().state();
    (body, result.err(), state)
}

#[test]
fn from_the_first_octet() {
    let mail = mail(30);
    for ring in [1, 7, 64, 511] {
        let server = Server::new(maildrop(&mail, "mvan99")).in_cipher();
        let mut world = World::new(server, ring, 7, Faults::default());
        let mut driver: Driver<1, 128> = Driver::default();
        world.connect(&mut driver).unwrap();
        let ciphered = Ciphered::new(driver.into_session());
        let (body, error, state) = fetch(&mut world, ciphered, &mut way_in(Security::ImplicitTls));
        assert_eq!((error, state), (None, State::Closed));
        assert!(body == mail.as_bytes(), "ring of {ring}");
        assert_eq!(
            world.server.heard,
            "USER mrose\r\nPASS mvan99\r\nRETR 1\r\nQUIT\r\n"
        );
    }
}

#[test]
fn behind_stls_with_the_session_that_began_in_clear() {
    let mail = mail(30);
    let mut drop = maildrop(&mail, "mvan99");
    let server = Server::new(move |line| match line {
        "STLS" => "+OK go on\r\n".to_owned(),
        line => drop(line),
    });
    let mut world = World::new(server, 64, 64, Faults::default());
    let mut driver: Driver<1, 128> = Driver::default();
    world.connect(&mut driver).unwrap();
    let mut way_in = way_in(Security::StartTls);
    let driver = std::cell::RefCell::new(driver);
    let in_clear = world.run(
        |socket, now| driver.borrow_mut().log_in(socket, &mut way_in, now, |_| ()),
        |socket, now| driver.borrow().poll_delay(socket, now),
    );
    assert_eq!(in_clear, Err(Error::TlsNeeded));
    let ciphered = Ciphered::new(driver.into_inner().into_session());
    let (body, error, state) = fetch(&mut world, ciphered, &mut way_in);
    assert_eq!((error, state), (None, State::Closed));
    assert!(body == mail.as_bytes());
    assert_eq!(
        world.server.heard,
        "STLS\r\nUSER mrose\r\nPASS mvan99\r\nRETR 1\r\nQUIT\r\n"
    );
}

#[test]
fn ends_and_silence_within_a_message() {
    let mail = mail(8);
    let mut script = maildrop(&mail, "mvan99");
    let before = ["", "USER mrose", "PASS mvan99"]
        .map(&mut script)
        .concat()
        .len();
    let octets = before + format!("+OK {} octets\r\n", mail.len()).len() + stuffed(&mail).len();
    for (how, broke) in [
        (Stop::Fin, true),
        (Stop::Reset, true),
        (Stop::Silent, false),
    ] {
        // All of the mail, and half of its terminator.
        let server = Server::new(maildrop(&mail, "mvan99"))
            .in_cipher()
            .stop(octets + 1, how);
        let mut world = World::new(server, 64, 64, Faults::default());
        let mut driver: Driver<1, 128> =
            Driver::new(Default::default(), Timeouts::new().silence(5_000));
        world.connect(&mut driver).unwrap();
        let ciphered = Ciphered::new(driver.into_session());
        let (_, error, state) = fetch(&mut world, ciphered, &mut way_in(Security::ImplicitTls));
        let as_it_should = match error {
            Some(Error::Receive(ReceiveError::Eof { .. })) => broke,
            Some(Error::TimedOut(Phase::Rest(_))) => !broke,
            _ => false,
        };
        assert!(as_it_should, "{how:?}: {error:?}");
        assert_eq!(state, State::Failed);
    }
}
