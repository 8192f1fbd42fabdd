//! What a session remembers and forgets, and when it may be sent what: the tables are in `exhaustive/states.rs`.

mod common;
mod oracle;

use common::{feed, greeted, logged_in};
use oracle::commands::Asked;
use pop3_proto::{
    Client, Command, CommandKind, Config, Event, MessageNumber, Pipelining, ReceiveError,
    SendError, State, Waiting,
};

type Default = Client<8, 512>;

fn send(client: &mut Default, kind: CommandKind) -> Result<(), SendError> {
    client
        .send(
            &Asked::new(kind, MessageNumber::FIRST).command(),
            &mut [0; 100],
        )
        .map(|_| ())
}

/// A client in this state.
fn in_state(state: State) -> Default {
    let mut client = match state {
        State::Greeting => Client::new(),
        State::Transaction => logged_in(),
        State::Quitting | State::Closed => {
            let mut client: Default = logged_in();
            send(&mut client, CommandKind::Quit).unwrap();
            client
        }
        _ => greeted(),
    };
    match state {
        State::StartTls => {
            send(&mut client, CommandKind::Stls).unwrap();
            feed(&mut client, b"+OK\r\n", &mut Vec::new());
        }
        State::Closed => feed(&mut client, b"+OK\r\n", &mut Vec::new()),
        State::Failed => client.abort(),
        _ => {}
    }
    assert_eq!(client.state(), state);
    client
}

const STATES: [State; 7] = [
    State::Greeting,
    State::Authorization,
    State::StartTls,
    State::Transaction,
    State::Quitting,
    State::Closed,
    State::Failed,
];

#[test]
fn a_client_that_was_reset_is_as_new_in_all_but_its_choices() {
    let config = Config::new().blank_lines(1);
    let new: Default = Client::with_config(config);
    let mut client = new.clone();
    let mut seen = Vec::new();
    feed(&mut client, b"+OK <1@a>\r\n", &mut seen);
    send(&mut client, CommandKind::User).unwrap();
    feed(&mut client, b"+OK\r\n", &mut seen);
    send(&mut client, CommandKind::Pass).unwrap();
    feed(&mut client, b"+OK\r\n", &mut seen);
    send(&mut client, CommandKind::Capa).unwrap();
    feed(&mut client, b"+OK\r\nTOP\r\n.\r\n", &mut seen);
    send(&mut client, CommandKind::Top).unwrap();
    // In the middle of a message, of a status line, of the first line that may be an empty one, and broken.
    for rest in ["+OK\r\n.", "+OK half of a li", "\r\n", "220\r\n"] {
        let mut used = client.clone();
        feed(&mut used, rest.as_bytes(), &mut seen);
        assert_ne!(format!("{used:?}"), format!("{new:?}"));
        used.reset();
        assert_eq!(format!("{used:?}"), format!("{new:?}"), "{rest:?}");
        feed(&mut used, b"+OK ready\r\n", &mut seen);
        assert_eq!(used.state(), State::Authorization);
    }
}

#[test]
fn pass_must_follow_an_accepted_user_at_once() {
    let mut client: Default = greeted();
    assert_eq!(
        send(&mut client, CommandKind::Pass),
        Err(SendError::UserFirst)
    );
    send(&mut client, CommandKind::User).unwrap();
    assert!(matches!(
        send(&mut client, CommandKind::Pass),
        Err(SendError::Awaiting(_))
    ));
    feed(&mut client, b"-ERR\r\n", &mut Vec::new());
    assert_eq!(
        send(&mut client, CommandKind::Pass),
        Err(SendError::UserFirst)
    );
    send(&mut client, CommandKind::User).unwrap();
    feed(&mut client, b"+OK\r\n", &mut Vec::new());
    send(&mut client, CommandKind::Capa).unwrap();
    feed(&mut client, b"-ERR\r\n", &mut Vec::new());
    assert_eq!(
        send(&mut client, CommandKind::Pass),
        Err(SendError::UserFirst)
    );
}

