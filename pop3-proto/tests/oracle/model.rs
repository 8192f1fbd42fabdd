//! The receive side of POP3 as an executable specification: from what a server said, and which commands it had been sent
//! by then, to what a client is to make of it. Written from RFC 1939, 2449, 2595, 5034, 5322 and 6856, and nothing in it is clever:
//! it looks at the whole stream at once, each time anew.

use std::collections::VecDeque;

use super::grammar::{answer, has_timestamp, item, trim_start};
use super::stuffing::{line_length, unstuffed};
use pop3_proto::{
    CapabilityKind, CommandKind, Config, Event, Foreign, LineEnds, ReceiveError, Request, State,
    Support, Text, Waiting,
};

/// What ends a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnd {
    CrLf,
    Lf,
}

/// All that has happened on a connection.
#[derive(Clone, Debug)]
pub struct Connection {
    pub config: Config,
    /// How many octets are kept of a line.
    pub line: usize,
    /// What the server has sent, before TLS and inside it.
    pub stream: Vec<u8>,
    /// The commands, each with how many octets of the stream had come when it was sent. Responses to challenges and their
    /// cancellation are among them, of a kind of their own.
    pub sent: Vec<(usize, Request)>,
    /// How many octets of the stream had come when TLS was established.
    pub tls: Option<usize>,
}

/// What a client is to make of it.
#[derive(Clone, Debug)]
pub struct Outcome<'a> {
    pub seen: Vec<Seen<'a>>,
    pub failure: Option<ReceiveError>,
    pub state: State,
    /// What has not been answered, oldest first.
    pub in_flight: VecDeque<Request>,
    pub waiting: Option<Waiting>,
    pub capabilities: Option<Vec<CapabilityKind>>,
    /// The command sent last is a USER that was accepted.
    pub user_accepted: bool,
    /// APOP can be used.
    pub timestamp: bool,
    /// The client is to speak, in a SASL exchange.
    pub challenged: bool,
    /// UTF8 was sent.
    pub utf8: bool,
    /// What was tried whether or not it is announced, and whether the server did it.
    pub tried: Vec<(CapabilityKind, bool)>,
}

/// A step of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen<'a> {
    Event(Event<'a>),
    /// A challenge.
    Challenge {
        request: Request,
        base64: &'a [u8],
        /// It was not cut.
        whole: bool,
    },
    /// The octets of a message, all that can be known of it.
    Body(Vec<u8>),
}

impl Outcome<'_> {
    fn fail(&mut self, error: ReceiveError) {
        self.state = State::Failed;
        self.failure = Some(error);
    }

    /// Whether the server can do this, as far as it is known.
    pub fn support(&self, kind: CapabilityKind) -> Support {
        let announced = self.capabilities.as_ref().map(|all| all.contains(&kind));
        let tried = |done| self.tried.contains(&(kind, done));
        match announced {
            _ if tried(true) => Support::Proved,
            Some(true) => Support::Announced,
            _ if tried(false) => Support::Refused,
            Some(false) => Support::NotAnnounced,
            None => Support::Unknown,
        }
    }
}

