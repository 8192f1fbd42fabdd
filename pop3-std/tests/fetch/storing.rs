//! Maildir, mbox and state: nothing twice, nothing lost, nothing deleted that is not stored.

use std::fs;
use std::path::Path;

use crate::host::{Fault, Host, unix};
use crate::program::{Run, fetch, in_maildir, in_mbox};
use crate::server::Mail;

fn mail(unique_id: &str, text: &str) -> Mail {
    Mail {
        unique_id: unique_id.to_owned(),
        octets: format!("Subject: {text}\r\n\r\n{text}\r\n").into_bytes(),
    }
}

/// All that is on the server, as a Maildir has it.
fn all(host: &Host) -> Vec<Vec<u8>> {
    let mut all: Vec<_> = host
        .maildrop()
        .mails
        .iter()
        .map(|mail| unix(&mail.octets))
        .collect();
    all.sort();
    all
}

fn commands(host: &Host, name: &str) -> Vec<String> {
    host.commands()
        .into_iter()
        .filter(|command| command.starts_with(name))
        .collect()
}

/// The arguments for each way to store, and how to read what is stored.
type Reader = fn(&Path) -> Vec<Vec<u8>>;
const WAYS: [(&str, Reader); 2] = [("--maildir", in_maildir), ("--mbox", in_mbox)];

#[test]
fn a_second_run_fetches_only_what_is_new() {
    for (way, read) in WAYS {
        let host = Host::new();
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("mail");
        let run = || Run::of(&mut fetch(&host, &[way, path.to_str().unwrap()])).ok();
        assert!(run().starts_with("4 messages fetched ("));
        assert_eq!(read(&path), all(&host), "{way}");
        host.commands();

        assert!(run().starts_with("0 messages fetched (0 octets), 4 fetched earlier"));
        assert_eq!(commands(&host, "RETR"), [""; 0]);
        assert_eq!(read(&path), all(&host), "{way}");

        host.maildrop().mails.insert(0, mail("new", "new"));
        run();
        assert_eq!(commands(&host, "RETR"), ["RETR 1"]);
        assert_eq!(read(&path), all(&host), "{way}");
    }
}

#[test]
fn deletes_what_is_stored_also_by_earlier_runs() {
    for (way, read) in WAYS {
        let host = Host::new();
        let wanted = all(&host);
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("mail");
        Run::of(&mut fetch(&host, &[way, path.to_str().unwrap()])).ok();
        host.maildrop().mails.push(mail("new", "new"));
        let said = Run::of(&mut fetch(
            &host,
            &[way, path.to_str().unwrap(), "--delete"],
        ))
        .ok();
        assert!(
            said.contains("1 messages fetched") && said.contains("5 deleted on the server"),
            "{said}"
        );
        assert_eq!(host.maildrop().mails.len(), 0);
        assert_eq!(read(&path).len(), wanted.len() + 1);
        // What the server has no more is forgotten, so that a number that is given again is no old one.
        host.maildrop().mails.push(mail("demo-1", "another"));
        Run::of(&mut fetch(
            &host,
            &[way, path.to_str().unwrap(), "--delete"],
        ))
        .ok();
        assert_eq!(read(&path).len(), wanted.len() + 2);
    }
}

#[test]
fn the_lists_are_taken_before_the_first_dele() {
    let host = Host::new();
    let root = tempfile::tempdir().unwrap();
    Run::of(&mut fetch(
        &host,
        &["--maildir", root.path().to_str().unwrap(), "--delete"],
    ))
    .ok();
    let commands = host.commands();
    let first_dele = commands
        .iter()
        .position(|command| command.starts_with("DELE"))
        .unwrap();
    let tail = &commands[first_dele..];
    assert_eq!(tail, ["DELE 1", "DELE 2", "DELE 3", "DELE 4", "QUIT"]);
    assert_eq!(
        commands.iter().filter(|command| *command == "LIST").count(),
        1
    );
    assert_eq!(
        commands.iter().filter(|command| *command == "UIDL").count(),
        1
    );
}

#[test]
fn raw_deletes_too_but_never_overwrites_then() {
    let host = Host::new();
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("raw");
    let run = || {
        Run::of(&mut fetch(
            &host,
            &["--raw", path.to_str().unwrap(), "--delete"],
        ))
    };
    assert!(run().ok().contains("4 deleted"));
    let stored = fs::read(&path).unwrap();
    host.maildrop().mails.push(mail("new", "new"));
    assert!(run().failed(1).contains("already"));
    assert_eq!(fs::read(&path).unwrap(), stored);
    assert_eq!(host.maildrop().mails.len(), 1);
}

