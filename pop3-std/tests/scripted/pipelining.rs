//! Many commands in flight: what is sent when, and what comes of each.

use std::io::Read;

use pop3_std::{Config, ErrorKind, MAX_IN_FLIGHT, Pipelining, Progress, Unfinished, Window};

use crate::narrow::Narrow;
use crate::piped::{fetch, is_refused, log_in, mail, mark, numbers, piped, play, unpiped};
use crate::play::{GREETING, Play, Then, clear, n, then};

/// The commands behind the log-in, one string for each write.
fn written(writes: &[Vec<u8>]) -> Vec<String> {
    writes
        .iter()
        .map(|write| String::from_utf8_lossy(write).into_owned())
        .skip_while(|write| !write.starts_with("PASS"))
        .skip(2)
        .collect()
}

#[test]
fn each_command_gets_its_own_answer_and_a_refusal_is_one() {
    for chunk in [1, 3, 1000, usize::MAX] {
        let narrow = Narrow::new(piped).chunks(chunk);
        let mut session = log_in(&clear(), narrow.clone());
        fetch(&mut session, 200);
        mark(&mut session, 200);
        assert_eq!(session.stat().unwrap().messages, 2);
        session.quit().unwrap();
    }
}

#[test]
fn the_window_is_used_and_never_exceeded() {
    // RETR 1 to RETR 9 have 8 octets, RETR 10 to RETR 99 have 9.
    for (window, commands, octets) in [
        (Window::new(), 64, 64 * 9),
        (Window::new().commands(5), 5, 45),
        (Window::new().octets(36), 4, 36),
        (Window::new().octets(35), 4, 35),
        (Window::new().octets(usize::MAX), 64, 64 * 9),
        // One command can always be sent.
        (Window::new().octets(0), 1, 9),
        (Window::new().commands(0), 1, 9),
        (Window::new().commands(1), 1, 9),
    ] {
        let narrow = Narrow::new(piped).chunks(1);
        let mut session = log_in(&clear(), narrow.clone());
        // The commands of the log-in are longer.
        narrow.stage().most = (0, 0);
        session.pipelining(window);
        fetch(&mut session, 99);
        assert_eq!(narrow.stage().most.0, commands, "{window:?}");
        assert!(narrow.stage().most.1 <= octets, "{window:?}");
        assert!(narrow.stage().most.1 + 9 > octets, "{window:?}");
    }
}

#[test]
fn whole_commands_are_written_and_many_at_once() {
    let narrow = Narrow::new(piped);
    let mut session = log_in(&clear(), narrow.clone());
    mark(&mut session, 500);
    let stage = narrow.stage();
    let writes = written(&stage.writes);
    assert!(writes.iter().all(|write| write.ends_with("\r\n")));
    // The 64 that there is room for, but for the last ones.
    assert!(writes.len() <= 500_usize.div_ceil(64), "{writes:?}");
    let all: String = (1..=500)
        .map(|number| format!("DELE {number}\r\n"))
        .collect();
    assert_eq!(writes.concat(), all);
}

#[test]
fn without_pipelining_it_goes_one_by_one() {
    let off = clear().config(Config::new().pipelining(Pipelining::Off));
    let never_asked = clear().ask_capabilities(false);
    for (connector, narrow) in [
        (clear(), Narrow::new(unpiped)),
        (off, Narrow::new(piped)),
        (never_asked, Narrow::new(piped)),
    ] {
        let mut session = log_in(&connector, narrow.clone());
        fetch(&mut session, 40);
        mark(&mut session, 40);
        let mut lists = session.list_and_uidl().unwrap();
        assert_eq!(lists.list().unwrap().flatten().count(), 2);
        assert_eq!(lists.uidl().unwrap().flatten().count(), 2);
        assert_eq!(narrow.stage().most.0, 1);
        let writes = narrow.stage().writes.clone();
        assert!(writes.iter().all(|write| write.ends_with(b"\r\n")));
        assert!(
            writes
                .iter()
                .all(|write| write.trim_ascii_end().iter().all(|octet| *octet != b'\n'))
        );
    }
    let always = clear().config(Config::new().pipelining(Pipelining::Always));
    let narrow = Narrow::new(unpiped);
    let mut session = log_in(&always, narrow.clone());
    session.pipelining(Window::new().commands(usize::MAX).octets(usize::MAX));
    fetch(&mut session, 300);
    assert_eq!(narrow.stage().most.0, MAX_IN_FLIGHT);
}

