//! A POP3 client without std and without an allocator. The server's octets come in on stdin, the commands go out on stdout;
//! it fetches all mail to stderr and deletes it. `../check` plays the server.
//!
//! It links only if no panic can be reached: see `outside.rs`. What this program knows and another would not, such as a buffer's
//! length or the configuration, goes through `black_box`, lest the optimiser rules out here what it could not rule out there.
#![no_std]
#![no_main]

mod outside;

use core::ffi::c_int;
use core::hint::black_box;
use core::ops::Range;

use pop3_proto::login::{Authentication, Credentials, Login, LoginPolicy, Next, Opening, Security};
use pop3_proto::sasl::{
    ChannelBinding, ChannelBindingKind, MAX_CHALLENGE, Mechanism as _, MechanismError, Nonce, Plain,
};
use pop3_proto::{
    Capability, CapabilityKind, Client, Command, CommandKind, Config, Deadline, Event, MAX_COMMAND,
    MessageNumber, ReceiveError, SendError, Waiting,
};

use outside::{InputOutput, console, now, put, read, variable, wait};

#[unsafe(no_mangle)]
extern "C" fn main() -> c_int {
    match session(&mut Connection::new()) {
        Ok(()) => 0,
        Err(failure) => failure as c_int,
    }
}

/// Why a session did not go as it should: the exit status.
#[derive(Clone, Copy)]
enum Failure {
    /// The server broke the protocol, or fell silent.
    Receive = 1,
    /// A command could not be sent.
    Send = 2,
    /// The server refused something.
    Refused = 3,
    InputOutput = 4,
    /// A variable of the environment is missing.
    Usage = 5,
}

impl From<ReceiveError> for Failure {
    fn from(error: ReceiveError) -> Self {
        console(format_args!("{error}; {error:?}"));
        Self::Receive
    }
}

impl From<SendError> for Failure {
    fn from(error: SendError) -> Self {
        console(format_args!("{error}; {error:?}"));
        Self::Send
    }
}

impl From<InputOutput> for Failure {
    fn from(_: InputOutput) -> Self {
        Self::InputOutput
    }
}

impl From<MechanismError> for Failure {
    fn from(error: MechanismError) -> Self {
        console(format_args!("{error}; {error:?}"));
        Self::Receive
    }
}

fn session(connection: &mut Connection) -> Result<(), Failure> {
    let security = match variable(c"SECURITY") {
        Some(b"TLS") => Security::ImplicitTls,
        Some(b"STLS") => Security::StartTls,
        _ => Security::ClearText,
    };
    let mut opening = Opening::new(security);
    loop {
        match opening.next_step() {
            Next::Send(command) => {
                connection.send(&command)?;
                opening.sent();
            }
            Next::Receive => connection.receive(|event| opening.observe(event))?,
            // This is the place for the handshake.
            Next::StartTls => {
                connection.client.tls_established()?;
                opening.tls_established();
            }
            Next::Finished(Ok(())) => break,
            Next::Finished(Err(failure)) => {
                console(format_args!("{security}: {failure}; {failure:?}"));
                return Err(Failure::Refused);
            }
        }
    }

    let user = variable(c"POP3_USER").ok_or(Failure::Usage)?;
    let secret = variable(c"POP3_SECRET").ok_or(Failure::Usage)?;
    match variable(c"SASL") {
        Some(how) => authenticate(connection, user, secret, how == b"AT ONCE")?,
        None => log_in(connection, user, secret, opening.offers_apop())?,
    }
    fetch_all(connection)
}

/// AUTH PLAIN, by hand: `at_once`, without waiting for the server's leave to speak.
fn authenticate(
    connection: &mut Connection,
    user: &[u8],
    secret: &[u8],
    at_once: bool,
) -> Result<(), Failure> {
    let plain = Plain::new(user, secret.into());
    console(format_args!("{plain:?}"));
    connection.send(&Command::Auth {
        mechanism: &plain,
        initial_response: at_once,
    })?;
    loop {
        let mut answer = Err(Failure::Refused);
        connection.receive(|event| match event {
            Event::Done { .. } => answer = Ok(None),
            Event::Challenge { challenge, .. } => {
                let mut buffer = [0; MAX_CHALLENGE];
                let challenge = challenge.decode(black_box(buffer.as_mut_slice()));
                answer = Ok(Some(challenge.map(|octets| {
                    black_box(octets);
                })));
            }
            _ => {}
        })?;
        match answer? {
            None => return plain.check_success().map_err(Failure::from),
            Some(Ok(())) => connection.send(&Command::Response(&plain))?,
            Some(Err(error)) => {
                console(format_args!("{error}; {error:?}"));
                connection.send(&Command::Cancel)?;
            }
        }
    }
}

