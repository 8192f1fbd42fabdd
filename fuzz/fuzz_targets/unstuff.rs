//! The octets of a message are those that a slow, obvious reading of RFC 1939 gives, and it is whole if and only if
//! its terminator was there.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pop3_fuzz::{Seen, dialogue, unstuffed};

fuzz_target!(|message: &[u8]| {
    // UIDL is refused, so that the reply to RETR comes next.
    let stream = [b"-ERR\r\n+OK\r\n", message].concat();
    let seen = dialogue(&stream, &[]);
    // The greeting, two log-in replies, the refusal, the beginning of the message.
    let mut seen = seen.into_iter().skip(5).peekable();
    let body = match seen.peek() {
        Some(Seen::Body(octets)) => octets.clone(),
        _ => Vec::new(),
    };
    let whole = seen.any(|seen| matches!(seen, Seen::Event(event) if event.starts_with("End")));
    match unstuffed(message) {
        Some(expected) => assert!(whole && body == expected),
        None => assert!(!whole),
    }
});
