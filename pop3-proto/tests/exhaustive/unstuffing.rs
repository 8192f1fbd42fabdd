//! Messages: every string of octets that matter, cut in every way, in each mode, against the slow reading of RFC 1939.
//!
//! The strings are grown octet by octet. For each there is one client for each way of cutting it; the client for a longer
//! string and a longer list of cuts is a copy of one of those that is given the last piece. So each way is tried, and none
//! is begun anew.

use crate::bound;
use crate::oracle::model::LineEnd;
use crate::oracle::stuffing::{Unstuffed, unstuffed};
use pop3_proto::{Client, Command, Config, Event, LineEnds, MessageNumber, Pipelining};

const ALPHABET: [u8; 4] = *b".\r\na";
const LONGEST: usize = bound(9, 6);

type Small = Client<1, 5>;

/// A way of reading a message.
#[derive(Clone, Copy)]
pub struct Mode {
    /// What ended the status line.
    pub status_ends: &'static str,
    pub lenient: bool,
    pub keep_single_dots: bool,
}

impl Mode {
    pub const ALL: [Self; 6] = {
        const fn mode(status_ends: &'static str, lenient: bool, keep_single_dots: bool) -> Mode {
            Mode {
                status_ends,
                lenient,
                keep_single_dots,
            }
        }
        [
            mode("\r\n", false, false),
            mode("\n", false, false),
            mode("\r\n", true, false),
            mode("\r\n", false, true),
            mode("\n", false, true),
            mode("\r\n", true, true),
        ]
    };

    pub fn ends(self) -> LineEnd {
        match (self.status_ends, self.lenient) {
            ("\r\n", false) => LineEnd::CrLf,
            _ => LineEnd::Lf,
        }
    }

    /// A client to which a message is about to be sent.
    pub fn client(self) -> Small {
        let mut config = Config::new()
            .keep_single_dots(self.keep_single_dots)
            .pipelining(Pipelining::Off);
        if self.lenient {
            config = config.line_ends(LineEnds::Lenient);
        }
        let mut client = Small::with_config(config);
        let begin = format!("+OK{}", self.status_ends);
        for (command, reply) in [
            (None, "+OK\r\n"),
            (Some(Command::User(b"a")), "+OK\r\n"),
            (Some(Command::Pass("b".into())), "+OK\r\n"),
            (Some(Command::Retr(MessageNumber::FIRST)), begin.as_str()),
        ] {
            if let Some(command) = command {
                let _ = client.send(&command, &mut [0; 20]).expect("allowed");
            }
            let event = client.receive(&mut reply.as_bytes());
            assert!(matches!(event, Ok(Some(_))), "{event:?}");
        }
        client
    }
}

/// What a client makes of a piece of a message: its octets, and whether that was the end.
pub fn read(client: &mut Small, mut piece: &[u8], message: &mut Vec<u8>) -> bool {
    loop {
        match client
            .receive(&mut piece)
            .expect("a message breaks nothing")
        {
            None => {
                assert!(piece.is_empty());
                return false;
            }
            Some(Event::Body(octets)) => {
                assert!(!octets.is_empty());
                message.extend_from_slice(octets);
            }
            Some(Event::End { .. }) => {
                assert!(piece.is_empty(), "the end is where it is");
                return true;
            }
            Some(other) => panic!("{other:?} within a message"),
        }
    }
}

/// A string that is being grown.
struct Grown {
    expected: Unstuffed,
    /// A client for each way of cutting it.
    clients: Vec<Small>,
}

/// Grows the string by each octet of the alphabet, and each of those further. `shorter` has what became of its beginnings.
fn grow(mode: Mode, stream: &mut Vec<u8>, shorter: &mut Vec<Grown>, tried: &mut [u64]) {
    for octet in ALPHABET {
        stream.push(octet);
        let expected = unstuffed(stream, mode.ends(), mode.keep_single_dots);
        let longest = stream.len() == LONGEST;
        let mut clients = Vec::new();
        let mut got = Vec::new();
        for (begin, before) in shorter.iter().enumerate() {
            let new = expected
                .message
                .strip_prefix(before.expected.message.as_slice());
            let new = new.expect("what is given out stays");
            for client in &before.clients {
                let mut client = client.clone();
                got.clear();
                let ended = read(&mut client, &stream[begin..], &mut got);
                assert_eq!(got, new, "\"{}\"", stream.escape_ascii());
                assert_eq!(ended, expected.whole.is_some(), "{}", stream.escape_ascii());
                clients.push(client);
            }
        }
        assert_eq!(
            clients.len(),
            1 << (stream.len() - 1),
            "each way of cutting"
        );
        tried[stream.len() - 1] += 1;
        // Behind the terminator there is no message.
        if !longest && expected.whole.is_none() {
            shorter.push(Grown { expected, clients });
            grow(mode, stream, shorter, tried);
            shorter.pop();
        }
        stream.pop();
    }
}

fn every_short_message(mode: Mode) {
    let mut tried = [0; LONGEST];
    let expected = unstuffed(b"", mode.ends(), mode.keep_single_dots);
    let clients = vec![mode.client()];
    let mut shorter = vec![Grown { expected, clients }];
    grow(mode, &mut Vec::new(), &mut shorter, &mut tried);
    // All strings, but those that go on behind a terminator.
    let all = |length: usize| 4_u64.pow(u32::try_from(length).expect("short"));
    for (at, &strings) in tried.iter().enumerate() {
        assert!(
            strings <= all(at + 1) && strings > all(at + 1) / 2,
            "{tried:?}"
        );
    }
}

#[test]
fn every_short_message_in_every_way_of_cutting_it() {
    every_short_message(Mode::ALL[0]);
}

#[test]
fn every_short_message_behind_a_status_line_that_ends_in_lf() {
    every_short_message(Mode::ALL[1]);
}

#[test]
fn every_short_message_in_lenient_mode() {
    every_short_message(Mode::ALL[2]);
}

#[test]
fn every_short_message_with_single_dots_kept() {
    every_short_message(Mode::ALL[3]);
    every_short_message(Mode::ALL[4]);
    every_short_message(Mode::ALL[5]);
}
