//! SCRAM (RFC 5802, RFC 7677): client and server prove to each other that they know the password, and neither sends it.

mod hash;
mod keys;
mod message;

use core::fmt;

use arrayvec::ArrayVec;

use super::base64::{self, Encoder};
use super::hmac::{Hmac, Put, Wiped};
use super::nonce::is_nonce;
use super::{
    Binding, Challenge, MAX_CHALLENGE, MAX_ITERATIONS, MIN_ITERATIONS, Mechanism, MechanismError,
    MechanismKind, Nonce, Parameters, ResponseWriter, saslname,
};
use crate::secret::Secret;
use crate::text::Text;
use hash::ScramHash;
use keys::{Keys, xor};
use message::{ServerFirst, verifier};

/// `SCRAM-SHA-1` and `SCRAM-SHA-1-PLUS` (RFC 5802). Needs the feature `scram-sha-1`.
#[cfg(feature = "scram-sha-1")]
pub type ScramSha1<'c> = Scram<'c, hash::Sha1>;

/// `SCRAM-SHA-256` and `SCRAM-SHA-256-PLUS` (RFC 7677). Needs the feature `scram-sha-256`.
#[cfg(feature = "scram-sha-256")]
pub type ScramSha256<'c> = Scram<'c, hash::Sha256>;

/// `SCRAM-SHA-512` and `SCRAM-SHA-512-PLUS`. Needs the feature `scram-sha-512`.
#[cfg(feature = "scram-sha-512")]
pub type ScramSha512<'c> = Scram<'c, hash::Sha512>;

/// `SCRAM-SHA-1`, `-256` or `-512`, or the same with `-PLUS`: [`ScramSha256`] and its like are this with a hash.
///
/// The server's `+OK` counts only when the server has proved that it knows the password, or what it keeps in place of it.
///
/// Neither the name nor the password may be empty. If one of them, or the authorization identity, is not ASCII or has control
/// characters in it, prepare all of them with SASLprep (RFC 4013) and say so: [`prepared`](Self::prepared).
///
/// The server's first message is answered with so many rounds of hashing as it wants, within bounds, and that takes its time:
/// see [`MAX_ITERATIONS`].
pub struct Scram<'c, H: ScramHash> {
    user: Text<'c>,
    password: Secret<'c>,
    nonce: Nonce,
    authorization_id: Text<'c>,
    binding: Binding<'c>,
    min_iterations: u32,
    max_iterations: u32,
    prepared: bool,
    stage: Stage<H>,
}

enum Stage<H: ScramHash> {
    /// The client's first message is due.
    First,
    /// The server's first message has come: the client's final one is due.
    Final {
        server_nonce: ArrayVec<u8, { Nonce::MAX_SERVER }>,
        proof: Wiped<H::Digest>,
        /// What the server has to prove itself with.
        signature: Wiped<H::Digest>,
    },
    /// The server has proved itself: an empty response is due.
    Verified,
    /// Something was wrong.
    Failed,
}

impl<'c, H: ScramHash> Scram<'c, H> {
    /// Logs in as this user. The nonce must be a new one for each exchange.
    #[must_use]
    pub const fn new(user: &'c [u8], password: Secret<'c>, nonce: Nonce) -> Self {
        Self {
            user: Text::new(user),
            password,
            nonce,
            authorization_id: Text::new(b""),
            binding: Binding::Unsupported,
            min_iterations: MIN_ITERATIONS,
            max_iterations: MAX_ITERATIONS,
            prepared: false,
            stage: Stage::First,
        }
    }

    /// Acts as somebody else than the user who logs in, if the server allows it. Empty: as the user.
    #[must_use]
    pub const fn authorization_id(mut self, id: &'c [u8]) -> Self {
        self.authorization_id = Text::new(id);
        self
    }

    /// Says what there is of channel binding. With [`Binding::Bound`] the mechanism is the one whose name ends in `-PLUS`.
    #[must_use]
    pub const fn binding(mut self, binding: Binding<'c>) -> Self {
        self.binding = binding;
        self
    }

    /// Refuses a server that wants fewer rounds than this, instead of [`MIN_ITERATIONS`].
    #[must_use]
    pub const fn min_iterations(mut self, least: u32) -> Self {
        self.min_iterations = least;
        self
    }

