//! What the small types say of themselves: commands, requests, events, texts, deadlines.

mod common;
mod oracle;

use common::{feed_cut, greeted, logged_in};
use oracle::sasl::Scripted;
use pop3_proto::sasl::{Mechanism, Plain};
use pop3_proto::{
    Client, Command, CommandKind, Deadline, Event, MessageNumber, SendError, Text, Waiting,
};

#[test]
fn commands_print_as_they_are_sent_but_for_secrets() {
    let message = MessageNumber::new(7).unwrap();
    let plain = Plain::new(b"tim", "tanstaaf".into());
    let odd = Scripted {
        name: "x\x1b\r\n".to_owned(),
        speaks_first: false,
        response: b"secret".to_vec(),
    };
    for (command, line) in [
        (Command::User(b"mrose"), "USER mrose"),
        (Command::User(b"m\x1brose"), "USER m\\u{1b}rose"),
        (Command::Pass("x".into()), "PASS ***"),
        (
            Command::Apop {
                user: b"m\x1brose",
                secret: "x".into(),
            },
            "APOP m\\u{1b}rose ***",
        ),
        (Command::Stat, "STAT"),
        (Command::List, "LIST"),
        (Command::ListOne(message), "LIST 7"),
        (Command::Uidl, "UIDL"),
        (Command::UidlOne(message), "UIDL 7"),
        (Command::Retr(message), "RETR 7"),
        (Command::Top { message, lines: 3 }, "TOP 7 3"),
        (Command::Dele(message), "DELE 7"),
        (Command::Noop, "NOOP"),
        (Command::Rset, "RSET"),
        (Command::Quit, "QUIT"),
        (Command::Capa, "CAPA"),
        (Command::Stls, "STLS"),
        (auth(&plain, true), "AUTH PLAIN ***"),
        (auth(&plain, false), "AUTH PLAIN"),
        (auth(&odd, true), "AUTH x\\u{1b}\\r\\n"),
        (Command::Response(&plain), "(response) ***"),
        (Command::Response(&odd), "(response) ***"),
        (Command::Cancel, "*"),
        (Command::Utf8, "UTF8"),
        (Command::Languages, "LANG"),
        (Command::Lang("e\x1bn"), "LANG e\\u{1b}n"),
    ] {
        assert_eq!(command.to_string(), line);
        assert_eq!(format!("{command:?}"), format!("Command({line})"));
        assert!(line.starts_with(&command.kind().to_string()));
        assert!(CommandKind::ALL.contains(&command.kind()));
    }
    assert_eq!(u32::from(message), 7);
    assert_eq!(message.to_string(), "7");
}

fn auth(mechanism: &dyn Mechanism, initial_response: bool) -> Command<'_> {
    Command::Auth {
        mechanism,
        initial_response,
    }
}

/// Which of the events in a reply are about the command, and which completes it.
fn events(command: &Command<'_>, reply: &[u8]) -> Vec<(bool, bool)> {
    let mut client: Client = logged_in();
    let sent = client.send(command, &mut [0; 40]).unwrap();
    let mut input = reply;
    let mut seen = Vec::new();
    while let Some(event) = client.receive(&mut input).unwrap() {
        let about = event.request();
        assert!(about.is_none() || about == Some(sent.request));
        let completes = event.completes();
        assert!(completes.is_none() || completes == Some(sent.request));
        seen.push((about.is_some(), completes.is_some()));
    }
    seen
}

#[test]
fn each_command_is_completed_once_and_by_its_last_event() {
    const LAST: (bool, bool) = (true, true);
    const AMONG: (bool, bool) = (true, false);
    const BODY: (bool, bool) = (false, false);
    let n = MessageNumber::FIRST;
    for (command, reply, expected) in [
        (Command::Noop, &b"+OK\r\n"[..], &[LAST][..]),
        (Command::Noop, b"-ERR\r\n", &[LAST]),
        (Command::Stat, b"+OK 1 1\r\n", &[LAST]),
        (Command::Stat, b"+OK what\r\n", &[LAST]),
        (Command::ListOne(n), b"+OK 1 1\r\n", &[LAST]),
        (Command::UidlOne(n), b"+OK 1 x\r\n", &[LAST]),
        (Command::UidlOne(n), b"+OK\r\n", &[LAST]),
        (
            Command::List,
            b"+OK\r\n1 1\r\nwhat\r\n.\r\n",
            &[AMONG, AMONG, AMONG, LAST],
        ),
        (Command::Uidl, b"+OK\r\n1 x\r\n.\r\n", &[AMONG, AMONG, LAST]),
        (Command::Capa, b"+OK\r\nTOP\r\n.\r\n", &[AMONG, AMONG, LAST]),
        (
            Command::Languages,
            b"+OK\r\nen English\r\n \r\n.\r\n",
            &[AMONG, AMONG, AMONG, LAST],
        ),
        (Command::Lang("en"), b"+OK en\r\n", &[LAST]),
        (Command::Utf8, b"+OK\r\n", &[LAST]),
        (Command::Utf8, b"-ERR\r\n", &[LAST]),
        (Command::Retr(n), b"+OK\r\nx\r\n.\r\n", &[AMONG, BODY, LAST]),
    ] {
        assert_eq!(events(&command, reply), expected, "{command}");
    }
    let mut client: Client = logged_in();
    let mut input: &[u8] = b"-ERR bye\r\n";
    let farewell = client.receive(&mut input).unwrap().unwrap();
    assert!(matches!(farewell, Event::Farewell { .. }));
    assert_eq!((farewell.request(), farewell.completes()), (None, None));
}

