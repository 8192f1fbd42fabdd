//! What must not be seen anywhere, even if the server repeats it.

use std::sync::{Arc, Mutex};

use pop3_std::{Authentication, Connector, Credentials, ErrorKind, LoginError, Security, Text};

use crate::play::{GREETING, MESSAGE, Play, Reply, Then, clear, mailbox, session, then};

const SECRET: &str = "correct horse";

/// Logs in on a server that answers like this, and returns what was traced, and all that the error shows.
fn shown(
    secret: &str,
    how: Authentication,
    mut answer: impl FnMut(&str) -> Reply + Send + 'static,
) -> (String, Option<LoginError<Play>>, String) {
    let trace = Arc::new(Mutex::new(String::new()));
    let traced = trace.clone();
    let connector = clear().ask_capabilities(false).trace(move |event| {
        let line = format!("{event}\n");
        assert_eq!(line.lines().count(), 1, "{line:?}");
        *traced.lock().unwrap() += &line;
        *traced.lock().unwrap() += &format!("{event:?}\n");
    });
    let play = Play::new(GREETING, move |command| answer(command));
    let credentials = Credentials::new("mrose", secret);
    let result = connector
        .connect_over(play.clone())
        .unwrap()
        .login(&credentials, how);
    let mut shown = format!("{connector:?} {credentials:?}");
    let error = match result {
        Ok(session) => {
            shown += &format!("{session:?}");
            None
        }
        Err(error) => {
            shown += &format!("{error} {error:?} {error:#?} {:?}", error.error);
            let text = error.error.server_text().unwrap_or_default().as_bytes();
            shown += &String::from_utf8_lossy(text);
            let mut source = std::error::Error::source(&error);
            while let Some(error) = source {
                shown += &format!("{error} {error:?}");
                source = error.source();
            }
            shown += &std::io::Error::from(error.error.clone()).to_string();
            Some(error)
        }
    };
    // It did go out, or the test would prove nothing.
    assert!(play.sent().contains(secret) || how == Authentication::ApopOnly);
    (trace.lock().unwrap().clone(), error, shown)
}

#[test]
fn a_server_that_repeats_the_password() {
    for reply in [
        format!("-ERR wrong password '{SECRET}'\r\n"),
        format!("-ERR {SECRET}{SECRET}\r\n"),
        format!("-ERR [AUTH] \u{1b}[31m{SECRET}\r\n"),
        format!("+OK {SECRET} is right\r\n"),
        format!("+ERR {SECRET}\r\n"),
        format!("PASS {SECRET}\r\n"),
        format!("{SECRET}\r\n"),
        format!("-ERR {} {SECRET}\r\n", "x".repeat(490)),
        format!("-ERR {} {SECRET}\r\n", "x".repeat(500)),
        format!("-ERR {SECRET}"),
    ] {
        let line = reply.clone();
        let (trace, _, shown) = shown(SECRET, Authentication::UserPass, move |command| {
            if command.starts_with("PASS") {
                then(&line, Then::Close)
            } else {
                mailbox(command)
            }
        });
        assert!(trace.contains("C: PASS ***\n"), "{trace}");
        for text in [&trace, &shown] {
            for part in ["correct", "horse"] {
                assert!(!text.contains(part), "{reply}: {text}");
            }
        }
    }
}

#[test]
fn a_long_password_that_is_cut_off() {
    let secret = "0123456789".repeat(100);
    let line = format!("-ERR [AUTH] {secret} is wrong\r\n");
    let (trace, error, shown) =
        shown(
            &secret,
            Authentication::UserPass,
            move |command| match command.starts_with("PASS") {
                true => line.clone().into(),
                false => mailbox(command),
            },
        );
    let error = error.unwrap().error;
    assert_eq!(error.kind(), ErrorKind::AuthenticationRefused);
    assert_eq!(error.server_text(), Some(Text::new(b"[AUTH] ***")));
    assert!(!shown.contains("0123") && !trace.contains("0123"));
}

#[test]
fn the_digest_of_apop_is_a_secret_too() {
    let (trace, error, shown) = shown(
        "tanstaaf",
        Authentication::ApopOnly,
        |command| match command.strip_prefix("APOP mrose ") {
            Some(digest) => format!("-ERR {digest} is wrong\r\n").into(),
            None => mailbox(command),
        },
    );
    assert_eq!(
        error.unwrap().error.server_text(),
        Some(Text::new(b"*** is wrong"))
    );
    assert!(trace.contains("C: APOP mrose ***\n"), "{trace}");
    for text in [trace, shown] {
        assert!(!text.contains("c4c9334b") && !text.contains("tanstaaf"));
    }
}

#[test]
fn what_a_server_says_cannot_drive_a_terminal() {
    let play = Play::but(&[("STAT", "-ERR \u{1b}[2J\u{9b}31m\u{202e}\x07 \u{fffd}\r\n")]);
    let mut session = session(&play);
    let error = session.stat().unwrap_err();
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(
            !text.contains(|c: char| c.is_control() || c == '\u{202e}'),
            "{text:?}"
        );
    }
}

#[test]
fn the_trace_says_what_happened() {
    let trace = Arc::new(Mutex::new(Vec::new()));
    let traced = trace.clone();
    let play = Play::new("+OK \u{1b}[2J\r\n", mailbox);
    let mut session = Connector::new("localhost", Security::ClearText)
        .ask_capabilities(false)
        .trace(move |event| traced.lock().unwrap().push(event.to_string()))
        .connect_over(play)
        .unwrap()
        .login(&Credentials::new("mrose", SECRET), Authentication::UserPass)
        .unwrap();
    session
        .retr(pop3_std::MessageNumber::FIRST)
        .unwrap()
        .finish()
        .unwrap();
    session.list().unwrap().finish().unwrap();
    session.quit().unwrap();
    let octets = format!("S: ({} octets)", MESSAGE.len());
    let expected = [
        "S: +OK \\u{1b}[2J",
        "C: USER mrose",
        "S: +OK done",
        "C: PASS ***",
        "S: +OK done",
        "C: RETR 1",
        "S: +OK 120 octets",
        &octets,
        "C: LIST",
        "S: +OK 2 messages",
        "S: 1 120",
        "S: 2 200",
        "S: .",
        "C: QUIT",
        "S: +OK bye",
        "* closed",
    ];
    assert_eq!(*trace.lock().unwrap(), expected);
}

#[test]
fn the_password_is_kept_no_longer_than_the_log_in_takes() {
    let play = Play::but(&[("STAT", "-ERR mvan99\r\n")]);
    let mut session = session(&play);
    assert!(play.sent().contains("PASS mvan99\r\n"));
    // So by now nobody knows that this was it.
    let error = session.stat().unwrap_err();
    assert_eq!(error.server_text(), Some(Text::new(b"mvan99")));
}
