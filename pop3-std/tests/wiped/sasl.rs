//! After a log-in by SASL: in one line and in two steps, accepted and refused, in the trace and not.

use std::hint::black_box;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};

use pop3_std::pop3_proto::MAX_COMMAND;
use pop3_std::{
    Authentication, Connector, Credentials, InitialResponse, MechanismKind, Security, Untimed,
};

use crate::memory::{BLOCK, Hit, Marker, alone, search, searched_after, veil, veiled};
use crate::play::GREETING;

/// Six bits as a character of base64, veiled.
fn character(bits: u8) -> u8 {
    veil(match bits {
        0..26 => b'A' + bits,
        26..52 => b'a' + (bits - 26),
        52..62 => b'0' + (bits - 52),
        62 => b'+',
        _ => b'/',
    })
}

/// Base64 of these veiled octets where so many octets stand before them, veiled, without the characters at both ends that depend
/// on what is around.
fn base64(octets: &[u8], before: usize) -> Vec<u8> {
    let first_bit = before * 8;
    let bit = |nth: usize| {
        let octet = veil(octets[(nth - first_bit) / 8]);
        octet >> (7 - nth % 8) & 1
    };
    let last = (first_bit + octets.len() * 8) / 6;
    (first_bit.div_ceil(6)..last)
        .map(|nth| character((nth * 6..nth * 6 + 6).fold(0, |bits, at| bits << 1 | bit(at))))
        .collect()
}

/// All the forms in which these veiled octets may lie about, cut to whole blocks.
pub(crate) fn forms(octets: &[u8]) -> Vec<u8> {
    let mut forms = octets.to_vec();
    let mut add = |form: Vec<u8>| {
        forms.truncate(forms.len() / BLOCK * BLOCK);
        forms.extend(form);
    };
    for before in 0..3 {
        add(base64(octets, before));
    }
    // As a key of HMAC.
    for pad in [0x36, 0x5c] {
        add(octets.iter().map(|octet| octet ^ pad).collect());
    }
    forms
}

/// A server that keeps what it is told veiled, challenges so many times, and then says yes or no.
struct Server {
    challenges: &'static [&'static str],
    asked: Option<usize>,
    answer: &'static str,
    /// And then all that it was told.
    repeats: bool,
    chunk: usize,
    line: Vec<u8>,
    say: Vec<u8>,
    /// The responses.
    told: Arc<Mutex<Vec<u8>>>,
}

impl Server {
    fn take(&mut self, line: &[u8]) {
        let blank = veil(b' ');
        let mut words = line.splitn(3, |octet| *octet == blank);
        let begins = line.starts_with(&veiled("AUTH "));
        let response = match begins {
            true => words.nth(2),
            false => self.asked.map(|_| line),
        };
        let mut told = self.told.lock().unwrap();
        // The user's name alone is no secret.
        if let Some(response) = response.filter(|response| response.len() > 16) {
            told.extend(response);
        }
        self.asked = match (self.asked, response) {
            // With the command came what the first challenge asks for.
            (None, Some(_)) if begins => Some(1),
            (None, _) if begins => Some(0),
            (asked, _) => asked.map(|count| count + 1),
        };
        let challenge = self.asked.map(|count| self.challenges.get(count));
        match challenge {
            Some(Some(challenge)) => self.say.extend(veiled(&format!("+ {challenge}\r\n"))),
            Some(None) => {
                self.say.extend(veiled(self.answer));
                if self.repeats {
                    self.say.extend(line);
                }
                self.say.extend(veiled("\r\n"));
                self.asked = None;
            }
            None => self.say.extend(veiled("+OK\r\n")),
        }
    }
}

impl Read for Server {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.chunk.min(buffer.len()).min(self.say.len());
        for (octet, veiled) in buffer.iter_mut().zip(self.say.drain(..count)) {
            *octet = veil(veiled);
        }
        Ok(count)
    }
}

impl Write for Server {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        for octet in octets {
            self.line.push(veil(*octet));
        }
        if self.line.ends_with(&veiled("\r\n")) {
            let line = std::mem::take(&mut self.line);
            self.take(&line[..line.len() - 2]);
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Clone, Copy, Debug)]
struct Case {
    kind: MechanismKind,
    /// How long the secret is, in markers.
    length: usize,
    form: InitialResponse,
    answer: &'static str,
    repeats: bool,
    chunk: usize,
    traced: bool,
}

