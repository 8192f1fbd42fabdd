//! A crate without its optional parts: what was left out is refused before anything is written, and all else is as it was.
//!
//! Run with no feature, and with `stls` alone.
#![cfg(not(any(
    feature = "apop",
    feature = "capa",
    feature = "lang",
    feature = "list",
    feature = "sasl",
    feature = "top",
    feature = "uidl"
)))]

use pop3_proto::login::{
    Authentication, Credentials, Login, LoginFailure, LoginMethod, LoginPolicy, Next, Opening,
    Security,
};
use pop3_proto::sasl::{Exchange, MechanismError, MechanismKind, Parameters, Plain};
use pop3_proto::{
    CapabilityKind, Client, Command, CommandKind, Event, MessageNumber, ReceiveError, SendError,
    State, Support,
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

#[test]
fn what_was_left_out_is_refused_and_nothing_is_written() {
    let plain = Plain::new(b"mrose", "tanstaaf".into());
    let auth = Command::Auth {
        mechanism: &plain,
        initial_response: true,
    };
    let message = MessageNumber::FIRST;
    let stls = [Command::Stls];
    let refused = [
        Command::List,
        Command::Uidl,
        Command::UidlOne(message),
        Command::Top { message, lines: 0 },
        Command::Capa,
        Command::Languages,
        Command::Lang("de"),
        auth,
        Command::Response(&plain),
        Command::Cancel,
    ];
    let stls = if cfg!(feature = "stls") {
        &[]
    } else {
        &stls[..]
    };
    let refused = [&refused, stls].concat();
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

#[test]
fn a_log_in_asks_for_no_capabilities() {
    let credentials = Credentials::new(b"mrose", "tanstaaf".into());
    for policy in [
        LoginPolicy::new(Authentication::UserPass),
        LoginPolicy::new(Authentication::ApopThenUserPass),
        LoginPolicy::new(Authentication::Auto).tls(true),
    ] {
        let (sent, result) = log_in(Login::new(policy, credentials));
        assert_eq!(sent, "USER mrose\nPASS ***\n");
        assert_eq!(result, Ok(LoginMethod::UserPass));
    }
}

#[test]
fn a_log_in_by_a_mechanism_sends_nothing() {
    let cancelled = (
        String::new(),
        Err(LoginFailure::Cancelled(MechanismError::NotAvailable)),
    );
    for kind in MechanismKind::ALL {
        assert!(!kind.is_available(), "{kind}");
        let parameters = Parameters::new(b"mrose", "tanstaaf".into());
        let error = Exchange::new(*kind, &parameters).map(|_| ()).unwrap_err();
        assert_eq!(error, MechanismError::NotAvailable);
    }
    let plain = LoginPolicy::new(Authentication::Mechanism(MechanismKind::Plain));
    let credentials = Credentials::new(b"mrose", "tanstaaf".into());
    assert_eq!(log_in(Login::new(plain, credentials)), cancelled);
    let mut own = Plain::new(b"mrose", "tanstaaf".into());
    assert_eq!(log_in(Login::with_mechanism(plain, &mut own)), cancelled);
    let policy = LoginPolicy::new(Authentication::Auto).tls(true);
    let (sent, result) = log_in(Login::new(policy, Credentials::external()));
    assert_eq!((&*sent, result), ("", Err(LoginFailure::NothingSuits)));
}

/// Opens the connection, to a server that answers STLS like this; whether TLS was begun.
#[cfg(feature = "stls")]
fn open(
    mut opening: Opening,
    answer: &str,
) -> (bool, Result<(), pop3_proto::login::OpeningFailure>) {
    let mut client = Client::<1>::new();
    let mut input: &[u8] = b"+OK ready\r\n";
    let mut tls = false;
    let mut out = [0; 64];
    let result = loop {
        match opening.next_step() {
            Next::Send(command) => {
                assert_eq!(command.kind(), CommandKind::Stls);
                let _ = client.send(&command, &mut out).unwrap();
                opening.sent();
                input = answer.as_bytes();
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
            Next::Finished(result) => break result,
        }
    };
    (tls, result)
}

/// Never in clear instead.
#[cfg(not(feature = "stls"))]
#[test]
fn a_connection_that_is_to_be_protected_is_not_opened_without_stls() {
    for security in [Security::StartTls, Security::StartTlsIfAvailable] {
        let mut client = Client::<1>::new();
        let mut opening = Opening::new(security);
        let greeting = client.receive(&mut &b"+OK ready\r\n"[..]);
        opening.observe(&greeting.unwrap().unwrap());
        let Next::Send(command) = opening.next_step() else {
            panic!("{opening:?}");
        };
        let error = SendError::NotAvailable(CommandKind::Stls);
        assert_eq!(client.send(&command, &mut [0; 64]), Err(error));
    }
}

#[cfg(feature = "stls")]
#[test]
fn stls_if_available_is_stls_or_nothing() {
    for security in [Security::StartTls, Security::StartTlsIfAvailable] {
        let opening = Opening::new(security);
        assert_eq!(open(opening.clone(), "+OK\r\n"), (true, Ok(())));
        for refusal in ["-ERR\r\n", "-ERR [SYS/TEMP] not just now\r\n"] {
            let refused = Err(pop3_proto::login::OpeningFailure::StlsRefused);
            assert_eq!(open(opening.clone(), refusal), (false, refused));
        }
    }
}
