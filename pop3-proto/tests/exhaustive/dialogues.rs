//! Dialogues: every short list of things that can happen to a client, in each order, against the model.

use crate::bound;
use crate::oracle::commands::Asked;
use crate::oracle::dialogue::{Op, Player};
use pop3_proto::{CommandKind, Config, MessageNumber, Pipelining};

/// The commands that are left out: each is allowed where another one is, and stands in the pipeline as that does. What its
/// reply says is another thing, and `lines.rs` looks at that.
const LIKE_ANOTHER: [(CommandKind, CommandKind); 6] = [
    (CommandKind::List, CommandKind::Uidl),
    (CommandKind::ListOne, CommandKind::Stat),
    (CommandKind::UidlOne, CommandKind::Stat),
    (CommandKind::Top, CommandKind::Retr),
    (CommandKind::Dele, CommandKind::Noop),
    (CommandKind::Rset, CommandKind::Noop),
];

/// Everything that can happen, one of a kind.
fn ops() -> Vec<Op> {
    let says = |text: &str| Op::Receive(text.as_bytes().to_vec());
    let mut ops: Vec<Op> = CommandKind::ALL
        .iter()
        .filter(|kind| LIKE_ANOTHER.iter().all(|(left_out, _)| left_out != *kind))
        .map(|&kind| Op::Send(Asked::new(kind, MessageNumber::FIRST)))
        .collect();
    ops.extend([
        says("+OK 1 2 <1@a.b>\r\n"),
        says("-ERR\r\n"),
        says("+OK\nPIPELINING\n.\n"),
        says("1 2\r\n.\r\n"),
        says("+O"),
        says("K\r\n+\t\r\n"),
        // Two challenges at once: the second comes when the client is to speak.
        says("+\r\n+ \r\n"),
        says("+ YQ==\r\n"),
        Op::Tls,
        Op::Eof,
        Op::Abort,
    ]);
    ops
}

fn play_all<const DEPTH: usize>(
    player: &Player<DEPTH, 8>,
    ops: &[Op],
    length: usize,
    played: &mut usize,
) {
    for op in ops {
        let mut player = player.clone();
        player.play(op, &[3]);
        *played += 1;
        if length > 1 {
            play_all(&player, ops, length - 1, played);
        }
    }
}

fn every_dialogue<const DEPTH: usize>(pipelining: Pipelining, beginning: &[Op], length: usize) {
    let mut player = Player::<DEPTH, 8>::new(Config::new().pipelining(pipelining));
    for op in beginning {
        player.play(op, &[usize::MAX]);
    }
    let ops = ops();
    let mut played = 0;
    play_all(&player, &ops, length, &mut played);
    let all = |length| ops.len().pow(u32::try_from(length).expect("short"));
    assert_eq!(played, (1..=length).map(all).sum());
}

fn logged_in() -> Vec<Op> {
    let says = |text: &str| Op::Receive(text.as_bytes().to_vec());
    let asks = |kind| Op::Send(Asked::new(kind, MessageNumber::FIRST));
    let accepted = "+OK <1@a.b>\r\n";
    vec![
        says(accepted),
        asks(CommandKind::User),
        says(accepted),
        asks(CommandKind::Pass),
        says(accepted),
    ]
}

#[test]
fn every_short_dialogue_from_the_beginning() {
    every_dialogue::<2>(Pipelining::IfAnnounced, &[], bound(4, 3));
}

#[test]
fn every_short_dialogue_behind_the_greeting() {
    every_dialogue::<1>(Pipelining::Always, &logged_in()[..1], bound(4, 3));
}

#[test]
fn every_short_dialogue_behind_a_challenge() {
    let says = |text: &str| Op::Receive(text.as_bytes().to_vec());
    let asks = |kind| Op::Send(Asked::new(kind, MessageNumber::FIRST));
    let beginning = [
        says("+OK\r\n"),
        asks(CommandKind::Capa),
        says("+OK\r\nPIPELINING\r\n.\r\n"),
        asks(CommandKind::Auth),
        says("+ \r\n"),
    ];
    every_dialogue::<1>(Pipelining::IfAnnounced, &beginning, bound(4, 3));
}

#[test]
fn every_short_dialogue_behind_the_log_in() {
    every_dialogue::<2>(Pipelining::Always, &logged_in(), bound(4, 3));
}
