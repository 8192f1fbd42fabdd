//! A server in memory: a function from commands to replies, behind a stream that misbehaves on demand.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use pop3_std::{
    Authentication, Connector, Credentials, Error, LoginError, MessageNumber, Security, Session,
    Transport, Unauthenticated,
};

/// What the server does once it has said all that it is to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Waits for more commands: a read without octets times out.
    Wait,
    /// Closes the connection.
    Close,
    /// Breaks it.
    Break(ErrorKind),
}

/// The server's end of it, for the test to look at.
pub struct Stage {
    /// Each write, as one entry.
    pub writes: Vec<Vec<u8>>,
    /// The greeting and the replies that have not been read yet.
    pub say: VecDeque<u8>,
    pub then: Then,
    answer: Box<dyn FnMut(&str) -> Reply + Send>,
    line: Vec<u8>,
    /// How many octets a read gives at most.
    chunk: usize,
    /// How many octets a write takes at most.
    take: usize,
    /// After so many octets, `Then` happens, whatever the server had to say.
    cut: Option<(usize, Then)>,
    /// What writes fail with.
    pub write_error: Option<ErrorKind>,
}

/// What a server says to a command, and does then.
pub struct Reply(Vec<u8>, Then);

impl From<&str> for Reply {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec(), Then::Wait)
    }
}

impl From<String> for Reply {
    fn from(text: String) -> Self {
        Self(text.into_bytes(), Then::Wait)
    }
}

pub fn then(text: &str, then: Then) -> Reply {
    Reply(text.as_bytes().to_vec(), then)
}

/// The stream that the client gets.
#[derive(Clone)]
pub struct Play(Arc<Mutex<Stage>>);

impl Play {
    pub fn new(greeting: &str, answer: impl FnMut(&str) -> Reply + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Stage {
            writes: Vec::new(),
            say: greeting.bytes().collect(),
            then: Then::Wait,
            answer: Box::new(answer),
            line: Vec::new(),
            chunk: usize::MAX,
            take: usize::MAX,
            cut: None,
            write_error: None,
        })))
    }

    /// A mailbox whose answers are replaced for commands that begin so.
    pub fn but(changes: &'static [(&'static str, &'static str)]) -> Self {
        Self::new(GREETING, move |command| {
            match changes.iter().find(|(begin, _)| command.starts_with(begin)) {
                Some((_, reply)) => (*reply).into(),
                None => mailbox(command),
            }
        })
    }

    pub fn stage(&self) -> MutexGuard<'_, Stage> {
        self.0.lock().unwrap()
    }

    pub fn chunks(self, octets: usize) -> Self {
        self.stage().chunk = octets;
        self
    }

    pub fn takes(self, octets: usize) -> Self {
        self.stage().take = octets;
        self
    }

    pub fn cut(self, after: usize, then: Then) -> Self {
        self.stage().cut = Some((after, then));
        self
    }

    /// How many octets are left before the cut.
    pub fn octets_left(&self) -> usize {
        self.stage().cut.unwrap().0
    }

    /// All that the client has sent.
    pub fn sent(&self) -> String {
        String::from_utf8_lossy(&self.stage().writes.concat()).into_owned()
    }
}

impl Read for Play {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut stage = self.stage();
        let mut count = stage.chunk.min(buffer.len()).min(stage.say.len());
        if let Some((left, then)) = stage.cut {
            count = count.min(left);
            stage.cut = Some((left - count, then));
            if left == 0 {
                stage.then = then;
            }
        }
        if count == 0 {
            return match stage.then {
                Then::Wait => Err(ErrorKind::WouldBlock.into()),
                Then::Close => Ok(0),
                Then::Break(kind) => Err(kind.into()),
            };
        }
        for octet in buffer.iter_mut().take(count) {
            *octet = stage.say.pop_front().unwrap();
        }
        Ok(count)
    }
}

impl Write for Play {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let mut stage = self.stage();
        if let Some(kind) = stage.write_error {
            return Err(kind.into());
        }
        let count = octets.len().min(stage.take);
        let octets = &octets[..count];
        stage.writes.push(octets.to_vec());
        for &octet in octets {
            stage.line.push(octet);
            if stage.line.ends_with(b"\r\n") {
                let line = std::mem::take(&mut stage.line);
                if stage.then != Then::Wait {
                    continue;
                }
                let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                let Reply(reply, then) = (stage.answer)(&line);
                stage.say.extend(reply);
                if then != Then::Wait {
                    stage.then = then;
                }
            }
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Play {
    fn set_read_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        assert!(!timeout.is_zero());
        Ok(())
    }

    fn set_write_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        assert!(!timeout.is_zero());
        Ok(())
    }
}

pub const GREETING: &str = "+OK ready <1896.697170952@dbc.mtview.ca.us>\r\n";

/// The first message: dots at line starts, a CR alone, and an empty last line.
pub const MESSAGE: &str = "Subject: dots\r\n\r\n.\r\n..two\r\nCR\ralone\r\n\r\n";

/// A well-behaved server with two messages.
pub fn mailbox(command: &str) -> Reply {
    match command {
        "CAPA" => "+OK\r\nTOP\r\nUIDL\r\nEXPIRE 60\r\n..odd\r\n.\r\n".into(),
        "STAT" => "+OK 2 320\r\n".into(),
        "LIST" => "+OK 2 messages\r\n1 120\r\n2 200\r\n.\r\n".into(),
        "LIST 1" => "+OK 1 120\r\n".into(),
        "UIDL" => "+OK\r\n1 first\r\n2 second\r\n.\r\n".into(),
        "UIDL 2" => "+OK 2 second\r\n".into(),
        "RETR 1" => {
            "+OK 120 octets\r\nSubject: dots\r\n\r\n..\r\n...two\r\nCR\ralone\r\n\r\n.\r\n".into()
        }
        "TOP 1 0" => "+OK\r\nSubject: dots\r\n\r\n.\r\n".into(),
        "RETR 2" => "+OK\r\n.\r\n".into(),
        "RETR 9" | "DELE 9" | "LIST 9" | "UIDL 9" | "TOP 9 1" => "-ERR no such message\r\n".into(),
        "QUIT" => then("+OK bye\r\n", Then::Close),
        _ => "+OK done\r\n".into(),
    }
}

pub fn n(number: u32) -> MessageNumber {
    MessageNumber::new(number).unwrap()
}

pub fn credentials() -> Credentials {
    Credentials::new("mrose", "mvan99")
}

pub fn clear() -> Connector {
    Connector::new("localhost", Security::ClearText)
}

pub fn connect(play: &Play) -> Result<Unauthenticated<Play>, Error> {
    clear().connect_over(play.clone())
}

pub fn log_in(play: &Play) -> Result<Session<Play>, LoginError<Play>> {
    connect(play)
        .unwrap()
        .login(&credentials(), Authentication::UserPass)
}

pub fn session(play: &Play) -> Session<Play> {
    log_in(play).unwrap()
}
