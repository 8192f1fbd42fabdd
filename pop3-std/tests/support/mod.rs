//! What the integration tests share: certification authorities and tokens made at run time, and two real POP3 servers.

#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "each test crate uses a part of it"
)]
#![allow(unreachable_pub, reason = "a module of a test crate has no outside")]

pub mod certificates;
#[cfg(unix)]
pub mod client;
pub mod client_certificates;
#[cfg(unix)]
pub mod dovecot;
#[cfg(unix)]
pub mod peer;
#[cfg(unix)]
mod process;
#[cfg(unix)]
pub mod raw;
#[cfg(unix)]
mod sasl;
#[cfg(unix)]
mod setup;
#[cfg(unix)]
mod skip;
pub mod token;

#[cfg(unix)]
pub use setup::{PASSWORD, Setup, Tls, USER};

/// Starts a server, or ends the test without one.
macro_rules! server_or_skip {
    ($setup:expr) => {
        match support::dovecot::Dovecot::start_or_skip($setup) {
            Some(server) => server,
            None => return,
        }
    };
}
pub(crate) use server_or_skip;

/// Starts the second server, or ends the test without it.
macro_rules! peer_or_skip {
    ($setup:expr) => {
        match support::peer::Peer::start_or_skip($setup) {
            Some(peer) => peer,
            None => return,
        }
    };
}
pub(crate) use peer_or_skip;

/// Messages that clients get wrong: dots, no body, a line of 100 KB, 1 MB, every octet, replies in the text.
pub fn hard_messages() -> Vec<Vec<u8>> {
    let header = b"From: a@example.org\r\nSubject: hard\r\n\r\n".as_slice();
    let message = |body: &[u8]| [header, body].concat();
    vec![
        message(b".\r\n..\r\n.x\r\n...\r\n\r\n.\r\n"),
        message(b""),
        message(&[b"x".repeat(100_000).as_slice(), b"\r\n"].concat()),
        message(&b"0123456789abcdef0123456789abcde\r\n.\r\n".repeat(30_000)),
        message(
            &[
                (0..=255).filter(|octet| *octet != b'\n').collect(),
                b"\r\n".to_vec(),
            ]
            .concat(),
        ),
        message(b"+OK\r\n-ERR\r\n\r\r\n\r\n\r\n"),
        b"\r\n".to_vec(),
        b"no header, no end of it\r\n".to_vec(),
    ]
}
