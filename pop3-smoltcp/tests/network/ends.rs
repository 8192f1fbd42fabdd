//! The connection ends at every octet of a session, in each way: never a whole message out of half of one, and never a
//! session that hangs.

use std::task::Poll;

use pop3_smoltcp::pop3_proto::login::OpeningFailure;
use pop3_smoltcp::pop3_proto::sasl::Plain;
use pop3_smoltcp::pop3_proto::{Command, MessageNumber, ReceiveError, State, Waiting};
use pop3_smoltcp::{Driver, Error, Phase};
use smoltcp::socket::tcp;
use smoltcp::time::Duration;

use crate::server::{Server, Stop, mail, maildrop, stuffed};
use crate::wire::Faults;
use crate::world::{Outcome, RETR, World, driver, user_pass};

const SESSION: [Command<'static>; 4] = [
    Command::Uidl,
    RETR,
    Command::Dele(MessageNumber::FIRST),
    Command::Quit,
];

fn stopped(mail: &str, at: usize, how: Stop, receive: usize) -> Outcome {
    let server = Server::new(maildrop(mail, "mvan99")).stop(at, how);
    let mut world = World::new(server, receive, 64, Faults::default());
    let mut driver = driver();
    let outcome = world.session(&mut driver, &mut user_pass(), &SESSION);
    assert!(
        mail.as_bytes().starts_with(&outcome.body),
        "{at} {how:?}: octets that nobody sent"
    );
    let closed = outcome.error.is_none();
    let state = if closed { State::Closed } else { State::Failed };
    assert_eq!(driver.client().state(), state, "{at} {how:?}");
    outcome
}

#[test]
fn at_every_octet() {
    let mail = mail(8);
    let greeting = "+OK ready <1896.697170952@dbc.mtview.ca.us>\r\n".len();
    let before =
        greeting + "+OK\r\n+OK 1 message\r\n+OK\r\n1 whqtswO00WBw418f9t5JxYwZ\r\n.\r\n".len();
    let begun = before + format!("+OK {} octets\r\n", mail.len()).len();
    let end = begun + stuffed(&mail).len() + ".\r\n".len();
    let all = end + "+OK\r\n+OK bye\r\n".len();
    for at in 0..=all {
        for (how, receive) in [
            (Stop::Fin, 64),
            (Stop::Fin, 7),
            (Stop::Reset, 64),
            (Stop::Silent, 64),
        ] {
            let case = format!("{how:?} after {at} octets of {all}");
            let outcome = stopped(&mail, at, how, receive);
            assert_eq!(outcome.complete(), at >= end, "{case}");
            if at == all {
                assert_eq!(outcome.error, None, "{case}");
                continue;
            }
            let Some(error) = outcome.error else {
                panic!("{case}: no error, though QUIT was not answered");
            };
            let in_message = (begun..end).contains(&at);
            match error {
                Error::Receive(ReceiveError::Eof { waiting }) if how != Stop::Silent => {
                    let rest = matches!(waiting, Some(Waiting::Rest(request)) if request.message.is_some());
                    assert_eq!(rest, in_message, "{case}: {error}");
                    assert_eq!(
                        waiting == Some(Waiting::Greeting),
                        at < greeting,
                        "{case}: {error}"
                    );
                }
                Error::TimedOut(phase) if how == Stop::Silent => {
                    let rest = matches!(phase, Phase::Rest(request) if request.message.is_some());
                    assert_eq!(rest, in_message, "{case}: {error}");
                    assert_eq!(phase == Phase::Greeting, at < greeting, "{case}: {error}");
                    assert_eq!(phase == Phase::Quit, at >= end + 5, "{case}: {error}");
                }
                error => panic!("{case}: {error}"),
            }
        }
    }
}

#[test]
fn a_server_that_nobody_runs() {
    let mut world = World::new(Server::script(&[]), 64, 64, Faults::default());
    world.side.socket().abort();
    let mut driver = driver();
    let outcome = world.session(&mut driver, &mut user_pass(), &[]);
    assert_eq!(outcome.error, Some(Error::NoConnection));
}

