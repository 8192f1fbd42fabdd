//! A client that notes all that it sees, without a model to compare it with.

use crate::oracle::dialogue::{Dialogue, Op, pieces};
use pop3_proto::{Client, Event};

/// What a client made of a dialogue: each event and each error as text, the pieces of a message joined.
#[derive(Debug, PartialEq, Eq)]
pub enum Note {
    /// An event, a refusal to send, or what broke the session.
    Text(String),
    /// The octets of a message.
    Body(Vec<u8>),
}

/// Plays a dialogue, with what the server sends in each go cut into pieces of these sizes, over and over.
///
/// # Panics
///
/// The client asks for more although octets are left, lends an empty piece of a message, or forgets an error.
pub fn notes(dialogue: &Dialogue, sizes: &[usize]) -> Vec<Note> {
    let mut client: Client<8, 32> = Client::with_config(dialogue.config);
    let mut notes = Vec::new();
    for op in &dialogue.ops {
        match op {
            Op::Receive(octets) => {
                for chunk in pieces(octets, sizes) {
                    receive(&mut client, chunk, &mut notes);
                }
            }
            Op::Send(asked) => {
                let sent = client.send(&asked.command(), &mut [0; 300]);
                notes.push(Note::Text(format!("{sent:?}")));
            }
            Op::Tls => notes.push(Note::Text(format!("{:?}", client.tls_established()))),
            Op::Eof => notes.push(Note::Text(format!("{:?}", client.receive_eof()))),
            Op::Abort => client.abort(),
        }
    }
    notes
}

fn receive(client: &mut Client<8, 32>, mut input: &[u8], notes: &mut Vec<Note>) {
    loop {
        match client.receive(&mut input) {
            Ok(None) => {
                assert!(input.is_empty(), "asks for more with octets left");
                return;
            }
            Ok(Some(Event::Body(octets))) => {
                assert!(!octets.is_empty(), "an empty piece of a message");
                match notes.last_mut() {
                    Some(Note::Body(body)) => body.extend_from_slice(octets),
                    _ => notes.push(Note::Body(octets.to_vec())),
                }
            }
            Ok(Some(event @ Event::Challenge { challenge, .. })) => {
                // What it is does not show in its `Debug`.
                let base64 = challenge.as_base64().escape_ascii();
                let octets = challenge.decode(&mut [0; 24]).map(<[u8]>::to_vec);
                notes.push(Note::Text(format!("{event:?} {base64} {octets:?}")));
            }
            Ok(Some(event)) => notes.push(Note::Text(format!("{event:?}"))),
            Err(error) => {
                let again = client.receive(&mut &b"+OK\r\n"[..]);
                assert_eq!(again, Err(error), "errors stay");
                let broken = Note::Text(format!("{error:?}"));
                if notes.last() != Some(&broken) {
                    notes.push(broken);
                }
                return;
            }
        }
    }
}
