//! PLAIN, LOGIN, EXTERNAL and ANONYMOUS.

use pop3_proto::sasl::{Anonymous, Challenge, External, Login, Mechanism, MechanismError, Plain};

use crate::support::{encoded_response, response, take};

#[test]
fn plain_is_as_in_rfc_4616() {
    let plain = Plain::new(b"tim", "tanstaaftanstaaf".into());
    assert_eq!((plain.name(), plain.speaks_first()), ("PLAIN", true));
    assert_eq!(plain.check(), Ok(()));
    assert_eq!(response(&plain), b"\0tim\0tanstaaftanstaaf");
    let plain = Plain::new(b"Kurt", "xipj3plmq".into()).authorization_id(b"Ursel");
    assert_eq!(plain.check(), Ok(()));
    assert_eq!(response(&plain), b"Ursel\0Kurt\0xipj3plmq");
    assert_eq!(plain.check_success(), Ok(()));
}

#[test]
fn plain_lets_no_part_begin_another() {
    let refused = Err(MechanismError::InvalidArgument);
    let plain = |id, user, password: &'static str| {
        Plain::new(user, password.into())
            .authorization_id(id)
            .check()
    };
    assert_eq!(plain(b"", b"tim", "secret"), Ok(()));
    assert_eq!(plain(b"", b"t\r\nm", "\r\n"), Ok(()));
    for (id, user, password) in [
        (&b"\0"[..], &b"tim"[..], "secret"),
        (b"id\0", b"tim", "secret"),
        (b"", b"tim\0admin", "secret"),
        (b"", b"\0", "secret"),
        (b"", b"tim", "sec\0ret"),
        (b"", b"", "secret"),
        (b"id", b"", "secret"),
        (b"", b"tim", ""),
    ] {
        assert_eq!(plain(id, user, password), refused);
    }
}

#[test]
fn who_has_said_it_all_answers_no_challenge() {
    for mechanism in [
        &mut Plain::new(b"tim", "secret".into()) as &mut dyn Mechanism,
        &mut External::new(),
        &mut Anonymous::new(b"trace"),
    ] {
        for challenge in [&b""[..], b"more"] {
            assert_eq!(take(mechanism, challenge), Err(MechanismError::Malformed));
        }
    }
}

#[test]
fn login_answers_two_challenges_whatever_they_say() {
    for challenges in [
        ["VXNlcm5hbWU6", "UGFzc3dvcmQ6"],
        ["", ""],
        ["Username:", "Password:"],
        ["UGFzc3dvcmQ6", "VXNlcm5hbWU6"],
        ["=", "\u{1b}[2J"],
    ] {
        let mut login = Login::new(b"tim", "tanstaaf".into());
        assert_eq!((login.name(), login.speaks_first()), ("LOGIN", false));
        assert_eq!(login.check(), Ok(()));
        assert_eq!(response(&login), b"");
        assert_eq!(login.check_success(), Err(MechanismError::NotProved));
        login
            .take_challenge(Challenge::new(challenges[0].as_bytes()))
            .unwrap();
        assert_eq!(encoded_response(&login), b"dGlt");
        assert_eq!(login.check_success(), Err(MechanismError::NotProved));
        login
            .take_challenge(Challenge::new(challenges[1].as_bytes()))
            .unwrap();
        assert_eq!(encoded_response(&login), b"dGFuc3RhYWY=");
        assert_eq!(login.check_success(), Ok(()));
        assert_eq!(take(&mut login, b""), Err(MechanismError::Malformed));
    }
    let refused = Err(MechanismError::InvalidArgument);
    assert_eq!(Login::new(b"", "tanstaaf".into()).check(), refused);
    assert_eq!(Login::new(b"tim", "".into()).check(), refused);
}

#[test]
fn external_says_as_whom_to_act_or_nothing() {
    let external = External::new();
    assert_eq!(
        (external.name(), external.speaks_first()),
        ("EXTERNAL", true)
    );
    assert_eq!(external.check(), Ok(()));
    assert_eq!(encoded_response(&external), b"");
    assert_eq!(external.check_success(), Ok(()));
    // RFC 4422 appendix A.
    let external = external.authorization_id(b"fred@example.com");
    assert_eq!(external.check(), Ok(()));
    assert_eq!(response(&external), b"fred@example.com");
    for id in [&b"fr\0ed"[..], b"\0", b"fr\xe9d"] {
        let external = External::new().authorization_id(id);
        assert_eq!(external.check(), Err(MechanismError::InvalidArgument));
    }
}

#[test]
fn anonymous_leaves_a_trace_that_rfc_4505_allows() {
    // Section 5.
    let anonymous = Anonymous::new(b"sirhc");
    assert_eq!(
        (anonymous.name(), anonymous.speaks_first()),
        ("ANONYMOUS", true)
    );
    assert_eq!(encoded_response(&anonymous), b"c2lyaGM=");
    assert_eq!(anonymous.check_success(), Ok(()));
    let most = "\u{e9}".repeat(Anonymous::MAX_TRACE);
    for trace in [
        "",
        "sirhc",
        "chris@example.com",
        "\"a@b\"@example.com",
        "two words",
        &most,
    ] {
        assert_eq!(
            Anonymous::new(trace.as_bytes()).check(),
            Ok(()),
            "{trace:?}"
        );
    }
    let more = most + "x";
    for trace in [
        "@",
        "@example.com",
        "chris@",
        "a\0b",
        "a\nb",
        "a\u{85}b",
        "\u{7f}",
        &more,
    ] {
        let refused = Err(MechanismError::InvalidArgument);
        assert_eq!(
            Anonymous::new(trace.as_bytes()).check(),
            refused,
            "{trace:?}"
        );
    }
    let refused = Err(MechanismError::InvalidArgument);
    assert_eq!(Anonymous::new(b"\xff").check(), refused);
}
