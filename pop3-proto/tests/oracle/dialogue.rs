//! Dialogues: any list of operations on a client, and after each of them all that must be so.

use std::iter;

use super::commands::Asked;
use super::model::{Connection, Seen};
use super::permission::objections;
use super::sasl::check_challenge;
use pop3_proto::{
    CapabilityKind, Client, CommandKind, Config, Event, ReceiveError, Request, SendError, State,
    Waiting,
};

/// Something that happens to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// The server sends these octets.
    Receive(Vec<u8>),
    /// The caller wants to send this, at the right time or not.
    Send(Asked),
    /// The driver says that TLS is established.
    Tls,
    /// The connection ends.
    Eof,
    /// The driver gives up.
    Abort,
}

/// What happens to a client, in this order.
#[derive(Clone, Debug)]
pub struct Dialogue {
    pub config: Config,
    pub ops: Vec<Op>,
}

/// How far a dialogue got, as the client told it.
#[derive(Clone, Debug)]
pub struct Played {
    pub state: State,
    pub failure: Option<ReceiveError>,
    /// What the client waits for.
    pub waiting: Option<Waiting>,
    /// Everything that was seen but the octets of messages.
    pub events: usize,
    /// The multi-line replies that came to their end.
    pub ended: usize,
    /// QUIT was answered with `+OK`.
    pub committed: bool,
}

impl Dialogue {
    /// Plays it against a client, with what the server sends cut into pieces of these sizes, over and over.
    ///
    /// # Panics
    ///
    /// The client does not do what the model says, in any respect.
    pub fn check<const DEPTH: usize, const LINE: usize>(&self, sizes: &[usize]) -> Played {
        let mut player = Player::<DEPTH, LINE>::new(self.config);
        for op in &self.ops {
            player.play(op, sizes);
        }
        player.played()
    }

    /// The same with what the server sends in pieces that end in each of the octets that matter.
    pub fn cut_at_special_octets(&self) -> Self {
        let cut = |op: &Op| match op {
            Op::Receive(octets) => octets
                .split_inclusive(|octet| b".\r\n+-".contains(octet))
                .map(|piece| Op::Receive(piece.to_vec()))
                .collect(),
            op => vec![op.clone()],
        };
        Self {
            config: self.config,
            ops: self.ops.iter().flat_map(cut).collect(),
        }
    }

    /// Plays it against clients of one of some depths and lengths of lines, chosen by a number.
    pub fn check_with_size(&self, choice: u8, sizes: &[usize]) -> Played {
        match choice % 10 {
            0 => self.check::<8, 512>(sizes),
            1 => self.check::<1, 5>(sizes),
            2 => self.check::<1, 6>(sizes),
            3 => self.check::<2, 7>(sizes),
            4 => self.check::<2, 9>(sizes),
            5 => self.check::<3, 8>(sizes),
            6 => self.check::<16, 16>(sizes),
            7 => self.check::<8, 32>(sizes),
            8 => self.check::<4, 128>(sizes),
            _ => self.check::<8, 511>(sizes),
        }
    }
}

/// A client, and all that has happened to it.
#[derive(Clone)]
pub struct Player<const DEPTH: usize, const LINE: usize> {
    client: Client<DEPTH, LINE>,
    connection: Connection,
    /// The connection ended, or the driver gave up, before the session had ended.
    ended: Option<ReceiveError>,
    progress: Progress,
}

/// How much of what is to be seen has been seen, and what that was.
#[derive(Clone, Copy, Default)]
struct Progress {
    steps: usize,
    /// How many octets of the message that is the next step.
    octets: usize,
    events: usize,
    ended: usize,
    committed: bool,
}

