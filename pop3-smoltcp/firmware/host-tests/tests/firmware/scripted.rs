//! A server that says what it is told to.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

/// What a server does when it has said all.
pub enum End {
    /// It closes the connection.
    Close,
    /// It says nothing more, and keeps the connection open.
    Silence,
}

/// A server for one connection, on 127.0.0.1. Dropping it ends it.
pub struct Scripted {
    port: u16,
    keep: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Scripted {
    /// Says the first text at once, and each other in answer to a line.
    pub fn start(says: Vec<Vec<u8>>, end: End) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its number").port();
        let (keep, kept) = channel::<()>();
        let thread = thread::spawn(move || {
            let (stream, _) = listener.accept().expect("a connection");
            let heard = stream.try_clone().expect("the same connection");
            converse(&stream, &mut BufReader::new(heard), &says);
            if let End::Silence = end {
                // Until the sender is dropped.
                let _ = kept.recv();
            }
        });
        Self {
            port,
            keep: Some(keep),
            thread: Some(thread),
        }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }
}

fn converse(mut stream: &TcpStream, heard: &mut dyn BufRead, says: &[Vec<u8>]) {
    for (number, text) in says.iter().enumerate() {
        if number > 0 && !matches!(heard.read_line(&mut String::new()), Ok(1..)) {
            return;
        }
        if stream.write_all(text).is_err() {
            return;
        }
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        drop(self.keep.take());
        // Whoever never came lets it go.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