#[test]
fn capabilities_are_forgotten_at_stls_and_at_the_login() {
    let capa = |client: &mut Default, reply: &[u8]| {
        send(client, CommandKind::Capa).unwrap();
        feed(client, reply, &mut Vec::new());
    };
    let list = b"+OK\r\nPIPELINING\r\nSTLS\r\n.\r\n";
    let mut client: Default = greeted();
    assert!(client.capabilities().is_none(), "never asked");
    capa(&mut client, list);
    assert!(client.capabilities().is_some());
    send(&mut client, CommandKind::Stls).unwrap();
    feed(&mut client, b"+OK\r\n", &mut Vec::new());
    client.tls_established().unwrap();
    assert!(client.capabilities().is_none(), "forgotten at STLS");
    capa(&mut client, list);
    capa(&mut client, b"-ERR\r\n");
    assert!(client.capabilities().is_none(), "refused");
    capa(&mut client, list);
    let mut login = |reply: &[u8]| {
        send(&mut client, CommandKind::User).unwrap();
        feed(&mut client, b"+OK\r\n", &mut Vec::new());
        send(&mut client, CommandKind::Pass).unwrap();
        feed(&mut client, reply, &mut Vec::new());
        client.capabilities()
    };
    assert!(
        login(b"-ERR\r\n").is_some(),
        "a refused log-in changes nothing"
    );
    login(b"+OK\r\n");
    assert!(client.capabilities().is_none(), "forgotten at the log-in");
}

#[test]
fn commands_are_pipelined_only_when_it_is_announced_and_no_deeper_than_depth() {
    let mut client: Client<2, 64> = logged_in();
    let mut out = [0; 100];
    let _ = client.send(&Command::Capa, &mut out).unwrap();
    assert!(matches!(
        client.send(&Command::Stat, &mut out),
        Err(SendError::Awaiting(_))
    ));
    feed(&mut client, b"+OK\r\nPIPELINING\r\n.\r\n", &mut Vec::new());
    let _ = client.send(&Command::Stat, &mut out).unwrap();
    let _ = client.send(&Command::Stat, &mut out).unwrap();
    assert_eq!(
        client.send(&Command::Stat, &mut out),
        Err(SendError::PipelineFull)
    );
    assert_eq!(client.in_flight(), 2);
    feed(&mut client, b"+OK 1 1\r\n", &mut Vec::new());
    let _ = client.send(&Command::Stat, &mut out).unwrap();
}

#[test]
fn tls_may_begin_before_the_greeting_or_behind_stls_and_never_else() {
    for state in STATES {
        let mut client = in_state(state);
        let allowed = matches!(state, State::Greeting | State::StartTls);
        assert_eq!(client.tls_established().is_ok(), allowed, "{state:?}");
    }
    let mut client: Default = Client::new();
    client.tls_established().unwrap();
    feed(&mut client, b"+OK <1@a.b>\r\n", &mut Vec::new());
    assert_eq!(
        send(&mut client, CommandKind::Stls),
        Err(SendError::AlreadyTls)
    );
    send(&mut client, CommandKind::Apop).expect("the timestamp came inside TLS");
}

#[test]
fn the_end_of_the_connection_is_fine_only_after_the_end_of_the_session() {
    for state in STATES {
        let mut client = in_state(state);
        let result = client.receive_eof();
        if state == State::Closed {
            assert_eq!(result, Ok(()));
        } else {
            let error = result.expect_err("cut short");
            assert_eq!(client.state(), State::Failed);
            assert_eq!(client.receive(&mut &b"+OK\r\n"[..]), Err(error), "it stays");
            assert_eq!(client.receive_eof(), Err(error));
        }
    }
}

#[test]
fn an_aborted_session_says_what_it_was_waiting_for() {
    let mut client: Default = logged_in();
    send(&mut client, CommandKind::Retr).unwrap();
    let waiting = client.waiting_for();
    assert!(matches!(waiting, Some(Waiting::Reply(_))));
    client.abort();
    assert_eq!(client.waiting_for(), None);
    assert_eq!(
        client.receive(&mut &b"+OK\r\n"[..]),
        Err(ReceiveError::Aborted { waiting })
    );
    let mut closed = in_state(State::Closed);
    closed.abort();
    assert_eq!(closed.state(), State::Closed, "what is over cannot break");
}

