//! HMAC (RFC 2104). It is written out here so that the key, which may be a password, is nowhere copied in clear, and what was
//! made from it is wiped.

use digest::common::BlockSizeUser;
use digest::{Digest, Output};
use zeroize::Zeroize as _;

/// A hash, or what is made of one, that wipes itself.
pub(super) struct Wiped<D: Digest>(pub(super) Output<D>);

impl<D: Digest> Drop for Wiped<D> {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

/// What takes a message in pieces.
pub(super) type Put<'p> = dyn FnMut(&[u8]) + 'p;

/// HMAC with one key. The states of the hashes wipe themselves (their feature `zeroize`).
pub(super) struct Hmac<D> {
    inner: D,
    outer: D,
}

impl<D: Digest + BlockSizeUser + Clone> Hmac<D> {
    pub(super) fn new(key: &[u8]) -> Self {
        if key.len() > D::block_size() {
            Self::of_short(&Wiped::<D>(D::digest(key)).0)
        } else {
            Self::of_short(key)
        }
    }

    /// HMAC of one message.
    pub(super) fn of(key: &[u8], message: &[u8]) -> Wiped<D> {
        Self::new(key).sign(&|put| put(message))
    }

    /// HMAC of what `say` says, in pieces. The key is there for another.
    pub(super) fn sign(&self, say: &dyn Fn(&mut Put<'_>)) -> Wiped<D> {
        let mut inner = self.inner.clone();
        say(&mut |piece| inner.update(piece));
        let inner = Wiped::<D>(inner.finalize());
        Wiped(self.outer.clone().chain_update(&inner.0).finalize())
    }

    /// From a key of up to a block of the hash.
    fn of_short(key: &[u8]) -> Self {
        Self {
            inner: keyed(key, 0x36),
            outer: keyed(key, 0x5c),
        }
    }
}

/// A hash that has absorbed a block: the key, filled up with zeros, each octet XORed with the pad.
fn keyed<D: Digest + BlockSizeUser>(key: &[u8], pad: u8) -> D {
    let mut block = digest::common::Block::<D>::default();
    block.fill(pad);
    for (octet, key) in block.iter_mut().zip(key) {
        *octet ^= key;
    }
    let keyed = D::new_with_prefix(&block);
    block.as_mut_slice().zeroize();
    keyed
}
