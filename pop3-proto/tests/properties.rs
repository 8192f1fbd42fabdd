//! Whatever the server says, however it is cut, and whatever the caller asks for and when: the client does what the
//! executable specification in `oracle/` says, and nothing else.

mod common;
mod oracle;

use common::{Seen, feed, feed_cut, logged_in};
use md5::Digest as _;
use oracle::commands::Asked;
use oracle::dialogue::{Dialogue, Op};
use oracle::login::WayIn;
use oracle::model::LineEnd;
use oracle::sasl::Scripted;
use oracle::stuffing::{stuffed, unstuffed};
use pop3_proto::login::{Authentication, Security};
use pop3_proto::sasl::MechanismKind;
use pop3_proto::{Client, Command, CommandKind, Config, LineEnds, MessageNumber, Pipelining};
use proptest::prelude::*;

/// Octets that look like POP3, in pieces of lines and in whole ones.
fn replies() -> impl Strategy<Value = Vec<u8>> {
    let octet = prop_oneof![
        3 => prop::sample::select(&b".\r\n"[..]),
        2 => prop::sample::select(&b"+-OKER 19a\0\t<@>"[..]),
        1 => any::<u8>(),
    ];
    let line = prop::sample::select(LINES);
    let piece = prop_oneof![
        2 => prop::collection::vec(octet, 0..12),
        8 => line.prop_map(|line| line.as_bytes().to_vec()),
        2 => numbers().prop_map(|(one, two)| format!("+OK {one} {two}\r\n").into_bytes()),
        2 => numbers().prop_map(|(one, two)| format!("{one}\t {two}\r\n").into_bytes()),
        1 => (0..600_usize).prop_map(|length| [&vec![b'x'; length], &b"\r\n"[..]].concat()),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

const LINES: &[&str] = &[
    "+OK\r\n",
    "+OK\r\n",
    "+OK ready <1896.697170952@dbc.mtview.ca.us>\r\n",
    "+ok text\n",
    "-ERR\r\n",
    "-ERR [IN-USE] no\r\n",
    "+OK\r\n.\r\n",
    "+OK\r\nPIPELINING\r\nSTLS\r\nSASL PLAIN\r\n.\r\n",
    "+OK\r\n..\r\nbody\r\n.\r\n",
    "+OK\n.\n.x\n.\n",
    "+OK 1 abc\r\n",
    "+OK\r\n1 120\r\n2 abc def\r\n+OK 3 4\r\n.\r\n",
    "EXPIRE 31 USER\r\nEXPIRE NEVER\r\nLOGIN-DELAY 9 user\r\nUTF8 USER\r\nXOIP\r\n \r\n.\r\n",
    ".\r\n",
    ".\n",
    "..\r\n",
    "\r\n",
    "+\r\n",
    "+ \r\n",
    "+\tYQ==\r\n",
    "+ go ahead\r\n",
    "en English\r\n i-default\t \r\n.\r\n",
    "+OK: glued\r\n",
    "* OK IMAP\r\n",
    "220 SMTP\r\n",
];

/// Numbers as servers write them, at the edges and past them.
fn numbers() -> impl Strategy<Value = (String, String)> {
    let number = prop_oneof![
        Just("0".to_owned()),
        Just("1".to_owned()),
        Just("007".to_owned()),
        Just("-1".to_owned()),
        Just("+1".to_owned()),
        Just("4294967295".to_owned()),
        Just("4294967296".to_owned()),
        Just("18446744073709551615".to_owned()),
        Just("18446744073709551616".to_owned()),
        Just("99999999999999999999".to_owned()),
        Just("1.5".to_owned()),
        Just(String::new()),
        any::<u64>().prop_map(|number| number.to_string()),
    ];
    (number.clone(), number)
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![
        Just(vec![1]),
        Just(vec![usize::MAX]),
        prop::collection::vec(1..9_usize, 1..9)
    ]
}

fn config() -> impl Strategy<Value = Config> {
    let pipelining = prop::sample::select(vec![
        Pipelining::Always,
        Pipelining::IfAnnounced,
        Pipelining::Off,
    ]);
    let ends = prop::sample::select(vec![LineEnds::AsStatusLine, LineEnds::Lenient]);
    (any::<(bool, bool)>(), 0..3_u8, pipelining, ends).prop_map(
        |((keep, glued), blank_lines, pipelining, ends)| {
            Config::new()
                .keep_single_dots(keep)
                .glued_status(glued)
                .blank_lines(blank_lines)
                .pipelining(pipelining)
                .line_ends(ends)
        },
    )
}

fn asked() -> impl Strategy<Value = Asked> {
    let number = prop_oneof![Just(1), 1..20_u32, Just(u32::MAX)];
    let lines = prop_oneof![Just(0), Just(u32::MAX), any::<u32>()];
    let name = prop_oneof![
        4 => Just(b"mrose".to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..9),
        1 => prop::collection::vec(prop::sample::select(&b"a \r\n\0"[..]), 0..4),
        1 => prop::collection::vec(Just(b'x'), 200..300),
    ];
    let kind = prop::sample::select(CommandKind::ALL);
    let initial_response = any::<bool>();
    (
        (kind, number, lines, name.clone(), name),
        (mechanism(), initial_response, words()),
    )
        .prop_map(
            |((kind, number, lines, user, secret), (mechanism, initial_response, language))| {
                let message = MessageNumber::new(number).expect("from 1");
                Asked {
                    kind,
                    message,
                    lines,
                    user,
                    secret,
                    mechanism,
                    initial_response,
                    language,
                }
            },
        )
}

/// Names of mechanisms and of languages, and others.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec!["X-TEST", "PLAIN", "SCRAM-SHA-256-PLUS", "en", "*", "X_0"]).prop_map(str::to_owned),
        2 => "[A-Z0-9_-]{0,22}",
        1 => "[a-zA-Z0-9-]{0,9}",
        1 => "[A-Z \r\n\x00*]{0,4}",
    ]
}

