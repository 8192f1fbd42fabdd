//! What the crates say by defmt: what it reads like on the host, and that no secret is in it, nor in the frames that carry it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::sync::OnceLock;

use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};
use defmt_decoder::{DecodeError, Table};

use crate::qemu::{self, Qemu};

/// Who logs in, which is no secret.
const USER: &str = "mrose";
const PASSWORD: &str = "hunter2-marker";
/// That of RFC 7628 section 4.1.
const TOKEN: &str = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";
const NONCE: &str = "guess-this-nonce-then";
const BINDING: &str = "bound-by-this";

/// A run of the program in `../defmt`.
struct Run {
    /// What it logged, as it came, without any encoding around it.
    frames: Vec<u8>,
    /// What the host makes of it, frame by frame.
    messages: Vec<String>,
    /// What a server would have got.
    sent: String,
}

impl Run {
    /// `None` if there is no QEMU.
    fn new() -> Option<Self> {
        if !qemu::is_there_or_skip() {
            return None;
        }
        let program = qemu::build(&["-p", "pop3-defmt"]).join("pop3-defmt");
        let directory = tempfile::tempdir().expect("a temporary directory");
        let sent = directory.path().join("sent");
        let options = [
            ("sent", sent.to_str().expect("a path in UTF-8")),
            ("password", PASSWORD),
            ("token", TOKEN),
            ("nonce", NONCE),
            ("binding", BINDING),
        ];
        let outcome = Qemu::boot_program("lm3s6965evb", &program, &options).outcome();
        assert_eq!(outcome.status, Some(0), "{}", outcome.console);
        let program = fs::read(program).expect("the program");
        Some(Self {
            messages: decode(&program, &outcome.octets),
            frames: outcome.octets,
            sent: fs::read_to_string(sent).expect("what was sent"),
        })
    }
}

/// One run for all tests.
fn run() -> Option<&'static Run> {
    static RUN: OnceLock<Option<Run>> = OnceLock::new();
    RUN.get_or_init(Run::new).as_ref()
}

/// The messages in these frames, by the strings that this program has.
fn decode(program: &[u8], frames: &[u8]) -> Vec<String> {
    let table = Table::parse(program).expect("a table of strings");
    let table = table.expect("a program that logs");
    let mut decoder = table.new_stream_decoder();
    decoder.received(frames);
    let mut messages = Vec::new();
    loop {
        match decoder.decode() {
            Ok(frame) => messages.push(frame.display_message().to_string()),
            Err(DecodeError::UnexpectedEof) => return messages,
            Err(error) => panic!("{error} behind {:?}", messages.last()),
        }
    }
}

/// What must not be shown, in pieces of a few octets, as they would look: a part of a secret is one too.
#[derive(Default)]
struct Fragments(BTreeMap<usize, HashSet<Vec<u8>>>);

impl Fragments {
    fn insert(&mut self, fragment: Vec<u8>) {
        self.0.entry(fragment.len()).or_default().insert(fragment);
    }

    /// As it is, in hexadecimal digits, as a list of numbers, and in base64 from each of the three places in a group.
    fn add(&mut self, secret: &[u8]) {
        for octets in secret.windows(6) {
            let lower: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
            let list = format!("{octets:?}");
            self.insert(octets.to_vec());
            self.insert(lower.to_uppercase().into());
            self.insert(lower.into());
            self.insert(list[1..list.len() - 1].into());
        }
        for (before, of_both) in [(&b""[..], 0), (b"\0", 2), (b"\0\0", 3)] {
            let base64 = BASE64.encode([before, secret].concat());
            // The last characters depend on what follows.
            let of_the_secret = base64
                .as_bytes()
                .get(of_both..base64.len().saturating_sub(4));
            for characters in of_the_secret.unwrap_or_default().windows(8) {
                self.insert(characters.to_vec());
            }
        }
    }

