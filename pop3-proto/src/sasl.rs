//! SASL (RFC 4422) in POP3 (RFC 5034): challenges in, responses out, without an allocator.
//!
//! [`Login`](crate::login::Login) drives a mechanism by itself. By hand it goes like this: send
//! [`Command::Auth`](crate::Command::Auth); show each [`Event::Challenge`](crate::Event::Challenge) to
//! [`Mechanism::take_challenge`] and answer it with [`Command::Response`](crate::Command::Response), or, if that fails, with
//! [`Command::Cancel`](crate::Command::Cancel); and when the server says `+OK`, believe it only if
//! [`Mechanism::check_success`] does.
//!
//! ```
//! use pop3_proto::sasl::{Mechanism, Plain};
//! use pop3_proto::{Client, Command, Event};
//!
//! let mut client: Client = Client::new();
//! client.receive(&mut &b"+OK ready\r\n"[..])?;
//! let plain = Plain::new(b"tim", "tanstaaftanstaaf".into());
//! let mut out = [0; 255];
//! let auth = Command::Auth { mechanism: &plain, initial_response: true };
//! let sent = client.send(&auth, &mut out)?;
//! assert_eq!(&out[..sent.octets], b"AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n");
//!
//! let done = client.receive(&mut &b"+OK\r\n"[..])?;
//! assert!(matches!(done, Some(Event::Done { .. })));
//! plain.check_success()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod anonymous;
mod base64;
mod binding;
mod challenge;
#[cfg(feature = "cram-md5")]
mod cram_md5;
mod exchange;
mod external;
#[cfg(any(
    feature = "cram-md5",
    feature = "scram-sha-1",
    feature = "scram-sha-256",
    feature = "scram-sha-512"
))]
mod hmac;
mod kind;
mod login;
mod nonce;
mod oauth;
mod plain;
mod response;
mod saslname;
#[cfg(any(
    feature = "scram-sha-1",
    feature = "scram-sha-256",
    feature = "scram-sha-512"
))]
mod scram;

use core::fmt;

pub use anonymous::Anonymous;
pub use binding::{Binding, ChannelBinding, ChannelBindingKind};
pub use challenge::Challenge;
#[cfg(feature = "cram-md5")]
pub use cram_md5::CramMd5;
pub use exchange::{Exchange, Parameters};
pub use external::External;
pub use kind::{MechanismKind, MechanismSet};
pub use login::Login;
pub use nonce::Nonce;
pub use oauth::{JsonText, OauthFailure, Oauthbearer, Xoauth2};
pub use plain::Plain;
pub use response::ResponseWriter;
pub(crate) use response::{length, write};
#[cfg(any(
    feature = "scram-sha-1",
    feature = "scram-sha-256",
    feature = "scram-sha-512"
))]
pub use scram::*;

use crate::text::Text;

/// The longest challenge that the mechanisms of this crate take, in octets before base64: what fits into a reply line
/// of [`MAX_LINE`](crate::MAX_LINE) octets. A longer one cancels the exchange.
pub const MAX_CHALLENGE: usize = 384;

/// The fewest rounds of hashing that a server may ask for in SCRAM, if nothing else is set (RFC 7677 section 4). With fewer,
/// whoever overhears the exchange tries passwords faster.
pub const MIN_ITERATIONS: u32 = 4_096;

/// The most rounds of hashing that a server may ask for in SCRAM, if nothing else is set. A round is two blocks of hashing,
/// and nothing interrupts them: without a bound, a server could keep a client busy for hours.
///
/// One million is more than servers are advised to ask for, and takes a PC about a second. A small microcontroller, which
/// needs some ten thousand cycles for a round with SHA-256, would be busy for minutes: set a bound there that goes with its
/// clock and with its watchdog. 4 096 rounds are about half a second at 72 MHz.
pub const MAX_ITERATIONS: u32 = 1_000_000;

/// One side of a SASL exchange: the client's.
///
/// The mechanisms of this crate are of this trait, and so are an embedder's own (GSSAPI, NTLM). All octets here are those
/// before base64.
pub trait Mechanism: Send + Sync {
    /// Its name, as it is announced and as it is sent: 1 to 20 upper-case letters, digits, hyphens and underscores
    /// (RFC 4422 section 3.1).
    fn name(&self) -> &str;

