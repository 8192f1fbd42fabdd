//! Each way to log in, over the network, with rings that no command fits into.

use pop3_smoltcp::pop3_proto::login::{
    Authentication, Credentials, LoginFailure, LoginMethod, LoginPolicy, OpeningFailure, Security,
};
use pop3_smoltcp::pop3_proto::sasl::{MechanismKind, Plain};
use pop3_smoltcp::pop3_proto::{Command, CommandKind, ReceiveError, SendError, State};
use pop3_smoltcp::{Error, WayIn};

use crate::server::{Server, maildrop};
use crate::wire::Faults;
use crate::world::{Outcome, RETR, World, driver, user_pass};

fn mrose(authentication: Authentication, password: &'static str) -> WayIn<'static> {
    let policy = LoginPolicy::new(authentication);
    let credentials = Credentials::new(b"mrose", password.into());
    WayIn::new(Security::ClearText, policy, credentials)
}

/// A log-in on a server with this script, and what the server has heard. A mail can be read after it.
fn log_in(
    way_in: &mut WayIn<'_>,
    mut answer: impl FnMut(&str) -> String + 'static,
) -> (Outcome, String) {
    let mut drop = maildrop("Subject: x\r\n", "mvan99");
    let server = Server::new(move |line| match answer(line) {
        reply if reply.is_empty() => drop(line),
        reply => reply,
    });
    let mut world = World::new(server, 7, 7, Faults::default());
    let mut driver = driver();
    let outcome = world.session(&mut driver, way_in, &[RETR]);
    if outcome.error.is_none() {
        assert_eq!(outcome.body, b"Subject: x\r\n");
    }
    (outcome, world.server.heard)
}

#[test]
fn user_and_pass_with_the_capabilities_before_and_after() {
    let (outcome, heard) = log_in(&mut mrose(Authentication::UserPass, "mvan99"), |_| {
        String::new()
    });
    assert_eq!(
        heard,
        "CAPA\r\nUSER mrose\r\nPASS mvan99\r\nCAPA\r\nRETR 1\r\n"
    );
    assert_eq!(outcome.report.unwrap().used, LoginMethod::UserPass);
}

#[test]
fn a_wrong_password_and_then_the_right_one() {
    let server = Server::new(maildrop("Subject: x\r\n", "mvan99"));
    let mut world = World::new(server, 64, 64, Faults::default());
    let mut driver = driver();
    let mut way_in = mrose(Authentication::UserPass, "wrong");
    let outcome = world.session(&mut driver, &mut way_in, &[RETR]);
    let refused = Error::LogIn(LoginFailure::Refused(CommandKind::Pass));
    assert_eq!(outcome.error, Some(refused));
    assert!(
        outcome.events.last().unwrap().contains("\"no\""),
        "{outcome:?}"
    );
    assert_eq!(driver.client().state(), State::Authorization);
    let now = world.now;
    assert_eq!(driver.poll_delay(world.client.socket(), now), None);

    way_in.again(Credentials::new(b"mrose", "mvan99".into()), None);
    let outcome = world.go_on(&mut driver, Some(&mut way_in), &[RETR]);
    assert_eq!(outcome.error, None);
    assert_eq!(outcome.body, b"Subject: x\r\n");
    let heard =
        "CAPA\r\nUSER mrose\r\nPASS wrong\r\nUSER mrose\r\nPASS mvan99\r\nCAPA\r\nRETR 1\r\n";
    assert_eq!(world.server.heard, heard);
}

#[test]
fn plain_in_one_step_and_in_two() {
    // RFC 4616 section 4, with another name.
    let response = "AG1yb3NlAG12YW45OQ==";
    let plain = Authentication::Mechanism(MechanismKind::Plain);
    let accept = move |line: &str| match line {
        "AUTH PLAIN" => "+ \r\n".to_owned(),
        line if line.strip_prefix("AUTH PLAIN ").unwrap_or(line) == response => {
            "+OK\r\n".to_owned()
        }
        _ => String::new(),
    };
    let (outcome, heard) = log_in(&mut mrose(plain, "mvan99"), accept);
    assert_eq!(
        outcome.report.unwrap().used,
        LoginMethod::Sasl(MechanismKind::Plain)
    );
    assert_eq!(
        heard,
        format!("CAPA\r\nAUTH PLAIN {response}\r\nCAPA\r\nRETR 1\r\n")
    );

    let two_steps = format!("AUTH PLAIN\r\n{response}\r\nRETR 1\r\n");
    let policy = LoginPolicy::new(plain).ask_capabilities(false);
    let credentials = Credentials::new(b"mrose", "mvan99".into());
    let mut way_in = WayIn::new(Security::ClearText, policy, credentials);
    assert_eq!(log_in(&mut way_in, accept).1, two_steps);

    // As a mechanism of one's own.
    let mut own = Plain::new(b"mrose", "mvan99".into());
    let mut way_in = WayIn::with_mechanism(Security::ClearText, policy, &mut own);
    let (outcome, heard) = log_in(&mut way_in, accept);
    assert_eq!(outcome.report.unwrap().used, LoginMethod::Own);
    assert_eq!(heard, two_steps);
}

/// The example of RFC 1939 section 7.
#[cfg(feature = "apop")]
#[test]
fn apop() {
    let command = "APOP mrose c4c9334bac560ecc979e58001b3e22fb";
    let accept = move |line: &str| match line {
        line if line == command => "+OK\r\n".to_owned(),
        _ => String::new(),
    };
    let (outcome, heard) = log_in(&mut mrose(Authentication::ApopOnly, "tanstaaf"), accept);
    assert_eq!(outcome.report.unwrap().used, LoginMethod::Apop);
    assert_eq!(heard, format!("CAPA\r\n{command}\r\nCAPA\r\nRETR 1\r\n"));

    let (outcome, heard) = log_in(&mut mrose(Authentication::ApopOnly, "wrong"), accept);
    let refused = LoginFailure::Refused(CommandKind::Apop);
    assert_eq!(outcome.error, Some(Error::LogIn(refused)));
    assert!(!heard.contains("PASS"), "{heard}");
}

/// The example of RFC 7677 section 3, in clear and in base64 as AUTH sends it.
#[cfg(feature = "scram-sha-256")]
mod scram {
    use super::*;
    use pop3_smoltcp::pop3_proto::sasl::{MechanismError, Nonce};
    use smoltcp::socket::tcp;

    const FIRST: &str = "biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=";
    const CHALLENGE: &str = "cj1yT3ByTkdmd0ViZVJXZ2JORWtxTyVodllEcFdVYTJSYVRDQWZ1eEZJbGopaE5sRiRrMCxzPVcyMlphSjBTTlk3c29Fc1VFamI2Z1E9PSxpPTQwOTY=";
    const PROOF: &str = "Yz1iaXdzLHI9ck9wck5HZndFYmVSV2diTkVrcU8laHZZRHBXVWEyUmFUQ0FmdXhGSWxqKWhObEYkazAscD1kSHpiWmFwV0lrNGpVaE4rVXRlOXl0YWc5empmTUhnc3FtbWl6N0FuZFZRPQ==";
    const SIGNATURE: &str = "dj02cnJpVFJCaTIzV3BSUi93dHVwK21NaFVaVW4vZEI1bkxUSlJzamw5NUc0PQ==";

    fn way_in() -> WayIn<'static> {
        let nonce = Nonce::from_text(b"rOprNGfwEbeRWgbNEkqO").unwrap();
        let policy = LoginPolicy::new(Authentication::Auto).nonce(nonce);
        let credentials = Credentials::new(b"user", "pencil".into());
        WayIn::new(Security::ClearText, policy, credentials)
    }

    /// What the server says to the client's proof.
    fn server(last: String) -> impl FnMut(&str) -> String {
        let mut greeted = false;
        move |line| {
            let reply = match line.strip_prefix("AUTH SCRAM-SHA-256 ").unwrap_or(line) {
                FIRST => format!("+ {CHALLENGE}"),
                PROOF => last.clone(),
                // An empty response, and not yet the greeting.
                "" if greeted => "+OK".to_owned(),
                "*" => "-ERR cancelled".to_owned(),
                _ => {
                    greeted = true;
                    return String::new();
                }
            };
            format!("{reply}\r\n")
        }
    }

    #[test]
    fn with_the_server_s_proof() {
        let (outcome, heard) = log_in(&mut way_in(), server(format!("+ {SIGNATURE}")));
        let used = LoginMethod::Sasl(MechanismKind::ScramSha256);
        assert_eq!(outcome.report.unwrap().used, used);
        let auth = format!("AUTH SCRAM-SHA-256 {FIRST}\r\n{PROOF}\r\n\r\n");
        assert_eq!(heard, format!("CAPA\r\n{auth}CAPA\r\nRETR 1\r\n"));
    }

    #[test]
    fn another_one_takes_another_nonce() {
        let wrong = server("-ERR [AUTH] no".to_owned());
        let (mut scram, mut maildrop) = (wrong, maildrop("", "mvan99"));
        let server = Server::new(move |line| match scram(line) {
            reply if reply.is_empty() => maildrop(line),
            reply => reply,
        });
        let mut world = World::new(server, 64, 64, Faults::default());
        let (mut driver, mut way_in) = (driver(), way_in());
        let outcome = world.session(&mut driver, &mut way_in, &[]);
        assert!(outcome.error.is_some());
        let credentials = Credentials::new(b"user", "pencil".into());
        way_in.again(credentials, Nonce::from_text(b"another-one-to-use-once"));
        let outcome = world.go_on(&mut driver, Some(&mut way_in), &[]);
        assert!(outcome.error.is_some());
        let heard = &world.server.heard;
        let auth: Vec<&str> = heard
            .lines()
            .filter(|line| line.starts_with("AUTH"))
            .collect();
        assert_eq!(auth[0], format!("AUTH SCRAM-SHA-256 {FIRST}"));
        // "another-one-to-use-once" behind "n,,n=user,r=".
        assert!(
            auth[1].ends_with("YW5vdGhlci1vbmUtdG8tdXNlLW9uY2U="),
            "{heard}"
        );
    }

    #[test]
    fn with_a_wrong_proof_it_is_cancelled_and_the_session_is_given_up() {
        let wrong = SIGNATURE.replace('z', "y");
        let (outcome, heard) = log_in(&mut way_in(), server(format!("+ {wrong}")));
        let error = LoginFailure::NotProved(MechanismError::WrongServerSignature);
        assert_eq!(outcome.error, Some(Error::LogIn(error)));
        assert!(heard.ends_with("\r\n*\r\n"), "{heard}");
    }

    #[test]
    fn without_it_nobody_is_logged_in_and_the_connection_is_dropped() {
        let mut maildrop = maildrop("", "mvan99");
        let mut scram = server("+OK welcome".to_owned());
        let server = Server::new(move |line| match scram(line) {
            reply if reply.is_empty() => maildrop(line),
            reply => reply,
        });
        let mut world = World::new(server, 64, 64, Faults::default());
        let mut driver = driver();
        let outcome = world.session(&mut driver, &mut way_in(), &[RETR]);
        let not_proved = LoginFailure::NotProved(MechanismError::NotProved);
        assert_eq!(outcome.error, Some(Error::LogIn(not_proved)));
        assert_eq!(driver.client().state(), State::Failed);
        assert_eq!(world.client.socket().state(), tcp::State::Closed);
    }
}

