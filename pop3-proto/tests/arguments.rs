//! Which arguments can be sent, and which are refused before anything is.

mod common;
mod oracle;

use common::greeted;
use oracle::sasl::Scripted;
use pop3_proto::{Client, Command, CommandKind, SendError};

#[test]
fn arguments_can_be_checked_before_there_is_a_session() {
    for (command, fine) in [
        (Command::User(b"m rose"), true),
        (Command::User(b""), false),
        (Command::User(b"a\rb"), false),
        (Command::Pass("pass word".into()), true),
        (Command::Pass("".into()), false),
        (Command::Pass("a\nb".into()), false),
        (Command::Pass("a\0b".into()), false),
        (Command::Stat, true),
        (Command::Lang("*"), true),
        (Command::Lang("en"), true),
        (Command::Lang("zh-Hant-TW"), true),
        (Command::Lang("i-default"), true),
        (Command::Lang("sl-nedis-1994"), true),
        (Command::Lang(""), false),
        (Command::Lang("e n"), false),
        (Command::Lang("en\r"), false),
        (Command::Lang("en\nQUIT"), false),
        (Command::Lang("e\0n"), false),
        (Command::Lang("en_US"), false),
        (Command::Lang("en*"), false),
        (Command::Lang("**"), false),
        (Command::Lang("\u{e9}n"), false),
    ] {
        assert_eq!(command.check_arguments().is_ok(), fine, "{command:?}");
    }
}

#[test]
fn names_of_mechanisms_are_those_of_rfc_4422() {
    for (name, fine) in [
        ("PLAIN", true),
        ("SCRAM-SHA-256-PLUS", true),
        ("X_0", true),
        ("A", true),
        ("ABCDEFGHIJKLMNOPQRST", true),
        ("ABCDEFGHIJKLMNOPQRSTU", false),
        ("", false),
        ("plain", false),
        ("PLAIN ", false),
        (" PLAIN", false),
        ("PLA IN", false),
        ("PLAIN\r\nDELE 1", false),
        ("PLAIN\n", false),
        ("PLAIN\0", false),
        ("PLAIN=", false),
        ("PL\u{c4}IN", false),
        ("*", false),
    ] {
        let mechanism = Scripted {
            name: name.to_owned(),
            speaks_first: true,
            response: Vec::new(),
        };
        for initial_response in [false, true] {
            let auth = Command::Auth {
                mechanism: &mechanism,
                initial_response,
            };
            let mut out = [b'#'; 60];
            let mut client: Client = greeted();
            let sent = client.send(&auth, &mut out);
            assert_eq!(auth.check_arguments().is_ok(), fine, "{name:?}");
            assert_eq!(sent.is_ok(), fine, "{name:?}");
            if !fine {
                assert_eq!(sent, Err(SendError::InvalidArgument(CommandKind::Auth)));
                assert_eq!((out, client.in_flight()), ([b'#'; 60], 0));
            }
        }
        // It is not part of a response.
        let response = Command::Response(&mechanism);
        assert_eq!(response.check_arguments(), Ok(()));
    }
}

#[test]
fn names_for_apop_have_no_blanks() {
    for (user, secret, fine) in [
        ("mrose", "x", true),
        ("m rose", "x", false),
        ("", "x", false),
        ("mrose", "", false),
        ("mrose", "\r", false),
        ("mro\nse", "x", false),
    ] {
        let apop = Command::Apop {
            user: user.as_bytes(),
            secret: secret.into(),
        };
        assert_eq!(apop.check_arguments().is_ok(), fine, "{user:?} {secret:?}");
    }
}
