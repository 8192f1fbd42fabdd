//! How deep the core's calls go, and how much memory its types take, on this processor. It needs no network:
//!
//!     qemu-system-arm -M lm3s6965evb -display none -semihosting-config enable=on,target=native -kernel .../release/depth
#![no_std]
#![no_main]

use pop3_firmware::stack::depth_of;
use pop3_smoltcp::pop3_proto::login::{
    Authentication, Credentials, Login, LoginPolicy, Next, Opening, Security,
};
use pop3_smoltcp::pop3_proto::sasl::{MechanismKind, Nonce};
use pop3_smoltcp::pop3_proto::{Client, Command, Event, MessageNumber};
use semihosting::println;

/// As in the firmware: a challenge of SCRAM has to fit into its line.
type SmallClient = Client<1, 256>;

/// The exchange of RFC 7677 section 3, and what is around it.
const SCRAM: [&str; 6] = [
    "-ERR\r\n",
    "+ \r\n",
    "+ cj1yT3ByTkdmd0ViZVJXZ2JORWtxTyVodllEcFdVYTJSYVRDQWZ1eEZJbGopaE5sRiRrMCxzPVcyMlphSjBTTlk3c29Fc1VFamI2Z1E9PSxpPTQwOTY=\r\n",
    "+ dj02cnJpVFJCaTIzV3BSUi93dHVwK21NaFVaVW4vZEI1bkxUSlJzamw5NUc0PQ==\r\n",
    "+OK\r\n",
    "-ERR\r\n",
];
const USER_PASS: [&str; 4] = ["-ERR\r\n", "+OK\r\n", "+OK\r\n", "-ERR\r\n"];
const APOP: [&str; 3] = [
    "+OK\r\nPIPELINING\r\nSASL PLAIN\r\n.\r\n",
    "+OK\r\n",
    "-ERR\r\n",
];

/// The deepest so far, in octets below the caller's frame.
#[derive(Clone, Copy, Default)]
struct Deepest {
    send: u32,
    receive: u32,
    observe: u32,
}

#[cortex_m_rt::entry]
fn main() -> ! {
    println!("Client<1, 128> {}", size_of::<Client<1, 128>>());
    println!("Client<1, 256> {}", size_of::<SmallClient>());
    println!("Client {}", size_of::<Client>());
    println!("Opening {}", size_of::<Opening>());
    println!("Login {}", size_of::<Login<'_>>());
    println!("octets of stack: in send, in receive, in the machines' observe");
    for (name, authentication, replies) in [
        ("USER/PASS", Authentication::UserPass, &USER_PASS[..]),
        ("APOP", Authentication::ApopOnly, &APOP),
        (
            "SCRAM-SHA-256",
            Authentication::Mechanism(MechanismKind::ScramSha256),
            &SCRAM,
        ),
    ] {
        let (mut client, mut deepest) = (SmallClient::new(), Deepest::default());
        log_in(&mut client, &mut deepest, authentication, replies);
        println!(
            "{name} {} {} {}",
            deepest.send, deepest.receive, deepest.observe
        );
        if let Authentication::UserPass = authentication {
            let mut deepest = Deepest::default();
            read_mail(&mut client, &mut deepest);
            println!(
                "commands {} {} {}",
                deepest.send, deepest.receive, deepest.observe
            );
        }
    }
    semihosting::process::exit(0)
}

/// Gives the client a reply, in pieces of one and of seven octets by turns, and shows `see` what comes of it.
fn receive(
    client: &mut SmallClient,
    deepest: &mut Deepest,
    reply: &str,
    see: &mut dyn FnMut(&Event<'_>) -> u32,
) {
    let mut rest = reply.as_bytes();
    let mut length = 7;
    while !rest.is_empty() {
        let (mut piece, behind) = rest.split_at(length.min(rest.len()));
        (rest, length) = (behind, 8 - length);
        loop {
            let (event, depth) = depth_of(|| client.receive(&mut piece));
            deepest.receive = deepest.receive.max(depth);
            let Some(event) = event.expect("replies as they should be") else {
                break;
            };
            deepest.observe = deepest.observe.max(see(&event));
        }
    }
}

fn send(client: &mut SmallClient, deepest: &mut Deepest, command: &Command<'_>) {
    let mut out = [0; 255];
    let (sent, depth) = depth_of(|| client.send(command, &mut out));
    assert!(sent.is_ok(), "{sent:?}");
    deepest.send = deepest.send.max(depth);
}

fn log_in(
    client: &mut SmallClient,
    deepest: &mut Deepest,
    authentication: Authentication,
    replies: &[&str],
) {
    let mut opening = Opening::new(Security::ClearText);
    receive(
        client,
        deepest,
        "+OK ready <1896.697170952@dbc.mtview.ca.us>\r\n",
        &mut |event| depth_of(|| opening.observe(event)).1,
    );
    let nonce = Nonce::from_text(b"rOprNGfwEbeRWgbNEkqO").expect("a nonce");
    let policy = LoginPolicy::new(authentication)
        .apop_offered(opening.offers_apop())
        .nonce(nonce);
    let credentials = Credentials::new(b"user", "pencil".into());
    let mut login = Login::new(policy, credentials);
    let mut replies = replies.iter();
    loop {
        match login.next_step() {
            Next::Send(command) => {
                send(client, deepest, &command);
                login.sent();
            }
            Next::Receive => {
                let reply = replies.next().expect("a reply is left");
                receive(client, deepest, reply, &mut |event| {
                    depth_of(|| login.observe(event)).1
                });
            }
            Next::Finished(result) => {
                result.expect("a log-in that succeeds");
                return;
            }
            Next::StartTls => unreachable!("in clear text there is no TLS"),
        }
    }
}

fn read_mail(client: &mut SmallClient, deepest: &mut Deepest) {
    let message = MessageNumber::FIRST;
    for (command, reply) in [
        (Command::Stat, "+OK 1 120\r\n"),
        (Command::List, "+OK\r\n1 120\r\n.\r\n"),
        (Command::Uidl, "+OK\r\n1 whqtswO00WBw418f9t5JxYwZ\r\n.\r\n"),
        (
            Command::Top { message, lines: 0 },
            "+OK\r\nSubject: x\r\n\r\n.\r\n",
        ),
        (
            Command::Retr(message),
            "+OK\r\nSubject: x\r\n\r\n..dots\r\n.\rx\r\n.\r\n",
        ),
        (Command::Dele(message), "+OK\r\n"),
        (Command::Quit, "+OK\r\n"),
    ] {
        send(client, deepest, &command);
        receive(client, deepest, reply, &mut |_| 0);
    }
}
