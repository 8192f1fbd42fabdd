//! A server that announces PIPELINING, with as many messages as a test wants, and what a client is to get from it.

use std::io::Read;

use pop3_std::{Authentication, Connector, ErrorKind, MessageNumber, Session, Transport};

use crate::play::{GREETING, Play, Reply, Then, credentials, n, then};

/// The octets of a message: the first lines of some are dots, and some are longer than what is received at a time.
pub fn mail(number: u32) -> String {
    let line = format!(".\r\nThis is number {number}.\r\n+OK\r\n-ERR\r\n");
    line.repeat(if number % 10 == 0 { 600 } else { 1 })
}

pub fn stuffed(octets: &str) -> String {
    let stuffed = octets.replace("\r\n.", "\r\n..");
    match octets.starts_with('.') {
        true => format!(".{stuffed}"),
        false => stuffed,
    }
}

/// Whether the server refuses whatever this message is asked for.
pub fn is_refused(number: u32) -> bool {
    number % 7 == 3
}

/// A server that announces PIPELINING.
pub fn piped(command: &str) -> String {
    let mut words = command.split(' ');
    let keyword = words.next();
    let number = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
    match keyword {
        Some("CAPA") => "+OK\r\nTOP\r\nPIPELINING\r\n.\r\n".to_owned(),
        Some("RETR" | "TOP" | "DELE") if is_refused(number) => format!("-ERR no {number}\r\n"),
        Some("RETR" | "TOP") => format!("+OK\r\n{}.\r\n", stuffed(&mail(number))),
        Some("LIST") => "+OK\r\n1 10\r\n2 20\r\n.\r\n".to_owned(),
        Some("UIDL") => "+OK\r\n1 one\r\n2 two\r\n.\r\n".to_owned(),
        Some("STAT") => "+OK 2 30\r\n".to_owned(),
        _ => "+OK\r\n".to_owned(),
    }
}

/// The same without the announcement.
pub fn unpiped(command: &str) -> String {
    match command {
        "CAPA" => "+OK\r\nTOP\r\n.\r\n".to_owned(),
        _ => piped(command),
    }
}

pub fn play(answer: impl Fn(&str) -> String + Send + 'static) -> Play {
    Play::new(GREETING, move |command| match command {
        "QUIT" => then("+OK\r\n", Then::Close),
        _ => Reply::from(answer(command)),
    })
}

pub fn log_in<S: Transport>(connector: &Connector, stream: S) -> Session<S> {
    connector
        .connect_over(stream)
        .unwrap()
        .login(&credentials(), Authentication::UserPass)
        .unwrap()
}

pub fn numbers(count: u32) -> impl Iterator<Item = MessageNumber> {
    MessageNumber::up_to(count)
}

/// Fetches so many, and checks each against what it should be.
pub fn fetch<S: Transport>(session: &mut Session<S>, count: u32) {
    let mut batch = session.retr_many(numbers(count));
    for number in 1..=count {
        let item = batch.next().unwrap().unwrap();
        assert_eq!(item.number, n(number));
        match item.message {
            Ok(mut message) => {
                assert_eq!(message.number(), n(number));
                let mut octets = String::new();
                message.read_to_string(&mut octets).unwrap();
                assert_eq!(octets, mail(number));
            }
            Err(refused) => {
                assert!(is_refused(number));
                assert_eq!(refused.kind(), ErrorKind::Rejected);
                let expected = format!("RETR {number}: the server refused it: \"no {number}\"");
                assert_eq!(refused.to_string(), expected);
            }
        }
    }
    assert!(batch.next().unwrap().is_none());
    assert!(batch.next().unwrap().is_none());
    assert_eq!(batch.unfinished().count(), 0);
}

/// Asks for the marks of so many.
pub fn mark<S: Transport>(session: &mut Session<S>, count: u32) {
    let mut batch = session.dele_many(numbers(count));
    for number in 1..=count {
        let item = batch.next().unwrap().unwrap();
        assert_eq!(item.number, n(number));
        let refused = item.result.err().map(|error| error.kind());
        let expected = is_refused(number).then_some(ErrorKind::Rejected);
        assert_eq!(refused, expected);
    }
    assert!(batch.next().unwrap().is_none());
    assert_eq!(batch.unfinished().count(), 0);
}