#[test]
fn a_driver_that_was_not_told_to_connect() {
    let mut world = World::new(Server::script(&[]), 64, 64, Faults::default());
    let mut driver = driver();
    let outcome = world.go_on(&mut driver, None, &[Command::Quit]);
    assert_eq!(outcome.error, Some(Error::NotConnected));
    let outcome = world.go_on(&mut driver, Some(&mut user_pass()), &[]);
    assert_eq!(outcome.error, Some(Error::NotConnected));
    assert_eq!(driver.client().state(), State::Greeting);
    // Not even if somebody else has connected the socket.
    world.connect(&mut Driver::<1, 64>::default()).unwrap();
    world.pass(Duration::from_millis(100));
    let outcome = world.go_on(&mut driver, None, &[Command::Quit]);
    assert_eq!(outcome.error, Some(Error::NotConnected));
}

#[test]
fn a_goodbye_and_a_reset_before_the_driver_is_polled_once() {
    let goodbye = "-ERR too many connections\r\n";
    let server = Server::script(&[goodbye]).stop(goodbye.len(), Stop::Reset);
    let mut world = World::new(server, 64, 64, Faults::default());
    let mut driver = driver();
    world.connect(&mut driver).unwrap();
    world.pass(Duration::from_millis(500));
    assert_eq!(world.client.socket().state(), tcp::State::Closed);
    let outcome = world.go_on(&mut driver, None, &[]);
    assert_eq!(outcome.error, None);
    assert!(outcome.events[0].starts_with("Farewell"), "{outcome:?}");
}

#[test]
fn goodbyes_end_session_and_connection() {
    let goodbye = "-ERR too many connections\r\n";
    let server = Server::script(&[goodbye]).stop(goodbye.len(), Stop::Fin);
    let mut world = World::new(server, 64, 64, Faults::default());
    let mut driver = driver();
    let outcome = world.session(&mut driver, &mut user_pass(), &[]);
    assert_eq!(
        outcome.error,
        Some(Error::Opening(OpeningFailure::Dismissed))
    );
    assert!(outcome.events[0].contains("too many connections"));
    // It is no break: the connection is closed.
    let outcome = world.go_on(&mut driver, None, &[]);
    assert_eq!(outcome, Outcome::default());
    assert_eq!(world.client.socket().state(), tcp::State::Closed);

    // Out of idleness, behind the log-in.
    let mut script = ["+OK\r\n", "+OK\r\n", "+OK\r\n-ERR idle\r\n"].into_iter();
    world.serve(Server::new(move |_| {
        script.next().unwrap_or_default().to_owned()
    }));
    let outcome = world.session(&mut driver, &mut user_pass(), &[RETR]);
    assert!(outcome.events[3].starts_with("Farewell"), "{outcome:?}");
    assert_eq!(driver.client().state(), State::Closed);
}

#[test]
fn what_came_before_a_command_is_no_answer_to_it() {
    for challenged in [false, true] {
        let mut world = World::new(Server::script(&["+OK\r\n"]), 64, 64, Faults::default());
        let mut driver = driver();
        world.connect(&mut driver).unwrap();
        world.pass(Duration::from_millis(100));
        let now = world.now;
        let seen = driver.poll(world.client.socket(), now, |_| ());
        assert_eq!(seen, Poll::Ready(Ok(Some(()))));
        let plain = Plain::new(b"mrose", "mvan99".into());
        let mut command = Command::User(b"mrose");
        if challenged {
            let auth = Command::Auth {
                mechanism: &plain,
                initial_response: false,
            };
            assert!(driver.send(world.client.socket(), &auth, now).is_ready());
            world.side.socket().send_slice(b"+ \r\n").unwrap();
            world.pass(Duration::from_millis(100));
            let now = world.now;
            let seen = driver.poll(world.client.socket(), now, |_| ());
            assert_eq!(seen, Poll::Ready(Ok(Some(()))));
            command = Command::Response(&plain);
        }
        world.side.socket().send_slice(b"+OK forged\r\n").unwrap();
        world.pass(Duration::from_millis(100));
        let now = world.now;
        let socket = world.client.socket();
        assert!(driver.send(socket, &command, now).is_pending());
        assert_eq!(driver.poll_delay(socket, now), Some(Duration::ZERO));
        let error = Error::Receive(ReceiveError::Unsolicited);
        assert_eq!(driver.poll(socket, now, |_| ()), Poll::Ready(Err(error)));
        assert_eq!(driver.send(socket, &command, now), Poll::Ready(Err(error)));
        assert_eq!(socket.state(), tcp::State::Closed);
    }
}
