//! The README's first try.

use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::authority::LoopbackTls;
use crate::demo_mail::{maildrop, mails};
use crate::qemu::{Qemu, firmware, is_there_or_skip};
use crate::server::serve;

/// The command for QEMU and this board, as it is there.
fn command(board: &str) -> String {
    let lines = include_str!("../../../README.md").lines();
    let command = format!("    qemu-system-arm -M {board} ");
    let mut lines = lines.skip_while(|line| !line.starts_with(&command));
    let mut command = String::new();
    loop {
        let line = lines.next().expect("the whole command").trim_start();
        let Some(more) = line.strip_suffix('\\') else {
            return command + line;
        };
        command += more;
    }
}

/// Runs the command for this board in front of the demonstration's server, with these words of it exchanged.
fn fetches(board: &str, port: &str, tls: Option<Arc<ServerConfig>>, exchanged: &[(&str, &str)]) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let here = listener.local_addr().expect("its number").port();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let Some(tls) = tls else {
            return serve(stream, &mut maildrop());
        };
        let connection = ServerConnection::new(tls).expect("TLS");
        serve(StreamOwned::new(connection, stream), &mut maildrop())
    });
    let firmware = firmware().to_str().expect("a path of letters");
    let always = [
        ("target/thumbv7m-none-eabi/release", firmware),
        (&*format!("arg={port},"), &*format!("arg={here},")),
    ];
    let mut command = command(board);
    for (here, there) in [&always, exchanged].concat() {
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

#[test]
fn the_first_command_fetches_the_demonstration_s_mail() {
    if is_there_or_skip() {
        fetches("lm3s6965evb", "1110", None, &[]);
    }
}

#[test]
fn the_second_command_fetches_it_inside_tls() {
    if !is_there_or_skip() {
        return;
    }
    let tls = LoopbackTls::new().expect("certificates");
    let root = CertificateDer::from_pem_slice(tls.root_pem.as_bytes()).expect("PEM");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("ca.der");
    std::fs::write(&file, &root).expect("a file");
    let file = file.to_str().expect("a path of letters");
    fetches(
        "mps2-an385",
        "1995",
        Some(tls.server),
        &[("../../ca.der", file)],
    );
}
