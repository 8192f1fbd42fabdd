//! How long the client waits, and that it waits no longer.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use pop3_std::{
    Authentication, Config, Connector, Credentials, Deletions, Error, ErrorKind, MessageNumber,
    Pipelining, Security, Session, Timeouts,
};

use crate::certificates::CertificateAuthority;
use crate::play::{GREETING, Play, credentials, mailbox, n};
use crate::server::{Server, read_line};

/// Far more than any of the time-outs here, and far less than any test would be let run.
const ETERNITY: Duration = Duration::from_secs(20);

const PATIENCE: Duration = Duration::from_millis(500);

fn connector(server: &Server, security: Security) -> Connector {
    Connector::new("127.0.0.1", security)
        .port(server.port())
        .timeouts(Timeouts::all(PATIENCE))
        .ask_capabilities(false)
}

/// Runs it, and checks that it took as long as the time-out, and not much longer.
fn timed<T>(action: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = action();
    let took = start.elapsed();
    assert!(took >= PATIENCE, "only {took:?}");
    assert!(took < ETERNITY, "{took:?}");
    result
}

/// Waits until the client has gone.
fn hold(stream: &mut TcpStream) -> io::Result<()> {
    io::copy(stream, &mut io::sink()).map(|_| ())
}

/// Sends octet by octet for ever, each well within the time-out.
fn drip(stream: &mut TcpStream, octets: &[u8]) -> io::Result<()> {
    for octet in octets.iter().cycle() {
        stream.write_all(&[*octet])?;
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

#[test]
fn a_server_that_does_not_greet() {
    let server = Server::start(|mut stream| hold(&mut stream));
    let error = timed(|| {
        connector(&server, Security::ClearText)
            .connect()
            .unwrap_err()
    });
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(error.to_string().contains("expects TLS"), "{error}");
    server.ended();
}

#[test]
fn a_server_that_greets_octet_by_octet() {
    let server = Server::start(|mut stream| {
        stream.write_all(b"+OK ")?;
        drip(&mut stream, b"x")
    });
    let error = timed(|| {
        connector(&server, Security::ClearText)
            .connect()
            .unwrap_err()
    });
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(
        error.to_string().contains("not complete within 500ms"),
        "{error}"
    );
    server.ended();
}

/// Logged in on a server that answers this command by doing this.
fn session_with(
    command: &'static str,
    answer: impl FnOnce(&mut TcpStream) -> io::Result<()> + Send + 'static,
    timeouts: Timeouts,
) -> (Session<TcpStream>, Server) {
    let server = Server::start(move |mut stream| {
        stream.write_all(GREETING.as_bytes())?;
        while read_line(&mut stream)? != command {
            stream.write_all(b"+OK\r\n")?;
        }
        answer(&mut stream)
    });
    let session = connector(&server, Security::ClearText)
        .timeouts(timeouts)
        .config(Config::new().pipelining(Pipelining::Always))
        .connect()
        .unwrap()
        .login(&credentials(), Authentication::UserPass)
        .unwrap();
    (session, server)
}

#[test]
fn a_server_that_falls_silent() {
    let timeouts = Timeouts::all(PATIENCE);
    let (mut session, server) = session_with("STAT", hold, timeouts);
    let error = timed(|| session.stat().unwrap_err());
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    // And then there is no more waiting.
    assert_eq!(session.noop().unwrap_err().kind(), ErrorKind::SessionOver);
    assert_eq!(session.quit().unwrap_err().deletions, Deletions::Discarded);
    server.ended();

    let silent_within = |stream: &mut TcpStream| {
        stream.write_all(b"+OK\r\nSubject: x\r\n")?;
        hold(stream)
    };
    let (mut session, server) = session_with("RETR 1", silent_within, timeouts);
    let mut octets = Vec::new();
    let error = timed(|| {
        let mut message = session.retr(n(1)).unwrap();
        message.read_to_end(&mut octets).unwrap_err()
    });
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(Error::from(error).kind(), ErrorKind::TimedOut);
    assert_eq!(octets, b"Subject: x\r\n");
    drop(session);
    server.ended();

    let (mut session, server) = session_with("RETR 1", silent_within, timeouts);
    drop(session.retr(n(1)).unwrap());
    // What the dropped message still owes is not waited for any longer than the message would have been.
    let error = timed(|| session.stat().unwrap_err());
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    drop(session);
    server.ended();

    let (session, server) = session_with("QUIT", hold, timeouts);
    let error = timed(|| session.quit().unwrap_err());
    assert_eq!(error.deletions, Deletions::Unknown);
    assert_eq!(error.error.kind(), ErrorKind::TimedOut);
    server.ended();
}

#[test]
fn a_status_line_and_the_capabilities_cannot_be_stretched() {
    let timeouts = Timeouts::all(PATIENCE);
    let (mut session, server) = session_with(
        "STAT",
        |stream| {
            stream.write_all(b"+OK ")?;
            drip(stream, b"1")
        },
        timeouts,
    );
    let error = timed(|| session.stat().unwrap_err());
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    drop(session);
    server.ended();

    let (mut session, server) = session_with(
        "CAPA",
        |stream| {
            stream.write_all(b"+OK\r\n")?;
            drip(stream, b"TOP\r\n")
        },
        timeouts,
    );
    let error = timed(|| session.capa().unwrap_err());
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    drop(session);
    server.ended();

    let (mut session, server) = session_with(
        "LANG",
        |stream| {
            stream.write_all(b"+OK\r\n")?;
            drip(stream, b"en English\r\n")
        },
        timeouts,
    );
    let error = timed(|| session.languages().unwrap_err());
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    drop(session);
    server.ended();
}

#[test]
fn a_long_message_may_take_long_unless_it_is_bounded() {
    // Octet by octet, in all longer than the longest silence.
    let slowly = |stream: &mut TcpStream| {
        stream.write_all(b"+OK\r\n")?;
        for octet in b"0123456789012345678901234567890123456789\r\n.\r\n" {
            stream.write_all(&[*octet])?;
            thread::sleep(Duration::from_millis(25));
        }
        hold(stream)
    };
    let mut timeouts = Timeouts::all(Duration::from_millis(800));
    let (mut session, server) = session_with("RETR 1", slowly, timeouts);
    let start = Instant::now();
    session.retr(n(1)).unwrap().finish().unwrap();
    assert!(start.elapsed() > timeouts.read);
    drop(session);
    server.ended();

    timeouts.reply = Some(PATIENCE);
    let (mut session, server) = session_with("RETR 1", slowly, timeouts);
    let error = timed(|| {
        session
            .retr(n(1))
            .and_then(pop3_std::Message::finish)
            .unwrap_err()
    });
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(
        error.to_string().contains("not complete within 500ms"),
        "{error}"
    );
    drop(session);
    server.ended();
}

#[test]
fn the_time_for_a_pipelined_reply_counts_from_the_end_of_the_one_before() {
    // Each within the time-out, and all of them not.
    let slowly = |stream: &mut TcpStream| {
        for _ in 0..4 {
            thread::sleep(PATIENCE / 3);
            stream.write_all(b"+OK\r\n")?;
        }
        drip(stream, b"+OK ")
    };
    let (mut session, server) = session_with("DELE 1", slowly, Timeouts::all(PATIENCE));
    let mut batch = session.dele_many(MessageNumber::up_to(5));
    for _ in 0..4 {
        batch.next().unwrap().unwrap().result.unwrap();
    }
    let error = timed(|| batch.next().unwrap_err());
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let text = error.to_string();
    assert!(
        text.starts_with("DELE 5: it was not complete within 500ms"),
        "{text}"
    );
    assert!(text.contains("Pipelining::Off"), "{text}");
    drop(session);
    server.ended();
}

#[test]
fn each_reply_that_is_read_away_has_its_own_time() {
    let slowly = |stream: &mut TcpStream| {
        for _ in 0..4 {
            stream.write_all(b"+OK\r\n")?;
            thread::sleep(PATIENCE / 3);
        }
        drip(stream, b"+OK ")
    };
    let (mut session, server) = session_with("DELE 1", slowly, Timeouts::all(PATIENCE));
    drop(session.dele_many(MessageNumber::up_to(5)).next().unwrap());
    let error = timed(|| session.noop().unwrap_err());
    assert!(error.to_string().starts_with("DELE 5: "), "{error}");
    drop(session);
    server.ended();
}

#[test]
fn the_time_that_the_caller_takes_between_messages_is_not_the_servers() {
    let one_by_one = |stream: &mut TcpStream| {
        for _ in 0..6 {
            stream.write_all(b"+OK\r\n.\r\n")?;
            thread::sleep(PATIENCE / 6);
        }
        hold(stream)
    };
    for goes_on in [true, false] {
        let (mut session, server) = session_with("RETR 1", one_by_one, Timeouts::all(PATIENCE));
        let mut batch = session.retr_many(MessageNumber::up_to(6));
        let first = batch.next().unwrap().unwrap();
        first.message.unwrap().finish().unwrap();
        thread::sleep(PATIENCE * 2);
        if goes_on {
            while let Some(item) = batch.next().unwrap() {
                item.message.unwrap().finish().unwrap();
            }
        } else {
            drop(batch);
        }
        // The others are read away, and only then there is nothing.
        let error = timed(|| session.noop().unwrap_err());
        assert!(error.to_string().starts_with("NOOP: "), "{error}");
        drop(session);
        server.ended();
    }
}

#[test]
fn a_tls_handshake_that_hangs_or_drips() {
    let hanging = |stream: &mut TcpStream| hold(stream);
    // A record of 16 KiB, octet by octet, as an answer: before the client's first octet it would be an intrusion.
    let dripping = |stream: &mut TcpStream| {
        stream.read_exact(&mut [0])?;
        stream.write_all(&[22, 3, 3, 0x40, 0])?;
        drip(stream, &[2])
    };
    let authority = CertificateAuthority::new();
    for act in [hanging as fn(&mut TcpStream) -> io::Result<()>, dripping] {
        let implicit = Server::start(move |mut stream| act(&mut stream));
        let stls = Server::start(move |mut stream| {
            stream.write_all(GREETING.as_bytes())?;
            read_line(&mut stream)?;
            stream.write_all(b"+OK\r\n")?;
            act(&mut stream)
        });
        for (server, security) in [
            (implicit, Security::ImplicitTls),
            (stls, Security::StartTls),
        ] {
            let connector = connector(&server, security).add_root(authority.root());
            // The roots are read once, and that takes its own time.
            let error = timed(|| connector.connect().unwrap_err());
            assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
            assert!(error.to_string().starts_with("TLS handshake: "), "{error}");
            server.ended();
        }
    }
}

#[test]
fn a_server_that_takes_nothing() {
    let (given_up, wait) = mpsc::channel::<()>();
    let server = Server::start(move |mut stream| {
        stream.write_all(GREETING.as_bytes())?;
        read_line(&mut stream)?;
        stream.write_all(b"+OK\r\n")?;
        let _ = wait.recv();
        Ok(())
    });
    // More than the operating system buffers for both sides.
    let credentials = Credentials::new("mrose", vec![b'x'; 16 << 20]);
    let connection = connector(&server, Security::ClearText).connect().unwrap();
    let error = timed(|| {
        connection
            .login(&credentials, Authentication::UserPass)
            .unwrap_err()
    });
    assert_eq!(error.error.kind(), ErrorKind::TimedOut, "{error}");
    drop(given_up);
    server.ended();
}

#[test]
fn no_time_at_all() {
    let server = Server::start(|mut stream| hold(&mut stream));
    let mut timeouts = Timeouts::all(Duration::ZERO);
    let connector = connector(&server, Security::ClearText).timeouts(timeouts);
    assert_eq!(connector.connect().unwrap_err().kind(), ErrorKind::Connect);
    timeouts.connect = PATIENCE;
    let error = connector.timeouts(timeouts).connect().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    server.ended();

    // Less than the clock can tell apart is still some time, and nothing overflows.
    for time in [Duration::from_nanos(1), Duration::MAX] {
        let play = Play::new(GREETING, mailbox);
        let connector = Connector::new("x", Security::ClearText).timeouts(Timeouts::all(time));
        match connector.connect_over(play) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::TimedOut),
        }
    }
}
