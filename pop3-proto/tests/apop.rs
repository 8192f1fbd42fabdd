//! Which greetings offer a timestamp for APOP, and what is made of it.

mod common;

use common::feed_cut;
use md5::{Digest as _, Md5};
use pop3_proto::{Client, Command, MAX_TIMESTAMP, SendError};

/// What APOP sends behind the user's name after this greeting; `None`: it is not offered.
fn digest(greeting: &[u8], chunk: usize) -> Option<String> {
    let mut client: Client<1, 64> = Client::new();
    let line = [b"+OK ", greeting, b"\r\n"].concat();
    feed_cut(&mut client, &line, &[chunk]);
    let apop = Command::Apop {
        user: b"mrose",
        secret: "tanstaaf".into(),
    };
    let mut out = [0; 64];
    match client.send(&apop, &mut out) {
        Ok(sent) => {
            let line = std::str::from_utf8(&out[..sent.octets]).unwrap();
            let digest = line.strip_prefix("APOP mrose ").unwrap();
            Some(digest.strip_suffix("\r\n").unwrap().to_owned())
        }
        Err(error) => {
            assert_eq!(error, SendError::NoTimestamp);
            None
        }
    }
}

/// What `md-5` makes of this timestamp.
fn of_md_5(timestamp: &str) -> String {
    let digest = Md5::digest(format!("{timestamp}tanstaaf"));
    digest.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[test]
fn the_example_of_rfc_1939() {
    let greeting = b"POP3 server ready <1896.697170952@dbc.mtview.ca.us>";
    for chunk in [1, 5, 100] {
        assert_eq!(
            digest(greeting, chunk).as_deref(),
            Some("c4c9334bac560ecc979e58001b3e22fb")
        );
    }
}

#[test]
fn the_first_strict_msg_id_is_the_timestamp() {
    for (greeting, timestamp) in [
        ("<a@b>", "<a@b>"),
        ("x <a.b.c@d.e.f> y", "<a.b.c@d.e.f>"),
        ("<1@[127.0.0.1]>", "<1@[127.0.0.1]>"),
        ("<1@[IPv6:::1]>.", "<1@[IPv6:::1]>"),
        (
            "<a+b/c=d!#$%&'*-?^_`{|}~@x-y.z_1>",
            "<a+b/c=d!#$%&'*-?^_`{|}~@x-y.z_1>",
        ),
        ("<a@b> <c@d>", "<a@b>"),
        ("<<a@b>>", "<a@b>"),
        ("<a@b <c@d>", "<c@d>"),
        ("<a <b@[c <d@e>", "<d@e>"),
        ("<a b> <c@d>", "<c@d>"),
        ("<a@b.> <c.@d> <e@f>", "<e@f>"),
    ] {
        let expected = of_md_5(timestamp);
        for chunk in [1, 3, 100] {
            assert_eq!(
                digest(greeting.as_bytes(), chunk).as_ref(),
                Some(&expected),
                "{greeting}"
            );
        }
    }
}

#[test]
fn what_is_no_msg_id_is_no_timestamp() {
    for greeting in [
        &b"ready"[..],
        b"<>",
        b"<a>",
        b"<@>",
        b"<@b>",
        b"<a@>",
        b"<a@b",
        b"a@b>",
        b"<a.b.c>",
        b"<.a@b>",
        b"<a.@b>",
        b"<a..b@c>",
        b"<a@.b>",
        b"<a@b.>",
        b"<a@b..c>",
        b"<a b@c>",
        b"<a@b c>",
        b"<a@b@c>",
        b"<a@[b>",
        b"<a@[b[c]>",
        b"<a@[b\\c]>",
        b"<a@[b>c]>",
        b"<a@[b]c>",
        b"<a@[b c]>",
        b"<a@[\xfc]>",
        b"<a@b]>",
        b"<a[@b>",
        b"<\"a\"@b>",
        b"<(a)@b>",
        b"<a,b@c>",
        b"<\xfc@x>",
        b"<a@\xfc>",
        b"<a\x7f@b>",
        b"<a@b\r>",
    ] {
        for chunk in [1, 100] {
            assert_eq!(digest(greeting, chunk), None, "{}", greeting.escape_ascii());
        }
    }
}

/// What is longer is none, whether it ends right behind that or not; the next one may be.
#[test]
fn a_timestamp_has_up_to_65_535_octets() {
    assert_eq!(MAX_TIMESTAMP, 65_535);
    let timestamp = |octets: usize| format!("<{}@b>", "a".repeat(octets - 4));
    for chunk in [7, 100_000] {
        for octets in [65_534, 65_535] {
            let longest = timestamp(octets);
            let found = digest(longest.as_bytes(), chunk);
            assert_eq!(found, Some(of_md_5(&longest)), "{octets}");
        }
        for octets in [65_536, 65_537, 65_600, 131_072] {
            let long = timestamp(octets);
            assert_eq!(digest(long.as_bytes(), chunk), None, "{octets}");
            let short = digest(b"<c@d>", chunk);
            assert_eq!(digest(format!("{long} <c@d>").as_bytes(), chunk), short);
        }
    }
}

#[test]
fn debug_does_not_print_the_digest_state() {
    let mut client: Client = Client::new();
    feed_cut(&mut client, b"+OK <a@b>\r\n", &[100]);
    let printed = format!("{client:?}");
    assert!(
        printed.contains("Timestamp { found: true, .. }"),
        "{printed}"
    );
}
