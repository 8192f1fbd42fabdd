//! Holds the second server of the tests to its word: by hand, and with clients that are not the one under test, GNU SASL
//! and one of the harness's own (`support/peer/client.py`).

#![cfg(unix)]

mod support;

use support::client::Client;
use support::client_certificates::ClientAuthority;
use support::peer::{PeerSetup, PeerTls};
use support::raw::{Raw, connect, encoded, greet, tls, tls_as};
use support::{PASSWORD, USER, peer_or_skip};

#[test]
fn plain_by_hand_with_and_without_an_initial_response() {
    let peer = peer_or_skip!(PeerSetup::new());
    let response = encoded(format!("\0{USER}\0{PASSWORD}"));
    let (mut raw, _) = greet("127.0.0.1", peer.port());
    raw.ok(&format!("AUTH PLAIN {response}"));
    assert_eq!(raw.ok("STAT"), "+OK 1 5\r\n");
    assert_eq!(raw.message("RETR 1"), b"Hi!\r\n");
    raw.ok("NOOP");
    raw.ok("QUIT");

    let (mut raw, _) = greet("127.0.0.1", peer.port());
    assert!(raw.challenged("auth plain").is_empty());
    raw.ok(&response);
    let log = peer.log();
    assert!(log.contains(&format!("client 1 < AUTH PLAIN {response}\n")));
    assert!(log.contains(&format!("client 2 < {response}\n")));
}

#[test]
fn what_is_no_log_in_leaves_the_session_as_it_was() {
    let peer = peer_or_skip!(PeerSetup::new());
    let (mut raw, _) = greet("127.0.0.1", peer.port());
    let refused = |raw: &mut Raw<_>, line: &str, reason: &str| {
        let status = raw.ask(line);
        assert!(status.starts_with(reason), "{line}: {status}");
    };
    for (line, reason) in [
        ("STAT", "-ERR not now"),
        ("STLS", "-ERR not now"),
        ("AUTH", "-ERR not now"),
        ("AUTH PLAIN ", "-ERR not now"),
        ("AUTH NONE", "-ERR not a mechanism"),
        ("AUTH EXTERNAL =", "-ERR not a mechanism"),
        ("AUTH PLAIN =", "-ERR [AUTH]"),
        ("AUTH PLAIN !", "-ERR that is no base64"),
        // Not the one way to write it: bits are set behind the last octet.
        (
            "AUTH PLAIN AGZyZWQAeB==",
            "-ERR that is no canonical base64",
        ),
    ] {
        refused(&mut raw, line, reason);
    }
    for (line, reason) in [
        ("*", "-ERR cancelled"),
        ("!", "-ERR that is no base64"),
        ("AHgAeA==", "-ERR [AUTH]"),
    ] {
        raw.challenged("AUTH PLAIN");
        refused(&mut raw, line, reason);
    }
    // RFC 2449 section 4: 255 octets with CRLF.
    for (octets, reason) in [(255, "-ERR that is no base64"), (256, "-ERR a command has")] {
        let line = format!(
            "AUTH PLAIN {}",
            "A".repeat(octets - "AUTH PLAIN \r\n".len())
        );
        refused(&mut raw, &line, reason);
    }
    raw.ok(&format!(
        "AUTH PLAIN {}",
        encoded(format!("\0{USER}\0{PASSWORD}"))
    ));
}

#[test]
fn the_mechanisms_are_those_of_the_setup_that_the_connection_can_have() {
    let peer = peer_or_skip!(PeerSetup::new().tls(PeerTls::Stls));
    let (mut raw, _) = greet("127.0.0.1", peer.port());
    let in_clear = raw.mechanisms();
    let all = [
        "SCRAM-SHA-512",
        "SCRAM-SHA-256",
        "SCRAM-SHA-1",
        "CRAM-MD5",
        "PLAIN",
        "LOGIN",
        "ANONYMOUS",
    ];
    assert_eq!(in_clear, all);
    raw.ok("STLS");
    let stream = tls(raw.0.into_inner(), "localhost", peer.certificate().root());
    let mut raw = Raw::new(stream.expect("a handshake"));
    let plus = all[..3].iter().map(|name| format!("{name}-PLUS"));
    assert_eq!(raw.mechanisms(), plus.chain(in_clear).collect::<Vec<_>>());

    let peer = peer_or_skip!(PeerSetup::new().mechanisms(&["LOGIN", "SCRAM-SHA-1-PLUS"]));
    let (mut raw, _) = greet("127.0.0.1", peer.port());
    assert_eq!(raw.mechanisms(), ["LOGIN"]);
    let peer = peer_or_skip!(PeerSetup::new().mechanisms(&[]));
    let (mut raw, _) = greet("127.0.0.1", peer.port());
    assert!(raw.mechanisms().is_empty());
}

