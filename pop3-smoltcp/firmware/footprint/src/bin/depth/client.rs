//! The core's client and log-in machines, which are given each reply in pieces of one and of seven octets by turns.

use pop3_smoltcp::pop3_proto::login::{Credentials, Login, LoginPolicy, Next, Opening, Security};
use pop3_smoltcp::pop3_proto::{Client, Command, Event, ReceiveError};

use crate::replies::{COMMANDS, Conversation, GREETING, Outcome};
use crate::stack::depth_of;

/// As in the firmware: a challenge of SCRAM has to fit into its line.
type SmallClient = Client<1, 256>;

/// The deepest of each, in octets below the caller's frame.
#[derive(Default)]
pub struct Depths {
    pub send: u32,
    pub receive: u32,
    pub machines: u32,
}

/// Holds the conversation.
pub fn hold(conversation: &Conversation, depths: &mut Depths) {
    let mut session = Session {
        client: SmallClient::new(),
        depths,
    };
    session.log_in(conversation);
    if conversation.outcome == Outcome::Quit {
        for (command, reply) in COMMANDS {
            session.send(&command);
            let received = session.receive(reply, &mut |_| 0);
            assert_eq!(received, Ok(()));
        }
    }
}

struct Session<'d> {
    client: SmallClient,
    depths: &'d mut Depths,
}

impl Session<'_> {
    /// Shows `see` each event; it says how deep that went.
    fn receive(
        &mut self,
        reply: &str,
        see: &mut dyn FnMut(&Event<'_>) -> u32,
    ) -> Result<(), ReceiveError> {
        let mut rest = reply.as_bytes();
        let mut length = 7;
        while !rest.is_empty() {
            let (mut piece, behind) = rest.split_at(length.min(rest.len()));
            (rest, length) = (behind, 8 - length);
            loop {
                let (event, depth) = depth_of(|| self.client.receive(&mut piece));
                self.depths.receive = self.depths.receive.max(depth);
                let Some(event) = event? else {
                    break;
                };
                self.depths.machines = self.depths.machines.max(see(&event));
            }
        }
        Ok(())
    }

    fn send(&mut self, command: &Command<'_>) {
        let mut out = [0; 255];
        let (sent, depth) = depth_of(|| self.client.send(command, &mut out));
        assert!(sent.is_ok(), "{sent:?}");
        self.depths.send = self.depths.send.max(depth);
    }

    fn log_in(&mut self, conversation: &Conversation) {
        let mut opening = Opening::new(Security::ClearText);
        let greeted = self.receive(GREETING, &mut |event| depth_of(|| opening.observe(event)).1);
        assert_eq!(greeted, Ok(()));
        let policy = LoginPolicy::new(conversation.authentication)
            .apop_offered(opening.offers_apop())
            .ask_capabilities(conversation.asked)
            .nonce(crate::nonce());
        let credentials = Credentials::new(b"user", "pencil".into());
        let (mut login, depth) = depth_of(|| Login::new(policy, credentials));
        self.depths.machines = self.depths.machines.max(depth);
        let mut replies = conversation.log_in.iter();
        loop {
            let (next, depth) = depth_of(|| login.next_step());
            self.depths.machines = self.depths.machines.max(depth);
            match next {
                Next::Send(command) => {
                    self.send(&command);
                    login.sent();
                }
                Next::Receive => {
                    let reply = replies.next().expect("a reply is left");
                    let received =
                        self.receive(reply, &mut |event| depth_of(|| login.observe(event)).1);
                    match (received, conversation.outcome) {
                        (Ok(()), Outcome::Silence) if reply.is_empty() => return,
                        (Ok(()), _) => {}
                        (Err(_), Outcome::Breach) => return,
                        (Err(error), _) => panic!("{error:?}"),
                    }
                }
                Next::Finished(result) => {
                    assert_eq!(result.is_err(), conversation.outcome == Outcome::Refused);
                    return;
                }
                Next::StartTls => unreachable!("in clear text there is no TLS"),
            }
        }
    }
}
