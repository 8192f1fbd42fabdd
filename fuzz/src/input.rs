//! Octets as dialogues: any octets are one, most changes of an octet make another, and dialogues can be written down as
//! octets, so that transcripts can be seeds.

use std::iter;

use crate::oracle::commands::Asked;
use crate::oracle::dialogue::{Dialogue, Op};
use pop3_proto::login::{Authentication, Security};
use pop3_proto::sasl::MechanismKind;
use pop3_proto::{CommandKind, Config, LineEnds, MessageNumber, Pipelining};

use crate::oracle::login::WayIn;

/// The rest of an input.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    /// The next octet; 0 at the end.
    pub fn octet(&mut self) -> u8 {
        self.octets(1).first().copied().unwrap_or(0)
    }

    /// The next octets, fewer at the end.
    pub fn octets(&mut self, count: usize) -> &'a [u8] {
        let (octets, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        octets
    }

    /// Up to seven sizes of pieces, behind their number.
    pub fn sizes(&mut self) -> Vec<usize> {
        let count = self.octet() % 8;
        let sizes = self.octets(count.into()).iter();
        sizes.map(|&size| size.into()).collect()
    }

    /// Choices for a session, in the bits of an octet.
    pub fn config(&mut self) -> Config {
        let bits = self.octet();
        let mut config = Config::new()
            .keep_single_dots(bits & 1 != 0)
            .glued_status(bits & 2 != 0)
            .blank_lines(bits >> 2 & 3)
            .pipelining(match bits >> 4 & 3 {
                0 => Pipelining::IfAnnounced,
                1 => Pipelining::Off,
                _ => Pipelining::Always,
            });
        if bits & 0x40 != 0 {
            config = config.line_ends(LineEnds::Lenient);
        }
        config
    }

    /// A command, with its arguments.
    pub fn asked(&mut self) -> Asked {
        let kind = kind(self.octet());
        let message = u32::from_be_bytes(self.number()).max(1);
        let mut asked = Asked::new(kind, MessageNumber::new(message).expect("1 or more"));
        asked.lines = u32::from_be_bytes(self.number());
        let user = self.octet();
        asked.user = self.octets(user.into()).to_vec();
        asked.secret = self.0.to_vec();
        // A mechanism's name and a language are names, and what a mechanism says is a secret.
        asked.language = String::from_utf8_lossy(&asked.user).into_owned();
        asked.mechanism.name.clone_from(&asked.language);
        asked.mechanism.response.clone_from(&asked.secret);
        let choices = asked.lines;
        choose(&mut asked, choices);
        asked
    }

    fn number(&mut self) -> [u8; 4] {
        std::array::from_fn(|_| self.octet())
    }

    /// What happens, one after the other.
    pub fn ops(mut self) -> Vec<Op> {
        iter::from_fn(|| (!self.0.is_empty()).then(|| self.op())).collect()
    }

    fn op(&mut self) -> Op {
        match self.octet() {
            count @ ..SEND => Op::Receive(self.octets(usize::from(count) + 1).to_vec()),
            which @ SEND..SEND_NUMBER => {
                Op::Send(Asked::new(kind(which - SEND), MessageNumber::FIRST))
            }
            which @ SEND_NUMBER..SEND_NAME => {
                let choices = self.octet();
                let number = MessageNumber::new(u32::from(choices) + 1);
                let mut asked = Asked::new(kind(which - SEND_NUMBER), number.expect("1 or more"));
                choose(&mut asked, choices.into());
                Op::Send(asked)
            }
            which @ SEND_NAME..TLS => {
                let mut asked = Asked::new(kind(which - SEND_NAME), MessageNumber::FIRST);
                let length = self.octet();
                asked.user = self.octets(length.into()).to_vec();
                asked.secret.clone_from(&asked.user);
                asked.mechanism.response.clone_from(&asked.user);
                asked.language = String::from_utf8_lossy(&asked.user).into_owned();
                Op::Send(asked)
            }
            TLS => Op::Tls,
            EOF => Op::Eof,
            ABORT => Op::Abort,
            count => Op::Receive(self.octets(usize::from(count - ABORT)).to_vec()),
        }
    }

    /// A dialogue, the size of the client in it, and how what the server sends is cut.
    pub fn dialogue(mut self) -> (Dialogue, u8, Vec<usize>) {
        let (config, size, sizes) = (self.config(), self.octet(), self.sizes());
        let ops = self.ops();
        (Dialogue { config, ops }, size, sizes)
    }

    /// A way into a session.
    pub fn way_in(&mut self) -> WayIn {
        let bits = self.octet();
        WayIn {
            security: match bits & 3 {
                0 => Security::ImplicitTls,
                1 => Security::StartTls,
                _ => Security::ClearText,
            },
            authentication: match usize::from(self.octet()) % (MechanismKind::ALL.len() + 4) {
                0 => Authentication::ApopOnly,
                1 => Authentication::ApopThenUserPass,
                2 => Authentication::UserPass,
                3 => Authentication::Auto,
                mechanism => Authentication::Mechanism(MechanismKind::ALL[mechanism - 4]),
            },
            ask_capabilities: bits & 0x10 != 0,
            token: bits & 0x20 != 0,
        }
    }
}

