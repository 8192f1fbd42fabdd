//! Complete, or an error: connections that end where they should not.

use std::fmt;
use std::io::{self, BufRead, ErrorKind as IoErrorKind, Read};

use pop3_std::{Authentication, Connector, Deletions, Error, ErrorKind, Session, Text, Transport};

use crate::play::{GREETING, MESSAGE, Play, Then, clear, credentials, mailbox, n, session, then};

/// A session that did not come to its end.
pub struct Broken<S> {
    pub error: Error,
    /// What became of the deletions, if the session had come to its QUIT.
    pub deletions: Option<Deletions>,
    /// The session, if it had neither come to its QUIT nor failed before the log-in was over.
    pub session: Option<Session<S>>,
}

impl<S> From<Error> for Broken<S> {
    fn from(error: Error) -> Self {
        Self {
            error,
            deletions: None,
            session: None,
        }
    }
}

/// Does one of everything, and notes what was done.
pub fn whole_session<S: Transport>(
    connector: &Connector,
    stream: S,
    done: &mut Vec<String>,
) -> Result<(), Broken<S>> {
    let connection = connector.connect_over(stream)?;
    done.push(connection.greeting().to_owned());
    let mut session = match connection.login(&credentials(), Authentication::UserPass) {
        Ok(session) => session,
        Err(failed) => {
            assert!(failed.connection.is_none(), "{failed}");
            return Err(failed.error.into());
        }
    };
    if let Err(error) = one_of_everything(&mut session, done) {
        return Err(Broken {
            session: Some(session),
            ..error.into()
        });
    }
    session.quit().map_err(|failed| Broken {
        deletions: Some(failed.deletions),
        ..failed.error.into()
    })?;
    done.push("committed".to_owned());
    Ok(())
}

fn one_of_everything<S: Transport>(
    session: &mut Session<S>,
    done: &mut Vec<String>,
) -> Result<(), Error> {
    done.push(session.login_report().to_string());
    done.push(format!("{:?}", session.stat()?));
    for line in session.list()? {
        done.push(format!("{:?}", line?));
    }
    done.push("all sizes".to_owned());
    for line in session.uidl()? {
        done.push(format!("{:?}", line?));
    }
    done.push("all unique-ids".to_owned());
    done.push(format!("{:?}", session.uidl_one(n(2))?));
    let mut octets = Vec::new();
    let message = session.retr(n(1))?.read_to_end(&mut octets);
    // However it ends, what was read is how the message begins.
    assert!(MESSAGE.as_bytes().starts_with(&octets));
    done.push(format!("{} octets", message?));
    assert_eq!(octets, MESSAGE.as_bytes());
    session.retr(n(1))?.read_exact(&mut [0; 3])?;
    session.dele(n(1))?;
    done.push("marked".to_owned());
    done.push(format!("{:?}", session.capa()?));
    Ok(())
}

impl<S> fmt::Debug for Broken<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.error, self.deletions)
    }
}

#[test]
fn an_end_at_any_octet_is_an_error_until_quit_is_answered() {
    let mut all = Vec::new();
    let uncut = Play::new(GREETING, mailbox).cut(usize::MAX, Then::Close);
    whole_session(&clear(), uncut.clone(), &mut all).unwrap();
    let octets = usize::MAX - uncut.octets_left();

    for end in [
        Then::Close,
        Then::Break(IoErrorKind::ConnectionReset),
        Then::Break(IoErrorKind::TimedOut),
        Then::Break(IoErrorKind::PermissionDenied),
    ] {
        for chunk in [1, 13, usize::MAX] {
            for cut in 0..octets {
                let play = Play::new(GREETING, mailbox).chunks(chunk).cut(cut, end);
                let mut done = Vec::new();
                let error = whole_session(&clear(), play, &mut done).unwrap_err().error;
                assert!(all.starts_with(&done), "{cut}: {done:?}");
                let kinds: &[ErrorKind] = match end {
                    Then::Break(IoErrorKind::TimedOut) => &[ErrorKind::TimedOut],
                    Then::Break(IoErrorKind::PermissionDenied) => &[ErrorKind::Io],
                    _ => &[
                        ErrorKind::Truncated,
                        ErrorKind::Closed,
                        ErrorKind::ClosedAtLogin,
                    ],
                };
                assert!(kinds.contains(&error.kind()), "{cut} {end:?}: {error}");
            }
            let play = Play::new(GREETING, mailbox).chunks(chunk).cut(octets, end);
            whole_session(&clear(), play, &mut Vec::new()).unwrap();
        }
    }
}

