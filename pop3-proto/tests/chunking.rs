//! The same stream, cut anywhere, gives the same events; and the octets of a message are those that a slow, obvious
//! reading of RFC 1939 section 3 gives.

mod common;

use common::{Seen, feed, feed_cut, logged_in};
use pop3_proto::{Client, Command, MessageNumber, State};
use proptest::prelude::*;

fn retrieving<const LINE: usize>() -> Client<8, LINE> {
    let mut client = logged_in();
    let retr = Command::Retr(MessageNumber::FIRST);
    let _ = client.send(&retr, &mut [0; 20]).unwrap();
    feed(&mut client, b"+OK\r\n", &mut Vec::new());
    client
}

/// A multi-line reply as RFC 1939 section 3 reads: lines that end in CRLF, up to a line of one dot; a dot that begins
/// a line is not part of it. Returns the message, and whether it is whole.
fn unstuffed(stream: &[u8]) -> (Vec<u8>, bool) {
    let mut message = Vec::new();
    let mut rest = stream;
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n");
        let line = end.map_or(rest, |end| &rest[..end + 2]);
        if line == b".\r\n" {
            return (message, true);
        }
        message.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        match end {
            Some(_) => rest = &rest[line.len()..],
            None => break,
        }
    }
    // What may yet turn out to be the terminator is withheld.
    if stream == b".\r" || stream.ends_with(b"\r\n.\r") {
        message.pop();
    }
    (message, false)
}

fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    for (at, &octet) in message.iter().enumerate() {
        if octet == b'.' && (at == 0 || message[..at].ends_with(b"\r\n")) {
            stream.push(b'.');
        }
        stream.push(octet);
    }
    stream.extend_from_slice(b".\r\n");
    stream
}

/// The message that a client makes of a stream in these chunks, and whether it is whole.
fn received(stream: &[u8], sizes: &[usize]) -> (Vec<u8>, bool) {
    let mut client = retrieving::<512>();
    let mut message = Vec::new();
    let mut whole = false;
    for seen in feed_cut(&mut client, stream, sizes) {
        match seen {
            Seen::Body(octets) => message = octets,
            Seen::Event(_) => {
                whole = true;
                break;
            }
            // Behind the terminator there is whatever the stream goes on with.
            Seen::Error(_) => break,
        }
    }
    (message, whole)
}

#[test]
fn every_short_message_in_every_way_of_cutting_it() {
    const ALPHABET: [u8; 4] = [b'.', b'\r', b'\n', b'a'];
    let longest = 6;
    let mut compared = 0_u32;
    for length in 1..=longest {
        for nth in 0..4_usize.pow(length) {
            let stream: Vec<u8> = (0..length)
                .map(|at| ALPHABET[nth / 4_usize.pow(at) % 4])
                .collect();
            let expected = unstuffed(&stream);
            // Bit k says: cut behind octet k.
            for cuts in 0..1_u32 << (length - 1) {
                let mut sizes = vec![1];
                for at in 0..length - 1 {
                    match cuts >> at & 1 {
                        1 => sizes.push(1),
                        _ => *sizes.last_mut().unwrap() += 1,
                    }
                }
                assert_eq!(
                    received(&stream, &sizes),
                    expected,
                    "{:?} in {sizes:?}",
                    stream.escape_ascii().to_string()
                );
                compared += 1;
            }
        }
    }
    assert_eq!(
        compared,
        (1..=longest).map(|n| 4_u32.pow(n) << (n - 1)).sum()
    );
}

#[test]
fn the_end_of_the_connection_within_a_message_is_never_its_end() {
    let stream = stuffed(b"Subject: x\r\n\r\n.dot\r\n..\r\nlast\r\n");
    for end in 0..=stream.len() {
        let mut client = retrieving::<512>();
        let mut seen = Vec::new();
        feed(&mut client, &stream[..end], &mut seen);
        let whole = seen.iter().any(|seen| seen.text() == "End RETR 1");
        assert_eq!(whole, end == stream.len(), "{end} octets");
        client.receive_eof().expect_err("no QUIT was answered");
        assert_eq!(client.state(), State::Failed);
    }
}

