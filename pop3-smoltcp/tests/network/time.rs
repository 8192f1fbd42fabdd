//! A time-out in each state, to the millisecond, and what a server cannot stretch.

use pop3_smoltcp::pop3_proto::{Command, CommandKind, Config, Event, MessageNumber, Request};
use pop3_smoltcp::{Driver, Error, Phase, Timeouts};
use smoltcp::socket::tcp;
use smoltcp::time::{Duration, Instant};

use crate::server::{Server, Stop, mail, maildrop};
use crate::wire::Faults;
use crate::world::{Outcome, RETR, TestDriver, World, user_pass};

/// Each another time, so that none is taken for another.
const TIMEOUTS: Timeouts = Timeouts::new()
    .connect(10_000)
    .greeting(20_000)
    .log_in(90_000)
    .reply(40_000)
    .silence(50_000)
    .quit(60_000);

fn request(kind: CommandKind, message: Option<MessageNumber>) -> Request {
    Request { kind, message }
}

/// A session with a server that falls silent, or slow, once it has said `at`, which it says at this time; and when it was
/// given up, in milliseconds after that.
fn silent(at: &str, how: Stop, commands: &[Command<'_>], timeouts: Timeouts) -> (Outcome, i64) {
    let mail = format!("{}\r\n", "x".repeat(200));
    // Where in the session it is.
    let mut answer = maildrop(&mail, "mvan99");
    let log_in = ["", "USER mrose", "PASS mvan99"].map(str::to_owned);
    let lines = log_in
        .into_iter()
        .chain(commands.iter().map(ToString::to_string));
    let script: String = lines.map(|line| answer(&line)).collect();
    let octets = script.find(at).unwrap() + at.len();
    let server = Server::new(answer).stop(octets, how);
    let mut world = World::new(server, 64, 64, Faults::default());
    let mut driver: TestDriver = Driver::new(Config::new(), timeouts);
    let outcome = world.session(&mut driver, &mut user_pass(), commands);
    let now = world.now;
    assert_eq!(world.client.socket().state(), tcp::State::Closed);
    if outcome.error.is_some() {
        assert_eq!(driver.poll_delay(world.client.socket(), now), None);
    }
    (outcome, now.total_millis())
}

#[test]
fn in_each_state() {
    let all = [Command::Stat, RETR, Command::Quit];
    let stat = request(CommandKind::Stat, None);
    let user = request(CommandKind::User, None);
    let retr = request(CommandKind::Retr, Some(MessageNumber::FIRST));
    for (at, phase, time) in [
        ("+OK re", Phase::Greeting, 20_000),
        ("us>\r\n+O", Phase::Reply(user), 40_000),
        ("message\r\n+OK 1", Phase::Reply(stat), 40_000),
        ("octets\r\nxx", Phase::Rest(retr), 50_000),
        ("x\r\n.\r\n+OK b", Phase::Quit, 60_000),
    ] {
        let (outcome, now) = silent(at, Stop::Silent, &all, TIMEOUTS);
        assert_eq!(outcome.error, Some(Error::TimedOut(phase)), "{at:?}");
        // The network takes some milliseconds.
        assert!((time..time + 100).contains(&now), "{at:?}: {now} ms");
    }
}

#[test]
fn while_connecting() {
    let mut world = World::new(Server::script(&[]), 64, 64, Faults::default());
    world.between.cut();
    let mut driver: TestDriver = Driver::new(Config::new(), TIMEOUTS);
    let outcome = world.session(&mut driver, &mut user_pass(), &[]);
    assert_eq!(outcome.error, Some(Error::TimedOut(Phase::Connect)));
    assert_eq!(world.now, Instant::from_secs(10));
    assert_eq!(world.client.socket().state(), tcp::State::Closed);
}

#[test]
fn a_status_line_cannot_be_stretched_and_a_message_can() {
    let drip = Stop::Drip(15_000);
    let (outcome, now) = silent("+OK re", drip, &[], TIMEOUTS);
    assert_eq!(outcome.error, Some(Error::TimedOut(Phase::Greeting)));
    assert!((20_000..20_100).contains(&now), "{now}");
    let (outcome, now) = silent("message\r\n+", drip, &[Command::Stat], TIMEOUTS);
    let stat = request(CommandKind::Stat, None);
    assert_eq!(outcome.error, Some(Error::TimedOut(Phase::Reply(stat))));
    assert!((40_000..40_100).contains(&now), "{now}");
    // Each octet comes in time, and so does the whole of it, after more than a quarter of an hour.
    let (outcome, now) = silent(
        "octets\r\n",
        drip,
        &[RETR, Command::Quit],
        TIMEOUTS.quit(3_600_000),
    );
    assert_eq!(outcome.error, None);
    assert_eq!(outcome.body.len(), 202);
    assert!(now > 200 * 15_000);
    // So does a line of a list.
    let commands = [Command::Uidl, Command::Quit];
    let timeouts = TIMEOUTS.quit(3_600_000);
    let (outcome, now) = silent("message\r\n+OK\r\n1 w", drip, &commands, timeouts);
    assert_eq!(outcome.error, None);
    assert!(now > 20 * 15_000);
}

#[test]
fn the_log_in_as_a_whole() {
    // No reply takes too long, and all of them together do.
    let timeouts = TIMEOUTS.log_in(50_000);
    let (outcome, now) = silent("us>\r\n", Stop::Drip(7_000), &[], timeouts);
    assert_eq!(outcome.error, Some(Error::TimedOut(Phase::LogIn)));
    assert!((50_000..50_100).contains(&now), "{now}");
    // Behind it, its time no longer runs.
    let (outcome, _) = silent(
        "message\r\n",
        Stop::Drip(3_000),
        &[Command::Stat, Command::Quit],
        timeouts,
    );
    assert_eq!(outcome.error, None);
}

#[test]
fn a_server_that_takes_nothing() {
    let mut server = Server::new(maildrop("", "mvan99"));
    server.deaf = true;
    let mut world = World::new(server, 64, 7, Faults::default());
    // A window of seven octets, which are never read.
    world.side.receive_only(7);
    let mut driver: TestDriver = Driver::new(Config::new(), TIMEOUTS);
    let outcome = world.session(&mut driver, &mut user_pass(), &[]);
    let user = request(CommandKind::User, None);
    assert_eq!(outcome.error, Some(Error::TimedOut(Phase::Reply(user))));
}

#[test]
fn a_command_for_which_there_is_never_room() {
    let mut world = World::new(
        Server::new(maildrop("", "mvan99")),
        64,
        20,
        Faults::default(),
    );
    let mut driver: TestDriver = Driver::new(Config::new(), TIMEOUTS);
    let outcome = world.session(&mut driver, &mut user_pass(), &[]);
    assert_eq!(outcome.error, None);
    // Something that nobody acknowledges fills the ring.
    world.between.cut();
    let began = world.now;
    world.client.socket().send_slice(&[b' '; 20]).unwrap();
    let outcome = world.go_on(&mut driver, None, &[Command::Stat]);
    assert_eq!(outcome.error, Some(Error::TimedOut(Phase::Send)));
    assert_eq!(world.now - began, Duration::from_secs(40));
}

#[test]
fn room_ends_the_wait_for_it() {
    let mut world = World::new(
        Server::new(maildrop("", "mvan99")),
        64,
        20,
        Faults::default(),
    );
    let mut driver: TestDriver = Driver::new(Config::new(), TIMEOUTS);
    let outcome = world.session(&mut driver, &mut user_pass(), &[]);
    assert_eq!(outcome.error, None);
    let now = world.now;
    let socket = world.client.socket();
    socket.send_slice(&[b' '; 20]).unwrap();
    assert!(driver.send(socket, &Command::Stat, now).is_pending());
    assert_eq!(
        driver.poll_delay(socket, now),
        Some(Duration::from_secs(40))
    );
    world.pass(Duration::from_secs(1));
    let now = world.now;
    let socket = world.client.socket();
    // It may have changed its mind by now, and be idle for as long as it likes.
    assert!(driver.poll(socket, now, |_| ()).is_pending());
    assert_eq!(driver.poll_delay(socket, now), None);
}

#[test]
fn octets_that_have_come_are_seen_however_late_it_is() {
    let mail = mail(8);
    let mut world = World::new(
        Server::new(maildrop(&mail, "mvan99")),
        4096,
        64,
        Faults::default(),
    );
    let mut driver: TestDriver = Driver::new(Config::new(), TIMEOUTS);
    let outcome = world.session(&mut driver, &mut user_pass(), &[]);
    assert_eq!(outcome.error, None);
    let now = world.now;
    assert!(driver.send(world.client.socket(), &RETR, now).is_ready());
    // The program is busy with something else, for longer than it would wait for the server.
    world.pass(Duration::from_secs(1_000));
    let outcome = world.go_on(&mut driver, None, &[]);
    assert_eq!(outcome.error, None);
    assert!(outcome.body == mail.as_bytes());
}

#[test]
fn a_server_that_does_not_close_the_connection() {
    let script = ["+OK\r\n", "+OK\r\n", "+OK\r\n", "+OK bye\r\n"];
    let octets = script.concat().len();
    let server = Server::script(&script).stop(octets, Stop::Silent);
    let mut world = World::new(server, 64, 64, Faults::default());
    let mut driver: TestDriver = Driver::new(Config::new(), TIMEOUTS);
    let outcome = world.session(&mut driver, &mut user_pass(), &[Command::Quit]);
    // The session has ended as it should, so this is no error.
    assert_eq!(outcome.error, None);
    assert!(
        (60_000..60_100).contains(&world.now.total_millis()),
        "{}",
        world.now
    );
    assert_eq!(world.client.socket().state(), tcp::State::Closed);
    let now = world.now;
    assert_eq!(driver.poll_delay(world.client.socket(), now), None);
}

#[test]
fn never_is_never() {
    let never = Timeouts::NEVER;
    let timeouts = Timeouts::new().connect(never).greeting(never).log_in(never);
    let timeouts = timeouts.reply(never).silence(never).quit(never);
    let mut world = World::new(Server::script(&[]), 64, 64, Faults::default());
    let mut driver: TestDriver = Driver::new(Config::new(), timeouts);
    world.connect(&mut driver).unwrap();
    let mut way_in = user_pass();
    for _ in 0..3 {
        world.pass(Duration::from_secs(1_000_000));
        let now = world.now;
        let socket = world.client.socket();
        let log_in = driver.log_in(socket, &mut way_in, now, |_: &Event<'_>| ());
        assert!(log_in.is_pending());
        assert_eq!(driver.poll_delay(socket, now), None);
    }
}
