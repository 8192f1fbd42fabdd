//! Rings of every size, networks of every kind: the same mail comes out.

use std::task::Poll;

use pop3_smoltcp::pop3_proto::{Command, Config, Event, Pipelining, SendError, State};
use pop3_smoltcp::{Driver, Error, Timeouts};
use smoltcp::socket::tcp;
use smoltcp::time::Duration;

use crate::server::{Server, Stop, mail, maildrop};
use crate::wire::Faults;
use crate::world::{RETR, TestDriver, World, driver, user_pass};

const SESSION: [Command<'static>; 5] = [
    Command::Stat,
    Command::Uidl,
    RETR,
    Command::Noop,
    Command::Quit,
];

/// TCP doubles the time between its attempts: where a third of the packets get lost, a minute of silence is nothing special.
fn patient() -> TestDriver {
    let time = 3_600_000;
    let timeouts = Timeouts::new().connect(time).greeting(time).log_in(time);
    let timeouts = timeouts.reply(time).silence(time).quit(time);
    Driver::new(Config::new(), timeouts)
}

fn session(mail: &str, receive: usize, transmit: usize, v6: bool, faults: Faults) {
    let server = Server::new(maildrop(mail, "mvan99"));
    let mut world = World::new(server, receive, transmit, faults);
    world.v6 = v6;
    if faults.delayed > 0 {
        // smoltcp's server side forgets to retransmit when an old segment closes the window again that a newer one has opened.
        let keep_alive = Some(Duration::from_secs(10));
        world.side.socket().set_keep_alive(keep_alive);
    }
    let mut driver = patient();
    let outcome = world.session(&mut driver, &mut user_pass(), &SESSION);
    let case = format!("rings of {receive} and {transmit}, v6: {v6}, {faults:?}");
    assert_eq!(outcome.error, None, "{case}: {outcome:?}");
    assert!(outcome.body == mail.as_bytes(), "{case}: another mail");
    assert!(outcome.complete(), "{case}");
    assert_eq!(driver.client().state(), State::Closed, "{case}");
    let heard = "USER mrose\r\nPASS mvan99\r\nSTAT\r\nUIDL\r\nRETR 1\r\nNOOP\r\nQUIT\r\n";
    assert_eq!(world.server.heard, heard, "{case}");
    assert_eq!(world.client.socket().state(), tcp::State::Closed, "{case}");
    if faults == Faults::default() {
        // Closed as it should be, and not reset: the server closed first.
        assert_eq!(world.side.socket().state(), tcp::State::TimeWait, "{case}");
    }
}

#[test]
fn a_session_through_rings_of_every_size() {
    let mail = mail(30);
    for receive in [1, 7, 64, 511] {
        for transmit in [1, 7, 64] {
            for v6 in [false, true] {
                session(&mail, receive, transmit, v6, Faults::default());
            }
        }
    }
}

#[test]
fn a_network_that_loses_repeats_reorders_corrupts_and_stalls() {
    let mail = mail(60);
    let faults = [
        Faults {
            lost: 15,
            ..Faults::default()
        },
        Faults {
            corrupted: 15,
            ..Faults::default()
        },
        Faults {
            duplicated: 30,
            ..Faults::default()
        },
        Faults {
            delayed: 30,
            ..Faults::default()
        },
        Faults {
            stall: 4_000,
            ..Faults::default()
        },
        Faults {
            lost: 5,
            corrupted: 5,
            duplicated: 10,
            delayed: 10,
            stall: 500,
            seed: 0,
        },
    ];
    for faults in faults {
        for seed in 1..=4 {
            for (receive, transmit) in [(7, 7), (64, 64), (511, 64), (4096, 512)] {
                session(
                    &mail,
                    receive,
                    transmit,
                    seed % 2 == 0,
                    Faults { seed, ..faults },
                );
            }
        }
    }
}

#[test]
fn a_megabyte_through_a_ring_of_512_octets() {
    let mail = mail(14_000);
    assert!(mail.len() > 1 << 20);
    session(&mail, 512, 64, false, Faults::default());
}

#[test]
fn two_connections_in_a_row_on_one_socket() {
    let mail = mail(20);
    let mut world = World::new(
        Server::new(maildrop(&mail, "mvan99")),
        64,
        64,
        Faults::default(),
    );
    let mut driver = driver();
    for _ in 0..2 {
        let outcome = world.session(&mut driver, &mut user_pass(), &SESSION);
        assert_eq!(outcome.error, None);
        assert!(outcome.body == mail.as_bytes());
        assert_eq!(driver.client().state(), State::Closed);
        world.serve(Server::new(maildrop(&mail, "mvan99")));
    }
}

