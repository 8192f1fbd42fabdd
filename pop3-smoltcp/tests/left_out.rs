//! The way in without the optional parts of `pop3-proto`.
#![cfg(not(any(feature = "capa", feature = "sasl", feature = "stls")))]

use pop3_smoltcp::pop3_proto::login::{
    Authentication, Credentials, LoginMethod, LoginPolicy, Security,
};
use pop3_smoltcp::pop3_proto::{CommandKind, Config, MAX_COMMAND, SendError};
use pop3_smoltcp::{Error, Session, Step, Timeouts, WayIn};

/// What is sent to a server that grants everything, and what comes of it.
fn log_in(
    security: Security,
    authentication: Authentication,
) -> (String, Result<LoginMethod, Error>) {
    let mut session = Session::<1, 64>::new(Config::new(), Timeouts::new());
    session.start(0);
    session.connected(0);
    let policy = LoginPolicy::new(authentication);
    let credentials = Credentials::new(b"mrose", "mvan99".into());
    let mut way_in = WayIn::new(security, policy, credentials);
    let mut out = [0; MAX_COMMAND];
    let mut sent = String::new();
    loop {
        match session.log_in(&mut way_in, 0, &mut out) {
            Ok(Step::Receive) => {
                let seen = session.receive(&mut &b"+OK\r\n"[..], 0, |event| way_in.observe(&event));
                assert_eq!(seen, Ok(Some(())));
            }
            Ok(Step::Write(command)) => {
                sent += core::str::from_utf8(&out[..command.octets]).expect("ASCII");
            }
            Ok(Step::LoggedIn(report)) => return (sent, Ok(report.used)),
            Ok(Step::StartTls) => unreachable!("there is no STLS"),
            Err(error) => return (sent, Err(error)),
        }
    }
}

#[test]
fn the_log_in_asks_for_no_capabilities() {
    let sent = "USER mrose\r\nPASS mvan99\r\n".to_owned();
    assert_eq!(
        log_in(Security::ClearText, Authentication::UserPass),
        (sent, Ok(LoginMethod::UserPass))
    );
}

#[cfg(not(feature = "apop"))]
#[test]
fn without_apop_no_password_is_sent_where_it_was_asked_for() {
    let error = Error::Send(SendError::NotAvailable(CommandKind::Apop));
    for authentication in [Authentication::ApopOnly, Authentication::ApopThenUserPass] {
        assert_eq!(
            log_in(Security::ClearText, authentication),
            (String::new(), Err(error))
        );
    }
}

#[test]
fn without_stls_nothing_is_sent_where_it_was_asked_for() {
    let error = Error::Send(SendError::NotAvailable(CommandKind::Stls));
    for security in [Security::StartTls, Security::StartTlsIfAvailable] {
        assert_eq!(
            log_in(security, Authentication::UserPass),
            (String::new(), Err(error))
        );
    }
}
