//! Ways in, and ways to be turned away.

use pop3_std::pop3_proto::MAX_LINE;
use pop3_std::{ApopOutcome, Authentication, Credentials, ErrorKind, LoginMethod, Text};

use crate::play::{GREETING, Play, Then, clear, connect, credentials, log_in, mailbox, then};

#[test]
fn a_refusal_gives_the_connection_back() {
    let play = Play::new(GREETING, |command| match command {
        "PASS wrong" => "-ERR invalid password\r\n".into(),
        command => mailbox(command),
    });
    let refused = connect(&play)
        .unwrap()
        .login(
            &Credentials::new("mrose", "wrong"),
            Authentication::UserPass,
        )
        .unwrap_err();
    assert_eq!(refused.error.kind(), ErrorKind::AuthenticationRefused);
    assert_eq!(
        refused.to_string(),
        "PASS: the server refused the log-in: \"invalid password\""
    );
    let mut session = refused
        .connection
        .unwrap()
        .login(&credentials(), Authentication::UserPass)
        .unwrap();
    assert_eq!(session.stat().unwrap().messages, 2);
    session.quit().unwrap();
}

#[test]
fn refusals_by_their_codes() {
    for (reply, kind) in [
        ("-ERR\r\n", ErrorKind::AuthenticationRefused),
        ("-ERR [AUTH] no\r\n", ErrorKind::AuthenticationRefused),
        ("-ERR [IN-USE] locked\r\n", ErrorKind::MailboxInUse),
        ("-ERR [LOGIN-DELAY] slow\r\n", ErrorKind::TemporaryFailure),
        ("-ERR [SYS/TEMP] later\r\n", ErrorKind::TemporaryFailure),
        ("-ERR [SYS/PERM] never\r\n", ErrorKind::PermanentFailure),
    ] {
        let play = Play::new(GREETING, move |command| match command {
            "PASS mvan99" => then(reply, Then::Close),
            command => mailbox(command),
        });
        let refused = log_in(&play).unwrap_err();
        assert_eq!(refused.error.kind(), kind, "{reply}");
        // That the server has closed it, only the next command shows.
        let again = refused
            .connection
            .unwrap()
            .login(&credentials(), Authentication::UserPass)
            .unwrap_err();
        assert_eq!(again.error.kind(), ErrorKind::ClosedAtLogin);
        assert!(again.connection.is_none());
    }
}

#[test]
fn a_server_that_just_closes() {
    for end in [
        Then::Close,
        Then::Break(std::io::ErrorKind::ConnectionReset),
        Then::Break(std::io::ErrorKind::UnexpectedEof),
    ] {
        let play = Play::new(GREETING, move |command| match command {
            "PASS mvan99" => then("", end),
            command => mailbox(command),
        });
        let error = log_in(&play).unwrap_err();
        assert_eq!(error.error.kind(), ErrorKind::ClosedAtLogin, "{end:?}");
        assert!(error.connection.is_none());
    }
    let play = Play::new(GREETING, |_| then("", Then::Close));
    let error = log_in(&play).unwrap_err().error;
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert!(error.to_string().starts_with("CAPA: "), "{error}");
}

#[test]
fn only_ok_is_success() {
    for reply in [
        "+\r\n",
        "+ x\r\n",
        "+ERR\r\n",
        "+OKAY\r\n",
        "OK\r\n",
        "\r\n",
    ] {
        let play = Play::new(GREETING, move |command| match command {
            "PASS mvan99" => reply.into(),
            command => mailbox(command),
        });
        let error = log_in(&play).unwrap_err();
        assert_eq!(error.error.kind(), ErrorKind::Protocol, "{reply:?}");
        assert!(error.connection.is_none());
    }
}

