//! Reading and writing take turns, so neither side ever waits for the other for ever.

use std::io::{self, ErrorKind as IoErrorKind, Read};
use std::sync::Arc;
use std::time::Duration;

use pop3_std::rustls::crypto::ring;
use pop3_std::rustls::{ClientConfig, RootCertStore, ServerConfig};
use pop3_std::{Connector, ErrorKind, Security, Session, Timeouts, Transport};

use crate::certificates::CertificateAuthority;
use crate::faulty::{Call, Fault, Faulty};
use crate::narrow::Narrow;
use crate::piped::{fetch, log_in, mail, mark, numbers, piped, play};
use crate::play::{clear, n};
use crate::server::tls_config;

/// A client's configuration and a server's, for TLS in memory.
fn in_tls() -> (Connector, Arc<ServerConfig>) {
    let authority = CertificateAuthority::new();
    let mut roots = RootCertStore::empty();
    roots.add(authority.root()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (
        Connector::new("localhost", Security::ImplicitTls).tls_config(Arc::new(config)),
        tls_config(&authority.issue_for_loopback()),
    )
}

#[test]
fn full_buffers_on_both_sides_are_no_deadlock() {
    let (tls, config) = in_tls();
    for (connector, narrow) in [
        (clear(), Narrow::new(piped)),
        (tls, Narrow::new(piped).tls(config)),
    ] {
        // Less than a command, and less than a message.
        let narrow = narrow.rooms(7, 5).chunks(10);
        let mut session = log_in(&connector, narrow.clone());
        fetch(&mut session, 150);
        mark(&mut session, 150);
        let mut batch = session.retr_many(numbers(100));
        drop(batch.next().unwrap());
        drop(batch);
        assert_eq!(session.stat().unwrap().messages, 2);
        // While the server sends, it is not asked again and again to take something.
        let blocked = narrow.stage().blocked;
        assert!((1..2000).contains(&blocked), "{blocked}");
    }
}

#[test]
fn a_server_that_neither_sends_nor_takes_is_not_waited_for_for_ever() {
    let (tls, config) = in_tls();
    for (connector, narrow) in [
        (clear(), Narrow::new(piped)),
        (tls, Narrow::new(piped).tls(config)),
    ] {
        let mut session = log_in(&connector, narrow.clone());
        fetch(&mut session, 2);
        narrow.rooms(0, 0);
        let error = session.retr_many(numbers(2)).next().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(
            error.to_string().contains("nothing happened for 120s"),
            "{error}"
        );
    }
}

#[test]
fn a_server_that_takes_something_now_and_then_is_waited_for() {
    let mut writes = 0;
    let stream = Faulty::new(play(piped), move |index, call| {
        writes += usize::from(call == Call::Write && index > 10);
        match (call, writes) {
            (Call::Write, 1..) if writes % 2 == 1 => Some(Fault::Fails(IoErrorKind::WouldBlock)),
            (Call::Write, 1..) => Some(Fault::Short),
            _ => None,
        }
    });
    // In turns of 10 ms, octet by octet, a command of 21 octets takes longer than any silence may last.
    let connector = clear().timeouts(Timeouts::all(Duration::from_millis(300)));
    let mut session = log_in(&connector, stream);
    let mut batch = session.top_many([n(1000); 2], u32::MAX);
    for _ in 0..2 {
        drop(batch.next().unwrap().unwrap().message.unwrap());
    }
}

#[test]
fn the_caller_may_be_slow() {
    // What is read of a message is not more than what the caller takes, and commands wait meanwhile.
    let narrow = Narrow::new(piped).rooms(30, 100);
    let mut session = log_in(&clear(), narrow);
    let mut batch = session.retr_many(numbers(30));
    while let Some(item) = batch.next().unwrap() {
        if let Ok(message) = item.message {
            let octets: io::Result<Vec<u8>> = message.bytes().collect();
            assert_eq!(octets.unwrap(), mail(item.number.get()).as_bytes());
        }
    }
}

#[test]
fn replies_before_their_commands_do_not_confuse_the_next_one() {
    // The server takes ten octets and answers more than it can have been asked.
    let mut first = true;
    let narrow = Narrow::new(move |command| match command {
        "DELE 1" if std::mem::take(&mut first) => "+OK\r\n".repeat(5),
        _ if command.starts_with("DELE") => String::new(),
        command => piped(command),
    })
    .rooms(10, 1);
    let mut session = log_in(&clear(), narrow.clone());
    mark_unrefused(&mut session);
    // What had not been written by then is written first.
    assert_eq!(session.stat().unwrap().messages, 2);
    let sent = narrow.stage().writes.concat();
    assert!(
        sent.ends_with(b"DELE 5\r\nSTAT\r\n"),
        "{}",
        String::from_utf8_lossy(&sent)
    );
}

fn mark_unrefused<S: Transport>(session: &mut Session<S>) {
    let mut batch = session.dele_many(numbers(5));
    while let Some(item) = batch.next().unwrap() {
        item.result.unwrap();
    }
}
