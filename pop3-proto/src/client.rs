//! The client: commands in, octets out; octets in, events out.

use crate::capability::{CapabilityKind, CapabilitySet, Support};
use crate::command::{Command, CommandKind, Request, Sent};
use crate::config::{Config, Pipelining};
use crate::error::{ReceiveError, SendError, Waiting};
use crate::event::Event;
use crate::features::{LISTS, STLS};
use crate::knowledge::Knowledge;
use crate::pipeline::Pipeline;
use crate::reading::Reading;
use crate::reply;
use crate::sasl::Challenge;
use crate::state::{Session, State};
use crate::text::Text;
use crate::wire::dot::Piece;
use crate::wire::line::LineReader;
use crate::wire::number::trim_start;
use crate::wire::status::{DECISIVE, Indicator};
use crate::wire::{LineEnd, find};

/// The longest command line that RFC 2449 section 4 allows, in octets with its CRLF: an output buffer of this size
/// holds every command but those with a very long user name or password ([`SendError::BufferTooSmall`] tells).
pub const MAX_COMMAND: usize = 255;

/// The longest reply line that RFC 2449 section 4 allows, in octets with its CRLF: what [`Client`] keeps by default of
/// a line that is split over chunks.
pub const MAX_LINE: usize = 512;

/// The longest timestamp of a greeting that counts as one, in octets with its angle brackets: no server makes one of that length,
/// and so the count of them cannot wrap.
pub const MAX_TIMESTAMP: usize = 65_535;

/// A POP3 session as a state machine: it does no I/O, allocates nothing and knows no clock.
///
/// * [`send`](Self::send) encodes a command into your buffer: write those octets to the server, in order.
/// * [`receive`](Self::receive) takes octets from the server and lends what they mean.
///
/// `DEPTH` is how many commands may be in flight, `LINE` how many octets are kept of a reply line: at least 5, which tell
/// `+OK` from `-ERR`. A longer line costs its own item ([`Event::Unparsed`], a text cut short) and never the session. A
/// challenge of SASL has to fit: SCRAM's take some 200 octets, and those of other mechanisms up to [`MAX_LINE`].
///
/// ```
/// use pop3_proto::{Client, Command, Event};
///
/// let mut client: Client = Client::new();
/// let mut from_server: &[u8] = b"+OK ready\r\n";
/// let greeting = client.receive(&mut from_server)?;
/// assert!(matches!(greeting, Some(Event::Greeting { .. })));
///
/// let mut out = [0; pop3_proto::MAX_COMMAND];
/// let sent = client.send(&Command::User(b"mrose"), &mut out)?;
/// assert_eq!(&out[..sent.octets], b"USER mrose\r\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Client<const DEPTH: usize = 8, const LINE: usize = MAX_LINE> {
    config: Config,
    session: Session,
    pipeline: Pipeline<DEPTH>,
    reading: Reading,
    line: LineReader<LINE>,
    /// The status line that is being read has a NUL in it.
    nul: bool,
    /// The status line that is being read began when no command was in flight, so it answers none.
    unasked: bool,
    /// Empty lines skipped before the status line that is due.
    blank_lines: u8,
    /// Octets stood behind the `+OK` to STLS in the same chunk.
    octets_behind_stls: bool,
    known: Knowledge,
}

