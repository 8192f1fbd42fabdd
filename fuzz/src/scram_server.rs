//! A server's half of SCRAM (RFC 5802), with HMAC and PBKDF2 of other people's: it accepts a client's messages or not, and
//! makes its own, which a fuzz target may then alter.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::{Digest as _, Sha256};

/// What the server knows: here the password itself.
#[derive(Clone, Debug)]
pub struct ScramServer {
    /// The user's password.
    pub password: Vec<u8>,
    /// The salt.
    pub salt: Vec<u8>,
    /// The rounds of hashing.
    pub iterations: u32,
    /// What it adds to the client's nonce.
    pub nonce: String,
}

impl ScramServer {
    /// `server-first-message`, in answer to the client's first message.
    pub fn first(&self, client_first: &str) -> Option<String> {
        let (_, bare) = bare(client_first)?;
        let nonce = bare.rsplit_once("r=")?.1;
        let salt = BASE64_STANDARD.encode(&self.salt);
        Some(format!(
            "r={nonce}{},s={salt},i={}",
            self.nonce, self.iterations
        ))
    }

    /// `server-final-message`, in answer to the client's final one; `None` if the client has not proved that it knows the
    /// password. `binding`: the octets that the channel is bound by.
    pub fn last(
        &self,
        client_first: &str,
        server_first: &str,
        client_final: &str,
        binding: &[u8],
    ) -> Option<String> {
        let (header, bare) = bare(client_first)?;
        let (without_proof, proof) = client_final.rsplit_once(",p=")?;
        let nonce = server_first.strip_prefix("r=")?.split(',').next()?;
        let mut bound = header.as_bytes().to_vec();
        if header.starts_with("p=") {
            bound.extend_from_slice(binding);
        }
        let expected = format!("c={},r={nonce}", BASE64_STANDARD.encode(bound));
        if without_proof != expected {
            return None;
        }
        let mut salted = [0; 32];
        pbkdf2::pbkdf2::<Hmac<Sha256>>(&self.password, &self.salt, self.iterations, &mut salted)
            .ok()?;
        let client_key = hmac(&salted, b"Client Key");
        let stored_key = Sha256::digest(client_key);
        let message = format!("{bare},{server_first},{without_proof}");
        let signature = hmac(&stored_key, message.as_bytes());
        let expected: Vec<u8> = client_key
            .iter()
            .zip(signature)
            .map(|(a, b)| a ^ b)
            .collect();
        if BASE64_STANDARD.decode(proof).ok()? != expected {
            return None;
        }
        let server_key = hmac(&salted, b"Server Key");
        let verifier = hmac(&server_key, message.as_bytes());
        Some(format!("v={}", BASE64_STANDARD.encode(verifier)))
    }
}

/// The header of the client's first message, and the rest of it.
fn bare(client_first: &str) -> Option<(&str, &str)> {
    let mut commas = client_first.match_indices(',');
    let second = commas.nth(1)?.0;
    Some(client_first.split_at(second + 1))
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}
