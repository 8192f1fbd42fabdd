//! A crate without its optional parts: what was left out is refused before anything is written, and all else is as it was.
//!
//! Run with no feature, with each alone, and with some that go together.
#![cfg(not(feature = "apop"))]

use pop3_proto::login::{
    Authentication, Credentials, Login, LoginFailure, LoginMethod, LoginPolicy, Next, Opening,
    OpeningFailure, Security,
};
use pop3_proto::sasl::{Exchange, MechanismError, MechanismKind, Nonce, Parameters, Plain};
use pop3_proto::{
    CapabilityKind, Client, Command, CommandKind, Event, MessageNumber, ReceiveError, Secret,
    SendError, State, Support,
};

fn greeted() -> Client {
    let mut client = Client::new();
    let mut input: &[u8] = b"+OK ready <1896.697170952@dbc.mtview.ca.us>\r\n";
    let event = client.receive(&mut input).unwrap();
    assert!(matches!(event, Some(Event::Greeting { apop: false, .. })));
    client
}

/// Sends the command, and gives the client the reply to it.
fn exchange<'s>(client: &'s mut Client, command: &Command<'_>, reply: &'s str) -> Event<'s> {
    let mut out = [0; 64];
    let _ = client.send(command, &mut out).unwrap();
    let mut input = reply.as_bytes();
    let event = client.receive(&mut input).unwrap().unwrap();
    assert!(input.is_empty());
    event
}

#[test]
fn apop_is_never_offered() {
    let apop = Command::Apop {
        user: b"mrose",
        secret: "tanstaaf".into(),
    };
    let mut out = [0; 64];
    let mut client = greeted();
    let error = SendError::NotAvailable(CommandKind::Apop);
    assert_eq!(client.send(&apop, &mut out), Err(error));
    assert!(client.send(&Command::User(b"mrose"), &mut out).is_ok());
}

/// Every command of a part that was left out.
fn left_out<'c>(mechanism: &'c Plain<'_>) -> Vec<Command<'c>> {
    let message = MessageNumber::FIRST;
    let auth = Command::Auth {
        mechanism,
        initial_response: true,
    };
    let mut commands = Vec::new();
    for (is_there, part) in [
        (cfg!(feature = "capa"), &[Command::Capa][..]),
        (
            cfg!(feature = "lang"),
            &[Command::Languages, Command::Lang("de")],
        ),
        (cfg!(feature = "list"), &[Command::List]),
        (
            cfg!(feature = "sasl"),
            &[auth, Command::Response(mechanism), Command::Cancel],
        ),
        (cfg!(feature = "stls"), &[Command::Stls]),
        (cfg!(feature = "top"), &[Command::Top { message, lines: 0 }]),
        (
            cfg!(feature = "uidl"),
            &[Command::Uidl, Command::UidlOne(message)],
        ),
    ] {
        if !is_there {
            commands.extend(part);
        }
    }
    commands
}

#[test]
fn what_was_left_out_is_refused_and_nothing_is_written() {
    let plain = Plain::new(b"mrose", "tanstaaf".into());
    let refused = left_out(&plain);
    let mut client = greeted();
    for transaction in [false, true] {
        if transaction {
            let _ = exchange(&mut client, &Command::User(b"mrose"), "+OK\r\n");
            let _ = exchange(&mut client, &Command::Pass("tanstaaf".into()), "+OK\r\n");
            assert_eq!(client.state(), State::Transaction);
        }
        for command in &refused {
            let mut out = *b"untouched";
            let error = SendError::NotAvailable(command.kind());
            assert_eq!(client.send(command, &mut out), Err(error));
            assert_eq!(client.check(command.kind()), Err(error));
            assert_eq!(&out, b"untouched");
            assert_eq!(client.in_flight(), 0);
        }
    }
    let refused: Vec<_> = refused.iter().map(Command::kind).collect();
    let refused = [&refused[..], &[CommandKind::Apop]].concat();
    for kind in CommandKind::ALL {
        assert_eq!(kind.is_available(), !refused.contains(kind), "{kind}");
    }
    // SASL has to ask for the mechanisms.
    assert!(CommandKind::Capa.is_available() || !CommandKind::Auth.is_available());
    assert_eq!(
        SendError::NotAvailable(CommandKind::Capa).to_string(),
        "CAPA was left out of this build"
    );
}

#[test]
fn a_plus_is_no_reply() {
    let mut client = greeted();
    let mut out = [0; 64];
    let sent = client.send(&Command::User(b"mrose"), &mut out).unwrap();
    assert_eq!(
        client.receive(&mut &b"+ \r\n"[..]),
        Err(ReceiveError::NotAReply {
            request: Some(sent.request)
        })
    );
}

