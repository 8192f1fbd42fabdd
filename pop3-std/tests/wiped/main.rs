//! After a log-in, the secret is nowhere in the memory of the process: all of it that can be written is searched.
//!
//! The tests themselves keep secrets veiled only, and never have more than an octet or two of them in clear, except where they
//! hand them over to the crate. The log-in runs on a thread of its own, which then stands still, with its stack as the log-in
//! has left it, until the memory has been searched: `memory.rs`. A server that must know the secret, because it repeats it
//! inside TLS or computes with it, is another process, and tells what it knows veiled.
//!
//! What is searched for: the secret (here after USER and PASS, APOP, and in TLS; in `sasl.rs` after each mechanism), all that was
//! sent of it, in base64 as well, however that is aligned, and what can be computed from it (`scram.rs`), down to the keys of
//! HMAC, which are the secret XORed with a constant. Blocks of eight octets are enough to be found. Not looked for are states of
//! hashes, which nobody outside of the hash knows: those wipe themselves.

#![cfg(target_os = "linux")]
#![allow(unreachable_pub, reason = "a module of a test crate has no outside")]

#[path = "../support/certificates.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod certificates;
#[path = "../scripted/play.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod play;
#[path = "../scripted/server.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod server;

mod memory;
mod sasl;
mod scram;

use std::env;
use std::hint::black_box;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use pop3_std::pop3_proto::MAX_COMMAND;
use pop3_std::rustls::crypto::ring;
use pop3_std::rustls::pki_types::CertificateDer;
use pop3_std::rustls::pki_types::pem::PemObject;
use pop3_std::rustls::version::{TLS12, TLS13};
use pop3_std::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use pop3_std::{Authentication, Connector, Credentials, Security, Untimed};
use zeroize::Zeroize;

use crate::certificates::CertificateAuthority;
use crate::memory::{BLOCK, Hit, Marker, alone, search, searched_after, veil, veiled};
use crate::play::{GREETING, Play, mailbox};
use crate::server::{speak, tls};

/// What the server says to the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Yes,
    No,
    YesAndRepeatsIt,
    NoAndRepeatsIt,
    NothingButIt,
    /// And then it closes the connection, in the middle of the line.
    RepeatsItAndGoes,
}

/// A server that keeps what it is told veiled.
struct Server {
    says: Says,
    /// How many octets a read gives at most.
    chunk: usize,
    line: Vec<u8>,
    say: Vec<u8>,
    /// What was sent as the secret, or for it.
    secret: Arc<Mutex<Vec<u8>>>,
}

impl Server {
    fn answer(&mut self, line: &[u8]) {
        let blank = veil(b' ');
        let secret = line.rsplit(|octet| *octet == blank).next().unwrap();
        if !line.starts_with(&veiled("PASS ")) && !line.starts_with(&veiled("APOP ")) {
            self.say.extend(veiled("+OK\r\n"));
            return;
        }
        *self.secret.lock().unwrap() = secret.to_vec();
        let (says, repeats) = match self.says {
            Says::Yes => ("+OK fine", false),
            Says::No => ("-ERR no", false),
            Says::YesAndRepeatsIt => ("+OK fine: ", true),
            Says::NoAndRepeatsIt => ("-ERR no: ", true),
            Says::NothingButIt => ("", true),
            Says::RepeatsItAndGoes => ("-ERR no: ", true),
        };
        self.say.extend(veiled(says));
        if repeats {
            self.say.extend(secret);
        }
        if self.says != Says::RepeatsItAndGoes {
            self.say.extend(veiled("\r\n"));
        }
    }
}

impl Read for Server {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.chunk.min(buffer.len()).min(self.say.len());
        for (octet, veiled) in buffer.iter_mut().zip(self.say.drain(..count)) {
            *octet = veil(veiled);
        }
        Ok(count)
    }
}

impl Write for Server {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        for octet in octets {
            self.line.push(veil(*octet));
        }
        if self.line.ends_with(&veiled("\r\n")) {
            let line = std::mem::take(&mut self.line);
            self.answer(&line[..line.len() - 2]);
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Clone, Copy, Debug)]
struct Case {
    how: Authentication,
    /// How long the secret is, in markers.
    length: usize,
    says: Says,
    chunk: usize,
    traced: bool,
}

