//! Sessions written down as text, played against the client whole, octet by octet, and cut at every place (where the server
//! sends no more than 2,000 octets in one go).
//!
//! ```text
//! # a remark
//! set line=8                 kept of a line; also glued, lenient-lines, keep-dots, blank-lines=N, pipelining, secret=...
//! S: +OK ready               the server sends this and CRLF; \r \n \t \\ \0 \xNN, and \{600*a} for 600 times "a"
//! S| +OK re                  the same without CRLF
//! = Greeting apop=false "ready"
//! C: USER mrose              the client sends exactly this and CRLF; what is no command is the response to a challenge, in base64
//! C:                         the response to a challenge, of nothing
//! X: STAT ! not allowed      the client refuses to send this, and says so
//! ? TOP Unknown              whether the server can do this, as far as the client knows
//! TLS                        the TLS handshake is done
//! EOF                        the server closes the connection
//! ```
//!
//! The lines with `=` are all that the client makes of what the server sent since the last `C`, `X`, `TLS` or `EOF`.

use std::path::Path;

use super::commands::Asked;
use super::dialogue::{CAPABILITIES, Dialogue, Op};
use super::sasl::{Scripted, decoded};
use pop3_proto::{CapabilityKind, CommandKind, Config, LineEnds, MessageNumber, Pipelining};

/// A line of a transcript.
pub enum Step {
    Server(Vec<u8>),
    Expect(String),
    Client(String),
    Refused(String, String),
    Support(CapabilityKind, String),
    Tls,
    Eof,
}

/// A session that was written down.
pub struct Transcript {
    pub name: String,
    pub config: Config,
    /// How many octets are kept of a line.
    pub line: usize,
    pub steps: Vec<Step>,
    secret: Vec<u8>,
}

impl Transcript {
    pub fn parse(name: &str, text: &str) -> Self {
        let mut transcript = Self {
            name: name.to_owned(),
            config: Config::new(),
            line: 512,
            secret: Vec::new(),
            steps: Vec::new(),
        };
        for line in text.lines() {
            let step = if line.is_empty() || line.starts_with('#') {
                continue;
            } else if let Some(setting) = line.strip_prefix("set ") {
                transcript.set(setting);
                continue;
            } else if let Some(text) = line.strip_prefix("S: ") {
                let mut octets = unescape(text);
                octets.extend_from_slice(b"\r\n");
                Step::Server(octets)
            } else if let Some(text) = line.strip_prefix("S| ") {
                Step::Server(unescape(text))
            } else if let Some(text) = line.strip_prefix("= ") {
                Step::Expect(expand(text))
            } else if let Some(text) = line.strip_prefix("C: ") {
                Step::Client(text.to_owned())
            } else if line == "C:" {
                Step::Client(String::new())
            } else if let Some(text) = line.strip_prefix("? ") {
                let (tag, support) = text.split_once(' ').expect("? TAG SUPPORT");
                let kind = CAPABILITIES.into_iter().find(|kind| kind.tag() == tag);
                Step::Support(kind.expect("a capability"), support.to_owned())
            } else if let Some(text) = line.strip_prefix("X: ") {
                let (command, error) = text.split_once(" ! ").expect("X: COMMAND ! ERROR");
                Step::Refused(command.to_owned(), error.to_owned())
            } else if line == "TLS" {
                Step::Tls
            } else if line == "EOF" {
                Step::Eof
            } else {
                panic!("{name}: what is {line:?}?");
            };
            transcript.steps.push(step);
        }
        transcript
    }

    fn set(&mut self, setting: &str) {
        let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
        match key {
            "line" => self.line = value.parse().expect("a number"),
            "glued" => self.config.glued_status = true,
            "lenient-lines" => self.config.line_ends = LineEnds::Lenient,
            "keep-dots" => self.config.keep_single_dots = true,
            "blank-lines" => self.config.blank_lines = value.parse().expect("a number"),
            "pipelining" => self.config.pipelining = Pipelining::Always,
            "secret" => self.secret = value.as_bytes().to_vec(),
            _ => panic!("{}: what is {setting:?}?", self.name),
        }
    }