#[test]
fn what_is_there_works() {
    let mut client = greeted();
    let _ = exchange(&mut client, &Command::User(b"mrose"), "+OK\r\n");
    let _ = exchange(&mut client, &Command::Pass("tanstaaf".into()), "+OK\r\n");
    let message = MessageNumber::FIRST;
    assert!(matches!(
        exchange(&mut client, &Command::Stat, "+OK 1 120\r\n"),
        Event::Stat {
            messages: 1,
            octets: Some(120),
            ..
        }
    ));
    assert!(matches!(
        exchange(&mut client, &Command::ListOne(message), "+OK 1 120\r\n"),
        Event::Listing { octets: 120, .. }
    ));
    let begin = exchange(&mut client, &Command::Retr(message), "+OK\r\n");
    assert!(matches!(begin, Event::Begin { .. }));
    let mut input: &[u8] = b"..\r\n.\r\n";
    let body = client.receive(&mut input);
    assert_eq!(body, Ok(Some(Event::Body(b".\r\n"))));
    let end = client.receive(&mut input);
    assert!(matches!(end, Ok(Some(Event::End { .. }))));
    for command in [Command::Dele(message), Command::Noop, Command::Rset] {
        let event = exchange(&mut client, &command, "+OK\r\n");
        assert!(matches!(event, Event::Done { .. }));
    }
    // Nothing is announced, so nothing is known, and to pipeline has to be asked for.
    assert_eq!(client.support(CapabilityKind::Top), Support::Unknown);
    assert_eq!(client.capabilities(), None);
    let mut out = [0; 64];
    let noop = client.send(&Command::Noop, &mut out).unwrap();
    assert_eq!(
        client.send(&Command::Noop, &mut out),
        Err(SendError::Awaiting(noop.request))
    );
}

/// Plays the log-in to its end, and says what was sent.
fn log_in(mut login: Login<'_>) -> (String, Result<LoginMethod, LoginFailure>) {
    let mut client = greeted();
    let mut sent = String::new();
    loop {
        match login.next_step() {
            Next::Send(command) => {
                sent += &format!("{command}\n");
                let event = exchange(&mut client, &command, "+OK\r\n");
                login.sent();
                login.observe(&event);
            }
            Next::Finished(result) => return (sent, result.map(|report| report.used)),
            other => unreachable!("{other:?}"),
        }
    }
}

const CREDENTIALS: Credentials<'static> = Credentials::new(b"mrose", Secret::new(b"tanstaaf"));

#[cfg(not(feature = "capa"))]
#[test]
fn a_log_in_asks_for_no_capabilities() {
    for policy in [
        LoginPolicy::new(Authentication::UserPass),
        LoginPolicy::new(Authentication::Auto).tls(true),
    ] {
        let (sent, result) = log_in(Login::new(policy, CREDENTIALS));
        assert_eq!(sent, "USER mrose\nPASS ***\n");
        assert_eq!(result, Ok(LoginMethod::UserPass));
    }
}

/// The password is for whoever has no APOP on the other side, not on this one.
#[test]
fn a_log_in_by_apop_sends_no_password() {
    let error = SendError::NotAvailable(CommandKind::Apop);
    for authentication in [Authentication::ApopOnly, Authentication::ApopThenUserPass] {
        for offered in [false, true] {
            let policy = LoginPolicy::new(authentication)
                .apop_offered(offered)
                .ask_capabilities(false);
            let login = Login::new(policy, CREDENTIALS);
            let Next::Send(command) = login.next_step() else {
                panic!("{login:?}");
            };
            let mut out = *b"untouched";
            assert_eq!(greeted().send(&command, &mut out), Err(error));
            assert_eq!(&out, b"untouched");
        }
    }
    assert_eq!(error.to_string(), "APOP was left out of this build");
}

