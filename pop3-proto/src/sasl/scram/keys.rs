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
    pub(super) fn new() -> Self {
        Self {
            client: Wiped::new(),
            stored: Wiped::new(),
            server: Wiped::new(),
        }
    }

    /// This takes long: two blocks of hashing in each round.
    pub(super) fn derive(&mut self, password: &[u8], salt: &[u8], iterations: u32) {
        let mut salted = Wiped::<D>::new();
        salt_password(password, salt, iterations, &mut salted);
        Hmac::of(&salted.0, b"Client Key", &mut self.client);
        Hmac::of(&salted.0, b"Server Key", &mut self.server);
        D::new_with_prefix(&self.client.0).finalize_into(&mut self.stored.0);
        Hmac::<D>::cover_traces();
    }
}

/// `Hi` of RFC 5802 section 2.2: PBKDF2 (RFC 8018 section 5.2) whose output, which is zeros before, is as long as the hash.
fn salt_password<D>(password: &[u8], salt: &[u8], iterations: u32, salted: &mut Wiped<D>)
where
    D: Digest + BlockSizeUser + Clone,
{
    let keyed = Hmac::<D>::new(password);
    let mut last = Wiped::<D>::new();
    keyed.sign(
        &|_, put| {
            put(salt);
            put(&1u32.to_be_bytes());
        },
        &mut last,
    );
    xor(&mut salted.0, &last.0);
    for _ in 1..iterations {
        keyed.sign(&|last, put| put(last), &mut last);
        xor(&mut salted.0, &last.0);
    }
}

/// XORs the octets of one with those of the other.
pub(super) fn xor(octets: &mut [u8], with: &[u8]) {
    for (octet, with) in octets.iter_mut().zip(with) {
        *octet ^= with;
    }
}
