//! Holds the harness to its word about SASL, with lines of AUTH (RFC 5034) made by hand: what logs in, and what does not.

#![cfg(unix)]

mod support;

use support::client::Client;
use support::client_certificates::ClientAuthority;
use support::dovecot::Dovecot;
use support::raw::{Raw, TlsStream, connect, encoded, greet, tls_as};
use support::token::TokenKey;
use support::{PASSWORD, Setup, USER, server_or_skip};

const MESSAGE: &str = "a: b\r\n\r\n";

/// What ends the octets of XOAUTH2 and OAUTHBEARER, and parts them.
const A: char = '\u{1}';

/// A session of the server that has greeted.
fn session(server: &Dovecot) -> Raw<std::net::TcpStream> {
    greet("127.0.0.1", server.pop3()).0
}

fn refused(status: &str) {
    assert!(status.starts_with("-ERR [AUTH] "), "{status}");
}

#[test]
fn plain_and_login_take_the_password_of_the_setup_and_no_other() {
    let server = server_or_skip!(Setup::new([MESSAGE]));
    for (password, accepted) in [(PASSWORD, true), ("another", false)] {
        let response = encoded(format!("\0{USER}\0{password}"));
        let mut at_once = session(&server);
        let plain_at_once = at_once.ask(&format!("AUTH PLAIN {response}"));
        let mut later = session(&server);
        assert!(later.challenged("AUTH PLAIN").is_empty());
        let plain_later = later.ask(&response);
        let mut login = session(&server);
        assert!(!login.challenged("AUTH LOGIN").is_empty());
        assert!(!login.challenged(&encoded(USER)).is_empty());
        let login = login.ask(&encoded(password));
        for status in [plain_at_once, plain_later, login] {
            assert_eq!(status.starts_with("+OK"), accepted, "{status}");
        }
    }
}

#[test]
fn an_asterisk_cancels() {
    let server = server_or_skip!(Setup::new([MESSAGE]));
    let mut raw = session(&server);
    raw.challenged("AUTH PLAIN");
    let status = raw.ask("*");
    assert!(status.starts_with("-ERR"), "{status}");
    raw.log_in();
}

#[test]
fn capa_announces_the_mechanisms_of_the_setup() {
    let server = server_or_skip!(Setup::new([MESSAGE]));
    let announced = session(&server).mechanisms();
    let all = ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"];
    assert_eq!(announced, all);

    let setup = Setup::new([MESSAGE]).mechanisms(&["scram-sha-256", "plain"]);
    let server = server_or_skip!(setup);
    let mut announced = session(&server).mechanisms();
    announced.sort();
    assert_eq!(announced, ["PLAIN", "SCRAM-SHA-256"]);
    let status = session(&server).ask("AUTH CRAM-MD5");
    assert!(status.starts_with("-ERR"), "{status}");
}

#[test]
fn cram_md5_and_scram_ask_as_they_should() {
    let server = server_or_skip!(Setup::new([MESSAGE]));
    let challenge = session(&server).challenged("AUTH CRAM-MD5");
    assert!(challenge.starts_with(b"<") && challenge.ends_with(b">"));
    for mechanism in ["SCRAM-SHA-1", "SCRAM-SHA-256"] {
        let first = encoded(format!("n,,n={USER},r=abcdefgh"));
        let challenge = session(&server).challenged(&format!("AUTH {mechanism} {first}"));
        let challenge = String::from_utf8(challenge).expect("text");
        assert!(challenge.starts_with("r=abcdefgh") && challenge.contains(",i="));
    }
}

#[test]
fn gnu_sasl_logs_in_also_with_what_saslprep_changes() {
    if !Client::installed_or_skip() {
        return;
    }
    let setup = Setup::new(["Hi!\r\n"]).user("fr\u{e9}d", "passaword \u{20ac}", ["Hi!\r\n"]);
    let server = server_or_skip!(setup);
    let root = server.directory().join("root.pem");
    std::fs::write(&root, server.certificate().root_pem()).expect("a file");
    let client = |port| Client {
        port,
        root: root.clone(),
    };
    let clear = client(server.pop3());
    let secured = client(server.pop3s());
    for mechanism in ["CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"] {
        assert!(clear.logs_in(mechanism, USER, PASSWORD, &[]));
        assert!(clear.logs_in(mechanism, USER, PASSWORD, &["--tls", "stls"]));
        assert!(secured.logs_in(mechanism, USER, PASSWORD, &["--tls", "implicit"]));
        assert!(!clear.logs_in(mechanism, USER, "another", &[]));
    }
    // As a user may type them: the accent apart from its letter, a feminine ordinal for "a".
    let (user, password) = ("fre\u{301}d", "pass\u{aa}word \u{20ac}");
    for mechanism in ["SCRAM-SHA-1", "SCRAM-SHA-256"] {
        assert!(clear.logs_in(mechanism, user, password, &[]));
        assert!(!clear.logs_in(mechanism, user, password, &["--by", "scram"]));
    }
}

