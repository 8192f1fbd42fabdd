//! Values of each type. Where `Format` is derived as `Debug` is, both are logged, one a line, for the test to compare; where it
//! is written by hand, the test knows what it is to say.

use defmt::Debug2Format;
use pop3_smoltcp::pop3_proto::login::{
    ApopOutcome, Authentication, Credentials, InitialResponse, Login, LoginFailure, LoginMethod,
    LoginPolicy, Next, Offer, Opening, OpeningFailure, Security,
};
use pop3_smoltcp::pop3_proto::sasl::{
    Anonymous, Binding, Challenge, ChannelBindingKind, CramMd5, Exchange, External,
    Login as SaslLogin, MechanismError, MechanismKind, MechanismSet, OauthFailure, Oauthbearer,
    Parameters, Plain, ScramSha1, ScramSha256, ScramSha512, Xoauth2,
};
use pop3_smoltcp::pop3_proto::{
    Capability, CapabilityKind, Client, Command, CommandKind, Config, Deadline, Event, Foreign,
    LikelyCause, LineEnds, Mechanisms, MessageNumber, Pipelining, ReceiveError, Request,
    ResponseCode, Secret, SendError, State, Support, Text, UniqueId, Waiting,
};
use pop3_smoltcp::{Driver, Error, Phase, Session, Step, Timeouts, WayIn};

use crate::Secrets;

/// Logs each value by its `Format`, and in a second line by its `Debug`.
macro_rules! by_both {
    ($($value:expr,)*) => {$(
        match &$value {
            value => defmt::println!("{}\n{}", value, Debug2Format(value)),
        }
    )*};
}

/// Logs each value by its `Format`.
macro_rules! by_format {
    ($($value:expr,)*) => {$(
        defmt::println!("{}", $value);
    )*};
}

const REQUEST: Request = Request {
    kind: CommandKind::Retr,
    message: MessageNumber::new(7),
};
const QUIT: Request = Request {
    kind: CommandKind::Quit,
    message: None,
};
const TEXT: Text<'_> = Text::new(b"[IN-USE] \"caf\xc3\xa9\" \\ \x1b[2J\r");

pub(crate) fn log(secrets: &Secrets<'_>) {
    texts();
    events();
    capabilities();
    commands(secrets.password.into());
    settings();
    errors();
    log_ins(secrets);
    mechanisms(secrets);
    machines(secrets.password.into());
}

fn texts() {
    by_both! {
        TEXT,
        Text::default(),
        UniqueId::new(b"whqtswO00WBw418f9t5JxYwZ"),
        TEXT.response_code(),
        Text::new(b"[X-OWN/A b] no").response_code(),
        ResponseCode::LoginDelay,
        ResponseCode::SystemTemporary,
        ResponseCode::SystemPermanent,
        ResponseCode::Auth,
        ResponseCode::Utf8,
        Text::new(b"maildrop in use").likely_cause(),
        LikelyCause::TooManyConnections,
        LikelyCause::Temporary,
    }
    by_format! {
        // Latin-1.
        Text::new(b"caf\xe9 \x1b[2J \"\\"),
        // Each of these makes a line read as another.
        Text::new("\u{202e}\u{200b}\u{ad}\u{2028}\u{feff}\u{e0041}\u{85}".as_bytes()),
        UniqueId::new(b"\xff"),
    }
}

fn events() {
    let (request, message) = (REQUEST, MessageNumber::FIRST);
    by_both! {
        Event::Greeting { text: TEXT, apop: true },
        Event::Done { request: QUIT, text: TEXT },
        Event::Rejected { request, text: TEXT },
        Event::Stat { request, messages: 2, octets: Some(320) },
        Event::Stat { request, messages: u32::MAX, octets: None },
        Event::Listing { request, message, octets: u64::MAX },
        Event::UniqueId { request, message, unique_id: Some(UniqueId::new(b"a")) },
        Event::UniqueId { request, message, unique_id: None },
        Event::Capability { request, capability: Capability::Implementation(TEXT) },
        Event::Language { request, tag: Text::new(b"fr"), name: Text::new("français".as_bytes()) },
        Event::Unparsed { request, line: TEXT },
        Event::Begin { request, text: TEXT },
        Event::Body(b"a\r\n"),
        Event::End { request },
        Event::StartTls { request, text: TEXT },
        Event::Farewell { text: TEXT },
    }
    by_format! {
        Event::Challenge { request, challenge: Challenge::new(b"aHVudGVyMi1tYXJrZXI=") },
    }
}

