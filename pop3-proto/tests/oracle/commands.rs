//! Commands as a server reads them: the grammar of RFC 1939 sections 5 to 7, RFC 2449 section 5, RFC 2595 section 4, RFC 5034
//! section 4 and RFC 6856 sections 2 and 3.

use super::sasl::{Scripted, decoded, is_mechanism_name, length_in_base64};
use pop3_proto::{Client, Command, CommandKind, MessageNumber, Secret, SendError};

/// The greeting that [`Asked::check_encoding`] lets the client hear.
pub const TIMESTAMPED: &[u8] = b"+OK ready <1896.697170952@dbc.mtview.ca.us>\r\n";

/// A command that owns its arguments, of which each kind uses its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub kind: CommandKind,
    pub message: MessageNumber,
    /// For TOP.
    pub lines: u32,
    /// For USER and APOP.
    pub user: Vec<u8>,
    /// For PASS and APOP.
    pub secret: Vec<u8>,
    /// For AUTH, and for the response to a challenge.
    pub mechanism: Scripted,
    /// For AUTH.
    pub initial_response: bool,
    /// For LANG.
    pub language: String,
}

impl Asked {
    pub fn new(kind: CommandKind, message: MessageNumber) -> Self {
        Self {
            kind,
            message,
            lines: 0,
            user: b"mrose".to_vec(),
            secret: b"tanstaaf".to_vec(),
            mechanism: Scripted {
                name: "X-TEST".to_owned(),
                speaks_first: true,
                response: b"tim".to_vec(),
            },
            initial_response: true,
            language: "mi".to_owned(),
        }
    }

    pub fn command(&self) -> Command<'_> {
        let message = self.message;
        match self.kind {
            CommandKind::User => Command::User(&self.user),
            CommandKind::Pass => Command::Pass(self.secret.as_slice().into()),
            CommandKind::Apop => Command::Apop {
                user: &self.user,
                secret: self.secret.as_slice().into(),
            },
            CommandKind::Stat => Command::Stat,
            CommandKind::List => Command::List,
            CommandKind::ListOne => Command::ListOne(message),
            CommandKind::Uidl => Command::Uidl,
            CommandKind::UidlOne => Command::UidlOne(message),
            CommandKind::Retr => Command::Retr(message),
            CommandKind::Top => Command::Top {
                message,
                lines: self.lines,
            },
            CommandKind::Dele => Command::Dele(message),
            CommandKind::Noop => Command::Noop,
            CommandKind::Rset => Command::Rset,
            CommandKind::Quit => Command::Quit,
            CommandKind::Capa => Command::Capa,
            CommandKind::Stls => Command::Stls,
            CommandKind::Auth => Command::Auth {
                mechanism: &self.mechanism,
                initial_response: self.initial_response,
            },
            CommandKind::Response => Command::Response(&self.mechanism),
            CommandKind::Cancel => Command::Cancel,
            CommandKind::Utf8 => Command::Utf8,
            CommandKind::Languages => Command::Languages,
            CommandKind::Lang => Command::Lang(&self.language),
            other => panic!("{other:?} is new: how is it sent?"),
        }
    }

    /// Whether its arguments can be part of a command: no octet that ends it, something at all, and no blank in a name
    /// that another argument follows.
    pub fn can_be_sent(&self) -> bool {
        let fine =
            |octets: &[u8]| !octets.is_empty() && !octets.iter().any(|o| b"\r\n\0".contains(o));
        match self.kind {
            CommandKind::User => fine(&self.user),
            CommandKind::Pass => fine(&self.secret),
            CommandKind::Apop => {
                fine(&self.user) && !self.user.contains(&b' ') && fine(&self.secret)
            }
            CommandKind::Auth => is_mechanism_name(&self.mechanism.name),
            CommandKind::Lang => {
                let tag = |c: char| c.is_ascii_alphanumeric() || c == '-';
                let language = &self.language;
                language == "*" || !language.is_empty() && language.chars().all(tag)
            }
            _ => true,
        }
    }

    /// The response that goes with AUTH.
    fn initial_response(&self) -> Option<&[u8]> {
        let sent = self.initial_response && self.mechanism.speaks_first;
        sent.then_some(&self.mechanism.response)
    }

    /// How many octets it takes up on the wire, CRLF included.
    pub fn length(&self) -> usize {
        let digits = |number: u32| number.to_string().len();
        let response = length_in_base64(self.mechanism.response.len());
        let arguments = match self.kind {
            CommandKind::User => 1 + self.user.len(),
            CommandKind::Pass => 1 + self.secret.len(),
            CommandKind::Apop => 1 + self.user.len() + 1 + 32,
            CommandKind::Top => 1 + digits(self.message.get()) + 1 + digits(self.lines),
            CommandKind::Auth => {
                let response = self.initial_response().map_or(0, |_| 1 + response.max(1));
                1 + self.mechanism.name.len() + response
            }
            CommandKind::Response => response,
            CommandKind::Lang => 1 + self.language.len(),
            _ => match self.command().message() {
                Some(message) => 1 + digits(message.get()),
                None => 0,
            },
        };
        let keyword = match self.kind {
            CommandKind::Response => 0,
            CommandKind::Cancel => 1,
            CommandKind::Top => 3,
            _ => 4,
        };
        keyword + arguments + 2
    }
}

