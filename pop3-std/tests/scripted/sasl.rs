//! Log-ins by SASL: what comes of them, and what is shown of them.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use pop3_std::pop3_proto::sasl::{Challenge, Mechanism, MechanismError, ResponseWriter};
use pop3_std::{
    Authentication, CapabilityKind, Credentials, ErrorKind, InitialResponse, LoginMethod,
    MechanismKind, Support,
};

use crate::play::{GREETING, Play, Reply, Then, clear, connect, mailbox, then};

const PASSWORD: &str = "correct horse";

fn password() -> Credentials {
    Credentials::new("mrose", PASSWORD)
}

fn token() -> Credentials {
    Credentials::token("mrose", "t0ken.t0ken")
}

fn by(kind: MechanismKind) -> Authentication {
    Authentication::Mechanism(kind)
}

/// A server that answers each line of an exchange with the next of these, and everything else as a mailbox does.
fn says(replies: &'static [&'static str]) -> Play {
    let mut replies = replies.iter();
    let mut within = false;
    Play::new(GREETING, move |line| {
        within |= line.starts_with("AUTH ");
        if !within {
            return mailbox(line);
        }
        let reply = *replies.next().expect("a reply is there");
        within = reply.starts_with("+ ");
        reply.into()
    })
}

#[test]
fn auto_takes_what_the_server_announces() {
    let play = Play::new(GREETING, |line| match line {
        "CAPA" => "+OK\r\nSASL PLAIN LOGIN\r\n.\r\n".into(),
        line if line.starts_with("AUTH PLAIN ") => "+OK in\r\n".into(),
        line => mailbox(line),
    });
    let session = connect(&play)
        .unwrap()
        .login(&password(), Authentication::Auto)
        .unwrap();
    let report = session.login_report();
    assert_eq!(report.used, LoginMethod::Sasl(MechanismKind::Plain));
    let offered = report.offered.expect("it was asked");
    assert_eq!(offered.mechanisms.to_string(), "PLAIN LOGIN");
    assert!(!report.tls);
    let response = BASE64_STANDARD.encode(format!("\0mrose\0{PASSWORD}"));
    assert_eq!(
        play.sent(),
        format!("CAPA\r\nAUTH PLAIN {response}\r\nCAPA\r\n")
    );
    assert_eq!(session.support(CapabilityKind::Sasl), Support::Announced);
    assert_eq!(session.support(CapabilityKind::Top), Support::NotAnnounced);
}

#[test]
fn nothing_that_suits_says_what_there_is_and_sends_nothing() {
    let play = Play::but(&[("CAPA", "+OK\r\nSASL GSSAPI PLAIN\r\n.\r\n")]);
    let refused = connect(&play)
        .unwrap()
        .login(&Credentials::external(), Authentication::Auto)
        .unwrap_err();
    assert_eq!(refused.error.kind(), ErrorKind::AuthenticationUnavailable);
    assert_eq!(
        refused.to_string(),
        "log-in: the server announces no way to log in that goes with the credentials: PLAIN; one can be asked for by name"
    );
    assert_eq!(play.sent(), "CAPA\r\n");
    // What is known is not asked for again.
    let again = refused.connection.unwrap();
    let session = again.login(&password(), Authentication::UserPass).unwrap();
    assert_eq!(
        play.sent(),
        "CAPA\r\nUSER mrose\r\nPASS correct horse\r\nCAPA\r\n"
    );
    assert!(session.is_open());
    // A token is not for a connection in clear, unless it is asked for by name.
    let play = Play::but(&[("CAPA", "+OK\r\nSASL XOAUTH2\r\n.\r\n")]);
    let refused = connect(&play)
        .unwrap()
        .login(&token(), Authentication::Auto);
    let error = refused.unwrap_err().error;
    assert_eq!(error.kind(), ErrorKind::AuthenticationUnavailable);
    assert!(
        error.to_string().contains("not protected by TLS"),
        "{error}"
    );
    assert!(!play.sent().contains("AUTH"));
}

