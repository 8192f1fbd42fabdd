//! The session over any stream of octets: the client, the way in, and the time-outs, and no smoltcp.
//!
//! [`Driver`](crate::Driver) puts a [`Session`] between the two rings of a TCP socket. Where something else is to stand
//! between socket and session (TLS, PPP, a modem, `embedded-io`), it is used as it is. It asks for no trait and owns no
//! buffer; it is told three things:
//!
//! * **what was received**: [`Session::receive`] takes octets off the front of any slice and lends one event. A slice may be cut
//!   anywhere. Call it until it gives `None`: then the slice is used up.
//! * **where there is room to send**: [`Session::send`] and [`Session::log_in`] write a command into any slice, whole or not at
//!   all. All that has been received must have gone through `receive` before, since what came before a command is no answer to
//!   it. Wipe the slice once it is written, if it was for the log-in.
//! * **what time it is**, in milliseconds of a clock that only goes forward: [`Session::check_time`], whenever there is nothing to
//!   receive, and at [`Session::deadline`] at the latest.
//!
//! [`Session::connected`] and [`Session::ended`] say when the connection begins and when it has ended,
//! [`Session::tls_established`] that from now on the octets come out of TLS. A session may begin in a
//! [`Driver`](crate::Driver) in clear and be carried on inside TLS after STLS:
//! [`Driver::into_session`](crate::Driver::into_session).
//!
//! This is all of it over a stream that blocks: the log-in, a command, and the end. `read` is to return after
//! [`Session::deadline`] at the latest, with nothing if the connection has ended, and TLS fits in where `tls` says so:
//!
//! ```
//! use pop3_smoltcp::pop3_proto::login::{Authentication, Credentials, LoginPolicy, Security};
//! use pop3_smoltcp::pop3_proto::{Command, Event, MAX_COMMAND, MessageNumber};
//! use pop3_smoltcp::{Error, Session, Step, WayIn};
//!
//! # struct Stream(std::collections::VecDeque<&'static [u8]>);
//! # impl Stream {
//! #     fn read(&mut self, buffer: &mut [u8]) -> usize {
//! #         let Some(octets) = self.0.pop_front() else { return 0 };
//! #         buffer[..octets.len()].copy_from_slice(octets);
//! #         octets.len()
//! #     }
//! #     fn write_all(&mut self, _: &[u8]) {}
//! # }
//! # fn now() -> u64 { 0 }
//! fn log_in(session: &mut Session, way_in: &mut WayIn<'_>, stream: &mut Stream) -> Result<(), Error> {
//!     let (mut octets, mut out) = ([0; 64], [0; MAX_COMMAND]);
//!     session.start(now());
//!     session.connected(now());
//!     loop {
//!         match session.log_in(way_in, now(), &mut out)? {
//!             Step::Write(sent) => {
//!                 stream.write_all(&out[..sent.octets]);
//!                 out[..sent.octets].fill(0);
//!             }
//!             Step::Receive => {
//!                 let mut input = receive(session, stream, &mut octets)?;
//!                 while let Some(()) = session.receive(&mut input, now(), |event| way_in.observe(&event))? {}
//!             }
//!             Step::StartTls => {
//!                 // tls: the handshake, after which `stream` is the one inside TLS.
//!                 session.tls_established(way_in, None, now())?;
//!             }
//!             Step::LoggedIn(_) => return Ok(()),
//!         }
//!     }
//! }
//!
//! /// What has come next, if anything has.
//! fn receive<'o>(session: &mut Session, stream: &mut Stream, octets: &'o mut [u8]) -> Result<&'o [u8], Error> {
//!     let received = stream.read(octets);
//!     if received == 0 {
//!         // After QUIT that is as it should be, and else an error.
//!         session.ended()?;
//!     }
//!     session.check_time(now())?;
//!     Ok(&octets[..received])
//! }
//!
//! /// Sends a command, and shows all events up to the one that completes its reply.
//! fn exchange(
//!     session: &mut Session,
//!     command: &Command<'_>,
//!     stream: &mut Stream,
//!     mut see: impl FnMut(&Event<'_>),
//! ) -> Result<(), Error> {
//!     let (mut octets, mut out) = ([0; 64], [0; MAX_COMMAND]);
//!     let sent = session.send(command, now(), &mut out)?;
//!     stream.write_all(&out[..sent.octets]);
//!     let mut complete = false;
//!     while !complete {
//!         let mut input = receive(session, stream, &mut octets)?;
//!         // To the end of what has come, also behind the reply: nothing may be left when the next command is sent.
//!         while let Some(completes) = session.receive(&mut input, now(), |event| {
//!             see(&event);
//!             event.completes().is_some()
//!         })? {
//!             complete |= completes;
//!         }
//!     }
//!     Ok(())
//! }
//!
//! # let mut stream = Stream([
//! #     &b"+OK\r\n"[..], b"-ERR\r\n", b"+O", b"K\r\n", b"+OK\r\n", b"-ERR\r\n",
//! #     b"+OK\r\nSubject: hel", b"lo\r\n\r\n.\r\n", b"+OK bye\r\n",
//! # ].into_iter().collect());
//! let policy = LoginPolicy::new(Authentication::UserPass);
//! let mut way_in = WayIn::new(Security::ClearText, policy, Credentials::new(b"mrose", "mvan99".into()));
//! let mut session = Session::default();
//! log_in(&mut session, &mut way_in, &mut stream)?;
//! let mut mail = Vec::new();
//! exchange(&mut session, &Command::Retr(MessageNumber::FIRST), &mut stream, |event| match event {
//!     Event::Body(octets) => mail.extend_from_slice(octets),
//!     Event::Rejected { text, .. } => println!("there is no mail: {text}"),
//!     _ => {}
//! })?;
//! exchange(&mut session, &Command::Quit, &mut stream, |_| {})?;
//! // Now close the stream. Only who waits for the server to close it too has a use for `Session::closed`.
//! assert_eq!(mail, b"Subject: hello\r\n\r\n");
//! # Ok::<(), Error>(())
//! ```