fn mechanism() -> impl Strategy<Value = Scripted> {
    let octets = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..12),
        1 => prop::collection::vec(any::<u8>(), 180..400),
    ];
    (words(), any::<bool>(), octets).prop_map(|(name, speaks_first, response)| Scripted {
        name,
        speaks_first,
        response,
    })
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    prop_oneof![
        4 => replies().prop_map(|octets| vec![Op::Receive(octets)]),
        4 => asked().prop_map(|asked| vec![Op::Send(asked)]),
        16 => exchange(),
        1 => Just(vec![Op::Tls]),
        1 => prop::sample::select(vec![Op::Eof, Op::Abort]).prop_map(|op| vec![op]),
    ]
}

/// A command, and something that may well be its reply.
fn exchange() -> impl Strategy<Value = Vec<Op>> {
    let lines = prop::collection::vec(prop::sample::select(LINES), 0..4);
    let kind = prop::sample::select(CommandKind::ALL);
    (kind, lines, 0..8_u8).prop_map(|(kind, lines, mood)| {
        let may_be_challenged = matches!(kind, CommandKind::Auth | CommandKind::Response);
        let reply = match mood {
            1..5 if may_be_challenged => "+ dGlt\r\n".to_owned(),
            0 => "-ERR no\r\n".to_owned(),
            _ if kind.is_multi_line() => {
                let lines = lines.concat().replace("\r\n.\r\n", "\r\n..\r\n");
                format!("+OK\r\n{}.\r\n", lines.trim_start_matches(".\r\n"))
            }
            _ => "+OK 1 2\r\n".to_owned(),
        };
        vec![
            Op::Send(Asked::new(kind, MessageNumber::FIRST)),
            Op::Receive(reply.into_bytes()),
        ]
    })
}

/// What brings a session up to a state, so that what follows is not all in vain.
fn beginning() -> impl Strategy<Value = Vec<Op>> {
    let says = |text: &str| Op::Receive(text.as_bytes().to_vec());
    let asks = |kind| Op::Send(Asked::new(kind, MessageNumber::FIRST));
    let greeted = vec![says("+OK <1.2@a.b>\r\n")];
    let user = [
        greeted.clone(),
        vec![asks(CommandKind::User), says("+OK\r\n")],
    ]
    .concat();
    let logged_in = [user.clone(), vec![asks(CommandKind::Pass), says("+OK\r\n")]].concat();
    let stls = [
        greeted.clone(),
        vec![asks(CommandKind::Stls), says("+OK\r\n")],
    ]
    .concat();
    let tls = [stls.clone(), vec![Op::Tls]].concat();
    let auth = [greeted.clone(), vec![asks(CommandKind::Auth)]].concat();
    let challenged = [auth.clone(), vec![says("+ YQ==\r\n")]].concat();
    prop_oneof![
        1 => Just(vec![]),
        2 => Just(greeted),
        1 => Just(user),
        6 => Just(logged_in),
        1 => Just(stls),
        1 => Just(tls),
        1 => Just(auth),
        2 => Just(challenged),
    ]
}

