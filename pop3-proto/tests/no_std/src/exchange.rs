//! One exchange by any mechanism, without std and without an allocator: the challenges come in on stdin, one a line, the responses
//! go out on stdout, all in base64. `../check` plays the server.
//!
//! As in `main.rs`, it links only if no panic can be reached, and `black_box` hides what another program would not know.
#![no_std]
#![no_main]

#[allow(dead_code, reason = "`main.rs` uses the rest of it")]
mod outside;

use core::ffi::c_int;
use core::hint::black_box;

use pop3_proto::sasl::{
    Binding, Challenge, ChannelBinding, ChannelBindingKind, Exchange, JsonText, MAX_CHALLENGE,
    Mechanism as _, MechanismError, MechanismKind, Nonce, OauthFailure, Parameters, ResponseWriter,
};

use outside::{InputOutput, console, put, read, variable};

#[unsafe(no_mangle)]
extern "C" fn main() -> c_int {
    match exchange() {
        Ok(()) => 0,
        Err(failure) => failure as c_int,
    }
}

/// Why an exchange did not go as it should: the exit status.
#[derive(Clone, Copy)]
enum Failure {
    /// The mechanism says so.
    Mechanism = 1,
    InputOutput = 4,
    /// A variable of the environment is missing or wrong.
    Usage = 5,
}

impl From<MechanismError> for Failure {
    fn from(error: MechanismError) -> Self {
        console(format_args!("{error}; {error:?}"));
        Self::Mechanism
    }
}

impl From<InputOutput> for Failure {
    fn from(_: InputOutput) -> Self {
        Self::InputOutput
    }
}

fn exchange() -> Result<(), Failure> {
    let kind = variable(c"MECHANISM")
        .and_then(MechanismKind::from_name)
        .ok_or(Failure::Usage)?;
    let parameters = parameters()?;
    console(format_args!("{kind}, {parameters:?}"));
    let mut exchange = Exchange::new(kind, &parameters)?;
    exchange.check()?;

    let mut input = [0; 2048];
    let mut length = 0;
    loop {
        match read(input.get_mut(length..).unwrap_or_default())? {
            0 => break,
            count => length = length.saturating_add(count),
        }
    }
    let input = input.get(..length).unwrap_or_default();
    if exchange.speaks_first() {
        respond(&exchange)?;
    }
    for line in input.split_inclusive(|octet| *octet == b'\n') {
        let challenge = Challenge::new(line.strip_suffix(b"\n").unwrap_or(line));
        look_at(challenge);
        exchange.take_challenge(challenge)?;
        respond(&exchange)?;
    }
    Ok(exchange.check_success()?)
}

/// What the environment says.
fn parameters() -> Result<Parameters<'static>, Failure> {
    let user = variable(c"POP3_USER").ok_or(Failure::Usage)?;
    let secret = variable(c"POP3_SECRET").ok_or(Failure::Usage)?;
    let binding = match variable(c"CHANNEL") {
        Some(data) => Binding::Bound(ChannelBinding {
            kind: black_box(ChannelBindingKind::TlsExporter),
            data,
        }),
        None => Binding::Unsupported,
    };
    let nonce = match variable(c"NONCE") {
        Some(text) => Nonce::from_text(text).ok_or(Failure::Usage)?,
        None => Nonce::new(black_box([7; Nonce::OCTETS])),
    };
    let mut parameters = Parameters::new(user, secret.into())
        .authorization_id(variable(c"POP3_ID").unwrap_or_default())
        .nonce(nonce)
        .binding(black_box(binding))
        .iterations(black_box(1), black_box(10_000));
    if let Some(host) = variable(c"POP3_HOST") {
        parameters = parameters.server(host, black_box(995));
    }
    if variable(c"PREPARED").is_some() {
        parameters = parameters.prepared();
    }
    Ok(parameters)
}

/// Writes the response that is due.
fn respond(exchange: &Exchange<'_>) -> Result<(), Failure> {
    console(format_args!("{exchange:?}"));
    let mut out = [0; 1024];
    let out = black_box(out.as_mut_slice());
    let length = ResponseWriter::encode(exchange, out).ok_or(Failure::Usage)?;
    put(1, out.get(..length).unwrap_or_default())?;
    Ok(put(1, b"\n")?)
}

/// Reads the challenge as one that says why a token is not taken.
fn look_at(challenge: Challenge<'_>) {
    console(format_args!("{challenge:?}"));
    let mut buffer = [0; MAX_CHALLENGE];
    let Ok(octets) = challenge.decode(black_box(buffer.as_mut_slice())) else {
        return;
    };
    let failure = black_box(OauthFailure::parse(octets));
    console(format_args!("{failure:?}"));
    let look_at = |text: Option<JsonText<'_>>| {
        if let Some(text) = text {
            black_box(text.chars().count());
            console(format_args!("{text}"));
        }
    };
    look_at(failure.status);
    look_at(failure.scope);
    look_at(failure.openid_configuration);
}