use pop3_proto::login::{LoginFailure, LoginReport, Next};
use pop3_proto::sasl::ChannelBinding;
use pop3_proto::{
    Client, Command, CommandKind, Config, Deadline, Event, MAX_LINE, ReceiveError, Sent, State,
    Waiting,
};

use crate::{Error, Phase, Timeouts, WayIn};

/// A POP3 session that knows what time it is, over whatever carries its octets.
#[derive(Clone, Debug)]
pub struct Session<const DEPTH: usize = 8, const LINE: usize = MAX_LINE> {
    client: Client<DEPTH, LINE>,
    timeouts: Timeouts,
    stage: Stage,
    /// For what is waited for now.
    deadline: Deadline,
    /// For the log-in as a whole.
    log_in: Deadline,
    logging_in: bool,
    /// The caller has been told to begin TLS. With implicit TLS the client does not know.
    starting_tls: bool,
}

/// Where the connection is.
#[derive(Clone, Copy, Debug)]
enum Stage {
    None,
    Connecting,
    Connected,
    /// It broke, of this.
    Broken(Error),
}

/// What to do next on the way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "the way in waits for it"]
pub enum Step {
    /// Write the octets at the beginning of the buffer to the server, all of them.
    Write(Sent),
    /// [Receive](Session::receive), and show each event to [`WayIn::observe`], the greeting too: the way in waits for what it was not
    /// shown until the time for the log-in is over.
    Receive,
    /// Do the TLS handshake, then call [`Session::tls_established`].
    StartTls,
    /// Somebody is logged in. The way in is no longer needed.
    LoggedIn(LoginReport),
}