#[test]
fn a_message_that_is_cut_short_never_comes_to_its_end() {
    for (end, kind) in [
        (Then::Close, ErrorKind::Truncated),
        (
            Then::Break(IoErrorKind::ConnectionReset),
            ErrorKind::Truncated,
        ),
        (Then::Wait, ErrorKind::TimedOut),
    ] {
        for reply in [
            "+OK\r\nSubject: x\r\n\r\nbody\r\n",
            "+OK\r\nSubject: x\r\n\r\nbody\r\n.",
            "+OK\r\nSubject: x\r\n\r\nbody\r\n.\r",
            "+OK\r\nSubject: x\r\n\r\nbody\n.\n",
            "+OK\r\n",
        ] {
            let play = Play::new(GREETING, move |command| match command {
                "RETR 1" => then(reply, end),
                command => mailbox(command),
            });
            let mut session = session(&play);
            let mut message = session.retr(n(1)).unwrap();
            let mut octets = Vec::new();
            let error = message.read_to_end(&mut octets).unwrap_err();
            assert_eq!(Error::from(error).kind(), kind, "{reply:?}");
            assert!(reply.as_bytes().ends_with(&octets) || reply.contains("\r\n."));
            // It stays an error, by whichever way.
            assert_eq!(
                Error::from(message.read(&mut [0]).unwrap_err()).kind(),
                kind
            );
            assert_eq!(Error::from(message.fill_buf().unwrap_err()).kind(), kind);
            assert_eq!(
                Error::from(message.read_line(&mut String::new()).unwrap_err()).kind(),
                kind
            );
            assert_eq!(message.finish().unwrap_err().kind(), kind);

            assert!(!session.is_open());
            let later = session.stat().unwrap_err();
            assert_eq!(later.kind(), ErrorKind::SessionOver);
            assert!(
                later
                    .to_string()
                    .starts_with("STAT: not sent, because the session is over (RETR 1: "),
                "{later}"
            );
            let quit = session.quit().unwrap_err();
            assert_eq!(quit.deletions, Deletions::Discarded);
            assert!(!play.sent().contains("QUIT"));
        }
    }
}

#[test]
fn copying_a_truncated_message_fails_with_the_reason() {
    let play = Play::new(GREETING, |command| match command {
        "RETR 1" => then("+OK\r\nSubject: x\r\n", Then::Close),
        command => mailbox(command),
    });
    let mut session = session(&play);
    let error = io::copy(&mut session.retr(n(1)).unwrap(), &mut io::sink()).unwrap_err();
    assert_eq!(error.kind(), IoErrorKind::UnexpectedEof);
    assert_eq!(Error::from(error).kind(), ErrorKind::Truncated);
    // One that is not ours stays what it is.
    let full = io::Error::from(IoErrorKind::StorageFull);
    assert_eq!(Error::from(full).kind(), ErrorKind::Io);
}

#[test]
fn a_list_that_is_cut_short_ends_in_an_error() {
    for (reply, complete) in [("+OK\r\n1 2\r\n2 3\r\n", 2), ("+OK\r\n1 2\r\n2 3", 1)] {
        let play = Play::new(GREETING, move |command| match command {
            "LIST" => then(reply, Then::Close),
            command => mailbox(command),
        });
        let mut session = session(&play);
        let mut list = session.list().unwrap();
        for _ in 0..complete {
            list.next().unwrap().unwrap();
        }
        let error = list.next().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Truncated);
        assert!(list.next().is_none());
        assert!(list.next().is_none());
        assert_eq!(list.finish().unwrap_err().kind(), ErrorKind::Truncated);
        assert!(!session.is_open());
    }
}

