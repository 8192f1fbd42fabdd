//! A server that repeats the password, or the response, in whatever line: the client that reads it shows neither.

use pop3_smoltcp::pop3_proto::sasl::Plain;
use pop3_smoltcp::pop3_proto::{Client, Command, Event};

use crate::{Secrets, Sent};

type SmallClient = Client<1, 64>;

pub(crate) fn log(secrets: &Secrets<'_>, sent: &mut Sent) {
    let password = secrets.password.into();
    let plain = Plain::new(b"mrose", password);
    let auth = Command::Auth {
        mechanism: &plain,
        initial_response: true,
    };
    let mut out = [0; 255];
    for (before, behind) in [
        ("-ERR ", "\r\n"),
        ("+OK ", "\r\n"),
        ("+ERR ", "\r\n"),
        ("-ERR", "\r\n"),
        ("+ ", "\r\n"),
        ("", "\r\n"),
        ("-ERR \0", "\r\n"),
        ("-ERR ", ""),
    ] {
        let (mut client, octets) = asked(
            &[Command::User(b"mrose"), Command::Pass(password)],
            &mut out,
        );
        sent.write(&out[..octets]);
        repeat(
            &mut client,
            [
                before.as_bytes(),
                secrets.password.as_bytes(),
                behind.as_bytes(),
            ],
        );

        let (mut client, octets) = asked(&[auth], &mut out);
        sent.write(&out[..octets]);
        let response = &out[b"AUTH PLAIN ".len()..octets - 2];
        repeat(
            &mut client,
            [before.as_bytes(), response, behind.as_bytes()],
        );
    }
}

/// A client that has sent these commands, and the length of the last, which has not been answered yet.
fn asked(commands: &[Command<'_>], out: &mut [u8]) -> (SmallClient, usize) {
    let mut client = SmallClient::new();
    let mut octets = 0;
    for command in commands {
        let answered = client.receive(&mut &b"+OK\r\n"[..]);
        assert!(matches!(answered, Ok(Some(_))));
        defmt::println!("{}", command);
        let sent = client.send(command, out).expect("a command");
        defmt::println!("{}", sent);
        octets = sent.octets;
    }
    (client, octets)
}

/// Shows a line to a client, octet by octet, and what the client says.
fn repeat(client: &mut SmallClient, line: [&[u8]; 3]) {
    for octet in line.into_iter().flatten() {
        match client.receive(&mut &[*octet][..]) {
            Ok(Some(event @ Event::Challenge { challenge, .. })) => {
                defmt::println!("{} {}", event, challenge);
                defmt::println!(
                    "{} {}",
                    event.request(),
                    challenge.decode(&mut [0; 9]).err()
                );
            }
            // A server's text is shown as it is.
            Ok(_) => {}
            Err(error) => defmt::println!("{}", error),
        }
        defmt::println!("{} {}", client, client.waiting_for());
    }
    defmt::println!("{}", client.receive_eof());
    client.wipe_line();
    defmt::println!("{}", client);
}