    /// The same without what is expected of it: for the model to say.
    pub fn dialogue(&self) -> Dialogue {
        let mut ops: Vec<Op> = Vec::new();
        for step in &self.steps {
            match (step, ops.last_mut()) {
                (Step::Server(more), Some(Op::Receive(octets))) => octets.extend_from_slice(more),
                (Step::Server(octets), _) => ops.push(Op::Receive(octets.clone())),
                (Step::Client(line) | Step::Refused(line, _), _) => {
                    ops.push(Op::Send(self.asked(line)));
                }
                (Step::Tls, _) => ops.push(Op::Tls),
                (Step::Eof, _) => ops.push(Op::Eof),
                (Step::Expect(_) | Step::Support(..), _) => {}
            }
        }
        let config = self.config;
        Dialogue { config, ops }
    }

    /// The command in a line.
    pub fn asked(&self, line: &str) -> Asked {
        let (keyword, rest) = line.split_once(' ').unwrap_or((line, ""));
        let mut asked = Asked::new(CommandKind::Noop, MessageNumber::FIRST);
        let response = |base64: &str| {
            decoded(base64.as_bytes()).unwrap_or_else(|| panic!("{}: what is {line:?}?", self.name))
        };
        let kind = CommandKind::ALL
            .iter()
            .rfind(|kind| kind.keyword() == keyword);
        asked.kind = *kind.unwrap_or(&CommandKind::Response);
        match asked.kind {
            CommandKind::User => asked.user = rest.into(),
            CommandKind::Pass => asked.secret = rest.into(),
            CommandKind::Apop => {
                asked.user = rest.split(' ').next().expect("a user").into();
                asked.secret = self.secret.clone();
            }
            CommandKind::Response => asked.mechanism.response = response(line),
            CommandKind::Auth => {
                let (name, initial) = rest.split_once(' ').unwrap_or((rest, ""));
                asked.initial_response = !initial.is_empty();
                asked.mechanism = Scripted {
                    name: name.to_owned(),
                    speaks_first: asked.initial_response,
                    response: match initial {
                        "=" => Vec::new(),
                        initial => response(initial),
                    },
                };
            }
            CommandKind::Lang if rest.is_empty() => asked.kind = CommandKind::Languages,
            CommandKind::Lang => asked.language = rest.to_owned(),
            CommandKind::ListOne if rest.is_empty() => asked.kind = CommandKind::List,
            CommandKind::UidlOne if rest.is_empty() => asked.kind = CommandKind::Uidl,
            _ if rest.is_empty() => {}
            _ => {
                let (message, lines) = rest.split_once(' ').unwrap_or((rest, "0"));
                let message = message.parse().expect("a number");
                asked.message = MessageNumber::new(message).expect("from 1");
                asked.lines = lines.parse().expect("a number");
            }
        }
        asked
    }
}

/// All transcripts in a folder.
pub fn all_in(folder: &Path) -> Vec<Transcript> {
    let entries = std::fs::read_dir(folder).expect("the transcripts");
    let mut transcripts: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("a transcript").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            let text = std::fs::read_to_string(&path).expect("a transcript is UTF-8");
            Transcript::parse(&name, &text)
        })
        .collect();
    transcripts.sort_by(|one, other| one.name.cmp(&other.name));
    transcripts
}

/// Replaces `\{600*a}` by 600 times "a".
fn expand(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\{") {
        out.push_str(before);
        let (repeat, after) = after.split_once('}').expect("\\{N*text}");
        let (count, what) = repeat.split_once('*').expect("\\{N*text}");
        out.push_str(&what.repeat(count.parse().expect("a number")));
        rest = after;
    }
    out + rest
}

fn unescape(text: &str) -> Vec<u8> {
    let text = expand(text);
    let mut octets = Vec::new();
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        if octet != b'\\' {
            octets.push(octet);
            continue;
        }
        octets.push(match rest.next() {
            Some(b'r') => b'\r',
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'0') => 0,
            Some(b'\\') => b'\\',
            Some(b'x') => {
                let digits = [rest.next().expect("\\xNN"), rest.next().expect("\\xNN")];
                let digits = std::str::from_utf8(&digits).expect("digits");
                u8::from_str_radix(digits, 16).expect("\\xNN")
            }
            other => panic!("what is \\{other:?}?"),
        });
    }
    octets
}
