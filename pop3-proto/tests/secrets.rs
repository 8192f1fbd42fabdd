//! A marker password is in nothing that the crate prints, and in nothing that it keeps.

mod common;

use common::{feed, greeted};
use pop3_proto::login::{Authentication, Credentials, Login, LoginPolicy};
use pop3_proto::{Client, Command, Secret};

const MARKER: &str = "hunter2-marker";

fn assert_hidden(printed: &str) {
    assert!(!printed.contains(MARKER), "{printed}");
    assert!(!printed.contains("hunter"), "{printed}");
    // As a list of octets, the way that a derived `Debug` would print it.
    assert!(!printed.contains("104, 117, 110"), "{printed}");
    assert!(printed.contains("***"), "{printed}");
}

#[test]
fn no_debug_and_no_display_shows_a_secret() {
    let secret = Secret::from(MARKER);
    assert_hidden(&format!("{secret:?}"));
    assert_hidden(&format!("{secret}"));
    for command in [
        Command::Pass(secret),
        Command::Apop {
            user: b"mrose",
            secret,
        },
    ] {
        assert_hidden(&format!("{command:?}"));
        assert_hidden(&format!("{command:#?}"));
        assert_hidden(&format!("{command}"));
    }
    let credentials = Credentials::new(b"mrose", secret);
    assert_hidden(&format!("{credentials:?}"));
    let mut login = Login::new(LoginPolicy::new(Authentication::UserPass).ask_capabilities(false));
    login.sent();
    login.observe(&pop3_proto::Event::Done {
        request: pop3_proto::Request {
            kind: pop3_proto::CommandKind::User,
            message: None,
        },
        text: pop3_proto::Text::default(),
    });
    assert_hidden(&format!("{:?}", login.next_step(&credentials)));
    assert!(!format!("{login:?}").contains("hunter"));
}

#[test]
fn the_client_keeps_no_secret() {
    let mut client: Client = greeted();
    let mut out = [0; 100];
    let apop = Command::Apop {
        user: b"mrose",
        secret: MARKER.into(),
    };
    let before = format!("{client:?}");
    let _ = client.send(&apop, &mut out).unwrap();
    feed(&mut client, b"-ERR\r\n", &mut Vec::new());
    let _ = client.send(&Command::User(b"mrose"), &mut out).unwrap();
    feed(&mut client, b"+OK\r\n", &mut Vec::new());
    let _ = client
        .send(&Command::Pass(MARKER.into()), &mut out)
        .unwrap();
    let after = format!("{client:?}");
    assert!(before.contains("Client") && !after.contains("hunter") && !after.contains("104, 117"));
}

#[test]
fn text_for_people_cannot_drive_their_terminal() {
    let text = pop3_proto::Text::new(b"a\x1b[2J\r\nb\xff\xe2\x80\xae\x07\xc3\xa9");
    assert_eq!(
        text.to_string(),
        "a\\u{1b}[2J\\r\\nb\u{fffd}\\u{202e}\\u{7}é"
    );
    assert_eq!(
        format!("{text:?}"),
        "\"a\\u{1b}[2J\\r\\nb\u{fffd}\\u{202e}\\u{7}é\""
    );
    let forged = pop3_proto::Text::new(b"x\", forged: \"\\u{1b}");
    assert_eq!(format!("{forged:?}"), r#""x\", forged: \"\\u{1b}""#);
    for invisible in [
        '\u{61c}',
        '\u{200b}',
        '\u{200f}',
        '\u{2066}',
        '\u{feff}',
        '\u{85}',
        '\u{ad}',
        '\u{e0041}',
    ] {
        let mut octets = [0; 4];
        let text = pop3_proto::Text::new(invisible.encode_utf8(&mut octets).as_bytes());
        assert!(text.to_string().starts_with("\\u{"), "{invisible:?}");
        assert_eq!(text.to_str(), Ok(invisible.to_string().as_str()));
    }
}
