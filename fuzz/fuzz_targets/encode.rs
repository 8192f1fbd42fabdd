//! A command is written as one line that a server understands, or not at all, whatever its arguments and however large the
//! buffer. The input: the kind, the message, the number of lines, the length of the name, the name, and the secret.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pop3_fuzz::input::Input;

fuzz_target!(|input: &[u8]| {
    let asked = Input(input).asked();
    assert_eq!(asked.check_encoding().is_some(), asked.can_be_sent());
});