#[test]
fn a_refused_token_says_why() {
    let status = r#"{"status":"401","schemes":"bearer","scope":"mail \u001b[2J"}"#;
    let challenge = format!("+ {}\r\n", BASE64_STANDARD.encode(status));
    for (kind, answer) in [
        (MechanismKind::Xoauth2, ""),
        (MechanismKind::Oauthbearer, "AQ=="),
    ] {
        let challenge = challenge.clone();
        let mut lines = 0;
        let play = Play::new(GREETING, move |line| {
            if !line.starts_with("AUTH") && lines == 0 {
                return mailbox(line);
            }
            lines += 1;
            match lines {
                1 => "+ \r\n".into(),
                2 => challenge.clone().into(),
                _ => "-ERR [AUTH] no\r\n".into(),
            }
        });
        let refused = connect(&play)
            .unwrap()
            .login(&token(), by(kind))
            .unwrap_err();
        assert_eq!(refused.error.kind(), ErrorKind::AuthenticationRefused);
        assert_eq!(
            refused.to_string(),
            "AUTH: the server refused the log-in (status \"401\", scope \"mail \\\\u{1b}[2J\"): \"[AUTH] no\""
        );
        let failure = refused.error.token_failure().expect("it said so");
        assert_eq!(failure.status.as_deref(), Some("401"));
        assert!(refused.connection.is_some());
        assert!(
            play.sent().ends_with(&format!("\r\n{answer}\r\n")),
            "{}",
            play.sent()
        );
    }
}

#[test]
fn a_challenge_without_a_status_says_nothing_of_a_token() {
    let play = says(&["+ PDFAYS5iPg==\r\n", "-ERR [AUTH] no\r\n"]);
    let refused = connect(&play)
        .unwrap()
        .login(&password(), by(MechanismKind::CramMd5))
        .unwrap_err();
    assert_eq!(refused.error.token_failure(), None);
    assert_eq!(
        refused.to_string(),
        "AUTH: the server refused the log-in: \"[AUTH] no\""
    );
}

#[test]
fn an_exchange_that_cannot_go_on_is_cancelled_and_the_connection_given_back() {
    let play = says(&[
        "+ !\r\n",
        "-ERR cancelled\r\n",
        "+ PDFAYS5iPg==\r\n",
        "+OK\r\n",
    ]);
    let refused = connect(&play)
        .unwrap()
        .login(&password(), by(MechanismKind::CramMd5))
        .unwrap_err();
    assert_eq!(refused.error.kind(), ErrorKind::AuthenticationCancelled);
    assert_eq!(
        refused.to_string(),
        "log-in: the server's challenge is not base64"
    );
    assert!(play.sent().ends_with("AUTH CRAM-MD5\r\n*\r\n"));
    let again = refused.connection.expect("it is still there");
    let session = again
        .login(&password(), by(MechanismKind::CramMd5))
        .unwrap();
    assert_eq!(session.login_report().to_string(), "CRAM-MD5");
}

#[test]
fn a_server_that_proves_nothing_is_no_longer_talked_to() {
    for replies in [&["+OK\r\n"][..], &["+ \r\n", "+OK\r\n"]] {
        let play = says(replies);
        let refused = connect(&play)
            .unwrap()
            .login(&password(), by(MechanismKind::ScramSha256))
            .unwrap_err();
        assert_eq!(refused.error.kind(), ErrorKind::ServerNotProved);
        assert!(refused.connection.is_none());
        assert!(!play.sent().contains("QUIT"));
    }
}

#[test]
fn a_server_that_closes_instead_of_answering() {
    let play = Play::new(GREETING, |line| match line {
        line if line.starts_with("AUTH") => then("", Then::Close),
        line => mailbox(line),
    });
    let refused = connect(&play)
        .unwrap()
        .login(&password(), by(MechanismKind::Plain))
        .unwrap_err();
    assert_eq!(refused.error.kind(), ErrorKind::ClosedAtLogin);
    assert!(refused.connection.is_none());
}