fn any_octets() -> impl Strategy<Value = Vec<u8>> {
    let octet = prop_oneof![
        3 => prop::sample::select(&b".\r\n"[..]),
        2 => prop::sample::select(&b"+-OKER 19a\0"[..]),
        1 => any::<u8>(),
    ];
    let line = prop::sample::select(vec![
        &b"+OK\r\n"[..],
        b"-ERR\r\n",
        b".\r\n",
        b"1 120\r\n",
        b"1 abc\r\n",
        b"..\r\n",
        b"\r\n",
        b".\n",
        b"+\r\n",
    ]);
    prop::collection::vec(
        prop_oneof![
            prop::collection::vec(octet, 0..12),
            line.prop_map(<[u8]>::to_vec),
        ],
        0..12,
    )
    .prop_map(|pieces| pieces.concat())
}

fn any_sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1..9_usize, 1..9)
}

/// What a client with a full pipeline makes of any stream.
fn dialogue<const LINE: usize>(stream: &[u8], sizes: &[usize]) -> Vec<Seen> {
    use pop3_proto::{Config, Pipelining};
    let mut config = Config::new();
    config.pipelining = Pipelining::Always;
    let mut client: Client<8, LINE> = Client::with_config(config);
    let mut out = [0; 40];
    feed(&mut client, b"+OK\r\n", &mut Vec::new());
    for command in [Command::User(b"a"), Command::Pass("b".into())] {
        let _ = client.send(&command, &mut out).unwrap();
        feed(&mut client, b"+OK\r\n", &mut Vec::new());
    }
    let n = MessageNumber::FIRST;
    for command in [
        Command::List,
        Command::Retr(n),
        Command::Stat,
        Command::Uidl,
        Command::UidlOne(n),
        Command::Capa,
        Command::Top {
            message: n,
            lines: 1,
        },
        Command::Quit,
    ] {
        let _ = client.send(&command, &mut out).unwrap();
    }
    let mut seen = feed_cut(&mut client, stream, sizes);
    if let Err(error) = client.receive_eof() {
        if seen.last() != Some(&Seen::Error(error)) {
            seen.push(Seen::Error(error));
        }
    }
    seen
}

/// What of the events does not depend on how much of a line is kept: how many there are, and the octets of messages.
fn framing(seen: Vec<Seen>) -> Vec<Option<Vec<u8>>> {
    seen.into_iter()
        .map(|seen| match seen {
            Seen::Body(octets) => Some(octets),
            _ => None,
        })
        .collect()
}

proptest! {
    #[test]
    fn any_message_arrives_as_it_was_sent(
        lines in prop::collection::vec(prop_oneof![
            prop::collection::vec(prop::sample::select(&b".\r\na"[..]), 0..6),
            prop::collection::vec(any::<u8>(), 0..80),
        ], 0..20),
        sizes in any_sizes(),
    ) {
        let mut message = lines.join(&b"\r\n"[..]);
        message.extend_from_slice(b"\r\n");
        let stream = stuffed(&message);
        prop_assert_eq!(received(&stream, &sizes), (message.clone(), true));
        prop_assert_eq!(received(&stream, &[usize::MAX]), (message, true));
    }

    #[test]
    fn any_stream_gives_the_same_events_in_any_chunks(stream in any_octets(), sizes in any_sizes()) {
        let whole = dialogue::<512>(&stream, &[usize::MAX]);
        prop_assert_eq!(&dialogue::<512>(&stream, &sizes), &whole);
        prop_assert_eq!(&dialogue::<512>(&stream, &[1]), &whole);
    }

    #[test]
    fn framing_does_not_depend_on_how_much_of_a_line_is_kept(stream in any_octets(), sizes in any_sizes()) {
        let whole = framing(dialogue::<512>(&stream, &[usize::MAX]));
        prop_assert_eq!(&framing(dialogue::<1>(&stream, &sizes)), &whole);
        prop_assert_eq!(&framing(dialogue::<2>(&stream, &sizes)), &whole);
        prop_assert_eq!(&framing(dialogue::<8>(&stream, &sizes)), &whole);
    }
}
