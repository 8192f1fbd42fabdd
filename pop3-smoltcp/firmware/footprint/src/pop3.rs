//! What NetX Duo's POP3 client can do: log in, STAT, LIST with a number, RETR, DELE, QUIT.

use core::hint::black_box;

use pop3_proto::{Client, Command, Event, MessageNumber, Secret};
use smoltcp::phy::Device;

use crate::network::Network;

type SmallClient = Client<1, 128>;

struct Failed;

pub(crate) fn run<D: Device>(network: &mut Network<'_, D>) {
    let mut session = Session {
        network,
        client: SmallClient::new(),
    };
    black_box(session.all().is_ok());
}

struct Session<'n, 'm, D: Device> {
    network: &'n mut Network<'m, D>,
    client: SmallClient,
}

impl<D: Device> Session<'_, '_, D> {
    fn all(&mut self) -> Result<(), Failed> {
        self.log_in()?;
        self.command(&Command::Stat)?;
        let message = MessageNumber::FIRST;
        for command in [
            Command::ListOne(message),
            Command::Retr(message),
            Command::Dele(message),
            Command::Quit,
        ] {
            self.command(&command)?;
        }
        self.client.receive_eof().map_err(|_| Failed)
    }

    #[cfg(not(feature = "login"))]
    fn log_in(&mut self) -> Result<(), Failed> {
        self.receive(&mut |_| {})?;
        let (user, secret) = (
            black_box(&b"mrose"[..]),
            Secret::new(black_box(b"tanstaaf")),
        );
        #[cfg(feature = "apop")]
        if black_box(true) {
            return self.command(&Command::Apop { user, secret });
        }
        self.command(&Command::User(user))?;
        self.command(&Command::Pass(secret))
    }

    #[cfg(feature = "login")]
    fn log_in(&mut self) -> Result<(), Failed> {
        use pop3_proto::login::{
            Authentication, Credentials, Login, LoginPolicy, Next, Opening, Security,
        };

        let mut opening = Opening::new(Security::ClearText);
        while let Next::Receive = opening.next_step() {
            self.receive(&mut |event| opening.observe(event))?;
        }
        let (user, secret) = (
            black_box(&b"mrose"[..]),
            Secret::new(black_box(b"tanstaaf")),
        );
        let mut policy = LoginPolicy::new(black_box(Authentication::UserPass))
            .apop_offered(opening.offers_apop());
        #[cfg(feature = "scram-sha-256")]
        {
            policy = policy.nonce(pop3_proto::sasl::Nonce::new(black_box([0; 18])));
        }
        policy = policy.ask_capabilities(black_box(true));
        let mut login = Login::new(policy, Credentials::new(user, secret));
        loop {
            match login.next_step() {
                Next::Send(command) => {
                    self.send(&command)?;
                    login.sent();
                }
                Next::Receive => self.receive(&mut |event| login.observe(event))?,
                Next::Finished(result) => return result.map(|_| ()).map_err(|_| Failed),
                Next::StartTls => return Err(Failed),
            }
        }
    }

    fn command(&mut self, command: &Command<'_>) -> Result<(), Failed> {
        self.send(command)?;
        let mut rejected = false;
        while self.client.in_flight() > 0 {
            self.receive(&mut |event| {
                rejected = matches!(event, Event::Rejected { .. });
                black_box(event);
            })?;
        }
        if rejected { Err(Failed) } else { Ok(()) }
    }

    fn send(&mut self, command: &Command<'_>) -> Result<(), Failed> {
        let (client, socket) = (&mut self.client, self.network.socket());
        let sent = socket.send(|ring| match client.send(command, ring) {
            Ok(sent) => (sent.octets, Ok(())),
            Err(_) => (0, Err(Failed)),
        });
        sent.unwrap_or(Err(Failed))
    }

    fn receive(&mut self, see: &mut dyn FnMut(&Event<'_>)) -> Result<(), Failed> {
        loop {
            let (client, socket) = (&mut self.client, self.network.socket());
            let seen = socket.recv(|ring| {
                let (length, mut rest) = (ring.len(), &*ring);
                let seen = client.receive(&mut rest).map(|event| {
                    if let Some(event) = &event {
                        see(event);
                    }
                    event.is_some()
                });
                (length - rest.len(), seen)
            });
            match seen {
                Ok(Ok(true)) => return Ok(()),
                Ok(Ok(false)) => self.network.turn(),
                _ => return Err(Failed),
            }
        }
    }
}