impl Case {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for kind in [
            MechanismKind::Plain,
            MechanismKind::Login,
            MechanismKind::CramMd5,
            MechanismKind::Xoauth2,
            MechanismKind::Oauthbearer,
        ] {
            for form in [InitialResponse::Always, InitialResponse::Never] {
                for (answer, repeats) in [
                    ("+OK ", false),
                    ("+OK ", true),
                    ("-ERR [AUTH] ", false),
                    ("-ERR ", true),
                ] {
                    for (length, chunk, traced) in
                        [(1, 1, true), (1, usize::MAX, false), (20, usize::MAX, true)]
                    {
                        all.push(Self {
                            kind,
                            length,
                            form,
                            answer,
                            repeats,
                            chunk,
                            traced,
                        });
                    }
                }
            }
        }
        all
    }

    fn is_token(self) -> bool {
        matches!(
            self.kind,
            MechanismKind::Xoauth2 | MechanismKind::Oauthbearer
        )
    }

    fn challenges(self) -> &'static [&'static str] {
        match self.kind {
            MechanismKind::Login => &["VXNlcm5hbWU6", "UGFzc3dvcmQ6"],
            MechanismKind::CramMd5 => &["PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+"],
            // Why a token is not taken.
            _ if self.is_token() && self.answer.starts_with('-') => {
                &["", "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0="]
            }
            _ => &[""],
        }
    }

    /// What is found after such a log-in.
    fn run(self, marker: &Marker) -> Vec<Hit> {
        let told = Arc::default();
        let server = Server {
            challenges: self.challenges(),
            asked: None,
            answer: self.answer,
            repeats: self.repeats,
            chunk: self.chunk,
            line: Vec::new(),
            say: veiled(GREETING),
            told: Arc::clone(&told),
        };
        let mut connector = Connector::new("localhost", Security::ClearText)
            .ask_capabilities(false)
            .initial_response(self.form);
        if self.traced {
            connector = connector.trace(|event| {
                black_box(event.to_string());
            });
        }
        let log_in = || {
            let secret = marker.secret(self.length);
            let credentials = match self.is_token() {
                true => Credentials::token("mrose", secret),
                false => Credentials::new("mrose", secret),
            };
            let outcome = connector
                .connect_over(Untimed(server))
                .unwrap()
                .login(&credentials, Authentication::Mechanism(self.kind));
            assert_eq!(outcome.is_ok(), self.answer.starts_with('+'), "{self:?}");
            outcome
        };
        searched_after(log_in, || {
            let told: Vec<u8> = told.lock().unwrap().clone();
            assert!(told.len() >= 40, "{self:?}");
            let mut wanted = forms(&marker.0);
            wanted.truncate(wanted.len() / BLOCK * BLOCK);
            if self.kind == MechanismKind::CramMd5 {
                let digits = digits_of(&told);
                assert_eq!(digits.len(), 32);
                wanted.extend(forms(&digits));
                wanted.truncate(wanted.len() / BLOCK * BLOCK);
                wanted.extend(crate::digest(&digits));
            }
            wanted.extend(told);
            search(&wanted)
        })
    }
}

/// The 32 digits at the end of what this veiled base64 of "mrose " and them means, veiled.
fn digits_of(base64: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for character in base64 {
        let value = match veil(*character) {
            upper @ b'A'..=b'Z' => upper - b'A',
            lower @ b'a'..=b'z' => lower - b'a' + 26,
            digit @ b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            octets.push(veil((bits >> count) as u8));
            bits &= (1 << count) - 1;
        }
    }
    octets.split_off("mrose ".len())
}

#[test]
fn nothing_is_left_of_a_secret_after_a_log_in_by_sasl() {
    let _alone = alone();
    let mut markers = (1_000..).map(Marker::new);

    // Base64 is found, wherever it begins.
    for before in ["", "x", "xx", "xxx"] {
        let marker = markers.next().unwrap();
        assert!(search(&forms(&marker.0)).is_empty());
        let copy = leave_in_base64(before, &marker);
        assert!(search(&forms(&marker.0)).len() >= 3, "{before}");
        drop(copy);
    }

    assert!(
        Case::all()
            .iter()
            .any(|case| case.length * 32 > MAX_COMMAND)
    );
    for case in Case::all() {
        let hits = case.run(&markers.next().unwrap());
        assert!(hits.is_empty(), "{case:?}: {hits:#x?}");
    }
}

/// What the crate makes of it, as text.
fn leave_in_base64(before: &str, marker: &Marker) -> String {
    use base64::Engine as _;
    let mut octets = before.as_bytes().to_vec();
    octets.reserve_exact(32);
    octets.extend(marker.secret(1));
    base64::prelude::BASE64_STANDARD.encode(octets)
}
