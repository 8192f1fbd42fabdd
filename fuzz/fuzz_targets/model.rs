//! A reply stream, and the commands in flight when it comes, give the events that the executable specification says.
//! The input: choices, the size of the client, sizes of pieces, the number of commands and the commands; then the stream.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pop3_fuzz::input::{Input, pipelined};

fuzz_target!(|input: &[u8]| {
    let mut input = Input(input);
    let (config, size, sizes) = (input.config(), input.octet(), input.sizes());
    let count = input.octet() % 17;
    let commands = input.octets(count.into());
    pipelined(config, commands, input.0).check_with_size(size, &sizes);
});
