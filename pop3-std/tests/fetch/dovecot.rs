//! With a real server, and with messages that clients get wrong.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::host::unix;
use crate::program::{Run, bare, in_maildir, write_secret};
use crate::support::dovecot::Dovecot;
use crate::support::{self, PASSWORD, Setup, USER, hard_messages, server_or_skip};

/// A directory with the password and the authority in it.
fn prepare(server: &Dovecot, directory: &Path) -> PathBuf {
    write_secret(&directory.join("password"), &format!("{PASSWORD}\n"));
    fs::write(
        directory.join("authority.pem"),
        server.certificate().root_pem(),
    )
    .unwrap();
    directory.join("stored")
}

fn fetch(directory: &Path, scheme: &str, port: u16) -> Command {
    let mut command = bare();
    command.current_dir(directory);
    command.args(["--password-file", "password", "--ca-file", "authority.pem"]);
    command.arg(format!("{scheme}://{USER}@127.0.0.1:{port}"));
    command
}

#[test]
fn every_octet_arrives_over_either_tls() {
    let messages = hard_messages();
    let server = server_or_skip!(Setup::new(&messages));
    let root = tempfile::tempdir().unwrap();
    let stored = prepare(&server, root.path());
    for (scheme, port) in [("pop3s", server.pop3s()), ("pop3", server.pop3())] {
        Run::of(fetch(root.path(), scheme, port).arg("--raw").arg(&stored)).ok();
        assert!(fs::read(&stored).unwrap() == messages.concat(), "{scheme}");
    }
}

#[test]
fn mail_moves_into_a_maildir() {
    let messages = hard_messages();
    let server = server_or_skip!(Setup::new(&messages));
    let root = tempfile::tempdir().unwrap();
    let stored = prepare(&server, root.path());
    let run = |more: &[&str]| {
        let mut command = fetch(root.path(), "pop3s", server.pop3s());
        Run::of(command.arg("--maildir").arg(&stored).args(more)).ok()
    };
    let said = run(&[]);
    assert!(
        said.starts_with(&format!("{} messages fetched", messages.len())),
        "{said}"
    );
    assert_eq!(server.messages_left(USER).len(), messages.len());
    let said = run(&["--delete"]);
    assert!(said.starts_with("0 messages fetched"), "{said}");
    assert_eq!(server.messages_left(USER), [0; 0]);
    let mut wanted: Vec<_> = messages.iter().map(|message| unix(message)).collect();
    wanted.sort();
    assert!(in_maildir(&stored) == wanted);
}