#[test]
fn gnu_sasl_logs_in_by_each_mechanism_that_it_has() {
    if !Client::installed_or_skip() {
        return;
    }
    let peer = peer_or_skip!(PeerSetup::new());
    for mechanism in ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"] {
        assert!(peer.client().logs_in(mechanism, USER, PASSWORD, &[]));
        assert!(!peer.client().logs_in(mechanism, USER, "another", &[]));
    }
    assert!(peer.client().logs_in("ANONYMOUS", USER, "", &[]));
}

#[test]
fn scram_goes_with_each_hash() {
    let peer = peer_or_skip!(PeerSetup::new());
    for mechanism in ["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let by = ["--by", "scram"];
        assert!(peer.client().logs_in(mechanism, USER, PASSWORD, &by));
        assert!(!peer.client().logs_in(mechanism, USER, "another", &by));
    }
}

#[test]
fn channels_are_bound_and_only_by_what_both_ends_see() {
    for (version, bindings) in [
        ("1.3", ["tls-exporter", "tls-server-end-point"].as_slice()),
        ("1.2", &["tls-server-end-point"]),
    ] {
        for (tls, tls_name) in [(PeerTls::Implicit, "implicit"), (PeerTls::Stls, "stls")] {
            let peer = peer_or_skip!(PeerSetup::new().tls(tls).tls_version(version));
            for mechanism in [
                "SCRAM-SHA-1-PLUS",
                "SCRAM-SHA-256-PLUS",
                "SCRAM-SHA-512-PLUS",
            ] {
                for binding in bindings {
                    let by = ["--by", "scram", "--tls", tls_name, "--binding", binding];
                    assert!(peer.client().logs_in(mechanism, USER, PASSWORD, &by));
                    let wrong = [by.as_slice(), &["--wrong-binding"]].concat();
                    assert!(!peer.client().logs_in(mechanism, USER, PASSWORD, &wrong));
                    assert!(peer.log().contains("Channel bindings mismatch"));
                }
            }
        }
    }
}

#[test]
fn gnu_sasl_binds_the_channel_by_the_exporter() {
    if !Client::installed_or_skip() {
        return;
    }
    let peer = peer_or_skip!(PeerSetup::new().tls(PeerTls::Implicit));
    let middle = peer_or_skip!(PeerSetup::new().tls(PeerTls::Implicit).wrong_binding());
    let exporter = ["--tls", "implicit", "--binding", "tls-exporter"];
    for mechanism in ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"] {
        assert!(peer.client().logs_in(mechanism, USER, PASSWORD, &exporter));
        assert!(
            !middle
                .client()
                .logs_in(mechanism, USER, PASSWORD, &exporter)
        );
    }
    let other = peer_or_skip!(
        PeerSetup::new()
            .tls(PeerTls::Implicit)
            .bindings(&["tls-server-end-point"])
    );
    assert!(
        !other
            .client()
            .logs_in("SCRAM-SHA-256-PLUS", USER, PASSWORD, &exporter)
    );
}

