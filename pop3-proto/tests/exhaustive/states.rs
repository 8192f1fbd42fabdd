//! The states, and where each reply to each command leads: a table written from RFC 1939 sections 4 to 7, RFC 2449
//! section 5, RFC 2595 section 4, RFC 5034 section 4 and RFC 6856 sections 2 and 3, against the client.

use crate::oracle::commands::Asked;
use pop3_proto::{
    Client, CommandKind, Event, MessageNumber, ReceiveError, Request, SendError, Sent, State,
};

/// In each state, where `+OK`, where `-ERR` and, if it may be answered with one, where a challenge to a command leads; `-`: the
/// command is not allowed; `!`: this breaks the session.
///
/// `user`: AUTHORIZATION, behind a USER that was accepted. `utf8`, `utf8-user`: the same, and UTF8 was sent. `tls`, `tls-user`: the
/// same inside TLS, where there is no STLS that UTF8 could forbid. `sasl`: a challenge is to be answered. `stls`: behind `+OK` to
/// STLS. `update`: QUIT was sent.
const TABLE: &str = "
            greet  auth             user             utf8             utf8-user        tls             tls-user        sasl             stls  trans          update  closed  failed
USER        -      user/auth        user/auth        utf8-user/utf8   utf8-user/utf8   tls-user/tls    tls-user/tls    -                -     -              -       -       -
PASS        -      -                trans/auth       -                trans/utf8       -               trans/tls       -                -     -              -       -       -
APOP        -      trans/auth       trans/auth       trans/utf8       trans/utf8       trans/tls       trans/tls       -                -     -              -       -       -
AUTH        -      trans/auth/sasl  trans/auth/sasl  trans/utf8/sasl  trans/utf8/sasl  trans/tls/sasl  trans/tls/sasl  -                -     -              -       -       -
(response)  -      -                -                -                -                -               -               trans/auth/sasl  -     -              -       -       -
*           -      -                -                -                -                -               -               !/auth           -     -              -       -       -
UTF8        -      utf8/utf8        utf8/utf8        utf8/utf8        utf8/utf8        tls/tls         tls/tls         -                -     trans/trans    -       -       -
LANG        -      auth/auth        auth/auth        utf8/utf8        utf8/utf8        tls/tls         tls/tls         -                -     trans/trans    -       -       -
CAPA        -      auth/auth        auth/auth        utf8/utf8        utf8/utf8        tls/tls         tls/tls         -                -     trans/trans    -       -       -
STLS        -      stls/auth        stls/auth        -                -                -               -               -                -     -              -       -       -
STAT        -      -                -                -                -                -               -               -                -     trans/trans    -       -       -
LIST        -      -                -                -                -                -               -               -                -     trans/trans    -       -       -
UIDL        -      -                -                -                -                -               -               -                -     trans/trans    -       -       -
RETR        -      -                -                -                -                -               -               -                -     trans/trans    -       -       -
TOP         -      -                -                -                -                -               -               -                -     trans/trans    -       -       -
DELE        -      -                -                -                -                -               -               -                -     trans/trans    -       -       -
NOOP        -      -                -                -                -                -               -               -                -     trans/trans    -       -       -
RSET        -      -                -                -                -                -               -               -                -     trans/trans    -       -       -
QUIT        -      closed/closed    closed/closed    closed/closed    closed/closed    closed/closed   closed/closed   -                -     closed/closed  -       -       -
";

type Small = Client<1, 64>;

fn send(client: &mut Small, kind: CommandKind, out: &mut [u8]) -> Result<Sent, SendError> {
    client.send(&Asked::new(kind, MessageNumber::FIRST).command(), out)
}

fn hear(client: &mut Small, mut octets: &[u8]) {
    while let Some(event) = client.receive(&mut octets).expect("a reply") {
        assert!(!matches!(event, Event::Unparsed { .. }), "{event:?}");
    }
}

/// Sends each command and hears `+OK` to it.
fn go(client: &mut Small, commands: &[CommandKind]) {
    for &kind in commands {
        let _ = send(client, kind, &mut [0; 64]).expect("allowed");
        hear(client, b"+OK\r\n");
    }
}