    /// Everything in what was sent that is a secret, or made from one.
    fn add_sent(&mut self, sent: &str) {
        for line in sent.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["PASS", password] => self.add(password.as_bytes()),
                ["APOP", _, digest] => self.add_digest(digest),
                ["AUTH", _, response] | [response] => self.add_response(response),
                _ => {}
            }
        }
    }

    fn add_response(&mut self, base64: &str) {
        self.add(base64.as_bytes());
        let Ok(response) = BASE64.decode(base64) else {
            return;
        };
        let response = String::from_utf8_lossy(&response);
        if let Some((_, proof)) = response.split_once(",p=") {
            self.add(proof.as_bytes());
            self.add(&BASE64.decode(proof).expect("the proof of SCRAM"));
        }
        if let Some((USER, digest)) = response.split_once(' ') {
            self.add_digest(digest);
        }
    }

    /// Of APOP or CRAM-MD5.
    fn add_digest(&mut self, digits: &str) {
        self.add(digits.as_bytes());
        let octet = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("a digest");
        let octets: Vec<u8> = (0..32).step_by(2).map(octet).collect();
        self.add(&octets);
    }

    /// The first of them that is shown.
    fn find(&self, shown: &[u8]) -> Option<String> {
        self.0.iter().find_map(|(&length, fragments)| {
            let mut windows = shown.windows(length);
            let found = windows.find(|window| fragments.contains(*window))?;
            Some(found.escape_ascii().to_string())
        })
    }
}

fn secrets() -> Fragments {
    let mut secrets = Fragments::default();
    for secret in [PASSWORD, TOKEN, NONCE, BINDING] {
        secrets.add(secret.as_bytes());
    }
    secrets
}

#[test]
fn no_secret_is_shown_nor_sent_to_the_host() {
    let Some(run) = run() else { return };
    // There was something to be hidden.
    for line in ["PASS hunter2-marker", "APOP mrose "] {
        assert!(run.sent.contains(line), "{}", run.sent);
    }
    for kind in [
        "PLAIN",
        "LOGIN",
        "EXTERNAL",
        "ANONYMOUS",
        "CRAM-MD5",
        "SCRAM-SHA-1",
        "SCRAM-SHA-1-PLUS",
        "SCRAM-SHA-256",
        "SCRAM-SHA-256-PLUS",
        "SCRAM-SHA-512",
        "SCRAM-SHA-512-PLUS",
        "XOAUTH2",
        "OAUTHBEARER",
    ] {
        let line = format!("AUTH {kind}");
        assert!(run.sent.lines().any(|sent| sent == line), "{}", run.sent);
        let message = format!("WayIn(Login {{ next: Send(Auth \"{kind}\"), .. }})");
        assert!(
            run.messages.iter().any(|said| said.ends_with(&message)),
            "{kind}"
        );
    }
    let mut secrets = secrets();
    secrets.add_sent(&run.sent);
    assert_eq!(secrets.find(&run.frames), None);
    let messages: BTreeSet<&str> = run.messages.iter().map(String::as_str).collect();
    for message in messages {
        assert_eq!(secrets.find(message.as_bytes()), None, "{message}");
    }
}

#[test]
fn a_secret_that_is_shown_is_found() {
    let mut secrets = secrets();
    secrets.add_sent("CAPA\r\nAPOP mrose c4c9334bac560ecc979e58001b3e22fb\r\nbXJvc2UgYjkxM2E2MDJjN2VkYTdhNDk1YjRlNmU3MzM0ZDM4OTA=\r\n\
        Yz1iaXdzLHI9eCxwPWRIemJaYXBXSWs0alVoTitVdGU5eXRhZzl6amZNSGdzcW1taXo3QW5kVlE9\r\n");
    for shown in [
        &b"\x12hunter\0"[..],
        b"2-mark",
        b"68756e746572",
        b"322D6D61726B",
        b"Secret([104, 117, 110, 116, 101, 114, 50])",
        b"AG1yb3NlAGh1bnRlcjItbWFya2Vy",
        b"aHVudGVyMi1tYXJrZXI=",
        b"ZSBodW50ZXIyLW1hcmtlcg==",
        b"vF9dft4",
        b"guess-t",
        b"[98, 111, 117, 110, 100, 45]",
        // The digests, the second as it is.
        b"c4c9334b",
        b"\xb9\x13\xa6\x02\xc7\xed",
        // The proof, in base64, and as it is.
        b"dHzbZapW",
        b"\x74\x7c\xdb\x65\xaa\x56",
        // The whole response.
        b"p6amZNSGdzcW",
    ] {
        assert!(secrets.find(shown).is_some(), "{}", shown.escape_ascii());
    }
    assert_eq!(
        secrets.find(b"User \"mrose\" *** <1896.697170952@dbc.mtview.ca.us>"),
        None
    );
}