#[test]
fn nothing_is_sent_or_taken_before_it_is_asked_for() {
    let play = play(piped);
    let mut session = log_in(&clear(), play.clone());
    let before = play.sent();
    let mut taken = 0;
    let mut batch = session.retr_many(numbers(1000).inspect(|_| taken += 1));
    assert!(format!("{batch:?}").contains("Retr"));
    drop(batch.next().unwrap());
    drop(batch);
    // And one more, which has no room.
    assert_eq!(taken, 65);
    drop(session.retr_many(numbers(1000)));
    assert_eq!(play.sent().len() - before.len(), 9 * 8 + 55 * 9);
    // Of no message.
    assert!(session.top_many([], 0).next().unwrap().is_none());
    assert_eq!(play.sent().len() - before.len(), 9 * 8 + 55 * 9);
}

#[test]
fn a_message_that_is_dropped_early_is_read_away() {
    for chunk in [1, usize::MAX] {
        let narrow = Narrow::new(piped).chunks(chunk);
        let mut session = log_in(&clear(), narrow);
        let mut batch = session.top_many(numbers(60), 5);
        while let Some(item) = batch.next().unwrap() {
            let Ok(mut message) = item.message else {
                assert!(is_refused(item.number.get()));
                continue;
            };
            match item.number.get() % 4 {
                0 => drop(message),
                1 => message.read_exact(&mut [0; 5]).unwrap(),
                2 => message.finish().unwrap(),
                _ => {
                    message
                        .read_exact(&mut vec![0; mail(item.number.get()).len()])
                        .unwrap();
                }
            }
        }
        assert_eq!(session.stat().unwrap().messages, 2);
    }
}

#[test]
fn a_message_that_was_read_to_its_end_is_finished() {
    let mut session = log_in(&clear(), play(piped));
    let mut batch = session.retr_many(numbers(2));
    let first = batch.next().unwrap().unwrap();
    first.message.unwrap().finish().unwrap();
    let left: Vec<_> = batch.unfinished().collect();
    assert_eq!(left.len(), 1);
    assert_eq!(
        (left[0].number, left[0].progress),
        (n(2), Progress::Unanswered)
    );
}

#[test]
fn a_batch_that_is_dropped_early_leaves_the_session_usable() {
    for chunk in [1, usize::MAX] {
        for until in 0..12 {
            let play = play(piped).chunks(chunk);
            let mut session = log_in(&clear(), play.clone());
            session.pipelining(Window::new().commands(4));
            let mut batch = session.retr_many(numbers(100));
            for _ in 0..until {
                let item = batch.next().unwrap().unwrap();
                if let Ok(mut message) = item.message {
                    message.read_exact(&mut [0]).unwrap();
                }
            }
            let unfinished: Vec<Unfinished> = batch.unfinished().collect();
            // The last one that was asked for is not complete, if it was not refused.
            let complete = match until {
                0 => 0,
                _ if is_refused(until) => until,
                _ => until - 1,
            };
            assert_eq!(unfinished.len() as u32, 100 - complete);
            assert_eq!(
                unfinished
                    .iter()
                    .filter(|message| message.progress == Progress::Begun)
                    .count() as u32,
                until - complete
            );
            assert_eq!(session.stat().unwrap().messages, 2);
            mark(&mut session, 20);
            session.quit().unwrap();
            let sent = play.sent();
            assert_eq!(
                sent.matches("RETR").count() as u32,
                if until == 0 { 0 } else { until + 3 }
            );
        }
    }
}

