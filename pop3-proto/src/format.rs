//! `defmt::Format` by hand, where to derive it would show a secret, or a text as numbers. Everywhere else it is derived, and says
//! what `Debug` says.
//!
//! What is secret, or made from a secret, is not even sent to the host. There is less here than in `Debug`: a mechanism is its
//! name, and a machine is what it wants next.

use defmt::{Format, Formatter, write};

use crate::capability::{CapabilitySet, Mechanisms};
use crate::client::Client;
use crate::command::Command;
use crate::login::{self, Credentials, Opening};
use crate::sasl::{self, Challenge, ChannelBinding, JsonText, Mechanism, MechanismSet, Nonce};
use crate::secret::Secret;
use crate::text::Text;

/// UTF-8 as a string in quotes, anything else as octets (`b"caf\xe9"`). The host escapes what is not safe to print.
impl Format for Text<'_> {
    fn format(&self, f: Formatter<'_>) {
        match self.to_str() {
            Ok(text) => write!(f, "{=str:?}", text),
            Err(_) => write!(f, "{=[u8]:a}", self.as_bytes()),
        }
    }
}

/// Escapes as they were sent.
impl Format for JsonText<'_> {
    fn format(&self, f: Formatter<'_>) {
        Text::new(self.as_bytes()).format(f);
    }
}

impl Format for Secret<'_> {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "***");
    }
}

/// The command and its arguments: `Retr 1`, `User "mrose"`, `Pass ***`.
impl Format for Command<'_> {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "{}", self.kind());
        match *self {
            Self::User(user) => write!(f, " {}", Text::new(user)),
            Self::Pass(secret) => write!(f, " {}", secret),
            Self::Apop { user, secret } => write!(f, " {} {}", Text::new(user), secret),
            Self::Top { message, lines } => write!(f, " {=u32} {=u32}", message.get(), lines),
            Self::Auth {
                mechanism,
                initial_response,
            } => {
                write!(f, " {=str:?}", mechanism.name());
                if initial_response && mechanism.speaks_first() {
                    write!(f, " ***");
                }
            }
            Self::Response(_) => write!(f, " ***"),
            Self::Lang(tag) => write!(f, " {=str:?}", tag),
            _ => {
                if let Some(message) = self.message() {
                    write!(f, " {=u32}", message.get());
                }
            }
        }
    }
}

/// In brackets, as a list is.
fn list<T: Format>(f: Formatter<'_>, items: impl Iterator<Item = T>) {
    write!(f, "[");
    let mut first = true;
    for item in items {
        if !first {
            write!(f, ", ");
        }
        write!(f, "{}", item);
        first = false;
    }
    write!(f, "]");
}

impl Format for CapabilitySet {
    fn format(&self, f: Formatter<'_>) {
        list(f, self.iter());
    }
}

impl Format for Mechanisms<'_> {
    fn format(&self, f: Formatter<'_>) {
        list(f, self.iter());
    }
}

impl Format for MechanismSet {
    fn format(&self, f: Formatter<'_>) {
        list(f, self.iter());
    }
}

impl Format for Challenge<'_> {
    fn format(&self, f: Formatter<'_>) {
        let octets = self.as_base64().len();
        write!(f, "Challenge {{ base64: {=usize}, .. }}", octets);
    }
}

impl Format for ChannelBinding<'_> {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "ChannelBinding {{ kind: {}, .. }}", self.kind);
    }
}

impl Format for Nonce {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "Nonce(***)");
    }
}

impl Format for Credentials<'_> {
    fn format(&self, f: Formatter<'_>) {
        let user = Text::new(self.user());
        write!(f, "Credentials {{ user: {}, .. }}", user);
    }
}

impl Format for sasl::Parameters<'_> {
    fn format(&self, f: Formatter<'_>) {
        write!(
            f,
            "Parameters {{ user: {}, authorization_id: {}, binding: {}, prepared: {=bool}, .. }}",
            Text::new(self.user),
            Text::new(self.authorization_id),
            self.binding,
            self.prepared
        );
    }
}

impl Format for sasl::ResponseWriter<'_> {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "ResponseWriter {{ .. }}");
    }
}

/// For mechanisms. Their names tell the hash, and whether they are bound to TLS.
macro_rules! by_name {
    ($($(#[$feature:meta])? $mechanism:ident,)*) => {$(
        $(#[$feature])?
        impl Format for sasl::$mechanism<'_> {
            fn format(&self, f: Formatter<'_>) {
                write!(f, "{=str:?}", self.name());
            }
        }
    )*};
}

by_name! {
    Exchange,
    Plain,
    Login,
    External,
    Anonymous,
    Xoauth2,
    Oauthbearer,
    #[cfg(feature = "cram-md5")]
    CramMd5,
    #[cfg(feature = "scram-sha-1")]
    ScramSha1,
    #[cfg(feature = "scram-sha-256")]
    ScramSha256,
    #[cfg(feature = "scram-sha-512")]
    ScramSha512,
}

impl<const DEPTH: usize, const LINE: usize> Format for Client<DEPTH, LINE> {
    fn format(&self, f: Formatter<'_>) {
        write!(
            f,
            "Client {{ state: {}, tls: {=bool}, in_flight: {=usize}, waiting_for: {}, .. }}",
            self.state(),
            self.is_tls(),
            self.in_flight(),
            self.waiting_for()
        );
    }
}

impl Format for Opening {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "Opening {{ next: {}, .. }}", self.next_step());
    }
}

impl Format for login::Login<'_> {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "Login {{ next: {}, .. }}", self.next_step());
    }
}
