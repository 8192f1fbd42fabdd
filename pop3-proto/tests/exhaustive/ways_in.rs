//! Ways into a session: every policy, and a server that answers each command in each way. What is sent is compared with what
//! the policy says in words, command by command.

use pop3_proto::login::{Authentication, Credentials, Login, LoginPolicy, Next, Opening, Security};
use pop3_proto::{Client, Command, CommandKind, Event, State};

const GREETINGS: [&str; 3] = ["+OK <1@a.b>\r\n", "+OK\r\n", "-ERR\r\n"];
/// The first is success.
const ANSWERS: [&str; 3] = ["+OK\r\n", "-ERR\r\n", "-ERR [AUTH] no\r\n"];
/// No way in takes more commands.
const COMMANDS: usize = 7;

#[derive(Clone, Copy, Debug)]
struct Way {
    security: Security,
    authentication: Authentication,
    ask_capabilities: bool,
    greeting: &'static str,
    /// What CAPA announces in clear.
    announces_stls: bool,
    /// It did so before.
    stls_expected: bool,
    answers: [&'static str; COMMANDS],
}

impl Way {
    /// Which commands are to be sent, and whether somebody is to be logged in then.
    fn expected(&self) -> (Vec<CommandKind>, bool) {
        let mut sent = Vec::new();
        let mut ask = |kind| {
            sent.push(kind);
            self.answers[sent.len() - 1] == ANSWERS[0]
        };
        let logged_in = 'way: {
            if self.greeting.starts_with('-') {
                break 'way false;
            }
            let stls = match self.security {
                Security::StartTls => true,
                Security::StartTlsIfAvailable => {
                    let announced = ask(CommandKind::Capa) && self.announces_stls;
                    if self.stls_expected && !announced {
                        break 'way false;
                    }
                    announced
                }
                _ => false,
            };
            if stls && !ask(CommandKind::Stls) {
                break 'way false;
            }
            if self.ask_capabilities {
                ask(CommandKind::Capa);
            }
            // What was said before STLS is forgotten, the timestamp as well.
            let offered = self.greeting.contains('<') && !stls;
            let wants_apop = self.authentication != Authentication::UserPass;
            let by_apop = wants_apop && offered && ask(CommandKind::Apop);
            let may_send_the_password = self.authentication != Authentication::ApopOnly;
            by_apop || may_send_the_password && ask(CommandKind::User) && ask(CommandKind::Pass)
        };
        if logged_in && self.ask_capabilities {
            ask(CommandKind::Capa);
        }
        (sent, logged_in)
    }

    fn go(&self) {
        let mut server = Server {
            client: Client::new(),
            answers: self.answers.into_iter(),
            sent: Vec::new(),
            says: self.greeting.to_owned(),
            announces_stls: self.announces_stls,
        };
        let mut opening = Opening::new(self.security).stls_expected(self.stls_expected);
        let opened = loop {
            match opening.next_step() {
                Next::Send(command) => {
                    server.ask(&command);
                    opening.sent();
                }
                Next::Receive => server.hear(|event| opening.observe(event)),
                Next::StartTls => {
                    server.client.tls_established().expect("now");
                    opening.tls_established();
                }
                Next::Finished(result) => break result,
            }
        };
        let mut logged_in = false;
        if opened.is_ok() {
            let policy = LoginPolicy::new(self.authentication)
                .ask_capabilities(self.ask_capabilities)
                .apop_offered(opening.offers_apop());
            let credentials = Credentials::new(b"mrose", "tanstaaf".into());
            let mut login = Login::new(policy, credentials);
            logged_in = loop {
                match login.next_step() {
                    Next::Send(command) => {
                        server.ask(&command);
                        login.sent();
                    }
                    Next::Receive => server.hear(|event| login.observe(event)),
                    Next::StartTls => panic!("TLS is no part of a log-in"),
                    Next::Finished(result) => break result.is_ok(),
                }
            };
        }
        assert_eq!((server.sent, logged_in), self.expected(), "{self:?}");
        let transaction = server.client.state() == State::Transaction;
        assert_eq!(transaction, logged_in, "{self:?}");
    }
}

/// Answers each command as soon as it comes.
struct Server {
    client: Client<1, 64>,
    answers: std::array::IntoIter<&'static str, COMMANDS>,
    sent: Vec<CommandKind>,
    says: String,
    announces_stls: bool,
}

impl Server {
    fn ask(&mut self, command: &Command<'_>) {
        let _ = self.client.send(command, &mut [0; 64]).expect("allowed");
        self.sent.push(command.kind());
        let answer = self.answers.next().expect("one for each command");
        self.says = answer.to_owned();
        if command.kind() == CommandKind::Capa && answer.starts_with('+') {
            self.says += "USER\r\n";
            if self.announces_stls && !self.client.is_tls() {
                self.says += "STLS\r\n";
            }
            self.says += ".\r\n";
        }
    }

    fn hear(&mut self, mut observe: impl FnMut(&Event<'_>)) {
        assert!(!self.says.is_empty(), "it waits for nothing");
        let mut input = self.says.as_bytes();
        while let Some(event) = self.client.receive(&mut input).expect("a reply") {
            observe(&event);
        }
        self.says.clear();
    }
}

#[test]
fn every_way_in_sends_what_its_policy_says_and_nothing_else() {
    let mut logged_in = 0;
    let mut protected = 0;
    let securities = [
        (Security::ImplicitTls, false, false),
        (Security::StartTls, false, false),
        (Security::ClearText, false, false),
        (Security::StartTlsIfAvailable, false, false),
        (Security::StartTlsIfAvailable, true, false),
        (Security::StartTlsIfAvailable, false, true),
        (Security::StartTlsIfAvailable, true, true),
    ];
    for (security, announces_stls, stls_expected) in securities {
        for authentication in [
            Authentication::UserPass,
            Authentication::ApopOnly,
            Authentication::ApopThenUserPass,
        ] {
            for ask_capabilities in [false, true] {
                for greeting in GREETINGS {
                    for nth in 0..ANSWERS.len().pow(7) {
                        let answer = |at: u32| ANSWERS[nth / ANSWERS.len().pow(at) % ANSWERS.len()];
                        let way = Way {
                            security,
                            authentication,
                            ask_capabilities,
                            greeting,
                            announces_stls,
                            stls_expected,
                            answers: [0, 1, 2, 3, 4, 5, 6].map(answer),
                        };
                        way.go();
                        let (sent, in_session) = way.expected();
                        logged_in += usize::from(in_session);
                        protected += usize::from(sent.contains(&CommandKind::Stls));
                    }
                }
            }
        }
    }
    // Many of them get in, or little would be shown.
    assert!(
        logged_in > 10_000 && protected > 10_000,
        "{logged_in}, {protected}"
    );
}
