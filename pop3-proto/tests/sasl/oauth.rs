//! XOAUTH2 and OAUTHBEARER (RFC 7628), and what a server says of a token that it does not take.

use pop3_proto::sasl::{
    Challenge, MAX_CHALLENGE, Mechanism, MechanismError, OauthFailure, Oauthbearer, Xoauth2,
};

use crate::support::{encoded_response, response, take};

/// Google's documentation of XOAUTH2.
#[test]
fn the_example_of_xoauth2() {
    let xoauth2 = Xoauth2::new(
        b"someuser@example.com",
        "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg".into(),
    );
    assert_eq!((xoauth2.name(), xoauth2.speaks_first()), ("XOAUTH2", true));
    assert_eq!(xoauth2.check(), Ok(()));
    assert_eq!(
        encoded_response(&xoauth2),
        b"dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0\
          Q2cBAQ=="
    );
    assert_eq!(xoauth2.check_success(), Ok(()));
}

const TOKEN: &str = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";

#[test]
fn the_example_of_rfc_7628() {
    let oauthbearer = Oauthbearer::new(b"user@example.com", TOKEN.into())
        .host(b"server.example.com")
        .port(143);
    assert_eq!(
        (oauthbearer.name(), oauthbearer.speaks_first()),
        ("OAUTHBEARER", true)
    );
    assert_eq!(oauthbearer.check(), Ok(()));
    assert_eq!(
        encoded_response(&oauthbearer),
        b"bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52\
          YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"
    );
    assert_eq!(oauthbearer.check_success(), Ok(()));
}

#[test]
fn what_oauthbearer_need_not_say() {
    let token = || "t".into();
    for (oauthbearer, said) in [
        (
            Oauthbearer::new(b"", token()),
            "n,,\x01auth=Bearer t\x01\x01",
        ),
        (
            Oauthbearer::new(b"a,b=c,", token()),
            "n,a=a=2Cb=3Dc=2C,\x01auth=Bearer t\x01\x01",
        ),
        (
            Oauthbearer::new(b"u", token()).host(b"h"),
            "n,a=u,\x01host=h\x01auth=Bearer t\x01\x01",
        ),
        (
            Oauthbearer::new(b"u", token()).port(65535),
            "n,a=u,\x01port=65535\x01auth=Bearer t\x01\x01",
        ),
    ] {
        assert_eq!(oauthbearer.check(), Ok(()));
        assert_eq!(response(&oauthbearer), said.as_bytes());
    }
}

#[test]
fn nothing_ends_its_part_of_the_message() {
    let refused = Err(MechanismError::InvalidArgument);
    for octet in 0..=255u8 {
        let user = [b'u', octet];
        let expected = if octet.is_ascii_control() {
            refused
        } else {
            Ok(())
        };
        assert_eq!(Xoauth2::new(&user, "t".into()).check(), expected);
        assert_eq!(Oauthbearer::new(&user, "t".into()).check(), expected);
        assert_eq!(
            Oauthbearer::new(b"u", "t".into()).host(&user).check(),
            expected
        );

        let fine = octet.is_ascii_alphanumeric() || b"-._~+/".contains(&octet);
        let expected = if fine { Ok(()) } else { refused };
        for token in [&[octet][..], &[octet, b't'], &[octet, b't', b'=']] {
            assert_eq!(
                Xoauth2::new(b"u", token.into()).check(),
                expected,
                "{octet}"
            );
            assert_eq!(
                Oauthbearer::new(b"u", token.into()).check(),
                expected,
                "{octet}"
            );
        }
    }
    for token in ["", "=", "==", "t=t", "=t", "Bearer t", "t "] {
        assert_eq!(
            Xoauth2::new(b"u", token.into()).check(),
            refused,
            "{token:?}"
        );
    }
    assert_eq!(Xoauth2::new(b"u", "t==".into()).check(), Ok(()));
    assert_eq!(Xoauth2::new(b"", "t".into()).check(), refused);
}