#[test]
fn a_connection_after_one_that_broke() {
    let mail = mail(20);
    for (at, how) in [
        (0, Stop::Silent),
        (10, Stop::Fin),
        (60, Stop::Reset),
        (100, Stop::Reset),
        (200, Stop::Silent),
    ] {
        let server = Server::new(maildrop(&mail, "mvan99")).stop(at, how);
        let mut world = World::new(server, 64, 64, Faults::default());
        let mut driver = driver();
        let outcome = world.session(&mut driver, &mut user_pass(), &SESSION);
        assert!(outcome.error.is_some(), "{outcome:?}");
        assert_eq!(world.client.socket().state(), tcp::State::Closed);
        // It stays broken, and says why again.
        let again = world.go_on(&mut driver, None, &SESSION);
        assert_eq!(again.error, outcome.error);
        world.serve(Server::new(maildrop(&mail, "mvan99")));
        let outcome = world.session(&mut driver, &mut user_pass(), &SESSION);
        assert_eq!(outcome.error, None);
        assert!(outcome.body == mail.as_bytes());
    }
}

#[test]
fn a_connection_while_the_last_one_is_open() {
    let mail = mail(20);
    let server = Server::new(maildrop(&mail, "mvan99"));
    let mut world = World::new(server, 64, 64, Faults::default());
    let mut driver = driver();
    let outcome = world.session(&mut driver, &mut user_pass(), &[RETR]);
    assert_eq!(outcome.error, None);
    assert_eq!(
        world.connect(&mut driver),
        Err(tcp::ConnectError::InvalidState)
    );
    // Nothing has changed by that.
    let outcome = world.go_on(&mut driver, None, &[Command::Stat]);
    assert_eq!(outcome.error, None);
    driver.abort(world.client.socket());
    assert_eq!(driver.client().state(), State::Failed);
    world.poll();
    world.serve(Server::new(maildrop(&mail, "mvan99")));
    let outcome = world.session(&mut driver, &mut user_pass(), &SESSION);
    assert_eq!(outcome.error, None);
    assert!(outcome.body == mail.as_bytes());
}

#[test]
fn commands_are_pipelined_when_the_ring_is_smaller_than_they_are() {
    pipelined::<0>(20);
    pipelined::<64>(5);
}

fn pipelined<const OUT: usize>(transmit: usize) {
    let mail = mail(20);
    let server = Server::new(maildrop(&mail, "mvan99"));
    let mut world = World::new(server, 64, transmit, Faults::default());
    let config = Config::new().pipelining(Pipelining::Always);
    let mut driver: Driver<4, 64, OUT> = Driver::new(config, Timeouts::new());
    world.connect(&mut driver).unwrap();
    let mut way_in = user_pass();
    let driver = std::cell::RefCell::new(driver);
    let report = world.run(
        |socket, now| driver.borrow_mut().log_in(socket, &mut way_in, now, |_| ()),
        |socket, now| driver.borrow().poll_delay(socket, now),
    );
    assert!(report.is_ok());
    let mut commands = [RETR, RETR, RETR, Command::Stat, Command::Quit]
        .iter()
        .peekable();
    let mut in_flight = 0;
    let mut body = Vec::new();
    let result = world.run(
        |socket, now| {
            let mut driver = driver.borrow_mut();
            loop {
                match driver.poll(socket, now, |event| {
                    if let Event::Body(octets) = event {
                        body.extend_from_slice(octets);
                    }
                })? {
                    Poll::Pending => {}
                    Poll::Ready(Some(())) => continue,
                    Poll::Ready(None) => return Poll::Ready(Ok::<_, Error>(())),
                }
                let Some(command) = commands.peek() else {
                    return Poll::Pending;
                };
                // QUIT waits until it is alone.
                if driver.client().check(command.kind()).is_err()
                    || driver.send(socket, command, now)?.is_pending()
                {
                    return Poll::Pending;
                }
                commands.next();
                in_flight = in_flight.max(driver.client().in_flight());
            }
        },
        |socket, now| driver.borrow().poll_delay(socket, now),
    );
    assert_eq!(result, Ok(()));
    assert!(in_flight > 1);
    assert!(body == [mail.as_bytes(); 3].concat());
    let commands = "RETR 1\r\nRETR 1\r\nRETR 1\r\nSTAT\r\nQUIT\r\n";
    assert!(
        world.server.heard.ends_with(commands),
        "{}",
        world.server.heard
    );
}