#[test]
fn what_is_derived_says_what_debug_says() {
    let Some(run) = run() else { return };
    let by_both = run.messages.iter().filter_map(|both| both.split_once('\n'));
    let mut values = 0;
    for (format, debug) in by_both {
        assert_eq!(format, debug);
        values += 1;
    }
    assert!(values > 190, "{values}");
}

#[test]
fn what_is_written_by_hand_is_as_it_should_be() {
    let Some(run) = run() else { return };
    for expected in [
        r#""[IN-USE] \"café\" \\ \u{1b}[2J\r""#,
        r#"b"caf\xe9 \x1b[2J \"\\""#,
        r#""\u{202e}\u{200b}\u{ad}\u{2028}\u{feff}\u{e0041}\u{85}""#,
        r#"UniqueId(b"\xff")"#,
        "Challenge { request: Request { kind: Retr, message: Some(MessageNumber(7)) }, challenge: Challenge { base64: 20, .. } }",
        r#"Sasl(["PLAIN", "X-\u{1b}", "LOGIN"])"#,
        "Sasl([])",
        "Some([Top, Uidl])",
        r#"User "mrose\u{1b}""#,
        "Pass ***",
        r#"Apop "mrose" ***"#,
        "Stat",
        "ListOne 1",
        "Retr 1",
        "Top 1 3",
        r#"Auth "PLAIN" ***"#,
        r#"Auth "PLAIN""#,
        "Response ***",
        "Cancel",
        r#"Lang "e\u{1b}n""#,
        "Send(Pass ***)",
        "Offer { capabilities: [Sasl], mechanisms: [Plain, Login] }",
        r#"Credentials { user: "mrose", .. }"#,
        r#"OauthFailure { status: None, scope: None, openid_configuration: Some("\\u001b[2J") }"#,
        "[Plain]",
        "[]",
        "***",
        "Nonce(***)",
        "Challenge { base64: 14, .. }",
        "Bound(ChannelBinding { kind: TlsExporter, .. })",
        "Parameters { user: \"mrose\", authorization_id: \"\", binding: Bound(ChannelBinding { kind: TlsExporter, .. }), prepared: false, .. }",
        r#""PLAIN""#,
        r#""LOGIN""#,
        r#""EXTERNAL""#,
        r#""ANONYMOUS""#,
        r#""XOAUTH2""#,
        r#""OAUTHBEARER""#,
        r#""CRAM-MD5""#,
        r#""SCRAM-SHA-1""#,
        r#""SCRAM-SHA-256-PLUS""#,
        r#""SCRAM-SHA-512""#,
        r#"Ok("PLAIN")"#,
        "Client { state: Greeting, tls: false, in_flight: 0, waiting_for: Some(Greeting), .. }",
        "Opening { next: Receive, .. }",
        "Login { next: Send(Capa), .. }",
        r#"Login { next: Send(User "mrose"), .. }"#,
        "Session { client: Client { state: Greeting, tls: false, in_flight: 0, waiting_for: Some(Greeting), .. }, deadline: Deadline(None), .. }",
        "Driver { client: Client { state: Greeting, tls: false, in_flight: 0, waiting_for: Some(Greeting), .. }, .. }",
        "WayIn(Opening { next: StartTls, .. })",
        "that was all",
    ] {
        let said = run
            .messages
            .iter()
            .filter_map(|message| message.lines().next());
        assert!(said.into_iter().any(|said| said == expected), "{expected}");
    }
}
