//! Every file in `tests/transcripts`: see `common/transcript.rs` for how to read one.

mod common;

use common::transcript::Transcript;
use std::path::Path;

#[test]
fn every_transcript_plays_alike_in_every_way_of_cutting_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut played = 0;
    let mut failed = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the transcripts") {
        let path = entry.expect("a transcript").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let text = std::fs::read_to_string(&path).expect("a transcript is UTF-8");
        match std::panic::catch_unwind(|| Transcript::parse(&name, &text).play_all()) {
            Ok(ways) => assert!(ways >= 5, "{name}: cut in {ways} ways only"),
            Err(_) => failed.push(name),
        }
        played += 1;
    }
    assert!(failed.is_empty(), "{} failed: {failed:?}", failed.len());
    assert!(played >= 60, "only {played} transcripts were found");
}
