//! Every command, its answer and its refusal.

use std::io::{BufRead, Read};
use std::net::TcpStream;

use pop3_std::{
    Authentication, CapabilityKind, Connector, Credentials, Error, ErrorKind, QuitError, Session,
    Text, Unauthenticated,
};

use crate::faulty::Faulty;
use crate::play::{GREETING, MESSAGE, Play, clear, connect, credentials, mailbox, n, session};

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

#[test]
fn threads_can_share_the_work() {
    fn can_move<T: Send>() {}
    fn can_be_shared<T: Send + Sync + 'static>() {}
    can_move::<Session<TcpStream>>();
    can_move::<Unauthenticated<TcpStream>>();
    can_be_shared::<Connector>();
    can_be_shared::<Error>();
    can_be_shared::<QuitError>();
    can_be_shared::<Credentials>();
}

#[test]
fn every_command() {
    let play = Play::new(GREETING, mailbox);
    let mut connection = connect(&play).unwrap();
    assert_eq!(connection.greeting(), GREETING["+OK ".len()..].trim_end());
    assert!(connection.offers_apop());
    let capabilities = connection.capa().unwrap();
    let lines: Vec<String> = capabilities.lines().map(text).collect();
    assert_eq!(lines, ["TOP", "UIDL", "EXPIRE 60", ".odd"]);
    assert!(capabilities.contains(CapabilityKind::Top));
    assert!(!capabilities.contains(CapabilityKind::Pipelining));

    let play = Play::new(GREETING, mailbox);
    let mut session = session(&play);
    assert_eq!(session.login_report().to_string(), "USER/PASS");
    assert!(session.announced().unwrap().contains(CapabilityKind::Uidl));
    let stat = session.stat().unwrap();
    assert_eq!((stat.messages, stat.octets), (2, Some(320)));
    let sizes: Vec<_> = session
        .list()
        .unwrap()
        .map(|line| line.unwrap())
        .map(|line| (line.message.get(), line.octets))
        .collect();
    assert_eq!(sizes, [(1, 120), (2, 200)]);
    assert_eq!(session.list_one(n(1)).unwrap().octets, 120);
    let ids: Vec<_> = session
        .uidl()
        .unwrap()
        .map(|line| line.unwrap())
        .map(|line| (line.message.get(), line.unique_id.unwrap().to_string()))
        .collect();
    assert_eq!(ids, [(1, "first".to_owned()), (2, "second".to_owned())]);
    let id = session.uidl_one(n(2)).unwrap().unique_id.unwrap();
    assert_eq!(id.as_bytes(), b"second");

    let mut message = session.retr(n(1)).unwrap();
    assert_eq!(message.number(), n(1));
    let mut octets = Vec::new();
    assert_eq!(message.read_to_end(&mut octets).unwrap(), MESSAGE.len());
    assert_eq!(text(&octets), MESSAGE);
    assert_eq!(message.read(&mut [0]).unwrap(), 0);
    assert_eq!(message.read(&mut [0]).unwrap(), 0);
    let mut empty = String::new();
    session
        .retr(n(2))
        .unwrap()
        .read_to_string(&mut empty)
        .unwrap();
    assert_eq!(empty, "");
    let mut header = String::new();
    session
        .top(n(1), 0)
        .unwrap()
        .read_to_string(&mut header)
        .unwrap();
    assert_eq!(header, "Subject: dots\r\n\r\n");

    session.dele(n(1)).unwrap();
    session.rset().unwrap();
    session.noop().unwrap();
    assert_eq!(session.capa().unwrap().lines().count(), 4);
    assert!(session.is_open());
    session.quit().unwrap();

    let sent = "CAPA USER mrose PASS mvan99 CAPA STAT LIST LIST 1 UIDL UIDL 2 RETR 1 RETR 2 TOP 1 0 DELE 1 RSET NOOP \
                CAPA QUIT";
    assert_eq!(play.sent().replace("\r\n", " ").trim_end(), sent);
    // A command in two writes is two for some servers.
    assert_eq!(play.stage().writes.len(), 17);
    assert!(
        play.stage()
            .writes
            .iter()
            .all(|write| write.ends_with(b"\r\n"))
    );
}