impl Asked {
    /// Sends it where it is allowed, into buffers of every size up to one too large: it is written whole, as one line that a
    /// server understands, or not at all. Returns the line, if it can be sent.
    ///
    /// # Panics
    ///
    /// It is not.
    pub fn check_encoding(&self) -> Option<Vec<u8>> {
        let needed = self.length();
        let in_flight = self.client().in_flight();
        let mut line = None;
        for room in (0..40).chain(needed.saturating_sub(2)..needed + 2) {
            let mut client = self.client();
            let mut out = vec![b'#'; room];
            match client.send(&self.command(), &mut out) {
                Ok(sent) => {
                    assert!(self.can_be_sent() && room >= needed, "{self:?}");
                    assert_eq!((sent.octets, client.in_flight()), (needed, 1));
                    let (written, rest) = out.split_at(needed);
                    assert!(rest.iter().all(|&octet| octet == b'#'));
                    let ends = written.iter().filter(|octet| b"\r\n".contains(octet));
                    assert_eq!(ends.count(), 2, "one line end");
                    assert!(self.is_understood_from(written), "{self:?}");
                    line = Some(written.to_vec());
                }
                Err(error) => {
                    let expected = match self.can_be_sent() {
                        true => SendError::BufferTooSmall { needed },
                        false => SendError::InvalidArgument(self.kind),
                    };
                    assert_eq!(error, expected, "{self:?} into {room} octets");
                    assert!(room < needed || !self.can_be_sent());
                    assert!(out.iter().all(|&octet| octet == b'#'));
                    assert_eq!(client.in_flight(), in_flight);
                }
            }
        }
        // Only what the caller chooses can make a command long (RFC 2449 section 4).
        let named = matches!(
            self.kind,
            CommandKind::User
                | CommandKind::Pass
                | CommandKind::Apop
                | CommandKind::Auth
                | CommandKind::Response
                | CommandKind::Lang
        );
        assert!(named || needed <= 27, "{self:?}");
        line
    }

    /// A client that may send it.
    fn client(&self) -> Client<1, 32> {
        let mut client = Client::new();
        let hear = |client: &mut Client<1, 32>, mut octets: &[u8]| {
            let event = client.receive(&mut octets);
            assert!(matches!(event, Ok(Some(_))));
        };
        hear(&mut client, TIMESTAMPED);
        let auth = Asked::new(CommandKind::Auth, MessageNumber::FIRST);
        let before: &[Command<'_>] = match self.kind {
            CommandKind::User | CommandKind::Apop | CommandKind::Stls | CommandKind::Auth => &[],
            CommandKind::Pass => &[Command::User(b"a")],
            CommandKind::Response | CommandKind::Cancel => &[auth.command()],
            _ => &[Command::User(b"a"), Command::Pass(Secret::new(b"b"))],
        };
        for command in before {
            let _ = client.send(command, &mut [0; 20]).expect("allowed");
            match command {
                Command::Auth { .. } => hear(&mut client, b"+ \r\n"),
                _ => hear(&mut client, b"+OK\r\n"),
            }
        }
        client
    }

    /// Whether a server that is sent this line understands this command.
    pub fn is_understood_from(&self, line: &[u8]) -> bool {
        let message = self.message.get();
        // What answers a challenge is no command.
        match self.kind {
            CommandKind::Response => {
                let response = line.strip_suffix(b"\r\n").and_then(decoded);
                return response.as_ref() == Some(&self.mechanism.response);
            }
            CommandKind::Cancel => return line == b"*\r\n",
            _ => {}
        }
        understand(line).is_some_and(|understood| match understood {
            Understood::User(user) => self.kind == CommandKind::User && user == self.user,
            Understood::Pass(secret) => self.kind == CommandKind::Pass && secret == self.secret,
            Understood::Apop(user, _) => self.kind == CommandKind::Apop && user == self.user,
            Understood::Auth(mechanism, response) => {
                self.kind == CommandKind::Auth
                    && mechanism == self.mechanism.name
                    && response.as_deref() == self.initial_response()
            }
            Understood::Lang(tag) => self.kind == CommandKind::Lang && tag == self.language,
            Understood::Numbers(kind, numbers) => {
                let expected = match (kind, self.command().message()) {
                    (CommandKind::Top, _) => vec![message, self.lines],
                    (_, Some(_)) => vec![message],
                    (_, None) => vec![],
                };
                kind == self.kind && numbers == expected
            }
        })
    }
}

