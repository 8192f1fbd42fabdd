//! What is made of the answer to CAPA, and of response codes.

mod common;

use common::{feed, greeted, logged_in};
use pop3_proto::{
    Capability, CapabilityKind, CapabilitySet, Client, Command, Event, LikelyCause, MessageNumber,
    ResponseCode, Support, Text,
};

const ALL: [(&str, CapabilityKind); 13] = [
    ("TOP", CapabilityKind::Top),
    ("USER", CapabilityKind::User),
    ("SASL PLAIN", CapabilityKind::Sasl),
    ("RESP-CODES", CapabilityKind::RespCodes),
    ("AUTH-RESP-CODE", CapabilityKind::AuthRespCode),
    ("LOGIN-DELAY 5", CapabilityKind::LoginDelay),
    ("PIPELINING", CapabilityKind::Pipelining),
    ("EXPIRE NEVER", CapabilityKind::Expire),
    ("UIDL", CapabilityKind::Uidl),
    ("IMPLEMENTATION x", CapabilityKind::Implementation),
    ("STLS", CapabilityKind::Stls),
    ("UTF8", CapabilityKind::Utf8),
    ("LANG", CapabilityKind::Lang),
];

fn asked(lines: &str) -> Client {
    let mut client = greeted();
    let _ = client.send(&Command::Capa, &mut [0; 6]).unwrap();
    let reply = format!("+OK\r\n{lines}.\r\n");
    feed(&mut client, reply.as_bytes(), &mut Vec::new());
    client
}

#[test]
fn each_capability_is_announced_by_its_own_line_and_no_other() {
    for (line, announced) in ALL {
        let client = asked(&format!("{line}\r\n"));
        let set = client.capabilities().unwrap();
        for (_, kind) in ALL {
            assert_eq!(set.contains(kind), kind == announced, "{kind:?} by {line}");
        }
    }
    let all: String = ALL.iter().map(|(line, _)| format!("{line}\r\n")).collect();
    let set = asked(&all).capabilities().unwrap();
    assert!(ALL.iter().all(|(_, kind)| set.contains(*kind)));
    assert!(set.iter().eq(ALL.iter().map(|(_, kind)| *kind)));
    assert!(
        ALL.iter()
            .all(|(_, kind)| !asked("").capabilities().unwrap().contains(*kind))
    );
}

#[test]
fn a_set_of_capabilities_is_shown_by_their_names() {
    for (lines, shown) in [
        ("", ""),
        ("X-ODD\r\n", ""),
        ("uidl\r\nSASL PLAIN\r\nUIDL\r\n", "SASL UIDL"),
    ] {
        let set = asked(lines).capabilities().unwrap();
        assert_eq!(set.to_string(), shown);
        assert_eq!(format!("{set:?}"), format!("{{{shown}}}"));
    }
    assert_eq!(CapabilitySet::default().iter().count(), 0);
}

