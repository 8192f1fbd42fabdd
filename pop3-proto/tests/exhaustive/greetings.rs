//! Greetings: what is a timestamp (RFC 1939 section 7, RFC 5322 section 3.6.4), and what is none. A server that can smuggle
//! other octets into one can find out the password (CVE-2007-1558).

use crate::bound;
use crate::oracle::dialogue::{Op, Player};
use pop3_proto::{Client, Config, Event};

fn has_timestamp(greeting: &[u8]) -> bool {
    // The model is asked in passing.
    let mut player = Player::<1, 8>::new(Config::new());
    player.play(&Op::Receive(greeting.to_vec()), &[usize::MAX]);
    let mut client: Client<1, 8> = Client::new();
    match client.receive(&mut &greeting[..]) {
        Ok(Some(Event::Greeting { apop, .. })) => apop,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_octet_in_every_part_of_a_timestamp() {
    // RFC 5322 section 3.2.3.
    let atext =
        |octet: u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&octet);
    for octet in (1..=u8::MAX).filter(|octet| *octet != b'\n') {
        for (before, behind, allowed) in [
            ("<", "a@b>", atext(octet) || octet == b'<'),
            ("<a", "a@b>", atext(octet) || matches!(octet, b'<' | b'.')),
            ("<a", "@b>", atext(octet)),
            ("<a@", "b>", atext(octet)),
            ("<a@b", "b>", atext(octet) || matches!(octet, b'.' | b'>')),
            ("<a@b", ">", atext(octet) || octet == b'>'),
            // Section 3.4.1, without what could be taken for the end.
            (
                "<a@[",
                "]>",
                matches!(octet, 0x21..=0x7e) && !b"[\\]<>".contains(&octet),
            ),
        ] {
            let greeting = [
                b"+OK ",
                before.as_bytes(),
                &[octet],
                behind.as_bytes(),
                b"\r\n",
            ]
            .concat();
            assert_eq!(
                has_timestamp(&greeting),
                allowed,
                "{}",
                greeting.escape_ascii()
            );
        }
    }
}

#[test]
fn every_short_string_that_may_be_a_timestamp() {
    const ALPHABET: &[u8; 7] = b"<>@.[]a";
    let mut found = 0;
    for length in 0..=u32::try_from(bound(7, 5)).expect("short") {
        for nth in 0..ALPHABET.len().pow(length) {
            let mut greeting = b"+OK ".to_vec();
            greeting.extend((0..length).map(|at| ALPHABET[nth / 7_usize.pow(at) % 7]));
            greeting.extend(b"\r\n");
            found += usize::from(has_timestamp(&greeting));
        }
    }
    assert!(found > 0, "{found}");
}