#[test]
fn credentials_that_cannot_be_sent_send_nothing() {
    let policy = LoginPolicy::new(Authentication::UserPass).ask_capabilities(false);
    let credentials = Credentials::new(b"mrose\r\nDELE 1", "mvan99".into());
    let mut way_in = WayIn::new(Security::ClearText, policy, credentials);
    let (outcome, heard) = log_in(&mut way_in, |_| String::new());
    let invalid = SendError::InvalidArgument(CommandKind::User);
    assert_eq!(outcome.error, Some(Error::Send(invalid)));
    assert_eq!(heard, "");
}

#[test]
fn a_socket_has_no_tls_and_nothing_secret_is_sent_without_it() {
    for (security, expected) in [
        (Security::ImplicitTls, ""),
        (Security::StartTls, "STLS\r\n"),
    ] {
        let policy = LoginPolicy::new(Authentication::Auto);
        let credentials = Credentials::new(b"mrose", "mvan99".into());
        let mut way_in = WayIn::new(security, policy, credentials);
        let (outcome, heard) = log_in(&mut way_in, |line| match line {
            "STLS" => "+OK\r\n".to_owned(),
            _ => String::new(),
        });
        assert_eq!(outcome.error, Some(Error::TlsNeeded));
        assert_eq!(heard, expected);
    }
    // What stands behind the answer to STLS is an error, also when it lies in the ring.
    let policy = LoginPolicy::new(Authentication::Auto);
    let credentials = Credentials::new(b"mrose", "mvan99".into());
    for (reply, error) in [
        (
            "+OK\r\n+OK forged\r\n",
            Error::Receive(ReceiveError::PlaintextAfterStls),
        ),
        ("-ERR\r\n", Error::Opening(OpeningFailure::StlsRefused)),
    ] {
        let mut way_in = WayIn::new(Security::StartTls, policy, credentials);
        let server = Server::script(&["+OK\r\n", reply]);
        let mut world = World::new(server, 512, 64, Faults::default());
        let outcome = world.session(&mut driver(), &mut way_in, &[]);
        assert_eq!(outcome.error, Some(error));
        assert_eq!(world.server.heard, "STLS\r\n");
    }
}

#[test]
fn after_a_log_in_that_was_refused_the_session_can_still_be_ended() {
    let server = Server::new(maildrop("", "other"));
    let mut world = World::new(server, 64, 64, Faults::default());
    let mut driver = driver();
    let outcome = world.session(&mut driver, &mut user_pass(), &[]);
    assert!(outcome.error.is_some());
    let outcome = world.go_on(&mut driver, None, &[Command::Quit]);
    assert_eq!(outcome.error, None);
    assert_eq!(driver.client().state(), State::Closed);
}
