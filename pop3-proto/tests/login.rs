//! The opening and the log-in against servers of every mood: what was sent, in order, and what came of it.

mod common;

use pop3_proto::login::{
    ApopOutcome, Authentication, Credentials, Login, LoginFailure, LoginMethod, LoginPolicy,
    LoginReport, Next, Opening, OpeningFailure, Security,
};
use pop3_proto::{Client, Command, CommandKind, Event, Request, Text};
use std::collections::VecDeque;

const APOP_GREETING: &str = "+OK <1896.697170952@dbc.mtview.ca.us>";

/// A server that plays its replies, one a command, the greeting first.
struct Server {
    replies: VecDeque<&'static str>,
    client: Client<1, 128>,
    commands: Vec<String>,
}

impl Server {
    fn new(replies: &[&'static str]) -> Self {
        Self {
            replies: replies.iter().copied().collect(),
            client: Client::new(),
            commands: Vec::new(),
        }
    }

    fn send(&mut self, command: &Command<'_>) {
        let mut out = [0; 128];
        let sent = self.client.send(command, &mut out).expect("allowed");
        let line = String::from_utf8(out[..sent.octets].to_vec()).unwrap();
        self.commands.push(line.trim_end().to_owned());
    }

    /// Receives one whole reply, and shows each event of it.
    fn receive(&mut self, mut observe: impl FnMut(&Event<'_>)) {
        let reply = format!(
            "{}\r\n",
            self.replies.pop_front().expect("a reply is there")
        );
        let mut input = reply.as_bytes();
        while let Some(event) = self.client.receive(&mut input).expect("a fine reply") {
            observe(&event);
        }
    }

    fn open(&mut self, security: Security) -> (Opening, Result<(), OpeningFailure>) {
        let mut opening = Opening::new(security);
        loop {
            match opening.next_step() {
                Next::Send(command) => {
                    self.send(&command);
                    opening.sent();
                }
                Next::Receive => self.receive(|event| opening.observe(event)),
                Next::StartTls => {
                    self.client.tls_established().unwrap();
                    opening.tls_established();
                    self.commands.push("(TLS)".to_owned());
                }
                Next::Finished(result) => return (opening, result),
            }
        }
    }

    fn login(&mut self, policy: LoginPolicy<'_>) -> Result<LoginReport, LoginFailure> {
        self.go_on(&mut Login::new(policy, credentials()))
    }

    fn go_on(&mut self, login: &mut Login<'_>) -> Result<LoginReport, LoginFailure> {
        loop {
            match login.next_step() {
                Next::Send(command) => {
                    self.send(&command);
                    login.sent();
                }
                Next::Receive => self.receive(|event| login.observe(event)),
                Next::Finished(result) => return result,
                other => panic!("{other:?} in a log-in"),
            }
        }
    }
}

/// Opens in clear and logs in: what was sent, and what came of it.
fn login(
    authentication: Authentication,
    ask_capabilities: bool,
    replies: &[&'static str],
) -> (Vec<String>, Result<LoginReport, LoginFailure>) {
    let mut server = Server::new(replies);
    let (opening, result) = server.open(Security::ClearText);
    assert_eq!(result, Ok(()));
    let report = server.login(
        LoginPolicy::new(authentication)
            .ask_capabilities(ask_capabilities)
            .apop_offered(opening.offers_apop()),
    );
    assert_eq!(server.replies.len(), 0, "every reply was waited for");
    (server.commands, report)
}

const USER: &str = "USER mrose";
const PASS: &str = "PASS tanstaaf";
const APOP: &str = "APOP mrose c4c9334bac560ecc979e58001b3e22fb";

fn by(used: LoginMethod, apop: ApopOutcome) -> Result<(LoginMethod, ApopOutcome), LoginFailure> {
    Ok((used, apop))
}

fn credentials() -> Credentials<'static> {
    Credentials::new(b"mrose", "tanstaaf".into())
}

#[test]
fn user_and_pass() {
    let policy = Authentication::UserPass;
    let (sent, result) = login(policy, false, &[APOP_GREETING, "+OK", "+OK"]);
    assert_eq!(sent, [USER, PASS], "APOP is never used by itself");
    assert_eq!(
        result.map(|report| (report.used, report.apop)),
        by(LoginMethod::UserPass, ApopOutcome::NotTried)
    );

    let (sent, result) = login(policy, false, &["+OK", "-ERR"]);
    assert_eq!(sent, [USER], "a refused name gets no password");
    assert_eq!(result, Err(LoginFailure::Refused(CommandKind::User)));

    let (sent, result) = login(policy, false, &["+OK", "+OK", "-ERR"]);
    assert_eq!(sent, [USER, PASS]);
    assert_eq!(result, Err(LoginFailure::Refused(CommandKind::Pass)));
}

/// The log-in was made before the connection was there.
#[test]
fn a_log_in_is_told_of_its_connection() {
    for (ask, replies, commands) in [
        (
            true,
            &["+OK", "-ERR", "+OK", "+OK", "-ERR"][..],
            &["CAPA", USER, PASS, "CAPA"][..],
        ),
        (false, &["+OK", "+OK", "+OK"], &[USER, PASS]),
    ] {
        let policy = LoginPolicy::new(Authentication::ApopThenUserPass)
            .apop_offered(true)
            .ask_capabilities(ask);
        let mut login = Login::new(policy, credentials());
        login.connected(false, true, None);
        assert!(!login.policy().apop_offered && login.policy().tls);
        let mut server = Server::new(replies);
        server.receive(|_| {});
        let report = server.go_on(&mut login).expect("the log-in succeeds");
        assert_eq!(server.commands, commands);
        assert_eq!(report.apop, ApopOutcome::NotOffered);
        assert_eq!((report.used, report.tls), (LoginMethod::UserPass, true));
    }
}

/// Not even to a log-in that has only asked for capabilities, which are those of its server, or that has failed, or has succeeded:
/// its nonce is used up.
#[test]
fn a_log_in_is_for_one_connection() {
    let spent = LoginFailure::AlreadyBegun;
    for (ask, replies) in [
        (true, &["+OK"][..]),
        (true, &["+OK", "-ERR", "-ERR"]),
        (false, &["+OK"]),
        (false, &["+OK", "-ERR"]),
        (false, &["+OK", "+OK", "+OK"]),
    ] {
        let policy = LoginPolicy::new(Authentication::UserPass).ask_capabilities(ask);
        let mut login = Login::new(policy, credentials());
        login.connected(false, true, None);
        // That nothing was sent yet can be said again.
        login.connected(false, false, None);
        let mut server = Server::new(replies);
        server.receive(|_| {});
        if replies.len() == 1 {
            let Next::Send(command) = login.next_step() else {
                panic!("{login:?}");
            };
            server.send(&command);
            login.sent();
        } else {
            let _ = server.go_on(&mut login);
        }
        let sent = server.commands.len();
        login.connected(false, true, None);
        assert_eq!(server.go_on(&mut login), Err(spent));
        assert_eq!(server.commands.len(), sent);
        assert!(!login.policy().tls);
    }
    assert_eq!(
        spent.to_string(),
        "the log-in was begun on another connection: this one takes a new one"
    );
}

#[test]
fn capabilities_are_asked_for_before_and_after() {
    let list = "+OK\r\nUIDL\r\n.";
    let policy = Authentication::UserPass;
    let (sent, result) = login(policy, true, &["+OK", list, "+OK", "+OK", list]);
    assert_eq!(sent, ["CAPA", USER, PASS, "CAPA"]);
    assert!(result.is_ok());
    let (sent, result) = login(policy, true, &["+OK", "-ERR", "+OK", "+OK", "-ERR"]);
    assert_eq!(
        sent,
        ["CAPA", USER, PASS, "CAPA"],
        "a refusal is no failure"
    );
    assert!(result.is_ok());
}

#[test]
fn apop_only() {
    let policy = Authentication::ApopOnly;
    let (sent, result) = login(policy, false, &[APOP_GREETING, "+OK"]);
    assert_eq!(sent, [APOP]);
    assert_eq!(
        result.map(|report| (report.used, report.apop)),
        by(LoginMethod::Apop, ApopOutcome::Accepted)
    );

    let (sent, result) = login(policy, false, &[APOP_GREETING, "-ERR"]);
    assert_eq!(sent, [APOP], "no password follows");
    assert_eq!(result, Err(LoginFailure::Refused(CommandKind::Apop)));

    let (sent, result) = login(policy, false, &["+OK no timestamp"]);
    assert_eq!(sent, [""; 0]);
    assert_eq!(result, Err(LoginFailure::ApopNotOffered));
}

#[test]
fn apop_then_user_and_pass_only_by_its_own_name() {
    let policy = Authentication::ApopThenUserPass;
    let (sent, result) = login(policy, false, &[APOP_GREETING, "+OK"]);
    assert_eq!(sent, [APOP]);
    assert_eq!(
        result.map(|report| (report.used, report.apop)),
        by(LoginMethod::Apop, ApopOutcome::Accepted)
    );

    let (sent, result) = login(policy, false, &[APOP_GREETING, "-ERR", "+OK", "+OK"]);
    assert_eq!(sent, [APOP, USER, PASS]);
    assert_eq!(
        result.map(|report| (report.used, report.apop)),
        by(LoginMethod::UserPass, ApopOutcome::Refused)
    );
    assert_eq!(
        result.unwrap().to_string(),
        "USER/PASS, since APOP was refused"
    );

    let (sent, result) = login(policy, false, &["+OK", "+OK", "+OK"]);
    assert_eq!(sent, [USER, PASS]);
    assert_eq!(
        result.map(|report| (report.used, report.apop)),
        by(LoginMethod::UserPass, ApopOutcome::NotOffered)
    );

    let (_, result) = login(policy, false, &[APOP_GREETING, "-ERR", "+OK", "-ERR"]);
    assert_eq!(result, Err(LoginFailure::Refused(CommandKind::Pass)));
}

#[test]
fn stls_comes_before_anything_else_and_takes_the_timestamp_with_it() {
    let mut server = Server::new(&[APOP_GREETING, "+OK begin", "+OK", "+OK"]);
    let (opening, result) = server.open(Security::StartTls);
    assert_eq!(result, Ok(()));
    assert!(!opening.offers_apop());
    let policy = LoginPolicy::new(Authentication::UserPass)
        .ask_capabilities(false)
        .apop_offered(opening.offers_apop());
    server.login(policy).unwrap();
    assert_eq!(server.commands, ["STLS", "(TLS)", USER, PASS]);
}

#[test]
fn without_stls_no_credentials_are_sent() {
    let mut server = Server::new(&[APOP_GREETING, "-ERR not here"]);
    let (_, result) = server.open(Security::StartTls);
    assert_eq!(result, Err(OpeningFailure::StlsRefused));
    assert_eq!(server.commands, ["STLS"]);
}

#[test]
fn a_server_that_refuses_the_connection() {
    for security in [Security::StartTls, Security::ClearText] {
        let mut server = Server::new(&["-ERR too many connections"]);
        let (_, result) = server.open(security);
        assert_eq!(result, Err(OpeningFailure::Dismissed));
        assert_eq!(server.commands, [""; 0]);
    }
}

#[test]
fn a_server_that_says_goodbye_instead_of_capabilities() {
    // -ERR to nothing: behind the refused CAPA comes another.
    let mut server = Server::new(&["+OK", "-ERR what?\r\n-ERR idle"]);
    server.open(Security::ClearText).1.unwrap();
    let result = server.login(
        LoginPolicy::new(Authentication::UserPass)
            .ask_capabilities(true)
            .apop_offered(false),
    );
    assert_eq!(result, Err(LoginFailure::Dismissed));
    assert_eq!(server.commands, ["CAPA"]);
}

#[test]
fn every_failure_says_what_it_is() {
    for text in [
        LoginFailure::ApopNotOffered.to_string(),
        LoginFailure::Refused(CommandKind::Pass).to_string(),
        LoginFailure::Dismissed.to_string(),
        OpeningFailure::StlsRefused.to_string(),
        OpeningFailure::Dismissed.to_string(),
    ] {
        assert!(
            text.starts_with("the server") || text.starts_with("APOP"),
            "{text}"
        );
    }
    assert_eq!(Security::StartTls.to_string(), "STLS");
    assert_eq!(
        Authentication::ApopThenUserPass.to_string(),
        "APOP, else USER/PASS"
    );
    assert_eq!(Security::ImplicitTls.default_port(), 995);
    assert_eq!(Security::StartTls.default_port(), 110);
    assert_eq!(Security::ClearText.default_port(), 110);
}

#[test]
fn asking_changes_nothing_until_the_command_is_sent() {
    let credentials = credentials();
    let mut login = Login::new(LoginPolicy::new(Authentication::UserPass), credentials);
    for _ in 0..3 {
        assert!(matches!(login.next_step(), Next::Send(Command::Capa)));
    }
    login.sent();
    assert!(matches!(login.next_step(), Next::Receive));
    let mut opening = Opening::new(Security::StartTls);
    opening.sent();
    assert!(matches!(opening.next_step(), Next::Receive), "the greeting");
}

#[test]
fn only_the_answer_to_the_command_itself_counts() {
    let credentials = credentials();
    let text = Text::default();
    let request = |kind| Request {
        kind,
        message: None,
    };
    let done = |kind| Event::Done {
        request: request(kind),
        text,
    };
    let policy = LoginPolicy::new(Authentication::ApopOnly)
        .ask_capabilities(false)
        .apop_offered(true);
    let mut login = Login::new(policy, credentials);
    login.observe(&done(CommandKind::Apop));
    assert!(
        matches!(login.next_step(), Next::Send(_)),
        "nothing is sent yet"
    );
    login.sent();
    for event in [
        done(CommandKind::Capa),
        done(CommandKind::Quit),
        Event::End {
            request: request(CommandKind::Capa),
        },
        Event::Rejected {
            request: request(CommandKind::Capa),
            text,
        },
        Event::StartTls {
            request: request(CommandKind::Stls),
            text,
        },
        Event::Greeting { text, apop: true },
    ] {
        login.observe(&event);
        assert!(matches!(login.next_step(), Next::Receive), "{event:?}");
    }
    login.observe(&done(CommandKind::Apop));
    assert!(matches!(login.next_step(), Next::Finished(Ok(_))));
    login.observe(&Event::Farewell { text });
    assert!(
        matches!(login.next_step(), Next::Finished(Ok(_))),
        "what is finished stays so"
    );

    let mut opening = Opening::new(Security::StartTls);
    opening.observe(&Event::Greeting { text, apop: true });
    opening.sent();
    opening.observe(&Event::Rejected {
        request: request(CommandKind::Capa),
        text,
    });
    assert!(matches!(opening.next_step(), Next::Receive));
    opening.tls_established();
    assert!(
        matches!(opening.next_step(), Next::Receive),
        "STLS is not answered"
    );
}

#[test]
fn implicit_tls_comes_before_the_greeting() {
    let mut server = Server::new(&[APOP_GREETING, "+OK"]);
    let (opening, result) = server.open(Security::ImplicitTls);
    assert_eq!(result, Ok(()));
    assert!(opening.offers_apop(), "the timestamp came inside TLS");
    let policy = LoginPolicy::new(Authentication::ApopOnly)
        .ask_capabilities(false)
        .apop_offered(opening.offers_apop());
    server.login(policy).unwrap();
    assert_eq!(server.commands, ["(TLS)", APOP]);
    assert!(server.client.is_tls());
}

#[test]
fn what_was_not_asked_for_changes_nothing() {
    let credentials = Credentials::new(b"mrose", "tanstaaf".into());
    let mut login = Login::new(LoginPolicy::new(Authentication::UserPass), credentials);
    login.sent();
    // CAPA is sent, and its reply is due: to have sent something else now means nothing.
    login.sent();
    assert!(matches!(login.next_step(), Next::Receive));
    let mut opening = Opening::new(Security::ClearText);
    opening.sent();
    opening.tls_established();
    assert!(matches!(opening.next_step(), Next::Receive));
}

#[test]
fn the_reply_to_another_command_is_not_the_capabilities() {
    let credentials = Credentials::new(b"m\x1brose", "tanstaaf".into());
    assert_eq!(
        format!("{credentials:?}"),
        "Credentials { kind: Password, user: \"m\\u{1b}rose\", secret: ***, authorization_id: \"\", prepared: false }"
    );
    let mut login = Login::new(LoginPolicy::new(Authentication::UserPass), credentials);
    let done = |kind| Event::Done {
        request: Request {
            kind,
            message: None,
        },
        text: Text::default(),
    };
    let refused = |kind| Event::Rejected {
        request: Request {
            kind,
            message: None,
        },
        text: Text::default(),
    };
    for (event, another) in [
        (refused(CommandKind::Capa), done(CommandKind::Noop)),
        (done(CommandKind::User), done(CommandKind::Pass)),
        (done(CommandKind::Pass), done(CommandKind::User)),
        (refused(CommandKind::Capa), done(CommandKind::Pass)),
    ] {
        login.sent();
        login.observe(&another);
        let next = login.next_step();
        assert!(matches!(next, Next::Receive), "{next:?}");
        login.observe(&event);
        let next = login.next_step();
        assert!(!matches!(next, Next::Receive), "{next:?}");
    }
    let next = login.next_step();
    assert!(matches!(next, Next::Finished(Ok(_))), "{next:?}");
}

/// What was announced in clear counts for the log-in in clear, and is forgotten when TLS begins.
#[test]
fn the_list_that_stls_if_available_has_asked_for() {
    let plain = "+OK\r\nSASL PLAIN\r\nUSER\r\n.";
    let mut server = Server::new(&["+OK", plain]);
    let (opening, result) = server.open(Security::StartTlsIfAvailable);
    assert_eq!((server.commands.len(), result), (1, Ok(())));
    let offered = opening.offered().expect("it was asked");
    assert_eq!(offered.mechanisms.to_string(), "PLAIN");
    assert!(!opening.announced_stls());

    let stls = "+OK\r\nSASL PLAIN\r\nSTLS\r\n.";
    let mut server = Server::new(&["+OK", stls, "+OK"]);
    let (opening, result) = server.open(Security::StartTlsIfAvailable);
    assert_eq!(server.commands, ["CAPA", "STLS", "(TLS)"]);
    assert_eq!(result, Ok(()));
    assert_eq!(opening.offered(), None);
    assert!(opening.announced_stls());
}
