//! What must not be seen anywhere, even if the server repeats it.

use std::fmt::{Debug, Display};
use std::io::{self, ErrorKind as IoErrorKind, Read};
use std::sync::{Arc, Mutex};

use pop3_std::{
    Authentication, Connector, Credentials, Error, ErrorKind, LoginError, Security, Session, Text,
    Timeouts,
};

use crate::play::{
    GREETING, MESSAGE, Play, Reply, Then, clear, connect, mailbox, n, session, then,
};

const SECRET: &str = "correct horse";

/// Everything that a program can print.
#[derive(Default)]
struct Printed(String);

impl Printed {
    fn debug(&mut self, value: &dyn Debug) {
        self.0 += &format!("{value:?}\n{value:#?}\n");
    }

    fn display(&mut self, value: &(impl Debug + Display)) {
        self.0 += &format!("{value}\n{value:#}\n");
        self.debug(value);
    }

    fn error(&mut self, error: &(dyn std::error::Error + 'static)) {
        self.0 += &format!("{error}\n{error:#}\n");
        self.debug(&error);
        if let Some(source) = error.source() {
            self.error(source);
        }
    }

    /// One of the crate's own, and what it becomes.
    fn own_error(&mut self, error: &Error) {
        self.error(error);
        self.display(&error.server_text().unwrap_or_default());
        // As it is, where nothing is escaped.
        let text = error.server_text().unwrap_or_default().as_bytes();
        self.0 += &String::from_utf8_lossy(text);
        let converted = io::Error::from(error.clone());
        self.error(&converted);
        self.error(&Error::from(converted));
    }

    fn result<T: Debug>(&mut self, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(value) => {
                self.debug(&value);
                Some(value)
            }
            Err(error) => {
                self.own_error(&error);
                None
            }
        }
    }

    /// Does one of everything.
    fn session(&mut self, mut session: Session<Play>) {
        self.debug(&session);
        self.display(&session.login_report());
        self.debug(&session.announced());
        let stat = session.stat();
        self.result(stat);
        if let Some(mut list) = self.result(session.list()) {
            for line in &mut list {
                self.result(line);
            }
            self.debug(&list);
        }
        if let Some(mut list) = self.result(session.uidl()) {
            for line in &mut list {
                if let Some(id) = self.result(line).and_then(|line| line.unique_id) {
                    self.display(&id);
                }
            }
            self.debug(&list);
        }
        if let Some(mut message) = self.result(session.retr(n(1))) {
            if let Err(error) = message.read_to_end(&mut Vec::new()) {
                self.error(&error);
            }
            self.debug(&message);
        }
        let capabilities = session.capa();
        self.result(capabilities);
        if let Err(failed) = session.quit() {
            self.error(&failed);
            self.display(&failed.deletions);
            self.own_error(&failed.into());
        }
    }

    /// Whether it shows nothing of a secret: neither its beginning as it is, nor in hexadecimal digits, nor as a list of
    /// octets, as a derived `Debug` would print it.
    fn hides(&self, secret: &str) {
        let beginning = &secret.as_bytes()[..4];
        let hex: String = beginning
            .iter()
            .map(|octet| format!("{octet:02x}"))
            .collect();
        let list = |separator| {
            let octets: Vec<String> = beginning.iter().map(u8::to_string).collect();
            octets.join(separator)
        };
        let as_it_is = String::from_utf8_lossy(beginning).into_owned();
        let flat = self.0.replace("    ", "");
        for shown in [as_it_is, hex, list(", "), list(",\n")] {
            assert!(!flat.contains(&shown), "{shown:?} in {flat}");
        }
    }
}

/// Logs in, and does one of everything then. Returns what was traced, why it failed, and all that was printed.
fn printed(
    connector: Connector,
    play: &Play,
    secret: &str,
    how: Authentication,
) -> (String, Option<LoginError<Play>>, Printed) {
    let trace = Arc::new(Mutex::new(String::new()));
    let traced = trace.clone();
    let connector = connector.trace(move |event| {
        let line = format!("{event}\n");
        assert_eq!(line.lines().count(), 1, "{line:?}");
        let mut trace = traced.lock().unwrap();
        *trace += &line;
        *trace += &format!("{event:?}\n{event:#?}\n");
    });
    let credentials = Credentials::new("mrose", secret);
    let mut printed = Printed::default();
    printed.debug(&connector);
    printed.debug(&credentials);
    printed.debug(&Timeouts::default());
    let mut refused = None;
    if let Some(connection) = printed.result(connector.connect_over(play.clone())) {
        match connection.login(&credentials, how) {
            Ok(session) => printed.session(session),
            Err(error) => {
                printed.error(&error);
                printed.display(&error);
                printed.own_error(&error.error);
                refused = Some(error);
            }
        }
    }
    let trace = trace.lock().unwrap().clone();
    (trace, refused, printed)
}

