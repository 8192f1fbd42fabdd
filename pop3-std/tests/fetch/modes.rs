//! What each mode prints, and the exit statuses.

use std::fs;
use std::sync::Arc;

use crate::authority::LoopbackTls;
use crate::host::{Fault, Host, PASSWORD, USER};
use crate::program::{Run, bare, fetch, write_secret};

#[test]
fn stat_list_uidl_capa() {
    let host = Host::new();
    let sizes: Vec<usize> = host
        .maildrop()
        .mails
        .iter()
        .map(|mail| mail.octets.len())
        .collect();
    let run = |mode| Run::of(&mut fetch(&host, &[mode])).ok();
    assert_eq!(
        run("--stat"),
        format!("4 {}\n", sizes.iter().sum::<usize>())
    );
    let list: String = (1..)
        .zip(&sizes)
        .map(|(number, size)| format!("{number} {size}\n"))
        .collect();
    assert_eq!(run("--list"), list);
    assert_eq!(run("--uidl"), "1 demo-1\n2 demo-2\n3 demo-3\n4 demo-4\n");
    assert_eq!(run("--capa"), "USER\nTOP\nUIDL\nIMPLEMENTATION demo\n");
    assert_eq!(host.commands().last().unwrap(), "QUIT");
}

#[test]
fn unique_ids_do_not_drive_the_terminal() {
    let host = Host::new();
    host.on(
        "UIDL",
        Fault::Answer(b"+OK\r\n1 a\x1b[2Jb\r\n2 \xff\xfe\r\n3\r\n4 ../../x y\r\n.\r\n".to_vec()),
    );
    let shown = Run::of(&mut fetch(&host, &["--uidl"])).ok();
    assert_eq!(
        shown,
        "1 a\\u{1b}[2Jb\n2 \u{fffd}\u{fffd}\n3\n4 ../../x y\n"
    );
}

#[test]
fn message_and_top_are_exact() {
    let host = Host::new();
    let mails = host.maildrop().mails.clone();
    for (number, mail) in (1..).zip(&mails) {
        let run = Run::of(&mut fetch(&host, &["--message", &format!("{number}")]));
        assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
        assert!(run.stdout == mail.octets, "message {number}");
    }
    let text = String::from_utf8(mails[1].octets.clone()).unwrap();
    let end = text.find(".hidden").unwrap();
    let top = Run::of(&mut fetch(&host, &["--top", "2,3"])).ok();
    assert_eq!(top, text[..end]);
}

#[test]
fn raw_is_exact_in_a_file_and_on_standard_output() {
    let host = Host::new();
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("raw");
    let path = path.to_str().unwrap();
    let all: Vec<u8> = host
        .maildrop()
        .mails
        .iter()
        .flat_map(|mail| mail.octets.clone())
        .collect();
    for _ in 0..2 {
        Run::of(&mut fetch(&host, &["--raw", path])).ok();
        assert!(fs::read(path).unwrap() == all);
    }
    let run = Run::of(&mut fetch(&host, &["--raw", "-"]));
    assert_eq!(run.status, Some(0));
    assert!(run.stdout == all);
    assert!(
        run.stderr.starts_with("fetch: 4 messages fetched"),
        "{}",
        run.stderr
    );
}

#[test]
fn raw_leaves_a_file_as_it_is_until_mail_comes() {
    let host = Host::new();
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("raw");
    fs::write(&path, "earlier").unwrap();
    for command in [&format!("PASS {PASSWORD}"), "LIST", "RETR 1"] {
        host.on(command, Fault::AnswerAndClose(Vec::new()));
        Run::of(&mut fetch(&host, &["--raw", path.to_str().unwrap()])).failed(1);
        assert_eq!(fs::read(&path).unwrap(), b"earlier");
        host.behave();
    }
}

#[test]
fn without_a_mode_the_messages_are_listed() {
    let host = Host::new();
    let run = Run::of(&mut fetch(&host, &[]));
    assert_eq!(run.status, Some(0));
    let shown = String::from_utf8(run.stdout).unwrap();
    assert_eq!(shown.lines().count(), 5, "{shown}");
    assert!(
        shown.contains("J\u{fc}rgen Gr\u{f6}\u{df}e")
            && shown.contains("Lines that begin with a dot")
    );
    assert!(run.stderr.contains("--maildir"), "{}", run.stderr);
    assert!(
        !host
            .commands()
            .iter()
            .any(|command| command.starts_with("DELE"))
    );
    host.maildrop().mails.clear();
    assert_eq!(Run::of(&mut fetch(&host, &[])).ok(), "There is no mail.\n");
}