#[test]
fn what_cannot_be_sent_is_found_out_first() {
    for (credentials, kind) in [
        (
            Credentials::token("mrose", "two words"),
            MechanismKind::Xoauth2,
        ),
        (
            Credentials::new("mrose", "\u{e9}\u{7}"),
            MechanismKind::ScramSha1,
        ),
        (
            Credentials::new("mrose", &b"\xff"[..]),
            MechanismKind::ScramSha1,
        ),
        (password().authorization_id("other"), MechanismKind::Login),
    ] {
        let play = Play::but(&[]);
        let refused = connect(&play)
            .unwrap()
            .login(&credentials, by(kind))
            .unwrap_err();
        assert_eq!(
            refused.error.kind(),
            ErrorKind::AuthenticationCancelled,
            "{kind}"
        );
        assert!(!play.sent().contains("AUTH"), "{kind}");
        assert!(refused.connection.is_some());
    }
}

/// Repeats all that it was sent, also decoded, in each of its answers.
fn parrot(accept: bool) -> Play {
    let mut lines = 0;
    Play::new(GREETING, move |line| -> Reply {
        if line == "CAPA" || line == "QUIT" {
            return mailbox(line);
        }
        lines += 1;
        let word = line.rsplit(' ').next().unwrap_or_default();
        let decoded = BASE64_STANDARD.decode(word).unwrap_or_default();
        let decoded: String = String::from_utf8_lossy(&decoded).replace('\0', " ");
        match (lines, accept) {
            (1, _) => format!("+ {}\r\n", BASE64_STANDARD.encode("<1@a.b>")).into(),
            (_, true) => format!("+OK {line} {decoded}\r\n").into(),
            (_, false) => format!("-ERR {line} {decoded}\r\n").into(),
        }
    })
}

#[test]
fn no_secret_is_shown_even_if_the_server_repeats_it() {
    for kind in [
        MechanismKind::Plain,
        MechanismKind::Login,
        MechanismKind::CramMd5,
        MechanismKind::Xoauth2,
        MechanismKind::Oauthbearer,
    ] {
        for accept in [false, true] {
            for initial_response in [InitialResponse::Never, InitialResponse::Always] {
                let shown = Arc::new(Mutex::new(String::new()));
                let into = shown.clone();
                let play = parrot(accept);
                let credentials = match kind {
                    MechanismKind::Xoauth2 | MechanismKind::Oauthbearer => token(),
                    _ => password(),
                };
                let connector = clear()
                    .initial_response(initial_response)
                    .trace(move |event| {
                        *into.lock().unwrap() += &format!("{event}\n{event:?}\n");
                    });
                let mut printed = format!("{connector:?} {credentials:?}");
                match connector
                    .connect_over(play.clone())
                    .unwrap()
                    .login(&credentials, by(kind))
                {
                    Ok(session) => printed += &format!("{session:?} {}", session.login_report()),
                    Err(refused) => printed += &format!("{refused} {refused:?}"),
                }
                printed += &shown.lock().unwrap();
                assert!(printed.contains("AUTH"));
                let sent = play.sent();
                let made = sent
                    .lines()
                    .filter(|line| line.len() > 8 && !line.starts_with("CAPA"));
                for secret in made.filter_map(|line| line.split(' ').next_back()) {
                    let name = kind.name();
                    assert!(
                        secret == name || !printed.contains(secret),
                        "{secret}: {printed}"
                    );
                }
                for secret in [PASSWORD, "t0ken.t0ken"] {
                    assert!(!printed.contains(secret), "{kind}: {printed}");
                }
            }
        }
    }
}

