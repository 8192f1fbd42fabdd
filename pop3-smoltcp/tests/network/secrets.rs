//! What is left of a password in the rings.

use pop3_smoltcp::pop3_proto::Command;
use pop3_smoltcp::{Driver, Error};
use smoltcp::socket::tcp::{self, SocketBuffer};
use smoltcp::time::Duration;

use crate::server::{Server, Stop, maildrop};
use crate::wire::Faults;
use crate::world::{World, driver, user_pass};

fn contains(memory: &[u8], secret: &[u8]) -> bool {
    memory.windows(secret.len()).any(|window| window == secret)
}

const REPEATED: &str = "+OK 1 message (your password is mvan99)\r\n";

/// A log-in with rings of this size on a server that says this to the password; what is left in the rings, and what came of
/// it.
fn session(
    ring: usize,
    right: bool,
    stop: Option<(usize, Stop)>,
    said: &'static str,
) -> ([Vec<u8>; 2], Option<Error>) {
    let mut maildrop = maildrop("", "mvan99");
    let mut server = Server::new(move |line| match (line, right) {
        ("PASS mvan99", true) => said.to_owned(),
        ("PASS mvan99", false) => said.replace("+OK", "-ERR"),
        (line, _) => maildrop(line),
    });
    if let Some((at, how)) = stop {
        server = server.stop(at, how);
    }
    let (mut receive, mut transmit) = (vec![0; ring], vec![0; ring]);
    let rings = [
        SocketBuffer::new(&mut receive[..]),
        SocketBuffer::new(&mut transmit[..]),
    ];
    let mut world = World::with_rings(server, rings, Faults::default());
    let outcome = world.session(&mut driver(), &mut user_pass(), &[]);
    drop(world);
    ([receive, transmit], outcome.error)
}

#[test]
fn nothing_is_left_once_the_log_in_is_over() {
    for ring in [7, 64, 512] {
        for right in [true, false] {
            let ([receive, transmit], error) = session(ring, right, None, REPEATED);
            assert_eq!(error.is_none(), right, "{error:?}");
            for secret in [&b"mvan99"[..], b"mvan", b"an99"] {
                assert!(!contains(&receive, secret), "{ring}, {right}");
                assert!(!contains(&transmit, secret), "{ring}, {right}");
            }
        }
    }
}

#[test]
fn nothing_is_left_in_the_receive_ring_when_the_session_breaks() {
    // Within the line that repeats it.
    let before = "+OK ready <1896.697170952@dbc.mtview.ca.us>\r\n+OK\r\n".len();
    let line = "+OK 1 message (your password is mvan99)\r\n".len();
    for at in line - 6..=line {
        let ([receive, _], error) = session(512, true, Some((before + at, Stop::Silent)), REPEATED);
        assert_eq!(error.is_none(), at == line, "{error:?}");
        assert!(!contains(&receive, b"mvan"), "{at}");
    }
    // Behind a line that breaks the session, so that it is never read.
    let ([receive, _], error) = session(512, true, None, "220 no, not mvan99\r\n220 mvan99\r\n");
    assert!(matches!(error, Some(Error::Receive(_))), "{error:?}");
    assert!(!contains(&receive, b"mvan"));
}

#[test]
fn nothing_is_left_when_the_program_gives_up_before_the_answer() {
    let (mut receive, mut transmit) = (vec![0; 64], vec![0; 64]);
    let rings = [
        SocketBuffer::new(&mut receive[..]),
        SocketBuffer::new(&mut transmit[..]),
    ];
    let server = Server::script(&["+OK\r\n", "+OK\r\n"]);
    let mut world = World::with_rings(server, rings, Faults::default());
    let mut driver = driver();
    world.connect(&mut driver).unwrap();
    let mut way_in = user_pass();
    for _ in 0..3 {
        let now = world.now;
        let result = driver.log_in(world.client.socket(), &mut way_in, now, |_| ());
        assert!(result.is_pending());
        world.pass(Duration::from_millis(100));
    }
    assert!(world.server.heard.ends_with("PASS mvan99\r\n"));
    driver.abort(world.client.socket());
    drop(world);
    assert!(!contains(&transmit, b"mvan"));
}

/// The limit that the README tells of: smoltcp has no way to what has not been acknowledged, nor to anything in the transmit
/// ring once the connection is gone. The next connection wipes it.
#[test]
fn what_was_never_acknowledged_is_wiped_by_the_next_connection() {
    for again in [false, true] {
        let (mut receive, mut transmit) = (vec![0; 64], vec![0; 64]);
        let rings = [
            SocketBuffer::new(&mut receive[..]),
            SocketBuffer::new(&mut transmit[..]),
        ];
        let server = Server::new(maildrop("", "mvan99"));
        let mut world = World::with_rings(server, rings, Faults::default());
        let mut driver = driver();
        world.connect(&mut driver).unwrap();
        let between = world.between.clone();
        let mut way_in = user_pass();
        let cell = std::cell::RefCell::new(&mut driver);
        let error = world.run(
            |socket, now| {
                let mut driver = cell.borrow_mut();
                let result = driver.log_in(socket, &mut way_in, now, |_| ());
                if format!("{:?}", driver.client().waiting_for()).contains("Pass") {
                    between.cut();
                }
                result
            },
            |socket, now| cell.borrow().poll_delay(socket, now),
        );
        assert!(matches!(error, Err(Error::TimedOut(_))), "{error:?}");
        assert_eq!(world.client.socket().state(), tcp::State::Closed);
        if again {
            world.between.mend();
            world.serve(Server::new(maildrop("", "mvan99")));
            let outcome = world.session(&mut driver, &mut user_pass(), &[Command::Stat]);
            assert_eq!(outcome.error, None);
        }
        drop(world);
        assert_eq!(contains(&transmit, b"mvan99"), !again);
    }
}

#[test]
fn debug_shows_none() {
    let shown = format!("{:?} {:?}", user_pass(), Driver::<1, 64, 255>::default());
    assert!(!shown.contains("mvan99"), "{shown}");
}