#[test]
fn a_line_that_cannot_be_read_is_a_message_left_out() {
    let host = Host::new();
    let answer = |lines: &str| Fault::Answer(format!("+OK\r\n{lines}.\r\n").into_bytes());
    host.on("LIST", answer("1 10\r\n2 what\r\n3 10\r\n"));
    host.on("UIDL", answer("1 a\r\nwhat\r\n3 c\r\n"));
    for (mode, shown) in [
        (&["--list"][..], 2),
        (&["--uidl"], 2),
        (&[], 3),
        (&["--raw", "-"], 0),
    ] {
        let run = Run::of(&mut fetch(&host, mode));
        assert_eq!(run.status, Some(1), "{mode:?}: {}", run.stderr);
        assert!(run.stderr.contains("what"), "{}", run.stderr);
        if shown > 0 {
            let lines = run.stdout.iter().filter(|&&octet| octet == b'\n').count();
            assert_eq!(lines, shown, "{mode:?}");
        } else {
            let said = "2 messages fetched";
            assert!(run.stderr.contains(said), "{}", run.stderr);
            assert!(run.stderr.contains("1 unreadable"), "{}", run.stderr);
        }
    }
    // Not one of its lines: that is not the same as no mail.
    host.on("LIST", answer("what\r\n"));
    let run = Run::of(&mut fetch(&host, &[]));
    assert_eq!(run.status, Some(1));
    assert!(!String::from_utf8(run.stdout).unwrap().contains("no mail"));
}

#[test]
fn of_many_unreadable_lines_the_first_are_shown() {
    let host = Host::new();
    let garbage = format!("+OK\r\n{}.\r\n", "what\r\n".repeat(1000)).into_bytes();
    host.on("LIST", Fault::Answer(garbage.clone()));
    host.on("UIDL", Fault::Answer(garbage));
    let root = tempfile::tempdir().unwrap();
    for (mode, lists) in [
        (&["--list"][..], 1),
        (&["--uidl"], 1),
        (&["--maildir", root.path().to_str().unwrap()], 2),
    ] {
        let run = Run::of(&mut fetch(&host, mode));
        assert_eq!(run.status, Some(1));
        assert_eq!(run.stderr.lines().count(), 11 * lists, "{mode:?}");
        assert_eq!(run.stderr.matches("990 more").count(), lists, "{mode:?}");
    }
}

#[test]
fn a_list_that_is_too_long_is_given_up() {
    let host = Host::new();
    let list: String = (1..=1_000_001).map(|n| format!("{n} 1\r\n")).collect();
    host.on(
        "LIST",
        Fault::AnswerAndClose(format!("+OK\r\n{list}").into_bytes()),
    );
    let line = Run::of(&mut fetch(&host, &[])).failed(1);
    assert!(line.contains("more than 1000000 messages"), "{line}");
}

#[test]
fn without_a_url_there_is_a_demonstration() {
    let shown = Run::of(&mut bare()).ok();
    assert!(shown.contains("DEMONSTRATION"));
    for wanted in [
        "Message 4, ",
        "  | .hidden\n",
        "J\u{fc}rgen Gr\u{f6}\u{df}e",
        "  + table.csv\n",
        "with TLS",
    ] {
        assert!(shown.contains(wanted), "{wanted}: {shown}");
    }
    let traced = Run::of(bare().arg("--trace"));
    assert_eq!(traced.status, Some(0));
    assert!(traced.stderr.contains("C: PASS ***\n") && !traced.stderr.contains("demonstration\""));
}

#[test]
fn tls_with_an_own_authority() {
    let tls = LoopbackTls::new().unwrap();
    let host = Host::with_tls(Arc::clone(&tls.server));
    let root = tempfile::tempdir().unwrap();
    let pem = root.path().join("authority.pem");
    fs::write(&pem, &tls.root_pem).unwrap();
    let url = format!("pop3s://ada%40example.org@127.0.0.1:{}", host.port);
    let stat = |with_authority: bool| {
        let mut command = bare();
        command
            .env("POP3_PASSWORD", PASSWORD)
            .args(["--stat", &url]);
        if with_authority {
            command.arg("--ca-file").arg(&pem);
        }
        Run::of(&mut command)
    };
    assert!(stat(true).ok().starts_with("4 "));
    host.commands();
    let line = stat(false).failed(1);
    assert!(line.contains("certificate"), "{line}");
    assert_eq!(host.commands(), [""; 0], "nothing is said to a stranger");
}

#[test]
fn without_stls_no_password_is_sent() {
    let host = Host::new();
    let mut command = bare();
    command
        .env("POP3_PASSWORD", PASSWORD)
        .args(["--stat", &host.url()]);
    let line = Run::of(&mut command).failed(1);
    assert!(line.contains("STLS"), "{line}");
    assert_eq!(host.commands(), ["STLS"]);
}

