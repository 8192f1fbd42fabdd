//! Which way a log-in takes when the caller leaves it open: for all announcements, credentials and connections, against the
//! rules in words; and every short conversation behind it, with what must never happen in any of them.

use pop3_proto::login::{
    Authentication, Credentials, InitialResponse, Login, LoginFailure, LoginMethod, LoginPolicy,
    Next, Offer,
};
use pop3_proto::sasl::{ChannelBinding, ChannelBindingKind, MechanismKind, MechanismSet, Nonce};
use pop3_proto::{Client, Command, CommandKind, Event, ResponseCode, State};

use crate::bound;

const USER: &[u8] = b"mrose";
const SECRET: &[u8] = b"tanstaaf";

/// What is there to choose by.
#[derive(Clone, Copy, Debug)]
struct Situation {
    credentials: &'static str,
    tls: bool,
    clear_text: bool,
    nonce: bool,
    binding: bool,
    /// `None`: the server did not say.
    announced: Option<MechanismSet>,
}

impl Situation {
    fn credentials(&self) -> Credentials<'static> {
        match self.credentials {
            "password" => Credentials::new(USER, SECRET.into()),
            "password beyond ASCII" => Credentials::new(USER, "caf\u{e9}".into()),
            "password and another's maildrop" => {
                Credentials::new(USER, SECRET.into()).authorization_id(b"shared")
            }
            "token" => Credentials::token(USER, SECRET.into()),
            "certificate" => Credentials::external(),
            _ => Credentials::anonymous(USER),
        }
    }

    fn policy(&self) -> LoginPolicy<'static> {
        let binding = ChannelBinding {
            kind: ChannelBindingKind::TlsExporter,
            data: &[7; 32],
        };
        let offer = self.announced.map(|mechanisms| {
            let mut offer = Offer::default();
            offer.mechanisms = mechanisms;
            offer
        });
        let policy = LoginPolicy::new(Authentication::Auto)
            .ask_capabilities(false)
            .offered(offer)
            .tls(self.tls)
            .clear_text(self.clear_text)
            .channel_binding(self.binding.then_some(binding));
        match self.nonce {
            true => policy.nonce(Nonce::new([1; Nonce::OCTETS])),
            false => policy,
        }
    }

    /// The way that is to be taken first.
    fn expected(&self) -> Result<LoginMethod, LoginFailure> {
        let secret = self.credentials != "anonymous";
        let token = self.credentials == "token";
        if secret && !self.tls && (token || !self.clear_text) {
            return Err(LoginFailure::Unprotected);
        }
        let ways: &[&str] = match self.credentials {
            "token" => &["OAUTHBEARER", "XOAUTH2"],
            "certificate" => &["EXTERNAL"],
            "anonymous" => &["ANONYMOUS"],
            _ => &[
                "SCRAM-SHA-512-PLUS",
                "SCRAM-SHA-256-PLUS",
                "SCRAM-SHA-1-PLUS",
                "SCRAM-SHA-512",
                "SCRAM-SHA-256",
                "SCRAM-SHA-1",
                "CRAM-MD5",
                "PLAIN",
                "LOGIN",
            ],
        };
        let password = self.credentials.starts_with("password");
        for name in ways {
            let kind = MechanismKind::from_name(name.as_bytes()).expect("a mechanism");
            let announced = match self.announced {
                Some(set) => set.contains(kind),
                None => !password,
            };
            let scram = name.starts_with("SCRAM");
            let plus = name.ends_with("-PLUS");
            let can = (!scram || self.nonce && self.credentials != "password beyond ASCII")
                && (!plus || self.binding)
                && (self.credentials != "password and another's maildrop"
                    || scram
                    || *name == "PLAIN");
            if announced && can && kind.is_available() {
                return Ok(LoginMethod::Sasl(kind));
            }
        }
        match self.credentials {
            "password" | "password beyond ASCII" => Ok(LoginMethod::UserPass),
            _ => Err(LoginFailure::NothingSuits),
        }
    }
}