#[test]
fn one_refused_message_does_not_keep_the_others_back() {
    let host = Host::new();
    host.on(
        "RETR 2",
        Fault::Answer(b"-ERR that one is corrupt\r\n".to_vec()),
    );
    let root = tempfile::tempdir().unwrap();
    let arguments = ["--maildir", root.path().to_str().unwrap(), "--delete"];
    let line = Run::of(&mut fetch(&host, &arguments)).failed(1);
    assert!(
        line.contains("message 2") && line.contains("that one is corrupt"),
        "{line}"
    );
    assert_eq!(in_maildir(root.path()).len(), 3);
    let left: Vec<_> = host
        .maildrop()
        .mails
        .iter()
        .map(|mail| mail.unique_id.clone())
        .collect();
    assert_eq!(left, ["demo-2"]);
    host.behave();
    Run::of(&mut fetch(&host, &arguments)).ok();
    assert_eq!(in_maildir(root.path()).len(), 4);
}

#[test]
fn a_refused_dele_is_reported() {
    let host = Host::new();
    host.on(
        "DELE 3",
        Fault::Answer(b"-ERR it is dear to me\r\n".to_vec()),
    );
    let root = tempfile::tempdir().unwrap();
    let arguments = ["--maildir", root.path().to_str().unwrap(), "--delete"];
    let line = Run::of(&mut fetch(&host, &arguments)).failed(1);
    assert!(
        line.contains("message 3 stays") && line.contains("dear to me"),
        "{line}"
    );
    assert_eq!(host.maildrop().mails.len(), 1);
    host.behave();
    let said = Run::of(&mut fetch(&host, &arguments)).ok();
    assert!(
        said.contains("0 messages fetched") && said.contains("1 deleted"),
        "{said}"
    );
}

#[test]
fn the_outcome_of_quit_is_told_as_it_is() {
    for (fault, wanted) in [
        (
            Fault::Answer(b"-ERR some messages not removed\r\n".to_vec()),
            "not all were deleted",
        ),
        (Fault::AnswerAndClose(Vec::new()), "nobody knows"),
    ] {
        let host = Host::new();
        host.on("QUIT", fault.clone());
        let root = tempfile::tempdir().unwrap();
        let arguments = ["--maildir", root.path().to_str().unwrap(), "--delete"];
        let line = Run::of(&mut fetch(&host, &arguments)).failed(1);
        assert!(line.contains(wanted), "{line}");
        // Not deleted after all: known, deleted now, not fetched again.
        host.behave();
        let said = Run::of(&mut fetch(&host, &arguments)).ok();
        assert!(
            said.contains("0 messages fetched") && said.contains("4 deleted"),
            "{said}"
        );
        assert_eq!(in_maildir(root.path()).len(), 4);
        // Nothing was to be deleted: no failure.
        host.on("QUIT", fault);
        Run::of(&mut fetch(
            &host,
            &["--maildir", root.path().to_str().unwrap()],
        ))
        .ok();
    }
}

#[test]
fn without_unique_ids_all_is_fetched_each_time() {
    let host = Host::new();
    host.on("UIDL", Fault::Answer(b"-ERR what is UIDL?\r\n".to_vec()));
    let root = tempfile::tempdir().unwrap();
    for times in 1..=2 {
        let run = Run::of(&mut fetch(
            &host,
            &["--maildir", root.path().to_str().unwrap()],
        ));
        assert_eq!(run.status, Some(0));
        assert!(
            run.stderr.contains("what is UIDL?") && run.stderr.contains("each time"),
            "{}",
            run.stderr
        );
        assert_eq!(in_maildir(root.path()).len(), 4 * times);
    }
}

#[test]
fn messages_with_one_unique_id_are_all_fetched() {
    let host = Host::with(vec![
        mail("same", "one"),
        mail("same", "two"),
        mail("other", "three"),
    ]);
    let root = tempfile::tempdir().unwrap();
    let arguments = ["--maildir", root.path().to_str().unwrap()];
    for retrieved in [&["RETR 1", "RETR 2", "RETR 3"][..], &["RETR 1", "RETR 2"]] {
        let run = Run::of(&mut fetch(&host, &arguments));
        assert_eq!(run.status, Some(0));
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
        assert!(run.stderr.contains("more than one"), "{}", run.stderr);
        assert_eq!(commands(&host, "RETR"), retrieved);
    }
    let mut stored = in_maildir(root.path());
    assert_eq!(stored.len(), 5);
    stored.dedup();
    assert_eq!(stored, all(&host));
}

