//! Whatever goes wrong with the stream, and whenever: the session is over or fine, and never wrong.

use std::error::Error as _;
use std::io::ErrorKind as IoErrorKind;
use std::sync::Arc;

use pop3_std::rustls::client::Resumption;
use pop3_std::rustls::crypto::ring;
use pop3_std::rustls::{ClientConfig, RootCertStore, ServerConfig};
use pop3_std::{
    Authentication, Connector, Deletions, Error, ErrorKind, Security, Session, Text, Transport,
};

use crate::certificates::CertificateAuthority;
use crate::endings::{Broken, whole_session};
use crate::faulty::{Call, Calls, Fault, Faulty};
use crate::play::{GREETING, Play, clear, credentials, mailbox, n};
use crate::server::{TlsPlay, tls_config};

const LOST: [IoErrorKind; 3] = [
    IoErrorKind::ConnectionReset,
    IoErrorKind::BrokenPipe,
    IoErrorKind::ConnectionAborted,
];

/// What it comes to when the connection is gone.
const ENDED: [ErrorKind; 3] = [
    ErrorKind::Closed,
    ErrorKind::ClosedAtLogin,
    ErrorKind::Truncated,
];

/// What can become of a read, a write or a flush, but for an interruption.
fn faults() -> Vec<Fault> {
    let mut faults: Vec<Fault> = LOST.map(Fault::Fails).into();
    faults.extend([
        Fault::Fails(IoErrorKind::WouldBlock),
        Fault::Fails(IoErrorKind::TimedOut),
        Fault::Fails(IoErrorKind::PermissionDenied),
        Fault::Nothing,
    ]);
    faults
}

/// A session that was run, and what its server and its stream saw of it.
struct Run<S> {
    done: Vec<String>,
    ended: Result<(), Broken<S>>,
    play: Play,
    calls: Calls,
}

fn run<S: Transport>(connector: &Connector, play: Play, stream: Faulty<S>) -> Run<Faulty<S>> {
    let calls = stream.calls();
    let mut done = Vec::new();
    let ended = whole_session(connector, stream, &mut done);
    Run {
        done,
        ended,
        play,
        calls,
    }
}

impl<S: Transport> Run<S> {
    /// What must be so whatever has happened. Gives the error that the session ended with.
    fn check(self, all: &[String]) -> Option<Error> {
        let sent = self.play.sent();
        assert!(all.starts_with(&self.done), "{:?}", self.done);
        let Err(broken) = self.ended else {
            assert_eq!(self.done, all);
            assert!(sent.ends_with("QUIT\r\n"));
            assert!(self.play.stage().say.is_empty());
            return None;
        };
        assert!(self.done.len() < all.len());
        // Whether the server was told to delete, decides what may be said of the deletions.
        match broken.deletions {
            Some(Deletions::Unknown) => {}
            Some(Deletions::Discarded) | None => assert!(!sent.contains("QUIT\r\n"), "{sent}"),
            deletions => panic!("{deletions:?}"),
        }
        let doing = broken.error.to_string();
        match broken.error.kind() {
            ErrorKind::ClosedAtLogin => {
                assert!(doing.starts_with("USER: ") || doing.starts_with("PASS: "))
            }
            ErrorKind::Truncated => assert!(
                ["CAPA: ", "LIST: ", "UIDL: ", "RETR 1: "]
                    .iter()
                    .any(|begin| doing.starts_with(begin))
            ),
            _ => {}
        }
        if let Some(session) = broken.session {
            stays_over(session, &broken.error, &self.calls);
        }
        assert_eq!(self.play.sent(), sent);
        Some(broken.error)
    }

    /// What it is without a fault: all that is done, and the calls that it takes.
    fn undisturbed(self) -> (Vec<String>, Vec<Call>) {
        let (all, calls) = (self.done.clone(), self.calls.all());
        assert!(self.check(&all).is_none());
        assert_eq!(all.last().map(String::as_str), Some("committed"));
        (all, calls)
    }
}

/// No command touches the stream any more, and all of them say why.
fn stays_over<S: Transport>(mut session: Session<S>, error: &Error, calls: &Calls) {
    let before = calls.count();
    assert!(!session.is_open());
    for later in [
        session.stat().unwrap_err(),
        session.list().unwrap_err(),
        session.list_one(n(1)).unwrap_err(),
        session.uidl().unwrap_err(),
        session.uidl_one(n(1)).unwrap_err(),
        session.retr(n(1)).unwrap_err(),
        session.top(n(1), 0).unwrap_err(),
        session.dele(n(1)).unwrap_err(),
        session.noop().unwrap_err(),
        session.rset().unwrap_err(),
        session.capa().unwrap_err(),
    ] {
        assert_eq!(later.kind(), ErrorKind::SessionOver);
        assert_eq!(later.source().unwrap().to_string(), error.to_string());
    }
    assert!(!session.is_open());
    let quit = session.quit().unwrap_err();
    assert_eq!(quit.deletions, Deletions::Discarded);
    assert_eq!(quit.error.kind(), ErrorKind::SessionOver);
    assert_eq!(calls.count(), before);
}

