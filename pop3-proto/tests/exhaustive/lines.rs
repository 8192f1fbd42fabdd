//! Lines: every short string as the status line after each kind of command, as the greeting, and as what nobody asked for;
//! and as what stands where numbers, unique-ids and capabilities should.

use crate::bound;
use crate::oracle::commands::Asked;
use crate::oracle::dialogue::{Op, Player};
use pop3_proto::{CommandKind, Config, LineEnds, MessageNumber, Pipelining};

/// What status lines are made of.
const STATUS: [u8; 8] = *b"+-OK \r\nx";
/// What the lines of a list are made of.
const LISTING: [u8; 8] = *b"01. \t\r\nx";

/// A client that waits for the reply to a command, or for the greeting, or for nothing.
fn waiting<const LINE: usize>(config: Config, command: Option<CommandKind>) -> Player<1, LINE> {
    let mut player = Player::new(config);
    let mut play = |op| player.play(&op, &[usize::MAX]);
    play(Op::Receive(b"+OK <1@a.b>\r\n".to_vec()));
    let ask = |kind| Op::Send(Asked::new(kind, MessageNumber::FIRST));
    use CommandKind::{Apop, Auth, Cancel, Capa, Pass, Response, Stls, User};
    let before: &[CommandKind] = match command {
        Some(User | Apop | Stls | Auth) => &[],
        Some(Pass) => &[User],
        Some(Response | Cancel) => &[Auth],
        _ => &[User, Pass],
    };
    for &kind in before {
        play(ask(kind));
        let answer: &[u8] = if kind == Auth { b"+ \r\n" } else { b"+OK\r\n" };
        play(Op::Receive(answer.to_vec()));
    }
    // What is asked for must be sent, or nothing would be tried.
    if let Some(kind) = command {
        play(ask(kind));
        assert_eq!(player.sent().last(), Some(&kind));
    } else {
        assert_ne!(player.sent().last(), Some(&Capa));
    }
    player
}

/// Tries each string of up to so many octets, with the octets that stand before it, and a line end behind it. Returns how
/// many there were.
fn try_all<const LINE: usize>(
    player: &Player<1, LINE>,
    before: &[u8],
    alphabet: [u8; 8],
    longest: usize,
) -> usize {
    let mut tried = 0;
    for length in 0..=longest {
        let mut line = [before, &vec![0; length], b"\r\n"].concat();
        for nth in 0..8_usize.pow(u32::try_from(length).expect("short")) {
            let mut rest = nth;
            for octet in &mut line[before.len()..][..length] {
                *octet = alphabet[rest % 8];
                rest /= 8;
            }
            let said = Op::Receive(line);
            player.clone().play(&said, &[usize::MAX]);
            player.clone().play(&said, &[1]);
            tried += 1;
            let Op::Receive(octets) = said else {
                unreachable!("it is what it was");
            };
            line = octets;
        }
    }
    tried
}

/// All strings of up to so many octets.
fn all(longest: usize) -> usize {
    (0..=longest).map(|length| 1 << (3 * length)).sum()
}

fn after_each_command<const LINE: usize>(config: Config, longest: usize) {
    let commands = CommandKind::ALL.iter().copied().map(Some);
    for command in commands.chain([None]) {
        let player = waiting::<LINE>(config, command);
        assert_eq!(try_all(&player, b"", STATUS, longest), all(longest));
    }
    let ungreeted = Player::<1, LINE>::new(config);
    assert_eq!(try_all(&ungreeted, b"", STATUS, longest), all(longest));
}

fn strict() -> Config {
    Config::new().pipelining(Pipelining::Off)
}

#[test]
fn every_short_status_line_after_each_command() {
    after_each_command::<5>(strict(), bound(6, 3));
}

#[test]
fn every_short_status_line_that_is_kept_whole() {
    after_each_command::<8>(strict(), bound(5, 3));
}