/// Any challenge says no: a `+OK` behind it is not believed, and there is no second one.
#[test]
fn a_failure_is_answered_and_believed() {
    let long = "A".repeat(4 * MAX_CHALLENGE);
    for challenge in ["eyJzdGF0dXMiOiI0MDEifQ==", "", "no base64", &long] {
        let mut xoauth2 = Xoauth2::new(b"u", "t".into());
        let mut oauthbearer = Oauthbearer::new(b"u", "t".into());
        for (mechanism, answer) in [
            (&mut xoauth2 as &mut dyn Mechanism, &b""[..]),
            (&mut oauthbearer, b"AQ=="),
        ] {
            let challenge = Challenge::new(challenge.as_bytes());
            assert_eq!(mechanism.take_challenge(challenge), Ok(()));
            assert_eq!(encoded_response(mechanism), answer);
            assert_eq!(mechanism.check_success(), Err(MechanismError::ServerError));
            assert_eq!(take(mechanism, b"{}"), Err(MechanismError::Malformed));
            assert_eq!(mechanism.check_success(), Err(MechanismError::ServerError));
        }
    }
}

/// Status, scope and configuration, as they print.
fn parse(json: &[u8]) -> [Option<String>; 3] {
    let failure = OauthFailure::parse(json);
    [failure.status, failure.scope, failure.openid_configuration]
        .map(|text| text.map(|text| text.to_string()))
}

#[test]
fn the_failures_that_are_in_the_documentation() {
    for (challenge, expected) in [
        (
            "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJleGFtcGxlX3Njb3BlIiwib3BlbmlkLWNvbmZpZ3VyYXRpb24iOiJodHRwczov\
             L2V4YW1wbGUuY29tLy53ZWxsLWtub3duL29wZW5pZC1jb25maWd1cmF0aW9uIn0=",
            [
                Some("invalid_token"),
                Some("example_scope"),
                Some("https://example.com/.well-known/openid-configuration"),
            ],
        ),
        (
            "eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIG1hYyIsInNjb3BlIjoiaHR0cHM6Ly9tYWlsLmdvb2dsZS5jb20vIn0K",
            [Some("401"), Some("https://mail.google.com/"), None],
        ),
    ] {
        let mut buffer = [0; MAX_CHALLENGE];
        let json = Challenge::new(challenge.as_bytes())
            .decode(&mut buffer)
            .unwrap();
        assert_eq!(parse(json), expected.map(|text| text.map(str::to_owned)));
    }
}

