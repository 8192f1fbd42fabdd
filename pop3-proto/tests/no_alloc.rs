//! The core allocates nothing: counted over a whole session, with split lines, pipelined and refused commands.

mod common;

use pop3_proto::{Client, Command, Event, MessageNumber, State};

fn session(chunk: usize) -> (u64, u64) {
    let n = MessageNumber::FIRST;
    let exchanges: [(Option<Command<'_>>, &[u8]); 12] = [
        (None, b"+OK ready <1896.697170952@dbc.mtview.ca.us>\r\n"),
        (
            Some(Command::Capa),
            b"+OK\r\nSASL PLAIN\r\nPIPELINING\r\n.\r\n",
        ),
        (
            Some(Command::Apop {
                user: b"mrose",
                secret: "tanstaaf".into(),
            }),
            b"-ERR no\r\n",
        ),
        (Some(Command::User(b"mrose")), b"+OK\r\n"),
        (Some(Command::Pass("mvan99".into())), b"+OK\r\n"),
        (Some(Command::Stat), b"+OK 2 320\r\n"),
        (Some(Command::List), b"+OK\r\n1 120\r\nwhat?\r\n.\r\n"),
        (Some(Command::Uidl), b"+OK\r\n1 abc\r\n.\r\n"),
        (Some(Command::Retr(n)), b"+OK\r\n..\r\nbody\r\n.\r\n"),
        (
            Some(Command::Top {
                message: n,
                lines: 1,
            }),
            b"-ERR [SYS/TEMP] no\r\n",
        ),
        (Some(Command::Dele(n)), b"+OK\r\n"),
        (Some(Command::Quit), b"+OK\r\n"),
    ];
    let mut client: Client<2, 64> = Client::new();
    let mut out = [0; 64];
    let mut body = 0;
    let counted = allocation_counter::measure(|| {
        for (command, reply) in exchanges {
            if let Some(command) = command {
                let _ = client.send(&command, &mut out).expect("allowed");
            }
            for mut input in reply.chunks(chunk) {
                while let Some(event) = client.receive(&mut input).expect("a reply") {
                    if let Event::Body(octets) = event {
                        body += octets.len() as u64;
                    }
                }
            }
        }
    });
    assert_eq!(client.state(), State::Closed);
    (counted.count_total, body)
}

#[test]
fn a_whole_session_allocates_nothing() {
    for chunk in [1, 2, 7, 4096] {
        assert_eq!(session(chunk), (0, 9), "chunks of {chunk}");
    }
}

#[test]
fn the_counter_counts() {
    let counted = allocation_counter::measure(|| drop(std::hint::black_box(vec![1_u8; 100])));
    assert_eq!(counted.count_total, 1);
}
