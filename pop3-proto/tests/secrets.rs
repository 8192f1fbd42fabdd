//! A marker password is in nothing that the crate prints, whatever happens, and in nothing that it keeps.

mod common;
mod oracle;

use common::{feed, greeted};
use oracle::dialogue::pieces;
use pop3_proto::login::{Authentication, Credentials, Login, LoginPolicy, Next, Opening, Security};
use pop3_proto::sasl::Plain;
use pop3_proto::{Client, Command, Config, Deadline, Event, MessageNumber, Secret, Text};

const MARKER: &str = "hunter2-marker";

/// The digest of the timestamp that [`GREETING`] has and the marker: whoever sees it can try passwords at leisure.
const GREETING: &[u8] = b"+OK <1896.697170952@dbc.mtview.ca.us>\r\n";

fn digest() -> String {
    use md5::Digest as _;
    let digest = md5::Md5::digest(format!("<1896.697170952@dbc.mtview.ca.us>{MARKER}"));
    digest.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// All that has been printed.
#[derive(Default)]
struct Printed(String);

impl Printed {
    fn debug(&mut self, value: &dyn std::fmt::Debug) {
        self.0 += &format!("{value:?}\n{value:#?}\n");
    }

    fn display(&mut self, value: &(impl std::fmt::Debug + std::fmt::Display)) {
        self.0 += &format!("{value}\n{value:#}\n");
        self.debug(value);
    }

    fn error(&mut self, error: &(dyn std::error::Error + 'static)) {
        self.0 += &format!("{error}\n{error:?}\n{error:#?}\n");
        if let Some(source) = error.source() {
            self.error(source);
        }
    }

    fn hides_the_secret(&self) {
        let digest = digest();
        // As it is; as lists of octets, the way a derived `Debug` prints them, in decimal and in hexadecimal.
        for shown in [
            "hunter",
            "marker",
            &digest[..8],
            "104, 117, 110",
            "104,\n",
            "68, 75, 6e",
            "68756e74",
            // In base64, from each of the three places in a group.
            "aHVudGVy",
            "h1bnRlcj",
            "odW50ZXI",
        ] {
            assert!(!self.0.contains(shown), "{shown:?} in {}", self.0);
        }
    }
}

#[test]
fn no_debug_and_no_display_shows_a_secret() {
    let secret = Secret::from(MARKER);
    for secret in [
        secret,
        Secret::new(MARKER.as_bytes()),
        Secret::from(MARKER.as_bytes()),
        Secret::from(b"hunter2-marker"),
    ] {
        assert_eq!(secret.expose(), MARKER.as_bytes());
        assert_eq!(format!("{secret} {secret:?} {secret:#?}"), "*** *** ***");
    }
    let mut printed = Printed::default();
    for command in [
        Command::Pass(secret),
        Command::Apop {
            user: b"mrose",
            secret,
        },
    ] {
        printed.display(&command);
        assert!(command.to_string().ends_with(" ***"), "{command}");
    }
    // The secret at each place in a group of base64.
    for user in [&b"tim"[..], b"mary", b"mrose"] {
        let plain = Plain::new(user, secret);
        let auth = |initial_response| Command::Auth {
            mechanism: &plain,
            initial_response,
        };
        printed.debug(&plain);
        for command in [auth(true), auth(false), Command::Response(&plain)] {
            printed.display(&command);
            printed.debug(&Next::<()>::Send(command));
        }
    }
    printed.debug(&Credentials::new(b"mrose", secret));
    printed.debug(&Next::<()>::Send(Command::Pass(secret)));
    printed.hides_the_secret();
}

/// Goes the way in with a server that sends this, and prints everything that there is to print on the way. Returns at how
/// many octets it has looked at what an end there would print.
fn way_in(
    security: Security,
    authentication: Authentication,
    stream: &[u8],
    printed: &mut Printed,
) -> usize {
    let credentials = Credentials::new(b"mrose", MARKER.into());
    let policy = LoginPolicy::new(authentication);
    let mut client: Client<2, 64> = Client::with_config(Config::new());
    let mut opening = Opening::new(security);
    let mut login: Option<Login<'_>> = None;
    let mut octets = pieces(stream, &[1]);
    let mut out = [0; 100];
    let mut cuts = 0;
    for value in [
        &security as &dyn std::fmt::Debug,
        &authentication,
        &policy,
        &credentials,
    ] {
        printed.debug(value);
    }
    loop {
        printed.debug(&client);
        printed.debug(&opening);
        printed.debug(&login);
        let next = match &login {
            None => match opening.next_step() {
                Next::Finished(Ok(())) => {
                    let apop = opening.offers_apop();
                    login = Some(Login::new(policy.apop_offered(apop), credentials));
                    continue;
                }
                Next::Finished(Err(failure)) => {
                    printed.error(&failure);
                    break;
                }
                Next::Send(command) => Next::Send(command),
                Next::Receive => Next::Receive,
                Next::StartTls => Next::StartTls,
            },
            Some(login) => login.next_step(),
        };
        printed.debug(&next);
        match next {
            Next::Send(command) => {
                printed.display(&command);
                // Into too small a buffer first.
                if let Err(error) = client.send(&command, &mut [0; 3]) {
                    printed.error(&error);
                }
                match client.send(&command, &mut out) {
                    Ok(sent) => printed.debug(&sent),
                    Err(error) => {
                        printed.error(&error);
                        break;
                    }
                }
                opening.sent();
                if let Some(login) = &mut login {
                    login.sent();
                }
            }
            Next::Receive => {
                // What would be printed if it ended here.
                let (mut ended, mut aborted) = (client.clone(), client.clone());
                aborted.abort();
                for client in [&mut ended, &mut aborted] {
                    printed.error(&client.receive_eof().expect_err("the way in is not over"));
                    let late = client.send(&Command::Pass(MARKER.into()), &mut out);
                    printed.error(&late.expect_err("the session is over"));
                    printed.debug(client);
                }
                cuts += 1;
                let Some(mut octet) = octets.next() else {
                    break;
                };
                match client.receive(&mut octet) {
                    Ok(None) => {}
                    Ok(Some(event)) => {
                        printed.debug(&event);
                        printed.debug(&(event.request(), event.completes()));
                        opening.observe(&event);
                        if let Some(login) = &mut login {
                            login.observe(&event);
                        }
                    }
                    Err(error) => {
                        printed.error(&error);
                        break;
                    }
                }
            }
            Next::StartTls => {
                if let Err(error) = client.tls_established() {
                    printed.error(&error);
                    break;
                }
                opening.tls_established();
            }
            Next::Finished(Ok(report)) => {
                printed.display(&report);
                printed.debug(&client.capabilities());
                printed.debug(&client.waiting_for());
                printed.debug(&Deadline::after(1, Some(1)));
                {
                    printed.debug(&MessageNumber::FIRST);
                    break;
                }
            }
            Next::Finished(Err(failure)) => {
                printed.error(&failure);
                break;
            }
        }
    }
    cuts
}

#[test]
fn whatever_comes_of_a_log_in_nothing_shows_the_secret() {
    let capa = "+OK\r\nSASL PLAIN\r\nUSER\r\n.\r\n";
    let mut cuts = 0;
    for security in [
        Security::ImplicitTls,
        Security::StartTls,
        Security::ClearText,
    ] {
        for authentication in [
            Authentication::UserPass,
            Authentication::ApopOnly,
            Authentication::ApopThenUserPass,
        ] {
            let stls = if security == Security::StartTls {
                "+OK\r\n"
            } else {
                ""
            };
            for replies in [
                format!("{stls}{capa}+OK\r\n+OK welcome\r\n{capa}"),
                format!("{stls}-ERR\r\n-ERR [AUTH] no\r\n-ERR [AUTH] no\r\n"),
                format!("{stls}{capa}+OK\r\n-ERR [IN-USE] later\r\n"),
                format!("{stls}{capa}+ERR\r\n"),
                format!("{stls}{capa}-ERR no\r\n+OK\r\n+OK\r\n-ERR\r\n"),
            ] {
                let stream = [GREETING, replies.as_bytes()].concat();
                let mut printed = Printed::default();
                cuts += way_in(security, authentication, &stream, &mut printed);
                printed.hides_the_secret();
            }
        }
    }
    assert!(cuts > 1_000, "{cuts}");
}

/// Not even a server that repeats it, in whatever line, octet by octet, makes a client print it.
#[test]
fn a_secret_that_a_server_repeats_is_not_printed() {
    for line in [
        "-ERR hunter2-marker\r\n",
        "+OK hunter2-marker\r\n",
        "+ERR hunter2-marker\r\n",
        "-ERRhunter2-marker\r\n",
        "hunter2-marker\r\n",
        "-ERR \0hunter2-marker\r\n",
    ] {
        let mut client: Client = greeted();
        for command in [Command::User(b"mrose"), Command::Pass(MARKER.into())] {
            let _ = client.send(&command, &mut [0; 100]).unwrap();
            if let Command::User(_) = command {
                feed(&mut client, b"+OK\r\n", &mut Vec::new());
            }
        }
        let mut printed = Printed::default();
        for octet in line.as_bytes() {
            if let Err(error) = client.receive(&mut &[*octet][..]) {
                printed.error(&error);
            }
            printed.debug(&client);
        }
        client.wipe_line();
        printed.debug(&client);
        printed.hides_the_secret();
    }
}

/// Nor one that is in a response, which a server may repeat as a challenge, whole or in part.
#[test]
fn a_response_that_a_server_repeats_is_not_printed() {
    for user in [&b"tim"[..], b"mary", b"mrose"] {
        let plain = Plain::new(user, MARKER.into());
        let mut out = [0; 100];
        let auth = |initial_response| Command::Auth {
            mechanism: &plain,
            initial_response,
        };
        let mut client: Client<2, 64> = greeted();
        let sent = client.send(&auth(true), &mut out).unwrap();
        let response = String::from_utf8(out[b"AUTH PLAIN ".len()..sent.octets].to_vec()).unwrap();
        for line in [
            format!("+ {response}"),
            format!("+\t{response}"),
            format!("+ {MARKER}\r\n"),
            // Longer than what is kept of a line.
            format!("+ {MARKER}{}\r\n", "x".repeat(60)),
            format!("+OK {response}"),
            format!("-ERR {response}"),
            format!("+ERR {response}"),
            response.clone(),
        ] {
            for at_once in [false, true] {
                let mut printed = Printed::default();
                let mut client: Client<2, 64> = greeted();
                match client.send(&auth(at_once), &mut out[..12]) {
                    Ok(sent) => printed.debug(&sent),
                    Err(error) => printed.error(&error),
                }
                if client.in_flight() == 0 {
                    printed.debug(&client.send(&auth(at_once), &mut out).unwrap());
                }
                for octet in line.as_bytes() {
                    match client.receive(&mut &[*octet][..]) {
                        Ok(Some(event @ Event::Challenge { challenge, .. })) => {
                            printed.debug(&event);
                            printed.debug(&challenge);
                            printed.debug(&(event.request(), event.completes()));
                            if let Err(error) = challenge.decode(&mut [0; 9]) {
                                printed.error(&error);
                            }
                        }
                        // A server's text is printed as it is.
                        Ok(_) => {}
                        Err(error) => printed.error(&error),
                    }
                    printed.debug(&client);
                    printed.debug(&client.waiting_for());
                }
                match client.send(&Command::Response(&plain), &mut out) {
                    Ok(sent) => printed.debug(&sent),
                    Err(error) => printed.error(&error),
                }
                printed.debug(&client);
                printed.error(&client.receive_eof().expect_err("it is not over"));
                printed.debug(&client);
                printed.hides_the_secret();
            }
        }
    }
}

/// What is kept of a line is wiped when the driver says so, and a line that is being read is not.
#[test]
fn a_line_that_was_shown_can_be_wiped() {
    let mut client: Client = greeted();
    let _ = client.send(&Command::User(b"a"), &mut [0; 100]).unwrap();
    feed(&mut client, b"-ERR hun", &mut Vec::new());
    let printed = format!("{client:?}");
    assert!(printed.contains("LineReader { kept: 8,"), "{printed}");
    client.wipe_line();
    let text = Text::new(b"hunter");
    for octet in b"ter\r\n".chunks(1) {
        let mut input = octet;
        let event = client.receive(&mut input).unwrap();
        assert!(
            event.is_none_or(
                |event| matches!(event, Event::Rejected { text: all, .. } if all == text)
            )
        );
    }
    assert!(format!("{client:?}").contains("LineReader { kept: 11,"));
    client.wipe_line();
    assert!(format!("{client:?}").contains("LineReader { kept: 0,"));
}

#[test]
fn text_for_people_cannot_drive_their_terminal() {
    let text = Text::new(b"a\x1b[2J\r\nb\xff\xe2\x80\xae\x07\xc3\xa9");
    assert_eq!(
        text.to_string(),
        "a\\u{1b}[2J\\r\\nb\u{fffd}\\u{202e}\\u{7}é"
    );
    assert_eq!(
        format!("{text:?}"),
        "\"a\\u{1b}[2J\\r\\nb\u{fffd}\\u{202e}\\u{7}é\""
    );
    let forged = Text::new(b"x\", forged: \"\\u{1b}");
    assert_eq!(format!("{forged:?}"), r#""x\", forged: \"\\u{1b}""#);
    for invisible in ('\u{2028}'..='\u{202e}')
        .chain('\u{2060}'..='\u{2069}')
        .chain('\u{e0000}'..='\u{e007f}')
        .chain([
            '\u{61c}',
            '\u{200b}',
            '\u{200f}',
            '\u{2066}',
            '\u{feff}',
            '\u{85}',
            '\u{ad}',
            '\u{e0041}',
        ])
    {
        let mut octets = [0; 4];
        let text = Text::new(invisible.encode_utf8(&mut octets).as_bytes());
        assert!(text.to_string().starts_with("\\u{"), "{invisible:?}");
        assert_eq!(text.to_str(), Ok(invisible.to_string().as_str()));
    }
}
