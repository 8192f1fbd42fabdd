//! Killed at any point, no mail is lost and none is stored in half.

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::host::{Fault, Host, unix};
use crate::program::{Run, fetch, in_maildir, in_mbox};
use crate::server::Mail;

/// Long enough that each takes several writes to store.
fn mails() -> Vec<Mail> {
    let text = |number: u32| {
        format!(
            "Subject: {number}\r\n\r\n{}",
            format!("From {number}\r\n.\r\n").repeat(20_000)
        )
    };
    (1..=4)
        .map(|number| Mail {
            unique_id: format!("mail {number}"),
            octets: text(number).into_bytes(),
        })
        .collect()
}

/// Starts `fetch`, and kills it so long after the server has stalled.
fn kill_while(host: &Host, arguments: &[&str], delay: Duration) {
    let mut child = fetch(host, arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    host.wait_for_stall();
    // Not a wait for anything: the moment of the kill is what varies.
    thread::sleep(delay);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// All messages are there, none is there in part, and none more often than it was fetched.
fn assert_whole(stored: &[Vec<u8>], wanted: &[Vec<u8>], most: usize, context: &str) {
    let mut counts: HashMap<&[u8], usize> =
        wanted.iter().map(|mail| (mail.as_slice(), 0)).collect();
    for message in stored {
        let count = counts.get_mut(message.as_slice());
        *count
            .unwrap_or_else(|| panic!("{context}: something else of {} octets", message.len())) +=
            1;
    }
    for count in counts.into_values() {
        assert!(
            (1..=most).contains(&count),
            "{context}: stored {count} times"
        );
    }
}

/// Kills one run at that point of the session, then lets another one finish.
fn survives(
    way: &str,
    read: fn(&Path) -> Vec<Vec<u8>>,
    command: &str,
    octets: usize,
    delay: Duration,
) {
    let context =
        format!("{way}, killed {delay:?} after {octets} octets of the answer to {command}");
    let host = Host::with(mails());
    let wanted: Vec<_> = host
        .maildrop()
        .mails
        .iter()
        .map(|mail| unix(&mail.octets))
        .collect();
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("mail");
    let arguments = [way, path.to_str().unwrap(), "--delete"];
    host.on(command, Fault::StallAfter(octets));
    kill_while(&host, &arguments, delay);
    host.behave();
    Run::of(&mut fetch(&host, &arguments)).ok();
    assert_whole(&read(&path), &wanted, 2, &context);
    assert_eq!(host.maildrop().mails.len(), 0, "{context}");
}

/// From before the log-in to after the deletion.
const POINTS: [(&str, usize); 11] = [
    ("USER ada@example.org", 0),
    ("UIDL", 10),
    ("RETR 1", 0),
    ("RETR 1", 100),
    ("RETR 1", 100_000),
    ("RETR 2", 0),
    ("RETR 4", 150_000),
    ("NOOP", 0),
    ("DELE 1", 0),
    ("DELE 4", 5),
    ("QUIT", 0),
];

#[test]
fn maildir_survives_a_kill_at_any_point_of_the_session() {
    for (command, octets) in POINTS {
        survives("--maildir", in_maildir, command, octets, Duration::ZERO);
    }
}

#[test]
fn mbox_survives_a_kill_at_any_point_of_the_session() {
    for (command, octets) in POINTS {
        survives("--mbox", in_mbox, command, octets, Duration::ZERO);
    }
}

/// The first octets of the answer to RETR 2 are what lets message 1 be stored, so the kills fall into that.
#[test]
fn maildir_survives_a_kill_while_it_stores() {
    for step in 0..20 {
        let delay = Duration::from_micros(step * 300);
        survives("--maildir", in_maildir, "RETR 2", 20, delay);
    }
}

#[test]
fn mbox_survives_a_kill_while_it_stores() {
    for step in 0..20 {
        let delay = Duration::from_micros(step * 300);
        survives("--mbox", in_mbox, "RETR 2", 20, delay);
    }
}

/// The same run again and again, killed a little later each time, until it comes to its end.
#[test]
fn killed_over_and_over_it_still_gets_there() {
    for (way, read) in [
        ("--maildir", in_maildir as fn(&Path) -> _),
        ("--mbox", in_mbox),
    ] {
        let host = Host::with(mails());
        let wanted: Vec<_> = host
            .maildrop()
            .mails
            .iter()
            .map(|mail| unix(&mail.octets))
            .collect();
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("mail");
        let arguments = [way, path.to_str().unwrap()];
        let mut kills = 0;
        loop {
            let mut child = fetch(&host, &arguments)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            thread::sleep(Duration::from_millis(2 + kills));
            if let Some(status) = child.try_wait().unwrap() {
                assert!(status.success());
                break;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            kills += 1;
        }
        let kills = usize::try_from(kills).unwrap();
        assert_whole(&read(&path), &wanted, 1 + kills, way);
    }
}