#[test]
fn a_batch_begins_where_nothing_is_left_of_what_was_asked_before() {
    for chunk in [1, usize::MAX] {
        let mut session = log_in(&clear(), play(piped).chunks(chunk));
        session.retr(n(20)).unwrap().read_exact(&mut [0]).unwrap();
        fetch(&mut session, 5);
        session.list().unwrap().next().unwrap().unwrap();
        mark(&mut session, 5);
        let mut batch = session.retr_many(numbers(70));
        drop(batch.next().unwrap());
        drop(batch);
        fetch(&mut session, 5);
        drop(session.dele_many(numbers(70)).next().unwrap());
        assert_eq!(
            session
                .list_and_uidl()
                .unwrap()
                .uidl()
                .unwrap()
                .flatten()
                .count(),
            2
        );
        drop(session.list_and_uidl().unwrap());
        mark(&mut session, 5);
    }
    // A goodbye that lies there is no answer to what is asked behind it.
    let play = play(|command| match command {
        "STAT" => "+OK 2 30\r\n-ERR idle for too long\r\n".to_owned(),
        command => piped(command),
    });
    let mut session = log_in(&clear(), play.clone());
    session.stat().unwrap();
    for kind in [ErrorKind::Closed, ErrorKind::SessionOver] {
        let mut batch = session.dele_many(numbers(2));
        let error = batch.next().unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains("idle for too long"), "{error}");
        let progress: Vec<_> = batch.unfinished().map(|message| message.progress).collect();
        assert_eq!(progress, [Progress::NotSent; 2]);
    }
    assert!(!play.sent().contains("DELE"));
}

#[test]
fn both_lists_in_one_round_trip() {
    for chunk in [1, usize::MAX] {
        let play = play(piped).chunks(chunk);
        let mut session = log_in(&clear(), play.clone());
        let mut lists = session.list_and_uidl().unwrap();
        assert!(format!("{lists:?}").contains("Uidl"));
        let sizes: Vec<u64> = lists
            .list()
            .unwrap()
            .map(|line| line.unwrap().octets)
            .collect();
        assert_eq!(sizes, [10, 20]);
        let last = lists.uidl().unwrap().last().unwrap().unwrap();
        assert_eq!(last.unique_id.unwrap().as_bytes(), b"two");
        assert!(written(&play.stage().writes).contains(&"LIST\r\nUIDL\r\n".to_owned()));

        // In the wrong order, twice, not to the end, and not at all.
        let mut lists = session.list_and_uidl().unwrap();
        assert_eq!(lists.uidl().unwrap().flatten().count(), 2);
        assert_eq!(lists.list().unwrap().flatten().count(), 2);
        lists.list().unwrap().next().unwrap().unwrap();
        assert_eq!(lists.uidl().unwrap().next().unwrap().unwrap().message, n(1));
        let mut lists = session.list_and_uidl().unwrap();
        lists.list().unwrap().next().unwrap().unwrap();
        drop(lists);
        drop(session.list_and_uidl().unwrap());
        session.pipelining(Window::new().commands(1));
        assert_eq!(
            session
                .list_and_uidl()
                .unwrap()
                .uidl()
                .unwrap()
                .flatten()
                .count(),
            2
        );
        assert_eq!(session.stat().unwrap().messages, 2);
        session.quit().unwrap();
    }
}

#[test]
fn each_list_may_be_refused() {
    for refused in ["LIST", "UIDL"] {
        let play = play(move |command| match command == refused {
            true => "-ERR no\r\n".to_owned(),
            false => piped(command),
        });
        let mut session = log_in(&clear(), play);
        let mut lists = session.list_and_uidl().unwrap();
        let sizes = lists
            .list()
            .map(Iterator::count)
            .map_err(|error| error.kind());
        let unique_ids = lists
            .uidl()
            .map(Iterator::count)
            .map_err(|error| error.kind());
        let expected = |list| match list == refused {
            true => Err(ErrorKind::Rejected),
            false => Ok(2),
        };
        assert_eq!((sizes, unique_ids), (expected("LIST"), expected("UIDL")));
        assert_eq!(session.stat().unwrap().messages, 2);
    }
}

#[test]
fn a_list_that_is_cut_short_takes_the_other_one_with_it() {
    let play = Play::new(GREETING, |command| match command {
        "LIST" => then("+OK\r\n1 10\r\n", Then::Close),
        command => piped(command).into(),
    });
    let mut session = log_in(&clear(), play);
    let mut lists = session.list_and_uidl().unwrap();
    let error = lists.list().unwrap().nth(1).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
    assert_eq!(lists.uidl().unwrap_err().kind(), ErrorKind::Truncated);
}