    /// Refuses a server that wants more rounds than this, instead of [`MAX_ITERATIONS`].
    #[must_use]
    pub const fn max_iterations(mut self, most: u32) -> Self {
        self.max_iterations = most;
        self
    }

    /// The user name, the password and the authorization identity have been prepared with SASLprep (RFC 4013). They are UTF-8
    /// without NUL then, and need not be ASCII.
    #[must_use]
    pub const fn prepared(mut self) -> Self {
        self.prepared = true;
        self
    }

    /// With or without channel binding, as the kind is.
    pub(super) fn of(
        kind: MechanismKind,
        parameters: &Parameters<'c>,
    ) -> Result<Self, MechanismError> {
        let nonce = parameters.nonce.ok_or(MechanismError::Missing)?;
        let binding = match parameters.binding {
            bound @ Binding::Bound(_) if kind.binds_channel() => bound,
            _ if kind.binds_channel() => return Err(MechanismError::Missing),
            Binding::Bound(_) => Binding::Unsupported,
            unbound => unbound,
        };
        Ok(Self {
            authorization_id: Text::new(parameters.authorization_id),
            binding,
            min_iterations: parameters.min_iterations,
            max_iterations: parameters.max_iterations,
            prepared: parameters.prepared,
            ..Self::new(parameters.user, parameters.secret, nonce)
        })
    }

    /// What the challenge leads to.
    fn next_stage(&self, challenge: Challenge<'_>) -> Result<Stage<H>, MechanismError> {
        let mut buffer = [0; MAX_CHALLENGE];
        let message = challenge.decode(&mut buffer)?;
        match &self.stage {
            Stage::First => self.answer(message),
            Stage::Final { signature, .. } => {
                verify(message, &signature.0).map(|()| Stage::Verified)
            }
            Stage::Verified | Stage::Failed => Err(MechanismError::Malformed),
        }
    }

    /// What the server's first message leads to.
    fn answer(&self, server_first: &[u8]) -> Result<Stage<H>, MechanismError> {
        let message = ServerFirst::parse(server_first)?;
        let server_nonce = (message.nonce)
            .strip_prefix(self.nonce.as_bytes())
            .filter(|nonce| !nonce.is_empty())
            .ok_or(MechanismError::WrongNonce)?;
        if !is_nonce(server_nonce) {
            return Err(MechanismError::Malformed);
        }
        let server_nonce = ArrayVec::try_from(server_nonce).map_err(|_| MechanismError::TooLong)?;
        self.check_iterations(message.iterations)?;
        let mut salt = [0; MAX_CHALLENGE / 4 * 3];
        let salt =
            base64::decode(message.salt, &mut salt).map_err(|_| MechanismError::Malformed)?;

        let mut keys = Keys::<H::Digest>::new();
        keys.derive(self.password.expose(), salt, message.iterations);
        let sign = |key: &[u8], mac: &mut Wiped<H::Digest>| {
            // `AuthMessage` of RFC 5802 section 3.
            let say = |_: &[u8], put: &mut Put<'_>| {
                self.put_first_bare(put);
                put(b",");
                put(server_first);
                put(b",");
                self.put_final_without_proof(&server_nonce, put);
            };
            Hmac::<H::Digest>::new(key).sign(&say, mac);
        };
        let (mut proof, mut signature) = (Wiped::new(), Wiped::new());
        sign(&keys.stored.0, &mut proof);
        xor(&mut proof.0, &keys.client.0);
        sign(&keys.server.0, &mut signature);
        Ok(Stage::Final {
            proof,
            signature,
            server_nonce,
        })
    }

    fn check_iterations(&self, wanted: u32) -> Result<(), MechanismError> {
        let bound = if wanted < self.min_iterations {
            self.min_iterations
        } else if wanted > self.max_iterations {
            self.max_iterations
        } else {
            return Ok(());
        };
        Err(MechanismError::Iterations { wanted, bound })
    }

    /// `gs2-header`
    fn put_gs2_header(&self, put: &mut dyn FnMut(&[u8])) {
        match self.binding {
            Binding::Unsupported => put(b"n"),
            Binding::NotOffered => put(b"y"),
            Binding::Bound(channel) => {
                put(b"p=");
                put(channel.kind.name().as_bytes());
            }
        }
        put(b",");
        saslname::put_authorization_id(self.authorization_id.as_bytes(), put);
        put(b",");
    }

    /// `client-first-message-bare`
    fn put_first_bare(&self, put: &mut dyn FnMut(&[u8])) {
        put(b"n=");
        saslname::put(self.user.as_bytes(), put);
        put(b",r=");
        put(self.nonce.as_bytes());
    }

    /// `client-final-message-without-proof`
    fn put_final_without_proof(&self, server_nonce: &[u8], put: &mut dyn FnMut(&[u8])) {
        put(b"c=");
        let mut encoder = Encoder::new();
        self.put_gs2_header(&mut |octets| encoder.put(octets, put));
        if let Binding::Bound(channel) = self.binding {
            encoder.put(channel.data, put);
        }
        encoder.finish(put);
        put(b",r=");
        put(self.nonce.as_bytes());
        put(server_nonce);
    }

    /// A name or a password that is the same before SASLprep and after it, or that the caller has prepared.
    fn is_prepared(&self, octets: &[u8]) -> bool {
        octets.iter().all(|octet| matches!(octet, b' '..=b'~'))
            || self.prepared && core::str::from_utf8(octets).is_ok_and(|text| !text.contains('\0'))
    }
}

