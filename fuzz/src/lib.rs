//! What the fuzz targets share: oracles that are slow and obvious, and a client that notes all that it sees.

use pop3_proto::{Client, Command, Config, Event, MessageNumber, Pipelining};

/// What a client made of a stream: each event as text, the pieces of a message joined, the error that ended it.
#[derive(Debug, PartialEq, Eq)]
pub enum Seen {
    /// An event.
    Event(String),
    /// The octets of a message.
    Body(Vec<u8>),
    /// The session broke.
    Error(String),
}

/// What a logged-in client with a full pipeline makes of a stream, given in chunks of these sizes, over and over.
///
/// # Panics
///
/// When the client asks for more although octets are left, lends an empty piece of a message, or forgets an error.
pub fn dialogue(stream: &[u8], sizes: &[u8]) -> Vec<Seen> {
    let mut config = Config::new();
    config.pipelining = Pipelining::Always;
    let mut client: Client<8, 32> = Client::with_config(config);
    let mut seen = Vec::new();
    receive(&mut client, b"+OK\r\n", &mut seen);
    let n = MessageNumber::FIRST;
    for command in [Command::User(b"a"), Command::Pass("b".into())] {
        send(&mut client, &command);
        receive(&mut client, b"+OK\r\n", &mut seen);
    }
    for command in [
        Command::Uidl,
        Command::Retr(n),
        Command::Stat,
        Command::ListOne(n),
        Command::Capa,
        Command::Top {
            message: n,
            lines: 1,
        },
        Command::Retr(n),
        Command::Quit,
    ] {
        send(&mut client, &command);
    }
    let mut rest = stream;
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let size = sizes
            .next()
            .map_or(rest.len(), |&size| usize::from(size).max(1));
        let (chunk, behind) = rest.split_at(size.min(rest.len()));
        receive(&mut client, chunk, &mut seen);
        rest = behind;
    }
    if let Err(error) = client.receive_eof() {
        note_error(&mut seen, format!("{error:?}"));
    }
    seen
}

fn send(client: &mut Client<8, 32>, command: &Command<'_>) {
    let sent = client.send(command, &mut [0; 64]);
    assert!(sent.is_ok(), "the state allows it");
}

fn receive(client: &mut Client<8, 32>, mut input: &[u8], seen: &mut Vec<Seen>) {
    loop {
        match client.receive(&mut input) {
            Ok(None) => {
                assert!(input.is_empty(), "asks for more with octets left");
                return;
            }
            Ok(Some(Event::Body(octets))) => {
                assert!(!octets.is_empty(), "an empty piece of a message");
                match seen.last_mut() {
                    Some(Seen::Body(body)) => body.extend_from_slice(octets),
                    _ => seen.push(Seen::Body(octets.to_vec())),
                }
            }
            Ok(Some(event)) => seen.push(Seen::Event(format!("{event:?}"))),
            Err(error) => {
                assert_eq!(
                    client.receive(&mut &b"+OK\r\n"[..]),
                    Err(error),
                    "errors stay"
                );
                note_error(seen, format!("{error:?}"));
                return;
            }
        }
    }
}

fn note_error(seen: &mut Vec<Seen>, error: String) {
    if !matches!(seen.last(), Some(Seen::Error(last)) if *last == error) {
        seen.push(Seen::Error(error));
    }
}

/// A multi-line reply, read as RFC 1939 section 3 has it: lines that end in CRLF, up to a line of one dot; a dot that
/// begins a line is not part of it. `None`: the terminator is missing.
pub fn unstuffed(stream: &[u8]) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    let mut rest = stream;
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")? + 2;
        let (line, behind) = rest.split_at(end);
        if line == b".\r\n" {
            return Some(message);
        }
        message.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        rest = behind;
    }
}