    /// Whether the client speaks first. Then the first response may go with the command, and the first challenge, if there
    /// is one, is only the server's leave to speak: it is not shown to [`take_challenge`](Self::take_challenge).
    fn speaks_first(&self) -> bool;

    /// Whether it can say at all what it was made of. It is asked before [`Command::Auth`](crate::Command::Auth) is encoded,
    /// so that nothing has been sent if not.
    ///
    /// # Errors
    ///
    /// [`MechanismError::InvalidArgument`], [`MechanismError::NotPrepared`], or what else the mechanism finds wrong.
    fn check(&self) -> Result<(), MechanismError> {
        Ok(())
    }

    /// Takes the server's challenge, and gets the response to it ready.
    ///
    /// # Errors
    ///
    /// The exchange cannot go on, and is to be cancelled.
    fn take_challenge(&mut self, challenge: Challenge<'_>) -> Result<(), MechanismError>;

    /// Writes the response that is due. Writing it changes nothing, and it is written twice: once to find out how long it
    /// is, and once into the output buffer.
    fn write_response(&self, response: &mut ResponseWriter<'_>);

    /// The server says that the log-in has succeeded: is that to be believed? A mechanism in which the server proves who it
    /// is says no before it has.
    ///
    /// # Errors
    ///
    /// It is not, and the session must not be used.
    fn check_success(&self) -> Result<(), MechanismError>;
}

/// Why an exchange cannot go on, or must not be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum MechanismError {
    /// The challenge is not base64 (RFC 4648 section 4, padding included).
    NotBase64,
    /// The challenge is longer than [`MAX_CHALLENGE`], or than the line that the client keeps.
    TooLong,
    /// The challenge is not what the mechanism's RFC says, or it is one too many.
    Malformed,
    /// The server's nonce does not begin with the client's (RFC 5802 section 5.1): the answer is to another exchange.
    WrongNonce,
    /// The server wants fewer rounds of hashing than is safe, or more than the client is willing to do.
    Iterations {
        /// What the server wants.
        wanted: u32,
        /// The bound that it breaks.
        bound: u32,
    },
    /// The server's own proof is wrong: it does not know the password, so it is not the server that it pretends to be.
    WrongServerSignature,
    /// The server says that the log-in has succeeded before it has proved that it knows the password, or before the
    /// exchange is complete.
    NotProved,
    /// The server ended the exchange with an error of the mechanism's own (`e=` of RFC 5802 section 7).
    ServerError,
    /// The user name or the password is not ASCII, and has not been prepared (SASLprep, RFC 4013).
    NotPrepared,
    /// A user name, a secret, an authorization identity or a channel binding that the mechanism cannot carry: one that is
    /// empty, that has octets in it which mean something else there, or that has no place there at all.
    InvalidArgument,
    /// What the mechanism needs is missing: a nonce, or the channel binding of TLS.
    Missing,
    /// The crate was built without the feature that the mechanism needs.
    NotAvailable,
    /// A mechanism of the embedder's own says why itself.
    Other(Text<'static>),
}

impl fmt::Display for MechanismError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBase64 => f.write_str("the server's challenge is not base64"),
            Self::TooLong => f.write_str("the server's challenge is too long"),
            Self::Malformed => f.write_str("the server's challenge does not go with the mechanism"),
            Self::WrongNonce => f.write_str("the server answers another nonce than the client's"),
            Self::Iterations { wanted, bound } if wanted < bound => write!(
                f,
                "the server wants {wanted} rounds of hashing, and fewer than {bound} are not safe"
            ),
            Self::Iterations { wanted, bound } => write!(
                f,
                "the server wants {wanted} rounds of hashing, and more than {bound} are not allowed"
            ),
            Self::WrongServerSignature => {
                f.write_str("the server could not prove that it knows the password")
            }
            Self::NotProved => f.write_str(
                "the server claims success before it has proved that it knows the password",
            ),
            Self::ServerError => f.write_str("the server ended the exchange with an error"),
            Self::NotPrepared => f.write_str(
                "a user name or a password that is not ASCII must be prepared (SASLprep) first",
            ),
            Self::Missing => {
                f.write_str("the mechanism needs a nonce or a channel binding that was not given")
            }
            Self::InvalidArgument => {
                f.write_str("the mechanism cannot carry this user name, secret or identity")
            }
            Self::NotAvailable => f.write_str("the mechanism was not built in"),
            Self::Other(reason) => write!(f, "{reason}"),
        }
    }
}

impl core::error::Error for MechanismError {}
