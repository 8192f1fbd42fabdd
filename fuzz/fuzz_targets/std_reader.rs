//! A message that `pop3-std` reads over a transport at its worst is the one that was sent, up to where it was cut; and it comes
//! to its end only if that is there. The input: how the connection ends, sizes of reads and writes, and the answer to RETR.
#![no_main]

use std::io::{BufRead as _, ErrorKind, Read as _};

use libfuzzer_sys::fuzz_target;
use pop3_fuzz::input::Input;
use pop3_fuzz::oracle::model::{Connection, Seen};
use pop3_fuzz::std_transport::Hostile;
use pop3_std::pop3_proto::{CommandKind, Event, MAX_LINE, Request};
use pop3_std::{
    Authentication, Config, Connector, Credentials, Error, MessageNumber, Security, Untimed,
};

fuzz_target!(|input: &[u8]| {
    let mut input = Input(input);
    let end = match input.octet() % 4 {
        0 => None,
        1 => Some(ErrorKind::ConnectionReset),
        2 => Some(ErrorKind::TimedOut),
        _ => Some(ErrorKind::WouldBlock),
    };
    let sizes = input.sizes();
    let transport = Hostile::new(input.0, &sizes, end);
    let expected = expected(input.0);
    let one = read(&transport, |message| {
        let mut octets = Vec::new();
        let result = message.read_to_end(&mut octets);
        (octets, result.map(|_| ()))
    });
    let other = read(&transport, |message| {
        let mut octets = Vec::new();
        let result = loop {
            match message.fill_buf() {
                Ok([]) => break Ok(()),
                Ok(piece) => {
                    let count = piece.len().min(3);
                    octets.extend_from_slice(&piece[..count]);
                    message.consume(count);
                }
                Err(error) => break Err(error),
            }
        };
        (octets, result)
    });
    let third = read(&transport, |message| {
        let (mut octets, mut buffer) = (Vec::new(), [0; 2]);
        let result = loop {
            match message.read(&mut buffer) {
                Ok(0) => break Ok(()),
                Ok(count) => octets.extend_from_slice(&buffer[..count]),
                Err(error) => break Err(error),
            }
        };
        (octets, result)
    });
    for got in [one, other, third] {
        assert_eq!(got, expected);
    }
});

/// A message, and whether it was whole; or else whether it was refused.
type Mail = Result<(Vec<u8>, bool), bool>;

/// What the model makes of the answer to RETR.
fn expected(answer: &[u8]) -> Mail {
    let login: &[u8] = b"+OK\r\n";
    let retr = Request {
        kind: CommandKind::Retr,
        message: Some(MessageNumber::FIRST),
    };
    let sent = |kind, after: usize| {
        (
            after * login.len(),
            Request {
                kind,
                message: None,
            },
        )
    };
    let connection = Connection {
        config: Config::new(),
        line: MAX_LINE,
        stream: [login, login, login, answer].concat(),
        sent: vec![
            sent(CommandKind::User, 1),
            sent(CommandKind::Pass, 2),
            (3 * login.len(), retr),
        ],
        tls: None,
    };
    let outcome = connection.outcome();
    let mut mail = Err(false);
    for seen in &outcome.seen {
        match (seen, &mut mail) {
            (Seen::Event(Event::Begin { .. }), _) => mail = Ok((Vec::new(), false)),
            (Seen::Event(Event::Rejected { .. }), Err(refused)) => *refused = true,
            (Seen::Body(octets), Ok((message, _))) => message.clone_from(octets),
            (Seen::Event(Event::End { .. }), Ok((_, whole))) => *whole = true,
            _ => {}
        }
    }
    mail
}

fn read(
    transport: &Hostile,
    read: impl FnOnce(&mut pop3_std::Message<'_, Untimed<Hostile>>) -> (Vec<u8>, std::io::Result<()>),
) -> Mail {
    let mut session = Connector::new("localhost", Security::ClearText)
        .ask_capabilities(false)
        .connect_over(Untimed(transport.clone()))
        .expect("it greets")
        .login(&Credentials::new("a", "b"), Authentication::UserPass)
        .map_err(Error::from)
        .expect("it lets everybody in");
    let mut message = session
        .retr(MessageNumber::FIRST)
        .map_err(|error| error.kind() == pop3_std::ErrorKind::Rejected)?;
    let (octets, result) = read(&mut message);
    let whole = result.is_ok();
    assert_eq!(message.read(&mut [0]).is_ok(), whole, "it stays as it is");
    drop(message);
    assert!(whole || !session.is_open(), "cut short, and it goes on");
    Ok((octets, whole))
}