#[test]
fn octets_behind_stls_are_an_error_also_for_a_driver_that_leaves_them_lying() {
    let mut client: Default = greeted();
    send(&mut client, CommandKind::Stls).unwrap();
    let mut input: &[u8] = b"+OK begin\r\n+OK injected\r\n+OK injected\r\n";
    let event = client.receive(&mut input).unwrap();
    assert!(matches!(event, Some(Event::StartTls { .. })));
    let error = ReceiveError::PlaintextAfterStls;
    assert_eq!(client.tls_established(), Err(SendError::Failed(error)));
    assert_eq!(client.state(), State::Failed);
    assert_eq!(client.receive(&mut input), Err(error));
    assert_eq!(
        send(&mut client, CommandKind::User),
        Err(SendError::Failed(error))
    );
}

#[test]
fn a_greeting_that_began_in_clear_is_none_inside_tls() {
    let mut client: Default = Client::new();
    feed(&mut client, b"+OK in cle", &mut Vec::new());
    client.tls_established().unwrap_err();
    assert!(!client.is_tls());
    feed(&mut client, b"ar\r\n", &mut Vec::new());
    assert_eq!(client.state(), State::Authorization);
    let mut client: Default = Client::new();
    client.tls_established().unwrap();
    client.tls_established().unwrap_err();
    assert!(client.is_tls());
}

#[test]
fn a_farewell_answers_all_that_is_in_flight() {
    let mut client: Default = logged_in();
    feed(&mut client, b"-ER", &mut Vec::new());
    send(&mut client, CommandKind::Quit).unwrap();
    feed(&mut client, b"R idle\r\n", &mut Vec::new());
    assert_eq!(client.state(), State::Closed);
    assert_eq!(client.in_flight(), 0);
}

#[test]
fn pipelining_begins_when_it_is_announced_after_the_login_and_can_be_switched_off() {
    for (config, second) in [
        (Config::new(), Ok(())),
        (
            Config::new().pipelining(Pipelining::Off),
            Err(CommandKind::Stat),
        ),
    ] {
        let mut client: Default = Client::with_config(config);
        let mut noted = Vec::new();
        feed(&mut client, b"+OK\r\n", &mut noted);
        for (kind, reply) in [
            (CommandKind::Capa, &b"+OK\r\nUSER\r\n.\r\n"[..]),
            (CommandKind::User, b"+OK\r\n"),
            (CommandKind::Pass, b"+OK\r\n"),
            (CommandKind::Capa, b"+OK\r\nPIPELINING\r\n.\r\n"),
        ] {
            send(&mut client, kind).unwrap();
            feed(&mut client, reply, &mut noted);
        }
        send(&mut client, CommandKind::Stat).unwrap();
        let result = send(&mut client, CommandKind::Uidl).map_err(|error| match error {
            SendError::Awaiting(request) => request.kind,
            other => panic!("{other}"),
        });
        assert_eq!(result, second);
    }
}

#[test]
fn capabilities_that_are_refused_after_the_login_are_not_those_from_before() {
    let mut client: Default = greeted();
    let mut noted = Vec::new();
    for (kind, reply) in [
        (CommandKind::Capa, &b"+OK\r\nPIPELINING\r\n.\r\n"[..]),
        (CommandKind::User, b"+OK\r\n"),
        (CommandKind::Pass, b"+OK\r\n"),
        (CommandKind::Capa, b"-ERR not now\r\n"),
    ] {
        send(&mut client, kind).unwrap();
        feed(&mut client, reply, &mut noted);
    }
    assert_eq!(client.capabilities(), None);
}

#[test]
fn capabilities_are_forgotten_at_a_log_in_by_apop_too() {
    let mut client: Default = greeted();
    for (kind, reply) in [
        (CommandKind::Capa, &b"+OK\r\nPIPELINING\r\n.\r\n"[..]),
        (CommandKind::Apop, b"+OK\r\n"),
    ] {
        send(&mut client, kind).unwrap();
        feed(&mut client, reply, &mut Vec::new());
    }
    assert_eq!(client.state(), State::Transaction);
    assert_eq!(client.capabilities(), None);
}
