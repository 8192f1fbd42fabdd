//! The way into a session, against a server that says anything at all: what must never happen, whatever it says.

use super::dialogue::pieces;
use super::model::Connection;
use pop3_proto::login::{
    Authentication, Credentials, Login, LoginFailure, LoginMethod, LoginPolicy, Next, Opening,
    Security,
};
use pop3_proto::sasl::{ChannelBinding, ChannelBindingKind, Nonce};
use pop3_proto::{Client, Command, CommandKind, Config, Event, State};

/// A way in.
#[derive(Clone, Copy, Debug)]
pub struct WayIn {
    pub security: Security,
    pub authentication: Authentication,
    pub ask_capabilities: bool,
    /// A token, and no password.
    pub token: bool,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    LoggedIn,
    /// The machines say that it did not work.
    Refused,
    /// The server broke the protocol, or ended the connection.
    Broken,
}

impl WayIn {
    /// Goes this way, with a server that sends this stream whatever it is told, as fast as it can be read.
    ///
    /// # Panics
    ///
    /// Something happens that never must.
    pub fn go(self, stream: &[u8], sizes: &[usize]) -> End {
        let mut driver = Driver {
            way: self,
            client: Client::new(),
            connection: Connection {
                config: Config::new(),
                line: 64,
                stream: Vec::new(),
                sent: Vec::new(),
                tls: None,
            },
            chunks: pieces(stream, sizes).collect::<Vec<_>>().into_iter(),
            input: &[],
            sent: Vec::new(),
        };
        driver.go().unwrap_or(End::Broken)
    }
}

struct Driver<'i> {
    way: WayIn,
    client: Client<2, 64>,
    connection: Connection,
    chunks: std::vec::IntoIter<&'i [u8]>,
    input: &'i [u8],
    sent: Vec<CommandKind>,
}

const SECRET: &[u8] = b"tanstaaf";

/// What binds a log-in to TLS.
const BINDING: ChannelBinding<'_> = ChannelBinding {
    kind: ChannelBindingKind::TlsExporter,
    data: &[7; 32],
};