#[test]
fn every_short_status_line_with_all_leniency() {
    let lenient = strict()
        .glued_status(true)
        .blank_lines(1)
        .keep_single_dots(true)
        .line_ends(LineEnds::Lenient);
    after_each_command::<5>(lenient, bound(5, 3));
}

/// What may stand behind a status indicator, and what may not.
#[test]
fn every_short_text_behind_a_status_indicator() {
    const BEHIND: [u8; 8] = *b"1x:\t \0\r\n";
    let longest = bound(4, 3);
    for config in [strict(), strict().glued_status(true)] {
        let commands = [None, Some(CommandKind::Noop), Some(CommandKind::Retr)];
        let waiting = commands.map(|command| waiting::<8>(config, command));
        for player in waiting.into_iter().chain([Player::new(config)]) {
            for indicator in ["+OK", "-ERR", "+ok", "-err", "+OK ", "-ERR "] {
                let tried = try_all(&player, indicator.as_bytes(), BEHIND, longest);
                assert_eq!(tried, all(longest));
            }
        }
    }
}

/// Each octet directly behind an indicator, in every case of its letters.
#[test]
fn every_octet_behind_a_status_indicator() {
    for config in [strict(), strict().glued_status(true)] {
        for command in [CommandKind::Noop, CommandKind::Auth] {
            let player = waiting::<8>(config, Some(command));
            for indicator in ["+OK", "+oK", "-ERR", "-eRr", "+"] {
                for octet in 0..=u8::MAX {
                    let line = [indicator.as_bytes(), &[octet], b"\r\n"].concat();
                    player.clone().play(&Op::Receive(line), &[usize::MAX]);
                }
            }
        }
    }
}

/// What may stand behind the `+` of a challenge, what is base64, and what may be said when the client is to speak.
#[test]
fn every_short_challenge() {
    const CHALLENGE: [u8; 8] = *b"AQ+=\t \r\n";
    let longest = bound(6, 3);
    // Some are longer than what is kept of a line, and what is kept may be base64 all the same.
    let auth = waiting::<5>(strict(), Some(CommandKind::Auth));
    let tried = try_all(&auth, b"+", CHALLENGE, longest);
    assert_eq!(tried, all(longest));
    let response = waiting::<5>(strict(), Some(CommandKind::Response));
    let tried = try_all(&response, b"+ A", CHALLENGE, longest);
    assert_eq!(tried, all(longest));
    let mut challenged = waiting::<8>(strict(), Some(CommandKind::Auth));
    challenged.play(&Op::Receive(b"+ \r\n".to_vec()), &[usize::MAX]);
    let tried = try_all(&challenged, b"", STATUS, longest - 1);
    assert_eq!(tried, all(longest - 1));
}

/// Some of these lines are just as long as what is kept of one, and some are longer.
#[test]
fn every_short_line_where_numbers_should_stand() {
    let longest = bound(6, 3);
    for (command, before) in [
        (CommandKind::Stat, "+OK "),
        (CommandKind::ListOne, "+OK "),
        (CommandKind::UidlOne, "+OK "),
    ] {
        let player = waiting::<8>(strict(), Some(command));
        let tried = try_all(&player, before.as_bytes(), LISTING, longest);
        assert_eq!(tried, all(longest));
    }
    for (command, before) in [
        (CommandKind::List, "+OK\r\n"),
        (CommandKind::Uidl, "+OK\n"),
        (CommandKind::Capa, "+OK\r\n"),
        (CommandKind::Languages, "+OK\r\n"),
    ] {
        let player = waiting::<5>(strict(), Some(command));
        let tried = try_all(&player, before.as_bytes(), LISTING, longest);
        assert_eq!(tried, all(longest));
        // With more than one octet behind this, the line is longer than what is kept.
        let before = before.to_owned() + "1 10";
        let tried = try_all(&player, before.as_bytes(), LISTING, longest - 1);
        assert_eq!(tried, all(longest - 1));
    }
}
