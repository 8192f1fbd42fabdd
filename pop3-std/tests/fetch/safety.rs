//! Servers that break off or lie, readers that go away, two runs at a time.

use std::fs;
use std::process::Stdio;

use crate::host::{Fault, Host, PASSWORD};
use crate::program::{Run, bare, fetch, in_maildir, in_mbox};

#[test]
fn half_a_message_is_never_stored() {
    let host = Host::new();
    let half = b"+OK\r\nSubject: half\r\n\r\nhalf a mess".to_vec();
    host.on("RETR 3", Fault::AnswerAndClose(half));
    let root = tempfile::tempdir().unwrap();
    let path = |name: &str| root.path().join(name).to_str().unwrap().to_owned();
    for (way, name) in [
        ("--maildir", "maildir"),
        ("--mbox", "mbox"),
        ("--raw", "raw"),
    ] {
        let line = Run::of(&mut fetch(&host, &[way, &path(name), "--delete"])).failed(1);
        assert!(line.contains("RETR 3"), "{line}");
        assert!(
            !host
                .commands()
                .iter()
                .any(|command| command.starts_with("DELE"))
        );
    }
    assert_eq!(in_maildir(&root.path().join("maildir")).len(), 2);
    assert_eq!(
        fs::read_dir(root.path().join("maildir/tmp"))
            .unwrap()
            .count(),
        0
    );
    assert_eq!(in_mbox(&root.path().join("mbox")).len(), 2);
    // All messages or no file, so that the same command works when the server does again.
    assert!(!std::path::Path::new(&path("raw")).exists());
    assert_eq!(
        fs::read_dir(root.path()).unwrap().count(),
        3,
        "the Maildir, the mbox and its state, and nothing that was half-done"
    );

    let run = Run::of(&mut fetch(&host, &["--message", "3"]));
    assert_eq!(run.status, Some(1));
    assert!(run.stderr.starts_with("fetch: RETR 3"), "{}", run.stderr);
}

/// A server that does not stuff dots: its message ends at the lone dot, and the rest of it looks like an answer.
#[test]
fn a_message_that_ended_too_early_is_not_stored() {
    for (number, known_by) in [(2, "RETR 3"), (4, "NOOP")] {
        let host = Host::new();
        let unstuffed = b"+OK\r\nSubject: x\r\n\r\nbefore\r\n.\r\nafter\r\n.\r\n".to_vec();
        host.on(&format!("RETR {number}"), Fault::Answer(unstuffed));
        let root = tempfile::tempdir().unwrap();
        let arguments = ["--maildir", root.path().to_str().unwrap(), "--delete"];
        let line = Run::of(&mut fetch(&host, &arguments)).failed(1);
        assert!(
            line.contains(&format!("message {number}")),
            "{known_by}: {line}"
        );
        assert_eq!(in_maildir(root.path()).len(), number - 1);
        assert_eq!(host.maildrop().mails.len(), 4);
        let state = fs::read_to_string(root.path().join("fetch-state")).unwrap();
        assert!(!state.contains(&format!("demo-{number}")), "{state}");
    }
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let host = Host::new();
    for mode in [&["--message", "4"][..], &["--raw", "-"]] {
        let mut command = fetch(&host, mode);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(
            stderr.lines().all(|line| line.contains("messages fetched")),
            "{stderr}"
        );
    }
}

#[test]
fn two_runs_with_one_state_are_kept_apart() {
    let host = Host::new();
    host.on("RETR 2", Fault::StallAfter(20));
    let root = tempfile::tempdir().unwrap();
    let arguments = ["--maildir", root.path().to_str().unwrap()];
    let mut first = fetch(&host, &arguments)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    host.wait_for_stall();
    let line = Run::of(&mut fetch(&host, &arguments)).failed(1);
    assert!(line.contains("another run"), "{line}");
    first.kill().unwrap();
    first.wait().unwrap();
    host.behave();
    Run::of(&mut fetch(&host, &arguments)).ok();
    // The kill may have come between storing the first message and recording it.
    let mut stored = in_maildir(root.path());
    stored.dedup();
    assert_eq!(stored.len(), 4);
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let host = Host::new();
    host.on("STAT", Fault::StallAfter(0));
    let mut command = bare();
    command.env("POP3_PASSWORD", PASSWORD);
    command.args(["--tls", "none", "--timeout", "1", "--stat", &host.url()]);
    let line = Run::of(&mut command).failed(1);
    assert!(line.contains("STAT") && line.contains("1s"), "{line}");
}

#[test]
fn a_state_that_is_no_regular_file_is_known_before_the_server_is_asked() {
    let host = Host::new();
    let root = tempfile::tempdir().unwrap();
    let path = root.path().to_str().unwrap();
    let line = Run::of(&mut fetch(&host, &["--maildir", path, "--state", path])).failed(1);
    assert!(line.contains("no regular file"), "{line}");
    assert_eq!(host.commands(), [""; 0]);
}

#[test]
fn a_store_that_cannot_be_written_is_known_before_the_server_is_asked() {
    let host = Host::new();
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    let below = file.join("below");
    for way in ["--maildir", "--mbox", "--raw"] {
        let line = Run::of(&mut fetch(&host, &[way, below.to_str().unwrap()])).failed(1);
        assert!(line.contains("below"), "{line}");
    }
    assert_eq!(host.commands(), [""; 0]);
}
