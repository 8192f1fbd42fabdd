//! What is made of the answer to CAPA, and of response codes.

mod common;

use common::{feed, greeted};
use pop3_proto::{Capability, CapabilityKind, Client, Command, Event, ResponseCode, Text};

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
    assert!(
        ALL.iter()
            .all(|(_, kind)| !asked("").capabilities().unwrap().contains(*kind))
    );
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
