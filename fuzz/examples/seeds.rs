//! Writes the seeds of each fuzz target: the transcripts of `pop3-proto`'s tests, in the form that it reads.
//!
//!     cargo run --example seeds

use std::fs;
use std::path::Path;

use pop3_fuzz::input::written;
use pop3_fuzz::oracle::dialogue::Op;
use pop3_fuzz::oracle::transcript::all_in;
use pop3_proto::CommandKind;

/// Longer ones would only slow the fuzzer down.
const LONGEST: usize = 4_096;

fn main() -> std::io::Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let transcripts = all_in(&here.join("../pop3-proto/tests/transcripts"));
    let mut count = 0;
    for transcript in &transcripts {
        let ops = transcript.dialogue().ops;
        let mut commands: Vec<u8> = Vec::new();
        let mut stream: Vec<u8> = Vec::new();
        for op in &ops {
            match op {
                Op::Receive(octets) => stream.extend_from_slice(octets),
                Op::Send(asked) => {
                    let kind = CommandKind::ALL.iter().position(|&kind| kind == asked.kind);
                    commands.extend(kind.and_then(|kind| u8::try_from(kind).ok()));
                }
                _ => {}
            }
        }
        commands.truncate(16);
        let how_many = u8::try_from(commands.len()).unwrap_or(0);
        let dialogue = written(&ops);
        // What stands before these: choices, the size of the client, sizes of pieces (see each target).
        for (target, seed) in [
            ("chunking", [&[0x20, 0, 1, 3], &dialogue[..]].concat()),
            ("session", [&[0, 0x20, 0, 0], &dialogue[..]].concat()),
            (
                "model",
                [&[0, 0, 0, how_many], &commands[..], &stream].concat(),
            ),
            ("unstuff", [&[0, 1, 5], &stream[..]].concat()),
            ("roundtrip", [&[1, 5], &stream[..]].concat()),
            ("std_reader", [&[0, 1, 5], &stream[..]].concat()),
            (
                "encode",
                [
                    &commands[..1.min(commands.len())],
                    &[0, 0, 0, 1, 0, 0, 0, 1, 5],
                    &stream,
                ]
                .concat(),
            ),
        ] {
            if seed.len() <= LONGEST {
                let folder = here.join("seeds").join(target);
                fs::create_dir_all(&folder)?;
                fs::write(folder.join(&transcript.name), seed)?;
                count += 1;
            }
        }
        if stream.len() <= LONGEST {
            // A way in, with the server sending octet by octet.
            let seed = [&[1, 0x12, 1, 1], &stream[..]].concat();
            let name = format!("way-in-{}", transcript.name);
            fs::write(here.join("seeds/session").join(name), seed)?;
            count += 1;
        }
    }
    println!("{count} seeds from {} transcripts", transcripts.len());
    Ok(())
}
