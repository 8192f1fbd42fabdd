//! Batches that break: each message is known for what it is, and none is lost sight of.

use std::io::{ErrorKind as IoErrorKind, Read};
use std::time::Duration;

use pop3_std::{Deletions, Error, ErrorKind, Progress, Session, Text, Timeouts, Transport, Window};

use crate::faulty::{Call, Fault, Faulty};
use crate::piped::{is_refused, log_in, mail, numbers, piped, play};
use crate::play::{GREETING, Play, Reply, Then, clear, then};

/// How far a batch of so many came.
type Outcome = (Vec<u32>, Vec<u32>, Vec<(u32, Progress)>, Error);

/// Fetches until it fails: what was complete, what was refused, what is unfinished, and why.
fn fetch_until_it_fails<S: Transport>(session: &mut Session<S>, count: u32) -> Outcome {
    let (mut complete, mut refused) = (Vec::new(), Vec::new());
    let mut batch = session.retr_many(numbers(count));
    let error = loop {
        let item = match batch.next() {
            Ok(item) => item.expect("it fails"),
            Err(error) => break error,
        };
        match item.message {
            Err(_) => refused.push(item.number.get()),
            Ok(mut message) => {
                if let Err(error) = message.read_to_end(&mut Vec::new()) {
                    break error.into();
                }
                complete.push(item.number.get());
            }
        }
    };
    let again = batch.next().map(|_| ()).unwrap_err();
    assert_eq!(again.to_string(), error.to_string());
    let unfinished = batch
        .unfinished()
        .map(|message| (message.number.get(), message.progress))
        .collect();
    assert!(!session.is_open());
    (complete, refused, unfinished, error)
}

/// What the cut leaves of so many replies: an oracle that knows the octets, and nothing of the client.
fn expected(cut: usize, count: u32, window: u32) -> (Vec<u32>, Vec<u32>, Vec<(u32, Progress)>) {
    let (mut complete, mut refused, mut unfinished) = (Vec::new(), Vec::new(), Vec::new());
    let mut left = cut;
    let mut sent = window;
    for number in 1..=count {
        let reply = piped(&format!("RETR {number}"));
        if !unfinished.is_empty() {
            let progress = match number <= sent {
                true => Progress::Unanswered,
                false => Progress::NotSent,
            };
            unfinished.push((number, progress));
        } else if left < reply.len() {
            let status = reply.find('\n').unwrap() + 1;
            unfinished.push((
                number,
                match left < status {
                    true => Progress::Unanswered,
                    false => Progress::Begun,
                },
            ));
        } else {
            left -= reply.len();
            sent += 1;
            match is_refused(number) {
                true => refused.push(number),
                false => complete.push(number),
            }
        }
    }
    (complete, refused, unfinished)
}

#[test]
fn wherever_the_connection_ends_each_message_is_known_for_what_it_is() {
    let count = 9;
    let octets: usize = (1..=count)
        .map(|number| piped(&format!("RETR {number}")).len())
        .sum();
    let before = {
        let play = play(piped).cut(usize::MAX, Then::Close);
        let _ = log_in(&clear(), play.clone());
        usize::MAX - play.octets_left()
    };
    for window in [1, 3, 64] {
        for chunk in [1, usize::MAX] {
            for end in [
                Then::Close,
                Then::Break(IoErrorKind::ConnectionReset),
                Then::Break(IoErrorKind::TimedOut),
            ] {
                for cut in 0..octets {
                    let play = play(piped).chunks(chunk).cut(before + cut, end);
                    let mut session = log_in(&clear(), play);
                    session.pipelining(Window::new().commands(window));
                    let (complete, refused, unfinished, error) =
                        fetch_until_it_fails(&mut session, count);
                    let expected = expected(cut, count, window as u32);
                    assert_eq!((complete, refused, unfinished), expected, "{cut} {window}");
                    let begun = expected.2[0].1 == Progress::Begun;
                    let kind = match (end, begun) {
                        (Then::Break(IoErrorKind::TimedOut), _) => ErrorKind::TimedOut,
                        (_, true) => ErrorKind::Truncated,
                        (_, false) => ErrorKind::Closed,
                    };
                    assert_eq!(error.kind(), kind, "{error}");
                    let doing = format!("RETR {}: ", expected.2[0].0);
                    assert!(error.to_string().starts_with(&doing), "{error}");
                    let advises = error.to_string().contains("Pipelining::Off");
                    // The last one is in flight alone, and yet it was pipelined.
                    assert_eq!(advises, window > 1, "{error}");
                    assert_eq!(session.quit().unwrap_err().deletions, Deletions::Discarded);
                }
            }
        }
    }
}

#[test]
fn replies_that_are_mixed_up_make_the_message_before_them_doubtful() {
    // WildDuck: the terminator of a message comes behind the status line of the next reply.
    for chunk in [1, usize::MAX] {
        let play = play(|command| match command {
            "RETR 1" => "+OK\r\nfirst\r\n.\r\n".to_owned(),
            "RETR 2" => "+OK\r\nsecond\r\n+OK\r\n.\r\nthird\r\n.\r\n".to_owned(),
            "RETR 3" => String::new(),
            _ => piped(command),
        })
        .chunks(chunk);
        let mut session = log_in(&clear(), play);
        session.pipelining(Window::new().commands(3));
        let (complete, _, unfinished, error) = fetch_until_it_fails(&mut session, 6);
        assert_eq!(complete, [1, 2]);
        assert_eq!(
            unfinished,
            [
                (2, Progress::Doubtful),
                (3, Progress::Unanswered),
                (4, Progress::Unanswered),
                (5, Progress::Unanswered),
                (6, Progress::NotSent)
            ]
        );
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert_eq!(
            error.to_string(),
            "RETR 3: the server sent a line that is no reply where the reply to RETR 3 should begin; commands were pipelined, \
             which some servers announce but cannot do: it may go well with Pipelining::Off: \"third\""
        );
    }
}