struct Ticket(&'static [u8]);

impl Mechanism for Ticket {
    fn name(&self) -> &str {
        "X-TICKET"
    }
    fn speaks_first(&self) -> bool {
        true
    }
    fn take_challenge(&mut self, _: Challenge<'_>) -> Result<(), MechanismError> {
        Err(MechanismError::Malformed)
    }
    fn write_response(&self, response: &mut ResponseWriter<'_>) {
        response.put(self.0);
    }
    fn check_success(&self) -> Result<(), MechanismError> {
        Ok(())
    }
}

#[test]
fn a_mechanism_of_ones_own() {
    let play = says(&["+ \r\n", "+OK\r\n"]);
    let session = connect(&play)
        .unwrap()
        .login_with(&mut Ticket(b"abc"))
        .unwrap();
    assert_eq!(session.login_report().used, LoginMethod::Own);
    assert_eq!(play.sent(), "CAPA\r\nAUTH X-TICKET\r\nYWJj\r\nCAPA\r\n");
}

/// As long as those of NTLM and GSSAPI: longer than any other line.
#[test]
fn long_challenges() {
    struct Long(usize);
    impl Mechanism for Long {
        fn name(&self) -> &str {
            "X-LONG"
        }
        fn speaks_first(&self) -> bool {
            false
        }
        fn take_challenge(&mut self, challenge: Challenge<'_>) -> Result<(), MechanismError> {
            let mut buffer = [0; 9_000];
            self.0 = challenge.decode(&mut buffer)?.len();
            Ok(())
        }
        fn write_response(&self, response: &mut ResponseWriter<'_>) {
            response.put(&vec![b'r'; self.0]);
        }
        fn check_success(&self) -> Result<(), MechanismError> {
            Ok(())
        }
    }
    for (octets, fits) in [(450, true), (9_000, true), (9_300, false)] {
        for chunk in [1, 500, usize::MAX] {
            let challenge = format!("+ {}\r\n", BASE64_STANDARD.encode(vec![b'c'; octets]));
            let play = Play::new(GREETING, move |line| match line {
                "AUTH X-LONG" => challenge.clone().into(),
                "*" => "-ERR cancelled\r\n".into(),
                line => mailbox(line),
            })
            .chunks(chunk);
            let outcome = connect(&play).unwrap().login_with(&mut Long(0));
            assert_eq!(outcome.is_ok(), fits, "{octets}");
            if let Err(refused) = outcome {
                assert_eq!(refused.error.kind(), ErrorKind::AuthenticationCancelled);
            }
        }
    }
}

#[test]
fn languages_and_utf8() {
    let play = Play::but(&[
        ("LANG *", "+OK i-default Default\r\n"),
        ("LANG xx", "-ERR no such language\r\n"),
        (
            "LANG",
            "+OK\r\nen English\r\nde Deutsch (deutlich)\r\n\x1b odd\r\n\r\n.\r\n",
        ),
        ("UTF8", "+OK\r\n"),
    ]);
    let mut connection = connect(&play).unwrap();
    let languages = connection.languages().unwrap();
    let texts: Vec<_> = languages
        .iter()
        .map(|language| format!("{}={}", language.tag, language.name))
        .collect();
    assert_eq!(
        texts,
        ["en=English", "de=Deutsch (deutlich)", "\\u{1b}=odd"]
    );
    connection.lang("*").unwrap();
    assert_eq!(
        connection.lang("xx").unwrap_err().kind(),
        ErrorKind::Rejected
    );
    assert_eq!(
        connection.lang("de\r\nDELE 1").unwrap_err().kind(),
        ErrorKind::Usage
    );
    connection.utf8().unwrap();
    let mut session = connection
        .login(&password(), Authentication::UserPass)
        .unwrap();
    session.utf8().unwrap();
    session.lang("*").unwrap();
    assert_eq!(session.languages().unwrap().len(), 3);
    assert!(!play.sent().contains("DELE"));
}
