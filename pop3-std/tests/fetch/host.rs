//! The demonstration's server behind a socket, with faults on request and a record of what it was sent.

use std::collections::HashMap;
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::demo_mail;
use crate::server::{Conversation, Mail, Maildrop};

pub const USER: &str = "ada@example.org";
pub const PASSWORD: &str = "s3cret pa55word";

/// What the server does instead of answering a command as it should.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This answer, and goes on.
    Answer(Vec<u8>),
    /// This answer, and hangs up.
    AnswerAndClose(Vec<u8>),
    /// So many octets of the right answer; then it tells, and waits until the client is gone.
    StallAfter(usize),
}

pub struct Host {
    pub port: u16,
    shared: Arc<Shared>,
    stalled: Receiver<()>,
}

struct Shared {
    maildrop: Mutex<Maildrop>,
    faults: Mutex<HashMap<String, Fault>>,
    commands: Mutex<Vec<String>>,
    stalled: Sender<()>,
}

impl Host {
    /// With the demonstration's mail, without TLS.
    pub fn new() -> Self {
        Self::start(demo_mail::mails(), None)
    }

    /// With this mail, without TLS.
    pub fn with(mails: Vec<Mail>) -> Self {
        Self::start(mails, None)
    }

    /// With the demonstration's mail, with TLS from the first octet.
    pub fn with_tls(tls: Arc<ServerConfig>) -> Self {
        Self::start(demo_mail::mails(), Some(tls))
    }

    fn start(mails: Vec<Mail>, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, stalled) = channel();
        let shared = Arc::new(Shared {
            maildrop: Mutex::new(Maildrop {
                user: USER.to_owned(),
                password: PASSWORD.to_owned(),
                mails,
            }),
            faults: Mutex::default(),
            commands: Mutex::default(),
            stalled: sender,
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                // A client that goes away is what many of the tests are about.
                let _ = serve(stream.unwrap(), tls.clone(), &serving);
            }
        });
        Self {
            port,
            shared,
            stalled,
        }
    }

    /// The maildrop, once no session has it.
    pub fn maildrop(&self) -> MutexGuard<'_, Maildrop> {
        self.shared.maildrop.lock().unwrap()
    }

    pub fn on(&self, command: &str, fault: Fault) {
        let mut faults = self.shared.faults.lock().unwrap();
        faults.insert(command.to_owned(), fault);
    }

    pub fn behave(&self) {
        self.shared.faults.lock().unwrap().clear();
    }

    /// The commands since the last call.
    pub fn commands(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.commands.lock().unwrap())
    }

    /// Returns when the server has stalled.
    pub fn wait_for_stall(&self) {
        self.stalled.recv().unwrap();
    }

    /// A clear-text URL.
    pub fn url(&self) -> String {
        format!("pop3://ada%40example.org@127.0.0.1:{}", self.port)
    }
}

fn serve(stream: TcpStream, tls: Option<Arc<ServerConfig>>, shared: &Shared) -> io::Result<()> {
    match tls {
        Some(tls) => {
            let connection = ServerConnection::new(tls).map_err(io::Error::other)?;
            converse(StreamOwned::new(connection, stream), shared)
        }
        None => converse(stream, shared),
    }
}

fn converse(stream: impl Read + Write, shared: &Shared) -> io::Result<()> {
    let mut maildrop = shared.maildrop.lock().unwrap();
    let mut conversation = Conversation::new(&mut maildrop);
    let mut stream = BufReader::new(stream);
    let greeting = conversation.greeting();
    stream.get_mut().write_all(&greeting)?;
    while !conversation.is_over() {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            break;
        }
        let command = line.trim_end_matches("\r\n");
        shared.commands.lock().unwrap().push(command.to_owned());
        let fault = shared.faults.lock().unwrap().get(command).cloned();
        let out = stream.get_mut();
        match fault {
            None => out.write_all(&conversation.answer(command))?,
            Some(Fault::Answer(answer)) => out.write_all(&answer)?,
            Some(Fault::AnswerAndClose(answer)) => {
                out.write_all(&answer)?;
                break;
            }
            Some(Fault::StallAfter(octets)) => {
                let answer = conversation.answer(command);
                out.write_all(&answer[..octets.min(answer.len())])?;
                out.flush()?;
                shared.stalled.send(()).map_err(io::Error::other)?;
                stream.read_to_end(&mut Vec::new())?;
            }
        }
        stream.get_mut().flush()?;
    }
    Ok(())
}

/// The octets of a message as Maildir wants them.
pub fn unix(octets: &[u8]) -> Vec<u8> {
    let mut unix = Vec::new();
    for line in octets.split_inclusive(|&octet| octet == b'\n') {
        unix.extend_from_slice(line.strip_suffix(b"\r\n").unwrap_or(line));
        if line.ends_with(b"\r\n") {
            unix.push(b'\n');
        }
    }
    unix
}
