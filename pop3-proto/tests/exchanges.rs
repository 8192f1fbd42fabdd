//! SASL exchanges: what may be said when, what is written for it, and what is an answer to it.

mod common;
mod oracle;

use std::sync::atomic::{AtomicUsize, Ordering};

use common::{feed, greeted};
use oracle::commands::Asked;
use oracle::sasl::{Scripted, decoded};
use pop3_proto::sasl::{Challenge, Mechanism, MechanismError, Plain, ResponseWriter};
use pop3_proto::{
    Client, Command, CommandKind, Event, MessageNumber, ReceiveError, SendError, State,
};

type Default = Client<8, 512>;

fn send(client: &mut Default, kind: CommandKind) -> Result<(), SendError> {
    let asked = Asked::new(kind, MessageNumber::FIRST);
    client.send(&asked.command(), &mut [0; 100]).map(|_| ())
}

/// A client that has been challenged within an exchange that AUTH has begun.
fn challenged() -> Default {
    let mut client: Default = greeted();
    send(&mut client, CommandKind::Auth).unwrap();
    feed(&mut client, b"+ \r\n", &mut Vec::new());
    client
}

#[test]
fn capabilities_are_forgotten_at_a_log_in_by_auth_and_not_at_its_challenges() {
    let mut client: Default = greeted();
    for (kind, reply, remembered) in [
        (CommandKind::Capa, &b"+OK\r\nPIPELINING\r\n.\r\n"[..], true),
        (CommandKind::Auth, b"-ERR\r\n", true),
        (CommandKind::Auth, b"+ \r\n", true),
        (CommandKind::Cancel, b"-ERR\r\n", true),
        (CommandKind::Auth, b"+ \r\n", true),
        (CommandKind::Response, b"+ \r\n", true),
        (CommandKind::Response, b"+OK\r\n", false),
    ] {
        send(&mut client, kind).unwrap();
        feed(&mut client, reply, &mut Vec::new());
        assert_eq!(client.capabilities().is_some(), remembered, "{kind}");
    }
    assert_eq!(client.state(), State::Transaction);
}

#[test]
fn a_challenge_can_be_answered_once_and_by_nothing_else() {
    for &kind in CommandKind::ALL {
        let mut client = challenged();
        let answers = matches!(kind, CommandKind::Response | CommandKind::Cancel);
        assert_eq!(send(&mut client, kind).is_ok(), answers, "{kind}");
        for again in [CommandKind::Response, CommandKind::Cancel] {
            let expected = match answers {
                true => Err(SendError::NoChallenge),
                false => Ok(()),
            };
            assert_eq!(client.check(again), expected, "{kind}");
        }
    }
    let mut client: Default = greeted();
    let check = |client: &Default| client.check(CommandKind::Response);
    assert_eq!(check(&client), Err(SendError::NoChallenge));
    send(&mut client, CommandKind::Auth).unwrap();
    assert_eq!(check(&client), Err(SendError::NoChallenge));
    feed(&mut client, b"+ ", &mut Vec::new());
    assert_eq!(check(&client), Err(SendError::NoChallenge), "half of one");
    feed(&mut client, b"YQ==\r\n", &mut Vec::new());
    assert_eq!(check(&client), Ok(()));
    client.abort();
    assert!(matches!(check(&client), Err(SendError::Failed(_))));
}

/// Whatever the server says while the client is to speak, it has logged in nobody.
#[test]
fn nothing_is_an_answer_that_comes_before_the_response() {
    for (said, expected) in [
        (&b"+OK\r\n"[..], Err(ReceiveError::Unsolicited)),
        (b"+\r\n", Err(ReceiveError::Unsolicited)),
        (b"+ YQ==\r\n", Err(ReceiveError::Unsolicited)),
        (b"what?\r\n", Err(ReceiveError::Unsolicited)),
        (b"\r\n", Err(ReceiveError::Unsolicited)),
        (b"+OK \0\r\n", Err(ReceiveError::NulInReply)),
        (b"-ERR\r\n", Ok(State::Closed)),
    ] {
        for at in 1..=said.len() {
            let mut client = challenged();
            let (first, rest) = said.split_at(at);
            let mut input = first;
            let mut outcome = client.receive(&mut input).map(|_| ());
            // What began before the response is not the answer to it, whenever it ends.
            if outcome.is_ok() && !rest.is_empty() {
                send(&mut client, CommandKind::Response).unwrap();
                input = rest;
                outcome = client.receive(&mut input).map(|_| ());
            }
            let outcome = outcome.map(|()| client.state());
            assert_eq!(outcome, expected, "{}", said.escape_ascii());
        }
    }
}

#[test]
fn an_exchange_that_was_cancelled_can_only_be_refused() {
    for (said, expected) in [
        (&b"+OK\r\n"[..], Err(ReceiveError::CancelAccepted)),
        (b"+OK welcome\r\n", Err(ReceiveError::CancelAccepted)),
        (b"-ERR\r\n", Ok(State::Authorization)),
    ] {
        let mut client = challenged();
        send(&mut client, CommandKind::Cancel).unwrap();
        let mut input = said;
        let outcome = client.receive(&mut input).map(|_| ());
        assert_eq!(outcome.map(|()| client.state()), expected);
        assert_eq!(client.in_flight(), usize::from(expected.is_err()));
    }
    let mut client = challenged();
    send(&mut client, CommandKind::Cancel).unwrap();
    let error = client.receive(&mut &b"+ YQ==\r\n"[..]).unwrap_err();
    assert!(
        matches!(error, ReceiveError::NotAReply { request: Some(request) } if request.kind == CommandKind::Auth)
    );
    // The next exchange has nothing to do with it.
    let mut client = challenged();
    send(&mut client, CommandKind::Cancel).unwrap();
    feed(&mut client, b"-ERR\r\n", &mut Vec::new());
    send(&mut client, CommandKind::Auth).unwrap();
    feed(&mut client, b"+OK\r\n", &mut Vec::new());
    assert_eq!(client.state(), State::Transaction);
}