impl Case {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for how in [Authentication::UserPass, Authentication::ApopOnly] {
            for length in [1, 20] {
                for says in [
                    Says::Yes,
                    Says::No,
                    Says::YesAndRepeatsIt,
                    Says::NoAndRepeatsIt,
                    Says::NothingButIt,
                    Says::RepeatsItAndGoes,
                ] {
                    for chunk in [1, usize::MAX] {
                        for traced in [false, true] {
                            all.push(Self {
                                how,
                                length,
                                says,
                                chunk,
                                traced,
                            });
                        }
                    }
                }
            }
        }
        all
    }

    /// What is found after such a log-in.
    fn run(self, marker: &Marker) -> Vec<Hit> {
        let secret = Arc::default();
        let server = Server {
            says: self.says,
            chunk: self.chunk,
            line: Vec::new(),
            say: veiled(GREETING),
            secret: Arc::clone(&secret),
        };
        let mut connector =
            Connector::new("localhost", Security::ClearText).ask_capabilities(false);
        if self.traced {
            connector = connector.trace(|event| {
                black_box(event.to_string());
            });
        }
        let log_in = || {
            let credentials = Credentials::new("mrose", marker.secret(self.length));
            connector
                .connect_over(Untimed(server))
                .unwrap()
                .login(&credentials, self.how)
        };
        searched_after(log_in, || {
            let sent: Vec<u8> = secret.lock().unwrap().clone();
            let mut hits = search(&marker.0);
            if self.how == Authentication::UserPass {
                assert_eq!(sent, marker.0.repeat(self.length));
            } else {
                assert_eq!(sent.len(), 32);
                hits.extend(search(&sent));
                hits.extend(search(&digest(&sent)));
            }
            hits
        })
    }
}

/// What these veiled hexadecimal digits mean, veiled.
fn digest(digits: &[u8]) -> Vec<u8> {
    let value = |digit: u8| char::from(veil(digit)).to_digit(16).unwrap() as u8;
    digits
        .chunks_exact(2)
        .map(|pair| veil(value(pair[0]) << 4 | value(pair[1])))
        .collect()
}

/// So that the child knows what it is.
const SERVER: &str = "POP3_STD_TEST_SERVER";

/// One log-in over TLS. The server is another process, so that what it knows is not in this one.
fn over_tls(
    marker: &Marker,
    version: &'static SupportedProtocolVersion,
    repeats: bool,
) -> Vec<Hit> {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", TEST, "--nocapture"])
        .env(SERVER, if repeats { "repeats" } else { "" })
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let port = said
        .find_map(|line| line.strip_prefix("port ").map(str::to_owned))
        .unwrap();
    let mut pem = String::new();
    while !pem.contains("-----END") {
        pem += &(said.next().unwrap() + "\n");
    }
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = Connector::new("localhost", Security::ImplicitTls)
        .tls_config(Arc::new(config))
        .ask_capabilities(false);
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port.parse().unwrap())).unwrap();
    let log_in = || {
        let credentials = Credentials::new("mrose", marker.secret(1));
        connector
            .connect_over(stream)
            .unwrap()
            .login(&credentials, Authentication::UserPass)
            .unwrap()
    };
    let hits = searched_after(log_in, || search(&marker.0));
    said.for_each(drop);
    assert!(child.wait().unwrap().success());
    hits
}

/// The server's side of it.
fn serve(repeats: bool) {
    let certificate = CertificateAuthority::new().issue_for_loopback();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    println!("\nport {}", listener.local_addr().unwrap().port());
    println!("{}", certificate.root_pem());
    let (stream, _) = listener.accept().unwrap();
    let mut play = Play::new(GREETING, move |command| {
        match command.strip_prefix("PASS ") {
            Some(secret) if repeats => format!("+OK {secret}\r\n").into(),
            _ => mailbox(command),
        }
    });
    // The client goes without QUIT.
    let _ = speak(&mut tls(stream, &certificate), &mut play);
}

const TEST: &str = "nothing_is_left_of_a_secret_after_the_log_in";

#[test]
fn nothing_is_left_of_a_secret_after_the_log_in() {
    if let Ok(role) = env::var(SERVER) {
        return serve(role == "repeats");
    }
    let _alone = alone();
    let mut markers = (0..).map(Marker::new);

    // What is there is found, also where a function has left it that has returned.
    let marker = markers.next().unwrap();
    assert!(search(&marker.0).is_empty());
    let mut copy = marker.secret(1);
    assert_eq!(search(&marker.0).len(), 32 / BLOCK);
    copy.zeroize();
    assert!(search(&marker.0).is_empty());
    let hits = searched_after(|| leave_on_the_stack(&marker), || search(&marker.0));
    assert!(!hits.is_empty());

    assert!(
        Case::all()
            .iter()
            .any(|case| case.length * 32 > MAX_COMMAND)
    );
    for case in Case::all() {
        let hits = case.run(&markers.next().unwrap());
        assert!(hits.is_empty(), "{case:?}: {hits:#x?}");
    }
    for version in [&TLS12, &TLS13] {
        let hits = over_tls(&markers.next().unwrap(), version, false);
        assert!(hits.is_empty(), "{version:?}: {hits:#x?}");
        // What the server says, rustls has twice and wipes never: the record that it has decrypted stays in its receive
        // buffer (`DeframerVecBuffer`) until the next comes, and the piece that it has handed out (`ChunkVecBuffer`) is freed.
        let hits = over_tls(&markers.next().unwrap(), version, true);
        assert!(hits.len() <= 2 * 32 / BLOCK, "{version:?}: {hits:#x?}");
    }
}

#[inline(never)]
fn leave_on_the_stack(marker: &Marker) {
    let mut copies = [[0; 32]; 100];
    for copy in &mut copies {
        for (octet, veiled) in copy.iter_mut().zip(marker.0) {
            *octet = veil(veiled);
        }
    }
    black_box(&copies);
}