/// A client in the state of that name.
fn in_state(name: &str) -> Small {
    use CommandKind::{Auth, Pass, Quit, Stls, User, Utf8};
    let mut client = Small::new();
    if name.starts_with("tls") {
        client.tls_established().expect("before the greeting");
    }
    if name != "greet" {
        hear(&mut client, b"+OK <1@a.b>\r\n");
    }
    match name {
        "user" | "tls-user" => go(&mut client, &[User]),
        "utf8" => go(&mut client, &[Utf8]),
        "utf8-user" => go(&mut client, &[Utf8, User]),
        "sasl" => {
            let _ = send(&mut client, Auth, &mut [0; 64]).expect("allowed");
            hear(&mut client, b"+ \r\n");
        }
        "stls" => go(&mut client, &[Stls]),
        "trans" => go(&mut client, &[User, Pass]),
        "update" => {
            go(&mut client, &[User, Pass]);
            let _ = send(&mut client, Quit, &mut [0; 64]).expect("allowed");
        }
        "closed" => go(&mut client, &[User, Pass, Quit]),
        "failed" => client.abort(),
        _ => {}
    }
    assert_eq!(name_of(&client), name);
    client
}

/// The state in which a client is.
fn name_of(client: &Small) -> &'static str {
    let user = client.check(CommandKind::Pass).is_ok();
    let utf8 = client.check(CommandKind::Stls) == Err(SendError::StlsAfterUtf8);
    let sasl = client.check(CommandKind::Response).is_ok();
    match (client.state(), client.is_tls(), user, utf8) {
        (State::Greeting, ..) => "greet",
        (State::Authorization, ..) if sasl => "sasl",
        (State::Authorization, false, false, false) => "auth",
        (State::Authorization, false, true, false) => "user",
        (State::Authorization, false, false, true) => "utf8",
        (State::Authorization, false, true, true) => "utf8-user",
        (State::Authorization, true, false, _) => "tls",
        (State::Authorization, true, true, _) => "tls-user",
        (State::StartTls, ..) => "stls",
        (State::Transaction, ..) => "trans",
        (State::Quitting, ..) => "update",
        (State::Closed, ..) => "closed",
        (State::Failed, ..) => "failed",
        (other, ..) => panic!("{other:?} is new: add it to the table"),
    }
}

/// The cells of the table: the state, the command, and where its replies lead.
fn cells() -> Vec<(&'static str, CommandKind, &'static str)> {
    let mut lines = TABLE.trim().lines();
    let states: Vec<&str> = lines.next().expect("a head").split_whitespace().collect();
    let mut cells = Vec::new();
    for line in lines {
        let mut words = line.split_whitespace();
        let keyword = words.next().expect("a keyword");
        let leads: Vec<&str> = words.collect();
        assert_eq!(leads.len(), states.len(), "{keyword}");
        let kinds = CommandKind::ALL
            .iter()
            .filter(|kind| kind.keyword() == keyword);
        for &kind in kinds {
            cells.extend(
                states
                    .iter()
                    .zip(&leads)
                    .map(|(&state, &leads)| (state, kind, leads)),
            );
        }
    }
    assert_eq!(cells.len(), 13 * CommandKind::ALL.len());
    cells
}

/// Whether there is a state within AUTHORIZATION that allows it.
fn is_for_authorization(kind: CommandKind) -> bool {
    let allowed = |(state, one, leads): &(&str, CommandKind, &str)| {
        *one == kind && matches!(*state, "auth" | "user") && *leads != "-"
    };
    cells().iter().any(allowed)
}