/// Room for all kinds of commands, and some more.
const KINDS: u8 = 24;
/// A command of each kind, with the arguments that [`Asked::new`] gives it.
const SEND: u8 = 128;
/// The same for the message whose number, less one, is in the next octet; with AUTH its bits are [`choose`]'s.
const SEND_NUMBER: u8 = SEND + KINDS;
/// The same with a name, a secret, a response or a language whose length is in the next octet, and which follow it.
const SEND_NAME: u8 = SEND_NUMBER + KINDS;
const TLS: u8 = SEND_NAME + KINDS;
const EOF: u8 = TLS + 1;
const ABORT: u8 = EOF + 1;

/// Whether a mechanism speaks first, and whether it is let.
fn choose(asked: &mut Asked, bits: u32) {
    asked.initial_response = bits & 1 == 0;
    asked.mechanism.speaks_first = bits & 2 == 0;
}

/// What [`choose`] reads as this.
pub fn chosen(asked: &Asked) -> u8 {
    u8::from(!asked.initial_response) | u8::from(!asked.mechanism.speaks_first) << 1
}

/// What [`Input::config`] reads as this.
pub fn choices(config: &Config) -> u8 {
    let pipelining = match config.pipelining {
        Pipelining::IfAnnounced => 0,
        Pipelining::Off => 1,
        _ => 2,
    };
    u8::from(config.keep_single_dots)
        | u8::from(config.glued_status) << 1
        | config.blank_lines.min(3) << 2
        | pipelining << 4
        | u8::from(config.line_ends == LineEnds::Lenient) << 6
}

/// The octet that is read as this kind.
pub fn which(kind: CommandKind) -> u8 {
    let which = CommandKind::ALL.iter().position(|&one| one == kind);
    which
        .and_then(|which| u8::try_from(which).ok())
        .unwrap_or(0)
}

fn kind(which: u8) -> CommandKind {
    CommandKind::ALL[usize::from(which) % CommandKind::ALL.len()]
}

/// Logs in, sends commands, and then receives a stream: the list of commands in flight and the reply stream that the model
/// is about.
pub fn pipelined(config: Config, commands: &[u8], stream: &[u8]) -> Dialogue {
    let says = |octets: &[u8]| Op::Receive(octets.to_vec());
    let asks = |kind| Op::Send(Asked::new(kind, MessageNumber::FIRST));
    let mut ops = vec![
        says(b"+OK\r\n"),
        asks(CommandKind::User),
        says(b"+OK\r\n"),
        asks(CommandKind::Pass),
        says(b"+OK\r\n"),
    ];
    ops.extend(commands.iter().map(|&which| asks(kind(which))));
    ops.extend([says(stream), Op::Eof]);
    let config = config.pipelining(Pipelining::Always);
    Dialogue { config, ops }
}

/// What [`Input::ops`] reads as these.
pub fn written(ops: &[Op]) -> Vec<u8> {
    let mut octets = Vec::new();
    for op in ops {
        match op {
            Op::Receive(stream) => {
                for piece in stream.chunks(SEND.into()) {
                    octets.push(u8::try_from(piece.len() - 1).expect("a short piece"));
                    octets.extend_from_slice(piece);
                }
            }
            Op::Send(asked) => {
                let which = which(asked.kind);
                let name = match asked.kind {
                    CommandKind::Pass => &asked.secret[..],
                    CommandKind::Auth | CommandKind::Response => &asked.mechanism.response,
                    CommandKind::Lang => asked.language.as_bytes(),
                    _ => &asked.user,
                };
                if asked.kind == CommandKind::Auth && chosen(asked) != 0 {
                    octets.extend([SEND_NUMBER + which, chosen(asked)]);
                    continue;
                }
                let number = asked.message.get() - 1;
                match (u8::try_from(number), u8::try_from(name.len())) {
                    (Ok(0), Ok(length)) if asked.kind.keyword() != "APOP" => {
                        octets.extend([SEND_NAME + which, length]);
                        octets.extend_from_slice(name);
                    }
                    (Ok(number), _) => octets.extend([SEND_NUMBER + which, number]),
                    _ => octets.push(SEND + which),
                }
            }
            Op::Tls => octets.push(TLS),
            Op::Eof => octets.push(EOF),
            Op::Abort => octets.push(ABORT),
        }
    }
    octets
}