fn dialogue() -> impl Strategy<Value = Dialogue> {
    let ops = (beginning(), prop::collection::vec(ops(), 0..12));
    (config(), ops).prop_map(|(config, (mut ops, more))| {
        ops.extend(more.concat());
        Dialogue { config, ops }
    })
}

fn way_in() -> impl Strategy<Value = WayIn> {
    let security = prop::sample::select(vec![
        Security::ClearText,
        Security::StartTls,
        Security::ImplicitTls,
    ]);
    let by_name = MechanismKind::ALL
        .iter()
        .map(|&kind| Authentication::Mechanism(kind));
    let authentication = prop_oneof![
        prop::sample::select(vec![
            Authentication::Auto,
            Authentication::UserPass,
            Authentication::ApopOnly,
            Authentication::ApopThenUserPass,
        ]),
        prop::sample::select(by_name.collect::<Vec<_>>()),
    ];
    (security, authentication, any::<bool>(), any::<bool>()).prop_map(
        |(security, authentication, ask_capabilities, token)| WayIn {
            security,
            authentication,
            ask_capabilities,
            token,
        },
    )
}

/// The message that a client makes of a stream, if it is whole.
fn received(stream: &[u8], sizes: &[usize]) -> Option<Vec<u8>> {
    let mut client: Client<8, 512> = logged_in();
    let retr = Command::Retr(MessageNumber::FIRST);
    let _ = client.send(&retr, &mut [0; 20]).expect("allowed");
    feed(&mut client, b"+OK\r\n", &mut Vec::new());
    let mut seen = feed_cut(&mut client, stream, sizes);
    match (seen.pop(), seen.pop()) {
        (Some(Seen::Event(_)), Some(Seen::Body(message))) => Some(message),
        _ => None,
    }
}

proptest! {
    #[test]
    fn any_dialogue_goes_as_the_model_says(dialogue in dialogue(), size in any::<u8>(), sizes in sizes()) {
        dialogue.check_with_size(size, &sizes);
    }

    #[test]
    fn a_cut_at_an_octet_that_matters_makes_no_difference(dialogue in dialogue(), size in any::<u8>()) {
        let whole = dialogue.check_with_size(size, &[usize::MAX]);
        let cut = dialogue.cut_at_special_octets();
        prop_assert_eq!(cut.check_with_size(size, &[usize::MAX]).events, whole.events);
    }

    #[test]
    fn a_command_is_one_line_that_a_server_understands_or_nothing(asked in asked()) {
        let line = asked.check_encoding();
        if let (CommandKind::Apop, Some(line)) = (asked.kind, line) {
            // RFC 1939 section 7: the digest of the timestamp and the secret behind it.
            let timestamp = b"<1896.697170952@dbc.mtview.ca.us>".as_slice();
            let digest = md5::Md5::digest([timestamp, &asked.secret].concat());
            let hex: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
            let end = format!(" {hex}\r\n");
            prop_assert!(line.ends_with(end.as_bytes()));
        }
    }

    #[test]
    fn any_message_arrives_as_it_was_sent(
        lines in prop::collection::vec(prop_oneof![
            prop::collection::vec(prop::sample::select(&b".\r\na"[..]), 0..6),
            prop::collection::vec(any::<u8>(), 0..80),
        ], 0..20),
        sizes in sizes(),
    ) {
        let mut message = lines.join(&b"\r\n"[..]);
        message.extend_from_slice(b"\r\n");
        let stream = stuffed(&message);
        let read = unstuffed(&stream, LineEnd::CrLf, false);
        prop_assert_eq!(&read.message, &message);
        prop_assert_eq!(read.whole, Some(stream.len()));
        prop_assert_eq!(received(&stream, &[usize::MAX]), Some(message.clone()));
        prop_assert_eq!(received(&stream, &sizes), Some(message));
    }

    #[test]
    fn no_server_makes_the_way_in_a_wrong_one(way in way_in(), stream in replies(), sizes in sizes()) {
        way.go(&stream, &sizes);
    }
}