#[test]
fn each_state_allows_what_the_table_says_and_nothing_else() {
    for (name, kind, leads) in cells() {
        let mut client = in_state(name);
        let before = format!("{client:?}");
        let checked = client.check(kind);
        let mut out = [b'#'; 64];
        let result = send(&mut client, kind, &mut out).map(|_| ());
        assert_eq!(checked, result, "{kind:?}, {name}");
        let state = in_state(name).state();
        let expected = match (kind, name) {
            _ if leads != "-" => Ok(()),
            (CommandKind::Pass, "auth" | "tls" | "utf8") => Err(SendError::UserFirst),
            (CommandKind::Stls, "tls" | "tls-user") => Err(SendError::AlreadyTls),
            (CommandKind::Stls, "utf8" | "utf8-user") => Err(SendError::StlsAfterUtf8),
            (CommandKind::Response | CommandKind::Cancel, _) if state == State::Authorization => {
                Err(SendError::NoChallenge)
            }
            // Nothing but an answer to the challenge, but for what AUTHORIZATION does not allow at all.
            (_, "sasl") if is_for_authorization(kind) => Err(SendError::Awaiting(Request {
                kind: CommandKind::Auth,
                message: None,
            })),
            (_, "failed") => Err(SendError::Failed(ReceiveError::Aborted {
                waiting: Some(pop3_proto::Waiting::Greeting),
            })),
            _ => Err(SendError::WrongState {
                command: kind,
                state,
            }),
        };
        match (result, expected) {
            (Err(SendError::Failed(_)), Err(SendError::Failed(_))) => {}
            _ => assert_eq!(result, expected, "{kind:?}, {name}"),
        }
        if result.is_err() {
            assert_eq!(out, [b'#'; 64], "{kind:?}, {name}");
            assert_eq!(format!("{client:?}"), before, "{kind:?}, {name}");
        }
    }
}

#[test]
fn each_reply_to_each_command_leads_where_the_table_says() {
    let mut tried = 0;
    for (name, kind, leads) in cells() {
        let mut leads = leads.split('/');
        let (Some(accepted), Some(refused), challenged) =
            (leads.next(), leads.next(), leads.next())
        else {
            continue;
        };
        for (reply, leads) in [
            (&b"+OK 1 1\r\n"[..], accepted),
            (b"+ok 1 1\n", accepted),
            (b"-ERR\r\n", refused),
            (b"-err no\n", refused),
        ] {
            let mut client = in_state(name);
            let _ = send(&mut client, kind, &mut [0; 64]).expect("allowed");
            assert_eq!(client.in_flight(), 1);
            tried += 1;
            if leads == "!" {
                let error = client.receive(&mut &reply[..]);
                assert_eq!(error, Err(ReceiveError::CancelAccepted));
                assert_eq!(client.state(), State::Failed);
                continue;
            }
            hear(&mut client, reply);
            if client.in_flight() == 1 {
                // The rest of a multi-line reply changes no state.
                assert!(kind.is_multi_line() && reply[0] == b'+', "{kind:?}");
                assert_eq!(client.state(), in_state(leads).state(), "{kind:?}, {name}");
                hear(
                    &mut client,
                    &[b".", &reply[7.min(reply.len() - 1)..]].concat(),
                );
            }
            assert_eq!(client.in_flight(), 0, "{kind:?}, {name}");
            assert_eq!(name_of(&client), leads, "{kind:?}, {name}, {reply:?}");
        }
        // Neither is success, nor a refusal (RFC 1939 section 3).
        for reply in [
            &b"+\r\n"[..],
            b"+ x\r\n",
            b"+ERR\r\n",
            b"+OKAY\r\n",
            b"OK\r\n",
            b"-\r\n",
            b"-ERRX\r\n",
            b"\r\n",
        ] {
            let mut client = in_state(name);
            let sent = send(&mut client, kind, &mut [0; 64]).expect("allowed");
            tried += 1;
            if let (Some(leads), b"+\r\n" | b"+ x\r\n") = (challenged, reply) {
                hear(&mut client, reply);
                assert_eq!((name_of(&client), client.in_flight()), (leads, 1));
                continue;
            }
            let error = client.receive(&mut &reply[..]).expect_err("no reply");
            let request = Some(sent.request);
            assert_eq!(
                error,
                ReceiveError::NotAReply { request },
                "{kind:?}, {name}"
            );
            assert_eq!(name_of(&client), "failed");
        }
    }
    assert_eq!(
        tried,
        12 * cells().iter().filter(|cell| cell.2 != "-").count()
    );
}
