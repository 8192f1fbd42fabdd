//! With a real server, and with messages that clients get wrong.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::host::unix;
use crate::program::{Run, bare, in_maildir, write_secret};
use crate::support::client_certificates::ClientAuthority;
use crate::support::dovecot::Dovecot;
use crate::support::token::TokenKey;
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

/// `--stat`, with these options, and the user in the URL; what is printed, or the line that says why not.
fn stat(directory: &Path, url: &str, options: &[&str]) -> Run {
    let mut command = bare();
    command.current_dir(directory).args(["--stat", "--trace"]);
    Run::of(command.args(options).arg(url))
}

#[test]
fn each_way_to_log_in_by_name() {
    let server = server_or_skip!(Setup::new(["a: b\r\n\r\n"]));
    let root = tempfile::tempdir().unwrap();
    prepare(&server, root.path());
    let url = format!("pop3s://{USER}@127.0.0.1:{}", server.pop3s());
    let secret = ["--password-file", "password", "--ca-file", "authority.pem"];
    for (way, used) in [
        ("auto", "SCRAM-SHA-256"),
        ("user", "USER/PASS"),
        ("plain", "PLAIN"),
        ("login", "LOGIN"),
        ("cram-md5", "CRAM-MD5"),
        ("scram-sha-1", "SCRAM-SHA-1"),
        ("scram-sha-256", "SCRAM-SHA-256"),
        ("apop", "APOP"),
    ] {
        let run = stat(root.path(), &url, &[&secret[..], &["--auth", way]].concat());
        assert_eq!(run.status, Some(0), "{way}: {}", run.stderr);
        assert_eq!(run.stdout, b"1 8\n");
        let said = format!("logged in with {used}\n");
        assert!(run.stderr.contains(&said), "{way}: {}", run.stderr);
        assert!(!run.stderr.contains(PASSWORD));
    }
    // Dovecot 2.3 has no SCRAM-SHA-512, and no channel binding.
    for way in ["scram-sha-512", "scram-sha-256-plus"] {
        let run = stat(root.path(), &url, &[&secret[..], &["--auth", way]].concat());
        assert_eq!(run.status, Some(1));
        assert!(
            run.stderr.contains("refused the log-in"),
            "{way}: {}",
            run.stderr
        );
    }
    let named = format!("pop3://{USER};AUTH=CRAM-MD5@127.0.0.1:{}", server.pop3());
    let run = stat(root.path(), &named, &secret);
    assert!(
        run.stderr.contains("logged in with CRAM-MD5"),
        "{}",
        run.stderr
    );
}

#[test]
fn tokens_and_client_certificates() {
    let (key, clients) = (TokenKey::new(), ClientAuthority::new());
    let setup = Setup::new(["a: b\r\n\r\n"]).tokens_of(&key);
    let server = server_or_skip!(setup);
    let root = tempfile::tempdir().unwrap();
    prepare(&server, root.path());
    write_secret(
        &root.path().join("token"),
        &format!("{}\n", key.token(USER)),
    );
    write_secret(&root.path().join("old"), &key.expired_token(USER));
    let url = format!("pop3s://{USER}@127.0.0.1:{}", server.pop3s());
    let with = |file, way| {
        [
            "--ca-file",
            "authority.pem",
            "--token-file",
            file,
            "--auth",
            way,
        ]
    };
    for (way, used) in [
        ("auto", "OAUTHBEARER"),
        ("oauthbearer", "OAUTHBEARER"),
        ("xoauth2", "XOAUTH2"),
    ] {
        let run = stat(root.path(), &url, &with("token", way));
        assert_eq!(run.status, Some(0), "{way}: {}", run.stderr);
        assert!(run.stderr.contains(&format!("logged in with {used}\n")));
        assert!(!run.stderr.contains(&key.token(USER)));
        let run = stat(root.path(), &url, &with("old", way));
        assert_eq!(run.status, Some(1));
        assert!(run.stderr.contains("(status \""), "{way}: {}", run.stderr);
    }

    let server = server_or_skip!(Setup::new(["a: b\r\n\r\n"]).clients_of(&clients));
    let root = tempfile::tempdir().unwrap();
    prepare(&server, root.path());
    let issued = clients.issue(USER);
    fs::write(root.path().join("client.pem"), issued.pem()).unwrap();
    write_secret(&root.path().join("client.key"), &issued.key_pem());
    let both = [issued.pem(), issued.key_pem()].concat();
    write_secret(&root.path().join("both.pem"), &both);
    let url = format!("pop3s://{USER}@127.0.0.1:{}", server.pop3s());
    let external = [
        "--ca-file",
        "authority.pem",
        "--auth",
        "external",
        "--client-cert",
    ];
    for files in [
        &["client.pem", "--client-key", "client.key"][..],
        &["both.pem"],
    ] {
        let run = stat(root.path(), &url, &[&external[..], files].concat());
        assert_eq!(run.status, Some(0), "{}", run.stderr);
        assert!(run.stderr.contains("logged in with EXTERNAL\n"));
    }
    let run = stat(
        root.path(),
        &url,
        &[&external[..], &["client.pem"]].concat(),
    );
    assert_eq!(run.status, Some(1));
    assert!(
        run.stderr.contains("client.pem") && run.stderr.contains("key"),
        "{}",
        run.stderr
    );
}

#[test]
fn with_many_commands_in_flight_and_with_one() {
    let messages: Vec<_> = (1..=300)
        .map(|n| format!("Subject: {n}\r\n\r\n.{n}\r\n"))
        .collect();
    for pipeline in ["0", "1", "64", "256"] {
        let server = server_or_skip!(Setup::new(&messages));
        let root = tempfile::tempdir().unwrap();
        let stored = prepare(&server, root.path());
        let mut command = fetch(root.path(), "pop3s", server.pop3s());
        command
            .args(["--pipeline", pipeline, "--delete", "--raw"])
            .arg(&stored);
        let said = Run::of(&mut command).ok();
        assert!(said.contains("300 deleted"), "{said}");
        assert!(fs::read(&stored).unwrap() == messages.concat().into_bytes());
        assert_eq!(server.messages_left(USER), [0; 0]);
    }
}

#[test]
fn utf8_and_languages_that_the_server_has_not_are_told() {
    let server = server_or_skip!(Setup::new(["a: b\r\n\r\n"]));
    let root = tempfile::tempdir().unwrap();
    prepare(&server, root.path());
    let url = format!("pop3s://{USER}@127.0.0.1:{}", server.pop3s());
    let secret = ["--password-file", "password", "--ca-file", "authority.pem"];
    for (option, command) in [(&["--utf8"][..], "UTF8"), (&["--lang", "de"], "LANG")] {
        let run = stat(root.path(), &url, &[&secret[..], option].concat());
        assert_eq!(run.status, Some(1));
        let last = run.stderr.lines().last().unwrap_or_default();
        assert!(last.contains(command) && last.contains("refused"), "{last}");
    }
}
