//! A POP3 client without std and without an allocator. The server's octets come in on stdin, the commands go out on stdout;
//! it fetches all mail to stderr and deletes it. `../check` plays the server.
//!
//! It links only if no panic can be reached: see [`panic`]. What this program knows and another would not, such as a buffer's
//! length or the configuration, goes through `black_box`, lest the optimiser rules out here what it could not rule out there.
#![no_std]
#![no_main]

use core::ffi::{CStr, c_char, c_int, c_short, c_ulong, c_void};
use core::fmt::{self, Write as _};
use core::hint::black_box;
use core::ops::Range;
use core::panic::PanicInfo;

use pop3_proto::login::{Authentication, Credentials, Login, LoginPolicy, Next, Opening, Security};
use pop3_proto::sasl::{MAX_CHALLENGE, Mechanism as _, MechanismError, Plain};
use pop3_proto::{
    Capability, CapabilityKind, Client, Command, Config, Deadline, Event, MAX_COMMAND,
    MessageNumber, ReceiveError, SendError, Waiting,
};

/// Nobody defines `a_panic_is_reachable`, and the linker drops what is never called: whatever panic the optimiser could not
/// rule out is an error of the linker.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        safe fn a_panic_is_reachable() -> !;
    }
    a_panic_is_reachable()
}

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

/// CAPA, APOP or USER and PASS, CAPA.
fn log_in(
    connection: &mut Connection,
    user: &[u8],
    secret: &[u8],
    apop: bool,
) -> Result<(), Failure> {
    let credentials = Credentials::new(user, secret.into());
    let policy = LoginPolicy::new(black_box(Authentication::ApopThenUserPass)).apop_offered(apop);
    console(format_args!("{credentials:?} {policy:?}"));
    let mut login = Login::new(policy, credentials);
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
        written
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
        let mut stdin = PollFd {
            file: 0,
            events: PollFd::IN,
            happened: 0,
        };
        // SAFETY: a pointer to one `PollFd`, as the count says.
        if unsafe { poll(&mut stdin, 1, left.unwrap_or(c_int::MAX)) } == 0 {
            console(format_args!("nothing comes; {:?}", self.client));
            self.client.abort();
            return Ok(0);
        }
        // SAFETY: `most` is not above the buffer's length.
        let count = unsafe { read(0, self.input.as_mut_ptr().cast(), self.most) };
        let count = usize::try_from(count).map_err(|_| Failure::InputOutput)?;
        self.unread = 0..count;
        Ok(count)
    }
}

/// Writes a message's octets to stderr, and uses what the core says about the other events.
fn look_at(event: &Event<'_>) -> Result<(), Failure> {
    if let Event::Body(octets) = event {
        return put(2, octets);
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

/// Writes a line to stderr.
fn console(line: fmt::Arguments<'_>) {
    struct Stderr;
    impl fmt::Write for Stderr {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            put(2, text.as_bytes()).map_err(|_| fmt::Error)
        }
    }
    if cfg!(feature = "console") {
        let _ = writeln!(Stderr, "{line}");
    }
}

#[repr(C)]
struct PollFd {
    file: c_int,
    events: c_short,
    happened: c_short,
}

impl PollFd {
    const IN: c_short = 1;
}

#[link(name = "c")]
unsafe extern "C" {
    fn poll(files: *mut PollFd, count: c_ulong, milliseconds: c_int) -> c_int;
    fn read(file: c_int, into: *mut c_void, most: usize) -> isize;
    fn write(file: c_int, octets: *const c_void, count: usize) -> isize;
    fn time(into: *mut i64) -> i64;
    fn getenv(name: *const c_char) -> *const c_char;
}

/// Writes all of the octets.
fn put(file: c_int, mut octets: &[u8]) -> Result<(), Failure> {
    while !octets.is_empty() {
        // SAFETY: pointer and length are those of a slice.
        let written = unsafe { write(file, octets.as_ptr().cast(), octets.len()) };
        octets = usize::try_from(written)
            .ok()
            .and_then(|written| octets.get(written..))
            .ok_or(Failure::InputOutput)?;
    }
    Ok(())
}

/// A clock, in milliseconds.
fn now() -> u64 {
    // SAFETY: null is allowed.
    let seconds = unsafe { time(core::ptr::null_mut()) };
    u64::try_from(seconds).unwrap_or(0).saturating_mul(1000)
}

/// A variable of the environment.
fn variable(name: &CStr) -> Option<&'static [u8]> {
    // SAFETY: `getenv` gives null or a string that ends in NUL; it stays, for nobody changes the environment.
    unsafe {
        let value = getenv(name.as_ptr());
        (!value.is_null()).then(|| CStr::from_ptr(value).to_bytes())
    }
}
