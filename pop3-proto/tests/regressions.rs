//! What clients have been seen to get wrong: one test each, named for the right behaviour.

mod common;
mod oracle;

use common::{Seen, feed, feed_cut, greeted, logged_in};
use oracle::sasl::Scripted;
use pop3_proto::login::{Authentication, Credentials, Login, LoginFailure, LoginPolicy, Next};
use pop3_proto::sasl::Plain;
use pop3_proto::{Client, Command, CommandKind, Event, MessageNumber, SendError, State};

type Default = Client<8, 512>;

fn number(number: u32) -> MessageNumber {
    MessageNumber::new(number).unwrap()
}

fn send(client: &mut Default, command: &Command<'_>) -> Vec<u8> {
    let mut out = vec![0; 2_000];
    let sent = client.send(command, &mut out).unwrap();
    out.truncate(sent.octets);
    out
}

/// What a logged-in client makes of the reply to a command, given in chunks of these sizes.
fn reply(command: &Command<'_>, stream: &[u8], sizes: &[usize]) -> Vec<String> {
    let mut client: Default = logged_in();
    send(&mut client, command);
    let seen = feed_cut(&mut client, stream, sizes);
    seen.iter().map(Seen::text).collect()
}

#[test]
fn a_wrong_password_is_no_success() {
    let mut client: Default = greeted();
    send(&mut client, &Command::User(b"mrose"));
    feed(&mut client, b"+OK\r\n", &mut Vec::new());
    send(&mut client, &Command::Pass("wrong".into()));
    let mut input: &[u8] = b"-ERR invalid password\r\n";
    let event = client.receive(&mut input).unwrap().unwrap();
    assert!(
        matches!(event, Event::Rejected { text, .. } if text.as_bytes() == b"invalid password")
    );
    assert_eq!(client.state(), State::Authorization);
}

/// Some clients take any line that begins with `+` for success, and send the next command as a response.
#[test]
fn a_plus_at_the_last_step_of_a_log_in_is_no_success() {
    let plain = Plain::new(b"mrose", "tanstaaf".into());
    for line in [&b"+\r\n"[..], b"+ \r\n", b"+\t\n", b"+ x\r\n"] {
        let mut client: Default = greeted();
        let auth = Command::Auth {
            mechanism: &plain,
            initial_response: true,
        };
        send(&mut client, &auth);
        let event = client.receive(&mut &line[..]).unwrap().unwrap();
        assert!(matches!(event, Event::Challenge { .. }), "{event:?}");
        assert_eq!(client.state(), State::Authorization);
        let error = client.send(&Command::Stat, &mut [0; 20]).unwrap_err();
        assert!(matches!(error, SendError::WrongState { .. }));
    }
    for line in [&b"+ERR\r\n"[..], b"+OKAY\r\n", b"++\r\n", b"+\r\r\n"] {
        let mut client: Default = greeted();
        let auth = Command::Auth {
            mechanism: &plain,
            initial_response: true,
        };
        send(&mut client, &auth);
        client.receive(&mut &line[..]).unwrap_err();
        assert_eq!(client.state(), State::Failed);
    }
}

#[test]
fn every_digit_of_a_number_counts_and_no_other() {
    let mut client: Default = logged_in();
    send(&mut client, &Command::ListOne(number(187_402)));
    let seen = feed_cut(&mut client, b"+OK 187402 98765\r\n", &[usize::MAX]);
    assert_eq!(seen[0].text(), "Listing LIST 187402: 187402 98765");
    send(&mut client, &Command::Stat);
    let seen = feed_cut(&mut client, b"+OK 10 5\r\n", &[usize::MAX]);
    assert_eq!(seen[0].text(), "Stat STAT: 10 5");
}

#[test]
fn a_reply_split_by_tcp_is_taken_only_when_it_is_whole() {
    let mut client: Default = logged_in();
    send(&mut client, &Command::Stat);
    let mut seen = Vec::new();
    feed(&mut client, b"+OK 2 3", &mut seen);
    assert_eq!(seen, [], "half a reply is none");
    feed(&mut client, b"20\r\n", &mut seen);
    assert_eq!(seen[0].text(), "Stat STAT: 2 320");
}

#[test]
fn the_terminator_is_found_however_it_is_split() {
    let stream = b"+OK\r\nlast line\r\n.\r\n";
    for in_last_segment in 1..=5 {
        let first = stream.len() - in_last_segment;
        assert_eq!(
            reply(&Command::Retr(number(1)), stream, &[first, usize::MAX]),
            [
                "Begin RETR 1: \"\"",
                "Body \"last line\\r\\n\"",
                "End RETR 1"
            ],
            "{in_last_segment} octets in the last segment"
        );
    }
}

