//! What a log-in says of itself: its policies, its failures, its report; and what it remembers of the server.

use pop3_proto::login::{
    ApopOutcome, Authentication, Credentials, InitialResponse, Login, LoginFailure, LoginMethod,
    LoginPolicy, Next, Offer, Opening, OpeningFailure, Security,
};
use pop3_proto::sasl::{MechanismError, MechanismKind, MechanismSet, Nonce, Plain};
use pop3_proto::{Client, Command, SendError};

fn ready() -> Client {
    let mut client = Client::new();
    client.receive(&mut &b"+OK\r\n"[..]).unwrap().unwrap();
    client
}

#[test]
fn the_words() {
    for (said, words) in [
        (Authentication::Auto.to_string(), "the strongest way"),
        (
            Authentication::Mechanism(MechanismKind::CramMd5).to_string(),
            "CRAM-MD5",
        ),
        (
            Security::StartTlsIfAvailable.to_string(),
            "STLS if available",
        ),
        (
            OpeningFailure::StlsVanished.to_string(),
            "the server announces no STLS, and it did before, so nothing was sent in clear",
        ),
        (
            LoginFailure::NothingSuits.to_string(),
            "the server announces no way to log in that goes with the credentials",
        ),
        (
            LoginFailure::Unprotected.to_string(),
            "the connection is not protected by TLS, so no password and no token was sent",
        ),
        (LoginMethod::Apop.to_string(), "APOP"),
        (LoginMethod::Own.to_string(), "a mechanism of its own"),
    ] {
        assert_eq!(said, words);
    }
}

#[test]
fn what_a_mechanism_cannot_say_is_an_error_that_names_it() {
    let nobody = Plain::new(b"", "secret".into());
    let auth = Command::Auth {
        mechanism: &nobody,
        initial_response: true,
    };
    let error = ready().send(&auth, &mut [0; 64]).unwrap_err();
    let reason = MechanismError::InvalidArgument;
    assert_eq!(error, SendError::Mechanism(reason));
    assert_eq!(error.to_string(), reason.to_string());
    let source = std::error::Error::source(&error).expect("the mechanism");
    assert_eq!(source.to_string(), reason.to_string());
}

