//! The server to try a client on.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};

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
    let stdout = server.0.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut said).unwrap();
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

    // The port is taken now.
    let run = Run::of(demo_server().arg(port));
    assert_eq!(run.status, Some(1));
    assert!(run.stderr.starts_with("demo_server: port "), "{run:?}");
}
