//! The octets of a message are those that a slow, obvious reading of RFC 1939 gives, in each mode, and it is whole if and
//! only if its terminator was there. The input: the mode, sizes of pieces, and the stream behind the status line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pop3_fuzz::input::Input;
use pop3_fuzz::messages::Mode;
use pop3_fuzz::oracle::model::LineEnd;
use pop3_fuzz::oracle::stuffing::unstuffed;

fuzz_target!(|input: &[u8]| {
    let mut input = Input(input);
    let bits = input.octet();
    let mode = Mode {
        status_ends: if bits & 1 != 0 {
            LineEnd::Lf
        } else {
            LineEnd::CrLf
        },
        lenient: bits & 2 != 0,
        keep_single_dots: bits & 4 != 0,
    };
    let sizes = input.sizes();
    let expected = unstuffed(input.0, mode.ends(), mode.keep_single_dots);
    for sizes in [&sizes[..], &[], &[1]] {
        let (message, whole) = mode.received(input.0, sizes);
        assert_eq!((&message, whole), (&expected.message, expected.whole));
    }
});
