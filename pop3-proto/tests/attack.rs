//! Attacks on the log-in: what is not to be tried again, and what is not to be believed.

#![cfg(feature = "scram-sha-256")]

use pop3_proto::login::{
    Authentication, Credentials, Login, LoginFailure, LoginPolicy, LoginReport, Next,
};
use pop3_proto::sasl::{ChannelBinding, ChannelBindingKind, Nonce};
use pop3_proto::{Client, State};

type Outcome = Result<LoginReport, LoginFailure>;

fn play(mut login: Login<'_>, replies: &[&str]) -> (Vec<String>, Outcome, State) {
    let mut client: Client<1, 512> = Client::new();
    let _ = client.receive(&mut &b"+OK\r\n"[..]).unwrap();
    let mut replies = replies.iter();
    let mut sent = Vec::new();
    let result = loop {
        match login.next_step() {
            Next::Send(command) => {
                let mut out = [0; 1024];
                let octets = client.send(&command, &mut out).expect("allowed").octets;
                let line = String::from_utf8(out[..octets].to_vec()).unwrap();
                sent.push(line.trim_end().to_owned());
                login.sent();
            }
            Next::Receive => {
                let reply = format!("{}\r\n", replies.next().unwrap_or(&"-ERR"));
                let mut input = reply.as_bytes();
                while let Some(event) = client.receive(&mut input).expect("a fine reply") {
                    login.observe(&event);
                }
            }
            Next::Finished(result) => break result,
            other => panic!("{other:?} in a log-in"),
        }
    };
    (sent, result, client.state())
}

const AUTO: LoginPolicy<'static> = LoginPolicy::new(Authentication::Auto).tls(true);

#[test]
fn a_secret_that_the_server_has_seen_is_not_shown_another_way() {
    let tim = Credentials::new(b"tim", "tanstaaftanstaaf".into());
    let (sent, ..) = play(
        Login::new(AUTO, tim),
        &[
            "+OK\r\nSASL PLAIN LOGIN\r\n.",
            "-ERR",
            "-ERR",
            "+ ",
            "+ ",
            "-ERR",
        ],
    );
    assert!(sent[1].starts_with("AUTH PLAIN AHRpb"), "{sent:?}");
    assert!(
        !sent.iter().any(|line| line.starts_with("AUTH LOGIN")),
        "{sent:?}"
    );
    assert!(
        !sent.iter().any(|line| line.starts_with("USER")),
        "{sent:?}"
    );
}

/// Whoever is in between strikes out what the client could use, and puts in what it cannot.
#[cfg(not(feature = "scram-sha-512"))]
#[test]
fn an_announcement_that_is_of_no_use_does_not_hide_the_downgrade() {
    let binding = ChannelBinding {
        kind: ChannelBindingKind::TlsExporter,
        data: &[7; 32],
    };
    let policy = AUTO
        .nonce(Nonce::from_text(b"rOprNGfwEbeRWgbNEkqO").unwrap())
        .channel_binding(Some(binding));
    let user = Credentials::new(b"user", "pencil".into());
    let (sent, ..) = play(
        Login::new(policy, user),
        &[
            "+OK\r\nSASL SCRAM-SHA-256 SCRAM-SHA-512-PLUS\r\n.",
            "-ERR",
            "-ERR",
        ],
    );
    // `y,,` in base64: a server that does offer it refuses.
    assert!(sent[1].starts_with("AUTH SCRAM-SHA-256 eSws"), "{sent:?}");
}

#[cfg(feature = "scram-sha-512")]
#[test]
fn it_is_bound_if_it_can_be() {
    let binding = ChannelBinding {
        kind: ChannelBindingKind::TlsExporter,
        data: &[7; 32],
    };
    let policy = AUTO
        .nonce(Nonce::from_text(b"rOprNGfwEbeRWgbNEkqO").unwrap())
        .channel_binding(Some(binding));
    let user = Credentials::new(b"user", "pencil".into());
    let (sent, ..) = play(
        Login::new(policy, user),
        &[
            "+OK\r\nSASL SCRAM-SHA-256 SCRAM-SHA-512-PLUS\r\n.",
            "-ERR",
            "-ERR",
        ],
    );
    assert!(sent[1].starts_with("AUTH SCRAM-SHA-512-PLUS"), "{sent:?}");
}