#[test]
fn a_refusal_between_them_ends_the_doubt() {
    let play = play(|command| match command {
        "RETR 2" => "-ERR no\r\n".to_owned(),
        "RETR 3" => "hello\r\n".to_owned(),
        _ => piped(command),
    });
    let mut session = log_in(&clear(), play);
    let (complete, refused, unfinished, error) = fetch_until_it_fails(&mut session, 4);
    assert_eq!((complete, refused), (vec![1], vec![2]));
    assert_eq!(
        unfinished,
        [(3, Progress::Unanswered), (4, Progress::Unanswered)]
    );
    assert_eq!(error.kind(), ErrorKind::Protocol);
}

#[test]
fn a_server_that_closes_on_a_batch_leaves_all_of_it() {
    // o2.pl: PIPELINING is announced, and more than one command in a write ends the connection.
    for end in [Then::Close, Then::Break(IoErrorKind::ConnectionReset)] {
        let mut commands = 0;
        let play = Play::new(GREETING, move |command| {
            commands += usize::from(command.starts_with("DELE"));
            match commands {
                0 => Reply::from(piped(command)),
                _ => then("", end),
            }
        });
        let mut session = log_in(&clear(), play);
        let mut batch = session.dele_many(numbers(3));
        let error = batch.next().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
        assert!(error.to_string().contains("Pipelining::Off"), "{error}");
        assert!(format!("{batch:?}").starts_with("Marks"));
        let unfinished: Vec<_> = batch.unfinished().map(|message| message.progress).collect();
        assert_eq!(unfinished, [Progress::Unanswered; 3]);
        assert_eq!(session.quit().unwrap_err().deletions, Deletions::Discarded);
    }
}

#[test]
fn writes_that_fail_lose_nothing_that_the_server_said() {
    let play = play(piped);
    let mut session = log_in(&clear(), play.clone());
    play.stage().say.extend(b"-ERR idle for too long\r\n");
    play.stage().write_error = Some(IoErrorKind::BrokenPipe);
    play.stage().then = Then::Close;
    let mut batch = session.retr_many(numbers(3));
    // It stands where the answer would.
    let item = batch.next().unwrap().unwrap();
    let refused = item.message.unwrap_err();
    assert_eq!(refused.server_text(), Some(Text::new(b"idle for too long")));
    let error = batch.next().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    let left: Vec<_> = batch
        .unfinished()
        .map(|message| message.number.get())
        .collect();
    assert_eq!(left, [2, 3]);
    assert!(!session.is_open());
}

#[test]
fn whatever_goes_wrong_with_the_stream_no_message_is_lost_sight_of() {
    let faults = [
        Fault::Fails(IoErrorKind::ConnectionReset),
        Fault::Fails(IoErrorKind::WouldBlock),
        Fault::Fails(IoErrorKind::PermissionDenied),
        Fault::Fails(IoErrorKind::Interrupted),
        Fault::Nothing,
        Fault::Short,
    ];
    let count = 12;
    let connector = clear().timeouts(Timeouts::all(Duration::from_secs(1)));
    let before = {
        let stream = Faulty::new(play(piped).chunks(50), |_, _| None);
        let calls = stream.calls();
        let _ = log_in(&connector, stream);
        calls.count()
    };
    for fault in faults {
        for for_ever in [false, true] {
            // An interruption that never ends is none.
            if for_ever && fault == Fault::Fails(IoErrorKind::Interrupted) {
                continue;
            }
            for at in 0.. {
                let stream = Faulty::new(play(piped).chunks(50), move |index, call| {
                    let now = index == before + at || for_ever && index > before + at;
                    (call.is_io() && now).then_some(fault)
                });
                let calls = stream.calls();
                let mut session = log_in(&connector, stream);
                session.pipelining(Window::new().commands(4));
                let mut known = Vec::new();
                let mut batch = session.retr_many(numbers(count));
                let outcome = loop {
                    let item = match batch.next() {
                        Ok(Some(item)) => item,
                        Ok(None) => break Ok(()),
                        Err(error) => break Err(error),
                    };
                    if let Ok(mut message) = item.message {
                        let mut octets = String::new();
                        if let Err(error) = message.read_to_string(&mut octets) {
                            break Err(error.into());
                        }
                        assert_eq!(octets, mail(item.number.get()));
                    }
                    known.push(item.number.get());
                };
                known.extend(batch.unfinished().map(|message| message.number.get()));
                assert!(known.into_iter().eq(1..=count), "{fault:?} at {at}");
                // A single write that had to wait is tried again.
                let harmless = match fault {
                    Fault::Short | Fault::Fails(IoErrorKind::Interrupted) => true,
                    _ => calls.count() <= before + at,
                };
                let write = calls.all().get(before + at) != Some(&Call::Read);
                assert!(
                    outcome.is_err() || harmless || write && !for_ever,
                    "{fault:?} at {at}"
                );
                assert!(outcome.is_ok() || !harmless, "{fault:?} at {at}");
                if calls.count() <= before + at {
                    break;
                }
            }
        }
    }
}
