//! The server to try a client on.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Stdio};

use pop3_std::rustls::pki_types::CertificateDer;
use pop3_std::{Connector, Security};

use crate::program::{Run, bare, demo_server};

/// Ends with its test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_demonstration_server_serves_whoever_comes() {
    let mut program = demo_server();
    program.arg("0").stdout(Stdio::piped());
    let mut server = Server(program.spawn().unwrap());
    let mut said = String::new();
    let mut stdout = BufReader::new(server.0.stdout.take().unwrap());
    stdout.read_line(&mut said).unwrap();
    // Whether or not somebody reads the rest.
    drop(stdout);
    let words: Vec<_> = said.split([' ', ',', ':', '.']).collect();
    let after = |word| words[words.iter().position(|said| *said == word).unwrap() + 1];
    let (port, user, password) = (after("port"), after("user"), after("password"));

    // One that says nothing keeps nobody waiting.
    let mut silent = TcpStream::connect(("127.0.0.1", port.parse().unwrap())).unwrap();
    let mut greeting = [0; 4];
    silent.read_exact(&mut greeting).unwrap();
    assert_eq!(&greeting, b"+OK ");
    let root = tempfile::tempdir().unwrap();
    // What the first has deleted is there for the second.
    for name in ["first", "second"] {
        let mbox = root.path().join(name);
        let mut fetch = bare();
        fetch
            .args(["--tls", "none", "--timeout", "20", "--delete", "--mbox"])
            .arg(&mbox)
            .arg(format!("pop3://{user}@127.0.0.1:{port}"))
            .env("POP3_PASSWORD", password);
        Run::of(&mut fetch).ok();
        let stored = fs::read_to_string(mbox).unwrap();
        assert!(stored.contains("\nSubject: This mail came by POP3\n"));
    }

    // Each answer says what is wrong.
    let mut client = BufReader::new(silent);
    client.read_line(&mut String::new()).unwrap();
    for (command, answer) in [
        ("AUTH PLAIN", "-ERR no such command\r\n"),
        ("STAT", "-ERR log in first\r\n"),
        ("QUIT", "+OK\r\n"),
    ] {
        let mut line = String::new();
        write!(client.get_mut(), "{command}\r\n").unwrap();
        client.read_line(&mut line).unwrap();
        assert_eq!(line, answer, "{command}");
    }

    // The port is taken now.
    let run = Run::of(demo_server().arg(port));
    assert_eq!(run.status, Some(1));
    assert!(run.stderr.starts_with("demo_server: port "), "{run:?}");
}

#[test]
fn the_demonstration_server_speaks_tls_to_whoever_trusts_its_authority() {
    let root = tempfile::tempdir().unwrap();
    let authority = root.path().join("ca.der");
    let mut program = demo_server();
    program.args(["0", "--tls"]).arg(&authority);
    let mut server = Server(program.stdout(Stdio::piped()).spawn().unwrap());
    let mut said = String::new();
    let stdout = server.0.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut said).unwrap();
    assert!(said.contains(", in TLS, as localhost: "), "{said}");
    let port = said.split([' ', ',']).nth(2).unwrap().parse().unwrap();

    let certificate = CertificateDer::from(fs::read(authority).unwrap());
    let connect = |trusted| {
        let connector = Connector::new("localhost", Security::ImplicitTls).port(port);
        let connector = if trusted {
            connector.add_root(certificate.clone())
        } else {
            connector
        };
        connector.connect_to(&[(Ipv4Addr::LOCALHOST, port).into()])
    };
    let _ = connect(true).expect("it is trusted");
    connect(false).expect_err("nobody knows it");
}
