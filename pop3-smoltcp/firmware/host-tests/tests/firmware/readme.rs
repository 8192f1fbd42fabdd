//! The README's first try.

use std::net::TcpListener;
use std::thread;

use crate::demo_mail::{maildrop, mails};
use crate::qemu::{Qemu, firmware, is_there_or_skip};
use crate::server::serve;

/// The command for QEMU, as it is there.
fn command() -> String {
    let lines = include_str!("../../../README.md").lines();
    let mut lines = lines.skip_while(|line| !line.starts_with("    qemu-system-arm "));
    let mut command = String::new();
    loop {
        let line = lines.next().expect("the whole command").trim_start();
        let Some(more) = line.strip_suffix('\\') else {
            return command + line;
        };
        command += more;
    }
}

#[test]
fn the_command_fetches_the_demonstration_s_mail() {
    if !is_there_or_skip() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        serve(stream, &mut maildrop())
    });
    let mut command = command();
    for (here, there) in [
        (
            "target/thumbv7m-none-eabi/release",
            firmware().to_str().expect("a path of letters"),
        ),
        ("arg=1110,", &format!("arg={port},")),
    ] {
        assert!(command.contains(here), "no {here} in {command}");
        command = command.replace(here, there);
    }
    let run = Qemu::boot_by(&command).outcome();
    assert_eq!(run.status, Some(0), "{}", run.console);
    assert!(run.says("PASS"), "{}", run.console);
    assert!(run.says("mail 1 subject This mail came by POP3"));
    for (number, mail) in (1..).zip(mails()) {
        let line = format!("mail {number} octets {}", mail.octets.len());
        assert!(run.says(&line), "no {line:?}: {}", run.console);
    }
    server.join().expect("no panic").expect("a whole session");
}
