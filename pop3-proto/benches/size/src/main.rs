//! A log-in over a transport that is somewhere else, by the way that the features choose: by none, it is what all of them
//! have in common.

#![no_std]
#![no_main]

use core::hint::black_box;

use pop3_proto::sasl::{Challenge, Mechanism, MechanismError, ResponseWriter};
use pop3_proto::{Client, Command, Event, Secret};

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// Stands for what comes from elsewhere: the compiler cannot know what it is.
fn given() -> &'static [u8] {
    black_box(&[])
}

/// The least that a mechanism can be.
struct Nothing;

impl Mechanism for Nothing {
    fn name(&self) -> &str {
        "NOTHING"
    }

    fn speaks_first(&self) -> bool {
        black_box(true)
    }

    fn take_challenge(&mut self, challenge: Challenge<'_>) -> Result<(), MechanismError> {
        challenge.decode(black_box(&mut [0; 8])).map(|_| ())
    }

    fn write_response(&self, response: &mut ResponseWriter<'_>) {
        response.put(given());
    }

    fn check_success(&self) -> Result<(), MechanismError> {
        black_box(Ok(()))
    }
}

type Session = Client<1, 512>;

/// AUTH, to its end.
fn authenticate(client: &mut Session, mechanism: &mut dyn Mechanism) -> bool {
    let mut out = [0; 512];
    let out = black_box(&mut out);
    let auth = Command::Auth {
        mechanism,
        initial_response: black_box(true),
    };
    if client.send(&auth, out).is_err() {
        return false;
    }
    loop {
        let mut input = given();
        let taken = match client.receive(&mut input) {
            Ok(Some(Event::Challenge { challenge, .. })) => mechanism.take_challenge(challenge),
            Ok(Some(Event::Done { .. })) => return mechanism.check_success().is_ok(),
            _ => return false,
        };
        let answer = match taken {
            Ok(()) => Command::Response(mechanism),
            Err(_) => Command::Cancel,
        };
        if client.send(&answer, out).is_err() {
            return false;
        }
    }
}

#[allow(dead_code, reason = "some of the ways need it")]
fn ask(client: &mut Session, command: &Command<'_>) -> bool {
    let mut input = given();
    client.send(command, black_box(&mut [0; 512])).is_ok()
        && matches!(client.receive(&mut input), Ok(Some(Event::Done { .. })))
}

#[allow(
    unused_variables,
    reason = "without a feature there is nobody to log in"
)]
fn log_in(client: &mut Session) -> bool {
    let (user, secret) = (given(), Secret::new(given()));
    #[cfg(feature = "user-pass")]
    if !ask(client, &Command::User(user)) || !ask(client, &Command::Pass(secret)) {
        return false;
    }
    #[cfg(feature = "apop")]
    if !ask(client, &Command::Apop { user, secret }) {
        return false;
    }
    macro_rules! by {
        ($($feature:literal $mechanism:expr;)*) => {
            $(#[cfg(feature = $feature)]
            if !authenticate(client, &mut { use pop3_proto::sasl::*; $mechanism }) {
                return false;
            })*
        };
    }
    by! {
        "plain" Plain::new(user, secret);
        "login" Login::new(user, secret);
        "external" External::new().authorization_id(user);
        "anonymous" Anonymous::new(user);
        "xoauth2" Xoauth2::new(user, secret);
        "oauthbearer" Oauthbearer::new(user, secret);
        "cram-md5" CramMd5::new(user, secret);
        "scram-sha-1" ScramSha1::new(user, secret, nonce()).binding(binding());
        "scram-sha-256" ScramSha256::new(user, secret, nonce()).binding(binding());
        "scram-sha-512" ScramSha512::new(user, secret, nonce()).binding(binding());
    }
    true
}

#[allow(dead_code, reason = "SCRAM needs it")]
fn nonce() -> pop3_proto::sasl::Nonce {
    pop3_proto::sasl::Nonce::new(black_box([0; 18]))
}

#[allow(dead_code, reason = "SCRAM needs it")]
fn binding() -> pop3_proto::sasl::Binding<'static> {
    use pop3_proto::sasl::{Binding, ChannelBinding, ChannelBindingKind};
    black_box(Binding::Bound(ChannelBinding {
        kind: ChannelBindingKind::TlsExporter,
        data: given(),
    }))
}

#[unsafe(no_mangle)]
extern "C" fn main() -> bool {
    let mut client = Session::new();
    let mut input = given();
    let _ = black_box(client.receive(&mut input));
    black_box(authenticate(&mut client, &mut Nothing)) && log_in(black_box(&mut client))
}