#[test]
fn dots_at_the_end_of_a_line_are_no_terminator() {
    let stream = b"+OK\r\ndots...\r\nmore\r\n.\r\n";
    let cut = b"+OK\r\ndots..".len();
    assert_eq!(
        reply(&Command::Retr(number(1)), stream, &[cut, 3, usize::MAX]),
        [
            "Begin RETR 1: \"\"",
            "Body \"dots...\\r\\nmore\\r\\n\"",
            "End RETR 1"
        ]
    );
}

#[test]
fn stuffed_dots_are_unstuffed() {
    assert_eq!(
        reply(
            &Command::Retr(number(1)),
            b"+OK\r\n..\r\n...\r\n..x\r\nx..\r\n.\r\n",
            &[usize::MAX]
        )[1],
        "Body \".\\r\\n..\\r\\n.x\\r\\nx..\\r\\n\""
    );
}

#[test]
fn delivered_octets_do_not_depend_on_segmentation() {
    let stream = b"+OK 9 octets\r\n\r\n..\r\r\n.\r.\r\n...\r\nx\n.\n\r\n.\r\n";
    let whole = reply(&Command::Retr(number(1)), stream, &[usize::MAX]);
    assert_eq!(whole.len(), 3);
    for one in 1..stream.len() {
        for two in 1..stream.len() - one {
            assert_eq!(
                reply(&Command::Retr(number(1)), stream, &[one, two, usize::MAX]),
                whole
            );
        }
    }
}

#[test]
fn a_status_line_of_retr_may_come_in_pieces() {
    for cut in 1..b"+OK 120 octets\r\n".len() {
        assert_eq!(
            reply(
                &Command::Retr(number(1)),
                b"+OK 120 octets\r\nx\r\n.\r\n",
                &[cut, usize::MAX]
            ),
            [
                "Begin RETR 1: \"120 octets\"",
                "Body \"x\\r\\n\"",
                "End RETR 1"
            ]
        );
    }
}

#[test]
fn line_ends_in_arguments_inject_nothing() {
    for evil in ["\r", "\n", "\0", "a\r\nDELE 1", "a\nDELE 1", "\r\nQUIT\r\n"] {
        let mut client: Default = greeted();
        let mut out = [b'#'; 200];
        let commands = [
            Command::User(evil.as_bytes()),
            Command::Apop {
                user: evil.as_bytes(),
                secret: "x".into(),
            },
            Command::Apop {
                user: b"mrose",
                secret: evil.into(),
            },
        ];
        let mechanism = Scripted {
            name: evil.to_owned(),
            speaks_first: true,
            response: evil.into(),
        };
        let auth = |initial_response| Command::Auth {
            mechanism: &mechanism,
            initial_response,
        };
        let more = [auth(false), auth(true), Command::Lang(evil)];
        for command in commands.into_iter().chain(more) {
            let error = client.send(&command, &mut out).unwrap_err();
            assert_eq!(error, SendError::InvalidArgument(command.kind()));
        }
        send(&mut client, &Command::User(b"mrose"));
        feed(&mut client, b"+OK\r\n", &mut Vec::new());
        let error = client.send(&Command::Pass(evil.into()), &mut out);
        assert_eq!(error, Err(SendError::InvalidArgument(CommandKind::Pass)));
        assert_eq!(out, [b'#'; 200], "nothing was written");
        assert_eq!(client.in_flight(), 0);
        send(&mut client, &Command::Pass("the right one".into()));
    }
}

#[test]
fn an_empty_name_or_a_name_with_a_blank_for_apop_is_refused() {
    let mut client: Default = greeted();
    let mut out = [0; 200];
    for user in ["", "a b"] {
        let apop = Command::Apop {
            user: user.as_bytes(),
            secret: "x".into(),
        };
        let error = client.send(&apop, &mut out);
        assert_eq!(error, Err(SendError::InvalidArgument(CommandKind::Apop)));
    }
    let error = client.send(&Command::User(b""), &mut out);
    assert_eq!(error, Err(SendError::InvalidArgument(CommandKind::User)));
}