/// What a single line of CAPA is taken for.
fn parsed(line: &str, check: impl FnOnce(Capability<'_>)) {
    let mut client: Client = greeted();
    let _ = client.send(&Command::Capa, &mut [0; 6]).unwrap();
    let reply = format!("+OK\r\n{line}\r\n.\r\n");
    let mut input = reply.as_bytes();
    client.receive(&mut input).unwrap().expect("Begin");
    match client.receive(&mut input).unwrap() {
        Some(Event::Capability { capability, .. }) => check(capability),
        other => panic!("{other:?}"),
    }
}

#[test]
fn arguments_are_read_or_the_line_is_passed_on_as_it_is() {
    parsed("EXPIRE 0 user", |capability| {
        let expected = Capability::Expire {
            days: Some(0),
            per_user: true,
        };
        assert_eq!(capability, expected);
    });
    parsed("EXPIRE sometime", |capability| {
        let expected = Capability::Other {
            tag: Text::new(b"EXPIRE"),
            arguments: Text::new(b"sometime"),
        };
        assert_eq!(capability, expected);
        assert_eq!(capability.kind(), None);
    });
    parsed("UTF8 other", |capability| {
        assert_eq!(capability, Capability::Utf8 { user: false });
    });
    parsed("LOGIN-DELAY 300", |capability| {
        let expected = Capability::LoginDelay {
            seconds: 300,
            per_user: false,
        };
        assert_eq!(capability, expected);
    });
}

#[test]
fn mechanisms_are_found_by_name_in_any_case() {
    parsed("SASL PLAIN  scram-sha-256\tX", |capability| {
        let Capability::Sasl(mechanisms) = capability else {
            panic!("{capability:?}");
        };
        let names: Vec<_> = mechanisms.iter().map(|name| name.to_string()).collect();
        assert_eq!(names, ["PLAIN", "scram-sha-256", "X"]);
        for (name, there) in [
            ("plain", true),
            ("SCRAM-SHA-256", true),
            ("X", true),
            ("LOGIN", false),
            ("PLAI", false),
            ("", false),
        ] {
            assert_eq!(mechanisms.contains(name), there, "{name}");
        }
    });
}

#[test]
fn response_codes_are_read_in_any_case_and_by_prefix() {
    let code = |text: &'static str| Text::new(text.as_bytes()).response_code();
    let other = |text: &'static str| Some(ResponseCode::Other(Text::new(text.as_bytes())));
    assert_eq!(code("[IN-USE] busy"), Some(ResponseCode::InUse));
    assert_eq!(code("[in-use]"), Some(ResponseCode::InUse));
    assert_eq!(code("[LOGIN-DELAY] wait"), Some(ResponseCode::LoginDelay));
    assert_eq!(code("[SYS/TEMP] x"), Some(ResponseCode::SystemTemporary));
    assert_eq!(
        code("[SYS/TEMP/DISK] x"),
        Some(ResponseCode::SystemTemporary)
    );
    assert_eq!(code("[SYS/PERM] x"), Some(ResponseCode::SystemPermanent));
    assert_eq!(code("[AUTH] x"), Some(ResponseCode::Auth));
    assert_eq!(code("[UTF8] x"), Some(ResponseCode::Utf8));
    assert_eq!(code("[SYS] x"), other("SYS"));
    assert_eq!(code("[SYS/TEMPORARY] x"), other("SYS/TEMPORARY"));
    assert_eq!(code("[AUTHX] x"), other("AUTHX"));
    assert_eq!(code("[] x"), other(""));
    assert_eq!(code("[IN-USE busy"), None);
    assert_eq!(code("busy [IN-USE]"), None);
    assert_eq!(code(""), None);
}

/// A logged-in client that sends this and hears that; and what it then knows of a capability.
fn after(exchanges: &[(Command<'_>, &str)], capability: CapabilityKind) -> Support {
    let mut client: Client = logged_in();
    for (command, reply) in exchanges {
        let _ = client.send(command, &mut [0; 20]).unwrap();
        feed(&mut client, reply.as_bytes(), &mut Vec::new());
    }
    client.support(capability)
}

#[test]
fn what_is_announced_is_supported_as_long_as_the_list_counts() {
    for (_, kind) in ALL {
        let mut client: Client = Client::new();
        assert_eq!(client.support(kind), Support::Unknown, "{kind}");
        client = asked("");
        assert_eq!(client.support(kind), Support::NotAnnounced, "{kind}");
        let (line, _) = ALL.into_iter().find(|(_, one)| *one == kind).unwrap();
        client = asked(&format!("{line}\r\n"));
        assert_eq!(client.support(kind), Support::Announced, "{kind}");
        // Asked again, and refused; or half of the list is there.
        for reply in [&b"-ERR\r\n"[..], b"+OK\r\nTOP\r\n"] {
            let mut client = client.clone();
            let _ = client.send(&Command::Capa, &mut [0; 6]).unwrap();
            feed(&mut client, reply, &mut Vec::new());
            assert_eq!(client.support(kind), Support::Unknown, "{kind}");
        }
        // Forgotten at STLS.
        let _ = client.send(&Command::Stls, &mut [0; 6]).unwrap();
        feed(&mut client, b"+OK\r\n", &mut Vec::new());
        client.tls_established().unwrap();
        assert_eq!(client.support(kind), Support::Unknown, "{kind}");
    }
}

#[test]
fn what_was_tried_counts_more_than_what_is_not_announced() {
    use CapabilityKind::{Top, Uidl};
    let n = MessageNumber::FIRST;
    let top = Command::Top {
        message: n,
        lines: 0,
    };
    let neither = (Command::Capa, "+OK\r\nUSER\r\n.\r\n");
    let both = (Command::Capa, "+OK\r\nTOP\r\nUIDL\r\n.\r\n");
    let (refused, granted) = ("-ERR\r\n", "+OK\r\n.\r\n");
    for (command, kind, other) in [(Command::Uidl, Uidl, Top), (top, Top, Uidl)] {
        for (exchanges, expected) in [
            (&[][..], Support::Unknown),
            (&[(command, refused)], Support::Refused),
            (&[(command, granted)], Support::Proved),
            (&[neither, (command, refused)], Support::Refused),
            (&[(command, refused), neither], Support::Refused),
            (&[neither, (command, granted)], Support::Proved),
            (&[both, (command, refused)], Support::Announced),
            (&[(command, refused), both], Support::Announced),
            (&[(command, refused), (command, granted)], Support::Proved),
            (&[(command, granted), (command, refused)], Support::Proved),
            (&[(command, granted), neither], Support::Proved),
            (
                &[(command, granted), (Command::Capa, refused)],
                Support::Proved,
            ),
        ] {
            assert_eq!(after(exchanges, kind), expected, "{exchanges:?}");
        }
        assert_eq!(after(&[(command, granted)], other), Support::Unknown);
        assert_eq!(after(&[(command, refused)], other), Support::Unknown);
    }
    // UIDL for one message that is refused may be about the message.
    let one = Command::UidlOne(n);
    assert_eq!(after(&[(one, refused)], Uidl), Support::Unknown);
    assert_eq!(after(&[(one, "+OK 1 a\r\n")], Uidl), Support::Proved);
    // Nothing else is tried like that.
    for command in [
        Command::Stat,
        Command::List,
        Command::Retr(n),
        Command::Utf8,
        Command::Lang("en"),
        Command::Languages,
    ] {
        for (_, kind) in ALL {
            for reply in [refused, granted] {
                assert_eq!(after(&[(command, reply)], kind), Support::Unknown, "{kind}");
            }
        }
    }
}

#[test]
fn what_a_refusal_is_about_is_guessed_from_its_words() {
    use LikelyCause::{MaildropInUse, Temporary, TooManyConnections};
    for (text, cause) in [
        // RFC 1939, uw-imap, qpopper, mailutils and others, in their own words.
        ("maildrop already locked", Some(MaildropInUse)),
        ("Can't get lock.  Mailbox in use", Some(MaildropInUse)),
        ("CAN'T GET LOCK. MAILBOX IN USE", Some(MaildropInUse)),
        ("can not get lock", Some(MaildropInUse)),
        ("unable to lock maildrop", Some(MaildropInUse)),
        (
            "/var/mail/.mrose.pop lock busy!  Is another session active? (11)",
            Some(MaildropInUse),
        ),
        ("Mailbox is busy", Some(MaildropInUse)),
        ("mail drop is used by another session", Some(MaildropInUse)),
        ("mailbox locked, wait a few minutes", Some(MaildropInUse)),
        (
            "Too many connections from your IP",
            Some(TooManyConnections),
        ),
        ("too many simultaneous logins", Some(TooManyConnections)),
        (
            "Maximum number of connections from user+IP exceeded",
            Some(TooManyConnections),
        ),
        ("Temporary failure, try again later", Some(Temporary)),
        ("temporarily unavailable", Some(Temporary)),
        ("please wait a few minutes", Some(Temporary)),
        ("Try again in 5 minutes", Some(Temporary)),
        ("later", Some(Temporary)),
        // An account is no maildrop, and no password gets better by itself.
        ("your account is locked", None),
        ("Your account has been locked out", None),
        ("Invalid password, try again", None),
        ("Too many failed logins", None),
        ("Too many login attempts, session closed", None),
        ("too many messages", None),
        ("Authentication failed.", None),
        ("no such message", None),
        // Words within words.
        ("mailbox has been blocked", None),
        ("mailbox of the clockmaker is gone", None),
        ("collateral", None),
        ("blockbusy", None),
        // A maildrop alone, and a lock alone.
        ("mailbox not found", None),
        ("deadlock", None),
        ("lock", None),
        ("in use", None),
        ("", None),
        ("l", None),
        ("late", None),
        // A code says it better, whatever stands behind it.
        ("[IN-USE] maildrop already locked", None),
        ("[X-OTHER] try again later", None),
        ("see [IN-USE]: maildrop already locked", Some(MaildropInUse)),
        ("[IN-USE maildrop already locked", Some(MaildropInUse)),
    ] {
        assert_eq!(Text::new(text.as_bytes()).likely_cause(), cause, "{text}");
    }
    // Octets of any kind are no words.
    assert_eq!(
        Text::new(b"\xff\xfelock\0mailbox").likely_cause(),
        Some(MaildropInUse)
    );
    assert_eq!(Text::new(&[0xff; 1000]).likely_cause(), None);
}