fn capabilities() {
    by_both! {
        Capability::Top,
        Capability::User,
        Capability::Sasl(Mechanisms::new(b"PLAIN  X-\x1b LOGIN")),
        Capability::Sasl(Mechanisms::new(b"")),
        Capability::RespCodes,
        Capability::AuthRespCode,
        Capability::LoginDelay { seconds: 900, per_user: true },
        Capability::Pipelining,
        Capability::Expire { days: None, per_user: false },
        Capability::Expire { days: Some(60), per_user: false },
        Capability::Uidl,
        Capability::Stls,
        Capability::Utf8 { user: true },
        Capability::Lang,
        Capability::Other { tag: Text::new(b"X"), arguments: TEXT },
        CapabilityKind::RespCodes,
        Support::Proved,
        Support::Announced,
        Support::NotAnnounced,
        Support::Unknown,
        Support::Refused,
    }
    let mut client: Client = Client::new();
    for mut line in [
        &b"+OK\r\n"[..],
        b"+OK\r\n",
        b"TOP\r\n",
        b"UIDL\r\n",
        b".\r\n",
    ] {
        let _ = client.send(&Command::Capa, &mut [0; 6]);
        let _ = client.receive(&mut line);
    }
    by_format! {
        client.capabilities(),
    }
}

fn commands(secret: Secret<'_>) {
    let message = MessageNumber::FIRST;
    let plain = Plain::new(b"mrose", secret);
    let auth = |initial_response| Command::Auth {
        mechanism: &plain,
        initial_response,
    };
    by_both! {
        message,
        REQUEST,
        QUIT,
    }
    for &kind in CommandKind::ALL {
        by_both! { kind, }
    }
    by_format! {
        Command::User(b"mrose\x1b"),
        Command::Pass(secret),
        Command::Apop { user: b"mrose", secret, },
        Command::Stat,
        Command::ListOne(message),
        Command::Retr(message),
        Command::Top { message, lines: 3 },
        auth(true),
        auth(false),
        Command::Response(&plain),
        Command::Cancel,
        Command::Lang("e\x1bn"),
    }
    let mut client: Client = Client::new();
    let _ = client.receive(&mut &b"+OK\r\n"[..]);
    by_both! {
        client.send(&Command::Capa, &mut [0; 6]),
    }
}

fn settings() {
    by_both! {
        Config::new(),
        Config::new().line_ends(LineEnds::Lenient).pipelining(Pipelining::Off).blank_lines(1),
        Pipelining::Always,
        Deadline::NEVER,
        Deadline::after(u64::MAX, Some(1)),
        Timeouts::new(),
        State::Greeting,
        State::Authorization,
        State::StartTls,
        State::Transaction,
        State::Quitting,
        State::Closed,
        State::Failed,
        Waiting::Greeting,
        Waiting::Reply(REQUEST),
        Waiting::Rest(QUIT),
        Waiting::Tls,
    }
}

fn errors() {
    let receive = ReceiveError::Eof {
        waiting: Some(Waiting::Tls),
    };
    by_both! {
        SendError::WrongState { command: CommandKind::Stat, state: State::Greeting },
        SendError::Failed(receive),
        SendError::UserFirst,
        SendError::AlreadyTls,
        SendError::StlsAfterUtf8,
        SendError::NoChallenge,
        SendError::NoTimestamp,
        SendError::Awaiting(REQUEST),
        SendError::PipelineFull,
        SendError::BufferTooSmall { needed: 12 },
        SendError::InvalidArgument(CommandKind::Pass),
        ReceiveError::NotPop3(Foreign::Smtp),
        ReceiveError::NotPop3(Foreign::Imap),
        ReceiveError::NotAReply { request: None },
        ReceiveError::NulInReply,
        ReceiveError::Unsolicited,
        ReceiveError::CancelAccepted,
        ReceiveError::PlaintextAfterStls,
        ReceiveError::Aborted { waiting: None },
        MechanismError::NotBase64,
        MechanismError::TooLong,
        MechanismError::Malformed,
        MechanismError::WrongNonce,
        MechanismError::Iterations { wanted: 1, bound: 4096 },
        MechanismError::WrongServerSignature,
        MechanismError::NotProved,
        MechanismError::ServerError,
        MechanismError::NotPrepared,
        MechanismError::InvalidArgument,
        MechanismError::Missing,
        MechanismError::NotAvailable,
        MechanismError::Other(TEXT_OF_ITS_OWN),
        Error::Send(SendError::Mechanism(MechanismError::Missing)),
        Error::Receive(receive),
        Error::TimedOut(Phase::Reply(REQUEST)),
        Error::NoConnection,
        Error::NotConnected,
        Error::Opening(OpeningFailure::StlsRefused),
        Error::LogIn(LoginFailure::Cancelled(MechanismError::TooLong)),
        Error::TlsNeeded,
        Phase::Connect,
        Phase::Greeting,
        Phase::Tls,
        Phase::LogIn,
        Phase::Send,
        Phase::Rest(REQUEST),
        Phase::Quit,
    }
}