#[test]
fn every_refusal_leaves_the_session_as_it_was() {
    let play = Play::but(&[
        ("STAT", "-ERR no\r\n"),
        ("LIST", "-ERR no\r\n"),
        ("UIDL", "-ERR no\r\n"),
        ("RETR", "-ERR no\r\n"),
        ("TOP", "-ERR no\r\n"),
        ("DELE", "-ERR no\r\n"),
        ("NOOP", "-ERR no\r\n"),
        ("RSET", "-ERR no\r\n"),
        ("CAPA", "-ERR no\r\n"),
    ]);
    let mut session = session(&play);
    assert_eq!(session.announced(), None);
    for (doing, error) in [
        ("STAT", session.stat().unwrap_err()),
        ("LIST", session.list().unwrap_err()),
        ("LIST 1", session.list_one(n(1)).unwrap_err()),
        ("UIDL", session.uidl().unwrap_err()),
        ("UIDL 1", session.uidl_one(n(1)).unwrap_err()),
        ("RETR 1", session.retr(n(1)).unwrap_err()),
        ("TOP 1", session.top(n(1), 2).unwrap_err()),
        ("DELE 1", session.dele(n(1)).unwrap_err()),
        ("NOOP", session.noop().unwrap_err()),
        ("RSET", session.rset().unwrap_err()),
        ("CAPA", session.capa().unwrap_err()),
    ] {
        assert_eq!(error.kind(), ErrorKind::Rejected, "{doing}");
        assert_eq!(error.server_text(), Some(Text::new(b"no")));
        assert_eq!(
            error.to_string(),
            format!("{doing}: the server refused it: \"no\"")
        );
    }
    assert!(session.is_open());
    session.quit().unwrap();
}

#[test]
fn an_answer_that_cannot_be_read_costs_itself_alone() {
    let play = Play::but(&[
        ("STAT", "+OK many\r\n"),
        (
            "LIST",
            "+OK\r\n1 120\r\n-1 5\r\n99999999999999999999 1\r\n3 7\r\n.\r\n",
        ),
        ("UIDL", "+OK\r\n1\r\nx\r\n2 b\r\n.\r\n"),
    ]);
    let mut session = session(&play);
    let error = session.stat().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreadable);
    assert_eq!(error.server_text(), Some(Text::new(b"many")));
    let lines: Vec<_> = session
        .list()
        .unwrap()
        .map(|line| line.map(|line| line.octets).map_err(|error| error.kind()))
        .collect();
    let unreadable = ErrorKind::Unreadable;
    assert_eq!(lines, [Ok(120), Err(unreadable), Err(unreadable), Ok(7)]);
    let ids: Vec<_> = session
        .uidl()
        .unwrap()
        .map(|line| line.map(|line| line.unique_id.map(|id| id.to_string())))
        .map(|line| line.map_err(|error| error.kind()))
        .collect();
    assert_eq!(ids, [Ok(None), Err(unreadable), Ok(Some("b".to_owned()))]);
    session.quit().unwrap();
}

#[test]
fn what_is_dropped_early_is_read_away_by_the_next_command() {
    for chunk in [1, 7, usize::MAX] {
        let play = Play::new(GREETING, mailbox).chunks(chunk);
        let mut session = session(&play);
        drop(session.retr(n(1)).unwrap());
        assert_eq!(session.stat().unwrap().messages, 2);
        session.retr(n(1)).unwrap().read_exact(&mut [0; 9]).unwrap();
        session.noop().unwrap();
        let _ = session.list().unwrap();
        session.noop().unwrap();
        session.list().unwrap().next().unwrap().unwrap();
        let _ = session.uidl().unwrap();
        session.uidl().unwrap().next().unwrap().unwrap();
        assert_eq!(session.list_one(n(1)).unwrap().octets, 120);
        drop(session.top(n(1), 0).unwrap());
        session.quit().unwrap();

        // Nothing is left that the next session could take for an answer.
        assert!(play.stage().say.is_empty());
    }
}

#[test]
fn what_is_not_wanted_can_be_read_away_at_once() {
    let play = Play::new(GREETING, mailbox);
    let mut session = session(&play);
    session.retr(n(1)).unwrap().finish().unwrap();
    session.list().unwrap().finish().unwrap();
    assert!(play.stage().say.is_empty());
}

