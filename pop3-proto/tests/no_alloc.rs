//! The core allocates nothing: no call of it in any transcript, and none of the log-in machines. (An allocator that panics
//! would be undefined behaviour; this one counts, and the test panics.)

mod oracle;

use std::path::Path;

use oracle::dialogue::{Op, pieces};
use oracle::transcript::{Transcript, all_in};
use pop3_proto::login::{Authentication, Credentials, Login, LoginPolicy, Next};
use pop3_proto::{CapabilityKind, Client, Event, State};

/// What a call gives, if it allocates nothing.
fn without_allocation<T>(call: impl FnOnce() -> T) -> T {
    let mut result = None;
    let counted = allocation_counter::measure(|| result = Some(call()));
    assert_eq!(counted.count_total, 0, "it allocates");
    result.expect("it was called")
}

/// Returns how many calls there were.
fn play<const LINE: usize>(transcript: &Transcript, sizes: &[usize]) -> usize {
    let mut client: Client<8, LINE> = Client::with_config(transcript.config);
    let mut out = [0; 4096];
    let mut calls = 0;
    for op in transcript.dialogue().ops {
        match op {
            Op::Receive(octets) => {
                for chunk in pieces(&octets, sizes) {
                    let mut input = chunk;
                    loop {
                        calls += 1;
                        match without_allocation(|| client.receive(&mut input)) {
                            Ok(Some(Event::Challenge { challenge, .. })) => {
                                let _ = without_allocation(|| challenge.decode(&mut out).is_ok());
                            }
                            Ok(Some(Event::Rejected { text, .. })) => {
                                without_allocation(|| (text.response_code(), text.likely_cause()));
                            }
                            Ok(Some(_)) => {}
                            Ok(None) | Err(_) => break,
                        }
                    }
                }
            }
            Op::Send(asked) => {
                let command = asked.command();
                let _ = without_allocation(|| client.send(&command, &mut out));
            }
            Op::Tls => {
                let _ = without_allocation(|| client.tls_established());
            }
            Op::Eof => {
                let _ = without_allocation(|| client.receive_eof());
            }
            Op::Abort => without_allocation(|| client.abort()),
        }
        without_allocation(|| (client.state(), client.waiting_for(), client.capabilities()));
        without_allocation(|| client.support(CapabilityKind::Top));
        calls += 1;
    }
    calls
}

#[test]
fn no_transcript_makes_the_core_allocate() {
    let mut calls = 0;
    for transcript in all_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts")) {
        println!("{}", transcript.name);
        for sizes in [&[usize::MAX][..], &[7, 1]] {
            calls += match transcript.line {
                8 => play::<8>(&transcript, sizes),
                64 => play::<64>(&transcript, sizes),
                _ => play::<512>(&transcript, sizes),
            };
        }
    }
    assert!(calls > 10_000, "{calls}");
}

#[test]
fn no_log_in_makes_the_core_allocate() {
    let mut client: Client = Client::new();
    let mut out = [0; 64];
    let credentials = Credentials::new(b"mrose", "tanstaaf".into());
    let policy = LoginPolicy::new(Authentication::ApopThenUserPass).apop_offered(true);
    let mut replies = [
        "-ERR\r\n",
        "-ERR\r\n",
        "+OK\r\n",
        "+OK\r\n",
        "+OK\r\nTOP\r\n.\r\n",
    ]
    .into_iter();
    let mut greeting: &[u8] = b"+OK <1@a.b>\r\n";
    let event = client.receive(&mut greeting).expect("a greeting");
    assert!(matches!(event, Some(Event::Greeting { apop: true, .. })));
    let report = without_allocation(|| {
        let mut login = Login::new(policy, credentials);
        let mut input: &[u8] = &[];
        loop {
            match login.next_step() {
                Next::Send(command) => {
                    let _ = client.send(&command, &mut out).expect("allowed");
                    login.sent();
                    input = replies.next().expect("one for each").as_bytes();
                }
                Next::Receive => {
                    if let Some(event) = client.receive(&mut input).expect("a reply") {
                        login.observe(&event);
                    }
                }
                Next::StartTls => panic!("TLS is no part of a log-in"),
                Next::Finished(result) => break result,
            }
        }
    });
    assert!(report.is_ok());
    assert_eq!(client.state(), State::Transaction);
}

#[test]
fn the_counter_counts() {
    let counted = allocation_counter::measure(|| drop(std::hint::black_box(vec![1_u8; 100])));
    assert_eq!(counted.count_total, 1);
}
