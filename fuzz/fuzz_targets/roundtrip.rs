//! Every message that a server may send, stuffed, comes out as it was, and as a whole. The input: sizes of pieces, and the
//! message, which gets a line end if it has none.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pop3_fuzz::input::Input;
use pop3_fuzz::messages::Mode;
use pop3_fuzz::oracle::stuffing::stuffed;

fuzz_target!(|input: &[u8]| {
    let mut input = Input(input);
    let sizes = input.sizes();
    let mut message = input.0.to_vec();
    if !message.is_empty() && !message.ends_with(b"\r\n") {
        message.extend_from_slice(b"\r\n");
    }
    let stream = stuffed(&message);
    let expected = (message, Some(stream.len()));
    assert_eq!(Mode::STRICT.received(&stream, &sizes), expected);
    // And what stands behind it is nobody's mail.
    let more = [&stream, &b".\r\n+OK\r\n"[..]].concat();
    assert_eq!(Mode::STRICT.received(&more, &sizes), expected);
});
