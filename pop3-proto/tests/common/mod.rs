//! What the tests share: events as text, streams in chunks, clients in a state.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses its own part"
)]

use pop3_proto::{Client, Event, ReceiveError};

/// One step of what a client made of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// An event, as [`show`] prints it.
    Event(String),
    /// The octets of a message: adjacent pieces joined.
    Body(Vec<u8>),
    /// The session broke.
    Error(ReceiveError),
}

impl Seen {
    pub fn text(&self) -> String {
        match self {
            Self::Event(text) => text.clone(),
            Self::Body(octets) => format!("Body {}", quoted(octets)),
            Self::Error(error) => format!("Error {error}"),
        }
    }
}

/// Gives the client a chunk, and notes what comes of it.
pub fn feed<const DEPTH: usize, const LINE: usize>(
    client: &mut Client<DEPTH, LINE>,
    chunk: &[u8],
    seen: &mut Vec<Seen>,
) {
    let mut input = chunk;
    loop {
        let before = input.len();
        match client.receive(&mut input) {
            Ok(None) => {
                assert!(
                    input.is_empty(),
                    "asks for more with octets left: {input:?}"
                );
                return;
            }
            Ok(Some(Event::Body(octets))) => {
                assert!(!octets.is_empty(), "an empty piece of a body");
                match seen.last_mut() {
                    Some(Seen::Body(body)) => body.extend_from_slice(octets),
                    _ => seen.push(Seen::Body(octets.to_vec())),
                }
            }
            Ok(Some(event)) => {
                assert!(input.len() < before, "an event out of nothing: {event:?}");
                seen.push(Seen::Event(show(&event)));
            }
            Err(error) => {
                let mut again: &[u8] = b"+OK\r\n";
                assert_eq!(client.receive(&mut again), Err(error), "errors stay");
                if seen.last() != Some(&Seen::Error(error)) {
                    seen.push(Seen::Error(error));
                }
                return;
            }
        }
    }
}

/// What comes of a whole stream, given in chunks of these sizes, over and over.
pub fn feed_cut<const DEPTH: usize, const LINE: usize>(
    client: &mut Client<DEPTH, LINE>,
    mut stream: &[u8],
    sizes: &[usize],
) -> Vec<Seen> {
    let mut seen = Vec::new();
    for &size in sizes.iter().cycle() {
        let (chunk, rest) = stream.split_at(size.min(stream.len()));
        feed(client, chunk, &mut seen);
        stream = rest;
        if stream.is_empty() {
            break;
        }
    }
    seen
}

/// An event in one line, every octet of it.
pub fn show(event: &Event<'_>) -> String {
    let q = |text: &pop3_proto::Text<'_>| quoted(text.as_bytes());
    match event {
        Event::Greeting { text, apop } => format!("Greeting apop={apop} {}", q(text)),
        Event::Done { request, text } => format!("Done {request}: {}", q(text)),
        Event::Rejected { request, text } => match text.response_code() {
            Some(code) => format!("Rejected {request}: {code:?} {}", q(text)),
            None => format!("Rejected {request}: {}", q(text)),
        },
        Event::Stat {
            request,
            messages,
            octets,
        } => match octets {
            Some(octets) => format!("Stat {request}: {messages} {octets}"),
            None => format!("Stat {request}: {messages} ?"),
        },
        Event::Listing {
            request,
            message,
            octets,
        } => format!("Listing {request}: {message} {octets}"),
        Event::UniqueId {
            request,
            message,
            unique_id,
        } => match unique_id {
            Some(id) => format!(
                "UniqueId {request}: {message} {}{}",
                quoted(id.as_bytes()),
                if id.is_compliant() { "" } else { " odd" }
            ),
            None => format!("UniqueId {request}: {message} none"),
        },
        Event::Capability {
            request,
            capability,
        } => format!("Capability {request}: {capability:?}"),
        Event::Language { request, tag, name } => {
            format!("Language {request}: {} {}", q(tag), q(name))
        }
        Event::Challenge { request, challenge } => {
            let mut buffer = [0; pop3_proto::sasl::MAX_CHALLENGE];
            let meaning = match challenge.decode(&mut buffer) {
                Ok(octets) => quoted(octets),
                Err(error) => format!("nothing: {error}"),
            };
            let base64 = quoted(challenge.as_base64());
            format!("Challenge {request}: {base64} is {meaning}")
        }
        Event::Unparsed { request, line } => format!("Unparsed {request}: {}", q(line)),
        Event::Begin { request, text } => format!("Begin {request}: {}", q(text)),
        Event::Body(octets) => format!("Body {}", quoted(octets)),
        Event::End { request } => format!("End {request}"),
        Event::StartTls { request, text } => format!("StartTls {request}: {}", q(text)),
        Event::Farewell { text } => format!("Farewell {}", q(text)),
        other => format!("{other:?}"),
    }
}

/// Octets in quotes, as a Rust byte string would have them.
pub fn quoted(octets: &[u8]) -> String {
    format!("\"{}\"", octets.escape_ascii())
}

/// A client in the authorization state.
pub fn greeted<const DEPTH: usize, const LINE: usize>() -> Client<DEPTH, LINE> {
    let mut client = Client::new();
    let mut seen = Vec::new();
    feed(&mut client, b"+OK ready <1.2@a.b>\r\n", &mut seen);
    assert_eq!(seen.len(), 1);
    client
}

/// A client in the transaction state.
pub fn logged_in<const DEPTH: usize, const LINE: usize>() -> Client<DEPTH, LINE> {
    use pop3_proto::{Command, State};
    let mut client = greeted();
    let mut out = [0; 64];
    let mut seen = Vec::new();
    for command in [Command::User(b"mrose"), Command::Pass("mvan99".into())] {
        let _ = client.send(&command, &mut out).unwrap();
        feed(&mut client, b"+OK\r\n", &mut seen);
    }
    assert_eq!(client.state(), State::Transaction);
    client
}
