//! What came of a log-in.

use core::fmt;

use crate::capability::{Capability, CapabilitySet};
use crate::command::CommandKind;
use crate::sasl::{ChannelBindingKind, MechanismError, MechanismKind, MechanismSet};

/// What a server announced in answer to CAPA, as far as it is known by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Offer {
    /// Its capabilities.
    pub capabilities: CapabilitySet,
    /// Its SASL mechanisms.
    pub mechanisms: MechanismSet,
}

impl Offer {
    /// Adds a line of the answer.
    pub fn note(&mut self, capability: &Capability<'_>) {
        self.capabilities.insert(capability.kind());
        if let Capability::Sasl(mechanisms) = capability {
            self.mechanisms = (*mechanisms).into();
        }
    }
}

/// How the log-in came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct LoginReport {
    /// What the server accepted.
    pub used: LoginMethod,
    /// Whether it went through TLS.
    pub tls: bool,
    /// What bound it to the TLS connection, if it was bound.
    pub channel_binding: Option<ChannelBindingKind>,
    /// What became of APOP.
    pub apop: ApopOutcome,
    /// What the server had announced before. `None`: it was not asked, or refused to say.
    pub offered: Option<Offer>,
}

/// What a server accepted for a log-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum LoginMethod {
    /// USER and PASS.
    UserPass,
    /// APOP.
    Apop,
    /// AUTH with this mechanism.
    Sasl(MechanismKind),
    /// AUTH with a mechanism of the embedder's own.
    Own,
}

impl fmt::Display for LoginMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::UserPass => "USER/PASS",
            Self::Apop => "APOP",
            Self::Sasl(kind) => kind.name(),
            Self::Own => "a mechanism of its own",
        })
    }
}

/// What became of APOP in a log-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ApopOutcome {
    /// It was not asked for.
    NotTried,
    /// The greeting had no timestamp for it.
    NotOffered,
    /// The server refused it.
    Refused,
    /// The server accepted it.
    Accepted,
}

impl fmt::Display for LoginReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match (self.used, self.apop) {
            (LoginMethod::UserPass, ApopOutcome::NotOffered) => ", since APOP was not offered",
            (LoginMethod::UserPass, ApopOutcome::Refused) => ", since APOP was refused",
            _ => "",
        };
        let used = self.used;
        match self.channel_binding {
            Some(kind) => write!(f, "{used}{why} with {kind}"),
            None => write!(f, "{used}{why}"),
        }
    }
}

/// Why nobody was logged in. The server's words are in the event that was observed last.
///
/// Unless it was [`Dismissed`](LoginFailure::Dismissed), [`NotProved`](LoginFailure::NotProved) or
/// [`AlreadyBegun`](LoginFailure::AlreadyBegun), the session goes on in the authorization state, and another log-in may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum LoginFailure {
    /// The server refused this command.
    Refused(CommandKind),
    /// The policy wants APOP and nothing else, and it was not offered.
    ApopNotOffered,
    /// The server announces no mechanism that the credentials are for.
    NothingSuits,
    /// The credentials are not for the way that was asked for by name: a token is no password. Nothing was sent.
    WrongCredentials,
    /// The connection is not protected, and the caller has not named clear text. Nothing was sent.
    Unprotected,
    /// The mechanism could not begin, or could not go on and was cancelled.
    Cancelled(MechanismError),
    /// The server has not proved that it knows the password: it said that somebody is logged in before it did, or its proof was
    /// wrong. It is not the server that it pretends to be: give the session up.
    NotProved(MechanismError),
    /// The server said goodbye.
    Dismissed,
    /// [`Login::connected`](super::Login::connected) was called after something had been sent. Nothing more was: make another
    /// log-in for another connection.
    AlreadyBegun,
}

impl fmt::Display for LoginFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(command) => write!(f, "the server refused {command}"),
            Self::ApopNotOffered => f.write_str(
                "APOP was asked for, but the server offers no timestamp for it, or offered it before TLS",
            ),
            Self::NothingSuits => {
                f.write_str("the server announces no way to log in that goes with the credentials")
            }
            Self::WrongCredentials => {
                f.write_str("the credentials are not for the way to log in that was asked for")
            }
            Self::Unprotected => f.write_str(
                "the connection is not protected by TLS, so no password and no token was sent",
            ),
            Self::Cancelled(error) | Self::NotProved(error) => fmt::Display::fmt(error, f),
            Self::Dismissed => f.write_str("the server ended the session"),
            Self::AlreadyBegun => {
                f.write_str("the log-in was begun on another connection: this one takes a new one")
            }
        }
    }
}

impl core::error::Error for LoginFailure {}
