//! Attacks on the log-in: what a lying, closing or repeating server gets, and what is told of it.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use pop3_std::pop3_proto::ResponseCode;
use pop3_std::{Authentication, Connector, Credentials, ErrorKind, MechanismKind, Security};

use crate::play::{GREETING, Play, Reply, Then, clear, connect, mailbox, then};

const PASSWORD: &str = "correct horse";

fn password() -> Credentials {
    Credentials::new("mrose", PASSWORD)
}

fn by(kind: MechanismKind) -> Authentication {
    Authentication::Mechanism(kind)
}

/// A server that cannot prove that it knows the password, and that says this at the end, after the client has cancelled.
fn impostor(end: fn() -> Reply) -> Play {
    let mut lines = 0;
    Play::new(GREETING, move |line| {
        if lines == 0 && !line.starts_with("AUTH") {
            return mailbox(line);
        }
        lines += 1;
        match lines {
            1 => "+ \r\n".into(),
            2 => {
                let first = String::from_utf8(BASE64_STANDARD.decode(line).unwrap()).unwrap();
                let nonce = first.rsplit("r=").next().unwrap();
                let answer = format!("r={nonce}more,s=c2FsdA==,i=4096");
                format!("+ {}\r\n", BASE64_STANDARD.encode(answer)).into()
            }
            3 => {
                let signature = format!("v={}", BASE64_STANDARD.encode([0; 32]));
                format!("+ {}\r\n", BASE64_STANDARD.encode(signature)).into()
            }
            _ => end(),
        }
    })
}