impl<H: ScramHash> Mechanism for Scram<'_, H> {
    fn name(&self) -> &str {
        let (unbound, bound) = H::NAMES;
        match self.binding {
            Binding::Bound(_) => bound,
            _ => unbound,
        }
    }

    fn speaks_first(&self) -> bool {
        true
    }

    fn check(&self) -> Result<(), MechanismError> {
        let (user, password) = (self.user.as_bytes(), self.password.expose());
        let texts = [user, password, self.authorization_id.as_bytes()];
        if matches!(self.binding, Binding::Bound(channel) if channel.data.is_empty()) {
            Err(MechanismError::Missing)
        } else if user.is_empty() || password.is_empty() {
            Err(MechanismError::InvalidArgument)
        } else if !texts.iter().all(|text| self.is_prepared(text)) {
            Err(MechanismError::NotPrepared)
        } else {
            Ok(())
        }
    }

    fn take_challenge(&mut self, challenge: Challenge<'_>) -> Result<(), MechanismError> {
        // Not by a match: that has the stage, and its keys, on the stack twice.
        let next = self.next_stage(challenge);
        let error = next.as_ref().err().copied();
        self.stage = next.unwrap_or(Stage::Failed);
        error.map_or(Ok(()), Err)
    }

    fn write_response(&self, response: &mut ResponseWriter<'_>) {
        let put = &mut |octets: &[u8]| response.put(octets);
        match &self.stage {
            Stage::First => {
                self.put_gs2_header(put);
                self.put_first_bare(put);
            }
            Stage::Final {
                server_nonce,
                proof,
                ..
            } => {
                self.put_final_without_proof(server_nonce, put);
                put(b",p=");
                let mut encoder = Encoder::new();
                encoder.put(&proof.0, put);
                encoder.finish(put);
            }
            Stage::Verified | Stage::Failed => {}
        }
    }

    fn check_success(&self) -> Result<(), MechanismError> {
        match self.stage {
            Stage::Verified => Ok(()),
            _ => Err(MechanismError::NotProved),
        }
    }
}

/// Whether the server's final message has this signature in it.
fn verify(server_final: &[u8], signature: &[u8]) -> Result<(), MechanismError> {
    let mut buffer = [0; MAX_CHALLENGE / 4 * 3];
    let given = base64::decode(verifier(server_final)?, &mut buffer)
        .map_err(|_| MechanismError::Malformed)?;
    // All octets are looked at, whichever of them is wrong.
    let differences = given
        .iter()
        .zip(signature)
        .fold(0, |bits, (a, b)| bits | (a ^ b));
    if given.len() == signature.len() && differences == 0 {
        Ok(())
    } else {
        Err(MechanismError::WrongServerSignature)
    }
}

impl<H: ScramHash> fmt::Debug for Scram<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::First => "First",
            Stage::Final { .. } => "Final",
            Stage::Verified => "Verified",
            Stage::Failed => "Failed",
        };
        f.debug_struct("Scram")
            .field("name", &format_args!("{}", self.name()))
            .field("user", &self.user)
            .field("authorization_id", &self.authorization_id)
            .field("binding", &self.binding)
            .field("stage", &format_args!("{stage}"))
            .finish_non_exhaustive()
    }
}