/// CAPA, then APOP or USER and PASS, or the strongest that both sides can do, then CAPA.
fn log_in(
    connection: &mut Connection,
    user: &[u8],
    secret: &[u8],
    apop: bool,
) -> Result<(), Failure> {
    let how = match variable(c"AUTHENTICATION") {
        Some(b"AUTO") => Authentication::Auto,
        _ if CommandKind::Apop.is_available() => Authentication::ApopThenUserPass,
        _ => Authentication::UserPass,
    };
    let mut credentials = Credentials::new(user, secret.into());
    let mut policy = LoginPolicy::new(black_box(how))
        .apop_offered(apop)
        .tls(connection.client.is_tls())
        .clear_text(black_box(true));
    if let Some(nonce) = variable(c"NONCE") {
        policy = policy.nonce(Nonce::from_text(nonce).ok_or(Failure::Usage)?);
    }
    if let Some(data) = variable(c"CHANNEL") {
        let kind = black_box(ChannelBindingKind::TlsExporter);
        policy = policy.channel_binding(Some(ChannelBinding { kind, data }));
    }
    if let Some(prepared) = variable(c"PREPARED") {
        credentials = credentials.prepared(prepared, secret.into());
    }
    console(format_args!("{credentials:?} {policy:?}"));
    let mut login = Login::new(policy, credentials);
    console(format_args!("{login:?}"));
    loop {
        match login.next_step() {
            Next::Send(command) => {
                connection.send(&command)?;
                login.sent();
            }
            Next::Receive => connection.receive(|event| login.observe(event))?,
            Next::StartTls => return Err(Failure::Usage),
            Next::Finished(Ok(report)) => {
                console(format_args!("logged in by {report}; {report:?}"));
                return Ok(());
            }
            Next::Finished(Err(failure)) => {
                console(format_args!("{failure}; {failure:?}"));
                return Err(Failure::Refused);
            }
        }
    }
}

/// Fetches all mail, deletes it, and ends the session.
fn fetch_all(connection: &mut Connection) -> Result<(), Failure> {
    let mut messages = 0;
    connection.send(&Command::Stat)?;
    connection.receive(|event| {
        if let Event::Stat {
            messages: count, ..
        } = event
        {
            messages = *count;
        }
    })?;
    for command in [Command::List, Command::Uidl, Command::Noop, Command::Rset] {
        connection.queue(&command)?;
    }
    for message in MessageNumber::up_to(messages) {
        let lines = message.get();
        connection.queue(&Command::ListOne(message))?;
        connection.queue(&Command::UidlOne(message))?;
        connection.queue(&Command::Top { message, lines })?;
        connection.queue(&Command::Retr(message))?;
        connection.queue(&Command::Dele(message))?;
    }
    connection.queue(&Command::Quit)?;
    while connection.client.in_flight() > 0 {
        connection.receive_success()?;
    }
    connection.end()
}

/// A client, and what its octets go through.
struct Connection {
    client: Client,
    input: [u8; 64],
    /// What of `input` the client has not taken yet.
    unread: Range<usize>,
    /// How many octets to read at once.
    most: usize,
    /// How long to wait for octets, in milliseconds.
    patience: u64,
}

impl Connection {
    fn new() -> Self {
        Self {
            client: Client::with_config(black_box(Config::new())),
            input: [0; 64],
            unread: 0..0,
            most: if variable(c"OCTET_BY_OCTET").is_some() {
                1
            } else {
                64
            },
            patience: if variable(c"IMPATIENT").is_some() {
                100
            } else {
                600_000
            },
        }
    }