const TEXT_OF_ITS_OWN: Text<'static> = Text::new(b"no ticket");

fn log_ins(secrets: &Secrets<'_>) {
    let password = secrets.password.into();
    by_both! {
        Security::ImplicitTls,
        Security::StartTls,
        Security::StartTlsIfAvailable,
        Security::ClearText,
        OpeningFailure::Dismissed,
        OpeningFailure::StlsVanished,
        Authentication::Auto,
        Authentication::Mechanism(MechanismKind::ScramSha256Plus),
        Authentication::UserPass,
        Authentication::ApopOnly,
        Authentication::ApopThenUserPass,
        InitialResponse::Auto,
        InitialResponse::Never,
        InitialResponse::Always,
        LoginFailure::Refused(CommandKind::Pass),
        LoginFailure::ApopNotOffered,
        LoginFailure::NothingSuits,
        LoginFailure::WrongCredentials,
        LoginFailure::Unprotected,
        LoginFailure::NotProved(MechanismError::NotProved),
        LoginFailure::Dismissed,
        LoginFailure::AlreadyBegun,
        LoginMethod::UserPass,
        LoginMethod::Apop,
        LoginMethod::Sasl(MechanismKind::CramMd5),
        LoginMethod::Own,
        ApopOutcome::NotTried,
        ApopOutcome::NotOffered,
        ApopOutcome::Refused,
        ApopOutcome::Accepted,
        LoginPolicy::new(Authentication::Auto)
            .nonce(secrets.nonce())
            .channel_binding(Some(secrets.binding())),
        Next::<()>::Receive,
        Next::<()>::StartTls,
        Next::Finished(1),
        Step::Receive,
        Step::StartTls,
    }
    let mut offer = Offer::default();
    offer.note(&Capability::Sasl(Mechanisms::new(b"LOGIN PLAIN X-OWN")));
    by_format! {
        Next::<()>::Send(Command::Pass(password)),
        offer,
        Credentials::new(b"mrose", password).authorization_id(b"tim"),
        Credentials::token(b"mrose", secrets.token.into()),
    }
}

fn mechanisms(secrets: &Secrets<'_>) {
    let (user, secret) = (b"mrose", secrets.password.into());
    let (nonce, binding) = (secrets.nonce(), Binding::Bound(secrets.binding()));
    for &kind in MechanismKind::ALL {
        by_both! { kind, }
    }
    by_both! {
        Binding::Unsupported,
        Binding::NotOffered,
        binding,
        secrets.binding(),
        ChannelBindingKind::TlsServerEndPoint,
        nonce,
        OauthFailure::parse(b"{\"status\":\"401\",\"scope\":\"caf\xc3\xa9\"}"),
    }
    let parameters = Parameters::new(user, secret).nonce(nonce).binding(binding);
    by_format! {
        OauthFailure::parse(br#"{"openid-configuration":"\u001b[2J"}"#),
        [MechanismKind::Plain].into_iter().collect::<MechanismSet>(),
        MechanismSet::default(),
        secret,
        Challenge::new(secrets.password.as_bytes()),
        parameters,
        Plain::new(user, secret),
        SaslLogin::new(user, secret),
        External::new(),
        Anonymous::new(b"trace"),
        Xoauth2::new(user, secrets.token.into()),
        Oauthbearer::new(user, secrets.token.into()),
        CramMd5::new(user, secret),
        ScramSha1::new(user, secret, nonce),
        ScramSha256::new(user, secret, nonce).binding(binding),
        ScramSha512::new(user, secret, nonce),
        Exchange::new(MechanismKind::Plain, &parameters),
    }
}

fn machines(secret: Secret<'_>) {
    let credentials = Credentials::new(b"mrose", secret);
    let policy = LoginPolicy::new(Authentication::UserPass);
    by_format! {
        Client::<1, 64>::new(),
        Opening::new(Security::ClearText),
        Login::new(policy, credentials),
        Login::new(policy.ask_capabilities(false), credentials),
        Session::<1, 64>::default(),
        Driver::<1, 64, 255>::default(),
        WayIn::new(Security::ImplicitTls, policy, credentials),
    }
}