#[test]
fn a_command_in_the_middle_of_a_download_eats_no_mail() {
    let mut client: Default = logged_in();
    send(&mut client, &Command::Retr(number(1)));
    let mut seen = Vec::new();
    feed(&mut client, b"+OK\r\nfirst half, ", &mut seen);
    let error = client.send(&Command::Stat, &mut [0; 20]).unwrap_err();
    assert!(matches!(error, SendError::Awaiting(request) if request.kind == CommandKind::Retr));
    feed(&mut client, b"second half\r\n.\r\n", &mut seen);
    assert_eq!(
        seen[1].text(),
        "Body \"first half, second half\\r\\n\"",
        "all of the mail is there"
    );
    assert_eq!(seen[2].text(), "End RETR 1");
}

#[test]
fn message_numbers_of_ten_digits_are_sent_whole() {
    for (message, line) in [
        (1, "DELE 1\r\n"),
        (999_999_999, "DELE 999999999\r\n"),
        (1_000_000_000, "DELE 1000000000\r\n"),
        (u32::MAX, "DELE 4294967295\r\n"),
    ] {
        let mut client: Default = logged_in();
        let sent = send(&mut client, &Command::Dele(number(message)));
        assert_eq!(sent, line.as_bytes());
    }
    assert_eq!(MessageNumber::new(0), None);
}

#[test]
fn without_a_usable_timestamp_apop_alone_sends_no_password() {
    let unterminated = "+OK ready <1896.697170952@dbc.mtview.ca.us";
    let overlong = format!("+OK ready <1896.{}@dbc.mtview.ca.us", "9".repeat(600));
    for greeting in [
        unterminated,
        overlong.as_str(),
        "+OK <@>",
        "+OK <a@b",
        "+OK",
    ] {
        for authentication in [Authentication::ApopOnly, Authentication::ApopThenUserPass] {
            let mut client: Default = Client::new();
            let line = format!("{greeting}\r\n");
            let mut input = line.as_bytes();
            let Some(Event::Greeting { apop, .. }) = client.receive(&mut input).unwrap() else {
                panic!("no greeting");
            };
            assert!(!apop, "{greeting}");
            let policy = LoginPolicy::new(authentication)
                .ask_capabilities(false)
                .apop_offered(apop);
            let login = Login::new(policy, Credentials::new(b"mrose", "tanstaaf".into()));
            let next = login.next_step();
            match authentication {
                Authentication::ApopOnly => assert!(
                    matches!(next, Next::Finished(Err(LoginFailure::ApopNotOffered))),
                    "{greeting}: {next:?}"
                ),
                // Only by its own name.
                _ => assert!(matches!(next, Next::Send(Command::User(_))), "{next:?}"),
            }
        }
    }
}

#[test]
fn a_timestamp_of_any_length_is_used_whole() {
    let local = "9".repeat(3_000);
    let mut client: Default = Client::new();
    let greeting = format!("+OK <{local}@x>\r\n");
    feed_cut(&mut client, greeting.as_bytes(), &[100]);
    let apop = Command::Apop {
        user: b"mrose",
        secret: "tanstaaf".into(),
    };
    use md5::Digest as _;
    let digest = md5::Md5::digest(format!("<{local}@x>tanstaaf"));
    let hex: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
    let sent = send(&mut client, &apop);
    assert_eq!(sent, format!("APOP mrose {hex}\r\n").as_bytes());
}

#[test]
fn long_names_and_passwords_are_taken() {
    let user = "u".repeat(41);
    let password = "p".repeat(1_000);
    let mut client: Default = greeted();
    let sent = send(&mut client, &Command::User(user.as_bytes()));
    assert_eq!(sent, format!("USER {user}\r\n").as_bytes());
    feed(&mut client, b"+OK\r\n", &mut Vec::new());
    let error = client.send(&Command::Pass(password.as_str().into()), &mut [0; 255]);
    assert_eq!(error, Err(SendError::BufferTooSmall { needed: 1_007 }));
    let sent = send(&mut client, &Command::Pass(password.as_str().into()));
    assert_eq!(sent, format!("PASS {password}\r\n").as_bytes());
}

#[test]
fn a_long_secret_is_digested_whole() {
    use md5::Digest as _;
    let secret = "s".repeat(1_000);
    let mut client: Default = Client::new();
    feed(&mut client, b"+OK <1@x>\r\n", &mut Vec::new());
    let apop = Command::Apop {
        user: b"mrose",
        secret: secret.as_str().into(),
    };
    let digest = md5::Md5::digest(format!("<1@x>{secret}"));
    let hex: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
    let sent = send(&mut client, &apop);
    assert_eq!(sent, format!("APOP mrose {hex}\r\n").as_bytes());
}