/// A challenge and its response are parts of one command, which is completed by its last answer.
#[test]
fn an_exchange_is_one_command_from_auth_to_its_last_answer() {
    let plain = Plain::new(b"tim", "tanstaaf".into());
    for (reply, answer) in [
        (&b"+OK\r\n"[..], Command::Response(&plain)),
        (b"-ERR\r\n", Command::Response(&plain)),
        (b"-ERR\r\n", Command::Cancel),
    ] {
        let mut client: Client = greeted();
        let mut out = [0; 40];
        let asked = client.send(&auth(&plain, false), &mut out).unwrap().request;
        assert_eq!((asked.kind, asked.message), (CommandKind::Auth, None));
        let challenge = client.receive(&mut &b"+ \r\n"[..]).unwrap().unwrap();
        assert_eq!(challenge.request(), Some(asked));
        assert_eq!(challenge.completes(), None);
        assert_eq!(client.in_flight(), 1);
        assert_eq!(client.waiting_for(), None, "the server owes nothing");
        let sent = client.send(&answer, &mut out).unwrap();
        assert_eq!(sent.request, asked);
        assert_eq!(client.waiting_for(), Some(Waiting::Reply(asked)));
        assert_eq!(client.in_flight(), 1);
        let last = client.receive(&mut &reply[..]).unwrap().unwrap();
        assert_eq!(
            (last.request(), last.completes()),
            (Some(asked), Some(asked))
        );
        assert_eq!((client.in_flight(), client.waiting_for()), (0, None));
    }
}

#[test]
fn a_sent_command_names_its_request() {
    let mut client: Client = logged_in();
    let retr = Command::Retr(MessageNumber::FIRST);
    let sent = client.send(&retr, &mut [0; 8]).unwrap();
    assert_eq!((sent.octets, sent.request.kind), (8, CommandKind::Retr));
    assert_eq!(sent.request.to_string(), "RETR 1");
    let seen = feed_cut(&mut client, b"-ERR\r\n", &[6]);
    assert_eq!(seen[0].text(), "Rejected RETR 1: \"\"");
}

#[test]
fn unique_ids_and_texts() {
    let mut client: Client = logged_in();
    let _ = client
        .send(&Command::UidlOne(MessageNumber::FIRST), &mut [0; 8])
        .unwrap();
    let mut input: &[u8] = b"+OK 1 a\x07b\r\n";
    let Some(Event::UniqueId {
        unique_id: Some(id),
        ..
    }) = client.receive(&mut input).unwrap()
    else {
        panic!("no unique-id");
    };
    assert_eq!(id.to_string(), "a\\u{7}b");
    assert_eq!(id.text().as_bytes(), id.as_bytes());
    assert!(!id.is_compliant());
    assert!(Text::default().is_empty());
    assert!(!Text::new(b" ").is_empty());
    assert_eq!(Text::from(&b"x"[..]).as_ref(), b"x");
}

#[test]
fn deadlines() {
    let deadline = Deadline::after(1_000, Some(500));
    assert_eq!(deadline.remaining(1_000), Some(500));
    assert_eq!(deadline.remaining(1_499), Some(1));
    assert_eq!(deadline.remaining(1_500), Some(0));
    assert_eq!(deadline.remaining(9_999), Some(0));
    assert!(!deadline.has_passed(0));
    assert!(!deadline.has_passed(1_499));
    assert!(deadline.has_passed(1_500));
    assert!(deadline.has_passed(u64::MAX));

    assert_eq!(Deadline::after(1_000, None), Deadline::NEVER);
    assert_eq!(Deadline::NEVER.remaining(u64::MAX), None);
    assert!(!Deadline::NEVER.has_passed(u64::MAX));
    assert_eq!(
        Deadline::after(5, Some(u64::MAX)).remaining(5),
        Some(u64::MAX - 5),
        "the clock's end is the latest"
    );

    let later = Deadline::after(1_000, Some(600));
    assert_eq!(deadline.or_earlier(later), deadline);
    assert_eq!(later.or_earlier(deadline), deadline);
    assert_eq!(deadline.or_earlier(Deadline::NEVER), deadline);
    assert_eq!(Deadline::NEVER.or_earlier(deadline), deadline);
    assert_eq!(Deadline::NEVER.or_earlier(Deadline::NEVER), Deadline::NEVER);
}

