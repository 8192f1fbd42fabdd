//! What a connector and credentials say about a log-in by SASL arrives at the server.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use pop3_std::{
    Authentication, Connector, Credentials, ErrorKind, InitialResponse, LoginMethod, MechanismKind,
    Security,
};

use crate::certificates::CertificateAuthority;
use crate::play::{GREETING, Play, Reply, clear, connect, mailbox};
use crate::server::{Server, speak, tls};

fn decoded(base64: &str) -> String {
    String::from_utf8(BASE64_STANDARD.decode(base64).unwrap()).unwrap()
}

/// The last line that the client sent, decoded.
fn last(play: &Play) -> String {
    let sent = play.sent();
    decoded(
        sent.lines()
            .next_back()
            .and_then(|line| line.split(' ').next_back())
            .unwrap(),
    )
}

fn refuses(line: &str) -> Reply {
    match line.starts_with("AUTH ") && line.matches(' ').count() == 1 {
        true => "+ \r\n".into(),
        false => "-ERR [AUTH] no\r\n".into(),
    }
}

/// Answers SCRAM with this number of rounds.
fn scram(rounds: u32) -> Play {
    Play::new(GREETING, move |line| match line {
        "CAPA" => mailbox(line),
        line if line.starts_with("AUTH ") => "+ \r\n".into(),
        "*" => "-ERR cancelled\r\n".into(),
        line => match decoded(line).split_once(",r=") {
            Some((begin, nonce)) if begin.starts_with("n,,") => {
                let first = format!("r={nonce}x,s=AAAA,i={rounds}");
                format!("+ {}\r\n", BASE64_STANDARD.encode(first)).into()
            }
            _ => "-ERR [AUTH] no\r\n".into(),
        },
    })
}

#[test]
fn rounds_of_hashing_out_of_bounds() {
    for (rounds, words) in [
        (
            9,
            Some("wants 9 rounds of hashing, and fewer than 10 are not safe"),
        ),
        (10, None),
        (20, None),
        (
            21,
            Some("wants 21 rounds of hashing, and more than 20 are not allowed"),
        ),
    ] {
        let play = scram(rounds);
        let refused = clear()
            .iterations(10, 20)
            .connect_over(play.clone())
            .unwrap()
            .login(
                &Credentials::new("mrose", "secret"),
                Authentication::Mechanism(MechanismKind::ScramSha256),
            )
            .unwrap_err();
        match words {
            Some(words) => {
                assert_eq!(refused.error.kind(), ErrorKind::AuthenticationCancelled);
                assert!(refused.to_string().contains(words), "{refused}");
                assert!(play.sent().ends_with("\r\n*\r\n"));
            }
            None => assert_eq!(refused.error.kind(), ErrorKind::AuthenticationRefused),
        }
    }
}

#[test]
fn the_first_response_goes_along_if_that_is_asked_for() {
    for (when, sent) in [
        (
            InitialResponse::Always,
            "AUTH PLAIN AG1yb3NlAHNlY3JldA==\r\n",
        ),
        (
            InitialResponse::Never,
            "AUTH PLAIN\r\nAG1yb3NlAHNlY3JldA==\r\n",
        ),
    ] {
        let play = Play::new(GREETING, refuses);
        let refused = clear()
            .ask_capabilities(false)
            .initial_response(when)
            .connect_over(play.clone())
            .unwrap()
            .login(
                &Credentials::new("mrose", "secret"),
                Authentication::Mechanism(MechanismKind::Plain),
            );
        assert!(refused.is_err());
        assert_eq!(play.sent(), sent);
    }
}