#[test]
fn the_password_comes_from_a_file_or_the_environment() {
    let host = Host::new();
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("password");
    write_secret(&file, &format!("{PASSWORD}\r\n"));
    let mut command = fetch(
        &host,
        &["--stat", "--password-file", file.to_str().unwrap()],
    );
    Run::of(command.env("POP3_PASSWORD", "wrong")).ok();
    let missing = root.path().join("missing");
    let mut command = fetch(
        &host,
        &["--stat", "--password-file", missing.to_str().unwrap()],
    );
    assert!(Run::of(&mut command).failed(1).contains("missing"));
}

#[cfg(unix)]
#[test]
fn a_password_that_others_can_read_is_worth_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;
    let host = Host::new();
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("password");
    fs::write(&file, PASSWORD).unwrap();
    for (mode, is_open) in [(0o600, false), (0o640, true), (0o604, true)] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let arguments = ["--stat", "--password-file", file.to_str().unwrap()];
        let run = Run::of(&mut fetch(&host, &arguments));
        assert_eq!(run.status, Some(0));
        assert_eq!(run.stderr.lines().count(), usize::from(is_open), "{mode:o}");
        assert_eq!(run.stderr.contains("chmod 600"), is_open, "{}", run.stderr);
    }
}

#[test]
fn a_wrong_password_is_reported_in_the_servers_words() {
    let host = Host::new();
    let run = Run::of(fetch(&host, &["--stat"]).env("POP3_PASSWORD", "wr0ng"));
    let line = run.failed(1);
    assert!(line.contains("wrong user name or password"), "{line}");
    assert!(!line.contains("wr0ng"));
}

#[test]
fn no_secret_is_shown() {
    let host = Host::new();
    // A server that repeats what it was told.
    for answer in ["+OK hello", "-ERR wrong"] {
        let answer = format!("{answer}, your password is {PASSWORD}\r\n");
        host.on(
            &format!("PASS {PASSWORD}"),
            Fault::Answer(answer.into_bytes()),
        );
        let run = Run::of(&mut fetch(&host, &["--stat", "--trace"]));
        assert!(run.stderr.contains("C: PASS ***\n"), "{}", run.stderr);
        assert!(run.stderr.contains(USER), "{}", run.stderr);
        for shown in [run.stderr, String::from_utf8(run.stdout).unwrap()] {
            assert!(!shown.contains(PASSWORD), "{shown}");
        }
    }
}

#[test]
fn usage_errors() {
    let url = "pop3s://ada@localhost";
    for arguments in [
        &["--stat"][..],
        &["--stat", "--list", url],
        &["--maildir", "d", "--mbox", "f", url],
        &["--delete", url],
        &["--raw", "-", "--delete", url],
        &["--raw", "f", "--state", "s", url],
        &["--timeout", "0", url],
        &["--message", "0", url],
        &["--tls", "none", url],
        &["--nonsense", url],
        &[url, url],
        &["pop3s://localhost"],
        &["pop3s://ada%0d%0aDELE%201@localhost"],
        &["https://ada@localhost"],
    ] {
        let run = Run::of(bare().args(arguments).env("POP3_PASSWORD", PASSWORD));
        assert_eq!(run.status, Some(2), "{arguments:?}: {}", run.stderr);
        assert!(!run.stderr.is_empty() && run.stdout.is_empty());
    }
}

#[test]
fn a_password_in_the_url_is_refused_and_not_repeated() {
    let line = Run::of(bare().arg("pop3s://ada:hunter2@localhost")).failed(2);
    assert!(
        line.contains("--password-file") && !line.contains("hunter2"),
        "{line}"
    );
}

#[test]
fn help_and_version() {
    let help = Run::of(bare().arg("--help")).ok();
    for wanted in [
        "--maildir",
        "POP3_PASSWORD",
        "Exit status",
        "Examples",
        "1,000,000",
        "in clear",
    ] {
        assert!(help.contains(wanted), "{wanted}");
    }
    assert!(Run::of(bare().arg("--version")).ok().starts_with("fetch "));
}

/// A password that was not meant to be sent as it is: at least it is said that it was.
#[test]
fn falling_back_from_apop_is_reported() {
    let host = Host::new();
    let run = Run::of(&mut fetch(&host, &["--auth", "apop-or-user", "--stat"]));
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert_eq!(
        run.stderr,
        "fetch: logged in with USER/PASS, since APOP was not offered\n"
    );
    let run = Run::of(&mut fetch(&host, &["--stat"]));
    assert_eq!(run.stderr, "", "nothing fell back");
    let line = Run::of(&mut fetch(&host, &["--auth", "apop", "--stat"])).failed(1);
    assert!(line.contains("APOP was asked for"), "{line}");
    assert!(line.contains(&format!("port {}: ", host.port)), "{line}");
}