/// A fault at a certain call, and perhaps at all that follow.
#[derive(Clone, Copy, Debug)]
struct Planned {
    at: usize,
    call: Call,
    fault: Fault,
    for_ever: bool,
}

impl Planned {
    /// Every fault at every `step`th call.
    fn all(calls: &[Call], step: usize) -> Vec<Self> {
        let mut all = Vec::new();
        for (at, &call) in calls.iter().enumerate().step_by(step) {
            for fault in faults() {
                for for_ever in [false, true] {
                    all.push(Self {
                        at,
                        call,
                        fault,
                        for_ever,
                    });
                }
            }
        }
        all
    }

    fn plan(self) -> impl FnMut(usize, Call) -> Option<Fault> + Send + 'static {
        move |index, call| {
            let now = index == self.at || self.for_ever && index > self.at;
            (call.is_io() && now).then_some(self.fault)
        }
    }

    /// Whether it says that the connection is gone.
    fn is_loss(self) -> bool {
        matches!(self.fault, Fault::Fails(kind) if LOST.contains(&kind))
    }
}

/// A session in clear. `short`: every read and write is of one octet.
fn in_clear(
    short: bool,
    mut plan: impl FnMut(usize, Call) -> Option<Fault> + Send + 'static,
) -> Run<Faulty<Play>> {
    let play = Play::new(GREETING, mailbox);
    let stream = Faulty::new(play.clone(), move |index, call| {
        plan(index, call).or(short.then_some(Fault::Short))
    });
    run(&clear(), play, stream)
}

#[test]
fn a_call_that_fails_ends_the_session_and_makes_nothing_wrong() {
    for short in [false, true] {
        let (all, calls) = in_clear(short, |_, _| None).undisturbed();
        // There are streams that hold back what is written.
        let unflushed = [Call::Write, Call::Read];
        assert!(!calls.windows(2).any(|pair| pair == unflushed));
        let last_flush = calls.iter().rposition(|call| *call == Call::Flush);
        for planned in Planned::all(&calls, 1) {
            let Planned {
                at,
                call,
                fault,
                for_ever,
            } = planned;
            let Some(error) = in_clear(short, planned.plan()).check(&all) else {
                // A flush has no octets to be short of, and after the last one the answer can come all the same.
                let harmless =
                    fault == Fault::Nothing || planned.is_loss() && Some(at) == last_flush;
                assert!(call == Call::Flush && harmless && !for_ever, "{planned:?}");
                continue;
            };
            let expected: &[ErrorKind] = match (call, fault) {
                (_, Fault::Fails(IoErrorKind::PermissionDenied)) => &[ErrorKind::Io],
                (Call::Write, Fault::Nothing) => &[ErrorKind::Io],
                // The server was told nothing, so it waits.
                (Call::Write, _) if planned.is_loss() && !for_ever => &[ErrorKind::TimedOut],
                (_, Fault::Nothing) => &ENDED,
                _ if planned.is_loss() => &ENDED,
                _ => &[ErrorKind::TimedOut],
            };
            assert!(expected.contains(&error.kind()), "{planned:?}: {error}");
        }
    }
}

#[test]
fn interruptions_and_short_calls_change_nothing() {
    for short in [false, true] {
        let (all, calls) = in_clear(short, |_, _| None).undisturbed();
        for at in 0..calls.len() {
            for (fault, times) in [
                (Fault::Fails(IoErrorKind::Interrupted), 1),
                (Fault::Fails(IoErrorKind::Interrupted), 5),
                (Fault::Short, 1),
            ] {
                let run = in_clear(short, move |index, call| {
                    (call.is_io() && (at..at + times).contains(&index)).then_some(fault)
                });
                let error = run.check(&all);
                assert!(error.is_none(), "{fault:?} at {at}: {error:?}");
            }
        }
    }
}

#[test]
fn a_stream_that_cannot_be_told_how_long_to_wait_is_given_up() {
    let (all, calls) = in_clear(false, |_, _| None).undisturbed();
    for setting in [Call::SetReadTimeout, Call::SetWriteTimeout] {
        for (fault, expected) in [
            (IoErrorKind::InvalidInput, &[ErrorKind::Io][..]),
            (IoErrorKind::ConnectionReset, &ENDED),
        ] {
            for at in 0..calls.len() {
                let run = in_clear(false, move |index, call| {
                    (index >= at && call == setting).then_some(Fault::Fails(fault))
                });
                match run.check(&all) {
                    // The clock decides how often a stream is told, except for the first time.
                    None => assert!(at > 0),
                    Some(error) => assert!(
                        expected.contains(&error.kind())
                            // Nothing was written, so the server waits.
                            || setting == Call::SetWriteTimeout
                                && expected == ENDED
                                && error.kind() == ErrorKind::TimedOut,
                        "{setting:?} at {at}: {error}"
                    ),
                }
            }
        }
    }
}