#[test]
fn apop_and_what_becomes_of_it() {
    let digest = "APOP mrose c4c9334bac560ecc979e58001b3e22fb";
    let secret = Credentials::new("mrose", "tanstaaf");
    let accepts = Play::new(GREETING, mailbox);
    let session = connect(&accepts)
        .unwrap()
        .login(&secret, Authentication::ApopOnly)
        .unwrap();
    assert_eq!(session.login_report().used, LoginMethod::Apop);
    assert!(accepts.sent().contains(digest));
    assert!(!accepts.sent().contains("tanstaaf"));

    let refuses = Play::but(&[("APOP", "-ERR no\r\n")]);
    let refused = connect(&refuses)
        .unwrap()
        .login(&secret, Authentication::ApopOnly)
        .unwrap_err();
    assert_eq!(refused.error.kind(), ErrorKind::AuthenticationRefused);
    assert!(!refuses.sent().contains("tanstaaf"));
    let session = refused
        .connection
        .unwrap()
        .login(&secret, Authentication::ApopThenUserPass)
        .unwrap();
    assert_eq!(session.login_report().apop, ApopOutcome::Refused);
    assert!(refuses.sent().contains("PASS tanstaaf"));

    let offers_none = Play::new("+OK ready\r\n", mailbox);
    let refused = connect(&offers_none)
        .unwrap()
        .login(&secret, Authentication::ApopOnly)
        .unwrap_err();
    assert_eq!(refused.error.kind(), ErrorKind::AuthenticationUnavailable);
    assert!(refused.connection.is_some());
    assert_eq!(offers_none.sent(), "CAPA\r\n");
}

#[test]
fn a_server_that_must_not_be_asked_is_not_asked() {
    let play = Play::new(GREETING, |command| match command {
        "CAPA" => then("", Then::Close),
        command => mailbox(command),
    });
    let session = clear()
        .ask_capabilities(false)
        .connect_over(play.clone())
        .unwrap()
        .login(&credentials(), Authentication::UserPass)
        .unwrap();
    session.quit().unwrap();
    assert_eq!(play.sent(), "USER mrose\r\nPASS mvan99\r\nQUIT\r\n");
}

#[test]
fn long_user_names_and_passwords_go_out_whole_and_in_one_write() {
    let (user, password) = ("u".repeat(300), "p ".repeat(500));
    let play = Play::new(GREETING, mailbox);
    let session = clear()
        .ask_capabilities(false)
        .connect_over(play.clone())
        .unwrap()
        .login(
            &Credentials::new(user.as_str(), password.as_str()),
            Authentication::UserPass,
        )
        .unwrap();
    session.quit().unwrap();
    let expected = [
        format!("USER {user}\r\n"),
        format!("PASS {password}\r\n"),
        "QUIT\r\n".to_owned(),
    ];
    let sent: Vec<String> = play
        .stage()
        .writes
        .iter()
        .map(|write| String::from_utf8(write.clone()).unwrap())
        .collect();
    assert_eq!(sent, expected);
}

#[test]
fn servers_that_send_the_client_away() {
    for (greeting, kind) in [
        ("-ERR too many connections\r\n", ErrorKind::Closed),
        ("-ERR [SYS/TEMP] later\r\n", ErrorKind::TemporaryFailure),
        ("220 mail ESMTP\r\n", ErrorKind::Protocol),
        ("* OK IMAP4rev1\r\n", ErrorKind::Protocol),
        ("hello\r\n", ErrorKind::Protocol),
    ] {
        let error = connect(&Play::new(greeting, mailbox)).unwrap_err();
        assert_eq!(error.kind(), kind, "{greeting}");
        // People need to see it.
        let words = greeting.trim_end().trim_start_matches("-ERR ");
        assert_eq!(
            error.server_text(),
            Some(Text::new(words.as_bytes())),
            "{error}"
        );
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn a_line_without_end_is_not_kept_for_ever() {
    let greeting = format!("{}\r\n", "x".repeat(1 << 20));
    let error = connect(&Play::new(&greeting, mailbox)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert_eq!(error.server_text().unwrap().as_bytes().len(), MAX_LINE);
}