/// What the machine wants first.
fn taken(login: &Login<'_>) -> Result<LoginMethod, LoginFailure> {
    match login.next_step() {
        Next::Send(Command::User(_)) => Ok(LoginMethod::UserPass),
        Next::Send(Command::Auth { mechanism, .. }) => {
            let kind = MechanismKind::from_name(mechanism.name().as_bytes());
            Ok(LoginMethod::Sasl(kind.expect("one of ours")))
        }
        Next::Finished(Err(failure)) => Err(failure),
        other => panic!("{other:?}"),
    }
}

const CREDENTIALS: [&str; 6] = [
    "password",
    "password beyond ASCII",
    "password and another's maildrop",
    "token",
    "certificate",
    "anonymous",
];

fn announcements() -> impl Iterator<Item = Option<MechanismSet>> {
    let kinds = MechanismKind::ALL;
    // In debug builds only every 31st: it has no common divisor with the number of sets.
    let sets = (0..1_usize << kinds.len()).step_by(bound(1, 31));
    let set = |bits: usize| {
        let announced = kinds
            .iter()
            .enumerate()
            .filter(move |(at, _)| bits >> at & 1 == 1);
        announced.map(|(_, kind)| *kind).collect::<MechanismSet>()
    };
    sets.map(move |bits| Some(set(bits))).chain([None])
}

#[test]
fn the_strongest_way_that_credentials_connection_and_server_allow() {
    let mut taken_in_all = std::collections::BTreeSet::new();
    for announced in announcements() {
        for credentials in CREDENTIALS {
            for choices in 0..16 {
                let situation = Situation {
                    credentials,
                    tls: choices & 1 > 0,
                    clear_text: choices & 2 > 0,
                    nonce: choices & 4 > 0,
                    binding: choices & 8 > 0,
                    announced,
                };
                let login = Login::new(situation.policy(), situation.credentials());
                let way = taken(&login);
                assert_eq!(way, situation.expected(), "{situation:?}");
                taken_in_all.insert(format!("{way:?}"));
            }
        }
    }
    let available = MechanismKind::ALL.iter().filter(|kind| kind.is_available());
    assert_eq!(
        taken_in_all.len(),
        available.count() + 3,
        "{taken_in_all:?}"
    );
}

/// How much the server, or whoever is in between, learns: the higher, the less.
fn strength(method: LoginMethod) -> u8 {
    match method {
        LoginMethod::Sasl(kind) if kind.binds_channel() => 4,
        LoginMethod::Sasl(kind) if kind.is_scram() => 3,
        LoginMethod::Sasl(MechanismKind::CramMd5) => 2,
        _ => 1,
    }
}

/// What a server may say to AUTH, to a response, to `*`, and to USER and PASS.
const SAYS: [&str; 6] = [
    "+OK\r\n",
    "-ERR\r\n",
    "-ERR [AUTH] no\r\n",
    "+ \r\n",
    "+ PDEuMkBhPg==\r\n",
    "+ !\r\n",
];

struct Conversation<'c> {
    client: Client<1, 64>,
    login: Login<'c>,
    policy: Authentication,
    /// The methods that were begun, and how often the secret went out.
    begun: Vec<LoginMethod>,
    secrets: usize,
    cancelled: bool,
    /// The server has given a reason in a code.
    judged: bool,
}