impl Connection {
    pub fn outcome(&self) -> Outcome<'_> {
        let mut asked: VecDeque<(usize, Request)> = self.sent.iter().copied().collect();
        let mut outcome = Outcome {
            seen: Vec::new(),
            failure: None,
            state: State::Greeting,
            in_flight: VecDeque::new(),
            waiting: None,
            capabilities: None,
            user_accepted: false,
            timestamp: false,
            challenged: false,
            utf8: self
                .sent
                .iter()
                .any(|(_, sent)| sent.kind == CommandKind::Utf8),
            tried: Vec::new(),
        };
        let mut multi_line = false;
        self.follow(&mut outcome, &mut asked, &mut multi_line);
        let quit = asked
            .iter()
            .any(|(_, asked)| asked.kind == CommandKind::Quit);
        if quit && outcome.failure.is_none() {
            outcome.state = State::Quitting;
        }
        outcome.user_accepted &= asked.is_empty();
        outcome.in_flight = asked
            .into_iter()
            .map(|(_, sent)| answered_by(sent))
            .collect();
        outcome.waiting = match outcome.state {
            State::Greeting => Some(Waiting::Greeting),
            State::StartTls => Some(Waiting::Tls),
            State::Closed | State::Failed => None,
            _ if outcome.challenged => None,
            _ => outcome.in_flight.front().map(|&request| match multi_line {
                true => Waiting::Rest(request),
                false => Waiting::Reply(request),
            }),
        };
        outcome
    }

    /// Reads the stream, reply by reply, until it ends, the session ends, or the protocol is broken.
    fn follow<'a>(
        &'a self,
        outcome: &mut Outcome<'a>,
        asked: &mut VecDeque<(usize, Request)>,
        multi_line: &mut bool,
    ) {
        let mut at = 0;
        let mut blank_lines = 0;
        loop {
            if outcome.state == State::StartTls && self.tls == Some(at) {
                outcome.state = State::Authorization;
                outcome.capabilities = None;
                outcome.timestamp = false;
            }
            if outcome.state == State::Closed || at == self.stream.len() {
                return;
            }
            if outcome.state == State::StartTls {
                return outcome.fail(ReceiveError::PlaintextAfterStls);
            }
            let Some(length) = line_length(&self.stream[at..], LineEnd::Lf) else {
                return;
            };
            let (line, ended_by) = without_end(&self.stream[at..at + length]);
            let greeting = outcome.state == State::Greeting;
            // What began before the command was sent answers nothing, nor does what is said when the client is to speak.
            let sent = match asked.front() {
                Some(&(sent_at, sent)) if sent_at <= at && !outcome.challenged => Some(sent),
                _ => None,
            };
            let request = sent.map(answered_by);
            let kind = sent.map(|sent| sent.kind);
            at += length;

            if line.is_empty() && blank_lines < self.config.blank_lines {
                blank_lines += 1;
                continue;
            }
            blank_lines = 0;
            if line.contains(&0) {
                return outcome.fail(ReceiveError::NulInReply);
            }
            let positive = match (self.status(line, b"+OK"), self.status(line, b"-ERR")) {
                (_, true) => false,
                _ if request.is_none() && !greeting => {
                    return outcome.fail(ReceiveError::Unsolicited);
                }
                (true, _) if kind == Some(CommandKind::Cancel) => {
                    return outcome.fail(ReceiveError::CancelAccepted);
                }
                (true, _) => true,
                _ if matches!(kind, Some(CommandKind::Auth | CommandKind::Response))
                    && (line == b"+" || line.starts_with(b"+ ") || line.starts_with(b"+\t")) =>
                {
                    outcome.seen.push(Seen::Challenge {
                        request: request.expect("a command of that kind"),
                        base64: trim_start(&line[1..line.len().min(self.line)]),
                        whole: line.len() <= self.line,
                    });
                    // The client's answer, if there is one yet, is what the server answers next.
                    match asked.get(1) {
                        Some(_) => drop(asked.pop_front()),
                        None => outcome.challenged = true,
                    }
                    continue;
                }
                _ if greeting && (line.starts_with(b"220 ") || line.starts_with(b"220-")) => {
                    return outcome.fail(ReceiveError::NotPop3(Foreign::Smtp));
                }
                _ if greeting && line.starts_with(b"* ") => {
                    return outcome.fail(ReceiveError::NotPop3(Foreign::Imap));
                }
                _ => return outcome.fail(ReceiveError::NotAReply { request }),
            };
            let kept = &line[..line.len().min(self.line)];
            let octets = kept.get(if positive { 3 } else { 4 }..);
            let octets = trim_start(octets.unwrap_or_default());
            let text = Text::new(octets);
            let mut see = |event| outcome.seen.push(Seen::Event(event));

            let Some(request) = request else {
                outcome.state = if positive {
                    outcome.timestamp = has_timestamp(line);
                    let apop = outcome.timestamp;
                    see(Event::Greeting { text, apop });
                    State::Authorization
                } else {
                    see(Event::Farewell { text });
                    outcome.challenged = false;
                    asked.clear();
                    State::Closed
                };
                continue;
            };
            if request.kind == CommandKind::Capa {
                outcome.capabilities = None;
            }
            let tried = match request.kind {
                // That one message is refused says nothing of the others.
                CommandKind::UidlOne if !positive => None,
                CommandKind::Uidl | CommandKind::UidlOne => Some(CapabilityKind::Uidl),
                CommandKind::Top => Some(CapabilityKind::Top),
                _ => None,
            };
            outcome.tried.extend(tried.map(|tried| (tried, positive)));
            if !positive {
                see(Event::Rejected { request, text });
            } else if MULTI_LINE.contains(&request.kind) {
                see(Event::Begin { request, text });
                let ends = match self.config.line_ends {
                    LineEnds::Lenient => LineEnd::Lf,
                    _ => ended_by,
                };
                let whole = match request.kind {
                    CommandKind::Retr | CommandKind::Top => self.message(at, ends, outcome),
                    _ => self.lines(at, ends, request, outcome),
                };
                let Some(length) = whole else {
                    *multi_line = true;
                    return;
                };
                at += length;
                outcome.seen.push(Seen::Event(Event::End { request }));
            } else {
                let unparsed = Event::Unparsed {
                    request,
                    line: text,
                };
                see(match request.kind {
                    CommandKind::Stls => Event::StartTls { request, text },
                    CommandKind::Stat | CommandKind::ListOne | CommandKind::UidlOne => {
                        // What was cut short says something else.
                        match line.len() <= self.line {
                            true => answer(request, octets).unwrap_or(unparsed),
                            false => unparsed,
                        }
                    }
                    _ => Event::Done { request, text },
                });
            }
            asked.pop_front();
            outcome.user_accepted = request.kind == CommandKind::User && positive;
            outcome.state = match request.kind {
                CommandKind::Pass | CommandKind::Apop | CommandKind::Auth if positive => {
                    outcome.capabilities = None;
                    State::Transaction
                }
                CommandKind::Stls if positive => State::StartTls,
                CommandKind::Quit => State::Closed,
                _ => outcome.state,
            };
        }
    }

    /// Whether the line begins with this status indicator, in any case of letters, and a blank or nothing behind it.
    fn status(&self, line: &[u8], indicator: &[u8]) -> bool {
        let Some((head, behind)) = line.split_at_checked(indicator.len()) else {
            return false;
        };
        head.eq_ignore_ascii_case(indicator)
            && match behind.first() {
                None | Some(b' ' | b'\t') => true,
                Some(b'\r') => false,
                Some(octet) => self.config.glued_status && !octet.is_ascii_alphanumeric(),
            }
    }

    /// The message that begins here, and how many octets of the stream it takes up if it is whole.
    fn message<'a>(&'a self, at: usize, ends: LineEnd, to: &mut Outcome<'a>) -> Option<usize> {
        let read = unstuffed(&self.stream[at..], ends, self.config.keep_single_dots);
        if !read.message.is_empty() {
            to.seen.push(Seen::Body(read.message));
        }
        read.whole
    }

    /// The lines that begin here, and how many octets of the stream they take up if they are all there.
    fn lines<'a>(
        &'a self,
        begin: usize,
        ends: LineEnd,
        request: Request,
        to: &mut Outcome<'a>,
    ) -> Option<usize> {
        let mut at = begin;
        let mut capabilities = Vec::new();
        loop {
            let length = line_length(&self.stream[at..], ends)?;
            let (line, _) = without_end(&self.stream[at..at + length]);
            at += length;
            if line == b"." {
                if request.kind == CommandKind::Capa {
                    to.capabilities = Some(capabilities);
                }
                return Some(at - begin);
            }
            let kept = &line[..line.len().min(self.line)];
            let octets = kept.strip_prefix(b".").unwrap_or(kept);
            let unparsed = Event::Unparsed {
                request,
                line: Text::new(octets),
            };
            let event = match line.len() <= self.line {
                true => item(request, octets).unwrap_or(unparsed),
                false => unparsed,
            };
            if let Event::Capability { capability, .. } = event {
                capabilities.extend(capability.kind());
            }
            to.seen.push(Seen::Event(event));
        }
    }
}

/// The command that the server answers when this was sent.
fn answered_by(sent: Request) -> Request {
    match sent.kind {
        CommandKind::Response | CommandKind::Cancel => Request {
            kind: CommandKind::Auth,
            message: None,
        },
        _ => sent,
    }
}

const MULTI_LINE: [CommandKind; 6] = [
    CommandKind::List,
    CommandKind::Uidl,
    CommandKind::Retr,
    CommandKind::Top,
    CommandKind::Capa,
    CommandKind::Languages,
];

fn without_end(line: &[u8]) -> (&[u8], LineEnd) {
    match line {
        [content @ .., b'\r', b'\n'] => (content, LineEnd::CrLf),
        [content @ .., b'\n'] => (content, LineEnd::Lf),
        _ => unreachable!("a line has an end"),
    }
}
