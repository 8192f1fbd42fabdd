//! After a log-in, the secret is nowhere in the memory of the process: all of it that can be written is searched.
//!
//! The test itself keeps secrets veiled only, and never has more than one octet of them in clear, except where it hands
//! them over to the crate.

#![cfg(target_os = "linux")]
#![allow(unreachable_pub, reason = "a module of a test crate has no outside")]

#[path = "support/certificates.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod certificates;
#[path = "scripted/play.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod play;
#[path = "scripted/server.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod server;

use std::env;
use std::fs::{self, File};
use std::hint::{black_box, spin_loop};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use pop3_std::pop3_proto::MAX_COMMAND;
use pop3_std::rustls::crypto::ring;
use pop3_std::rustls::pki_types::CertificateDer;
use pop3_std::rustls::pki_types::pem::PemObject;
use pop3_std::rustls::version::{TLS12, TLS13};
use pop3_std::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use pop3_std::{Authentication, Connector, Credentials, Security, Untimed};
use zeroize::Zeroize;

use crate::certificates::CertificateAuthority;
use crate::play::{GREETING, Play, mailbox};
use crate::server::{speak, tls};

fn veil(octet: u8) -> u8 {
    // Or the compiler would do in advance what is not to be in the program.
    octet ^ black_box(0xa5)
}

fn veiled(text: &str) -> Vec<u8> {
    text.bytes().map(veil).collect()
}

/// 32 octets that are nowhere else, veiled. None is a capital letter, so that copies in lower case are found as well.
#[derive(Clone)]
struct Marker([u8; 32]);

impl Marker {
    fn new(number: u64) -> Self {
        let mut state = black_box(number);
        Self(std::array::from_fn(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            veil(b'[' + ((state >> 33) % 36) as u8)
        }))
    }

    /// So many of them in a row, in clear.
    fn secret(&self, times: usize) -> Vec<u8> {
        let mut secret = Vec::with_capacity(self.0.len() * times);
        for _ in 0..times {
            secret.extend(self.0.iter().map(|octet| veil(*octet)));
        }
        secret
    }
}

const PAGE: usize = 4096;
/// A secret is searched for in blocks of so many octets, since a part of one is a find too.
const BLOCK: usize = 8;

/// Where a block of a secret is in clear, and the mapping of the memory there.
#[derive(Debug)]
#[expect(dead_code, reason = "the mapping is for people to read")]
struct Hit(u64, String);

/// Searches the writable memory of this process for these veiled octets.
fn search(veiled: &[u8]) -> Vec<Hit> {
    let blocks: Vec<&[u8]> = veiled.chunks_exact(BLOCK).collect();
    let mut begins_one = [false; 256];
    for block in &blocks {
        begins_one[usize::from(veil(block[0]))] = true;
    }
    let memory = File::open("/proc/self/mem").unwrap();
    // With the beginning of the next page, for what lies across.
    let mut page = [0; PAGE + BLOCK - 1];
    let mut hits = Vec::new();
    for mapping in fs::read_to_string("/proc/self/maps").unwrap().lines() {
        let mut fields = mapping.split(' ');
        let (range, rights) = (fields.next().unwrap(), fields.next().unwrap());
        if !rights.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let address = |digits| u64::from_str_radix(digits, 16).unwrap();
        for at in (address(start)..address(end)).step_by(PAGE) {
            let count = memory.read_at(&mut page, at).unwrap_or(0);
            // Most of it has never been used.
            if page == [0; PAGE + BLOCK - 1] {
                continue;
            }
            for (offset, window) in page[..count].windows(BLOCK).enumerate() {
                let is_block =
                    |block: &&[u8]| window.iter().copied().map(veil).eq(block.iter().copied());
                if begins_one[usize::from(window[0])] && blocks.iter().any(is_block) {
                    hits.push(Hit(at + offset as u64, mapping.to_owned()));
                }
            }
            // Or it would be found again here.
            page.as_mut_slice().zeroize();
        }
    }
    hits
}

/// Runs it on a thread whose stack is left as it is, and keeps what it gives, until the memory has been searched.
fn searched_after<T, R>(run: impl FnOnce() -> T + Send, search: impl FnOnce() -> R) -> R {
    let (ready, searched) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let kept = run();
            ready.store(true, Ordering::SeqCst);
            // Whatever blocks would use more of the stack, where something may be left.
            while !searched.load(Ordering::SeqCst) {
                spin_loop();
            }
            drop(kept);
        });
        while !ready.load(Ordering::SeqCst) && !thread.is_finished() {
            thread::yield_now();
        }
        let result = search();
        searched.store(true, Ordering::SeqCst);
        thread.join().unwrap();
        result
    })
}

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