impl Conversation<'_> {
    /// Sends what is to be sent; `false`: it is over.
    fn speak(&mut self) -> bool {
        let step = self.login.next_step();
        let Next::Send(command) = step else {
            let Next::Finished(result) = step else {
                panic!("{step:?} before anything was said");
            };
            let logged_in = self.client.state() == State::Transaction;
            match result {
                Ok(report) => {
                    assert!(logged_in && !self.cancelled);
                    assert_eq!(Some(&report.used), self.begun.last());
                    // Nobody proves anything here.
                    assert!(!matches!(report.used, LoginMethod::Sasl(kind) if kind.is_scram()));
                }
                Err(LoginFailure::NotProved(_)) => assert!(logged_in != self.cancelled),
                Err(failure) => assert!(!logged_in, "{failure:?}"),
            }
            return false;
        };
        assert!(!self.judged, "{command:?} after a refusal with a code");
        let begins = match command {
            Command::User(_) => Some(LoginMethod::UserPass),
            Command::Auth { mechanism, .. } => {
                let kind = MechanismKind::from_name(mechanism.name().as_bytes());
                kind.map(LoginMethod::Sasl)
            }
            _ => None,
        };
        if let Some(method) = begins.filter(|method| self.begun.last() != Some(method)) {
            if let Some(before) = self.begun.last() {
                let weaker = strength(method) < strength(*before);
                assert!(!weaker, "{method} after {before}");
                let asked = self.policy == Authentication::Auto;
                assert!(asked, "{method} was not asked for");
            }
            self.begun.push(method);
        }
        self.cancelled |= command.kind() == CommandKind::Cancel;
        let mut out = [0; 512];
        let sent = self.client.send(&command, &mut out).expect("allowed");
        let line = String::from_utf8_lossy(&out[..sent.octets]).into_owned();
        let base64 = ["dGFuc3RhYW", "RhbnN0YWFm", "0YW5zdGFhZ"];
        if line.contains("tanstaaf") || base64.iter().any(|part| line.contains(part)) {
            self.secrets += 1;
        }
        // Once as an initial response that is refused for its form, and once in two steps.
        assert!(self.secrets <= 2, "{line}");
        self.login.sent();
        true
    }

    /// The server says this; `false`: it has broken the protocol by it.
    fn hear(&mut self, says: &str) -> bool {
        let mut input = says.as_bytes();
        let Ok(event) = self.client.receive(&mut input) else {
            return false;
        };
        let event = event.expect("a whole line");
        if let Event::Rejected { text, .. } = event {
            self.judged = text.response_code() == Some(ResponseCode::Auth);
        }
        self.login.observe(&event);
        true
    }
}

#[test]
fn no_conversation_leads_where_it_must_not() {
    let mut logged_in = 0;
    let mut fell_back = 0;
    let announced: MechanismSet = MechanismKind::ALL.iter().copied().collect();
    let kinds = MechanismKind::ALL.iter().filter(|kind| kind.is_available());
    let mut policies: Vec<(Authentication, MechanismSet)> = kinds
        .map(|&kind| (Authentication::Mechanism(kind), announced))
        .collect();
    // Each may be the strongest.
    for at in 0..MechanismKind::ALL.len() {
        let weaker = MechanismKind::ALL.iter().take(at).copied().collect();
        policies.push((Authentication::Auto, weaker));
    }
    let length = bound(6, 4);
    for (authentication, announced) in policies {
        for initial_response in [
            InitialResponse::Auto,
            InitialResponse::Never,
            InitialResponse::Always,
        ] {
            for nth in 0..SAYS.len().pow(u32::try_from(length).expect("short")) {
                let token = matches!(
                    authentication,
                    Authentication::Mechanism(MechanismKind::Xoauth2 | MechanismKind::Oauthbearer)
                );
                let situation = Situation {
                    credentials: if token { "token" } else { "password" },
                    tls: true,
                    clear_text: false,
                    nonce: true,
                    binding: true,
                    announced: Some(announced),
                };
                let mut policy = situation.policy().initial_response(initial_response);
                policy.authentication = authentication;
                let mut client = Client::new();
                let greeted = client.receive(&mut &b"+OK\r\n"[..]);
                assert!(greeted.is_ok());
                let mut conversation = Conversation {
                    client,
                    login: Login::new(policy, situation.credentials()),
                    policy: authentication,
                    begun: Vec::new(),
                    secrets: 0,
                    cancelled: false,
                    judged: false,
                };
                let mut says = nth;
                for _ in 0..length {
                    if !conversation.speak() || !conversation.hear(SAYS[says % SAYS.len()]) {
                        break;
                    }
                    says /= SAYS.len();
                }
                logged_in += usize::from(conversation.client.state() == State::Transaction);
                fell_back += usize::from(conversation.begun.len() > 1);
            }
        }
    }
    assert!(
        logged_in > 1_000 && fell_back > 100,
        "{logged_in}, {fell_back}"
    );
}
