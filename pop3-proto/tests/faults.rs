//! The connection ends, or the driver's patience does, at every octet of every transcript.

mod oracle;

use std::path::Path;

use oracle::dialogue::{Op, Played, Player};
use oracle::transcript::{Transcript, all_in};
use pop3_proto::{Client, CommandKind, Event, ReceiveError, SendError, State, Waiting};

fn transcripts() -> Vec<Transcript> {
    all_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts"))
}

/// A transcript is long if more than this happens in it, each octet counted.
const LONG: usize = 1_000;

/// What happens in a transcript, with the server sending octet by octet.
fn octet_by_octet(transcript: &Transcript) -> Vec<Op> {
    let ops = transcript.dialogue().ops.into_iter();
    ops.flat_map(|op| match op {
        Op::Receive(octets) => octets
            .chunks(1)
            .map(|octet| Op::Receive(octet.into()))
            .collect(),
        op => vec![op],
    })
    .collect()
}

/// Ends the connection, and gives up, after each thing that happens. Returns how often.
fn end_everywhere<const LINE: usize>(transcript: &Transcript) -> usize {
    let mut player = Player::<8, LINE>::new(transcript.config);
    let mut tried = 0;
    for op in octet_by_octet(transcript) {
        player.play(&op, &[1]);
        for end in [Op::Eof, Op::Abort] {
            let mut cut = player.clone();
            cut.play(&end, &[1]);
            // What comes too late counts for nothing.
            cut.play(&Op::Receive(b"\r\n.\r\n+OK\r\n".to_vec()), &[1]);
            is_cut_short(&end, &player.played(), &cut.played());
            tried += 1;
        }
    }
    tried
}

/// The model says what the client was waiting for; here is what must be so whatever that was.
fn is_cut_short(end: &Op, so_far: &Played, cut: &Played) {
    assert_eq!(cut.events, so_far.events, "an end is no event");
    assert_eq!(cut.ended, so_far.ended, "nor the end of a message");
    assert_eq!(cut.committed, so_far.committed, "nor the answer to QUIT");
    if so_far.state == State::Closed {
        assert_eq!((cut.state, cut.failure), (State::Closed, None));
        return;
    }
    assert_eq!(cut.state, State::Failed);
    match (so_far.failure, cut.failure, end) {
        (Some(before), Some(error), _) => assert_eq!(before, error, "the first reason stays"),
        (None, Some(ReceiveError::Eof { waiting }), Op::Eof)
        | (None, Some(ReceiveError::Aborted { waiting }), Op::Abort) => {
            assert_eq!(waiting, so_far.waiting);
            let text = cut.failure.expect("it was cut").to_string();
            if let Some(waiting) = waiting {
                assert!(text.ends_with(&waiting.to_string()), "{text}");
            }
        }
        (_, failure, _) => panic!("{end:?} makes {failure:?}"),
    }
}

#[test]
fn an_end_at_any_octet_says_what_was_cut_and_completes_nothing() {
    let mut tried = 0;
    for transcript in transcripts() {
        println!("{}", transcript.name);
        let ops = octet_by_octet(&transcript);
        // The few long ones are left to the test below.
        if ops.len() > LONG {
            continue;
        }
        tried += match transcript.line {
            8 => end_everywhere::<8>(&transcript),
            64 => end_everywhere::<64>(&transcript),
            _ => end_everywhere::<512>(&transcript),
        };
    }
    assert!(tried > 10_000, "{tried}");
}

/// The same without a model, and so at every octet of the long ones as well: whatever has begun and not ended when the
/// connection does is named in the error, and no client ever goes on.
#[test]
fn whatever_is_in_progress_is_named() {
    for transcript in transcripts() {
        println!("{}", transcript.name);
        match transcript.line {
            8 => cut_everywhere::<8>(&transcript),
            64 => cut_everywhere::<64>(&transcript),
            _ => cut_everywhere::<512>(&transcript),
        }
    }
}

fn cut_everywhere<const LINE: usize>(transcript: &Transcript) {
    let mut client: Client<8, LINE> = Client::with_config(transcript.config);
    let mut begun = None;
    for op in octet_by_octet(transcript) {
        match op {
            Op::Receive(octet) => {
                let mut input = octet.as_slice();
                while let Ok(Some(event)) = client.receive(&mut input) {
                    match event {
                        Event::Begin { request, .. } => begun = Some(request),
                        Event::End { .. } => begun = None,
                        _ => {}
                    }
                }
            }
            Op::Send(asked) => {
                let _ = client.send(&asked.command(), &mut [0; 1100]);
            }
            Op::Tls => client
                .tls_established()
                .expect("a transcript does it right"),
            Op::Eof | Op::Abort => break,
        }
        cut_here(&client, begun);
    }
}

fn cut_here<const LINE: usize>(client: &Client<8, LINE>, begun: Option<pop3_proto::Request>) {
    let state = client.state();
    if matches!(state, State::Closed | State::Failed) {
        return;
    }
    let challenged = client.check(CommandKind::Response).is_ok();
    for time_out in [false, true] {
        let mut client = client.clone();
        let error = if time_out {
            client.abort();
            client.receive(&mut &b"+OK\r\n.\r\n"[..]).expect_err("over")
        } else {
            client.receive_eof().expect_err("cut short")
        };
        let (ReceiveError::Eof { waiting } | ReceiveError::Aborted { waiting }) = error else {
            panic!("{error:?}");
        };
        match (state, waiting) {
            (State::Greeting, Some(Waiting::Greeting)) | (State::StartTls, Some(Waiting::Tls)) => {}
            (_, Some(Waiting::Rest(request))) => assert_eq!(begun, Some(request)),
            (_, Some(Waiting::Reply(_))) => assert_eq!(begun, None),
            (State::Authorization, None) if challenged => assert_eq!(client.in_flight(), 1),
            (State::Authorization | State::Transaction, None) => assert_eq!(client.in_flight(), 0),
            (state, waiting) => panic!("{waiting:?} in {state:?}"),
        }
        assert_eq!(client.state(), State::Failed);
        assert_eq!(client.receive_eof(), Err(error));
        let quit = client.check(CommandKind::Quit);
        assert_eq!(quit, Err(SendError::Failed(error)));
    }
}