/// What is due on the way in.
pub(crate) enum Due<'w> {
    /// This command is to be sent.
    Command(Command<'w>),
    /// This step is to be taken, which is not [`Step::Write`].
    Step(Step),
}

impl<const DEPTH: usize, const LINE: usize> Session<DEPTH, LINE> {
    /// A session that no connection has been begun for.
    #[must_use]
    pub const fn new(config: Config, timeouts: Timeouts) -> Self {
        Self {
            client: Client::with_config(config),
            timeouts,
            stage: Stage::None,
            deadline: Deadline::NEVER,
            log_in: Deadline::NEVER,
            logging_in: false,
            starting_tls: false,
        }
    }

    /// The client: its state, what it waits for, what the server can do.
    pub const fn client(&self) -> &Client<DEPTH, LINE> {
        &self.client
    }

    /// A connection is being made. All that is known from one before is forgotten.
    pub fn start(&mut self, now: u64) {
        self.client.reset();
        self.stage = Stage::Connecting;
        self.starting_tls = false;
        self.end_log_in();
        self.wait(now, self.timeouts.connect);
    }

    /// The connection stands. Said again, it changes nothing.
    pub fn connected(&mut self, now: u64) {
        if let Stage::Connecting = self.stage {
            self.stage = Stage::Connected;
            self.wait(now, self.timeouts.greeting);
        }
    }

    /// The server has closed the connection: all that it has sent has been received. After the answer to QUIT this is no error.
    ///
    /// # Errors
    ///
    /// [`Error::Receive`]: the session had not ended yet. [`Error::NoConnection`]: it had not begun.
    pub fn ended(&mut self) -> Result<(), Error> {
        match self.stage {
            Stage::None => Err(Error::NotConnected),
            Stage::Connecting => Err(self.fail(Error::NoConnection)),
            Stage::Connected => match self.client.receive_eof() {
                Ok(()) => Ok(()),
                Err(error) => Err(self.fail(error.into())),
            },
            Stage::Broken(error) => Err(error),
        }
    }

    /// The session has ended, and so has the connection, on both sides: [`deadline`](Self::deadline) no longer bounds how long the server
    /// takes to close it after QUIT. Whoever drops the connection himself need not call it.
    pub fn closed(&mut self) {
        if self.is_closed() {
            self.deadline = Deadline::NEVER;
        }
    }

    /// Gives the session up. The caller drops the connection.
    pub fn abort(&mut self) {
        if let (Stage::Connecting | Stage::Connected, false) = (self.stage, self.is_closed()) {
            let waiting = self.client.waiting_for();
            self.fail(Error::Receive(ReceiveError::Aborted { waiting }));
        }
    }

    /// Encodes a command at the beginning of `out`: see [`Client::send`].
    ///
    /// # Errors
    ///
    /// [`Error::Send`], [`Error::NotConnected`]: nothing has changed. Or what ended the session.
    pub fn send(&mut self, command: &Command<'_>, now: u64, out: &mut [u8]) -> Result<Sent, Error> {
        self.is_connected()?;
        let sent = self.client.send(command, out)?;
        // If there is another before it, that one's time is running.
        if self.client.in_flight() <= 1 {
            self.wait_for_server(now);
        }
        Ok(sent)
    }

    /// There is a command to be sent and no room for it, which is the server's fault if it goes on: it takes nothing.
    /// [`send`](Self::send) ends this, and so does [`room`](Self::room). Only for streams whose writing does not block.
    pub fn no_room(&mut self, now: u64) {
        if self.deadline == Deadline::NEVER {
            self.wait(now, self.timeouts.reply);
        }
    }

    /// The server has taken all that was sent: see [`no_room`](Self::no_room).
    pub fn room(&mut self) {
        if let (State::Authorization | State::Transaction, 0) =
            (self.client.state(), self.client.in_flight())
        {
            self.deadline = Deadline::NEVER;
        }
    }