#[test]
fn what_the_credentials_say() {
    // SASLprep: U+00AD goes, U+FF41 becomes `a`.
    let foreign = || Credentials::new("m\u{ad}r\u{e9}", "p\u{ff41}ss");
    for (credentials, kind, said) in [
        (
            Credentials::new("mrose", "secret").authorization_id("admin"),
            MechanismKind::Plain,
            "admin\0mrose\0secret",
        ),
        (
            foreign(),
            MechanismKind::Plain,
            "\0m\u{ad}r\u{e9}\0p\u{ff41}ss",
        ),
        (foreign(), MechanismKind::ScramSha256, "n,,n=mr\u{e9},r="),
        (
            foreign().authorization_id("admin"),
            MechanismKind::ScramSha1,
            "n,a=admin,n=mr\u{e9},r=",
        ),
        (
            Credentials::external().authorization_id("admin"),
            MechanismKind::External,
            "admin",
        ),
        (
            Credentials::anonymous("sirhc"),
            MechanismKind::Anonymous,
            "sirhc",
        ),
        (
            Credentials::token("mrose", "t0ken"),
            MechanismKind::Xoauth2,
            "user=mrose\x01auth=Bearer t0ken\x01\x01",
        ),
    ] {
        let play = Play::new(GREETING, refuses);
        let refused = connect(&play)
            .unwrap()
            .login(&credentials, Authentication::Mechanism(kind));
        assert!(refused.is_err());
        assert!(last(&play).starts_with(said), "{kind}: {:?}", last(&play));
    }
}

/// Auto can say what EXTERNAL and ANONYMOUS are for.
#[test]
fn each_kind_of_credentials_has_its_mechanism() {
    for (credentials, kind) in [
        (Credentials::external(), MechanismKind::External),
        (Credentials::anonymous("sirhc"), MechanismKind::Anonymous),
    ] {
        let play = Play::new(GREETING, move |line| match line {
            "CAPA" => "+OK\r\nSASL ANONYMOUS EXTERNAL PLAIN\r\n.\r\n".into(),
            line if line.starts_with("AUTH ") => "+OK\r\n".into(),
            line => mailbox(line),
        });
        let session = connect(&play)
            .unwrap()
            .login(&credentials, Authentication::Auto)
            .unwrap();
        assert_eq!(session.login_report().used, LoginMethod::Sasl(kind));
    }
}

/// A server that repeats a password as SASLprep has made it does not have it shown.
#[test]
fn a_prepared_password_is_hidden_as_well() {
    let play = Play::new(GREETING, |line| match line {
        "CAPA" => mailbox(line),
        _ => "-ERR password passe is wrong\r\n".into(),
    });
    let refused = connect(&play)
        .unwrap()
        .login(
            &Credentials::new("mrose", "p\u{ff41}sse"),
            Authentication::Mechanism(MechanismKind::ScramSha256),
        )
        .unwrap_err();
    assert!(
        refused.to_string().contains("password *** is wrong"),
        "{refused}"
    );
}

#[test]
fn inside_tls_the_log_in_is_bound_to_it() {
    let authority = CertificateAuthority::new();
    let certificate = authority.issue_for_loopback();
    let mut play = Play::new(GREETING, |line| match line {
        "CAPA" => "+OK\r\nSASL PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS\r\n.\r\n".into(),
        _ => "-ERR [AUTH] no\r\n".into(),
    });
    let seen = play.clone();
    let server = Server::start(move |stream| speak(&mut tls(stream, &certificate), &mut play));
    let refused = Connector::new("localhost", Security::ImplicitTls)
        .port(server.port())
        .add_root_pem(authority.root_pem().as_bytes())
        .unwrap()
        .connect()
        .unwrap()
        .login(&Credentials::new("mrose", "secret"), Authentication::Auto);
    assert!(refused.is_err());
    let sent = seen.sent();
    assert!(
        sent.starts_with("CAPA\r\nAUTH SCRAM-SHA-256-PLUS "),
        "{sent}"
    );
    let first = sent
        .lines()
        .nth(1)
        .and_then(|line| line.split(' ').next_back())
        .unwrap();
    assert!(decoded(first).starts_with("p=tls-exporter,,n=mrose,r="));
    assert_eq!(sent.lines().count(), 2, "{sent}");
}