    fn send(&mut self, command: &Command<'_>) -> Result<(), Failure> {
        console(format_args!("C: {command}; {command:?}"));
        let mut out = [0; MAX_COMMAND];
        let sent = self.client.send(command, black_box(out.as_mut_slice()))?;
        let written = put(1, out.get(..sent.octets).unwrap_or_default());
        // It may have had a secret in it.
        black_box(&mut out).fill(0);
        Ok(written?)
    }

    /// Sends the command as soon as the client allows it: at once, if the server announced PIPELINING.
    fn queue(&mut self, command: &Command<'_>) -> Result<(), Failure> {
        while let Err(SendError::Awaiting(_) | SendError::PipelineFull) =
            self.client.check(command.kind())
        {
            self.receive_success()?;
        }
        self.send(command)
    }

    /// Receives an event, and shows it to `observe`.
    fn receive(&mut self, observe: impl FnOnce(&Event<'_>)) -> Result<(), Failure> {
        loop {
            if self.unread.is_empty() && self.read()? == 0 {
                self.client.receive_eof()?;
                return Err(Failure::Refused);
            }
            let mut input = black_box(self.input.get(self.unread.clone()).unwrap_or_default());
            if cfg!(feature = "planted") {
                let first = input.first().map_or(0, |octet| usize::from(*octet));
                black_box([0; 128][first]);
            }
            let event = self.client.receive(&mut input)?;
            self.unread.start = self.unread.end.saturating_sub(input.len());
            if let Some(event) = event {
                look_at(&event)?;
                observe(&event);
                return Ok(());
            }
        }
    }

    /// Receives an event, which must be no refusal.
    fn receive_success(&mut self) -> Result<(), Failure> {
        let mut success = true;
        self.receive(|event| {
            success = !matches!(
                event,
                Event::Rejected { .. } | Event::Farewell { .. } | Event::Unparsed { .. }
            );
        })?;
        if success {
            Ok(())
        } else {
            Err(Failure::Refused)
        }
    }

    /// After QUIT: waits until the server closes the connection.
    fn end(&mut self) -> Result<(), Failure> {
        while self.read()? > 0 {}
        let top = self.client.support(black_box(CapabilityKind::Top));
        black_box(top);
        console(format_args!("{}; {top:?}", self.client.state()));
        Ok(self.client.receive_eof()?)
    }

    /// Reads some octets; 0 is the end, also when the server fell silent.
    fn read(&mut self) -> Result<usize, Failure> {
        let patience = match self.client.waiting_for() {
            Some(Waiting::Greeting | Waiting::Tls) => Some(self.patience / 10),
            _ => Some(self.patience),
        };
        let deadline = Deadline::after(now(), patience);
        let left = deadline
            .remaining(now())
            .and_then(|left| c_int::try_from(left).ok());
        if !wait(left.unwrap_or(c_int::MAX)) {
            console(format_args!("nothing comes; {:?}", self.client));
            self.client.abort();
            return Ok(0);
        }
        let count = read(self.input.get_mut(..self.most).unwrap_or_default())?;
        self.unread = 0..count;
        Ok(count)
    }
}

/// Writes a message's octets to stderr, and uses what the core says about the other events.
fn look_at(event: &Event<'_>) -> Result<(), Failure> {
    if let Event::Body(octets) = event {
        return Ok(put(2, octets)?);
    }
    console(format_args!("S: {event:?}"));
    black_box((event, event.request(), event.completes()));
    match *event {
        Event::Rejected { text, .. } | Event::Farewell { text } => {
            let code = text.response_code();
            let cause = black_box(text).likely_cause();
            black_box(cause);
            console(format_args!("{text}; {code:?}; {cause:?}"));
        }
        Event::UniqueId {
            unique_id: Some(unique_id),
            ..
        } => {
            let compliant = unique_id.is_compliant();
            console(format_args!("{unique_id}; {compliant}"));
        }
        Event::Capability { capability, .. } => {
            if let Capability::Sasl(mechanisms) = capability {
                black_box(mechanisms.contains(black_box("PLAIN")));
            }
            if let Some(kind) = capability.kind() {
                console(format_args!("{kind}"));
            }
        }
        _ => {}
    }
    Ok(())
}