#[test]
fn quit_says_what_became_of_the_deletions() {
    let quit = |reply: &'static str, end| {
        let play = Play::new(GREETING, move |command| match command {
            "QUIT" => then(reply, end),
            command => mailbox(command),
        });
        let mut session = session(&play);
        session.dele(n(1)).unwrap();
        session.quit()
    };
    quit("+OK\r\n", Then::Close).unwrap();
    quit("+OK\r\n", Then::Wait).unwrap();
    quit("+OK\r\n", Then::Break(IoErrorKind::ConnectionReset)).unwrap();
    let refused = quit("-ERR some deleted messages not removed\r\n", Then::Close).unwrap_err();
    assert_eq!(refused.deletions, Deletions::Refused);
    assert_eq!(
        refused.to_string(),
        "QUIT: the server refused it: \"some deleted messages not removed\" (not all of the deletions were made)"
    );
    for (reply, end, kind) in [
        ("", Then::Close, ErrorKind::Closed),
        ("+OK", Then::Close, ErrorKind::Closed),
        ("", Then::Wait, ErrorKind::TimedOut),
        ("+O", Then::Wait, ErrorKind::TimedOut),
        (
            "",
            Then::Break(IoErrorKind::ConnectionReset),
            ErrorKind::Closed,
        ),
        ("OK\r\n", Then::Close, ErrorKind::Protocol),
    ] {
        let unknown = quit(reply, end).unwrap_err();
        assert_eq!(unknown.deletions, Deletions::Unknown, "{reply:?} {end:?}");
        assert_eq!(unknown.error.kind(), kind);
    }
}

#[test]
fn without_quit_nothing_is_asked_to_be_deleted() {
    let play = Play::new(GREETING, mailbox);
    let mut session = session(&play);
    session.dele(n(1)).unwrap();
    drop(session);
    assert!(play.sent().ends_with("DELE 1\r\n"));
}

#[test]
fn a_goodbye_is_heard() {
    // Behind a reply, in the same chunk.
    let play = Play::but(&[("NOOP", "+OK\r\n-ERR idle for too long\r\n")]);
    let mut idle = session(&play);
    idle.noop().unwrap();
    let error = idle.stat().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert_eq!(error.server_text(), Some(Text::new(b"idle for too long")));
    assert!(!play.sent().contains("STAT"));
    assert_eq!(idle.stat().unwrap_err().kind(), ErrorKind::SessionOver);
    assert_eq!(idle.quit().unwrap_err().deletions, Deletions::Discarded);

    // On a connection that takes nothing any more.
    let play = Play::new(GREETING, mailbox);
    let mut idle = session(&play);
    play.stage().say.extend(b"-ERR idle for too long\r\n");
    play.stage().write_error = Some(IoErrorKind::BrokenPipe);
    play.stage().then = Then::Close;
    let error = idle.stat().unwrap_err();
    assert_eq!(error.server_text(), Some(Text::new(b"idle for too long")));
    assert_eq!(idle.noop().unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn a_reply_that_nobody_asked_for_is_never_an_answer() {
    for extra in ["+OK 9 9\r\n", "+O", "garbage\r\n"] {
        let reply = format!("+OK\r\n{extra}");
        let play = Play::new(GREETING, move |command| match command {
            "NOOP" => reply.clone().into(),
            command => mailbox(command),
        });
        let mut session = session(&play);
        session.noop().unwrap();
        let error = session.stat().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{extra:?}: {error}");
        assert!(!session.is_open());
    }
}

#[test]
fn a_mail_that_leaks_into_the_replies_ends_the_session() {
    // A server that stuffs no dots: the rest of the mail stands where the next reply should.
    let play = Play::but(&[("RETR", "+OK\r\nfirst\r\n.\r\n+OK 7 7\r\n.\r\n")]);
    let mut session = session(&play);
    let mut octets = Vec::new();
    session
        .retr(n(1))
        .unwrap()
        .read_to_end(&mut octets)
        .unwrap();
    let error = session.stat().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert_eq!(error.server_text(), Some(Text::new(b"+OK 7 7")));
}

#[test]
fn a_write_that_fails_is_an_error() {
    for (write_error, kind) in [
        (IoErrorKind::WouldBlock, ErrorKind::TimedOut),
        (IoErrorKind::PermissionDenied, ErrorKind::Io),
        (IoErrorKind::BrokenPipe, ErrorKind::Closed),
    ] {
        let play = Play::new(GREETING, mailbox);
        let mut session = session(&play);
        play.stage().write_error = Some(write_error);
        play.stage().then = Then::Close;
        assert_eq!(session.stat().unwrap_err().kind(), kind);
        assert!(!session.is_open());
    }
}
