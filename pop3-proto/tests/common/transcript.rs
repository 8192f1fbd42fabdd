//! Sessions written down as text, played against the client whole, octet by octet, and cut at every place (where the server
//! sends no more than 2,000 octets in one go).
//!
//! ```text
//! # a remark
//! set line=8                 kept of a line; also glued, lenient-lines, keep-dots, blank-lines=N, pipelining, secret=...
//! S: +OK ready               the server sends this and CRLF; \r \n \t \\ \0 \xNN, and \{600*a} for 600 times "a"
//! S| +OK re                  the same without CRLF
//! = Greeting apop=false "ready"
//! C: USER mrose              the client sends exactly this and CRLF
//! X: STAT ! not allowed      the client refuses to send this, and says so
//! TLS                        the TLS handshake is done
//! EOF                        the server closes the connection
//! ```
//!
//! The lines with `=` are all that the client makes of what the server sent since the last `C`, `X`, `TLS` or `EOF`.

use super::{Seen, feed};
use pop3_proto::{Client, Command, Config, LineEnds, MessageNumber, Pipelining};

enum Step {
    Server(Vec<u8>),
    Expect(String),
    Client(String),
    Refused(String, String),
    Tls,
    Eof,
}

pub struct Transcript {
    name: String,
    config: Config,
    line: usize,
    secret: Vec<u8>,
    steps: Vec<Step>,
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

    /// Plays the transcript in every way of cutting that is worth it. Returns how many ways that were.
    pub fn play_all(&self) -> usize {
        let longest = self.segments().into_iter().max().unwrap_or(0);
        let mut cuts: Vec<Vec<usize>> =
            vec![vec![usize::MAX], vec![1], vec![2], vec![3], vec![7, 1]];
        if longest <= 2_000 {
            cuts.extend((1..longest).map(|at| vec![at, usize::MAX]));
        }
        for cut in &cuts {
            self.play(cut);
        }
        cuts.len()
    }

    /// The lengths of what the server sends in one go.
    fn segments(&self) -> Vec<usize> {
        let mut lengths = vec![0];
        for step in &self.steps {
            match step {
                Step::Server(octets) => *lengths.last_mut().expect("one") += octets.len(),
                Step::Expect(_) => {}
                _ => lengths.push(0),
            }
        }
        lengths
    }

    fn play(&self, cut: &[usize]) {
        match self.line {
            8 => self.play_with::<8>(cut),
            64 => self.play_with::<64>(cut),
            512 => self.play_with::<512>(cut),
            other => panic!("{}: no client keeps {other} octets of a line", self.name),
        }
    }

    fn play_with<const LINE: usize>(&self, cut: &[usize]) {
        let mut client: Client<8, LINE> = Client::with_config(self.config);
        let mut stream = Vec::new();
        let mut expected: Vec<&str> = Vec::new();
        let mut got: Vec<String> = Vec::new();
        for step in self.steps.iter().map(Some).chain([None]) {
            match step {
                Some(Step::Server(octets)) => {
                    stream.extend_from_slice(octets);
                    continue;
                }
                Some(Step::Expect(text)) => {
                    expected.push(text);
                    continue;
                }
                _ => {}
            }
            let mut seen = Vec::new();
            deliver(&mut client, &stream, cut, &mut seen);
            got.extend(seen.iter().map(Seen::text));
            assert_eq!(got, expected, "{}, cut {cut:?}", self.name);
            stream.clear();
            expected.clear();
            got.clear();
            match step {
                Some(Step::Client(line)) => {
                    let mut out = vec![0; 4096];
                    let command = self.command(line);
                    let sent = client
                        .send(&command, &mut out)
                        .unwrap_or_else(|error| panic!("{}: {line}: {error}", self.name));
                    assert_eq!(
                        String::from_utf8_lossy(&out[..sent.octets]),
                        format!("{line}\r\n"),
                        "{}",
                        self.name
                    );
                }
                Some(Step::Refused(line, why)) => {
                    let mut out = vec![b'#'; 4096];
                    let error = client.send(&self.command(line), &mut out).unwrap_err();
                    assert!(
                        error.to_string().contains(why),
                        "{}: {line}: {error}",
                        self.name
                    );
                    assert!(out.iter().all(|&octet| octet == b'#'), "{}", self.name);
                }
                Some(Step::Tls) => client.tls_established().unwrap(),
                Some(Step::Eof) => got.push(match client.receive_eof() {
                    Ok(()) => "Closed".to_owned(),
                    Err(error) => format!("Error {error}"),
                }),
                _ => {}
            }
        }
    }

    fn command<'a>(&'a self, line: &'a str) -> Command<'a> {
        let (keyword, rest) = line.split_once(' ').unwrap_or((line, ""));
        let number =
            |text: &str| MessageNumber::new(text.parse().expect("a number")).expect("from 1");
        match (keyword, rest) {
            ("USER", user) => Command::User(user.as_bytes()),
            ("PASS", password) => Command::Pass(password.into()),
            ("APOP", rest) => Command::Apop {
                user: rest.split(' ').next().expect("a user").as_bytes(),
                secret: self.secret.as_slice().into(),
            },
            ("STAT", _) => Command::Stat,
            ("LIST", "") => Command::List,
            ("LIST", n) => Command::ListOne(number(n)),
            ("UIDL", "") => Command::Uidl,
            ("UIDL", n) => Command::UidlOne(number(n)),
            ("RETR", n) => Command::Retr(number(n)),
            ("TOP", rest) => {
                let (n, lines) = rest.split_once(' ').expect("TOP n lines");
                Command::Top {
                    message: number(n),
                    lines: lines.parse().expect("a number"),
                }
            }
            ("DELE", n) => Command::Dele(number(n)),
            ("NOOP", _) => Command::Noop,
            ("RSET", _) => Command::Rset,
            ("QUIT", _) => Command::Quit,
            ("CAPA", _) => Command::Capa,
            ("STLS", _) => Command::Stls,
            _ => panic!("{}: what is {line:?}?", self.name),
        }
    }
}

fn deliver<const LINE: usize>(
    client: &mut Client<8, LINE>,
    mut stream: &[u8],
    cut: &[usize],
    seen: &mut Vec<Seen>,
) {
    let mut sizes = cut.iter().cycle();
    while !stream.is_empty() {
        let size = *sizes.next().expect("a cycle");
        let (chunk, rest) = stream.split_at(size.min(stream.len()));
        feed(client, chunk, seen);
        stream = rest;
    }
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
