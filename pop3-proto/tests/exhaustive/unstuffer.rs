//! The unstuffer as a machine of five states: what each of them makes of each of the 256 octets.
//!
//! The states cannot be looked at from outside. But each is reached by some octets, and two states are the same if
//! whatever comes next gives the same: so where an octet leads is found out by what comes of each short string behind it.

use crate::oracle::model::LineEnd;

use super::unstuffing::{Mode, read};

/// The states, each with octets that lead to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    LineStart,
    Text,
    Cr,
    Dot,
    DotCr,
    /// The message is over.
    End,
}

const STATES: [(State, &[u8]); 5] = [
    (State::LineStart, b""),
    (State::Text, b"a"),
    (State::Cr, b"a\r"),
    (State::Dot, b"."),
    (State::DotCr, b".\r"),
];

/// What an octet gives out in a state, and where it leads (RFC 1939 section 3). `.` stands for a dot that is kept only
/// where single dots are, and `*` for the octet itself.
fn expected(state: State, octet: u8, ends: LineEnd) -> (&'static [u8], State) {
    use State::*;
    let lf_ends = ends == LineEnd::Lf;
    match (state, octet) {
        (LineStart, b'.') => (b"", Dot),
        (LineStart | Text | Cr, b'\r') => (b"*", Cr),
        (Cr, b'\n') => (b"*", LineStart),
        (LineStart | Text, b'\n') if lf_ends => (b"*", LineStart),
        (LineStart | Text | Cr, _) => (b"*", Text),
        (Dot, b'\r') => (b"", DotCr),
        (Dot, b'\n') if lf_ends => (b"", End),
        // Two dots: the first was stuffing in any mode.
        (Dot, b'.') => (b"*", Text),
        (Dot, _) => (b".*", Text),
        (DotCr, b'\n') => (b"", End),
        // The CR was part of the line.
        (DotCr, b'\r') => (b".\r*", Cr),
        (DotCr, _) => (b".\r*", Text),
        (End, _) => unreachable!("nothing follows"),
    }
}

/// Behind some octets that were read, what comes of each string of up to four octets.
fn future(mode: Mode, so_far: &[u8]) -> Vec<(Vec<u8>, bool)> {
    let mut client = mode.client();
    let ended = read(&mut client, so_far, &mut Vec::new());
    assert!(!ended, "it has no future");
    let mut futures = Vec::new();
    for length in 1..=4 {
        for nth in 0..4_usize.pow(length) {
            let string: Vec<u8> = (0..length)
                .map(|at| b".\r\na"[nth / 4_usize.pow(at) % 4])
                .collect();
            let mut client = client.clone();
            let mut message = Vec::new();
            // What stands behind the terminator is another matter.
            let ended = string
                .chunks(1)
                .any(|octet| read(&mut client, octet, &mut message));
            futures.push((message, ended));
        }
    }
    futures
}

#[test]
fn each_state_makes_of_each_octet_what_rfc_1939_says() {
    let mut transitions = 0;
    for mode in Mode::ALL {
        let futures = STATES.map(|(state, reached_by)| (state, future(mode, reached_by)));
        for (at, (_, one)) in futures.iter().enumerate() {
            let state = STATES[at].0;
            let same = futures.iter().filter(|(_, other)| one == other).count();
            // Where LF alone ends a line, a CR before it makes no difference.
            let cr_counts = mode.ends() == LineEnd::CrLf;
            let alike = !cr_counts && matches!(state, State::Text | State::Cr);
            assert_eq!(same, 1 + usize::from(alike), "{state:?} is none of its own");
        }
        for (state, reached_by) in STATES {
            for octet in 0..=u8::MAX {
                let mut client = mode.client();
                let mut message = Vec::new();
                assert!(!read(&mut client, reached_by, &mut message));
                message.clear();
                let ended = read(&mut client, &[octet], &mut message);

                let (pattern, next) = expected(state, octet, mode.ends());
                let given: Vec<u8> = pattern
                    .iter()
                    .filter(|&&part| part != b'.' || mode.keep_single_dots)
                    .map(|&part| if part == b'*' { octet } else { part })
                    .collect();
                assert_eq!(message, given, "{state:?}, {octet}");
                assert_eq!(ended, next == State::End, "{state:?}, {octet}");
                if !ended {
                    let there = future(mode, &[reached_by, &[octet]].concat());
                    let known = futures.iter().find(|(state, _)| *state == next);
                    assert_eq!(
                        Some(&there),
                        known.map(|(_, future)| future),
                        "{state:?}, {octet}"
                    );
                }
                transitions += 1;
            }
        }
    }
    assert_eq!(transitions, 6 * 5 * 256);
}