impl Progress {
    fn event(&mut self, event: &Event<'_>, expected: &[Seen<'_>]) {
        self.pass_message(expected);
        match expected.get(self.steps) {
            Some(&Seen::Challenge {
                request,
                base64,
                whole,
            }) => match event {
                Event::Challenge {
                    request: of,
                    challenge,
                } => {
                    assert_eq!(*of, request);
                    check_challenge(challenge, base64, whole);
                }
                other => panic!("{other:?} instead of a challenge"),
            },
            Some(Seen::Event(next)) => assert_eq!(event, next, "instead of the latter"),
            other => panic!("{event:?} instead of {other:?}"),
        }
        self.steps += 1;
        self.events += 1;
        self.ended += usize::from(matches!(event, Event::End { .. }));
        self.committed |=
            matches!(event, Event::Done { request, .. } if request.kind == CommandKind::Quit);
    }

    fn body(&mut self, octets: &[u8], expected: &[Seen<'_>]) {
        assert!(!octets.is_empty(), "an empty piece of a message");
        match expected.get(self.steps) {
            Some(Seen::Body(message)) if message[self.octets..].starts_with(octets) => {
                self.octets += octets.len();
            }
            other => panic!(
                "\"{}\" instead of {other:?} from {}",
                octets.escape_ascii(),
                self.octets
            ),
        }
    }

    /// A message that has been seen as far as it goes.
    fn pass_message(&mut self, expected: &[Seen<'_>]) {
        let next = expected.get(self.steps);
        if matches!(next, Some(Seen::Body(message)) if message.len() == self.octets) {
            self.steps += 1;
            self.octets = 0;
        }
    }

    fn is_complete(mut self, expected: &[Seen<'_>]) -> bool {
        self.pass_message(expected);
        self.steps == expected.len()
    }
}

impl<const DEPTH: usize, const LINE: usize> Player<DEPTH, LINE> {
    pub fn new(config: Config) -> Self {
        Self {
            client: Client::with_config(config),
            connection: Connection {
                config,
                line: LINE,
                stream: Vec::new(),
                sent: Vec::new(),
                tls: None,
            },
            ended: None,
            progress: Progress::default(),
        }
    }

    /// Lets something happen to the client, and looks at what it makes of it.
    ///
    /// # Panics
    ///
    /// That is not what the model says, in any respect.
    pub fn play(&mut self, op: &Op, sizes: &[usize]) {
        match op {
            Op::Receive(octets) => self.receive(octets, sizes),
            Op::Send(asked) => self.send(asked),
            Op::Tls => self.establish_tls(),
            Op::Eof => self.eof(),
            Op::Abort => self.abort(),
        }
        self.agree();
    }

    /// The commands that were sent.
    pub fn sent(&self) -> Vec<CommandKind> {
        let sent = self.connection.sent.iter();
        sent.map(|(_, request)| request.kind).collect()
    }

    fn receive(&mut self, octets: &[u8], sizes: &[usize]) {
        if self.ended.is_none() {
            self.connection.stream.extend_from_slice(octets);
        }
        let outcome = self.connection.outcome();
        let failure = self.ended.or(outcome.failure);
        for chunk in pieces(octets, sizes) {
            let mut input = chunk;
            for calls in 0.. {
                // Each call takes an octet at least, or gives out the one that was withheld.
                assert!(calls <= chunk.len() + 1, "no progress");
                let before = input.len();
                match self.client.receive(&mut input) {
                    Ok(None) => {
                        assert!(input.is_empty(), "asks for more with octets left");
                        break;
                    }
                    Ok(Some(Event::Body(octets))) => self.progress.body(octets, &outcome.seen),
                    Ok(Some(event)) => {
                        assert!(input.len() < before, "an event out of nothing");
                        self.progress.event(&event, &outcome.seen);
                    }
                    Err(error) => {
                        assert_eq!(Some(error), failure);
                        let again = self.client.receive(&mut &b"+OK\r\n"[..]);
                        assert_eq!(again, Err(error), "errors stay");
                        break;
                    }
                }
            }
        }
        assert!(
            self.progress.is_complete(&outcome.seen),
            "nothing came instead of {:?}",
            outcome.seen.get(self.progress.steps)
        );
    }

    fn send(&mut self, asked: &Asked) {
        let outcome = self.connection.outcome();
        let objections = match self.ended {
            Some(error) => vec![SendError::Failed(error)],
            None => objections(
                asked.kind,
                &outcome,
                &self.connection.config,
                DEPTH,
                self.connection.tls.is_some(),
            ),
        };
        match self.client.check(asked.kind) {
            Ok(()) => assert_eq!(objections, [], "{asked:?} is not allowed"),
            Err(error) => assert!(objections.contains(&error), "{error:?}: {objections:?}"),
        }
        let oldest = outcome.in_flight.front().copied();
        let needed = asked.length();
        let fine = asked.can_be_sent();
        for room in [needed - 1, needed + 1] {
            let mut expected = objections.clone();
            if !fine {
                expected.push(SendError::InvalidArgument(asked.kind));
            }
            if room < needed {
                expected.push(SendError::BufferTooSmall { needed });
            }
            let mut out = vec![b'#'; room];
            let before = format!("{:?}", self.client);
            match self.client.send(&asked.command(), &mut out) {
                Ok(sent) => {
                    assert_eq!(expected, [], "{asked:?} was sent");
                    assert_eq!(sent.octets, needed);
                    let request = Request {
                        kind: asked.kind,
                        message: asked.command().message(),
                    };
                    // What answers a challenge is part of the command that was challenged.
                    match asked.kind {
                        CommandKind::Response | CommandKind::Cancel => {
                            assert_eq!(Some(sent.request), oldest);
                        }
                        _ => assert_eq!(sent.request, request),
                    }
                    assert!(asked.is_understood_from(&out[..needed]), "{out:?}");
                    assert_eq!(out[needed..], *b"#", "more than was said");
                    let received = self.connection.stream.len();
                    self.connection.sent.push((received, request));
                }
                Err(error) => {
                    assert!(expected.contains(&error), "{error:?}: {expected:?}");
                    assert!(out.iter().all(|&octet| octet == b'#'), "half a command");
                    assert_eq!(format!("{:?}", self.client), before, "changed by nothing");
                }
            }
        }
    }

    fn establish_tls(&mut self) {
        let outcome = self.connection.outcome();
        let line_begun = !matches!(self.connection.stream.last(), None | Some(b'\n'));
        let allowed = self.ended.is_none()
            && match outcome.state {
                State::StartTls => true,
                State::Greeting => self.connection.tls.is_none() && !line_begun,
                _ => false,
            };
        let before = format!("{:?}", self.client);
        let established = self.client.tls_established();
        assert_eq!(established.is_ok(), allowed, "{established:?}");
        if allowed {
            self.connection.tls = Some(self.connection.stream.len());
        } else {
            assert_eq!(format!("{:?}", self.client), before, "changed by nothing");
        }
    }

    fn eof(&mut self) {
        let outcome = self.connection.outcome();
        let waiting = outcome.waiting;
        let expected = match self.ended.or(outcome.failure) {
            Some(error) => Err(error),
            None if outcome.state == State::Closed => Ok(()),
            None => Err(ReceiveError::Eof { waiting }),
        };
        assert_eq!(self.client.receive_eof(), expected);
        assert_eq!(self.client.receive_eof(), expected, "it stays");
        if outcome.failure.is_none() {
            self.ended = expected.err();
        }
    }

    fn abort(&mut self) {
        let outcome = self.connection.outcome();
        let over = matches!(outcome.state, State::Closed | State::Failed);
        let waiting = outcome.waiting;
        self.client.abort();
        if !over && self.ended.is_none() {
            self.ended = Some(ReceiveError::Aborted { waiting });
        }
    }

    /// What the client says of itself is what the model says of it.
    fn agree(&self) {
        let outcome = self.connection.outcome();
        let client = &self.client;
        let (state, waiting) = match self.ended {
            Some(_) => (State::Failed, None),
            None => (outcome.state, outcome.waiting),
        };
        assert_eq!(client.state(), state);
        assert_eq!(client.waiting_for(), waiting);
        assert_eq!(client.in_flight(), outcome.in_flight.len());
        assert!(client.in_flight() <= DEPTH);
        assert_eq!(client.is_tls(), self.connection.tls.is_some());
        assert_eq!(
            client.capabilities().is_some(),
            outcome.capabilities.is_some()
        );
        if let (Some(set), Some(list)) = (client.capabilities(), &outcome.capabilities) {
            for kind in CAPABILITIES {
                assert_eq!(set.contains(kind), list.contains(&kind), "{kind}");
            }
        }
        for kind in CAPABILITIES {
            assert_eq!(client.support(kind), outcome.support(kind), "{kind}");
        }
        if let Some(Waiting::Reply(request) | Waiting::Rest(request)) = waiting {
            assert_eq!(outcome.in_flight.front(), Some(&request));
        }
    }

    pub fn played(&self) -> Played {
        let Progress {
            events,
            ended,
            committed,
            ..
        } = self.progress;
        // A receive without octets changes nothing, but for giving the error that stays.
        let failure = self.client.clone().receive(&mut &b""[..]).err();
        Played {
            state: self.client.state(),
            failure,
            waiting: self.client.waiting_for(),
            events,
            ended,
            committed,
        }
    }
}

pub const CAPABILITIES: [CapabilityKind; 13] = [
    CapabilityKind::Top,
    CapabilityKind::User,
    CapabilityKind::Sasl,
    CapabilityKind::RespCodes,
    CapabilityKind::AuthRespCode,
    CapabilityKind::LoginDelay,
    CapabilityKind::Pipelining,
    CapabilityKind::Expire,
    CapabilityKind::Uidl,
    CapabilityKind::Implementation,
    CapabilityKind::Stls,
    CapabilityKind::Utf8,
    CapabilityKind::Lang,
];

/// A stream in pieces of these sizes, over and over; a size of 0 counts as 1.
pub fn pieces<'a>(stream: &'a [u8], sizes: &[usize]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = stream;
    let mut sizes = sizes.iter().cycle();
    iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let size = sizes.next().map_or(rest.len(), |&size| size.max(1));
        let (piece, behind) = rest.split_at(size.min(rest.len()));
        rest = behind;
        Some(piece)
    })
}