/// Logs in on a server that answers like this, and returns what was traced, and all that the error shows.
fn shown(
    secret: &str,
    how: Authentication,
    mut answer: impl FnMut(&str) -> Reply + Send + 'static,
) -> (String, Option<LoginError<Play>>, String) {
    let play = Play::new(GREETING, move |command| answer(command));
    let connector = clear().ask_capabilities(false);
    let (trace, error, printed) = printed(connector, &play, secret, how);
    // It did go out, or the test would prove nothing.
    assert!(play.sent().contains(secret) || how == Authentication::ApopOnly);
    (trace, error, printed.0)
}

/// A server that says this to a secret, with what was sent where there is a `{}`.
fn saying(reply: &'static str) -> Play {
    Play::new(GREETING, move |command| {
        let words: Vec<&str> = command.splitn(3, ' ').collect();
        match *words {
            ["PASS", secret] | ["APOP", _, secret] => reply.replace("{}", secret).into(),
            _ => mailbox(command),
        }
    })
}

/// With 7, the second line of a reply has begun before the client sends its next command.
const CHUNKS: [usize; 3] = [1, 7, usize::MAX];

#[test]
fn whatever_comes_of_a_log_in_nothing_shows_the_secret() {
    let token = format!("ZqXj.{}", "0123456789abcdef~/+=".repeat(14));
    let said = [
        "+OK {} is right\r\n",
        "-ERR [AUTH] {}{} is wrong\r\n",
        "+OK\r\n-ERR not any more: {}\r\n",
        "{}\r\n",
        "+OK\r\n",
        "-ERR no\r\n",
    ];
    for (secret, replies) in [("ZqXjvW", &said[..]), (&token, &said[..2])] {
        for how in [
            Authentication::UserPass,
            Authentication::ApopOnly,
            Authentication::ApopThenUserPass,
        ] {
            for &reply in replies {
                let check = |play: &Play| {
                    let (trace, _, printed) = printed(clear(), play, secret, how);
                    let trace = Printed(trace);
                    printed.hides(secret);
                    trace.hides(secret);
                    // Of the digest people can find out the secret.
                    let sent = play.sent();
                    if let Some((_, digest)) = sent.split_once("APOP mrose ") {
                        printed.hides(digest);
                        trace.hides(digest);
                    }
                    sent
                };
                for chunk in CHUNKS {
                    check(&saying(reply).chunks(chunk));
                }
                // Up to the end of the log-in, octet by octet.
                let whole = saying(reply).chunks(1).cut(usize::MAX, Then::Close);
                let _ = connect(&whole)
                    .unwrap()
                    .login(&Credentials::new("mrose", secret), how);
                for cut in 0..usize::MAX - whole.octets_left() {
                    let end = [
                        Then::Close,
                        Then::Wait,
                        Then::Break(IoErrorKind::ConnectionReset),
                    ][cut % 3];
                    check(&saying(reply).chunks(CHUNKS[cut / 3 % 3]).cut(cut, end));
                }
            }
        }
    }
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
fn a_long_password_and_one_that_is_cut_off() {
    for (times, text) in [(100, &b"[AUTH] *** is wrong"[..]), (2_000, b"[AUTH] ***")] {
        let secret = "0123456789".repeat(times);
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
        assert_eq!(error.server_text(), Some(Text::new(text)));
        assert!(!shown.contains("0123") && !trace.contains("0123"));
    }
}

#[test]
fn a_password_that_is_cut_off_is_hidden_however_short_the_text_is_without_its_blanks() {
    let secret = "0123456789".repeat(100);
    for blanks in [1, 5, 100, 500] {
        let line = format!("-ERR{}{secret}\r\n", " ".repeat(blanks));
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
        assert_eq!(error.server_text(), Some(Text::new(b"***")), "{blanks}");
        assert!(!shown.contains("0123") && !trace.contains("0123"));
    }
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