    /// Takes octets off the cursor, shows the next event in them to `see`, and returns what that makes of it; see
    /// [`Client::receive`]. `None` means that the cursor is empty.
    ///
    /// # Errors
    ///
    /// [`Error::Receive`]: the server broke the protocol. [`Error::NotConnected`], or what ended the session before.
    pub fn receive<T>(
        &mut self,
        input: &mut &[u8],
        now: u64,
        see: impl FnOnce(Event<'_>) -> T,
    ) -> Result<Option<T>, Error> {
        self.is_connected()?;
        let before = input.len();
        let seen = match self.client.receive(input) {
            Ok(event) => event.map(see),
            Err(error) => return Err(self.fail(error.into())),
        };
        let rest = matches!(self.client.waiting_for(), Some(Waiting::Rest(_)));
        // A status line that drips has no longer than one that comes at once.
        if seen.is_some() || rest && input.len() < before {
            self.wait_for_server(now);
        }
        Ok(seen)
    }

    /// Takes the next step of the way in. The time for the whole of it begins with the first.
    ///
    /// # Errors
    ///
    /// [`Error::LogIn`] and [`Error::Opening`]: nobody is logged in; see there what becomes of the session. [`Error::Send`]: a
    /// command was refused before it was sent, as when it does not fit into `out`; the same step comes again, unless the
    /// caller [gives the log-in up](Self::end_log_in). Or what ended the session before.
    pub fn log_in(
        &mut self,
        way_in: &mut WayIn<'_>,
        now: u64,
        out: &mut [u8],
    ) -> Result<Step, Error> {
        match self.due(way_in, now)? {
            Due::Command(command) => {
                let sent = self.send(&command, now, out)?;
                way_in.sent();
                Ok(Step::Write(sent))
            }
            Due::Step(step) => Ok(step),
        }
    }

    /// What comes next on the way in. By itself, since both this and the sending of a command go deep into the stack.
    #[inline(never)]
    pub(crate) fn due<'w>(
        &mut self,
        way_in: &'w mut WayIn<'_>,
        now: u64,
    ) -> Result<Due<'w>, Error> {
        self.is_connected()?;
        if !self.logging_in {
            self.logging_in = true;
            self.log_in = after(now, self.timeouts.log_in);
        }
        let result = match way_in.next_step() {
            Next::Finished(result) => result,
            Next::Send(command) => return Ok(Due::Command(command)),
            Next::Receive => return Ok(Due::Step(Step::Receive)),
            Next::StartTls => {
                self.starting_tls = true;
                return Ok(Due::Step(Step::StartTls));
            }
        };
        self.end_log_in();
        // There are servers that repeat the password.
        self.client.wipe_line();
        match result {
            Ok(report) => Ok(Due::Step(Step::LoggedIn(report))),
            Err(error @ Error::LogIn(LoginFailure::NotProved(_))) => Err(self.fail(error)),
            Err(error) => Err(error),
        }
    }

    /// The way in is given up by the caller: its time no longer runs. After [`Step::LoggedIn`] and after an error of the log-in that has
    /// been done already.
    pub const fn end_log_in(&mut self) {
        self.logging_in = false;
        self.log_in = Deadline::NEVER;
    }

    /// The TLS handshake that [`Step::StartTls`] asked for is done. The channel binding is for SCRAM, where TLS has one to
    /// offer.
    ///
    /// # Errors
    ///
    /// [`Error::Send`]: see [`Client::tls_established`].
    pub fn tls_established<'c>(
        &mut self,
        way_in: &mut WayIn<'c>,
        binding: Option<ChannelBinding<'c>>,
        now: u64,
    ) -> Result<(), Error> {
        self.is_connected()?;
        self.client.tls_established()?;
        self.starting_tls = false;
        way_in.tls_established(binding);
        self.wait_for_server(now);
        Ok(())
    }

    /// Whether the log-in is under way: what is received may repeat a secret.
    pub(crate) const fn is_logging_in(&self) -> bool {
        self.logging_in
    }

    /// When the time for what is waited for is over.
    pub const fn deadline(&self) -> Deadline {
        self.deadline.or_earlier(self.log_in)
    }

    /// Ends the session if the time is over. After the session's end nothing is waited for but the end of the connection, and
    /// that is the caller's: see [`deadline`](Self::deadline).
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`], or what ended the session before.
    pub fn check_time(&mut self, now: u64) -> Result<(), Error> {
        match self.stage {
            Stage::None => return Err(Error::NotConnected),
            Stage::Broken(error) => return Err(error),
            Stage::Connected if self.is_closed() => return Ok(()),
            Stage::Connecting | Stage::Connected => {}
        }
        let phase = if self.log_in.has_passed(now) {
            Phase::LogIn
        } else if self.deadline.has_passed(now) {
            self.waits_for()
        } else {
            return Ok(());
        };
        Err(self.fail(Error::TimedOut(phase)))
    }

    /// What [`deadline`](Self::deadline) is for, the log-in as a whole apart.
    fn waits_for(&self) -> Phase {
        match (self.stage, self.client.waiting_for()) {
            (Stage::Connecting, _) => Phase::Connect,
            (_, Some(Waiting::Tls)) => Phase::Tls,
            (_, Some(Waiting::Greeting)) if self.starting_tls => Phase::Tls,
            (_, Some(Waiting::Reply(request))) if request.kind == CommandKind::Quit => Phase::Quit,
            (_, Some(Waiting::Reply(request))) => Phase::Reply(request),
            (_, Some(Waiting::Rest(request))) => Phase::Rest(request),
            (_, Some(_)) => Phase::Greeting,
            (_, None) => Phase::Send,
        }
    }

    /// Something has happened, and the time for what comes next begins.
    fn wait_for_server(&mut self, now: u64) {
        let timeout = match self.client.waiting_for() {
            Some(Waiting::Reply(request)) if request.kind == CommandKind::Quit => {
                self.timeouts.quit
            }
            Some(Waiting::Reply(_)) => self.timeouts.reply,
            Some(Waiting::Rest(_)) => self.timeouts.silence,
            Some(_) => self.timeouts.greeting,
            None if self.client.state() == State::Closed => self.timeouts.quit,
            None => Timeouts::NEVER,
        };
        self.wait(now, timeout);
    }

    fn wait(&mut self, now: u64, timeout: u32) {
        self.deadline = after(now, timeout);
    }

    fn is_connected(&self) -> Result<(), Error> {
        match self.stage {
            Stage::None | Stage::Connecting => Err(Error::NotConnected),
            Stage::Connected => Ok(()),
            Stage::Broken(error) => Err(error),
        }
    }

    /// Whether the connection does not stand yet.
    pub(crate) const fn is_connecting(&self) -> bool {
        matches!(self.stage, Stage::Connecting)
    }

    /// Whether the session broke.
    pub(crate) const fn is_broken(&self) -> bool {
        matches!(self.stage, Stage::Broken(_))
    }

    /// Whether the session has ended, as it should.
    pub(crate) fn is_closed(&self) -> bool {
        self.client.state() == State::Closed && !self.is_broken()
    }

    /// The session is over, and this is why.
    fn fail(&mut self, error: Error) -> Error {
        self.client.abort();
        self.stage = Stage::Broken(error);
        self.deadline = Deadline::NEVER;
        self.end_log_in();
        error
    }
}

fn after(now: u64, timeout: u32) -> Deadline {
    Deadline::after(
        now,
        (timeout != Timeouts::NEVER).then_some(u64::from(timeout)),
    )
}

impl<const DEPTH: usize, const LINE: usize> Default for Session<DEPTH, LINE> {
    fn default() -> Self {
        Self::new(Config::new(), Timeouts::new())
    }
}