/// All that a program may print of a log-in: who and how, and never what with.
#[test]
fn debug_of_a_log_in_has_all_of_it_but_the_secret() {
    let policy = LoginPolicy::new(Authentication::Auto)
        .nonce(Nonce::new([0; Nonce::OCTETS]))
        .initial_response(InitialResponse::Never)
        .clear_text(true)
        .iterations(7, 9);
    let credentials = Credentials::new(b"mr\x1bose", "tanstaaf".into()).authorization_id(b"other");
    assert_eq!(credentials.user(), b"mr\x1bose");
    let mut login = Login::new(policy, credentials);
    login.sent();
    let printed = format!("{login:?}");
    for part in [
        "authentication: Auto",
        "ask_capabilities: true",
        "initial_response: Never",
        "clear_text: true",
        "min_iterations: 7",
        "max_iterations: 9",
        r#"user: "mr\u{1b}ose""#,
        r#"authorization_id: "other""#,
        "step: Sent(Capa)",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    assert!(!printed.contains("tanstaaf") && !printed.contains("AAAAAA"));
}

#[test]
fn what_the_server_announced_is_kept_for_another_try() {
    let policy = LoginPolicy::new(Authentication::Auto);
    let mut login = Login::new(policy, Credentials::new(b"tim", "tanstaaf".into()));
    let mut client = ready();
    assert_eq!(login.offered(), None);
    let Next::Send(command) = login.next_step() else {
        panic!("CAPA first");
    };
    let _ = client.send(&command, &mut [0; 64]).unwrap();
    login.sent();
    let mut input = &b"+OK\r\nUIDL\r\nSASL LOGIN X-ODD PLAIN\r\n.\r\n"[..];
    while let Some(event) = client.receive(&mut input).unwrap() {
        login.observe(&event);
    }
    let offered = login.offered().expect("it was asked");
    assert!(!offered.mechanisms.is_empty());
    assert_eq!(offered.mechanisms.to_string(), "PLAIN LOGIN");
    assert_eq!(format!("{:?}", offered.mechanisms), "{PLAIN LOGIN}");
    // In clear, nothing else is sent.
    assert!(matches!(
        login.next_step(),
        Next::Finished(Err(LoginFailure::Unprotected))
    ));
    assert!(Offer::default().mechanisms.is_empty());
    assert_eq!(MechanismSet::default().to_string(), "");
}

/// A goodbye that began before the command was sent is no answer to it; but it is a goodbye.
#[test]
fn a_goodbye_that_was_begun_before_the_command() {
    let policy = LoginPolicy::new(Authentication::UserPass);
    let mut login = Login::new(policy, Credentials::new(b"tim", "tanstaaf".into()));
    let mut client = ready();
    assert_eq!(client.receive(&mut &b"-ER"[..]).unwrap(), None);
    let Next::Send(command) = login.next_step() else {
        panic!("CAPA first");
    };
    let _ = client.send(&command, &mut [0; 64]).unwrap();
    login.sent();
    let event = client
        .receive(&mut &b"R too slow\r\n"[..])
        .unwrap()
        .unwrap();
    login.observe(&event);
    assert!(matches!(
        login.next_step(),
        Next::Finished(Err(LoginFailure::Dismissed))
    ));
}

#[test]
fn stls_that_was_announced_is_remembered() {
    for (capabilities, announced) in [("STLS\r\n", true), ("TOP\r\n", false)] {
        let mut client: Client = Client::new();
        let mut opening = Opening::new(Security::StartTlsIfAvailable);
        assert!(!opening.announced_stls());
        let reply = format!("+OK\r\n{capabilities}.\r\n");
        for reply in ["+OK\r\n", &reply] {
            if let Next::Send(command) = opening.next_step() {
                let _ = client.send(&command, &mut [0; 64]).unwrap();
                opening.sent();
            }
            let mut input = reply.as_bytes();
            while let Some(event) = client.receive(&mut input).unwrap() {
                opening.observe(&event);
            }
        }
        assert_eq!(opening.announced_stls(), announced);
    }
    let expected = Opening::new(Security::StartTlsIfAvailable).stls_expected(true);
    assert!(expected.announced_stls());
}

#[test]
fn a_report_says_why_the_password_was_sent() {
    for (greeting, replies, words, apop) in [
        (
            "+OK\r\n",
            &["+OK\r\n", "+OK\r\n"][..],
            "USER/PASS, since APOP was not offered",
            ApopOutcome::NotOffered,
        ),
        #[cfg(feature = "apop")]
        (
            "+OK <1@a.b>\r\n",
            &["-ERR\r\n", "+OK\r\n", "+OK\r\n"],
            "USER/PASS, since APOP was refused",
            ApopOutcome::Refused,
        ),
    ] {
        let mut client: Client = Client::new();
        let mut opening = Opening::new(Security::ClearText);
        let greeted = client.receive(&mut greeting.as_bytes()).unwrap().unwrap();
        opening.observe(&greeted);
        let policy = LoginPolicy::new(Authentication::ApopThenUserPass)
            .ask_capabilities(false)
            .apop_offered(opening.offers_apop());
        let mut login = Login::new(policy, Credentials::new(b"tim", "tanstaaf".into()));
        for reply in replies {
            let Next::Send(command) = login.next_step() else {
                panic!("a command first");
            };
            let _ = client.send(&command, &mut [0; 128]).unwrap();
            login.sent();
            let event = client.receive(&mut reply.as_bytes()).unwrap().unwrap();
            login.observe(&event);
        }
        let Next::Finished(Ok(report)) = login.next_step() else {
            panic!("{login:?}");
        };
        assert_eq!((report.to_string().as_str(), report.apop), (words, apop));
    }
}
