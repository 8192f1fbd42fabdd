//! What NetX Duo's POP3 client can do, by the core alone: log in, STAT, LIST with a number, RETR, DELE, QUIT. This program
//! moves the octets between the transport's rings and the core, and looks at what they mean.

use core::hint::black_box;

#[cfg(not(feature = "stand-in"))]
use pop3_proto::{Client, Command, sasl::Plain};
use pop3_proto::{MessageNumber, Secret};

use crate::Transport;
#[cfg(feature = "stand-in")]
use crate::stand_in::{Client, Command, Plain};

pub(crate) fn run(transport: &mut impl Transport) {
    let mut session = Session {
        transport,
        client: Client::new(),
    };
    black_box(session.all());
}

struct Session<'t, T> {
    transport: &'t mut T,
    client: Client<1, 128>,
}

impl<T: Transport> Session<'_, T> {
    /// `None`: it failed.
    fn all(&mut self) -> Option<()> {
        self.events()?;
        if cfg!(feature = "usual") {
            for command in [Command::Stls, Command::Capa, Command::Languages] {
                self.command(&command)?;
                if let Command::Stls = command {
                    self.client.tls_established().ok()?;
                }
            }
        }
        self.log_in(black_box(b"mrose"), Secret::new(black_box(b"tanstaaf")))?;
        let message = MessageNumber::FIRST;
        for command in [
            Command::Stat,
            Command::ListOne(message),
            Command::Retr(message),
            Command::Dele(message),
        ] {
            self.command(&command)?;
        }
        if cfg!(feature = "leave") {
            let lines = black_box(0);
            for command in [Command::Uidl, Command::Top { message, lines }] {
                self.command(&command)?;
            }
        }
        if cfg!(feature = "usual") {
            self.command(&Command::List)?;
        }
        self.command(&Command::Quit)
    }

    fn log_in(&mut self, user: &[u8], secret: Secret<'_>) -> Option<()> {
        if cfg!(feature = "usual") && black_box(true) {
            let mechanism = &Plain::new(user, secret);
            let initial_response = black_box(true);
            self.command(&Command::Auth {
                mechanism,
                initial_response,
            })?;
            if initial_response {
                return Some(());
            }
            return self.command(&Command::Response(mechanism));
        }
        if cfg!(feature = "apop") && black_box(true) {
            return self.command(&Command::Apop { user, secret });
        }
        self.command(&Command::User(user))?;
        self.command(&Command::Pass(secret))
    }

    fn command(&mut self, command: &Command<'_>) -> Option<()> {
        let client = &mut self.client;
        let sent = self
            .transport
            .send(|ring| match client.send(command, ring) {
                Ok(sent) => (sent.octets, true),
                Err(_) => (0, false),
            });
        if sent != Some(true) {
            return None;
        }
        self.events()
    }

    /// Until the greeting, a challenge, or the end of a reply.
    fn events(&mut self) -> Option<()> {
        loop {
            let client = &mut self.client;
            let done = self.transport.receive(|ring| {
                let mut rest = ring;
                let event = client.receive(&mut rest);
                black_box(&event);
                let done = event.map(|event| {
                    event.is_some_and(|event| {
                        event.completes().is_some() || event.request().is_none()
                    })
                });
                (ring.len() - rest.len(), done)
            });
            match done {
                Some(Ok(true)) => return Some(()),
                Some(Ok(false)) => self.transport.turn(),
                _ => return None,
            }
        }
    }
}