#[test]
fn of_messages_with_one_unique_id_none_is_deleted_unfetched() {
    for (way, read) in WAYS {
        let host = Host::with(vec![mail("x", "one"), mail("x", "two")]);
        let wanted = all(&host);
        host.on("RETR 1", Fault::Answer(b"-ERR not now\r\n".to_vec()));
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("mail");
        let arguments = [way, path.to_str().unwrap(), "--delete"];
        assert_eq!(Run::of(&mut fetch(&host, &arguments)).status, Some(1));
        assert_eq!(host.maildrop().mails.len(), 1);
        host.behave();
        Run::of(&mut fetch(&host, &arguments)).ok();
        assert_eq!(read(&path), wanted, "{way}");
        assert_eq!(host.maildrop().mails.len(), 0);
    }
}

/// Answers to LIST and UIDL that do not show all that is there.
const HICCUPS: [&[(&str, &str)]; 5] = [
    &[("UIDL", "-ERR not now\r\n")],
    &[("UIDL", "+OK\r\n.\r\n")],
    &[("UIDL", "+OK\r\n1 demo-1\r\nwhat\r\n3 demo-3\r\n.\r\n")],
    &[("LIST", "+OK\r\n1 10\r\nwhat\r\n.\r\n")],
    &[("LIST", "+OK\r\n.\r\n"), ("UIDL", "+OK\r\n.\r\n")],
];

#[test]
fn a_hiccup_does_not_make_it_forget() {
    for hiccup in HICCUPS {
        let host = Host::new();
        let root = tempfile::tempdir().unwrap();
        let arguments = ["--maildir", root.path().to_str().unwrap()];
        Run::of(&mut fetch(&host, &arguments)).ok();
        for (command, answer) in hiccup {
            host.on(command, Fault::Answer(answer.as_bytes().to_vec()));
        }
        Run::of(&mut fetch(&host, &arguments));
        host.behave();
        host.commands();
        Run::of(&mut fetch(&host, &arguments)).ok();
        assert_eq!(commands(&host, "RETR"), [""; 0], "{hiccup:?}");
    }
}

#[test]
fn what_was_deleted_is_forgotten_also_after_a_hiccup() {
    let host = Host::new();
    let root = tempfile::tempdir().unwrap();
    let arguments = ["--maildir", root.path().to_str().unwrap(), "--delete"];
    host.on(
        "UIDL",
        Fault::Answer(b"+OK\r\n1 demo-1\r\nwhat\r\n.\r\n".to_vec()),
    );
    Run::of(&mut fetch(&host, &arguments));
    assert_eq!(host.maildrop().mails.len(), 0);
    host.behave();
    host.maildrop().mails.push(mail("demo-1", "another"));
    Run::of(&mut fetch(&host, &arguments)).ok();
    assert_eq!(in_maildir(root.path()).len(), 5);
}

#[test]
fn hostile_unique_ids_are_only_data() {
    let ids = [
        "../../x",
        "/etc/x",
        "two words",
        "%2e%2e",
        "# x",
        "\u{fc}",
        "a\u{1b}[2J",
    ];
    let host = Host::with(ids.iter().map(|id| mail(id, id)).collect());
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("mail");
    let arguments = ["--maildir", path.to_str().unwrap()];
    Run::of(&mut fetch(&host, &arguments)).ok();
    assert_eq!(in_maildir(&path), all(&host));
    host.commands();
    Run::of(&mut fetch(&host, &arguments)).ok();
    assert_eq!(commands(&host, "RETR"), [""; 0]);
    let entries = fs::read_dir(root.path()).unwrap().count();
    assert_eq!(entries, 1, "nothing is written beside the Maildir");
}

#[test]
fn one_state_file_serves_two_accounts() {
    let hosts = [Host::new(), Host::new()];
    let root = tempfile::tempdir().unwrap();
    let path = |name: &str| root.path().join(name).to_str().unwrap().to_owned();
    for host in &hosts {
        let arguments = ["--maildir", &path("mail"), "--state", &path("state")];
        let said = Run::of(&mut fetch(host, &arguments)).ok();
        assert!(said.starts_with("4 messages fetched"), "{said}");
    }
    assert_eq!(in_maildir(Path::new(&path("mail"))).len(), 8);
    // Most of the first account's messages go; the second's are still known.
    hosts[0].maildrop().mails.truncate(1);
    for host in &hosts {
        let arguments = ["--maildir", &path("mail"), "--state", &path("state")];
        Run::of(&mut fetch(host, &arguments)).ok();
    }
    assert_eq!(in_maildir(Path::new(&path("mail"))).len(), 8);
    let state = fs::read_to_string(path("state")).unwrap();
    assert_eq!(state.lines().count(), 1 + 1 + 4, "{state}");
}
