//! After a log-in by SCRAM: nothing is left of what client and server compute from the password either. The server is another
//! process, which says what it has computed, veiled.

use std::env;
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::num::NonZero;
use std::process::{self, Command, Stdio};
use std::thread;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use pop3_std::{Authentication, Connector, Credentials, InitialResponse, MechanismKind, Security};
use ring::{digest, hmac, pbkdf2};

use crate::memory::{BLOCK, Hit, Marker, alone, search, searched_after, veil};
use crate::sasl::forms;

/// So that the child knows what it is.
const SERVER: &str = "POP3_STD_TEST_SCRAM_SERVER";
const TEST: &str = "scram::nothing_is_left_of_what_scram_computes";
const SALT: &[u8] = b"some salt";

#[derive(Clone, Copy, Debug)]
struct Case {
    /// Which marker the password is made of, and of how many.
    number: u64,
    length: usize,
    form: InitialResponse,
    accepted: bool,
    traced: bool,
}

/// What the server has computed, one a line, each octet veiled, in hexadecimal digits.
fn told(lines: &mut impl Iterator<Item = String>) -> Vec<u8> {
    let mut told = Vec::new();
    for line in lines.take_while(|line| line != "that is all") {
        // Who runs the tests says something as well.
        let Some(digits) = line.strip_prefix("veiled ") else {
            continue;
        };
        let octets: Vec<u8> = (0..digits.len() / 2)
            .map(|nth| u8::from_str_radix(&digits[2 * nth..2 * nth + 2], 16).unwrap())
            .collect();
        told.extend(forms(&octets));
        told.truncate(told.len() / BLOCK * BLOCK);
    }
    told
}

impl Case {
    /// What is found after such a log-in.
    fn run(self, port: u16, said: &mut (impl Iterator<Item = String> + Send)) -> Vec<Hit> {
        let marker = Marker::new(self.number);
        let mut connector = Connector::new("localhost", Security::ClearText)
            .ask_capabilities(false)
            .iterations(1, 10)
            .initial_response(self.form);
        if self.traced {
            connector = connector.trace(|event| {
                black_box(event.to_string());
            });
        }
        // The name tells the server what the password is, and what to say.
        let user = format!("{} {} {}", self.number, self.length, self.accepted);
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let log_in = || {
            let credentials = Credentials::new(user, marker.secret(self.length));
            let kind = MechanismKind::ScramSha256;
            let outcome = connector
                .connect_over(stream)
                .unwrap()
                .login(&credentials, Authentication::Mechanism(kind));
            assert_eq!(outcome.is_ok(), self.accepted, "{self:?}");
            outcome
        };
        searched_after(log_in, || {
            let mut wanted = forms(&marker.0);
            wanted.truncate(wanted.len() / BLOCK * BLOCK);
            let computed = told(said);
            // Eight values, in six forms.
            assert!(computed.len() > 8 * 6 * 32, "{self:?}");
            wanted.extend(computed);
            search(&wanted)
        })
    }
}

#[test]
fn nothing_is_left_of_what_scram_computes() {
    if env::var(SERVER).is_ok() {
        return serve();
    }
    let _alone = alone();
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", TEST, "--nocapture"])
        .env(SERVER, "")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let port = said
        .find_map(|line| line.strip_prefix("port ")?.parse().ok())
        .unwrap();
    let mut number = 2_000;
    for length in [1, 20] {
        for form in [InitialResponse::Always, InitialResponse::Never] {
            for accepted in [true, false] {
                for traced in [false, true] {
                    number += 1;
                    let case = Case {
                        number,
                        length,
                        form,
                        accepted,
                        traced,
                    };
                    let hits = case.run(port, &mut said);
                    assert!(hits.is_empty(), "{case:?}: {hits:#x?}");
                }
            }
        }
    }
    drop(child.stdin.take());
    child.wait().unwrap();
}

/// The server's side of it: one connection after the other, for as long as the tests run.
fn serve() {
    thread::spawn(|| {
        let _ = io::stdin().read(&mut [0]);
        process::exit(0);
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    println!("\nport {}", listener.local_addr().unwrap().port());
    for stream in listener.incoming() {
        // The client goes without QUIT.
        let _ = talk(stream.unwrap());
    }
}

fn talk(mut stream: TcpStream) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let mut say = |text: String| stream.write_all(format!("{text}\r\n").as_bytes()).ok();
    let decoded = |line: &str| String::from_utf8(BASE64_STANDARD.decode(line).ok()?).ok();
    let encoded = |text: &str| format!("+ {}", BASE64_STANDARD.encode(text));

    say("+OK".into())?;
    let mut line = lines.next()?.ok()?;
    if line == "AUTH SCRAM-SHA-256" {
        say("+ ".into())?;
        line = lines.next()?.ok()?;
    }
    let first = decoded(line.rsplit(' ').next()?)?;
    let bare = first.strip_prefix("n,,")?;
    let (name, nonce) = bare.strip_prefix("n=")?.split_once(",r=")?;
    let mut words = name.split(' ');
    let number = words.next()?.parse().ok()?;
    let password = Marker::new(number).secret(words.next()?.parse().ok()?);
    let accepts = words.next()? == "true";

    let server_first = format!("r={nonce}server,s={},i=2", BASE64_STANDARD.encode(SALT));
    say(encoded(&server_first))?;
    let sent = lines.next()?.ok()?;
    let last = decoded(&sent)?;
    let (without_proof, proof) = last.split_once(",p=")?;
    let proof = BASE64_STANDARD.decode(proof).ok()?;

    let mut salted = [0; 32];
    let rounds = NonZero::new(2)?;
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        rounds,
        SALT,
        &password,
        &mut salted,
    );
    let mac = |key: &[u8], text: &[u8]| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        hmac::sign(&key, text).as_ref().to_vec()
    };
    let message = format!("{bare},{server_first},{without_proof}");
    let client_key = mac(&salted, b"Client Key");
    let stored_key = digest::digest(&digest::SHA256, &client_key)
        .as_ref()
        .to_vec();
    let server_key = mac(&salted, b"Server Key");
    let client_signature = mac(&stored_key, message.as_bytes());
    let server_signature = mac(&server_key, message.as_bytes());
    let expected: Vec<u8> = client_key
        .iter()
        .zip(&client_signature)
        .map(|(a, b)| a ^ b)
        .collect();
    assert_eq!(proof, expected);

    for value in [
        &salted[..],
        &client_key,
        &stored_key,
        &server_key,
        &client_signature,
        &server_signature,
        &proof,
        sent.as_bytes(),
    ] {
        let mut line = String::from("veiled ");
        for octet in value {
            write!(line, "{:02x}", veil(*octet)).ok()?;
        }
        println!("{line}");
    }
    println!("that is all");
    if !accepts {
        return say("-ERR no".into());
    }
    say(encoded(&format!(
        "v={}",
        BASE64_STANDARD.encode(server_signature)
    )))?;
    lines.next()?.ok()?;
    say("+OK".into())
}