#[test]
fn a_stream_may_be_cut_anywhere_and_interrupted() {
    for chunk in [1, 2, 3, 5, 64] {
        for take in [1, 3, usize::MAX] {
            let play = Play::new(GREETING, mailbox).chunks(chunk).takes(take);
            let mut session = clear()
                .connect_over(Faulty::interrupted(play))
                .unwrap()
                .login(&credentials(), Authentication::UserPass)
                .unwrap();
            let mut octets = Vec::new();
            session
                .retr(n(1))
                .unwrap()
                .read_to_end(&mut octets)
                .unwrap();
            assert_eq!(text(&octets), MESSAGE, "{chunk} {take}");
            assert_eq!(session.uidl().unwrap().count(), 2);
            session.quit().unwrap();
        }
    }
}

#[test]
fn a_message_is_read_alike_by_whichever_way() {
    for chunk in 1..MESSAGE.len() {
        let play = Play::new(GREETING, mailbox).chunks(chunk);
        let mut session = session(&play);

        let mut lent = Vec::new();
        let mut message = session.retr(n(1)).unwrap();
        loop {
            let octets = message.fill_buf().unwrap();
            if octets.is_empty() {
                break;
            }
            // Not all of it at once, to see that the rest is still there.
            let count = octets.len().div_ceil(2);
            lent.extend_from_slice(&octets[..count]);
            message.consume(count);
        }
        assert_eq!(text(&lent), MESSAGE);

        let mut octet_by_octet = Vec::new();
        for octet in session.retr(n(1)).unwrap().bytes() {
            octet_by_octet.push(octet.unwrap());
        }
        assert_eq!(text(&octet_by_octet), MESSAGE);

        let lines: Vec<String> = session
            .retr(n(1))
            .unwrap()
            .lines()
            .map(Result::unwrap)
            .collect();
        assert_eq!(lines, ["Subject: dots", "", ".", "..two", "CR\ralone", ""]);
    }
}

#[test]
fn a_cr_behind_a_dot_is_not_lost_between_two_chunks() {
    // Stuffed as a careless server does: the line begins with a dot and a CR that end nothing.
    let play = Play::but(&[("RETR", "+OK\r\n.\rX\r\n.\r\n")]);
    for chunk in 1..10 {
        let play = play.clone().chunks(chunk);
        play.stage().say.extend(GREETING.bytes());
        let mut session = session(&play);
        let mut octets = Vec::new();
        session
            .retr(n(1))
            .unwrap()
            .read_to_end(&mut octets)
            .unwrap();
        assert_eq!(text(&octets), "\rX\r\n", "{chunk}");
        play.stage().say.clear();
    }
}

#[test]
fn messages_larger_than_the_receive_buffer() {
    let body = format!("{}\r\n", "x".repeat(97)).repeat(5_000);
    let reply = format!("+OK\r\n{body}.\r\n");
    let play = Play::new(GREETING, move |command| match command {
        "RETR 1" => reply.clone().into(),
        command => mailbox(command),
    });
    let mut session = session(&play);
    let mut octets = Vec::new();
    session
        .retr(n(1))
        .unwrap()
        .read_to_end(&mut octets)
        .unwrap();
    assert_eq!(text(&octets), body);
    session.noop().unwrap();
}

#[test]
fn what_is_kept_of_capabilities_is_bounded() {
    let reply = format!("+OK\r\n{}UIDL\r\n.\r\n", "X-NOISE\r\n".repeat(100_000));
    let play = Play::new(GREETING, move |command| match command {
        "CAPA" => reply.clone().into(),
        command => mailbox(command),
    });
    let mut connection = connect(&play).unwrap();
    let capabilities = connection.capa().unwrap();
    let kept: usize = capabilities.lines().map(<[u8]>::len).sum();
    assert!(kept <= pop3_std::MAX_CAPABILITIES && kept > pop3_std::MAX_CAPABILITIES / 2);
    assert!(capabilities.contains(CapabilityKind::Uidl));
    connection.quit().unwrap();
}

#[test]
fn nothing_that_could_be_another_command_is_sent() {
    for (user, password) in [
        ("a\r\nDELE 1", "b"),
        ("a", "b\r\nDELE 1"),
        ("a\0", "b"),
        ("", "b"),
    ] {
        let play = Play::new(GREETING, mailbox);
        let error = clear()
            .ask_capabilities(false)
            .connect_over(play.clone())
            .unwrap()
            .login(&Credentials::new(user, password), Authentication::UserPass)
            .unwrap_err();
        assert_eq!(error.error.kind(), ErrorKind::Usage);
        assert!(error.connection.is_some());
        assert!(!play.sent().contains("DELE"));
        assert!(!play.sent().contains("PASS"));
    }
}
