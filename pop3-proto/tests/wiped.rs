//! After APOP, the secret is not on the stack below the call that sent it: neither it nor a block of the hash that had it.
//!
//! Run as a firmware is built, for size: then a hash keeps a copy of its block there, and little is written over it afterwards.
//! The stack is read through the file that the system has for a process's own memory, so that the test needs no unsafe code.
#![cfg(all(target_os = "linux", feature = "apop"))]

use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;

use pop3_proto::{Client, Command, Secret};

/// How much of the stack below the caller is searched, in octets.
const DEPTH: usize = 16 * 1024;

/// So many octets of the secret in a row are enough to be found.
const BLOCK: usize = 8;

/// What is done to the stack.
#[inline(never)]
fn below(act: impl FnOnce()) {
    act();
}

/// Whether the secret, which is not on the stack itself, is there after this was done: on a thread whose stack is large.
fn found_after(secret: &'static [u8], act: impl FnOnce() + Send + 'static) -> bool {
    let search = move || {
        let memory = File::open("/proc/self/mem").expect("Linux has it");
        let mut stack = vec![0; DEPTH];
        let here = 0_u8;
        let top = black_box(&raw const here).addr();
        // The system gives the stack of one thread to the next.
        below(|| {
            let zeros = black_box([0_u8; DEPTH]);
            black_box(&zeros);
        });
        below(act);
        let read = memory.read_at(&mut stack, (top - DEPTH) as u64);
        assert_eq!(read.expect("the stack can be read"), DEPTH);
        // A hash may have it as words, of which a block begins anywhere.
        let mut blocks = secret.windows(BLOCK);
        blocks.any(|block| stack.windows(BLOCK).any(|octets| octets == block))
    };
    std::thread::spawn(search).join().expect("it is searched")
}

/// One that fills a block of the hash, one that lies across several, and one that ends where the padding begins.
fn secrets() -> impl Iterator<Item = &'static [u8]> {
    [10, 19, 26, 56, 64, 100, 300].into_iter().map(|length| {
        let octets = (0..length).map(|nth: usize| b'!' + (nth * 37 % 90) as u8);
        &*octets.collect::<Vec<u8>>().leak()
    })
}

#[test]
fn the_search_finds_what_is_there() {
    for secret in secrets() {
        assert!(found_after(secret, move || {
            let mut copy = [0; 512];
            copy[..secret.len()].copy_from_slice(secret);
            black_box(&copy);
        }));
        assert!(!found_after(secret, || {}));
    }
}

#[test]
fn apop_leaves_nothing_of_the_secret_on_the_stack() {
    for secret in secrets() {
        let mut client = Box::new(Client::<1, 128>::new());
        let mut greeting: &[u8] = b"+OK <1896.697170952@dbc.mtview.ca.us>\r\n";
        assert!(client.receive(&mut greeting).unwrap().is_some());
        let mut out = vec![0; 64];
        let found = found_after(secret, move || {
            let apop = Command::Apop {
                user: b"mrose",
                secret: Secret::new(secret),
            };
            let _ = client.send(&apop, &mut out).expect("APOP is offered");
            assert!(out.starts_with(b"APOP mrose "));
        });
        assert!(!found, "{} octets", secret.len());
    }
}