#[test]
fn what_can_be_read_of_a_failure_is() {
    for (json, expected) in [
        ("", [None, None, None]),
        ("{}", [None, None, None]),
        ("null", [None, None, None]),
        ("[]", [None, None, None]),
        (r#""status""#, [None, None, None]),
        (r#"{"status":"a"}"#, [Some("a"), None, None]),
        (
            r#" { "scope" : "b" , "status" : "a" } "#,
            [Some("a"), Some("b"), None],
        ),
        ("{\r\n\t\"status\":\"\"\r\n}", [Some(""), None, None]),
        (
            r#"{"status":401,"scope":null}"#,
            [Some("401"), Some("null"), None],
        ),
        (r#"{"status":-1.5e+3}"#, [Some("-1.5e+3"), None, None]),
        (r#"{"status":"a","status":"b"}"#, [Some("a"), None, None]),
        (
            r#"{"x":{"status":"no"},"status":"a"}"#,
            [Some("a"), None, None],
        ),
        (
            r#"{"x":[1,{"y":"]}"},[[]]],"status":"a"}"#,
            [Some("a"), None, None],
        ),
        (r#"{"status":{"x":1},"scope":"b"}"#, [None, Some("b"), None]),
        (r#"{"status":["x"],"status":"a"}"#, [Some("a"), None, None]),
        (
            r#"{"Status":"x","stat\u0075s":"x","scope":"b"}"#,
            [None, Some("b"), None],
        ),
        (
            r#"{"x":"\\","status":"a\\\\","scope":"\""}"#,
            [Some(r"a\\"), Some("\""), None],
        ),
        // With a mistake in it.
        (r#"{"status":"a""#, [Some("a"), None, None]),
        (r#"{"status":"a" "scope":"b"}"#, [Some("a"), None, None]),
        (r#"{"status":"a",}"#, [Some("a"), None, None]),
        (r#"{"status":"a",,"scope":"b"}"#, [Some("a"), None, None]),
        (r#"{"status":"a"},"scope":"b"}"#, [Some("a"), None, None]),
        (r#"{"status":"a","scope":"b"#, [Some("a"), None, None]),
        (r#"{"status":"a","scope":"b\""#, [Some("a"), None, None]),
        (r#"{"status":"a","scope""#, [Some("a"), None, None]),
        (r#"{"status":"a","scope":"#, [Some("a"), None, None]),
        (r#"{"status":"a","scope":}"#, [Some("a"), None, None]),
        (r#"{"status":"a","x":{"y":"#, [Some("a"), None, None]),
        (r#"{"status":"a","x":{"y":"z"#, [Some("a"), None, None]),
        (r#"{"status":'a'}"#, [None, None, None]),
        (r#"{status:"a"}"#, [None, None, None]),
        (r#"{"status""a"}"#, [None, None, None]),
        (r#""status":"a""#, [None, None, None]),
    ] {
        assert_eq!(
            parse(json.as_bytes()),
            expected.map(|text| text.map(str::to_owned)),
            "{json}"
        );
    }
    // As deep as it likes: that takes nothing but time.
    let nested = [
        &b"{\"x\":"[..],
        &b"[".repeat(100_000),
        &b"]".repeat(100_000),
        b",\"status\":\"a\"}",
    ]
    .concat();
    assert_eq!(parse(&nested)[0].as_deref(), Some("a"));
    let unfinished = [&b"{\"x\":"[..], &b"[{\"".repeat(100_000)].concat();
    assert_eq!(parse(&unfinished), [None, None, None]);
}

#[test]
fn what_a_failure_says_is_decoded_and_safe_to_print() {
    for (json, characters, printed, debug) in [
        (
            &br#""a\"b\\c\/d""#[..],
            "a\"b\\c/d",
            "a\"b\\c/d",
            r#""a\"b\\c/d""#,
        ),
        (
            br#""\b\f\n\r\t""#,
            "\u{8}\u{c}\n\r\t",
            r"\u{8}\u{c}\n\r\t",
            r#""\u{8}\u{c}\n\r\t""#,
        ),
        (
            br#""\u001b[2J\u001B""#,
            "\u{1b}[2J\u{1b}",
            r"\u{1b}[2J\u{1b}",
            r#""\u{1b}[2J\u{1b}""#,
        ),
        (
            b"\"\x1b[2J\r\n\"",
            "\u{1b}[2J\r\n",
            r"\u{1b}[2J\r\n",
            r#""\u{1b}[2J\r\n""#,
        ),
        (
            br#""\u0000\u202e\u0022""#,
            "\0\u{202e}\"",
            r#"\u{0}\u{202e}""#,
            r#""\u{0}\u{202e}\"""#,
        ),
        (
            br#""\u00e9\uD83D\uDE00""#,
            "\u{e9}\u{1f600}",
            "\u{e9}\u{1f600}",
            "\"\u{e9}\u{1f600}\"",
        ),
        (
            "\"\u{e9}\u{20ac}\u{1f600}\"".as_bytes(),
            "\u{e9}\u{20ac}\u{1f600}",
            "\u{e9}\u{20ac}\u{1f600}",
            "\"\u{e9}\u{20ac}\u{1f600}\"",
        ),
        // What means nothing.
        (br#""\ud83d""#, "\u{fffd}", "\u{fffd}", "\"\u{fffd}\""),
        (
            br#""\ud83d\ud83d\ude00""#,
            "\u{fffd}\u{1f600}",
            "\u{fffd}\u{1f600}",
            "\"\u{fffd}\u{1f600}\"",
        ),
        (
            br#""\ude00\u0041""#,
            "\u{fffd}A",
            "\u{fffd}A",
            "\"\u{fffd}A\"",
        ),
        (
            br#""\ud83d\n""#,
            "\u{fffd}\n",
            "\u{fffd}\\n",
            "\"\u{fffd}\\n\"",
        ),
        (br#""\u12""#, "\u{fffd}12", "\u{fffd}12", "\"\u{fffd}12\""),
        (
            br#""\u+123""#,
            "\u{fffd}+123",
            "\u{fffd}+123",
            "\"\u{fffd}+123\"",
        ),
        (br#""\x""#, "\u{fffd}", "\u{fffd}", "\"\u{fffd}\""),
        (
            b"\"\xe2\x82x\xff\"",
            "\u{fffd}\u{fffd}x\u{fffd}",
            "\u{fffd}\u{fffd}x\u{fffd}",
            "\"\u{fffd}\u{fffd}x\u{fffd}\"",
        ),
    ] {
        let json = [b"{\"status\":", json, b"}"].concat();
        let status = OauthFailure::parse(&json).status.unwrap();
        assert_eq!(status.chars().collect::<String>(), characters);
        assert_eq!(status.to_string(), printed);
        assert_eq!(format!("{status:?}"), debug);
        assert!(
            json.windows(status.as_bytes().len())
                .any(|part| part == status.as_bytes())
        );
    }
}
