//! The keys that a password, a salt and a number of rounds make (RFC 5802 section 3).

use digest::Digest;
use digest::common::BlockSizeUser;

use crate::sasl::hmac::{Hmac, Wiped};

/// Who has these needs no password any more. They wipe themselves.
pub(super) struct Keys<D: Digest> {
    pub(super) client: Wiped<D>,
    /// What the server keeps of `client`.
    pub(super) stored: Wiped<D>,
    pub(super) server: Wiped<D>,
}

impl<D: Digest + BlockSizeUser + Clone> Keys<D> {
    /// This takes long: two blocks of hashing in each round.
    pub(super) fn derive(password: &[u8], salt: &[u8], iterations: u32) -> Self {
        let salted = salted_password::<D>(password, salt, iterations);
        let client = Hmac::of(&salted.0, b"Client Key");
        let server = Hmac::of(&salted.0, b"Server Key");
        let stored = Wiped(D::digest(&client.0));
        Self {
            client,
            stored,
            server,
        }
    }
}

/// `Hi` of RFC 5802 section 2.2: PBKDF2 (RFC 8018 section 5.2) whose output is as long as the hash.
fn salted_password<D>(password: &[u8], salt: &[u8], iterations: u32) -> Wiped<D>
where
    D: Digest + BlockSizeUser + Clone,
{
    let keyed = Hmac::<D>::new(password);
    let mut last = keyed.sign(&|put| {
        put(salt);
        put(&1u32.to_be_bytes());
    });
    let mut salted = Wiped::<D>(last.0.clone());
    for _ in 1..iterations {
        last = keyed.sign(&|put| put(&last.0));
        xor(&mut salted.0, &last.0);
    }
    salted
}

/// XORs the octets of one with those of the other.
pub(super) fn xor(octets: &mut [u8], with: &[u8]) {
    for (octet, with) in octets.iter_mut().zip(with) {
        *octet ^= with;
    }
}