#[test]
fn anonymous_has_the_maildrop_of_the_setup() {
    let setup = Setup::new([MESSAGE]).user("guests", "no", [MESSAGE, MESSAGE]);
    let server = server_or_skip!(setup.anonymous("guests"));
    let mut raw = session(&server);
    assert!(raw.mechanisms().contains(&"ANONYMOUS".to_owned()));
    raw.ok(&format!("AUTH ANONYMOUS {}", encoded("me@example.org")));
    assert_eq!(raw.ok("STAT"), "+OK 2 16\r\n");

    let server = server_or_skip!(Setup::new([MESSAGE]));
    let status = session(&server).ask(&format!("AUTH ANONYMOUS {}", encoded("me@example.org")));
    assert!(status.starts_with("-ERR"), "{status}");
}

#[test]
fn tokens_log_in_whom_they_name_while_they_are_valid() {
    let key = TokenKey::new();
    let server = server_or_skip!(Setup::new([MESSAGE]).tokens_of(&key));
    let announced = session(&server).mechanisms();
    assert!(announced.ends_with(&["XOAUTH2".to_owned(), "OAUTHBEARER".to_owned()]));
    let cases = [
        (key.token(USER), true),
        (key.expired_token(USER), false),
        (TokenKey::new().token(USER), false),
        (key.token("somebody"), false),
        (PASSWORD.to_owned(), false),
    ];
    for (token, accepted) in cases {
        let xoauth2 = format!("user={USER}{A}auth=Bearer {token}{A}{A}");
        let oauthbearer = format!("n,a={USER},{A}auth=Bearer {token}{A}{A}");
        for (mechanism, response) in [("XOAUTH2", xoauth2), ("OAUTHBEARER", oauthbearer)] {
            let mut raw = session(&server);
            let command = format!("AUTH {mechanism} {}", encoded(response));
            if accepted {
                raw.ok(&command);
                assert_eq!(raw.ok("STAT"), "+OK 1 8\r\n");
                continue;
            }
            let reason = String::from_utf8(raw.challenged(&command)).expect("text");
            assert!(reason.starts_with("{\"status\":"), "{reason}");
            refused(&raw.ask(&encoded(A.to_string())));
        }
    }
}

#[test]
fn external_logs_in_whom_the_certificate_names() {
    let authority = ClientAuthority::new();
    let setup = Setup::new([MESSAGE]).user("second", "p:w", [MESSAGE, MESSAGE]);
    let server = server_or_skip!(setup.clients_of(&authority));
    let connected = |client: Option<&_>| -> Raw<TlsStream> {
        let stream = connect("localhost", server.pop3s());
        let stream = tls_as(client, stream, "localhost", server.certificate().root());
        let mut raw = Raw::new(stream.expect("a handshake"));
        raw.greeting();
        raw
    };
    for (user, messages) in [(USER, 1), ("second", 2)] {
        let client = authority.issue(user);
        let mut raw = connected(Some(&client));
        assert!(raw.mechanisms().contains(&"EXTERNAL".to_owned()));
        raw.ok("AUTH EXTERNAL =");
        assert_eq!(
            raw.ok("STAT"),
            format!("+OK {messages} {}\r\n", messages * 8)
        );
        let mut raw = connected(Some(&client));
        assert!(raw.challenged("AUTH EXTERNAL").is_empty());
        raw.ok("");
    }
    refused(&connected(Some(&authority.issue("nobody"))).ask("AUTH EXTERNAL ="));
    refused(&connected(None).ask("AUTH EXTERNAL ="));
    let stranger = ClientAuthority::new().issue(USER);
    refused(&connected(Some(&stranger)).ask("AUTH EXTERNAL ="));
    let client = authority.issue(USER);
    refused(&connected(Some(&client)).ask(&format!("AUTH EXTERNAL {}", encoded("second"))));
}

#[test]
fn names_and_passwords_may_be_of_any_language_in_one_form() {
    let (user, password) = ("fr\u{e9}d", "passaword \u{20ac}");
    let setup = Setup::new([MESSAGE]).user(user, password, [MESSAGE, MESSAGE]);
    let server = server_or_skip!(setup);
    let mut raw = session(&server);
    raw.ok(&format!(
        "AUTH PLAIN {}",
        encoded(format!("\0{user}\0{password}"))
    ));
    assert_eq!(raw.ok("STAT"), "+OK 2 16\r\n");
    // What SASLprep would make the same of: é in two code points, ª for a.
    for (user, password) in [("fre\u{301}d", password), (user, "pass\u{aa}word \u{20ac}")] {
        let response = encoded(format!("\0{user}\0{password}"));
        refused(&session(&server).ask(&format!("AUTH PLAIN {response}")));
    }
}

#[test]
fn a_thousand_messages_are_soon_there() {
    let server = server_or_skip!(Setup::new((1..=1000).map(|n| format!("a: {n:04}\r\n\r\n"))));
    let mut raw = session(&server);
    raw.log_in();
    assert_eq!(raw.ok("STAT"), "+OK 1000 11000\r\n");
    assert_eq!(raw.message("RETR 1000"), b"a: 1000\r\n\r\n");
}
