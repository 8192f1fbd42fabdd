//! The session by itself, without a network.

use pop3_smoltcp::pop3_proto::login::{Authentication, Credentials, LoginPolicy, Security};
use pop3_smoltcp::pop3_proto::{Command, Config, Event, MAX_COMMAND, Pipelining};
use pop3_smoltcp::{Error, Phase, Session, Step, Timeouts, WayIn};

/// A session on which somebody has logged in, at the time 0, and what is left of the last line that was received.
fn logged_in(config: Config) -> Session<2, 64> {
    let mut session = Session::new(config, Timeouts::new());
    session.start(0);
    session.connected(0);
    let policy = LoginPolicy::new(Authentication::UserPass).ask_capabilities(false);
    let credentials = Credentials::new(b"mrose", "mvan99".into());
    let mut way_in = WayIn::new(Security::ClearText, policy, credentials);
    let mut replies = ["+OK\r\n", "+OK\r\n", "+OK mvan99\r\n"].into_iter();
    let mut out = [0; MAX_COMMAND];
    loop {
        match session.log_in(&mut way_in, 0, &mut out).unwrap() {
            Step::Receive => {
                // Octet by octet, so that the client has to keep the line.
                for octet in replies.next().unwrap().bytes() {
                    let see = |event: Event<'_>| way_in.observe(&event);
                    session.receive(&mut &[octet][..], 0, see).unwrap();
                }
            }
            Step::LoggedIn(_) => return session,
            _ => {}
        }
    }
}

#[test]
fn the_line_that_the_client_keeps_is_wiped_after_the_log_in() {
    let shown = format!("{:?}", logged_in(Config::new()).client());
    assert!(shown.contains("kept: 0"), "{shown}");
}

#[test]
fn the_time_of_the_oldest_command_is_not_prolonged_by_another() {
    let mut session = logged_in(Config::new().pipelining(Pipelining::Always));
    let mut out = [0; MAX_COMMAND];
    assert_eq!(session.deadline().remaining(0), None);
    assert_eq!(
        session
            .send(&Command::Stat, 1_000, &mut out)
            .unwrap()
            .octets,
        6
    );
    assert_eq!(
        session
            .send(&Command::Noop, 50_000, &mut out)
            .unwrap()
            .octets,
        6
    );
    assert_eq!(session.deadline().remaining(0), Some(121_000));
    // The next one's begins when it is the oldest.
    let seen = session.receive(&mut &b"+OK 1 1\r\n"[..], 60_000, |_| ());
    assert_eq!(seen, Ok(Some(())));
    assert_eq!(session.deadline().remaining(0), Some(180_000));
    assert_eq!(session.check_time(179_999), Ok(()));
    let error = session.check_time(180_000).unwrap_err();
    assert!(matches!(error, Error::TimedOut(Phase::Reply(_))), "{error}");
    // It stays.
    assert_eq!(session.check_time(180_001), Err(error));
    assert_eq!(
        session.receive(&mut &b"+OK\r\n"[..], 180_001, |_| ()),
        Err(error)
    );
    assert_eq!(session.send(&Command::Quit, 180_001, &mut out), Err(error));
    assert_eq!(session.ended(), Err(error));
    session.abort();
    assert_eq!(session.check_time(180_001), Err(error));
    assert_eq!(session.deadline().remaining(0), None);
}

#[test]
fn a_tls_handshake_has_the_time_of_a_greeting_and_is_called_by_its_name() {
    let policy = LoginPolicy::new(Authentication::UserPass);
    let credentials = Credentials::new(b"mrose", "mvan99".into());
    for says in ["", "+OK\r\n+OK\r\n"] {
        let security = match says {
            "" => Security::ImplicitTls,
            _ => Security::StartTls,
        };
        let mut session = Session::<1, 64>::new(Config::new(), Timeouts::new());
        session.start(0);
        session.connected(1);
        let mut way_in = WayIn::new(security, policy, credentials);
        let (mut input, mut out) = (says.as_bytes(), [0; MAX_COMMAND]);
        loop {
            match session.log_in(&mut way_in, 1, &mut out).unwrap() {
                Step::Receive => {
                    let see = |event: Event<'_>| way_in.observe(&event);
                    assert_eq!(session.receive(&mut input, 1, see), Ok(Some(())));
                }
                Step::StartTls => break,
                _ => {}
            }
        }
        let mut late = session.clone();
        assert_eq!(late.check_time(60_000), Ok(()));
        let error = late.check_time(60_001).unwrap_err();
        assert_eq!(error, Error::TimedOut(Phase::Tls), "{security}");
        // The greeting inside TLS is one again. After STLS there is none.
        session.tls_established(&mut way_in, None, 2).unwrap();
        let error = match security {
            Security::ImplicitTls => session.check_time(60_002).unwrap_err(),
            _ => session.check_time(300_001).unwrap_err(),
        };
        let phase = match security {
            Security::ImplicitTls => Phase::Greeting,
            _ => Phase::LogIn,
        };
        assert_eq!(error, Error::TimedOut(phase), "{security}");
        // Nothing is left of it for the next connection.
        session.start(0);
        session.connected(0);
        let error = session.check_time(60_000).unwrap_err();
        assert_eq!(error, Error::TimedOut(Phase::Greeting), "{security}");
    }
}

#[test]
fn errors_say_what_it_is_about() {
    let mut session = logged_in(Config::new());
    let mut out = [0; MAX_COMMAND];
    assert_eq!(session.send(&Command::Quit, 0, &mut out).unwrap().octets, 6);
    let error = session.check_time(120_000).unwrap_err();
    assert_eq!(
        error.to_string(),
        "time-out while waiting for the reply to QUIT"
    );
    let mut new: Session = Session::default();
    assert_eq!(
        new.check_time(0).unwrap_err().to_string(),
        "there is no connection, or not yet"
    );
    new.start(0);
    assert_eq!(
        new.ended().unwrap_err().to_string(),
        "the connection was refused"
    );
}
