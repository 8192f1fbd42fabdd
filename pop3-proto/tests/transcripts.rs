//! Every file in `tests/transcripts`: see `oracle/transcript.rs` for how to read one.

mod common;
mod oracle;

use std::path::Path;

use common::{Seen, feed};
use oracle::dialogue::pieces;
use oracle::transcript::{Step, Transcript, all_in};
use pop3_proto::Client;

fn transcripts() -> Vec<Transcript> {
    let transcripts = all_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts"));
    assert!(transcripts.len() >= 150, "only {}", transcripts.len());
    transcripts
}

#[test]
fn every_transcript_plays_alike_in_every_way_of_cutting_it() {
    let mut failed = Vec::new();
    for transcript in transcripts() {
        match std::panic::catch_unwind(|| play_all(&transcript)) {
            Ok(ways) => assert!(ways >= 5, "cut in {ways} ways only"),
            Err(_) => failed.push(transcript.name),
        }
    }
    assert!(failed.is_empty(), "{} failed: {failed:?}", failed.len());
}

/// So the model is right wherever a transcript is.
#[test]
fn the_model_says_of_every_transcript_what_the_client_does() {
    for transcript in transcripts() {
        println!("{}", transcript.name);
        let dialogue = transcript.dialogue();
        for sizes in [[usize::MAX], [7]] {
            match transcript.line {
                8 => dialogue.check::<8, 8>(&sizes),
                64 => dialogue.check::<8, 64>(&sizes),
                _ => dialogue.check::<8, 512>(&sizes),
            };
        }
    }
}

/// Plays the transcript in every way of cutting that is worth it. Returns how many ways that were.
fn play_all(transcript: &Transcript) -> usize {
    let longest = segments(transcript).into_iter().max().unwrap_or(0);
    let mut cuts: Vec<Vec<usize>> = vec![vec![usize::MAX], vec![1], vec![2], vec![3], vec![7, 1]];
    if longest <= 2_000 {
        cuts.extend((1..longest).map(|at| vec![at, usize::MAX]));
    }
    for cut in &cuts {
        match transcript.line {
            8 => play::<8>(transcript, cut),
            64 => play::<64>(transcript, cut),
            512 => play::<512>(transcript, cut),
            other => panic!("no client keeps {other} octets of a line"),
        }
    }
    cuts.len()
}

/// The lengths of what the server sends in one go.
fn segments(transcript: &Transcript) -> Vec<usize> {
    let mut lengths = vec![0];
    for step in &transcript.steps {
        match step {
            Step::Server(octets) => *lengths.last_mut().expect("one") += octets.len(),
            Step::Expect(_) => {}
            _ => lengths.push(0),
        }
    }
    lengths
}

fn play<const LINE: usize>(transcript: &Transcript, cut: &[usize]) {
    let name = &transcript.name;
    let mut client: Client<8, LINE> = Client::with_config(transcript.config);
    let mut stream = Vec::new();
    let mut expected: Vec<&str> = Vec::new();
    let mut got: Vec<String> = Vec::new();
    for step in transcript.steps.iter().map(Some).chain([None]) {
        match step {
            Some(Step::Server(octets)) => {
                stream.extend_from_slice(octets);
                continue;
            }
            Some(Step::Expect(text)) => {
                expected.push(text);
                continue;
            }
            _ => {}
        }
        let mut seen = Vec::new();
        for chunk in pieces(&stream, cut) {
            feed(&mut client, chunk, &mut seen);
        }
        got.extend(seen.iter().map(Seen::text));
        assert_eq!(got, expected, "{name}, cut {cut:?}");
        stream.clear();
        expected.clear();
        got.clear();
        match step {
            Some(Step::Client(line)) => {
                let mut out = vec![0; 4096];
                let sent = client
                    .send(&transcript.asked(line).command(), &mut out)
                    .unwrap_or_else(|error| panic!("{name}: {line}: {error}"));
                let sent = String::from_utf8_lossy(&out[..sent.octets]);
                assert_eq!(sent, format!("{line}\r\n"), "{name}");
            }
            Some(Step::Refused(line, why)) => {
                let mut out = vec![b'#'; 4096];
                let error = client
                    .send(&transcript.asked(line).command(), &mut out)
                    .unwrap_err();
                assert!(error.to_string().contains(why), "{name}: {line}: {error}");
                assert!(out.iter().all(|&octet| octet == b'#'), "{name}");
            }
            Some(Step::Support(kind, expected)) => {
                assert_eq!(format!("{:?}", client.support(*kind)), *expected, "{name}");
            }
            Some(Step::Tls) => client.tls_established().unwrap(),
            Some(Step::Eof) => got.push(match client.receive_eof() {
                Ok(()) => "Closed".to_owned(),
                Err(error) => format!("Error {error}"),
            }),
            _ => {}
        }
    }
}