/// What is written for AUTH with this mechanism, and for its response to a challenge, into a buffer with room to spare.
fn written(mechanism: &dyn Mechanism) -> [Vec<u8>; 2] {
    let auth = Command::Auth {
        mechanism,
        initial_response: true,
    };
    let clients = [greeted(), challenged()];
    let commands = [auth, Command::Response(mechanism)];
    let mut pairs = clients.into_iter().zip(commands);
    std::array::from_fn(|_| {
        let (mut client, command): (Default, _) = pairs.next().expect("two");
        let mut out = [b'#'; 200];
        let sent = client.send(&command, &mut out).expect("allowed");
        let (line, rest) = out.split_at(sent.octets);
        assert!(rest.iter().all(|&octet| octet == b'#'), "more than it says");
        line.to_vec()
    })
}

#[test]
fn responses_of_any_length_are_written_whole_at_every_size_of_the_buffer_or_not_at_all() {
    for length in 0..=50_u8 {
        for kind in [CommandKind::Auth, CommandKind::Response] {
            for (initial_response, speaks_first) in
                [(false, false), (false, true), (true, false), (true, true)]
            {
                let mut asked = Asked::new(kind, MessageNumber::FIRST);
                asked.mechanism.response = (0..length).map(|n| n.wrapping_mul(77)).collect();
                asked.mechanism.speaks_first = speaks_first;
                asked.initial_response = initial_response;
                let line = asked.check_encoding().expect("it can be sent");
                let with = kind == CommandKind::Auth && !(initial_response && speaks_first);
                assert_eq!(line == b"AUTH X-TEST\r\n", with, "{asked:?}");
            }
        }
    }
}

/// RFC 5034 section 4: an initial response of nothing is `=`, and any other an empty line.
#[test]
fn a_response_of_nothing_is_no_missing_response() {
    let nothing = Scripted {
        name: "EXTERNAL".to_owned(),
        speaks_first: true,
        response: Vec::new(),
    };
    assert_eq!(written(&nothing), [&b"AUTH EXTERNAL =\r\n"[..], b"\r\n"]);
    // The example of RFC 4616 section 4, in base64.
    let plain = Plain::new(b"tim", "tanstaaftanstaaf".into());
    assert_eq!(
        written(&plain),
        [
            &b"AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n"[..],
            b"AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n"
        ]
    );
}

/// Says something else each time that it is asked.
struct Fickle {
    lengths: [usize; 2],
    asked: AtomicUsize,
}

impl Mechanism for Fickle {
    fn name(&self) -> &str {
        "X-FICKLE"
    }

    fn speaks_first(&self) -> bool {
        true
    }

    fn take_challenge(&mut self, _: Challenge<'_>) -> Result<(), MechanismError> {
        Ok(())
    }

    fn write_response(&self, response: &mut ResponseWriter<'_>) {
        let nth = self.asked.fetch_add(1, Ordering::Relaxed);
        let length = self.lengths[nth % 2];
        // In pieces of two octets.
        for piece in vec![b'a'; length].chunks(2) {
            response.put(piece);
        }
    }

    fn check_success(&self) -> Result<(), MechanismError> {
        Ok(())
    }
}

/// It is measured, and then written: no octet gets past what was measured, and none of those stays what it was before.
#[test]
fn a_mechanism_that_contradicts_itself_writes_one_line_all_the_same() {
    for measured in 0..12_usize {
        for said in 0..12 {
            let fickle = Fickle {
                lengths: [measured, said],
                asked: AtomicUsize::new(0),
            };
            for (line, before) in written(&fickle).iter().zip(["AUTH X-FICKLE ", ""]) {
                let response = line.strip_prefix(before.as_bytes()).expect("the command");
                let response = response.strip_suffix(b"\r\n").expect("a line");
                let needed = match (measured, before) {
                    (0, "") => 0,
                    (0, _) => 1,
                    _ => measured.div_ceil(3) * 4,
                };
                assert_eq!(response.len(), needed, "{measured}, {said}");
                let base64 = |octet: &u8| octet.is_ascii_alphanumeric() || *octet == b'=';
                assert!(response.iter().all(base64), "{}", response.escape_ascii());
                if measured == said && measured > 0 {
                    assert_eq!(decoded(response), Some(vec![b'a'; measured]));
                }
            }
        }
    }
}

/// A challenge that is cut, in the chunk or in what is kept of its line, is the same one or says that it is cut.
#[test]
fn a_challenge_is_the_same_however_it_is_cut() {
    let line = b"+ dGFuc3RhYWY=\r\n";
    for at in 0..line.len() {
        for sizes in [[at, line.len() - at], [line.len() - at, at]] {
            let mut client: Default = greeted();
            send(&mut client, CommandKind::Auth).unwrap();
            let (first, second) = line.split_at(sizes[0]);
            let mut challenges = 0;
            for mut chunk in [first, second] {
                while let Some(event) = client.receive(&mut chunk).unwrap() {
                    let Event::Challenge { challenge, .. } = event else {
                        panic!("{event:?}");
                    };
                    assert_eq!(challenge.as_base64(), b"dGFuc3RhYWY=");
                    assert_eq!(challenge.decode(&mut [0; 8]), Ok(&b"tanstaaf"[..]));
                    assert_eq!(challenge.decode(&mut [0; 7]), Err(MechanismError::TooLong));
                    challenges += 1;
                }
            }
            assert_eq!(challenges, 1, "{at}");
        }
    }
}
