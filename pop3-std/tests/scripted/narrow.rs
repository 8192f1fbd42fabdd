//! A server in memory whose buffers are as small as a test wants: it takes no command while it has something to say, and
//! what it has no room for waits with the client. Nothing ever waits for time here, so a deadlock is a time-out at once.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use pop3_std::Transport;
use pop3_std::rustls::{ServerConfig, ServerConnection};

use crate::play::GREETING;

/// The server's end, for the test to look at.
pub struct Stage {
    answer: Box<dyn FnMut(&str) -> String + Send>,
    tls: Option<ServerConnection>,
    /// Octets that the client has written, and the server not read.
    inbox: VecDeque<u8>,
    inbox_room: usize,
    /// Octets that the server has written, and the client not read.
    outbox: VecDeque<u8>,
    /// The server does nothing while there are so many of them or more.
    outbox_room: usize,
    chunk: usize,
    line: String,
    lines: VecDeque<String>,
    /// How long each command is that the client has not read the whole reply to, and how much the server has to have been
    /// read of when it has.
    unanswered: VecDeque<(usize, usize)>,
    said: usize,
    read: usize,
    /// Each write, as far as it was taken.
    pub writes: Vec<Vec<u8>>,
    /// How many writes found no room at all.
    pub blocked: usize,
    /// The most commands, and the most octets of commands, that were read by the server and had no whole reply yet.
    pub most: (usize, usize),
}

/// The stream that the client gets.
#[derive(Clone)]
pub struct Narrow(Arc<Mutex<Stage>>);

impl Narrow {
    /// `answer` gets each command, and says the whole reply to it.
    pub fn new(answer: impl FnMut(&str) -> String + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Stage {
            answer: Box::new(answer),
            tls: None,
            inbox: VecDeque::new(),
            inbox_room: usize::MAX,
            outbox: GREETING.bytes().collect(),
            outbox_room: usize::MAX,
            chunk: usize::MAX,
            line: String::new(),
            lines: VecDeque::new(),
            unanswered: VecDeque::new(),
            said: GREETING.len(),
            read: 0,
            writes: Vec::new(),
            blocked: 0,
            most: (0, 0),
        })))
    }

    /// Inside TLS from the first octet.
    pub fn tls(self, config: Arc<ServerConfig>) -> Self {
        let mut tls = ServerConnection::new(config).unwrap();
        let mut stage = self.stage();
        stage.outbox.clear();
        tls.writer().write_all(GREETING.as_bytes()).unwrap();
        stage.tls = Some(tls);
        drop(stage);
        self
    }

    /// How many octets there is room for, in both directions.
    pub fn rooms(self, inbox: usize, outbox: usize) -> Self {
        let mut stage = self.stage();
        (stage.inbox_room, stage.outbox_room) = (inbox, outbox);
        drop(stage);
        self
    }

    /// How many octets a read gives at most.
    pub fn chunks(self, octets: usize) -> Self {
        self.stage().chunk = octets;
        self
    }

    pub fn stage(&self) -> MutexGuard<'_, Stage> {
        self.0.lock().unwrap()
    }
}

impl Stage {
    /// Reads and answers as long as there is room to answer in.
    fn serve(&mut self) -> io::Result<()> {
        loop {
            self.encrypt()?;
            if self.outbox.len() >= self.outbox_room {
                return Ok(());
            }
            if let Some(line) = self.lines.pop_front() {
                let reply = (self.answer)(&line);
                self.said += reply.len();
                self.unanswered.push_back((line.len() + 2, self.said));
                match &mut self.tls {
                    None => self.outbox.extend(reply.bytes()),
                    Some(tls) => tls.writer().write_all(reply.as_bytes())?,
                }
            } else if let Some(octet) = self.inbox.pop_front() {
                self.hear(octet)?;
            } else {
                return Ok(());
            }
        }
    }

    fn encrypt(&mut self) -> io::Result<()> {
        if let Some(tls) = &mut self.tls {
            while tls.wants_write() {
                tls.write_tls(&mut self.outbox)?;
            }
        }
        Ok(())
    }

    fn hear(&mut self, octet: u8) -> io::Result<()> {
        let mut plain = vec![octet];
        if let Some(tls) = &mut self.tls {
            plain.clear();
            tls.read_tls(&mut [octet].as_slice())?;
            tls.process_new_packets().map_err(io::Error::other)?;
            // It ends where nothing more has come, and that is no failure.
            let _ = tls.reader().read_to_end(&mut plain);
        }
        for octet in plain {
            self.line.push(char::from(octet));
            if let Some(line) = self.line.strip_suffix("\r\n") {
                self.lines.push_back(line.to_owned());
                self.line.clear();
            }
        }
        Ok(())
    }

    /// What is in flight when the client has written something, which all gets through in the tests that look at it.
    fn measure(&mut self) {
        while self
            .unanswered
            .front()
            .is_some_and(|(_, end)| *end <= self.read)
        {
            self.unanswered.pop_front();
        }
        let octets = self.unanswered.iter().map(|(octets, _)| octets).sum();
        self.most.0 = self.most.0.max(self.unanswered.len());
        self.most.1 = self.most.1.max(octets);
    }
}

impl Read for Narrow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut stage = self.stage();
        stage.serve()?;
        let room = stage.chunk.min(buffer.len());
        let count = stage.outbox.read(&mut buffer[..room])?;
        stage.read += count;
        match count {
            0 => Err(ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }
}

impl Write for Narrow {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let mut stage = self.stage();
        stage.serve()?;
        let count = stage
            .inbox_room
            .saturating_sub(stage.inbox.len())
            .min(octets.len());
        if count == 0 {
            stage.blocked += 1;
            return Err(ErrorKind::WouldBlock.into());
        }
        stage.inbox.extend(&octets[..count]);
        stage.writes.push(octets[..count].to_vec());
        stage.serve()?;
        stage.measure();
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Narrow {
    fn set_read_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        assert!(!timeout.is_zero());
        Ok(())
    }

    fn set_write_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        assert!(!timeout.is_zero());
        Ok(())
    }
}