#[test]
fn no_command_follows_one_that_was_perhaps_sent_in_part() {
    let play = Play::new(GREETING, mailbox);
    let mut writes = 0;
    let stream = Faulty::new(play.clone(), move |_, call| {
        if call != Call::Write {
            return None;
        }
        writes += 1;
        match writes {
            // The log-in takes four. Of STAT one octet gets through, and then a single write fails.
            5 => Some(Fault::Short),
            6 => Some(Fault::Fails(IoErrorKind::BrokenPipe)),
            _ => None,
        }
    });
    let calls = stream.calls();
    let mut session = clear()
        .connect_over(stream)
        .unwrap()
        .login(&credentials(), Authentication::UserPass)
        .unwrap();
    // A goodbye that was on its way stands where the answer would.
    play.stage().say.extend(b"-ERR idle for too long\r\n");
    let error = session.stat().unwrap_err();
    assert_eq!(error.server_text(), Some(Text::new(b"idle for too long")));
    assert!(!session.is_open());
    let error = session.dele(n(1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    stays_over(session, &error, &calls);
    assert!(play.sent().ends_with("CAPA\r\nS"), "{}", play.sent());
}

#[test]
fn a_tls_handshake_is_not_tried_for_ever_on_a_stream_that_takes_nothing() {
    let stream = Faulty::new(Play::new("", mailbox), |_, call| {
        (call == Call::Write).then_some(Fault::Nothing)
    });
    let calls = stream.calls();
    let error = Connector::new("localhost", Security::ImplicitTls)
        .add_root(CertificateAuthority::new().root())
        .connect_over(stream)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    assert_eq!(calls.all(), [Call::Write]);
}

/// A session in TLS. `short`: every read and write is of one octet.
fn in_tls(
    connector: &Connector,
    config: &Arc<ServerConfig>,
    short: bool,
    mut plan: impl FnMut(usize, Call) -> Option<Fault> + Send + 'static,
) -> Run<Faulty<TlsPlay>> {
    let play = Play::new(GREETING, mailbox);
    let stream = TlsPlay::new(play.clone(), config.clone());
    let stream = Faulty::new(stream, move |index, call| {
        plan(index, call).or(short.then_some(Fault::Short))
    });
    run(connector, play, stream)
}

#[test]
fn nothing_is_wrong_inside_tls_either() {
    let authority = CertificateAuthority::new();
    let server = tls_config(&authority.issue_for_loopback());
    let mut roots = RootCertStore::empty();
    roots.add(authority.root()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    // So that every handshake takes the same calls.
    config.resumption = Resumption::disabled();
    let connector = Connector::new("localhost", Security::ImplicitTls).tls_config(Arc::new(config));

    for (short, step) in [(false, 1), (true, 211)] {
        let (all, calls) = in_tls(&connector, &server, short, |_, _| None).undisturbed();
        for planned in Planned::all(&calls, step) {
            let Planned {
                at,
                fault,
                for_ever,
                ..
            } = planned;
            let run = in_tls(&connector, &server, short, planned.plan());
            // Some signatures are an octet longer than others, so it need not be the call that it was before.
            let calls = run.calls.all();
            let call = calls.get(at).copied();
            let Some(error) = run.check(&all) else {
                // TLS writes again what it has not got rid of. And that a client goes, a server need not hear.
                let goes = !calls.iter().skip(at).any(|call| *call == Call::Read);
                assert!(call != Some(Call::Read) && !for_ever || goes, "{planned:?}");
                continue;
            };
            let expected: &[ErrorKind] = match fault {
                Fault::Fails(IoErrorKind::PermissionDenied) => &[ErrorKind::Io],
                Fault::Nothing if call == Some(Call::Write) => &[ErrorKind::Io],
                Fault::Fails(IoErrorKind::WouldBlock | IoErrorKind::TimedOut) => {
                    &[ErrorKind::TimedOut]
                }
                _ => &ENDED,
            };
            let handshake = error.to_string().starts_with("TLS handshake: ");
            assert!(
                expected.contains(&error.kind()) || handshake && error.kind() == ErrorKind::Tls,
                "{planned:?}: {error}"
            );
        }
        for at in (0..calls.len()).step_by(step) {
            let run = in_tls(&connector, &server, short, move |index, call| {
                (call.is_io() && (at..at + 5).contains(&index))
                    .then_some(Fault::Fails(IoErrorKind::Interrupted))
            });
            let error = run.check(&all);
            assert!(error.is_none(), "{at}: {error:?}");
        }
    }
}