#[test]
fn a_token_that_is_repeated_in_the_reason_is_hidden() {
    // As it is, and with an escape in it.
    for repeated in ["t0ken.t0ken", "t0ken\\u002et0ken"] {
        let status = format!(r#"{{"status":"no: {repeated}","scope":"{repeated}"}}"#);
        let challenge = format!("+ {}\r\n", BASE64_STANDARD.encode(status));
        let mut lines = 0;
        let play = Play::new(GREETING, move |line| {
            if lines == 0 && !line.starts_with("AUTH") {
                return mailbox(line);
            }
            lines += 1;
            match lines {
                1 => "+ \r\n".into(),
                2 => challenge.clone().into(),
                _ => "-ERR no\r\n".into(),
            }
        });
        let shown = Arc::new(Mutex::new(String::new()));
        let into = shown.clone();
        let refused = clear()
            .trace(move |event| *into.lock().unwrap() += &format!("{event}\n"))
            .connect_over(play)
            .unwrap()
            .login(
                &Credentials::token("mrose", "t0ken.t0ken"),
                by(MechanismKind::Xoauth2),
            )
            .unwrap_err();
        let failure = refused.error.token_failure().expect("it said so");
        let printed = format!("{refused} {refused:?} {failure:?}");
        assert!(printed.contains("no: ***"), "{printed}");
        assert!(!printed.contains("t0ken"), "{printed}");
        // Base64 hides nothing.
        for word in shown.lock().unwrap().split_whitespace() {
            let decoded = BASE64_STANDARD.decode(word).unwrap_or_default();
            let decoded = String::from_utf8_lossy(&decoded).into_owned();
            assert!(!decoded.contains("t0ken"), "{decoded}");
        }
    }
}

#[test]
fn what_a_server_says_before_it_closes_is_not_forgotten() {
    for (text, kind) in [
        ("invalid password", ErrorKind::AuthenticationRefused),
        ("mailbox is locked", ErrorKind::MailboxInUse),
    ] {
        let play = Play::new(GREETING, move |line| match line {
            "CAPA" => "+OK\r\nSASL PLAIN\r\n.\r\n".into(),
            line if line.starts_with("AUTH") => then(&format!("-ERR {text}\r\n"), Then::Close),
            line => mailbox(line),
        });
        let refused = connect(&play)
            .unwrap()
            .login(&password(), Authentication::Auto)
            .unwrap_err();
        assert_eq!(refused.error.kind(), kind, "{refused}");
        assert_eq!(
            refused.error.server_text().unwrap().as_bytes(),
            text.as_bytes()
        );
        assert!(refused.connection.is_none());
    }
}

#[test]
fn an_impostor_is_named_however_it_ends() {
    let ends: [fn() -> Reply; 3] = [
        || "-ERR cancelled\r\n".into(),
        || then("", Then::Close),
        || "".into(),
    ];
    for end in ends {
        let play = impostor(end);
        let refused = connect(&play)
            .unwrap()
            .login(&password(), by(MechanismKind::ScramSha256))
            .unwrap_err();
        assert!(refused.to_string().contains("could not prove"), "{refused}");
        assert_eq!(refused.error.kind(), ErrorKind::ServerNotProved);
        assert!(
            refused.connection.is_none(),
            "an impostor gets no second try"
        );
    }
}

#[test]
fn a_response_code_is_not_taken_for_a_secret() {
    let play = Play::new(GREETING, |line| match line {
        line if line.starts_with("AUTH") => "-ERR [LOGIN-DELAY] LOGIN too early\r\n".into(),
        line => mailbox(line),
    });
    let refused = connect(&play)
        .unwrap()
        .login(&password(), by(MechanismKind::Login))
        .unwrap_err();
    let text = refused.error.server_text().unwrap();
    assert_eq!(
        text.response_code(),
        Some(ResponseCode::LoginDelay),
        "{text}"
    );
    assert!(!refused.to_string().contains("***"), "{refused}");

    let play = Play::new(GREETING, |line| match line {
        "CAPA" => "+OK\r\nSASL EXTERNAL\r\n.\r\n".into(),
        line if line.starts_with("AUTH") => "-ERR [AUTH] uid=7\r\n".into(),
        line => mailbox(line),
    });
    let refused = connect(&play)
        .unwrap()
        .login(&Credentials::external(), Authentication::Auto)
        .unwrap_err();
    assert!(refused.to_string().contains("uid=7"), "{refused}");
}

#[test]
fn a_list_without_stls_and_then_one_with_it() {
    let mut asked = 0;
    let play = Play::new(GREETING, move |line| match line {
        "CAPA" => {
            asked += 1;
            match asked {
                1 => "+OK\r\nUSER\r\n.\r\n".into(),
                _ => "+OK\r\nUSER\r\nSTLS\r\n.\r\n".into(),
            }
        }
        line => mailbox(line),
    });
    let outcome = Connector::new("localhost", Security::StartTlsIfAvailable)
        .connect_over(play.clone())
        .unwrap()
        .login(&password(), Authentication::Auto);
    let sent = play.sent();
    // Either it is not asked again, or what it says then counts.
    let before = sent.split("PASS").next().unwrap();
    assert!(
        before.matches("CAPA").count() == 1 || outcome.is_err(),
        "{sent}"
    );
}

#[test]
fn a_password_that_scram_cannot_carry_goes_another_way() {
    let play = Play::new(GREETING, |line| match line {
        "CAPA" => "+OK\r\nSASL PLAIN SCRAM-SHA-256\r\n.\r\n".into(),
        line if line.starts_with("AUTH PLAIN") => "+OK\r\n".into(),
        line => mailbox(line),
    });
    let session = connect(&play)
        .unwrap()
        .login(
            &Credentials::new("mrose", "tab\tstop"),
            Authentication::Auto,
        )
        .unwrap();
    assert_eq!(session.login_report().to_string(), "PLAIN");
}

#[test]
fn a_list_that_is_refused_the_second_time_is_not_relied_on() {
    let mut asked = 0;
    let play = Play::new(GREETING, move |line| match line {
        "CAPA" => {
            asked += 1;
            match asked {
                1 => "+OK\r\nSASL PLAIN\r\n.\r\n".into(),
                _ => "-ERR\r\n".into(),
            }
        }
        line => mailbox(line),
    });
    let mut connection = connect(&play).unwrap();
    connection.capa().unwrap();
    connection.capa().unwrap_err();
    let session = connection.login(&password(), Authentication::Auto).unwrap();
    assert_eq!(session.login_report().offered, None);
}

/// Whoever is on the way strikes STLS out: what was asked for was TLS, if it can be had, and not a password in clear.
#[test]
fn stls_if_available_is_not_naming_clear_text() {
    let connector = Connector::new("localhost", Security::StartTlsIfAvailable);
    let stripped = || Play::but(&[("CAPA", "+OK\r\nSASL PLAIN SCRAM-SHA-256\r\nUSER\r\n.\r\n")]);
    let play = stripped();
    let open = connector.connect_over(play.clone()).unwrap();
    let refused = open.login(&password(), Authentication::Auto).unwrap_err();
    assert_eq!(refused.error.kind(), ErrorKind::AuthenticationUnavailable);
    assert_eq!(play.sent(), "CAPA\r\n");
    // By its name it goes.
    let open = refused.connection.unwrap();
    let _ = open.login(&password(), Authentication::UserPass).unwrap();
    assert!(play.sent().contains("PASS"));
}