#[test]
fn message_numbers() {
    let all: Vec<u32> = MessageNumber::up_to(3).map(MessageNumber::get).collect();
    assert_eq!(all, [1, 2, 3]);
    assert_eq!(MessageNumber::up_to(0).count(), 0);
    let last = MessageNumber::up_to(u32::MAX).next_back();
    assert_eq!(last.map(MessageNumber::get), Some(u32::MAX));
    assert!(MessageNumber::try_from(0).is_err());
    assert_eq!(MessageNumber::try_from(1), Ok(MessageNumber::FIRST));
    assert_eq!(std::num::NonZeroU32::from(MessageNumber::FIRST).get(), 1);
}

#[test]
fn a_client_can_be_a_static() {
    static CLIENT: Client<1, 128> = Client::new();
    assert_eq!(CLIENT.state(), pop3_proto::State::Greeting);
    assert_eq!(format!("[{:<7}]", CommandKind::Stat), "[STAT   ]");
    for &kind in CommandKind::ALL {
        assert!(!kind.keyword().is_empty());
    }
}

#[test]
fn an_endless_line_is_bounded_and_its_end_is_an_error() {
    let mut client: Client = logged_in();
    let sent = client.send(&Command::Stat, &mut [0; 8]).unwrap();
    assert_eq!(sent.octets, 6);
    for _ in 0..1_000 {
        let mut input: &[u8] = &[b'a'; 1_000];
        assert_eq!(client.receive(&mut input), Ok(None));
        assert!(input.is_empty());
    }
    client.receive_eof().unwrap_err();
}

#[test]
fn a_list_of_any_length_takes_no_more_room_than_one_of_three() {
    let mut client: Client<1, 32> = logged_in();
    let sent = client.send(&Command::List, &mut [0; 8]).unwrap();
    assert_eq!(sent.octets, 6);
    let begin = client.receive(&mut &b"+OK\r\n"[..]);
    assert!(matches!(begin, Ok(Some(Event::Begin { .. }))));
    for number in [1, 14_600_000, u32::MAX] {
        for _ in 0..10_000 {
            let line = format!("{number} 120\r\n");
            let mut input = line.as_bytes();
            match client.receive(&mut input) {
                Ok(Some(Event::Listing {
                    message, octets, ..
                })) => {
                    assert_eq!((message.get(), octets), (number, 120));
                }
                other => panic!("{other:?}"),
            }
        }
    }
    let mut input: &[u8] = b".\r\n";
    assert!(matches!(
        client.receive(&mut input),
        Ok(Some(Event::End { .. }))
    ));
}

#[test]
fn a_mebibyte_that_is_no_text_can_be_printed() {
    let octets: Vec<u8> = (0..1_u32 << 20)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let printed = Text::new(&octets).to_string();
    assert!(printed.contains('\u{fffd}'));
    assert!(!printed.contains(['\u{1b}', '\n', '\0']));
}

#[test]
fn capabilities_print_as_their_tags() {
    use pop3_proto::CapabilityKind;
    assert_eq!(CapabilityKind::RespCodes.to_string(), "RESP-CODES");
    assert_eq!(CapabilityKind::Top.tag(), "TOP");
    assert_eq!(format!("{:>5}|", CapabilityKind::Utf8), " UTF8|");
}

#[test]
fn a_command_that_comes_too_late_names_the_reason() {
    use std::error::Error as _;
    let mut client: Client = logged_in();
    client.abort();
    let error = client.send(&Command::Noop, &mut [0; 8]).unwrap_err();
    let source = error.source().expect("the reason");
    assert_eq!(error.to_string(), format!("the session is over: {source}"));
    let mut client: Client = logged_in();
    let error = client.send(&Command::Noop, &mut [0; 5]).unwrap_err();
    assert!(error.source().is_none());
    assert_eq!(
        error.to_string(),
        "the command takes an output buffer of 6 octets"
    );
}