/// What a server understands of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Understood<'a> {
    /// A keyword, and all its arguments as numbers.
    Numbers(CommandKind, Vec<u32>),
    /// USER.
    User(&'a [u8]),
    /// PASS: everything behind the first blank.
    Pass(&'a [u8]),
    /// APOP: a name, and a digest of 32 hexadecimal digits.
    Apop(&'a [u8], &'a str),
    /// AUTH: a mechanism, and what the initial response is the base64 of, `=` being that of nothing.
    Auth(&'a str, Option<Vec<u8>>),
    /// LANG with a tag.
    Lang(&'a str),
}

/// Reads one command, which must be all that there is.
pub fn understand(line: &[u8]) -> Option<Understood<'_>> {
    let content = line.strip_suffix(b"\r\n")?;
    if content.iter().any(|octet| b"\r\n\0".contains(octet)) {
        return None;
    }
    let blank = content.iter().position(|&octet| octet == b' ');
    let (keyword, arguments) = match blank {
        Some(at) => (&content[..at], Some(&content[at + 1..])),
        None => (content, None),
    };
    if let (b"USER", Some(user)) = (keyword, arguments) {
        return Some(Understood::User(user));
    }
    if let (b"PASS", Some(secret)) = (keyword, arguments) {
        return Some(Understood::Pass(secret));
    }
    if let (b"APOP", Some(arguments)) = (keyword, arguments) {
        let (user, digest) = arguments.split_at_checked(arguments.len().checked_sub(33)?)?;
        let digest = std::str::from_utf8(digest.strip_prefix(b" ")?).ok()?;
        let hex = |digit: char| matches!(digit, '0'..='9' | 'a'..='f');
        return digest
            .chars()
            .all(hex)
            .then_some(Understood::Apop(user, digest));
    }
    if let (b"AUTH", Some(arguments)) = (keyword, arguments) {
        let mut words = std::str::from_utf8(arguments).ok()?.split(' ');
        let (mechanism, response) = (words.next()?, words.next());
        let response = match response {
            None => None,
            Some("=") => Some(Vec::new()),
            Some("") => return None,
            Some(response) => Some(decoded(response.as_bytes())?),
        };
        let understood = Understood::Auth(mechanism, response);
        return (is_mechanism_name(mechanism) && words.next().is_none()).then_some(understood);
    }
    if let (b"LANG", Some(tag)) = (keyword, arguments) {
        return std::str::from_utf8(tag).ok().map(Understood::Lang);
    }
    let numbers = arguments.map_or(Some(Vec::new()), |arguments| {
        let mut numbers = Vec::new();
        for argument in std::str::from_utf8(arguments).ok()?.split(' ') {
            let number: u32 = argument.parse().ok()?;
            // As it is written: no sign, no zeros in front.
            (number.to_string() == argument).then(|| numbers.push(number))?;
        }
        Some(numbers)
    })?;
    let kind = match (keyword, numbers.len()) {
        (b"STAT", 0) => CommandKind::Stat,
        (b"LIST", 0) => CommandKind::List,
        (b"LIST", 1) => CommandKind::ListOne,
        (b"UIDL", 0) => CommandKind::Uidl,
        (b"UIDL", 1) => CommandKind::UidlOne,
        (b"RETR", 1) => CommandKind::Retr,
        (b"TOP", 2) => CommandKind::Top,
        (b"DELE", 1) => CommandKind::Dele,
        (b"NOOP", 0) => CommandKind::Noop,
        (b"RSET", 0) => CommandKind::Rset,
        (b"QUIT", 0) => CommandKind::Quit,
        (b"CAPA", 0) => CommandKind::Capa,
        (b"STLS", 0) => CommandKind::Stls,
        (b"UTF8", 0) => CommandKind::Utf8,
        (b"LANG", 0) => CommandKind::Languages,
        _ => return None,
    };
    Some(Understood::Numbers(kind, numbers))
}