#[test]
fn what_was_not_sent_on_one_connection_is_not_sent_on_the_next() {
    let mut world = World::new(
        Server::new(maildrop("", "mvan99")),
        64,
        3,
        Faults::default(),
    );
    let mut driver = driver();
    let outcome = world.session(&mut driver, &mut user_pass(), &[]);
    assert_eq!(outcome.error, None);
    let now = world.now;
    let socket = world.client.socket();
    assert!(driver.send(socket, &RETR, now).is_ready());
    assert_eq!(socket.send_queue(), 3);
    // The program drops the connection behind the driver's back.
    socket.abort();
    world.poll();
    world.serve(Server::new(maildrop("", "mvan99")));
    let outcome = world.session(&mut driver, &mut user_pass(), &[Command::Stat]);
    assert_eq!(outcome.error, None);
    assert_eq!(world.server.heard, "USER mrose\r\nPASS mvan99\r\nSTAT\r\n");
}

#[test]
fn a_command_that_the_ring_cannot_hold_is_refused_without_a_buffer_for_it() {
    let server = Server::new(maildrop("", "mvan99"));
    let mut world = World::new(server, 64, 11, Faults::default());
    let mut driver: Driver<1, 64> = Driver::default();
    world.connect(&mut driver).unwrap();
    let mut way_in = user_pass();
    let driver = std::cell::RefCell::new(driver);
    let result = world.run(
        |socket, now| driver.borrow_mut().log_in(socket, &mut way_in, now, |_| ()),
        |socket, now| driver.borrow().poll_delay(socket, now),
    );
    // "USER mrose" and its line end.
    assert_eq!(
        result,
        Err(Error::Send(SendError::BufferTooSmall { needed: 12 }))
    );
    assert_eq!(world.server.heard, "");
    assert_eq!(driver.borrow().client().state(), State::Authorization);
    // The log-in is over, and so is its time.
    let now = world.now;
    assert_eq!(driver.borrow().poll_delay(world.client.socket(), now), None);
}

#[test]
fn a_command_waits_for_room_and_goes_out_in_one_piece() {
    let server = Server::new(maildrop("", "mvan99"));
    let mut world = World::new(server, 64, 20, Faults::default());
    let mut driver = driver();
    let outcome = world.session(&mut driver, &mut user_pass(), &[]);
    assert_eq!(outcome.error, None);
    // Something else is on its way: five octets are free, and the command has six.
    let now = world.now;
    let socket = world.client.socket();
    socket.send_slice(b"NOOP           ").unwrap();
    assert!(driver.send(socket, &Command::Noop, now).is_pending());
    assert_eq!((socket.send_queue(), driver.client().in_flight()), (15, 0));
    world.pass(Duration::from_millis(500));
    let now = world.now;
    let socket = world.client.socket();
    assert!(driver.send(socket, &Command::Noop, now).is_ready());
    assert_eq!((socket.send_queue(), driver.client().in_flight()), (6, 1));
}

#[test]
fn a_reply_that_wraps_around_the_end_of_the_ring_is_seen_at_once() {
    // The greeting fills the ring but for one octet.
    let greeting = format!("+OK {}\r\n", "x".repeat(1023 - 6));
    let server = Server::script(&[&greeting, "+OK name is fine\r\n"]);
    let mut world = World::new(server, 1024, 64, Faults::default());
    let mut driver: Driver<1, 64> = Driver::default();
    world.connect(&mut driver).unwrap();
    world.pass(Duration::from_millis(100));
    let now = world.now;
    let socket = world.client.socket();
    assert_eq!(driver.poll(socket, now, |_| ()), Poll::Ready(Ok(Some(()))));
    assert!(
        driver
            .send(socket, &Command::User(b"mrose"), now)
            .is_ready()
    );
    world.pass(Duration::from_millis(100));
    let now = world.now;
    // One call, and the interface is not polled in between.
    let seen = driver.poll(world.client.socket(), now, |event| {
        event.completes().is_some()
    });
    assert_eq!(seen, Poll::Ready(Ok(Some(true))));
}