#[test]
fn a_log_in_by_a_mechanism_that_was_left_out_sends_nothing() {
    let cancelled = (
        String::new(),
        Err(LoginFailure::Cancelled(MechanismError::NotAvailable)),
    );
    let policy = |authentication| {
        LoginPolicy::new(authentication)
            .ask_capabilities(false)
            .tls(true)
            .nonce(Nonce::new([7; Nonce::OCTETS]))
    };
    for kind in MechanismKind::ALL {
        let name = kind.name().strip_suffix("-PLUS").unwrap_or(kind.name());
        let available = match name {
            "CRAM-MD5" => cfg!(feature = "cram-md5"),
            "SCRAM-SHA-1" => cfg!(feature = "scram-sha-1"),
            "SCRAM-SHA-256" => cfg!(feature = "scram-sha-256"),
            "SCRAM-SHA-512" => cfg!(feature = "scram-sha-512"),
            _ => cfg!(feature = "sasl"),
        };
        assert_eq!(kind.is_available(), available, "{kind}");
        if available {
            continue;
        }
        let parameters = Parameters::new(b"mrose", "tanstaaf".into());
        let error = Exchange::new(*kind, &parameters).map(|_| ()).unwrap_err();
        assert_eq!(error, MechanismError::NotAvailable);
        let credentials = match kind {
            MechanismKind::External => Credentials::external(),
            MechanismKind::Anonymous => Credentials::anonymous(b""),
            MechanismKind::Xoauth2 | MechanismKind::Oauthbearer => {
                Credentials::token(b"mrose", "token".into())
            }
            _ => CREDENTIALS,
        };
        let login = Login::new(policy(Authentication::Mechanism(*kind)), credentials);
        assert_eq!(log_in(login), cancelled, "{kind}");
    }
    if !cfg!(feature = "sasl") {
        let mut own = Plain::new(b"mrose", "tanstaaf".into());
        let login = Login::with_mechanism(policy(Authentication::Auto), &mut own);
        assert_eq!(log_in(login), cancelled);
        let login = Login::new(policy(Authentication::Auto), Credentials::external());
        let nothing = (String::new(), Err(LoginFailure::NothingSuits));
        assert_eq!(log_in(login), nothing);
    }
}

/// What is announced is known, although the mechanisms in it are of no use.
#[cfg(feature = "capa")]
#[test]
fn what_the_server_announces_is_used_as_far_as_it_can_be() {
    let mut client = greeted();
    let policy = LoginPolicy::new(Authentication::Auto).tls(true);
    let mut login = Login::new(policy, CREDENTIALS);
    let mut sent = String::new();
    let capabilities = "+OK\r\nSASL SCRAM-SHA-512 SCRAM-SHA-1 LOGIN PLAIN\r\nTOP\r\n.\r\n";
    let used = loop {
        match login.next_step() {
            Next::Send(command) => {
                sent += &format!("{command}\n");
                let reply = match command.kind() {
                    CommandKind::Capa => capabilities,
                    _ => "+OK\r\n",
                };
                let _ = client.send(&command, &mut [0; 64]).unwrap();
                login.sent();
                let mut input = reply.as_bytes();
                while let Some(event) = client.receive(&mut input).unwrap() {
                    login.observe(&event);
                }
            }
            Next::Finished(result) => break result.unwrap().used,
            other => unreachable!("{other:?}"),
        }
    };
    // There is no nonce for SCRAM.
    let (method, said) = if cfg!(feature = "sasl") {
        (LoginMethod::Sasl(MechanismKind::Plain), "AUTH PLAIN ***\n")
    } else {
        (LoginMethod::UserPass, "USER mrose\nPASS ***\n")
    };
    assert_eq!(sent, format!("CAPA\n{said}CAPA\n"));
    assert_eq!(used, method);
    assert_eq!(client.support(CapabilityKind::Top), Support::Announced);
}

/// Opens the connection, to a server that announces STLS and answers it like this: whether TLS was begun, and what went wrong.
fn open(security: Security, answer: &str) -> (bool, Result<(), String>) {
    let mut client = Client::<1>::new();
    let mut opening = Opening::new(security);
    let mut input: &[u8] = b"+OK ready\r\n";
    let mut tls = false;
    loop {
        match opening.next_step() {
            Next::Send(command) => {
                input = match command.kind() {
                    CommandKind::Capa => b"+OK\r\nSTLS\r\n.\r\n",
                    _ => answer.as_bytes(),
                };
                if let Err(error) = client.send(&command, &mut [0; 64]) {
                    return (tls, Err(error.to_string()));
                }
                opening.sent();
            }
            Next::Receive => {
                let event = client.receive(&mut input).unwrap().unwrap();
                opening.observe(&event);
            }
            Next::StartTls => {
                client.tls_established().unwrap();
                opening.tls_established();
                tls = true;
            }
            Next::Finished(result) => {
                return (tls, result.map_err(|failure| failure.to_string()));
            }
        }
    }
}

/// In clear never: not where STLS was left out of this build, nor where nobody can ask for it.
#[test]
fn a_connection_that_is_to_be_protected_is_opened_by_stls_or_not_at_all() {
    for security in [Security::StartTls, Security::StartTlsIfAvailable] {
        for answer in ["+OK\r\n", "-ERR\r\n", "-ERR [SYS/TEMP] not just now\r\n"] {
            let left_out = SendError::NotAvailable(CommandKind::Stls).to_string();
            let expected = if !cfg!(feature = "stls") {
                (false, Err(left_out))
            } else if answer.starts_with("+OK") {
                (true, Ok(()))
            } else {
                (false, Err(OpeningFailure::StlsRefused.to_string()))
            };
            assert_eq!(open(security, answer), expected, "{security}, {answer:?}");
        }
    }
}