impl<const DEPTH: usize, const LINE: usize> Client<DEPTH, LINE> {
    /// A client at the beginning of a connection, which keeps to the RFCs.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_config(Config::new())
    }

    /// A client at the beginning of a connection.
    #[must_use]
    pub const fn with_config(config: Config) -> Self {
        const {
            assert!(
                DEPTH > 0,
                "a client without room for a command can send none"
            );
            assert!(
                LINE >= DECISIVE,
                "of a line must be kept what tells whether it is +OK or -ERR"
            );
        }
        Self {
            config,
            session: Session::new(),
            pipeline: Pipeline::new(),
            reading: Reading::Status,
            line: LineReader::new(),
            nul: false,
            unasked: false,
            blank_lines: 0,
            octets_behind_stls: false,
            known: Knowledge::new(),
        }
    }

    /// Where the session is.
    pub const fn state(&self) -> State {
        self.session.state()
    }

    /// How many commands have been sent and not yet been answered.
    pub const fn in_flight(&self) -> usize {
        self.pipeline.len()
    }

    /// What the newest answer to CAPA announced. `None`: never asked, refused, not complete yet, or forgotten at STLS or
    /// at the log-in, both of which may change it.
    pub const fn capabilities(&self) -> Option<CapabilitySet> {
        self.known.capabilities()
    }

    /// Whether the server can do this, as far as the client knows: by the newest list of capabilities, and for TOP and UIDL,
    /// which many support without announcing them, by what it answered to them in this session.
    /// Without the feature `capa` it knows nothing.
    pub fn support(&self, capability: CapabilityKind) -> Support {
        self.known.support(capability)
    }

    /// Whether the session runs inside TLS: see [`tls_established`](Self::tls_established).
    pub const fn is_tls(&self) -> bool {
        self.session.is_tls()
    }

    /// What the server owes, so that the driver can bound how long it waits. `None`: nothing; it may be the client that is to
    /// speak ([`Event::Challenge`]).
    pub fn waiting_for(&self) -> Option<Waiting> {
        match self.state() {
            State::Greeting => Some(Waiting::Greeting),
            State::StartTls => Some(Waiting::Tls),
            State::Closed | State::Failed => None,
            // The client is to speak.
            _ if self.session.is_challenged() => None,
            State::Authorization | State::Transaction | State::Quitting => {
                self.pipeline.oldest().map(|request| match self.reading {
                    Reading::Status => Waiting::Reply(request),
                    _ => Waiting::Rest(request),
                })
            }
        }
    }

    /// Whether a command of this kind may be sent now.
    ///
    /// # Errors
    ///
    /// What [`Client::send`] would refuse it for, the arguments and the output buffer apart.
    pub fn check(&self, command: CommandKind) -> Result<(), SendError> {
        self.session.check(command, self.pipeline.newest())?;
        if let CommandKind::Response | CommandKind::Cancel = command {
            // They belong to the command in flight.
            return Ok(());
        }
        if command == CommandKind::Apop && self.session.timestamp().is_none() {
            return Err(SendError::NoTimestamp);
        }
        match self.pipeline.oldest() {
            Some(oldest) if !self.may_pipeline() => Err(SendError::Awaiting(oldest)),
            _ if self.pipeline.is_full() => Err(SendError::PipelineFull),
            _ => Ok(()),
        }
    }

    fn may_pipeline(&self) -> bool {
        match self.config.pipelining {
            Pipelining::Off => false,
            Pipelining::IfAnnounced => self.known.is_announced(CapabilityKind::Pipelining),
            Pipelining::Always => true,
        }
    }

    /// Encodes a command at the beginning of `out`: write those octets to the server, all of them, in order.
    ///
    /// Wipe them when they are written, if the command has a secret.
    ///
    /// Give all that has been read so far to [`receive`](Self::receive) first. What comes before a command is sent cannot
    /// be its reply, but the client only knows what it was given.
    ///
    /// # Errors
    ///
    /// The command is not allowed now, has an argument that cannot be sent, or does not fit into `out`. Then nothing
    /// has changed, `out` included.
    pub fn send(&mut self, command: &Command<'_>, out: &mut [u8]) -> Result<Sent, SendError> {
        let request = Request {
            kind: command.kind(),
            message: command.message(),
        };
        self.check(request.kind)?;
        let octets = command.encode(request, self.session.timestamp(), out)?;
        self.session.sent(request.kind);
        let request = match (request.kind, self.pipeline.newest()) {
            (CommandKind::Response | CommandKind::Cancel, Some(auth)) => auth,
            _ => {
                self.pipeline.push(request);
                request
            }
        };
        Ok(Sent { request, octets })
    }

    /// Takes octets off the cursor and lends the next event in them.
    ///
    /// `Ok(None)` means that the cursor is empty: read more. A chunk may be cut anywhere; none has to be kept or
    /// presented again.
    ///
    /// After the session has ended as it should ([`State::Closed`]), octets are taken and ignored.
    ///
    /// # Errors
    ///
    /// The server broke the protocol. The error stays: the session is over.
    #[inline(never)]
    pub fn receive<'s, 'i: 's>(
        &'s mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<Event<'s>>, ReceiveError> {
        if let Some(&error) = self.session.failure() {
            return Err(error);
        }
        if input.is_empty() {
            return Ok(None);
        }
        match self.state() {
            State::Closed => {
                *input = &[];
                return Ok(None);
            }
            State::StartTls if STLS => {
                return Err(self.give_up(ReceiveError::PlaintextAfterStls));
            }
            _ => {}
        }
        match &mut self.reading {
            Reading::Status => self.receive_status(input),
            Reading::Lines(ends) => {
                let ends = *ends;
                Ok(self.receive_line(input, ends))
            }
            Reading::Message(unstuffer) => {
                let piece = unstuffer.next(input);
                Ok(piece.and_then(|piece| self.received_piece(piece)))
            }
        }
    }

    fn receive_status<'s, 'i: 's>(
        &'s mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<Event<'s>>, ReceiveError> {
        let greeting = self.state() == State::Greeting;
        let (line, indicator) = loop {
            if !self.line.is_begun() {
                self.unasked =
                    !greeting && (self.pipeline.oldest().is_none() || self.session.is_challenged());
            }
            let before = *input;
            let line = self.line.read(input, LineEnd::Lf);
            let taken = before.len().wrapping_sub(input.len());
            let taken = before.get(..taken).unwrap_or(before);
            self.nul |= find(0, taken).is_some();
            if greeting {
                self.session.greets(|timestamp| timestamp.feed(taken));
            }
            let Some(line) = line else {
                return Ok(None);
            };
            let indicator = Indicator::of(line.octets(&self.line), self.config.glued_status);
            if indicator != Indicator::Blank || self.blank_lines >= self.config.blank_lines {
                break (line, indicator);
            }
            self.blank_lines = self.blank_lines.saturating_add(1);
        };
        self.blank_lines = 0;

        let request = self.pipeline.oldest().filter(|_| !self.unasked);
        let verdict = match indicator {
            _ if self.nul => Err(ReceiveError::NulInReply),
            Indicator::Negative => Ok(false),
            _ if self.unasked => Err(ReceiveError::Unsolicited),
            Indicator::Positive if self.session.is_cancelled() => Err(ReceiveError::CancelAccepted),
            Indicator::Positive => Ok(true),
            Indicator::Challenge if self.session.challenged(request) => {
                let base64 = text_behind("+", line.octets(&self.line));
                let challenge = Challenge::maybe_truncated(base64, line.truncated);
                return Ok(request.map(|request| Event::Challenge { request, challenge }));
            }
            Indicator::Foreign(foreign) if greeting => Err(ReceiveError::NotPop3(foreign)),
            Indicator::Blank | Indicator::Foreign(_) | Indicator::Challenge | Indicator::Other => {
                Err(ReceiveError::NotAReply { request })
            }
        };
        let positive = match verdict {
            Ok(positive) => positive,
            Err(error) => return Err(self.give_up(error)),
        };
        // All that may change has changed by the time that the line is borrowed.
        if greeting {
            self.session.greeted(positive);
        } else if let Some(request) = request {
            self.answered(request.kind, positive, line.ended_by);
        } else {
            self.session.dismissed();
            self.pipeline.clear();
        }
        self.octets_behind_stls = STLS && self.state() == State::StartTls && !input.is_empty();

        let indicator = if positive { "+OK" } else { "-ERR" };
        let octets = text_behind(indicator, line.octets(&self.line));
        let text = Text::new(octets);
        Ok(Some(match request {
            None if greeting && positive => Event::Greeting {
                text,
                apop: self.session.timestamp().is_some(),
            },
            None => Event::Farewell { text },
            Some(request) if !positive => Event::Rejected { request, text },
            Some(request) => reply::answer(request, octets, line.truncated),
        }))
    }

    /// The status line of the reply to the oldest command is there.
    fn answered(&mut self, command: CommandKind, positive: bool, ended_by: LineEnd) {
        self.session.answered(command, positive);
        self.known.answered(command, positive);
        if !(positive && command.is_multi_line()) {
            self.pipeline.pop();
            return;
        }
        self.reading = Reading::behind(command, ended_by, &self.config);
    }

    #[inline(never)]
    fn receive_line<'s, 'i: 's>(
        &'s mut self,
        input: &mut &'i [u8],
        ends: LineEnd,
    ) -> Option<Event<'s>> {
        // Where there are no lists, nothing leads here.
        let request = self.pipeline.oldest().filter(|_| LISTS)?;
        let line = self.line.read(input, ends)?;
        let octets = line.octets(&self.line);
        if octets == b"." && !line.truncated {
            self.known.listed(request.kind);
            self.reading = Reading::Status;
            self.pipeline.pop();
            return Some(Event::End { request });
        }
        let octets = octets.strip_prefix(b".").unwrap_or(octets);
        let event = reply::line(request, octets, line.truncated);
        if let Event::Capability { capability, .. } = &event {
            self.known.lists(capability.kind());
        }
        Some(event)
    }

    fn received_piece<'i>(&mut self, piece: Piece<'i>) -> Option<Event<'i>> {
        let request = self.pipeline.oldest()?;
        Some(match piece {
            Piece::Octets(octets) => Event::Body(octets),
            Piece::End => {
                self.reading = Reading::Status;
                self.pipeline.pop();
                Event::End { request }
            }
        })
    }

    /// The connection has ended: the server will send nothing more.
    ///
    /// # Errors
    ///
    /// The session had not ended, so something is cut short, or at least no QUIT was answered: nothing was deleted, or
    /// after QUIT it is unknown whether it was.
    pub fn receive_eof(&mut self) -> Result<(), ReceiveError> {
        if let Some(&error) = self.session.failure() {
            return Err(error);
        }
        if self.state() == State::Closed {
            return Ok(());
        }
        let waiting = self.waiting_for();
        Err(self.give_up(ReceiveError::Eof { waiting }))
    }

    /// TLS has been established: after [`Event::StartTls`], or before a greeting that comes inside TLS (RFC 8314).
    /// What was learnt before it is forgotten (RFC 2595 section 4), the timestamp for APOP as well.
    ///
    /// All that was read before the handshake must have gone through [`receive`](Self::receive): what of it stands behind
    /// the `+OK` to STLS is an error.
    ///
    /// # Errors
    ///
    /// This is not the time for TLS; or octets stood behind the `+OK` to STLS, which ends the session.
    pub fn tls_established(&mut self) -> Result<(), SendError> {
        if self.octets_behind_stls {
            self.session.fail(ReceiveError::PlaintextAfterStls);
        }
        if let Some(&error) = self.session.failure() {
            return Err(SendError::Failed(error));
        }
        // A greeting that has begun in clear is none that comes inside TLS.
        if self.line.is_begun() || !self.session.tls_established() {
            return Err(SendError::WrongState {
                command: CommandKind::Stls,
                state: self.state(),
            });
        }
        self.known = Knowledge::new();
        self.line.clear();
        Ok(())
    }

    /// Wipes the reply line that was read last, of which a part is kept if it was split: a server may have repeated a secret
    /// in it. Nothing is lost: the line has been shown. A line that is being read stays.
    pub fn wipe_line(&mut self) {
        self.line.wipe_shown();
    }

    /// Gives the session up, after a time-out or when the transport broke. Nothing can be sent or received any more.
    pub fn abort(&mut self) {
        if self.state() != State::Closed {
            let waiting = self.waiting_for();
            self.give_up(ReceiveError::Aborted { waiting });
        }
    }

    /// Begins anew, for another connection, with the same choices. The line that was kept is wiped.
    ///
    /// A new client does as well, but is often made on the stack first, which is small where there is no heap.
    pub fn reset(&mut self) {
        // Named one by one, so that none can be forgotten.
        let Self {
            config: _,
            session,
            pipeline,
            reading,
            line,
            nul,
            unasked,
            blank_lines,
            octets_behind_stls,
            known,
        } = self;
        *session = Session::new();
        pipeline.clear();
        *reading = Reading::Status;
        line.clear();
        *nul = false;
        *unasked = false;
        *blank_lines = 0;
        *octets_behind_stls = false;
        *known = Knowledge::new();
    }

    /// The session is over, and so is the line that was being read.
    #[inline(never)]
    fn give_up(&mut self, error: ReceiveError) -> ReceiveError {
        self.line.clear();
        self.session.fail(error);
        error
    }
}

/// The text of a status line that has this indicator.
fn text_behind<'l>(indicator: &str, line: &'l [u8]) -> &'l [u8] {
    trim_start(line.get(indicator.len()..).unwrap_or_default())
}

impl<const DEPTH: usize, const LINE: usize> Default for Client<DEPTH, LINE> {
    fn default() -> Self {
        Self::new()
    }
}