#[test]
fn a_client_that_would_have_bound_the_channel_is_refused() {
    // The -PLUS mechanisms are not announced, as if somebody had taken them from the list.
    let setup = PeerSetup::new().mechanisms(&["SCRAM-SHA-256"]);
    let peer = peer_or_skip!(setup.tls(PeerTls::Implicit));
    for (flag, expected) in [("n", true), ("y", false)] {
        let by = ["--by", "scram", "--tls", "implicit", "--flag", flag];
        assert_eq!(
            peer.client().logs_in("SCRAM-SHA-256", USER, PASSWORD, &by),
            expected
        );
    }
    assert!(
        peer.log()
            .contains("client incorrectly assumed server had no channel binding")
    );

    // A server that cannot bind has no reason to refuse.
    let peer = peer_or_skip!(PeerSetup::new().tls(PeerTls::Implicit).bindings(&[]));
    let by = ["--by", "scram", "--tls", "implicit", "--flag", "y"];
    assert!(peer.client().logs_in("SCRAM-SHA-256", USER, PASSWORD, &by));
}

#[test]
fn a_bound_channel_and_plus_go_together() {
    let peer = peer_or_skip!(PeerSetup::new().tls(PeerTls::Implicit));
    let refusal = |command: &str| {
        let stream = connect("127.0.0.1", peer.port());
        let stream = tls(stream, "localhost", peer.certificate().root()).expect("a handshake");
        let mut raw = Raw::new(stream);
        raw.greeting();
        raw.ask(command)
    };
    for (mechanism, header) in [
        ("SCRAM-SHA-256", "p=tls-exporter"),
        ("SCRAM-SHA-256-PLUS", "n"),
        ("SCRAM-SHA-256-PLUS", "y"),
    ] {
        let first = encoded(format!("{header},,n={USER},r=abcdefgh"));
        let status = refusal(&format!("AUTH {mechanism} {first}"));
        assert!(status.starts_with("-ERR a channel"), "{status}");
    }
    let first = encoded(format!("p=tls-unique,,n={USER},r=abcdefgh"));
    let status = refusal(&format!("AUTH SCRAM-SHA-256-PLUS {first}"));
    assert!(status.starts_with("-ERR this channel"), "{status}");
}

#[test]
fn external_logs_in_whom_the_certificate_names() {
    let authority = ClientAuthority::new();
    for version in ["1.2", "1.3"] {
        let setup = PeerSetup::new().clients_of(&authority).tls_version(version);
        let peer = peer_or_skip!(setup.tls(PeerTls::Implicit));
        let connected = |client: Option<&_>| {
            let stream = connect("127.0.0.1", peer.port());
            let root = peer.certificate().root();
            let mut raw = Raw::new(tls_as(client, stream, "localhost", root)?);
            let mut greeting = [0; 3];
            std::io::Read::read_exact(&mut raw.0, &mut greeting)?;
            raw.line();
            std::io::Result::Ok(raw)
        };
        let mut nobody = connected(None).expect("a session");
        assert!(!nobody.mechanisms().contains(&"EXTERNAL".to_owned()));
        let client = authority.issue(USER);
        let mut raw = connected(Some(&client)).expect("a session");
        assert!(raw.mechanisms().contains(&"EXTERNAL".to_owned()));
        let status = raw.ask(&format!("AUTH EXTERNAL {}", encoded("another")));
        assert!(status.starts_with("-ERR [AUTH]"), "{status}");
        assert_eq!(
            raw.ok("AUTH EXTERNAL ="),
            format!("+OK '{USER}' is logged in\r\n")
        );
        let stranger = ClientAuthority::new().issue(USER);
        let Err(refusal) = connected(Some(&stranger)) else {
            panic!("a stranger's certificate was believed");
        };
        println!("{version}: {refusal}");
    }
}

#[test]
fn a_password_is_stored_as_saslprep_makes_it() {
    if !Client::installed_or_skip() {
        return;
    }
    let peer = peer_or_skip!(PeerSetup::new().user("second", "passaword"));
    // GNU SASL makes "a" of the feminine ordinal, and this harness's own SCRAM leaves it.
    let typed = "pass\u{aa}word";
    assert!(peer.client().logs_in("SCRAM-SHA-256", "second", typed, &[]));
    assert!(
        !peer
            .client()
            .logs_in("SCRAM-SHA-256", "second", typed, &["--by", "scram"])
    );
}

#[test]
fn nothing_is_left_of_a_dropped_peer() {
    let peer = peer_or_skip!(PeerSetup::new());
    let port = peer.port();
    drop(peer);
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}