impl Driver<'_> {
    /// `None`: the server broke the protocol, or ended the connection.
    fn go(&mut self) -> Option<End> {
        let mut opening = Opening::new(self.way.security);
        let opened = loop {
            if let Next::Send(_) = opening.next_step() {
                self.look_first(|event| opening.observe(event))?;
            }
            match opening.next_step() {
                Next::Send(command) => {
                    self.send(&command);
                    opening.sent();
                }
                Next::Receive => self.receive(|event| opening.observe(event))?,
                Next::StartTls => {
                    self.client.tls_established().ok()?;
                    self.connection.tls = Some(self.connection.stream.len());
                    opening.tls_established();
                }
                Next::Finished(result) => break result,
            }
        };
        if opened.is_err() {
            assert!(self.sent.iter().all(|&kind| kind == CommandKind::Stls));
            return Some(End::Refused);
        }
        assert_eq!(self.client.state(), State::Authorization);
        assert_eq!(
            self.client.is_tls(),
            self.way.security != Security::ClearText
        );

        let tls = self.client.is_tls();
        let policy = LoginPolicy::new(self.way.authentication)
            .ask_capabilities(self.way.ask_capabilities)
            .apop_offered(opening.offers_apop())
            .tls(tls)
            .clear_text(self.way.security == Security::ClearText)
            .nonce(Nonce::new([1; Nonce::OCTETS]))
            // A server that says anything may ask for any number.
            .iterations(1, 8)
            .channel_binding(tls.then_some(BINDING));
        let credentials = match self.way.token {
            true => Credentials::token(b"mrose", SECRET.into()),
            false => Credentials::new(b"mrose", SECRET.into()),
        };
        let mut login = Login::new(policy, credentials);
        let result = loop {
            if let Next::Send(_) = login.next_step() {
                self.look_first(|event| login.observe(event))?;
            }
            match login.next_step() {
                Next::Send(command) => {
                    self.send(&command);
                    login.sent();
                }
                Next::Receive => self.receive(|event| login.observe(event))?,
                Next::StartTls => panic!("TLS is no part of a log-in"),
                Next::Finished(result) => break result,
            }
        };
        // What the model makes of the very same stream and commands.
        let state = self.connection.outcome().state;
        assert_eq!(self.client.state(), state);
        let tried = |kind: &&CommandKind| {
            matches!(
                kind,
                CommandKind::User | CommandKind::Pass | CommandKind::Apop | CommandKind::Auth
            )
        };
        match result {
            Ok(report) => {
                assert_eq!(state, State::Transaction);
                let way = match report.used {
                    LoginMethod::Apop => CommandKind::Apop,
                    LoginMethod::UserPass => CommandKind::Pass,
                    LoginMethod::Sasl(kind) => {
                        assert!(!kind.is_scram(), "nobody proves anything here");
                        CommandKind::Auth
                    }
                    other => panic!("{other} is not ours"),
                };
                let tried = self.sent.iter().rfind(tried);
                assert_eq!(tried, Some(&way), "the report is about what was used");
                Some(End::LoggedIn)
            }
            Err(LoginFailure::NotProved(_)) => {
                let cancelled = self.sent.contains(&CommandKind::Cancel);
                assert!(cancelled || state == State::Transaction);
                assert!(self.sent.contains(&CommandKind::Auth));
                Some(End::Refused)
            }
            Err(_) => {
                assert_ne!(state, State::Transaction);
                Some(End::Refused)
            }
        }
    }

    /// As every driver must before it sends: what was read before goes to the client first.
    fn look_first(&mut self, observe: impl FnMut(&Event<'_>)) -> Option<()> {
        if self.input.is_empty() {
            return Some(());
        }
        self.take(observe)?;
        (self.client.state() != State::Closed).then_some(())
    }

    fn send(&mut self, command: &Command<'_>) {
        let kind = command.kind();
        assert_eq!(self.client.check(kind), Ok(()), "{kind} at the wrong time");
        // At most all ways that are equally strong, the first of them twice: in one line and in two steps.
        let most = match kind {
            CommandKind::Capa => 2,
            CommandKind::Auth => 3,
            CommandKind::Response => 6,
            CommandKind::Cancel | CommandKind::User | CommandKind::Pass => 1,
            _ => 1,
        };
        let so_often = self.sent.iter().filter(|&&sent| sent == kind).count();
        assert!(so_often < most, "{kind} once too often");
        let protected = self.client.is_tls() || self.way.security == Security::ClearText;
        let by_user_pass = matches!(
            self.way.authentication,
            Authentication::Auto | Authentication::UserPass | Authentication::ApopThenUserPass
        );
        match kind {
            CommandKind::Stls => assert_eq!(self.way.security, Security::StartTls),
            CommandKind::Capa => assert!(protected && self.way.ask_capabilities),
            CommandKind::Apop => {
                assert!(protected);
                let apop = [Authentication::ApopOnly, Authentication::ApopThenUserPass];
                assert!(apop.contains(&self.way.authentication));
            }
            CommandKind::User | CommandKind::Pass => {
                assert!(protected && by_user_pass, "{kind} in clear, or unasked");
                assert!(!self.way.token || self.way.authentication != Authentication::Auto);
            }
            CommandKind::Auth | CommandKind::Response | CommandKind::Cancel => {
                let sasl = [Authentication::Auto];
                let by_name = matches!(self.way.authentication, Authentication::Mechanism(_));
                assert!(by_name || protected && sasl.contains(&self.way.authentication));
                let token_in_clear = self.way.token && !self.client.is_tls();
                assert!(by_name || !token_in_clear, "a token in clear");
            }
            other => panic!("{other} is no part of the way in"),
        }
        let sent = self.client.send(command, &mut [0; 256]).expect("checked");
        let received = self.connection.stream.len();
        self.connection.sent.push((received, sent.request));
        self.sent.push(kind);
    }

    fn receive(&mut self, observe: impl FnMut(&Event<'_>)) -> Option<()> {
        if self.input.is_empty() {
            match self.chunks.next() {
                Some(chunk) => self.input = chunk,
                None => {
                    self.client.receive_eof().ok()?;
                    return None;
                }
            }
        }
        self.take(observe)
    }

    fn take(&mut self, mut observe: impl FnMut(&Event<'_>)) -> Option<()> {
        let before = self.input;
        let received = self.client.receive(&mut self.input);
        let taken = before.len() - self.input.len();
        self.connection.stream.extend_from_slice(&before[..taken]);
        if let Some(event) = received.ok()? {
            observe(&event);
        }
        Some(())
    }
}