#[test]
fn what_lies_whole_in_a_chunk_is_lent_from_it_and_not_copied() {
    let mut client: Client = logged_in();
    let retr = Command::Retr(MessageNumber::FIRST);
    let sent = client.send(&retr, &mut [0; 8]).unwrap();
    assert_eq!(sent.octets, 8);
    let chunk = b"+OK a text\r\na\r\n..b\r\n.\r\n".to_vec();
    let within = |octets: &[u8]| chunk.as_ptr_range().contains(&octets.as_ptr());
    let mut input = chunk.as_slice();
    let mut lent = 0;
    while let Some(event) = client.receive(&mut input).unwrap() {
        match event {
            Event::Begin { text, .. } => assert!(within(text.as_bytes())),
            Event::Body(octets) => {
                assert!(within(octets));
                lent += 1;
            }
            _ => {}
        }
    }
    assert_eq!(lent, 2, "a body is cut only where a dot is dropped");
}

#[test]
fn defaults_are_what_new_makes() {
    use pop3_proto::Config;
    assert_eq!(Config::default(), Config::new());
    assert_eq!(Deadline::default(), Deadline::NEVER);
    let (default, new) = (Client::<8, 512>::default(), Client::<8, 512>::new());
    assert_eq!(format!("{default:?}"), format!("{new:?}"));
    let number = std::num::NonZeroU32::MIN;
    assert_eq!(MessageNumber::from(number), MessageNumber::FIRST);
    assert_eq!(Text::default(), Text::new(b""));
}

#[test]
fn states_ways_and_errors_say_what_they_are() {
    use pop3_proto::login::{Authentication, Security};
    use pop3_proto::{ReceiveError, Request, State};
    for (printed, expected) in [
        (State::Greeting.to_string(), "greeting"),
        (State::Authorization.to_string(), "authorization"),
        (State::StartTls.to_string(), "TLS handshake"),
        (State::Transaction.to_string(), "transaction"),
        (State::Quitting.to_string(), "update"),
        (State::Closed.to_string(), "closed"),
        (State::Failed.to_string(), "failed"),
        (Security::ImplicitTls.to_string(), "implicit TLS"),
        (Security::StartTls.to_string(), "STLS"),
        (Security::ClearText.to_string(), "clear text"),
        (Authentication::UserPass.to_string(), "USER/PASS"),
        (Authentication::ApopOnly.to_string(), "APOP"),
        (
            Authentication::ApopThenUserPass.to_string(),
            "APOP, else USER/PASS",
        ),
    ] {
        assert_eq!(printed, expected);
    }
    let request = Request {
        kind: CommandKind::Retr,
        message: Some(MessageNumber::FIRST),
    };
    for (error, expected) in [
        (
            SendError::WrongState {
                command: CommandKind::Stat,
                state: State::Authorization,
            },
            "STAT is not allowed in the authorization state",
        ),
        (
            SendError::UserFirst,
            "PASS must follow a USER that the server has accepted",
        ),
        (SendError::AlreadyTls, "STLS is not allowed inside TLS"),
        (SendError::StlsAfterUtf8, "STLS is not allowed after UTF8"),
        (
            SendError::NoChallenge,
            "there is no challenge that waits for an answer",
        ),
        (
            SendError::InvalidArgument(CommandKind::Lang),
            "an argument of LANG is empty or has an octet in it that cannot be sent",
        ),
        (
            SendError::NoTimestamp,
            "APOP cannot be used: no timestamp was offered, or it was offered before TLS",
        ),
        (
            SendError::Awaiting(request),
            "RETR 1 must be answered before another command",
        ),
        (SendError::PipelineFull, "too many commands are in flight"),
        (
            SendError::InvalidArgument(CommandKind::User),
            "an argument of USER is empty or has an octet in it that cannot be sent",
        ),
    ] {
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(
        ReceiveError::CancelAccepted.to_string(),
        "the server claims that a log-in succeeded that was cancelled"
    );
}

/// What each type takes up on a 64-bit target today, in octets (smaller targets take less). One that grows must be worth it.
#[test]
fn sizes_are_what_they_are() {
    use pop3_proto::login::{Login, Next, Opening};
    use pop3_proto::{Capability, ReceiveError, Request, SendError, Sent};
    for (name, size, bound) in [
        ("Client<1, 128>", size_of::<Client<1, 128>>(), 260),
        ("Client", size_of::<Client>(), 700),
        ("Event", size_of::<Event<'_>>(), 48),
        ("Option<Event>", size_of::<Option<Event<'_>>>(), 48),
        ("Command", size_of::<Command<'_>>(), 40),
        ("Capability", size_of::<Capability<'_>>(), 40),
        ("Request", size_of::<Request>(), 8),
        ("Sent", size_of::<Sent>(), 16),
        ("SendError", size_of::<SendError>(), 24),
        ("ReceiveError", size_of::<ReceiveError>(), 16),
        ("Opening", size_of::<Opening>(), 8),
        ("Login", size_of::<Login>(), 600),
        ("Next", size_of::<Next<'_, ()>>(), 40),
    ] {
        assert!(size <= bound, "{name} takes up {size} octets, not {bound}");
    }
}
