//! Numbers at the edges and past them, wherever a server sends one.

mod common;

use common::{Seen, feed_cut, logged_in};
use pop3_proto::{Client, Command, MessageNumber};

/// What a logged-in client makes of a reply, in one piece and octet by octet.
fn reply(command: &Command<'_>, stream: &str) -> Vec<String> {
    let [whole, by_octet] = [[usize::MAX], [1]].map(|sizes| {
        let mut client: Client<8, 512> = logged_in();
        let _ = client.send(command, &mut [0; 40]).unwrap();
        let seen = feed_cut(&mut client, stream.as_bytes(), &sizes);
        seen.iter().map(Seen::text).collect::<Vec<_>>()
    });
    assert_eq!(whole, by_octet);
    whole
}

/// What a word is as a number of 32 and of 64 bits.
const NUMBERS: &[(&str, Option<u32>, Option<u64>)] = &[
    ("0", Some(0), Some(0)),
    ("1", Some(1), Some(1)),
    ("9", Some(9), Some(9)),
    ("10", Some(10), Some(10)),
    ("4294967295", Some(u32::MAX), Some(4_294_967_295)),
    ("4294967296", None, Some(4_294_967_296)),
    ("18446744073709551615", None, Some(u64::MAX)),
    ("18446744073709551616", None, None),
    ("18446744073709551620", None, None),
    ("99999999999999999999", None, None),
    ("100000000000000000000", None, None),
    ("0000000000000000000000007", Some(7), Some(7)),
    ("00", Some(0), Some(0)),
    ("-0", None, None),
    ("-1", None, None),
    ("+1", None, None),
    ("1-", None, None),
    ("1.0", None, None),
    ("1e3", None, None),
    ("0x10", None, None),
    ("1,000", None, None),
    ("/", None, None),
    (":", None, None),
    ("x", None, None),
    ("\u{661}", None, None),
];

#[test]
fn the_answer_to_stat() {
    for &(word, messages, octets) in NUMBERS {
        let got = reply(&Command::Stat, &format!("+OK {word} 5\r\n"));
        match messages {
            Some(messages) => assert_eq!(got, [format!("Stat STAT: {messages} 5")]),
            None => assert!(got[0].starts_with("Unparsed STAT: "), "{word}: {got:?}"),
        }
        let expected = match octets {
            Some(octets) => format!("Stat STAT: 5 {octets}"),
            None => "Stat STAT: 5 ?".to_owned(),
        };
        let blanks = format!("+OK \t 5 \t {word}\t \r\n");
        for stream in [&format!("+OK 5 {word}\r\n"), &blanks] {
            let got = reply(&Command::Stat, stream);
            assert_eq!(got, std::slice::from_ref(&expected), "{word}");
        }
    }
}

#[test]
fn lines_of_list_and_uidl() {
    for &(word, message, octets) in NUMBERS {
        let message = message.filter(|&number| number > 0);
        let got = reply(&Command::List, &format!("+OK\r\n{word} 5\r\n.\r\n"));
        match message {
            Some(message) => assert_eq!(got[1], format!("Listing LIST: {message} 5")),
            None => assert!(got[1].starts_with("Unparsed LIST: "), "{word}: {got:?}"),
        }
        assert_eq!(got[2], "End LIST", "the next line is none the worse for it");

        let got = reply(&Command::List, &format!("+OK\r\n5 {word}\r\n.\r\n"));
        match octets {
            Some(octets) => assert_eq!(got[1], format!("Listing LIST: 5 {octets}")),
            None => assert!(got[1].starts_with("Unparsed LIST: "), "{word}: {got:?}"),
        }

        let got = reply(&Command::Uidl, &format!("+OK\r\n{word} id\r\n.\r\n"));
        match message {
            Some(message) => assert_eq!(got[1], format!("UniqueId UIDL: {message} \"id\"")),
            None => assert!(got[1].starts_with("Unparsed UIDL: "), "{word}: {got:?}"),
        }
    }
}

#[test]
fn the_answers_for_one_message() {
    let message = MessageNumber::new(u32::MAX).unwrap();
    for &(word, number, octets) in NUMBERS {
        // The size alone, or behind the number that was asked for.
        for stream in [
            format!("+OK {word}\r\n"),
            format!("+OK 4294967295 {word}\r\n"),
        ] {
            let got = reply(&Command::ListOne(message), &stream);
            match octets {
                Some(octets) => {
                    let expected = format!("Listing LIST 4294967295: 4294967295 {octets}");
                    assert_eq!(got, [expected]);
                }
                None => assert!(got[0].starts_with("Unparsed LIST 4294967295: "), "{got:?}"),
            }
        }
        // Another number is another message.
        let got = reply(&Command::ListOne(message), &format!("+OK {word} 5\r\n"));
        let is_it = number == Some(u32::MAX);
        assert_eq!(got[0].starts_with("Listing"), is_it, "{word}: {got:?}");
        let got = reply(&Command::UidlOne(message), &format!("+OK {word} id\r\n"));
        assert_eq!(got[0].starts_with("UniqueId"), is_it, "{word}: {got:?}");
    }
}

#[test]
fn numbers_of_capabilities() {
    for &(word, number, _) in NUMBERS {
        let stream = format!("+OK\r\nEXPIRE {word}\r\nLOGIN-DELAY {word} USER\r\n.\r\n");
        let got = reply(&Command::Capa, &stream);
        match number {
            Some(number) => assert_eq!(
                got[1..3],
                [
                    format!("Capability CAPA: Expire {{ days: Some({number}), per_user: false }}"),
                    format!("Capability CAPA: LoginDelay {{ seconds: {number}, per_user: true }}"),
                ]
            ),
            None => {
                for (line, tag) in got[1..3].iter().zip(["EXPIRE", "LOGIN-DELAY"]) {
                    let other = format!("Capability CAPA: Other {{ tag: {tag:?}");
                    assert!(line.starts_with(&other), "{word}: {line}");
                }
            }
        }
    }
}
