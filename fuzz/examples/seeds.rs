//! Writes the seeds of each fuzz target: the transcripts of `pop3-proto`'s tests, in the form that it reads.
//!
//!     cargo run --example seeds

use std::fs;
use std::path::Path;

use pop3_fuzz::input::{choices, chosen, which, written};
use pop3_fuzz::oracle::commands::Asked;
use pop3_fuzz::oracle::dialogue::Op;
use pop3_fuzz::oracle::transcript::{Transcript, all_in};
use pop3_proto::CommandKind;
use pop3_proto::sasl::MechanismKind;

/// Longer ones would only slow the fuzzer down.
const LONGEST: usize = 4_096;

fn main() -> std::io::Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let transcripts = all_in(&here.join("../pop3-proto/tests/transcripts"));
    let mut count = 0;
    for transcript in &transcripts {
        for (nth, (target, seed)) in seeds(transcript).into_iter().enumerate() {
            if seed.len() <= LONGEST {
                let folder = here.join("seeds").join(target);
                fs::create_dir_all(&folder)?;
                fs::write(folder.join(format!("{}-{nth}", transcript.name)), seed)?;
                count += 1;
            }
        }
    }
    println!("{count} seeds from {} transcripts", transcripts.len());
    let folder = here.join("seeds/sasl");
    fs::create_dir_all(&folder)?;
    for (nth, kind) in (0..).zip(MechanismKind::ALL) {
        fs::write(folder.join(kind.name()), exchange(nth))?;
    }
    Ok(())
}

/// An exchange by the mechanism of this number: a name and a binding; for SCRAM a salt, rounds, and nothing altered, for the
/// others two challenges.
fn exchange(mechanism: u8) -> Vec<u8> {
    let name_and_binding = b"\x05mrose\x06abcdef";
    let behind = b"saltsalt\x01\0\0\0\0\0\0\x07<1@a.b>xxxxxxx\0";
    [&[mechanism, 0], &name_and_binding[..], behind].concat()
}

/// The seeds that a transcript gives: each target says what stands in front.
fn seeds(transcript: &Transcript) -> Vec<(&'static str, Vec<u8>)> {
    let ops = transcript.dialogue().ops;
    let choices = choices(&transcript.config);
    // Clients that keep about as much of a line.
    let size = match transcript.line {
        8 => 5,
        64 => 8,
        _ => 0,
    };
    let dialogue = written(&ops);
    let mut seeds = vec![
        ("chunking", [&[choices, size, 1, 3], &dialogue[..]].concat()),
        ("session", [&[0, choices, size, 0], &dialogue[..]].concat()),
        (
            "session",
            [&[1, way_in(&ops), 1, 1], &received(&ops)[..]].concat(),
        ),
    ];
    // The model's client is logged in already.
    let is_log_in = |op: &Op| {
        asked(op).is_some_and(|asked| matches!(asked.kind, CommandKind::Pass | CommandKind::Apop))
    };
    if let Some(log_in) = ops.iter().rposition(is_log_in) {
        let behind = &ops[(log_in + 2).min(ops.len())..];
        let commands: Vec<u8> = behind
            .iter()
            .filter_map(asked)
            .map(|asked| which(asked.kind))
            .take(16)
            .collect();
        let count = u8::try_from(commands.len()).unwrap_or(0);
        seeds.push((
            "model",
            [&[choices, size, 0, count], &commands[..], &received(behind)].concat(),
        ));
    }
    for pair in ops.windows(2) {
        let ([Op::Send(asked), Op::Receive(answer)], Some(end)) = (
            pair,
            pair.last().and_then(|op| match op {
                Op::Receive(octets) => octets.iter().position(|&octet| octet == b'\n'),
                _ => None,
            }),
        ) else {
            continue;
        };
        if matches!(asked.kind, CommandKind::Retr | CommandKind::Top) {
            let message = &answer[end + 1..];
            for mode in [0, 1, 2, 4] {
                seeds.push(("unstuff", [&[mode, 1, 5], message].concat()));
            }
            seeds.push(("roundtrip", [&[1, 5], message].concat()));
            for (end, size) in [(0, 5), (1, 1), (2, 0)] {
                seeds.push(("std_reader", [&[end, 1, size], &answer[..]].concat()));
            }
        }
    }
    for asked in ops.iter().filter_map(asked) {
        let (name, secret, lines) = match asked.kind {
            CommandKind::Auth | CommandKind::Response => (
                asked.mechanism.name.as_bytes(),
                &asked.mechanism.response,
                chosen(asked).into(),
            ),
            CommandKind::Lang => (asked.language.as_bytes(), &asked.secret, asked.lines),
            _ => (&asked.user[..], &asked.secret, asked.lines),
        };
        let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
        let mut seed = vec![which(asked.kind)];
        seed.extend(asked.message.get().to_be_bytes());
        seed.extend(lines.to_be_bytes());
        seed.push(length);
        seed.extend(&name[..length.into()]);
        seed.extend(secret);
        seeds.push(("encode", seed));
    }
    seeds
}

fn asked(op: &Op) -> Option<&Asked> {
    match op {
        Op::Send(asked) => Some(asked),
        _ => None,
    }
}

fn received(ops: &[Op]) -> Vec<u8> {
    let octets = ops.iter().filter_map(|op| match op {
        Op::Receive(octets) => Some(octets.as_slice()),
        _ => None,
    });
    octets.collect::<Vec<_>>().concat()
}

/// The way into a session that a transcript goes, as [`pop3_fuzz::input::Input::way_in`] reads it.
fn way_in(ops: &[Op]) -> u8 {
    let asks = |kind| ops.iter().filter_map(asked).any(|asked| asked.kind == kind);
    let security = match ops.first() {
        Some(Op::Tls) => 0,
        _ if asks(CommandKind::Stls) => 1,
        _ => 2,
    };
    let authentication = match (asks(CommandKind::Apop), asks(CommandKind::User)) {
        (true, false) => 0,
        (true, true) => 1,
        _ => 2,
    };
    security | authentication << 2 | u8::from(asks(CommandKind::Capa)) << 4
}
